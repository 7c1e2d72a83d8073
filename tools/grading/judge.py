"""The process that runs a student's answers, in a sandbox; it imports nothing else of `tools`.

Reads a job from stdin and writes a verdict per exercise to stdout. Each exercise runs in its own
fork, with limits on time, memory, files and processes, so answers cannot affect each other.
Answers that change the libraries that judge them are detected and earn nothing. Since answer and
judge share a process, one that targets this very file could still cheat: review odd answers.
"""

import ast
import asyncio
import builtins
import contextlib
import importlib
import inspect
import json
import os
import resource
import secrets
import select
import signal
import sys
import time
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY = 2 << 30  # bytes in addition to what the libraries take
PROCESSES, DESCRIPTORS, FILE_SIZE = 64, 1024, 10 << 20
MOST_TIMES = 3  # an exercise with all of its cells, compared to its hidden tests
STATM = Path("/proc/self/statm")
LONGEST, MESSAGE = 1 << 20, 300  # maximum characters of a verdict and of a problem
WATCHED = (
    "builtins", "math", "itertools", "json", "os", "copy", "random", "numpy", "torch",
    "torch.Tensor", "torch.nn.functional", "torch.autograd", "torch.testing", "lib",
)  # fmt: skip


OURS = ("lib.", "chapters.")
OWN = "its cell"  # whose cells answer the exercise


@dataclass(frozen=True)
class Job:
    """The answers to judge, and what judging them takes.

    Attributes:
        definitions: the chapter's imports and functions, which answers may use.
        hidden: source of the hidden tests, one function per exercise.
        programs: for each exercise the cells to run, in order, as (whose cell, its code).
        seconds: time limit for the hidden tests of one exercise; a cell may take a third of it, and
            all cells that are not the answer's own together as long.
    """

    definitions: str
    hidden: str
    programs: dict[str, list[tuple[str, str]]]
    seconds: float


class OutOfTime(BaseException):
    """A cell or a test took too long; no `except Exception` of a student's catches it."""


def main() -> None:
    """Judge the job on stdin."""
    job = Job(**json.load(sys.stdin))
    out = os.fdopen(os.dup(1), "w")
    silence()
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(job.definitions, "chapter", "exec"), names)
    hidden = types.ModuleType("hidden")
    exec(compile(job.hidden, "hidden", "exec"), hidden.__dict__)
    # Any optimizer imports it, and it replaces torch.manual_seed, which no answer is to blame for.
    importlib.import_module("torch._dynamo")
    verdicts = {name: judge(name, job, names, hidden) for name in job.programs}
    json.dump(verdicts, out)
    out.flush()
    os._exit(0)


def silence() -> None:
    """Discard everything that an answer prints."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def judge(name: str, job: Job, names: Mapping[str, object], hidden: types.ModuleType) -> dict:
    """The verdict on one answer, computed in a fork.

    Returns:
        {"passed": cases, "of": cases, "cases": [[name, problem], …], "reason": error or ""}.
    """
    receiver, sender = os.pipe()
    seal = secrets.token_hex(16)  # secret from the answer
    child = os.fork()
    if child == 0:
        os.closerange(3, sender)  # including the pipe for the verdicts
        os.closerange(sender + 1, DESCRIPTORS)
        os.setpgid(0, 0)
        limit(MOST_TIMES * job.seconds)
        verdict = attempt(name, job, dict(names), hidden)
        with os.fdopen(sender, "w") as pipe:
            json.dump([seal, verdict], pipe)
        os._exit(0)
    os.close(sender)
    try:
        text = read_until(receiver, time.monotonic() + MOST_TIMES * job.seconds + 5)
    except TimeoutError:
        text = None
    for kill, target in ((os.killpg, child), (os.kill, child)):
        with contextlib.suppress(ProcessLookupError):  # it has ended or left its group
            kill(target, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if text is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return nothing(f"took longer than {job.seconds:g} s")
    return _unsealed(text, seal) if text else nothing(_how_it_ended(status))


def _unsealed(text: str, seal: str) -> dict:
    """The verdict, if it carries this seal; otherwise, a verdict of no points."""
    try:
        found, verdict = json.loads(text)
    except (ValueError, TypeError):
        found = None
    return verdict if found == seal else nothing("its verdict was not written by the judge")


def read_until(receiver: int, deadline: float) -> str:
    """Read a pipe and close it; reads at most the length of the longest verdict.

    Raises:
        TimeoutError: the deadline passed before the end of the data.
    """
    text = b""
    with os.fdopen(receiver, "rb", buffering=0) as pipe:
        while len(text) < LONGEST:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([pipe], [], [], left)[0]:
                raise TimeoutError
            if not (part := pipe.read(1 << 16)):
                break
            text += part
    return text.decode(errors="replace")


def _how_it_ended(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"its process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"it ended the process itself (exit status {os.WEXITSTATUS(status)})"


def limit(seconds: float) -> None:
    """Limit the resources that this process may use from now on."""
    limits = {
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_NPROC: PROCESSES,
        resource.RLIMIT_CORE: 0,
    }
    if STATM.is_file():  # only Linux reports memory use and enforces a memory limit
        pages = int(STATM.read_text(encoding="ascii").split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + MEMORY
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    cpu = int(seconds) + 2  # SIGXCPU first, which gives the reason; SIGKILL if that is caught
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 2))


def attempt(name: str, job: Job, names: dict, hidden: types.ModuleType) -> dict:
    """Define the student's names and run the hidden tests on them."""
    run_cases, case_type, code = _trusted(hidden, name)
    before, left = snapshot(), job.seconds
    signal.signal(signal.SIGALRM, _out_of_time)
    try:
        broken = ""
        for whose, source in job.programs[name]:
            most = job.seconds / 3 if whose == OWN else min(left, job.seconds / 3)
            started = time.monotonic()
            problem = run_cell(source, names, most)
            left -= 0 if whose == OWN else time.monotonic() - started
            if problem and not broken:  # most are experiments that the answer does not need
                broken = f" ({whose} {problem[:MESSAGE]})"
        if changed := changes(before):
            return nothing(f"it changes {changed}, which belongs to the tests")
        signal.setitimer(signal.ITIMER_REAL, job.seconds)
        cases = code(names)
    except OutOfTime:
        return nothing(f"took longer than {job.seconds:g} s")
    except BaseException as error:  # a student's code may raise anything, even SystemExit
        return nothing(f"{type(error).__name__}: {error}{broken}"[:MESSAGE])
    tampered: list[str] = []

    def guarded(case: Any) -> object:  # of the class fetched above
        def test() -> None:
            try:
                case.test()
            except (Exception, OutOfTime):  # `run_cases` reports the one, the other ends it
                raise
            except BaseException as error:  # SystemExit and the like
                raise AssertionError(f"it raised {type(error).__name__}") from error
            finally:
                if changed := changes(before):
                    tampered.append(changed)

        return case_type(case.name, test)

    try:
        report = run_cases(name, [guarded(case) for case in cases])
    except OutOfTime:
        return nothing(f"took longer than {job.seconds:g} s")
    if tampered:
        return nothing(f"it changes {tampered[0]}, which belongs to the tests")
    if not report.attempted:
        return nothing("not attempted")
    results = [[case, problem[:MESSAGE]] for case, problem in report.results]
    passed = sum(not problem for _, problem in results)
    reason = broken[2:-1] if passed < len(results) else ""
    return {"passed": passed, "of": len(results), "cases": results, "reason": reason}


def run_cell(source: str, names: dict, seconds: float) -> str:
    """Run a cell as a notebook does, with `await` at its level; return what went wrong, or ""."""
    if seconds <= 0:
        return "was not run, since those above it took too long"
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        found = eval(compile(source, "cell", "exec", flags=flags, dont_inherit=True), names)
        if inspect.iscoroutine(found):
            asyncio.run(found)
    except OutOfTime:
        return f"took longer than {seconds:g} s"
    except BaseException as error:  # a student's code may raise anything, even SystemExit
        return f"raised {type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def _out_of_time(*_: object) -> None:
    raise OutOfTime


def _trusted(hidden: types.ModuleType, name: str) -> tuple:
    """The judging functions, fetched before any of the student's code has run."""
    from lib.checks import Case, run_cases

    return run_cases, Case, getattr(hidden, name.replace("-", "_"))


def nothing(reason: str) -> dict:
    """A verdict without points."""
    return {"passed": 0, "of": 0, "cases": [], "reason": reason}


def snapshot() -> dict[tuple[str, str], object]:
    """The object bound to every name of the watched modules and of our own."""
    return {(where, name): value for where, name, value in _watched()}


def changes(before: Mapping[tuple[str, str], object]) -> str:
    """The first name that is now bound to a different object; "" if there is none."""
    now = {(where, name): value for where, name, value in _watched()}
    for (where, name), value in before.items():
        if now.get((where, name)) is not value:
            return f"{where}.{name}"
    return ""


def _watched():
    holders = {name: _holder(name) for name in WATCHED}
    holders |= {n: m for n, m in sys.modules.items() if n.startswith(OURS)}
    for where, holder in holders.items():
        for name, value in list(vars(holder).items()):
            if not name.startswith("__") or where == "builtins":
                yield where, name, value
            if isinstance(value, types.FunctionType) and where.startswith(OURS):
                yield where, f"{name}.__code__", value.__code__


def _holder(name: str) -> object:
    if name == "builtins":
        return builtins
    if name == "torch.Tensor":
        return importlib.import_module("torch").Tensor
    return importlib.import_module(name)


if __name__ == "__main__":
    main()
