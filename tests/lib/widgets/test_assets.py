import re

import pytest

from lib.widgets import assets


def test_sources_are_joined_in_the_order_asked_for():
    joined = assets.source("dom.js", "prediction.js")
    assert joined.startswith(assets.source("dom.js"))
    assert joined.endswith(assets.source("prediction.js"))


def test_an_unknown_file_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"nothing\.js"):
        assets.source("nothing.js")


@pytest.mark.parametrize(
    "path", sorted(assets.FOLDER.glob("*.[cj]ss")) + sorted(assets.FOLDER.glob("*.js"))
)
def test_no_source_asks_another_host(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text and "@import" not in text and "import(" not in text


@pytest.mark.parametrize(
    "path", sorted(set(assets.FOLDER.glob("*.css")) - {assets.FOLDER / "card.css"})
)
def test_a_widgets_rules_win_over_the_cards_wherever_another_copy_of_that_stands(path):
    """They name two classes of the frame: a widget further down brings the card's style again."""
    text = path.read_text(encoding="utf-8")
    (root,) = set(re.findall(r"\.course-card(\.course-[\w-]+)", text))
    assert not re.search(rf"(?<!\.course-card){re.escape(root)}(?![\w-])", text)
