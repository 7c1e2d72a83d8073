"""Pictures empty, tiny, huge, of any mode, turned, cut, not a number: right, or refused by name."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from lib.datasets.downloads import DownloadError
from lib.datasets.flickr8k import CaptionedPhotos
from lib.widgets import AttentionReader, PictureMap, Viewing
from tests.faults.cases import refused, sampled
from tests.faults.damage import damaged
from tests.faults.methods import (
    AUGMENTATIONS,
    EXPLANATIONS,
    SEEING,
    make_images,
    make_model,
    tensors,
)

SIDE = 16  # pixels
LEVELS = np.tile(np.linspace(0, 255, 64).round().astype(np.uint8), (64, 1))  # dark to bright
RED = np.stack([LEVELS, 0 * LEVELS, 0 * LEVELS], -1)
ALPHA = LEVELS.T  # from clear to opaque, downward
HALF = LEVELS.astype(np.uint16) * 257


def read(path):
    """The picture in a file, (3, SIDE, SIDE), by the one reader of files that others made."""
    (image,) = CaptionedPhotos((path,), ()).images([0], size=SIDE)
    assert image.shape == (3, SIDE, SIDE)
    assert 0 <= float(image.min()) <= float(image.max()) <= 1
    return image


GRAY = {
    "8 bits": lambda: Image.fromarray(LEVELS),
    "16 bits": lambda: Image.fromarray(HALF),
    "16 bits, highest first": lambda: Image.fromarray(HALF.astype(">u2")),
    "gray with alpha": lambda: Image.merge("LA", [*map(Image.fromarray, (LEVELS, ALPHA))]),
    "palette of grays": lambda: Image.fromarray(LEVELS).convert("P"),
}
COLOR = {
    "RGB": lambda: Image.fromarray(RED),
    "RGBA": lambda: Image.fromarray(np.dstack([RED, ALPHA])),
    "palette": lambda: Image.fromarray(RED).quantize(256),
    "CMYK": lambda: Image.fromarray(RED).convert("CMYK"),
    "YCbCr": lambda: Image.fromarray(RED).convert("YCbCr"),
}
WRITTEN = [
    ("8 bits", "PNG"), ("8 bits", "JPEG"), ("8 bits", "TIFF"), ("8 bits", "BMP"), ("8 bits", "GIF"),
    ("8 bits", "WEBP"), ("16 bits", "PNG"), ("16 bits", "TIFF"), ("16 bits, highest first", "TIFF"),
    ("gray with alpha", "PNG"), ("gray with alpha", "TIFF"), ("palette of grays", "PNG"),
    ("palette of grays", "GIF"), ("RGB", "PNG"), ("RGB", "JPEG"), ("RGB", "BMP"), ("RGB", "WEBP"),
    ("RGB", "TIFF"), ("RGBA", "PNG"), ("RGBA", "TIFF"), ("palette", "PNG"), ("palette", "GIF"),
    ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "JPEG"), ("YCbCr", "TIFF"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "format"), sampled(WRITTEN, quick=10))
def test_every_mode_keeps_its_brightness(mode, format, tmp_path):
    (GRAY | COLOR)[mode]().save(tmp_path / "picture", format)
    image = read(tmp_path / "picture")
    expected = torch.linspace(0, 1, 64).view(SIDE, 4).mean(1)
    seen = [0, 1, 2] if mode in GRAY else [0]
    assert (image[seen] - expected).abs().max() < 0.03
    assert image[[c for c in range(3) if c not in seen]].abs().sum() < SIDE * SIDE * 0.03


def test_black_and_white_are_0_and_1(tmp_path):
    Image.fromarray(LEVELS > 127).save(tmp_path / "picture", "PNG")
    image = read(tmp_path / "picture")
    assert bool((image[..., :7] == 0).all() and (image[..., 9:] == 1).all())


FOREIGN = {
    "floats": lambda: Image.fromarray(LEVELS.astype(np.float32) / 255),
    "not a number": lambda: Image.fromarray(np.full((9, 9), np.nan, np.float32)),
    "infinity": lambda: Image.fromarray(np.full((9, 9), np.inf, np.float32)),
    "32 bits": lambda: Image.fromarray(LEVELS.astype(np.int32) << 20),
}


@pytest.mark.parametrize("kind", sampled(FOREIGN, quick=2))
def test_numbers_without_a_known_white_are_refused(kind, tmp_path):
    FOREIGN[kind]().save(tmp_path / "picture.tif")
    with refused(DownloadError, match=["picture.tif", "expected 8 or 16 bits.*; got"]):
        read(tmp_path / "picture.tif")


@pytest.mark.parametrize("format", sampled(["EPS", "PDF", "PPM", "ICO"], quick=2))
def test_formats_that_no_photograph_has_are_refused(format, tmp_path):
    """Among them PostScript, which Pillow would give to an interpreter."""
    Image.fromarray(RED).save(tmp_path / "picture.jpg", format)
    with refused(DownloadError, match=["picture.jpg", "no picture, or damaged"]):
        read(tmp_path / "picture.jpg")


TURNS = {1: 0, 6: 3, 3: 2, 8: 1}  # of the stored picture, in quarters against the clock
FLIPS = {2: 0, 5: 3, 4: 2, 7: 1}  # the same behind a mirror


@pytest.mark.parametrize(
    ("orientation", "format"),
    sampled(itertools.product(range(10), ("JPEG", "PNG", "WEBP")), quick=8),
)
def test_a_turned_picture_is_shown_upright(orientation, format, tmp_path):
    upright = np.zeros((64, 64, 3), np.uint8)
    upright[:32, :32] = 255, 0, 0
    upright[:32, 32:] = 0, 0, 255
    quarters = (TURNS | FLIPS).get(orientation, 0)
    stored = np.rot90(upright, -quarters)
    if orientation in FLIPS:
        stored = np.rot90(upright, quarters)[:, ::-1] if quarters % 2 else stored[:, ::-1]
    exif = Image.Exif()
    exif[0x0112] = orientation  # 0 and 9 mean nothing
    options = {"exif": exif, "quality": 95, "lossless": True}
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "picture", format, **options)
    image = read(tmp_path / "picture").round()
    assert image[:, 2, 2].tolist() == [1, 0, 0]
    assert image[:, 2, -3].tolist() == [0, 0, 1]


SIZES = [(1, 1), (1, 900), (900, 1), (2, 3), (15, 17), (8000, 3), (3, 8000), (3000, 3000)]


@pytest.mark.parametrize(("width", "height"), sampled(SIZES, quick=4))
def test_a_picture_of_any_size_is_read(width, height, tmp_path):
    Image.new("RGB", (width, height), (255, 0, 128)).save(tmp_path / "picture", "PNG")
    image = read(tmp_path / "picture")
    assert torch.allclose(image, torch.tensor([1, 0, 128 / 255]).view(3, 1, 1), atol=0.01)


FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF")
DAMAGES = [(k, s) for k in ("flip", "cut", "blank", "lose", "empty", "page") for s in range(3)]
UNCHECKED = {"flip", "blank", "lose"}  # where the format has no checksum, other pixels come


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("format", "kind", "seed"), sampled([(f, *d) for f in FORMATS for d in DAMAGES], quick=15)
)
def test_a_damaged_picture_is_named_or_still_a_picture(format, kind, seed, tmp_path):
    path = tmp_path / "picture.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, format)
    path.write_bytes(damaged(path.read_bytes(), kind, seed))
    try:
        read(path)
    except DownloadError as error:
        assert f"{path} is no picture, or damaged" in str(error)
    else:
        assert kind in UNCHECKED, f"a {format} that is {kind} was read"


SHAPES = {"one pixel": (1, 1), "one row": (1, 40), "one column": (40, 1), "tall": (500, 20)}


@pytest.mark.parametrize("method", sampled(SEEING, quick=15))
def test_images_of_odd_sizes_give_numbers_or_are_refused(method):
    for name, (height, width) in SHAPES.items():
        images = make_images(height=height, width=width)
        try:
            results = tensors(SEEING[method].call(make_model(), images))
        except ValueError:
            with refused(ValueError, case=name):
                SEEING[method].call(make_model(), images)
        else:
            assert all(bool(t.isfinite().all()) for t in results), f"{name} is not finite"


@pytest.mark.parametrize("method", sampled(EXPLANATIONS, quick=6))
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_picture_of_one_color_has_an_explanation(method, level):
    results = tensors(EXPLANATIONS[method].call(make_model(), torch.full((3, 3, 20, 18), level)))
    assert all(bool(t.isfinite().all()) for t in results)


@pytest.mark.parametrize(
    "method", sampled([name for name in AUGMENTATIONS if name != "mixup"], quick=8)
)
def test_what_is_not_a_number_stays_in_its_image(method):
    """A blend alone puts one image into another."""
    images = make_images()
    images[1] = torch.nan
    good = tensors(AUGMENTATIONS[method].call(make_model(), make_images()))
    got = tensors(AUGMENTATIONS[method].call(make_model(), images))
    for ours, theirs in zip(got, good, strict=True):
        assert torch.equal(ours[[0, 2]], theirs[[0, 2]])


PICTURES = {
    "one image": lambda x: x[0],
    "two channels": lambda x: x[:, :2],
    "four channels": lambda x: torch.cat([x, x[:, :1]], 1),
    "no pixels": lambda x: x[..., :0],
    "not a number": lambda x: x * torch.nan,
    "infinity": lambda x: x / 0,
}


@pytest.mark.parametrize("fault", sampled(PICTURES, quick=3))
def test_a_map_of_pictures_refuses_what_is_none(fault):
    images, places = PICTURES[fault](make_images()), torch.rand(3, 2)
    with refused(ValueError, match="got"):
        PictureMap(images, [0, 0, 0], ["a"], {"map": places}, {"space": [[1], [0], [0]]})


@pytest.mark.parametrize("fault", sampled(PICTURES, quick=3))
def test_a_reader_of_pictures_refuses_what_is_none(fault):
    picture = PICTURES[fault](make_images())
    picture = picture if fault == "one image" else picture[0]
    picture = picture[0] if fault == "one image" else picture
    with refused(ValueError, match="got"):
        AttentionReader([Viewing(picture, ["a"], [[0.5, 0.5]], rows=1)])
