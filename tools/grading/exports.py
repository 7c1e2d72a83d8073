"""Who handed a file in, read from its path as Canvas, Moodle and Gradescope export it.

Sources of the formats, as of November 2026:

- Canvas, "Download Submissions": `name_LATE_user_attachment_file.ipynb`, the name in lower case
  without spaces, LATE only if so; anonymous: `anon_code_attachment_file.ipynb`
  (instructure/canvas-lms, lib/content_zipper.rb: get_filename, add_upload_submission).
- Moodle, "Download all submissions": a folder `Full name_123_assignsubmission_file_` for each
  student, or the same as the start of a file's name; 123 is the number in the grading worksheet's
  Identifier, "Participant 123". Of groups it is the group's number (moodle/moodle,
  mod/assign/classes/downloader.php: load_submissionplugin_filelist and what makes its prefix).
- Gradescope, "Export Submissions": folders `submission_123`, and `submission_metadata.yml` with
  `:submitters:` (`:name:`, `:sid:`, `:email:`) and `:created_at:` for each of them
  (help.gradescope.com, "Exporting submissions").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import yaml

CANVAS = re.compile(
    r"^(?:(?P<name>\w+?)_)??(?:(?P<late>LATE)_)?(?:anon_(?P<code>\w+?)|(?P<id>\d+))_\d{3,}_.+"
)
MOODLE = re.compile(r"^(?P<name>[^_].*?)_(?P<id>\d+)_assignsubmission_\w+?(?:_|$)")
GRADESCOPE = re.compile(r"^submission_\d+$")
METADATA = "submission_metadata.yml"


@dataclass(frozen=True)
class Student:
    """What an export says about who handed something in; "" or None for what it does not say.

    Attributes:
        name: as the system writes it.
        id: the system's number or the university's.
        email: address.
        late: whether the system marked it late.
        submitted: when it was handed in.
        hints: other texts that may name the student: the file's name, the folders it is in.
        column: the column of the system's own tables in which the id stands.
    """

    name: str = ""
    id: str = ""
    email: str = ""
    late: bool | None = None
    submitted: datetime | None = None
    hints: tuple[str, ...] = ()
    column: str = ""

    @property
    def shown(self) -> str:
        """What to call the student where there is no roster."""
        return self.name or self.email or self.id or (self.hints[0] if self.hints else "")


def who(path: str, submitters: Mapping[str, tuple[Student, ...]]) -> tuple[Student, ...]:
    """Those who handed in the file at this path below the folder of submissions.

    Args:
        path: with slashes; archives are among its parts, since a student's files can be in one.
        submitters: what Gradescope's metadata says, by folder.
    """
    parts = path.split("/")
    stem = parts[-1].rsplit(".", 1)[0]
    hints = (parts[0], stem) if len(parts) > 1 else (stem,)
    for part in parts:
        if GRADESCOPE.match(part):
            found = submitters.get(part, (Student(hints=(part,)),))
            return tuple(replace(student, hints=(part, stem)) for student in found)
        if moodle := MOODLE.match(part):
            name = "" if moodle["name"].startswith("Participant") else moodle["name"]
            return (Student(name, moodle["id"], hints=hints, column="Identifier"),)
        if canvas := CANVAS.match(part):
            known = canvas["id"] or f"anon_{canvas['code']}"
            late, name = bool(canvas["late"]), canvas["name"] or ""
            return (Student(name, known, late=late, hints=hints, column="ID"),)
    return (Student(hints=hints),)


def read_metadata(text: str) -> dict[str, tuple[Student, ...]]:
    """The submitters of each folder in Gradescope's `submission_metadata.yml`.

    Raises:
        ValueError: it is no YAML, or has another form.
    """
    try:
        found = yaml.load(text, Loader=_Plain)
        return {str(folder): _submitters(record) for folder, record in found.items()}
    except (yaml.YAMLError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"{METADATA} is not as Gradescope writes it: {error}") from error


def _submitters(record: dict) -> tuple[Student, ...]:
    at = _moment(record.get(":created_at"))
    students = tuple(
        Student(_text(one, ":name"), _text(one, ":sid"), _text(one, ":email"), submitted=at)
        for one in record.get(":submitters") or []
    )
    return students or (Student(submitted=at),)


def _text(record: dict, field: str) -> str:
    return str(record.get(field) or "")


def _moment(value: object) -> datetime | None:
    """A time with its zone; without one it is UTC, as Gradescope writes it."""
    if isinstance(value, str):
        text = re.sub(r"\s*(?:UTC|Z)$", "+00:00", value.strip())
        value = datetime.fromisoformat(re.sub(r"\s+([+-])", r"\1", text))
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return (
        datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, date)
        else None
    )


class _Plain(yaml.SafeLoader):
    """Reads values with Ruby's tags as what they hold."""


def _untagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # pyright: ignore[reportArgumentType]


_Plain.add_multi_constructor("!", _untagged)
