"""Faults of a thousand kinds: nothing is lost, half-written or run, and a message says what is.

`make test` runs a sample of each family; `make faults` runs all and counts them.
"""
