import numpy as np
import pytest
import torch

from lib import plotting


def test_an_image_is_drawn_pixel_for_pixel_without_ticks():
    _, ax = plotting.figure()
    image = torch.rand(3, 4, 5)
    assert plotting.plot_image(ax, image, title="a cat") is ax
    drawn = ax.images[0].get_array()
    np.testing.assert_allclose(drawn, image.permute(1, 2, 0).numpy())
    assert not len(ax.get_xticks()) and ax.get_title(loc="left") == "a cat"


def test_gray_images_and_values_out_of_range_are_drawn():
    _, ax = plotting.figure()
    plotting.plot_image(ax, torch.tensor([[[-1.0, 2.0]]]))
    assert ax.images[0].get_array().ravel().tolist() == [0, 1]


def test_another_shape_is_named():
    _, ax = plotting.figure()
    with pytest.raises(ValueError, match=r"expected \(1 or 3, .*got \(4, 2, 2\)"):
        plotting.plot_image(ax, torch.rand(4, 2, 2))


def test_between_tiles_the_page_shows():
    _, ax = plotting.figure()
    tiles = torch.rand(3, 1, 2, 2)
    plotting.plot_tiles(ax, tiles, columns=2, gap=1)
    drawn = ax.images[0].get_array()
    assert drawn.shape == (5, 5, 4)
    assert drawn[2, :, 3].max() == drawn[:, 2, 3].max() == drawn[3:, 3:, 3].max() == 0
    np.testing.assert_allclose(drawn[:2, :2, :3], tiles[0].expand(3, -1, -1).permute(1, 2, 0))
    assert drawn[..., 3].sum() == tiles.numel()
