import shutil
import sys

import pytest
import torch

from lib.augmentation import crop, resize_short_side
from lib.datasets.downloads import ChecksumError, DownloadError
from lib.datasets.photos import load_photo
from lib.models import pretrained


@pytest.fixture(scope="module")
def classifier() -> pretrained.PhotoClassifier:
    return pretrained.load_efficientnet_lite0()


def seen(classifier: pretrained.PhotoClassifier, name: str) -> dict[str, float]:
    """The probability of each class in the middle of a photograph."""
    image = resize_short_side(load_photo(name)[None], 256)
    top, left = ((side - 224) // 2 for side in image.shape[-2:])
    with torch.no_grad():
        probabilities = classifier(crop(image, top, left, size=224)).softmax(-1)[0]
    return dict(zip(classifier.classes, probabilities.tolist(), strict=True))


@pytest.mark.parametrize(
    ("photo", "names", "at_least"),
    [
        ("chelsea", ("tiger cat", "Egyptian cat", "tabby"), 0.7),
        ("coffee", ("espresso",), 0.9),
        ("rocket", ("missile", "projectile"), 0.5),
        ("china", ("palace",), 0.4),
        ("flower", ("daisy",), 0.2),
    ],
)
def test_photographs_are_recognized(photo, names, at_least, classifier):
    probabilities = seen(classifier, photo)
    assert max(probabilities, key=probabilities.get) in names
    assert sum(probabilities[name] for name in names) > at_least


def test_it_evaluates_a_thousand_classes_and_normalizes_by_itself(classifier):
    assert len(classifier.classes) == 1000
    assert not classifier.training
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(classifier(images), classifier.network((images - 0.5) / 0.5))


def test_other_shapes_are_refused(classifier):
    with pytest.raises(ValueError, match=r"\(batch, 3, height, width\); got \(3, 8, 8\)"):
        classifier(torch.zeros(3, 8, 8))


def test_a_damaged_file_is_refused_before_it_is_read(tmp_path):
    good = pretrained._packaged_file()
    damaged = tmp_path / good.name
    shutil.copyfile(good, damaged)
    with damaged.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(ChecksumError, match=r"expected SHA-256 579344\w*; got "):
        pretrained.load_efficientnet_lite0(damaged)


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    with pytest.raises(DownloadError, match="does not exist"):
        pretrained.load_efficientnet_lite0(tmp_path / "nothing.pth")
    for package in (pretrained.PACKAGE, "timm"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(DownloadError, match=f"needs the package {package}: pip install"):
                pretrained.load_efficientnet_lite0()
