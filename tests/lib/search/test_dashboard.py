import io
import sys

import pytest
from PIL import Image

from lib.search import LogUniform, SearchError, dashboard_picture, random_search
from tests.browser import find_chromium


@pytest.fixture
def storage(tmp_path):
    path = tmp_path / "search.journal"
    space = {"lr": LogUniform(1e-4, 1)}
    random_search(
        lambda config, budget: config["lr"],
        space,
        trials=20,
        budget=1,
        seed=0,
        storage=path,
        progress=None,
    )
    return path


def test_the_picture_shows_the_trials(storage, monkeypatch):
    monkeypatch.setenv("CHROMIUM", find_chromium())
    before = storage.read_bytes()
    with Image.open(io.BytesIO(dashboard_picture(storage, width=1000, height=700))) as picture:
        assert picture.size == (1000, 700)
        colors = {color for _, color in picture.convert("RGB").getcolors(100_000)}
    assert (0, 204, 150) in colors  # the dots, a color that nothing else on the page has
    assert storage.read_bytes() == before


def test_what_is_missing_is_named(storage, tmp_path, monkeypatch):
    with pytest.raises(SearchError, match=r"none\.journal is no file"):
        dashboard_picture(tmp_path / "none.journal")
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SearchError, match="needs Chromium"):
        dashboard_picture(storage)
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    with pytest.raises(SearchError, match="needs the package optuna-dashboard"):
        dashboard_picture(storage)


def test_a_browser_that_draws_nothing_is_quoted(storage, tmp_path, monkeypatch):
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho no display >&2\n")
    browser.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(browser))
    with pytest.raises(SearchError, match="drew no picture: no display"):
        dashboard_picture(storage)
