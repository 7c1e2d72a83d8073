"""Checks of the exercises: each takes the learner's function and returns a readable `Report`."""

from lib.checks.activations import check_gain, check_maxout_pieces, check_swish
from lib.checks.augmentation import (
    check_flip_signs,
    check_own_augmentation,
    check_shear_matrices,
    check_ten_crops,
)
from lib.checks.hyperparameters import (
    check_exponential_average,
    check_k_fold,
    check_trials_needed,
    check_ward,
)
from lib.checks.preprocessing import (
    check_fold,
    check_standardize,
    check_streaming,
    check_zca,
)
from lib.checks.regularization import (
    check_cutmix,
    check_early_stopping,
    check_elastic_gradient,
    check_spatial_dropout,
)
from lib.checks.report import Case, Report, expect_close, run_cases

__all__ = [
    "Case",
    "Report",
    "check_cutmix",
    "check_early_stopping",
    "check_elastic_gradient",
    "check_exponential_average",
    "check_flip_signs",
    "check_fold",
    "check_gain",
    "check_k_fold",
    "check_maxout_pieces",
    "check_own_augmentation",
    "check_shear_matrices",
    "check_spatial_dropout",
    "check_standardize",
    "check_streaming",
    "check_swish",
    "check_ten_crops",
    "check_trials_needed",
    "check_ward",
    "check_zca",
    "expect_close",
    "run_cases",
]
