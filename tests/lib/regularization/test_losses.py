import numpy as np
import pytest
import torch
from torch import nn

from lib import regularization
from lib.models import MLP, stack
from lib.regularization import weights_of

SCORES = torch.tensor([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
LABELS = torch.tensor([0, 1, 2])
WEIGHTS = [torch.tensor([[1.0, -2.0], [0.0, 3.0]]), torch.tensor([[-1.0]])]


def test_the_svm_loss_of_three_examples_is_the_one_a_person_computes():
    # 5.1 - 3.2 + 1 = 2.9; every margin of the second is kept; 2.2 + 3.1 + 1 and 2.5 + 3.1 + 1.
    loss = regularization.multiclass_svm_loss(SCORES, LABELS)
    assert loss.item() == pytest.approx((2.9 + 0 + 6.3 + 6.6) / 3)


@pytest.mark.parametrize("margin", [0.5, 1.0, 2.0])
def test_the_svm_loss_is_torchs_times_the_number_of_classes(margin, seeded):
    scores = torch.randn(20, 7, generator=seeded()).double()
    labels = torch.randint(7, (20,), generator=seeded(1))
    ours = regularization.multiclass_svm_loss(scores, labels, margin=margin)
    torch.testing.assert_close(ours, 7 * nn.MultiMarginLoss(margin=margin)(scores, labels))


def test_the_svm_loss_has_a_correct_gradient_and_leaves_its_input_alone():
    scores = SCORES.double().requires_grad_()
    before = scores.detach().clone()
    assert torch.autograd.gradcheck(
        lambda s: regularization.multiclass_svm_loss(s, LABELS), (scores,)
    )
    assert torch.equal(scores, before)


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        (torch.zeros(3), torch.zeros(3, dtype=torch.int64)),
        (torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)),
    ],
)
def test_the_svm_loss_refuses_scores_that_do_not_fit(scores, labels):
    with pytest.raises(ValueError, match=r"expected scores \(batch, classes\).*got \("):
        regularization.multiclass_svm_loss(scores, labels)


def test_penalties_are_those_a_person_computes():
    assert regularization.l2_penalty(WEIGHTS).item() == 1 + 4 + 9 + 1
    assert regularization.l1_penalty(WEIGHTS).item() == 1 + 2 + 3 + 1
    assert regularization.elastic_net_penalty(WEIGHTS, beta=0.5).item() == 7.5 + 7
    mixed = regularization.elastic_net_penalty_mixing(WEIGHTS, l1_ratio=0.4)
    assert mixed.item() == pytest.approx(0.4 * 7 + 0.3 * 15)


def test_penalties_take_any_iterable():
    once = regularization.elastic_net_penalty((w for w in WEIGHTS), beta=0.5)
    assert once.item() == 14.5


@pytest.mark.parametrize("ratio", [0.2, 0.5, 1.0])
def test_the_two_forms_of_the_elastic_net_are_one_up_to_a_factor(ratio):
    mixed = regularization.elastic_net_penalty_mixing(WEIGHTS, l1_ratio=ratio)
    slides = regularization.elastic_net_penalty(WEIGHTS, beta=(1 - ratio) / (2 * ratio))
    torch.testing.assert_close(mixed, ratio * slides)


def test_the_mixing_form_is_what_scikit_learn_minimizes():
    from sklearn.linear_model import ElasticNet

    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(50, 4)), rng.normal(size=50)
    y = x @ [2.0, -1.0, 0.0, 0.3] + 0.1 * noise
    fitted = ElasticNet(alpha=0.3, l1_ratio=0.6, fit_intercept=False, tol=1e-10).fit(x, y)
    w = torch.tensor(fitted.coef_[None], requires_grad=True)
    loss = (torch.tensor(y) - torch.tensor(x) @ w[0]).square().mean() / 2
    total = loss + 0.3 * regularization.elastic_net_penalty_mixing([w], l1_ratio=0.6)
    (slope,) = torch.autograd.grad(total, w)
    active = w != 0  # at a weight of zero the slope is anything within the corner of |W|
    assert 0 < active.sum() < 4
    assert slope[active].abs().max() < 1e-6


def test_at_zero_the_l1_gradient_is_zero():
    w = torch.tensor([[-2.0, 0.0, 3.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(regularization.l1_penalty([w]), w)
    assert slope.tolist() == [[-1.0, 0.0, 1.0]]


def test_l2_in_the_loss_and_twice_as_much_weight_decay_are_one_for_sgd():
    inside, outside = (nn.Parameter(WEIGHTS[0].clone()) for _ in range(2))
    (0.1 * regularization.l2_penalty([inside])).backward()
    outside.grad = torch.zeros_like(outside)
    torch.optim.SGD([inside], lr=0.5).step()
    torch.optim.SGD([outside], lr=0.5, weight_decay=0.2).step()
    torch.testing.assert_close(inside, outside)


@pytest.mark.parametrize(
    "penalty",
    [
        regularization.l2_penalty,
        regularization.l1_penalty,
        lambda w: regularization.elastic_net_penalty(w, beta=1),
        lambda w: regularization.elastic_net_penalty_mixing(w, l1_ratio=0.5),
    ],
)
def test_penalties_ask_for_weights(penalty):
    with pytest.raises(ValueError, match="at least one weight tensor; got none"):
        penalty([])


def test_penalties_refuse_options_outside_their_range():
    with pytest.raises(ValueError, match="beta must be at least 0; got -1"):
        regularization.elastic_net_penalty(WEIGHTS, beta=-1)
    with pytest.raises(ValueError, match=r"l1_ratio must be in \[0, 1\]; got 1.5"):
        regularization.elastic_net_penalty_mixing(WEIGHTS, l1_ratio=1.5)


def test_weights_are_matrices_and_kernels_but_no_biases_and_no_scales():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    weights = regularization.weights_of(model)
    assert [tuple(w.shape) for w in weights] == [(4, 3, 3, 3), (2, 4)]
    assert weights[0] is model[0].weight


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same():
    loss = regularization.multiclass_svm_loss(SCORES.cuda(), LABELS.cuda())
    torch.testing.assert_close(loss.cpu(), regularization.multiclass_svm_loss(SCORES, LABELS))
    penalty = regularization.elastic_net_penalty([w.cuda() for w in WEIGHTS], beta=0.5)
    assert penalty.is_cuda
    assert penalty.item() == 14.5


def test_the_weights_of_an_mlp_are_without_its_biases_alone_or_stacked():
    networks = [MLP(4, [5], 3, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1)]
    assert [tuple(w.shape) for w in weights_of(networks[0])] == [(4, 5), (5, 3)]
    assert [tuple(w.shape) for w in weights_of(stack(networks))] == [(2, 4, 5), (2, 5, 3)]
