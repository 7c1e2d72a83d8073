"""Flickr8k: 8,000 photographs with five captions each, for those who have it (datasheets.md)."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from lib.datasets.captions import word_vocabulary
from lib.datasets.downloads import DownloadError, data_root
from lib.datasets.words import Vocabulary, pad

FOLDER, PICTURES, PAGE = "flickr8k", "Flicker8k_Dataset", "8k-pictures.html"
SPLITS = ("train", "test")
TEST_PART = 8  # one photograph in this many is for testing
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # others may start programs, as EPS does
WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")


@dataclass(frozen=True, eq=False)
class CaptionedPhotos:
    """Photographs with captions; the pictures are read on demand.

    Attributes:
        paths: a file for each photograph.
        captions: for each photograph the sentences that people wrote about it.
    """

    paths: tuple[Path, ...]
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.paths)

    def images(self, rows: Sequence[int], *, size: int = 224) -> Tensor:
        """The photographs of these rows, (n, 3, size, size) float32 in [0, 1].

        The short side becomes `size` pixels, and the center is cropped.

        Raises:
            DownloadError: a file is not a picture, or is damaged.
        """
        return torch.stack([_read(self.paths[row], size) for row in rows])


def flickr8k_folder(root: str | Path | None = None) -> Path:
    """Where the data set is expected: `flickr8k/` in the data folder."""
    return data_root(root) / FOLDER


def has_flickr8k(root: str | Path | None = None) -> bool:
    """Whether the page of captions exists."""
    return (flickr8k_folder(root) / PAGE).is_file()


def load_flickr8k(split: str = "train", *, root: str | Path | None = None) -> CaptionedPhotos:
    """The photographs of a split with their captions, from the files that torchvision reads.

    Nothing is downloaded: the owners give the data to those who ask. A photograph's split depends
    only on its name, so it never changes.

    Args:
        split: "train", or "test", about one photograph in eight.
        root: folder of all data sets; None uses COURSE_DATA, or else the course's `data/`.

    Raises:
        ValueError: an unknown split.
        DownloadError: the files are missing, or not as expected; the message says what is wrong.

    Source: Hodosh, Young, Hockenmaier, "Framing image description as a ranking task", JAIR 2013.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be 'train' or 'test'; got {split!r}")
    folder = flickr8k_folder(root)
    page, pictures = folder / PAGE, folder / PICTURES
    for path in (page, pictures):
        if not path.exists():
            raise DownloadError(
                f"{path} is missing. Flickr8k comes from its owners, who ask for a form to be "
                f"filled in: put the page {PAGE} and the folder {PICTURES} into {folder}"
            )
    annotations = _read_page(page, pictures)
    kept = [path for path in sorted(annotations) if _split_of(path) == split]
    captions = tuple(tuple(annotations[path]) for path in kept)
    return CaptionedPhotos(tuple(map(Path, kept)), captions)


def caption_words(text: str) -> list[str]:
    """A caption's words in lower case, without punctuation."""
    return WORD.findall(text.lower())


def as_numbers(photos: CaptionedPhotos, *, least: int = 5) -> tuple[Tensor, Tensor, Vocabulary]:
    """Every caption as numbers (captions, longest), and the row of its photograph (captions,).

    Args:
        least: rarer words become UNKNOWN.

    Returns:
        target, rows, and the vocabulary, made from these captions.

    Raises:
        ValueError: no word is that frequent.
    """
    said = [(row, caption_words(t)) for row, texts in enumerate(photos.captions) for t in texts]
    vocabulary = word_vocabulary([words for _, words in said], least=least)
    target = pad([vocabulary.encode(words) for _, words in said])
    return target, torch.tensor([row for row, _ in said]), vocabulary


def references(photos: CaptionedPhotos) -> list[list[str]]:
    """The captions of each photograph in the form that `lib.sentences.bleu` expects."""
    return [[" ".join(caption_words(text)) for text in texts] for texts in photos.captions]


def _read_page(page: Path, pictures: Path) -> dict[str, list[str]]:
    """The captions for each picture file."""
    from torchvision.datasets import Flickr8k  # here, since importing it takes a second

    try:
        annotations = Flickr8k(str(pictures), str(page)).annotations
    except IndexError as error:  # a link without an identifier, or a missing picture
        raise DownloadError(
            f"{page} names a picture that {pictures} does not have, or links to none"
        ) from error
    except UnicodeDecodeError as error:
        raise DownloadError(f"{page} is no page of text: {error}") from error
    annotations = {path: texts for path, texts in annotations.items() if texts}
    if not annotations:
        raise DownloadError(f"{page} holds no captions in the form that torchvision reads")
    return annotations


def _split_of(path: str) -> str:
    return "test" if zlib.crc32(Path(path).name.encode()) % TEST_PART == 0 else "train"


def _read(path: Path, size: int) -> Tensor:
    try:
        with Image.open(path, formats=FORMATS) as file:
            upright = _as_rgb(ImageOps.exif_transpose(file))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DownloadError(f"{path} is no picture, or damaged: {error}") from error
    pixels = np.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.BILINEAR))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().div_(255)


def _as_rgb(picture: Image.Image) -> Image.Image:
    """The picture in 8 bits for each of three colors; transparent pixels keep their colors.

    Raises:
        ValueError: another number format, whose black and white levels are unknown.
    """
    if picture.mode.startswith("I;16"):  # Pillow would clip these at 255
        picture = Image.fromarray((np.asarray(picture) / 257).round().astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError(f"expected 8 or 16 bits for each color; got Pillow's mode {picture.mode}")
    return picture.convert("RGB")
