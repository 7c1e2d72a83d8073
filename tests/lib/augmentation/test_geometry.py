import math

import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from lib import augmentation

BILINEAR = InterpolationMode.BILINEAR
LETTER = torch.tensor([[1.0, 0, 0], [1, 0, 0], [1, 1, 0]])[None, None]  # an L


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return (ours - theirs).abs().max().item()


def test_a_flip_is_torchvisions_and_only_where_asked(pictures):
    images = pictures(4)
    flip = torch.tensor([True, False, False, True])
    flipped = augmentation.horizontal_flip(images, flip)
    assert torch.equal(flipped[flip], tv.horizontal_flip(images[flip]))
    assert torch.equal(flipped[~flip], images[~flip])
    assert torch.equal(augmentation.horizontal_flip(flipped, flip), images)


def test_flips_come_with_their_probability(seeded):
    images = torch.tensor([0.0, 1.0]).expand(4000, 1, 1, 2)
    flipped = augmentation.random_horizontal_flip(images, seeded(), p=0.25)
    assert flipped[:, 0, 0, 0].mean().item() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(augmentation.random_horizontal_flip(images, seeded(), p=0.0), images)
    assert torch.equal(augmentation.random_horizontal_flip(images, seeded(), p=1.0), images.flip(3))


@pytest.mark.parametrize("flip", [torch.tensor([1.0, 0.0]), torch.tensor([True]), 1])
def test_a_flip_must_be_a_truth_value_per_image(flip, pictures):
    with pytest.raises(ValueError, match=r"flip must be bool \(2,\)"):
        augmentation.horizontal_flip(pictures(2), flip)


def test_a_quarter_turn_is_clockwise():
    turned = augmentation.rotate(LETTER, 90.0)
    expected = torch.tensor([[1.0, 1, 1], [1, 0, 0], [0, 0, 0]])
    torch.testing.assert_close(turned[0, 0], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(turned, torch.rot90(LETTER, -1, (2, 3)), atol=1e-5, rtol=0)


def test_a_translation_goes_right_and_down():
    moved = augmentation.translate(LETTER, (1, 1))
    assert moved[0, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 0]]
    halfway = augmentation.translate(LETTER, (0.5, 0.0))
    expected = torch.tensor([[0.5, 0.5, 0], [0.5, 0.5, 0], [0.5, 1, 0.5]])
    torch.testing.assert_close(halfway[0, 0], expected)


def test_padding_says_what_lies_outside():
    row = torch.tensor([[[[0.25, 0.5, 0.75]]]])
    shown = {
        padding: augmentation.translate(row, (2, 0), padding=padding)[0, 0, 0].tolist()
        for padding in ("zeros", "border", "reflection")
    }
    assert shown == {
        "zeros": [0, 0, 0.25],
        "border": [0.25, 0.25, 0.25],
        "reflection": [0.5, 0.25, 0.25],
    }


def test_a_stretch_makes_wider_and_a_scale_larger():
    dot = torch.zeros(1, 1, 9, 9)
    dot[..., 4, 4] = 1
    wide = augmentation.stretch(dot, (2, 1))
    assert wide[0, 0, 4].tolist() == [0, 0, 0, 0.5, 1, 0.5, 0, 0, 0]
    assert wide[0, 0, :, 4].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    large = augmentation.affine(dot, scale=2.0)
    torch.testing.assert_close(large, augmentation.stretch(dot, (2, 2)))


def test_a_shear_of_45_degrees_moves_a_row_by_its_distance_from_the_middle():
    column = torch.zeros(1, 1, 5, 5)
    column[..., 2] = 1
    slanted = augmentation.shear(column, (45, 0))
    torch.testing.assert_close(slanted[0, 0], torch.eye(5).flip(1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(24, 32), (33, 21), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_affine_is_torchvisions_up_to_rounding(size, channels, pictures, seeded):
    images = pictures(6, *(64, 64), channels=channels)[:, :, : size[0], : size[1]].contiguous()
    draws = torch.rand(6, 6, generator=seeded())
    angle, x, y, scale, sx, sy = ((draws - 0.5) * 2).unbind(1)
    angle, scale = 90 * angle, 1 + scale / 2
    move, slant = torch.stack([5 * x, 5 * y], -1), torch.stack([20 * sx, 20 * sy], -1)
    ours = augmentation.affine(images, angle=angle, translate=move, scale=scale, shear=slant)
    for n in range(6):
        theirs = tv.affine(
            images[n : n + 1], angle[n].item(), move[n].tolist(), scale[n].item(),
            slant[n].tolist(), interpolation=BILINEAR,
        )  # fmt: skip
        assert difference(ours[n : n + 1], theirs) < 2e-5


def test_rotations_are_torchvisions_the_other_way(pictures):
    images = pictures(2)
    theirs = tv.rotate(images, -30, interpolation=BILINEAR)
    assert difference(augmentation.rotate(images, 30.0), theirs) < 2e-5


def test_every_image_has_its_own_parameters(pictures):
    images = pictures(3)
    angle = torch.tensor([0.0, 20.0, -50.0])
    together = augmentation.rotate(images, angle)
    for n in range(3):
        alone = augmentation.rotate(images[n : n + 1], angle[n].item())
        torch.testing.assert_close(together[n : n + 1], alone)


def test_the_matrix_says_where_points_go():
    images = torch.zeros(1, 1, 4, 4)
    quarter = augmentation.affine_matrix(images, angle=90.0)[0]
    torch.testing.assert_close(quarter, torch.tensor([[0.0, -1], [1, 0]]), atol=1e-6, rtol=0)
    slanted = augmentation.affine_matrix(images, shear=(45.0, 0.0))[0]
    torch.testing.assert_close(slanted, torch.tensor([[1.0, -1], [0, 1]]))
    large = augmentation.affine_matrix(images, scale=2.0, stretch=(1.5, 1.0))[0]
    torch.testing.assert_close(large, torch.tensor([[3.0, 0], [0, 2]]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0.0}, "must be positive"),
        ({"stretch": (1.0, -1.0)}, "must be positive"),
        ({"shear": (90.0, 0.0)}, "within ±90 degrees"),
        ({"angle": torch.zeros(5)}, r"angle must be .*\(2,\); got shape \(5,\)"),
        ({"padding": "mirror"}, "one of zeros, border, reflection; got 'mirror'"),
    ],
)
def test_affine_names_what_it_cannot_do(options, message, pictures):
    with pytest.raises(ValueError, match=message):
        augmentation.affine(pictures(2), **options)


def test_random_affine_stays_within_its_amounts(seeded):
    dot = torch.zeros(500, 1, 21, 21)
    dot[..., 10, 10] = 1
    moved = augmentation.random_affine(dot, seeded(), translate=0.2)
    columns = (moved.sum(2) * (torch.arange(21.0) - 10)).sum(2) / moved.sum((2, 3))
    assert 4.0 < columns.abs().max() <= 4.2 + 1e-4
    assert torch.equal(augmentation.random_affine(dot, seeded()), dot)
    with pytest.raises(ValueError, match=r"at least 0; got .*'degrees': -1"):
        augmentation.random_affine(dot, seeded(), degrees=-1)


def test_no_lens_changes_nothing_and_no_lens_moves_the_center(pictures):
    images = pictures(2, 25, 25)
    torch.testing.assert_close(augmentation.lens_distortion(images, 0.0), images)
    for k in (-0.3, 0.5):
        bent = augmentation.lens_distortion(images, k)
        torch.testing.assert_close(bent[..., 12, 12], images[..., 12, 12])


def test_barrels_show_more_at_the_rim_and_pincushions_less():
    ramp = torch.arange(9.0).expand(1, 1, 9, 9) - 4  # the value is x
    rim = {k: augmentation.lens_distortion(ramp, k, padding="border")[0, 0, 4] for k in (-0.2, 0.2)}
    radius = math.hypot(9, 9) / 2
    at = 3 * (1 + 0.2 * (3 / radius) ** 2)
    assert rim[0.2][7].item() == pytest.approx(at, abs=1e-5)
    assert rim[-0.2][8] < 4


def test_a_lens_is_torchvisions_elastic_with_the_same_displacements(pictures):
    images = pictures(2)
    height, width = images.shape[-2:]
    y = (torch.arange(height) - (height - 1) / 2)[:, None].expand(height, width)
    x = (torch.arange(width) - (width - 1) / 2)[None].expand(height, width)
    square = (x**2 + y**2) / (width**2 + height**2) * 4
    displacement = 0.3 * square[..., None] * torch.stack([2 * x / width, 2 * y / height], -1)
    theirs = tv.elastic(images, displacement[None], interpolation=BILINEAR, fill=None)
    assert difference(augmentation.lens_distortion(images, 0.3), theirs) < 2e-5


def test_a_lens_that_folds_the_image_is_refused(pictures):
    with pytest.raises(ValueError, match=r"k must be above -1/3.*got \[-0\.5"):
        augmentation.lens_distortion(pictures(2), -0.5)


def test_reading_between_four_pixels_weighs_them_by_nearness():
    square = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    at = torch.tensor([[-0.5, -0.5], [0.0, 0.0], [-0.25, 0.5]]).view(1, 1, 3, 2)
    assert augmentation.sample(square, at)[0, 0, 0].tolist() == [1.0, 2.5, 3.25]
    with pytest.raises(ValueError, match=r"rows, columns, 2\); got \(1, 3, 2\)"):
        augmentation.sample(square, at[0])
