"""Hands out chapters; `python -m tools.assignment`, or `make assignment`."""

from tools.assignment.parts import MARK, find_chapter, write_assignment

__all__ = ["MARK", "find_chapter", "write_assignment"]
