"""Files whose content is known: they arrive whole and verified, or not at all.

Fetching uses only the standard library, so that `lib` runs wherever torch does.
"""

import errno
import hashlib
import http.client
import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from lib.progress import progress_bar

REPOSITORY = Path(__file__).resolve().parents[2]
CHUNK = 1 << 18  # bytes


class DownloadError(RuntimeError):
    """A file could not be obtained from its source."""


class ChecksumError(DownloadError):
    """The bytes received are not the expected ones."""


class StorageError(DownloadError):
    """A file could not be written or read here; another source would not help."""


def data_root(root: str | Path | None = None) -> Path:
    """The folder of all data sets: the argument, else COURSE_DATA, else the course's `data/`."""
    return Path(root or os.environ.get("COURSE_DATA") or REPOSITORY / "data")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits.

    Raises:
        StorageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def is_verified(path: Path, *, sha256: Collection[str]) -> bool:
    """Whether the file exists and has one of these SHA-256 digests."""
    return path.is_file() and sha256_of(path) in sha256


def fetch(
    urls: Sequence[str],
    destination: Path,
    *,
    sha256: Collection[str],
    timeout: float = 30.0,
    progress: bool = False,
) -> Path:
    """The destination, holding verified bytes from the first URL that has them.

    A correct file that already exists is kept without using the network. A wrong one is reported
    on stderr, and replaced only by verified bytes.

    Args:
        urls: mirrors, tried in order.
        destination: the file to write; its folder is created.
        sha256: the accepted digests (the same data in another gzip wrapper has another digest).
        timeout: seconds a connection may stay silent.
        progress: show a bar on stderr.

    Raises:
        StorageError: the file cannot be written, for example because the disk is full, or an
            existing file cannot be read.
        ChecksumError: every mirror sent unexpected bytes.
        DownloadError: no mirror sent the file; the message names each with its reason.
    """
    if is_verified(destination, sha256=sha256):
        return destination
    report_if_wrong(destination)
    failures: dict[str, DownloadError] = {}
    for url in urls:
        try:
            chunks = _download(url, timeout=timeout, progress=progress)
            return store(chunks, destination, sha256=sha256)
        except StorageError:
            raise
        except DownloadError as error:
            failures[url] = error
    kinds = {type(error) for error in failures.values()}
    kind = kinds.pop() if len(kinds) == 1 else DownloadError
    reasons = "".join(f"\n  {url}: {error}" for url, error in failures.items())
    raise kind(f"no mirror sent {destination.name}{reasons}")


def store(chunks: Iterable[bytes], destination: Path, *, sha256: Collection[str]) -> Path:
    """The destination, holding exactly these bytes, once they are verified and on the disk.

    They are first written next to it, under a name no other process uses; on any failure, that
    file is removed and an existing destination is left unchanged.

    Raises:
        ChecksumError: the bytes have none of the digests in `sha256`.
        StorageError: the file cannot be written.
    """
    partial = destination.with_name(f".{destination.name}.{secrets.token_hex(8)}.part")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_verified(chunks, partial, sha256)
            partial.replace(destination)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise StorageError(f"cannot write {destination}: {reason}") from error
    return destination


def read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, chunk by chunk.

    Raises:
        DownloadError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise DownloadError(f"cannot read {path}: {error.strerror}") from error


def report_if_wrong(path: Path) -> None:
    """Report a file that failed verification on stderr, if it exists."""
    if path.is_file():
        print(f"{path} is damaged (SHA-256 {sha256_of(path)}); replacing it", file=sys.stderr)


def _write_verified(chunks: Iterable[bytes], partial: Path, sha256: Collection[str]) -> None:
    digest = hashlib.sha256()
    start = b""
    with partial.open("xb") as file:
        for chunk in chunks:
            start = start or chunk[:64]
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() not in sha256:
        expected = " or ".join(sha256)
        page = " (an HTML page)" if _looks_like_html(start) else ""
        raise ChecksumError(f"expected SHA-256 {expected}; got {digest.hexdigest()}{page}")


def _looks_like_html(start: bytes) -> bool:
    return start.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _download(url: str, *, timeout: float, progress: bool) -> Iterator[bytes]:
    """The response body of a URL, chunk by chunk; any network fault raises `DownloadError`."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            yield from _body(response, progress)
    except urllib.error.HTTPError as error:
        raise DownloadError(f"the server answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise DownloadError(f"nothing came for {timeout:g} s") from error
    except urllib.error.URLError as error:
        raise DownloadError(f"cannot be reached: {error.reason}") from error
    except ValueError as error:  # an invalid address, or an invalid length in the answer
        raise DownloadError(f"cannot be read: {error}") from error
    except (http.client.HTTPException, OSError) as error:
        raise DownloadError(f"the connection broke: {error!r}") from error


def _body(response: http.client.HTTPResponse, progress: bool) -> Iterator[bytes]:
    length = response.headers.get("Content-Length")
    total = int(length) if length else None
    received = 0
    with progress_bar(total=total, unit="B", unit_scale=True, shown=progress) as bar:
        while chunk := response.read(CHUNK):
            received += len(chunk)
            bar.update(len(chunk))
            yield chunk
    if total is not None and received != total:
        raise DownloadError(f"a short read: expected {total} bytes; got {received}")
