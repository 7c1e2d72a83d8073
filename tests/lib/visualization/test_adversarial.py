import pytest
import torch
from captum.robust import FGSM, PGD
from torch import nn
from torch.nn import functional

from lib.visualization.adversarial import fgsm, pgd, project
from lib.visualization.base import Neuron

EPSILONS = [0.0, 1 / 255, 0.03, 0.1, 1 / 3, 0.9, 2.0]


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 3])


@pytest.fixture
def linear():
    """Two classes of a 1 × 2 × 2 image: scores w · x and 0."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    model[1].weight.data = torch.tensor([[1.0, -2.0, 0.0, 3.0], [0.0, 0.0, 0.0, 0.0]])
    return model


def loss(model, images, labels):
    return functional.cross_entropy(model.eval()(images.clone()), labels, reduction="none")


def test_fgsm_on_a_linear_model_by_hand(linear):
    image = torch.tensor([0.5, 0.5, 0.5, 0.95]).view(1, 1, 2, 2)
    # Of class 0, the loss rises against w = (1, -2, 0, 3); without slope nothing moves.
    away = fgsm(linear, image, 0, epsilon=0.1)
    torch.testing.assert_close(away.flatten(), torch.tensor([0.4, 0.6, 0.5, 0.85]))
    towards = fgsm(linear, image, 0, epsilon=0.1, targeted=True)
    torch.testing.assert_close(towards.flatten(), torch.tensor([0.6, 0.4, 0.5, 1.0]))


def test_attacks_raise_the_loss_and_leave_the_model(awkward, left_alone, images, labels):
    with left_alone(awkward, images, labels):
        once = fgsm(awkward, images, labels, epsilon=0.01)
        often = pgd(awkward, images, labels, epsilon=0.01, steps=5, step_size=0.004)
    before = loss(awkward, images, labels)
    assert (loss(awkward, once, labels) > before).all()
    assert (loss(awkward, often, labels) > before).all()


def test_targeted_attacks_lower_the_loss_of_the_target(awkward, images):
    wished = torch.tensor([2, 2, 0])
    moved = pgd(awkward, images, wished, epsilon=0.02, steps=5, step_size=0.01, targeted=True)
    assert (loss(awkward, moved, wished) < loss(awkward, images, wished)).all()


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_ball_and_bounds_are_kept_exactly(network, seeded, epsilon, dtype):
    model = network("silu").to(dtype)
    images = torch.rand(16, 3, 10, 12, generator=seeded()).to(dtype).clamp(0, 1)
    images[:, :, 0] = torch.tensor(0.0)
    images[:, :, 1] = torch.tensor(1.0)
    for found in (
        fgsm(model, images, 1, epsilon=epsilon),
        pgd(model, images, 1, epsilon=epsilon, steps=2, step_size=epsilon, generator=seeded()),
    ):
        assert found.dtype == dtype
        assert (found - images).abs().double().max() <= epsilon
        assert found.min() >= 0
        assert found.max() <= 1


def test_other_bounds_are_kept(network, seeded):
    images = torch.randn(4, 3, 10, 12, generator=seeded()).clamp(-1, 1)
    found = fgsm(network(), images, 0, epsilon=0.3, bounds=(-1, 1))
    assert found.min() == -1
    assert found.max() == 1


def test_a_projection_moves_only_what_is_outside():
    originals = torch.full((1, 1, 1, 4), 0.5)
    images = torch.tensor([0.55, 0.7, 0.1, 0.5]).view(1, 1, 1, 4)
    near = project(images, originals, epsilon=0.1)
    torch.testing.assert_close(near.flatten(), torch.tensor([0.55, 0.6, 0.4, 0.5]))
    assert near[0, 0, 0, 0] == images[0, 0, 0, 0]


@pytest.mark.parametrize("targeted", [False, True])
def test_captum_moves_the_same_way(network, targeted, images, labels):
    """In float64; in float32 a slope that rounds to the other sign differs by twice epsilon."""
    model, images = network("silu").eval().double(), images.double()
    theirs = FGSM(model, nn.CrossEntropyLoss(reduction="none"), 0, 1)
    expected = theirs.perturb(images, 0.05, labels, targeted=targeted)
    ours = fgsm(model, images, labels, epsilon=0.05, targeted=targeted)
    torch.testing.assert_close(ours, expected, atol=1e-15, rtol=0)
    theirs = PGD(model, nn.CrossEntropyLoss(reduction="none"), 0, 1)
    expected = theirs.perturb(images, 0.05, 0.02, 4, labels, targeted=targeted, norm="Linf")
    ours = pgd(model, images, labels, epsilon=0.05, steps=4, step_size=0.02, targeted=targeted)
    torch.testing.assert_close(ours, expected, atol=1e-15, rtol=0)


def test_pgd_finds_at_least_what_fgsm_finds(network, seeded):
    model = network("silu")
    images = torch.rand(32, 3, 10, 12, generator=seeded())
    labels = model.eval()(images).argmax(1).detach()
    once = fgsm(model, images, labels, epsilon=0.05)
    often = pgd(model, images, labels, epsilon=0.05, steps=20, step_size=0.01)
    assert loss(model, often, labels).mean() > loss(model, once, labels).mean()


def test_a_confident_model_is_attacked_as_any_other(linear):
    """The cross-entropy of such a model has no slope: its softmax rounds to 1."""
    linear[1].weight.data *= 20
    image = torch.full((1, 1, 2, 2), 0.95)
    found = fgsm(linear, image, 0, epsilon=0.05)
    assert (found != image).flatten().tolist() == [True, True, False, True]


def test_a_random_start_comes_from_the_generator(network, seeded, images):
    def run(seed):
        return pgd(
            network(), images, 1, epsilon=0.1, steps=1, step_size=0.0, generator=seeded(seed)
        )

    assert torch.equal(run(0), run(0))
    assert not torch.equal(run(0), run(1))
    assert torch.equal(pgd(network(), images, 1, epsilon=0.1, steps=2, step_size=0.0), images)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_batch_size_changes_nothing(network, batch_size, images, labels):
    options = {"epsilon": 0.05, "steps": 3, "step_size": 0.02}
    few = pgd(network("silu"), images, labels, batch_size=batch_size, **options)
    torch.testing.assert_close(few, pgd(network("silu"), images, labels, **options))


def test_a_defense_in_front_of_the_model_is_attacked_too(network, images, labels):
    model = network("silu")
    defended = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), model)
    found = fgsm(defended, images, labels, epsilon=0.05)
    assert (loss(defended, found, labels) > loss(defended, images, labels)).all()


def test_what_cannot_be_attacked_is_refused(network, images):
    model, options = network(), {"epsilon": 0.1}
    for wrong, message in [
        (lambda: fgsm(model, images * 2, 0, **options), "bounds"),
        (lambda: fgsm(model, images, 0, epsilon=-0.1), "epsilon"),
        (lambda: fgsm(model, images, 4, **options), "knows 4 classes; got 4"),
        (lambda: fgsm(model, images, [0, 1], **options), "each of 3 images"),
        (lambda: pgd(model, images, 0, steps=0, step_size=0.1, **options), "steps"),
        (lambda: pgd(model, images, 0, steps=1, step_size=-1, **options), "step_size"),
        (lambda: fgsm(model, images, 0, batch_size=0, **options), "batch_size"),
        (lambda: fgsm(nn.Identity(), images, 0, **options), "gives"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong()
    with pytest.raises(TypeError, match="Neuron"):
        fgsm(model, images, Neuron("0", 0, 0, 0), **options)
    with pytest.raises(TypeError, match="whole numbers"):
        fgsm(model, images, torch.tensor([0.5, 0.5, 0.5]), **options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_finds_nearly_the_same(network, seeded, images, labels):
    def run(device):
        return pgd(
            network("silu").to(device), images.to(device), labels.to(device), epsilon=0.05,
            steps=3, step_size=0.02, generator=seeded(),
        ).cpu()  # fmt: skip

    torch.testing.assert_close(run("cuda"), run("cpu"), atol=1e-3, rtol=0)
