import copy

import pytest
import torch
from torch.nn import functional

from lib.datasets.words import END, PAD, pad
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss, shift, teacher_forcing, trim
from lib.training import fit, minibatches

WORDS, WIDTH = 11, 8
BOTH = pytest.mark.parametrize("attention", [True, False], ids=["attention", "one context"])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(attention=True, seed=0):
    return Seq2Seq(WORDS, WORDS + 2, width=WIDTH, attention=attention, generator=seeded(seed))


def sentences(seed=0):
    """Three sentences of other lengths in both languages."""
    g = seeded(seed)
    rows = [[[*torch.randint(4, WORDS, (n,), generator=g).tolist(), END] for n in lengths]
            for lengths in ((3, 6, 1), (5, 2, 4))]  # fmt: skip
    return tuple(pad(side) for side in rows)


def padded(numbers, count):
    return functional.pad(numbers, (0, count), value=PAD)


def loss_and_gradients(model, source, target):
    model.zero_grad()
    loss = sequence_loss(model((source, shift(target))), target)
    loss.backward()
    return loss, {name: p.grad.clone() for name, p in model.named_parameters()}


@BOTH
def test_padding_changes_neither_loss_nor_gradients_nor_states(attention):
    model, (source, target) = network(attention).double(), sentences()
    loss, gradients = loss_and_gradients(model, source, target)
    more, others = loss_and_gradients(model, padded(source, 3), padded(target, 4))
    torch.testing.assert_close(more, loss)
    torch.testing.assert_close(others, gradients)
    one, other = model.encode(source), model.encode(padded(source, 3))
    torch.testing.assert_close(other.last, one.last)
    torch.testing.assert_close(other.summary, one.summary)
    torch.testing.assert_close(other.states[:, : source.shape[1]], one.states)


@BOTH
def test_a_sentence_is_read_alike_alone_and_in_a_batch(attention):
    model, (source, target) = network(attention).double(), sentences()
    together = model((source, shift(target)))
    for row in range(3):
        alone = model((trim(source[row : row + 1]), shift(target[row : row + 1])))
        torch.testing.assert_close(alone[0], together[row])


def test_without_attention_the_context_is_where_both_directions_ended():
    model, (source, _) = network(attention=False), sentences()
    encoded = model.encode(source)
    ends = (source != PAD).sum(1) - 1
    ahead = encoded.states[torch.arange(3), ends, :WIDTH]
    torch.testing.assert_close(encoded.summary, torch.cat([ahead, encoded.states[:, 0, WIDTH:]], 1))


def test_first_weights_come_from_the_generator_alone():
    torch.manual_seed(0)
    first = network().state_dict()
    torch.manual_seed(1)
    assert all(torch.equal(first[name], value) for name, value in network().state_dict().items())
    assert not torch.equal(
        network(seed=1).decoder.output[0].weight, first["decoder.output.0.weight"]
    )


def test_both_networks_start_from_the_same_weights_but_for_the_attention():
    alone = network(attention=False).state_dict()
    assert all(torch.equal(network().state_dict()[name], value) for name, value in alone.items())


def test_it_learns_to_copy():
    source = torch.randint(4, WORDS, (64, 3), generator=seeded())
    source = torch.cat([source, torch.full((64, 1), END)], dim=1)
    model = network()
    history = fit(
        model, source, source, optimizer=torch.optim.Adam(model.parameters(), lr=0.02),
        batches=minibatches(64, 16, 150, [seeded()]), loss=sequence_loss,
        transform=teacher_forcing,
    )  # fmt: skip
    assert history.loss[-1] < 0.3 * history.loss[0]


def test_numbers_are_left_alone():
    model, (source, target) = network(), sentences()
    before = copy.deepcopy((source, target))
    model((source, shift(target)))
    teacher_forcing(source, target)
    assert torch.equal(source, before[0])
    assert torch.equal(target, before[1])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (torch.tensor([[4, END], [PAD, PAD]]), "needs a word"),
        (torch.tensor([[4, PAD, END]]), "only behind its end"),
        (torch.tensor([[4.0, 2.0]]), "got torch.float32"),
        (torch.tensor([4, END]), r"got torch.int64 \(2,\)"),
        (torch.zeros(0, 3, dtype=torch.int64), r"got torch.int64 \(0, 3\)"),
        (torch.tensor([[4, WORDS]]), f"from 0 to {WORDS - 1}; got 4 to {WORDS}"),
        (torch.tensor([[-1, END]]), "got -1 to"),
    ],
)
def test_what_is_no_sentence_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        network().encode(source)


def test_sizes_below_1_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Seq2Seq(5, 5, width=0, generator=seeded())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@BOTH
def test_a_gpu_gives_the_same(attention):
    model, (source, target) = network(attention), sentences()
    expected = model((source, shift(target)))
    got = model.cuda()((source.cuda(), shift(target).cuda())).cpu()
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
