import math
from types import SimpleNamespace

import pytest
import torch

from chapters.captioning.baselines import NAMES, covers, inside, of_other_pictures, on_other_things
from chapters.captioning.contest import ATTENTION

# Two pictures of four places. In the first, thing 1 covers place 0 and thing 2 covers half of
# place 1; in the second, thing 1 covers place 3. Each is named by one word, and the last word of
# the first picture names thing 2.
ABOUT = torch.tensor([[1, 2], [1, -1]])
COVERED = torch.zeros(2, 3, 4)
COVERED[0, 1, 0] = COVERED[1, 1, 3] = 1
COVERED[0, 2, 1] = 0.5
WEIGHTS = torch.tensor([
    [[0.6, 0.2, 0.1, 0.1], [0.3, 0.4, 0.2, 0.1]],
    [[0.1, 0.1, 0.2, 0.6], [0.25, 0.25, 0.25, 0.25]],
])  # fmt: skip
NAMED = ABOUT > 0


def test_the_mean_map_leaves_out_the_picture_itself():
    first = torch.tensor([[True, False], [True, False]])
    # The other picture's map has 0.1 at place 0, and 0.1 at place 3.
    assert of_other_pictures(WEIGHTS, first, ABOUT, COVERED) == pytest.approx(10)
    # Picture 1: 0.1 at place 0, and half of 0.1 at place 1. Picture 2: the mean of 0.1 and 0.1.
    expected = 100 * (0.1 + 0.05 + 0.1) / 3
    assert of_other_pictures(WEIGHTS, NAMED, ABOUT, COVERED) == pytest.approx(expected)


def test_other_things_of_the_same_picture_count_and_backgrounds_do_not():
    with_background = COVERED.clone()
    with_background[:, 0] = 1 - COVERED.sum(1)
    for covered in (COVERED, with_background):
        # Word 1 of picture 1: half of 0.2. Word 2: 0.3. Picture 2 has one thing.
        assert on_other_things(WEIGHTS, NAMED, ABOUT, covered) == pytest.approx(20)


def test_without_other_things_there_is_no_number():
    where = torch.tensor([[False, False], [True, False]])
    assert math.isnan(on_other_things(WEIGHTS, where, ABOUT, COVERED))


def test_things_that_are_not_in_any_picture_cover_nothing():
    owners = torch.tensor([[[1, 1], [0, 0]]])
    covered = covers(torch.tensor([[3, -1]]), owners, (2, 2))
    assert covered.shape == (1, 4, 4)
    assert covered[0].tolist() == [[0, 0, 1, 1], [1, 1, 0, 0], [0] * 4, [0] * 4]


def test_each_baseline_is_a_mean_over_the_networks():
    owners = torch.tensor([[[1, 2], [0, 0]], [[0, 0], [0, 1]]])
    pictures = SimpleNamespace(
        known=SimpleNamespace(about=ABOUT),
        test=SimpleNamespace(object_masks=owners),
        z=torch.zeros(1, 1, 2, 2),
        words_of=lambda kind: NAMED,
    )
    graded = [SimpleNamespace(weights=WEIGHTS), SimpleNamespace(weights=WEIGHTS.flip(-1))]
    found = inside(SimpleNamespace(pictures=pictures, graded={ATTENTION: graded}), ["color"])
    covered = covers(ABOUT, owners, (2, 2))
    for name, share in zip(NAMES, (of_other_pictures, on_other_things), strict=True):
        each = [share(one.weights, NAMED, ABOUT, covered) for one in graded]
        assert found[name] == {"color": pytest.approx(sum(each) / 2)}
