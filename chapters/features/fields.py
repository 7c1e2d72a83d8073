"""Receptive fields computed from a network's architecture, if its layers form a chain."""

from torch import Tensor, nn

from lib.visualization import ReceptiveField, receptive_field

IN_LINE = ("efficientnet_lite0",)  # a chain, except that blocks add their input


def field_of(
    network: nn.Module, layer: str, maps: Tensor, *, model: str, image_size: int
) -> ReceptiveField:
    """The receptive field of a layer's units: computed for a simple chain, otherwise measured.

    Args:
        maps: the layer's output for images of this size, (n, channels, rows, columns).
        model: the network's name.
    """
    if model not in IN_LINE:
        return receptive_field(network, layer, image_size=image_size)
    rows, columns = maps.shape[2:]
    return planned_field(network, layer, (rows, columns), image_size=image_size)


def planned_field(
    network: nn.Module, layer: str, units: tuple[int, int], *, image_size: int
) -> ReceptiveField:
    """The field computed from kernels, strides and paddings of the convolutions up to the layer."""
    r, j, start = 1, 1, 0
    for name, module in network.named_modules():
        if name == layer:
            break
        if isinstance(module, nn.Conv2d):
            assert not isinstance(module.padding, str)  # networks of IN_LINE pad by numbers
            kernel, stride, padding = module.kernel_size[0], module.stride[0], module.padding[0]
            if type(module).__name__ == "Conv2dSame":  # pads an even size when it is called
                padding = (kernel - stride) // 2
            start -= padding * j
            r, j = r + (kernel - 1) * j, j * stride
    return ReceptiveField((r, r), (j, j), (start, start), (image_size, image_size), units)
