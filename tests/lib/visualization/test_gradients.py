import pytest
import torch
from captum import attr
from torch import nn

from lib.visualization.base import Neuron
from lib.visualization.gradients import (
    channel_maximum,
    input_gradient,
    input_gradient_times_input,
    integrated_gradients,
    mean_over_shifts,
    saliency,
    smoothgrad,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*did not already require:UserWarning")
CLASSES = torch.tensor([0, 3, 1])
METHODS = {
    "saliency": saliency,
    "input gradient": input_gradient,
    "gradient times input": input_gradient_times_input,
    "smoothgrad": lambda *args, **options: smoothgrad(
        *args, samples=3, generator=torch.Generator().manual_seed(0), **options
    ),
    "integrated gradients": lambda *args, **options: integrated_gradients(
        *args, steps=4, **options
    ),
}


@pytest.fixture(params=METHODS)
def method(request):
    return METHODS[request.param]


def linear(weights):
    """A network of one layer, scores = weights · pixels, with given weights (classes, pixels)."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(weights.shape[1], len(weights), bias=False))
    model[1].weight.data = weights.clone()
    return model


def copying(model):
    """The model, evaluating, for captum, which has no answer to a first layer in place."""
    model.eval()
    return lambda images: model(images.clone())


def test_saliency_of_a_linear_network_is_its_largest_weight_by_hand():
    weights = torch.tensor([[1.0, -2, 3, 4, 5, -7, 0.5, 0, 0, 0, 0, 0]])  # 3 channels of 1 × 4
    got = saliency(linear(weights), torch.rand(2, 3, 1, 4), 0)
    assert got.tolist() == [[[5.0, 7, 3, 4]]] * 2


def test_saliency_explains_the_logit_and_not_the_probability(images):
    model = linear(torch.randn(4, 360, generator=torch.Generator().manual_seed(0)) * 10)
    expected = model[1].weight[2].view(3, 10, 12).abs().amax(0)
    torch.testing.assert_close(saliency(model, images, 2)[0], expected.detach())


def test_saliency_is_captum_s_up_to_rounding(awkward, images):
    got = saliency(awkward, images, CLASSES)
    expected = attr.Saliency(copying(awkward)).attribute(images.clone(), CLASSES).amax(1)
    assert (got - expected).abs().max() < 1e-6


def test_gradient_times_input_is_captum_s_up_to_rounding(awkward, images):
    got = input_gradient_times_input(awkward, images, CLASSES)
    expected = attr.InputXGradient(copying(awkward)).attribute(images.clone(), CLASSES)
    assert (got - expected).abs().max() < 1e-6


def test_integrated_gradients_are_captum_s_up_to_rounding(awkward, images):
    got = integrated_gradients(awkward, images, CLASSES, baseline=0.2, steps=8)
    expected = attr.IntegratedGradients(copying(awkward)).attribute(
        images.clone(), 0.2, CLASSES, n_steps=8, method="riemann_middle"
    )
    assert (got - expected).abs().max() < 1e-5


@pytest.mark.parametrize("black", [True, False])
def test_integrated_gradients_sum_to_the_difference_of_scores(black, awkward, images, seeded):
    baseline = 0.0 if black else torch.rand(3, 10, 12, generator=seeded())
    # each ReLU that switches on the way costs up to one step: 2000 of them leave a wide margin
    got = integrated_gradients(awkward, images, CLASSES, baseline=baseline, steps=2000)
    awkward.eval()
    start = torch.as_tensor(baseline).expand_as(images).clone()
    scores, first = (awkward(x.clone())[range(3), CLASSES] for x in (images, start))
    torch.testing.assert_close(got.sum((1, 2, 3)), scores - first, rtol=0.01, atol=0.02)


def test_gradient_times_input_sums_to_the_score_without_biases(network, images):
    model = network()
    for module in model:
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    got = input_gradient_times_input(model, images, CLASSES).sum((1, 2, 3))
    torch.testing.assert_close(got, model(images)[range(3), CLASSES])


def test_smoothgrad_without_noise_is_saliency(awkward, images, seeded):
    got = smoothgrad(awkward, images, CLASSES, samples=2, noise=0.0, generator=seeded())
    torch.testing.assert_close(got, saliency(awkward, images, CLASSES))


def test_smoothgrad_is_the_mean_over_noisy_copies_by_hand(network, images, seeded):
    model, mean = network(), 0
    got = smoothgrad(model, images[:1], 1, samples=5, noise=0.2, generator=seeded(3))
    generator, spread = seeded(3), 0.2 * (images[0].max() - images[0].min())
    for _ in range(5):
        noise = spread * torch.randn(images.shape[1:], generator=generator)
        mean = mean + input_gradient(model, images[:1] + noise, 1) / 5
    torch.testing.assert_close(got, channel_maximum(mean))


def test_results_do_not_depend_on_the_batch_size(method, network, images):
    model = network()
    whole = method(model, images, CLASSES)
    for size in (1, 2):
        torch.testing.assert_close(method(model, images, CLASSES, batch_size=size), whole)


def test_the_model_and_the_images_come_back_as_they_were(method, awkward, images, left_alone):
    with left_alone(awkward, images):
        result = method(awkward, images, CLASSES)
    assert not result.requires_grad
    with left_alone(awkward, images), pytest.raises(ValueError, match="knows 4 classes"):
        method(awkward, images, 4)


def test_images_that_want_gradients_get_none(method, network, images):
    wanting = images.clone().requires_grad_()
    result = method(network(), wanting, CLASSES)
    assert wanting.grad is None
    assert not result.requires_grad
    torch.testing.assert_close(result, method(network(), images, CLASSES))


def test_train_mode_changes_nothing(method, network, images):
    results = [method(network("batch norm", training=t), images, 2) for t in (True, False)]
    assert torch.equal(*results)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_keep_their_dtype_and_come_close(dtype, method, network, images):
    model = network()
    expected = method(model, images, CLASSES)
    got = method(model.to(dtype), images.to(dtype), CLASSES)
    assert got.dtype == dtype
    error = (got.float() - expected).abs().mean() / expected.abs().mean()
    assert error < (0.3 if dtype == torch.bfloat16 else 0.1)


def test_the_gradient_of_a_neuron_stays_within_its_receptive_field(method, network, images):
    changed = method(network(), images, Neuron("0", 2, 4, 5)).reshape(3, -1, 10, 12) != 0
    assert changed.any()
    outside = changed.clone()
    outside[:, :, 3:6, 4:7] = False  # one convolution of 3 × 3 around row 4, column 5
    assert not outside.any()


def test_shifts_leave_a_map_that_moves_with_its_image(images):
    torch.testing.assert_close(mean_over_shifts(lambda x: x, images), images)
    torch.testing.assert_close(mean_over_shifts(lambda x: x.amax(1), images), images.amax(1))


def test_shifts_take_out_a_grid_by_hand(images):
    grid = torch.zeros(10, 12)
    grid[::2, ::2] = 4.0
    got = mean_over_shifts(lambda x: grid + 0 * x, images, shifts=[(0, 0), (0, 1), (1, 0), (1, 1)])
    torch.testing.assert_close(got, torch.ones_like(images))
    with pytest.raises(ValueError, match="at least one shift"):
        mean_over_shifts(lambda x: x, images, shifts=[])


def test_bad_options_are_refused(network, images, seeded):
    model = network()
    for options, message in (
        ({"samples": 0}, "at least 1 sample"),
        ({"noise": -0.1}, "noise must be"),
        ({"batch_size": 0}, "batch of 1"),
    ):
        with pytest.raises(ValueError, match=message):
            smoothgrad(model, images, 0, generator=seeded(), **options)
    with pytest.raises(ValueError, match=r"broadcast to \(3, 3, 10, 12\); got shape \(5,\)"):
        integrated_gradients(model, images, 0, baseline=torch.zeros(5))
    with pytest.raises(ValueError, match="got 0"):
        integrated_gradients(model, images, 0, steps=0)
    with pytest.raises(ValueError, match=r"got \(3, 10\)"):
        channel_maximum(torch.zeros(3, 10))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_the_same(method, network, images):
    expected = method(network(), images, CLASSES)
    got = method(network().cuda(), images.cuda(), CLASSES)
    assert got.device.type == "cuda"
    torch.testing.assert_close(got.cpu(), expected, rtol=1e-2, atol=1e-3)
