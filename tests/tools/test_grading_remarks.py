"""What an exercise asks to do without is found in any spelling, and right answers get no remark."""

import pytest

from tests.tools.submitted import solutions
from tools.chapters import find_chapter, list_chapters
from tools.grading.remarks import remarks


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def swish(x): return torch.nn.functional.silu(x)", "torch.nn.functional.silu"),
        ("import torch.nn.functional as F\ndef swish(x): return F.silu(x)",
         "torch.nn.functional.silu"),
        ("from torch.nn import SiLU as S\nswish = S()", "torch.nn.SiLU"),
        ("def f(x):\n    y = g(x)\n    y.sum().backward()\n    return x.grad", ".backward, x.grad"),
        ("import lib.activations as a\ndef swish(x): return x * a.sigmoid(x)",
         "lib.activations.sigmoid"),
        ("from lib import activations\ndef swish(x): return activations.swish(x)",
         "lib.activations, lib.activations.swish"),
        ("def swish(x): return x * sigmoid(x)", ""),
        ("def swish(x:", ""),
        ("def silu(x): return 1\nswish = silu", ""),
    ],
)  # fmt: skip
def test_what_an_answer_uses_is_named(source, found):
    said = remarks([source], find_chapter("01"), "swish")
    assert all(name in said for name in found.split(", "))
    assert bool(said) == bool(found)


def test_an_option_counts_too():
    source = "def masked_loss(a, b): return functional.cross_entropy(a, b, ignore_index=0)"
    assert remarks([source], find_chapter("09"), "masked-loss") == "uses ignore_index"


@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_no_solution_gets_a_remark(chapter):
    for name, source in solutions(chapter.name).items():
        assert remarks([source], chapter, name) == ""
