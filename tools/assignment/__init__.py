"""Hands out chapters; `python -m tools.assignment`, or `make assignment`."""

from tools.assignment.parts import MARK, write_assignment
from tools.chapters import find_chapter

__all__ = ["MARK", "find_chapter", "write_assignment"]
