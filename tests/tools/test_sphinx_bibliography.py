import re
import subprocess
import sys

import pytest

from tools.chapters import ROOT

BIB = """
@misc{he2015, author={He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing}, title={Deep}, year=2015}
@misc{graham2014, author={Graham, Benjamin}, title={Pooling}, year=2014, eprint={1412.6071}}
@misc{unused2000, author={Unused, U.}, title={Nothing}, year=2000}
"""
PAGES = {
    "index": "# Book\n\n```{toctree}\na/one\ntwo\nend\n```\n",
    "a/one": "# One\n\n({cite:alp}`he2015`), {cite:t}`graham2014`; again {cite:t}`graham2014`\n",
    "two": "# Two\n\n{cite:ts}`he2015`\n",
    "end": "# End\n\n```{bibliography}\n```\n",
}
SETTINGS = {
    "extensions": ["myst_parser", "tools.sphinx_bibliography"],
    "bibtex_bibfiles": ["references.bib"],
    "bibtex_default_style": "plain",
    "bibtex_reference_style": "course",
    "bibtex_cite_id": "{key}",
    "html_theme": "basic",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The HTML of each page, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "references.bib").write_text(BIB)
    (folder / "a").mkdir()
    for name, text in PAGES.items():
        (folder / f"{name}.md").write_text(text)
    out = folder / "out"
    settings = "\n".join(f"{name} = {value!r}" for name, value in SETTINGS.items())
    (folder / "conf.py").write_text(settings)
    # a process of its own: what extensions register would stay for the next book in this one
    subprocess.run([sys.executable, "-m", "sphinx", "-qW", folder, out], cwd=ROOT, check=True)
    return {name: (out / f"{name}.html").read_text() for name in PAGES}


def links(html: str) -> list[tuple[str, str]]:
    """(address, text) of each link in the text of a page."""
    return re.findall(r'<a class="reference [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', html)


def entry(book: dict[str, str], key: str) -> str:
    """The HTML of an entry of the bibliography."""
    return re.search(rf'<li id="{key}">(.*?)</li>', book["end"], re.DOTALL).group(1)


def test_a_citation_reads_as_the_mention_and_links_to_the_entry(book):
    assert links(book["a/one"])[:2] == [
        ("../end.html#he2015", "He et al., 2015"),
        ("../end.html#graham2014", "Graham (2014)"),
    ]
    assert links(book["two"])[0] == ("end.html#he2015", "He, Zhang and Ren (2015)")


def test_an_entry_links_to_every_page_that_cites_it(book):
    cited_in = links(entry(book, "he2015"))
    assert [text for _, text in cited_in] == ["One", "Two"]
    for (address, _), page in zip(cited_in, ("a/one", "two"), strict=True):
        file, anchor = address.split("#")
        assert file == f"{page}.html"
        assert f'id="{anchor}"' in book[page]


def test_of_several_mentions_on_a_page_the_first_is_linked(book):
    [address] = [address for address, text in links(entry(book, "graham2014")) if text == "One"]
    before, behind = book["a/one"].split(f'id="{address.split("#")[1]}"')
    assert "Graham (2014)" not in before
    assert behind.count("Graham (2014)") == 2


def test_entries_are_a_list_by_authors_without_what_nobody_cites(book):
    assert re.findall(r'<li id="(\w+)">', book["end"]) == ["graham2014", "he2015"]
    assert "Benjamin Graham. Pooling. 2014." in book["end"]
    assert ("https://arxiv.org/abs/1412.6071", "arXiv:1412.6071") in links(
        entry(book, "graham2014")
    )
    assert "Nothing" not in book["end"]
    assert "citation" not in re.sub("bibtex-citation", "", book["end"])
