import errno
import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lib.datasets import downloads
from lib.datasets.downloads import ChecksumError, DownloadError, StorageError, fetch, store

GOOD = bytes(range(256)) * 4096  # 1 MiB: several chunks
DIGEST = hashlib.sha256(GOOD).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One path for each way in which a server can serve, or fail to."""

    def do_GET(self):
        self.server.paths.append(self.path)
        getattr(self, f"serve_{self.path.strip('/')}")()

    def send(self, body, *, length=None, kind="application/gzip"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve_good(self):
        self.send(GOOD)

    def serve_unannounced(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(GOOD)

    def serve_flipped(self):
        self.send(bytes([GOOD[0] ^ 1]) + GOOD[1:])

    def serve_short(self):
        self.send(GOOD[: len(GOOD) // 2], length=len(GOOD))

    def serve_page(self):
        self.send(b"<!DOCTYPE html><title>Log in</title>", kind="text/html")

    def serve_missing(self):
        self.send_error(404)

    def serve_silent(self):
        self.send(GOOD[:1000], length=len(GOOD))
        self.wfile.flush()
        self.server.released.wait(10)

    def serve_nonsense(self):
        self.wfile.write(b"this is no HTTP\r\n\r\n")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths = []
        server.released = threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "folder" / "data.gz"


def files(destination):
    return sorted(path.name for path in destination.parent.glob("*"))


@pytest.mark.parametrize("path", ["good", "unannounced"])
def test_a_good_file_arrives_whole_and_alone(server, destination, path):
    assert fetch([f"{server.url}/{path}"], destination, sha256=[DIGEST]) == destination
    assert destination.read_bytes() == GOOD
    assert files(destination) == ["data.gz"]


def test_any_of_the_digests_is_accepted(server, destination):
    fetch([f"{server.url}/good"], destination, sha256=["0" * 64, DIGEST])
    assert destination.read_bytes() == GOOD


def test_a_file_that_is_there_and_right_needs_no_network(server, destination):
    store([GOOD], destination, sha256=[DIGEST])
    before = destination.stat().st_mtime_ns
    fetch([f"{server.url}/good"], destination, sha256=[DIGEST])
    assert server.paths == []
    assert destination.stat().st_mtime_ns == before


FAULTS = {
    "flipped": (ChecksumError, f"expected SHA-256 {DIGEST}; got {'[0-9a-f]' * 64}$"),
    "short": (DownloadError, f"short read: expected {len(GOOD)} bytes; got {len(GOOD) // 2}"),
    "page": (ChecksumError, "an HTML page"),
    "missing": (DownloadError, "the server answered 404 Not Found"),
    "silent": (DownloadError, "nothing came for 0.2 s"),
    "nonsense": (DownloadError, "the connection broke: BadStatusLine"),
}


@pytest.mark.parametrize("path", FAULTS)
@pytest.mark.parametrize("existing", [None, b"old"])
def test_each_fault_is_named_and_leaves_the_folder_as_it_was(server, destination, path, existing):
    if existing:
        destination.parent.mkdir()
        destination.write_bytes(existing)
    kind, message = FAULTS[path]
    with pytest.raises(DownloadError, match=message) as caught:
        fetch([f"{server.url}/{path}"], destination, sha256=[DIGEST], timeout=0.2)
    assert caught.type is kind
    assert files(destination) == (["data.gz"] if existing else [])
    assert not existing or destination.read_bytes() == existing


def test_no_network_is_named(destination):
    with pytest.raises(
        DownloadError, match=r"http://127.0.0.1:9/data: cannot be reached: .*refused"
    ):
        fetch(["http://127.0.0.1:9/data"], destination, sha256=[DIGEST])


def test_mirrors_are_tried_in_order_until_one_is_right(server, destination):
    urls = [f"{server.url}/{path}" for path in ("missing", "flipped", "good", "short")]
    fetch(urls, destination, sha256=[DIGEST])
    assert destination.read_bytes() == GOOD
    assert server.paths == ["/missing", "/flipped", "/good"]


def test_the_final_error_names_every_mirror_with_its_reason(server, destination):
    urls = [f"{server.url}/{path}" for path in ("missing", "flipped")]
    with pytest.raises(DownloadError) as caught:
        fetch(urls, destination, sha256=[DIGEST])
    assert caught.type is DownloadError
    first, second = str(caught.value).splitlines()[1:]
    assert first == f"  {server.url}/missing: the server answered 404 Not Found"
    assert second.startswith(f"  {server.url}/flipped: expected SHA-256 {DIGEST}; got ")


def test_a_damaged_file_is_reported_and_replaced(server, destination, capsys):
    destination.parent.mkdir()
    destination.write_bytes(b"damaged")
    fetch([f"{server.url}/good"], destination, sha256=[DIGEST])
    assert destination.read_bytes() == GOOD
    said = capsys.readouterr().err
    assert f"{destination} is damaged" in said
    assert hashlib.sha256(b"damaged").hexdigest() in said


def full_disk(monkeypatch, *, at):
    """Let the operation `at` (a write or the final fsync) fail as it does on a full disk."""

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    if at == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
        return
    opened = Path.open

    def open_without_space(self, *arguments, **options):
        file = opened(self, *arguments, **options)
        if self.suffix == ".part":
            file.write(b"a few bytes still fit")
            file.close()
            fail()
        return file

    monkeypatch.setattr(Path, "open", open_without_space)


@pytest.mark.parametrize("at", ["write", "fsync"])
def test_a_full_disk_is_named_and_no_other_mirror_is_asked(server, destination, monkeypatch, at):
    full_disk(monkeypatch, at=at)
    urls = [f"{server.url}/good", f"{server.url}/unannounced"]
    with pytest.raises(StorageError, match=r"cannot write .*data\.gz: the disk is full"):
        fetch(urls, destination, sha256=[DIGEST])
    assert files(destination) == []
    assert server.paths in ([], ["/good"])


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write"):
        fetch([f"{server.url}/good"], tmp_path / "file" / "data.gz", sha256=[DIGEST])


def test_an_interrupt_leaves_nothing(destination):
    def interrupted():
        yield GOOD[:1000]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(interrupted(), destination, sha256=[DIGEST])
    assert files(destination) == []


def test_two_at_once_do_not_disturb_each_other(destination):
    """Both writers hold an open partial file at the same time; each reader sees whole bytes."""
    met = threading.Barrier(2, timeout=10)

    def slowly():
        yield GOOD[:1000]
        met.wait()
        yield GOOD[1000:]
        time.sleep(0.01)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(store, slowly(), destination, sha256=[DIGEST]) for _ in range(2)]
        for job in jobs:
            job.result()
    assert destination.read_bytes() == GOOD
    assert files(destination) == ["data.gz"]


def test_progress_goes_to_stderr_and_only_when_asked(server, destination, capsys):
    fetch([f"{server.url}/good"], destination, sha256=[DIGEST])
    assert capsys.readouterr() == ("", "")
    destination.unlink()
    fetch([f"{server.url}/good"], destination, sha256=[DIGEST], progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "/1.05M" in err


def test_an_unreadable_source_is_a_download_error(tmp_path, destination):
    with pytest.raises(DownloadError, match=r"cannot read .*absent"):
        store(downloads.read_chunks(tmp_path / "absent"), destination, sha256=[DIGEST])
    assert files(destination) == []


def test_the_data_root_is_the_argument_then_the_environment_then_the_course(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert downloads.data_root() == Path(__file__).resolve().parents[3] / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert downloads.data_root() == tmp_path
    assert downloads.data_root("elsewhere") == Path("elsewhere")
