"""A network that is looked into: the state in which it computes, and what is not taken at all."""

import copy
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pickle import PickleError

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from lib.precision import without_autocast

QUANTIZED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized")


@contextmanager
def examined(model: nn.Module) -> Iterator[None]:
    """A context in which the model is in evaluation mode and its weights need no gradients.

    Afterwards every module's mode and every weight's `requires_grad` are restored, even after an
    exception. Gradients are recorded inside the block, wherever it is entered; autocast is off, and
    compiled parts run as they were written, where hooks reach every layer.

    Raises:
        ValueError: a result could depend on the other images of its batch (batch normalization
            without running statistics), lazy layers, or several devices.
    """
    _check(model)
    modes = [(module, module.training) for module in model.modules()]
    # Weights made under inference_mode need none, and could not be given back their flag.
    weights = [weight for weight in model.parameters() if not weight.is_inference()]
    wanted = [(weight, weight.requires_grad) for weight in weights]
    try:
        for module, _ in modes:
            module.training = False  # not eval(): some networks override it
        for weight, _ in wanted:
            weight.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad(), without_autocast(), _as_written():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
        for weight, wants in wanted:
            weight.requires_grad_(wants)


def copy_of(model: nn.Module) -> nn.Module:
    """A copy, even of a model that keeps results of its last forward pass, as weight norm does.

    `copy.deepcopy` refuses tensors with a graph behind them. The copy has them without.

    Raises:
        ValueError: the model holds something else that cannot be copied.
    """
    kept = (tensor for module in model.modules() for tensor in _tensors(vars(module)))
    memo = {id(tensor): tensor.detach().clone() for tensor in kept if not tensor.is_leaf}
    try:
        return copy.deepcopy(model, memo)
    except (TypeError, RuntimeError, PickleError) as error:
        raise ValueError(f"the model cannot be copied: {error}") from error


def _tensors(value: object) -> Iterator[Tensor]:
    """The tensors in an attribute, and those in its containers."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors([*value.values()])
    elif isinstance(value, list | tuple | set):
        for part in value:
            yield from _tensors(part)


def _check(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if _uses_batch_statistics(module):
            raise ValueError(
                f"{name or 'the model'!r} has no running statistics, so a result would depend on "
                f"the other images of its batch; give it some (track_running_stats=True)"
            )
        if isinstance(module, nn.DataParallel) and len(module.device_ids) > 1:
            raise ValueError(
                f"a model on {len(module.device_ids)} devices cannot be examined; give its .module"
            )
    lazy = [name for name, weight in _named_tensors(model) if is_lazy(weight)]
    if lazy:
        raise ValueError(f"the model has no weights yet ({lazy[0]}); show it images once")


def _uses_batch_statistics(module: nn.Module) -> bool:
    """Whether it is a batch normalization that uses the batch's statistics in evaluation, too."""
    scripted = str(getattr(module, "original_name", "")).startswith("BatchNorm")
    return (isinstance(module, _BatchNorm) or scripted) and (
        getattr(module, "running_mean", module) is None
    )


def _named_tensors(model: nn.Module) -> Iterable[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


def check_differentiable(model: nn.Module) -> None:
    """Raise unless gradients can pass the model.

    Raises:
        ValueError: quantized layers, or weights that were made under `torch.inference_mode`.
    """
    for name, module in model.named_modules():
        if type(module).__module__.startswith(QUANTIZED):
            raise ValueError(f"{name or 'the model'!r} is quantized, so no gradient can pass it")
    for name, tensor in _named_tensors(model):
        if tensor.is_inference():
            raise ValueError(
                f"{name!r} was made under torch.inference_mode, so no gradient can pass it; build "
                f"and load the model outside"
            )


def _as_written() -> AbstractContextManager[object]:
    """A context in which compiled code runs uncompiled."""
    if "torch._dynamo" not in sys.modules:  # nothing has been compiled; importing it takes seconds
        return nullcontext()
    return torch.compiler.set_stance("force_eager")
