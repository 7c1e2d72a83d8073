"""Fashion-MNIST: 70,000 gray pictures of clothes in ten classes (datasheets.md says more)."""

import gzip
from pathlib import Path

import torch
from torch import Tensor

from lib.datasets.fashion_mnist_files import fetch_fashion_mnist
from lib.datasets.images import ImageDataset

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
PREFIXES = {"train": "train", "test": "t10k"}


class IdxError(ValueError):
    """Bytes that are not an idx file of unsigned bytes."""


def load_fashion_mnist(
    split: str = "train",
    *,
    root: str | Path | None = None,
    device: str | torch.device = "cpu",
    download: bool = True,
) -> ImageDataset:
    """The training or test part of Fashion-MNIST, rows ordered as in its files.

    Args:
        split: "train" (60,000 rows) or "test" (10,000 rows).
        root: folder of all data sets; None uses COURSE_DATA, or else the course's `data/`.
        device: where the tensors are made.
        download: whether missing files may be fetched.

    Raises:
        ValueError: an unknown split.
        DownloadError: no verified copy is available; the message lists each source's reason.

    Cost: half a second and 188 MB for the training part.

    Source: Xiao, Rasul, Vollgraf 2017, Fashion-MNIST (arXiv:1708.07747).
    """
    if split not in PREFIXES:
        raise ValueError(f"split must be 'train' or 'test'; got {split!r}")
    folder = fetch_fashion_mnist(root=root, download=download)
    prefix = PREFIXES[split]
    pixels = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz").to(device)
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz").to(device)
    return ImageDataset(pixels.unsqueeze(1).float().div_(255), labels.long(), CLASSES)


def parse_idx(raw: bytes) -> Tensor:
    """The array in an idx file of unsigned bytes, as uint8 in the shape its header gives.

    Args:
        raw: two zero bytes, the type 8, the number of dimensions, then each dimension as four
            big-endian bytes, then one byte per element.

    Raises:
        IdxError: a wrong magic number, or more or fewer bytes than the header announces.
    """
    if len(raw) < 4 or raw[:3] != b"\0\0\x08":
        raise IdxError(f"expected an idx file of unsigned bytes (00 00 08 ..); got {raw[:4]!r}")
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise IdxError(f"expected a header of {start} bytes; got {len(raw)} bytes in all")
    shape = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4)]
    elements = torch.Size(shape).numel()
    if len(raw) - start != elements:
        raise IdxError(f"expected {elements} elements for shape {shape}; got {len(raw) - start}")
    # A bytearray, since torch warns about memory that it may not write to.
    data = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
    return data[start:].reshape(shape)


def _read_idx(path: Path) -> Tensor:
    return parse_idx(gzip.decompress(path.read_bytes()))
