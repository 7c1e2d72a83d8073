"""The JavaScript and CSS that widgets carry.

`js` holds the sources, and `bundles` what `make bundles` builds from them: one self-contained file
for each widget.
"""

from pathlib import Path

BUNDLES = Path(__file__).with_name("bundles")


def script(widget: str) -> str:
    """The ES module of a widget, such as "prediction".

    Widgets carry their code as text, not as a path: so it is saved with the notebook, and
    anywidget does not watch files.

    Raises:
        FileNotFoundError: there is no bundle of that name.
    """
    return (BUNDLES / f"{widget}.js").read_text(encoding="utf-8")


def style(widget: str) -> str:
    """The style of a widget.

    Raises:
        FileNotFoundError: there is no bundle of that name.
    """
    return (BUNDLES / f"{widget}.css").read_text(encoding="utf-8")
