"""Plain values, the format of the replies.

The judge trusts nothing that it reads: a reply is JSON, and `decode` makes numbers, text, lists and
arrays of it, refers to objects that the judge has sent, or to objects that stay in the student's
process. It calls no constructor but those of plain values and of the course's own dataclasses.
"""

import base64
import dataclasses
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, KeysView, Sequence, ValuesView
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tools.grading.trials.frames import MalformedError

DEEPEST = 20  # levels of lists in lists
NAME = 100  # characters of a type's name
OURS = ("lib.", "chapters.")  # whose dataclasses are sent field by field
LISTS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
ARRAYS = "biufc"  # numpy's kinds of numbers
DTYPES = {str(dtype): dtype for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}


def fixtures(module: object) -> dict[str, Callable]:
    """The functions, by name, that a module of the course lists in `FIXTURES`.

    An answer may return one of them; the judge then uses its own, and does not have the student's
    process call it over and over.
    """
    if not (isinstance(module, str) and module.startswith(OURS)):
        return {}
    listed = getattr(sys.modules.get(module), "FIXTURES", ())
    return {function.__name__: function for function in listed}


class Unknown:
    """Stands for an object that cannot be sent; its class has the name of the object's class."""


def parts_of(value: Any, depth: int = 0) -> Iterator[Any]:
    """All objects in a call's arguments that can be changed or returned, in a fixed order."""
    if depth > DEEPEST or value is None or isinstance(value, str | bytes | int | float):
        return
    if isinstance(value, Tensor | np.ndarray | torch.Generator | list | dict) or callable(value):
        yield value
    if isinstance(value, list | tuple):
        for item in value:
            yield from parts_of(item, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts_of(item, depth + 1)
    elif (fields := _fields_of(value)) is not None:
        yield value
        for _, item in fields:
            yield from parts_of(item, depth + 1)


def _fields_of(value: Any) -> list[tuple[str, Any]] | None:
    """The fields of one of the course's dataclasses, by name; None for everything else."""
    if not (dataclasses.is_dataclass(value) and type(value).__module__.startswith(OURS)):
        return None
    return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]


def encode(
    value: Any, known: dict[int, int], hold: Callable[[object], Any], depth: int = 0
) -> list:
    """A value as JSON can write it.

    Args:
        known: for the identity of each object that the judge has sent, its number.
        hold: keeps a function, network or optimizer in this process and returns what describes it.
    """

    def inner(item: object) -> list:
        return encode(item, known, hold, depth + 1)

    if id(value) in known:
        return ["sent", known[id(value)]]
    if depth > DEEPEST:
        return ["unknown", "nested list"]
    if value is None or isinstance(value, bool | str):
        return ["plain", str.__str__(value) if isinstance(value, str) else value]
    if isinstance(value, int):
        return ["int", hex(value)]
    if isinstance(value, float) and not isinstance(value, np.generic):
        return ["float", float.__float__(value).hex()]
    if isinstance(value, Tensor):
        return encode_tensor(value)
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind in ARRAYS:
        return _encode_array(value)
    if isinstance(value, list | tuple | set | frozenset):
        kind = next(name for name, base in LISTS.items() if isinstance(value, base))
        return [kind, [inner(item) for item in value]]
    if isinstance(value, Fraction | Decimal):
        return ["float", float(value).hex()]
    if isinstance(value, deque | ValuesView | KeysView | range):
        return ["list", [inner(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", [[inner(key), inner(item)] for key, item in value.items()]]
    if (fields := _fields_of(value)) is not None:
        pairs = [[name, inner(item)] for name, item in fields]
        return ["fields", type(value).__module__, type(value).__qualname__, pairs]
    if hasattr(value, "__array__") and np.asarray(value).dtype.kind in ARRAYS:
        return _encode_array(np.asarray(value))  # such as a column of pandas
    if (held := hold(value)) is not None:
        return ["held", held]
    return ["unknown", type(value).__name__[:NAME]]


def _encode_array(value: Any) -> list:
    kind, array = (
        "array" if isinstance(value, np.ndarray) else "scalar",
        np.ascontiguousarray(value),
    )
    return [kind, array.dtype.str, list(np.shape(value)), _text(array.tobytes())]


def encode_tensor(value: Tensor) -> list:
    """A tensor's numbers, and whether it has a graph."""
    dense = value.detach().as_subclass(Tensor).to("cpu", copy=False)
    dense = (dense.to_dense() if dense.layout is not torch.strided else dense).contiguous()
    raw = dense.resolve_conj().resolve_neg().reshape(-1).view(torch.uint8).numpy().tobytes()
    return ["tensor", str(value.dtype), list(value.shape), _text(raw), bool(value.requires_grad)]


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


class Decoder:
    """Makes values of what `encode` wrote.

    Args:
        sent: the objects that were sent, by number.
        fetch: returns what stands for an object that is held in the student's process.
        graph: turns the tensors that have a graph there into tensors that have one here.
    """

    def __init__(
        self,
        sent: Sequence[object],
        fetch: Callable[[Any], object],
        graph: Callable[[list[Tensor]], list[Tensor]] | None = None,
    ) -> None:
        self._sent, self._fetch, self._graph = sent, fetch, graph
        self._tensors: list[Tensor] = []

    def value(self, data: object) -> Any:
        """The value.

        Raises:
            MalformedError: the data follows no format.
        """
        try:
            self._collect(data, 0)
            if self._graph and self._tensors:
                self._tensors = self._graph(self._tensors)
            else:
                self._tensors = [tensor.requires_grad_() for tensor in self._tensors]
            return self._value(data)
        except (TypeError, ValueError, IndexError, KeyError, OverflowError, RuntimeError) as error:
            raise MalformedError(f"{type(error).__name__}: {error}"[:NAME]) from error

    def _collect(self, data: Any, depth: int) -> None:
        """Find the tensors with a graph, in the order in which `_value` comes to them."""
        if depth > 3 * DEEPEST:
            raise ValueError("nested too deeply")
        if isinstance(data, list):
            if data and data[0] == "tensor" and data[4]:
                self._tensors.append(_tensor(data))
            for item in data:
                self._collect(item, depth + 1)

    def _value(self, data: Any) -> object:
        kind = data[0]
        if kind == "sent":
            return self._sent[_index(data[1], len(self._sent))]
        if kind == "plain" and (data[1] is None or isinstance(data[1], bool | str)):
            return data[1]
        if kind == "int":
            return int(data[1], 16)
        if kind == "float":
            return float.fromhex(data[1])
        if kind == "tensor":
            return self._tensors.pop(0) if data[4] else _tensor(data)
        if kind in ("array", "scalar"):
            return _array(data)
        if kind in LISTS:
            return LISTS[kind]([self._value(item) for item in data[1]])
        if kind == "dict":
            return {self._value(key): self._value(item) for key, item in data[1]}
        if kind == "fields":
            return self._fields(*data[1:])
        if kind == "held":
            return self._fetch(data[1])
        if kind == "unknown":
            return type(str(data[1])[:NAME], (Unknown,), {})()
        raise ValueError(f"unknown kind {kind!r}")

    def _fields(self, module: str, name: str, pairs: list) -> object:
        """One of the course's dataclasses, which checks its fields itself."""
        found = getattr(sys.modules[module], name) if module.startswith(OURS) else None
        if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
            raise ValueError(f"no dataclass {name!r}")
        return found(**{key: self._value(item) for key, item in pairs})


def _index(number: object, size: int) -> int:
    if type(number) is not int or not 0 <= number < size:
        raise ValueError(f"expected a number below {size}")
    return number


def _tensor(data: list) -> Tensor:
    dtype, shape, raw = DTYPES[data[1]], [int(n) for n in data[2]], base64.b64decode(data[3])
    flat = torch.frombuffer(bytearray(raw), dtype=dtype) if raw else torch.empty(0, dtype=dtype)
    return flat.reshape(shape)


def _array(data: list) -> object:
    dtype = np.dtype(str(data[1]))
    if dtype.kind not in ARRAYS:
        raise ValueError(f"an array of {dtype}")
    flat = np.frombuffer(base64.b64decode(data[3]), dtype=dtype)
    array = flat.reshape([int(n) for n in data[2]]).copy()
    return array if data[0] == "array" else array.reshape(-1)[0]


def write_json(value: object) -> bytes:
    """A reply as bytes."""
    return json.dumps(value).encode("ascii")


def read_json(data: bytes) -> dict:
    """A reply.

    Raises:
        MalformedError: it is none.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)[:NAME]) from error
    if not isinstance(found, dict):
        raise MalformedError("expected a JSON object")
    return found
