import json

import nbformat

from tools.chapters import list_chapters
from tools.predictions import QUESTIONS, add_record, list_predictions, questions_script

CHAPTERS = list_chapters()


def test_the_script_holds_every_prediction_of_the_book_in_order():
    script = questions_script(CHAPTERS)
    state = script.partition(" = ")[2].removesuffix(";\n")
    questions = json.loads(state)["questions"]
    assert [question["question"] for question in questions] == [
        text for chapter in CHAPTERS for text, _ in list_predictions(chapter)
    ]
    assert [q["page"] for q in questions] == sorted(q["page"] for q in questions)
    assert all(any(choice["correct"] for choice in q["choices"]) for q in questions)


def test_no_two_predictions_ask_the_same():
    texts = [text for chapter in CHAPTERS for text, _ in list_predictions(chapter)]
    assert len(set(texts)) == len(texts)  # the record knows them by their questions


def test_a_chapter_with_predictions_ends_with_their_record():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("Prediction('Why?', [])")])
    add_record(notebook)
    assert notebook.cells[-1].cell_type == "markdown"
    assert f'data-source="../{QUESTIONS}"' in notebook.cells[-1].source


def test_a_chapter_without_predictions_stays_as_it_is():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('Prediction')")])
    add_record(notebook)
    assert len(notebook.cells) == 1
