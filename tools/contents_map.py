"""Draws a map of the chapters: which builds on which, and how long each takes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import nbformat

from tools.chapters import Chapter, CourseError, read_source, title_of

PLACE = "<!-- the map of the chapters -->"
ROW, TOP, LEFT, WIDTH = 54, 30, 66, 420  # dimensions of the drawing, in its own units
BELOW = 28  # room for the last chapter's minutes
LANE = 9  # distance between two arcs


@dataclass(frozen=True)
class Stop:
    """A chapter on the map.

    Attributes:
        chapter, title: the chapter and its title.
        builds_on: names of the earlier chapters whose ideas it uses.
        reading, exercises, computing: times in minutes.
    """

    chapter: Chapter
    title: str
    builds_on: tuple[str, ...]
    reading: int
    exercises: int
    computing: float


def read_stops(chapters: Sequence[Chapter]) -> list[Stop]:
    """The stops described by the chapters' headers, in the book's order.

    Raises:
        CourseError: a header is incomplete, or names a chapter that does not come earlier.
    """
    stops: list[Stop] = []
    for chapter in chapters:
        stop = _read_stop(chapter, read_source(chapter))
        before = [earlier.chapter.name for earlier in stops]
        if unknown := [name for name in stop.builds_on if name not in before]:
            raise CourseError(
                f"{chapter.name} builds on {', '.join(unknown)}, which does not come before it"
            )
        stops.append(stop)
    return stops


def _read_stop(chapter: Chapter, notebook: nbformat.NotebookNode) -> Stop:
    course = notebook.metadata.get("course", {})
    needed = ("builds_on", "reading_minutes", "exercise_minutes", "compute_minutes")
    if missing := [name for name in needed if name not in course]:
        raise CourseError(f"{chapter.name}: its header lacks course.{', course.'.join(missing)}")
    builds_on, *minutes = (course[name] for name in needed)
    return Stop(chapter, title_of(notebook), tuple(builds_on), *minutes)


def render_map(stops: Sequence[Stop]) -> str:
    """The map as one line of HTML: an SVG with a row per chapter and arcs between chapters.

    Screen readers get a list of links, each saying which chapters its chapter builds on.
    """
    height = TOP + ROW * (len(stops) - 1) + BELOW
    rows = {stop.chapter.name: TOP + ROW * index for index, stop in enumerate(stops)}
    arcs = [
        _arc(rows[earlier], rows[stop.chapter.name]) for stop in stops for earlier in stop.builds_on
    ]
    titles = {stop.chapter.name: stop.title for stop in stops}
    texts = [_row(stop, rows[stop.chapter.name], titles) for stop in stops]
    return (
        f'<svg class="course-map" viewBox="0 0 {WIDTH} {height}" role="group" '
        'aria-label="The chapters, and which builds on which">'
        f'<g aria-hidden="true">{"".join(arcs)}</g>{"".join(texts)}</svg>\n'
    )


def _arc(start: int, end: int) -> str:
    """An arc from a chapter down to one that builds on it; longer arcs swing out wider."""
    reach = LEFT - 14 - LANE * ((end - start) // ROW - 1)
    x = LEFT - 12
    bend = max(reach - 8, 4)
    return (
        f'<path d="M{x},{start} C{bend},{start} {bend},{end} {x - 5},{end}"/>'
        f'<path class="tip" d="M{x - 7},{end - 4} L{x},{end} L{x - 7},{end + 4} Z"/>'
    )


def _row(stop: Stop, y: int, titles: dict[str, str]) -> str:
    """A chapter: a dot, its title as a link, its minutes."""
    number = stop.chapter.name.split("_")[0]
    short = re.split("[,:]", stop.title)[0]  # the full title is on the page
    names = " and ".join(f"“{titles[name]}”" for name in stop.builds_on)
    tip = f"Builds on {names}" if names else "Builds on nothing before it"
    minutes = f"{stop.reading} min reading · {stop.exercises} min exercises"
    minutes += f" · {stop.computing:g} min computing"
    return (
        f'<a href="{stop.chapter.docname}.html"><title>{escape(tip)}</title>'
        f'<circle cx="{LEFT}" cy="{y}" r="6"/>'
        f'<text class="name" x="{LEFT + 16}" y="{y + 1}">{number} · {escape(short)}</text>'
        f'<text class="minutes" x="{LEFT + 16}" y="{y + 19}">{escape(minutes)}</text></a>'
    )
