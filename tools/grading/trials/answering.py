"""In the sandbox: runs the cells of a notebook, then does what the judge asks.

The judge is trusted, so requests are pickled; replies are plain values (`values.py`).
"""

import ast
import asyncio
import inspect
import linecache
import pickle
import resource
import signal
import socket
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from tools.grading.trials.changes import state_of
from tools.grading.trials.frames import MOST, GoneError, receive, send
from tools.grading.trials.values import (
    DEEPEST,
    encode,
    encode_tensor,
    fixtures,
    parts_of,
    write_json,
)

MEMORY = 2 << 30  # bytes in addition to what the libraries take
PROCESSES, DESCRIPTORS, FILE_SIZE = 64, 1024, 10 << 20
STATM = Path("/proc/self/statm")
MESSAGE = 300  # characters of an error's message
HELD: dict[int, Any] = {}  # what the judge can refer to by its number
NOTEBOOK = types.ModuleType("__main__")
NAMES: dict[str, Any] = vars(NOTEBOOK)  # what it can refer to by its name


class OutOfTime(BaseException):
    """A cell took too long; no `except Exception` of a student's catches it."""


def answer(channel: socket.socket, names: dict[str, object], seconds: float) -> None:
    """Do what the judge asks until it hangs up.

    Args:
        names: what the notebook's cells find, and where their names go.
        seconds: of processor time that this process may take.
    """
    limit(seconds)
    signal.signal(signal.SIGALRM, _out_of_time)
    NAMES.update(names)
    sys.modules["__main__"] = NOTEBOOK  # whose functions can be pickled, as in a notebook
    respondent = Respondent()
    while True:
        try:
            request = pickle.loads(receive(channel, most=1 << 40))
            send(channel, respondent.reply(request))
        except GoneError:
            return


def limit(seconds: float) -> None:
    """Limit the resources that this process may use from now on."""
    limits = {
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_NPROC: PROCESSES,
        resource.RLIMIT_NOFILE: DESCRIPTORS,
        resource.RLIMIT_CORE: 0,
    }
    if STATM.is_file():  # only Linux reports memory use and enforces a memory limit
        pages = int(STATM.read_text(encoding="ascii").split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + MEMORY
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    cpu = int(seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 2))


def _out_of_time(*_: object) -> None:
    raise OutOfTime


def run_cell(source: str, names: dict[str, object], seconds: float) -> str:
    """Run a cell as a notebook does, with `await` at its level; return what went wrong, or ""."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        flags, file = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, f"<cell {len(linecache.cache)}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        found = eval(compile(source, file, "exec", flags=flags, dont_inherit=True), names)
        if inspect.iscoroutine(found):
            asyncio.run(found)
    except OutOfTime:
        return f"took longer than {seconds:g} s"
    except BaseException as error:  # a student's code may raise anything, even SystemExit
        return f"raised {type(error).__name__}: {error}"[:MESSAGE]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


class Respondent:
    """Answers requests about the names of a notebook."""

    def __init__(self) -> None:
        self._graphs: dict[int, tuple[list[Tensor], list[Tensor]]] = {}
        self._does: Mapping[str, Callable[..., dict]] = {
            "cell": self.cell, "name": self.name, "call": self.call,
            "backward": self.backward, "step": self.step,
        }  # fmt: skip

    def reply(self, request: Mapping[str, Any]) -> bytes:
        """What to send back; an error of the student's code is an answer, too."""
        options = dict(request)
        try:
            written = write_json(self._does[options.pop("does")](**options))
        except BaseException as error:  # a student's code may raise anything, even SystemExit
            written = write_json({"error": _described(error)})
        if len(written) > MOST:
            problem = ["ValueError", "Exception"], f"the result has more than {MOST >> 20} MiB"
            return write_json({"error": problem})
        return written

    def cell(self, source: str, seconds: float) -> dict:
        """Run a cell."""
        return {"value": run_cell(source, NAMES, seconds)}

    def name(self, name: str) -> dict:
        """The value of a name, if it is there."""
        if name not in NAMES:
            return {"value": None}
        value = NAMES[name]
        return {"value": ["callable"] if callable(value) else encode(value, {}, hold)}

    def call(
        self, number: int, function: str | int, arguments: bytes, grad: bool, training: bool
    ) -> dict:
        """Call a function by its name or number, or a network that is held here.

        Args:
            number: by which `backward` refers to this call.
            arguments: pickled positional arguments, options, and a network's parameters.
        """
        args, options, parameters = arguments = pickle.loads(arguments)
        target = held(function)
        if isinstance(function, int) and isinstance(target, nn.Module):
            named = dict(zip(dict(target.named_parameters()), parameters, strict=True))
            target = partial(functional_call, target.train(training), named)
            args = (args,)
        parts = list(parts_of(arguments))
        known: dict[int, int] = {}
        for position, part in enumerate(parts):
            known.setdefault(id(part), position)
        before = [state_of(part, known) for part in parts]
        inputs = [p for p in parts if isinstance(p, Tensor) and p.requires_grad]
        outputs: list[Tensor] = []
        with torch.set_grad_enabled(grad):
            result = target(*args, **options)
        with torch.no_grad():
            changes = [
                [position, after]
                for position, part in enumerate(parts)
                if (after := state_of(part, known)) != before[position]
            ]
            # What was changed and is returned comes back as a value of its own.
            changed = {position for position, _ in changes}
            known = {key: position for key, position in known.items() if position not in changed}
            value = encode(result, known, partial(hold, parts=parts))
        _graphs_of(result, known, outputs)
        self._graphs[number] = inputs, outputs
        return {"value": value, "changes": changes}

    def backward(self, number: int, slopes: bytes) -> dict:
        """The gradients to a call's inputs, given those to its outputs."""
        inputs, outputs = self._graphs[number]
        found = torch.autograd.grad(
            outputs, inputs, pickle.loads(slopes), allow_unused=True, retain_graph=True
        )
        return {"value": [None if slope is None else encode_tensor(slope) for slope in found]}

    def step(self, number: int, parameters: bytes) -> dict:
        """One step of an optimizer, with these values and gradients of its parameters."""
        optimizer, own = HELD[number]
        for mine, (value, grad) in zip(own, pickle.loads(parameters), strict=True):
            if value is not None:
                mine.data.copy_(value)
                mine.grad = grad
        optimizer.step()
        return {"value": [encode_tensor(p) for p in own]}


def _described(error: BaseException) -> tuple[list[str], str]:
    return [kind.__name__ for kind in type(error).__mro__], str(error)[:MESSAGE]


def _graphs_of(
    value: object, known: Mapping[int, int], found: list[Tensor], depth: int = 0
) -> None:
    """Collect the tensors with a graph, in the order in which `encode` writes them."""
    if id(value) in known or depth > DEEPEST:
        return
    if isinstance(value, Tensor):
        found += [value] if value.requires_grad else []
    elif isinstance(value, list | tuple | set | frozenset | dict):
        for item in value.values() if isinstance(value, dict) else value:
            _graphs_of(item, known, found, depth + 1)


def hold(value: object, parts: Sequence[object] = ()) -> dict | None:
    """What describes a function, network or optimizer to the judge, who refers to it by number.

    Args:
        parts: the arguments of the call that returned it, among them what an optimizer trains.
    """
    name, module = getattr(value, "__name__", ""), getattr(value, "__module__", "")
    if callable(value) and fixtures(module).get(name) is value:
        return {"fixture": [module, name]}
    number = len(HELD)
    described: dict[str, object] = {"number": number}
    if hasattr(value, "step") and hasattr(value, "zero_grad"):
        networks = [(at, part) for at, part in enumerate(parts) if isinstance(part, nn.Module)]
        found = [(p, [at, index]) for at, network in networks
                 for index, p in enumerate(network.parameters())]  # fmt: skip
        places = {id(p): place for p, place in found}
        own = _optimized(value) or [p for p, _ in found]  # of an optimizer of the student's own
        described["optimizes"] = [places.get(id(p)) for p in own]
        value = value, own
    elif isinstance(value, nn.Module):
        described["parameters"] = [encode_tensor(p) for p in value.parameters()]
    elif not callable(value):
        return None
    HELD[number] = value
    return described


def _optimized(optimizer: Any) -> list[Tensor]:
    return [p for group in getattr(optimizer, "param_groups", []) for p in group["params"]]


def held(which: int | str, parameters: Sequence[Tensor] = ()) -> Any:
    """What has this number or name; a network gets the judge's parameters first."""
    value: Any = NAMES[which] if isinstance(which, str) else HELD[which]
    for mine, theirs in zip(value.parameters() if parameters else (), parameters, strict=True):
        mine.data.copy_(theirs)
    return value
