"""The command line: `python -m tools.assignment CHAPTER…`, or `make assignment`."""

import argparse
import sys
from pathlib import Path

from tools.assignment.parts import write_assignment
from tools.build import BUILD, reporting
from tools.chapters import find_chapter
from tools.colab import Repository
from tools.course_file import NAME
from tools.grading.people import read_people
from tools.grading.tables import read_table
from tools.variants import constants

ALIKE = "The same for all students, since no exercise of theirs has constants: {names}."
NOT_PUBLISHED = """\
Without PUBLISHED=address, notebooks fetch nothing: students run them in the folder that you hand
out. (They do not fetch the course's own repository, since solutions and hidden tests are in it.)"""


def main() -> int:
    """Write an assignment; return 0, or 1 with the reason on stderr if it could not be written."""
    options = parse_arguments()
    with reporting("No assignment was written.") as status:
        chapters = [find_chapter(name) for name in options.chapters]
        published = Repository(options.published, options.branch) if options.published else None
        people, problems = (
            read_people(read_table(options.variants)) if options.variants else ([], [])
        )
        write_assignment(
            chapters, options.out.resolve(), published=published, course=options.course,
            people=people,
        )  # fmt: skip
        for problem in problems:
            print(problem, file=sys.stderr)
        if people:
            print(f"For each student: {options.out / 'variants'}")
            if alike := [c.name for c in chapters if not constants(c, None)]:
                print(ALIKE.format(names=", ".join(alike)), file=sys.stderr)
        print(f"For students: {options.out / 'student'}")
        print(f"For you: {options.out / 'instructor'} and {options.out / 'plan.md'}")
        print(f"Due dates, weights and late policy: {options.out / NAME}")
        if not published:
            print(NOT_PUBLISHED, file=sys.stderr)
    return status.code


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.assignment", description=__doc__)
    parser.add_argument("chapters", nargs="+", help='such as "activations" or "09_seq2seq"')
    parser.add_argument("--out", type=Path, default=BUILD / "assignment")
    parser.add_argument("--published", help="the address of the repository that students get")
    parser.add_argument("--branch", default="main", help="its branch")
    parser.add_argument(
        "--variants", type=Path, help="a table of students, who get constants of their own"
    )
    parser.add_argument("--course", type=Path, help="due dates, weights and late policy")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
