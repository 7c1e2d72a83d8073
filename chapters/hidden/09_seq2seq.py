"""Hidden tests of chapter 9: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

import itertools
import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from lib.alignment import alignment_error_rate
from lib.attention import additive_attention
from lib.checks import Case, expect_close


def masked_attention(names: Mapping[str, object]) -> list[Case]:
    """One position, another size, and no gradients to hidden positions."""
    f = names["masked_attention"]

    def inputs(batch: int, positions: int, hidden: int, size: int) -> list[Tensor]:
        g = torch.Generator().manual_seed(positions)
        shapes = ((batch, hidden), (batch, positions, hidden), (batch, positions, size), (hidden,))
        query, keys, values, score = (torch.randn(s, generator=g) for s in shapes)
        mask = torch.rand(batch, positions, generator=g) < 0.6
        mask[:, 0] = True
        return [query, keys, values, mask, score]

    def matches(*sizes: int) -> None:
        *parts, score = inputs(*sizes)
        wanted = additive_attention(*parts, score=score)
        for got, expected in zip(f(*parts, score), wanted, strict=True):
            expect_close(got, expected)

    def gradient() -> None:
        query, keys, values, mask, score = inputs(3, 6, 4, 4)
        keys.requires_grad_()
        (slope,) = torch.autograd.grad(f(query, keys, values, mask, score)[0].sum(), keys)
        expect_close(slope[~mask], torch.zeros(int((~mask).sum()), 4))

    def keeps_input() -> None:
        given = inputs(2, 5, 3, 3)
        f(*given)
        if not all(torch.equal(a, b) for a, b in zip(given, inputs(2, 5, 3, 3), strict=True)):
            raise AssertionError("an argument was changed; return new tensors")

    return [
        Case("one position", lambda: matches(2, 1, 3, 4)),
        Case("many positions, one unit", lambda: matches(5, 30, 1, 2)),
        Case("hidden positions get no gradient", gradient),
        Case("the arguments are left alone", keeps_input),
    ]


def masked_loss(names: Mapping[str, object], PADDING: int = 3) -> list[Case]:
    """Large logits, one word, padding anywhere, and a batch that is two batches put together."""
    f = names["masked_loss"]
    logits = 50 * torch.randn(4, 5, 9, generator=torch.Generator().manual_seed(2))
    words = [word for word in range(9) if word != PADDING]
    target = torch.full((4, 5), PADDING)
    for row, count in enumerate((2, 5, 1, 3)):
        target[row, :count] = torch.tensor(words[row : row + count])

    def matches(given: Tensor) -> None:
        flat = logits.flatten(0, 1), given.flatten()
        expected = functional.cross_entropy(*flat, ignore_index=PADDING)
        expect_close(f(logits.clone(), given.clone()), expected)

    def per_word() -> None:
        counts = (target != PADDING).sum(1)
        alone = [f(logits[i : i + 1].clone(), target[i : i + 1].clone()) for i in range(4)]
        weighted = sum(c * n for c, n in zip(alone, counts, strict=True)) / counts.sum()
        expect_close(f(logits.clone(), target.clone()), weighted)

    return [
        Case("large logits", lambda: matches(target)),
        Case("padding in front", lambda: matches(target.flip(1))),
        Case("one word", lambda: expect_close(
            f(torch.zeros(1, 1, 9), torch.tensor([[words[0]]])), math.log(9))),
        Case("every word counts once", per_word),
    ]  # fmt: skip


def error_rate(names: Mapping[str, object]) -> list[Case]:
    """Random tables, a batch of them, and no sure links at all."""
    f = names["error_rate"]

    def tables(*shape: int) -> tuple[Tensor, Tensor, Tensor]:
        g = torch.Generator().manual_seed(sum(shape))
        found, possible, sure = (torch.rand(shape, generator=g) < p for p in (0.3, 0.5, 0.6))
        return found, possible, sure & possible

    def matches(*shape: int) -> None:
        given = tables(*shape)
        expected = alignment_error_rate(*given)
        expect_close(float(f(*given)), expected)

    def none_sure() -> None:
        found, possible, _ = tables(6, 6)
        none = torch.zeros_like(found)
        expected = alignment_error_rate(found, possible, none)
        expect_close(float(f(found, possible, none)), expected)

    return [
        Case("tables that are not square", lambda: matches(4, 9)),
        Case("a batch of tables", lambda: matches(3, 5, 6)),
        Case("no sure links", none_sure),
    ]


def beam_step(names: Mapping[str, object]) -> list[Case]:
    """Against all continuations, one by one; one beam; more beams than words."""
    f = names["beam_step"]

    def expected(log_p: Tensor, following: Tensor, done: Tensor) -> Tensor:
        every = []
        for k, word in itertools.product(*map(range, following.shape)):
            if not done[k]:
                every.append(float(log_p[k] + following[k, word]))
            elif word == 0:
                every.append(float(log_p[k]))
        return torch.tensor(sorted(every, reverse=True)[: len(log_p)])

    def matches(beams: int, words: int) -> None:
        g = torch.Generator().manual_seed(beams)
        log_p = torch.randn(beams, generator=g).log_softmax(0)
        following = torch.randn(beams, words, generator=g).log_softmax(1)
        done = torch.arange(beams) % 3 == 2
        best, place, word = f(log_p.clone(), following.clone(), done.clone())
        expect_close(best, expected(log_p, following, done))
        step = torch.where(done[place], 0.0, following[place, word])
        expect_close(log_p[place] + step, best)
        expect_close(word[done[place]], torch.zeros(int(done[place].sum()), dtype=torch.int64))

    return [
        Case("one beam", lambda: matches(1, 8)),
        Case("six beams", lambda: matches(6, 20)),
        Case("more beams than words", lambda: matches(7, 3)),
    ]
