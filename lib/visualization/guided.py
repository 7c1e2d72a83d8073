"""Gradients with a modified rule at each ReLU: guided backpropagation and the deconvnet.

The rule is applied where PyTorch's functions are called, not built into modules, so it covers
every ReLU, whether it is a module, used twice, in place, or a plain function call.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from lib.visualization.base import Target, as_target, check_input
from lib.visualization.examining import examined
from lib.visualization.slopes import image_gradients

INFINITY = float("inf")
BACK = "Backward"
SCRIPTED = ("ReluBackward", "DifferentiableGraphBackward")  # of ReLUs that were not called here


def guided_backprop(
    model: nn.Module, images: Tensor, target: Target, *, batch_size: int = 32
) -> Tensor:
    """The gradient of the score, kept at each ReLU only where positive: image-shaped, signed.

    At y = ReLU(x), what goes back is g · [g > 0] · [x > 0] instead of g · [x > 0]. This covers ReLU
    and ReLU6 as modules or functions, `hardtanh` from 0, `threshold(x, 0, 0)` and `clamp(min=0)`;
    other activations (leaky ReLU, SiLU, …) keep their own gradient.

    Args:
        model: maps images to logits (batch, classes); it is left unchanged.
        images: (batch, channels, height, width).
        target: one class, one class for each image, or a `Neuron`.
        batch_size: images at a time; bounds the memory.

    Raises:
        TypeError, ValueError: images or a target that the model cannot take, a network that calls
            no ReLU, or one with ReLUs out of reach: in scripted parts, or in the forward pass of a
            custom `torch.autograd.Function`, which has its own gradient.

    Cost: a forward and a backward pass.
    Source: Springenberg, Dosovitskiy, Brox, Riedmiller, "Striving for simplicity", ICLR workshop
    2015, section 3.4.
    """
    return _gradients(model, images, target, _Guided, batch_size)


def deconvnet(model: nn.Module, images: Tensor, target: Target, *, batch_size: int = 32) -> Tensor:
    """The score sent back with a ReLU instead of each ReLU's derivative: image-shaped, signed.

    At y = ReLU(x), what goes back is g · [g > 0], whatever x was. The arguments, errors and cost
    are those of `guided_backprop`.

    Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
    section 2.1.
    """
    return _gradients(model, images, target, _Deconvolved, batch_size)


def _gradients(
    model: nn.Module, images: Tensor, target: Target, rule: type, batch_size: int
) -> Tensor:
    check_input(model, images)
    goal = as_target(target, images)
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(
                f"the ReLUs of a scripted or traced module cannot be reached: {name or 'model'!r}"
            )
    with examined(model), _Rectifiers(rule) as met:
        result = image_gradients(model, images, goal, batch_size=batch_size)
    if not met.count:
        raise ValueError("the model called no ReLU, so there is no rule to change")
    return result


class _Guided(torch.autograd.Function):
    """y = min(max(x, 0), most); backward: the true gradient, where the incoming one is positive."""

    @staticmethod
    def forward(ctx, x: Tensor, most: float) -> Tensor:
        ctx.most, y = most, x.clamp(0, most)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        (y,) = ctx.saved_tensors
        slopes = (y > 0) & (y < ctx.most)
        return gradient.clamp(min=0) * slopes, None


class _Deconvolved(torch.autograd.Function):
    """y = min(max(x, 0), most); backward: the incoming gradient, where it is positive."""

    @staticmethod
    def forward(ctx, x: Tensor, most: float) -> Tensor:
        y = x.clamp(0, most)
        # Not needed, but a checkpointed block runs again without the rule, and must save as much.
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient.clamp(min=0), None


class _Call(NamedTuple):
    """The arguments of a call of a ReLU-like function; most is INFINITY for a plain ReLU."""

    most: float
    in_place: bool


class _Rectifiers(TorchFunctionMode):
    """Inside this context every ReLU gets a rule's gradient; `count` says how many there were.

    Before gradients are computed, the graph must have no ReLU that was not called in Python.
    """

    def __init__(self, rule: type):
        super().__init__()
        self.rule, self.count, self.unrecorded = rule, 0, False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.autograd.grad:
            self._check(*args[0])
        read = _READERS.get(func)
        call = read(args, kwargs) if read else None
        if call is None:
            return func(*args, **kwargs)
        if not torch.is_grad_enabled():  # in a custom function's forward pass, or without effect
            self.unrecorded = True
            return func(*args, **kwargs)
        x = args[0] if args else kwargs["input"]
        self.count += x.requires_grad  # one that sees only weights does not matter
        y = self.rule.apply(x, call.most)
        return x.copy_(y) if call.in_place else y

    def _check(self, scores: Tensor) -> None:
        for node in _nodes(scores):
            name = node.name()
            custom = isinstance(node, BackwardCFunction) and name != self.rule.__name__ + BACK
            if (custom and self.unrecorded) or any(part in name for part in SCRIPTED):
                raise ValueError(f"a ReLU cannot be reached, since its gradient is {name}")


def _nodes(scores: Tensor) -> Iterator[Any]:
    """The nodes of the graph that leads to the scores."""
    found, waiting = set(), [scores.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [earlier for earlier, _ in node.next_functions]
            yield node


def _argument(args: tuple, kwargs: Mapping, place: int, name: str, default: object) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)


def _relu(in_place: bool) -> Callable[[tuple, Mapping], _Call | None]:
    return lambda args, kwargs: _Call(INFINITY, in_place)


def _relu_function(most: float) -> Callable[[tuple, Mapping], _Call | None]:
    """F.relu and F.relu6, which take `inplace`."""
    return lambda args, kwargs: _Call(most, bool(_argument(args, kwargs, 1, "inplace", False)))


def _hardtanh(in_place: bool) -> Callable[[tuple, Mapping], _Call | None]:
    def read(args: tuple, kwargs: Mapping) -> _Call | None:
        low = _argument(args, kwargs, 1, "min_val", -1.0)
        most = _argument(args, kwargs, 2, "max_val", 1.0)
        inside = in_place or bool(_argument(args, kwargs, 3, "inplace", False))
        return _Call(float(most), inside) if low == 0 else None

    return read


def _threshold(in_place: bool) -> Callable[[tuple, Mapping], _Call | None]:
    def read(args: tuple, kwargs: Mapping) -> _Call | None:
        low = _argument(args, kwargs, 1, "threshold", None)
        value = _argument(args, kwargs, 2, "value", None)
        inside = in_place or bool(_argument(args, kwargs, 3, "inplace", False))
        return _Call(INFINITY, inside) if low == 0 and value == 0 else None

    return read


def _clamp(in_place: bool) -> Callable[[tuple, Mapping], _Call | None]:
    """Only without an upper limit: a clamp to [0, 1] is more likely one of pixels."""

    def read(args: tuple, kwargs: Mapping) -> _Call | None:
        low = _argument(args, kwargs, 1, "min", None)
        high = _argument(args, kwargs, 2, "max", None)
        plain = isinstance(low, int | float) and low == 0 and high is None and "out" not in kwargs
        return _Call(INFINITY, in_place) if plain else None

    return read


_READERS: dict[Callable, Callable[[tuple, Mapping], _Call | None]] = {
    functional.relu: _relu_function(INFINITY),
    functional.relu6: _relu_function(6.0),
    functional.hardtanh: _hardtanh(False),
    functional.hardtanh_: _hardtanh(True),
    functional.threshold: _threshold(False),
    torch.threshold: _threshold(False),
    torch.threshold_: _threshold(True),  # also torch.nn.functional's
    torch.relu: _relu(False),
    torch.relu_: _relu(True),
    Tensor.relu: _relu(False),
    Tensor.relu_: _relu(True),
    **{f: _clamp(False) for f in (torch.clamp, torch.clip, torch.clamp_min)},
    **{f: _clamp(False) for f in (Tensor.clamp, Tensor.clip, Tensor.clamp_min)},
    **{f: _clamp(True) for f in (torch.clamp_, torch.clip_, torch.clamp_min_)},
    **{f: _clamp(True) for f in (Tensor.clamp_, Tensor.clip_, Tensor.clamp_min_)},
}
