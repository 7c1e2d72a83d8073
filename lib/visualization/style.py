"""Pictures with the features of others: inversion, texture synthesis and style transfer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lib.precision import wide_dtype
from lib.visualization.base import check_input
from lib.visualization.objectives import (
    Objective,
    feature_distance,
    gram_distance,
    gram_matrix,
    record,
    total_variation,
)
from lib.visualization.parametrizations import Parametrization, fourier
from lib.visualization.synthesis import Synthesis, synthesize


def invert_features(
    model: nn.Module,
    images: Tensor,
    layer: str,
    *,
    parametrization: Parametrization,
    tv: float = 0.0,
    beta: float = 2.0,
    **options,
) -> Synthesis:
    """Images that give a layer the same features as these: what the layer retains of them.

    Args:
        model: any network.
        images: (batch, channels, height, width), on the model's device and in its dtype.
        layer: the layer whose output is matched.
        parametrization: where to start, such as `fourier_noise`.
        tv: weight of the total variation.
        beta: exponent of `total_variation`.
        options: options of `synthesize`.

    Raises:
        ValueError, TypeError: what `synthesize` and `record` reject.

    Source: Mahendran and Vedaldi, "Understanding deep image representations by inverting them",
    CVPR 2015, equation 2.
    """
    check_input(model, images)
    objective = -feature_distance(record(model, images, (layer,)))
    if tv:
        objective = objective - tv * total_variation(beta)
    return synthesize(model, objective, parametrization=parametrization, **options)


def style_grams(model: nn.Module, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """The Gram matrices of layers' features, a description of style without positions."""
    check_input(model, images)
    features = record(model, images, tuple(layers))
    return {layer: gram_matrix(output) for layer, output in features.items()}


def synthesize_texture(
    model: nn.Module,
    images: Tensor,
    *,
    layers: Sequence[str],
    parametrization: Parametrization,
    tv: float = 0.0,
    **options,
) -> Synthesis:
    """Images with the same Gram matrices as these: the same texture in other positions.

    Args:
        model: any network.
        images: (1 or batch, channels, height, width), on the model's device and in its dtype.
        layers: whose Gram matrices are matched; their receptive fields limit how large details are.
        parametrization: where to start; it may have another height and width.
        tv: weight of the total variation.
        options: options of `synthesize`.

    Raises:
        ValueError, TypeError: what `synthesize` and `gram_matrix` reject.

    Source: Gatys, Ecker, Bethge, "Texture synthesis using convolutional neural networks", NeurIPS
    2015. They use VGG-19 with average pooling and LBFGS from noise.
    """
    objective = -gram_distance(style_grams(model, images, layers))
    if tv:
        objective = objective - tv * total_variation()
    return synthesize(model, objective, parametrization=parametrization, **options)


def style_objective(
    model: nn.Module,
    content: Tensor,
    style: Tensor,
    *,
    content_layer: str,
    style_layers: Sequence[str],
    style_weight: float | Tensor,
) -> Objective:
    """Minus the distance to the content's features, minus `style_weight` times that to the style.

    Raises:
        ValueError, TypeError: what `record` and `gram_matrix` reject.
    """
    check_input(model, content)
    likeness = feature_distance(record(model, content, (content_layer,)))
    manner = gram_distance(style_grams(model, style, style_layers))
    return -likeness - manner * style_weight


@torch.inference_mode(False)
def style_transfer(
    model: nn.Module,
    content: Tensor,
    style: Tensor,
    *,
    content_layer: str,
    style_layers: Sequence[str],
    style_weights: Sequence[float],
    tv: float = 0.0,
    **options,
) -> Synthesis:
    """The content's picture with the style's texture, one image for each weight of the style.

    Args:
        model: any network.
        content: (1, channels, height, width) in [0, 1]; the synthesis starts from it.
        style: (1, channels, height, width), of any size.
        content_layer: the layer whose features stay those of the content.
        style_layers: the layers whose Gram matrices become those of the style.
        style_weights: β over α in the paper, one for each image.
        tv: weight of the total variation.
        options: options of `synthesize`.

    Raises:
        ValueError, TypeError: what `synthesize` rejects; or more than one image, or no weights.

    Source: Gatys, Ecker, Bethge, "Image style transfer using convolutional neural networks", CVPR
    2016, equation 7.
    """
    if len(content) != 1 or len(style) != 1 or not style_weights:
        raise ValueError(
            f"expected one content, one style and weights; got {len(content)}, {len(style)} and "
            f"{list(style_weights)}"
        )
    objective = style_objective(
        model, content, style, content_layer=content_layer, style_layers=style_layers,
        style_weight=torch.tensor(style_weights, dtype=wide_dtype(content)),
    )  # fmt: skip
    if tv:
        objective = objective - tv * total_variation()
    start = fourier(content.expand(len(style_weights), -1, -1, -1))
    return synthesize(model, objective, parametrization=start, **options)
