import pytest
import torch
from torch import nn

from lib.visualization import objectives as o
from lib.visualization.base import Neuron


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 5, 3, stride=2),
        nn.Flatten(),
        nn.LazyLinear(6),
    ).eval()


@pytest.fixture
def images(model):
    images = torch.rand(2, 3, 9, 8, generator=torch.Generator().manual_seed(1))
    model(images)
    return images


def test_objectives_add_and_scale_like_numbers(model, images):
    a, b = o.class_score(2), o.channel_mean("2", 1)
    x, y = (o.scores(model, images, term) for term in (a, b))
    combined = o.scores(model, images, 3 * a - b * 0.5 + sum([a, b]))
    torch.testing.assert_close(combined, 4 * x + 0.5 * y)
    torch.testing.assert_close(o.scores(model, images, -a), -x)
    weights = torch.tensor([1.0, 10.0])
    torch.testing.assert_close(o.scores(model, images, a * weights), weights * x)


def test_one_pass_serves_all_layers_named(model, images):
    combined = o.channel_mean("0", 0) + o.channel_mean("2", 0) + o.layer_energy("0")
    assert combined.layers == ("0", "2")
    calls = []
    handle = model[0].register_forward_hook(lambda *_: calls.append(1))
    o.scores(model, images, combined)
    handle.remove()
    assert len(calls) == 1


def test_only_objectives_can_be_added():
    for wrong in (lambda: o.class_score(0) + 1, lambda: o.class_score(0) * "2"):
        with pytest.raises(TypeError):
            wrong()


def test_a_class_score_is_the_logit_of_each_image(model, images):
    logits = model(images).detach()
    torch.testing.assert_close(o.scores(model, images, o.class_score(3)), logits[:, 3])
    each = o.scores(model, images, o.class_score([5, 0]))
    torch.testing.assert_close(each, logits[[0, 1], [5, 0]])


def test_layers_are_read_before_what_follows_works_in_place(model, images):
    first = model[0](images).detach()
    neuron = o.scores(model, images, o.class_score(Neuron("0", 2, 4, 3)))
    torch.testing.assert_close(neuron, first[:, 2, 4, 3])
    mean = o.scores(model, images, o.channel_mean("0", 2))
    torch.testing.assert_close(mean, first[:, 2].mean((1, 2)))
    energy = o.scores(model, images, o.layer_energy("0"))
    torch.testing.assert_close(energy, first.square().mean((1, 2, 3)))


def test_a_channel_of_a_flat_layer_is_a_unit(model, images):
    unit = o.scores(model, images, o.channel_mean("4", 1))
    torch.testing.assert_close(unit, model(images)[:, 1].detach())


def test_the_gram_matrix_of_two_channels_by_hand():
    features = torch.tensor([[[[1.0, 2.0], [3.0, 0.0]], [[0.0, 1.0], [1.0, 2.0]]]])
    # Channels (1, 2, 3, 0) and (0, 1, 1, 2): products 14, 5 and 6 over four places.
    expected = torch.tensor([[[14.0, 5.0], [5.0, 6.0]]]) / 4
    torch.testing.assert_close(o.gram_matrix(features), expected)


def test_a_gram_matrix_forgets_places():
    features = torch.randn(2, 5, 6, 7, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(42, generator=torch.Generator().manual_seed(1))
    mixed = features.flatten(2)[..., order].view_as(features)
    torch.testing.assert_close(o.gram_matrix(mixed), o.gram_matrix(features))


def test_a_gram_matrix_of_half_precision_is_summed_in_float32():
    features = torch.full((1, 2, 200, 200), 300.0, dtype=torch.float16)
    expected = torch.full((1, 2, 2), 9e4)  # more than float16 can hold
    torch.testing.assert_close(o.gram_matrix(features), expected, rtol=1e-3, atol=0)
    with pytest.raises(ValueError, match="channels, height, width"):
        o.gram_matrix(features[0])


def test_distances_are_relative_and_vanish_at_the_target(model, images):
    features = o.record(model, images, ("0", "2"))
    same, twice = o.feature_distance(features), {name: 2 * f for name, f in features.items()}
    assert o.scores(model, images, same).tolist() == [0.0, 0.0]
    torch.testing.assert_close(
        o.scores(model, images, o.feature_distance(twice)), torch.tensor([0.5, 0.5])
    )
    grams = {name: 3 * o.gram_matrix(f) for name, f in features.items()}
    torch.testing.assert_close(
        o.scores(model, images, o.gram_distance(grams)), torch.full((2,), 4 / 9)
    )


def test_distances_refuse_other_shapes(model, images):
    features = o.record(model, images, ("2",))
    with pytest.raises(ValueError, match="layer '2' gives"):
        o.scores(model, images, o.feature_distance({"2": features["2"][..., 1:]}))


def test_total_variation_by_hand(model):
    image = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 3.0], [9.0, 9.0, 9.0]])
    images = image.expand(1, 3, 3, 3)
    seen = o.Seen(images, images, {})
    # Steps right (1, 0), (0, 3) and down (0, -1), (9, 9) at the four upper left pixels.
    squares = torch.tensor([1 + 0, 0 + 1, 0 + 81, 9 + 81.0])
    torch.testing.assert_close(o.total_variation().function(seen), squares.mean().view(1))
    rooted = o.total_variation(beta=1).function(seen)
    torch.testing.assert_close(rooted, squares.sqrt().mean().view(1), atol=1e-3, rtol=0)


def test_total_variation_has_a_finite_slope_where_all_is_flat():
    images = torch.zeros(1, 3, 4, 4, requires_grad=True)
    o.total_variation(beta=1).function(o.Seen(images, images, {})).sum().backward()
    assert images.grad.isfinite().all()
    with pytest.raises(ValueError, match="beta"):
        o.total_variation(beta=0)


def test_the_squared_norm_by_hand():
    images = torch.tensor([0.5, 1.0, 0.0, 0.5]).view(1, 1, 2, 2)
    seen = o.Seen(images, images, {})
    assert o.squared_norm(center=0.5).function(seen).tolist() == [0.5]
    assert o.squared_norm().function(seen).tolist() == [1.5]


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (o.class_score(6), "knows 6 classes; got 6"),
        (o.class_score([0, 1, 2]), "each of 2 images"),
        (o.channel_mean("0", 4), "asked for 4"),
        (o.channel_mean("nose", 0), "no layer 'nose'"),
        (o.Objective(lambda seen: seen.logits), "must give"),
    ],
)
def test_what_is_not_there_is_named(model, images, objective, message):
    with pytest.raises(ValueError, match=message):
        o.scores(model, images, objective)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_scores_are_float32_or_wider(model, images, dtype):
    model, images = model.to(dtype), images.to(dtype)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    features = o.record(model, images, ("0",))
    grams = {"0": o.gram_matrix(features["0"])}
    for objective in (
        o.class_score(1), o.channel_mean("0", 1), o.channel_mean("4", 1), o.layer_energy("0"),
        o.feature_distance(features), o.gram_distance(grams), o.total_variation(),
        o.squared_norm(),
    ):  # fmt: skip
        assert o.scores(model, images, objective).dtype == wide
