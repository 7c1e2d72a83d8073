"""CIFAR-10: 60,000 small color photographs in ten classes (datasheets.md says more)."""

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from lib.datasets.downloads import (
    REPOSITORY,
    DownloadError,
    StorageError,
    data_root,
    fetch,
    is_verified,
)
from lib.datasets.images import ImageDataset

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SPLITS = ("train", "test")
ARCHIVE = "cifar-10-python.tar.gz"
CHECKSUMS: dict[str, dict[str, str]] = json.loads(
    (REPOSITORY / "data" / "checksums.json").read_text(encoding="utf-8")
)["cifar10"]


def load_cifar10(
    split: str = "train",
    *,
    root: str | Path | None = None,
    device: str | torch.device = "cpu",
    download: bool = True,
) -> ImageDataset:
    """The training or test part of CIFAR-10, rows ordered as in its files.

    Args:
        split: "train" (50,000 rows) or "test" (10,000 rows).
        root: folder of all data sets; None uses COURSE_DATA, or else the course's `data/`.
        device: where the tensors are made.
        download: whether the archive (170 MB) may be fetched if it is missing.

    Raises:
        ValueError: an unknown split.
        DownloadError: no verified archive is available; the message says what to do.

    Cost: seconds, a few more the first time, and 614 MB for the training part.

    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images".
    """
    pixels, labels = read_cifar10(split, root=root, download=download)
    return ImageDataset(as_images(pixels.to(device)), labels.to(device), CLASSES)


def read_cifar10(
    split: str, *, root: str | Path | None = None, download: bool = True
) -> tuple[Tensor, Tensor]:
    """Bytes (n, 32, 32, 3) and int64 labels (n,) of a split, on the CPU; a quarter of the memory.

    The files are pickles, which can run code when they are read. They come from an archive that is
    verified to be the published one, and torchvision's reader checks the MD5 of each file again.

    Args, Raises: as for `load_cifar10`.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be 'train' or 'test'; got {split!r}")
    archive = fetch_cifar10(root=root, download=download)
    from torchvision.datasets import CIFAR10  # here, since importing it takes a second

    try:
        reader = CIFAR10(str(archive.parent), train=split == "train")
    except RuntimeError:  # not unpacked yet, or damaged since
        _unpack(archive)
        reader = CIFAR10(str(archive.parent), train=split == "train")
    return torch.from_numpy(reader.data), torch.tensor(reader.targets)


def as_images(pixels: Tensor) -> Tensor:
    """Bytes (n, height, width, 3) as float32 images (n, 3, height, width) in [0, 1]."""
    return pixels.permute(0, 3, 1, 2).contiguous().float().div_(255)


def fetch_cifar10(*, root: str | Path | None = None, download: bool = True) -> Path:
    """The verified archive, fetched if it is missing.

    Raises:
        StorageError: the folder cannot be written.
        DownloadError: the archive is missing and cannot be fetched.
    """
    archive = data_root(root) / "cifar10" / ARCHIVE
    digests = CHECKSUMS[ARCHIVE].values()
    advice = (
        f"Connect to a network, put the published {ARCHIVE} into {archive.parent} by hand, "
        'or set dataset = "scenes", which needs neither'
    )
    if not download and not is_verified(archive, sha256=digests):
        raise DownloadError(f"{archive} is missing or damaged. {advice}")
    from torchvision.datasets import CIFAR10

    try:
        return fetch([CIFAR10.url], archive, sha256=digests)
    except StorageError:
        raise
    except DownloadError as error:
        raise DownloadError(f"CIFAR-10 could not be fetched: {error}\n{advice}") from error


def _unpack(archive: Path) -> None:
    """Put the archive's files next to it, each atomically, since others may be reading them."""
    try:
        with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
            with tarfile.open(archive) as tar:
                _extract(tar, Path(scratch).resolve())
            for path in [p for p in Path(scratch).rglob("*") if p.is_file()]:
                target = archive.parent / path.relative_to(scratch)
                target.parent.mkdir(exist_ok=True)
                path.replace(target)
    except tarfile.TarError as error:
        raise DownloadError(f"cannot unpack {archive}: {error}") from error
    except OSError as error:
        raise StorageError(f"cannot unpack {archive}: {error}") from error


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Write the files of an archive into a folder. (Python 3.11.2 has no `filter="data"`.)

    Raises:
        TarError: a link, a device, or a path that leaves the folder.
    """
    for member in tar:
        target = (folder / member.name).resolve()
        if not (member.isfile() or member.isdir()) or not target.is_relative_to(folder):
            raise tarfile.TarError(f"{member.name!r} has no place in it")
        source = tar.extractfile(member)
        if source is not None:  # it is None for a folder
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
