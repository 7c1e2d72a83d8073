import re

import pytest

from tools.chapters import ROOT, Chapter, CourseError
from tools.contents_map import read_stops, render_map

CHAPTERS = [Chapter(path) for path in sorted((ROOT / "chapters").glob("[0-9]*_*.py"))]
HEADER = """\
# ---
# jupyter:
#   course:
{lines}
#   jupytext:
#     notebook_metadata_filter: course
# ---

# %% [markdown]
# # {title}
"""


@pytest.fixture
def chapter(tmp_path):
    """Writes a chapter with some lines in its header."""

    def write(name, *, title="A title, with more", builds_on="[]", without=None):
        fields = {"builds_on": builds_on, "reading_minutes": 10, "exercise_minutes": 20,
                  "compute_minutes": 1.5}  # fmt: skip
        lines = "\n".join(f"#     {key}: {fields[key]}" for key in fields if key != without)
        path = tmp_path / f"{name}.py"
        path.write_text(HEADER.format(lines=lines, title=title))
        return Chapter(path)

    return write


def test_every_chapter_is_a_link_with_its_minutes():
    stops = read_stops(CHAPTERS)
    drawn = render_map(stops)
    assert re.findall(r'href="([^"]+)"', drawn) == [f"{c.docname}.html" for c in CHAPTERS]
    for stop in stops:
        assert f"{stop.reading} min to read · {stop.exercises} to solve" in drawn


def test_there_is_an_arc_for_each_thing_built_on():
    stops = read_stops(CHAPTERS)
    assert render_map(stops).count('class="tip"') == sum(len(stop.builds_on) for stop in stops)


def test_every_chapter_but_the_first_builds_on_one():
    first, *others = read_stops(CHAPTERS)
    assert not first.builds_on
    assert all(stop.builds_on for stop in others)


def test_a_chapter_says_in_words_what_it_builds_on(chapter):
    stops = read_stops([
        chapter("00_a", title="First <one>"),
        chapter("01_b", title="Second"),
        chapter("02_c", builds_on="[00_a, 01_b]"),
    ])  # fmt: skip
    assert 'title="Builds on “First &lt;one&gt;” and “Second”"' in render_map(stops)
    assert "2 · A title<" in render_map(stops)


def test_a_chapter_builds_on_earlier_ones_alone(chapter):
    with pytest.raises(CourseError, match="00_a builds on 01_b, which does not come before it"):
        read_stops([chapter("00_a", builds_on="[01_b]"), chapter("01_b")])


@pytest.mark.parametrize("field", ["builds_on", "compute_minutes"])
def test_a_missing_field_is_named(chapter, field):
    with pytest.raises(CourseError, match=rf"00_a: its header lacks course\.{field}"):
        read_stops([chapter("00_a", without=field)])
