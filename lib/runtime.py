"""Where and how much a chapter computes: device, seed, threads, budget.

Importing this module changes nothing; a chapter calls `start` once, in its setup cell.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TypeVar

import torch

from lib.budgets import BUDGETS

T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """One run of a chapter: how much it may compute, from which seed, where.

    Attributes:
        budget: "quick" (a smoke test), "standard" (what the book shows) or "full".
        seed: the number all random streams of the run derive from.
        device: where tensors are.
        threads: CPU threads each operation may use.
        as_written: whether the data is what the chapter's text was written about; if not, cards
            show the evidence alone.
    """

    budget: str
    seed: int
    device: torch.device
    threads: int
    as_written: bool = True

    def pick(self, *, quick: T, standard: T, full: T | None = None) -> T:
        """The value for this run's budget; `full` defaults to `standard`."""
        return {"quick": quick, "standard": standard, "full": standard if full is None else full}[
            self.budget
        ]

    def generator(self, *stream: str | int) -> torch.Generator:
        """A CPU generator for the named stream of random numbers.

        Streams are independent of each other and of the order in which they are requested.
        Numbers are drawn on the CPU and then moved, so every device sees the same ones.
        """
        key = repr((self.seed, *stream)).encode()
        digest = hashlib.sha256(key).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)

    def __str__(self) -> str:
        name = {"cpu": "CPU", "mps": "Apple GPU (MPS)"}.get(self.device.type)
        name = name or torch.cuda.get_device_name(self.device)
        other = "" if self.as_written else ", other data than the text's"
        return f"{name}, {self.threads} thread(s), budget {self.budget}, seed {self.seed}{other}"


def start(
    budget: str | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    as_written: bool = True,
) -> Run:
    """Start a run: choose the device and set the number of CPU threads.

    Args:
        budget: one of `BUDGETS`; None uses COURSE_BUDGET, or else "standard".
        seed: any integer of at least 0.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps"; see `choose_device`.
        threads: CPU threads; None uses COURSE_THREADS, or else torch's default.
        as_written: False if the reader chose other data than the chapter's own.

    Raises:
        ValueError: an unknown budget or device, a negative seed, or a thread count below 1.
    """
    budget = budget or os.environ.get("COURSE_BUDGET") or "standard"
    if budget not in BUDGETS:
        raise ValueError(f"budget must be one of {', '.join(BUDGETS)}; got {budget!r}")
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be an integer of at least 0; got {seed!r}")
    _set_threads(threads)
    return Run(budget, seed, choose_device(device), torch.get_num_threads(), as_written)


def choose_device(device: str = "auto") -> torch.device:
    """The device of that name; "auto" is CUDA or a Mac's GPU if there is one, otherwise the CPU.

    Args:
        device: "auto", "cpu", "cuda", "cuda:N" or, for the GPU of a Mac, "mps".

    Raises:
        ValueError: an unknown name, or this machine has no such device.
    """
    if device == "auto":
        gpus = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        return torch.device(next((name for name, there in gpus.items() if there), "cpu"))
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", device):
        raise ValueError(f"device must be 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'; got {device!r}")
    chosen = torch.device(device)
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(
            "device 'mps' was asked for; torch finds no Apple GPU here (that needs a Mac with "
            "Apple silicon and macOS 14 or later)"
        )
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise ValueError(
            f"device {device!r} was asked for; torch finds {count} CUDA device(s) here"
        )
    return chosen


def _set_threads(threads: int | None) -> None:
    if threads is None:
        value = os.environ.get("COURSE_THREADS")
        if not value:
            return
        if not value.isdigit():
            raise ValueError(f"COURSE_THREADS must be a positive integer; got {value!r}")
        threads = int(value)
    if threads < 1:
        raise ValueError(f"threads must be at least 1; got {threads}")
    torch.set_num_threads(threads)
