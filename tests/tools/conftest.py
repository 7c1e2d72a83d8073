from pathlib import Path

import jupytext
import nbformat
import pytest

from tools.chapters import Chapter

QUICK_LIMIT = 120  # seconds
HEADER = {
    "jupytext": {"notebook_metadata_filter": "course"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "course": {
        "reading_minutes": 1,
        "exercise_minutes": 2,
        "compute_minutes": 3,
        "memory_gb": 1,
        "rows": ["M05"],
    },
}


@pytest.fixture
def write_chapter(tmp_path):
    """A function that writes a chapter of the given cells and returns it."""

    def write(name: str, *cells: str | nbformat.NotebookNode) -> Chapter:
        made = [
            nbformat.v4.new_markdown_cell(f"# Chapter {name}"),
            nbformat.v4.new_code_cell(
                'budget, seed, device = None, 0, "auto"', metadata={"tags": ["parameters"]}
            ),
        ]
        made += [nbformat.v4.new_code_cell(c) if isinstance(c, str) else c for c in cells]
        notebook = nbformat.v4.new_notebook(cells=made, metadata=HEADER)
        source = Path(tmp_path, "chapters", f"{name}.py")
        source.parent.mkdir(exist_ok=True)
        jupytext.write(notebook, source, fmt="py:percent")
        return Chapter(source)

    return write


@pytest.fixture
def root(tmp_path):
    """A repository with just what the key of a chapter covers."""
    for name, text in {
        "lib/__init__.py": "",
        "requirements.lock": "torch==1\n",
        "data/checksums.json": "{}",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def markdown(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def checked(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata={"tags": ["nbval-check-output"]})
