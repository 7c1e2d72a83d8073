"""Hidden tests of chapter 8: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lib import visualization
from lib.checks import Case, expect_close


def total_variation(names: Mapping[str, object]) -> list[Case]:
    """Other shapes, one channel, and larger values than pixels have."""
    f = names["my_total_variation"]

    def same(*shape: int) -> None:
        images = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(3))
        right, down = images.diff(dim=3)[:, :, :-1], images.diff(dim=2)[..., :-1]
        expect_close(f(images.clone()), (right**2 + down**2).mean((1, 2, 3)))

    return [
        Case("one gray picture", lambda: same(1, 1, 9, 9)),
        Case("wide pictures", lambda: same(2, 3, 4, 11)),
        Case("the smallest picture", lambda: same(1, 3, 2, 2)),
    ]


def target_attack(names: Mapping[str, object]) -> list[Case]:
    """A convolutional network, a model in train mode, and no change at all."""
    f = names["my_attack"]
    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(4))

    def network() -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            return nn.Sequential(
                nn.Conv2d(3, 4, 3), nn.SiLU(), nn.Flatten(), nn.Linear(144, 5)
            ).eval()

    def same(target: int, epsilon: float) -> None:
        expected = visualization.fgsm(network(), images, target, epsilon=epsilon, targeted=True)
        expect_close(f(network(), images.clone(), target, epsilon), expected)

    def blind() -> None:
        middle = nn.Sequential(nn.ZeroPad2d(-2), nn.Flatten(), nn.Linear(48, 3)).eval()
        got = f(middle, images.clone(), 1, 0.2)
        border = torch.ones(8, 8, dtype=torch.bool)
        border[2:6, 2:6] = False
        expect_close(got[..., border], images[..., border])

    def without_graph() -> None:
        got: Tensor = f(network(), images.clone(), 0, 0.1)
        if got.requires_grad:
            raise AssertionError("the result still carries a graph; detach it")

    return [
        Case("a convolutional network", lambda: same(4, 0.03)),
        Case("a large step", lambda: same(0, 0.5)),
        Case("epsilon 0", lambda: same(2, 0.0)),
        Case("pixels that the network does not see stay", blind),
        Case("the result is a plain tensor", without_graph),
    ]


def which_layer(names: Mapping[str, object], TOLERANCE: float = 0.01) -> list[Case]:
    """Layers with other names, and a batch in which one picture differs."""
    f = names["which_layer"]

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.eye, self.pool = nn.Identity(), nn.AdaptiveAvgPool2d(1)

        def forward(self, x: Tensor) -> Tensor:
            return self.pool(self.eye(x))

    original = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(8))

    def finds(found: Tensor, name: str) -> None:
        got = f(Network().eval(), original.clone(), found, ("eye", "pool"))
        if got != name:
            raise AssertionError(f"expected {name!r}; got {got!r}")

    def scaled(by: float) -> None:
        dark = by * original
        nearly = (1 + math.sqrt(0.9 * TOLERANCE)) * dark
        got = f(Network().eval(), dark.clone(), nearly, ("eye", "pool"))
        if got != "eye":
            raise AssertionError(f"expected 'eye' for pictures times {by:g}; got {got!r}")
        got = f(Network().eval(), dark.clone(), dark.flip(-1), ("eye", "pool"))
        if got != "pool":
            raise AssertionError(f"expected 'pool' for pictures times {by:g}; got {got!r}")

    mixed = original.clone()
    mixed[1] = original[1].flip(-1)
    return [
        Case("the same pictures", lambda: finds(original.clone(), "eye")),
        Case("mirrored pictures", lambda: finds(original.flip(-1), "pool")),
        Case("one of two pictures differs", lambda: finds(mixed, "pool")),
        Case("very dark pictures", lambda: scaled(1e-3)),
        Case("very bright pictures", lambda: scaled(1e3)),
    ]
