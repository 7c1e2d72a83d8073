"""What disks, networks and people do to the bytes of a file."""

from collections.abc import Callable
from random import Random

PAGE = b"<!DOCTYPE html><title>Log in</title>"
BLOCK = 512  # bytes of a sector


def flip(content: bytes, random: Random) -> bytes:
    """One bit, anywhere."""
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def cut(content: bytes, random: Random) -> bytes:
    """The beginning alone."""
    return content[: random.randrange(len(content))]


def blank(content: bytes, random: Random) -> bytes:
    """A sector that reads as ones, in whatever alignment."""
    at = random.randrange(len(content))
    return content[:at] + b"\xff" * min(BLOCK, len(content) - at) + content[at + BLOCK :]


def lose(content: bytes, random: Random) -> bytes:
    """Some bytes are missing in the middle; what is behind them moved up."""
    at = random.randrange(len(content) - 1)
    return content[:at] + content[at + random.randrange(1, len(content) - at) :]


DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "flip": flip,
    "cut": cut,
    "blank": blank,
    "lose": lose,
    "append": lambda content, _: content + b"\0",
    "empty": lambda content, _: b"",
    "page": lambda content, _: PAGE,
}


def damaged(content: bytes, kind: str, seed: int) -> bytes:
    """Other bytes than these, damaged in one of the ways of `DAMAGES`; the same for one seed."""
    result = DAMAGES[kind](content, Random(f"{kind} {seed}"))
    assert result != content
    return result


def plan(flips: int, cuts: int, others: int = 1) -> list[tuple[str, int]]:
    """(kind, seed) of so many flipped bits, cuts, and each other damage."""
    counts = {"flip": flips, "cut": cuts, "blank": others, "lose": others}
    return [(kind, seed) for kind in DAMAGES for seed in range(counts.get(kind, min(others, 1)))]
