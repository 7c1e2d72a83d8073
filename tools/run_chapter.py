"""Executes one notebook with papermill, in a process that can be watched and killed.

`tools.execute` starts it. Progress goes to stdout, one JSON object a line; so does the outcome.
"""

import json
import resource
import sys
import time
from pathlib import Path

import papermill
from papermill.engines import NBClientEngine, papermill_engines


def say(**message: object) -> None:
    """One message to the process that started this one."""
    print(json.dumps(message), flush=True)


class ReportingEngine(NBClientEngine):
    """Papermill's engine, reporting each cell that starts."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        start = nb_man.cell_start

        def cell_start(cell, cell_index=None, **more):
            say(cell=cell_index)
            start(cell, cell_index, **more)

        nb_man.cell_start = cell_start
        super().execute_managed_notebook(nb_man, kernel_name, **options)


def main(source: str, target: str, parameters: str) -> int:
    """Execute `source` into `target` with JSON `parameters`; 0 where every cell ran."""
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
    say(
        done=failure is None,
        failure=failure,
        seconds=round(time.monotonic() - started, 1),
        # The kernel is the largest child; Linux counts in KiB.
        peak_bytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    )
    return 0 if failure is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
