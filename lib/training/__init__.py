"""Training: one network step by step, many in parallel, and networks that chapters share."""

from lib.training.classifiers import scene_classifiers
from lib.training.fitting import (
    DivergedError,
    History,
    Metrics,
    Stopper,
    fit,
    minibatches,
    predict,
)
from lib.training.measures import accuracy, cross_entropy
from lib.training.optimizers import SGD, one_cycle_adam
from lib.training.stacks import Part
from lib.training.stopping import BestSnapshot
from lib.training.trials import Outcome, Trial, run_trial, run_trials

__all__ = [
    "SGD",
    "BestSnapshot",
    "DivergedError",
    "History",
    "Metrics",
    "Outcome",
    "Part",
    "Stopper",
    "Trial",
    "accuracy",
    "cross_entropy",
    "fit",
    "minibatches",
    "one_cycle_adam",
    "predict",
    "run_trial",
    "run_trials",
    "scene_classifiers",
]
