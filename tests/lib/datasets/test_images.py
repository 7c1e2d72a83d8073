import pytest
import torch

from lib.datasets.images import ImageDataset, train_validation_split


@pytest.fixture
def ten():
    """Ten images of one pixel; each label is the row's number."""
    return ImageDataset(
        torch.arange(10.0).reshape(10, 1, 1, 1) / 10, torch.arange(10), tuple("abcdefghij")
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_two_parts_hold_every_row_once(ten):
    train, validation = train_validation_split(ten, validation=3, generator=generator())
    assert (len(train), len(validation)) == (7, 3)
    assert sorted(torch.cat([train.labels, validation.labels]).tolist()) == list(range(10))


def test_images_stay_with_their_labels(ten):
    for part in train_validation_split(ten, validation=3, generator=generator()):
        assert torch.equal(part.images.flatten(), part.labels / 10)
        assert part.classes == ten.classes


def test_a_split_repeats_with_its_seed_and_differs_with_another(ten):
    def labels(seed):
        return train_validation_split(ten, validation=5, generator=generator(seed))[0].labels

    assert torch.equal(labels(1), labels(1))
    assert not torch.equal(labels(1), labels(2))


@pytest.mark.parametrize("validation", [-1, 0, 10])
def test_an_empty_part_is_an_error(ten, validation):
    with pytest.raises(ValueError, match=f"between 1 and 9 of 10 rows; got {validation}"):
        train_validation_split(ten, validation=validation, generator=generator())


def test_a_subset_keeps_the_order_asked_for(ten):
    assert ten.subset(torch.tensor([4, 1])).labels.tolist() == [4, 1]
    assert ten.subset(slice(2)).labels.tolist() == [0, 1]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_split_is_the_same_on_every_device(ten):
    moved = ImageDataset(ten.images.cuda(), ten.labels.cuda(), ten.classes)
    here = train_validation_split(ten, validation=3, generator=generator())
    there = train_validation_split(moved, validation=3, generator=generator())
    for ours, theirs in zip(here, there, strict=True):
        assert theirs.images.is_cuda
        assert torch.equal(ours.labels, theirs.labels.cpu())
