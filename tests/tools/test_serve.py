import socket
import subprocess
import sys
import urllib.request

import pytest

from tools import serve
from tools.chapters import ROOT


@pytest.fixture
def book(tmp_path, monkeypatch):
    (tmp_path / "index.html").write_text("<h1>Book</h1>")
    monkeypatch.setattr(serve, "BOOK", tmp_path)
    return tmp_path


@pytest.mark.parametrize("port", ["", "0", "-1", "65536", "eighty"])
def test_a_port_that_is_none_is_refused(port, book, capsys):
    assert serve.main([port]) == 2
    assert "PORT must be a number from 1 to 65535" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named_with_what_to_do(book, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert serve.main([str(port)]) == 1
    said = capsys.readouterr().err
    assert f"Port {port} is taken; try another one: make serve PORT=" in said
    assert "Traceback" not in said


def test_without_a_book_it_says_how_to_make_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(serve, "BOOK", tmp_path)
    assert serve.main(["8000"]) == 1
    assert "run 'make book' first" in capsys.readouterr().err


def test_it_serves_the_book(book):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        "import sys, pathlib; from tools import serve; "
        f"serve.BOOK = pathlib.Path({str(book)!r}); sys.exit(serve.main(['{port}']))"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as server:  # fmt: skip
        assert f":{port}" in server.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert b"Book" in page.read()
        server.kill()
