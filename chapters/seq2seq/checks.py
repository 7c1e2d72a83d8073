"""Checks of the exercises of chapter 9, sequence to sequence with attention."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib.alignment import alignment_error_rate
from lib.attention import additive_attention
from lib.checks import Case, Report, expect_close, expect_parts, run_cases
from lib.datasets.words import PAD
from lib.models.sequences import sequence_loss

Looked = tuple[Tensor, Tensor]
Beams = tuple[Tensor, Tensor, Tensor]


def check_masked_attention(attend: Callable[..., Looked]) -> Report:
    """Check additive attention with a mask.

    Args:
        attend: maps query (batch, hidden), keys (batch, positions, hidden), values (batch,
            positions, size), mask (batch, positions) bool and score (hidden,) to context and
            weights.
    """

    def run(change: float = 1.0) -> tuple[Looked, Looked, Tensor]:
        query, keys, values, mask, score = _attention_inputs()
        score = change * score
        expected = additive_attention(query, keys, values, mask, score=score)
        return expect_parts(attend(query, keys, values, mask, score), 2), expected, mask

    def weights() -> None:
        got, expected, _ = run()
        expect_close(got[1], expected[1], hint="hide scores first, then softmax over positions")

    def context() -> None:
        got, expected, _ = run()
        expect_close(got[0], expected[0], hint="the weighted sum of values, not of keys")

    def hidden() -> None:
        got, _, mask = run()
        expect_close(
            got[1][~mask], torch.zeros(int((~mask).sum())),
            hint="Hide the scores before the softmax, so that the others still sum to 1.",
        )  # fmt: skip

    def large() -> None:
        got, expected, _ = run(1e4)
        expect_close(
            got[1], expected[1], hint="exp of a large score overflows; torch's softmax copes."
        )

    def alone() -> None:
        query, keys, values, _, score = _attention_inputs()
        mask = torch.zeros(3, 4, dtype=torch.bool)
        mask[:, 2] = True
        got, _ = expect_parts(attend(query, keys, values, mask, score), 2)
        expect_close(got, values[:, 2], hint="With one position left, its value is the context.")

    return run_cases(
        "masked attention",
        [
            Case("weights", weights),
            Case("context", context),
            Case("hidden positions get no weight", hidden),
            Case("very large scores", large),
            Case("one position left", alone),
        ],
    )


def check_masked_loss(masked_loss: Callable[[Tensor, Tensor], Tensor]) -> Report:
    """Check the mean of -log p(word) over all words that are not padding, which is 0.

    Args:
        masked_loss: maps logits (batch, steps, words) and target (batch, steps) to a scalar.
    """

    def by_hand() -> None:
        logits = torch.tensor([[[0.0, 0.0], [5.0, 0.0]]])
        expect_close(
            masked_loss(logits, torch.tensor([[1, PAD]])), math.log(2),
            hint="The second word is padding; the first costs log 2.",
        )  # fmt: skip

    def mean() -> None:
        logits, target = _sentences()
        expect_close(
            masked_loss(logits, target), sequence_loss(logits, target),
            hint="One mean over all words of the batch, not a mean of the sentences' means.",
        )  # fmt: skip

    def more_padding() -> None:
        logits, target = _sentences()
        wide = torch.cat([logits, 9 * torch.ones(3, 2, 6)], dim=1)
        padded = torch.cat([target, torch.full((3, 2), PAD)], dim=1)
        expect_close(
            masked_loss(wide, padded), sequence_loss(logits, target),
            hint="Two more columns of padding must change nothing.",
        )  # fmt: skip

    def gradient() -> None:
        logits, target = _sentences()
        logits.requires_grad_()
        (got,) = torch.autograd.grad(masked_loss(logits, target), logits)
        (expected,) = torch.autograd.grad(sequence_loss(logits, target), logits)
        expect_close(got, expected, hint="Padding gets no gradient.")

    return run_cases(
        "masked loss",
        [
            Case("one word, one padding", by_hand),
            Case("sentences of other lengths", mean),
            Case("more padding", more_padding),
            Case("gradients", gradient),
        ],
    )


def check_error_rate(error_rate: Callable[[Tensor, Tensor, Tensor], float]) -> Report:
    """Check the alignment error rate of tables of links.

    Args:
        error_rate: maps found, possible and sure, bool tables of one shape, to a number.
    """
    possible = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]).bool()
    sure = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]).bool()
    found = torch.tensor([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]).bool()

    def is_right(table: Tensor, hint: str = "") -> Callable[[], None]:
        expected = alignment_error_rate(table, possible, sure)
        return lambda: expect_close(
            float(error_rate(table.clone(), possible.clone(), sure.clone())), expected, hint=hint
        )

    return run_cases(
        "error rate",
        [
            Case("all that is possible is found", is_right(possible)),
            Case("one of the possible ones is enough",
                 is_right(possible & (torch.arange(4) != 3), "Links beyond S need not be found.")),
            Case("nothing right", is_right(~possible)),
            Case("nothing found", is_right(torch.zeros_like(found), "|A| is 0, |S| is not.")),
            Case("one wrong link", is_right(found, "Both |A ∩ S| and |A ∩ P| count.")),
        ],
    )  # fmt: skip


def check_beam_step(beam_step: Callable[[Tensor, Tensor, Tensor], Beams]) -> Report:
    """Check one step of beam search.

    Args:
        beam_step: maps log p of the beginnings (beams,), log p of each next word (beams, words)
            and done (beams,) bool to log p of the best continuations, best first, which beginning
            each continues, and its word.
    """

    def run(done: tuple[bool, bool] = (False, False)) -> Beams:
        log_p = torch.tensor([0.6, 0.4]).log()
        following = torch.tensor([[0.05, 0.5, 0.45], [0.05, 0.05, 0.9]]).log()
        return expect_parts(beam_step(log_p, following, torch.tensor(done)), 3)

    def numbers() -> None:
        expect_close(run()[0].exp(), torch.tensor([0.36, 0.3]), hint="p of a sentence is a product")

    def places() -> None:
        expect_close(run()[1], torch.tensor([1, 0]), hint="0.4 · 0.9 is more than 0.6 · 0.5")

    def words() -> None:
        expect_close(run()[2], torch.tensor([2, 1]))

    def ended() -> None:
        log_p, place, word = run((True, False))
        expect_close(log_p.exp(), torch.tensor([0.6, 0.36]), hint="A finished one keeps its log p.")
        expect_close(torch.stack([place, word]), torch.tensor([[0, 1], [PAD, 2]]),
                     hint="It is followed by PAD, and by nothing else.")  # fmt: skip

    def both_ended() -> None:
        log_p = torch.tensor([0.6, 0.1]).log()
        following = torch.tensor([[0.05, 0.5, 0.45], [0.05, 0.05, 0.9]]).log()
        best, place, word = expect_parts(beam_step(log_p, following, torch.tensor([True, True])), 3)
        hint = "Each finished one has one continuation, PAD, at no cost."
        expect_close(place, torch.tensor([0, 1]), hint=hint)
        expect_close(word, torch.tensor([PAD, PAD]), hint=hint)
        expect_close(best.exp(), torch.tensor([0.6, 0.1]), hint=hint)

    def one_beginning() -> None:
        log_p = torch.tensor([0.0, -torch.inf])
        following = torch.tensor([[0.2, 0.3, 0.5]] * 2).log()
        answer = expect_parts(beam_step(log_p, following, torch.tensor([False, False])), 3)
        expect_close(answer[1], torch.tensor([0, 0]), hint="Both continue the only beginning.")
        expect_close(answer[2], torch.tensor([2, 1]))

    return run_cases(
        "beam step",
        [
            Case("log p of the best two", numbers),
            Case("which beginnings they continue", places),
            Case("their words", words),
            Case("a finished beginning", ended),
            Case("all finished", both_ended),
            Case("the first step", one_beginning),
        ],
    )


def _attention_inputs() -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(5)
    query, keys = torch.randn(3, 5, generator=g), torch.randn(3, 4, 5, generator=g)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]]).bool()
    return query, keys, torch.randn(3, 4, 2, generator=g), mask, torch.randn(5, generator=g)


def _sentences() -> tuple[Tensor, Tensor]:
    logits = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(6))
    return logits, torch.tensor([[3, 4, 5, 2], [5, 2, PAD, PAD], [2, PAD, PAD, PAD]])
