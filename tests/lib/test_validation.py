import pytest
import torch

from lib.validation import check_images


def test_a_batch_of_float_images_passes_even_if_it_is_empty():
    check_images(torch.rand(2, 3, 4, 5))
    check_images(torch.rand(0, 3, 4, 5).half())


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ([[1.0]], TypeError, "floats; got list"),
        (torch.zeros(2, 3, 4, 5, dtype=torch.uint8), TypeError, "got torch.uint8"),
        (torch.rand(3, 4, 5), ValueError, r"got shape \(3, 4, 5\)"),
        (torch.rand(2, 3, 0, 5), ValueError, r"got shape \(2, 3, 0, 5\)"),
    ],
)
def test_what_is_none_is_refused_by_its_name(images, error, message):
    with pytest.raises(error, match=f"^x must be .*{message}"):
        check_images(images, name="x")
