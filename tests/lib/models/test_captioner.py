import pytest
import torch

from lib.datasets.words import END, PAD
from lib.models.captioner import Captioner, grid_places
from lib.models.decoding import beam_search, greedy
from lib.models.sequences import sequence_loss, shift, trim
from lib.training import fit, minibatches, one_cycle_adam

WORDS, SHAPE = 9, (5, 3, 2)
BOTH = pytest.mark.parametrize("attention", [True, False], ids=["attention", "one context"])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(attention=True, seed=0):
    return Captioner(WORDS, *SHAPE, width=6, attention=attention, generator=seeded(seed))


def pictures(count=4):
    z = torch.randn(count, *SHAPE, generator=seeded(1))
    target = torch.tensor([[4, 5, END, PAD], [6, 7, 8, END], [4, END, PAD, PAD], [5, 5, 5, END]])
    return z, target[:count]


def test_places_are_a_set_and_each_knows_where_it_stands():
    model, (z, _) = network(), pictures()
    states = model.encode(z).states
    assert states.shape == (4, 6, 7)
    torch.testing.assert_close(states[0, 3, :5], z[0, :, 1, 1])
    assert states[0, :, 5].tolist() == [-2, -2, 0, 0, 2, 2]
    assert states[0, :, 6].tolist() == [-2, 2] * 3


def test_places_that_are_told_to_stand_elsewhere_change_what_attention_sees_alone():
    model, (z, target) = network(), pictures()
    before = model.encode(z)
    logits = model.decode(before, shift(target)).logits
    model.places[1] *= -1
    after = model.encode(z)
    assert torch.equal(before.last, after.last)
    assert torch.equal(before.states[..., :6], after.states[..., :6])
    assert not torch.allclose(model.decode(after, shift(target)).logits, logits)


def test_a_grid_of_one_stands_in_the_middle():
    assert grid_places(1, 3).tolist() == [[[0, 0, 0]], [[-1, 0, 1]]]


def test_without_attention_the_context_is_the_first_state():
    encoded = network(attention=False).encode(pictures()[0])
    assert torch.equal(encoded.summary, encoded.last)


def test_both_networks_start_from_the_same_first_state():
    z, _ = pictures()
    assert torch.equal(network(True).encode(z).last, network(False).encode(z).last)


def test_first_weights_come_from_the_generator_alone():
    torch.manual_seed(0)
    first = network().state_dict()
    torch.manual_seed(1)
    assert all(torch.equal(first[name], value) for name, value in network().state_dict().items())


@BOTH
@pytest.mark.parametrize("search", [greedy, beam_search])
def test_writing_ends_whatever_it_sees(attention, search):
    model = network(attention)
    z = torch.stack([torch.zeros(SHAPE), torch.full(SHAPE, 1e6)])
    words = search(model, model.encode(z), longest=7).words
    assert 1 <= words.shape[1] <= 7


@BOTH
def test_it_learns_to_name_what_it_sees(attention):
    z = torch.randn(60, *SHAPE, generator=seeded(2))
    target = torch.tensor([[4, END], [5, END]])[(z[:, 0, 1, 1] > 0).long()]
    model = network(attention)
    history = fit(
        model, z, target, optimizer=one_cycle_adam(model.parameters(), lr=0.02, decay_steps=150),
        batches=minibatches(60, 20, 150, [seeded()]), loss=sequence_loss,
        transform=lambda z, target: ((z, shift(trim(target))), trim(target)),
    )  # fmt: skip
    assert history.loss[-1] < 0.2 * history.loss[0]


@pytest.mark.parametrize("shape", [(2, 5, 3, 3), (0, 5, 3, 2), (5, 3, 2)])
def test_what_is_no_grid_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(batch, \(5, 3, 2\)\)"):
        network().encode(torch.zeros(shape))


def test_sizes_below_1_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Captioner(5, 5, 0, 2, generator=seeded())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@BOTH
def test_a_gpu_gives_the_same(attention):
    model, (z, target) = network(attention), pictures()
    expected = model((z, shift(target)))
    got = model.cuda()((z.cuda(), shift(target).cuda())).cpu()
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
