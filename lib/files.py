"""Files that are written whole or not at all."""

import secrets
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file (text as UTF-8) atomically: readers see the old one or the new one.

    Raises:
        OSError, UnicodeEncodeError: the file cannot be written; nothing is left behind. An OSError
            names the file.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(data)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:  # a full disk names no file, and others name the partial one
        raise OSError(error.errno, error.strerror, str(path)) from error
