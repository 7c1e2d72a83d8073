"""Many small networks trained at once, against a loop over torch's own parts."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.compare import CORES, Comparison
from benchmarks.networks import CLASSES, generator, pictures
from lib.datasets.images import ImageDataset
from lib.models import MLP, ConvNet, stack
from lib.runtime import Run
from lib.training import SGD, Trial, fit, minibatches, run_trials

TITLE = "Sweeps"
PEERS = ()
ABOUT = (
    "16 trainings that differ in their learning rate: MLPs of 784-64-64-64-64-64-10 units as one "
    "stack, and the chapters' small residual networks spread over the cores; against a Python "
    "loop that trains one after another with torch's layers and optimizer, each on all cores. "
    "Where there is a GPU, the MLPs are also compared there; a machine without one has no such row."
)
LIMIT_STACK = (
    "The stack's 16 sets of weights are read and written once per update, as the loop's are; what "
    "it saves is the loop's calls of small operations, and no more than that."
)
LIMIT_WORKERS = (
    "Two processes halve the time of one thread at best. The loop's two threads already save a "
    "quarter of it, which leaves a ratio of 1.5, and processes that share a processor's memory "
    "slow each other down. Layers of channels last, the fastest there are here, are on both sides."
)
COPIES, HIDDEN, STEPS, BATCH, MOMENTUM = 16, [64] * 5, 40, 64, 0.9
RATES = torch.logspace(-3, -1.5, COPIES)
CNN_STEPS, CNN_BATCH = 30, 32


def comparisons() -> Iterator[Comparison]:
    """MLPs on each available device, then CNNs."""
    g = torch.Generator().manual_seed(1)
    images, labels = torch.randn(5000, 784, generator=g), torch.randint(10, (5000,), generator=g)
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        where = "" if device == "cpu" else f", {torch.cuda.get_device_name()}"
        data = (images.to(device), labels.to(device))
        yield Comparison(
            f"{COPIES} MLPs{where}",
            "a Python loop",
            partial(stacked_sweep, *data),
            partial(loop_of_torch, *data),
            target=2.0,
            limit=LIMIT_STACK,
            threads=CORES,
            rounds=3,
        )
    names = tuple(map(str, range(CLASSES)))
    data = ImageDataset(pictures(2000, 32), torch.arange(2000) % CLASSES, names)
    run = Run("standard", seed=0, device=torch.device("cpu"), threads=CORES)
    yield Comparison(
        f"{COPIES} small CNNs",
        "a Python loop",
        partial(spread_sweep, data, run),
        partial(loop_of_cnns, data, run),
        target=2.0,
        limit=LIMIT_WORKERS,
        threads=CORES,
        rounds=3,
    )


def networks() -> list[MLP]:
    """One network per copy, each with its own seed."""
    seeds = range(COPIES)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return [MLP(784, HIDDEN, 10, generator=g) for g in generators]


def stacked_sweep(images: Tensor, labels: Tensor) -> Tensor:
    """Final losses (copies,) of all networks trained as one stack."""
    model = stack(networks()).to(images.device)
    optimizer = SGD(model.parameters(), lr=RATES, momentum=MOMENTUM)
    batches = minibatches(len(labels), BATCH, STEPS, [generator()])
    return fit(model, images, labels, optimizer=optimizer, batches=batches).loss[-1].cpu()


def loop_of_torch(images: Tensor, labels: Tensor) -> Tensor:
    """Final losses (copies,) of the same networks, trained one by one with torch's own modules."""
    losses = []
    for network, rate in zip(networks(), RATES.tolist(), strict=True):
        model = as_sequential(network).to(images.device)
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=MOMENTUM)
        for index in minibatches(len(labels), BATCH, STEPS, [generator()]):
            loss = update(model, optimizer, images[index], labels[index])
        losses.append(loss)
    return torch.stack(losses).cpu()


def as_sequential(network: MLP) -> nn.Sequential:
    """The network built from torch's layers, with the same weights."""
    layers: list[nn.Module] = []
    for W, b in zip(network.weights, network.biases, strict=True):
        layer = nn.Linear(*W.shape)
        layer.weight = nn.Parameter(W.detach().T.contiguous())
        layer.bias = nn.Parameter(b.detach()[0].clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def spread_sweep(data: ImageDataset, run: Run) -> Tensor:
    """Final losses (copies,) of the CNNs, trained by worker processes."""
    trials = [Trial(seed, CNN_STEPS, lr, CNN_BATCH) for seed, lr in enumerate(RATES.tolist())]
    outcomes = run_trials(trials, data, {}, run=run, progress=None)
    return torch.stack([outcome.history.loss[-1] for outcome in outcomes])


def loop_of_cnns(data: ImageDataset, run: Run) -> Tensor:
    """Final losses (copies,) of the same CNNs, trained one by one with torch's optimizer."""
    losses = []
    for seed, rate in enumerate(RATES.tolist()):
        model = ConvNet(3, CLASSES, generator=run.generator("init", seed))
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=MOMENTUM)
        falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, CNN_STEPS)
        orders = [run.generator("order", seed)]
        for index in minibatches(len(data), CNN_BATCH, CNN_STEPS, orders):
            loss = update(model, optimizer, data.images[index], data.labels[index])
            falling.step()
        losses.append(loss)
    return torch.stack(losses)


def update(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> Tensor:
    """Do one update as in any tutorial; return the loss before it."""
    loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
