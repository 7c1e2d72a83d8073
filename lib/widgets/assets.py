"""The JavaScript and CSS that widgets carry.

`js` holds the sources, `bundles` what `make bundles` makes of them: one file for each widget, whole
in itself.
"""

from pathlib import Path

BUNDLES = Path(__file__).with_name("bundles")


def script(widget: str) -> str:
    """The ES module of a widget, such as "prediction".

    Widgets carry their code as text, not as a path: it travels in the saved notebook, and
    anywidget then watches no files.

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
