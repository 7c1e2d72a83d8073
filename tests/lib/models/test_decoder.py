"""What holds for all that write, whatever they write about."""

import pytest
import torch
from torch.nn import functional

from lib.datasets.words import END, PAD
from lib.models.captioner import Captioner
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss, shift

WORDS, TARGET = 9, torch.tensor([[4, 5, END, PAD], [6, 7, 8, END], [4, END, PAD, PAD]])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def translator(attention):
    source = torch.tensor([[4, 5, 6, END], [7, END, PAD, PAD], [4, 8, END, PAD]])
    return Seq2Seq(WORDS, WORDS, width=8, attention=attention, generator=seeded()), source


def captioner(attention):
    model = Captioner(WORDS, 5, 3, 2, width=6, attention=attention, generator=seeded())
    return model, torch.randn(3, 5, 3, 2, generator=seeded(1))


@pytest.fixture(params=[translator, captioner], ids=lambda make: make.__name__)
def make(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["attention", "one context"])
def network(make, request):
    """A network, and what it writes about."""
    return make(request.param)


def test_all_steps_at_once_are_the_same_as_step_by_step(network):
    model, source = network
    encoded, before = model.encode(source), shift(TARGET)
    logits, weights = model.decode(encoded, before)
    write, s = model.writer(encoded), encoded.last
    for t in range(before.shape[1]):
        step = write(s, before[:, t])
        s = step.s
        torch.testing.assert_close(step.logits, logits[:, t], atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(step.weights, weights[:, t], atol=1e-6, rtol=1e-6)


def test_padding_of_the_target_changes_neither_loss_nor_gradients(network):
    model, source = network
    found = []
    for words in (TARGET, functional.pad(TARGET, (0, 3), value=PAD)):
        loss = sequence_loss(model((source, shift(words))), words)
        found.append([loss, *torch.autograd.grad(loss, list(model.parameters()))])
    torch.testing.assert_close(found[0], found[1])


def test_the_encoders_states_are_a_set_to_the_decoder(network):
    model, source = network
    encoded = model.encode(source)
    order = torch.randperm(encoded.mask.shape[1], generator=seeded(1))
    moved = encoded._replace(states=encoded.states[:, order], mask=encoded.mask[:, order])
    logits, weights = model.decode(encoded, shift(TARGET))
    again, permuted = model.decode(moved, shift(TARGET))
    torch.testing.assert_close(again, logits)
    torch.testing.assert_close(permuted, weights[..., order])


def test_weights_sum_to_1_where_it_may_look_and_are_0_elsewhere(network):
    model, source = network
    encoded = model.encode(source)
    weights = model.decode(encoded, shift(TARGET)).weights
    torch.testing.assert_close(weights.sum(-1), torch.ones(TARGET.shape))
    assert bool((weights.transpose(1, 2)[~encoded.mask] == 0).all())


def test_gradients_reach_every_weight(network):
    model, source = network
    sequence_loss(model((source, shift(TARGET))), TARGET).backward()
    for name, p in model.named_parameters():
        assert bool(p.grad.isfinite().all()), name
        assert float(p.grad.abs().sum()) > 0, name


def test_nothing_written_before_is_refused(network):
    model, source = network
    with pytest.raises(ValueError, match=r"\(3, 0\)"):
        model((source, torch.zeros(3, 0, dtype=torch.int64)))
