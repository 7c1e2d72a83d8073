import numpy as np
import pytest
import torch

from lib.checks import Case, Report, expect_close, expect_parts, run_cases


def fail(message):
    raise AssertionError(message)


def test_a_right_answer_passes_every_case():
    report = run_cases("sum", [Case("one", lambda: None), Case("two", lambda: None)])
    assert report.passed
    assert repr(report) == "Exercise sum: 2 of 2 checks passed\n  ✓ one\n  ✓ two"


def test_a_wrong_answer_is_told_what_went_wrong():
    report = run_cases("sum", [Case("one", lambda: None), Case("two", lambda: fail("off by 3"))])
    assert not report.passed
    assert repr(report) == "Exercise sum: 1 of 2 checks passed\n  ✓ one\n  ✗ two: off by 3"


def test_a_stub_is_not_an_error():
    def stub():
        raise NotImplementedError

    report = run_cases("sum", [Case("one", stub), Case("two", lambda: None)])
    assert not report.attempted
    assert not report.passed
    assert repr(report) == "Exercise sum: not attempted yet"


def test_an_exception_of_the_learner_is_shown_not_raised():
    report = run_cases("sum", [Case("one", lambda: 1 / 0), Case("two", lambda: fail(""))])
    assert "one: ZeroDivisionError: division by zero" in repr(report)
    assert "two: no message" in repr(report)


def test_no_cases_and_no_attempt_is_not_a_pass():
    assert not Report("sum", False, ()).passed


@pytest.mark.parametrize(
    "got", [1.0, 1, torch.tensor(1.0), torch.tensor(1), np.float32(1), np.array(1.0)]
)
def test_close_numbers_pass(got):
    expect_close(got, 1.00001)


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (None, 1.0, "Nothing came back. Does the function end with return"),
        (2.0, 1.0, "expected 1; got 2. Halve it."),
        (torch.zeros(2), torch.zeros(3), r"expected shape \(3,\); got \(2,\)"),
        (torch.arange(6.0), torch.zeros(6), "expected 0, 0, 0, 0, …; got 1, 2, 3, 4, …"),
        (torch.tensor(float("nan")), 1.0, "got nan"),
    ],
)
def test_what_differs_is_named(got, expected, message):
    with pytest.raises(AssertionError, match=message):
        expect_close(got, expected, hint="Halve it.")


class Sure(torch.Tensor):
    """A tensor that claims to be close to anything."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.allclose:
            return True
        return super().__torch_function__(func, types, args, kwargs or {})


def test_a_tensor_that_claims_to_be_close_is_compared_by_its_numbers():
    with pytest.raises(AssertionError, match="expected 1, 1; got 7, 7"):
        expect_close(torch.full((2,), 7.0).as_subclass(Sure), torch.ones(2))


@pytest.mark.parametrize("answer", [None, (1,), [1, 2, 3], torch.ones(2)])
def test_another_number_of_results_is_named(answer):
    with pytest.raises(AssertionError, match=f"expected 2 results; got {type(answer).__name__}"):
        expect_parts(answer, 2)
    assert expect_parts([1, 2], 2) == (1, 2)
