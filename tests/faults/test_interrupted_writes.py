"""Writers that are killed at any line or moment: what is there is the old or the new, whole."""

import shutil
import signal
from random import Random

import pytest

from lib.datasets import cifar10
from tests.cifar10 import replacements, write_cifar10
from tests.faults.cases import sampled
from tests.faults.processes import count_lines, killed_after, killed_at_line, run
from tests.faults.writers import WRITERS

CIFAR10 = "lib/datasets/cifar10.py"
POINTS = 5  # places in a writer where it is killed


@pytest.fixture
def folder(tmp_path):
    (made := tmp_path / "folder").mkdir()
    return made


@pytest.mark.parametrize(
    ("name", "point", "before"),
    sampled([(n, p, b) for n in WRITERS for p in range(POINTS) for b in ("old", "none")], quick=20),
)
def test_a_writer_killed_at_a_line_leaves_the_old_or_the_new(name, point, before, folder, tmp_path):
    writer = WRITERS[name]
    if before == "old":
        writer.write(folder, 0)
    rehearsal = tmp_path / "rehearsal" / "folder"
    shutil.copytree(folder, rehearsal)
    lines = count_lines(lambda: writer.write(rehearsal, 1), writer.modules)
    line = point * lines // POINTS
    assert killed_at_line(lambda: writer.write(folder, 1), writer.modules, line) == -signal.SIGKILL
    assert writer.read(folder) in ((0, 1) if before == "old" else (None, 1))
    writer.write(folder, 1)
    assert writer.read(folder) == 1, "what the killed one left was in the way"


@pytest.mark.parametrize(
    ("name", "seed"), sampled([(n, s) for n in WRITERS for s in range(3)], quick=4)
)
def test_a_writer_killed_at_any_time_leaves_the_old_or_the_new(name, seed, folder):
    """Also in the middle of what the system does for it."""
    writer, random = WRITERS[name], Random(f"{name} {seed}")
    writer.write(folder, 0)

    def write_on():
        for version in range(1, 1000):
            writer.write(folder, version % 2)

    assert killed_after(write_on, random.uniform(0.02, 0.15)) == -signal.SIGKILL
    assert writer.read(folder) in (0, 1)
    writer.write(folder, 1)
    assert writer.read(folder) == 1


@pytest.mark.parametrize("point", sampled(range(6), quick=2))
def test_an_archive_whose_unpacking_was_killed_is_unpacked_again(point, tmp_path, monkeypatch):
    write_cifar10(tmp_path, 2, seed=0)
    cifar10._unpack(tmp_path / "cifar10" / cifar10.ARCHIVE)
    archive = write_cifar10(tmp_path, 2, seed=1)
    for change in replacements(archive):
        monkeypatch.setattr(*change)
    shutil.copytree(tmp_path / "cifar10", (other := tmp_path / "other") / "cifar10")
    lines = count_lines(lambda: cifar10._unpack(other / "cifar10" / cifar10.ARCHIVE), [CIFAR10])
    line = point * lines // 6
    assert killed_at_line(lambda: cifar10._unpack(archive), [CIFAR10], line) < 0
    expected, _ = cifar10.read_cifar10("test", root=other)
    found, _ = cifar10.read_cifar10("test", root=tmp_path)
    assert found.equal(expected)


@pytest.mark.parametrize("name", sampled(WRITERS, quick=3))
def test_a_writer_that_ends_by_itself_leaves_nothing_else(name, folder):
    writer = WRITERS[name]
    for version in (0, 1):
        assert run(lambda v=version: writer.write(folder, v)) == 0
    assert writer.read(folder) == 1
    assert [p for p in folder.rglob(".*") if p.name.endswith(".part") or "running" in p.name] == []
