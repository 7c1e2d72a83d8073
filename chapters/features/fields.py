"""Receptive fields worked out from a network's plan, where its layers follow one another."""

from torch import Tensor, nn

from lib.visualization import ReceptiveField, receptive_field

IN_LINE = ("efficientnet_lite0",)  # beside its convolutions, it only adds a block's input


def field_of(
    network: nn.Module, layer: str, maps: Tensor, *, model: str, image_size: int
) -> ReceptiveField:
    """The receptive field of a layer's units: planned where the plan is simple, else measured.

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
    """The field by kernels, strides and paddings of the convolutions before the layer."""
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
