"""The JavaScript and CSS that stand beside the widgets' Python."""

from pathlib import Path

FOLDER = Path(__file__).parent


def source(*names: str) -> str:
    """The text of the named files of this folder, one after the other.

    Widgets carry their code as text, not as a path: it travels in the saved notebook, and
    anywidget then watches no files.

    Raises:
        FileNotFoundError: the folder has no file of that name.
    """
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
