import math
from functools import partial

import pytest
import torch

from lib.attention import AdditiveAttention, additive_attention


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=seeded(seed), dtype=dtype)


def example(batch=3, positions=5, hidden=4, size=6):
    query, keys = drawn(batch, hidden, seed=1), drawn(batch, positions, hidden, seed=2)
    values, score = drawn(batch, positions, size, seed=3), drawn(hidden, seed=4)
    mask = torch.ones(batch, positions, dtype=torch.bool)
    mask[0, 3:], mask[1, 0] = False, False
    return query, keys, values, mask, score


def network(query_size=4, key_size=6, hidden=5):
    return AdditiveAttention(query_size, key_size, hidden, generator=seeded())


def test_two_positions_as_computed_by_hand():
    query, keys = torch.tensor([[1.0]]), torch.tensor([[[0.0], [-1.0]]])
    values, score = torch.tensor([[[1.0, 0.0], [0.0, 10.0]]]), torch.tensor([2.0])
    context, weights = additive_attention(query, keys, values, None, score=score)
    first = 1 / (1 + math.exp(-2 * math.tanh(1)))  # e = (2 tanh 1, 2 tanh 0)
    torch.testing.assert_close(weights, torch.tensor([[first, 1 - first]]))
    torch.testing.assert_close(context, torch.tensor([[first, 10 * (1 - first)]]))


def test_it_is_the_formula_written_with_loops():
    query, keys, values, mask, score = example()
    context, weights = additive_attention(query, keys, values, mask, score=score)
    for b in range(3):
        seen = [i for i in range(5) if mask[b, i]]
        e = {i: float(score @ torch.tanh(query[b] + keys[b, i])) for i in seen}
        total = sum(math.exp(value) for value in e.values())
        a = [math.exp(e[i]) / total if i in e else 0.0 for i in range(5)]
        torch.testing.assert_close(weights[b], torch.tensor(a, dtype=torch.float64))
        mixed = sum(a[i] * values[b, i] for i in range(5))
        torch.testing.assert_close(context[b], mixed)


def test_weights_sum_to_1_and_are_0_where_hidden():
    query, keys, values, mask, score = example()
    _, weights = additive_attention(query, keys, values, mask, score=score)
    torch.testing.assert_close(weights.sum(1), torch.ones(3, dtype=torch.float64))
    assert bool((weights[~mask] == 0).all())
    assert bool((weights[mask] > 0).all())


def test_positions_are_a_set_permuted_together_they_give_the_same_context():
    query, keys, values, mask, score = example()
    order = torch.tensor([3, 1, 4, 0, 2])
    context, weights = additive_attention(query, keys, values, mask, score=score)
    moved = (keys[:, order], values[:, order], mask[:, order])
    again, permuted = additive_attention(query, *moved, score=score)
    torch.testing.assert_close(again, context)
    torch.testing.assert_close(permuted, weights[:, order])


def test_hidden_positions_change_neither_results_nor_gradients():
    query, keys, values, mask, score = example()
    results = []
    for noise in (0.0, 100.0):
        changed = [
            torch.where(mask[..., None], part, part + noise).requires_grad_()
            for part in (keys, values)
        ]
        at = query.clone().requires_grad_()
        context, _ = additive_attention(at, *changed, mask, score=score)
        gradients = torch.autograd.grad((context**2).sum(), [at, *changed])
        results.append([context, *gradients])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_reach_query_keys_values_and_score():
    query, keys, values, _, score = example(2, 3, 2, 2)
    inputs = [part.requires_grad_() for part in (query, keys, values, score)]
    assert torch.autograd.gradcheck(
        lambda q, k, v, s: additive_attention(q, k, v, None, score=s), inputs
    )


def test_scores_of_any_size_give_finite_weights():
    query, keys, values, mask, score = example()
    _, weights = additive_attention(query, 1e6 * keys, values, mask, score=1e6 * score)
    assert bool(weights.isfinite().all())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(dtype):
    query, keys, values, mask, score = example()
    parts = [part.to(dtype) for part in (query, keys, values)]
    context, weights = additive_attention(*parts, mask, score=score.to(dtype))
    assert context.dtype == weights.dtype == dtype


def test_nothing_to_look_at_is_an_error_that_names_the_examples():
    query, keys, values, mask, score = example()
    mask[1] = False
    with pytest.raises(ValueError, match=r"hides every position of example\(s\) \[1\]"):
        additive_attention(query, keys, values, mask, score=score)
    with pytest.raises(ValueError, match="no position"):
        additive_attention(query, keys[:, :0], values[:, :0], None, score=score)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda q, k, v, m, s: (q[:1], k, v, m, s), r"got \(1, 4\), \(3, 5, 4\)"),
        (lambda q, k, v, m, s: (q, k, v[:, :4], m, s), r"got .*\(3, 4, 6\)"),
        (lambda q, k, v, m, s: (q, k, v, m, s[:2]), r"got .*\(2,\)"),
        (lambda q, k, v, m, s: (q, k, v, m[:, :4], s), r"mask must be bool \(3, 5\)"),
        (lambda q, k, v, m, s: (q, k, v, m.float(), s), "got torch.float32"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change, message):
    *parts, score = change(*example())
    with pytest.raises(ValueError, match=message):
        additive_attention(*parts, score=score)


def test_the_layer_projects_and_then_attends():
    layer, query, keys, values = network(), *(drawn(*s, dtype=torch.float32) for s in
                                              ((2, 4), (2, 3, 6), (2, 3, 7)))  # fmt: skip
    expected = additive_attention(
        query @ layer.query.weight.T,
        keys @ layer.key.weight.T + layer.key.bias,
        values,
        None,
        score=layer.score,
    )
    torch.testing.assert_close(layer(query, keys, values), expected)


def test_prepared_attention_is_the_same_and_checks_its_mask():
    layer, keys = network(), drawn(2, 3, 6, dtype=torch.float32)
    query, mask = drawn(2, 4, dtype=torch.float32), torch.tensor([[True, True, False]] * 2)
    results = []
    for scale in (1, 100):
        for look in (
            layer.prepare(scale * keys, keys, mask),
            partial(layer, keys=scale * keys, values=keys, mask=mask),
        ):
            context, weights = look(query)
            gradients = torch.autograd.grad(context.square().sum(), list(layer.parameters()))
            results.append((context, weights, *gradients))
    torch.testing.assert_close(results[0::2], results[1::2], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="hides every position"):
        layer.prepare(keys, keys, ~mask.logical_or(~mask))


def test_first_weights_come_from_the_generator_alone():
    torch.manual_seed(0)
    first = network().state_dict()
    torch.manual_seed(1)
    again = network().state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same():
    *parts, score = example()
    expected = additive_attention(*parts, score=score)
    got = additive_attention(*(part.cuda() for part in parts), score=score.cuda())
    torch.testing.assert_close([g.cpu() for g in got], list(expected))
