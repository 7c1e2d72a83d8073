"""Grades notebooks that students handed in; `python -m tools.grading`, or `make grade`."""
