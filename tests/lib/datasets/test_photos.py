import pytest
import skimage.data
import sklearn.datasets
import torch

from lib.datasets import photos
from lib.datasets.photos import PHOTOS, load_photo, photo_patches


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", PHOTOS)
def test_every_photograph_is_in_color_and_uses_the_range(name):
    photo = load_photo(name)
    assert photo.shape[0] == 3
    assert min(photo.shape[1:]) >= 300
    assert photo.dtype == torch.float32
    assert photo.min() < 0.1
    assert 0.9 < photo.max() <= 1
    assert (photo[0] - photo[2]).abs().mean() > 0.01


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_pixels_are_those_scikit_image_reads(name):
    theirs = torch.from_numpy(getattr(skimage.data, name)())
    assert torch.equal((load_photo(name) * 255).round().byte().permute(1, 2, 0), theirs)


@pytest.mark.parametrize("name", ["china", "flower"])
def test_pixels_are_those_scikit_learn_reads(name):
    theirs = torch.from_numpy(sklearn.datasets.load_sample_image(f"{name}.jpg").copy())
    assert torch.equal((load_photo(name) * 255).round().byte().permute(1, 2, 0), theirs)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"one of astronaut, chelsea, .*; got 'lena'"):
        load_photo("lena")


def test_a_patch_is_a_piece_of_the_photograph(monkeypatch):
    photo = torch.rand(3, 40, 50, generator=generator())
    monkeypatch.setattr(photos, "load_photo", lambda name: photo)
    patches = photo_patches(20, size=8, generator=generator(1), names=("any",))
    pieces = photo.unfold(1, 8, 1).unfold(2, 8, 1).permute(1, 2, 0, 3, 4).flatten(0, 1)
    for patch in patches:
        assert (pieces == patch).all(dim=(1, 2, 3)).any()


def test_patches_come_from_every_place_corners_included(monkeypatch):
    photo = torch.arange(12.0).view(1, 3, 4).expand(3, 3, 4) / 12
    monkeypatch.setattr(photos, "load_photo", lambda name: photo)
    patches = photo_patches(200, size=2, generator=generator(), names=("any",))
    corners = (patches[:, 0, 0, 0] * 12).round().unique()
    assert corners.tolist() == [0, 1, 2, 4, 5, 6]


def test_a_photograph_is_averaged_before_it_is_cut(monkeypatch):
    checks = (torch.arange(400)[:, None] + torch.arange(400)) % 2
    monkeypatch.setattr(photos, "load_photo", lambda name: checks.float().expand(3, 400, 400))
    patches = photo_patches(5, size=16, generator=generator(), names=("any",), height=100)
    assert torch.allclose(patches, torch.tensor(0.5), atol=0.02)


def test_the_generators_state_decides():
    first, again, other = (photo_patches(6, size=16, generator=generator(s)) for s in (0, 0, 1))
    assert first.shape == (6, 3, 16, 16)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_patches_show_structure_more_often_than_not():
    patches = photo_patches(200, generator=generator())
    assert (patches.std(dim=(2, 3)).mean(dim=1) > 0.05).float().mean() > 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count and size of at least 1"),
        ({"count": 1, "size": 0}, "count and size of at least 1"),
        ({"count": 1, "names": ()}, "and a name"),
        ({"count": 1, "names": ("lena",)}, "one of astronaut"),
        ({"count": 1, "size": 161}, "patches of 161 pixels do not fit into 160"),
    ],
)
def test_what_cannot_be_cut_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        photo_patches(**options, generator=generator())
