from dataclasses import fields

import pytest
import torch

from chapters.hyperparameters.recipe import train_setup
from chapters.hyperparameters.ward import (
    HEALTHY_ACCURACY,
    HEALTHY_LR,
    ILLNESSES,
    TRAINING,
    VALIDATION,
    healthy,
    illness,
    patients,
)
from lib import runtime

RUN = runtime.start("quick", device="cpu")
SICK_FIELD = {
    "initialization": "make_model",
    "labels": "train",
    "learning rate": "lr",
    "test augmentation": "test_transform",
    "optimizer": "make_optimizer",
}


def equal(a, b):
    """Whether two fields of a set-up are the same, image by image for its parts."""
    if not hasattr(a, "images"):
        return a is b or a == b
    return torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels)


def beds(seed):
    return [illness(RUN, bed, seed=seed) for bed in "ABCDE"]


@pytest.mark.parametrize("seed", [0, 1])
def test_each_of_five_patients_differs_from_the_healthy_in_the_field_of_the_illness(seed):
    well, sick = healthy(RUN, seed=seed), patients(RUN, seed=seed)
    assert list(sick) == list("ABCDE")
    for bed, setup in sick.items():
        names = [field.name for field in fields(setup)]
        changed = [n for n in names if not equal(getattr(setup, n), getattr(well, n))]
        assert changed == [SICK_FIELD[illness(RUN, bed, seed=seed)]]


def test_every_illness_has_one_bed():
    assert sorted(beds(0)) == sorted(ILLNESSES)


def test_who_has_what_changes_with_the_seed_and_with_nothing_else():
    assert beds(0) == beds(0)
    assert len({tuple(beds(seed)) for seed in range(5)}) > 1


def test_shuffled_labels_are_the_same_labels_in_another_order():
    well = healthy(RUN)
    bed = "ABCDE"[beds(0).index("labels")]
    sick = patients(RUN)[bed]
    assert torch.equal(sick.train.images, well.train.images)
    assert torch.equal(sick.train.labels.bincount(), well.train.labels.bincount())
    assert (sick.train.labels != well.train.labels).float().mean() > 0.8


def test_training_and_validation_share_no_image():
    well = healthy(RUN)
    assert (len(well.train), len(well.validation)) == (TRAINING, VALIDATION)
    assert well.lr == HEALTHY_LR
    distances = torch.cdist(well.train.images.flatten(1), well.validation.images.flatten(1))
    assert distances.min() > 0


def test_the_healthy_network_is_as_good_as_is_said():
    _, history = train_setup(healthy(RUN), steps=300)
    assert history.metrics["validation"][-1] > HEALTHY_ACCURACY


@pytest.mark.parametrize("bed", ["F", "", "AB", "a"])
def test_a_bed_that_is_not_there_is_answered_with_those_that_are(bed):
    with pytest.raises(ValueError, match=f"bed must be one of A, B, C, D, E; got '{bed}'"):
        illness(RUN, bed)
