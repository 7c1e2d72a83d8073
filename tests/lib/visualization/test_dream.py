import pytest
import torch
from torch import nn

from lib.visualization import objectives as o
from lib.visualization.dream import deep_dream


@pytest.fixture
def photo():
    coarse = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    return nn.functional.interpolate(coarse, (40, 56), mode="bilinear")


@pytest.mark.parametrize("octaves", [1, 2])
def test_the_layer_sees_more_at_the_end_and_the_model_stays(
    awkward, left_alone, seeded, octaves, photo
):
    objective = o.class_score(1)
    with left_alone(awkward, photo):
        found = deep_dream(
            awkward, photo, objective, octaves=octaves, steps=4, step_size=0.01, generator=seeded()
        )
    assert len(found) == octaves
    assert found[-1].shape == photo.shape
    assert o.scores(awkward, found[-1], objective) > o.scores(awkward, photo, objective)
    assert found[-1].min() >= 0
    assert found[-1].max() <= 1


def test_octaves_grow_to_the_size_of_the_photograph(network, seeded, photo):
    found = deep_dream(
        network(), photo, o.layer_energy("0"), octaves=3, octave_scale=1.5, steps=1,
        generator=seeded(),
    )  # fmt: skip
    assert [tuple(x.shape[-2:]) for x in found] == [(18, 25), (27, 37), (40, 56)]


def test_a_step_moves_pixels_by_its_size_on_average(network, seeded, photo):
    inside = 0.3 + 0.4 * photo
    (found,) = deep_dream(
        network("silu"), inside, o.class_score(0), octaves=1, steps=1, step_size=0.02,
        generator=seeded(),
    )  # fmt: skip
    assert (found - inside).abs().mean().item() == pytest.approx(0.02, rel=1e-3)


def test_the_same_generator_dreams_the_same(network, seeded, photo):
    def run(seed):
        return deep_dream(
            network(), photo, o.layer_energy("2"), octaves=2, steps=3, generator=seeded(seed)
        )[-1]

    assert torch.equal(run(0), run(0))
    assert not torch.equal(run(0), run(1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_finite(network, seeded, dtype, photo):
    found = deep_dream(
        network().to(dtype), photo.to(dtype), o.layer_energy("2"), octaves=2, steps=2,
        generator=seeded(),
    )[-1]  # fmt: skip
    assert found.dtype == dtype
    assert found.isfinite().all()


def test_what_cannot_be_dreamt_is_refused(network, seeded, photo):
    model, energy, g = network(), o.layer_energy("0"), seeded()
    for options, message in [
        ({"octaves": 0}, "octaves"),
        ({"steps": 0}, "steps"),
        ({"octave_scale": 1.0}, "scale"),
        ({"octaves": 9}, "fewer octaves"),
    ]:
        with pytest.raises(ValueError, match=message):
            deep_dream(model, photo, energy, generator=g, **options)
    with pytest.raises(TypeError, match="floats"):
        deep_dream(model, photo.int(), energy, generator=g)
    flat = o.Objective(lambda seen: seen.images.detach().sum((1, 2, 3)))
    with pytest.raises(ValueError, match="does not depend"):
        deep_dream(model, photo, flat, generator=g)
