import re
from dataclasses import replace

import pytest
from matplotlib import rc_context

from benchmarks.record import Duration, Row, Section, load_record
from lib.plotting.style import BLUE, GRAY, VERMILLION
from tools.benchmarks_page import draw_ratios, render_benchmarks_page
from tools.figures import EXTRA

ROW = Row("a map", "a library", 1, 2.0, 3.0, 2.5, 4.0, 9, 0.0123, None, "It copies too much.")


@pytest.fixture
def sections():
    missed = replace(ROW, work="another map", ratio=1.9, low=1.5)
    counted = replace(ROW, work="pictures", target=None, seconds=2.0, images=10_000)
    versions = {"torch": "9.9"}
    slow, quick = Duration("all of it", 700.0, 600.0, "It is long."), Duration("none", 3.0, 5.0, "")
    return {
        "maps": Section("Maps", "How.", "2 cores, x86-64", versions, (ROW, missed)),
        "scenes": Section("Scenes", "What.", "4 cores, arm64", versions, (counted,)),
        "book": Section("Book", "So.", "8 cores", {"sphinx": "7"}, durations=(slow, quick)),
    }


@pytest.fixture
def page(sections):
    return render_benchmarks_page(sections)["benchmarks.md"].decode()


def test_a_row_shows_target_ratio_spread_and_verdict(page):
    assert "| a map | a library | 12.3 ms | 2× | 3.00× (2.50 to 4.00) | ✓ met |" in page
    assert "| another map | a library | 12.3 ms | 2× | 1.90× (1.50 to 4.00) | ✗ missed |" in page


def test_only_what_is_missed_says_why(page):
    assert re.findall(r"- \*\*(.*)\*\*: (.*)", page) == [
        ("another map, a library", "It copies too much."),
        ("all of it", "It is long."),
    ]


def test_images_are_counted_per_second(page):
    assert "| pictures | a library | 2.0 s, 5,000 per second |  | 3.00×" in page


def test_durations_show_what_they_may_be(page):
    assert "| all of it | 11.7 min | 10.0 min | ✗ missed |" in page
    assert "| none | 3 s | 5 s | ✓ met |" in page


def test_targets_are_counted(page):
    assert "2 of 4 targets are met; 1 more have no target." in page


def test_each_section_says_where_it_was_measured(page):
    assert re.findall(r"Measured on (.*)\.\n", page) == [
        "2 cores, x86-64, 1 thread(s), with torch 9.9",
        "4 cores, arm64, 1 thread(s), with torch 9.9",
        "8 cores, with sphinx 7",
    ]


def test_the_chart_is_drawn_for_both_themes_with_alt_text(sections, page):
    images = re.findall(r'<img class="course-figure only-\w+" src="([^"]+)" alt="A chart w', page)
    files = render_benchmarks_page(sections)
    assert len(images) == 2
    assert all(b"<svg" in files[f"{EXTRA}/{path}"] for path in images)


def test_the_chart_has_each_median_in_the_color_of_its_verdict(sections):
    with rc_context():
        (ax,) = draw_ratios(sections).axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [(*dot.get_xdata(), dot.get_color()) for dot in reversed(dots)] == [
        (3.0, BLUE), (1.9, VERMILLION), (3.0, GRAY),
    ]  # fmt: skip
    assert ax.get_xscale() == "log"
    targets = [line for line in ax.lines if line.get_marker() == "|"]
    assert [target.get_xdata()[0] for target in targets] == [2.0, 2.0]


def test_an_empty_record_is_refused():
    with pytest.raises(ValueError, match="record of benchmarks is empty"):
        render_benchmarks_page({})


def test_what_was_recorded_makes_a_page():
    assert render_benchmarks_page(load_record())["benchmarks.md"]
