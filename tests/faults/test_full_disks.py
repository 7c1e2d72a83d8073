"""A full disk, read-only, no permission, no folder: named; the old stays, and nothing else."""

import pytest

from lib.training import Outcome, classifiers
from tests.faults.cases import sampled
from tests.faults.conditions import MOUNTED, ON_LINUX, SPOILED, mount_small
from tests.faults.processes import run
from tests.faults.writers import RUN, WRITERS, Writer

pytestmark = ON_LINUX
FILES = [name for name in WRITERS if name not in ("book", "executed chapter")]
CASES = {(name, spoiled) for name in FILES for spoiled in SPOILED} | {("book", "no permission")}


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "filler")


def fails(writer: Writer, folder, version, *, said):
    """The writer must raise its error, which names the file or its folder."""
    with pytest.raises(writer.error) as caught:
        writer.write(folder, version)
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "spoiled"), sampled(sorted(CASES), quick=12))
def test_where_nothing_can_be_written_the_old_stays(name, spoiled, tmp_path):
    writer, folder, elsewhere = WRITERS[name], tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir(), elsewhere.mkdir()
    writer.write(elsewhere, 1)  # imports what it needs, and brings its sources

    def attempt():
        if spoiled in MOUNTED:
            mount_small(folder)
        writer.write(folder, 0)
        before = names(folder)
        SPOILED[spoiled](folder)
        fails(writer, folder, 1, said=str(folder))
        if spoiled != "too many files":
            assert writer.read(folder) == 0
            assert names(folder) == before

    assert run(attempt) == 0


@pytest.mark.parametrize("name", sampled(FILES, quick=2))
def test_a_file_in_the_place_of_the_folder_is_named_and_kept(name, tmp_path):
    WRITERS[name].write(tmp_path / "elsewhere", 1)
    (tmp_path / "folder").write_text("years of work")
    fails(WRITERS[name], tmp_path / "folder", 1, said="folder")
    assert (tmp_path / "folder").read_text() == "years of work"


@pytest.mark.parametrize("name", sampled(FILES, quick=2))
def test_a_folder_in_the_place_of_the_file_is_named_and_kept(name, tmp_path):
    writer, folder = WRITERS[name], tmp_path / "folder"
    writer.write(folder, 0)
    (written,) = folder.iterdir()
    written.unlink()
    (written / "thesis").mkdir(parents=True)
    fails(writer, folder, 1, said=written.name)
    assert [path.name for path in folder.iterdir()] == [written.name]
    assert (written / "thesis").is_dir()


def test_a_network_that_cannot_be_kept_is_not_lost(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    network = classifiers.ConvNet(3, 10, generator=RUN.generator("network"), **classifiers.NETWORK)
    monkeypatch.setattr(
        classifiers, "run_trials", lambda *_, **__: [Outcome({}, None, 0.0, network)]
    )
    monkeypatch.setattr(classifiers, "training_scenes", lambda run, bias: classifiers.load_scenes(
        2, generator=run.generator("few"), size=classifiers.SCENE_SIZE))  # fmt: skip
    assert classifiers.scene_classifiers(RUN, seeds=[0], cache=tmp_path / "file")[0] is network
    assert "cannot be written" in capsys.readouterr().err
