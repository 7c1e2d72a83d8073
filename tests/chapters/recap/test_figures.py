import numpy as np
import pytest
import torch

from chapters.recap import figures
from chapters.recap.costs import architecture, layer_costs, stage_costs
from chapters.recap.figures import DENSE_COLOR, STAGE_COLORS
from tests.drawn import texts, xy


def test_positive_weights_are_blue_and_negative_ones_red():
    weights = torch.zeros(2, 3, 4)
    weights[0, 0, 0], weights[0, 1, 1] = 5, -5
    pictures = figures.signed_pictures(weights)
    assert pictures.shape == (2, 3, 3, 4)
    red, _, blue = pictures[0, :, 0, 0]
    assert blue > red
    red, _, blue = pictures[0, :, 1, 1]
    assert red > blue
    assert bool((pictures[1] > 0.9).all())  # zero is paper, also where all is zero


def test_templates_stand_below_the_means_and_are_named():
    names = [f"class {n}" for n in range(10)]
    made = figures.templates_figure(torch.rand(10, 5, 5), torch.randn(10, 5, 5), names)
    assert texts(made.axes[0]) + texts(made.axes[2]) == names
    assert [len(ax.images) for ax in made.axes] == [1, 1, 1, 1]


def test_a_descent_draws_every_update_from_the_start_to_the_best():
    path = torch.tensor([[-1.0, 1.0], [0.0, 0.5], [0.5, 0.25]])
    made = figures.descent_figure(
        torch.rand(9, 11) + 1, (-2, 2, -1, 1), path, torch.tensor([0.5, 0.0])
    )
    moved, start, best = made.axes[0].lines
    assert xy(moved) == ([-1.0, 0.0, 0.5], [1.0, 0.5, 0.25])
    assert (xy(start), xy(best)) == (([-1.0], [1.0]), ([0.5], [0.0]))
    assert made.axes[0].get_xlim() == (-2, 2)


def test_a_crease_lies_where_the_unit_is_zero(ax):
    weights, biases = torch.tensor([[1.0, 2.0], [0.0, -3.0]]), torch.tensor([0.5, 1.0])
    figures.plot_creases(ax, weights, biases, reach=2.0)
    for line, w, b in zip(ax.lines, weights, biases, strict=True):
        x, y = map(torch.tensor, xy(line))
        torch.testing.assert_close(w[0] * x + w[1] * y + b, torch.zeros(2), atol=1e-5, rtol=0)


def test_a_boundary_shows_both_groups_by_color_and_shape(ax):
    points, groups = torch.randn(10, 2), torch.arange(10) % 2
    scores = torch.linspace(-1, 1, 21).expand(21, 21)
    figures.plot_boundary(ax, scores, 2.0, points, groups, title="x")
    first, second = ax.lines
    assert len(first.get_xdata()) == len(second.get_xdata()) == 5
    assert first.get_marker() != second.get_marker()
    assert first.get_color() != second.get_color()


@pytest.mark.parametrize(("done", "corner"), [(0.5, (4, 4)), (1.0, (10, 8)), (0.0, (0, 0))])
def test_the_window_stands_where_the_map_ends(done, corner):
    response = torch.ones(5, 6)
    made = figures.sliding_figure(
        torch.rand(3, 11, 13), torch.ones(3, 3), response, done=done, stride=2, title="m"
    )
    picture, drawn = made.axes[:2]
    assert picture.patches[-1].get_xy() == (corner[0] - 0.5, corner[1] - 0.5)
    shown = np.asarray(drawn.images[0].get_array())
    assert (shown[..., 0] != shown[..., 2]).sum() == max(1, round(30 * done))


def test_bars_split_each_network_into_all_of_its_cost():
    networks = {
        name: stage_costs(layer_costs(architecture(name), (3, 224, 224)))
        for name in ("alexnet", "resnet18")
    }
    for ax in figures.costs_figure(networks).axes:
        bars = [(round(bar.get_y() + bar.get_height() / 2), bar) for bar in ax.patches]
        for row in range(2):
            assert sum(b.get_width() for at, b in bars if at == row) == pytest.approx(100)
    weights = [bar for at, bar in bars if at == 0]
    assert len(weights) == 4
    made = figures.costs_figure(networks)
    assert texts(made.axes[0]) == ["61.1 M", "11.7 M"]
    named = [text.get_text() for text in made.legends[0].get_texts()]
    assert named == [f"about {size} × {size}" for size in STAGE_COLORS] + ["no map"]


def test_maps_that_differ_by_a_pixel_share_a_color():
    stages = {"alexnet": stage_costs(layer_costs(architecture("alexnet"), (3, 224, 224)))}
    bars = figures.costs_figure(stages).axes[0].patches
    colors = [plotting_hex(bar.get_facecolor()) for bar in bars]
    assert colors == [*(STAGE_COLORS[size] for size in (56, 28, 14)), DENSE_COLOR.lower()]


def plotting_hex(color):
    return "#" + "".join(f"{round(255 * part):02x}" for part in color[:3])


def test_every_seed_has_a_dot_and_every_network_a_line(ax):
    values = {
        "linear": (np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])),
        "convolutional": (np.array([7.0, 8.0, 9.0]), np.array([4.0, 5.0, 6.0])),
    }
    figures.plot_shuffle(ax, values, names=("as they are", "shuffled"))
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(dot.get_ydata()) for dot in dots] == [
        list(seeds) for both in values.values() for seeds in both
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(values)
