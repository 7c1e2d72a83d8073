import numpy as np
import pytest
import torch
from torch import nn

from chapters.features import figures
from lib import plotting, visualization
from lib.plotting.images import PAPER
from lib.visualization import Neighbors


@pytest.fixture
def images():
    return torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def shown(ax):
    """The pixels of an axes' image, (height, width, 3), without their opacity."""
    return np.asarray(ax.images[0].get_array())[..., :3]


def test_zero_is_gray_and_the_largest_weight_is_black_or_white():
    filters = torch.zeros(2, 3, 3, 3)
    filters[0, 0, 0, 0], filters[1, 2, 1, 1] = 4.0, -0.01
    pictures = figures.filter_pictures(filters)
    assert (pictures[0, 0, 0, 0], pictures[1, 2, 1, 1], pictures[0, 1, 2, 2]) == (1, 0, 0.5)
    assert figures.filter_pictures(torch.randn(4, 5, 3, 3)).shape == (4, 1, 3, 3)


def test_a_mosaic_holds_every_image_with_gaps_between(images):
    sheet = plotting.mosaic(images[:5], columns=3, gap=2)
    assert sheet.shape == (3, 26, 40)
    assert torch.equal(sheet[:, 14:, 14:26], images[4])
    assert bool((sheet[:, :, 12:14] == PAPER).all()) and bool((sheet[:, 14:, 28:] == PAPER).all())


def test_marked_tiles_are_crossed_out_where_they_are(images):
    _, ax = plotting.figure()
    plotting.plot_tiles(ax, images, columns=3, gap=1, marked=[4])
    assert len(ax.lines) == 2
    for line in ax.lines:
        assert line.get_xdata().tolist() == [12.5, 24.5]
        assert sorted(line.get_ydata()) == [12.5, 24.5]


def test_strips_draw_every_value_in_its_row():
    _, ax = plotting.figure()
    figures.plot_strips(ax, {"a": torch.tensor([3.0, 1.0]), "b": torch.tensor([2.0])})
    assert ax.lines[0].get_xdata().tolist() == [1, 3]
    assert np.abs(ax.lines[0].get_ydata()).max() < 0.5
    assert abs(ax.lines[1].get_ydata()[0] - 1) < 0.5


def test_frames_tell_neighbors_of_the_same_class(images):
    _, ax = plotting.figure()
    found = Neighbors(torch.zeros(6, 2), torch.tensor([[1, 2]] * 6))
    labels = torch.tensor([0, 0, 1, 1, 0, 1])
    figures.plot_neighbors(ax, images, labels, [0, 3], found, title="x")
    widths = [patch.get_linewidth() for patch in ax.patches]
    assert [width > 2 for width in widths] == [True, False, False, True]
    np.testing.assert_allclose(shown(ax)[:12, :12], images[0].permute(1, 2, 0), atol=1e-6)


def test_neighbors_stand_apart_from_their_query_under_their_title(images):
    _, ax = plotting.figure()
    found = Neighbors(torch.zeros(6, 2), torch.tensor([[1, 2]] * 6))
    figures.plot_neighbors(ax, images, torch.zeros(6), [0, 3], found, title="nearest")
    queries, near = ax.images
    assert queries.get_extent()[1] + 2 < near.get_extent()[0] == ax.patches[0].get_x()
    np.testing.assert_allclose(
        np.asarray(near.get_array())[:12, :12, :3], images[1].permute(1, 2, 0), atol=1e-6
    )
    assert [text.get_text() for text in ax.texts] == ["query", "nearest"]
    assert ax.texts[1].get_position()[0] == near.get_extent()[0]


def test_shares_keep_the_color_of_their_space():
    _, ax = plotting.figure()
    values = np.full((3, 2), 50.0)
    names = ("ImageNet features", "pixels", "features, trained", "untrained features", "averaged")
    figures.plot_shares(ax, [0, 5], dict.fromkeys(names, values), chance=10)
    colors = [line.get_color() for line in ax.lines[:5]]
    assert len(set(colors)) == 5


def test_a_tsne_frame_draws_both_views_of_every_point():
    points, places = torch.randn(9, 10), torch.randn(9, 2)
    groups = torch.arange(3).repeat_interleave(3)
    truth, layout = figures.tsne_figure(points, groups, places, perplexity=5).axes
    drawn = np.concatenate([line.get_xydata() for line in layout.lines])
    np.testing.assert_allclose(drawn, places, atol=1e-6)
    drawn = np.concatenate([line.get_xydata() for line in truth.lines])
    np.testing.assert_allclose(drawn, points[:, :2], atol=1e-6)
    assert "5" in layout.get_title(loc="left")


def test_gray_maps_span_black_to_white_and_flat_ones_are_black():
    maps = torch.stack([torch.arange(4.0).view(2, 2) - 7, torch.ones(2, 2)])
    gray = figures.gray_maps(maps)
    assert gray[0].min() == 0 and gray[0].max() == 1 and not gray[1].any()


def test_the_channels_that_vary_most_come_in_their_order():
    maps = torch.tensor([1.0, 5.0, 0.0, 3.0])[:, None, None] * torch.arange(4.0).view(2, 2)
    assert figures.strongest_channels(maps, 2).tolist() == [1, 3]


def test_a_frame_of_maps_shows_the_photograph_and_nine_maps():
    photo, maps = torch.rand(3, 20, 20), torch.rand(12, 4, 4)
    picture, tiles = figures.activations_figure(photo, maps, name="conv").axes
    np.testing.assert_allclose(shown(picture), photo.permute(1, 2, 0))
    assert tiles.get_title(loc="left") == "conv: 9 of 12 maps, 4 × 4"
    assert shown(tiles).shape[:2] == (14, 14)


def test_a_field_frame_shows_what_the_unit_sees():
    photo = torch.rand(3, 16, 16)
    field = visualization.receptive_field(nn.Conv2d(3, 1, 5, 2, 2), "", image_size=16)
    whole, seen = figures.field_figure(photo, field, unit=(3, 2)).axes
    np.testing.assert_allclose(shown(seen), photo[:, 4:9, 2:7].permute(1, 2, 0))
    window = whole.patches[-1]
    assert (window.get_x(), window.get_y(), window.get_width()) == (1.5, 3.5, 5)
    assert "cut" not in seen.get_title(loc="left")
    _, cut = figures.field_figure(photo, field, unit=(0, 0)).axes
    assert shown(cut).shape[:2] == (3, 3) and "cut" in cut.get_title(loc="left")


def test_fields_are_drawn_over_their_layers():
    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 5))
    fields = {n: visualization.receptive_field(model, n, image_size=32) for n in ("0", "1")}
    _, ax = plotting.figure()
    figures.plot_fields(ax, fields)
    assert ax.lines[0].get_ydata().tolist() == [3, 7]


def test_fields_stand_where_they_are_told():
    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 5))
    fields = {n: visualization.receptive_field(model, n, image_size=32) for n in ("0", "1")}
    _, ax = plotting.figure()
    figures.plot_fields(ax, fields, at=[2, 5])
    assert ax.lines[0].get_xdata().tolist() == [2, 5] == ax.get_xticks().tolist()


def test_a_frame_of_patches_shows_nine_and_where_the_first_was(images):
    model = nn.Conv2d(3, 2, 3)
    found = visualization.maximally_activating_patches(model, images, "", 1, per_image=2)
    tiles, whole = figures.exciting_patches_figure(found, images, name="channel 1").axes
    np.testing.assert_allclose(shown(tiles)[:3, :3], found.images[0].permute(1, 2, 0))
    top, left, *_ = found.boxes[0].tolist()
    assert (whole.patches[-1].get_y(), whole.patches[-1].get_x()) == (top - 0.5, left - 0.5)


def test_purity_draws_both_kinds_of_networks():
    _, ax = plotting.figure()
    values = {"trained": np.array([[30, 60.0]] * 3), "untrained": np.array([[30, 31.0]] * 3)}
    figures.plot_purity(ax, ["stem", "hidden"], values, chance=28)
    assert ax.lines[0].get_ydata().tolist() == [30, 60]
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == list(values)
