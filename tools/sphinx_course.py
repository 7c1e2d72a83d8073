"""A Sphinx extension that makes the book's pages self-contained.

It adds the course's theme, loads the widgets' script and style on the pages with widgets, and
serves all third-party scripts from the book; `vendor.py` fetches them. Its directive `playground`
puts the playground on a page that is not a notebook.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxDirective

from lib.widgets.assets import BUNDLES
from lib.widgets.playground import playground_state
from tools.code_lines import with_lines
from tools.figures import EXTRA
from tools.lighten import lighten_book
from tools.places import MARK, make_place

THEME = Path(__file__).with_name("theme")
VENDORED = Path(__file__).parents[1] / "_build" / "vendor"  # filled by tools/build.py
SCRIPT, STYLE = "course-widgets.js", "course-widgets.css"
CLAIMS = 'class="course-claims"'  # shows that a page lists claims
QUESTION = "What does it take to tell these points apart?"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register this extension; called by Sphinx."""
    app.connect("builder-inited", add_static_files)
    app.connect("html-page-context", wrap_code)
    app.connect("html-page-context", add_widget_files)
    app.connect("html-page-context", add_claims_files)
    app.connect("build-finished", lighten)
    app.add_directive("playground", PlaygroundDirective)
    app.add_css_file("course.css", priority=900)
    app.add_css_file("print.css", priority=901)
    app.add_js_file("course.js", priority=900, loading_method="defer")
    app.add_js_file("print.js", priority=901, loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def add_static_files(app: Sphinx) -> None:
    """Have Sphinx copy the theme's files, the widgets' bundle, the vendored files and tables.

    They are added here and not in `_config.yml` because Jupyter Book would load every script in a
    folder that it knows on every page.

    Raises:
        ConfigError: the vendored files are missing.
    """
    if not VENDORED.is_dir():
        raise ConfigError(f"{VENDORED} is not there; 'make book' fills it before it runs Sphinx")
    files = [THEME, VENDORED, BUNDLES / SCRIPT, BUNDLES / STYLE]
    app.config.html_static_path.extend(map(str, files))
    app.config.html_extra_path.extend(map(str, Path(app.srcdir).glob("*.csv")))
    if (extra := Path(app.srcdir, EXTRA)).is_dir():
        app.config.html_extra_path.append(str(extra))
    app.config.html_favicon = str(THEME / "favicon.svg")
    app.config.html_search_scorer = str(THEME / "search.js")


def add_widget_files(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the widgets' script and style only on pages that have a place for a widget."""
    if MARK not in context.get("body", ""):
        return
    app.add_css_file(STYLE, priority=902)
    app.add_js_file(SCRIPT, priority=902, loading_method="defer")


def wrap_code(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Let lines of code wrap on narrow pages."""
    if "body" in context:
        context["body"] = with_lines(context["body"])


def add_claims_files(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the script and style of claims only on the page that lists them."""
    if CLAIMS in context.get("body", ""):
        app.add_css_file("claims.css", priority=903)
        app.add_js_file("claims.js", priority=903, loading_method="defer")


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Take out of the finished pages what they load and do not need."""
    if exception is None and app.builder.format == "html":
        lighten_book(Path(app.outdir))


class PlaygroundDirective(SphinxDirective):
    """The playground with its stories: ```{playground}```, once per page."""

    def run(self) -> list[nodes.Node]:
        """A place that also takes up the space of the page's table of contents."""
        self.env.metadata[self.env.docname]["html_theme.sidebar_secondary.remove"] = True
        place = make_place("playground", "stories", playground_state(QUESTION, stories=True))
        html = f'<div class="course-playground-place">\n{place}\n</div>'
        return [nodes.raw("", html, format="html")]
