"""Lines of code that wrap on a narrow page under their own beginning, not at the margin."""

import re

CELL = re.compile(r'(<div class="highlight"><pre>)(.*?)(</pre>)', re.DOTALL)
TOKEN = re.compile(r"<span[^>]*>|</span>|\n|[^<\n]+")


def with_lines(html: str) -> str:
    """The page's body, with an element around each line of code and of printed sentences.

    Its style says how far the line is indented, in `--indent`; `course.css` does the rest. The text
    stays the same, so that copying a cell copies its code. Printed tables keep their columns.
    """
    return CELL.sub(lambda found: found[1] + _lines(found[2]) + found[3], html)


def _is_table(code: str) -> bool:
    """Whether it was printed in columns; code has highlighted words."""
    lines = re.sub(r"<[^>]*>", "", code).splitlines()
    return "<span class" not in code and any("  " in line.strip() for line in lines)


def _lines(code: str) -> str:
    """The lines of a cell. A token that spans several lines, such as a docstring, is cut up."""
    if _is_table(code):
        return code
    lines, line, tags = [], [], []
    for token in TOKEN.findall(code.removesuffix("\n")):
        if token == "\n":
            lines.append("".join(line) + "</span>" * len(tags))
            line = list(tags)
            continue
        line.append(token)
        if token == "</span>":
            tags.pop()
        elif token.startswith("<span"):
            tags.append(token)
    lines.append("".join(line))
    return "".join(map(_line, lines))


def _line(line: str) -> str:
    text = re.sub(r"<[^>]*>", "", line)
    indent = len(text) - len(text.lstrip(" "))
    return f'<span class="course-line" style="--indent:{indent}ch">{line}</span>\n'
