"""Prints the built book as one PDF; `python -m tools.printing`, or `make print`."""
