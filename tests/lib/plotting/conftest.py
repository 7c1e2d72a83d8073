import matplotlib.pyplot as plt
import pytest

from lib import plotting


@pytest.fixture(autouse=True)
def course_style():
    """The course's look, for one test."""
    with plt.style.context("default"):
        plotting.use_style()
        yield


@pytest.fixture
def ax():
    """Empty axes."""
    made, axes = plt.subplots()
    yield axes
    plt.close(made)
