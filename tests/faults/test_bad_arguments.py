"""Wrong shapes, types and devices, odd layouts and batches: refused by name, or the same result.

Numbers out of their range are in test_bad_numbers.py.
"""

import pytest
import torch

from tests.faults.cases import refused, sampled
from tests.faults.methods import (
    AUGMENTATIONS,
    EXPLANATIONS,
    SEEING,
    make_images,
    make_model,
    tensors,
)

SHAPES = {
    "one image": lambda x: x[0],
    "a batch of batches": lambda x: x[None],
    "no channels": lambda x: x[:, :0],
    "no rows": lambda x: x[:, :, :0],
    "no columns": lambda x: x[..., :0],
}
TYPES = {
    "bytes": lambda x: (255 * x).byte(),
    "whole numbers": lambda x: (255 * x).long(),
    "truths": lambda x: x > 0.5,
    "complex numbers": lambda x: x.to(torch.complex64),
    "an array": lambda x: x.numpy(),
    "a list": lambda x: x.tolist(),
}
# What a model cannot be shown; functions without a model take these as any other numbers.
UNSEEN = {
    "no images": (lambda x: x[:0], "must not be empty; got"),
    "half precision": (lambda x: x.half(), "float32, images are torch.float16"),
    "double precision": (lambda x: x.double(), "float32, images are torch.float64"),
    "another device": (lambda x: x.to("meta"), "the model is on cpu, images are on meta"),
    "not a number": (lambda x: x.index_fill(0, torch.tensor(1), torch.nan), "finite; got NaN"),
    "infinity": (lambda x: x.index_fill(3, torch.tensor(2), -torch.inf), "finite; got NaN"),
}
LAYOUTS = {
    "transposed": lambda x: x.transpose(2, 3).contiguous().transpose(2, 3),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "every second": lambda x: torch.stack([x, torch.zeros_like(x)], 1).flatten(0, 1)[::2],
    "backward": lambda x: x.flip(0).contiguous().flip(0),
    "with gradient": lambda x: x.clone().requires_grad_(),
}


@pytest.mark.parametrize("method", sampled(SEEING, quick=20))
def test_what_is_no_batch_of_float_images_is_refused(method):
    for name, change in SHAPES.items():
        images = change(make_images())
        with refused(ValueError, match=["got", str(images.shape[-1])], case=name):
            SEEING[method].call(make_model(), images)
    for name, change in TYPES.items():
        with refused(TypeError, match="got (torch|ndarray|list)", case=name):
            SEEING[method].call(make_model(), change(make_images()))


@pytest.mark.parametrize("method", sampled(EXPLANATIONS, quick=8))
def test_images_that_a_model_cannot_be_shown_are_refused(method):
    for name, (change, message) in UNSEEN.items():
        with refused(TypeError, ValueError, match=message, case=name):
            EXPLANATIONS[method].call(make_model(), change(make_images()))


@pytest.mark.parametrize("method", sampled(SEEING, quick=20))
def test_the_layout_in_memory_changes_nothing_but_roundings(method):
    expected = tensors(SEEING[method].call(make_model(), make_images()))
    for change in LAYOUTS.values():
        got = tensors(SEEING[method].call(make_model(), images := change(make_images())))
        assert torch.equal(images, make_images()), "the images were changed"
        for ours, theirs in zip(got, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


SPLITTABLE = [name for name, method in SEEING.items() if method.rows]


@pytest.mark.parametrize("method", sampled(SPLITTABLE, quick=10))
def test_an_image_alone_gets_what_it_gets_in_a_batch(method):
    whole = tensors(SEEING[method].call(make_model(), make_images()))
    alone = tensors(SEEING[method].call(make_model(), make_images()[:1]))
    for ours, theirs in zip(alone, whole, strict=True):
        torch.testing.assert_close(ours, theirs[:1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", sampled(AUGMENTATIONS, quick=8))
def test_an_augmentation_of_no_images_is_none(method):
    whole = tensors(AUGMENTATIONS[method].call(make_model(), make_images()))
    empty = tensors(AUGMENTATIONS[method].call(make_model(), make_images()[:0]))
    assert [t.shape for t in empty] == [(0, *t.shape[1:]) for t in whole]
