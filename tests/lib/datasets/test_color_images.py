import pytest
import torch

from lib.datasets import cifar10
from lib.datasets.color_images import DATASETS, load_color_images
from lib.datasets.scenes import load_scenes
from tests.cifar10 import replacements, write_cifar10


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    archive = write_cifar10(tmp_path, 20)
    for where, name, value in replacements(archive):
        monkeypatch.setattr(where, name, value)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_data_set_has_the_same_form(dataset, split):
    images = load_color_images(dataset, split, 12, generator=generator())
    assert images.images.shape == (12, 3, 32, 32)
    assert images.images.dtype == torch.float32
    assert 0 <= images.images.min() < images.images.max() <= 1
    assert images.labels.shape == (12,)
    assert len(images.classes) == 10


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_generators_state_decides(dataset):
    first, again, other = (
        load_color_images(dataset, "train", 12, generator=generator(seed)).images
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_scenes_are_those_of_load_scenes():
    ours = load_color_images("scenes", "test", 3, generator=generator())
    assert torch.equal(ours.images, load_scenes(3, generator=generator()).images)


def test_rows_of_cifar10_are_different_ones_of_the_split():
    whole = cifar10.load_cifar10("test")
    part = load_color_images("cifar10", "test", 20, generator=generator())
    found = [
        (whole.images == image).flatten(1).all(dim=1).nonzero().item() for image in part.images
    ]
    assert sorted(found) == list(range(20))
    assert found != list(range(20))
    assert torch.equal(part.labels, whole.labels[found])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dataset", DATASETS)
def test_tensors_are_made_on_the_device_asked_for(dataset):
    part = load_color_images(dataset, "test", 5, generator=generator(), device="cuda")
    assert (part.images.device.type, part.labels.device.type) == ("cuda", "cuda")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mnist", "train", 1), "dataset must be one of scenes, cifar10; got 'mnist'"),
        (("scenes", "validation", 1), "split must be 'train' or 'test'; got 'validation'"),
        (("scenes", "train", 0), "a count from 1"),
        (("cifar10", "train", 0), "count must be between 1 and 100 for 'train'; got 0"),
        (("cifar10", "test", 21), "count must be between 1 and 20 for 'test'; got 21"),
    ],
)
def test_what_there_is_not_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_color_images(*arguments, generator=generator())
