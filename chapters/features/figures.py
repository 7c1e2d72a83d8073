"""The figures of chapter 6: filters, neighbors, maps of vectors, activations, and patches."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from lib.plotting.images import plot_image, plot_tiles
from lib.plotting.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    SKY,
    SOFT,
    VERMILLION,
    figure,
    plot_spread,
)
from lib.visualization import Neighbors, Patches, ReceptiveField

GROUP_COLORS = (BLUE, ORANGE, GREEN)
SPACE_COLORS = {
    "ImageNet": GREEN,
    "untrained": GRAY,
    "pixels": VERMILLION,
    "averaged": SKY,
    "features": BLUE,
}
BARE = {"left": 0.01, "right": 0.99, "top": 0.88, "bottom": 0.02, "wspace": 0.05}


def _smooth(*axes: Axes) -> None:
    """Average pictures that have more pixels than the frame: smaller files, no moiré."""
    for ax in axes:
        for image in ax.images:
            image.set_interpolation("antialiased")


def filter_pictures(filters: Tensor) -> Tensor:
    """Filters (n, c, height, width) as pictures in [0, 1]: gray is zero, each at its own scale.

    Filters that do not have three channels become gray pictures of their first channel.
    """
    shown = filters if filters.shape[1] == 3 else filters[:, :1]
    largest = shown.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12)
    return 0.5 + shown / (2 * largest)


def plot_strips(ax: Axes, groups: Mapping[str, Tensor]) -> Axes:
    """Draw the values of each group as dots in its own row, the first at the top."""
    for row, values in enumerate(groups.values()):
        spread = 0.11 * (
            np.arange(len(values)) % 5 - 2
        )  # so that equal ones do not hide each other
        color = GRAY if row == 0 else BLUE if row == 1 else GREEN
        order = values.cpu().sort().values
        ax.plot(order, row + spread, "o", color=color, ms=5.5, alpha=0.75, mew=0)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.grid(axis="y", visible=False)
    return ax


def plot_neighbors(
    ax: Axes,
    images: Tensor,
    labels: Tensor,
    queries: Sequence[int],
    found: Neighbors,
    *,
    title: str,
) -> Axes:
    """Draw a row for each query: the picture, a gap, and its neighbors, in blue if of its class.

    Args:
        images: (n, 3, height, width), square.
        labels: (n,).
        queries: indices into the images.
        found: the result of `nearest_neighbors` with all images as queries.
        title: stands above the neighbors.
    """
    near = found.indices[list(queries)].cpu()
    side, columns = images.shape[-1], near.shape[1]
    gap, left = side // 6, side + side // 2  # the neighbors begin at `left`
    plot_tiles(ax, images[list(queries)], columns=1, gap=gap)
    plot_tiles(ax, images[near.flatten()], columns=columns, gap=gap)
    right, bottom = left + columns * (side + gap) - gap - 0.5, len(near) * (side + gap) - gap - 0.5
    ax.images[-1].set_extent((left - 0.5, right, bottom, -0.5))
    ax.set(xlim=(-0.5 - gap / 2, right + gap / 2), ylim=(bottom + gap / 2, -0.5 - gap / 2))
    for (y, x), index in np.ndenumerate(near.numpy()):
        same = bool(labels[index] == labels[queries[y]])
        corner = left + x * (side + gap) - 0.5, y * (side + gap) - 0.5
        color, width = (BLUE, 3.5) if same else (GRAY, 1.5)
        ax.add_patch(Rectangle(corner, side, side, fill=False, ec=color, lw=width))
    for x, text in ((0, "query"), (left, title)):
        ax.text(x - 0.5, -0.5 - gap, text, fontsize=11, va="bottom")
    return ax


def plot_shares(
    ax: Axes, shifts: Sequence[int], shares: Mapping[str, np.ndarray], *, chance: float
) -> Axes:
    """Draw the share of neighbors of the same class against the shift of the queries.

    Args:
        shifts: shifts in percent of the width.
        shares: for each space a (seeds, shifts) array, in percent; colors by `SPACE_COLORS`.
        chance: share for random guessing, in percent.
    """
    for name, values in shares.items():
        color = next((c for key, c in SPACE_COLORS.items() if key in name), INK)
        plot_spread(ax, np.array(shifts), values, color=color, label=name, marker="o", ms=4)
    ax.axhline(chance, color=GRAY, ls=":", lw=1.4)
    ax.text(shifts[0], chance - 6, "by chance", fontsize=11, color=SOFT)
    ax.set(xlabel="shift, % of the width", ylabel="neighbors of the same class, %", ylim=(0, 100))
    ax.legend(loc="upper left", bbox_to_anchor=(-0.1, -0.2), ncols=2)
    return ax


def plot_groups(ax: Axes, places: Tensor, groups: Tensor, *, title: str) -> Axes:
    """Draw points (n, 2) in the color of their group, with equal scales on both axes."""
    for group in groups.unique().tolist():
        at = places[groups == group].cpu()
        color = GROUP_COLORS[group % len(GROUP_COLORS)]
        ax.plot(*at.T, ".", color=color, ms=6, alpha=0.75, mew=0)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=GRAY, linewidth=0.6)
    ax.set_title(title, fontsize=11)
    return ax


def tsne_figure(points: Tensor, groups: Tensor, places: Tensor, *, perplexity: float) -> Figure:
    """A frame of the explorer of perplexities: two coordinates of the points, and their t-SNE.

    Args:
        points: (n, d); the structure is in the first two coordinates.
        groups: (n,), up to three groups.
        places: (n, 2), the t-SNE map.
    """
    margins = BARE | {"left": 0.02, "right": 0.98, "wspace": 0.08}
    made, (truth, layout) = figure(1, 2, height=2.75, margins=margins)
    plot_groups(truth, points[:, :2], groups, title="two of ten coordinates")
    plot_groups(layout, places, groups, title=f"t-SNE, perplexity {perplexity:g}")
    return made


def gray_maps(maps: Tensor) -> Tensor:
    """Maps (n, height, width) as gray pictures (n, 1, height, width), black to white in each."""
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return ((maps - low) / (high - low).clamp(min=1e-12))[:, None].float()


def strongest_channels(maps: Tensor, count: int) -> Tensor:
    """The channels whose maps (channels, height, width) vary most over the picture, in order."""
    order = maps.float().flatten(1).std(dim=1).argsort(descending=True, stable=True)
    return order[:count].sort().values


def activations_figure(photo: Tensor, maps: Tensor, *, name: str) -> Figure:
    """A frame of the explorer of layers: a photograph, and the nine maps that vary most, gray.

    Args:
        photo: (3, height, width).
        maps: (channels, rows, columns) of one layer.
        name: of the layer.
    """
    made, (picture, tiles) = figure(1, 2, height=3.0, margins=BARE | {"top": 0.9, "wspace": 0.03})
    plot_image(picture, photo, title="the photograph")
    shown = gray_maps(maps[strongest_channels(maps, 9)])
    plot_tiles(tiles, shown, columns=3, gap=max(1, maps.shape[-1] // 18))
    count, rows, columns = maps.shape
    tiles.set_title(f"{name}: 9 of {count} maps, {rows} × {columns}", fontsize=11)
    _smooth(picture, tiles)
    return made


def plot_field(ax: Axes, photo: Tensor, box: Sequence[int], *, title: str) -> Axes:
    """Draw a photograph, dimmed outside the box (top, left, bottom, right) that a unit sees."""
    top, left, bottom, right = box
    shown = 0.72 + 0.28 * photo.clone()
    shown[:, top:bottom, left:right] = photo[:, top:bottom, left:right]
    plot_image(ax, shown, title=title)
    size = right - left, bottom - top
    for color, width in (("white", 4.0), (VERMILLION, 2.0)):
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), *size, fill=False, ec=color, lw=width))
    return ax


def field_figure(photo: Tensor, field: ReceptiveField, *, unit: tuple[int, int]) -> Figure:
    """A frame of the explorer of receptive fields: where a unit looks, and what it sees.

    Args:
        photo: (3, height, width), of the size the field was measured for.
        unit: its row and column.
    """
    box = top, left, bottom, right = field.box(*unit)
    made, (whole, seen) = figure(1, 2, height=2.9, margins=BARE)
    rows, columns = field.units
    plot_field(whole, photo, box, title=f"one of {rows} × {columns} units")
    plot_image(seen, photo[:, top:bottom, left:right])
    size = " × ".join(map(str, field.size))
    cut = (bottom - top, right - left) != field.size
    seen.set_title(f"sees {size} pixels" + (", cut" if cut else ""), fontsize=11)
    seen.set_anchor("N")
    _smooth(whole, seen)
    return made


def plot_fields(
    ax: Axes, fields: Mapping[str, ReceptiveField], *, at: Sequence[float] | None = None
) -> Axes:
    """Draw the heights of receptive fields against the layers, and the image's height.

    Args:
        fields: by the name of the layer, in order.
        at: position of each layer along the axis; one step apart if None.
    """
    sizes = [field.size[0] for field in fields.values()]
    height = next(iter(fields.values())).image_size[0]
    places = range(len(sizes)) if at is None else at
    ax.plot(places, sizes, "o-", color=BLUE)
    for x, size in zip(places, sizes, strict=True):
        offset, ha = ((-6, 5), "right") if size > height else ((6, -13), "left")
        ax.annotate(f"{size}", (x, size), offset, textcoords="offset points", ha=ha)
    ax.axhline(height, color=VERMILLION, ls="--", lw=1.4)
    ax.text(places[0], height * 1.35, f"the image: {height}", color=VERMILLION, fontsize=11)
    ax.set_yscale("log", base=2)
    ax.set_yticks([1, 4, 16, 64, 256, 1024], ["1", "4", "16", "64", "256", "1024"])
    ax.set_xticks(places, list(fields), rotation=25, ha="right")
    ax.set(ylabel="receptive field, pixels", ylim=(1, 2400))
    return ax


def exciting_patches_figure(found: Patches, images: Tensor, *, name: str) -> Figure:
    """A frame of the explorer of patches: the nine strongest, and where the first was found.

    Args:
        found: the result of `maximally_activating_patches`.
        images: those the patches were cut from.
        name: of the channel.
    """
    made, (tiles, whole) = figure(1, 2, height=3.0, margins=BARE)
    plot_tiles(tiles, found.images[:9], columns=3, gap=max(1, found.images.shape[-1] // 12))
    tiles.set_title(name, fontsize=11)
    index, box = int(found.indices[0]), found.boxes[0].tolist()
    plot_field(whole, images[index], box, title="where the first was found")
    _smooth(tiles, whole)
    return made


def plot_purity(
    ax: Axes, layers: Sequence[str], purity: Mapping[str, np.ndarray], *, chance: float
) -> Axes:
    """Draw how many of a channel's nine best pictures share a class, layer by layer.

    Args:
        layers: names, from the first to the last.
        purity: for "trained" and "untrained" a (networks, layers) array, in percent.
        chance: what nine random pictures reach, in percent.
    """
    for name, values in purity.items():
        color = GRAY if name == "untrained" else BLUE
        plot_spread(ax, np.arange(len(layers)), values, color=color, label=name, marker="o", ms=5)
    ax.axhline(chance, color=INK, ls=":", lw=1.4, label="random pictures")
    ax.set_xticks(range(len(layers)), layers)
    ax.set(ylabel="of nine best pictures,\nshare of one class, %", ylim=(0, 100))
    ax.legend(loc="upper left")
    return ax
