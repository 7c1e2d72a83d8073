"""Figures as drawings in a page's own colors: one for light pages, one for dark ones.

`COURSE_FIGURES=svg` makes chapters draw SVG (`lib.plotting.use_style`). Each drawing becomes two
files and two images, of which the page shows and loads one. Colors that are not in the table are
the same on both pages; so are pictures.
"""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from html import escape

from nbformat import NotebookNode
from PIL import Image

from lib.plotting import style
from tools.chapters import CourseError

FOLDER = "figures"  # in the built book
EXTRA = "extra"  # the folder of the source whose files are copied to the built book
SVG = "image/svg+xml"
QUALITY = 88

PAPER = {"light": "#ffffff", "dark": "#15181e"}  # as `--course-paper` in course.css
DARK = {
    style.BLUE: "#4da3e8",
    style.SKY: "#a5d8f7",
    style.GREEN: "#2fbf94",
    style.ORANGE: "#f3b63f",
    style.VERMILLION: "#ff7f45",
    style.PURPLE: "#e39cc4",
    style.GRAY: "#9aa1ae",
    style.INK: "#e6e9ef",
    style.SOFT: "#b4bbc8",
    style.GRID: "#2f353f",
    style.BLUE_AREA: "#1c3a52",
    style.ORANGE_AREA: "#4a3a1b",
}


def themed(drawing: str) -> dict[str, str]:
    """The drawing for light and for dark pages.

    Args:
        drawing: an SVG file by matplotlib, in the course's style.
    """
    drawing = _with_smaller_pictures(drawing)
    light = {style.PAPER: PAPER["light"]}
    dark = {style.PAPER: PAPER["dark"], **DARK}
    return {"light": _recolored(drawing, light), "dark": _recolored(drawing, dark)}


def place_figures(notebook: NotebookNode, name: str) -> dict[str, bytes]:
    """Replace drawings in a notebook's outputs by images; their files, keyed by path in the source.

    Args:
        name: the chapter's name.

    Raises:
        CourseError: a figure's cell has no alt text.
    """
    files = {}
    for cell in notebook.cells:
        for data in _drawings(cell):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
            if not alt:
                raise CourseError(f"{name}: a figure's cell has no alt text:\n{cell.source}")
            data["text/html"], own = place_figure(data.pop(SVG), alt, root="../")
            files |= own
    return files


def place_figure(drawing: str, alt: str, *, root: str = "") -> tuple[str, dict[str, bytes]]:
    """HTML with an image for each theme, and their files, keyed by path in the source.

    Args:
        drawing: as for `themed`.
        alt: what it shows, in words.
        root: the address of the book's root as the page sees it.
    """
    width, height = _size(drawing)
    place = f"{FOLDER}/{hashlib.sha256(drawing.encode()).hexdigest()[:16]}"
    tags, files = [], {}
    for theme, version in themed(drawing).items():
        path = f"{place}-{theme}.svg"
        files[f"{EXTRA}/{path}"] = version.encode()
        tags.append(
            f'<img class="course-figure only-{theme}" src="{root}{path}" alt="{escape(alt)}" '
            f'width="{width:.0f}" height="{height:.0f}" loading="lazy">'
        )
    return "\n".join(tags), files


def _drawings(cell: NotebookNode) -> Iterator[NotebookNode]:
    """The data of each output of a cell that is a drawing."""
    return (output.data for output in cell.get("outputs", []) if SVG in output.get("data", {}))


def _recolored(drawing: str, colors: dict[str, str]) -> str:
    lower = {old.lower(): new for old, new in colors.items()}
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: lower.get(found[0], found[0]), drawing)


def _size(drawing: str) -> tuple[float, float]:
    """Width and height in CSS pixels at which letters of 11 points have 11 pixels."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)
    if found is None:
        raise CourseError(f"expected an SVG file by matplotlib; got {drawing[:60]!r}")
    return float(found[1]), float(found[2])


def _with_smaller_pictures(drawing: str) -> str:
    """The drawing, with its pictures as WebP where that takes fewer bytes."""
    return re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", _smaller, drawing)


def _smaller(found: re.Match[str]) -> str:
    """A picture's address: without losses, unless a photograph would be twice as large so."""
    picture = Image.open(io.BytesIO(base64.b64decode(found[1])))
    exact, lossy = io.BytesIO(), io.BytesIO()
    picture.save(exact, "WEBP", lossless=True, method=4)
    picture.save(lossy, "WEBP", quality=QUALITY, method=4)
    kept = exact if len(exact.getvalue()) <= 2 * len(lossy.getvalue()) else lossy
    return f"data:image/webp;base64,{base64.b64encode(kept.getvalue()).decode()}"
