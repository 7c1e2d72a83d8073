"""Reads the predictions in the sources, for learning platforms and for the reader's record."""

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import nbformat

from tools.chapters import Chapter, read_source, title_of
from tools.places import FOLDER, make_place

QUESTIONS = f"{FOLDER}/questions.js"  # the script with all predictions, in the built book
MODEL = "questions"  # the state that it gives
ENDING = """\
## Your predictions

"""


@dataclass(frozen=True)
class Answer:
    """A choice, and what is said of it."""

    text: str
    why: str
    correct: bool


def list_predictions(chapter: Chapter) -> Iterator[tuple[str, tuple[Answer, ...]]]:
    """The text and choices of each `Prediction(…)` in the chapter's code, in order."""
    for cell in read_source(chapter).cells:
        if cell.cell_type != "code" or "Prediction(" not in cell.source:
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Prediction":
                text, choices = node.args
                assert isinstance(choices, ast.List)
                yield ast.literal_eval(text), tuple(map(_answer, choices.elts))


def _answer(node: ast.expr) -> Answer:
    """A `Choice(text, why, correct=…)`."""
    assert isinstance(node, ast.Call)
    given = dict(zip(("text", "why", "correct"), map(ast.literal_eval, node.args), strict=False))
    given |= {str(option.arg): ast.literal_eval(option.value) for option in node.keywords}
    return Answer(given["text"], given["why"], bool(given.get("correct")))


def questions_script(chapters: Sequence[Chapter]) -> str:
    """JavaScript that gives a page all predictions of these chapters, in order."""
    questions = [
        {"page": chapter.name, "title": title_of(read_source(chapter)), "question": text,
         "choices": [asdict(answer) for answer in answers]}
        for chapter in chapters for text, answers in list_predictions(chapter)
    ]  # fmt: skip
    state = json.dumps({"questions": questions}, ensure_ascii=False, separators=(",", ":"))
    return f"(window.courseStates ??= {{}})[{json.dumps(MODEL)}] = {state};\n"


def add_record(notebook: nbformat.NotebookNode) -> None:
    """End a chapter with a place for what the reader predicted, if it has predictions."""
    if any("Prediction(" in cell.source for cell in notebook.cells if cell.cell_type == "code"):
        place = make_place("record", MODEL, None, source=f"../{QUESTIONS}")
        cell = nbformat.v4.new_markdown_cell(f"{ENDING}{place}\n", id="course-record")
        notebook.cells.append(cell)
