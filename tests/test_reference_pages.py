"""Notation and glossary lead to sections that say what they say, and leave nothing out."""

import re
from collections import defaultdict

import pytest
import yaml

from tests.reference import (
    CHAPTERS,
    LINK,
    PAGES,
    glossary,
    letter,
    notation,
    prose,
    rows,
    section,
    sections,
)
from tools.chapters import ROOT

MADE = {"claims.md", "syllabus.md"}  # pages that exist in the book alone
MATHS = re.compile(r"\$\$.+?\$\$|\$[^$]+\$|\\begin\{equation\*\}.+?\\end\{equation\*\}", re.DOTALL)
TERM = re.compile(r"\{term\}`(?:[^`<]+<)?([^`>]+)>?`")
GLOSSARY, NOTATION = glossary(), notation()
LETTERS = [row for row in NOTATION if row.table != "Operators"]
NAMES = {name for entry in GLOSSARY for name in entry.names}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_headings(page):
    links = LINK.findall(re.sub(r"\$[^$]+\$", "", PAGES[page]))
    assert links
    for _, path, slug in links:
        if path not in MADE:
            assert not slug or slug in sections(path or f"{page}.md"), (path, slug)


def test_the_book_knows_the_headings_that_are_linked_to():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    linked = {(entry.path, entry.slug) for entry in NOTATION}
    linked |= {(path, slug) for entry in GLOSSARY for _, path, slug in entry.links if slug}
    deepest = max(sections(path)[slug].level for path, slug in linked)
    assert config["myst_heading_anchors"] >= deepest


def test_the_book_lists_the_pages():
    toc = (ROOT / "_toc.yml").read_text()
    assert all(f"- file: {page}\n" in toc for page in PAGES)


def test_terms_are_sorted_and_unique():
    firsts = [entry.names[0] for entry in GLOSSARY]
    assert firsts == sorted(firsts, key=str.casefold)
    names = [name.casefold() for entry in GLOSSARY for name in entry.names]
    assert len(names) == len(set(names))


def test_a_definition_has_one_sentence_or_two():
    for entry in GLOSSARY:
        said = re.sub(rf"\(?{LINK.pattern}\)?", "", entry.text)
        assert 1 <= len(re.findall(r"[.](?= |$)", said)) <= 2, entry.names


def test_definitions_lead_to_sections_that_use_the_term():
    for entry in GLOSSARY:
        chapters = [link for link in entry.links if link[1].startswith("chapters/")]
        assert chapters, entry.names
        stems = [[w[:5] for w in re.findall(r"[^\W_]+", n.casefold())] for n in entry.names]
        for text, path, slug in chapters:
            target = section(path, slug)
            assert text == re.sub(r"^\d+ · ", "", target.heading)
            said = (target.heading + target.text).casefold()
            assert any(all(stem in said for stem in of_name) for of_name in stems), (entry, text)


def test_terms_that_definitions_use_are_defined():
    used = {name.casefold() for name in TERM.findall(PAGES["glossary"])}
    assert used
    assert used <= {name.casefold() for name in NAMES}


@pytest.mark.parametrize("docname", CHAPTERS)
def test_the_words_at_a_chapters_opening_are_in_the_glossary(docname):
    opening = CHAPTERS[docname].cells[0].source
    words = [word for cells in rows(opening, 2) for word in cells[0].split(", ")]
    assert words
    assert [word for word in words if word not in NAMES] == []


def spaced(latex: str) -> str:
    """A regular expression for a symbol, whatever the spaces in it, as no part of a longer one."""
    tokens = re.findall(r"\\[A-Za-z]+|\S", latex.replace(r"\vert ", "|").replace(r"\,", ""))
    before = r"(?<![A-Za-z\\])" if tokens[0].isalpha() else ""
    after = r"(?![A-Za-z])" if tokens[-1][-1].isalpha() else ""
    return before + r"\s*".join(map(re.escape, tokens)) + after


def test_symbols_stand_in_the_sections_they_link_to():
    for row in NOTATION:
        target = section(row.path, row.slug)
        maths = " ".join(MATHS.findall(target.text))
        maths = re.sub(r"\\(?:[,;!]|q?quad\b|big)", " ", maths)
        for symbol in row.latex:
            for part in symbol.split(r"\cdot"):  # such as the two brackets of a norm
                assert re.search(spaced(part), maths), (symbol, target.heading)


def test_the_last_table_names_every_letter_of_several_meanings():
    found = defaultdict(list)
    for row in LETTERS:
        for each in set(map(letter, row.latex)):
            found[each].append(int(re.search(r"/(\d+)_", row.path)[1]))
    several = {each: set(chapters) for each, chapters in found.items() if len(chapters) > 1}
    told = {
        cells[0].strip("$"): set(map(int, re.findall(r"\d+(?=[^()]*\))", cells[1])))
        for cells in rows(PAGES["notation"], 2)
    }
    assert told == several


def table_letters(docname: str) -> set[str]:
    """The letters in the first columns of a chapter's tables of symbols."""
    tables = re.findall(r"\| symbol \|.*\n\|[-|]+\n((?:\|.*\n?)+)", prose(docname))
    firsts = re.findall(r"(?m)^\|([^|]+)\|", "".join(tables))
    symbols = [s for maths in re.findall(r"\$([^$]+)\$", " ".join(firsts))
               for s in re.split(r", (?![^{]*\})", maths)]  # fmt: skip
    return {letter(symbol.split(" = ")[0]) for symbol in symbols}


@pytest.mark.parametrize("docname", CHAPTERS)
def test_the_letters_of_a_chapters_tables_of_symbols_are_in_the_notation(docname):
    known = {letter(s) for row in LETTERS if row.path <= f"{docname}.ipynb" for s in row.latex}
    assert table_letters(docname) <= known


def test_tables_of_symbols_are_read():
    read = {docname: table_letters(docname) for docname in CHAPTERS}
    assert {"S", "M", "x", "f", "\\mathcal W"} <= read["chapters/07_saliency"]
    assert {"W", "h", "x", "b"} <= read["chapters/09_seq2seq"]
