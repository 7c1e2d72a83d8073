"""What the families share: matrices of cases, of which CI runs a sample, and what a refusal is."""

import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import pytest

from tools.chapters import ROOT

OURS = tuple(str(ROOT / name) for name in ("lib", "chapters", "tools"))


def sampled(cases: Iterable[object], *, quick: int) -> list:
    """Parameters for `parametrize`: `quick` of the cases, evenly spread, run in CI, all by name.

    Args:
        cases: one value each, or a tuple of the values of several arguments.
        quick: how many of them are not marked `slow_fault`; 0 marks all.
    """
    cases = [case if isinstance(case, tuple) else (case,) for case in cases]
    kept = {k * len(cases) // quick for k in range(quick)} if quick else set()
    return [
        pytest.param(
            *case,
            id="-".join(re.sub(r"\W+", "_", str(part)) for part in case),
            marks=[] if k in kept else [pytest.mark.slow_fault],
        )
        for k, case in enumerate(cases)
    ]


@contextmanager
def refused(
    *kinds: type[Exception], match: str | Sequence[str] = "", case: str = ""
) -> Iterator[None]:
    """A block that must raise one of these errors, by a line of ours and in words of ours.

    An error that torch raises somewhere below names neither the argument nor what was expected.

    Args:
        kinds: the types that the docstring promises.
        match: patterns, each of which the message must hold.
        case: what a failure is said to be about, where a test looks at several.
    """
    try:
        with pytest.raises(kinds) as caught:
            yield
        _check(caught.value, [match] if isinstance(match, str) else match)
    except BaseException as failure:
        if case:
            failure.add_note(f"the case: {case}")
        raise


def _check(error: Exception, patterns: Sequence[str]) -> None:
    message, last = str(error), traceback.extract_tb(error.__traceback__)[-1]
    assert last.filename.startswith(OURS), f"raised in {last.filename}:{last.lineno}: {message}"
    assert len(message) > 15, f"says too little: {message!r}"
    for pattern in patterns:
        assert re.search(pattern, message), f"{pattern!r} is not in {message!r}"


def public_functions(package: ModuleType) -> set[str]:
    """The names of a package's public functions and layers; classes that only hold data are not."""
    named = {name: getattr(package, name) for name in package.__all__}
    data = ("_fields", "__dataclass_fields__")
    return {n for n, f in named.items() if callable(f) and not any(hasattr(f, d) for d in data)}
