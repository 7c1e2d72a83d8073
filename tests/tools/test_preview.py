import threading
import time

import pytest

from tools import preview
from tools.preview import KEY, UNFINISHED, Preview, is_book


@pytest.fixture
def shown(monkeypatch):
    """What was shown, and an event that is set with each."""
    monkeypatch.setattr(preview, "START", 0)
    monkeypatch.setattr(preview, "PAUSE", 0.01)
    return [], threading.Event()


def wait(event):
    assert event.wait(20)
    event.clear()


def test_texts_come_at_once_and_then_what_is_ready(shown):
    seen, told = shown

    def show(results):
        seen.append(list(results))
        told.set()

    with Preview(show, wanted=True) as running:
        wait(told)
        running.offer(["one"])
        wait(told)
        running.offer(["one", "two"])
        wait(told)
    assert seen == [[], ["one"], ["one", "two"]]
    running.offer(["too late"])
    time.sleep(0.1)
    assert len(seen) == 3


def test_where_all_is_ready_at_once_there_is_none(shown, monkeypatch):
    seen, _ = shown
    monkeypatch.setattr(preview, "START", 30)
    with Preview(seen.append, wanted=True) as running:
        running.offer(["one"])
    assert seen == []


def test_where_a_book_stands_there_is_no_preview(shown):
    seen, _ = shown
    with Preview(seen.append, wanted=False) as running:
        running.offer(["one"])
    assert seen == []


def test_a_preview_that_fails_is_said_and_stops_no_build(shown, capsys):
    _, told = shown

    def show(results):
        told.set()
        raise ValueError("no such page")

    with Preview(show, wanted=True):
        wait(told)
        time.sleep(0.1)
    assert "No preview: ValueError: no such page" in capsys.readouterr().err


def test_pages_are_put_in_place_and_marked_as_unfinished(shown, tmp_path, capsys):
    files = {
        "_toc.yml": b"format: jb-book\nroot: index\n",
        "_config.yml": b"title: T\n",
        "index.md": b"# Early\n",
    }
    out = tmp_path / "html"
    with Preview(lambda results: None, wanted=False) as running:
        running.render(files, out)
        assert "Early" in (out / "index.html").read_text()
        running.render(files | {"index.md": b"# Later\n"}, out)
    assert "Later" in (out / "index.html").read_text()
    assert (out / KEY).read_text() == UNFINISHED
    assert not is_book(out)
    (out / KEY).write_text("a key")
    assert is_book(out)
    assert "To read meanwhile" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["html"]


def test_pages_that_come_too_late_are_not_put_in_place(shown, tmp_path):
    running = Preview(lambda results: None, wanted=False)
    with running:
        pass
    with pytest.raises(FileNotFoundError):  # its folder is gone
        running._publish(tmp_path / "nowhere", tmp_path / "html")
    assert not (tmp_path / "html").exists()
