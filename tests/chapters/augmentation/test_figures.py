import numpy as np
import pytest
import torch

from chapters.augmentation import figures
from lib import plotting


@pytest.fixture
def photo():
    noise = torch.rand(1, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(noise, (240, 360), mode="bilinear")[0]


def shown(ax):
    """The pixels of an axes' image, (height, width, 3)."""
    return np.asarray(ax.images[0].get_array())


def test_the_window_and_the_patch_show_the_same_place(photo):
    figure = figures.crop_figure(photo, short_side=256, place=1.0, flip=False)
    whole, patch = figure.axes
    assert shown(whole).shape == (256, 384, 3)
    window = whole.patches[-1]
    assert (window.get_x(), window.get_y()) == (384 - 224 - 0.5, 256 - 224 - 0.5)
    assert np.array_equal(shown(patch), shown(whole)[-224:, -224:])
    mirrored = figures.crop_figure(photo, short_side=256, place=1.0, flip=True)
    assert np.array_equal(shown(mirrored.axes[1]), shown(patch)[:, ::-1])


@pytest.mark.parametrize("operation", list(figures.COLOR_OPERATIONS))
def test_a_color_frame_shows_the_changed_picture_and_its_values(operation, photo):
    amount = 0.2 if operation == "hue" else 0.5
    picture, chart = figures.color_figure(photo, operation=operation, amount=amount).axes
    assert operation in picture.get_title(loc="left") + picture.get_title()
    expected = figures.COLOR_OPERATIONS[operation](photo[None], amount)[0]
    np.testing.assert_allclose(shown(picture), expected.permute(1, 2, 0), atol=1e-6)
    for stairs in chart.patches:
        assert stairs.get_data().values.sum() == pytest.approx(1)


def test_an_affine_frame_draws_what_becomes_of_a_square(photo):
    _, plane = figures.affine_figure(photo, operation="stretch", strength=1.0).axes
    before, after = (line.get_xydata() for line in plane.lines)
    np.testing.assert_allclose(after, before * (1.6, 1.0), atol=1e-6)
    _, plane = figures.affine_figure(photo, operation="translation", strength=-1.0).axes
    before, after = (line.get_xydata() for line in plane.lines)
    np.testing.assert_allclose(after, before - (0.25, 0), atol=1e-6)


@pytest.mark.parametrize("operation", list(figures.AFFINE_OPERATIONS))
def test_strength_0_changes_nothing(operation, photo):
    picture, _ = figures.affine_figure(photo, operation=operation, strength=0).axes
    np.testing.assert_allclose(shown(picture), photo.permute(1, 2, 0), atol=1e-4)


def test_a_lens_bends_the_photograph_and_the_grid(photo):
    straight, bent = (figures.lens_figure(photo, k=k).axes for k in (0.0, 0.5))
    np.testing.assert_allclose(shown(straight[0]), photo.permute(1, 2, 0), atol=1e-4)
    for ax, other in zip(straight, bent, strict=True):
        assert np.abs(shown(ax) - shown(other)).max() > 0.2


def test_reading_joins_a_place_to_its_four_neighbors():
    _, ax = plotting.figure()
    figures.plot_reading(ax, width=5, height=4, inverse=torch.eye(2) / 2, pixel=(4, 3))
    # From the center (2, 1.5), half of (2, 1.5) away: (3, 2.25), between rows 2 and 3.
    ends = [tuple(line.get_xydata()[1]) for line in ax.lines if len(line.get_xydata()) == 2]
    assert ends == [(3, 2), (4, 2), (3, 3), (4, 3)]


def test_crop_probabilities_show_every_crop_and_their_mean():
    _, ax = plotting.figure()
    figures.plot_crop_probabilities(ax, [[0.2, 0.4], [0.6, 0.8]], [224, 256], title="cat")
    dots = np.concatenate([line.get_ydata() for line in ax.lines[:2]])
    assert dots.tolist() == [0.2, 0.4, 0.6, 0.8]
    assert ax.lines[-1].get_ydata()[0] == pytest.approx(0.5)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["224", "256"]


def test_gains_are_written_with_their_intervals():
    _, ax = plotting.figure()
    figures.plot_gains(ax, {"flips": {"mirrored": [1.0, 2.0, 3.0], "moved": [-1.0, -1.0, -1.0]}})
    # t for two degrees of freedom is 4.303; 4.303 · 1 / √3 is 2.48.
    assert [text.get_text() for text in ax.texts] == ["+2.0\n± 2.5", "−1.0\n± 0.0"]
    _, ax = plotting.figure()
    figures.plot_gains(ax, {"flips": {"mirrored": [1.0]}})
    assert ax.texts[0].get_text() == "+1.0"
