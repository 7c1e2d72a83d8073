import sys

import pytest

from tools import folders
from tools.folders import replace_folder


@pytest.fixture(params=["in one step", "in two steps"])
def pair(request, tmp_path, monkeypatch):
    """A folder and what shall come in its place, where the system can exchange them and cannot."""
    if request.param == "in two steps":
        monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    target, fresh = tmp_path / "html", tmp_path / "scratch" / "fresh"
    for folder, text in ((target, "old"), (fresh, "new")):
        folder.mkdir(parents=True)
        (folder / "page").write_text(text)
    return target, fresh


def test_the_fresh_folder_takes_the_place_of_the_old_one(pair):
    target, fresh = pair
    replace_folder(target, fresh)
    assert (target / "page").read_text() == "new"


def test_there_need_not_be_an_old_one(pair):
    target, fresh = pair
    replace_folder(target.with_name("elsewhere"), fresh)
    assert (target.with_name("elsewhere") / "page").read_text() == "new"
    assert not fresh.exists()


def test_what_could_not_be_replaced_is_put_back(pair):
    target, fresh = pair
    with pytest.raises(FileNotFoundError):
        replace_folder(target, fresh.with_name("missing"))
    assert (target / "page").read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges folders")
def test_linux_exchanges_them_in_one_step(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page").write_text(name)
    assert folders._exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "page").read_text() == "other"
    assert (tmp_path / "other" / "page").read_text() == "one"
