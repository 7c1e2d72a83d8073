"""Many small pictures laid out on a map; select one to see what is closest to it, in two spaces.

PictureMap(images, labels, classes, layouts={"t-SNE": places, "PCA": others},
           neighbors={"feature space": indices, "pixel space": others})
"""

import io
import json
import math
from base64 import b64encode
from collections.abc import Mapping, Sequence

import anywidget
import numpy as np
import torch
import traitlets
from PIL import Image

from lib.labels import class_indices
from lib.widgets.assets import script, style

MAX_PICTURES = 500
MAX_CLASSES = 10  # number of colors available
MAX_NEIGHBORS = 8  # that fit in a row on a phone
MAX_SIDE = 64  # pixels along a side of a picture on the sheet
MAX_BYTES = 400_000
QUALITY = 82
RATIO = 5 / 4  # width of the map over its height
PLACES = 1000  # steps along each side of the map


class PictureMap(anywidget.AnyWidget):
    """A map of pictures, framed in the color of their class; needs no kernel.

    The reader selects a picture by mouse or arrow keys and sees it enlarged, with its nearest
    neighbors in each space side by side, and lines to them on the map. One list switches the
    layout, another shows only one class.
    """

    _esm = script("picture_map")
    _css = style("picture_map")
    title = traitlets.Unicode().tag(sync=True)
    sheet = traitlets.Unicode().tag(sync=True)  # all pictures in one, row by row
    columns = traitlets.Int().tag(sync=True)  # of the sheet
    proportion = traitlets.Float().tag(sync=True)  # height of a picture over its width
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    layouts = traitlets.List().tag(sync=True)
    spaces = traitlets.List().tag(sync=True)
    layout_name = traitlets.Unicode().tag(sync=True)  # AnyWidget has its own `layout`
    shown = traitlets.Int(-1).tag(sync=True)  # the only class shown; -1 shows all
    selected = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        images: object,
        labels: Sequence[int],
        classes: Sequence[str],
        layouts: Mapping[str, object],
        neighbors: Mapping[str, object],
        *,
        title: str = "What lies close to what?",
        selected: int = 0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Collect the pictures.

        Args:
            images: (n, 1 or 3, height, width) in [0, 1], an array or a tensor on the CPU; up to
                `MAX_PICTURES`, larger ones are reduced to `MAX_SIDE` pixels.
            labels: (n,), each an index into `classes`; a list, an array or a tensor.
            classes: names of up to `MAX_CLASSES` classes.
            layouts: for each name (n, 2), positions to the right and upward; the first is shown
                first. Both directions have the same scale.
            neighbors: for each of one or two spaces (n, k), the indices of the nearest pictures,
                closest first, up to `MAX_NEIGHBORS`.
            title: the question the map answers, in plain text.
            selected: index of the picture selected first.
            max_bytes: the most that the pictures may take in the page.

        Raises:
            TypeError: labels that are not integers.
            ValueError: mismatched shapes or counts, labels or neighbors out of range, or pictures
                that are too large in total.
        """
        pixels = _check_images(images)
        count = len(pixels)
        names = _check_classes(classes)
        indices = class_indices(torch.as_tensor(labels, device="cpu"), (count, len(names)))
        if not 0 <= selected < count:
            raise ValueError(f"selected must be from 0 to {count - 1}; got {selected}")
        if not layouts or not 1 <= len(neighbors) <= 2:
            raise ValueError(
                f"give a layout and one or two spaces of neighbors; got {len(layouts)} and "
                f"{len(neighbors)}"
            )
        sheet, columns = _make_sheet(pixels, max_bytes)
        super().__init__(
            title=title,
            sheet=sheet,
            columns=columns,
            proportion=pixels.shape[1] / pixels.shape[2],
            labels=indices.tolist(),
            classes=names,
            layouts=[_describe_layout(name, at, count) for name, at in layouts.items()],
            spaces=[_describe_space(name, rows, count) for name, rows in neighbors.items()],
            layout_name=next(iter(layouts)),
            selected=selected,
        )

    def __repr__(self) -> str:
        size = len(json.dumps([self.sheet, self.layouts, self.spaces])) / 1e3
        names = ", ".join(layout["name"] for layout in self.layouts)
        return f"PictureMap({self.title!r}, {len(self.labels)} pictures; {names}; {size:.0f} kB)"


def _check_images(images: object) -> np.ndarray:
    """(n, height, width, 3) bytes."""
    pixels = np.asarray(images, dtype=np.float32)
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 3) or 0 in pixels.shape:
        raise ValueError(f"images must be (n, 1 or 3, height, width); got {pixels.shape}")
    if not 2 <= len(pixels) <= MAX_PICTURES:
        raise ValueError(f"a map takes 2 to {MAX_PICTURES} pictures; got {len(pixels)}")
    if not np.isfinite(pixels).all():
        raise ValueError("images must be finite; got NaN or infinity")
    rgb = np.broadcast_to(pixels, (len(pixels), 3, *pixels.shape[2:])).transpose(0, 2, 3, 1)
    return (rgb.clip(0, 1) * 255).round().astype(np.uint8)


def _check_classes(classes: Sequence[str]) -> list[str]:
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise ValueError(f"classes must be 1 to {MAX_CLASSES} names; got {len(classes)}")
    return [str(name) for name in classes]


def _make_sheet(pixels: np.ndarray, max_bytes: int) -> tuple[str, int]:
    """All pictures as one WebP data URL, and how many are in each of its rows."""
    scale = min(1.0, MAX_SIDE / max(pixels.shape[1:3]))
    height, width = (max(1, round(side * scale)) for side in pixels.shape[1:3])
    columns = math.ceil(math.sqrt(len(pixels)))
    sheet = Image.new("RGB", (columns * width, -(-len(pixels) // columns) * height))
    for index, picture in enumerate(pixels):
        small = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (index % columns * width, index // columns * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=QUALITY)
    url = f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"
    if len(url) > max_bytes:
        raise ValueError(
            f"the pictures are too heavy for a page: {len(url) / 1e3:.0f} kB, the budget is "
            f"{max_bytes / 1e3:.0f} kB; show fewer or smaller ones"
        )
    return url, columns


def _describe_layout(name: str, places: object, count: int) -> dict:
    """Integers from 0 to `PLACES` across and down the map, both directions at the same scale."""
    at = np.asarray(places, dtype=np.float64)
    if at.shape != (count, 2) or not np.isfinite(at).all():
        raise ValueError(f"layout {name!r} must be {count} finite places (x, y); got {at.shape}")
    low, high = at.min(axis=0), at.max(axis=0)
    span = max((high[0] - low[0]) / RATIO, high[1] - low[1]) or 1.0
    unit = (at - (low + high) / 2) / (span * np.array([RATIO, 1])) + 0.5
    unit[:, 1] = 1 - unit[:, 1]
    return {"name": name, "places": np.rint(unit * PLACES).astype(int).tolist()}


def _describe_space(name: str, rows: object, count: int) -> dict:
    indices = np.asarray(rows)
    if indices.ndim != 2 or len(indices) != count or not 1 <= indices.shape[1] <= MAX_NEIGHBORS:
        raise ValueError(
            f"neighbors in {name!r} must be {count} rows of 1 to {MAX_NEIGHBORS}; got "
            f"{indices.shape}"
        )
    if not np.issubdtype(indices.dtype, np.integer) or indices.min() < 0 or indices.max() >= count:
        raise ValueError(f"neighbors in {name!r} must be indices from 0 to {count - 1}")
    return {"name": name, "rows": indices.astype(int).tolist()}
