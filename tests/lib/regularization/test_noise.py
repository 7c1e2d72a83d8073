import pytest
import torch
from timm.layers import drop_path
from torch.nn import functional
from torchvision import ops

from lib import regularization


def mean_over_draws(draw, draws):
    return torch.stack([draw() for _ in range(draws)]).mean(dim=0)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9])
def test_dropout_zeroes_a_fraction_p_and_scales_the_rest(p, seeded):
    y = regularization.dropout(torch.ones(200, 500), p=p, generator=seeded())
    kept = y != 0
    # 100,000 draws: the standard error of the rate is at most 0.0016.
    assert (~kept).float().mean().item() == pytest.approx(p, abs=0.007)
    torch.testing.assert_close(y[kept], torch.full_like(y[kept], 1 / (1 - p)))


def test_dropout_takes_values_from_the_same_set_as_torchs(seeded):
    x = torch.randn(50, 40, generator=seeded())
    for y in (
        regularization.dropout(x, p=0.25, generator=seeded(1)),
        functional.dropout(x, 0.25, training=True),
    ):
        torch.testing.assert_close(y, torch.where(y == 0, 0, x / 0.75))


def test_the_mean_of_dropout_is_the_input(seeded):
    x, g = torch.linspace(-1, 1, 9), seeded()
    mean = mean_over_draws(lambda: regularization.dropout(x, p=0.5, generator=g), 10_000)
    torch.testing.assert_close(mean, x, atol=0.05, rtol=0)  # 5 standard errors of 1/√10,000


def test_what_dropout_zeroes_gets_no_gradient(seeded):
    x = torch.ones(1000, requires_grad=True)
    y = regularization.dropout(x, p=0.5, generator=seeded())
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def layer(seeded):
    g = seeded(7)
    return torch.randn(6, 20, generator=g), torch.randn(9, 20, generator=g), torch.ones(9)


def test_the_mean_of_drop_connect_is_the_linear_layer(seeded):
    x, weight, bias = layer(seeded)
    g = seeded()
    mean = mean_over_draws(
        lambda: regularization.drop_connect(x, weight, bias, p=0.5, generator=g), 10_000
    )
    # An output's standard deviation is √Σ(w x)², about √20.
    torch.testing.assert_close(mean, functional.linear(x, weight, bias), atol=0.3, rtol=0)


def test_drop_connect_drops_weights_at_the_rate_p_and_no_bias(seeded):
    weight, bias = torch.ones(100, 300), torch.full((100,), 5.0)
    # The identity as input makes the output the dropped matrix plus the bias.
    y = regularization.drop_connect(torch.eye(300), weight, bias, p=0.3, generator=seeded())
    assert (y == 5).float().mean().item() == pytest.approx(0.3, abs=0.014)
    torch.testing.assert_close(y, torch.where(y == 5, 5, 5 + 1 / 0.7))


def test_drop_connect_has_one_mask_for_the_batch(seeded):
    weight = torch.ones(10, 10)
    x = torch.ones(4, 10)
    y = regularization.drop_connect(x, weight, None, p=0.5, generator=seeded())
    torch.testing.assert_close(y, y[:1].expand(4, -1))
    assert y[0].unique().numel() > 1


def test_a_dropped_weight_gets_no_gradient(seeded):
    weight = torch.ones(20, 20, requires_grad=True)
    y = regularization.drop_connect(torch.eye(20), weight, None, p=0.5, generator=seeded())
    y.sum().backward()
    torch.testing.assert_close(weight.grad, y.detach().T)


def branch_and_sum(seeded, survival, batch=1000):
    x = torch.randn(batch, 2, 3, 3, generator=seeded(1))
    branch = torch.randn(batch, 2, 3, 3, generator=seeded(2))
    y = regularization.stochastic_depth(x, branch, survival=survival, generator=seeded())
    return x, branch, y


@pytest.mark.parametrize("survival", [0.2, 0.5, 0.8, 1.0])
def test_stochastic_depth_keeps_whole_branches_at_the_rate_survival(survival, seeded):
    x, branch, y = branch_and_sum(seeded, survival)
    factor = ((y - x) / branch).flatten(1)
    kept = factor[:, 0] > 1e-3
    assert kept.float().mean().item() == pytest.approx(survival, abs=0.06)  # 4 standard errors
    expected = x + kept.view(-1, 1, 1, 1) * branch / survival
    torch.testing.assert_close(y, expected)


@pytest.mark.parametrize(
    "peer",
    [
        lambda branch, survival: ops.stochastic_depth(branch, 1 - survival, "row"),
        lambda branch, survival: drop_path(branch, 1 - survival, training=True),
    ],
    ids=["torchvision", "timm"],
)
def test_stochastic_depth_has_the_structure_and_mean_of_its_peers(peer, seeded):
    branch, zero = torch.ones(20_000, 2, 2), torch.zeros(20_000, 2, 2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = peer(branch, 0.8)
    ours = regularization.stochastic_depth(zero, branch, survival=0.8, generator=seeded())
    for y in (ours, theirs):
        torch.testing.assert_close(y.unique(), torch.tensor([0.0, 1.25]))
        torch.testing.assert_close(y, y[:, :1, :1].expand_as(y))
        assert y.mean().item() == pytest.approx(1, abs=0.015)  # 4 standard errors


def test_a_dropped_branch_gets_no_gradient_and_the_shortcut_all(seeded):
    x, branch = (torch.ones(100, 3, requires_grad=True) for _ in range(2))
    regularization.stochastic_depth(x, branch, survival=0.5, generator=seeded()).sum().backward()
    assert (x.grad == 1).all()
    assert branch.grad.unique().tolist() == [0.0, 2.0]


def test_survival_falls_linearly_to_the_last_block():
    kept = [regularization.linear_survival(block, 4, last=0.5) for block in range(1, 5)]
    assert kept == pytest.approx([0.875, 0.75, 0.625, 0.5])


FUNCTIONS = {
    "dropout": lambda x, g: regularization.dropout(x, p=0.4, generator=g),
    "drop_connect": lambda x, g: regularization.drop_connect(
        x, torch.ones(5, 8, device=x.device), None, p=0.4, generator=g
    ),
    "stochastic_depth": lambda x, g: regularization.stochastic_depth(
        x, x, survival=0.6, generator=g
    ),
}


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_noise_comes_from_the_generator_alone_and_the_input_stays(name, seeded):
    x = torch.randn(16, 8, generator=seeded(5))
    before, state = x.clone(), torch.get_rng_state()
    g = seeded(1)
    first, second = FUNCTIONS[name](x, g), FUNCTIONS[name](x, g)
    assert torch.equal(first, FUNCTIONS[name](x, seeded(1)))
    assert not torch.equal(first, second)
    assert torch.equal(x, before)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ["dropout", "stochastic_depth"])
def test_the_dtype_is_kept(name, dtype, seeded):
    assert FUNCTIONS[name](torch.ones(4, 8, dtype=dtype), seeded()).dtype == dtype


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_a_p_outside_its_range_is_refused(p, seeded):
    x, weight = torch.ones(2, 3), torch.ones(4, 3)
    with pytest.raises(ValueError, match=rf"must be in \[0, 1\); got {p}"):
        regularization.dropout(x, p=p, generator=seeded())
    with pytest.raises(ValueError, match=rf"must be in \[0, 1\); got {p}"):
        regularization.drop_connect(x, weight, None, p=p, generator=seeded())


@pytest.mark.parametrize("survival", [0.0, 1.1, float("nan")])
def test_a_survival_outside_its_range_is_refused(survival, seeded):
    x = torch.ones(2, 3)
    with pytest.raises(ValueError, match=rf"must be in \(0, 1\]; got {survival}"):
        regularization.stochastic_depth(x, x, survival=survival, generator=seeded())
    with pytest.raises(ValueError, match=rf"must be in \(0, 1\]; got {survival}"):
        regularization.linear_survival(1, 2, last=survival)


def test_shapes_that_do_not_fit_are_refused(seeded):
    g = seeded()
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(4, 5\)"):
        regularization.drop_connect(torch.ones(2, 3), torch.ones(4, 5), None, p=0.5, generator=g)
    with pytest.raises(ValueError, match=r"bias must be \(4,\); got \(3,\)"):
        regularization.drop_connect(
            torch.ones(2, 3), torch.ones(4, 3), torch.ones(3), p=0.5, generator=g
        )
    with pytest.raises(ValueError, match=r"one shape \(batch, ...\); got \(2, 3\) and \(2, 1\)"):
        regularization.stochastic_depth(
            torch.ones(2, 3), torch.ones(2, 1), survival=0.5, generator=g
        )
    with pytest.raises(ValueError, match="block must be from 1 to 4; got 0"):
        regularization.linear_survival(0, 4, last=0.5)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_cuda_gives_the_same(name, seeded):
    x = torch.randn(64, 8, generator=seeded(5))
    on_cuda = FUNCTIONS[name](x.cuda(), seeded())
    assert on_cuda.is_cuda
    torch.testing.assert_close(on_cuda.cpu(), FUNCTIONS[name](x, seeded()), atol=1e-4, rtol=1e-4)
