"""Frames of bytes over a socket, with a limit on their length and on the wait for them."""

import math
import socket
import struct
import time

MOST = 64 << 20  # bytes of a reply
HEADER = struct.Struct(">Q")


class GoneError(Exception):
    """The other process has ended, or did not reply in time."""


class MalformedError(ValueError):
    """A reply that does not follow the format."""


def send(channel: socket.socket, data: bytes) -> None:
    """Send one frame.

    Raises:
        GoneError: nobody reads it.
    """
    try:
        channel.sendall(HEADER.pack(len(data)) + data)
    except OSError as error:
        raise GoneError(str(error)) from error


def receive(channel: socket.socket, deadline: float = math.inf, most: int = MOST) -> bytes:
    """Read one frame.

    Args:
        deadline: in seconds of `time.monotonic`.
        most: number of bytes beyond which a frame is not read.

    Raises:
        GoneError: it did not come, in whole and in time.
        MalformedError: it is longer.
    """
    (size,) = HEADER.unpack(_exactly(channel, HEADER.size, deadline))
    if size > most:
        raise MalformedError(f"more than {most >> 20} MiB")
    return _exactly(channel, size, deadline)


def _exactly(channel: socket.socket, size: int, deadline: float) -> bytes:
    parts, left = [], size
    while left:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise GoneError("timeout")
        channel.settimeout(None if math.isinf(seconds) else seconds)
        try:
            part = channel.recv(min(left, 1 << 20))
        except TimeoutError as error:
            raise GoneError("timeout") from error
        except OSError as error:
            raise GoneError(str(error)) from error
        if not part:
            raise GoneError("end")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
