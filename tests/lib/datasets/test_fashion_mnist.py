import gzip
import struct

import pytest
import torch
import torchvision

from lib.datasets.fashion_mnist import CLASSES, IdxError, load_fashion_mnist, parse_idx
from lib.datasets.fashion_mnist_files import fetch_fashion_mnist


def idx(shape, body, *, magic=b"\0\0\x08"):
    return magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


def test_an_idx_file_is_read_row_by_row():
    assert parse_idx(idx((2, 3), b"\0\1\2\3\4\xff")).tolist() == [[0, 1, 2], [3, 4, 255]]


def test_dimensions_are_read_highest_byte_first():
    assert parse_idx(idx((258,), bytes(258))).shape == (258,)


def test_an_idx_file_may_be_empty():
    assert parse_idx(idx((0, 28, 28), b"")).shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "expected an idx file of unsigned bytes"),
        (b"<htm", "expected an idx file of unsigned bytes .* got b'<htm'"),
        (idx((2,), b"ab", magic=b"\0\0\x0d"), "expected an idx file of unsigned bytes"),
        (idx((2, 3), b"")[:9], "expected a header of 12 bytes; got 9 bytes in all"),
        (idx((2, 3), b"abcde"), r"expected 6 elements for shape \[2, 3\]; got 5"),
        (idx((2, 3), b"abcdefg"), r"expected 6 elements for shape \[2, 3\]; got 7"),
    ],
)
def test_other_bytes_are_an_error_that_says_what_was_expected(raw, message):
    with pytest.raises(IdxError, match=message):
        parse_idx(raw)


@pytest.mark.parametrize(("split", "rows"), [("train", 60_000), ("test", 10_000)])
def test_a_split_has_the_shapes_types_and_balance_of_its_card(split, rows):
    dataset = load_fashion_mnist(split)
    assert dataset.images.shape == (rows, 1, 28, 28)
    assert dataset.images.dtype == torch.float32
    assert (dataset.images.min(), dataset.images.max()) == (0, 1)
    assert dataset.labels.dtype == torch.int64
    assert dataset.labels.bincount().tolist() == [rows // 10] * 10
    assert dataset.classes == CLASSES


def test_rows_and_pixels_are_those_torchvision_reads(tmp_path):
    raw = gzip.decompress((fetch_fashion_mnist() / "t10k-images-idx3-ubyte.gz").read_bytes())
    (tmp_path / "images").write_bytes(raw)
    theirs = torchvision.datasets.mnist.read_image_file(str(tmp_path / "images"))
    ours = load_fashion_mnist("test").images
    assert torch.equal((ours * 255).round().to(torch.uint8).squeeze(1), theirs)


def test_labels_name_what_the_pictures_show():
    assert list(CLASSES) == torchvision.datasets.FashionMNIST.classes
    first = load_fashion_mnist("test").labels[:4]
    assert [CLASSES[label] for label in first] == ["Ankle boot", "Pullover", "Trouser", "Trouser"]


def test_mean_and_deviation_of_the_training_pixels_are_those_of_the_card():
    images = load_fashion_mnist("train").images
    assert images.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert images.std().item() == pytest.approx(0.3530, abs=5e-5)


def test_tensors_are_made_on_the_device_asked_for():
    assert load_fashion_mnist("test", device="cpu").images.device.type == "cpu"
    if torch.cuda.is_available():
        assert load_fashion_mnist("test", device="cuda").labels.device.type == "cuda"


def test_an_unknown_split_is_named():
    with pytest.raises(ValueError, match="'train' or 'test'; got 'validation'"):
        load_fashion_mnist("validation")
