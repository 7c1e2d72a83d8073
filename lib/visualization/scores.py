"""How good is a map? Scores against a known object, the network, or another map.

Scores are computed in the maps' precision, float32 at least, and returned in it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.precision import wide, wide_dtype
from lib.visualization.examining import copy_of


def energy_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """The fraction of each map's positive values that lies in the mask: (batch,), 0 to 1.

    Negative values count as 0. A map without positive values points nowhere; like a uniform map, it
    gets the mask's fraction of the image.

    Args:
        maps: (batch, height, width).
        masks: (batch, height, width) or (batch, 1, height, width), bool.

    Raises:
        TypeError: masks that are not bool.
        ValueError: mismatched shapes, or maps that are not finite.

    Source: Wang et al., "Score-CAM", CVPR workshop 2020 (there with boxes).
    """
    maps, masks = _checked(maps, masks)
    positive = maps.clamp(min=0).flatten(1)
    # Divide by the maximum first: sums of tiny gradients would underflow, of huge ones overflow.
    largest = positive.amax(dim=1, keepdim=True)
    positive = torch.where(largest > 0, positive / largest, 1.0)
    return (positive * masks.flatten(1)).sum(dim=1) / positive.sum(dim=1)


def pointing_game(maps: Tensor, masks: Tensor, *, tolerance: int = 0) -> Tensor:
    """Whether each map is largest inside the mask: (batch,), 1 for yes, 0 for no.

    If several pixels share the maximum, the result is the fraction of them that lies inside.

    Args:
        maps, masks: as in `energy_inside`.
        tolerance: pixels by which the mask is widened on all sides.

    Raises:
        TypeError, ValueError: as for `energy_inside`; or a negative tolerance.

    Source: Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016.
    """
    if tolerance < 0:
        raise ValueError(f"tolerance must be at least 0; got {tolerance}")
    maps, masks = _checked(maps, masks)
    if tolerance:
        reach = 2 * tolerance + 1
        masks = functional.max_pool2d(masks[:, None].to(maps), reach, 1, tolerance)[:, 0] > 0
    largest = maps == maps.amax(dim=(1, 2), keepdim=True)
    inside = (largest & masks).sum(dim=(1, 2), dtype=maps.dtype)
    return inside / largest.sum(dim=(1, 2))


def rank_correlation(maps: Tensor, others: Tensor) -> Tensor:
    """Spearman's correlation of each map with its counterpart over pixels: (batch,).

    Equal values share their mean rank; a constant map has correlation 0 with any map.

    Args:
        maps, others: (batch, height, width), with at least two values each.

    Raises:
        ValueError: shapes that differ, or values that are not finite.
    """
    if maps.shape != others.shape or maps.ndim < 2:
        raise ValueError(
            f"expected two batches of one shape; got {tuple(maps.shape)} and {tuple(others.shape)}"
        )
    first, second = (_centered_ranks(values.flatten(1).cpu()) for values in (maps, others))
    norms = first.norm(dim=1) * second.norm(dim=1)
    inner = (first * second).sum(dim=1)
    correlations = torch.where(norms > 0, inner / norms.clamp(min=1e-30), 0.0)
    dtype = torch.promote_types(wide_dtype(maps), wide_dtype(others))
    return correlations.to(dtype).to(maps.device)


def randomize_layers(
    model: nn.Module, layers: Sequence[str], *, generator: torch.Generator
) -> nn.Module:
    """A copy of the model in which the weights of these layers are shuffled.

    Shuffling within each tensor preserves the distribution of its values, and so the scale of the
    signals; redrawing them, as the source does, would not.

    Args:
        model: is not changed.
        layers: names in `model.named_modules()`; each includes its submodules.
        generator: a CPU generator.

    Raises:
        ValueError: no such layer, or none of them has weights.

    Source: Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, section 3.
    """
    changed = copy_of(model)
    modules = dict(changed.named_modules(remove_duplicate=False))
    unknown = [name for name in layers if name not in modules]
    if unknown:
        raise ValueError(f"the model has no layer {', '.join(map(repr, unknown))}")
    weights = dict.fromkeys(w for name in layers for w in modules[name].parameters())
    if not weights:
        raise ValueError(f"none of the layers {', '.join(map(repr, layers))} has weights")
    with torch.no_grad():
        for weight in weights:
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view(weight.shape))
    return changed


def _checked(maps: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Maps in float32 or wider and masks, both (batch, height, width)."""
    if masks.dtype != torch.bool:
        raise TypeError(f"masks must be bool; got {masks.dtype}")
    masks = masks[:, 0] if masks.ndim == 4 and masks.shape[1] == 1 else masks
    if maps.ndim != 3 or 0 in maps.shape or maps.shape != masks.shape:
        raise ValueError(
            f"expected maps and masks (batch, height, width); got {tuple(maps.shape)} and "
            f"{tuple(masks.shape)}"
        )
    if not bool(maps.isfinite().all()):
        raise ValueError("maps must be finite; got NaN or infinity")
    return wide(maps), masks.to(maps.device)


def _centered_ranks(values: Tensor) -> Tensor:
    """Ranks (batch, values) in float64 minus their mean; equal values share the mean rank.

    Args:
        values: (batch, values), on the CPU, since not all devices support float64.
    """
    if not bool(values.isfinite().all()):
        raise ValueError("maps must be finite; got NaN or infinity")
    ranks = []
    for row in values:
        _, group, counts = row.unique(return_inverse=True, return_counts=True)
        last = counts.cumsum(0).double()
        ranks.append((last - (counts.double() - 1) / 2)[group])
    stacked = torch.stack(ranks)
    return stacked - stacked.mean(dim=1, keepdim=True)
