import numpy as np
import pytest
import torch
from timm.data.mixup import Mixup
from torchvision.transforms.v2 import functional as tv

from lib import augmentation


def test_an_erased_square_is_torchvisions(pictures):
    images = pictures(2)
    ours = augmentation.erase(images, top=torch.tensor([0, 5]), left=3, size=8, fill=0.25)
    for n, top in enumerate((0, 5)):
        fill = torch.full((3, 1, 1), 0.25)
        assert torch.equal(ours[n], tv.erase(images[n], top, 3, 8, 8, fill))


def test_a_square_that_sticks_out_is_cut_off():
    erased = augmentation.erase(torch.ones(1, 1, 3, 3), top=-1, left=2, size=2, fill=0.0)
    assert erased[0, 0].tolist() == [[1, 1, 0], [1, 1, 1], [1, 1, 1]]
    assert augmentation.erase(torch.ones(1, 1, 3, 3), top=0, left=0, size=0).min() == 1
    with pytest.raises(ValueError, match="at least 0 pixels; got -1"):
        augmentation.erase(torch.ones(1, 1, 3, 3), top=0, left=0, size=-1)


def test_cutout_centers_its_square_on_every_pixel_alike(seeded):
    cut = augmentation.cutout(torch.ones(3000, 1, 5, 5), seeded(), size=3, fill=0.0) == 0
    sizes = cut.sum((1, 2, 3))
    assert sorted(sizes.unique().tolist()) == [4, 6, 9]  # at corners, edges, inside
    # Of 25 centers, 9 cut the middle pixel and 4 a corner.
    missing = cut.float().mean(0)[0]
    assert missing[2, 2].item() == pytest.approx(9 / 25, abs=0.03)
    assert missing[0, 0].item() == pytest.approx(4 / 25, abs=0.03)


def test_a_blend_of_two_pixels_and_labels():
    images = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
    mixed, labels = augmentation.blend(
        images, torch.eye(2), lam=torch.tensor([0.4, 1.0]), partner=torch.tensor([1, 0])
    )
    torch.testing.assert_close(mixed.flatten(), torch.tensor([0.6, 1.0]))
    torch.testing.assert_close(labels, torch.tensor([[0.4, 0.6], [0.0, 1.0]]))


@pytest.mark.parametrize("mode", ["batch", "elem"])
def test_a_blend_is_timms_mixup_of_the_same_lambda_and_partners(mode, pictures):
    images, labels = pictures(4), torch.tensor([0, 2, 1, 2])
    np.random.seed(0)
    timms = Mixup(mixup_alpha=0.4, mode=mode, label_smoothing=0, num_classes=3)
    theirs, targets = timms(images.clone(), labels)
    lam = (targets[:, labels] - targets[:, labels.flip(0)]).diagonal()  # 2λ - 1 where they differ
    lam = torch.where(labels == labels.flip(0), 1.0, (lam + 1) / 2)
    ours, probabilities = augmentation.blend(
        images, torch.eye(3)[labels], lam=lam, partner=torch.arange(3, -1, -1)
    )
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    torch.testing.assert_close(probabilities, targets, atol=1e-6, rtol=0)


def test_mixup_blends_images_and_labels_by_the_same_lambda(seeded):
    # Each image holds its own label in a one-hot pixel row, so the two must stay equal.
    labels = torch.randint(5, (64,), generator=seeded(1))
    images = torch.eye(5)[labels].view(64, 1, 1, 5)
    mixed, probabilities = augmentation.mixup(images, labels, seeded(), alpha=1.0, classes=5)
    torch.testing.assert_close(mixed.flatten(1), probabilities)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(64))
    assert (probabilities.amax(1) < 1).float().mean() > 0.5


def test_mixup_takes_probabilities_and_repeats_with_the_generator(pictures, seeded):
    images, labels = pictures(6), torch.tensor([0, 1, 2, 0, 1, 2])
    from_labels = augmentation.mixup(images, labels, seeded(3), classes=3)
    from_probabilities = augmentation.mixup(images, torch.eye(3)[labels], seeded(3))
    for ours, theirs in zip(from_labels, from_probabilities, strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(
        from_labels[0], augmentation.mixup(images, labels, seeded(4), classes=3)[0]
    )


def test_small_alpha_hardly_mixes_and_alpha_1_mixes_evenly(seeded):
    images = torch.zeros(4000, 1, 1, 1)
    images[::2] = 1
    labels = torch.zeros(4000, dtype=torch.int64)
    for alpha, expected in ((0.05, 0.045), (1.0, 0.25)):
        mixed = augmentation.mixup(images, labels, seeded(), alpha=alpha, classes=1)[0].flatten()
        # The nearer of 0 and 1 is off by E[min(λ, 1 - λ)] in pairs that differ: half of all.
        nearer = 2 * torch.minimum(mixed, 1 - mixed).mean()
        assert nearer.item() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"alpha": 0.0, "classes": 3}, "alpha must be positive; got 0"), ({}, "needs classes=")],
)
def test_mixup_names_what_is_missing(options, message, pictures, seeded):
    with pytest.raises(ValueError, match=message):
        augmentation.mixup(pictures(2), torch.tensor([0, 1]), seeded(), **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lam": 1.5}, r"lam must lie in \[0, 1\]"),
        ({"lam": torch.ones(3)}, r"lam must be .*\(2,\); got shape \(3,\)"),
        ({"partner": torch.tensor([0])}, r"partner must be \(2,\); got \(1,\)"),
        ({"probabilities": torch.eye(3)}, r"\(2, classes\); got \(3, 3\)"),
    ],
)
def test_a_blend_refuses_shapes_that_do_not_fit(change, message, pictures):
    options = {"lam": 0.5, "partner": torch.tensor([1, 0]), "probabilities": torch.eye(2)} | change
    probabilities = options.pop("probabilities")
    with pytest.raises(ValueError, match=message):
        augmentation.blend(pictures(2), probabilities, **options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_mixes_the_same(pictures, seeded):
    images, labels = pictures(6), torch.tensor([0, 1, 2, 0, 1, 2])
    there = augmentation.mixup(images.cuda(), labels.cuda(), seeded(), classes=3)
    here = augmentation.mixup(images, labels, seeded(), classes=3)
    for ours, expected in zip(there, here, strict=True):
        assert ours.is_cuda
        torch.testing.assert_close(ours.cpu(), expected)
