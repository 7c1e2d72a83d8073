import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from lib.visualization.gradients import saliency
from lib.visualization.scores import (
    energy_inside,
    pointing_game,
    randomize_layers,
    rank_correlation,
)

CLASSES = torch.tensor([0, 3, 1])
MASK = torch.tensor([[[True, True], [False, False]]])


@pytest.mark.parametrize(
    ("values", "energy", "pointing"),
    [
        ([[3.0, 0], [1, 0]], 0.75, 1),
        ([[1.0, 1], [4, 2]], 0.25, 0),
        ([[3.0, -9], [1, -1]], 0.75, 1),  # negative values count as nothing
        ([[4.0, 0], [4, 0]], 0.5, 0.5),  # a tie
        ([[0.0, 0], [0, 0]], 0.5, 0.5),  # points nowhere: the mask's share
        ([[3e-30, 0], [1e-30, 0]], 0.75, 1),
        ([[3e38, 0], [1e38, 0]], 0.75, 1),
    ],
)
def test_scores_against_a_mask_by_hand(values, energy, pointing):
    maps = torch.tensor([values])
    assert energy_inside(maps, MASK).tolist() == pytest.approx([energy])
    assert pointing_game(maps, MASK).tolist() == [pointing]
    assert torch.equal(energy_inside(maps, MASK[:, None]), energy_inside(maps, MASK))


def test_a_tolerance_widens_the_mask():
    maps, mask = torch.zeros(1, 7, 7), torch.zeros(1, 7, 7, dtype=torch.bool)
    maps[0, 3, 5], mask[0, 3, 3] = 1.0, True
    assert [pointing_game(maps, mask, tolerance=t).item() for t in (0, 1, 2)] == [0, 0, 1]


def test_half_precision_maps_are_summed_in_float32():
    maps, mask = torch.ones(1, 300, 300, dtype=torch.float16), torch.zeros(1, 300, 300).bool()
    mask[:, :100] = True
    assert energy_inside(maps, mask).item() == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("maps", "masks", "error"),
    [
        (torch.rand(1, 2, 2), MASK.float(), TypeError),
        (torch.rand(2, 2, 2), MASK, ValueError),
        (torch.rand(1, 3, 2, 2), MASK, ValueError),
        (torch.full((1, 2, 2), float("nan")), MASK, ValueError),
    ],
)
def test_maps_and_masks_that_do_not_fit_are_refused(maps, masks, error):
    for score in (energy_inside, pointing_game):
        with pytest.raises(error):
            score(maps, masks)
    with pytest.raises(ValueError, match="tolerance"):
        pointing_game(torch.rand(1, 2, 2), MASK, tolerance=-1)


def test_rank_correlation_is_scipy_s_with_ties():
    g = torch.Generator().manual_seed(0)
    maps, others = (torch.randint(0, 6, (5, 4, 7), generator=g).float() for _ in range(2))
    got = rank_correlation(maps, others)
    for value, a, b in zip(got, maps, others, strict=True):
        assert value.item() == pytest.approx(spearmanr(a.flatten(), b.flatten()).statistic)


def test_rank_correlation_sees_order_alone():
    maps = torch.rand(2, 5, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(rank_correlation(maps, maps.exp() * 7), torch.ones(2))
    torch.testing.assert_close(rank_correlation(maps, -maps), -torch.ones(2))
    assert rank_correlation(maps, torch.ones_like(maps)).tolist() == [0, 0]
    with pytest.raises(ValueError, match="one shape"):
        rank_correlation(maps, maps[:1])
    with pytest.raises(ValueError, match="finite"):
        rank_correlation(maps, maps / 0)


def test_randomized_layers_are_shuffled_and_the_rest_stays(network, images, left_alone, seeded):
    model = network("batch norm", training=True)
    with left_alone(model):
        changed = randomize_layers(model, ["7", "9"], generator=seeded())
    for (name, old), new in zip(model.named_parameters(), changed.parameters(), strict=True):
        same = torch.equal(old, new)
        assert same == (name.split(".")[0] not in ("7", "9")), name
        assert torch.equal(old.flatten().sort().values, new.flatten().sort().values)
        assert new.requires_grad == old.requires_grad
    assert not torch.equal(saliency(model, images, 0), saliency(changed, images, 0))


def test_shared_weights_are_shuffled_once_and_stay_shared(seeded):
    layer = nn.Linear(5, 5)
    model = nn.Sequential(layer, layer)
    changed = randomize_layers(model, ["0", "1"], generator=seeded(1))
    once = randomize_layers(model, ["0"], generator=seeded(1))
    assert changed[0].weight is changed[1].weight
    assert torch.equal(changed[0].weight, once[0].weight)


def test_layers_that_cannot_be_randomized_are_refused(network, seeded):
    with pytest.raises(ValueError, match="no layer 'top'"):
        randomize_layers(network(), ["0", "top"], generator=seeded())
    with pytest.raises(ValueError, match="has weights"):
        randomize_layers(network(), ["1"], generator=seeded())


def test_float64_maps_are_scored_in_float64():
    mask = torch.tensor([[[False, True]]])

    def maps(*values):
        return torch.tensor([[values]], dtype=torch.float64)

    assert pointing_game(maps(1, 1 + 1e-12), mask).tolist() == [1]
    for scale in (1e-60, 1e-300, 1e60, 1e300):
        assert energy_inside(maps(scale, 3 * scale), mask).tolist() == pytest.approx([0.75])
    assert rank_correlation(maps(1, 1 + 1e-12), maps(1e-300, 2e-300)).tolist() == pytest.approx([1])


def test_a_trained_model_with_weight_norm_is_shuffled(network, images, seeded):
    model = network()
    nn.utils.weight_norm(model[0])
    model(images).sum().backward()
    changed = randomize_layers(model, ["0"], generator=seeded())
    assert not torch.equal(changed(images), model(images))
