"""Wrong answers that learners give in chapter 9, and what each of them is told."""

import torch
from torch import Tensor
from torch.nn import functional

from lib.checks import Mistakes


def has_nan(got: object) -> bool:
    """Whether some number of a tensor is nan."""
    return isinstance(got, Tensor) and bool(got.isnan().any())


def attention_inputs() -> tuple[Tensor, ...]:
    """Query, keys, values, mask and score of three sentences with four positions."""
    g = torch.Generator().manual_seed(5)
    query, keys = torch.randn(3, 5, generator=g), torch.randn(3, 4, 5, generator=g)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]]).bool()
    return query, keys, torch.randn(3, 4, 2, generator=g), mask, torch.randn(5, generator=g)


def wrong_weights() -> Mistakes:
    """Wrong attention weights for `attention_inputs`."""
    query, keys, _, mask, score = attention_inputs()
    together = query[:, None] + keys
    e = torch.tanh(together) @ score

    def hide(scores: Tensor) -> Tensor:
        return scores.masked_fill(~mask, -torch.inf)

    return {
        "The mask is not used: these weights are those of a decoder that looks everywhere.":
            e.softmax(1),
        "You set weights to 0 after the softmax, so the others no longer sum to 1.":
            e.softmax(1) * mask,
        "A hidden score became 0, but exp(0) is 1, so its weight is not 0.": (e * mask).softmax(1),
        "The softmax runs over the batch; it should run over the positions of each sentence.":
            hide(e).softmax(0),
        "These are scores. A softmax turns them into weights.": hide(e),
        "These weights do not sum to 1: exp alone is not a softmax.": hide(e).exp(),
        "The tanh is missing.": hide(together @ score).softmax(1),
        "The tanh belongs inside: it comes before the product with v.":
            hide(torch.tanh(together @ score)).softmax(1),
    }  # fmt: skip


def right_loss(logits: Tensor, target: Tensor, padding: int) -> Tensor:
    """The mean of -log p over all words that are not padding."""
    return functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=padding)


def wrong_losses(logits: Tensor, target: Tensor, padding: int) -> Mistakes:
    """Wrong means of -log p."""

    def of_right(table: Tensor) -> Tensor:
        return table.gather(-1, target[..., None])[..., 0]

    def mean(costs: Tensor, m: Tensor) -> Tensor:
        return (m * costs).sum() / m.sum()

    m, cost = (target != padding).double(), -of_right(logits.log_softmax(-1))
    return {
        "You averaged over padding, too.": cost.mean(),
        "Padding costs nothing here, but it still counts in the divisor.": (m * cost).mean(),
        "This is a mean of the sentences' means. Every word should count alike, so that a long "
        "sentence counts more than a short one.": ((m * cost).sum(1) / m.sum(1)).mean(),
        "You divided by the number of sentences; divide by the number of words.":
            (m * cost).sum() / len(target),
        "This is a sum; (4) is a mean.": (m * cost).sum(),
        "The sign is wrong: log p is negative, and a loss is not.": -mean(cost, m),
        "You took the logits for log probabilities. A softmax is missing.":
            -mean(of_right(logits), m),
        "You took probabilities. Their logarithm is missing.": -mean((-cost).exp(), m),
        "The softmax runs over the steps; it should run over the words.":
            mean(-of_right(logits.log_softmax(1)), m),
        "You took 0 for padding, but here it is a word, and padding is another number.":
            mean(cost, (target != 0).double()),
        "You took numbers below PADDING for padding, too, but they are words.":
            mean(cost, (target > padding).double()),
        "The mask is the wrong way around: these are the costs of padding.": mean(cost, 1 - m),
    }  # fmt: skip


def sentences(padding: int) -> tuple[Tensor, Tensor]:
    """Logits and targets of three sentences of eight words, of which `padding` is none."""
    logits = torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(6))
    a, b, c, d, _, e, f = (word for word in range(8) if word != padding)
    rows = [[f, a, d, b], [e, a, padding, padding], [c, padding, padding, padding]]
    return logits, torch.tensor(rows)


def wrong_rates(found: Tensor, possible: Tensor, sure: Tensor) -> Mistakes:
    """Wrong alignment error rates."""
    in_sure, in_possible = (found & sure).sum(), (found & possible).sum()
    both, total = in_sure + in_possible, found.sum() + sure.sum()
    return {
        "This is the share that is right; an error rate is 1 minus it.": both / total,
        "This is in percent; return a number from 0 to 1.": 100 * (1 - both / total),
        "Brackets are missing: all of the numerator is divided.": 1 - in_sure + in_possible / total,
        "You divided by |A| + |P|. Possible links need not be found, so |P| does not count.":
            1 - both / (found.sum() + possible.sum()),
        "This counts only the sure links. Links that are possible are no mistakes, either.":
            1 - 2 * in_sure / total,
        "|A ∩ P| is missing.": 1 - in_sure / total,
        "|A ∩ S| is missing.": 1 - in_possible / total,
        "This is 1 minus precision: it does not notice sure links that were not found.":
            1 - in_possible / found.sum(),
        "This is 1 minus recall: it does not notice links that are wrong.":
            1 - in_sure / sure.sum(),
        "You joined the tables (A or S). A link counts if it is in both.":
            1 - ((found | sure).sum() + (found | possible).sum()) / total,
    }  # fmt: skip
