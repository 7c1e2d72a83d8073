"""Draws a map of the chapters: which builds on which, and how long each takes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import nbformat

from tools.chapters import Chapter, CourseError, read_source, title_of

PLACE = "<!-- the map of the chapters -->"
EM = 16  # one rem, in the units of the drawing
ROW, LEFT = 56, 60  # height of a row, and where the dots are
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
    """The map as one line of HTML: a list with a row per chapter, and arcs beside it.

    Screen readers hear in each row which chapters its chapter builds on; the arcs say the same.
    """
    rows = {stop.chapter.name: ROW * index + ROW // 2 for index, stop in enumerate(stops)}
    arcs = [
        _arc(rows[earlier], rows[stop.chapter.name]) for stop in stops for earlier in stop.builds_on
    ]
    dots = [f'<circle cx="{LEFT}" cy="{y}" r="6"/>' for y in rows.values()]
    titles = {stop.chapter.name: stop.title for stop in stops}
    width, height = LEFT + 8, ROW * len(stops)
    size = f"width:{width / EM:g}rem;height:{height / EM:g}rem"
    return (
        f'<div class="course-map" style="--course-row:{ROW / EM:g}rem">'
        f'<svg viewBox="0 0 {width} {height}" style="{size}" aria-hidden="true">'
        f"{''.join(arcs)}{''.join(dots)}</svg>"
        f"<ol>{''.join(_row(stop, titles) for stop in stops)}</ol></div>\n"
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


def _row(stop: Stop, titles: dict[str, str]) -> str:
    """A chapter: its title as a link, its minutes."""
    number = int(stop.chapter.name.split("_")[0])
    short = re.split("[,:]", stop.title)[0]  # the full title is on the page
    names = " and ".join(f"“{titles[name]}”" for name in stop.builds_on)
    tip = f"Builds on {names}" if names else "Builds on nothing before it"
    minutes = f"{stop.reading} min to read · {stop.exercises} to solve · {stop.computing:g} to run"
    return (
        f'<li><a href="{stop.chapter.docname}.html" title="{escape(tip)}">'
        f'{number} · {escape(short)}</a><span class="minutes">{escape(minutes)}</span></li>'
    )
