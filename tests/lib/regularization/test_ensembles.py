import pytest
import torch

from lib import regularization

# One model sees (0.9, 0.1), the other (0.5, 0.5).
LOGITS = torch.tensor([[[0.9, 0.1]], [[0.5, 0.5]]]).log()


def test_probabilities_are_averaged_arithmetically():
    average = regularization.average_probabilities(LOGITS)
    torch.testing.assert_close(average, torch.tensor([[0.7, 0.3]]))


def test_averaged_logits_are_a_geometric_mean():
    average = regularization.average_logits(LOGITS).softmax(dim=-1)
    # √(0.9 · 0.5) : √(0.1 · 0.5) = 3 : 1.
    torch.testing.assert_close(average, torch.tensor([[0.75, 0.25]]))


def test_one_model_can_veto_a_class_in_the_logits_only():
    logits = torch.tensor([[[3.0, 0.0]], [[3.0, 0.0]], [[-60.0, 0.0]]])
    assert regularization.average_probabilities(logits).argmax().item() == 0
    assert regularization.average_logits(logits).argmax().item() == 1


def test_one_model_is_its_own_average_and_the_input_stays():
    before = LOGITS.clone()
    torch.testing.assert_close(
        regularization.average_probabilities(LOGITS[:1]), LOGITS[0].softmax(dim=-1)
    )
    torch.testing.assert_close(regularization.average_logits(LOGITS[:1]), LOGITS[0])
    assert torch.equal(LOGITS, before)


@pytest.mark.parametrize(
    "average", [regularization.average_probabilities, regularization.average_logits]
)
@pytest.mark.parametrize("shape", [(3, 4), (0, 3, 4)])
def test_other_shapes_are_refused(average, shape):
    with pytest.raises(ValueError, match=r"expected logits \(models, batch, classes\); got \("):
        average(torch.zeros(shape))
