"""The check of the ward, an exercise of chapter 5: diagnose and cure sick trainings."""

from collections.abc import Callable
from dataclasses import fields

import torch

from chapters.hyperparameters import ward
from chapters.hyperparameters.recipe import Setup, check_initial_loss, train_setup
from lib.checks import Case, Report, run_cases
from lib.datasets.images import ImageDataset
from lib.runtime import Run

Treat = Callable[[Setup, ImageDataset], tuple[str, Setup]]

UPDATES = 300  # number of updates of a cured training
_FIELDS = dict(
    zip(
        ward.ILLNESSES,
        ("make_model", "train", "lr", "test_transform", "make_optimizer"),
        strict=True,
    )
)


def check_ward(treat: Treat) -> Report:
    """Check the diagnosis and the cure of each of the five patients of `ward`.

    Args:
        treat: maps a sick set-up and the training images with their right labels to
            (illness, cured): one of `ward.ILLNESSES`, and the set-up with that one field fixed.
    """
    return run_cases("ward", ward_cases(treat, seed=0))


def ward_cases(treat: Treat, *, seed: int) -> list[Case]:
    """One case per bed of the ward with that seed."""
    return [Case(f"bed {bed}, ward {seed}", _bed_test(treat, bed, seed)) for bed in "ABCDE"]


def _bed_test(treat: Treat, bed: str, seed: int) -> Callable[[], None]:
    run = Run("standard", 0, torch.device("cpu"), 1)

    def on_one_thread() -> None:  # many threads are slow on small networks and less reproducible
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            test()
        finally:
            torch.set_num_threads(threads)

    def test() -> None:
        sick, well = ward.patients(run, seed=seed)[bed], ward.healthy(run, seed=seed)
        answer = treat(sick, ward.healthy(run, seed=seed).train)
        if not isinstance(answer, list | tuple) or len(answer) != 2:
            raise AssertionError(f"expected (illness, cured); got {type(answer).__name__}")
        illness, cured = answer
        if not isinstance(illness, str) or illness not in ward.ILLNESSES:
            known = ", ".join(ward.ILLNESSES)
            raise AssertionError(f"{illness!r} is no illness of this ward; they are {known}")
        if illness != ward.illness(run, bed, seed=seed):
            raise AssertionError(
                f"{illness} is not what ails this patient; which step of the recipe fails first?"
            )
        if not isinstance(cured, Setup):
            raise AssertionError(f"expected a cured Setup; got {type(cured).__name__}")
        _expect_one_change(sick, cured, _FIELDS[illness])
        _expect_same_images("validation", cured.validation, well.validation)
        _expect_same_images("train", cured.train, well.train)
        _expect_health(cured)

    return on_one_thread


def _expect_one_change(sick: Setup, cured: Setup, ill: str) -> None:
    changed = {f.name for f in fields(Setup) if getattr(cured, f.name) != getattr(sick, f.name)}
    if changed - {ill}:
        raise AssertionError(
            f"the cure changed {', '.join(sorted(changed - {ill}))}, which was healthy; change "
            "what was ill alone, as dataclasses.replace does"
        )
    if not changed:
        raise AssertionError("the diagnosis is right, yet the set-up is as ill as before")
    if cured.test_transform is not None:
        raise AssertionError("evaluate on the images as they are")


def _expect_same_images(name: str, got: ImageDataset, expected: ImageDataset) -> None:
    if not torch.equal(got.images, expected.images) or not torch.equal(got.labels, expected.labels):
        raise AssertionError(f"{name} does not hold its own images with their right labels")


def _expect_health(cured: Setup) -> None:
    if not (first := check_initial_loss(cured)).passed:
        raise AssertionError(f"still ill; initial loss: {first.measured}")
    before = cured.model()
    after, history = train_setup(cured, steps=UPDATES)
    if any(map(torch.equal, before.parameters(), after.parameters())):
        raise AssertionError(f"still ill; a parameter never moved in {UPDATES} updates")
    reached = float(history.metrics["validation"][-1])
    if not reached >= ward.HEALTHY_ACCURACY:
        raise AssertionError(
            f"still ill; {reached:.1f}% validation accuracy after {UPDATES} updates, expected "
            f"{ward.HEALTHY_ACCURACY:g}% or more"
        )
