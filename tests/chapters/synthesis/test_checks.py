import pytest
import torch
from torch.nn import functional

from chapters.synthesis import checks
from lib.visualization import objectives


def unattempted(*_):
    raise NotImplementedError


def total_variation(images):
    right, down = images.diff(dim=3)[:, :, :-1], images.diff(dim=2)[..., :-1]
    return (right**2 + down**2).mean((1, 2, 3))


def attack(model, images, target, epsilon, sign=-1, bounds=(0, 1)):
    x = images.clone().requires_grad_()
    loss = functional.cross_entropy(model(x), torch.full((len(x),), target))
    (gradient,) = torch.autograd.grad(loss, x)
    return (x + sign * epsilon * gradient.sign()).clamp(*bounds).detach()


def which_layer(model, original, found, layers, tolerance=0.01):
    ours, theirs = (objectives.record(model, x, layers) for x in (found, original))
    for layer in layers:
        if (ours[layer] - theirs[layer]).square().sum() < tolerance * theirs[layer].square().sum():
            return layer
    return layers[-1]


def backward(model, images, target, epsilon):
    x = images.clone().requires_grad_()
    functional.cross_entropy(model(x), torch.full((len(x),), target)).backward()
    return (x - epsilon * x.grad.sign()).clamp(0, 1).detach()


def in_place(model, images, target, epsilon):
    found = attack(model, images, target, epsilon)
    images.copy_(found)
    return images


RIGHT = {
    "total variation": (checks.check_total_variation, total_variation),
    "targeted attack": (checks.check_target_attack, attack),
    "which layer": (checks.check_which_layer, which_layer),
}
WRONG = [
    ("total variation", lambda x: x.diff(dim=3).square().mean((1, 2, 3))),
    ("total variation", lambda x: total_variation(x).mean()),
    ("total variation", lambda x: total_variation(x) * x[0].numel()),
    ("total variation", lambda x: total_variation(x.detach())),
    ("total variation", lambda x: x.diff(dim=3).abs().mean((1, 2, 3))),
    ("targeted attack", lambda *args: attack(*args, sign=1)),
    ("targeted attack", lambda *args: attack(*args, bounds=(-9, 9))),
    ("targeted attack", lambda m, x, t, e: attack(m, x, t, e / 2)),
    ("targeted attack", backward),
    ("targeted attack", in_place),
    ("which layer", lambda m, a, b, names: names[-1]),
    ("which layer", lambda m, a, b, names: names[0]),
    ("which layer", lambda m, a, b, names: which_layer(m, a, b, names[::-1])),
    ("which layer", lambda *args: which_layer(*args, tolerance=1e-12)),
    ("which layer", lambda *args: which_layer(*args, tolerance=0.5)),
]


@pytest.mark.parametrize("exercise", RIGHT)
def test_a_right_answer_passes_and_a_stub_is_not_attempted(exercise):
    check, answer = RIGHT[exercise]
    assert check(answer).passed, check(answer)
    report = check(unattempted)
    assert not report.attempted
    assert "not attempted yet" in repr(report)


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(exercise, answer):
    report = RIGHT[exercise][0](answer)
    assert report.attempted
    assert not report.passed
