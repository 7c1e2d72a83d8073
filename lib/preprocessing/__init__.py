"""Preprocessing as layers: statistics of the training images that are saved with the model.

Each `fit_…` function uses only training images. Put the layer in front of a network,
`nn.Sequential(layer, network)`, and its statistics are saved, loaded and moved with the weights.

    layer = fit_standardization(train.images)
    whitening = zca_whitening(fit_principal_components(train.images), epsilon=0.01)

A layer made without arguments, such as `Standardization()`, is empty until a saved state is loaded.
All averages are over N, not N - 1, and are taken in float64 on the
CPU, whatever the images' device; layers are on that of the images.
"""

from lib.preprocessing.base import Preprocessing
from lib.preprocessing.standardization import (
    Standardization,
    fit_channel_mean,
    fit_mean_image,
    fit_standardization,
)
from lib.preprocessing.whitening import (
    PrincipalComponents,
    Whitening,
    decorrelation,
    fit_principal_components,
    pca_whitening,
    zca_whitening,
)

__all__ = [
    "Preprocessing",
    "PrincipalComponents",
    "Standardization",
    "Whitening",
    "decorrelation",
    "fit_channel_mean",
    "fit_mean_image",
    "fit_principal_components",
    "fit_standardization",
    "pca_whitening",
    "zca_whitening",
]
