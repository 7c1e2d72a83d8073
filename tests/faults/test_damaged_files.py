"""Checkpoints and data with flipped bits, cut short or exchanged: none loads silently."""

import gzip
import hashlib
import json
import shutil

import pytest
import torch

from lib import runtime
from lib.datasets import cifar10, fashion_mnist_files
from lib.datasets.downloads import ChecksumError, DownloadError, fetch, store
from lib.datasets.fashion_mnist import IdxError, parse_idx
from lib.datasets.images import ImageDataset
from lib.evidence.ledger import load_found, read_record, write_found, write_record
from lib.models import ConvNet, pretrained
from lib.training import classifiers
from tests.cifar10 import FOLDER, replacements, write_cifar10
from tests.evidence import make_claim, make_record
from tests.faults.cases import refused, sampled
from tests.faults.damage import damaged, plan

RUN = runtime.Run("quick", 0, torch.device("cpu"), 1)
SCENES = ImageDataset(torch.zeros(1, 3, 64, 64), torch.zeros(1).long(), tuple("abcdefghij"))
NOWHERE = "http://127.0.0.1:9/data"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The bytes of a kept network."""
    path = tmp_path_factory.mktemp("networks") / "kept.pt"
    classifiers._save(path, ConvNet(3, 10, generator=RUN.generator("kept"), **classifiers.NETWORK))
    assert classifiers._load(path, SCENES, RUN) is not None
    return path.read_bytes()


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(24, 10, 3), quick=8))
def test_a_damaged_network_is_said_and_not_used(network, kind, seed, tmp_path, capsys):
    path = tmp_path / "kept.pt"
    path.write_bytes(damaged(network, kind, seed))
    assert classifiers._load(path, SCENES, RUN) is None
    assert f"{path} is damaged; its network is trained again" in capsys.readouterr().err


@pytest.mark.parametrize("digit", sampled(range(0, classifiers.DIGEST, 8), quick=2))
def test_a_network_with_a_damaged_digest_is_not_used_either(network, digit, tmp_path):
    path = tmp_path / "kept.pt"
    path.write_bytes(network[:digit] + bytes([network[digit] ^ 1]) + network[digit + 1 :])
    assert classifiers._load(path, SCENES, RUN) is None


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file that is written again for each case, and the bytes of the good one."""
    good = pretrained._packaged_file()
    return tmp_path_factory.mktemp("weights") / good.name, good.read_bytes()


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(12, 6), quick=4))
def test_damaged_imagenet_weights_are_never_read(weights, kind, seed, monkeypatch):
    path, content = weights
    path.write_bytes(damaged(content, kind, seed))
    monkeypatch.setattr(torch, "load", None)  # would fail with another error
    with refused(ChecksumError, match=["expected SHA-256 579344", "; got ", path.name]):
        pretrained.load_efficientnet_lite0(path)


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(6, 2), quick=3))
def test_damaged_weights_that_torch_kept_are_refused(kind, seed, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    kept = tmp_path / "checkpoints" / "alexnet-owt-7be5be79.pth"
    kept.parent.mkdir()
    kept.write_bytes(damaged(b"weights" * 200, kind, seed))
    with refused(ChecksumError, match=["begins with 7be5be79; got ", "delete the file"]):
        pretrained.load_photo_classifier("alexnet")


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(12, 8), quick=4))
def test_a_damaged_file_without_network_is_said_refused_and_kept(kind, seed, tmp_path, capsys):
    good, path = bytes(range(256)) * 8, tmp_path / "data.gz"
    path.write_bytes(bad := damaged(good, kind, seed))
    with refused(DownloadError, match=["no mirror sent data.gz", "cannot be reached"]):
        fetch([NOWHERE], path, sha256=[sha256(good)])
    assert path.read_bytes() == bad  # a person may still want to look at it
    assert f"{path} is damaged (SHA-256 {sha256(bad)})" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(6, 4), quick=3))
def test_damaged_bytes_are_never_stored(kind, seed, tmp_path):
    good = bytes(range(256)) * 8
    with refused(ChecksumError, match=f"expected SHA-256 {sha256(good)}; got "):
        store([damaged(good, kind, seed)], tmp_path / "data", sha256=[sha256(good)])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def fashion(tmp_path, monkeypatch):
    """A folder of all data sets with four small files in place of Fashion-MNIST's."""
    folder, checksums = tmp_path / "fashion-mnist", {}
    folder.mkdir()
    for name in fashion_mnist_files.CHECKSUMS:
        (folder / name).write_bytes(gzip.compress(name.encode() * 20))
        checksums[name] = {"test": sha256((folder / name).read_bytes())}
    monkeypatch.setattr(fashion_mnist_files, "CHECKSUMS", checksums)
    monkeypatch.setattr(fashion_mnist_files, "INSTALLED", tmp_path / "not installed")
    return folder


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(8, 4), quick=3))
def test_a_damaged_file_of_fashion_mnist_is_named(fashion, kind, seed, tmp_path, capsys):
    name = sorted(fashion_mnist_files.CHECKSUMS)[seed % 4]
    path = fashion / name
    path.write_bytes(damaged(path.read_bytes(), kind, seed))
    with refused(DownloadError, match=["no source has Fashion-MNIST", f"put these files.*{name}"]):
        fashion_mnist_files.fetch_fashion_mnist(root=tmp_path, download=False)
    assert f"{path} is damaged" in capsys.readouterr().err


IDX = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 3, 5)) + bytes(range(30))


@pytest.mark.parametrize("byte", sampled(range(16), quick=4))
def test_every_bit_of_an_idx_header_matters(byte):
    assert parse_idx(IDX).shape == (2, 3, 5)
    for bit in range(8):
        changed = IDX[:byte] + bytes([IDX[byte] ^ 1 << bit]) + IDX[byte + 1 :]
        with refused(IdxError, match=["expected", "got"]):
            parse_idx(changed)


@pytest.mark.parametrize("length", sampled([0, 1, 3, 4, 7, 15, 16, 17, 45, 47], quick=3))
def test_an_idx_file_of_another_length_is_refused(length):
    with refused(IdxError, match=["expected", "got"]):
        parse_idx((IDX + b"\0")[:length])


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """The folder of all data sets with a tiny CIFAR-10, unpacked; what passes it for the real."""
    root = tmp_path_factory.mktemp("data")
    archive = write_cifar10(root, 4)
    with pytest.MonkeyPatch.context() as patch:
        for change in replacements(archive):
            patch.setattr(*change)
        cifar10.read_cifar10("test", root=root)
    return root, replacements(archive)


@pytest.fixture
def tiny(cifar, tmp_path, monkeypatch):
    """A copy of it for one case."""
    root, changes = cifar
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    for change in changes:
        monkeypatch.setattr(*change)
    return tmp_path


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(10, 4), quick=3))
def test_a_damaged_archive_of_cifar10_is_never_opened(tiny, kind, seed, monkeypatch):
    archive = tiny / "cifar10" / cifar10.ARCHIVE
    archive.write_bytes(damaged(archive.read_bytes(), kind, seed))
    monkeypatch.setattr(cifar10.tarfile, "open", None)
    with refused(DownloadError, match=["missing or damaged", "put the published .* by hand"]):
        cifar10.load_cifar10("test", root=tiny, download=False)


@pytest.mark.parametrize(("kind", "seed"), sampled(plan(12, 6), quick=3))
def test_a_damaged_batch_of_cifar10_is_unpacked_again(tiny, kind, seed):
    batch = tiny / "cifar10" / FOLDER / "test_batch"
    good = batch.read_bytes()
    batch.write_bytes(damaged(good, kind, seed))
    cifar10.read_cifar10("test", root=tiny)
    assert batch.read_bytes() == good


@pytest.fixture
def record(tmp_path, monkeypatch):
    """The file of a recorded claim."""
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path))
    write_found(make_claim("water-is-wet"), [1.0, 2.0, 3.0])
    assert len(load_found(tmp_path)) == 1
    return tmp_path / "water-is-wet.json"


@pytest.mark.parametrize("part", sampled(range(0, 100, 8), quick=3))
def test_a_claim_s_record_cut_short_is_named(record, part):
    content = record.read_bytes()
    record.write_bytes(content[: part * len(content) // 100])
    with refused(ValueError, match=[record.name, "no record of a claim"]):
        load_found(record.parent)


FIELDS = ("id", "statement", "estimand", "between", "rows")


@pytest.mark.parametrize("field", sampled(FIELDS, quick=2))
def test_a_claim_s_record_without_a_field_is_named(record, field):
    found = json.loads(record.read_text())
    del found["claim"][field]
    record.write_text(json.dumps(found))
    with refused(ValueError, match=[record.name, field]):
        load_found(record.parent)


@pytest.fixture
def evidence(tmp_path):
    """A file of the ledger."""
    path = tmp_path / "01_a" / "seed0.json"
    write_record(make_record({make_claim(): [1.0, 2.0, 3.0]}), path)
    return path


@pytest.mark.parametrize("part", sampled(range(0, 96, 8), quick=3))
def test_a_run_of_the_ledger_cut_short_is_named(evidence, part):
    content = evidence.read_bytes()
    evidence.write_bytes(content[: part * len(content) // 100])
    with refused(ValueError, match=[evidence.name, "no record of a run"]):
        read_record(evidence)


def sha256(content):
    return hashlib.sha256(content).hexdigest()
