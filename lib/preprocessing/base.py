"""What all preprocessing layers share: saved statistics, and a check of the images."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from lib.precision import wide, wide_dtype
from lib.validation import extremes

# How far values may lie outside of the range, in widths of it: interpolation overshoots training
# images a little; noise adds more to the images that a trained network is shown.
SLACK, SLACK_TRAINED = 0.1, 0.9
CHUNK = 500  # images converted to float64 at a time
ANY = -1  # a height or width that does not matter


class Preprocessing(nn.Module):
    """Base of all preprocessing layers: they know which images they were fitted on.

    Results have the dtype of the images; they are computed in float32 if that is wider.

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
        self.register_load_state_dict_post_hook(_read_settings)
        # The same as numbers, since reading a tensor makes the program wait for a GPU.
        self._shape, self._range = list(image_shape or ()), list(value_range)

    def _read_settings(self) -> None:
        """Read from a loaded state what is needed as numbers."""
        self._shape, self._range = self.image_shape.tolist(), self.value_range.tolist()

    def forward(self, images: Tensor) -> Tensor:
        """The preprocessed images; they must be like those the layer was fitted on.

        Args:
            images: (batch, channels, height, width), on the layer's device.

        Raises:
            RuntimeError: the layer is empty.
            TypeError: not a tensor, or not of floats.
            ValueError: images of a wrong shape or, on the CPU, of another range: beyond the one it
                was fitted on by nearly its width, or from 0 to 1 where that is 255. On other
                devices values are not looked at, since the program would have to wait for them.

        Cost: on the CPU, one pass over the batch for its lowest and highest value.
        """
        if not self._shape:
            raise RuntimeError(
                f"this {type(self).__name__} holds no statistics: make it from training images "
                "with a fit function, or load a saved state into it"
            )
        _check_kind(images, self._shape, self._range)
        found = extremes(images) if images.numel() else None
        if found is not None and not _is_in(found, self._range, SLACK_TRAINED, images):
            raise _wrong_range(found, self._range)
        return self._transform(wide(images)).to(images.dtype)

    def _transform(self, images: Tensor) -> Tensor:
        raise NotImplementedError


def _adopt_shapes(layer: nn.Module, state: Mapping[str, Tensor], prefix: str, *_: object) -> None:
    """Before a state is loaded, give buffers the shapes of the saved statistics.

    Buffers that are empty also get the dtype.
    """
    for name, buffer in list(layer.named_buffers(recurse=False)):
        saved = state.get(prefix + name)
        if saved is not None:
            dtype = buffer.dtype if buffer.numel() else saved.dtype
            setattr(layer, name, buffer.new_empty(saved.shape, dtype=dtype))


def _read_settings(layer: Preprocessing, _: object) -> None:
    layer._read_settings()


def check_training(images: Tensor, value_range: tuple[float, float]) -> None:
    """Raise TypeError or ValueError unless these are images to fit a layer on.

    Their values are read, on any device.
    """
    _check_kind(images, (ANY, ANY, ANY), value_range)
    if images.numel() == 0:
        raise ValueError(f"no images to fit on; got shape {tuple(images.shape)}")
    low, high = images.detach().aminmax()
    found = low.item(), high.item()
    if not _is_in(found, value_range, SLACK, images):
        raise _wrong_range(found, value_range)


def average(images: Tensor, over: Sequence[int], *, minus: Tensor | None = None) -> Tensor:
    """The mean over these dimensions, kept with size 1, of images or squared distances.

    It is computed in float64 on the CPU, since not all devices support float64, and stays there.

    Args:
        images: (n, channels, height, width), on any device.
        over: the dimensions; the first must be among them.
        minus: if given, the mean of (images - minus)² is taken.
    """
    total, count = torch.zeros((), dtype=torch.float64), images.numel()
    for chunk in images.split(CHUNK):
        values = chunk.cpu().double()
        values = values if minus is None else (values - minus) ** 2
        total = total + values.sum(dim=tuple(over), keepdim=True)
    return total * (total.numel() / count)


def statistic(values: Tensor, images: Tensor) -> Tensor:
    """Statistics of training images on their device, in their dtype or float32 if that is wider."""
    return values.to(wide_dtype(images)).to(images.device)


def _span(value_range: Sequence[float]) -> str:
    lowest, highest = value_range
    return f"float values from {lowest:g} to {highest:g}"


def _check_kind(images: Tensor, shape: Sequence[int], value_range: Sequence[float]) -> None:
    fitted = ", ".join("any" if size == ANY else str(size) for size in shape)
    if not isinstance(images, Tensor) or not images.is_floating_point():
        got = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"expected images of {_span(value_range)}; got {got}")
    fits = [size in (ANY, got) for size, got in zip(shape, images.shape[1:], strict=False)]
    if images.ndim != 4 or not all(fits):
        raise ValueError(f"expected images (batch, {fitted}); got shape {tuple(images.shape)}")


def _is_in(
    found: tuple[float, float], value_range: Sequence[float], slack: float, images: Tensor
) -> bool:
    """Whether images with these lowest and highest values are of the range."""
    (low, high), (lowest, highest) = found, value_range
    width = highest - lowest
    # Fractions from 0 to 1 are not pixels from 0 to 255; zeros and ones are an almost black image.
    if width > 100 and 0 <= low < high <= 1 and extremes(images.frac()) != (0, 0):
        return False
    return lowest - slack * width <= low and high <= highest + slack * width


def _wrong_range(found: tuple[float, float], value_range: Sequence[float]) -> ValueError:
    low, high = found
    return ValueError(
        f"expected images of {_span(value_range)}; got values from {low:g} to {high:g}"
    )
