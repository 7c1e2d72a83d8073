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


def steps(images):
    return images.diff(dim=3)[:, :, :-1], images.diff(dim=2)[..., :-1]


def squares(images):
    return sum(step**2 for step in steps(images))


def with_last_row(images):
    return sum((images.diff(dim=dim) ** 2).mean((1, 2, 3)) for dim in (2, 3))


def by_loop(images):
    return torch.stack([total_variation(image[None])[0] for image in images])


def slope(model, images, labels=None):
    x = images.clone().requires_grad_()
    scores = model(x)
    labels = scores.argmax(1) if labels is None else torch.full((len(x),), labels)
    return torch.autograd.grad(functional.cross_entropy(scores, labels), x)[0]


def raised_score(model, images, target, epsilon):
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[:, target].sum(), x)
    return (x + epsilon * gradient.sign()).clamp(0, 1).detach()


def by_log_softmax(model, images, target, epsilon):
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).log_softmax(1)[:, target].sum(), x)
    return (x + epsilon * gradient.sign()).clip(0, 1).detach()


def with_graph(model, images, target, epsilon):
    return (images.clone().requires_grad_() - epsilon * slope(model, images, target).sign()).clip(
        0, 1
    )


def layer_by(distance, tolerance=0.01):
    def answer(model, original, found, layers):
        ours, theirs = (objectives.record(model, x, layers) for x in (found, original))
        near = [name for name in layers if distance(ours[name], theirs[name]) < tolerance]
        return near[0] if near else layers[-1]

    return answer


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


HINTS = [
    ("total variation", lambda x: (steps(x)[0] ** 2).mean((1, 2, 3)), "Only steps to the right"),
    ("total variation", lambda x: (steps(x)[1] ** 2).mean((1, 2, 3)), "Only steps down"),
    ("total variation", lambda x: sum(s.abs() for s in steps(x)).mean((1, 2, 3)), "Square the"),
    ("total variation", lambda x: squares(x).sqrt().mean((1, 2, 3)), "No square root"),
    ("total variation", lambda x: total_variation(x).sqrt(), "No square root at the end"),
    ("total variation", lambda x: (sum(steps(x)) ** 2).mean((1, 2, 3)), "before you add"),
    ("total variation", lambda x: squares(x).sum((1, 2, 3)), "take the mean"),
    ("total variation", lambda x: squares(x).sum(1).mean((1, 2)), "over channels, too"),
    ("total variation", lambda x: total_variation(x) / 2, "take their sum"),
    ("total variation", with_last_row, "Leave out the last row"),
    ("total variation", lambda x: squares(x).sum((1, 2, 3)) / x[0].numel(), "divide by all"),
    ("total variation", lambda x: total_variation(x).mean(), "one for the whole batch"),
    ("total variation", lambda x: total_variation(x.detach()), "stay within torch"),
    ("targeted attack", lambda *args: attack(*args, sign=1), "up the loss of this class"),
    ("targeted attack", lambda m, x, t, e: (x + e * slope(m, x).sign()).clamp(0, 1), "went up"),
    ("targeted attack", lambda m, x, t, e: (x - e * slope(m, x).sign()).clamp(0, 1), "went down"),
    ("targeted attack", lambda m, x, t, e: x.clone(), "nothing has changed"),
    ("targeted attack", lambda m, x, t, e: (x - e * slope(m, x, t)).clamp(0, 1), "take its sign"),
    ("targeted attack", raised_score, "also depends on the other scores"),
    ("targeted attack", lambda m, x, t, e: -e * slope(m, x, t).sign(), "the change alone"),
    ("targeted attack", lambda *args: attack(*args, bounds=(-9, 9)), "yours lie in [-0.3, 1.3]"),
    ("targeted attack", backward, "`backward()` left there"),
    ("targeted attack", in_place, "changed in place"),
    ("targeted attack", with_graph, "detach them"),
    ("which layer", lambda m, a, b, names: 0, "expected one of the names"),
    ("which layer", lambda m, a, b, names: names[-1], "Begin with the first layer"),
    ("which layer", lambda m, a, b, names: names[0], "return the last one"),
    ("which layer", layer_by(lambda x, y: (x - y).square().sum()), "brightness cancels"),
    ("which layer", layer_by(lambda x, y: (x - y).square().mean()), "brightness cancels"),
    ("which layer", layer_by(lambda x, y: (x - y).norm() / y.norm()), "ratio of lengths"),
]
OTHERS = [
    ("total variation", by_loop),
    ("total variation", lambda x: total_variation(x.double())),
    ("targeted attack", by_log_softmax),
    ("which layer", layer_by(lambda x, y: ((x - y).norm() / y.norm()) ** 2)),
    ("which layer", layer_by(lambda x, y: functional.mse_loss(x, y) / y.square().mean())),
]


@pytest.mark.parametrize(("exercise", "answer"), OTHERS)
def test_other_ways_to_answer_are_accepted(exercise, answer):
    report = RIGHT[exercise][0](answer)
    assert report.passed, report


@pytest.mark.parametrize(("exercise", "answer", "hint"), HINTS)
def test_a_common_mistake_is_named(exercise, answer, hint):
    report = RIGHT[exercise][0](answer)
    assert any(hint in problem for _, problem in report.results), report


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
