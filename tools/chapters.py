"""The chapters of the book: where they are, and how source and notebook are paired."""

import copy
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parent.parent
CHECKED = "nbval-check-output"


class CourseError(RuntimeError):
    """The course cannot be built as it is; the message says what to fix."""


@dataclass(frozen=True)
class Chapter:
    """One chapter: `source` is the py:percent file people edit, `notebook` its jupytext pair.

    Of an assignment that keeps only notebooks, the source is the notebook itself.
    """

    source: Path

    @property
    def name(self) -> str:
        """The chapter's full name, such as "01_activations"."""
        return self.source.stem

    @property
    def notebook(self) -> Path:
        """The paired notebook, next to the source."""
        return self.source.with_suffix(".ipynb")

    @property
    def room(self) -> Path:
        """The folder of the code that serves this chapter alone, such as chapters/activations."""
        return self.source.parent / room_of(self.name)

    @property
    def docname(self) -> str:
        """The page's name in the book, such as "chapters/01_activations"."""
        return f"chapters/{self.name}"


def room_of(name: str) -> str:
    """The name of a chapter's room, such as "activations" for "01_activations"."""
    return name.split("_", 1)[1]


def list_chapters(root: Path = ROOT) -> list[Chapter]:
    """The chapters listed in `_toc.yml`, in its order.

    Raises:
        CourseError: a chapter is listed, but its source does not exist.
    """
    toc = yaml.safe_load((root / "_toc.yml").read_text())
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    chapters = [Chapter(root / f"{file}.py") for file in files if file.startswith("chapters/")]
    for chapter in chapters:
        if not chapter.source.is_file():
            raise CourseError(f"_toc.yml lists {chapter.docname}, but {chapter.source} is no file")
    return chapters


def find_chapter(name: str) -> Chapter:
    """The chapter with a number such as "07" or a name such as "saliency" or "07_saliency".

    Raises:
        CourseError: no chapter has that name; the message lists the names.
    """
    chapters = list_chapters()
    for chapter in chapters:
        if name in (chapter.name, *chapter.name.split("_", 1)):
            return chapter
    known = ", ".join(chapter.name for chapter in chapters)
    raise CourseError(f"there is no chapter {name!r}; there are {known}")


def read_source(chapter: Chapter) -> nbformat.NotebookNode:
    """The notebook for a chapter's source; if that is py:percent, without outputs.

    Cell ids depend only on the cell's text, so editing one cell does not change the others' ids.
    """
    form = "ipynb" if chapter.source.suffix == ".ipynb" else "py:percent"
    notebook = copy.deepcopy(_parsed(chapter.source.read_text("utf-8"), form))
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, -1) + 1
        cell.id = f"{digest}-{seen[digest]}"
    return notebook


@lru_cache(maxsize=64)
def _parsed(text: str, form: str) -> nbformat.NotebookNode:
    """The notebook for a source's text, cached since a build asks for each several times."""
    import jupytext  # imported here: slow, and not needed if the book is up to date

    notebook = jupytext.reads(text, fmt=form)
    notebook.metadata.get("jupytext", {}).pop("text_representation", None)
    return notebook


def title_of(notebook: nbformat.NotebookNode) -> str:
    """The text of the notebook's first heading, without the chapter's number ("3 · ").

    Raises:
        CourseError: the first cell does not start with one.
    """
    first = notebook.cells[0].source.splitlines()[0] if notebook.cells else ""
    if not first.startswith("# "):
        raise CourseError(f"a chapter starts with a heading '# …'; got {first!r}")
    return re.sub(r"^# (\d+ · )?", "", first)


def is_checked(cell: nbformat.NotebookNode) -> bool:
    """Whether nbval compares the cell's output with the committed one."""
    return cell.cell_type == "code" and CHECKED in cell.metadata.get("tags", [])
