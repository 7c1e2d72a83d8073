"""What the weight on a thing is compared with: other pictures' maps, and other things."""

from collections.abc import Sequence
from statistics import fmean

import torch
from torch import Tensor
from torch.nn import functional

from chapters.captioning import looks
from chapters.captioning.contest import ATTENTION, Contest

OTHER_PICTURES, OTHER_THINGS = NAMES = ("mean map of other pictures", "on another thing")


def inside(found: Contest, kinds: Sequence[str]) -> dict[str, dict[str, float]]:
    """For each baseline of `NAMES` and each kind of word: percent of the weights, over the seeds.

    Args:
        kinds: kinds of words about a thing.
    """
    data = found.pictures
    covered = covers(data.known.about, data.test.object_masks, data.z.shape[2:])
    result: dict[str, dict[str, float]] = {name: {} for name in NAMES}
    for kind in kinds:
        where = data.words_of(kind)
        for name, share in zip(NAMES, (of_other_pictures, on_other_things), strict=True):
            result[name][kind] = fmean(
                share(one.weights, where, data.known.about, covered)
                for one in found.graded[ATTENTION]
            )
    return result


def covers(about: Tensor, owners: Tensor, grid: Sequence[int]) -> Tensor:
    """The share of each place that each thing covers: (batch, things, places), 0 to 1.

    The things are numbered as in `about`, (batch, steps); one that is not in the picture covers
    nothing.

    Args:
        owners: (batch, height, width), see `looks.cover`.
        grid: rows and columns.
    """
    covered = looks.cover(owners, *grid).flatten(2)
    missing = max(0, int(about.max()) + 1 - covered.shape[1])
    return functional.pad(covered, (0, 0, 0, missing))


def of_other_pictures(weights: Tensor, where: Tensor, about: Tensor, covered: Tensor) -> float:
    """Percent that the mean map of such words in all other pictures has on each word's thing.

    Args:
        weights: (batch, steps, places), which sum to 1.
        where: (batch, steps) bool, words about a thing, in two pictures or more.
        about: (batch, steps), the number of each word's thing.
        covered: see `covers`.
    """
    own = (weights * where[..., None]).sum(dim=1)
    count = where.sum(dim=1, keepdim=True)
    mean = (own.sum(dim=0) - own) / (count.sum() - count).clamp(min=1)
    picture, step = where.nonzero(as_tuple=True)
    return 100 * float((mean[picture] * covered[picture, about[picture, step]]).sum(-1).mean())


def on_other_things(weights: Tensor, where: Tensor, about: Tensor, covered: Tensor) -> float:
    """Percent of the weights on a thing of the same picture that the word is not about.

    It is a mean over these things, and over words in pictures that have any; NaN if none has.
    The arguments are those of `of_other_pictures`.
    """
    picture, step = where.nonzero(as_tuple=True)
    share = torch.einsum("wp,wkp->wk", weights[picture, step], covered[picture])
    others = covered[picture].any(dim=-1)
    others[:, 0] = False  # the background
    others[torch.arange(len(picture)), about[picture, step]] = False
    several = others.any(dim=1)
    mean = (share * others).sum(dim=1) / others.sum(dim=1).clamp(min=1)
    return 100 * float(mean[several].mean())
