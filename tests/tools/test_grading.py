"""Submissions as they come: each gets points or a reason, and none what it did not earn."""

import copy
import csv
import json
import shutil

import nbformat
import pytest

from tests.programs import find_program
from tests.tools import submitted
from tools.assignment import MARK, find_chapter, write_assignment
from tools.chapters import CourseError, list_chapters, read_source
from tools.exercises import SOLUTION, list_exercises
from tools.grading.grade import Row, grade, grade_file, read_assignment, write_grades
from tools.grading.sandbox import is_possible

CHAPTER, FIRST, ALL, REST = "01_activations", "swish", 15, 11  # points in all; without the first
SLOPE = "\ndef swish_derivative(x): return sigmoid(x) + x * sigmoid_derivative(x)\n"
WRONG = f"def swish(x): return torch.full_like(x, 7.0)\n{SLOPE}"
FORKS = """
import os
for _ in range(200):
    os.fork() or os.execvp("sleep", ["sleep", "60"])
"""
HOARDS = """
import os, time
for _ in range(6):
    if not os.fork():
        kept = bytearray(1 << 30)
        kept[::4096] = b"x" * len(kept[::4096])
        time.sleep(60)
time.sleep(60)
"""
FILES = """
import os, time
kept = []
for _ in range(700):
    kept.append(os.memfd_create("x"))
    os.write(kept[-1], b"x" * (9 << 20))
time.sleep(9)
"""
LINGERS = """
import os, pathlib, time
pathlib.Path("/tmp/left").write_text("here")
pathlib.Path("/tmp/locked/in").mkdir(parents=True)
pathlib.Path("/tmp/locked").chmod(0)
os.system("ipcmk -M 1000000")
pathlib.Path("/tmp").chmod(0o500)
if not os.fork():
    os.setsid()
    os.fork() or time.sleep(600)
"""
OPTIMIZER = "torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), lr=0.1).step()\n"
MAGICS = """
!pip install x
%matplotlib inline
import asyncio
await asyncio.sleep(0)
name = input("who?")
display(name)
get_ipython().run_line_magic("load_ext", "autoreload")
def helper(x):
    %time y = torch.sigmoid(x)
    return y
"""
# The student's code for the first exercise; the others are right. Each gets 0 for it, since …
HOSTILE = {
    "syntax": ("def swish(x:", "SyntaxError"),
    "endless": ("while True: pass", "took longer than"),
    "deaf": ("import signal\nsignal.setitimer = lambda *a: None\nsignal.signal(14, 1)\n"
             "while True: pass", "took longer than"),
    "memory": ("x = bytearray(10 << 30)", "MemoryError"),
    "hoards": (HOARDS, "took "),
    "exits": ("import sys; sys.exit(0)", "SystemExit"),
    "vanishes": ("import os; os._exit(0)", "ended the process itself"),
    "kills": ("import os; os.kill(os.getppid(), 9)", ""),
    "kills all": ("import os; os.kill(-1, 9)", ""),
    "prints": ("print('x' * 200_000_000)", "it does not define swish"),
    "forks": (FORKS, ""),
    "stops": ("import os, time; os.kill(os.getppid(), 19)\n" + HOARDS, ""),
    "files": (FILES, "took "),  # too much memory or, on a busy machine, too long
    "replies": ("import tools.grading.trials.answering as a\n"
                "a.write_json = lambda value: b'{}'", "cannot be read"),
    "surrogate": ("raise ValueError('\\ud800')", "ValueError"),
}  # fmt: skip
# Each of these is a wrong answer with something in front of it that does not make it right.
CHEATS = {
    "nothing": "",
    "patches": "import lib.checks as r\nr.expect_close = lambda *a, **k: None\n",
    "rewrites": "from lib.checks import expect_close as e\ne.__code__ = (lambda: 1).__code__\n",
    "torch": "torch.allclose = torch.equal = lambda *a, **k: True\n",
    "answers": "from tools.grading.trials import answering\n"
               "answering.state_of = lambda *a: None\nanswering.encode = lambda *a: ['sent', 0]\n",
    "judge": "from tools.grading.trials import judge\njudge.run_cases = lambda *a: 1\n",
    "atexit": "import atexit, os\natexit.register(os.write, 1, b'{\"passed\": 9}')\n",
    "file": "try:\n    open('verdicts.json', 'w').write('{}')\nexcept OSError: ...\n",
}  # fmt: skip
# … and the sandbox lets these have neither files nor network, nor what another left behind.
PRYING = {
    "reads": ("open('/etc/passwd').read()", "FileNotFoundError"),
    "hidden": ("import chapters.hidden", "ModuleNotFoundError"),
    "writes": ("import lib; open(lib.__file__, 'a')", "OSError"),
    "beside": ("open('/course/torch.py', 'w')", "OSError"),
    "calls": ("import socket; socket.create_connection(('1.1.1.1', 53), timeout=3)", "OSError"),
    "peeks": ("import os; open(f'/proc/{os.getppid()}/mem')", "PermissionError"),
    "devices": ("open('/dev/note', 'w')", "OSError"),
    "spaces": ("import os, ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
               "AssertionError"),
    "left": ("open('/tmp/left').read()", "FileNotFoundError"),
    "locked": ("import os; assert os.listdir('/tmp')", "AssertionError"),
    "closed": ("import tempfile; tempfile.mkdtemp(); raise KeyError", "KeyError"),
    "shared": ("assert len(open('/proc/sysvipc/shm').readlines()) > 1", "AssertionError"),
    "alone": ("import os; assert len([p for p in os.listdir('/proc') if p.isdecimal()]) > 3",
              "AssertionError"),
}  # fmt: skip


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assigned") / "term"
    write_assignment([find_chapter(CHAPTER)], folder)
    return folder


@pytest.fixture(scope="module")
def solutions():
    cells = read_source(find_chapter(CHAPTER)).cells
    return {cell.metadata["exercise"]: cell.source for cell in cells
            if SOLUTION in cell.metadata.get("tags", [])}  # fmt: skip


def hand_in(assigned, path, answers, *, without=(), strip=False, extra=""):
    """Write a submission: the student's notebook with answers in it."""
    notebook = copy.deepcopy(nbformat.read(assigned / f"student/{CHAPTER}.ipynb", as_version=4))
    notebook.cells = [c for c in notebook.cells if c.metadata.get("exercise") not in without]
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("exercise"), cell.source)
        if strip:
            cell.metadata = {}
    if extra:
        notebook.cells.append(nbformat.v4.new_code_cell(extra))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def graded(assigned, solutions, tmp_path_factory):
    """All submissions of a class, and their rows, judged in the sandbox that instructors get."""
    find_program(["bwrap"], package="bubblewrap", needed_by="the tests of grading")
    assert is_possible(), "bubblewrap may not make a sandbox here"
    folder = tmp_path_factory.mktemp("handed-in")
    hand_in(assigned, folder / "perfect.ipynb", solutions)
    hand_in(assigned, folder / "ann" / "hw.ipynb", solutions)  # two with one name
    hand_in(assigned, folder / "bob" / "hw.ipynb", {})
    hand_in(assigned, folder / "no metadata.ipynb", solutions, strip=True)
    hand_in(assigned, folder / "half.ipynb", dict(list(solutions.items())[1:]))
    hand_in(assigned, folder / "deleted.ipynb", solutions, without=[FIRST])
    helped = solutions | {FIRST: f"def swish(x): return x * helper(x)\n{SLOPE}"}
    hand_in(assigned, folder / "helped.ipynb", helped,
            extra="def helper(x): return torch.sigmoid(x)")  # fmt: skip
    hand_in(assigned, folder / "helpless.ipynb", helped, extra="1 / 0\ndef helper(x): ...")
    defined = "def helper(x): return torch.sigmoid(x)\n"
    hand_in(assigned, folder / "slow.ipynb", helped, extra=f"{defined}while True: pass")
    hand_in(assigned, folder / "optimizer.ipynb", helped, extra=f"{OPTIMIZER}{defined}")
    hand_in(assigned, folder / "exits.ipynb", helped, extra=f"{defined}raise SystemExit")
    timed = helped | {FIRST: f"%%time\n{helped[FIRST]}swish?"}
    hand_in(assigned, folder / "magics.ipynb", timed, extra=MAGICS)
    for name, (code, _) in (HOSTILE | PRYING).items():
        hand_in(assigned, folder / "hostile" / f"{name}.ipynb", solutions | {FIRST: code})
    for name, code in CHEATS.items():
        hand_in(assigned, folder / "cheats" / f"{name}.ipynb", solutions | {FIRST: code + WRONG})
    lingers = solutions | {FIRST: f"{LINGERS}\n{solutions[FIRST]}"}
    hand_in(assigned, folder / "hostile" / "aa lingers.ipynb", lingers)
    (folder / "essay.pdf").write_bytes(b"%PDF\x00\xff")
    (folder / "empty.ipynb").touch()
    odd = nbformat.read(assigned / f"student/{CHAPTER}.ipynb", as_version=4)
    for cell in odd.cells:
        cell.metadata = {"exercise": ["swish"], "tags": 5}
    (folder / "odd.ipynb").write_text(json.dumps(odd))
    other = read_source(find_chapter("02"))
    nbformat.write(other, folder / "other chapter.ipynb")
    rows = grade(read_assignment(assigned), folder, sandbox=True, seconds=10)
    return folder, rows


def of(graded, name):
    return {row.exercise: row for row in graded[1] if row.submission == name}


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("perfect.ipynb", ALL),
        ("ann/hw.ipynb", ALL),
        ("bob/hw.ipynb", 0),
        ("no metadata.ipynb", ALL),
        ("half.ipynb", REST),
        ("deleted.ipynb", REST),
        ("helped.ipynb", ALL),
        ("odd.ipynb", 0),
        ("slow.ipynb", ALL),
        ("exits.ipynb", ALL),
        ("optimizer.ipynb", ALL),
        ("magics.ipynb", ALL),
    ],
)
def test_honest_work_earns_its_points(graded, name, points):
    rows = of(graded, name)
    assert sum(row.points for row in rows.values()) == points, rows
    assert sum(row.of for row in rows.values()) == ALL
    if name in ("bob/hw.ipynb", "odd.ipynb"):
        assert {row.reason for row in rows.values()} == {"not attempted"}
    if name == "deleted.ipynb":
        assert rows[FIRST].reason == "its cell is not there"


def test_an_added_cell_that_failed_is_named_where_an_answer_needs_it(graded):
    rows = of(graded, "helpless.ipynb")
    problems = "".join(problem for _, problem in rows[FIRST].cases) + rows[FIRST].reason
    assert "name 'helper' is not defined" in problems
    assert "an added cell raised ZeroDivisionError" in problems


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_every_solution_earns_full_points_in_the_sandbox(chapter, tmp_path):
    write_assignment([chapter], tmp_path / "term")
    (tmp_path / "in").mkdir()
    made = submitted.notebook(submitted.solutions(chapter.name), chapter.name)
    (tmp_path / "in" / "hw.ipynb").write_bytes(submitted.saved(made))
    rows = grade(read_assignment(tmp_path / "term"), tmp_path / "in", sandbox=True)
    assert [row.points for row in rows] == [row.of for row in rows], rows
    assert sum(row.of for row in rows) == sum(e.points for e in list_exercises(chapter))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_earns_nothing_and_costs_the_others_nothing(graded, name):
    rows = of(graded, f"hostile/{name}.ipynb")
    assert rows[FIRST].points == 0
    assert rows[FIRST].reason or any(problem for _, problem in rows[FIRST].cases)
    assert HOSTILE[name][1] in rows[FIRST].reason
    assert sum(row.points for row in rows.values()) == REST


@pytest.mark.parametrize("name", PRYING)
def test_the_sandbox_shows_neither_files_nor_network(graded, name):
    rows = of(graded, f"hostile/{name}.ipynb")
    assert PRYING[name][1] in rows[FIRST].reason
    assert sum(row.points for row in rows.values()) == REST


@pytest.mark.parametrize("name", CHEATS)
def test_an_answer_that_reaches_for_the_judge_earns_what_it_is_worth(graded, name):
    rows = of(graded, f"cheats/{name}.ipynb")
    assert rows[FIRST].points <= of(graded, "cheats/nothing.ipynb")[FIRST].points < 4
    assert sum(row.points for row in rows.values()) == pytest.approx(rows[FIRST].points + REST)


def test_without_the_sandbox_time_and_processes_are_limited_all_the_same(
    assigned, solutions, tmp_path
):
    for name in ("endless", "forks", "vanishes"):
        hand_in(assigned, tmp_path / f"{name}.ipynb", solutions | {FIRST: HOSTILE[name][0]})
    rows = grade(read_assignment(assigned), tmp_path, sandbox=False, seconds=10)
    assert sum(row.points for row in rows) == 3 * REST
    assert all(row.reason for row in rows if row.exercise == FIRST)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("essay.pdf", "not a notebook (UnicodeDecodeError)"),
        ("empty.ipynb", "not a notebook (JSONDecodeError)"),
        ("other chapter.ipynb", f"no exercise of {CHAPTER} is in it"),
    ],
)
def test_what_cannot_be_graded_gets_a_row_that_says_why(graded, name, reason):
    assert of(graded, name) == {"": Row(name, "", "", 0.0, 0, reason)}


def test_a_file_of_hundreds_of_megabytes_is_not_read(assigned, tmp_path):
    path = tmp_path / "big.ipynb"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    (row,) = grade_file(read_assignment(assigned), path, "big", sandbox=False)
    assert row.reason == "a file of 200 MB; clear its outputs first"


def test_every_submission_is_in_the_table_and_has_a_report(graded, tmp_path):
    folder, rows = graded
    write_grades(rows, tmp_path)
    with (tmp_path / "grades.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {row["submission"] for row in table} == names
    for name in names:
        assert (tmp_path / "reports" / f"{name}.txt").read_text().startswith(name)
    text = (tmp_path / "reports" / "half.ipynb.txt").read_text()
    assert f"{REST} of {ALL} points" in text
    assert "not attempted" in text


def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(tmp_path):
    write_grades([Row("=cmd()", "", "", 0.0, 0, "+1")], tmp_path)
    assert "'=cmd(),,,0.0,0,'+1" in (tmp_path / "grades.csv").read_text()


def test_a_folder_without_an_assignment_or_submissions_is_refused(assigned, tmp_path):
    with pytest.raises(CourseError, match="holds no assignment"):
        read_assignment(tmp_path)
    with pytest.raises(CourseError, match="holds no files"):
        grade(read_assignment(assigned), tmp_path, sandbox=False)


@pytest.mark.parametrize("mark", ["", "1\n", "9\n"])  # the first edition wrote no number
def test_an_assignment_of_another_edition_is_graded_with_the_code_in_it(assigned, tmp_path, mark):
    old = tmp_path / "old"
    shutil.copytree(assigned, old)
    shutil.rmtree(old / "instructor" / "code")  # earlier editions had only students' code
    (old / MARK).write_text(mark)
    there = read_assignment(old)
    assert there.root == old / "student"
    assert there.chapters[CHAPTER].source == old / "instructor" / f"{CHAPTER}.ipynb"
    assert there.points == read_assignment(assigned).points


@pytest.mark.parametrize(("system", "said"), [("linux", "apt-get"), ("darwin", "needs Linux")])
def test_where_there_is_no_sandbox_the_command_says_what_it_needs(
    system, said, tmp_path, monkeypatch, capsys
):
    from tools.grading import __main__ as command

    monkeypatch.setattr(command, "is_possible", lambda: False)
    monkeypatch.setattr("sys.argv", ["grading", str(tmp_path), str(tmp_path)])
    monkeypatch.setattr("sys.platform", system)
    assert command.main() == 1
    assert said in (message := capsys.readouterr().err)
    assert "UNSANDBOXED=yes" in message


def test_without_a_sandbox_the_command_asks_first(assigned, tmp_path, monkeypatch, capsys):
    from tools.grading import __main__ as command

    (tmp_path / "subs").mkdir()
    (tmp_path / "subs" / "a.txt").write_text("x")
    arguments = ["grading", str(assigned), str(tmp_path / "subs"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(command, "is_possible", lambda: False)
    monkeypatch.setattr("sys.argv", arguments)
    assert command.main() == 1
    assert "UNSANDBOXED=yes" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr("sys.argv", [*arguments, "--unsandboxed"])
    assert command.main() == 0
    assert "1 submissions" in capsys.readouterr().out
