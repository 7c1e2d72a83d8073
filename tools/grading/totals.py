"""One row for each student: points of chapters, lateness, corrections, and the weighted total."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.course_file import Course
from tools.grading.exports import Student
from tools.grading.intake import Found
from tools.grading.people import Matcher, Person
from tools.grading.rows import Row
from tools.grading.tables import number

NOTHING = "nothing was handed in"
UNTIMED = "marked late without a time: counted as one day"


@dataclass
class Result:
    """A student's points in a chapter.

    Attributes:
        points: after lateness and corrections.
        of: what could be earned.
        days: how many days late, begun ones counted.
        submission: the submission that counts; "" if there is none.
        remarks: what explains the points.
    """

    points: float = 0.0
    of: float = 0.0
    days: int = 0
    submission: str = ""
    remarks: list[str] = field(default_factory=list)


@dataclass
class Total:
    """A student's results by chapter, and remarks on what counts for none."""

    person: Person
    results: dict[str, Result]
    remarks: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """The sum of the points."""
        return round(sum(result.points for result in self.results.values()), 2)

    @property
    def of(self) -> float:
        """The sum of what could be earned."""
        return sum(result.of for result in self.results.values())

    def percent(self, course: Course) -> float:
        """The share of the points in each chapter, weighted; from 0 to 100 and more."""
        counted = [
            (course.parts[name].weight, result)
            for name, result in self.results.items()
            if result.of
        ]
        weights = sum(weight for weight, _ in counted)
        if not weights:
            return 0.0
        return round(100 * sum(w * r.points / r.of for w, r in counted) / weights, 2)


def total_up(
    found: Sequence[Found],
    rows: Mapping[str, Sequence[Row]],
    course: Course,
    points: Mapping[tuple[str, str], float],
    people: Sequence[Person] | None,
    overrides: Sequence[dict[str, str]] = (),
) -> tuple[list[Total], list[str]]:
    """The students' totals, and what is wrong with submissions or corrections that fit nobody.

    Of several submissions for a chapter, the one counts that earns most after lateness.

    Args:
        rows: by submission.
        points: of what can be earned, by (chapter, exercise).
        people: the roster; None makes a student of everyone who handed something in.
        overrides: rows with student, chapter, exercise, points, days_late and reason; the last
            four may be empty.
    """
    problems: list[str] = []
    handed_in = _by_person(found, rows, people, problems)
    fixes = _Overrides(overrides, [*handed_in], {*course.parts}, points, problems)
    most = {name: sum(of for (chapter, _), of in points.items() if chapter == name)
            for name in course.parts}  # fmt: skip
    totals = []
    for person, mine in handed_in.items():
        total = Total(person, {name: Result(of=most[name]) for name in course.parts})
        for submission, student in mine:
            _count(total, submission.name, student, rows[submission.name], course, fixes)
        for name, result in total.results.items():
            fixes.settle(person, name, result)
            if not result.submission and not result.remarks:
                result.remarks.append(NOTHING)
        totals.append(total)
    return totals, problems


def _by_person(
    found: Sequence[Found],
    rows: Mapping[str, Sequence[Row]],
    people: Sequence[Person] | None,
    problems: list[str],
) -> dict[Person, list[tuple[Found, Student]]]:
    """Who handed what in, in the roster's order; everyone in the roster is in it."""
    handed_in: dict[Person, list[tuple[Found, Student]]] = {person: [] for person in people or ()}
    matcher, shared = Matcher(people or ()), _class_folders(found, rows)
    for one in found:
        for student in one.students:
            person, reason = (
                matcher.find(student) if people is not None else (_as_person(student, shared), "")
            )
            if person is None:
                problems.append(f"{one.name} counts for nobody: {reason}")
            else:
                handed_in.setdefault(person, []).append((one, student))
    return handed_in


def _class_folders(found: Sequence[Found], rows: Mapping[str, Sequence[Row]]) -> set[str]:
    """The folders with two notebooks of one chapter: that of a class, not of a student."""
    seen: list[tuple[str, str]] = [
        (one.students[0].hints[0], rows[one.name][0].chapter)
        for one in found if len(one.students[0].hints) > 1 and rows[one.name][0].chapter
    ]  # fmt: skip
    return {folder for folder, chapter in seen if seen.count((folder, chapter)) > 1}


def _as_person(student: Student, shared: set[str]) -> Person:
    ids = (student.id,) if student.id else ()
    number = f"Participant {student.id}" if student.column == "Identifier" else student.id
    name = student.shown
    if student.hints and name == student.hints[0] in shared:
        name = student.hints[-1]
    return Person(name, ids, student.email, {student.column: number} if number else {})


def _count(
    total: Total, name: str, student: Student, rows: Sequence[Row], course: Course,
    fixes: "_Overrides",
) -> None:  # fmt: skip
    """Let a submission count for its chapter if it earns more than what counts so far."""
    chapter = rows[0].chapter
    if chapter not in course.parts:
        total.remarks.append(f"{name}: {rows[0].reason}")
        return
    days, remark = _lateness(student, chapter, course)
    remarks = [remark] if remark else []
    fixed = fixes.days(total.person, chapter)
    if fixed is not None:
        days, remarks = fixed, []
    earned = sum(fixes.points(total.person, row) for row in rows)
    points = round(earned * course.late.factor(days), 2)
    before = total.results[chapter]
    if before.submission and before.points >= points:
        before.remarks.append(f"{name} earns no more")
        return
    if before.submission:
        remarks.append(f"{before.submission} earns less")
    if days:
        remarks.append(
            f"{days} {'day' if days == 1 else 'days'} late: {points:g} of {earned:g} remain"
        )
    total.results[chapter] = Result(points, before.of, days, name, remarks)


def _lateness(student: Student, chapter: str, course: Course) -> tuple[int, str]:
    due = course.parts[chapter].due
    if due is not None and student.submitted is not None:
        return course.late.days(due, student.submitted), ""
    return (1, UNTIMED) if student.late else (0, "")


class _Overrides:
    """An instructor's corrections, by person."""

    def __init__(
        self, rows: Sequence[dict[str, str]], people: Sequence[Person], chapters: set[str],
        points: Mapping[tuple[str, str], float], problems: list[str],
    ) -> None:  # fmt: skip
        self._days: dict[tuple[Person, str], int] = {}
        self._points: dict[tuple[Person, str, str], float] = {}
        self._reasons: dict[tuple[Person, str], list[str]] = {}
        matcher, known = Matcher(people), {*points, *((name, "") for name in chapters)}
        for line, row in enumerate(rows, start=2):
            try:
                self._read(row, matcher, known)
            except ValueError as error:
                problems.append(f"line {line} of the overrides is left out: {error}")

    def _read(self, row: dict[str, str], matcher: Matcher, known: set[tuple[str, str]]) -> None:
        person, reason = matcher.find(Student(hints=(row.get("student", ""),)))
        chapter, exercise = row.get("chapter", ""), row.get("exercise", "")
        if person is None:
            raise ValueError(f"{row.get('student', '')!r}: {reason}")
        if (chapter, exercise) not in known:
            raise ValueError(f"no exercise {exercise!r} of chapter {chapter!r} was assigned")
        if not row.get("points") and not row.get("days_late"):
            raise ValueError("it has neither points nor days_late")
        if row.get("points"):
            self._points[person, chapter, exercise] = number(row["points"])
        if row.get("days_late"):
            self._days[person, chapter] = int(number(row["days_late"]))
        said = f"corrected: {row['reason']}" if row.get("reason") else "corrected"
        self._reasons.setdefault((person, chapter), []).append(said)

    def days(self, person: Person, chapter: str) -> int | None:
        """The corrected number of days late, if there is one."""
        return self._days.get((person, chapter))

    def points(self, person: Person, row: Row) -> float:
        """A row's points, corrected if there is a correction."""
        return self._points.get((person, row.chapter, row.exercise), row.points)

    def settle(self, person: Person, chapter: str, result: Result) -> None:
        """Correct the points of a chapter as a whole, and say what was corrected.

        Without a submission, corrected exercises are what the chapter earns.
        """
        if not result.submission:
            result.points = sum(points for (who, name, exercise), points in self._points.items()
                                if who == person and name == chapter and exercise)  # fmt: skip
        result.points = self._points.get((person, chapter, ""), result.points)
        result.remarks += self._reasons.get((person, chapter), [])
