import pytest
import torch

from lib.visualization import objectives as o
from lib.visualization import parametrizations as p
from lib.visualization import style as s


@pytest.fixture
def start(images, seeded):
    return p.fourier(p.noise(*images.shape, std=0.05, generator=seeded()))


def test_inversion_brings_a_layer_back(network, left_alone, images, start):
    model = network("in-place", training=True)
    with left_alone(model, images):
        found = s.invert_features(
            model, images, "1", parametrization=start, steps=200, lr=0.1, tv=1e-4
        )
    distance = o.feature_distance(o.record(model, images, ("1",)))
    assert (o.scores(model, found.images, distance) < 0.05).all()


def test_a_texture_has_the_grams_of_its_model_at_another_size(network, left_alone, seeded, images):
    model = network("relu", training=True)
    start = p.fourier(p.noise(1, 3, 16, 14, std=0.05, generator=seeded()))
    with left_alone(model, images):
        found = s.synthesize_texture(
            model, images[:1], layers=["1", "3"], parametrization=start, steps=200, lr=0.1
        )
    ours, theirs = (s.style_grams(model, x, ["1"])["1"] for x in (found.images, images[:1]))
    assert ((ours - theirs).norm() / theirs.norm()).item() < 0.1
    assert found.images.shape == (1, 3, 16, 14)


def test_a_style_weight_of_zero_keeps_the_content(network, images):
    found = s.style_transfer(
        network("silu"), images[:1], images[1:2], content_layer="2", style_layers=["0"],
        style_weights=[0.0], steps=10,
    )  # fmt: skip
    torch.testing.assert_close(found.images, images[:1], atol=0.02, rtol=0)


def test_the_style_comes_and_the_content_goes_as_its_weight_grows(network, left_alone, images):
    model = network("silu", training=True)
    content, style = images[:1], images[1:2] ** 3
    with left_alone(model, content, style):
        found = s.style_transfer(
            model, content, style, content_layer="2", style_layers=["0", "1"],
            style_weights=[0.0, 0.1, 10.0], steps=60, lr=0.05, tv=1e-3,
        ).images  # fmt: skip
    style_left = o.gram_distance(s.style_grams(model, style, ["0", "1"]))
    content_left = o.feature_distance(o.record(model, content, ("2",)))
    styles, contents = (o.scores(model, found, term) for term in (style_left, content_left))
    assert styles[0] > styles[1] > styles[2]
    assert contents[0] < contents[1] < contents[2]


def test_the_objective_is_the_sum_of_both_distances(network, images):
    model = network()
    objective = s.style_objective(
        model, images[:1], images[1:2], content_layer="2", style_layers=["0"], style_weight=3.0
    )
    like = o.feature_distance(o.record(model, images[:1], ("2",)))
    manner = o.gram_distance(s.style_grams(model, images[1:2], ["0"]))
    both = o.scores(model, images, like) + 3 * o.scores(model, images, manner)
    torch.testing.assert_close(o.scores(model, images, objective), -both)


def test_one_content_one_style_and_weights_are_needed(network, images):
    options = {"content_layer": "2", "style_layers": ["0"]}
    for content, style, weights in [
        (images, images[:1], [1.0]), (images[:1], images, [1.0]), (images[:1], images[:1], []),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="one content, one style"):
            s.style_transfer(network(), content, style, style_weights=weights, **options)
    with pytest.raises(TypeError, match="floats"):
        s.invert_features(network(), images.int(), "0", parametrization=p.pixels(images))
