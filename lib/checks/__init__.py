"""Checks of the exercises: each takes the learner's function and returns a readable `Report`."""

from lib.checks.activations import check_gain, check_maxout_pieces, check_swish
from lib.checks.attention import (
    check_beam_step,
    check_error_rate,
    check_masked_attention,
    check_masked_loss,
)
from lib.checks.augmentation import (
    check_flip_signs,
    check_own_augmentation,
    check_shear_matrices,
    check_ten_crops,
)
from lib.checks.captioning import (
    check_clipped_precision,
    check_look_at_grid,
    check_self_attention,
    check_share_inside,
)
from lib.checks.features import (
    check_compress,
    check_cosine_neighbors,
    check_edge_filter,
    check_unit_box,
)
from lib.checks.hyperparameters import (
    check_exponential_average,
    check_k_fold,
    check_trials_needed,
)
from lib.checks.preprocessing import check_fold, check_standardize, check_streaming, check_zca
from lib.checks.recap import check_convolution_costs, check_convolve, check_sgd_step
from lib.checks.regularization import (
    check_cutmix,
    check_early_stopping,
    check_elastic_gradient,
    check_spatial_dropout,
)
from lib.checks.report import Case, Report, expect_close, run_cases
from lib.checks.saliency import (
    check_contrast,
    check_integrated_gradients,
    check_looks_at,
    check_pointing_game,
    small_network,
)
from lib.checks.sick_trainings import check_ward
from lib.checks.synthesis import check_target_attack, check_total_variation, check_which_layer

__all__ = [
    "Case",
    "Report",
    "check_beam_step",
    "check_clipped_precision",
    "check_compress",
    "check_contrast",
    "check_convolution_costs",
    "check_convolve",
    "check_cosine_neighbors",
    "check_cutmix",
    "check_early_stopping",
    "check_edge_filter",
    "check_elastic_gradient",
    "check_error_rate",
    "check_exponential_average",
    "check_flip_signs",
    "check_fold",
    "check_gain",
    "check_integrated_gradients",
    "check_k_fold",
    "check_look_at_grid",
    "check_looks_at",
    "check_masked_attention",
    "check_masked_loss",
    "check_maxout_pieces",
    "check_own_augmentation",
    "check_pointing_game",
    "check_self_attention",
    "check_sgd_step",
    "check_share_inside",
    "check_shear_matrices",
    "check_spatial_dropout",
    "check_standardize",
    "check_streaming",
    "check_swish",
    "check_target_attack",
    "check_ten_crops",
    "check_total_variation",
    "check_trials_needed",
    "check_unit_box",
    "check_ward",
    "check_which_layer",
    "check_zca",
    "expect_close",
    "run_cases",
    "small_network",
]
