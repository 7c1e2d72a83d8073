"""Pickles that run code, and archives with odd paths, links, devices or bombs: refused, unrun."""

import hashlib
import io
import os
import pickle
import resource
import struct
import subprocess
import tarfile
import zlib
from pathlib import Path

import pytest
import torch
from torchvision.datasets import CIFAR10

from lib import runtime
from lib.datasets import cifar10
from lib.datasets.downloads import ChecksumError, DownloadError
from lib.datasets.fashion_mnist import IdxError, parse_idx
from lib.datasets.flickr8k import CaptionedPhotos
from lib.datasets.images import ImageDataset
from lib.models import pretrained
from lib.training import classifiers
from tests.cifar10 import FOLDER, replacements, write_cifar10
from tests.faults.cases import refused, sampled

pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
RUN = runtime.Run("quick", 0, torch.device("cpu"), 1)
SCENES = ImageDataset(torch.zeros(1, 3, 64, 64), torch.zeros(1).long(), tuple("abcdefghij"))


class Payload:
    """An object that calls a function with arguments when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


PAYLOADS = {
    "system": lambda path: Payload(os.system, f"touch {path}"),
    "eval": lambda path: Payload(eval, f"open({str(path)!r}, 'w')"),
    "open": lambda path: Payload(open, str(path), "w"),
    "popen": lambda path: Payload(subprocess.getoutput, f"touch {path}"),
    "exec": lambda path: Payload(exec, f"import pathlib; pathlib.Path({str(path)!r}).touch()"),
    "weights": lambda path: {"stem.weight": torch.zeros(2), "x": Payload(os.mkdir, str(path))},
}


@pytest.fixture
def trace(tmp_path):
    """A path that is there after the case if its code ran."""
    path = tmp_path / "code ran".replace(" ", "-")
    yield path
    assert not path.exists(), "unpickling ran code"


def saved(payload, form):
    """The payload in torch's zip format, or as a plain pickle."""
    if form == "plain":
        return pickle.dumps(payload)
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "form"), sampled([(n, f) for n in PAYLOADS for f in ("zip", "plain")], quick=4)
)
def test_a_kept_network_that_is_a_program_is_not_run(name, form, trace, tmp_path, capsys):
    """Its digest is right: whoever can write the file can write that, too."""
    path, content = tmp_path / "kept.pt", saved(PAYLOADS[name](trace), form)
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + content)
    assert classifiers._load(path, SCENES, RUN) is None
    assert f"{path} holds no weights of this network" in capsys.readouterr().err


def test_a_kept_network_of_another_shape_is_said(tmp_path, capsys):
    path = tmp_path / "kept.pt"
    classifiers._save(path, torch.nn.Linear(2, 2))
    assert classifiers._load(path, SCENES, RUN) is None
    assert f"{path} holds no weights of this network" in capsys.readouterr().err


@pytest.mark.parametrize("name", sampled(PAYLOADS, quick=2))
def test_weights_that_are_a_program_are_refused_by_their_checksum(name, trace, tmp_path):
    (path := tmp_path / pretrained.FILE).write_bytes(saved(PAYLOADS[name](trace), "zip"))
    with refused(ChecksumError, match="expected SHA-256"):
        pretrained.load_efficientnet_lite0(path)


@pytest.mark.parametrize("name", sampled(PAYLOADS, quick=1))
def test_even_with_the_right_checksum_no_program_runs(name, trace, tmp_path, monkeypatch):
    (path := tmp_path / pretrained.FILE).write_bytes(saved(PAYLOADS[name](trace), "zip"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(pretrained, "CHECKSUMS", {"forged": digest})
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        pretrained.load_efficientnet_lite0(path)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The folder of all data sets, with a tiny CIFAR-10 that passes for the published one."""
    for change in replacements(write_cifar10(tmp_path, 2)):
        monkeypatch.setattr(*change)
    return tmp_path


@pytest.mark.parametrize("name", sampled(PAYLOADS, quick=1))
def test_a_batch_of_cifar10_that_is_a_program_is_never_unpickled(tiny, name, trace):
    cifar10.read_cifar10("test", root=tiny)
    batch = tiny / "cifar10" / FOLDER / "test_batch"
    good = batch.read_bytes()
    batch.write_bytes(saved(PAYLOADS[name](trace), "plain"))
    assert len(cifar10.read_cifar10("test", root=tiny)[0]) == 2
    assert batch.read_bytes() == good


def entry(name, kind=tarfile.REGTYPE, link="", content=b"evil"):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    made.size = len(content) if kind == tarfile.REGTYPE else 0
    return made, io.BytesIO(content)


OUTSIDE = "../../../outside"
ENTRIES = {
    "parent": [entry(OUTSIDE)],
    "parent inside": [entry(f"{FOLDER}/../../outside")],
    "symlink to parent": [entry(f"{FOLDER}/a", tarfile.SYMTYPE, OUTSIDE)],
    "symlink to root": [entry(f"{FOLDER}/a", tarfile.SYMTYPE, "/etc/passwd")],
    "through symlink": [entry("b", tarfile.SYMTYPE, "../.."), entry("b/outside")],
    "hard link": [entry(f"{FOLDER}/a", tarfile.LNKTYPE, OUTSIDE)],
    "hard link to root": [entry(f"{FOLDER}/a", tarfile.LNKTYPE, "/etc/passwd")],
    "character device": [entry(f"{FOLDER}/a", tarfile.CHRTYPE)],
    "block device": [entry(f"{FOLDER}/a", tarfile.BLKTYPE)],
    "pipe": [entry(f"{FOLDER}/a", tarfile.FIFOTYPE)],
}


def write_archive(folder, entries):
    archive = folder / "cifar10" / cifar10.ARCHIVE
    archive.parent.mkdir(exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for made, content in entries:
            tar.addfile(made, content)
    return archive


@pytest.mark.parametrize("name", sampled(ENTRIES, quick=3))
def test_an_archive_that_reaches_outside_is_refused_even_if_its_checksum_fits(name, tmp_path):
    (tmp_path / "data").mkdir()
    archive = write_archive(tmp_path / "data", ENTRIES[name])
    with refused(DownloadError, match=["cannot unpack", archive.name]):
        cifar10._unpack(archive)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [archive.name]


def test_an_absolute_path_in_an_archive_is_not_followed(tmp_path):
    target = tmp_path / "outside"
    archive = write_archive(tmp_path, [entry(str(target))])
    with refused(DownloadError, match="has no place in it"):
        cifar10._unpack(archive)
    assert not target.exists()


def test_an_archive_of_other_bytes_is_never_unpacked(tiny, monkeypatch):
    write_archive(tiny, [entry(f"{FOLDER}/test_batch")])
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/")
    with refused(DownloadError, match="CIFAR-10 could not be fetched"):
        cifar10.read_cifar10("test", root=tiny)
    assert [path.name for path in (tiny / "cifar10").iterdir()] == [cifar10.ARCHIVE]


@pytest.fixture
def little_memory():
    """A limit on what this process may have more than it has now: 512 MiB."""
    now = 4096 * int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + (512 << 20), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def bomb(size):
    """So many zero bytes in a gzip file that is hundreds of times smaller."""
    packer, chunk = zlib.compressobj(1, zlib.DEFLATED, 31), bytes(1 << 20)
    return b"".join(packer.compress(chunk) for _ in range(size >> 20)) + packer.flush()


def test_a_bomb_in_place_of_an_archive_is_not_inflated(tiny, little_memory):
    archive = tiny / "cifar10" / cifar10.ARCHIVE
    archive.write_bytes(bomb(1 << 30))
    with refused(DownloadError, match="missing or damaged"):
        cifar10.read_cifar10("test", root=tiny, download=False)


def png(width, height):
    """The beginning of a PNG of this size, and pixels for none of it."""

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9000)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", sampled([13_500, 20_000, 60_000, 2_000_000_000], quick=2))
def test_a_picture_that_claims_to_be_huge_is_refused(side, tmp_path, little_memory):
    (path := tmp_path / "huge.jpg").write_bytes(png(side, side))
    with refused(DownloadError, match=["huge.jpg", "no picture, or damaged"]):
        CaptionedPhotos((path,), ()).images([0], size=8)


ANNOUNCED = {"4 GiB": (255, 255, 255, 255), "2 GiB": (2, 2**30), "beyond 64 bits": (2**31,) * 3}


@pytest.mark.parametrize("size", sampled(ANNOUNCED, quick=1))
def test_an_idx_file_that_announces_more_than_it_holds_is_refused(size, little_memory):
    dims = ANNOUNCED[size]
    header = b"\0\0\x08" + bytes([len(dims)]) + b"".join(n.to_bytes(4, "big") for n in dims)
    with refused(IdxError, match="expected .* elements"):
        parse_idx(header + bytes(100))
