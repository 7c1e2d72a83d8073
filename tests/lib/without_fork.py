"""A program that starts workers as macOS does: by spawning, since forking raises an error."""

import multiprocessing
import os

import torch

from benchmarks.augmentation import all_batches, draw, loader
from lib.workers import spread


def refuse() -> None:
    """Stand in for `os.fork`.

    Raises:
        OSError: always.
    """
    raise OSError("a process was forked")


def main() -> None:
    """Compare what workers give with what this process gives."""
    os.fork = refuse
    multiprocessing.set_start_method("spawn")
    network, rows = torch.nn.Linear(2, 1), list(torch.eye(2))
    assert spread(lambda x: network(x).item(), rows, workers=2) == [network(x).item() for x in rows]
    images, numbers = torch.rand(4, 3, 32, 32), draw(4)
    ours, theirs = (all_batches(loader(images, numbers, workers)) for workers in (1, 0))
    assert torch.equal(ours, theirs)


if __name__ == "__main__":
    main()
