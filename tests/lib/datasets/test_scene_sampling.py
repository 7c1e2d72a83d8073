import pytest
import torch

from lib.datasets import scene_sampling as sampling
from lib.datasets.scene_sampling import SHIFTS, draw_scenes, shift_scenes


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(count=500, objects=(1, 1), bias=0.0, seed=0):
    return draw_scenes(count, objects=objects, bias=bias, generator=generator(seed))


def test_one_object_stands_near_the_middle_and_nearly_upright():
    numbers = draw()
    assert (numbers.x - 0.5).abs().max() <= sampling.CENTER
    assert (numbers.y - 0.5).abs().max() <= sampling.CENTER
    assert 0.9 * sampling.ANGLE < numbers.angle.abs().max() <= sampling.ANGLE
    assert sampling.ALONE[0] <= numbers.size.min() <= numbers.size.max() <= sampling.ALONE[1]


def test_every_shape_color_texture_and_background_comes_about_equally_often():
    numbers = draw(count=8000)
    for part, kinds in (
        (numbers.shape, 10),
        (numbers.background, 10),
        (numbers.color, 8),
        (numbers.texture, 4),
    ):
        shares = part.flatten().bincount(minlength=kinds) / 8000
        assert (shares - 1 / kinds).abs().max() < 0.02


@pytest.mark.parametrize("several", [2, 3, 4])
def test_several_objects_stay_inside_and_apart_and_the_main_one_is_the_largest(several):
    numbers = draw(objects=(several, several))
    assert numbers.present.all()
    half = numbers.size / 2
    for center in (numbers.x, numbers.y):
        assert (center >= half - 1e-6).all()
        assert (center <= 1 - half + 1e-6).all()
    assert (numbers.size[:, :1] >= numbers.size[:, 1:]).all()
    for one in range(several):
        for other in range(one):
            apart = torch.hypot(
                numbers.x[:, one] - numbers.x[:, other], numbers.y[:, one] - numbers.y[:, other]
            )
            gap = apart - half[:, one] - half[:, other]
            assert (gap < 0).float().mean() < 0.02


def test_the_number_of_objects_varies_between_its_bounds():
    present = draw(objects=(2, 4)).present.sum(dim=1)
    assert present.unique().tolist() == [2, 3, 4]


@pytest.mark.parametrize(("bias", "share"), [(0.0, 0.1), (0.5, 0.55), (1.0, 1.0)])
def test_the_bias_is_the_probability_of_the_tied_background(bias, share):
    """The rest are even over ten backgrounds, so a tenth of them is the tied one by chance."""
    numbers = draw(count=4000, bias=bias)
    tied = (numbers.background == numbers.shape[:, 0]).float().mean()
    assert tied.item() == pytest.approx(share, abs=0.03)


def test_only_the_background_depends_on_the_bias():
    free, tied = draw(bias=0.0), draw(bias=1.0)
    different = {
        name for name in vars(free) if not torch.equal(getattr(free, name), getattr(tied, name))
    }
    assert different == {"background"}


CHANGES = {
    "mirrored": {"mirrored"},
    "moved": {"x", "y"},
    "rescaled": {"size"},
    "relit": {"light", "brightness", "tint"},
    "rotated": {"angle"},
}


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_changes_one_thing(shift):
    before = draw()
    after = shift_scenes(before, shift, 1.0, generator=generator())
    different = {
        name
        for name in vars(before)
        if not torch.equal(getattr(before, name), getattr(after, name))
    }
    assert different == CHANGES[shift]


@pytest.mark.parametrize("shift", [None, *SHIFTS])
def test_every_shift_leaves_the_generator_in_the_same_state(shift):
    used, reference = generator(), generator()
    shift_scenes(draw(), shift, 1.0, generator=used)
    shift_scenes(draw(), None, 1.0, generator=reference)
    assert torch.equal(used.get_state(), reference.get_state())


def test_shifted_scenes_lie_outside_the_training_distribution():
    numbers = draw()
    shifted = {s: shift_scenes(numbers, s, 1.0, generator=generator()) for s in SHIFTS}
    off = torch.maximum(
        (shifted["moved"].x - 0.5).abs().max(), (shifted["moved"].y - 0.5).abs()
    ).amin()
    assert off > sampling.CENTER
    size = shifted["rescaled"].size
    assert ((size < sampling.ALONE[0]) | (size > sampling.ALONE[1])).all()
    assert shifted["rotated"].angle.abs().min() > sampling.ANGLE
    assert (shifted["relit"].light > 180).all()
    assert shifted["mirrored"].mirrored.all()


@pytest.mark.parametrize("shift", ["moved", "rescaled", "rotated"])
def test_a_shift_of_strength_zero_changes_nothing_but_for_what_has_no_degrees(shift):
    before = draw()
    after = shift_scenes(before, shift, 0.0, generator=generator())
    for name in CHANGES[shift]:
        assert torch.equal(getattr(before, name), getattr(after, name))
