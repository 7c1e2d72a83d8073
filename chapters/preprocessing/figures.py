"""Figures of chapter 2: clouds of data beside their loss, and images under each preprocessing."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lib.plotting.images import plot_tiles
from lib.plotting.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    figure,
    plot_spread,
)

PREPROCESSING_COLORS = {
    "0 to 255": VERMILLION,
    "0 to 1": ORANGE,
    "mean image": PURPLE,
    "channel mean": SKY,
    "standardized": BLUE,
    "PCA-whitened": GRAY,
    "ZCA-whitened": GREEN,
}


def signed_picture(values: Tensor, *, limit: float | None = None) -> Tensor:
    """`values` of any shape as pixels in [0, 1]: 0 becomes middle gray, ± limit black and white.

    Args:
        limit: None means the 99th percentile of the absolute values.
    """
    if limit is None:
        sizes = values.abs().flatten()
        limit = sizes.kthvalue(max(1, round(0.99 * sizes.numel()))).values.item() or 1.0
    return (0.5 + values / (2 * limit)).clamp(0, 1)


def plot_cloud(ax: Axes, points: Tensor, *, limits: tuple[float, float]) -> Axes:
    """Draw data points (n, 2) and the two axes through the origin."""
    ax.axhline(0, color=INK, lw=0.9)
    ax.axvline(0, color=INK, lw=0.9)
    ax.plot(*points.T.cpu().numpy(), ".", color=BLUE, ms=3.5, alpha=0.6)
    ax.set(xlim=limits, ylim=limits, xlabel="input 1", ylabel="input 2")
    ax.set_aspect("equal")
    return ax


def plot_loss_contours(ax: Axes, hessian: Tensor, path: Tensor, *, limit: float) -> Axes:
    """Draw level lines of the loss eᵀ H e / 2 around its minimum, and a path (points, 2) on it."""
    side = torch.linspace(-limit, limit, 121)
    e = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=-1)
    loss = ((e @ hessian.to(e)) * e).sum(dim=-1) / 2
    levels = np.linspace(0.12, 1, 8) ** 2 * loss.max().item()
    ax.contour(side, side, loss.numpy(), levels=levels, colors=GRAY, linewidths=1)
    ax.plot(*path.T.numpy(), "o-", color=VERMILLION, ms=3.5, lw=1.5)
    ax.plot(0, 0, "*", color=INK, ms=12)
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[0], yticks=[0])
    ax.set(xlabel="error of weight 1", ylabel="error of weight 2")
    ax.set_aspect("equal")
    return ax


def _descent(points: Tensor, steps: int = 15) -> tuple[Tensor, Tensor]:
    """The Hessian of the squared loss on these points, and descent on it at the best rate."""
    hessian = points.T @ points / len(points)
    ends = torch.linalg.eigvalsh(hessian)
    path = [torch.tensor([-0.8, 0.3], dtype=points.dtype)]
    for _ in range(steps):
        path.append(path[-1] - 2 / ends.sum() * (hessian @ path[-1]))
    return hessian, torch.stack(path)


def cloud_figure(points: Tensor, *, step: str) -> Figure:
    """A figure of a cloud of data (left) and of the loss of a linear fit to it (right).

    Args:
        points: (n, 2), the inputs of the fit.
        step: what has been done to them, for the title.
    """
    margins = {"left": 0.1, "right": 0.98, "bottom": 0.16, "top": 0.89, "wspace": 0.25}
    fig, (left, right) = figure(1, 2, height=3.1, margins=margins)
    plot_cloud(left, points, limits=(-4, 7))
    left.set(title=step, xticks=[-3, 0, 3, 6], yticks=[-3, 0, 3, 6])
    hessian, path = _descent(points)
    plot_loss_contours(right, hessian, path, limit=1)
    right.set(title=f"condition number {condition_number(points):.3g}")
    return fig


def condition_number(points: Tensor) -> float:
    """Largest over smallest curvature of a linear fit to inputs (n, D), without a bias."""
    ends = torch.linalg.eigvalsh(points.T.double() @ points.double() / len(points))
    return (ends[-1] / ends[0]).item()


def describe_cloud(points: Tensor, *, step: str) -> str:
    """What `cloud_figure` shows, in words."""
    (a, b), remaining = points.mean(dim=0).tolist(), _descent(points)[1][-1].norm().item()
    return (
        f"{step}: a cloud of points around ({a:.1f}, {b:.1f}). The loss of a linear fit has "
        f"condition number {condition_number(points):.3g}; after 15 steps at the best rate, "
        f"descent is {remaining:.2f} away from the best weights."
    )


def plot_whitened_spectrum(ax: Axes, before: Tensor, after: Tensor, *, epsilon: float) -> Axes:
    """Draw the variance along each principal direction before and after whitening, and epsilon.

    Args:
        before: (D,), in descending order.
        after: (K,), for the directions kept.
    """
    ranks = np.arange(1, len(before) + 1)
    ax.loglog(ranks, before.cpu().numpy(), color=BLUE, label="before")
    ax.loglog(ranks[: len(after)], after.cpu().numpy(), color=GREEN, label="after")
    ax.plot(len(after), after[-1].item(), "o", color=GREEN, ms=6)
    ax.axhline(epsilon, color=GRAY, lw=1.2, ls=(0, (4, 2)), label="ε")
    ax.set(xlabel="principal direction", ylabel="variance", ylim=(1e-7, 2e2))
    ax.set_yticks([1e-6, 1e-3, 1])
    ax.legend(loc="upper right", ncols=3)
    return ax


def patches_figure(
    original: Tensor, whitened: Tensor, before: Tensor, after: Tensor, *, epsilon: float
) -> Figure:
    """A figure of photo patches, the same ones whitened, and the variances along all directions.

    Args:
        original: (n, 3, height, width) in [0, 1].
        whitened: the same shape, around zero.
        before, after, epsilon: as in `plot_whitened_spectrum`.
    """
    margins = {"left": 0.15, "right": 0.98, "bottom": 0.13, "top": 0.94, "hspace": 0.25}
    shares = {"height_ratios": [1, 1, 1.5]}
    fig, axes = figure(3, 1, height=4.6, margins=margins, gridspec_kw=shares)
    rows = {"original": original, "ZCA-whitened": signed_picture(whitened)}
    for ax, (title, images) in zip(axes, rows.items(), strict=False):
        plot_tiles(ax, images, columns=len(images), gap=2, title=title)
    plot_whitened_spectrum(axes[2], before, after, epsilon=epsilon)
    return fig


def plot_accuracy_by_rate(
    axes: Sequence[Axes], curves: Mapping[str, tuple[Sequence[float], np.ndarray]]
) -> None:
    """Draw accuracy in percent against learning rate, each preprocessing in its color.

    Args:
        axes: the first one is for pixels from 0 to 255, whose rates are thousands of times smaller.
        curves: for each key of `PREPROCESSING_COLORS`, its own rates and (seeds, rates) in percent.
    """
    for name, (rates, accuracy) in curves.items():
        ax, color = axes[int(name != "0 to 255")], PREPROCESSING_COLORS[name]
        plot_spread(ax, rates, accuracy, color=color, label=name, marker="o", ms=4)
    for ax in axes:
        ax.set(xscale="log", xlabel="learning rate")
        ax.minorticks_off()
    axes[0].set_ylabel("validation accuracy (%)")
