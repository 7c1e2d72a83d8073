"""Everything in the course that writes what others rely on: version 0 or 1 of it, into a folder."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock

import torch

from lib import runtime
from lib.datasets.downloads import StorageError, fetch, store
from lib.datasets.images import ImageDataset
from lib.evidence.ledger import load_found, write_found
from lib.files import write_atomically
from lib.models import ConvNet
from lib.training import classifiers
from tests.evidence import make_claim
from tools import execute
from tools.chapters import Chapter
from tools.folders import replace_folder
from tools.results import Parameters, shelf_of

SIZE = 1 << 20  # bytes, so that writing takes several calls
CONTENTS = [bytes([version]) * SIZE for version in (0, 1)]
DIGESTS = [hashlib.sha256(content).hexdigest() for content in CONTENTS]
RUN = runtime.Run("standard", 0, torch.device("cpu"), 1)
SCENES = ImageDataset(torch.zeros(1, 3, 64, 64), torch.zeros(1).long(), tuple("abcdefghij"))
NAME = "data"


class Writer(NamedTuple):
    """Something that writes.

    Attributes:
        write: of (folder, version).
        read: the version that a folder holds, None if it holds none; fails for anything else.
        modules: the files whose lines it runs.
        error: what it raises where it cannot write.
    """

    write: Callable[[Path, int], object]
    read: Callable[[Path], int | None]
    modules: tuple[str, ...]
    error: type[Exception] = OSError


def _read_bytes(folder: Path) -> int | None:
    path = folder / NAME
    return CONTENTS.index(path.read_bytes()) if path.exists() else None


def _write_text(folder: Path, version: int) -> None:
    write_atomically(folder / NAME, CONTENTS[version].decode())


def _write_bytes(folder: Path, version: int) -> None:
    write_atomically(folder / NAME, CONTENTS[version])


def _store(folder: Path, version: int) -> None:
    part = SIZE // 8
    chunks = (CONTENTS[version][k * part : (k + 1) * part] for k in range(8))
    store(chunks, folder / NAME, sha256=[DIGESTS[version]])


def _fetch(folder: Path, version: int) -> None:
    source = folder.parent / f"source-{version}"
    if not source.exists():
        source.write_bytes(CONTENTS[version])
    fetch([source.as_uri()], folder / NAME, sha256=[DIGESTS[version]])


@cache
def _network(version: int) -> ConvNet:
    return ConvNet(3, 10, generator=RUN.generator("network", version), **classifiers.NETWORK)


def _save(folder: Path, version: int) -> None:
    classifiers._save(folder / NAME, _network(version))


def _read_network(folder: Path) -> int | None:
    found = classifiers._load(folder / NAME, SCENES, RUN)
    if found is None:
        assert not (folder / NAME).exists(), "the network is there, but damaged"
        return None
    same = [torch.equal(found.stem[0].weight, _network(v).stem[0].weight) for v in (0, 1)]
    return same.index(True)


def _claim(folder: Path, version: int) -> None:
    with mock.patch.dict(os.environ, COURSE_CLAIMS_DIR=str(folder)):
        write_found(make_claim(statement=f"Version {version}. " * 10_000), [1.0, 1.1, 1.2])


def _read_claim(folder: Path) -> int | None:
    found = load_found(folder)
    return int(found[0][0].statement.split()[1][0]) if found else None


def _replace(folder: Path, version: int) -> None:
    (fresh := Path(tempfile.mkdtemp(dir=folder.parent)) / "fresh").mkdir()
    for page in range(3):
        (fresh / f"{page}.html").write_bytes(CONTENTS[version])
    replace_folder(folder / NAME, fresh)


def _read_folder(folder: Path) -> int | None:
    if not (folder / NAME).exists():
        return None
    (version,) = {CONTENTS.index(page.read_bytes()) for page in (folder / NAME).iterdir()}
    return version


def _chapter(folder: Path, version: int) -> Chapter:
    return Chapter(folder.parent / f"version-{version}" / "01_chapter.py")


def _kept_as(notebook: object, work: Path, version: int) -> SimpleNamespace:
    """What a process that executes a chapter leaves."""
    (work / "notebook.ipynb").write_text(json.dumps(notebook))
    (work / "claims" / "claim.json").write_bytes(CONTENTS[version])
    return SimpleNamespace(pid=0)


def _execute(folder: Path, version: int) -> None:
    """Execute a chapter, but for the execution itself."""
    chapter = _chapter(folder, version)
    chapter.source.parent.mkdir(exist_ok=True)
    chapter.source.write_text(f"# %%\nprint({version})\n")
    ended = {"seconds": 1.0, "peak_bytes": 1}
    fakes = {
        "_start": lambda chapter, notebook, parameters, work, jobs: _kept_as(
            notebook, work, version
        ),
        "_supervise": lambda *_, **__: ended,
    }
    with mock.patch.multiple(execute, **fakes):
        shelf, parameters = shelf_of(chapter, Parameters(), folder), Parameters()
        execute.run(shelf, f"key-{version}", parameters, limit=1, line=0, workers=[])


def _read_executed(folder: Path) -> int | None:
    for version in (1, 0):  # a process that died may have left the outdated one, too
        key, chapter = f"key-{version}", _chapter(folder, version)
        if shelf_of(chapter, Parameters(), folder).load(key):
            return version
    assert not list(folder.glob("*/*/key-*")), "all that is there is damaged"
    return None


DOWNLOADS, FILES = "lib/datasets/downloads.py", "lib/files.py"
WRITERS = {
    "text": Writer(_write_text, _read_bytes, (FILES,)),
    "bytes": Writer(_write_bytes, _read_bytes, (FILES,)),
    "store": Writer(_store, _read_bytes, (DOWNLOADS,), StorageError),
    "fetch": Writer(_fetch, _read_bytes, (DOWNLOADS,), StorageError),
    "network": Writer(_save, _read_network, (FILES, "lib/classifiers.py")),
    "claim": Writer(_claim, _read_claim, (FILES, "lib/ledger.py")),
    "book": Writer(_replace, _read_folder, ("tools/folders.py",)),
    "executed chapter": Writer(_execute, _read_executed, ("tools/results.py", "tools/folders.py")),
}
