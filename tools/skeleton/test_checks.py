import pytest

from chapters.skeleton import checks

ANSWERS = [
    (checks.check_average, lambda x: x.mean(), lambda x: x.sum()),
    (checks.check_deviation, lambda x: x.std(), lambda x: x.std(correction=0)),
    (
        checks.check_enough,
        lambda sigma, wanted: max(1, -int(-((sigma / wanted) ** 2) // 1)),
        lambda sigma, wanted: int((sigma / wanted) ** 2) + 1,
    ),
]


@pytest.mark.parametrize(("check", "right", "wrong"), ANSWERS)
def test_a_right_answer_passes_and_a_wrong_one_does_not(check, right, wrong):
    assert check(right).passed
    report = check(wrong)
    assert report.attempted
    assert not report.passed


@pytest.mark.parametrize("check", [check for check, _, _ in ANSWERS])
def test_a_stub_counts_as_not_attempted(check):
    def stub(*_):
        raise NotImplementedError

    assert not check(stub).attempted
