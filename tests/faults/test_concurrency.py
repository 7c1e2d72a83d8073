"""Two to eight processes that write, fetch, unpack and build the same at once: all see it whole."""

import hashlib
import shutil
import signal
import time
from functools import partial

import pytest

from lib.datasets import cifar10, fashion_mnist_files
from lib.datasets.downloads import fetch
from tests.cifar10 import replacements, write_cifar10
from tests.faults.cases import sampled
from tests.faults.processes import together
from tests.faults.server import DIGEST, GOOD, wrong_server
from tests.faults.writers import WRITERS
from tools.lock import exclusive

PROCESSES = (2, 4, 8)
SHARED = ("text", "bytes", "store", "fetch", "network", "claim")


def by_processes(names, quick):
    return sampled([(name, count) for name in names for count in PROCESSES], quick=quick)


@pytest.fixture
def folder(tmp_path):
    (made := tmp_path / "folder").mkdir()
    return made


def unfinished(folder):
    return [path.name for path in folder.rglob("*.part")]


@pytest.mark.parametrize(("name", "count"), by_processes(SHARED, quick=6))
def test_who_reads_while_others_write_sees_a_whole_version(name, count, folder):
    writer = WRITERS[name]
    writer.write(folder, 0), writer.write(folder, 1)

    def write(version):
        for turn in range(4):
            writer.write(folder, (version + turn) % 2)

    seen = []
    ended = together(
        [partial(write, k) for k in range(count)],
        meanwhile=lambda: seen.append(writer.read(folder)),
    )
    assert ended == [0] * count
    assert set(seen) <= {0, 1}, "a reader found none"
    assert unfinished(folder) == []


@pytest.mark.parametrize("name", sampled(SHARED, quick=2))
def test_a_process_that_is_killed_does_not_disturb_the_others(name, folder):
    writer = WRITERS[name]
    writer.write(folder, 0), writer.write(folder, 1)

    def write_on(version, turns):
        for turn in range(turns):
            writer.write(folder, (version + turn) % 2)

    def write_and_die():
        signal.setitimer(signal.ITIMER_REAL, 0.03)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        write_on(0, 10_000)

    ended = together([write_and_die, *(partial(write_on, k, 6) for k in range(3))])
    assert ended == [-signal.SIGALRM, 0, 0, 0]
    assert writer.read(folder) in (0, 1)


@pytest.mark.parametrize(("path", "count"), by_processes(("good", "slowly", "moved-302"), quick=3))
def test_processes_that_fetch_the_same_file_all_get_it(path, count, folder):
    with wrong_server() as server:
        urls = [f"{server.url}/{bad}" for bad in ("short", "page")] + [f"{server.url}/{path}"]
        get = partial(fetch, urls, folder / "data.gz", sha256=[DIGEST])
        assert together([get] * count, meanwhile=lambda: time.sleep(0.01)) == [0] * count
    assert (folder / "data.gz").read_bytes() == GOOD
    assert unfinished(folder) == []


@pytest.mark.parametrize("count", sampled(PROCESSES, quick=1))
def test_processes_that_copy_fashion_mnist_all_get_it(count, tmp_path, monkeypatch):
    (installed := tmp_path / "installed").mkdir()
    checksums = {}
    for name in fashion_mnist_files.CHECKSUMS:
        (installed / name).write_bytes(name.encode() * 50_000)
        digest = hashlib.sha256((installed / name).read_bytes()).hexdigest()
        checksums[name] = {"test": digest}
    monkeypatch.setattr(fashion_mnist_files, "CHECKSUMS", checksums)
    monkeypatch.setattr(fashion_mnist_files, "INSTALLED", installed)
    get = partial(fashion_mnist_files.fetch_fashion_mnist, root=tmp_path / "data")
    assert together([get] * count) == [0] * count
    found = (tmp_path / "data" / "fashion-mnist").iterdir()
    assert {path.name for path in found} == set(checksums)


@pytest.mark.parametrize("count", sampled(PROCESSES, quick=1))
def test_processes_that_unpack_cifar10_all_read_it(count, tmp_path, monkeypatch):
    for change in replacements(write_cifar10(tmp_path, 4)):
        monkeypatch.setattr(*change)
    cifar10.read_cifar10("test", root=tmp_path)  # in this process first: what it imports is there
    shutil.rmtree(tmp_path / "cifar10" / "cifar-10-batches-py")
    assert together([partial(cifar10.read_cifar10, "train", root=tmp_path)] * count) == [0] * count
    assert len(list((tmp_path / "cifar10").iterdir())) == 2


@pytest.mark.parametrize("count", sampled(PROCESSES, quick=2))
def test_builds_in_one_folder_take_turns(count, folder):
    (number := folder / "number").write_text("0")

    def build():
        with exclusive(folder):
            before = int(number.read_text())
            time.sleep(0.02)
            number.write_text(str(before + 1))

    assert together([build] * count) == [0] * count
    assert number.read_text() == str(count)


@pytest.mark.parametrize("count", sampled(PROCESSES, quick=1))
def test_builds_that_take_turns_leave_a_whole_book(count, folder):
    book = WRITERS["book"]
    book.write(folder, 0)

    def build(version):
        with exclusive(folder.parent / "build"):
            book.write(folder, version)

    ended = together([partial(build, k % 2) for k in range(count)])
    assert ended == [0] * count
    assert book.read(folder) in (0, 1)
