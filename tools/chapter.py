"""Executes, renders and opens one chapter: `python -m tools.chapter 07`, or `make chapter N=07`.

It computes at the budget quick and keeps what was computed, so that an edit of prose executes
nothing. Only that page is rendered: its links to other pages lead nowhere, which is no fault here.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from lib.evidence.ledger import load_ledger
from tools.build import BUILD, DEVICES, at_least, bring_data, find_device, reporting
from tools.chapters import Chapter, CourseError, find_chapter, list_chapters
from tools.execute import execute
from tools.lock import exclusive
from tools.preview import book_command, book_environment
from tools.results import Executed, Parameters
from tools.vendor import vendor

NEEDED = ("_config.yml", "references.bib", "bibliography.md")  # in addition to the page
CONTENTS = """\
format: jb-book
root: {}
chapters:
  - file: bibliography
"""
COLOR = re.compile(r"\x1b\[[\d;]*m")
# Sphinx's warnings about links to missing pages and about labels that those would define.
ELSEWHERE = re.compile(
    r"xref_missing|unknown document|undefined label|term not in glossary|"
    r"cross-reference target not found|not found in any toctree|not included in any toctree"
)


def main() -> int:
    """Show one chapter; return 0, or 1 or 130 with the reason on stderr if that failed."""
    options = parse_arguments()
    with reporting("The chapter cannot be shown.") as status:
        chapter = find_chapter(options.chapter)
        parameters = Parameters(options.budget, options.seed, find_device(options.device))
        with exclusive(BUILD):
            bring_data()
            vendor(BUILD / "vendor")
            (result,) = execute([chapter], parameters, cache=BUILD / "executed", jobs=1)
            page = render_page(chapter, staged(result, parameters), BUILD / "chapter")
        print(f"The page: {page}")
        if not options.closed and not open_page(page):
            print("There is no display here to open it on.")
    return status.code


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.chapter", description=__doc__)
    parser.add_argument("chapter", nargs="?", default="", help="its number or its name")
    parser.add_argument("--budget", choices=("quick", "standard", "full"), default="quick")
    parser.add_argument("--seed", type=at_least(0, "SEED"), default=0)
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--closed", action="store_true", help="only print where the page is")
    return parser.parse_args()


def staged(result: Executed, parameters: Parameters) -> dict[str, bytes]:
    """The files of a book with only this page and the bibliography.

    Raises:
        CourseError: see `stage`; the text of the other chapters is checked, too.
    """
    from tools.stage import stage  # imported here because it is slow

    others = [chapter for chapter in list_chapters() if chapter != result.chapter]
    files = stage([result], parameters, load_ledger(), waiting=others)
    page = f"{result.chapter.docname}.ipynb"
    contents = CONTENTS.format(result.chapter.docname).encode()
    return {name: files[name] for name in (*NEEDED, page)} | {"_toc.yml": contents}


def render_page(chapter: Chapter, files: Mapping[str, bytes], folder: Path) -> Path:
    """Render a one-page book below `folder`, replacing the last one; return the page's path.

    Sphinx's complaints about the page go to stderr, except those about links to other pages.

    Raises:
        CourseError: Sphinx ended without a page.
    """
    source, target = folder / "src", folder / "result"
    for old in (source, target):
        shutil.rmtree(old, ignore_errors=True)
    for name, content in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    done = subprocess.run(
        book_command(source, target),
        capture_output=True,
        text=True,
        env=book_environment(),
        check=False,
    )
    said = COLOR.sub("", done.stdout + done.stderr).replace(f"{source}/", "")
    (folder / "sphinx.log").write_text(said, encoding="utf-8")
    page = target / "_build" / "html" / f"{chapter.docname}.html"
    if done.returncode or not page.is_file():
        raise CourseError(f"Jupyter Book made no page of {chapter.name}:\n{said[-3000:]}")
    for fault in faults(said):
        print(fault, file=sys.stderr)
    return page


def faults(said: str) -> list[str]:
    """The warnings and errors in Sphinx's log that concern the page itself."""
    lines = (line for line in said.splitlines() if "WARNING" in line or "ERROR" in line)
    return [line for line in lines if not ELSEWHERE.search(line)]


def open_page(page: Path) -> bool:
    """Open a page in the default browser; return False if there is no display or no browser."""
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in displays):
        return False  # a text browser would take over this terminal
    return webbrowser.open(page.as_uri())


if __name__ == "__main__":
    sys.exit(main())
