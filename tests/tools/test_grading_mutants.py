"""Faults that are put into answers."""

import ast

from tests.tools.submitted import CHAPTER, chapters, solutions
from tools.grading.judging import Judges
from tools.grading.mutants import faults, unnoticed

SOURCE = '''
def f(x, n=3):
    """One."""
    return -x.sum() if n <= 2 and x.any() else x @ x + n * 0.5


check(f)
'''


def test_every_token_that_can_be_wrong_is_made_wrong_once():
    found = [text for text, _ in faults(SOURCE)]
    assert len(found) == len(set(found)) == 13
    for text, line in faults(SOURCE):
        ast.parse(text)
        assert line in text and line not in ast.unparse(ast.parse(SOURCE))
        assert "check" not in text


def test_a_fault_that_earns_all_points_is_listed(monkeypatch):
    asked = []

    def verdicts(self, given, hidden, checks, constants, programs, fallbacks, seconds):
        ((name, (_, (_, source))),) = programs.items()
        asked.append((name, source))
        passed = 1 if "20002" in source else 0
        return {name: {"passed": passed, "of": 1}}

    monkeypatch.setattr(Judges, "verdicts", verdicts)
    count, survivors = unnoticed(chapters()[CHAPTER], Judges.__new__(Judges))
    assert count == len(asked) and {name for name, _ in asked} == set(solutions())
    assert [name for name, _ in survivors] == ["gain"] and "20002" in survivors[0][1]
