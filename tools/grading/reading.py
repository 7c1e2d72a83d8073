"""Reads notebooks as Colab, VS Code, JupyterLab and the classic notebook save them."""

import codecs
import json
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

import nbformat
from nbformat import NotebookNode

from tools.chapters import CourseError

MOST = 50_000_000  # maximum bytes of a file
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


class SubmissionError(CourseError):
    """A file that cannot be graded; the message says why."""


def open_file(path: Path) -> BinaryIO:
    """A regular file, opened; never follows a link and never waits for a pipe.

    Raises:
        SubmissionError: not a regular file.
        OSError: it cannot be read, or is a link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SubmissionError("not a regular file")
    return os.fdopen(descriptor, "rb")


def read_file(path: Path) -> bytes:
    """The content of a regular file.

    Raises:
        SubmissionError: too large, or not a regular file.
        OSError: it cannot be read, or is a link.
    """
    with open_file(path) as file:
        check_size(os.fstat(file.fileno()).st_size)
        return file.read(MOST)


def check_size(size: int) -> None:
    """Raise SubmissionError for more bytes than a notebook needs."""
    if size > MOST:
        raise SubmissionError(f"a file of {size / 1e6:.0f} MB; clear its outputs first")


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or UTF-32, with a byte order mark or without.

    Raises:
        UnicodeDecodeError: it is in another encoding.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding)
    if data[1:2] == b"\0":
        return data.decode("utf-16-le")
    return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-8")


def parse_notebook(data: bytes) -> list[NotebookNode]:
    """The cells of a notebook in the current format; formats from 3 on are converted.

    A cell keeps its type, its source as one text, and what the course wrote into its metadata.

    Raises:
        SubmissionError: not a notebook.
    """
    try:
        raw = json.loads(decoded(data))
        cells = (
            raw["cells"] if "cells" in raw else nbformat.reads(json.dumps(raw), as_version=4).cells
        )
        return [_cell(cell) for cell in cells]
    except Exception as error:  # damaged files fail in as many ways as there are
        raise SubmissionError(f"not a notebook ({type(error).__name__})") from error


def _cell(found: dict) -> NotebookNode:
    source = found.get("source", "")  # a text, or a list of lines
    source = source if isinstance(source, str) else "".join(source)
    source = re.sub(r"\r\n?", "\n", source)
    return NotebookNode(
        cell_type=found["cell_type"], source=source, metadata=_metadata(found.get("metadata"))
    )


def _metadata(found: object) -> dict:
    """The metadata that the course gave a cell; what has another type is left out."""
    if not isinstance(found, dict):
        return {}
    kept: dict = {}
    if isinstance(found.get("exercise"), str):
        kept["exercise"] = found["exercise"]
    if isinstance(found.get("tags"), list):
        kept["tags"] = [tag for tag in found["tags"] if isinstance(tag, str)]
    return kept
