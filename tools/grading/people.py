"""The people of a course, from a roster, and which of them handed something in.

A roster is a table with a line of column names: what Canvas's gradebook exports (Student, ID,
SIS User ID, SIS Login ID, Section), Moodle's grading worksheet (Identifier, Full name, Email
address) or list of participants (First name, Last name, ID number), or a table of one's own with
name, id and email.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tools.chapters import CourseError
from tools.grading.exports import Student

NAMES = ("student", "full name", "name")
PARTS = (("first name", "last name"), ("first name", "surname"))
IDS = ("id", "sis user id", "sis login id", "id number", "identifier", "sid", "student id",
       "username", "user name", "login")  # fmt: skip
EMAILS = ("email address", "email", "e-mail", "mail")
NOBODY = ("points possible", "student, test")  # rows of Canvas's export that are no students


@dataclass(frozen=True)
class Person:
    """Someone in the course.

    Attributes:
        name: as the roster writes it.
        ids: every number or login that the roster has of them.
        email: address.
        row: the roster's row by column.
    """

    name: str
    ids: tuple[str, ...] = ()
    email: str = ""
    row: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def keys(self) -> set[str]:
        """What names this person, in the forms that `keys_of` gives."""
        return {key for text in (self.name, self.email, *self.ids) for key in keys_of(text)}


def read_people(rows: Sequence[dict[str, str]]) -> tuple[list[Person], list[str]]:
    """The people in a roster, and what is wrong with rows that name nobody or somebody again.

    Raises:
        CourseError: no column holds names, numbers or addresses.
    """
    columns = {column.casefold(): column for column in (rows[0] if rows else {})}
    known = {*NAMES, *IDS, *EMAILS, *(part for pair in PARTS for part in pair)}
    if not columns.keys() & known:
        raise CourseError(f"the roster needs a column name, id or email; got {', '.join(columns)}")
    people, problems, seen = [], [], set()
    for number, row in enumerate(rows, start=2):
        person = _person({column.casefold(): value for column, value in row.items()}, row)
        if person.name.strip().casefold() in NOBODY:
            continue
        again = {("id", text.casefold()) for text in person.ids} | {
            ("mail", person.email.casefold())
        }
        again -= {("mail", "")}
        if not person.keys:
            problems.append(f"line {number} of the roster names nobody")
        elif again & seen:
            problems.append(f"line {number} of the roster names {person.name or person.ids} again")
        else:
            people.append(person)
            seen |= again
    return people, problems


def _person(row: dict[str, str], original: dict[str, str]) -> Person:
    name = next((row[column] for column in NAMES if row.get(column)), "")
    for first, last in PARTS:
        name = name or f"{row.get(first, '')} {row.get(last, '')}".strip()
    ids = tuple(dict.fromkeys(_bare(row[column]) for column in IDS if row.get(column)))
    email = next((row[column] for column in EMAILS if row.get(column)), "")
    return Person(name, ids, email, original)


def _bare(identifier: str) -> str:
    """A number without Moodle's word for it, "Participant 123"."""
    return re.sub(r"^\w+ (?=\d+$)", "", identifier.strip())


def keys_of(text: str) -> set[str]:
    """The forms under which a number, an address or a name is found.

    Names are found in both orders, with accents or without, and as one word, as Canvas has them.
    """
    plain = unicodedata.normalize("NFKD", text).casefold().strip()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    if not plain:
        return set()
    words = re.findall(r"\w+", plain)
    reordered = [*words[1:], *words[:1]] if "," not in plain else words
    last_first = [*words[-1:], *words[:-1]] if "," not in plain else words
    return {
        plain,
        " ".join(sorted(words)),
        "".join(words),
        "".join(reordered),
        "".join(last_first),
    } - {""}


class Matcher:
    """Finds the person who handed something in."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people: dict[str, list[Person]] = {}
        for person in people:
            for key in person.keys:
                self._people.setdefault(key, []).append(person)

    def find(self, student: Student) -> tuple[Person | None, str]:
        """The person whom an export means, by number, address, name, then the file's name.

        Returns:
            The person, or None and the reason.
        """
        for text in (student.id, student.email, student.name, *student.hints):
            found = {
                id(person): person for key in keys_of(text) for person in self._people.get(key, [])
            }
            if len(found) == 1:
                person = next(iter(found.values()))
                if (
                    student.column == "Identifier"
                    and text == student.id
                    and _differ(student, person)
                ):
                    return None, f"{person.name} has this number; is {student.name} a group?"
                return person, ""
            if found:
                names = ", ".join(person.name for person in found.values())
                return None, f"{text!r} may be any of {names}"
        return None, "nobody in the roster"


def _differ(student: Student, person: Person) -> bool:
    """Whether their names have no word in common: Moodle numbers groups as it does people."""
    words, others = (set(" ".join(keys_of(name)).split()) for name in (student.name, person.name))
    return bool(words and others) and words.isdisjoint(others)
