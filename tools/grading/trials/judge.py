"""Trusted: reads jobs from stdin, tries out each answer in the sandbox, and writes verdicts.

`python -m tools.grading.trials.judge COMMAND…`, where the command starts `runner.py`. It imports
the assignment's own code, and only what the tests need.
"""

import ast
import contextlib
import json
import os
import pickle
import resource
import socket
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lib.checks import Case, Report, run_cases
from tools.grading.trials.frames import GoneError, receive, send
from tools.grading.trials.remote import ENDED, Answers
from tools.grading.trials.watch import watching

START, END = 120.0, 20.0  # seconds that the runner may take to import libraries, and to clean up
MOST_TIMES = 3  # time of an exercise with all of its cells, compared to its tests
MESSAGE = 300  # characters of a problem
MEMORY = 4 << 30  # bytes that tests may take
RESTARTS = 3  # of a process that a cell has ended
STUB = "not attempted"  # the reason of an untouched stub
OWN = "its cell"  # whose cells answer the exercise
Program = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Job:
    """The answers to judge, and what judging them takes.

    Attributes:
        definitions: the chapter's imports and functions, which answers may use.
        hidden: source of the hidden tests, one function per exercise.
        checks: for each exercise the call of the check that learners see, or "".
        constants: for each exercise that varies the values of its constants.
        programs: for each exercise the cells to run, in order, as (whose cell, its code).
        fallbacks: the same with all cells of the student, for answers that are not right without.
        seconds: time limit for the tests of one exercise; a cell may take a third of it, and all
            cells that are not the answer's own together as long.
    """

    definitions: str
    hidden: str
    checks: dict[str, str]
    constants: dict[str, dict[str, float]]
    programs: dict[str, list[tuple[str, str]]]
    fallbacks: dict[str, list[tuple[str, str]]]
    seconds: float


class Sandbox:
    """A runner, started anew if it has ended.

    Args:
        command: starts it; the number of its file descriptor is appended.
        forever: whether one runner may serve several jobs.
    """

    def __init__(self, command: Sequence[str], *, forever: bool) -> None:
        self._command, self._forever = command, forever
        self._process: subprocess.Popen | None = None
        self._channel: socket.socket | None = None

    def job_done(self) -> None:
        """End the runner, unless it may serve other jobs."""
        if not self._forever:
            self.stop()

    def stop(self) -> None:
        """End the runner."""
        if self._process is not None and self._channel is not None:
            self._channel.close()
            self._process.kill()
            self._process.wait()
        self._process = self._channel = None

    @contextlib.contextmanager
    def answers(self, definitions: str, seconds: float) -> Iterator[Answers]:
        """The names of a new process; afterwards, `Answers.gone` says how it ended."""
        channel = self._channel or self._started()
        ours, theirs = socket.socketpair()
        with ours:
            try:
                send(channel, pickle.dumps({"definitions": definitions, "seconds": seconds}))
                socket.send_fds(channel, [b"x"], [theirs.fileno()])
                theirs.close()
                receive(channel, time.monotonic() + START)
            except GoneError as error:
                raise RuntimeError(f"the sandbox does not start: {self._complaint()}") from error
            assert self._process is not None
            with watching(self._process) as watch:
                try:
                    answers = Answers(ours, seconds)
                    yield answers
                finally:
                    ended = self._ended(channel)
        if answers.gone == ENDED and (watch.reason or ended):
            answers.gone = watch.reason or ended

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        number = theirs.fileno()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [*self._command, str(number)], pass_fds=[number],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
        )  # fmt: skip
        theirs.close()
        self._channel = ours
        return ours

    def _complaint(self) -> str:
        """The last line that the runner wrote on stderr, which ends it."""
        self.stop()
        self._errors.seek(0)
        return self._errors.read()[-MESSAGE:].decode(errors="replace").strip().split("\n")[-1]

    def _ended(self, channel: socket.socket) -> str:
        """End the process of an exercise; how it ended, or "" if the runner has ended, too."""
        try:
            send(channel, b"end")
            return receive(channel, time.monotonic() + END).decode()
        except GoneError:
            self.stop()
            return ""


def tried(exercise: str, job: Job, sandbox: Sandbox) -> dict:
    """The verdict on one answer; one on which judging failed has "failed", and may be repeated."""
    try:
        first = judge(exercise, job, sandbox, job.programs[exercise])
        more = job.fallbacks.get(exercise)
        right = first["of"] and first["passed"] == first["of"]
        if more and not right and first["reason"] != STUB:
            second = judge(exercise, job, sandbox, more)
            return max(first, second, key=lambda verdict: verdict["passed"])
    except Exception as error:  # the other exercises are judged all the same
        sandbox.stop()
        return nothing(f"not judged: {type(error).__name__}: {error}"[:MESSAGE]) | {"failed": True}
    return first


def judge(exercise: str, job: Job, sandbox: Sandbox, program: Program) -> dict:
    """The verdict on one answer with these cells.

    Returns:
        {"passed": cases, "of": cases, "cases": [[name, problem], …], "reason": error or ""}.
    """
    skipped: dict[int, str] = {}
    while True:
        with sandbox.answers(job.definitions, MOST_TIMES * job.seconds) as answers:
            stopped_at, broken = _run_cells(answers, program, job.seconds, skipped)
            if stopped_at is None:
                answers.extend(job.seconds)
                results = _results(answers, job, exercise)
        if stopped_at is None:
            return _verdict(results, broken, answers.gone)
        whose = program[stopped_at][0]
        if whose == OWN or len(skipped) == RESTARTS:
            return nothing(f"{whose}: {answers.gone}")
        skipped[stopped_at] = answers.gone  # the answer may not need it


def _run_cells(
    answers: Answers, program: Program, seconds: float, skipped: Mapping[int, str]
) -> tuple[int | None, str]:
    """Run the cells; the position of the one that ended the process, and what first went wrong."""
    left, broken = seconds, ""
    for position, (whose, source) in enumerate(program):
        most = seconds / 3 if whose == OWN else min(left, seconds / 3)
        started = time.monotonic()
        if position in skipped:
            problem = skipped[position]
        elif most <= 0:
            problem = "was not run, since those above it took too long"
        else:
            problem = answers.run(source, most)
        if answers.gone:
            return position, broken
        left -= 0 if whose == OWN else time.monotonic() - started
        if problem and not broken:  # most are experiments that the answer does not need
            broken = f"{whose} {problem[:MESSAGE]}"
    return None, broken


def _results(answers: Answers, job: Job, exercise: str) -> list[tuple[str, str]] | str:
    """Each case with its problem, or "", or why there are no cases.

    If the answer changes arguments in place, the cases run twice: with these changes, which a case
    may look for, and without them, so that no change makes a wrong result look right.
    """
    answers.changing = False
    first = _run_cases(answers, job, exercise)
    if isinstance(first, str) or not answers.changed:
        return first
    answers.changing = True
    second = _run_cases(answers, job, exercise)
    if isinstance(second, str):
        return second
    return [(case, problem or other)
            for (case, problem), (_, other) in zip(first, second, strict=True)]  # fmt: skip


def _run_cases(answers: Answers, job: Job, exercise: str) -> list[tuple[str, str]] | str:
    try:
        found: list[tuple[str, str]] = []
        constants = job.constants.get(exercise, {})
        if job.checks.get(exercise):
            visible = check(job.checks[exercise], job.definitions, answers, constants)
            if not visible.attempted:
                return STUB
            found += visible.results
        hidden = types.ModuleType("hidden")
        exec(compile(job.hidden, "hidden", "exec"), hidden.__dict__)
        cases = getattr(hidden, exercise.replace("-", "_"))(answers, **constants)
        report = run_cases(exercise, [Case(c.name, _attempting(c.test)) for c in cases])
        return [*found, *report.results]
    except KeyError as error:
        return f"it does not define {error.args[0]}"
    except Exception as error:  # what a test says of an answer before its first case
        return f"{type(error).__name__}: {error}"[:MESSAGE]


def _attempting(test: Callable[[], None]) -> Callable[[], None]:
    """The test of an answer that has passed visible ones, so it is no stub."""

    def attempting() -> None:
        try:
            test()
        except NotImplementedError as error:
            raise AssertionError("it raised NotImplementedError") from error

    return attempting


def check(
    call: str, definitions: str, answers: Mapping[str, object], constants: Mapping[str, float]
) -> Report:
    """The report of a chapter's check, a call such as `checks.check_swish(swish, derivative)`."""
    found = ast.parse(call, mode="eval").body
    assert isinstance(found, ast.Call)
    function = eval(ast.unparse(found.func), _trusted(definitions))
    names = [ast.unparse(argument) for argument in found.args]
    return function(*(constants[n] if n in constants else answers[n] for n in names))


@lru_cache(maxsize=32)
def _trusted(definitions: str) -> dict[str, object]:
    names: dict[str, object] = {"__name__": "chapter"}
    exec(compile(definitions, "chapter", "exec"), names)
    return names


def _verdict(results: list[tuple[str, str]] | str, broken: str, gone: str) -> dict:
    if isinstance(results, str):
        return nothing(results + (f" ({broken})" if broken else ""))
    cases = [[case, problem[:MESSAGE]] for case, problem in results]
    passed = sum(not problem for _, problem in cases)
    reason = "" if passed == len(cases) else gone or broken
    return {"passed": passed, "of": len(cases), "cases": cases, "reason": reason}


def nothing(reason: str) -> dict:
    """A verdict without points."""
    return {"passed": 0, "of": 0, "cases": [], "reason": reason}


def limit_memory() -> None:
    """Let a test fail, not the machine, that computes with too large a result (Linux)."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        own = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (own + MEMORY, resource.RLIM_INFINITY))


def main() -> None:
    """Judge jobs until stdin ends."""
    limit_memory()
    forever = sys.argv[1] == "--forever"
    sandbox = Sandbox(sys.argv[2 if forever else 1 :], forever=forever)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tests print is no verdict
    try:
        for line in sys.stdin:
            job = Job(**json.loads(line))
            verdicts = {name: tried(name, job, sandbox) for name in job.programs}
            sandbox.job_done()
            print(json.dumps(verdicts), file=out, flush=True)
    finally:
        sandbox.stop()


if __name__ == "__main__":
    main()
