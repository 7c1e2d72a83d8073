"""The directive that puts the playground on a page: built by Sphinx, read by a parser."""

import json
import re
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util.docutils import docutils_namespace

from lib.widgets.assets import script, style
from lib.widgets.playground import playground_state
from tools import sphinx_course

PAGES = {
    "index.md": "# Home\n\n```{playground}\n```\n\n```{toctree}\nparts/other\n```\n",
    "parts/other.md": "# Other\n\nNo place to play.\n",
    "parts/deep.md": "---\norphan: true\n---\n# Deep\n\n```{playground}\n```\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder of a small book with these pages."""
    folder, vendored = tmp_path_factory.mktemp("book"), tmp_path_factory.mktemp("vendored")
    for name, text in PAGES.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings = {"extensions": ["myst_nb", "tools.sphinx_course"], "html_theme": "basic"}
    source, out, doctrees = (str(folder / name) for name in ("source", "out", "doctrees"))
    with pytest.MonkeyPatch.context() as patch, docutils_namespace():
        patch.setattr(sphinx_course, "VENDORED", vendored)
        app = Sphinx(source, None, out, doctrees, "html", confoverrides=settings, status=None)
        app.build()
    assert app.statuscode == 0
    return folder / "out"


def test_the_widgets_script_is_loaded_where_there_is_a_place_and_nowhere_else(built):
    for name, prefix in (("index.html", ""), ("parts/deep.html", "../")):
        page = (built / name).read_text()
        (script,) = re.findall(r"<script[^>]*course-widgets\.js[^>]*>", page)
        assert 'defer="defer"' in script  # no module: it may be opened from a file
        assert f'src="{prefix}_static/course-widgets.js' in script
        assert f'href="{prefix}_static/course-widgets.css' in page
    assert "course-widgets" not in (built / "parts" / "other.html").read_text()


def test_the_playgrounds_place_holds_what_the_script_starts_from(built):
    page = (built / "index.html").read_text()
    (state,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    expected = playground_state(sphinx_course.QUESTION, stories=True)
    assert json.loads(state) == json.loads(json.dumps(expected))


def test_pages_get_the_committed_bundle(built):
    for kind, text in (("js", script("course-widgets")), ("css", style("course-widgets"))):
        assert (built / "_static" / f"course-widgets.{kind}").read_text() == text


def test_missing_vendored_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sphinx_course, "VENDORED", tmp_path / "nothing")
    with pytest.raises(ConfigError, match="nothing is not there; 'make book' fills it"):
        sphinx_course.add_static_files(None)
