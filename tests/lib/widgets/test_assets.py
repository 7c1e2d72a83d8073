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
