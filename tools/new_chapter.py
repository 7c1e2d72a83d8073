"""Writes the skeleton of a new chapter: `python -m tools.new_chapter sequences`.

That is `make chapter-new NAME=sequences`. The templates in `tools/skeleton` are a small chapter
that runs; a new one is a copy of it under its own name, with a row of its own in the syllabus.
"""

import argparse
import keyword
import re
import sys
from pathlib import Path

from lib.files import write_atomically
from tools.build import reporting
from tools.chapters import ROOT, CourseError, list_chapters

TEMPLATES = Path(__file__).with_name("skeleton")
NAME = re.compile(r"[a-z][a-z0-9]*")
TAKEN = {"hidden"}  # folders of chapters/ that are not rooms
PLACES = {  # target path of each template; the names are filled in
    "chapter.py": "chapters/{full}.py",
    "room.py": "chapters/{name}/__init__.py",
    "experiments.py": "chapters/{name}/experiments.py",
    "figures.py": "chapters/{name}/figures.py",
    "checks.py": "chapters/{name}/checks.py",
    "hidden.py": "chapters/hidden/{full}.py",
    "test_checks.py": "tests/chapters/{name}/test_checks.py",
    "test_figures.py": "tests/chapters/{name}/test_figures.py",
}
NEXT = """\
Wrote chapter {full}: its source, its room, hidden tests, tests and entries in _toc.yml and
chapters/syllabus.yml. It is an example that runs; replace it part by part. What is next:

  make notebooks                                    execute it at quick, and write its notebook
  make chapter N={number}                                 look at it
  make check                                        the rules that sources keep
  make evidence SEEDS="0 1 2 3" CHAPTERS={number}         measure what its claim rests on
  make book                                         a page at standard, then once more:
  make evidence CHAPTERS={number}                         note what the page took and weighs

Until the last three have run, tests/chapters/test_evidence.py fails for this chapter: it asks for
the evidence of each claim and for a recorded page.
"""


def main() -> int:
    """Write the skeleton; return 1 if that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_chapter", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="one lowercase word")
    options = parser.parse_args()
    with reporting("No chapter was written.") as status:
        full = write_chapter(options.name)
        print(NEXT.format(full=full, number=full.partition("_")[0]))
    return status.code


def write_chapter(name: str, root: Path = ROOT) -> str:
    """Write all files of a new chapter after the last one; return its full name.

    Raises:
        CourseError: the name is invalid, or a file that would be written already exists.
    """
    check_name(name)
    names = [chapter.name for chapter in list_chapters(root)]
    number = max((int(each.partition("_")[0]) for each in names), default=-1) + 1
    full = f"{number:02}_{name}"
    files = render(name, full, names[-1], root)
    there = [path for path in files if (root / path).exists()]
    if name in {each.partition("_")[2] for each in names} or there:
        raise CourseError(f"there is a {name!r} already: {', '.join(there) or 'a chapter'}")
    contents = with_entries(name, full, names, root)
    for path, text in (files | contents).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / path, text)
    return full


def check_name(name: str) -> None:
    """Refuse a name that is not valid for a Python package.

    Raises:
        CourseError: the name is invalid or taken.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name in TAKEN:
        raise CourseError(
            "NAME must be one word of lowercase letters and digits, such as NAME=sequences, and no "
            f"keyword; got {name!r}"
        )


def render(name: str, full: str, previous: str, root: Path) -> dict[str, str]:
    """The text of each new file, by its path relative to the repository."""
    words = {
        r"\bskeleton\b": name,
        r"\bTITLE\b": name.capitalize(),
        r"\bCLAIM\b": f"{name}-example",
        r"\bROW\b": row_of(root, full),
        r"\bPREVIOUS\b": previous,
    }
    files = {f"tests/chapters/{name}/__init__.py": ""}
    for template, place in PLACES.items():
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        for pattern, word in words.items():
            text = re.sub(pattern, word, text)
        files[place.format(name=name, full=full)] = text
    return files


def row_of(root: Path, full: str) -> str:
    """The id of the new row in the syllabus: N and the chapter's number, or the next free one."""
    syllabus = (root / "chapters" / "syllabus.yml").read_text("utf-8")
    ids = re.findall(r"(?m)^\s*- id: (\S+)", syllabus)
    number = int(full.partition("_")[0])
    while f"N{number}" in ids:
        number += 1
    return f"N{number}"


def with_entries(name: str, full: str, names: list[str], root: Path) -> dict[str, str]:
    """The table of contents and the syllabus with the new chapter, keyed by path.

    They are edited as text to keep their comments.

    Raises:
        CourseError: one of them does not have the expected form.
    """
    toc, syllabus = "_toc.yml", "chapters/syllabus.yml"
    last = f"      - file: chapters/{names[-1]}\n"
    row = (
        f"  {name.capitalize()}:\n    - id: {row_of(root, full)}\n"
        f"      text: What chapter {full} covers.\n"
        f'      sections: ["{full}#How fast noise averages out", "{full}#The experiment"]\n\n'
    )
    return {
        toc: _inserted(root / toc, last, f"      - file: chapters/{full}\n", before=False),
        syllabus: _inserted(root / syllabus, "later:\n", row, before=True),
    }


def _inserted(path: Path, at: str, text: str, *, before: bool) -> str:
    """The file's text with a piece inserted before or after a line that occurs exactly once."""
    old = path.read_text(encoding="utf-8")
    if len(found := re.findall(rf"(?m)^{re.escape(at)}", old)) != 1:
        raise CourseError(f"{path.name} has the line {at.strip()!r} {len(found)} times, not once")
    return re.sub(
        rf"(?m)^{re.escape(at)}", lambda line: text + line[0] if before else line[0] + text, old
    )


if __name__ == "__main__":
    sys.exit(main())
