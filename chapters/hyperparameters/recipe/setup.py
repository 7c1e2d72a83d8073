"""Training configuration: everything that can be wrong with a training, in one place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from lib.augmentation.base import Operation
from lib.datasets.images import ImageDataset
from lib.runtime import Run
from lib.training import History, accuracy, cross_entropy, fit, minibatches, predict
from lib.workers import spread


@dataclass(frozen=True)
class Setup:
    """A network, its optimizer and its data, before any training.

    Attributes:
        make_model: returns a network with new weights, drawn from the given generator.
        make_optimizer: called with (model, learning rate).
        train, validation: labeled images.
        run: determines the device and is the root of all random numbers.
        lr: learning rate.
        batch_size: images per update, at most the number available.
        transform: function of (images, generator), applied to each batch in training.
        test_transform: the same at evaluation; should be None unless it is deterministic.
        seed: fixes initial weights, order and noise.
    """

    make_model: Callable[[torch.Generator], nn.Module]
    make_optimizer: Callable[[nn.Module, float], torch.optim.Optimizer]
    train: ImageDataset
    validation: ImageDataset
    run: Run
    lr: float = 0.1
    batch_size: int = 32
    transform: Operation | None = None
    test_transform: Operation | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise ValueError(f"lr must be positive; got {self.lr}")
        if not 1 <= self.batch_size <= len(self.train):
            raise ValueError(
                f"batch_size must be from 1 to {len(self.train)} images; got {self.batch_size}"
            )
        if len(self.train.classes) != len(self.validation.classes):
            counts = len(self.train.classes), len(self.validation.classes)
            raise ValueError(f"training and validation have {counts[0]} and {counts[1]} classes")

    @property
    def classes(self) -> int:
        """The number of classes, C."""
        return len(self.train.classes)

    def model(self) -> nn.Module:
        """A network with initial weights, the same in every call, on the run's device."""
        return self.make_model(self.run.generator("init", self.seed)).to(self.run.device)

    def evaluate(self, model: nn.Module, part: ImageDataset, noise: torch.Generator) -> float:
        """Accuracy in percent, with this set-up's test transform; NaN if the network diverged."""
        images = part.images
        if self.test_transform is not None:
            images = self.test_transform(images, noise)
        return 100 * float(accuracy(predict(model, images), part.labels))


def train_setup(
    setup: Setup,
    *,
    steps: int,
    lr: float | None = None,
    evaluate_every: int | None = None,
    part: ImageDataset | None = None,
) -> tuple[nn.Module, History]:
    """The trained network and its history: losses, and accuracies "train" and "validation" in %.

    Args:
        setup: what to train.
        steps: number of updates.
        lr: learning rate to use instead of the set-up's own.
        evaluate_every: updates between evaluations; None evaluates only at the start and the end.
        part: images to train on instead of the whole training part.

    Raises:
        ValueError: no steps, or a part smaller than a batch.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1; got {steps}")
    run, train = setup.run, setup.train if part is None else part
    model = setup.model()
    noise, test_noise = (run.generator(name, setup.seed) for name in ("transform", "test"))
    parts = {"train": train, "validation": setup.validation}
    history = fit(
        model,
        train.images,
        train.labels,
        optimizer=setup.make_optimizer(model, setup.lr if lr is None else lr),
        batches=minibatches(
            len(train), setup.batch_size, steps, [run.generator("order", setup.seed)]
        ),
        loss=cross_entropy,
        transform=partial(_images_only, setup.transform, noise) if setup.transform else None,
        evaluate=partial(_accuracies, setup, parts, test_noise),
        evaluate_every=evaluate_every or steps,
        on_divergence="record",
    )
    return model, history


def train_all(
    setups: Sequence[Setup], *, steps: int, evaluate_every: int | None = None, workers: int = 1
) -> list[History]:
    """The history of each set-up's training, in order; one thread each, for reproducibility.

    Args:
        setups: what to train; their functions, lambdas included, are sent to the workers.
        steps: number of updates of each.
        evaluate_every: updates between evaluations; None evaluates only at the start and the end.
        workers: number of processes.
    """
    work = partial(_train_alone, steps=steps, evaluate_every=evaluate_every)
    return spread(work, setups, workers=workers)


def _train_alone(setup: Setup, *, steps: int, evaluate_every: int | None) -> History:
    _, history = train_setup(setup, steps=steps, evaluate_every=evaluate_every)
    history.loss = history.loss.cpu()
    return history


def _images_only(
    transform: Operation, noise: torch.Generator, images: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor]:
    return transform(images, noise), labels


def _accuracies(
    setup: Setup, parts: Mapping[str, ImageDataset], noise: torch.Generator, model: nn.Module
) -> dict[str, float]:
    return {name: setup.evaluate(model, part, noise) for name, part in parts.items()}
