"""Hands out chapters; `python -m tools.assignment`, or `make assignment`."""

from tools.assignment.parts import write_assignment
from tools.chapters import find_chapter
from tools.course_file import MARK

__all__ = ["MARK", "find_chapter", "write_assignment"]
