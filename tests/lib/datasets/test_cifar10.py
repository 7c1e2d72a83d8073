import tarfile

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from lib.datasets import cifar10
from lib.datasets.cifar10 import CLASSES, as_images, fetch_cifar10, load_cifar10
from lib.datasets.downloads import DownloadError, data_root
from tests.cifar10 import FOLDER, replacements, write_cifar10

# Over the training part, as published with many training recipes; deviations of single pixels.
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
REAL = data_root() / "cifar10" / cifar10.ARCHIVE


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The folder of all data sets, with 20 rows in each of CIFAR-10's files."""
    archive = write_cifar10(tmp_path, 20)
    for where, name, value in replacements(archive):
        monkeypatch.setattr(where, name, value)
    return tmp_path


def offline(monkeypatch):
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")


@pytest.mark.parametrize(("split", "rows"), [("train", 100), ("test", 20)])
def test_a_split_has_the_shapes_types_and_classes_of_its_card(tiny, split, rows):
    dataset = load_cifar10(split, root=tiny)
    assert dataset.images.shape == (rows, 3, 32, 32)
    assert dataset.images.dtype == torch.float32
    assert dataset.labels.dtype == torch.int64
    assert dataset.labels.tolist() == [row % 10 for row in range(rows)]
    assert dataset.classes == CLASSES


def test_pixels_are_read_channel_by_channel_and_row_by_row(tiny):
    """The first 1024 bytes of a row of the file are its red pixels, the first 32 its top line."""
    raw = np.random.default_rng(0).integers(256, size=(20, 3072), dtype=np.uint8)[3]
    image = (load_cifar10("train", root=tiny).images[3] * 255).round()
    assert image[0, 0].tolist() == raw[:32].tolist()
    assert image[2, 31].tolist() == raw[-32:].tolist()


def test_bytes_become_channels_first_fractions():
    pixels = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    pixels[0, 1, 0] = torch.tensor([255, 0, 51])
    images = as_images(pixels)
    assert images[0, :, 1, 0].tolist() == pytest.approx([1.0, 0.0, 0.2])
    assert images.sum().item() == pytest.approx(1.2)


def test_classes_are_torchvisions(tiny):
    load_cifar10("test", root=tiny)
    assert CIFAR10(str(tiny / "cifar10"), train=False).classes == list(CLASSES)


def test_an_archive_that_is_not_the_published_one_is_never_unpacked(tiny, monkeypatch):
    archive = tiny / "cifar10" / cifar10.ARCHIVE
    archive.write_bytes(archive.read_bytes() + b"\0")
    offline(monkeypatch)
    with pytest.raises(DownloadError):
        load_cifar10("test", root=tiny)
    assert not (tiny / "cifar10" / FOLDER).exists()


def test_an_unpacked_file_that_was_changed_is_unpacked_again_not_read(tiny):
    before = load_cifar10("test", root=tiny)
    changed = tiny / "cifar10" / FOLDER / "test_batch"
    changed.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert torch.equal(load_cifar10("test", root=tiny).images, before.images)


def test_an_archive_that_is_there_needs_no_network(tiny, monkeypatch, capfd):
    offline(monkeypatch)
    load_cifar10("test", root=tiny)
    assert capfd.readouterr() == ("", "")


def test_unpacking_leaves_the_archive_and_its_files_alone_in_the_folder(tiny):
    load_cifar10("test", root=tiny)
    assert {path.name for path in (tiny / "cifar10").iterdir()} == {cifar10.ARCHIVE, FOLDER}
    with tarfile.open(tiny / "cifar10" / cifar10.ARCHIVE) as tar:
        names = {name.split("/")[1] for name in tar.getnames()}
    assert {path.name for path in (tiny / "cifar10" / FOLDER).iterdir()} == names


def test_no_network_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    offline(monkeypatch)
    with pytest.raises(DownloadError, match="cannot be reached") as caught:
        fetch_cifar10(root=tmp_path)
    assert f"put the published {cifar10.ARCHIVE} into {tmp_path / 'cifar10'}" in str(caught.value)
    assert 'set dataset = "scenes"' in str(caught.value)


def test_without_leave_to_download_nothing_is_fetched(tmp_path):
    with pytest.raises(DownloadError, match=r"tar\.gz is missing or damaged"):
        load_cifar10("test", root=tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_split_is_named(tiny):
    with pytest.raises(ValueError, match="'train' or 'test'; got 'validation'"):
        load_cifar10("validation", root=tiny)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_tensors_are_made_on_the_device_asked_for(tiny):
    dataset = load_cifar10("test", root=tiny, device="cuda")
    assert (dataset.images.device.type, dataset.labels.device.type) == ("cuda", "cuda")


@pytest.mark.skipif(not REAL.is_file(), reason=f"needs a network: {REAL.name} is not in data/")
def test_mean_and_deviation_of_the_training_pixels_are_those_published():
    images = load_cifar10("train", download=False).images
    assert images.mean(dim=(0, 2, 3)).tolist() == pytest.approx(MEAN, abs=5e-5)
    assert images.std(dim=(0, 2, 3)).tolist() == pytest.approx(STD, abs=5e-5)
