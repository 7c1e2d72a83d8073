"""What a synthesized picture should have much or little of: small terms that add up.

    class_score(281) - 0.01 * squared_norm(center=0.5)
    -feature_distance(features) - 2 * total_variation()

Each gives one number per image and names the layers it uses; one forward pass serves all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.precision import wide, without_autocast
from lib.visualization.base import (
    Neuron,
    Target,
    as_target,
    check_scores,
    forward_with,
    pick,
)
from lib.visualization.examining import examined


class Seen(NamedTuple):
    """The results of one forward pass that an objective can use.

    Attributes:
        images: (batch, channels, height, width), as the network sees them.
        logits: the network's output; not a tensor if the network gives something else.
        outputs: outputs of the layers that the objective names.
    """

    images: Tensor
    logits: Tensor
    outputs: Mapping[str, Tensor]


@dataclass(frozen=True)
class Objective:
    """A number for each image, to be maximized; `a + 2 * b`, `a - b` and `-a` are objectives, too.

    In `a * weights` a tensor (batch,) gives each image its own factor.

    Attributes:
        function: maps a forward pass (`Seen`) to (batch,), differentiable.
        layers: the layers whose outputs the function uses.
    """

    function: Callable[[Seen], Tensor]
    layers: tuple[str, ...] = ()

    def __add__(self, other: "Objective") -> "Objective":
        if not isinstance(other, Objective):
            return NotImplemented
        layers = tuple(dict.fromkeys(self.layers + other.layers))
        return Objective(partial(_sum, self.function, other.function), layers)

    def __mul__(self, factor: float | Tensor) -> "Objective":
        if not isinstance(factor, Real | Tensor):
            return NotImplemented
        return Objective(partial(_scale, self.function, factor), self.layers)

    def __neg__(self) -> "Objective":
        return self * -1

    def __sub__(self, other: "Objective") -> "Objective":
        return self + -other if isinstance(other, Objective) else NotImplemented

    def __radd__(self, other: int) -> "Objective":
        return self if isinstance(other, int) and other == 0 else NotImplemented  # for sum()

    __rmul__ = __mul__


def _sum(first: Callable, second: Callable, seen: Seen) -> Tensor:
    return first(seen) + second(seen)


def _scale(function: Callable, factor: float | Tensor, seen: Seen) -> Tensor:
    value = function(seen)
    return value * (factor.to(value) if isinstance(factor, Tensor) else factor)


def class_score(target: Target) -> Objective:
    """The score of a class before the softmax, or a neuron's activation.

    Args:
        target: one class for all images, one for each, or a `Neuron`.

    Raises:
        TypeError, ValueError: when used: no such class, layer, channel or position.

    Source: Simonyan, Vedaldi, Zisserman (2014), section 2: the unnormalized score, since a class's
    probability also rises when the other scores fall.
    """
    layers = (target.layer,) if isinstance(target, Neuron) else ()
    return Objective(partial(_class_score, target), layers)


def _class_score(target: Target, seen: Seen) -> Tensor:
    target = as_target(target, seen.images)
    if isinstance(target, Neuron):
        return wide(pick(seen.outputs[target.layer], target))
    logits = check_scores(seen.logits, target)
    return wide(logits.gather(1, target[:, None])[:, 0])


def channel_mean(layer: str, channel: int) -> Objective:
    """The mean activation of one channel of a layer (or of one unit, for (batch, units)).

    Raises:
        ValueError: when used: the layer has no such channel.
    """
    return Objective(partial(_channel_mean, layer, channel), (layer,))


def _channel_mean(layer: str, channel: int, seen: Seen) -> Tensor:
    output = seen.outputs[layer]
    if output.ndim < 2 or not 0 <= channel < output.shape[1]:
        raise ValueError(f"layer {layer!r} gives {tuple(output.shape)}; asked for {channel}")
    chosen = wide(output[:, channel])
    return chosen.flatten(1).mean(1) if output.ndim > 2 else chosen


def layer_energy(layer: str) -> Objective:
    """The mean square of all activations of a layer: what deep dream maximizes.

    Source: Mordvintsev, Olah, Tyka (2015): enhance whatever the layer detects.
    """
    return Objective(partial(_layer_energy, layer), (layer,))


def _layer_energy(layer: str, seen: Seen) -> Tensor:
    return wide(seen.outputs[layer]).square().flatten(1).mean(1)


def feature_distance(features: Mapping[str, Tensor]) -> Objective:
    """The squared distance of layers' outputs to given ones, over the latter's squared norm.

    Args:
        features: for each layer its target, (1 or batch, …), such as that of `record`; the
            distances of several layers are added.

    Raises:
        ValueError: when used: a layer's output has a different shape.

    Source: Mahendran and Vedaldi (2015), equation 3.
    """
    return Objective(partial(_feature_distance, dict(features)), tuple(features))


def _feature_distance(features: Mapping[str, Tensor], seen: Seen) -> Tensor:
    return _relative_distance(seen.outputs, features)


@without_autocast()
def gram_matrix(features: Tensor) -> Tensor:
    """The mean over places of the products of all pairs of channels, (batch, channels, channels).

    Args:
        features: (batch, channels, height, width).

    Raises:
        ValueError: a wrong shape.

    Source: Gatys, Ecker, Bethge (2015), equation 1. They sum over the positions; the mean makes
    pictures of different sizes comparable. Half precision is summed, and returned, in float32.
    """
    if features.ndim != 4:
        raise ValueError(
            f"features must be (batch, channels, height, width); got {tuple(features.shape)}"
        )
    columns = wide(features).flatten(2)
    return columns @ columns.transpose(1, 2) / columns.shape[2]


def gram_distance(grams: Mapping[str, Tensor]) -> Objective:
    """The squared distance of layers' Gram matrices to given ones, over the latter's squared norm.

    Args:
        grams: for each layer (1 or batch, channels, channels), such as that of `gram_matrix`; the
            distances of several layers are averaged.

    Raises:
        ValueError: when used: a layer has a different number of channels.

    Source: Gatys, Ecker, Bethge (2015), equations 2 to 4. They divide by the size of the layer
    (squared); we by the norm of the given matrix, so that layers have equal weight in any network.
    """
    return Objective(partial(_gram_distance, dict(grams)), tuple(grams))


def _gram_distance(grams: Mapping[str, Tensor], seen: Seen) -> Tensor:
    ours = {layer: gram_matrix(seen.outputs[layer]) for layer in grams}
    return _relative_distance(ours, grams) / len(grams)


def _relative_distance(ours: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> Tensor:
    total = torch.zeros(())
    for layer, target in given.items():
        output = wide(ours[layer])
        if output.shape[1:] != target.shape[1:] or target.shape[0] not in (1, output.shape[0]):
            raise ValueError(
                f"layer {layer!r} gives {tuple(output.shape)} here, the target is "
                f"{tuple(target.shape)}"
            )
        target = target.to(output)
        norm = target.square().flatten(1).sum(1).clamp(min=1e-12)
        total = total + (output - target).square().flatten(1).sum(1) / norm
    return total


def total_variation(beta: float = 2.0) -> Objective:
    """The mean over pixels and channels of (squared steps to the right and down) ** (beta / 2).

    Args:
        beta: 2 penalizes large steps and so blurs; 1 preserves isolated edges.

    Raises:
        ValueError: beta is not positive; when used: images of fewer than 2 × 2 pixels.

    Source: Mahendran and Vedaldi (2015), equation 5, divided by the number of pixels.
    """
    if not beta > 0:
        raise ValueError(f"beta must be positive; got {beta}")
    return Objective(partial(_total_variation, beta))


def _total_variation(beta: float, seen: Seen) -> Tensor:
    x = wide(seen.images)
    if min(x.shape[2:]) < 2:
        raise ValueError(f"total variation needs 2 × 2 pixels or more; got {tuple(x.shape)}")
    right, down = x.diff(dim=3)[:, :, :-1], x.diff(dim=2)[..., :-1]
    steps = right.square() + down.square()
    if beta != 2:
        steps = (steps + 1e-8) ** (beta / 2)  # the power has no finite slope at 0
    return steps.flatten(1).mean(1)


def squared_norm(*, center: float = 0.0) -> Objective:
    """The sum of all squared pixels, measured from `center`: 0.5 for images in [0, 1].

    Source: Simonyan, Vedaldi, Zisserman (2014), equation 1, where images have mean zero.
    """
    return Objective(partial(_squared_norm, center))


def _squared_norm(center: float, seen: Seen) -> Tensor:
    return (wide(seen.images) - center).square().flatten(1).sum(1)


def evaluate(model: nn.Module, images: Tensor, objective: Objective) -> Tensor:
    """The objective of each image, (batch,) in float32 or wider, part of the images' graph.

    Call this inside `examined`.

    Raises:
        ValueError: what the objective rejects, or not one number per image.
    """
    logits, outputs = forward_with(model, images.clone(), objective.layers)
    scores = objective.function(Seen(images, logits, outputs))
    if scores.shape != (len(images),):
        raise ValueError(f"an objective must give (batch,); got {tuple(scores.shape)}")
    return scores


def record(model: nn.Module, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
    """The outputs of the named layers, detached: targets for `feature_distance`.

    Raises:
        ValueError: the model has no such layer, or did not call it, or called it several times.
    """
    with examined(model), torch.no_grad():
        return forward_with(model, images.clone(), layers)[1]


def scores(model: nn.Module, images: Tensor, objective: Objective) -> Tensor:
    """The objective of each image, (batch,), detached; the model is left unchanged."""
    with examined(model), torch.no_grad():
        return evaluate(model, images, objective)
