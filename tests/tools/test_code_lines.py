import re
from html import unescape

import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools.code_lines import with_lines

CODE = '''def mixup(x, lam):
    """Blend.

    Twice.
    """
    return lam * x + (1 - lam) * x.flip(0)  # "a" < b & c

'''


def shown(code):
    return highlight(code, PythonLexer(stripnl=False), HtmlFormatter())


def text(html):
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("code", [CODE, "x\n", "\n", "a = 1\n\n\nb = 2\n"])
def test_the_text_stays_the_same(code):
    assert text(with_lines(shown(code))).strip("\n") == code.strip("\n")


def test_each_line_has_an_element_with_its_indentation():
    page = with_lines(shown(CODE))
    indents = re.findall(r'class="course-line" style="--indent:(\d+)ch"', page)
    assert indents[:6] == ["0", "4", "0", "4", "4", "4"]


def test_every_element_is_closed_in_its_line():
    page = with_lines(shown(CODE))
    for line in page.split('<span class="course-line"')[1:]:
        own = line.partition("</pre>")[0]
        assert own.count("<span") + 1 == own.count("</span>")


def test_what_is_not_highlighted_code_is_left_alone():
    html = "<p>a\nb</p><pre>plain\ntext</pre>"
    assert with_lines(html) == html


def test_a_printed_sentence_wraps_and_a_printed_table_does_not():
    page = '<div class="highlight"><pre><span></span>{}\n</pre></div>'
    assert "course-line" in with_lines(page.format("two\nlines"))
    assert "course-line" in with_lines(page.format("  indented: a line\nnot indented: another"))
    table = page.format("     train   test\nnone  90.0%  40.0%")
    assert with_lines(table) == table
