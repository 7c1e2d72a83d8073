"""Checks of the exercises of chapter 8, images made by gradients."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib import visualization
from lib.checks import Case, Mistakes, Report, expect_close, explain, run_cases


def check_total_variation(total_variation: Callable[[Tensor], Tensor]) -> Report:
    """Check the mean over pixels and channels of the squared steps to the right and down.

    Args:
        total_variation: maps images (n, c, h, w) to (n,).
    """

    def stripes(vertical: bool) -> Tensor:
        image = torch.zeros(1, 1, 5, 5)
        image[..., ::2] = 1
        return image if vertical else image.transpose(2, 3)

    def flat() -> None:
        hint = "Only differences between neighbors count, and here they are all 0."
        expect_close(total_variation(torch.full((2, 3, 4, 4), 0.7)), torch.zeros(2), hint=hint)

    def ramp() -> None:
        image = torch.arange(4.0).repeat(4, 1)[None, None]
        hint = "Each step to the right is 1, none goes down: the mean is 1."
        expect_close(total_variation(image), torch.ones(1), hint=hint)

    def down() -> None:
        hint = "Steps down count as those to the right do."
        expect_close(total_variation(stripes(False)), torch.ones(1), hint=hint)

    def batch() -> None:
        images = _pictures(3)
        right, down = images.diff(dim=3)[:, :, :-1], images.diff(dim=2)[..., :-1]
        answer = total_variation(images)
        if isinstance(answer, Tensor) and answer.shape == ():
            raise AssertionError("expected a number for each picture; got one for the whole batch")
        expected = (right**2 + down**2).mean((1, 2, 3))
        expect_close(answer, expected, hint=explain(answer, _misread_variations(images)))

    def slope() -> None:
        images = _pictures(1).requires_grad_()
        found = total_variation(images).sum()
        if found.requires_grad:
            found.backward()
        if images.grad is None or not bool(images.grad.any()):
            raise AssertionError("no gradient comes back to the pixels; stay within torch")

    return run_cases(
        "total variation",
        [
            Case("a flat picture has none", flat),
            Case("a ramp to the right", ramp),
            Case("vertical stripes",
                 lambda: expect_close(total_variation(stripes(True)), torch.ones(1))),
            Case("horizontal stripes", down),
            Case("three pictures of noise", batch),
            Case("gradients come back", slope),
        ],
    )  # fmt: skip


def _misread_variations(images: Tensor) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""
    right, down = images.diff(dim=3)[:, :, :-1], images.diff(dim=2)[..., :-1]
    every = images.diff(dim=3), images.diff(dim=2)
    both, each = right**2 + down**2, (1, 2, 3)
    return {
        "Only steps to the right are in this; those down count, too.": (right**2).mean(each),
        "Only steps down are in this; those to the right count, too.": (down**2).mean(each),
        "Square the steps; these are absolute values.": (right.abs() + down.abs()).mean(each),
        "No square root: average the squares as they are.": both.sqrt().mean(each),
        "No square root at the end.": both.mean(each).sqrt(),
        "Square each step before you add the two, not after.": ((right + down) ** 2).mean(each),
        "This is the sum over pixels and channels; take the mean.": both.sum(each),
        "Take the mean over channels, too, not their sum.": both.sum(1).mean((1, 2)),
        "This is the mean of the two squares; take their sum.": both.mean(each) / 2,
        "Leave out the last row and the last column, which lack a neighbor.":
            (every[0] ** 2).mean(each) + (every[1] ** 2).mean(each),
        "The mean is over the pixels that have both neighbors; you divide by all of them.":
            both.sum(each) / images[0].numel(),
    }  # fmt: skip


def check_target_attack(attack: Callable[[nn.Module, Tensor, int, float], Tensor]) -> Report:
    """Check one step towards a class, within the ball and within [0, 1].

    Args:
        attack: maps (model, images (n, 3, 8, 8), class, epsilon) to images.
    """

    def towards() -> None:
        model, images = _linear(), 0.3 + 0.4 * _pictures(4)
        before = model(images).log_softmax(1)[:, 2]
        answer = attack(model, images.clone(), 2, 0.05)
        if not bool((model(answer).log_softmax(1)[:, 2] > before).all()):
            hint = explain(answer, _misread_attacks(images, 2, 0.05))
            default = "go down the loss of the class that you want"
            raise AssertionError(f"the probability of the class must rise: {hint or default}")

    def matches() -> None:
        model, images = _linear(), 0.3 + 0.4 * _pictures(4)
        expected = visualization.fgsm(model, images, 1, epsilon=0.05, targeted=True)
        got = attack(model, images.clone(), 1, 0.05)
        hint = explain(got, _misread_attacks(images, 1, 0.05))
        default = "Every pixel moves by epsilon, by the gradient's sign."
        expect_close(got, expected, hint=hint or default)

    def bounded() -> None:
        got = torch.as_tensor(attack(_linear(), _pictures(4).round(), 0, 0.3)).detach()
        if bool((got < 0).any() | (got > 1).any()):
            least, most = float(got.min()), float(got.max())
            raise AssertionError(
                f"pixels must stay in [0, 1]; yours lie in [{least:.4g}, {most:.4g}]. Clip the "
                "picture, after the step"
            )

    def plain() -> None:
        if attack(_linear(), _pictures(2), 0, 0.1).requires_grad:
            raise AssertionError("the new pictures still carry a graph; detach them")

    def untouched() -> None:
        model, images = _linear(), _pictures(2)
        attack(model, images, 0, 0.1)
        if not torch.equal(images, _pictures(2)):
            raise AssertionError("the images were changed in place; return new ones")
        if not all(map(torch.equal, model.parameters(), _linear().parameters())):
            raise AssertionError("the weights were changed; only the pixels may move")
        if any(weight.grad is not None for weight in model.parameters()):
            raise AssertionError(
                "the weights have gradients now, which `backward()` left there; "
                "torch.autograd.grad returns only those that you ask for"
            )

    return run_cases(
        "targeted attack",
        [
            Case("the class becomes more probable", towards),
            Case("one step of epsilon along the sign", matches),
            Case("pixels stay in [0, 1]", bounded),
            Case("images and weights are left alone", untouched),
            Case("the result is a plain tensor", plain),
        ],
    )


def _misread_attacks(images: Tensor, target: int, epsilon: float) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""
    x = images.clone().requires_grad_()
    scores = _linear()(x)
    own = functional.cross_entropy(scores, scores.argmax(1))
    loss = functional.cross_entropy(scores, torch.full((len(x),), target))
    away, g, score = (
        torch.autograd.grad(value, x, retain_graph=True)[0]
        for value in (own, loss, scores[:, target].sum())
    )
    step = epsilon * g.sign()
    return {
        "you went up the loss of this class; go down.": images + step,
        "you went up the loss of the class that the network names; use the one that you want.":
            images + epsilon * away.sign(),
        "you went down the loss of the class that the network names; use the one that you want.":
            images - epsilon * away.sign(),
        "nothing has changed.": images,
        "This is the gradient itself; take its sign.": images - epsilon * g,
        "This is the gradient of the mean loss times their number; take its sign.":
            images - epsilon * g * len(images),
        "This raises the score of the class; its loss also depends on the other scores.":
            images + epsilon * score.sign(),
        "This is the change alone; add it to the pictures.": -step,
        "This is the change alone, clipped; add it to the pictures first.": (-step).clamp(0, 1),
    }  # fmt: skip


def check_which_layer(
    which_layer: Callable[[nn.Module, Tensor, Tensor, Sequence[str]], str], tolerance: float = 0.01
) -> Report:
    """Check the name of the first layer that gives the same output for two images.

    Args:
        which_layer: maps (model, original, found, layer names from first to last) to a name.
        tolerance: the relative squared distance below which features count as equal.
    """
    layers = ("0", "1", "2", "3")

    def answer(found: Callable[[Tensor], Tensor], times: float = 1.0) -> object:
        original = times * _pictures(1)
        return which_layer(_pools(), original, found(original), layers)

    def finds(found: Callable[[Tensor], Tensor], name: str, hint: str) -> Callable[[], None]:
        def test() -> None:
            got = answer(found)
            if got not in layers:
                raise AssertionError(f"expected one of the names {layers}; got {got!r:.60}")
            if got != name:
                raise AssertionError(f"expected layer {name!r}; got {got!r}. {doubt() or hint}")

        return test

    def doubt() -> str:
        """The mistake in the distance, if it is one of those that show at other brightnesses."""
        faint, bright = answer(at(1.25), 1e-3), answer(at(0.8), 1e3)
        if faint == "0" and bright != "0":
            return "Divide by the size of the original's features, so that brightness cancels."
        if answer(at(0.8)) != "0" and answer(at(0.8 * tolerance)) == "0":
            return "This is a ratio of lengths; (8) has the ratio of their squares."
        return ""

    def at(share: float) -> Callable[[Tensor], Tensor]:
        return lambda x: x * (1 + math.sqrt(share * tolerance))  # the same distance in all layers

    return run_cases(
        "which layer",
        [
            Case("the same picture",
                 finds(lambda x: x, "0", "Begin with the first layer, which agrees, too.")),
            Case("pixels exchanged within squares of 2 × 2",
                 finds(lambda x: _swap(x, 1), "1", "Layer 1 averages over such squares.")),
            Case("squares exchanged within squares of 4 × 4",
                 finds(lambda x: _swap(x, 2), "2", "Layer 1 sees the difference, layer 2 none.")),
            Case("quarters of the picture exchanged",
                 finds(lambda x: _swap(x, 4), "3", "Only the last layer agrees.")),
            Case("an optimizer's small errors count as equal",
                 finds(at(0.8), "0", f"A relative squared distance below {tolerance:g} is none.")),
            Case("a larger distance does not",
                 finds(at(1.25), "3", "If no layer agrees, return the last one.")),
        ],
    )  # fmt: skip


def _pictures(count: int) -> Tensor:
    """New random pictures for each case, since an answer might change them."""
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(5))


def _linear() -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(6)))
    return model.eval()


def _pools() -> nn.Module:
    return nn.Sequential(nn.Identity(), nn.AvgPool2d(2), nn.AvgPool2d(2), nn.AvgPool2d(2)).eval()


def _swap(images: Tensor, size: int) -> Tensor:
    """Swap neighboring strips of `size` columns."""
    columns = torch.arange(8)
    return images[..., columns + size - 2 * size * (columns // size % 2)]
