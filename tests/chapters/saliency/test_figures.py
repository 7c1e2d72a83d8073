import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from chapters.saliency import figures
from lib import plotting
from lib.plotting.style import BLUE, VERMILLION


@pytest.fixture
def photo():
    noise = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(noise, (64, 64), mode="bilinear")[0]


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def test_heat_goes_from_zero_to_the_brightest_but_for_a_few_pixels():
    _, ax = plotting.figure()
    heat = torch.arange(10_000.0).view(100, 100) - 100
    figures.plot_heat(ax, heat, title="map")
    assert ax.images[0].get_clim() == pytest.approx((0, 9879), rel=1e-3)
    assert shown(ax).min() == 0
    assert ax.get_title() + ax.get_title(loc="left") == "map"


def test_heat_of_zeros_or_of_one_pixel_can_be_drawn():
    for heat in (torch.zeros(20, 20), torch.zeros(50, 50).index_fill(0, torch.tensor([3]), 0.0)):
        _, ax = plotting.figure()
        assert figures.plot_heat(ax, heat).images[0].get_clim() == (0, 1)
    one = torch.zeros(50, 50)
    one[3, 4] = 7.0
    _, ax = plotting.figure()
    assert figures.plot_heat(ax, one).images[0].get_clim() == (0, 7)


def test_falls_are_blue_and_rises_orange_on_a_gray_picture(photo):
    falls = torch.zeros(64, 64)
    falls[0, 0], falls[0, 1], falls[0, 2] = 5.0, -5.0, float("nan")
    _, ax = plotting.figure()
    pixels = shown(figures.plot_falls(ax, photo, falls, limit=1.0))
    for place, color in ((0, BLUE), (1, VERMILLION)):
        assert np.abs(pixels[0, place] - to_rgb(color)).max() < 0.15
    unknown = pixels[0, 2]
    assert unknown[0] == pytest.approx(unknown[1])
    assert np.isfinite(pixels).all()


def test_a_frame_of_the_film_shows_the_patch_and_its_place(photo):
    falls = torch.full((64, 64), float("nan"))
    figure = figures.film_figure(photo, falls, box=(8, 16, 10, 12), fall=-0.25, limit=1.0)
    picture, chart = figure.axes
    covered = shown(picture)[8:18, 16:28]
    assert (covered == 0.5).all()
    assert np.array_equal(shown(picture)[18:], photo.permute(1, 2, 0)[18:])
    assert "rises by 0.2" in picture.get_title() + picture.get_title(loc="left")
    box = chart.patches[0]
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (15.5, 7.5, 12, 10)


def test_frames_of_one_explorer_have_one_size(photo):
    frames = [figures.heat_figure(photo, torch.rand(64, 64), title=t) for t in ("a", "long one")]
    assert len({tuple(frame.get_size_inches()) for frame in frames}) == 1
    assert len({str(frame.axes[1].get_position()) for frame in frames}) == 1


def test_maps_stand_beside_the_scene_with_the_object_outlined(photo):
    mask = torch.zeros(64, 64, dtype=torch.bool)
    mask[20:40, 10:30] = True
    figure = figures.maps_figure(photo, mask, {"one": torch.rand(64, 64), "two": mask.float()})
    titles = [ax.get_title() + ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["object outlined", "one", "two"]
    assert all(ax.collections for ax in figure.axes)


def test_forgetting_draws_each_method_and_the_mask_s_share():
    _, ax = plotting.figure()
    energies = {"occlusion": np.array([[0.6, 0.2], [0.4, 0.2]]), "saliency": np.full((2, 2), 0.3)}
    figures.plot_forgetting(ax, energies, ["none", "all"], share=0.15)
    share, occlusion, _ = ax.lines
    assert set(share.get_ydata()) == {0.15}
    assert occlusion.get_ydata().tolist() == [0.5, 0.2]
    assert occlusion.get_color() == figures.METHOD_COLORS["occlusion"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["none", "all"]


def test_suspects_have_scales_of_their_own(photo):
    strong = torch.rand(64, 64)
    figure = figures.suspect_figure(photo, {"one": strong, "two": strong / 100})
    one, two = (shown(ax) for ax in figure.axes[1:])
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_a_neuron_is_drawn_with_the_pixels_it_sees(photo):
    boxes = [(0, 8, 16, 40), (10, 10, 12, 12)]
    heat = torch.zeros(64, 64)
    heat[5, 20] = 1.0
    figure = figures.neuron_figure(photo, boxes, [[heat], [heat]], rows=("gradient",))
    seen, _, drawn, _ = figure.axes
    assert np.array_equal(shown(seen), photo.permute(1, 2, 0)[0:16, 8:40])
    assert shown(drawn).shape == (16, 32)
    assert np.unravel_index(shown(drawn).argmax(), (16, 32)) == (5, 12)
    assert drawn.get_ylabel() == "gradient"
