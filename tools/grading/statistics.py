"""Statistics of a class: how hard exercises were, how well they tell, and what went wrong often."""

import math
import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.grading.rows import Row

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
FEWEST = 3  # students below which no correlation is computed


@dataclass(frozen=True)
class Item:
    """One exercise, over all students who handed its chapter in.

    Attributes:
        chapter, exercise: its names.
        students: how many handed the chapter in.
        attempted: how many of them wrote an answer.
        full: how many earned all points.
        difficulty: mean share of the points that was earned, from 0 (hard) to 1 (easy).
        discrimination: correlation of that share with the share of all other points; NaN if all
            students are alike or there are fewer than three. Below 0.2, an exercise tells little
            about what a student knows; below 0, look for a mistake in it.
        failing: (case, how many failed it), the most frequent first.
    """

    chapter: str
    exercise: str
    students: int
    attempted: int
    full: int
    difficulty: float
    discrimination: float
    failing: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Mistake:
    """Answers to one exercise that behave alike: they fail the same cases in the same way.

    Attributes:
        chapter, exercise: its names.
        students: whose answers these are.
        problems: (case, what went wrong) of the first of them.
    """

    chapter: str
    exercise: str
    students: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


def items_of(rows: Mapping[str, Sequence[Row]]) -> list[Item]:
    """Each exercise's statistics.

    Args:
        rows: by student, of the submissions that count.
    """
    shares: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for student, mine in rows.items():
        for row in mine:
            if row.exercise and row.of:
                shares[row.chapter, row.exercise][student] = row
    return [_item(chapter, exercise, found, rows)
            for (chapter, exercise), found in sorted(shares.items())]  # fmt: skip


def _item(
    chapter: str, exercise: str, found: Mapping[str, Row], rows: Mapping[str, Sequence[Row]]
) -> Item:
    share = {student: row.points / row.of for student, row in found.items()}
    rest = {student: _share([r for r in rows[student] if r != found[student]]) for student in found}
    pairs = [(share[s], rest[s]) for s in found if not math.isnan(rest[s])]
    failing: dict[str, int] = defaultdict(int)
    for row in found.values():
        for case, problem in row.cases:
            failing[case] += bool(problem)
    return Item(
        chapter, exercise, len(found), sum(bool(row.cases) for row in found.values()),
        sum(value >= 1 for value in share.values()), statistics.fmean(share.values()),
        correlation(pairs), tuple(sorted(failing.items(), key=lambda pair: -pair[1])),
    )  # fmt: skip


def _share(rows: Sequence[Row]) -> float:
    of = sum(row.of for row in rows if row.exercise)
    return sum(row.points for row in rows if row.exercise) / of if of else math.nan


def correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """Pearson's correlation; NaN for fewer than three pairs, or if one side does not vary."""
    if len(pairs) < FEWEST or any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
        return math.nan
    return statistics.correlation(*zip(*pairs, strict=True))


def mistakes_of(rows: Mapping[str, Sequence[Row]], *, fewest: int = 2) -> list[Mistake]:
    """Wrong answers that behave alike, the most frequent first.

    Numbers in messages are left out of the comparison, since answers that draw differ in them.

    Args:
        rows: by student, of the submissions that count.
        fewest: number of students below which answers are not listed.
    """
    alike: dict[tuple, list[tuple[str, Row]]] = defaultdict(list)
    for student, mine in rows.items():
        for row in mine:
            wrong = tuple((case, NUMBER.sub("#", text)) for case, text in row.cases if text)
            if wrong:
                alike[row.chapter, row.exercise, wrong].append((student, row))
    found = [
        Mistake(chapter, exercise, tuple(student for student, _ in answers),
                tuple((case, text) for case, text in answers[0][1].cases if text))
        for (chapter, exercise, _), answers in alike.items() if len(answers) >= fewest
    ]  # fmt: skip
    return sorted(found, key=lambda mistake: -len(mistake.students))
