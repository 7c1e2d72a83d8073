"""Trying out an answer in two processes: what students wrote runs in one, the tests in the other.

    judge.py     trusted: holds the tests, asks, and decides
    remote.py    trusted: what an answer looks like to the tests, a function like any other
    runner.py    in the sandbox: forks a process for each exercise
    answering.py in the sandbox: runs cells and calls functions; replies with plain values
    values.py    both: the format of the replies, which executes nothing
    changes.py   both: arguments that were changed in place
    frames.py    both: how bytes travel

Expected values, comparisons and hidden tests never enter the sandbox, and what comes out of it is
numbers, text, lists and arrays. So nothing that a student's code patches or reads earns a point.
"""
