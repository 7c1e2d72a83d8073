"""Networks as they come: in-place, reused and functional ReLUs, other activations, batch norm."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 4


def stack(activation: Callable[[], nn.Module], *, batch_norm: bool = False) -> nn.Sequential:
    """Two convolutions, pooling, two linear layers, an activation behind each but the last."""
    norms = [nn.BatchNorm2d(6)] if batch_norm else []
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), *norms, activation(),
        nn.Conv2d(6, 6, 3, stride=2, padding=1), activation(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 10), activation(),
        nn.Linear(10, CLASSES),
    )  # fmt: skip


def reused() -> nn.Sequential:
    """One ReLU module in three places."""
    relu = nn.ReLU()
    return stack(lambda: relu)


class Functional(nn.Module):
    """ReLU as `torch.relu`, `F.relu`, `Tensor.relu_` and `clamp`, with a residual connection."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 6, 3, padding=1)
        self.third = nn.Conv2d(6, 6, 3, stride=2)
        self.last = nn.Linear(24, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        x = torch.relu(self.first(images))
        x = x + functional.relu(self.second(x), inplace=True)
        x = self.third(x).relu_().clamp(min=0)
        return self.last(functional.adaptive_avg_pool2d(x, 2).flatten(1))


class InPlaceFirst(nn.Module):
    """Works in place on what it is given."""

    def __init__(self):
        super().__init__()
        self.rest = stack(nn.ReLU)

    def forward(self, images: Tensor) -> Tensor:
        return self.rest(images.sub_(0.3).mul_(2))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: stack(nn.ReLU),
    "in-place": lambda: stack(lambda: nn.ReLU(inplace=True)),
    "reused": reused,
    "functional": Functional,
    "relu6": lambda: stack(lambda: nn.ReLU6(inplace=True)),
    "silu": lambda: stack(nn.SiLU),
    "batch norm": lambda: stack(lambda: nn.ReLU(inplace=True), batch_norm=True),
    "in-place first": InPlaceFirst,
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are fastest on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def network() -> Callable[..., nn.Module]:
    """Makes one of `NETWORKS` with weights large enough that every ReLU matters."""

    def make(name: str = "relu", *, training: bool = False, seed: int = 0) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = NETWORKS[name]()
            for weight in model.parameters():
                weight.data = torch.randn(weight.shape) * (0.5 if weight.ndim > 1 else 0.2)
            for module in model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.running_mean.normal_()
                    module.running_var.uniform_(0.5, 2)
        return model.train(training)

    return make


@pytest.fixture(params=NETWORKS)
def awkward(request, network) -> nn.Module:
    """Each of the networks, left in train mode."""
    return network(request.param, training=True)


@pytest.fixture
def images() -> Tensor:
    """Three color images of 10 × 12 pixels."""
    return torch.rand(3, 3, 10, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    """Makes generators from seeds."""
    return lambda seed=0: torch.Generator().manual_seed(seed)


@pytest.fixture
def left_alone() -> Callable[..., AbstractContextManager[None]]:
    """A block after which a model (and images) must be what they were before."""

    def state(model: nn.Module) -> list:
        return [
            [(name, module.training) for name, module in model.named_modules()],
            [weight.requires_grad for weight in model.parameters()],
            [weight.grad for weight in model.parameters()],
            [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
             for m in model.modules()],
        ]  # fmt: skip

    @contextmanager
    def check(model: nn.Module, *tensors: Tensor) -> Iterator[None]:
        before, values = state(model), {k: v.clone() for k, v in model.state_dict().items()}
        copies, grad = [tensor.clone() for tensor in tensors], torch.is_grad_enabled()
        try:
            yield
        finally:
            assert state(model) == before
            assert all(torch.equal(v, values[k]) for k, v in model.state_dict().items())
            assert all(map(torch.equal, tensors, copies))
            assert not any(tensor.requires_grad for tensor in tensors)
            assert torch.is_grad_enabled() == grad

    return check
