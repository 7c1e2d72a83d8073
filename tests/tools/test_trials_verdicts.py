"""The judge's verdicts: which cases count, and what no answer can do to them."""

import subprocess
import sys

import pytest

from tools.grading.sandbox import RUNNER
from tools.grading.trials import judge
from tools.grading.trials.judge import Job, Sandbox


@pytest.fixture(scope="module")
def sandbox():
    made = Sandbox(RUNNER, forever=True)
    yield made
    made.stop()


HIDDEN = """
from lib.checks import Case, expect_close
def double(names):
    f = names["double"]
    def halves():
        expect_close(f(0.5), 1.0)
    def ten():
        expect_close(f(10.0), 20.0)
    return [Case("ten", ten), Case("halves", halves)]
"""
VISIBLE = """
from lib.checks import Case, expect_close, run_cases
def check_double(f):
    return run_cases("double", [Case("one", lambda: expect_close(f(1.0), 2.0))])
"""


@pytest.mark.parametrize(
    ("program", "passed", "of", "reason"),
    [
        ([("its cell", "def double(x): return 2 * x")], 3, 3, ""),
        ([("its cell", "def double(x): return x + 1")], 1, 3, ""),
        ([("its cell", "def double(x): return 2 * x if x < 5 else x")], 2, 3, ""),
        ([("its cell", "def double(x): raise NotImplementedError")], 0, 0, "not attempted"),
        ([("its cell", "triple = 3")], 0, 0, "it does not define double"),
        ([("its cell", "import os\ndef double(x): return 2 * x if x < 5 else os._exit(2)")], 1, 3,
         "it ended the process itself (exit status 2)"),
        ([("its cell", "def double(x):\n  while x > 5: pass\n  return 2 * x")], 1, 3,
         "took longer than 3 s"),
        ([("an added cell", "import os; os._exit(0)"), ("its cell", "def double(x): return 2 * x")],
         3, 3, ""),
        ([("an added cell", "while True: pass"), ("its cell", "def double(x): return 2 * x")],
         3, 3, ""),
        ([("its cell", "import os; os._exit(0)")], 0, 0, "its cell: it ended the process itself"),
    ],
)  # fmt: skip
def test_visible_and_hidden_cases_count_together(sandbox, program, passed, of, reason):
    job = Job(VISIBLE, HIDDEN, {"double": "check_double(double)"}, {}, {}, {}, 3)
    found = judge.judge("double", job, sandbox, program)
    assert (found["passed"], found["of"]) == (passed, of), found
    assert found["reason"].startswith(reason) and bool(found["reason"]) == bool(reason)


SILU = """
import torch
from lib.checks import Case, expect_close
def double(names):
    f, x, values = names["double"], torch.ones(3), [1.0, 2.0]
    def result():
        expect_close(f(x), 2 * x)
    def listed():
        expect_close(torch.tensor(f(values)), 2 * torch.tensor(values))
    def kept():
        f(y := torch.ones(2))
        expect_close(y, torch.ones(2))
    return [Case("result", result), Case("listed", listed), Case("kept", kept)]
"""


@pytest.mark.parametrize(
    ("body", "passed"),
    [
        ("if isinstance(x, list): return [2 * v for v in x]\n    return 2 * x",
         "result listed kept"),
        # a wrong result does not become right because the argument is changed, too
        ("if isinstance(x, list): x[:] = [0.0] * 2; return [0.0] * 2\n    return x.zero_()", ""),
        ("if isinstance(x, list): x[:] = [0.0] * 2; return x\n    x.zero_(); return 0 * x", ""),
        # a right result stays right, and only the case that looks for the change notices it
        ("if isinstance(x, list): return [2 * v for v in x]\n    return x.mul_(2)", "listed"),
        ("if isinstance(x, list): return [2 * v for v in x]\n    y = 2 * x; x.add_(1); return y",
         "listed"),
    ],
)  # fmt: skip
def test_changing_an_argument_makes_no_wrong_result_right(sandbox, body, passed):
    source = f"import torch\ndef double(x):\n    {body}"
    job = Job("", SILU, {}, {}, {}, {}, 20)
    found = judge.judge("double", job, sandbox, [("its cell", source)])
    assert " ".join(case for case, problem in found["cases"] if not problem) == passed


def test_cells_whose_effects_cannot_be_told_are_all_run_if_the_answer_is_not_right(sandbox):
    program = [("its cell", "def double(x): return TABLE[x]")]
    fills = "TABLE = {}\ndef fill(): TABLE.update({1.0: 2.0, 0.5: 1.0, 10.0: 20.0})"
    fallback = [("an added cell", fills), ("an added cell", "fill()"), *program]
    checks = {"double": "check_double(double)"}
    for more, passed in (({}, 0), ({"double": fallback}, 3)):
        job = Job(VISIBLE, HIDDEN, checks, {}, {"double": program}, more, 20)
        assert judge.tried("double", job, sandbox)["passed"] == passed


def test_where_judging_fails_the_next_exercise_is_judged_all_the_same(sandbox, monkeypatch):
    job = Job("", HIDDEN, {}, {}, {"double": [("its cell", "def double(x): return 2 * x")]}, {}, 20)
    with monkeypatch.context() as patched:
        patched.setattr(judge, "run_cases", lambda *_: 1 / 0)
        patched.setattr(judge, "_results", lambda *_: 1 / 0)
        failed = judge.tried("double", job, sandbox)
    assert failed["failed"] and failed["reason"].startswith("not judged: ZeroDivisionError")
    assert judge.tried("double", job, sandbox)["passed"] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_result_that_is_too_large_fails_a_case_and_not_the_judge():
    program = (
        "from tools.grading.trials.judge import limit_memory; import torch; limit_memory();"
        "torch.zeros(1 << 28)\n"
        "try: torch.empty(6 << 30, dtype=torch.uint8)\n"
        "except RuntimeError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "refused\n", done.stderr
