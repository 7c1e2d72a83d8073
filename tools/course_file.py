"""Due dates, weights and late policy of an assignment, from its `course.yml`."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from tools.chapters import Chapter, CourseError, find_chapter, read_source, title_of

NAME = "course.yml"
MARK = ".course-assignment"  # marks a folder that we may replace; contains the edition
DIGEST = "instructor/digest.txt"  # of what grades, when it was handed out
CHAPTER = re.compile(r"\d\d_\w+")  # a course.yml may name chapters of other assignments, too
SAMPLE = """\
# The assignment's due dates, weights and late policy. `make grade` reads this file whenever it
# grades, so you can change it at any time. `make assignment` keeps it when it writes the assignment
# again; COURSE=file takes another one.
title: {title}
timezone: UTC  # of the due dates below, such as Europe/Berlin
late:
  grace_minutes: 15  # what comes this much later is in time
  percent_per_day: 10  # of the points earned, taken off for each day that has begun
  most_days: 5  # what comes later than this earns nothing
chapters:
{chapters}"""
PART = """\
  {name}:  # {title}
    # due: "2027-01-31 23:59"
    weight: 1  # in the total, in which every chapter counts by the share of its points
    # canvas: {column}  # the assignment's column in Canvas's export
"""


@dataclass(frozen=True)
class Late:
    """What lateness costs.

    Attributes:
        grace_minutes: what comes this much later is in time.
        percent_per_day: of the points earned, for each day that has begun.
        most_days: what comes later than this earns nothing.
    """

    grace_minutes: float = 0
    percent_per_day: float = 0
    most_days: float = math.inf

    def days(self, due: datetime, submitted: datetime) -> int:
        """How many days have begun since the due date; 0 within the grace period."""
        late = submitted - due
        return (
            math.ceil(late / timedelta(days=1))
            if late > timedelta(minutes=self.grace_minutes)
            else 0
        )

    def factor(self, days: int) -> float:
        """The share of the points that remains, from 0 to 1."""
        if days > self.most_days:
            return 0.0
        return max(0.0, 1 - days * self.percent_per_day / 100)


@dataclass(frozen=True)
class Part:
    """What course.yml says about a chapter: when it is due (with a zone), its weight in the total,
    and the name of its column in Canvas."""

    due: datetime | None = None
    weight: float = 1
    canvas: str = ""


@dataclass(frozen=True)
class Course:
    """The content of course.yml."""

    title: str
    late: Late
    parts: Mapping[str, Part]


def sample(chapters: Sequence[Chapter]) -> str:
    """A course.yml for these chapters, with comments."""
    titles = {chapter.name: title_of(read_source(chapter)) for chapter in chapters}
    parts = [PART.format(name=name, title=title, column=_quoted(f"{title} (12345)"))
             for name, title in titles.items()]  # fmt: skip
    return SAMPLE.format(title=_quoted(" · ".join(titles.values())), chapters="".join(parts))


def _quoted(text: str) -> str:
    """The text as YAML reads it, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


def written(kept: str, chapters: Sequence[Chapter]) -> str:
    """The course.yml of an assignment: the one that is there, unless it is an untouched sample."""
    try:
        names = list((yaml.safe_load(kept) or {}).get("chapters") or {})
        untouched = not kept or kept == sample([find_chapter(name) for name in names])
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, CourseError):
        untouched = False  # `read_course` says what is wrong with it
    return sample(chapters) if untouched else kept


def read_course(path: Path | None, chapters: Iterable[str]) -> Course:
    """The content of a course.yml; without one, nothing is due and all weigh the same.

    Raises:
        CourseError: it is no YAML, or a value is not what it should be; the message names it.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8-sig")) if path else {}
    except (OSError, ValueError, yaml.YAMLError) as error:  # 2026-13-01 is a ValueError, too
        raise CourseError(f"{path} cannot be read: {error}") from error
    reader = _Reader(path)
    top = reader.mapping(found or {}, "", ("title", "timezone", "late", "chapters"))
    late = reader.mapping(top.get("late") or {}, "late", Late.__dataclass_fields__)
    policy = Late(**{key: reader.number(value, f"late: {key}") for key, value in late.items()})
    names = list(chapters)
    known = top.get("chapters") or {}
    others = (
        [key for key in known if CHAPTER.fullmatch(str(key))] if isinstance(known, dict) else []
    )
    parts = reader.mapping(known, "chapters", [*names, *others])
    zone = reader.zone(top.get("timezone") or "UTC")
    return Course(
        str(top.get("title") or ""), policy,
        {name: reader.part(parts.get(name) or {}, f"chapters: {name}", zone) for name in names},
    )  # fmt: skip


class _Reader:
    """Reads values of a file, whose name its errors give."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def mapping(self, value: object, where: str, keys: Iterable[str]) -> dict:
        if not isinstance(value, dict) or (unknown := value.keys() - set(keys)):
            got = ", ".join(sorted(map(str, unknown))) if isinstance(value, dict) else repr(value)
            raise self._error(where, f"keys among {', '.join(keys)}", got)
        return value

    def number(self, value: object, where: str) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 <= value < math.inf
        ):
            raise self._error(where, "a number of at least 0", repr(value))
        return value

    def zone(self, value: object) -> ZoneInfo:
        try:
            return ZoneInfo(str(value))
        except (ValueError, OSError, KeyError) as error:
            raise self._error("timezone", "a zone such as Europe/Berlin", repr(value)) from error

    def part(self, value: object, where: str, zone: ZoneInfo) -> Part:
        keys = self.mapping(value, where, ("due", "weight", "canvas"))
        weight = self.number(keys.get("weight", 1), f"{where}: weight")
        due = None if keys.get("due") is None else self._moment(keys["due"], f"{where}: due", zone)
        return Part(due, weight, str(keys.get("canvas") or ""))

    def _moment(self, value: object, where: str, zone: ZoneInfo) -> datetime:
        """A time in the zone, unless it states its own; a day alone ends at midnight."""
        given = value
        try:
            if isinstance(given, str):
                text = given.strip()
                given = (
                    date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
                )
        except ValueError as error:
            raise self._error(where, "a time such as 2027-01-31 23:59", repr(value)) from error
        if isinstance(given, datetime):
            return given if given.tzinfo else given.replace(tzinfo=zone)
        if isinstance(given, date):
            return datetime.combine(given + timedelta(days=1), time(), zone)
        raise self._error(where, "a time such as 2027-01-31 23:59", repr(value))

    def _error(self, where: str, expected: str, got: str) -> CourseError:
        return CourseError(f"{self._path}, {where or 'at its top'}: expected {expected}; got {got}")
