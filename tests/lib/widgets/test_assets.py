import re

import pytest
from anywidget import AnyWidget

from lib import widgets
from lib.widgets import assets
from tools.bundle import PAGE, SHARED, SOURCES
from tools.bundle import widgets as bundled

OURS = [getattr(widgets, name) for name in widgets.__all__]
STYLES = sorted(path for path in SOURCES.glob("*.css") if path.stem not in SHARED)
TEXTS = sorted([*assets.BUNDLES.iterdir(), *SOURCES.glob("*.js")])


def test_every_widget_has_a_bundle_named_as_its_module():
    modules = {}
    for kind in OURS:
        if issubclass(kind, AnyWidget):
            modules[kind.__module__.removeprefix("lib.widgets.")] = kind
    assert sorted(modules) == bundled()
    for name, kind in modules.items():
        assert (kind._esm, kind._css) == (assets.script(name), assets.style(name))


def test_pages_have_one_bundle_with_every_widget():
    script = assets.script(PAGE)
    assert all(name in script for name in bundled())
    assert "course-prediction" in script and "course-playground" in script


def test_an_unknown_widget_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"nothing\.js"):
        assets.script("nothing")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_asks_another_host(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text and "@import" not in text
    assert "import(" not in _without_comments(text)


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_widgets_rules_win_over_the_cards_wherever_another_copy_of_that_stands(path):
    """They name two classes of the frame: a widget further down brings the card's style again."""
    text = path.read_text(encoding="utf-8")
    (root,) = set(re.findall(r"\.course-card(\.course-[\w-]+)", text))
    assert not re.search(rf"(?<!\.course-card){re.escape(root)}(?![\w-])", text)
