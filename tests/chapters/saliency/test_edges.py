import pytest
import torch

from chapters.saliency.edges import edges


def test_an_even_ramp_is_as_steep_everywhere_but_at_the_border():
    ramp = torch.arange(6.0).expand(2, 3, 5, 6) * 0.1
    assert torch.allclose(edges(ramp)[:, :, 1:-1], torch.tensor(0.1))
    assert torch.allclose(edges(ramp.mT)[:, 1:-1], torch.tensor(0.1))


def test_an_even_picture_has_no_edges_at_all():
    assert edges(torch.full((1, 3, 4, 4), 0.7)).max() < 1e-6


def test_the_steepest_color_counts():
    images = torch.zeros(1, 3, 5, 6)
    images[0, 1] = torch.arange(6.0) * 0.3
    images[0, 2] = torch.arange(6.0) * -0.5
    assert torch.allclose(edges(images)[0, :, 1:-1], torch.tensor(0.5))


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"got \(3, 4, 4\)"):
        edges(torch.zeros(3, 4, 4))
