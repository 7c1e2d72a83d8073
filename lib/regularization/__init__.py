"""Regularizers in a few lines each: pure functions, and layers that switch them off at test time.

Most share one pattern: noise in training, its average at test. Noise is drawn from a
`torch.Generator`, on the generator's device, and moved to the input's, so every device sees the
same noise. Chapter 3 implements the functions and asserts that they equal these.
"""

from lib.regularization.ensembles import average_logits, average_probabilities
from lib.regularization.layers import (
    DropConnectLinear,
    Dropout,
    FractionalMaxPool2d,
    StochasticDepth,
)
from lib.regularization.losses import (
    elastic_net_penalty,
    elastic_net_penalty_mixing,
    l1_penalty,
    l2_penalty,
    multiclass_svm_loss,
    weights_of,
)
from lib.regularization.noise import drop_connect, dropout, linear_survival, stochastic_depth
from lib.regularization.normalization import (
    batch_norm,
    batch_norm_inference,
)
from lib.regularization.pooling import fractional_boundaries, fractional_max_pool2d

__all__ = [
    "DropConnectLinear",
    "Dropout",
    "FractionalMaxPool2d",
    "StochasticDepth",
    "average_logits",
    "average_probabilities",
    "batch_norm",
    "batch_norm_inference",
    "drop_connect",
    "dropout",
    "elastic_net_penalty",
    "elastic_net_penalty_mixing",
    "fractional_boundaries",
    "fractional_max_pool2d",
    "l1_penalty",
    "l2_penalty",
    "linear_survival",
    "multiclass_svm_loss",
    "stochastic_depth",
    "weights_of",
]
