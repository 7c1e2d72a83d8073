"""The places of widgets on the book's pages, which no kernel and no widget manager fill.

A place names its widget and its model, whose state follows it as JSON; `lib/widgets/js/page.js`
draws the widget there.
"""

import json
from collections.abc import Iterable, Mapping
from html import escape

from nbformat import NotebookNode

from lib.widgets.assets import BUNDLES
from tools.chapters import CourseError

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
MARK = 'data-widget="'  # that a page has such a place
NEEDS = "<noscript>This widget needs JavaScript.</noscript>"
NOT_OURS = {"layout", "tabbable", "tooltip"}  # what every widget has in a notebook


def make_place(widget: str, model: str, state: Mapping[str, object] | None) -> str:
    """A place as HTML.

    Args:
        widget: such as "prediction": the name of its bundle.
        model: an ID; places of one model show the same state.
        state: what the widget's JavaScript gets; None where an earlier place has brought it.
    """
    attributes = f'data-widget="{escape(widget)}" data-model="{escape(model)}"'
    place = f'<div class="course-widget" {attributes}>{NEEDS}</div>'
    if state is None:
        return place
    # Without a `<`, no text of the state can end the script or open a comment in it.
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    kind = f'type="application/json" id="course-model-{escape(model)}"'
    return f"{place}\n<script {kind}>{text}</script>"


def place_widgets(notebook: NotebookNode, name: str) -> None:
    """Put places where a notebook's outputs show widgets, and take their state out of its metadata.

    Args:
        name: of the chapter, for errors.

    Raises:
        CourseError: an output shows a widget that is not the course's.
    """
    models = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    placed: set[str] = set()
    for data in _views(notebook):
        model = data.pop(VIEW)["model_id"]
        state = models.get(model, {}).get("state", {})
        widget = _widget_of(state, name)
        own = None if model in placed else _own(state)
        data["text/html"] = make_place(widget, model, own)
        placed.add(model)


def _views(notebook: NotebookNode) -> Iterable[NotebookNode]:
    """The data of each output that shows a widget."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return (output.data for output in outputs if VIEW in output.get("data", {}))


def _widget_of(state: Mapping[str, object], name: str) -> str:
    """The name of a widget's bundle."""
    kind = str(state.get("_anywidget_id", state.get("_model_name", "of a lost model")))
    widget = kind.removeprefix("lib.widgets.").partition(".")[0]
    is_ours = kind.startswith("lib.widgets.") and widget.isidentifier()
    if not is_ours or not (BUNDLES / f"{widget}.js").is_file():
        raise CourseError(
            f"{name} shows a widget ({kind}) that pages cannot draw: they draw those of lib.widgets"
        )
    return widget


def _own(state: Mapping[str, object]) -> dict[str, object]:
    """What the widget's JavaScript asks for, without its code and what any widget has."""
    return {
        key: value
        for key, value in state.items()
        if not key.startswith("_") and key not in NOT_OURS
    }
