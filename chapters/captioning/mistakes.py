"""Wrong answers that learners give in chapter 10, and what each of them is told."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from lib.checks import Mistakes


def has_nan(got: object) -> bool:
    """Whether some number of a tensor is nan."""
    return isinstance(got, Tensor) and bool(got.isnan().any())


def wrong_looks(
    s: Tensor, z: Tensor, W: Tensor, U: Tensor, b: Tensor, v: Tensor
) -> dict[str, Tensor]:
    """Wrong attention weights over a grid."""
    asked, answered = (s @ W.T)[:, None, None], torch.einsum("ud,ndij->niju", U, z)
    together = asked + answered + b
    e, grid = torch.tanh(together) @ v, z.shape[2:]
    rows, columns = grid

    def whole(scores: Tensor) -> Tensor:
        return scores.flatten(1).softmax(1).view(len(z), *grid)

    mixed = z.reshape(len(z), rows * columns, -1)  # channels and places in a wrong order
    scores = torch.tanh((s @ W.T)[:, None] + mixed @ U.T + b) @ v
    return {
        "The softmax runs along each row; one softmax should run over all places.": e.softmax(2),
        "The softmax runs along each column; one softmax should run over all places.":
            e.softmax(1),
        "The softmax runs over the pictures of the batch; it should run over the places of each.":
            e.softmax(0),
        "These are scores. A softmax turns them into weights.": e,
        "The weights are right, but they should keep the grid's rows and columns.":
            whole(e).flatten(1),
        "The tanh is missing.": whole(together @ v),
        "The bias b is missing.": whole(torch.tanh(asked + answered) @ v),
        "The scores ignore the decoder's state, which should ask.":
            whole(torch.tanh(answered + b) @ v),
        "A reshape has mixed channels with places. Flatten the grid first, then move the channels "
        "to the end.": scores.softmax(1).view(len(z), *grid),
        "The weights of the grid are transposed.": whole(e).mT,
    }  # fmt: skip


def wrong_contexts(z: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """Wrong contexts that the right weights give."""
    mixed = weights[:, None] * z
    return {
        "You took a mean over places. The weights sum to 1 already, so only add up.":
            mixed.mean((2, 3)),
        "The mean of the features ignores the weights.": z.mean((2, 3)),
        "You added up one direction of the grid only.": mixed.sum(3),
        "You multiplied by the weights, but did not add up over places.": mixed,
        "You added up over channels; add up over places, so that the channels remain.":
            mixed.sum(1),
    }  # fmt: skip


def precision(
    said: Sequence[str], reference: Sequence[str], n: int, *, clipped: bool = True,
    places: bool = False, short: int = 0, of: str = "runs", once: bool = False,
) -> float:  # fmt: skip
    """The clipped precision of runs of n words, or a wrong one with one thing changed."""

    def runs(words: Sequence[str]) -> list[tuple[str, ...]]:
        return [tuple(words[k : k + n]) for k in range(max(len(words) - n + 1 + short, 0))]

    given, known = runs(said), runs(reference)
    hits = sum((Counter(given) & Counter(known)).values())
    if places:
        hits = sum(a == b for a, b in zip(given, known, strict=False))
    elif once:
        hits = len(set(given) & set(known))
    elif not clipped:
        hits = sum(run in known for run in given)
    divisor = {"runs": given, "reference": known, "words": said, "kinds": set(given)}[of]
    return hits / len(divisor) if divisor else 0.0


def wrong_precisions(said: Sequence[str], reference: Sequence[str], n: int) -> dict[str, float]:
    """Wrong precisions of one sentence."""
    given = (said, reference, n)
    return {
        "A run counts at most as often as the reference has it.": precision(*given, clipped=False),
        "Every run counts, also one that occurs twice. A set forgets how often.":
            precision(*given, once=True),
        "Every run of what was said counts in the divisor, also one that occurs twice.":
            precision(*given, once=True, of="kinds"),
        "A run may stand anywhere in the reference, not only at the same place.":
            precision(*given, places=True),
        "The order of the words counts from n = 2 on.":
            precision(sorted(said), sorted(reference), n),
        "You divided by the runs of the reference. That is recall; divide by the runs of what was "
        "said.": precision(*given, of="reference"),
        "You divided by the number of words; divide by the number of runs.":
            precision(*given, of="words"),
        "The last run is missing: m words have m - n + 1 runs.": precision(*given, short=-1),
        "Some runs are too short: at the end of a sentence, there are no n words left.":
            precision(*given, short=n - 1),
        "These runs have one word too few or too many.": precision(said, reference, n + 1),
        "This counts single words; runs have n words.": precision(said, reference, 1),
        "You counted the hits; return their share.": precision(*given) * max(len(said) - n + 1, 0),
    }  # fmt: skip


def wrong_shares(weights: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Wrong shares of the weights inside a mask."""
    rows, columns = weights.shape
    high, wide = mask.shape[0] // rows, mask.shape[1] // columns
    cells = mask.float().view(rows, high, columns, wide)
    covered = cells.mean((1, 3))
    mixed = mask.float().reshape(rows, columns, high, wide).mean((2, 3))
    return {
        "A place counts by the part of it that is covered, not wholly as soon as it is touched.":
            (weights * cells.amax((1, 3))).sum(),
        "A place that is covered only in part counts, too.": (weights * cells.amin((1, 3))).sum(),
        "A place counts by the part of it that is covered. You counted it wholly or not at all.":
            (weights * (covered >= 0.5)).sum(),
        "One pixel of a place is not enough: take the mean over all of its pixels.":
            (weights * cells[:, 0, :, 0]).sum(),
        "This looks at the pixel in the middle of a place; take the mean over all of its pixels.":
            (weights * cells[:, high // 2, :, wide // 2]).sum(),
        "Pixels were assigned to the wrong places. A place has pixels of several rows of the mask: "
        "split the height first, then the width.": (weights * mixed).sum(),
        "Each pixel got the weight of its whole place. The pixels of a place share its weight.":
            (weights * cells.sum((1, 3))).sum(),
        "This is the mask's share of the picture; the weights play no part in it.":
            mask.float().mean(),
        "Add up the products; the weights sum to 1 already, so a mean is too small.":
            (weights * covered).mean(),
        "You divided by the area of the mask; (5) does not.":
            (weights * covered).sum() / covered.sum(),
        "This is the share outside.": 1 - (weights * covered).sum(),
    }  # fmt: skip


def attend_to_itself(
    x: Tensor, W_q: Tensor, W_k: Tensor, W_v: Tensor, first: int, last: int = 0, *,
    root: float | None = None, dim: int = -1,
) -> Tensor:  # fmt: skip
    """Self-attention in which word t sees the words from t + `first` to t + `last`."""
    q, k, v = (x @ weight.T for weight in (W_q, W_k, W_v))
    e = q @ k.mT / (x.shape[2] ** 0.5 if root is None else root)
    place = torch.arange(x.shape[1])
    ahead = place[None] - place[:, None]
    return e.masked_fill((ahead < first) | (ahead > last), -torch.inf).softmax(dim) @ v


def wrong_attentions(x: Tensor, W_q: Tensor, W_k: Tensor, W_v: Tensor, window: int) -> Mistakes:
    """Wrong results of self-attention with a window."""
    given, first, many = (x, W_q, W_k, W_v), 1 - window, x.shape[1]
    swapped = attend_to_itself(x, W_k, W_q, W_v, first)
    q, k, v = (x @ weight.T for weight in given[1:])
    e = q @ k.mT / x.shape[2] ** 0.5
    seen = torch.ones(many, many).tril().triu(first)
    return {
        "Words see later words. Hide these before the softmax.":
            attend_to_itself(*given, -many, many),
        "No word sees a later one, but each sees all the words before it. The window is missing.":
            attend_to_itself(*given, -many),
        "The window is one word too wide: a word is one of the WINDOW words that it sees.":
            attend_to_itself(*given, first - 1),
        "The window is one word too narrow: a word sees WINDOW words, itself included.":
            attend_to_itself(*given, first + 1),
        "The window is the wrong way around: words see later words instead of earlier ones.":
            attend_to_itself(*given, 0, window - 1),
        "The window reaches to both sides, but no word should see a later one.":
            attend_to_itself(*given, first, window - 1),
        "Scores should be divided by the root of d.": attend_to_itself(*given, first, root=1),
        "You divided by d; divide by its root.": attend_to_itself(*given, first, root=x.shape[2]),
        "You divided by the root of the number of words; take that of d.":
            attend_to_itself(*given, first, root=many**0.5),
        "You multiplied by the root of d; divide by it.":
            attend_to_itself(*given, first, root=x.shape[2] ** -0.5),
        "The softmax runs over the words that ask; it should run over the words that are asked.":
            attend_to_itself(*given, first, dim=1),
        "Queries and keys are swapped.": swapped,
        "The values are x itself; W_v is not used.":
            attend_to_itself(x, W_q, W_k, torch.eye(x.shape[2]), first),
        "Project with x @ W.T. Without the transpose, rows and columns of W are swapped.":
            attend_to_itself(x, W_q.T, W_k.T, W_v.T, first),
        "Hidden weights were set to 0 after the softmax, so the others no longer sum to 1.":
            (e.softmax(-1) * seen) @ v,
        "A hidden score became 0, but exp(0) is 1, so its weight is not 0.":
            (e * seen).softmax(-1) @ v,
    }  # fmt: skip
