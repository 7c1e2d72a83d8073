"""Pictures rendered in advance: figures to WebP data URLs, within a budget of bytes."""

import io
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from lib.progress import progress_bar

PIXELS = 1080  # well above the width a page shows, sharp on dense screens
QUALITY = 80
COLORS = (32, 64, 128)  # a chart has few, except those of its smoothed edges
TOLERANCE = 24  # levels of 255 by which fewer colors may change a patch of 3 × 3 pixels
PROBES = 4  # frames rendered before the size of all is estimated
DOUBT = 1.5  # an estimate may be off by this factor; only beyond it do we stop early


class Figure(Protocol):
    """What we ask of a matplotlib figure (this floor does not import matplotlib)."""

    canvas: object

    def get_figwidth(self) -> float: ...

    def savefig(self, target: object, **options: object) -> None: ...


class Frame(NamedTuple):
    """A picture rendered in advance.

    Attributes:
        url: a WebP data URL.
        size: width and height, in pixels.
        is_chart: whether few colors are enough for it; pages may draw it in their own.
    """

    url: str
    size: tuple[int, int]
    is_chart: bool


class Frames(NamedTuple):
    """Pictures of one size, rendered in advance; all of them charts, or not."""

    urls: list[str]
    size: tuple[int, int]
    are_charts: bool


def render_frames(
    render: Callable[..., Figure],
    points: Sequence[Mapping[str, object]],
    *,
    max_bytes: int,
    pixels: int = PIXELS,
    progress: bool = True,
) -> Frames:
    """The frame of each point.

    A few frames spread over the grid are rendered first, so that one too large is rejected early.

    Args:
        render: called with a point's values as keyword arguments; returns a figure.
        points: the points to render, one frame each.
        max_bytes: characters all data URLs may take together.
        pixels: width of each frame; a photograph at half the width takes as much as a chart.
        progress: show a progress bar on stderr.

    Raises:
        TypeError: `render` returned something that is not a figure.
        ValueError: the frames are too large in total or differ in size, or a figure is pyplot's.
    """
    stride = -(-len(points) // PROBES)
    order = sorted(range(len(points)), key=lambda index: index % stride > 0)
    frames: dict[int, Frame] = {}
    total = 0
    bar = progress_bar(order, desc="Rendering frames", unit="frame", shown=progress)
    for done, index in enumerate(bar, start=1):
        frames[index] = encode(render(**points[index]), pixels=pixels)
        total += len(frames[index].url)
        first = frames[order[0]]
        _check_size(frames[index].size, first.size, points[index], points[order[0]])
        _check_weight(total, done, len(points), max_bytes)
    kept = [frames[index] for index in range(len(points))]
    return Frames([frame.url for frame in kept], kept[0].size, all(f.is_chart for f in kept))


def encode(figure: Figure, *, pixels: int = PIXELS) -> Frame:
    """The figure as a frame that is `pixels` wide.

    A chart needs few colors: it is drawn with the fewest of `COLORS` that make no visible
    difference, lossless, which is sharp and small. If none will do, as in photographs, the
    smaller of lossless and lossy coding is kept.

    Raises:
        TypeError: it is not a figure.
        ValueError: it is registered with pyplot, which would keep every frame in memory, or there
            would be no pixels.
    """
    if pixels < 1:
        raise ValueError(f"pixels must be at least 1; got {pixels}")
    if not (hasattr(figure, "savefig") and hasattr(figure, "get_figwidth")):
        raise TypeError(f"render must return a matplotlib Figure; got {type(figure).__name__}")
    if getattr(figure.canvas, "manager", None) is not None:
        raise ValueError(
            "render must make its figure outside pyplot (matplotlib.figure.Figure): "
            "pyplot keeps every figure open and shows it a second time under the cell"
        )
    png = io.BytesIO()
    fast = {"compress_level": 1}  # it is read back immediately
    figure.savefig(png, format="png", dpi=pixels / figure.get_figwidth(), pil_kwargs=fast)
    image = Image.open(png).convert("RGB")
    chart = _reduce_colors(image)
    if chart is None:
        content = min(_webp(image, lossless=True), _webp(image, lossless=False), key=len)
    else:
        content = _webp(chart, lossless=True)
    url = f"data:image/webp;base64,{b64encode(content).decode()}"
    return Frame(url, image.size, chart is not None)


def _reduce_colors(image: Image.Image) -> Image.Image | None:
    """The image in the fewest of `COLORS` without a visible difference; None if none will do.

    A mean over the image would miss a small mark that takes another's color, so we look at the
    worst patch. Smoothed edges, one pixel wide, do not count as a patch.
    """
    for colors in COLORS:
        chart = image.quantize(colors, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        chart = chart.convert("RGB")
        red, green, blue = ImageChops.difference(image, chart).split()
        error = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        if np.asarray(error.filter(ImageFilter.MinFilter(3))).max() <= TOLERANCE:
            return chart
    return None


def _webp(image: Image.Image, *, lossless: bool) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=lossless, quality=QUALITY)
    return buffer.getvalue()


def _check_size(size: tuple, expected: tuple, point: Mapping, first: Mapping) -> None:
    if size != expected:
        raise ValueError(
            f"frames must have one size; {first} gave {expected[0]} × {expected[1]} pixels and "
            f"{point} gave {size[0]} × {size[1]} (is savefig.bbox 'tight', or figsize not fixed?)"
        )


def _check_weight(total: int, done: int, count: int, max_bytes: int) -> None:
    mean = total / done
    hopeless = done >= min(PROBES, count) and mean * count > DOUBT * max_bytes
    if total > max_bytes or hopeless:
        raise ValueError(
            f"the explorer is too heavy for a page: {count} frames at {mean / 1e3:.1f} kB "
            f"(mean of {done}) make {mean * count / 1e3:.0f} kB, the budget is "
            f"{max_bytes / 1e3:.0f} kB; offer fewer values or draw a plainer figure"
        )
