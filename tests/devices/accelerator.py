"""A pretend accelerator: a device that computes on the CPU and is as strict as an Apple GPU.

    images.to(DEVICE)

It refuses float64, operations that mix devices, CPU generators for draws on the device, and the
operations for which PyTorch has no kernel on Apple's GPUs (according to the list that PyTorch's
own kernels are generated from). PyTorch takes it for a backend written in Python, which stays
registered for as long as the process runs.
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torchgen
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._mode_utils import no_dispatch
from torch.utils._pytree import tree_leaves, tree_map
from torchgen.gen import parse_native_yaml
from torchgen.model import DispatchKey, NativeFunction

aten = torch.ops.aten
WIDE = (torch.float64, torch.complex128)
TRANSFERS = (aten._to_copy.default, aten.copy_.default, aten._copy_from.default)
HOSTED = {  # the argument, if any, that may lie on the CPU: indices, lengths of sequences
    aten.index.Tensor: 1, aten.index_put_.default: 1, aten._index_put_impl_.default: 1,
    aten._pack_padded_sequence.default: 1, aten._pack_padded_sequence_backward.default: 2,
}  # fmt: skip
QUESTIONS = (aten._fused_sdp_choice.default,)


class There(Tensor):
    """A tensor on the device: a shell around the CPU tensor that holds its numbers."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> "There":
        if here.dtype in WIDE:
            raise TypeError(f"the device does not support {here.dtype}")
        layout = here.size(), here.stride(), here.storage_offset()
        shell = Tensor._make_wrapper_subclass(cls, *layout, dtype=here.dtype, device=DEVICE)
        shell.here = here
        return shell

    def __repr__(self, **_: object) -> str:
        return f"There({self.here!r})"

    def __reduce_ex__(self, protocol: object) -> tuple:
        """How a saved tensor is made again on its device."""
        parts = self.here, self.dtype, str(DEVICE), self.requires_grad
        return torch._utils._rebuild_device_tensor_from_cpu_tensor, parts

    def tolist(self) -> list:
        """As on any device; PyTorch refuses it for subclasses of tensors."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(
        cls, operation: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        return compute(operation, *args, **(kwargs or {}))


def compute(operation: Callable, *args: object, **kwargs: object) -> object:
    """What an operation returns: on the device, unless it is asked for on the CPU.

    Raises:
        NotImplementedError: Apple's GPUs have no kernel for it.
        RuntimeError: it mixes devices.
        TypeError: its result is float64.
    """
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    if operation not in (*TRANSFERS, *QUESTIONS):
        _refuse(operation, args, kwargs)
    stays = torch.device(kwargs.get("device") or DEVICE) == DEVICE
    if stays and "device" in kwargs:
        kwargs["device"] = torch.device("cpu")
    found = operation(*tree_map(_inside, args), **tree_map(_inside, kwargs))
    if torch.Tag.inplace_view in operation.tags:  # such as transpose_: the shell changes, too
        with no_dispatch():
            operation(*args, **kwargs)
    if operation is aten._pack_padded_sequence.default:  # the lengths stay on the CPU
        return There(found[0]), found[1]
    shells = {id(tensor.here): tensor for tensor in tensors if isinstance(tensor, There)}
    # What an operation in place returns is its argument, shell or not.
    known = shells | {id(tensor): tensor for tensor in tensors}

    def outside(value: object) -> object:
        if not isinstance(value, Tensor):
            return value
        return known[id(value)] if id(value) in known else There(value)

    return tree_map(outside, found) if stays else found


def _inside(value: object) -> object:
    return value.here if isinstance(value, There) else value


def _refuse(operation: Callable, args: Sequence[object], kwargs: dict) -> None:
    """Raise what the device raises for an operation that it cannot do."""
    if operation.name().removeprefix("aten::") in missing():
        raise NotImplementedError(f"{operation.name()} is not implemented for Apple's GPUs")
    given = [arg for place, arg in enumerate(args) if place != HOSTED.get(operation)]
    for tensor in tree_leaves((given, kwargs)):
        if isinstance(tensor, Tensor) and not isinstance(tensor, There) and tensor.ndim:
            raise RuntimeError(f"{operation.name()}: tensors on {DEVICE} and {tensor.device}")
    if kwargs.get("generator") is not None:
        raise RuntimeError(f"{operation.name()}: expected a generator on {DEVICE}; got a CPU one")


@functools.cache
def missing() -> set[str]:
    """The operations that have a kernel for the CPU and none for Apple's GPUs, by name."""
    folder = Path(torchgen.__file__).parent / "packaged/ATen/native"
    listed = parse_native_yaml(str(folder / "native_functions.yaml"), str(folder / "tags.yaml"))

    def runs(function: NativeFunction, where: DispatchKey) -> bool:
        kernels = listed.backend_indices[where]
        return kernels.has_kernel(function) or function.structured_delegate in kernels.index

    return {
        str(function.func.name)
        for function in listed.native_functions
        if runs(function, DispatchKey.CPU)
        and not runs(function, DispatchKey.MPS)
        and not function.has_composite_kernel
    }


def _gru_cell(
    inputs: Tensor, states: Tensor, h: Tensor, b: Tensor | None = None, c: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The next state of a GRU, for which PyTorch calls a kernel of CUDA's on every new device."""
    inputs = inputs if b is None else inputs + b
    states = states if c is None else states + c
    (r, z, n), (s, y, m) = inputs.chunk(3, 1), states.chunk(3, 1)
    new = torch.tanh(n + torch.sigmoid(r + s) * m)
    return (h - new) * torch.sigmoid(z + y) + new, inputs


def _copy_from(source: Tensor, target: Tensor, non_blocking: bool = False) -> Tensor:
    _inside(target).copy_(_inside(source))
    return target


class Backend(backend_registration._DummyBackendModule):
    """What PyTorch asks a device about; its default generator is the CPU's."""

    def get_rng_state(self, device: object) -> Tensor:
        """The state of the default generator."""
        return torch.get_rng_state()

    def set_rng_state(self, state: Tensor, device: object) -> None:
        """Set the state of the default generator."""
        torch.set_rng_state(state)

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """No dtype: there is no autocast on the device."""
        return []


backend_registration._setup_privateuseone_for_python_backend("pretend", Backend())
DEVICE = torch.device("pretend:0")
_every, _aten = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
_every.fallback(compute, "PrivateUse1")
_aten.impl("_copy_from", _copy_from, "PrivateUse1")
_aten.impl("_thnn_fused_gru_cell", _gru_cell, "AutogradPrivateUse1")
