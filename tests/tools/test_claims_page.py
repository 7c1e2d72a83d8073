import re
from html.parser import HTMLParser

import pytest

from lib.evidence.cards import Card
from lib.evidence.estimates import Estimate
from tests.evidence import make_claim
from tools.claims_page import agreement, render_claims_page


def make(id, values, here=(), **options):
    evidence = Estimate.of([values]) if values else None
    return Card(make_claim(id, **options), evidence, Estimate.of([here]) if here else None)


@pytest.fixture
def page():
    beats = make("relu-beats-sigmoid", [3, 4, 5.125], [4.5, 4.75], above=0, unit="points",
                 statement="ReLU > sigmoid, at any rate.", rows=("M05", "M06"))  # fmt: skip
    fails = make("tanh-wins", [-1] * 3, [2.5], above=2)
    waits = make("selu-wins", [], above=0)
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


def test_chapters_with_claims_are_headings_in_order(page):
    assert re.findall(r"^#+ .*$", page, re.MULTILINE) == [
        "# Claims",
        "## Activation functions",
        "## Data preprocessing",
    ]


def test_the_verdicts_are_counted(page):
    assert (
        "3 claims: 1 holds, 1 does not hold here, 1 has no evidence yet. "
        "2 claims measured here, 1 agrees with the evidence; 1 differs: tanh-wins.\n"
    ) in page


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ([], "0 claims measured here, all agree with the evidence."),
        ([[5]], "1 claim measured here, it agrees with the evidence."),
        ([[5], [6], [-5]], "3 claims measured here, 2 agree with the evidence; 1 differs: no-2."),
        ([[-5], [-6]], "2 claims measured here, 0 agree with the evidence; 2 differ: no-0, no-1."),
    ],
)
def test_a_build_says_how_it_agrees_with_the_evidence(here, said):
    cards = [make(f"no-{i}", [3, 4, 5], found, above=0) for i, found in enumerate(here)]
    assert agreement(cards) == said


def test_a_claim_shows_numbers_bound_estimand_and_rows(page):
    entry = re.sub(r"<[^>]*>", " ", page.partition('id="relu-beats-sigmoid"')[2].splitlines()[0])
    for part in (
        "ReLU &gt; sigmoid, at any rate.",
        "Evidence: 4.0 points (95% interval 1.4 to 6.7; 3 values)",
        "Asked for: above 0 points.",
        "This run: 4.62 points (2 values).",
        "Each value: a number of the test&#x27;s.",
        "M05, M06",
    ):
        assert part in entry


def test_an_entry_is_one_line_so_that_markdown_leaves_it_alone(page):
    entries = [line for line in page.splitlines() if "course-claim" in line]
    assert len(entries) == 3
    for entry in entries:
        assert entry.startswith("<div ")
        assert entry.endswith("</div>")


def test_a_book_without_claims_says_so():
    page = render_claims_page({"chapters/00_recap": ("Recap", [])})
    assert "No chapter of this build recorded a claim." in page
    assert "measured here" not in page
