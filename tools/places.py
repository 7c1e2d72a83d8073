"""Placeholders for widgets on the book's pages, filled without a kernel or a widget manager.

A place names its widget and its model. A small state follows as JSON; a large one is a script of
its own, which the page loads when the reader comes near. `lib/widgets/js/page.js` draws the widget.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape

from nbformat import NotebookNode

from lib.widgets.assets import BUNDLES
from tools.chapters import CourseError
from tools.figures import EXTRA

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
MARK = 'data-widget="'  # shows that a page has a place
LARGE = 8_000  # characters of a state that is a script of its own
FOLDER = "states"  # of these scripts, in the built book
NEEDS = "<noscript>This widget needs JavaScript.</noscript>"
NOT_OURS = {"layout", "tabbable", "tooltip"}  # state that every widget has in a notebook


def make_place(
    widget: str, model: str, state: Mapping[str, object] | None, *, source: str | None = None
) -> str:
    """The HTML of a place.

    Args:
        widget: the name of the widget's bundle, such as "prediction".
        model: an ID; places with the same model show the same state.
        state: the state for the widget's JavaScript; None if an earlier place includes it, or a
            script of its own does.
        source: the address of that script.
    """
    attributes = f'data-widget="{escape(widget)}" data-model="{escape(model)}"'
    if source is not None:
        attributes += f' data-source="{escape(source)}"'
    place = f'<div class="course-widget" {attributes}>{NEEDS}</div>'
    if state is None:
        return place
    # Without a `<`, no text in the state can end the script or open a comment in it.
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    kind = f'type="application/json" id="course-model-{escape(model)}"'
    return f"{place}\n<script {kind}>{text}</script>"


def place_widgets(notebook: NotebookNode, name: str) -> dict[str, bytes]:
    """Replace widgets in a notebook's outputs by places, and remove their state from its metadata.

    Args:
        name: the chapter's name, for error messages.

    Returns:
        The scripts with large states, keyed by path in the book's source.

    Raises:
        CourseError: an output shows a widget that is not one of the course's.
    """
    models = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    placed: set[str] = set()
    files: dict[str, bytes] = {}
    for data in _views(notebook):
        model = data.pop(VIEW)["model_id"]
        state = models.get(model, {}).get("state", {})
        widget = _widget_of(state, name)
        own = _own(state)
        if len(script := _script(model, own)) > LARGE:
            path = f"{FOLDER}/{hashlib.sha256(script.encode()).hexdigest()[:16]}.js"
            data["text/html"] = make_place(widget, model, None, source=f"../{path}")
            files[f"{EXTRA}/{path}"] = script.encode()
        else:
            data["text/html"] = make_place(widget, model, None if model in placed else own)
        placed.add(model)
    return files


def _script(model: str, state: Mapping[str, object]) -> str:
    """JavaScript that gives the page the state; unlike JSON, it can be loaded from a file."""
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    return f"(window.courseStates ??= {{}})[{json.dumps(model)}] = {text};\n"


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
