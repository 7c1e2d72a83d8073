import re

import pytest
import yaml
from markdown_it import MarkdownIt

from lib.evidence.cards import Card
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger
from tests.evidence import make_claim
from tools.bibliography import read_references
from tools.chapters import ROOT, CourseError, list_chapters
from tools.claims_page.page import render_claims_page
from tools.elsewhere import IN_WORDS, check_claims, read_elsewhere, render_elsewhere
from tools.measure import list_experiments

FIELDS = {
    "rule": "Use ReLU.",
    "claims": ["relu-wins"],
    "found": "It was six times faster.",
    "cite": ["graham2014"],
    "located": IN_WORDS,
}
CITATIONS = [reference.key for reference in read_references(ROOT / "references.bib")]
COURSE = read_elsewhere(ROOT / "chapters" / "elsewhere.yml", CITATIONS)
CLAIMS = {
    claim.id
    for chapter in list_chapters()
    for experiment in list_experiments(chapter.name)
    for claim in experiment.claims
}


@pytest.fixture
def read(tmp_path):
    """A function that reads one entry, FIELDS with changes; a field of None is left out."""

    def entries(**changes):
        fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
        (tmp_path / "elsewhere.yml").write_text(yaml.safe_dump([fields]))
        return read_elsewhere(tmp_path / "elsewhere.yml", ["graham2014", "he2015"])

    return entries


def card(id, **options):
    return Card(make_claim(id, above=0, **options), Estimate.of([[1.0, 1.1, 1.2]]), None)


def shown(entries, cards):
    """The rules and what stands below them, as HTML."""
    page = MarkdownIt("commonmark", {"html": True}).render(render_elsewhere(entries, cards))
    folded = page[page.index("<details") :]
    texts = {tag: re.findall(f"(?s)<{tag}>(.*?)</{tag}>", folded) for tag in ("summary", "p")}
    return texts["summary"], texts["p"]


def test_an_entry_is_read(read):
    [entry] = read(differs="Ours is smaller.")
    assert (entry.rule, entry.claims, entry.cite) == ("Use ReLU.", ("relu-wins",), ("graham2014",))
    assert (entry.located, entry.differs) == (IN_WORDS, "Ours is smaller.")
    assert read()[0].differs == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cite": ["graham2014", "nobody2020"]}, "lacks: nobody2020"),
        ({"found": "It was 6 times faster."}, "must say .* the address .* got 'in words'"),
        ({"found": "It was 6 times faster.", "located": "table 2"}, "got 'table 2'"),
        ({"located": "table 2"}, "got 'table 2'"),
        ({"rule": None}, "has cite, claims, found, located, rule and perhaps differs"),
        ({"says": "more"}, "and perhaps differs; got .*says"),
        ({"rule": ""}, "has text as rule; got ''"),
        ({"found": 6}, "has text as found; got 6"),
        ({"differs": ["a"]}, "has text as differs"),
        ({"alone": "yes"}, "has yes or no as alone; got 'yes'"),
        ({"claims": []}, r"has a list of words as claims; got \[\]"),
        ({"claims": "relu-wins"}, "has a list of words as claims; got 'relu-wins'"),
        ({"cite": [2014]}, r"has a list of words as cite; got \[2014\]"),
    ],
)
def test_a_faulty_entry_is_refused(read, changes, message):
    with pytest.raises(CourseError, match=message):
        read(**changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [("rule: Use ReLU.", "must be a list of rules; got dict"), ("- Use ReLU.", "got Use ReLU")],
)
def test_a_file_of_another_form_is_refused(tmp_path, text, message):
    (tmp_path / "elsewhere.yml").write_text(text)
    with pytest.raises(CourseError, match=message):
        read_elsewhere(tmp_path / "elsewhere.yml", [])


def test_a_claim_that_no_chapter_has_is_refused(read):
    entries = read(claims=["relu-wins", "tanh-wins"])
    check_claims(entries, ["relu-wins", "tanh-wins", "selu-wins"])
    with pytest.raises(CourseError, match=r"'Use ReLU\.' names claims .* has: tanh-wins"):
        check_claims(entries, ["relu-wins"])


def test_a_rule_stands_above_what_was_found_elsewhere_and_here(read):
    entries = read(
        claims=["relu-wins", "selu-wins"],
        cite=["graham2014", "he2015"],
        found="It was 6 times faster.",
        located="table 2, https://www.example.org/a_b.html, and notes",
        differs="Ours is smaller.",
    )
    rules, [elsewhere, here, missing, differs] = shown(entries, [card("relu-wins", unit="points")])
    assert rules == ["Use ReLU."]
    assert (
        "Elsewhere: It was 6 times faster. ({cite:alp}<code>graham2014,he2015</code>)" in elsewhere
    )
    link = '<a href="https://www.example.org/a_b.html">example.org</a>'
    assert f"Numbers from: table 2, {link}, and notes." in elsewhere
    assert '<a href="#relu-wins">' in here
    assert "✓ holds (provisional), 1.10 points." in here
    assert "selu-wins is not in this book." in missing
    assert "Why they may differ: Ours is smaller." in differs


def test_where_papers_and_course_agree_and_no_number_was_read_two_lines_do(read):
    _, lines = shown(read(), [card("relu-wins")])
    assert len(lines) == 2
    assert "Numbers from" not in lines[0]


def test_a_claim_without_evidence_shows_no_number(read):
    _, lines = shown(read(), [Card(make_claim("relu-wins", above=0), None, None)])
    assert "– no evidence yet." in lines[1]


def test_a_statement_is_shown_as_it_is(read):
    made = card("relu-wins", statement="3 *and* `4` cost <b>$5$ {x}</b> [y](z)")
    page = MarkdownIt("commonmark", {"html": True}).render(render_elsewhere(read(), [made]))
    assert "3 *and* `4` cost &lt;b&gt;$5$ {x}&lt;/b&gt; [y](z)" in page


def test_a_claim_that_is_not_about_the_rule_alone_shows_no_verdict(read):
    _, [_, here] = shown(read(alone=False), [card("relu-wins")])
    assert "not measured alone. It is a part of" in here
    assert "holds" not in here


def test_the_section_follows_the_claims(read):
    page = render_claims_page({"chapters/01_a": ("A", [card("relu-wins")])}, Ledger([]), read())
    assert re.findall(r"(?m)^#+ .*$", page) == [
        "# Claims",
        "## A",
        "## Elsewhere",
        "## All numbers",
    ]
    assert "## Elsewhere" not in render_claims_page({"chapters/01_a": ("A", [])}, Ledger([]))


# The course's own


def test_the_course_compares_at_least_twenty_rules():
    assert len({entry.rule for entry in COURSE}) == len(COURSE) >= 20


@pytest.mark.parametrize("entry", COURSE, ids=lambda entry: entry.rule)
def test_a_rule_of_the_course_names_claims_that_exist(entry):
    check_claims([entry], CLAIMS)


@pytest.mark.parametrize("entry", COURSE, ids=lambda entry: entry.rule)
def test_what_the_course_says_of_papers_is_short(entry):
    sentences = re.findall(r"[.?!](?= |$)", entry.found)
    assert 1 <= len(sentences) <= 3
    assert len(re.findall(r"[.?!](?= |$)", entry.differs)) <= 1


def test_every_rule_of_the_course_is_shown():
    cards = [card(id) for id in CLAIMS]
    rules, lines = shown(COURSE, cards)
    assert len(rules) == len(COURSE)
    expected = sum(1 + len(entry.claims) + bool(entry.differs) for entry in COURSE)
    assert len(lines) == expected
