"""Many trainings of the small residual network, one after another or spread over the cores."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lib.datasets.images import ImageDataset
from lib.models import ConvNet
from lib.runtime import Run
from lib.training.fitting import History, fit, minibatches, predict
from lib.training.measures import accuracy, cross_entropy
from lib.training.optimizers import SGD
from lib.training.stopping import BestSnapshot
from lib.workers import spread, worker_count

CHUNKS = 16  # per worker, so that all finish at about the same time
MOMENTUM = partial(SGD, momentum=0.9)
BatchTransform = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Trial:
    """One training of a `ConvNet`: everything that may differ between two runs.

    Attributes:
        seed: fixes the initial weights, the order of the examples and all noise.
        steps: updates.
        lr: learning rate, which falls linearly to zero.
        batch_size: images per update.
        network: options of `ConvNet`, such as {"dropout": 0.5}.
        model: makes another network from a generator; None makes a `ConvNet`.
        optimizer: called with (parameters, lr=, decay_steps=).
        loss: function of (logits, labels).
        penalty: function of the network, added to the loss.
        transform: function of a batch's (images, labels, generator); in training only.
        preprocess: a layer put in front of the network, in training and at test.
        evaluate_every: updates between two evaluations on the held-out parts; None evaluates only
            at the end.
        keep_best: restore the snapshot that was best on the part of this name; needs
            `evaluate_every`.
    """

    seed: int
    steps: int
    lr: float = 0.05
    batch_size: int = 32
    network: Mapping[str, Any] = field(default_factory=dict)
    model: Callable[[torch.Generator], nn.Module] | None = None
    optimizer: Callable[..., torch.optim.Optimizer] = MOMENTUM
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy
    penalty: Callable[[nn.Module], Tensor] | None = None
    transform: BatchTransform | None = None
    preprocess: nn.Module | None = None
    evaluate_every: int | None = None
    keep_best: str | None = None


@dataclass(frozen=True)
class Outcome:
    """Result of one trial.

    Attributes:
        accuracy: on each held-out part at the end (or at the best snapshot), in percent; a network
            that diverged gets that of a random guess, 100 / classes.
        history: losses in nats, on the CPU; with `evaluate_every`, metrics hold the parts'
            accuracies.
        seconds: wall time, including evaluations.
        model: the trained network, on the CPU, if it was kept.
    """

    accuracy: dict[str, float]
    history: History
    seconds: float
    model: nn.Module | None = None

    @property
    def network(self) -> nn.Module:
        """The trained network.

        Raises:
            ValueError: it was not kept.
        """
        if self.model is None:
            raise ValueError("the network was not kept; run the trials with keep_models=True")
        return self.model


def run_trials(
    trials: Sequence[Trial],
    train: ImageDataset,
    held_out: Mapping[str, ImageDataset],
    *,
    run: Run,
    keep_models: bool = False,
    progress: str | None = "training",
) -> list[Outcome]:
    """The outcome of every trial, in order.

    On a CPU the trials are spread over worker processes with one thread each, so an outcome does
    not depend on how many cores there are; on a GPU they run one after another.

    Args:
        trials: what to train; functions in them are sent to the workers, lambdas included.
        train: the data that all are trained on.
        held_out: the data that all are evaluated on, by name.
        keep_models: return the trained networks as well.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: no trials, or a `keep_best` that names no part or lacks `evaluate_every`.

    Cost: starting the workers takes some seconds, once per chapter.
    """
    if not trials:
        raise ValueError("run_trials needs at least one trial; got none")
    for trial in trials:
        _check(trial, held_out)
    parts = [_pack(part) for part in (train, *held_out.values())]
    work = partial(_run_chunk, parts=parts, names=tuple(held_out), run=run, keep_models=keep_models)
    workers = min(worker_count(run), len(trials))
    # In chunks, since each task reads the data again.
    chunks = np.array_split(np.arange(len(trials)), min(len(trials), CHUNKS * workers))
    tasks = [[trials[i] for i in chunk] for chunk in chunks]
    done = spread(work, tasks, workers=workers, progress=progress)
    return [outcome for outcomes in done for outcome in outcomes]


Packed = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def _pack(part: ImageDataset) -> Packed:
    """The part as arrays, which joblib shares with its workers through files."""
    return part.images.cpu().numpy(), part.labels.cpu().numpy(), part.classes


def _unpack(packed: Packed, device: torch.device) -> ImageDataset:
    images, labels, classes = packed
    return ImageDataset(
        torch.tensor(images, device=device), torch.tensor(labels, device=device), classes
    )


def _run_chunk(
    trials: Sequence[Trial],
    parts: Sequence[Packed],
    *,
    names: Sequence[str],
    run: Run,
    keep_models: bool,
) -> list[Outcome]:
    """Some trials one after another."""
    train, *rest = (_unpack(part, run.device) for part in parts)
    held_out = dict(zip(names, rest, strict=True))
    return [run_trial(trial, train, held_out, run, keep_models) for trial in trials]


def run_trial(
    trial: Trial,
    train: ImageDataset,
    held_out: Mapping[str, ImageDataset],
    run: Run,
    keep_model: bool = False,
) -> Outcome:
    """The outcome of one trial, run in this process; the arguments are those of `run_trials`."""
    started = time.perf_counter()
    model = _network(trial, train, run).to(run.device)
    snapshot = BestSnapshot(trial.keep_best) if trial.keep_best else None
    history = fit(
        model,
        train.images,
        train.labels,
        optimizer=trial.optimizer(model.parameters(), lr=trial.lr, decay_steps=trial.steps),
        batches=minibatches(
            len(train), trial.batch_size, trial.steps, [run.generator("order", trial.seed)]
        ),
        loss=trial.loss,
        penalty=trial.penalty,
        transform=_with_noise(trial.transform, run.generator("transform", trial.seed)),
        evaluate=partial(_accuracies, held_out=held_out) if trial.evaluate_every else None,
        evaluate_every=trial.evaluate_every or trial.steps,
        stopper=snapshot,
        on_divergence="record",
    )
    history.loss = history.loss.cpu()
    if snapshot is not None:
        snapshot.restore_(model)
    final = _accuracies(model, held_out)
    seconds = time.perf_counter() - started
    return Outcome(final, history, seconds, model.cpu() if keep_model else None)


def _check(trial: Trial, held_out: Mapping[str, ImageDataset]) -> None:
    if trial.keep_best is None:
        return
    if trial.keep_best not in held_out:
        known = ", ".join(held_out)
        raise ValueError(f"keep_best must be one of {known}; got {trial.keep_best!r}")
    if trial.evaluate_every is None:
        raise ValueError("keep_best needs evaluate_every; got None")


def _with_noise(
    transform: BatchTransform | None, noise: torch.Generator
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None:
    if transform is None:
        return None
    return lambda images, labels: transform(images, labels, noise)


def _network(trial: Trial, train: ImageDataset, run: Run) -> nn.Module:
    generator = run.generator("init", trial.seed)
    if trial.model is not None:
        network = trial.model(generator)
    else:
        channels, classes = train.images.shape[1], len(train.classes)
        network = ConvNet(channels, classes, generator=generator, **trial.network)
    # A copy, since training moves a layer and may change it, and trials share one.
    front = copy.deepcopy(trial.preprocess)
    return network if front is None else nn.Sequential(front, network)


def _accuracies(model: nn.Module, held_out: Mapping[str, ImageDataset]) -> dict[str, float]:
    """Accuracy on each part in percent; a network that diverged can only guess."""
    right = {
        name: 100 * float(accuracy(predict(model, part.images), part.labels))
        for name, part in held_out.items()
    }
    return {
        name: value if np.isfinite(value) else 100 / len(held_out[name].classes)
        for name, value in right.items()
    }
