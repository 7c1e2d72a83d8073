import math
import re
from html.parser import HTMLParser

import pytest

from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger
from lib.evidence.strip import FREE, GPU, PILOT, PINNED, SHAPES, SIGNS, draw_strip, marks_of
from tests.evidence import make_claim, make_filled_ledger, make_record

BOUNDS = [{"above": 0}, {"below": 1e-4}, {"between": (-30, 2.5)}, {"above": -1e6}]


class Strip(HTMLParser):
    """The elements of a strip; fails for tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.titles = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] == "title":
            self.titles.append(data)

    def named(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]

    @property
    def root(self):
        return self.elements[0][1]

    @property
    def size(self):
        return [float(number) for number in self.root["viewbox"].split()][2:]


def make(claim, ledger, here=(), **options):
    found = Estimate.of([here]) if here else None
    return draw_strip(claim, ledger.estimate(claim), found, marks_of(claim, ledger), **options)


def runs_in(text):
    """How many marks stand in the groups of runs."""
    groups = re.findall(r'<g class="course-runs"[^>]*>(.*?)</g>', text)
    return sum(group.count("<path ") for group in groups)


def extent(data):
    """The smallest and largest x and y along a path of moves, lines and half circles."""
    x = y = 0.0
    xs, ys = [], []
    for command, text in re.findall(r"([MmHhVvLlaz])([^MmHhVvLlaz]*)", data):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", text)]
        if command == "a":
            for i in range(0, len(numbers), 7):
                radius, dx = numbers[i], numbers[i + 5]
                ys += [y - radius, y + radius]
                x += dx
                xs.append(x)
        elif command in "HhVv":
            for number in numbers:
                x, y = {"H": (number, y), "h": (x + number, y), "V": (x, number),
                        "v": (x, y + number)}[command]  # fmt: skip
                xs.append(x)
                ys.append(y)
        else:
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = (dx, dy) if command in "ML" else (x + dx, y + dy)
                xs.append(x)
                ys.append(y)
    return min(xs), max(xs), min(ys), max(ys)


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("bound", BOUNDS, ids=str)
def test_every_run_appears_once_and_so_does_this_one(bound, small):
    claim = make_claim(**bound)
    text = make(claim, make_filled_ledger(claim), [1.5], small=small)
    assert runs_in(text) == (10 if small else 13)  # a card has one mark for each seed that counts
    assert text.count('class="course-run-here"') == 1
    assert len(Strip(text).titles) == (0 if small else 13)


def test_the_names_of_runs_say_seed_and_mean():
    claim = make_claim(unit="points")
    strip = Strip(make(claim, make_filled_ledger(claim)))
    assert len(strip.titles) == 13
    assert "seed 12: 2 points" in strip.titles
    assert strip.titles.count("seed 10: 1 point") == 1


@pytest.mark.parametrize("here", [[1.5], [1e9], [-1e9], [math.nan], [math.inf]])
@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("bound", BOUNDS, ids=str)
def test_all_marks_and_letters_are_inside_the_picture(bound, small, here):
    claim = make_claim(**bound)
    strip = Strip(make(claim, make_filled_ledger(claim), here, small=small))
    width, height = strip.size
    for path in strip.named("path"):
        left, right, top, bottom = extent(path["d"])
        assert -0.1 <= left <= right <= width + 0.1
        assert -0.1 <= top <= bottom <= height + 0.1
    for box in strip.named("rect"):
        assert float(box["x"]) + float(box["width"]) <= width
    for text in strip.named("text"):
        assert 0 <= float(text["x"]) <= width
        assert 0 <= float(text["y"]) <= height


def test_what_is_larger_is_drawn_further_right():
    claim = make_claim(above=2)
    text = make(claim, Ledger([make_record({claim: [v]}, seed=10 + v) for v in (1, 2, 3)]), [5.0])
    places = [float(x) for x in re.findall(r'<path d="M([\d.]+),[\d.]+m-3,0a', text)]
    assert len(places) == 3
    assert places == sorted(set(places))
    here = float(re.search(r'course-run-here" d="M([\d.]+)', text)[1])
    line = float(re.search(r'<path d="M([\d.]+),0V', text)[1])
    assert line == places[1]
    assert here > places[2]


def test_the_region_that_meets_the_bound_is_shaded():
    ledger = Ledger([make_record({make_claim(): [v]}, seed=10 + v) for v in (1, 2, 3)])
    for bound, meets in (({"above": 2}, {3}), ({"below": 2}, {1}), ({"between": (1, 3)}, {2})):
        text = make(make_claim(**bound), ledger)
        box = next(iter(Strip(text).named("rect")))
        left, right = float(box["x"]), float(box["x"]) + float(box["width"])
        places = map(float, re.findall(r'd="M([\d.]+),[\d.]+m-3,0a', text))
        inside = {v for v, x in zip((1, 2, 3), places, strict=True) if left + 1 < x < right - 1}
        assert inside == meets


def test_lanes_tell_settings_apart_and_those_that_do_not_count_stand_in_brackets():
    claim = make_claim()
    marks = marks_of(claim, make_filled_ledger(claim))
    lanes = [mark.lane for mark in marks]
    assert {lane: lanes.count(lane) for lane in lanes} == {PINNED: 5, FREE: 6, PILOT: 1, GPU: 1}
    assert {mark.filled for mark in marks if mark.lane == FREE} == {False}
    text = make(claim, make_filled_ledger(claim))
    names = re.findall(r'<text x="0"[^>]*>([^<]*)', text)
    assert names == ["pinned", "free", "(pilots)", "(GPU)", "95%"]


def test_each_processor_has_its_shape_and_many_share_the_last():
    claim = make_claim()
    ledger = Ledger([make_record({claim: [i]}, seed=10 + i, processor=f"P{i}") for i in range(6)])
    assert [mark.shape for mark in marks_of(claim, ledger)] == [0, 1, 2, 3, 3, 3]
    assert len(SHAPES) == len(SIGNS)


def test_the_label_says_what_the_picture_shows():
    claim = make_claim(unit="points", above=1)
    label = Strip(make(claim, make_filled_ledger(claim), [1.5])).root["aria-label"]
    for part in (
        "two-is-more: 11 runs of 10 base seeds",
        "mean 2.61 points",
        "95% interval 2.05 to 3.17",
        "bound above 1 point",
        "this run 1.5 points",
        "2 runs shown apart, not counted",
    ):
        assert part in label


def test_labels_differ_between_claims():
    claims = [make_claim(id) for id in ("one-a", "one-b")]
    labels = {Strip(make(c, make_filled_ledger(c))).root["aria-label"] for c in claims}
    assert len(labels) == 2


def test_one_run_or_this_run_alone_can_be_drawn():
    claim = make_claim()
    one = Ledger([make_record({claim: [2.0]})])
    assert runs_in(make(claim, one)) == 1
    assert "interval" not in Strip(make(claim, one)).root["aria-label"]
    assert runs_in(make(claim, Ledger([]), [2.0])) == 0
    assert "course-run-here" in make(claim, Ledger([]), [2.0])
    assert make(claim, Ledger([])) == make(claim, Ledger([]), [math.nan]) == ""


def test_a_strip_is_one_line_and_shows_units_as_text():
    claim = make_claim(unit='<b onload="x">')
    text = make(claim, make_filled_ledger(claim), [1.0])
    assert "\n" not in text
    assert {name for name, _, _ in Strip(text).elements} == {
        "svg", "rect", "path", "g", "text", "title",
    }  # fmt: skip
