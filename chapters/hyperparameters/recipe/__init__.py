"""Choosing hyperparameters in steps, each of which measures, passes or fails, and advises.

    setup = Setup(make_model, make_optimizer, train, validation, run=run, lr=0.1)
    check_initial_loss(setup)      step 1
    check_overfit(setup)           step 2
    find_learning_rate(setup)      step 3
    read_curves(train_setup(setup, steps=500))   step 6
    check_evaluation(setup)        whenever numbers do not repeat

Steps 4 and 5 are `studies.evaluate`; step 7 is step 5 again.
"""

from chapters.hyperparameters.recipe.curves import moving_average, read_curves
from chapters.hyperparameters.recipe.finding import Finding
from chapters.hyperparameters.recipe.gates import (
    check_evaluation,
    check_initial_loss,
    check_overfit,
    find_learning_rate,
)
from chapters.hyperparameters.recipe.setup import Setup, train_all, train_setup

__all__ = [
    "Finding",
    "Setup",
    "check_evaluation",
    "check_initial_loss",
    "check_overfit",
    "find_learning_rate",
    "moving_average",
    "read_curves",
    "train_all",
    "train_setup",
]
