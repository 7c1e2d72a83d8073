"""The checks of chapter 9: right answers pass, and wrong ones are told what is wrong with them."""

import pytest
import torch
from torch.nn import functional

from chapters.seq2seq import checks
from lib.alignment import alignment_error_rate
from lib.attention import additive_attention

PADDINGS = (1, 2, 3, 4, 5, 6)
HIDES = -torch.inf


def attend(query, keys, values, mask, score):
    return additive_attention(query, keys, values, mask, score=score)


def attending(*, scored=None, weighed=None, mixed=None):
    """Attention with one of its steps replaced."""

    def answer(query, keys, values, mask, score):
        e = torch.tanh(query[:, None] + keys) @ score
        if scored:
            e = scored(query[:, None] + keys, score)
        a = weighed(e, mask) if weighed else e.masked_fill(~mask, HIDES).softmax(1)
        c = mixed(a, keys, values) if mixed else (a[..., None] * values).sum(1)
        return c, a

    return answer


def stable_by_hand(query, keys, values, mask, score):
    e = torch.einsum("bph,h->bp", (query.unsqueeze(1) + keys).tanh(), score)
    e = torch.where(mask, e, torch.tensor(-1e9))
    e = torch.exp(e - e.amax(-1, keepdim=True))
    a = e / e.sum(-1, keepdim=True)
    return [torch.bmm(a.unsqueeze(1), values).squeeze(1), a]


def exp_by_hand(e, mask):
    e = e.exp() * mask
    return e / e.sum(-1, keepdim=True)


def loss_of(padding, summary):
    """A loss that makes a number of the costs (batch, steps) and of the mask of words."""

    def answer(logits, target):
        costs = -logits.log_softmax(-1).gather(-1, target[..., None])[..., 0]
        return summary(costs, (target != padding).float())

    return answer


def masked_loss(padding):
    return loss_of(padding, lambda costs, m: (costs * m).sum() / m.sum())


def chosen_words(padding):
    def answer(logits, target):
        words = target != padding
        return functional.cross_entropy(logits[words], target[words])

    return answer


def loop_in_double(padding):
    def answer(logits, target):
        costs = [
            -row.double().log_softmax(0)[word]
            for sentence, words in zip(logits, target, strict=True)
            for row, word in zip(sentence, words, strict=True)
            if word != padding
        ]
        return sum(costs) / len(costs)

    return answer


def rate(count):
    """An error rate from |A ∩ S|, |A ∩ P|, |A|, |P| and |S|."""

    def answer(found, possible, sure):
        parts = (found & sure, found & possible, found, possible, sure)
        return float(count(*(part.sum() for part in parts)))

    return answer


def numpy_rate(found, possible, sure):
    a, p, s = (table.numpy() for table in (found, possible, sure))
    return 1 - ((a * s).sum() + (a * p).sum()) / (a.sum() + s.sum())


def tensor_rate(found, possible, sure):
    right = (found * sure).sum() + torch.logical_and(found, possible).sum()
    return 1 - right / (found.sum() + sure.sum())


def beam_step(log_p, following, done):
    only_pad = torch.full_like(following, -torch.inf)
    only_pad[:, 0] = 0
    every = log_p[:, None] + torch.where(done[:, None], only_pad, following)
    return from_table(every)


def from_table(every):
    best, index = every.flatten().topk(len(every))
    return best, index // every.shape[1], index % every.shape[1]


def beam_step_in_loops(log_p, following, done):
    every = []
    for k in range(len(log_p)):
        for word in range(following.shape[1]):
            if not done[k]:
                every.append((float(log_p[k] + following[k, word]), k, word))
            elif word == 0:
                every.append((float(log_p[k]), k, word))
    best = sorted(every, reverse=True)[: len(log_p)]
    return [torch.tensor(part) for part in zip(*best, strict=True)]


def changed_following(change):
    """A beam step of which the ended beginnings' next words are changed."""

    def answer(log_p, following, done):
        following = following.clone()
        change(following, done)
        return from_table(log_p[:, None] + following)

    return answer


def greedy_steps(log_p, following, done):
    best, word = following.max(1)
    return log_p + best, torch.arange(len(log_p)), word


def sorted_greedy_steps(log_p, following, done):
    if bool(done.any()):
        return beam_step(log_p, following, done)
    best, word = following.max(1)
    best, place = (log_p + best).sort(descending=True)
    return best, place, word[place]


def free_padding(following, done):
    following[done, 0] = 0


def free_words(following, done):
    following[done] = 0


def dropped(following, done):
    following[done] = HIDES


def costly_padding(following, done):
    following[done, 1:] = HIDES


def then(change):
    """A beam step whose three results are changed."""
    return lambda *given: change(*beam_step(*given), given[1].shape[1])


attention, error_rate, beams = (
    checks.check_masked_attention, checks.check_error_rate, checks.check_beam_step
)  # fmt: skip
RIGHT = [
    (attention, attend),
    (attention, stable_by_hand),
    (
        attention,
        lambda *given: attend(*(x.double() if x.is_floating_point() else x for x in given)),
    ),
    (error_rate, alignment_error_rate),
    (error_rate, numpy_rate),
    (error_rate, tensor_rate),
    (error_rate, lambda *tables: tensor_rate(*tables)[None]),
    (beams, beam_step),
    (beams, beam_step_in_loops),
    (beams, lambda *given: tuple(part.numpy() for part in beam_step(*given))),
]
WRONG = [
    (attention, attending(weighed=lambda e, mask: e.softmax(1)), "mask is not used"),
    (attention, attending(weighed=lambda e, mask: e.softmax(1) * mask), "after the softmax"),
    (attention, attending(weighed=lambda e, mask: (e * mask).softmax(1)), "exp(0) is 1"),
    (attention, attending(weighed=lambda e, mask: e.masked_fill(~mask, 0).softmax(1)),
     "exp(0) is 1"),
    (attention, attending(weighed=lambda e, mask: e.masked_fill(mask, HIDES).softmax(1)),
     "masked_fill fills where"),
    (attention, attending(weighed=lambda e, mask: e.masked_fill(~mask, HIDES).softmax(0)),
     "over the batch"),
    (attention, attending(weighed=lambda e, mask: e.masked_fill(~mask, HIDES)), "These are scores"),
    (attention, attending(weighed=lambda e, mask: e.exp() * mask), "exp alone"),
    (attention, attending(weighed=exp_by_hand), "overflows"),
    (attention, attending(weighed=lambda e, mask: e.masked_fill(~mask, -100.0).softmax(1)),
     "lower than the number"),
    (attention, attending(scored=lambda both, v: both @ v), "tanh is missing"),
    (attention, attending(scored=lambda both, v: torch.tanh(both @ v)), "belongs inside"),
    (attention, attending(mixed=lambda a, keys, values: (a[..., None] * keys).sum(1)),
     "mixed the keys"),
    (attention, attending(mixed=lambda a, keys, values: (a[..., None] * values).mean(1)),
     "only need to be added up"),
    (attention, attending(mixed=lambda a, keys, values: values.mean(1)), "ignores the weights"),
    (attention, lambda *given: attend(*given)[::-1], "context comes first"),
    (attention, lambda *given: attend(*given)[0], "expected 2 results"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: (a_s + a_p) / (a + s)), "1 minus it"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 100 - 100 * (a_s + a_p) / (a + s)), "percent"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - a_s + a_p / (a + s)), "Brackets"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - (a_s + a_p) / (a + p)), "|P| does not count"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - 2 * a_s / (a + s)), "only the sure links"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - a_s / (a + s)), "|A ∩ P| is missing"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - a_p / (a + s)), "|A ∩ S| is missing"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - a_p / a), "1 minus precision"),
    (error_rate, rate(lambda a_s, a_p, a, p, s: 1 - a_s / s), "1 minus recall"),
    (error_rate, lambda a, p, s: 1 - float(((a | s).sum() + (a | p).sum()) / (a.sum() + s.sum())),
     "joined the tables"),
    (error_rate, lambda *tables: (tables[0] & tables[1]).sum(1) / 3, "expected one number"),
    (error_rate, lambda *tables: None, "expected one number"),
    (beams, lambda log_p, following, done: beam_step(log_p, following, done & False),
     "continued a beginning that has ended"),
    (beams, greedy_steps, "best continuation comes first"),
    (beams, sorted_greedy_steps, "kept one continuation of each"),
    (beams, then(lambda best, k, word, words: (best.flip(0), k.flip(0), word.flip(0))),
     "best continuation comes first"),
    (beams, then(lambda best, k, word, words: (best.exp(), k, word)), "return their logarithms"),
    (beams, lambda log_p, following, done: from_table(log_p[:, None] * following),
     "add their logarithms"),
    (beams, lambda log_p, following, done: from_table(following), "ranked the next words alone"),
    (beams, then(lambda best, k, word, words: (best, word, k)), "words third"),
    (beams, then(lambda best, k, word, words: (best, k * words + word, word)),
     "indices of the flattened table, not beginnings"),
    (beams, then(lambda best, k, word, words: (best, k, k * words + word)),
     "indices of the flattened table, not words"),
    (beams, then(lambda best, k, word, words: (best, (k * words + word) // 2, word)),
     "Divide an index"),
    (beams, then(lambda best, k, word, words: (best, k, (k * words + word) % 2)),
     "Take the remainder"),
    (beams, changed_following(free_padding), "left an ended beginning its other words"),
    (beams, changed_following(free_words), "every word free"),
    (beams, changed_following(dropped), "still competes"),
    (beams, changed_following(costly_padding), "Padding costs nothing"),
    (beams, lambda *given: beam_step(*given)[:2], "expected 3 results"),
]  # fmt: skip
WRONG_LOSSES = [
    (lambda pad: loss_of(pad, lambda costs, m: costs.mean()), "averaged over padding"),
    (lambda pad: loss_of(pad, lambda costs, m: (costs * m).mean()), "counts in the divisor"),
    (lambda pad: loss_of(pad, lambda costs, m: ((costs * m).sum(1) / m.sum(1)).mean()),
     "mean of the sentences' means"),
    (lambda pad: loss_of(pad, lambda costs, m: (costs * m).sum() / len(m)), "number of sentences"),
    (lambda pad: loss_of(pad, lambda costs, m: (costs * m).sum()), "(4) is a mean"),
    (lambda pad: loss_of(pad, lambda costs, m: -(costs * m).sum() / m.sum()), "sign is wrong"),
    (lambda pad: loss_of(pad, lambda costs, m: -((-costs).exp() * m).sum() / m.sum()),
     "logarithm is missing"),
    (lambda pad: loss_of(pad, lambda costs, m: (costs * (1 - m)).sum() / (1 - m).sum()),
     "costs of padding"),
    (lambda pad: lambda logits, target: -(
        logits.gather(-1, target[..., None])[..., 0] * (target != pad)
     ).sum() / (target != pad).sum(), "softmax is missing"),
    (lambda pad: lambda logits, target: functional.nll_loss(
        logits.log_softmax(1).flatten(0, 1), target.flatten(), ignore_index=pad
     ), "over the steps"),
    (lambda pad: masked_loss(0), "You took 0 for padding"),
    (lambda pad: lambda logits, target: chosen_words(-1)(
        logits[target > pad][None], target[target > pad][None]), "numbers below PADDING"),
    (lambda pad: lambda logits, target: masked_loss(pad)(logits, target).item(),
     "return a tensor, not a number"),
    (lambda pad: lambda logits, target: None, "Nothing came back"),
]  # fmt: skip


def told(report):
    return "\n".join(problem for _, problem in report.results if problem)


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_answers_pass(check, answer):
    assert check(answer).passed, check(answer)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("right", [masked_loss, chosen_words, loop_in_double])
def test_right_losses_pass_for_every_padding(right, padding):
    report = checks.check_masked_loss(right(padding), padding)
    assert report.passed, report


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG, ids=[hint for *_, hint in WRONG])
def test_wrong_answers_are_told_what_is_wrong(check, answer, hint):
    report = check(answer)
    assert report.attempted
    assert hint in told(report), report


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("wrong", "hint"), WRONG_LOSSES, ids=[hint for _, hint in WRONG_LOSSES])
def test_wrong_losses_are_told_what_is_wrong(wrong, hint, padding):
    report = checks.check_masked_loss(wrong(padding), padding)
    assert hint in told(report), report


def test_numbers_are_shown_where_they_differ():
    report = attention(attending(weighed=lambda e, mask: e.softmax(1)))
    shown = dict(report.results)["weights"].split(". ")[0].removeprefix("expected ")
    expected, got = (part.split(", ") for part in shown.split("; got "))
    assert all(a != b for a, b in zip(expected, got, strict=True) if a != "…")


@pytest.mark.parametrize(
    "check", [attention, checks.check_masked_loss, error_rate, beams], ids=lambda f: f.__name__
)
def test_a_stub_is_not_attempted(check):
    def stub(*_):
        raise NotImplementedError

    assert not check(stub).attempted
