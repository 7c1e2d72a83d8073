from functools import partial

import pytest
import torch
from torch import nn

from lib.training import SGD, one_cycle_adam


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_follows_torch_step_by_step(momentum):
    ours = torch.randn(4, 3, generator=generator()).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    mine = SGD([ours], lr=0.1, momentum=momentum)
    peer = torch.optim.SGD([theirs], lr=0.1, momentum=momentum)
    for _ in range(5):
        for p, optimizer in ((ours, mine), (theirs, peer)):
            optimizer.zero_grad()
            (p**3).sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


def test_sgd_lets_the_rate_fall_to_zero_in_a_line():
    p = torch.zeros(1, requires_grad=True)
    optimizer = SGD([p], lr=1.0, decay_steps=4)
    path = []
    for _ in range(6):
        optimizer.zero_grad()
        p.sum().backward()
        optimizer.step()
        path.append(-p.item())
    assert path == pytest.approx([1, 1.75, 2.25, 2.5, 2.5, 2.5])


def test_sgd_gives_each_copy_its_own_rate():
    p = torch.ones(2, 1, 3, requires_grad=True)
    optimizer = SGD([p], lr=torch.tensor([0.1, 0.5]))
    p.sum().backward()
    optimizer.step()
    torch.testing.assert_close(p[:, 0, 0], torch.tensor([0.9, 0.5]))


def test_sgd_leaves_parameters_without_gradient_alone():
    p = torch.ones(2, requires_grad=True)
    SGD([p], lr=0.1).step()
    assert p.tolist() == [1, 1]


def updated(make, start, weights, *, updates, state=None):
    """Weights and state after some updates, whose gradients depend on their number."""
    p = nn.Parameter(weights.clone())
    optimizer = make([p])
    if state is not None:
        optimizer.load_state_dict(state)
    for step in range(start, start + updates):
        optimizer.zero_grad()
        (p**3 * torch.randn(p.shape, generator=generator(step))).sum().backward()
        optimizer.step()
    return p.detach(), optimizer.state_dict()


RESUMED = {
    "plain": partial(SGD, lr=0.1),
    "momentum": partial(SGD, lr=0.1, momentum=0.9, decay_steps=12),
    "a rate per copy": partial(SGD, lr=torch.tensor([0.1, 0.2, 0.3]), momentum=0.5, decay_steps=9),
    "one cycle": partial(one_cycle_adam, lr=0.1, decay_steps=12),
}


@pytest.mark.parametrize("done", [0, 1, 5, 11])
@pytest.mark.parametrize("kind", RESUMED)
def test_a_saved_optimizer_continues_bit_for_bit(kind, done, tmp_path):
    make, weights = RESUMED[kind], torch.full((3, 4), 0.3)
    whole, last = updated(make, 0, weights, updates=12)
    torch.save(updated(make, 0, weights, updates=done), tmp_path / "saved.pt")
    weights, state = torch.load(tmp_path / "saved.pt", weights_only=True)
    resumed, end = updated(make, done, weights, updates=12 - done, state=state)
    assert torch.equal(resumed, whole)
    assert str(end) == str(last)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.0}, "lr must be positive; got 0.0"),
        ({"lr": torch.tensor([0.1, -1.0])}, "lr must be positive"),
        ({"lr": 0.1, "decay_steps": 0}, "decay_steps must be at least 1; got 0"),
        ({"lr": 0.1, "momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"),
    ],
)
def test_sgd_refuses_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        SGD([torch.ones(1, requires_grad=True)], **options)


def test_as_many_rates_as_copies_are_needed():
    p = torch.ones(2, 3, requires_grad=True)
    optimizer = SGD([p], lr=torch.tensor([0.1, 0.2, 0.3]))
    p.sum().backward()
    with pytest.raises(ValueError, match=r"3 learning rates for a parameter of shape \(2, 3\)"):
        optimizer.step()


def test_one_cycle_rises_for_30_percent_and_falls_to_zero():
    p = nn.Parameter(torch.zeros(()))
    optimizer, rates = one_cycle_adam([p], lr=0.1, decay_steps=20), []
    for _ in range(20):
        rates.append(optimizer.param_groups[0]["lr"])
        p.grad = torch.ones(())
        optimizer.step()
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 5
    assert rates[-1] < 1e-5


def test_one_cycle_adam_is_torch_adam_with_clipped_gradients():
    ours, theirs = (nn.Parameter(torch.tensor([3.0, -4.0])) for _ in range(2))
    optimizer = one_cycle_adam((p for p in [ours]), lr=0.1, decay_steps=9, max_norm=0.5)
    peer = torch.optim.Adam([theirs], lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(peer, 0.1, total_steps=9)
    for step in range(9):
        for p in (ours, theirs):
            p.grad = 2 * p.detach() * (step % 2 + 0.1)
        optimizer.step()
        nn.utils.clip_grad_norm_([theirs], 0.5)
        peer.step()
        schedule.step()
        torch.testing.assert_close(ours, theirs)
