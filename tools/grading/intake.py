"""Finds what was handed in: files in a folder or an archive, and in archives within."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from tools.chapters import CourseError
from tools.grading.exports import METADATA, Student, read_metadata, who
from tools.grading.reading import SubmissionError, check_size, decoded, open_file, read_file
from tools.grading.tables import printable

DEPTH = 2  # an export that holds students' archives
FILES = 5000  # most files of one archive
SYSTEMS = {"__MACOSX", "Thumbs.db", "desktop.ini", METADATA}
README = {"", ".md", ".txt", ".rst", ".html", ".pdf"}


@dataclass(frozen=True)
class Found:
    """A file that someone handed in.

    Attributes:
        name: its path below the folder of submissions, as text that can be printed; unique.
        load: reads it; raises SubmissionError or OSError if it cannot be graded.
        students: who handed it in.
    """

    name: str
    load: Callable[[], bytes]
    students: tuple[Student, ...] = (Student(),)


@dataclass
class Intake:
    """All files that were found.

    Attributes:
        submissions: those to grade, in the order of their names.
        skipped: (name, reason) for those that are no submissions.
    """

    submissions: list[Found] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def find_submissions(place: Path) -> Intake:
    """Find the submissions in a folder, its subfolders and their archives, or in an archive.

    Links are not followed. What cannot be read is found, too, and says why when it is loaded.

    Raises:
        CourseError: there are no files.
    """
    files = list(_archive(partial(place.open, "rb"), "", 0) if place.is_file() else _folder(place))
    if not files:
        raise CourseError(f"{place} holds no files")
    intake, submitters, names = Intake(), {}, set()
    for name, load in files:
        if PurePosixPath(name).name == METADATA:
            try:
                submitters |= read_metadata(decoded(load()))
            except (ValueError, OSError, SubmissionError) as error:
                intake.skipped.append((printable(name), str(error)))
    for name, load in files:
        shown = _unique(printable(name), names)
        if reason := _no_submission(name):
            intake.skipped.append((shown, reason))
        else:
            intake.submissions.append(Found(shown, load, who(shown, submitters)))
    _drop_companions(intake)
    intake.submissions.sort(key=lambda found: found.name)
    return intake


def _unique(name: str, names: set[str]) -> str:
    while name in names:
        name += "~"
    names.add(name)
    return name


def _no_submission(name: str) -> str:
    """Why a path is no submission; "" if it may be one."""
    path = PurePosixPath(name)
    for part in path.parts:
        if part in SYSTEMS:
            return "written by a system, not by a student"
        if part.startswith((".", "~$")):
            return "a hidden file"
    if path.stem.lower() == "readme" and path.suffix.lower() in README:
        return "a readme"
    return ""


def _drop_companions(intake: Intake) -> None:
    """Skip files beside a notebook of the same student, such as a picture in their folder.

    A folder with several notebooks, whose students no export names, may be that of a class.
    """
    groups: dict[object, list[Found]] = {}
    for found in intake.submissions:
        one = found.students[0]
        whose = (one.name, one.id, one.email, "" if one.id or one.email else one.hints[0])
        groups.setdefault(whose, []).append(found)
    for files in groups.values():
        notebooks = sum(found.name.lower().endswith(".ipynb") for found in files)
        if notebooks == 1 or (
            notebooks and (files[0].students[0].id or files[0].students[0].email)
        ):
            for found in files:
                if not found.name.lower().endswith(".ipynb"):
                    intake.submissions.remove(found)
                    intake.skipped.append((found.name, "no notebook, beside one"))


def _folder(place: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Each file below a folder, with a function that reads it."""
    for folder, folders, files in os.walk(place):
        folders.sort()
        for entry in sorted([*folders, *files]):
            path = Path(folder, entry)
            name = _text(path.relative_to(place))
            if path.is_symlink():
                yield name, _refusing("a link; hand in the file itself")
            elif path.is_dir():
                if path.suffix == ".ipynb":
                    yield name, _refusing("a folder, not a notebook")
            elif not stat.S_ISREG(path.lstat().st_mode):
                yield name, _refusing("not a regular file")
            elif path.suffix.lower() == ".zip" and not _no_submission(name):
                yield from _archive(partial(open_file, path), f"{name}/", 1)
            else:
                yield name, partial(read_file, path)


def _text(path: Path) -> str:
    """The path with slashes; bytes that are no UTF-8 as escapes."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _refusing(reason: str) -> Callable[[], bytes]:
    def load() -> bytes:
        raise SubmissionError(reason)

    return load


def _archive(
    open_it: Callable[[], BinaryIO], prefix: str, depth: int
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Each file in an archive, or the archive itself with the reason why it cannot be opened."""
    name = prefix.rstrip("/") or "archive"
    try:
        with open_it() as file, ZipFile(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (BadZipFile, NotImplementedError, ValueError, OSError, SubmissionError) as error:
        if not prefix:  # what the instructor named
            raise CourseError(f"the submissions cannot be read: {error}") from error
        yield name, _refusing(f"an archive that cannot be opened ({error})")
        return
    if len(members) > FILES or not members:
        yield name, _refusing(f"an archive of {len(members)} files; hand in the notebook")
        return
    for info in members:
        inside = prefix + "/".join(
            part for part in info.filename.split("/") if part not in ("", "..", ".")
        )
        if stat.S_ISLNK(info.external_attr >> 16):
            yield inside, _refusing("a link; hand in the file itself")
            continue
        read = partial(_member, open_it, info)
        if inside.lower().endswith(".zip") and not _no_submission(inside):
            if depth < DEPTH:
                within = partial(_in_memory, read)
                yield from _archive(within, f"{inside}/", depth + 1)
            else:
                yield inside, _refusing("an archive within archives; hand in the notebook")
        else:
            yield inside, read


def _in_memory(load: Callable[[], bytes]) -> BinaryIO:
    return io.BytesIO(load())


def _member(open_it: Callable[[], BinaryIO], info: ZipInfo) -> bytes:
    """A file of an archive.

    Raises:
        SubmissionError: it is too large, encrypted or damaged.
    """
    check_size(info.file_size)
    try:
        with open_it() as file, ZipFile(file) as archive:
            return archive.read(info)
    except Exception as error:  # damaged archives make zipfile and its decoders raise many kinds
        raise SubmissionError(f"cannot be unpacked ({type(error).__name__}: {error})") from error
