"""The bootstrap cell of notebooks, and links that open them on Colab."""

import copy
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml

from lib.colab import EDITION
from tools.chapters import ROOT, Chapter, CourseError

PREPARED = re.compile(r"(?m)^colab\.prepare\(.*\)[ \t\r]*$")  # the last line of the first cell
GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com/github/"
CELL = """\
# @title Run this first
# In an empty folder (on Colab) it fetches the course; in a clone it does nothing.
{costs}{page}
# On Colab, "File > Save a copy in Drive" keeps what you write.
import shutil
import subprocess
import sys
from pathlib import Path

URL, BRANCH, EDITION = {url!r}, {branch!r}, {edition}


def edition_of(folder):
    file = folder / "lib" / "edition.txt"
    return int(file.read_text()) if file.is_file() else None


def git(*command):
    done = subprocess.run(["git", *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"cannot fetch {{URL}}; this needs a network, once. {{done.stderr}}")
    return done.stdout.strip()


here, course, part = Path.cwd(), Path.cwd() / "course", Path.cwd() / "course.part"
clone = next((p for p in (here, *here.parents) if edition_of(p)), None)
if clone is None and not course.exists():
    shutil.rmtree(part, ignore_errors=True)  # of an attempt that was cut short
    git("clone", "--quiet", "--depth", "1", "--branch", BRANCH, URL, part)
    part.rename(course)
elif clone is None and edition_of(course) != EDITION:
    config = course / ".git" / "config"
    if not config.is_file() or URL not in config.read_text():
        raise RuntimeError(f"{{course}} is another folder; rename it, and run this again")
    git("-C", course, "fetch", "--quiet", "--depth", "1", "origin", BRANCH)
    git("-C", course, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    if "lib" in sys.modules:
        raise RuntimeError("the course is up to date now: restart the kernel, and run this again")
loaded = getattr(sys.modules.get("lib"), "__file__", None)
if loaded and Path(loaded).parent != (clone or course) / "lib":
    raise RuntimeError(f"another lib is loaded, {{loaded}}: restart the kernel, and run this first")
sys.path.insert(0, str(clone or course))
from lib import colab

colab.prepare(edition=EDITION, install=clone is None)"""

BESIDE = """\
# @title Run this first
# The notebook must be in the folder that you were given, beside the folder lib.
{costs}
import sys
from pathlib import Path

here, EDITION = Path.cwd(), {edition}
course = next((p for p in (here, *here.parents) if (p / "lib" / "edition.txt").is_file()), None)
if course is None:
    raise RuntimeError(f"no folder lib in {{here}}: keep the notebook in the folder you were given")
sys.path.insert(0, str(course))
from lib import colab

colab.prepare(edition=EDITION, install="google.colab" in sys.modules)"""


COSTS = """\
# It computes for about {minutes} on two CPU cores (at budget "quick", for seconds)
# and needs {memory:g} GB of memory."""
PAGE = """
# All figures and widgets are on its page: {page}"""
# How Jupyter and Colab hide a cell's code: what the book's pages fold or leave out.
FOLDED = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
HIDDEN = {"jupyter": {"source_hidden": True}, "cellView": "form"}


@dataclass(frozen=True)
class Repository:
    """Where the course is published.

    Attributes:
        url: `repository.url` in _config.yml.
        branch: the branch that readers get.
    """

    url: str
    branch: str

    def colab_link(self, chapter: Chapter, *, folder: str = "chapters/") -> str | None:
        """The address that opens a chapter's notebook on Colab; None if it is not on GitHub.

        Args:
            folder: the notebook's folder in the repository, with a trailing slash.
        """
        if not self.url.startswith(GITHUB):
            return None
        path = self.url.removeprefix(GITHUB).strip("/").removesuffix(".git")
        return f"{COLAB}{path}/blob/{self.branch}/{folder}{chapter.notebook.name}"

    def page_link(self, chapter: Chapter) -> str | None:
        """The address at which GitHub publishes a chapter's page; None if it is not on GitHub."""
        owner, _, project = self.url.removeprefix(GITHUB).removesuffix(".git").partition("/")
        if not self.url.startswith(GITHUB) or not project:
            return None
        return f"https://{owner}.github.io/{project}/{chapter.docname}.html"


def read_repository(root: Path = ROOT) -> Repository:
    """The repository named in _config.yml.

    Raises:
        CourseError: no repository is named.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    url = settings.get("repository", {}).get("url")
    if not url:
        raise CourseError("_config.yml names no repository.url; notebooks fetch the course from it")
    return Repository(url.rstrip("/"), settings["repository"].get("branch", "main"))


def with_first_cell(
    notebook: nbformat.NotebookNode, repository: Repository | None, *, page: str | None = None
) -> nbformat.NotebookNode:
    """The notebook with a cell that fetches the course after its title, and answers out of sight.

    Without a repository, the cell fetches nothing and looks for the course's code beside it.

    Args:
        page: the address of the chapter's page, which has all figures; None does not name it.

    Raises:
        CourseError: the header does not state the chapter's compute time or memory.
    """
    course = notebook.metadata.get("course", {})
    if missing := [key for key in ("compute_minutes", "memory_gb") if key not in course]:
        raise CourseError(f"a chapter's header lacks course.{', course.'.join(missing)}")
    count = course["compute_minutes"]
    minutes = "a minute" if count == 1 else f"{count:g} minutes"
    costs = COSTS.format(minutes=minutes, memory=course["memory_gb"])
    if repository is None:
        source = BESIDE.format(costs=costs, edition=EDITION)
    else:
        source = CELL.format(
            url=repository.url, branch=repository.branch, edition=EDITION, costs=costs,
            page=PAGE.format(page=page) if page else "",
        )  # fmt: skip
    opened = copy.deepcopy(notebook)
    for cell in opened.cells:
        if FOLDED & set(cell.metadata.get("tags", [])):
            cell.metadata.update(copy.deepcopy(HIDDEN))
    first = nbformat.v4.new_code_cell(source, id="fetch-the-course", metadata=HIDDEN)
    opened.cells.insert(1, first)
    return opened


def without_first_cell(source: str) -> str:
    """What a reader wrote below the code of the first cell, of any edition; other cells stay."""
    found = PREPARED.search(source)
    return source[found.end() :].strip() if found else source
