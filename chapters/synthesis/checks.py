"""Checks of the exercises of chapter 8, images made by gradients."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lib import visualization
from lib.checks import Case, Report, expect_close, run_cases


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
        expect_close(total_variation(torch.full((2, 3, 4, 4), 0.7)), torch.zeros(2))

    def ramp() -> None:
        image = torch.arange(4.0).repeat(4, 1)[None, None]
        hint = "Each step to the right is 1, none goes down: the mean is 1."
        expect_close(total_variation(image), torch.ones(1), hint=hint)

    def down() -> None:
        hint = "Steps down count as those to the right do."
        expect_close(total_variation(stripes(False)), torch.ones(1), hint=hint)

    def batch() -> None:
        images = _pictures(3)
        each = torch.cat([total_variation(image[None]) for image in images])
        expect_close(total_variation(images), each, hint="One number for each image.")

    def slope() -> None:
        images = _pictures(1).requires_grad_()
        total_variation(images).sum().backward()
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
            Case("a batch", batch),
            Case("gradients come back", slope),
        ],
    )  # fmt: skip


def check_target_attack(attack: Callable[[nn.Module, Tensor, int, float], Tensor]) -> Report:
    """Check one step towards a class, within the ball and within [0, 1].

    Args:
        attack: maps (model, images (n, 3, 8, 8), class, epsilon) to images.
    """

    def towards() -> None:
        model, images = _linear(), 0.3 + 0.4 * _pictures(4)
        before = model(images).log_softmax(1)[:, 2]
        after = model(attack(model, images.clone(), 2, 0.05)).log_softmax(1)[:, 2]
        if not bool((after > before).all()):
            raise AssertionError("the probability of the class must rise: go down its loss")

    def matches() -> None:
        model, images = _linear(), 0.3 + 0.4 * _pictures(4)
        expected = visualization.fgsm(model, images, 1, epsilon=0.05, targeted=True)
        got = attack(model, images.clone(), 1, 0.05)
        expect_close(got, expected, hint="Every pixel moves by epsilon, by the gradient's sign.")

    def bounded() -> None:
        got = attack(_linear(), _pictures(4).round(), 0, 0.3)
        expect_close(got.clamp(0, 1), got, hint="Pixels stay in [0, 1].")

    def untouched() -> None:
        model, images = _linear(), _pictures(2)
        attack(model, images, 0, 0.1)
        if not torch.equal(images, _pictures(2)):
            raise AssertionError("the images were changed; return new ones")
        if not all(map(torch.equal, model.parameters(), _linear().parameters())):
            raise AssertionError("the weights were changed; only the pixels may move")
        if any(weight.grad is not None for weight in model.parameters()):
            raise AssertionError("the weights got gradients; use torch.autograd.grad")

    return run_cases(
        "targeted attack",
        [
            Case("the class becomes more probable", towards),
            Case("one step of epsilon along the sign", matches),
            Case("pixels stay in [0, 1]", bounded),
            Case("images and weights are left alone", untouched),
        ],
    )


def check_which_layer(
    which_layer: Callable[[nn.Module, Tensor, Tensor, Sequence[str]], str], tolerance: float = 0.01
) -> Report:
    """Check the name of the first layer that gives the same output for two images.

    Args:
        which_layer: maps (model, original, found, layer names from first to last) to a name.
        tolerance: the relative squared distance below which features count as equal.
    """
    layers = ("0", "1", "2", "3")

    def finds(found: Callable[[Tensor], Tensor], name: str, hint: str) -> Callable[[], None]:
        def test() -> None:
            original = _pictures(1)
            got = which_layer(_pools(), original, found(original), layers)
            if got != name:
                raise AssertionError(f"expected layer {name!r}; got {got!r}. {hint}")

        return test

    def at(share: float) -> Callable[[Tensor], Tensor]:
        return lambda x: x * (1 + math.sqrt(share * tolerance))  # the same distance in all layers

    return run_cases(
        "which layer",
        [
            Case("the same picture", finds(lambda x: x, "0", "Layer 0 agrees, too.")),
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
