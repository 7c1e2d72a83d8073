"""What all preprocessing layers share: saved statistics, and a check of the images."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

SLACK = 0.1  # of the range's width: interpolation overshoots a little, a wrong range by far
CHUNK = 500  # images converted to float64 at a time
ANY = -1  # a height or width that does not matter


class Preprocessing(nn.Module):
    """Base of all preprocessing layers: they know which images they were fitted on.

    Args:
        image_shape: (channels, height, width), with `ANY` for a dimension that does not matter;
            None makes a layer that is empty until a saved state is loaded into it.
        value_range: the lowest and the highest value a pixel can have, such as (0, 1).

    Raises:
        ValueError: an invalid range.
    """

    image_shape: Tensor
    value_range: Tensor

    def __init__(
        self, image_shape: Sequence[int] | None = None, value_range: tuple[float, float] = (0, 1)
    ):
        super().__init__()
        if not value_range[0] < value_range[1]:
            raise ValueError(f"value_range must be (lowest, highest); got {value_range}")
        self.register_buffer("image_shape", torch.tensor(image_shape or (), dtype=torch.int64))
        self.register_buffer("value_range", torch.tensor(value_range, dtype=torch.float32))
        self.register_load_state_dict_pre_hook(_adopt_shapes)

    def forward(self, images: Tensor) -> Tensor:
        """The preprocessed images; they must be like those the layer was fitted on.

        Args:
            images: (batch, channels, height, width), on the layer's device.

        Raises:
            RuntimeError: the layer is empty.
            TypeError: not a tensor, or not of floats.
            ValueError: images of a wrong shape or range.

        Cost: one pass over the batch for its lowest and highest value; a synchronization on a GPU.
        """
        if not len(self.image_shape):
            raise RuntimeError(
                f"this {type(self).__name__} holds no statistics: make it from training images "
                "with a fit function, or load a saved state into it"
            )
        _check(images, self.image_shape.tolist(), self.value_range.tolist())
        return self._transform(images)

    def _transform(self, images: Tensor) -> Tensor:
        raise NotImplementedError


def _adopt_shapes(layer: nn.Module, state: Mapping[str, Tensor], prefix: str, *_: object) -> None:
    """Before a state is loaded, give the layer's buffers the shapes of the saved statistics."""
    for name, buffer in list(layer.named_buffers(recurse=False)):
        saved = state.get(prefix + name)
        if saved is not None:
            setattr(layer, name, buffer.new_empty(saved.shape))


def check_training(images: Tensor, value_range: tuple[float, float]) -> None:
    """Raise TypeError or ValueError unless these are images to fit a layer on."""
    _check(images, (ANY, ANY, ANY), value_range)
    if images.numel() == 0:
        raise ValueError(f"no images to fit on; got shape {tuple(images.shape)}")


def average(images: Tensor, over: Sequence[int], *, minus: Tensor | None = None) -> Tensor:
    """The mean over these dimensions, kept with size 1, in float64, of images or squared distances.

    Args:
        images: (n, channels, height, width).
        over: the dimensions; the first must be among them.
        minus: if given, the mean of (images - minus)² is taken.
    """
    total, count = images.new_zeros((), dtype=torch.float64), images.numel()
    for chunk in images.split(CHUNK):
        values = chunk.double() if minus is None else (chunk.double() - minus) ** 2
        total = total + values.sum(dim=tuple(over), keepdim=True)
    return total * (total.numel() / count)


def _check(images: Tensor, shape: Sequence[int], value_range: Sequence[float]) -> None:
    lowest, highest = value_range
    fitted = ", ".join("any" if size == ANY else str(size) for size in shape)
    span = f"float values from {lowest:g} to {highest:g}"
    if not isinstance(images, Tensor) or not images.is_floating_point():
        got = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"expected images of {span}; got {got}")
    fits = [size in (ANY, got) for size, got in zip(shape, images.shape[1:], strict=False)]
    if images.ndim != 4 or not all(fits):
        raise ValueError(f"expected images (batch, {fitted}); got shape {tuple(images.shape)}")
    if images.numel() == 0:
        return
    low, high = (value.item() for value in images.detach().aminmax())
    slack = SLACK * (highest - lowest)
    # If pixels from 0 to 255 never exceed 1, they are from 0 to 1 (or an almost black picture).
    shrunken = highest - lowest > 100 and 0 < high - lowest <= 1
    if shrunken or not (lowest - slack <= low and high <= highest + slack):
        raise ValueError(f"expected images of {span}; got values from {low:g} to {high:g}")
