import pytest
import torch
from torch import nn

from lib.visualization import objectives as o
from lib.visualization import parametrizations as p
from lib.visualization import regularizers as r
from lib.visualization import transforms as t
from lib.visualization.base import Neuron
from lib.visualization.synthesis import gradient_ascent, synthesize

ROBUST = (t.pad(1), t.jitter(2), t.scale(0.9, 1.1), t.rotate(5), t.blur(0.5))


class Linear(nn.Module):
    """Scores w · (x - 0.5), a row of weights per class."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 12, generator=torch.Generator().manual_seed(0)))

    def forward(self, images):
        return (images - 0.5).flatten(1) @ self.weight.T


def rise(model, objective, parametrization, **options):
    result = synthesize(model, objective, parametrization=parametrization, **options)
    before = o.scores(model, parametrization.images(), objective)
    return result, (o.scores(model, result.images, objective) - before)


@pytest.mark.parametrize("make", [p.pixels, p.bounded_pixels, p.fourier])
def test_the_objective_rises_and_the_model_stays(awkward, left_alone, make, images):
    with left_alone(awkward, images):
        _, gain = rise(awkward, o.class_score(1), make(images), steps=20, lr=0.02)
    assert (gain > 0).all()


def test_it_rises_through_random_transforms(network, seeded, images):
    result, gain = rise(
        network("silu"), o.class_score(2), p.fourier(images), steps=40, lr=0.05,
        transforms=ROBUST, generator=seeded(),
    )  # fmt: skip
    assert (gain > 0).all()
    assert result.scores[-5:].mean() > result.scores[:5].mean()


def test_the_same_generator_gives_the_same_images(network, seeded, images):
    def run(seed):
        return synthesize(
            network(), o.class_score(0), parametrization=p.fourier(images), transforms=ROBUST,
            steps=4, generator=seeded(seed),
        ).images  # fmt: skip

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_a_parametrization_is_not_used_up(network, images):
    start = p.pixels(images)
    once, again = (
        synthesize(network(), o.class_score(0), parametrization=start, steps=3).images
        for _ in range(2)
    )
    assert torch.equal(once, again)
    assert torch.equal(start.images(), images)


def test_images_of_a_batch_do_not_mix(network, images):
    options = {"steps": 5, "lr": 0.05}
    together = synthesize(
        network(), o.class_score([0, 1, 2]), parametrization=p.pixels(images), **options
    )
    alone = synthesize(
        network(), o.class_score(1), parametrization=p.pixels(images[1:2]), **options
    )
    torch.testing.assert_close(together.images[1], alone.images[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(together.scores[:, 1], alone.scores[:, 0], atol=1e-4, rtol=1e-4)


def test_plain_ascent_on_a_linear_score_is_the_formula():
    model, lam, lr, steps = Linear(), 0.3, 0.1, 7
    result = gradient_ascent(model, [0, 2], size=(3, 2, 2), lam=lam, lr=lr, steps=steps)
    # I ← I + lr (w - 2 lam I) from 0: w / (2 lam) · (1 - (1 - 2 lam lr) ** steps).
    shrink = (1 - (1 - 2 * lam * lr) ** steps) / (2 * lam)
    expected = 0.5 + shrink * model.weight[[0, 2]].detach().view(2, 3, 2, 2)
    torch.testing.assert_close(result.images, expected)
    assert result.scores[0].tolist() == [0.0, 0.0]


def test_the_best_image_of_a_linear_score_points_along_its_weights():
    model = Linear()
    result = gradient_ascent(model, 1, size=(3, 2, 2), lam=0.5, lr=0.5, steps=50)
    torch.testing.assert_close(
        result.images - 0.5, model.weight[1].detach().view(1, 3, 2, 2), atol=1e-5, rtol=0
    )


def test_a_neuron_can_be_raised(network):
    model, neuron = network(), Neuron("2", 3, 2, 2)
    result = gradient_ascent(model, neuron, size=(3, 10, 10), lam=0.0, lr=0.1, steps=5)
    assert result.scores[-1] > result.scores[0]


def test_frames_are_kept_from_start_to_end(network, images):
    result = synthesize(
        network(), o.class_score(0), parametrization=p.pixels(images), steps=10, keep_every=4
    )
    assert result.frame_steps == (0, 4, 8, 10)
    assert result.frames.shape == (4, *images.shape)
    assert torch.equal(result.frames[0], images)
    assert torch.equal(result.frames[-1], result.images)
    assert result.scores.shape == (10, 3)
    none = synthesize(network(), o.class_score(0), parametrization=p.pixels(images), steps=1)
    assert none.frames.shape == (0, *images.shape)
    assert none.frame_steps == ()


def test_regularizers_follow_each_step_in_order(images):
    calls = []

    def watch(x, gradient, step):
        calls.append((step, gradient.clone()))
        return x * 0 + 0.25

    model = Linear()
    small = images[:1, :, :2, :2]
    result = synthesize(
        model, o.class_score(1), parametrization=p.pixels(small), steps=3,
        regularizers=(r.decay(0.1), watch),
    )  # fmt: skip
    assert (result.images == 0.25).all()
    assert [step for step, _ in calls] == [1, 2, 3]
    torch.testing.assert_close(calls[0][1].flatten(), model.weight[1].detach())


def test_an_optimizer_that_looks_several_times_a_step_works(network, images):
    _, gain = rise(
        network("silu"), -o.feature_distance(o.record(network("silu"), images, ("2",))),
        p.pixels(images.flip(-1)), steps=3, lr=0.5, optimizer=torch.optim.LBFGS,
    )  # fmt: skip
    assert (gain > 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_model_in_half_precision_gives_finite_images(network, dtype, images, left_alone):
    model = network("batch norm").to(dtype)
    objective = o.class_score(1) + o.layer_energy("0") - o.total_variation()
    with left_alone(model):
        result = synthesize(model, objective, parametrization=p.fourier(images), steps=5)
    assert result.images.dtype == torch.float32
    assert result.images.isfinite().all()
    assert (result.scores[-1] > result.scores[0]).all()


def test_it_works_in_inference_mode(network, images):
    model = network()
    with torch.inference_mode():
        for make in (p.pixels, p.fourier):
            _, gain = rise(model, o.class_score(1), make(images.clone()), steps=5)
            assert (gain > 0).all()


def test_the_model_stays_when_an_objective_fails(awkward, left_alone, images):
    def fail(seen):
        raise KeyError("no such thing")

    with left_alone(awkward), pytest.raises(KeyError):
        synthesize(awkward, o.Objective(fail, ()), parametrization=p.pixels(images))


def test_what_cannot_work_is_said(network, seeded, images):
    model, score, start = network(), o.class_score(0), p.pixels(images)
    for options, message in [
        ({"steps": 0}, "at least 1"),
        ({"keep_every": 0}, "at least 1"),
        ({"transforms": (t.jitter(1),)}, "generator"),
        ({"parametrization": p.fourier(images), "regularizers": (r.decay(0.1),)}, "pixels"),
    ]:
        with pytest.raises(ValueError, match=message):
            synthesize(model, score, **{"parametrization": start, **options})
    flat = o.Objective(lambda seen: seen.images.detach().flatten(1).sum(1))
    with pytest.raises(ValueError, match="does not depend"):
        synthesize(model, flat, parametrization=start)


def test_an_objective_that_leaves_the_numbers_is_an_error(images):
    model = Linear()
    with pytest.raises(RuntimeError, match="smaller lr"):
        synthesize(
            model, 1e30 * o.class_score(0) + o.squared_norm(), optimizer=torch.optim.SGD,
            parametrization=p.pixels(images[:1, :, :2, :2]), lr=1e30, steps=3,
        )  # fmt: skip


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_gives_nearly_the_same_images(network, seeded, images):
    def run(device):
        return synthesize(
            network("silu").to(device), o.class_score(0), transforms=ROBUST, steps=5,
            parametrization=p.moved(p.fourier(images), device), generator=seeded(),
        ).images.cpu()  # fmt: skip

    torch.testing.assert_close(run("cuda"), run("cpu"), atol=1e-2, rtol=0)


def test_ascent_takes_targets_of_any_integer_type():
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    options = {"size": (3, 2, 2), "lam": 0.1, "lr": 0.1, "steps": 1}
    expected = gradient_ascent(model, 2, **options).images
    for target in (torch.tensor(2), torch.tensor([2], dtype=torch.uint8), torch.tensor(2).numpy()):
        assert torch.equal(gradient_ascent(model, target, **options).images, expected)
    for target in (True, "cat", 1.5):
        with pytest.raises(TypeError, match="whole numbers"):
            gradient_ascent(model, target, **options)
