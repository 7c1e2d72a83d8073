"""Executes one notebook with papermill, in a process that can be monitored and killed.

`tools.execute` starts it. It writes progress and outcome to stdout, one JSON object per line.
"""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

import papermill
from papermill.engines import NBClientEngine, papermill_engines

MOST = 20_000_000  # maximum bytes of a cell's output; a page of the book has room for far less


def open_channel() -> TextIO:
    """Reserve stdout for messages and return it; redirect stdout to stderr, for the kernel too."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return channel


def end_with_parent() -> None:
    """End this process when its stdin closes, which happens when its parent ends.

    The kernel, in turn, notices when this process ends.
    """

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def peak_bytes() -> int:
    """The peak resident memory, in bytes, of the largest child, which is the kernel."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


class FloodError(RuntimeError):
    """A cell's output is too large for a notebook."""


class ReportingEngine(NBClientEngine):
    """Papermill's engine, which reports each started cell to `channel` and limits its output."""

    channel: TextIO

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        start, complete = nb_man.cell_start, nb_man.cell_complete

        def cell_start(cell, cell_index=None, **more):
            cls.say(cell=cell_index)
            start(cell, cell_index, **more)

        def cell_complete(cell, cell_index=None, **more):
            complete(cell, cell_index, **more)
            weight = sum(len(json.dumps(output)) for output in cell.get("outputs", []))
            if weight > MOST:
                raise FloodError(
                    f"it put out {weight / 1e6:.0f} MB; a cell may put out {MOST / 1e6:g} MB"
                )

        nb_man.cell_start, nb_man.cell_complete = cell_start, cell_complete
        super().execute_managed_notebook(nb_man, kernel_name, **options)

    @classmethod
    def say(cls, **message: object) -> None:
        """Send a message to the process that started this one."""
        cls.channel.write(json.dumps(message) + "\n")


def main(source: str, target: str, parameters: str) -> int:
    """Execute `source` into `target` with JSON `parameters`; return 0 if every cell ran."""
    ReportingEngine.channel = open_channel()
    end_with_parent()
    papermill_engines.register("reporting", ReportingEngine)
    started = time.monotonic()
    failure = None
    try:
        papermill.execute_notebook(
            source,
            target,
            json.loads(parameters),
            engine_name="reporting",
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=Path(source).parent,
        )
    except papermill.PapermillExecutionError as error:
        failure = {"cell": error.cell_index, "traceback": "\n".join(error.traceback)}
    except Exception as error:  # such as a kernel that died; the parent names chapter and cell
        failure = {"traceback": f"{type(error).__name__}: {error}"}
    ReportingEngine.say(
        done=failure is None,
        failure=failure,
        seconds=round(time.monotonic() - started, 1),
        peak_bytes=peak_bytes(),
    )
    return 0 if failure is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
