"""A Sphinx extension that makes the book's pages complete in themselves.

It adds the course's look, puts the widget manager on the pages that hold widgets, and serves
every third-party script from the book: see `vendor.py` for how they get here. Its directive
`playground` puts the playground on a page that is no notebook, without the widget manager.
"""

import json
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxDirective

from lib.widgets.playground import SCRIPT, STYLE, playground_state

THEME = Path(__file__).with_name("theme")
VENDORED = Path(__file__).parents[1] / "_build" / "vendor"  # tools/build.py has it filled
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PLAYGROUND = "course-playground-place"
QUESTION = "What does it take to tell these points apart?"


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx needs to know of this extension; called by Sphinx."""
    app.connect("builder-inited", add_static_folders)
    app.connect("builder-inited", write_playground)
    app.connect("html-page-context", add_widget_scripts)
    app.connect("html-page-context", add_playground_files)
    app.add_directive("playground", PlaygroundDirective)
    app.add_css_file("course.css", priority=900)
    app.add_css_file("print.css", priority=901)
    app.add_js_file("course-early.js", priority=1)
    app.add_js_file("course.js", priority=900, loading_method="defer")
    app.add_js_file("print.js", priority=901, loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def add_static_folders(app: Sphinx) -> None:
    """Let the theme's files, its icon and the vendored ones be copied into the book.

    They are added here and not in `_config.yml` because Jupyter Book would load every script
    of a folder it knows of on every page, and the widget manager must not be loaded twice.

    Raises:
        ConfigError: the vendored files are not there.
    """
    if not VENDORED.is_dir():
        raise ConfigError(f"{VENDORED} is not there; 'make book' fills it before it runs Sphinx")
    app.config.html_static_path.extend([str(THEME), str(VENDORED)])
    app.config.html_favicon = str(THEME / "favicon.svg")


def add_widget_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the widget manager to a page that shows widgets, and to no other.

    It runs late in the head: once require.js is there, scripts that can be AMD modules would
    register with it instead of doing their work.
    """
    if WIDGET_VIEW not in context.get("body", ""):
        return
    app.add_js_file("vendor/require.js", priority=910)
    app.add_js_file("course-widgets.js", priority=911)
    app.add_js_file("vendor/embed-amd.js", priority=912)


class PlaygroundDirective(SphinxDirective):
    """The playground with its stories: ```{playground}```, once on a page."""

    def run(self) -> list[nodes.Node]:
        """A place that `theme/course-playground.js` fills; the list of contents makes room."""
        self.env.metadata[self.env.docname]["html_theme.sidebar_secondary.remove"] = True
        state = escape(json.dumps(playground_state(QUESTION, stories=True)))
        needs = "<noscript>The playground needs JavaScript.</noscript>"
        html = f'<div class="{PLAYGROUND}" data-state="{state}">{needs}</div>'
        return [nodes.raw("", html, format="html")]


def write_playground(app: Sphinx) -> None:
    """Write the playground's files where Sphinx will add those of the theme.

    They are made from `lib/widgets`, so that a page and a notebook run the same code.
    """
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    mount = (THEME / "course-playground.js").read_text(encoding="utf-8")
    (static / "playground.js").write_text(f"{SCRIPT}\n{mount}", encoding="utf-8")
    (static / "playground.css").write_text(STYLE, encoding="utf-8")


def add_playground_files(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the playground's files on a page that has a place for it, and on no other."""
    if PLAYGROUND not in context.get("body", ""):
        return
    app.add_css_file("playground.css", priority=890)
    app.add_js_file("playground.js", priority=890, type="module")
