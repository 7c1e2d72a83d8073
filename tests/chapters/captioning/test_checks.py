"""The checks of chapter 10: right answers pass, and wrong ones are told what is wrong with them."""

from collections import Counter

import pytest
import torch
from torch.nn import functional

from chapters.captioning import checks

WINDOWS = (2, 3, 4, 5, 6)


def looking(*, scored=None, weighed=None, mixed=None):
    """Attention over a grid with one of its steps replaced."""

    def answer(h, z, A, B, b, v):
        e = torch.einsum("u,nuij->nij", v, torch.tanh(together(h, z, A, B, b)))
        if scored:
            e = scored(h, z, A, B, b, v)
        a = weighed(e) if weighed else e.flatten(1).softmax(1).view(len(z), *z.shape[2:])
        return mixed(a, z) if mixed else torch.einsum("nij,ndij->nd", a, z), a

    return answer


def together(h, z, A, B, b):
    return (h @ A.T)[:, :, None, None] + torch.einsum("ud,ndij->nuij", B, z) + b[:, None, None]


def flattened(h, z, A, B, b, v):
    places = z.flatten(2).transpose(1, 2)
    a = (torch.tanh((h @ A.T)[:, None] + places @ B.T + b) @ v).softmax(1)
    return [(a[:, :, None] * places).sum(1), a.view(len(z), *z.shape[2:])]


def reshaped(h, z, A, B, b, v):
    places = z.reshape(len(z), -1, z.shape[1])  # which mixes channels with places
    a = (torch.tanh((h @ A.T)[:, None] + places @ B.T + b) @ v).softmax(1)
    return (a[:, :, None] * places).sum(1), a.view(len(z), *z.shape[2:])


def exp_by_hand(e):
    e = e.exp()
    return e / e.sum((1, 2), keepdim=True)


def runs(words, n):
    return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]


def clipped_precision(said, reference, n):
    given, left, hits = runs(said, n), runs(reference, n), 0
    for run in given:
        if run in left:
            left.remove(run)
            hits += 1
    return hits / len(given) if given else 0.0


def by_counters(said, reference, n):
    given, known = Counter(runs(said, n)), Counter(runs(reference, n))
    return torch.tensor(float((given & known).total() / max(given.total(), 1)))


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


def by_sets(said, reference, n):
    given = set(runs(said, n))
    return len(given & set(runs(reference, n))) / len(given) if given else 0.0


def recall(said, reference, n):
    return clipped_precision(reference, said, n)


def per_word(said, reference, n):
    return clipped_precision(said, reference, n) * len(runs(said, n)) / len(said)


def without_the_last(said, reference, n):
    return clipped_precision(said[:-1], reference[:-1], n)


def too_short_runs(said, reference, n):
    given, known = (
        Counter(tuple(words[k : k + n]) for k in range(len(words))) for words in (said, reference)
    )
    return (given & known).total() / given.total()


def hits_alone(said, reference, n):
    return clipped_precision(said, reference, n) * len(runs(said, n))


def no_guard(said, reference, n):
    return clipped_precision(said, reference, n) * len(runs(said, n)) / len(runs(said, n))


def cells(weights, mask):
    rows, columns = weights.shape
    return mask.float().view(rows, mask.shape[0] // rows, columns, -1)


def share(count):
    return lambda weights, mask: float(count(weights, cells(weights, mask)))


def share_inside(weights, mask):
    return float((weights * cells(weights, mask).mean((1, 3))).sum())


def pooled_share(weights, mask):
    size = mask.shape[0] // weights.shape[0], mask.shape[1] // weights.shape[1]
    return (weights * functional.avg_pool2d(mask[None].float(), size)[0]).sum()


def blown_up_share(weights, mask):
    high, wide = mask.shape[0] // weights.shape[0], mask.shape[1] // weights.shape[1]
    blown = weights.repeat_interleave(high, 0).repeat_interleave(wide, 1)
    return (blown[mask].sum() / (high * wide)).numpy()


def mixed_up(weights, mask):
    rows, columns = weights.shape
    cells = mask.float().reshape(rows, columns, mask.shape[0] // rows, -1)
    return float((weights * cells.mean((2, 3))).sum())


def attention(window, *, seen=None, scaled=None, hidden=None, dim=-1, values=True):
    def answer(x, W_q, W_k, W_v):
        q, k = x @ W_q.T, x @ W_k.T
        v = x @ W_v.T if values else x
        e = (scaled or (lambda e, x: e / x.shape[2] ** 0.5))(q @ k.transpose(1, 2), x)
        every = torch.ones(x.shape[1], x.shape[1]).bool()
        mask = (seen or (lambda every: every.tril().triu(1 - window)))(every)
        a = hidden(e, mask) if hidden else e.masked_fill(~mask, -torch.inf).softmax(dim)
        return a @ v

    return answer


def attention_in_loops(window):
    def answer(x, W_q, W_k, W_v):
        said = []
        for t in range(x.shape[1]):
            near = x[:, max(t - window + 1, 0) : t + 1]
            e = torch.einsum("nd,nkd->nk", x[:, t] @ W_q.T, near @ W_k.T) / x.shape[2] ** 0.5
            said.append(torch.einsum("nk,nkd->nd", e.softmax(1), near @ W_v.T))
        return torch.stack(said, 1).double()

    return answer


def masked_by_torch(window):
    def answer(x, W_q, W_k, W_v):
        t = torch.arange(x.shape[1])
        ago = t[:, None] - t
        seen = (ago >= 0) & (ago < window)
        q, k, v = x @ W_q.T, x @ W_k.T, x @ W_v.T
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)

    return answer


grid, bleu, inside = (
    checks.check_look_at_grid, checks.check_clipped_precision, checks.check_share_inside
)  # fmt: skip
RIGHT = [
    (grid, looking()),
    (grid, flattened),
    (bleu, clipped_precision),
    (bleu, by_counters),
    (inside, share_inside),
    (inside, pooled_share),
    (inside, blown_up_share),
]
WRONG = [
    (grid, looking(weighed=lambda e: e.softmax(2)), "along each row"),
    (grid, looking(weighed=lambda e: e.softmax(1)), "along each column"),
    (grid, looking(weighed=lambda e: e.softmax(0)), "pictures of the batch"),
    (grid, looking(weighed=lambda e: e), "These are scores"),
    (grid, looking(weighed=exp_by_hand), "overflows"),
    (grid, looking(scored=lambda h, z, A, B, b, v: torch.einsum(
        "u,nuij->nij", v, together(h, z, A, B, b))), "tanh is missing"),
    (grid, looking(scored=lambda h, z, A, B, b, v: torch.einsum(
        "u,nuij->nij", v, torch.tanh(together(h, z, A, B, 0 * b)))), "bias b is missing"),
    (grid, looking(scored=lambda h, z, A, B, b, v: torch.einsum(
        "u,nuij->nij", v, torch.tanh(together(0 * h, z, A, B, b)))), "ignore the decoder's state"),
    (grid, looking(mixed=lambda a, z: (a[:, None] * z).mean((2, 3))), "mean over places"),
    (grid, looking(mixed=lambda a, z: z.mean((2, 3))), "ignores the weights"),
    (grid, looking(mixed=lambda a, z: (a[:, None] * z).sum(3)), "one direction"),
    (grid, looking(mixed=lambda a, z: a[:, None] * z), "did not add up"),
    (grid, looking(mixed=lambda a, z: (a[:, None] * z).sum(1)), "over channels"),
    (grid, lambda *given: (looking()(*given)[0], looking()(*given)[1].flatten(1)),
     "keep the grid's rows and columns"),
    (grid, lambda *given: (looking()(*given)[0], looking()(*given)[1].mT), "transposed"),
    (grid, reshaped, "mixed channels with places"),
    (grid, lambda *given: looking()(*given)[::-1], "context comes first"),
    (grid, lambda *given: looking()(*given)[0], "expected 2 results"),
    (bleu, unclipped, "at most as often"),
    (bleu, by_set, "A set forgets how often"),
    (bleu, by_sets, "counts in the divisor"),
    (bleu, bags, "order of the words counts"),
    (bleu, by_position, "anywhere in the reference"),
    (bleu, recall, "That is recall"),
    (bleu, per_word, "divide by the number of runs"),
    (bleu, without_the_last, "last run is missing"),
    (bleu, too_short_runs, "Some runs are too short"),
    (bleu, hits_alone, "return their share"),
    (bleu, no_guard, "You divided by 0"),
    (bleu, lambda said, reference, n: float(said == reference), "expected 0.8"),
    (bleu, lambda *given: None, "Nothing came back"),
    (inside, share(lambda w, c: (w * c.amax((1, 3))).sum()), "as soon as it is touched"),
    (inside, share(lambda w, c: (w * c.amin((1, 3))).sum()), "covered only in part"),
    (inside, share(lambda w, c: (w * (c.mean((1, 3)) >= 0.5)).sum()), "wholly or not at all"),
    (inside, share(lambda w, c: (w * c[:, 0, :, 0]).sum()), "One pixel of a place"),
    (inside, share(lambda w, c: (w * c[:, 2, :, 1]).sum()), "pixel in the middle"),
    (inside, share(lambda w, c: (w * c.sum((1, 3))).sum()), "share its weight"),
    (inside, share(lambda w, c: c.mean()), "weights play no part"),
    (inside, share(lambda w, c: (w * c.mean((1, 3))).mean()), "a mean is too small"),
    (inside, share(lambda w, c: (w * c.mean((1, 3))).sum() / c.mean((1, 3)).sum()),
     "area of the mask"),
    (inside, share(lambda w, c: 1 - (w * c.mean((1, 3))).sum()), "share outside"),
    (inside, mixed_up, "wrong places"),
    (inside, lambda weights, mask: weights, "expected one number"),
]  # fmt: skip
WRONG_ATTENTIONS = [
    (lambda w: attention(w, seen=lambda every: every), "Words see later words"),
    (lambda w: attention(w, seen=lambda every: every.tril()), "window is missing"),
    (lambda w: attention(w + 1), "one word too wide"),
    (lambda w: attention(w - 1), "one word too narrow"),
    (lambda w: attention(w, seen=lambda every: every.triu().tril(w - 1)), "wrong way around"),
    (lambda w: attention(w, seen=lambda every: every.triu(1 - w).tril(w - 1)), "to both sides"),
    (lambda w: attention(w, scaled=lambda e, x: e), "divided by the root of d"),
    (lambda w: attention(w, scaled=lambda e, x: e / x.shape[2]), "divide by its root"),
    (lambda w: attention(w, scaled=lambda e, x: e / x.shape[1] ** 0.5), "number of words"),
    (lambda w: attention(w, scaled=lambda e, x: e * x.shape[2] ** 0.5), "divide by it."),
    (lambda w: attention(w, dim=1), "words that ask"),
    (lambda w: lambda x, W_q, W_k, W_v: attention(w)(x, W_k, W_q, W_v), "keys are swapped"),
    (lambda w: attention(w, values=False), "W_v is not used"),
    (lambda w: lambda x, *weights: attention(w)(x, *(weight.T for weight in weights)), "x @ W.T"),
    (lambda w: attention(w, hidden=lambda e, mask: e.softmax(-1) * mask), "after the softmax"),
    (lambda w: attention(w, hidden=lambda e, mask: (e * mask).softmax(-1)), "exp(0) is 1"),
    (lambda w: attention(w, seen=lambda every: every.tril(-1)), "nan"),
    (lambda w: lambda *given: attention(w)(*given).sum(1), "expected shape"),
]


def told(report):
    return "\n".join(problem for _, problem in report.results if problem)


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_answers_pass(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("right", [attention, attention_in_loops, masked_by_torch])
def test_right_attentions_pass_for_every_window(right, window):
    report = checks.check_self_attention(right(window), window)
    assert report.passed, report


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG, ids=[hint for *_, hint in WRONG])
def test_wrong_answers_are_told_what_is_wrong(check, answer, hint):
    report = check(answer)
    assert report.attempted
    assert hint in told(report), report


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("wrong", "hint"), WRONG_ATTENTIONS, ids=[hint for _, hint in WRONG_ATTENTIONS]
)
def test_wrong_attentions_are_told_what_is_wrong(wrong, hint, window):
    report = checks.check_self_attention(wrong(window), window)
    assert hint in told(report), report


@pytest.mark.parametrize("check", [grid, bleu, inside, checks.check_self_attention])
def test_a_stub_is_not_attempted(check):
    def stub(*_):
        raise NotImplementedError

    assert not check(stub).attempted
