"""A server on this machine that answers each path in another wrong way."""

import gzip
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD = bytes(range(256)) * 2048  # 512 KiB: several chunks
DIGEST = hashlib.sha256(GOOD).hexdigest()
PAGE = b"<!DOCTYPE html><html><title>Log in</title></html>"
PATIENCE = 0.8  # seconds that a client waits for the next byte
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with what `ANSWERS` has for the path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.close_connection = True
        ANSWERS[self.path.split("?")[0].strip("/")](self)

    def head(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content: bytes, status: int = 200, length: object = None, **more) -> None:
        self.head(status, Content_Length=len(content) if length is None else length, **more)
        self.wfile.write(content)

    def chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def wait(self) -> None:
        """Say nothing for longer than any client waits."""
        self.wfile.flush()
        self.server.released.wait(20)

    def log_message(self, *_: object) -> None:
        """Requests are no news."""


def _reset(handler: Handler) -> None:
    handler.body(GOOD[:100_000], length=len(GOOD))
    handler.wfile.flush()
    linger = struct.pack("ii", 1, 0)  # closes with a reset
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def _cut_chunks(handler: Handler) -> None:
    handler.head(Transfer_Encoding="chunked")
    handler.chunk(GOOD[:100_000])


def _bad_chunks(handler: Handler) -> None:
    handler.head(Transfer_Encoding="chunked")
    handler.wfile.write(b"not a number\r\n")


def _good_chunks(handler: Handler) -> None:
    handler.head(Transfer_Encoding="chunked")
    handler.chunk(GOOD)
    handler.chunk(b"")


def _silent_midway(handler: Handler) -> None:
    handler.body(GOOD[:100_000], length=len(GOOD))
    handler.wait()


def _slowly(handler: Handler) -> None:
    handler.head(Content_Length=len(GOOD))
    for start in range(0, len(GOOD), len(GOOD) // 8):
        handler.wfile.write(GOOD[start : start + len(GOOD) // 8])
        handler.wfile.flush()
        time.sleep(PATIENCE / 8)


def redirect(status: int, to: str) -> Answer:
    """Send the client to another address."""
    return lambda handler: handler.head(status, Location=to, Content_Length=0)


def _error(status: int) -> Answer:
    return lambda handler: handler.body(PAGE, status)


ANSWERS: dict[str, Answer] = {
    "good": lambda h: h.body(GOOD),
    "good-chunks": _good_chunks,
    "slowly": _slowly,
    "flipped": lambda h: h.body(GOOD[:-1] + b"\0"),
    "empty": lambda h: h.body(b""),
    "no-content": lambda h: h.head(204),
    "partial-content": lambda h: h.body(GOOD[:1000], 206),
    "short": lambda h: h.body(GOOD[:1000], length=len(GOOD)),
    "one-byte-short": lambda h: h.body(GOOD[:-1], length=len(GOOD)),
    "cut-as-announced": lambda h: h.body(GOOD[:-1]),
    "longer": lambda h: h.body(GOOD + b"more"),
    "twice": lambda h: h.body(GOOD + GOOD),
    "page": lambda h: h.body(PAGE, Content_Type="text/html"),
    "page-in-disguise": lambda h: h.body(b"\n  <HTML>" + PAGE, Content_Type="application/gzip"),
    "zipped": lambda h: h.body(gzip.compress(GOOD), Content_Encoding="gzip"),
    "length-is-no-number": lambda h: h.body(GOOD, length="many"),
    "length-is-negative": lambda h: h.body(GOOD, length=-1),
    "length-is-twofold": lambda h: h.body(GOOD[:10], length="10, 20"),
    "reset": _reset,
    "chunks-cut": _cut_chunks,
    "chunks-bad": _bad_chunks,
    "silent-at-once": lambda h: h.wait(),
    "silent-behind-head": lambda h: (h.head(Content_Length=len(GOOD)), h.wait()),
    "silent-midway": _silent_midway,
    "nonsense": lambda h: h.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing": lambda h: None,
    "endless-header": lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000),
    **{str(status): _error(status) for status in (400, 401, 403, 404, 410, 429, 500, 502, 503)},
    **{f"moved-{status}": redirect(status, "/good") for status in (301, 302, 303, 307, 308)},
    "moved-to-page": redirect(302, "/page"),
    "moved-to-404": redirect(302, "/404"),
    "moved-in-circles": redirect(302, "/moved-in-circles"),
    "moved-nowhere": redirect(302, "http://127.0.0.1:9/"),
    "moved-to-file": redirect(302, "file:///etc/passwd"),
    "moved-to-no-address": redirect(302, "http://[::1"),
    "moved-without-address": lambda h: h.head(302, Content_Length=0),
}  # fmt: skip


@contextmanager
def wrong_server() -> Iterator[ThreadingHTTPServer]:
    """The server, with `url` and the `paths` it was asked for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.paths, server.released = [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        server.handle_error = lambda *_: None  # of clients that are gone
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()
