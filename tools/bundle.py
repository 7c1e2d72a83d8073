"""Bundles the widgets' JavaScript and CSS: `python -m tools.bundle`, or `make bundles`.

`lib/widgets/js` holds ES modules. A notebook carries each widget as a single text, so each gets its
own bundle; the book's pages load one bundle with all of them. Bundles are committed, so building
the book or opening a notebook needs no bundler.
"""

import sys
import tempfile
from pathlib import Path

from lib.widgets.assets import BUNDLES
from tools.build import reporting
from tools.chapters import ROOT
from tools.folders import replace_folder
from tools.javascript import JavaScriptError, run

SOURCES = ROOT / "lib" / "widgets" / "js"
PAGE = "course-widgets"  # the bundle of `page.js`, under the name that the book serves
SHARED = {"card", "page", "record"}  # styles that do not belong to a widget
OPTIONS = ("--bundle", "--charset=utf8", "--minify", "--legal-comments=none")


def main() -> int:
    """Rewrite the bundles; return 0, or 1 or 130 with the reason on stderr if that failed."""
    with reporting("The bundles are what they were.") as status:
        with tempfile.TemporaryDirectory(prefix=".bundles-", dir=BUNDLES.parent) as scratch:
            fresh = Path(scratch, "fresh")
            bundle(fresh)
            replace_folder(BUNDLES, fresh)
        for path in sorted(BUNDLES.iterdir()):
            print(f"{path.stat().st_size / 1e3:6.1f} kB  {path.relative_to(ROOT)}")
    return status.code


def bundle(folder: Path) -> None:
    """Write the bundles of all widgets and the pages' bundle into a folder.

    Raises:
        JavaScriptError: the bundler could not be installed, or it found an error in the sources.
    """
    entries = [SOURCES / f"{name}{kind}" for name in widgets() for kind in (".js", ".css")]
    pages = [f"{PAGE}={SOURCES / 'page.js'}", f"{PAGE}={SOURCES / 'page.css'}"]
    # A notebook imports a widget's module. A page runs a script, since a page opened from a file
    # may not load modules.
    for sources, form in ((entries, "esm"), (pages, "iife")):
        process = run("esbuild", *sources, *OPTIONS, f"--format={form}", f"--outdir={folder}")
        if process.returncode:
            raise JavaScriptError(f"The JavaScript could not be bundled:\n{process.stderr}")


def widgets() -> list[str]:
    """The names of the widgets: each has a module and a stylesheet next to it."""
    return sorted({path.stem for path in SOURCES.glob("*.css")} - SHARED)


if __name__ == "__main__":
    sys.exit(main())
