"""Checks of the exercises of chapter 9, sequence to sequence with attention."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from chapters.seq2seq.mistakes import (
    attention_inputs,
    has_nan,
    right_loss,
    sentences,
    wrong_losses,
    wrong_rates,
    wrong_weights,
)
from lib.alignment import alignment_error_rate
from lib.attention import additive_attention
from lib.checks import Case, Report, agrees, expect_close, expect_parts, run_cases

Looked = tuple[Tensor, Tensor]
Beams = tuple[Tensor, Tensor, Tensor]


def check_masked_attention(attend: Callable[..., Looked]) -> Report:
    """Check additive attention with a mask.

    Args:
        attend: maps query (batch, hidden), keys (batch, positions, hidden), values (batch,
            positions, size), mask (batch, positions) bool and score (hidden,) to context and
            weights.
    """

    def run(change: float = 1.0) -> tuple[Looked, Looked]:
        query, keys, values, mask, score = attention_inputs()
        score = change * score
        answer = attend(query.clone(), keys.clone(), values.clone(), mask.clone(), score.clone())
        context, weights = expect_parts(answer, 2)
        if (_shape(context), _shape(weights)) == ((3, 4), (3, 2)):
            raise AssertionError("The results are swapped: the context comes first.")
        return (context, weights), additive_attention(query, keys, values, mask, score=score)

    def weights() -> None:
        got, expected = run()
        if has_nan(got[1]):
            raise AssertionError(
                "Some weights are not numbers (nan), since all positions were hidden. masked_fill "
                "fills where its argument is True, but your mask is True where it may look."
            )
        hint = "First the scores, then hide some of them, then a softmax over positions."
        expect_close(got[1], expected[1], wrong_weights(), hint)

    def context() -> None:
        (got, weights), (expected, a) = run()
        _, keys, values, _, _ = attention_inputs()
        if _shape(weights) == (3, 4) and agrees(got, (weights[..., None] * values).sum(1)):
            expect_close(got, expected, {}, "This fits your weights, but they are not right yet.")
        mistakes = {
            "You mixed the keys; the context is made of the values.": (a[..., None] * keys).sum(1),
            "You took a mean over positions. The weights sum to 1 already, so their products with "
            "the values only need to be added up.": (a[..., None] * values).mean(1),
            "The mean of the values ignores the weights.": values.mean(1),
        }
        expect_close(got, expected, mistakes, "The context is a weighted sum of the values.")

    def hidden() -> None:
        got, _ = run()
        mask = attention_inputs()[3]
        expect_close(
            got[1][~mask], torch.zeros(int((~mask).sum())),
            hint="A position where the mask is False should have weight 0.",
        )  # fmt: skip

    def large() -> None:
        (_, small), _ = run()
        got, expected = run(1e4)
        if not has_nan(small) and has_nan(got[1]):
            raise AssertionError("exp of a large score overflows; torch's softmax copes with it.")
        expect_close(got[1], expected[1])

    def alone() -> None:
        query, keys, values, _, score = attention_inputs()
        mask = torch.zeros(3, 4, dtype=torch.bool)
        mask[:, 2] = True
        hint = "If only one position is left, the context is its value."
        for change in (1, 1e4, -1e4):
            got, _ = expect_parts(attend(query, keys, values, mask, change * score), 2)
            expect_close(got, values[:, 2], {}, hint)
            hint = "A real score can be lower than the number that you hide others with."

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


def check_masked_loss(masked_loss: Callable[[Tensor, Tensor], Tensor], padding: int = 3) -> Report:
    """Check the mean of -log p(word) over all words that are not padding.

    Args:
        masked_loss: maps logits (batch, steps, words) and target (batch, steps) to a scalar.
        padding: the number that stands for padding.
    """

    def by_hand() -> None:
        logits = torch.zeros(1, 2, 8)
        logits[0, 1, padding] = 5
        expect_close(
            masked_loss(logits.clone(), torch.tensor([[0, padding]])), math.log(8),
            wrong_losses(logits, torch.tensor([[0, padding]]), padding),
            "The second word is padding, so it costs nothing. The first one costs log 8.",
        )  # fmt: skip

    def mean() -> None:
        logits, target = sentences(padding)
        expect_close(
            masked_loss(logits.clone(), target.clone()), right_loss(logits, target, padding),
            wrong_losses(logits, target, padding),
            "Take one mean of -log p over all words of the batch that are not padding.",
        )  # fmt: skip

    def more_padding() -> None:
        logits, target = sentences(padding)
        wide = torch.cat([logits, 9 * torch.ones(3, 2, 8)], dim=1)
        padded = torch.cat([target, torch.full((3, 2), padding)], dim=1)
        expect_close(
            masked_loss(wide.clone(), padded.clone()), right_loss(logits, target, padding),
            wrong_losses(wide, padded, padding),
            "Two more columns of padding must not change the loss.",
        )  # fmt: skip

    def gradient() -> None:
        logits, target = sentences(padding)
        logits.requires_grad_()
        loss = masked_loss(logits, target.clone())
        if not isinstance(loss, Tensor) or not loss.requires_grad:
            raise AssertionError("No gradient reaches the logits: return a tensor, not a number.")
        (got,) = torch.autograd.grad(loss, logits)
        (expected,) = torch.autograd.grad(right_loss(logits, target, padding), logits)
        expect_close(got, expected, {}, "Padding should get no gradient, and all words should.")

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
        def test() -> None:
            got = _number(error_rate(table.clone(), possible.clone(), sure.clone()))
            expected = alignment_error_rate(table, possible, sure)
            expect_close(got, expected, wrong_rates(table, possible, sure), hint)

        return test

    several = "A link that is possible but not sure need not be found."
    nothing = "If no link is found, |A| is 0, but |S| is not."
    return run_cases(
        "error rate",
        [
            Case("all that is possible is found", is_right(possible)),
            Case("one of the possible ones is enough",
                 is_right(possible & (torch.arange(4) != 3), several)),
            Case("nothing right", is_right(~possible)),
            Case("nothing found", is_right(torch.zeros_like(found), nothing)),
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
    following = torch.tensor([[0.05, 0.5, 0.45], [0.05, 0.05, 0.9]]).log()

    def run(p: tuple[float, float] = (0.6, 0.4), done: tuple[bool, bool] = (False, False)) -> Beams:
        answer = beam_step(torch.tensor(p).log(), following.clone(), torch.tensor(done))
        best, place, word = (torch.as_tensor(part) for part in expect_parts(answer, 3))
        return best, place, word

    def numbers() -> None:
        mistakes = {
            "You returned probabilities; return their logarithms.": torch.tensor([0.36, 0.3]),
            "The best continuation comes first, whichever beginning it continues.":
                torch.tensor([0.3, 0.36]).log(),
            "You ranked the next words alone, but the log p of their beginning counts, too.":
                torch.tensor([0.9, 0.5]).log(),
            "You multiplied logarithms. To multiply probabilities, add their logarithms.":
                torch.tensor([0.4, 0.4]).log() * math.log(0.05),
        }  # fmt: skip
        expect_close(run()[0], torch.tensor([0.36, 0.3]).log(), mistakes)

    def places() -> None:
        mistakes = {
            "These are the words. The beginnings come second, the words third.":
                torch.tensor([2, 1]),
            "These are indices of the flattened table, not beginnings.": torch.tensor([5, 1]),
            "Divide an index of the flattened table by the number of words, not of beams.":
                torch.tensor([2, 0]),
        }  # fmt: skip
        expect_close(run()[1], torch.tensor([1, 0]), mistakes, "0.4 · 0.9 is more than 0.6 · 0.5.")

    def words() -> None:
        mistakes = {
            "These are indices of the flattened table, not words.": torch.tensor([5, 1]),
            "These are the beginnings. The words come third.": torch.tensor([1, 0]),
            "Take the remainder of a division by the number of words, not of beams.":
                torch.tensor([1, 1]),
        }  # fmt: skip
        expect_close(run()[2], torch.tensor([2, 1]), mistakes)

    def together() -> None:
        best, place, word = run((0.9, 0.1))
        said = "You kept one continuation of each beginning, but the best two can share one."
        expect_close(
            best, torch.tensor([0.45, 0.405]).log(), {said: torch.tensor([0.45, 0.09]).log()}
        )
        expect_close(torch.stack([place, word]), torch.tensor([[0, 0], [1, 2]]))

    def ended() -> None:
        best, place, word = run(done=(True, False))
        mistakes = {
            "You continued a beginning that has ended.": torch.tensor([0.36, 0.3]).log(),
            "Padding costs nothing, so a beginning that has ended keeps its log p.":
                torch.tensor([0.36, 0.03]).log(),
            "You dropped the beginning that has ended, but it still competes with the others.":
                torch.tensor([0.36, 0.02]).log(),
            "You made every word free for a beginning that has ended. Only padding may follow it.":
                torch.tensor([0.6, 0.6]).log(),
        }  # fmt: skip
        hint = "A beginning that has ended is continued by padding, word 0, and by nothing else."
        expect_close(best, torch.tensor([0.6, 0.36]).log(), mistakes, hint)
        expect_close(torch.stack([place, word]), torch.tensor([[0, 1], [0, 2]]), {}, hint)

    def both_ended() -> None:
        best, place, word = run((0.6, 0.1), (True, True))
        said = "You made padding free, but left an ended beginning its other words, too."
        hint = "Each beginning that has ended has one continuation: padding, at no cost."
        expect_close(
            best, torch.tensor([0.6, 0.1]).log(), {said: torch.tensor([0.6, 0.3]).log()}, hint
        )
        expect_close(torch.stack([place, word]), torch.tensor([[0, 1], [0, 0]]), {}, hint)

    def one_beginning() -> None:
        _, place, word = run((1.0, 0.0))
        hint = "A beginning of probability 0 is never continued, so both continue the other one."
        expect_close(torch.stack([place, word]), torch.tensor([[0, 0], [1, 2]]), {}, hint)

    return run_cases(
        "beam step",
        [
            Case("log p of the best two", numbers),
            Case("which beginnings they continue", places),
            Case("their words", words),
            Case("both continue the same beginning", together),
            Case("a finished beginning", ended),
            Case("all finished", both_ended),
            Case("the first step", one_beginning),
        ],
    )


def _number(answer: Any) -> float:
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError):
        raise AssertionError(f"expected one number; got {type(answer).__name__}") from None


def _shape(answer: object) -> tuple[int, ...]:
    return tuple(getattr(answer, "shape", ()))
