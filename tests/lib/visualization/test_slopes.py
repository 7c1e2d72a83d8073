import pytest
import torch
from torch import nn

from lib.visualization.base import target_scores
from lib.visualization.examining import examined
from lib.visualization.slopes import image_gradients


def test_gradients_are_recorded_inside_no_grad_and_inference_mode(network, images):
    model, goal = network(), torch.zeros(3, dtype=torch.long)
    with examined(model):
        expected = image_gradients(model, images, goal, batch_size=3)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode(), examined(model):
            got = image_gradients(model, images, goal, batch_size=3)
        assert torch.equal(got, expected)


def test_image_gradients_do_not_depend_on_the_batch_size(awkward, images, left_alone):
    goal = torch.tensor([0, 3, 1])
    with left_alone(awkward, images), examined(awkward):
        whole = image_gradients(awkward, images, goal, batch_size=3)
        torch.testing.assert_close(image_gradients(awkward, images, goal, batch_size=2), whole)
        assert not whole.requires_grad


def test_image_gradients_agree_with_differences_of_scores(awkward, images):
    model, images, goal = awkward.double(), images.double(), torch.tensor([0, 3, 1])
    way = torch.randn(images.shape, generator=torch.Generator().manual_seed(2)).double()
    with examined(model):
        slope = (image_gradients(model, images, goal, batch_size=3) * way).sum((1, 2, 3))
        up, down = (target_scores(model, images + s * 1e-7 * way, goal).detach() for s in (1, -1))
    torch.testing.assert_close(slope, (up - down) / 2e-7, rtol=1e-4, atol=1e-5)


def test_a_score_without_a_slope_is_refused(network, images):
    class Steps(nn.Module):
        def forward(self, x):
            return x.round().detach().flatten(1)

    with pytest.raises(ValueError, match="does not depend"), examined(Steps()):
        image_gradients(Steps(), images, torch.zeros(3, dtype=torch.long), batch_size=1)
    with pytest.raises(ValueError, match="batch_size"):
        image_gradients(network(), images, torch.zeros(3, dtype=torch.long), batch_size=0)
