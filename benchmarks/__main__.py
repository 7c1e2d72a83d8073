"""Ratios against peers: `make bench`.

Same work, same results, side by side in one process: rounds are interleaved, and the median of the
ratios counts. Each benchmark first asserts that both sides computed the same.
"""

import platform

import torch

from benchmarks import decoders, scenes, sweeps


def main() -> None:
    """Run every benchmark on one thread and on all."""
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, ",
        end="",
    )
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads at most")
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        for benchmark in (sweeps, scenes, decoders):
            benchmark.run(threads)


if __name__ == "__main__":
    main()
