"""Many small networks trained at once, against a loop over torch's own parts."""

import torch
from torch import nn

from benchmarks.compare import compare
from lib.models import MLP, stack
from lib.training import SGD, fit, minibatches

COPIES, HIDDEN, STEPS, BATCH = 16, [64] * 5, 40, 64
RATES = torch.logspace(-3, -1.5, COPIES)


def run(threads: int) -> None:
    """Compare on random images; `threads` is said, not set."""
    g = torch.Generator().manual_seed(1)
    images, labels = torch.randn(5000, 784, generator=g), torch.randint(10, (5000,), generator=g)
    compare(
        f"{COPIES} networks of {len(HIDDEN)} layers trained as a stack, {threads} thread(s)",
        "a loop over torch's layers and optimizer",
        lambda: stacked_sweep(images, labels),
        lambda: loop_of_torch(images, labels),
    )


def networks() -> list[MLP]:
    """As many networks as there are copies, each from a seed of its own."""
    seeds = range(COPIES)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return [MLP(784, HIDDEN, 10, generator=g) for g in generators]


def order() -> torch.Generator:
    """The order of the examples, the same on both sides."""
    return torch.Generator().manual_seed(0)


def stacked_sweep(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Last losses (copies,) of all networks trained as one stack."""
    model = stack(networks())
    optimizer = SGD(model.parameters(), lr=RATES, momentum=0.9)
    batches = minibatches(len(labels), BATCH, STEPS, [order()])
    return fit(model, images, labels, optimizer=optimizer, batches=batches).loss[-1]


def loop_of_torch(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Last losses (copies,) of the same networks, one after the other, in torch's own parts."""
    losses = []
    for network, rate in zip(networks(), RATES.tolist(), strict=True):
        model = as_sequential(network)
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
        for index in minibatches(len(labels), BATCH, STEPS, [order()]):
            loss = nn.functional.cross_entropy(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def as_sequential(network: MLP) -> nn.Sequential:
    """The network in torch's layers, with the same weights."""
    layers: list[nn.Module] = []
    for W, b in zip(network.weights, network.biases, strict=True):
        layer = nn.Linear(*W.shape)
        layer.weight = nn.Parameter(W.detach().T.contiguous())
        layer.bias = nn.Parameter(b.detach()[0].clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
