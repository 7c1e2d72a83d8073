import pytest
import torch
from captum import attr
from torch import nn

from lib.visualization.base import Neuron
from lib.visualization.occlusion import occlusion_map, occlusion_saliency, slide_window

CLASSES = torch.tensor([0, 3, 1])


class Sum(nn.Module):
    """The score is the sum of all pixels, so a window takes away what it covers."""

    def forward(self, images):
        return images.flatten(1).sum(1, keepdim=True)


def test_the_fall_of_a_sum_is_what_the_window_covers_by_hand():
    image = torch.tensor([[[[1.0, 2, 3], [4, 5, 6]]]])
    film = slide_window(Sum(), image, 0, window=2, stride=1)
    assert film.score.tolist() == [21]
    assert film.scores.tolist() == [[[21 - 12, 21 - 16]]]
    assert (film.tops, film.lefts) == ((0,), (0, 1))
    assert occlusion_map(film).tolist() == [[[12, 14, 16], [12, 14, 16]]]


def test_the_last_window_is_flush_with_the_border(images):
    film = slide_window(Sum(), images, 0, window=(4, 5), stride=(4, 3))
    assert (film.tops, film.lefts) == ((0, 4, 6), (0, 3, 6, 7))
    corner = images[:, :, 6:, 7:].sum((1, 2, 3))
    torch.testing.assert_close(film.score - film.scores[:, -1, -1], corner)


@pytest.mark.parametrize("geometry", [(4, 2), ((4, 6), (3, 2))])
def test_maps_are_captum_s_where_the_windows_fit(geometry, awkward, images):
    window, stride = ((side, side) if isinstance(side, int) else side for side in geometry)
    got = occlusion_saliency(awkward, images, CLASSES, window=window, stride=stride, baseline=0.2)
    awkward.eval()
    expected = attr.Occlusion(lambda x: awkward(x.clone())).attribute(
        images, (3, *window), (3, *stride), baselines=0.2, target=CLASSES
    )
    assert (got - expected[:, 0]).abs().max() < 2e-5


def test_a_window_of_one_pixel_on_a_linear_network_is_gradient_times_input(images):
    model = nn.Sequential(nn.Flatten(), nn.Linear(360, 4))
    got = occlusion_saliency(model, images, 2, window=1, stride=1)
    expected = (model[1].weight[2].view(3, 10, 12) * images).sum(1)
    torch.testing.assert_close(got, expected.detach(), rtol=1e-4, atol=1e-5)


def test_covering_with_the_image_itself_changes_nothing(awkward, images):
    film = slide_window(awkward, images, CLASSES, window=3, stride=2, baseline=images)
    torch.testing.assert_close(film.scores, film.score.view(3, 1, 1).expand_as(film.scores))


def test_results_do_not_depend_on_the_batch_size(awkward, images):
    options = {"window": 4, "stride": 4}
    whole = occlusion_saliency(awkward, images, CLASSES, **options)
    for size in (1, 7):
        got = occlusion_saliency(awkward, images, CLASSES, **options, batch_size=size)
        torch.testing.assert_close(got, whole, rtol=1e-4, atol=1e-5)


def test_the_model_never_sees_more_images_than_the_batch_size(network, images):
    model, sizes = network(), []
    model.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    occlusion_saliency(model, images, CLASSES, window=2, stride=1, batch_size=5)
    assert max(sizes) == 5


def test_a_film_ends_with_the_map_and_begins_with_nothing(network, images):
    film = slide_window(network(), images, CLASSES, window=3, stride=2)
    count = len(film.tops) * len(film.lefts)
    assert occlusion_map(film, places=0).isnan().all()
    first = occlusion_map(film, places=1)
    assert (first[:, :3, :3] == (film.score - film.scores[:, 0, 0]).view(3, 1, 1)).all()
    assert first[:, 3:].isnan().all()
    assert first[:, :, 3:].isnan().all()
    assert torch.equal(occlusion_map(film, places=count), occlusion_map(film))
    with pytest.raises(ValueError, match=f"between 0 and {count}"):
        occlusion_map(film, places=count + 1)


def test_only_windows_over_its_receptive_field_lower_a_neuron(network, images):
    neuron = Neuron("0", 2, 4, 5)
    fall = occlusion_saliency(network(), images, neuron, window=1, stride=1)
    assert (fall[:, 3:6, 4:7].abs() > 1e-5).all()
    fall[:, 3:6, 4:7] = 0
    assert fall.abs().max() < 1e-5  # batches of other sizes round otherwise


def test_the_model_and_the_images_come_back_as_they_were(awkward, images, left_alone):
    with left_alone(awkward, images):
        result = occlusion_saliency(awkward, images, CLASSES, window=5, stride=5)
    assert not result.requires_grad
    with left_alone(awkward, images), pytest.raises(ValueError, match="knows 4 classes"):
        occlusion_saliency(awkward, images, 4, window=5, stride=5)


def test_images_that_want_gradients_get_none(network, images):
    wanting = images.clone().requires_grad_()
    result = occlusion_saliency(network(), wanting, CLASSES, window=4, stride=2, baseline=wanting)
    assert not result.requires_grad
    assert result.abs().max() < 1e-5


def test_windows_that_do_not_fit_are_refused(images):
    for window, stride, message in (
        ((11, 3), 1, "between 1 and 10 pixels; got 11"),
        (0, 1, "got 0"),
        (3, 0, "stride must lie between 1 and the window, 3 pixels"),
        (3, 4, "stay uncovered; got 4"),
        (2.5, 1, "window must be"),
        ((1, 2, 3), 1, "window must be"),
    ):
        with pytest.raises(ValueError, match=message):
            occlusion_saliency(Sum(), images, 0, window=window, stride=stride)
    for options, message in (
        ({"baseline": torch.zeros(2)}, "baseline must be"),
        ({"batch_size": 0}, "batch_size"),
    ):
        with pytest.raises(ValueError, match=message):
            occlusion_saliency(Sum(), images, 0, window=2, stride=2, **options)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_keep_their_dtype_and_come_close(dtype, network, images):
    model, options = network(), {"window": 4, "stride": 2}
    expected = occlusion_saliency(model, images, CLASSES, **options)
    got = occlusion_saliency(model.to(dtype), images.to(dtype), CLASSES, **options)
    assert got.dtype == dtype
    assert (got.float() - expected).abs().mean() / expected.abs().mean() < 0.15


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_the_same(network, images):
    options = {"window": 4, "stride": 2}
    expected = occlusion_saliency(network(), images, CLASSES, **options)
    got = occlusion_saliency(network().cuda(), images.cuda(), CLASSES.cuda(), **options)
    torch.testing.assert_close(got.cpu(), expected, rtol=1e-2, atol=1e-3)
