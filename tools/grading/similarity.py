"""Submissions that share unusual lines, for an instructor to look at.

Short exercises have few right answers, so most answers look alike, and a measure of similarity says
nothing. What tells is a line that two students share and hardly anybody else has: the name of a
variable, a comment, an odd detour. This measure counts such lines. It accuses nobody: two students
may have worked together, as many courses allow, or found the same page.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

RARE = 3  # students who may have a line that counts
SHORTEST = 12  # characters of a line that counts, without spaces
LEAST = 3.0  # weight of the lines of a pair that is listed


@dataclass(frozen=True)
class Pair:
    """Two students who share unusual lines.

    Attributes:
        students: their names.
        lines: what they share.
        weight: the sum of log2(students / students with the line) over the lines.
    """

    students: tuple[str, str]
    lines: tuple[str, ...]
    weight: float


def similar_pairs(
    sources: Mapping[str, Iterable[str]], given: Iterable[str] = (), *, most: int = 20
) -> list[Pair]:
    """The pairs that share the most, by the rarity of what they share.

    Args:
        sources: the code that each student wrote.
        given: code that was handed out or is public, such as stubs and solutions; its lines do not
            count.
        most: number of pairs.
    """
    known = {line for source in given for line in _lines(source)}
    owners: dict[str, set[str]] = defaultdict(set)
    for student, written in sources.items():
        for source in written:
            for line in _lines(source):
                owners[line].add(student)
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line, students in owners.items():
        if line not in known and 2 <= len(students) <= min(RARE, len(sources) // 2):
            for first, second in combinations(sorted(students), 2):
                shared[first, second].append(line)
    pairs = [
        Pair(students, tuple(lines),
             sum(math.log2(len(sources) / len(owners[line])) for line in lines))
        for students, lines in shared.items()
    ]  # fmt: skip
    listed = [pair for pair in pairs if pair.weight >= LEAST and len(pair.lines) > 1]
    return sorted(listed, key=lambda pair: -pair.weight)[:most]


def _lines(source: str) -> set[str]:
    """The lines without spaces, comments included, that are long enough to tell something."""
    plain = ("".join(line.split()) for line in source.splitlines())
    return {line for line in plain if len(line) >= SHORTEST}
