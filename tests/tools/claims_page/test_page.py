import re
from html.parser import HTMLParser

import pytest

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger
from tests.evidence import make_claim, make_filled_ledger, make_record
from tools.claims_page.correction import Correction
from tools.claims_page.page import luck, render_claims_page

BEATS = make_claim(
    "relu-beats-sigmoid", above=0, unit="points", rows=("M05", "M06"),
    statement="ReLU > sigmoid, at any rate.",
)  # fmt: skip
FAILS = make_claim("tanh-wins", above=2)
WAITS = make_claim("selu-wins", above=0)
LEDGER = Ledger(
    [make_record({BEATS: [value], FAILS: [value / 4 - 5]}, seed=10 + value) for value in (3, 4, 5)]
)
CHAPTERS = {
    "chapters/01_activations": (
        "Activation functions",
        [Card.of(BEATS, LEDGER, [4.5, 4.75]), Card.of(FAILS, LEDGER, [2.5])],
    ),
    "chapters/02_preprocessing": ("Data preprocessing", [Card.of(WAITS, LEDGER, [])]),
    "chapters/03_none": ("A chapter without claims", []),
}


@pytest.fixture
def page():
    return render_claims_page(CHAPTERS, LEDGER)


class Page(HTMLParser):
    """Counts tags left open, and collects links, their targets and labels."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.ids, self.labels = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in ("input", "br"):
            self.open.append(tag)
        for name, found in (("href", self.links), ("id", self.ids), ("aria-label", self.labels)):
            found += [attributes[name]] if name in attributes else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def row(page, id):
    return next(line for line in page.splitlines() if f'id="{id}"' in line)


def words(text):
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def test_each_claim_links_to_the_cell_that_measured_it_and_to_its_rows(page):
    parsed = Page(page)
    assert parsed.links == [
        "chapters/01_activations.html#claim-relu-beats-sigmoid",
        "syllabus.html#M05",
        "syllabus.html#M06",
        "chapters/01_activations.html#claim-tanh-wins",
        "chapters/02_preprocessing.html#claim-selu-wins",
        "claims.csv",
    ]
    assert parsed.ids == ["relu-beats-sigmoid", "tanh-wins", "selu-wins"]
    assert parsed.open == []


def test_labels_are_unique(page):
    labels = Page(page).labels
    assert len(labels) == len(set(labels)) >= 5


def test_chapters_with_claims_are_headings_in_order(page):
    assert re.findall(r"^#+ .*$", page, re.MULTILINE) == [
        "# Claims",
        "## Activation functions",
        "## Data preprocessing",
        "## All numbers",
    ]


def test_the_verdicts_are_counted(page):
    assert (
        "**3 claims.** Measured with three base seeds or more: 1 holds, 1 does not hold here. "
        "Not measured yet: 1 has no evidence yet. "
        "2 claims measured here, 1 agrees with the evidence; 1 differs: tanh-wins.\n"
    ) in page


def test_the_page_says_how_many_intervals_miss_by_luck(page):
    assert "of the 2 intervals from three base seeds or more, about 0.1." in page
    assert "**2 of 2 verdicts survive** this correction" in page
    assert luck(Correction.of([])).startswith("No claim has three runs yet.")


def test_a_row_says_verdict_strength_mean_interval_and_bound(page):
    text = words(row(page, "relu-beats-sigmoid").partition("<details")[0])
    for part in (
        "ReLU &gt; sigmoid, at any rate.",
        "✓ holds · survives correction · a new run would agree: 96%",
        "4.0 points (1.5 to 6.5) · bound: above 0 points · met in 3 of 3 runs",
    ):
        assert part in text
    assert "This run" not in text


def test_a_build_that_differs_says_so_in_the_row():
    card = Card.of(BEATS, LEDGER, [-4.5])
    page = render_claims_page({"chapters/01_activations": ("A", [card])}, LEDGER)
    text = words(row(page, BEATS.id).partition("<details")[0])
    assert "Differs on this machine: −4.5 points (1 value)." in text


def test_a_claim_measured_with_two_base_seeds_is_provisional():
    ledger = Ledger([make_record({BEATS: [3, 4, 5]}, seed=seed) for seed in (10, 11)])
    page = render_claims_page({"chapters/01_a": ("A", [Card.of(BEATS, ledger, [])])}, ledger)
    text = words(row(page, BEATS.id))
    assert "✓ holds (provisional)" in text
    assert "survive" not in text and "would agree" not in text
    assert 'data-strength="provisional"' in page


def test_filters_offer_what_there_is_and_wait_for_the_script(page):
    form = next(line for line in page.splitlines() if line.startswith("<form"))
    assert " hidden>" in form.partition(">")[0] + ">"
    options = re.findall(r'<option value="([^"]*)">([^<]*)', form)
    assert ("01_activations", "Activation functions (2)") in options
    assert ("holds", "holds (1)") in options
    assert ("survives", "survives correction (2)") in options
    assert not {"03_none", "inconclusive", "provisional"} & {value for value, _ in options}


def test_a_row_is_one_line_so_that_markdown_leaves_it_alone():
    ledger = make_filled_ledger(BEATS)
    cards = [Card.of(BEATS, ledger, [1.0])]
    page = render_claims_page({"chapters/01_a": ("A", cards)}, ledger)
    (line,) = [line for line in page.splitlines() if "course-claim-row" in line]
    assert line.startswith("<li ")
    assert line.endswith("</details></li>")
    block = page.partition('<ul class="course-claims">')[2].partition("</ul>")[0]
    assert "\n\n" not in block


def test_the_key_names_the_machines():
    ledger = make_filled_ledger(BEATS)
    page = render_claims_page({"chapters/01_a": ("A", [Card.of(BEATS, ledger, [])])}, ledger)
    assert "● A, ■ B, ▼ H" in page


def test_a_book_without_claims_says_so():
    page = render_claims_page({"chapters/00_recap": ("Recap", [])}, Ledger([]))
    assert "No chapter of this build recorded a claim." in page
    assert "measured here" not in page
    assert "<form" not in page
