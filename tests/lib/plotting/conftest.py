import matplotlib.pyplot as plt
import pytest

from lib import plotting


@pytest.fixture(autouse=True)
def course_style():
    """The course's look, for one test."""
    with plt.style.context("default"):
        plotting.use_style()
        yield
