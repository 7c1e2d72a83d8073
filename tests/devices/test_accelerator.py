"""The pretend accelerator refuses what an Apple GPU refuses, and computes what the CPU computes."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.devices.accelerator import DEVICE, missing


def there(*shape):
    return torch.rand(shape).to(DEVICE)


REFUSED = {
    "converting to float64": (TypeError, "float64", lambda: there(3).double()),
    "float64 made there": (
        TypeError, "float64", lambda: torch.zeros(3, dtype=torch.float64, device=DEVICE),
    ),
    "float64 moved there": (TypeError, "float64", lambda: torch.rand(3).double().to(DEVICE)),
    "a sum in float64": (TypeError, "float64", lambda: there(3).sum(dtype=torch.float64)),
    "an addend elsewhere": (RuntimeError, "and cpu", lambda: there(3) + torch.rand(3)),
    "a matrix elsewhere": (RuntimeError, "and cpu", lambda: torch.rand(2, 3) @ there(3, 2)),
    "labels elsewhere": (
        RuntimeError, "and cpu", lambda: functional.cross_entropy(there(2, 3), torch.arange(2)),
    ),
    "an index of what is elsewhere": (
        RuntimeError, "and cpu", lambda: torch.rand(3)[torch.tensor([0]).to(DEVICE)],
    ),
    "a network elsewhere": (RuntimeError, "and cpu", lambda: nn.Linear(3, 2)(there(4, 3))),
    "a generator elsewhere": (
        RuntimeError,
        "expected a generator",
        lambda: torch.rand(3, generator=torch.Generator(), device=DEVICE),
    ),
    "a missing kernel": (
        NotImplementedError,
        "not implemented",
        lambda: functional.fractional_max_pool2d(there(1, 1, 4, 4), 2, 3),
    ),
    "numpy": (RuntimeError, "numpy", lambda: there(3).numpy()),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_an_apple_gpu_refuses_is_refused(kind):
    error, message, call = REFUSED[kind]
    with pytest.raises(error, match=message):
        call()


def test_what_is_brought_back_is_a_tensor_of_the_cpu():
    back = there(3).cpu()
    assert type(back) is torch.Tensor and back.device.type == "cpu"
    assert back.double().dtype == there(3).to("cpu", torch.float64).dtype == torch.float64


def test_numbers_without_dimensions_and_indices_may_lie_on_the_cpu():
    x = there(4)
    assert (x * torch.tensor(2.0)).device == x[torch.tensor([2, 0])].device == DEVICE
    x[torch.tensor([1])] = 7.0
    assert x.tolist()[1] == 7


def test_weights_are_saved_and_loaded_as_from_any_device():
    file, network = io.BytesIO(), nn.Linear(3, 2).to(DEVICE)
    torch.save(network.state_dict(), file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    assert loaded["weight"].device == DEVICE
    assert torch.equal(loaded["weight"], network.weight)


def test_parts_share_memory_as_on_any_device():
    x = torch.zeros(2, 3, device=DEVICE)
    x[0].add_(1)
    x[:, 1] = torch.tensor([5.0, 6.0])
    assert x.tolist() == [[1, 5, 1], [0, 6, 0]]


def make_network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Flatten(1, 2), nn.GRU(3, 5, batch_first=True, bidirectional=True),
        )  # fmt: skip


def train(network, images, labels):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        functional.cross_entropy(network(images)[0][:, -1], labels).backward()
        optimizer.step()
    return [parameter.detach() for parameter in network.parameters()]


def test_training_gives_what_it_gives_on_the_cpu():
    images, labels = torch.rand(6, 3, 8, 8), torch.arange(6)
    expected = train(make_network(), images, labels)
    network = make_network().to(DEVICE)
    found = train(network, images.to(DEVICE), labels.to(DEVICE))
    assert {parameter.device for parameter in found} == {DEVICE}
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.cpu(), theirs)
    assert copy.deepcopy(network)[0].weight.device == DEVICE


def test_missing_kernels_are_few_and_named():
    assert {"linalg_eig", "fractional_max_pool2d.output"} <= missing()
    assert not {"convolution", "add.Tensor", "mm", "sort.stable", "linalg_eigh"} & missing()
