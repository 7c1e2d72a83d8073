"""The places of widgets on pages: whole, safe, and drawn in a browser."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from lib.widgets import Choice, ConvolutionExplorer, Prediction
from lib.widgets.assets import BUNDLES
from tests.browser import LOOKS, Visit, open_context, serve, visit
from tools.chapters import CourseError
from tools.figures import EXTRA
from tools.places import LARGE, STATE, VIEW, make_place, place_widgets

HOSTILE = "</script><script>window.attacked = 1</script><!--<script>"


def notebook(*views: str, **models: dict) -> nbformat.NotebookNode:
    """A notebook whose outputs show these models, one each."""
    data = [{VIEW: {"model_id": view}, "text/plain": "a widget"} for view in views]
    outputs = [nbformat.v4.new_output("display_data", data=entry) for entry in data]
    cells = [nbformat.v4.new_code_cell("show()", outputs=[output]) for output in outputs]
    states = {name: {"state": state} for name, state in models.items()}
    metadata = {"widgets": {STATE: {"state": states}}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def saved(widget) -> dict:
    """A widget's state as a notebook keeps it."""
    return json.loads(json.dumps(widget.get_state(), default=str))


def ask(question: str) -> Prediction:
    return Prediction(question, [Choice("a", why="No."), Choice("b", why="Yes.", correct=True)])


def html_of(made: nbformat.NotebookNode) -> list[str]:
    return [cell.outputs[0].data["text/html"] for cell in made.cells]


def test_a_place_names_its_widget_and_holds_its_state_without_its_code():
    made = notebook("m", m=saved(ask("Which?")))
    place_widgets(made, "01_a")
    (html,) = html_of(made)
    assert 'data-widget="prediction" data-model="m"' in html
    state = json.loads(re.search(r"<script[^>]*>(.*)</script>", html)[1])
    assert state.keys() == {"question", "choices", "chosen", "sure", "committed"}
    assert state["question"] == "Which?"


def test_the_notebook_keeps_nothing_for_a_widget_manager():
    made = notebook("m", m=saved(ask("Which?")))
    place_widgets(made, "01_a")
    assert "widgets" not in made.metadata
    assert set(made.cells[0].outputs[0].data) == {"text/html", "text/plain"}
    nbformat.validate(made)


def test_two_views_of_one_model_bring_its_state_once():
    made = notebook("m", "n", "m", m=saved(ask("One?")), n=saved(ask("Two?")))
    place_widgets(made, "01_a")
    assert [html.count("<script") for html in html_of(made)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"_model_name": "IntSliderModel"}, "IntSliderModel"),
        ({"_anywidget_id": "drawdata.Scatter"}, r"drawdata\.Scatter"),
        ({"_anywidget_id": "lib.widgets.gone.Gone"}, r"lib\.widgets\.gone\.Gone"),
        ({"_anywidget_id": "lib.widgets.course-widgets.X"}, "course-widgets"),
    ],
)
def test_a_widget_that_pages_cannot_draw_is_refused(state, said):
    with pytest.raises(CourseError, match=rf"01_a shows a widget \(.*{said}.*pages cannot draw"):
        place_widgets(notebook("m", m=state), "01_a")


def test_a_view_whose_model_is_lost_is_refused():
    with pytest.raises(CourseError, match="of a lost model"):
        place_widgets(notebook("m"), "01_a")


def test_a_widget_that_no_output_shows_is_left_out():
    made = notebook("m", m=saved(ask("Which?")), other={"_model_name": "LayoutModel"})
    place_widgets(made, "01_a")
    assert len(html_of(made)) == 1


def test_a_notebook_without_widgets_stays_as_it_is():
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    before = nbformat.writes(made)
    place_widgets(made, "01_a")
    assert nbformat.writes(made) == before


def test_no_text_of_a_state_ends_its_script():
    html = make_place("prediction", "m", {"question": HOSTILE})
    assert html.count("<script") == html.count("</script") == 1
    assert "<!--" not in html
    assert json.loads(re.search(r"<script[^>]*>(.*)</script>", html)[1]) == {"question": HOSTILE}


@pytest.fixture
def open_page(browser, tmp_path):
    """A function that opens a page with these places, as the book serves it."""
    shutil.copytree(BUNDLES, tmp_path / "_static")
    context = open_context(browser, LOOKS[0])
    with serve(tmp_path) as address:

        def open_(*places: str) -> Visit:
            page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>T</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="_static/course-widgets.css">
            <script defer src="_static/course-widgets.js"></script>
            {"".join(places)}"""
            (tmp_path / "index.html").write_text(page, encoding="utf-8")
            return visit(context, f"{address}/", "index.html")

        yield open_
    context.close()


def test_a_place_is_drawn_and_a_hostile_text_is_text(open_page):
    made = notebook("p", p=saved(ask(HOSTILE)))
    place_widgets(made, "01_a")
    opened = open_page(*html_of(made))
    expect(opened.page.locator(".course-widget .course-card")).to_have_count(1)
    expect(opened.page.locator(".course-prediction legend")).to_have_text(HOSTILE)
    assert opened.page.evaluate("window.attacked ?? null") is None
    assert opened.problems == []


def test_a_place_without_its_state_is_told_and_leaves_the_others(open_page, monkeypatch):
    monkeypatch.setattr("tests.browser.DRAWN", "() => document.querySelector('.course-card')")
    made = notebook("p", p=saved(ask("Which?")))
    place_widgets(made, "01_a")
    lost = '<div class="course-widget" data-widget="prediction" data-model="lost"></div>'
    opened = open_page(lost, *html_of(made))
    expect(opened.page.locator(".course-prediction legend")).to_have_text("Which?")
    assert any("no state of the model lost" in problem for problem in opened.problems)


def test_two_views_of_one_model_follow_each_other(open_page):
    made = notebook("e", "e", e=saved(ConvolutionExplorer(size=7, filter=3)))
    place_widgets(made, "01_a")
    one, other = open_page(*html_of(made)).page.locator(".course-convolution").all()
    one.get_by_role("button", name="Raise Padding P").click()
    for card in (one, other):
        expect(card.locator(".course-formula b")).to_have_text("= 7")
        expect(card.get_by_label("Padding P", exact=True)).to_have_value("1")


def test_a_widget_that_fails_is_told_and_leaves_the_others(open_page, monkeypatch):
    monkeypatch.setattr("tests.browser.DRAWN", "() => document.querySelector('.course-card')")
    broken = make_place("prediction", "b", {"choices": None})
    made = notebook("p", p=saved(ask("Which?")))
    place_widgets(made, "01_a")
    opened = open_page(broken, *html_of(made))
    expect(opened.page.locator(".course-prediction legend")).to_have_text("Which?")
    assert any(problem.startswith("uncaught: ") for problem in opened.problems)


def large(question: str) -> Prediction:
    return ask(question + " " * LARGE)


def write_scripts(files: dict[str, bytes], root: Path) -> None:
    """Write a chapter's scripts where the book has them."""
    for path, content in files.items():
        target = root / Path(path).relative_to(EXTRA)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)


def test_a_large_state_is_a_script_of_its_own():
    made = notebook("m", "m", m=saved(large(HOSTILE)))
    ((path, content),) = place_widgets(made, "01_a").items()
    for html in html_of(made):
        assert f'data-source="../{path.removeprefix(EXTRA + "/")}"' in html
        assert "<script" not in html
    assert content.startswith(b'(window.courseStates ??= {})["m"] = {')


def test_a_large_state_is_loaded_when_the_reader_comes_near(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.browser.DRAWN", "() => document.querySelector('.course-card')")
    made = notebook("p", "q", p=saved(ask("Near?")), q=saved(large("Far?")))
    write_scripts(place_widgets(made, "01_a"), tmp_path)
    near, far = html_of(made)
    opened = open_page(near, '<div style="height: 9000px"></div>', far)
    assert not [url for url in opened.requests if "/states/" in url]
    opened.page.locator("[data-source]").scroll_into_view_if_needed()
    expect(opened.page.locator(".course-prediction legend").nth(1)).to_contain_text("Far?")
    assert opened.problems == []


def test_all_large_states_are_loaded_for_paper(open_page, tmp_path):
    made = notebook("q", q=saved(large("Far?")))
    write_scripts(place_widgets(made, "01_a"), tmp_path)
    opened = open_page('<div style="height: 9000px"></div>', *html_of(made))
    expect(opened.page.locator(".course-prediction legend")).to_contain_text("Far?")


def test_a_large_state_that_is_lost_is_told_in_its_place(open_page, monkeypatch):
    monkeypatch.setattr("tests.browser.DRAWN", "() => true")
    made = notebook("q", q=saved(large("Far?")))
    place_widgets(made, "01_a")
    opened = open_page(*html_of(made))
    place = opened.page.locator("[data-source]")
    expect(place).to_contain_text("This widget's data could not be loaded: ../states/")
