"""Starts judges, and can end them."""

import json
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.chapters import ROOT
from tools.grading.reading import SubmissionError
from tools.grading.sandbox import JUDGE, RUNNER, as_user, environment, is_lasting, sandboxed

START = 120.0  # time limit for a judge's imports, in seconds
STAND_INS = Path(__file__).with_name("stand_ins.py").read_text("utf-8")


class JudgeError(SubmissionError):
    """There is no verdict, and another attempt may give one; the message says why."""


class Judges:
    """Judges of one assignment: processes that import its code once, and serve one job at a time.

    Args:
        root: the folder with the code that answers and hidden tests import.
        sandbox: run answers in bubblewrap; otherwise, with resource limits only.
        user: who runs answers outside of bubblewrap, with the course's own code; None for the user
            who runs this.
    """

    def __init__(self, root: Path, *, sandbox: bool, user: int | None = None) -> None:
        if sandbox:
            runner = [*sandboxed(RUNNER, root), "--alone"]
        else:
            runner = list(RUNNER) if user is None else as_user(RUNNER, user)
        lasting = ["--forever"] if sandbox and is_lasting() else []
        self._command: Sequence[str] = [*JUDGE, *lasting, *runner]
        self._environment = environment(root.resolve(), ROOT)
        self._idle: list[subprocess.Popen] = []
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def verdicts(
        self, definitions: str, hidden: str, checks: dict[str, str],
        constants: dict[str, dict[str, float]], programs: dict[str, list[tuple[str, str]]],
        fallbacks: dict[str, list[tuple[str, str]]], seconds: float,
    ) -> dict[str, dict]:  # fmt: skip
        """The verdict on each exercise's program; see `tools/grading/trials/judge.py`.

        Raises:
            JudgeError: there is none; the message says how the judge ended.
        """
        job = {"definitions": f"{STAND_INS}\n{definitions}", "hidden": hidden, "checks": checks,
               "constants": constants, "programs": programs, "fallbacks": fallbacks,
               "seconds": seconds}  # fmt: skip
        patience = START + len(programs) * (10 * seconds + 30)
        found = json.loads(self._ask(json.dumps(job), patience))
        for verdict in found.values():
            verdict["cases"] = tuple(tuple(case) for case in verdict["cases"])
        return found

    def stop(self) -> None:
        """End all judges, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def _ask(self, job: str, patience: float) -> str:
        """The line with which a judge replies to a job; a judge that does not reply is ended.

        Raises:
            JudgeError: there is none.
        """
        process = self._judge()
        late = threading.Timer(patience, process.kill)
        late.start()
        try:
            process.stdin.write(job + "\n")
            process.stdin.flush()
            output = process.stdout.readline()
        except OSError:
            output = ""
        finally:
            late.cancel()
        if output.endswith("\n"):
            with self._lock:
                self._idle.append(process)
            return output
        ended = process.poll()
        process.kill()
        process.wait()
        with self._lock:
            self._running.discard(process)
        how = f"within {patience:.0f} s" if ended is None else f"and ended with status {ended}"
        raise JudgeError("not graded: interrupted" if self._stopped
                         else f"its judge gave no verdict {how}")  # fmt: skip

    def _judge(self) -> Any:
        """A judge that has nothing to do."""
        with self._lock:
            if self._stopped:
                raise JudgeError("not graded: interrupted")
            if self._idle:
                return self._idle.pop()
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=self._environment, cwd="/tmp", start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
            return process
