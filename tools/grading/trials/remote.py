"""Trusted: what an answer looks like to the tests, a function like any other.

A call sends its arguments to the student's process and returns what comes back, as plain values. It
behaves as the function would here: it raises what the function raised, arguments that were changed
in place are changed here, and gradients flow through it.
"""

import builtins
import io
import socket
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import cloudpickle
import torch
from torch import Tensor, nn

from tools.grading.trials import answering
from tools.grading.trials.changes import change
from tools.grading.trials.frames import GoneError, MalformedError, receive, send
from tools.grading.trials.values import Decoder, fixtures, parts_of, read_json

HANG_UP = 5.0  # seconds that a cell may take beyond the time limit that its process sets
ENDED = "its process has ended"
SHOWN = 300  # characters of a message


class Answers(Mapping[str, object]):
    """The names that a notebook's cells have defined, each in the student's process.

    Args:
        channel: to the process.
        seconds: time limit for all requests together.

    Attributes:
        gone: why the process replies no more; "" while it does.
        changing: whether arguments that a function changes in place are changed here, too. Random
            generators always are.
        changed: whether any was changed there.
    """

    def __init__(self, channel: socket.socket, seconds: float) -> None:
        self._channel, self._seconds = channel, seconds
        self._deadline = time.monotonic() + seconds
        self._calls = 0
        self.gone, self.changing, self.changed = "", True, False

    def extend(self, seconds: float) -> None:
        """Start the time limit anew."""
        self._seconds, self._deadline = seconds, time.monotonic() + seconds

    def __getitem__(self, name: str) -> object:
        """A function of that name, or the value that the name has.

        Raises:
            KeyError: no cell defines it.
        """
        reply = self._ask(does="name", name=name)["value"]
        if reply is None:
            raise KeyError(name)
        return Remote(self, name) if reply == ["callable"] else self._decoder(()).value(reply)

    def __iter__(self) -> Iterator[str]:
        raise TypeError("the names cannot be listed")

    def __len__(self) -> int:
        raise TypeError("the names cannot be counted")

    def run(self, source: str, seconds: float) -> str:
        """Run a cell; return what went wrong, or ""."""
        kept = self._seconds, self._deadline
        self.extend(seconds)
        self._deadline += HANG_UP
        try:
            problem = self._ask(does="cell", source=source, seconds=seconds)["value"]
        except Exception as error:  # whatever the process replied instead of what was asked
            problem = self.gone or f"replied {error}"[:SHOWN]
        self._seconds, self._deadline = kept
        return str(problem)

    def call(self, function: str | int, args: tuple, options: dict, network: Any = None) -> Any:
        """Call a function by its name or number.

        Args:
            network: what stands for the function here, if it is a network.

        Raises:
            AssertionError: it left no result that can be judged; the message says why.
            Exception: what the function raised.
        """
        weights = [] if network is None else list(network.parameters())
        arguments = args, options, weights
        parts = list(parts_of(arguments))
        self._calls += 1
        number = self._calls
        reply = self._ask(
            does="call", number=number, function=function, arguments=_pickled(arguments),
            grad=torch.is_grad_enabled(), training=network is not None and network.training,
        )  # fmt: skip
        inputs = [p for p in parts if isinstance(p, Tensor) and p.requires_grad]
        graph = partial(_connected, self, number, inputs) if inputs else None
        try:
            for position, state in reply["changes"]:
                self._change(parts[position], state, parts)
            return self._decoder(parts, graph).value(reply["value"])
        except (MalformedError, KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            raise AssertionError(f"its result cannot be read: {error}"[:SHOWN]) from error

    def _change(self, part: object, state: object, parts: list) -> None:
        drawn = isinstance(part, torch.Generator)
        self.changed = self.changed or not drawn
        if drawn or self.changing:
            change(part, state, parts)

    def backward(self, number: int, slopes: list[Tensor]) -> list[Tensor | None]:
        """The gradients to the inputs of a call, given those to its outputs."""
        found = self._ask(does="backward", number=number, slopes=_pickled(slopes))["value"]
        decoder = self._decoder(())
        return [None if s is None else decoder.value(s) for s in found]

    def step(self, number: int, parameters: list[Tensor | None]) -> list[Tensor]:
        """What the parameters of an optimizer are after one step."""
        given = [(None, None) if p is None else (p.detach(), p.grad) for p in parameters]
        found = self._ask(does="step", number=number, parameters=_pickled(given))["value"]
        return [self._decoder(()).value(value) for value in found]

    def _decoder(self, parts: Any, graph: Any = None) -> Decoder:
        def fetch(described: Mapping[str, Any]) -> object:
            if "fixture" in described:
                module, name = described["fixture"]
                return fixtures(module)[name]
            number = int(described["number"])
            if "optimizes" in described:
                return RemoteOptimizer(self, number, described["optimizes"], parts)
            if "parameters" in described:
                weights = [self._decoder(()).value(value) for value in described["parameters"]]
                return RemoteNetwork(self, number, weights)
            return Remote(self, number)

        return Decoder(parts, fetch, graph)

    def _ask(self, **request: object) -> dict[str, Any]:
        """Send a request; return the reply.

        Raises:
            AssertionError: there is none; no later request is answered either.
            Exception: what the student's code raised.
        """
        if self.gone:
            raise AssertionError(self.gone)
        try:
            send(self._channel, _pickled(request))
            reply = read_json(receive(self._channel, self._deadline))
            if not {"value", "error"} & reply.keys():
                raise MalformedError("neither a value nor an error")
        except MalformedError as error:
            self.gone = f"its process replied what cannot be read: {error}"
        except GoneError:
            late = time.monotonic() >= self._deadline
            self.gone = f"took longer than {self._seconds:g} s" if late else ENDED
        if self.gone:
            raise AssertionError(self.gone)
        if "error" in reply:
            raise _error(reply["error"])
        return reply


class _Pickler(cloudpickle.Pickler):
    """Pickles what a test may pass to an answer."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, Iterator) and not isinstance(value, io.IOBase):
            return iter, (list(value),)
        if isinstance(value, Tensor) and value.requires_grad and not value.is_leaf:
            leaf = value.detach().requires_grad_()
            return leaf.__reduce_ex__(4)
        return super().reducer_override(value)


def _pickled(value: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()


def _error(described: Any) -> BaseException:
    """An error like the one in the student's process, of a type that Python knows."""
    try:
        names, message = [str(name) for name in described[0]], str(described[1])[:SHOWN]
        known = next(kind for kind in (getattr(builtins, name, None) for name in names)
                     if isinstance(kind, type) and issubclass(kind, BaseException))  # fmt: skip
    except (TypeError, IndexError, KeyError, StopIteration):
        return AssertionError("its process replied what cannot be read")
    if not issubclass(known, Exception):
        return AssertionError(f"it raised {names[0]}")
    named = known if known.__name__ == names[0] else type(names[0][:SHOWN], (known,), {})
    try:
        return named(message)
    except TypeError:  # such as UnicodeDecodeError, which takes more than a message
        return AssertionError(f"{names[0]}: {message}")


def _connected(
    answers: Answers, number: int, inputs: list[Tensor], outputs: list[Tensor]
) -> list[Tensor]:
    """The outputs of a call, connected with its inputs."""
    return list(_Graph.apply(answers, number, len(inputs), *inputs, *outputs))


class _Graph(torch.autograd.Function):
    """Connects the results of a call with its inputs; slopes come from the student's process."""

    @staticmethod
    def forward(ctx: Any, answers: Answers, number: int, count: int, *tensors: Tensor) -> Any:
        ctx.answers, ctx.number, ctx.count = answers, number, count
        ctx.shapes = [(out.shape, out.dtype) for out in tensors[count:]]
        return tuple(out.clone() for out in tensors[count:])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor | None) -> Any:
        given = [torch.zeros(shape, dtype=dtype) if slope is None else slope
                 for slope, (shape, dtype) in zip(slopes, ctx.shapes, strict=True)]  # fmt: skip
        found = ctx.answers.backward(ctx.number, given)
        return None, None, None, *found, *(None for _ in slopes)


class Remote:
    """A function in the student's process."""

    def __init__(self, answers: Answers, function: str | int) -> None:
        self._answers, self._function = answers, function
        self.__name__ = str(function)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._answers.call(self._function, args, options)

    def __reduce__(self) -> Any:
        return answering.held, (self._function,)


class RemoteNetwork(nn.Module):
    """A network in the student's process; its parameters are here, and sent with each call."""

    def __init__(self, answers: Answers, number: int, weights: list[Tensor]) -> None:
        super().__init__()
        self._answers, self._number = answers, number
        self.weights = nn.ParameterList(nn.Parameter(w.detach()) for w in weights)

    def forward(self, *args: Any, **options: Any) -> Any:
        """What the network makes of its input."""
        return self._answers.call(self._number, args, options, self)

    def __reduce__(self) -> Any:
        return answering.held, (self._number, [w.detach() for w in self.weights])


class RemoteOptimizer:
    """An optimizer in the student's process, of parameters that are here."""

    def __init__(self, answers: Answers, number: int, places: list, parts: list) -> None:
        self._answers, self._number = answers, number
        self._parameters = [None if place is None else list(parts[place[0]].parameters())[place[1]]
                            for place in places]  # fmt: skip

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            if parameter is not None:
                parameter.grad = None

    def step(self) -> None:
        """Move the parameters as the optimizer does."""
        moved = self._answers.step(self._number, self._parameters)
        with torch.no_grad():
            for parameter, value in zip(self._parameters, moved, strict=True):
                if parameter is not None:
                    parameter.copy_(value)
