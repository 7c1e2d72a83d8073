"""Placeholders for widgets on the book's pages, filled without a kernel or a widget manager.

A place names its widget and its model, whose state follows as JSON; `lib/widgets/js/page.js` draws
the widget there.
"""

import json
from collections.abc import Iterable, Mapping
from html import escape

from nbformat import NotebookNode

from lib.widgets.assets import BUNDLES
from tools.chapters import CourseError

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
MARK = 'data-widget="'  # shows that a page has a place
NEEDS = "<noscript>This widget needs JavaScript.</noscript>"
NOT_OURS = {"layout", "tabbable", "tooltip"}  # state that every widget has in a notebook


def make_place(widget: str, model: str, state: Mapping[str, object] | None) -> str:
    """The HTML of a place.

    Args:
        widget: the name of the widget's bundle, such as "prediction".
        model: an ID; places with the same model show the same state.
        state: the state for the widget's JavaScript; None if an earlier place includes it.
    """
    attributes = f'data-widget="{escape(widget)}" data-model="{escape(model)}"'
    place = f'<div class="course-widget" {attributes}>{NEEDS}</div>'
    if state is None:
        return place
    # Without a `<`, no text in the state can end the script or open a comment in it.
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    kind = f'type="application/json" id="course-model-{escape(model)}"'
    return f"{place}\n<script {kind}>{text}</script>"


def place_widgets(notebook: NotebookNode, name: str) -> None:
    """Replace widgets in a notebook's outputs by places, and remove their state from its metadata.

    Args:
        name: the chapter's name, for error messages.

    Raises:
        CourseError: an output shows a widget that is not one of the course's.
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
    """The state that the widget's JavaScript uses, without its code and the generic state."""
    return {
        key: value
        for key, value in state.items()
        if not key.startswith("_") and key not in NOT_OURS
    }
