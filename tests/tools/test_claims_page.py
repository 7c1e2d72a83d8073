import re
from html.parser import HTMLParser

import pytest
import torch

from lib import runtime
from lib.claims import claim
from tools.claims_page import render_claims_page

STANDARD = runtime.Run("standard", seed=0, device=torch.device("cpu"), threads=1)
QUICK = runtime.Run("quick", seed=0, device=torch.device("cpu"), threads=1)


@pytest.fixture
def page():
    beats = claim(
        "relu-beats-sigmoid",
        "ReLU > sigmoid, at any rate.",
        [3, 4, 5.125],
        run=STANDARD,
        above=0,
        unit="points",
        rows=["M05", "M06"],
    )
    fails = claim(
        "tanh-wins", "Tanh.", [-1] * 3, run=STANDARD, above=2, expect="does not hold here"
    )
    waits = claim("selu-wins", "SELU.", [0.75], run=QUICK, above=0)
    return render_claims_page(
        {
            "chapters/01_activations": ("Activation functions", [beats, fails]),
            "chapters/02_preprocessing": ("Data preprocessing", [waits]),
            "chapters/03_none": ("A chapter without claims", []),
        }
    )


class Page(HTMLParser):
    """Counts tags left open, and collects links and their targets."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.open.append(tag)
        self.links += [attributes["href"]] if "href" in attributes else []
        self.ids += [attributes["id"]] if "id" in attributes else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_each_claim_links_to_the_cell_that_measured_it(page):
    parsed = Page(page)
    assert parsed.links == [
        "chapters/01_activations.html#claim-relu-beats-sigmoid",
        "chapters/01_activations.html#claim-tanh-wins",
        "chapters/02_preprocessing.html#claim-selu-wins",
    ]
    assert parsed.ids == ["relu-beats-sigmoid", "tanh-wins", "selu-wins"]
    assert parsed.open == []


def test_negative_numbers_have_a_minus_sign(page):
    assert "Each seed: −1, −1, −1." in page


def test_chapters_with_claims_are_headings_in_order(page):
    assert re.findall(r"^#+ .*$", page, re.MULTILINE) == [
        "# Claims",
        "## Activation functions",
        "## Data preprocessing",
    ]


def test_the_verdicts_are_counted(page):
    assert "This build: 3 claims; 1 holds, 1 does not hold here, 1 is not assessed.\n" in page


def test_a_claim_shows_numbers_bound_seeds_run_and_rows(page):
    entry = re.sub(r"<[^>]*>", " ", page.partition('id="relu-beats-sigmoid"')[2].splitlines()[0])
    for part in (
        "ReLU &gt; sigmoid, at any rate.",
        "4.0 points (95% interval 1.4 to 6.7, 3 seeds)",
        "above 0 points",
        "Each seed: 3, 4, 5.125.",
        "budget standard, base seed 0, CPU, 1 thread, Python ",
        f"torch {torch.__version__.partition('+')[0]}",
        "M05, M06",
    ):
        assert part in entry


def test_what_was_not_assessed_shows_no_number(page):
    entry = page.partition('id="selu-wins"')[2].splitlines()[0]
    assert "Measured: nothing at budget quick" in entry
    assert "0.75" not in entry


def test_an_entry_is_one_line_so_that_markdown_leaves_it_alone(page):
    entries = [line for line in page.splitlines() if "course-claim" in line]
    assert len(entries) == 3
    for entry in entries:
        assert entry.startswith("<div ")
        assert entry.endswith("</div>")


def test_a_book_without_claims_says_so():
    page = render_claims_page({"chapters/00_recap": ("Recap", [])})
    assert "No chapter of this build recorded a claim." in page
    assert "This build" not in page
