"""Starts judges, one process for a submission, and can end those that are running."""

import json
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from tools.grading.reading import SubmissionError
from tools.grading.sandbox import JUDGE, environment, sandboxed

START = 120.0  # time limit for a judge's imports, in seconds
STAND_INS = Path(__file__).with_name("stand_ins.py").read_text("utf-8")


class JudgeError(SubmissionError):
    """There is no verdict, and another attempt may give one; the message says why."""


class Judges:
    """Judges of one assignment.

    Args:
        root: the folder with the code that answers and hidden tests import.
        sandbox: run them in bubblewrap; otherwise, with resource limits only.
    """

    def __init__(self, root: Path, *, sandbox: bool) -> None:
        command = sandboxed(JUDGE, root) if sandbox else list(JUDGE)
        self._command: Sequence[str] = command
        self._environment = environment(root)
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def verdicts(
        self, definitions: str, hidden: str, programs: dict[str, list[tuple[str, str]]],
        seconds: float,
    ) -> dict[str, dict]:  # fmt: skip
        """The verdict on each exercise's program; see `tools/grading/judge.py`.

        Raises:
            JudgeError: there is none; the message says how the judge ended.
        """
        job = {"definitions": f"{STAND_INS}\n{definitions}", "hidden": hidden,
               "programs": programs, "seconds": seconds}  # fmt: skip
        patience = START + len(programs) * (3 * seconds + 15)
        output, errors = self._run(json.dumps(job).encode(), patience)
        try:
            found = json.loads(output)
            return {name: _checked(found[name]) for name in programs}
        except (ValueError, KeyError, TypeError) as error:
            last = errors.decode(errors="replace").strip().splitlines()[-1:]
            raise JudgeError(f"its judge gave no verdict: {' '.join(last)[:300]}") from error

    def stop(self) -> None:
        """End all judges that are running, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def _run(self, job: bytes, patience: float) -> tuple[bytes, bytes]:
        with self._lock:
            if self._stopped:
                raise JudgeError("not graded: interrupted")
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=self._environment, cwd="/tmp", start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
        try:
            return process.communicate(job, timeout=patience)
        except subprocess.TimeoutExpired as error:
            raise JudgeError(f"its judge did not end within {patience:.0f} s") from error
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)


def _checked(verdict: object) -> dict:
    """The verdict, which a forgery may have given another form.

    Raises:
        TypeError, KeyError, ValueError: it has another form.
    """
    if not isinstance(verdict, dict):
        raise TypeError("no verdict")
    passed, of = verdict["passed"], verdict["of"]
    cases = tuple((case, problem) for case, problem in verdict["cases"])
    texts = [verdict["reason"], *(text for case in cases for text in case)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("no verdict")
    if type(passed) is not int or type(of) is not int or not 0 <= passed <= of:
        raise ValueError("no verdict")
    return {"passed": passed, "of": of, "cases": cases, "reason": verdict["reason"]}
