"""The command line: `python -m tools.grading ASSIGNMENT SUBMISSIONS`, or `make grade`."""

import argparse
import sys
from pathlib import Path

from tools.build import BUILD, reporting
from tools.chapters import CourseError
from tools.grading.grade import SECONDS, grade, read_assignment, write_grades
from tools.grading.sandbox import is_possible

NO_SANDBOX = """\
Bubblewrap (Debian: apt-get install bubblewrap) cannot be used here. Without it a submission can
read this machine's files and use its network; only time, memory and processes are limited. If you
trust your students with that, add UNSANDBOXED=yes."""
NO_LINUX = """\
Grading needs Linux, since bubblewrap does: it is what keeps submissions from this machine's files
and from its network. Grade in a virtual machine or a container with Linux. If you trust your
students, add UNSANDBOXED=yes; here only time and processes are limited then, and memory is not."""


def main() -> int:
    """Grade; return 0 if every file has its rows, or 1 with the reason on stderr."""
    options = parse_arguments()
    with reporting("Nothing was graded.") as status:
        sandbox = is_possible()
        if not sandbox and not options.unsandboxed:
            raise CourseError(NO_SANDBOX if sys.platform == "linux" else NO_LINUX)
        rows = grade(
            read_assignment(options.assignment), options.submissions,
            sandbox=sandbox, jobs=options.jobs, seconds=options.seconds,
        )  # fmt: skip
        write_grades(rows, options.out)
        files = len({row.submission for row in rows})
        print(f"{files} submissions: {options.out / 'grades.csv'}, {options.out / 'reports'}")
    return status.code


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.grading", description=__doc__)
    parser.add_argument("assignment", type=Path, help="a folder that `make assignment` wrote")
    parser.add_argument("submissions", type=Path, help="a folder of notebooks")
    parser.add_argument("--out", type=Path, default=BUILD / "grades", help="where grades go")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks judged at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="an exercise may take")
    parser.add_argument("--unsandboxed", action="store_true", help="grade without bubblewrap, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
