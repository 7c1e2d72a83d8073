"""Downloads short, wrong, HTML, stalled, redirected, offline: a named error, and no file."""

import re
import time

import pytest
from torchvision.datasets import CIFAR10, FashionMNIST

from lib.datasets import cifar10, fashion_mnist_files
from lib.datasets.downloads import ChecksumError, DownloadError, fetch
from tests.faults.cases import refused, sampled
from tests.faults.server import ANSWERS, DIGEST, GOOD, PATIENCE, wrong_server

FINE = {
    "good",
    "good-chunks",
    "slowly",
    *(f"moved-{status}" for status in (301, 302, 303, 307, 308)),
}
OTHER_BYTES = {
    "flipped", "empty", "no-content", "partial-content", "cut-as-announced", "longer", "twice",
    "page", "page-in-disguise", "zipped", "moved-to-page",
}  # fmt: skip
SAID = {
    "short": "short read: expected 524288 bytes; got 1000",
    "one-byte-short": "short read: expected 524288 bytes; got 524287",
    "page": "an HTML page",
    "page-in-disguise": "an HTML page",
    "moved-to-page": "an HTML page",
    "silent-at-once": f"nothing came for {PATIENCE:g} s",
    "silent-behind-head": f"nothing came for {PATIENCE:g} s",
    "silent-midway": f"nothing came for {PATIENCE:g} s",
    "404": "the server answered 404 Not Found",
    "moved-to-404": "the server answered 404 Not Found",
    "moved-in-circles": "the server answered 302 .*infinite loop",
    "moved-to-file": "the server answered 302",
    "moved-nowhere": "cannot be reached: .*refused",
    "reset": "the connection broke",
    "nonsense": "the connection broke",
}


@pytest.fixture(scope="module")
def server():
    with wrong_server() as server:
        yield server


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "data.gz"


@pytest.mark.parametrize("path", sampled(sorted(FINE), quick=3))
def test_what_is_right_in_the_end_is_taken(server, destination, path):
    fetch([f"{server.url}/{path}"], destination, sha256=[DIGEST], timeout=PATIENCE)
    assert destination.read_bytes() == GOOD


@pytest.mark.parametrize("path", sampled(sorted(set(ANSWERS) - FINE), quick=14))
def test_what_is_wrong_is_named_in_time_and_nothing_stays(server, destination, path):
    started, url = time.monotonic(), f"{server.url}/{path}"
    kind = ChecksumError if path in OTHER_BYTES else DownloadError
    with refused(kind, match=["no mirror sent data.gz", re.escape(url), SAID.get(path, "")]):
        fetch([url], destination, sha256=[DIGEST], timeout=PATIENCE)
    assert time.monotonic() - started < PATIENCE + 5
    assert list(destination.parent.iterdir()) == []


UNREACHABLE = {
    "closed port": "http://127.0.0.1:9/data",
    "unknown host": "http://no-such-host.invalid/data",
    "no address": "http://",
    "unknown scheme": "gopher://127.0.0.1/data",
    "no scheme": "data.gz",
    "bad port": "http://127.0.0.1:port/data",
    "spaces": "http://127.0.0.1/a b\n",
    "missing file": "file:///no/such/file",
    "a folder": "file:///tmp",
}


@pytest.mark.parametrize("kind", sampled(UNREACHABLE, quick=4))
def test_what_cannot_be_reached_is_named(destination, kind):
    with refused(DownloadError, match=re.escape(UNREACHABLE[kind].strip())):
        fetch([UNREACHABLE[kind]], destination, sha256=[DIGEST], timeout=PATIENCE)
    assert list(destination.parent.iterdir()) == []


def test_a_server_without_tls_is_named(server, destination):
    with refused(DownloadError, match="cannot be reached: .*SSL"):
        fetch([server.url.replace("http", "https")], destination, sha256=[DIGEST], timeout=PATIENCE)


@pytest.mark.parametrize("path", sampled(["short", "page", "reset", "silent-midway"], quick=1))
def test_another_mirror_mends_it(server, destination, path):
    urls = [f"{server.url}/{path}", f"{server.url}/good"]
    fetch(urls, destination, sha256=[DIGEST], timeout=PATIENCE)
    assert destination.read_bytes() == GOOD


@pytest.mark.parametrize("path", sampled(["short", "page", "503", "reset"], quick=1))
def test_a_second_try_after_a_fault_succeeds(server, destination, path):
    with refused(DownloadError):
        fetch([f"{server.url}/{path}"], destination, sha256=[DIGEST], timeout=PATIENCE)
    fetch([f"{server.url}/good"], destination, sha256=[DIGEST], timeout=PATIENCE)
    assert destination.read_bytes() == GOOD


@pytest.mark.parametrize("path", sampled(["page", "short", "404", "moved-in-circles"], quick=2))
def test_cifar10_says_what_to_do_instead(server, path, tmp_path, monkeypatch):
    monkeypatch.setattr(CIFAR10, "url", f"{server.url}/{path}")
    with refused(DownloadError, match=["could not be fetched", path, 'dataset = "scenes"']):
        cifar10.load_cifar10("test", root=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("path", sampled(["page", "short", "500", "moved-nowhere"], quick=2))
def test_fashion_mnist_names_every_source_and_what_to_do(server, path, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist_files, "INSTALLED", tmp_path / "not installed")
    monkeypatch.setattr(fashion_mnist_files.shutil, "which", lambda tool: None)
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"{server.url}/{path}?"])
    with refused(DownloadError, match=[*fashion_mnist_files.SOURCES, "put these files into"]):
        fashion_mnist_files.fetch_fashion_mnist(root=tmp_path / "data")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
