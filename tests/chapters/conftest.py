"""What tests of rooms share: the look and the axes that figures are drawn with."""

from tests.lib.plotting.conftest import ax, course_style

__all__ = ["ax", "course_style"]
