import pytest
import torch
from torch.nn import functional

from chapters.captioning import checks


def look_at_grid(h, z, W, U, b, v):
    e = torch.tanh((h @ W.T)[:, :, None, None] + torch.einsum("ud,ndij->nuij", U, z)
                   + b[:, None, None])  # fmt: skip
    a = torch.einsum("u,nuij->nij", v, e).flatten(1).softmax(1).view(len(z), *z.shape[2:])
    return torch.einsum("nij,ndij->nd", a, z), a


def looks_row_by_row(h, z, W, U, b, v):
    _, a = look_at_grid(h, z, W, U, b, v)
    a = a.log().softmax(-1)
    return torch.einsum("nij,ndij->nd", a, z), a


def averages(h, z, W, U, b, v):
    _, a = look_at_grid(h, z, W, U, b, v)
    return (a[:, None] * z).mean((2, 3)), a


def runs(words, n):
    return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]


def clipped_precision(said, reference, n):
    given, left, hits = runs(said, n), runs(reference, n), 0
    for run in given:
        if run in left:
            left.remove(run)
            hits += 1
    return hits / len(given) if given else 0.0


def unclipped(said, reference, n):
    given = runs(said, n)
    return sum(run in runs(reference, n) for run in given) / len(given) if given else 0.0


def bags(said, reference, n):
    return clipped_precision(sorted(said), sorted(reference), n)


def by_position(said, reference, n):
    given, asked = runs(said, n), runs(reference, n)
    return sum(a == b for a, b in zip(given, asked, strict=False)) / len(given) if given else 0.0


def by_set(said, reference, n):
    given = runs(said, n)
    return len(set(given) & set(runs(reference, n))) / len(given) if given else 0.0


def share_inside(weights, mask):
    rows, columns = weights.shape
    cells = mask.float().view(rows, mask.shape[0] // rows, columns, -1).mean((1, 3))
    return float((weights * cells).sum())


def touches(weights, mask):
    rows, columns = weights.shape
    cells = mask.float().view(rows, mask.shape[0] // rows, columns, -1).amax((1, 3))
    return float((weights * cells).sum())


def self_attention(x, W_q, W_k, W_v, causal=True, scale=True):
    q, k, v = x @ W_q.T, x @ W_k.T, x @ W_v.T
    e = q @ k.transpose(1, 2) / (x.shape[2] ** 0.5 if scale else 1)
    later = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
    return (e.masked_fill(later, -torch.inf) if causal else e).softmax(-1) @ v


def crossed_values(x, W_q, W_k, W_v):
    return functional.scaled_dot_product_attention(x @ W_q.T, x @ W_k.T, x, is_causal=True)


RIGHT = {
    checks.check_look_at_grid: look_at_grid,
    checks.check_clipped_precision: clipped_precision,
    checks.check_share_inside: share_inside,
    checks.check_self_attention: self_attention,
}
WRONG = [
    (checks.check_look_at_grid, looks_row_by_row, "they sum to 1"),
    (checks.check_look_at_grid, averages, "context"),
    (checks.check_look_at_grid, lambda *a: look_at_grid(*a)[0], "expected 2 results"),
    (checks.check_clipped_precision, unclipped, "a a a a"),
    (checks.check_clipped_precision, bags, "sand on ring"),
    (checks.check_clipped_precision, lambda s, r, n: float(s == r), "grass"),
    (checks.check_clipped_precision, by_position, "ring on sand"),
    (checks.check_clipped_precision, by_set, "a ring and a star"),
    (checks.check_share_inside, touches, "a square grid"),
    (checks.check_share_inside, lambda w, m: float(m.float().mean()), "one cell"),
    (checks.check_self_attention, lambda *a: self_attention(*a, causal=False), "later words"),
    (checks.check_self_attention, lambda *a: self_attention(*a, scale=False), "larger numbers"),
    (checks.check_self_attention, crossed_values, "the first word"),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT.items(), ids=lambda f: f.__name__)
def test_right_answers_pass(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize(("check", "answer", "case"), WRONG)
def test_wrong_answers_fail_where_they_are_wrong(check, answer, case):
    report = check(answer)
    assert not report.passed
    assert case in "\n".join(line for line in repr(report).splitlines() if "✗" in line)


@pytest.mark.parametrize("check", RIGHT)
def test_a_stub_is_not_attempted(check):
    def stub(*_):
        raise NotImplementedError

    assert not check(stub).attempted
