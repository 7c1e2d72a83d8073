"""Cells run as in a notebook: magics are dropped, each has its limit, and names are told."""

import asyncio
import signal

import pytest

from tools.grading.judging import STAND_INS
from tools.grading.names import names_of
from tools.grading.python_cells import plain_python
from tools.grading.submissions import key
from tools.grading.trials import answering


@pytest.fixture(autouse=True)
def no_running_loop():
    """Playwright, in the tests' process, leaves an event loop running; a judge has none."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


# What a cell becomes, and the value of x afterwards.
CELLS = {
    "%%time\nx = 1": 1,
    "\n\n%%time\n%%capture out\nx = 2": 2,
    "%%timeit -n 1\nx = 3": 3,
    "%%bash\nrm -rf /": None,
    "%%writefile helper.py\nx = 5": None,
    "%%javascript\nalert(1)": None,
    "!pip install nothing\nx = 4": 4,
    "%matplotlib inline\nx = 5": 5,
    "# first\n%load_ext autoreload\n%autoreload 2\nx = 6": 6,
    "x = 7\nx?": 7,
    "x = 8\n?x\nx??": 8,
    "x = !ls": [],
    "x = %pwd": None,
    "%time x = 9": 9,
    "x = %time 3 + 4": 7,
    "%timeit -n 10 -r 3 5 + 5\nx = 10": 10,
    "for i in range(3):\n    !echo {i}\n    x = i": 2,
    "def f():\n    %time y = 5\n    !ls\n    return y\nx = f()": 5,
    "if True:\n    %pip install nothing\nx = 11": 11,
    "get_ipython().run_line_magic('matplotlib', 'inline')\nx = 12": 12,
    "shell = get_ipython()\nshell.magic('time')\nx = 13": 13,
    "display(5)\ninput('name')\nx = 14": 14,
    "import asyncio\nawait asyncio.sleep(0)\nx = 15": 15,
    "async def f(): return 16\nx = await f()": 16,
    ">>> x = 17\n>>> x\n17": None,
    "x = 18\r\nx = x + 1": 19,
    "x = '%time'": "%time",
    "x = 20 % 6": 2,
    "a, b = 5, 2\nx = (a\n%b)": 1,
}


@pytest.fixture
def alarm():
    """Cells have limits, as the judge sets them."""
    before = signal.signal(signal.SIGALRM, answering._out_of_time)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("source", CELLS)
def test_a_cell_runs_as_in_a_notebook_without_its_magics(source, alarm):
    names = {}
    exec(STAND_INS, names)
    made = plain_python(source)
    problem = answering.run_cell(made, names, 10)
    if source.startswith(">>> "):
        assert names["x"] == 17
        return
    assert problem == "", made
    assert names.get("x") == CELLS[source]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def f(", "raised SyntaxError"),
        ("raise SystemExit('stop here')", "raised SystemExit: stop here"),
        ("import sys; sys.exit()", "raised SystemExit"),
        ("quit()", "raised SystemExit"),
        ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
        ("while True: pass", "took longer than 0.2 s"),
        ("try:\n    while True: pass\nexcept Exception: pass", "took longer than 0.2 s"),
        ("import time; time.sleep(100)", "took longer than 0.2 s"),
        ("import asyncio; await asyncio.sleep(100)", "took longer than 0.2 s"),
        ("1 / 0", "raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_cell_that_ends_badly_costs_only_itself(source, problem, alarm):
    assert answering.run_cell(plain_python(source), {}, 0.2).startswith(problem)
    assert answering.run_cell("x = 1", {}, 10) == ""


def test_cells_say_the_same_whatever_their_ends_spaces_and_comments():
    assert key("x = 1\ny = 2") == key("x = 1  # one\r\ny = 2\r\n\r\n") == key("\rx = 1\r\ry = 2")
    assert key("x = 1") != key("x = 2")
    assert key("x = (") == key("x = (  \r\n") != key("x = ((")


def test_names_are_those_at_the_level_of_the_cell():
    found = names_of("import a.b as c, d.e\ntotal = 0\ndef f(x, y=k):\n    z = g(x)\n    return z\n"
                     "t[0] = 1\nu.v.w = 2\nh = lambda q: q + r\n[s for s in p]")  # fmt: skip
    assert found.binds == {"c", "d", "total", "f", "t", "u", "h"}
    assert found.imports == {"c", "d"}
    assert found.uses == {"k", "g", "t", "u", "r", "p"}
    assert not found.unseen and not found.calls
    assert names_of("a.append(1)\nb.c.d(2)\nx = e.f()\ng()").calls == {"a", "b"}
    assert names_of("from os import *").unseen and names_of("exec('x = 1')").unseen
    assert names_of("async def f(): ...\nx = await f()").binds == {"f", "x"}
    assert names_of("def f(\nx = 5").binds >= {"f"}
    assert "x" in names_of("def f():\n    global x\n    x = 5").binds


def test_top_level_await_leaves_no_loop_behind(alarm):
    assert answering.run_cell("import asyncio\nawait asyncio.sleep(0)", {}, 10) == ""
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
