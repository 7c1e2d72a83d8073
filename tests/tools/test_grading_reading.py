"""Notebooks as programs save them, and answers as students write them, are read as meant."""

import json
import os
import signal
import types

import nbformat
import pytest

from tests.tools.submitted import (
    CHAPTER,
    chapters,
    notebook,
    place_of,
    saved,
    solutions,
    with_cell,
)
from tools.chapters import list_chapters
from tools.colab import Repository, with_first_cell, without_first_cell
from tools.exercises import definitions
from tools.grading.judging import STAND_INS
from tools.grading.programs import ADDED, CHAPTERS, OWN, program
from tools.grading.reading import SubmissionError, parse_notebook, read_file
from tools.grading.submissions import key, parse_submission, read_submission
from tools.grading.trials import answering

RIGHT = solutions()
SWISH = "def swish(x):\n    return x * sigmoid(x)\n"
SLOPE = "def swish_derivative(x):\n    return sigmoid(x) + x * sigmoid_derivative(x)\n"


def with_line_ends(end):
    made = notebook(RIGHT)
    for cell in made.cells:
        cell.source = cell.source.replace("\n", end)
    return saved(made)


def changed(change):
    made = json.loads(json.dumps(notebook(RIGHT)))
    for number, cell in enumerate(made["cells"]):
        change(cell, number)
    return json.dumps(made).encode()


def of_format(minor, **more):
    made = json.loads(changed(lambda cell, _: cell.pop("id", None)))
    return json.dumps(made | {"nbformat_minor": minor} | more).encode()


def of_format_3():
    cells = [
        {"cell_type": "code", "input": cell.source, "language": "python", "outputs": [],
         "metadata": dict(cell.metadata), "collapsed": False}
        if cell.cell_type == "code" else
        {"cell_type": "markdown", "source": cell.source, "metadata": {}}
        for cell in notebook(RIGHT).cells
    ]  # fmt: skip
    made = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
            "worksheets": [{"cells": cells, "metadata": {}}]}  # fmt: skip
    return json.dumps(made).encode()


def reread(cell, _):
    cell["source"] = cell["source"].splitlines(keepends=True)


def colab(cell, number):
    """Colab redraws ids in the metadata and keeps no others."""
    cell["metadata"] = cell["metadata"] | {"id": f"aB{number}", "colab": {"base_uri": "https://x"}}
    cell["id"] = f"aB{number}"


def vscode(cell, number):
    cell["metadata"] = cell["metadata"] | {"vscode": {"languageId": "python"}}
    cell["id"] = f"{number:08x}"


def stripped(cell, _):
    cell["metadata"] = {}


def spaced(cell, _):
    lines = cell["source"].split("\n")
    cell["source"] = (
        "\n\n" + "\n".join(line + "   " if '"""' not in line else line for line in lines) + "\n\n"
    )


PLAIN = saved(notebook(RIGHT))
TEXT = PLAIN.decode()
SAVED = {
    "plain": PLAIN,
    "utf-8 with a mark": TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 big": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-16 without a mark": TEXT.encode("utf-16-le"),
    "utf-16 big without a mark": TEXT.encode("utf-16-be"),
    "utf-32": TEXT.encode("utf-32"),
    "CR LF in the file": json.dumps(notebook(RIGHT), indent=1).replace("\n", "\r\n").encode(),
    "CR LF in cells": with_line_ends("\r\n"),
    "CR in cells": with_line_ends("\r"),
    "lists of lines": changed(reread),
    "Colab": changed(colab),
    "VS Code": changed(vscode),
    "no metadata": changed(stripped),
    "trailing spaces": changed(spaced),
    "4.0": of_format(0),
    "4.2": of_format(2),
    "4.4": of_format(4),
    "4.5 without ids": of_format(5),
    "4.9, of the future": of_format(9),
    "no version": of_format(5, nbformat=None),
    "3": of_format_3(),
}


@pytest.mark.parametrize("how", SAVED)
def test_a_notebook_is_read_as_any_program_saves_it(how):
    read = parse_submission(SAVED[how], chapters())
    assert read.chapter == CHAPTER
    assert read.helpers == []
    assert {name: key(source) for name, source in read.answers.items()} == {
        name: key(source) for name, source in RIGHT.items()
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "JSONDecodeError"),
        (b"%PDF\x00\xff", "UnicodeDecodeError"),
        (b"[]", "AttributeError"),
        (b'{"cells": 5}', "TypeError"),
        (b'{"cells": [5]}', "AttributeError"),
        (b'{"cells": [{}]}', "KeyError"),
        (b'{"nbformat": 3}', ""),
        (b"[" * 100_000, "RecursionError"),
        (PLAIN[: len(PLAIN) // 2], "JSONDecodeError"),
    ],
)
def test_what_is_no_notebook_is_refused(data, reason):
    with pytest.raises(SubmissionError, match=rf"not a notebook \({reason}"):
        parse_notebook(data)


def test_odd_metadata_is_left_out():
    for odd in ({"exercise": ["swish"], "tags": 5}, None, [], {"tags": [5, None]}):
        read = parse_submission(
            changed(lambda cell, _, odd=odd: cell.update(metadata=odd)), chapters()
        )
        assert read.answers.keys() == RIGHT.keys()


def test_a_link_a_pipe_and_a_large_file_are_not_read(tmp_path):
    (tmp_path / "file.ipynb").write_bytes(PLAIN)
    (tmp_path / "link.ipynb").symlink_to("file.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert read_file(tmp_path / "file.ipynb") == PLAIN
    with pytest.raises(OSError):
        read_submission(tmp_path / "link.ipynb", chapters())
    with pytest.raises(SubmissionError, match="not a regular file"):
        read_submission(tmp_path / "pipe.ipynb", chapters())


def test_the_chapter_is_told_by_its_exercises_and_then_by_its_cells():
    both = chapters("01", "02")
    assert parse_submission(saved(notebook({}, "02")), both).chapter == "02_preprocessing"
    assert parse_submission(PLAIN, both).chapter == CHAPTER
    with pytest.raises(SubmissionError, match="no exercise of 02_preprocessing is in it"):
        parse_submission(PLAIN, chapters("02"))


@pytest.fixture
def alarm():
    """Cells have limits, as the judge sets them."""
    before = signal.signal(signal.SIGALRM, answering._out_of_time)
    yield
    signal.signal(signal.SIGALRM, before)


def run(made, exercise="swish"):
    """The names after the program of an exercise, and the program."""
    known = chapters()
    read = parse_submission(saved(made), known)
    cells = program(read, exercise, known[CHAPTER])
    names = {"__name__": "__main__"}
    exec(STAND_INS + definitions(known[CHAPTER]), names)
    for _, source in cells:
        answering.run_cell(source, names, 10)
    return types.SimpleNamespace(**names), cells


def rest():
    return {name: source for name, source in RIGHT.items() if name != "swish"}


def below(*sources, answers=None):
    made = notebook(rest() | (answers or {}))
    for source in reversed(sources):
        with_cell(made, place_of(made, "swish") + 1, source)
    return made


STUB = """\
def swish(x):
    raise NotImplementedError

def swish_derivative(x):
    raise NotImplementedError
"""
WRONG = SWISH.replace("*", "+") + SLOPE
CLASS = "class Swish:\n    def __call__(self, x):\n        return x * sigmoid(x)\nswish = Swish()"
MODULE = """\
class Swish(torch.nn.Module):
    def forward(self, x):
        return x * sigmoid(x)
swish = Swish()"""
POWER = "def power(n, x): return x * sigmoid(x) ** n"
PARTIAL = "import functools\nswish = functools.partial(power, 1)"
HELPER = "def helper(x): return x * sigmoid(x)"
CALLS = "def swish(x): return helper(x)"
TYPED = "from typing import Callable\nswish: Callable = lambda x: x * sigmoid(x)"
NESTED = f"if True:\n    def swish(x):\n        return x * sigmoid(x)\n{SLOPE}"
SOLVED = {"swish": SWISH + SLOPE}
FIRST = notebook().cells[1].source
WRITTEN = {
    "in its cell": notebook(RIGHT),
    "in a new cell below": below(SWISH + SLOPE),
    "in a new cell above": with_cell(notebook(rest()), 3, SWISH + SLOPE),
    "a copied stub below": below(STUB, answers=SOLVED),
    "a copied stub with a comment below": below(f"# later\n{STUB}", answers=SOLVED),
    "a wrong one above": below(SWISH + SLOPE, answers={"swish": WRONG}),
    "in two cells": below(SWISH, SLOPE),
    "only one again": below(SWISH, answers={"swish": WRONG}),
    "a lambda": below("swish = lambda x: x * sigmoid(x)", SLOPE),
    "a partial": below(POWER, PARTIAL, SLOPE),
    "a callable class": below(CLASS, SLOPE),
    "a module": below(MODULE, SLOPE),
    "a helper before": below("def mine(x): return x * sigmoid(x)", "swish = mine", SLOPE),
    "a helper after": with_cell(below(CALLS, SLOPE), -1, HELPER),
    "an annotated name": below(TYPED, SLOPE),
    "under a condition": below(NESTED),
    "with a magic": below(f"%%time\n{SWISH}{SLOPE}"),
    "with a shell line": below(f"!pip install x\n{SWISH}{SLOPE}swish?"),
    "with a try below it": below(f"{SWISH}{SLOPE}\nprint(swish(nothing))"),
    "beside an exit": with_cell(below(SWISH + SLOPE), 5, "raise SystemExit"),
    "beside a syntax error": with_cell(below(SWISH + SLOPE), 5, "def swish("),
    "in the first cell": with_cell(notebook(rest()), 0, f"{FIRST}\n{SWISH}{SLOPE}"),
    "a star import": below("from torch.nn.functional import *", "swish = silu", SLOPE),
    "by exec": below(f"exec({SWISH!r})", SLOPE, answers={"swish": "# see below"}),
    "a table that another cell fills": below(
        "table = {}", "table.update(sign=1)", f"{SWISH}assert table['sign']\n{SLOPE}"
    ),
    "a class that another cell changes": below(
        CLASS.replace("x * sigmoid(x)", "0"),
        "Swish.__call__ = lambda self, x: x * sigmoid(x)",
        SLOPE,
    ),
    "a chapter's name": below(f"{SWISH}assert len(LABELS) > 0 and run.budget\n{SLOPE}"),
    "a chapter's name at the top": below(f"table = LABELS\n{SWISH}assert table\n{SLOPE}"),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_the_last_definition_that_is_not_the_stub_counts(how, alarm, monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    names, cells = run(WRITTEN[how])
    x = names.torch.tensor([-1.0, 0.5, 2.0])
    assert names.torch.allclose(names.swish(x), names.torch.nn.functional.silu(x)), cells
    assert names.torch.allclose(names.swish_derivative(x)[1], names.torch.tensor(0.7398), atol=1e-3)


def test_an_experiment_on_which_no_answer_depends_is_not_run():
    made = below("total = 0\nwhile True:\n    total += 1", "mine = torch.ones(2)\nmine[0] = 2",
                 answers={"swish": SWISH + SLOPE})  # fmt: skip
    read = parse_submission(saved(made), chapters())
    assert len(read.helpers) == 2
    assert [whose for whose, _ in program(read, "gain", chapters()[CHAPTER])] == [OWN]


def test_an_answer_may_use_earlier_answers_and_what_the_chapter_made(alarm, monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    gain = "def gain(f):\n    return swish(torch.ones(1)) + len(LABELS) + mine(0)"
    made = with_cell(
        notebook(RIGHT | {"gain": gain}), 5, "def mine(x): return x + depth\ndepth = 3"
    )
    names, cells = run(made, "gain")
    kinds = [whose for whose, _ in cells]
    assert kinds.count(OWN) == 1 and kinds.count(ADDED) == 2 and CHAPTERS in kinds
    assert float(names.gain(None)) == pytest.approx(0.7311 + len(names.LABELS) + 3, abs=1e-3)


@pytest.mark.parametrize("name", [chapter.name for chapter in list_chapters()])
def test_every_solution_is_read_as_the_answer_to_its_exercise(name):
    known = chapters(name)
    read = parse_submission(saved(notebook(solutions(name), name)), known)
    assert read.chapter == name and read.helpers == []
    assert read.answers.keys() == read.parts.keys() == solutions(name).keys()
    for exercise in read.parts:
        cells = program(read, exercise, known[name])
        assert {whose for whose, _ in cells} <= {OWN, CHAPTERS}
        assert cells[-1][0] == OWN


def test_a_stub_left_alone_is_not_an_attempt_and_a_missing_cell_is_none():
    made = notebook(rest())
    read = parse_submission(saved(made), chapters())
    assert "swish" not in read.parts and "NotImplementedError" in read.answers["swish"]
    del made.cells[place_of(made, "swish")]
    assert parse_submission(saved(made), chapters()).answers["swish"] == ""


def test_a_solution_that_the_book_shows_is_no_answer():
    made = notebook({})
    cell = nbformat.v4.new_code_cell(
        RIGHT["swish"], metadata={"tags": ["exercise-solution"], "exercise": "swish"}
    )
    made.cells.insert(place_of(made, "swish") + 2, cell)
    assert parse_submission(saved(made), chapters()).parts == {}


@pytest.mark.parametrize("repository", [None, Repository("https://github.com/a/b", "main")])
def test_of_the_first_cell_only_what_a_reader_added_is_read(repository):
    made = with_first_cell(notebook(), repository)
    assert without_first_cell(made.cells[1].source) == ""
    assert without_first_cell(made.cells[1].source + "\r\nx = 1\r\n") == "x = 1"
    assert without_first_cell("x = 1\n") == "x = 1\n"
