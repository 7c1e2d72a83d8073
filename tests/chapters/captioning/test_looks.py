import pytest
import torch
from torch.nn import functional

from chapters.captioning.looks import cover, judge_looks
from lib.datasets.captions import NOTHING, as_captions
from lib.datasets.scenes import load_scenes
from lib.visualization.scores import energy_inside, pointing_game


@pytest.fixture(scope="module")
def scenes():
    return load_scenes(12, generator=torch.Generator().manual_seed(0), size=48, objects=(1, 3))


def looks(scenes, rows=4, columns=6, seed=0):
    about = as_captions(scenes.scenes).about
    shape = (*about.shape, rows * columns)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).softmax(-1), about


def test_things_cover_the_picture_together(scenes):
    covered = cover(scenes.object_masks, 4, 6)
    torch.testing.assert_close(covered.sum(1), torch.ones(12, 4, 6))
    areas = torch.stack([(scenes.object_masks == k).float().mean((1, 2)) for k in range(4)], 1)
    torch.testing.assert_close(covered.mean((2, 3)), areas)


def test_scores_are_those_of_maps_blown_up_to_the_picture(scenes):
    weights, about = looks(scenes)
    found = judge_looks(weights, about, scenes.object_masks, rows=4)
    for row, step in ((0, 1), (3, 2), (7, 4)):
        if about[row, step] == NOTHING:
            continue
        mask = (scenes.object_masks[row] == about[row, step])[None]
        grid = weights[row, step].view(1, 1, 4, 6)
        blown = functional.interpolate(grid, size=(48, 48), mode="nearest")[:, 0]
        torch.testing.assert_close(found.inside[row, step], energy_inside(blown, mask)[0])
        assert bool(found.on[row, step]) == (float(pointing_game(blown, mask)) > 0)
        even = energy_inside(torch.ones(1, 48, 48), mask)[0]
        torch.testing.assert_close(found.even[row, step], even)


def test_even_weights_find_a_thing_as_often_as_it_is_large(scenes):
    weights, about = looks(scenes)
    found = judge_looks(torch.full_like(weights, 1 / 24), about, scenes.object_masks, rows=4)
    torch.testing.assert_close(found.inside, found.even, equal_nan=True)


def test_words_about_no_thing_are_not_judged(scenes):
    weights, about = looks(scenes)
    for score in judge_looks(weights, about, scenes.object_masks, rows=4):
        assert torch.equal(score.isnan(), about == NOTHING)


def test_a_thing_that_is_not_there_is_never_found():
    weights, about = torch.full((1, 1, 4), 0.25), torch.tensor([[3]])
    found = judge_looks(weights, about, torch.ones(1, 8, 8, dtype=torch.int8), rows=2)
    assert [float(score) for score in found] == [0, 0, 0]


@pytest.mark.parametrize(("steps", "places", "pictures"), [(2, 4, 1), (1, 5, 1), (1, 4, 2)])
def test_shapes_that_do_not_fit_are_refused(steps, places, pictures):
    weights, owners = torch.full((1, 1, places), 1 / places), torch.zeros(pictures, 8, 8)
    with pytest.raises(ValueError, match="2 rows; got"):
        judge_looks(weights, torch.zeros(1, steps, dtype=torch.int64), owners, rows=2)
