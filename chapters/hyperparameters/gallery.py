"""Eight trainings of a small perceptron on digits: one healthy, seven sick."""

from dataclasses import dataclass, replace

from chapters.hyperparameters import ward
from chapters.hyperparameters.recipe import Finding, Setup, read_curves, train_setup
from lib.runtime import Run
from lib.training import History


@dataclass(frozen=True, eq=False)
class Patient:
    """A training from which a reader learns to recognize an illness.

    Attributes:
        setup: its configuration.
        history: its losses and accuracies.
        reading: what step 6 says about them.
    """

    setup: Setup
    history: History
    reading: Finding


def train_gallery(run: Run) -> dict[str, Patient]:
    """The trainings by the name of their illness, the healthy one first."""
    return {name: _train(setup, run) for name, setup in setups(run).items()}


def setups(run: Run) -> dict[str, Setup]:
    """The set-ups by the name of their illness, the healthy one first."""
    well = ward.healthy(run)
    ill = {ward.illness(run, bed): one for bed, one in ward.patients(run).items()}
    return {
        "healthy": well,
        "rate too high": ill["learning rate"],
        "rate too low": replace(well, lr=1e-4),
        "large weights": ill["initialization"],
        "labels shuffled": ill["labels"],
        "weights frozen": ill["optimizer"],  # it holds only the biases
        "shifted at test": ill["test augmentation"],
        "overfitting": replace(well, train=well.train.subset(slice(0, 40))),
    }


def _train(setup: Setup, run: Run) -> Patient:
    _, history = train_setup(setup, steps=run.pick(quick=60, standard=300), evaluate_every=30)
    history.loss = history.loss.cpu()
    loss = history.loss.numpy()
    seen, new = (history.metrics[part].numpy() for part in ("train", "validation"))
    return Patient(setup, history, read_curves(seen, new, classes=setup.classes, loss=loss))
