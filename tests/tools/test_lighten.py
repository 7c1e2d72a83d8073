import pytest

from tools.lighten import lighten_book, lighten_page, lighten_style

PAGE = """<head>
<script src="_static/doctools.js?v=1"></script>
<script defer src="_static/scripts/fontawesome.js?digest=5"></script>
<script defer="defer" src="_static/vendor/mathjax/tex-mml-chtml.js?v=2"></script>
    <script src="_static/searchtools.js"></script>
    <script src="_static/language_data.js"></script>
    <script src="searchindex.js"></script>
<script>let x = 1;</script>
</head>
"""


@pytest.mark.parametrize(
    ("more", "is_search", "kept"),
    [
        ("", False, ["doctools"]),
        ('<span class="math notranslate">x</span>', False, ["doctools", "mathjax"]),
        ("", True, ["doctools", "searchtools", "language_data", "searchindex"]),
    ],
)
def test_a_page_keeps_the_scripts_that_it_needs(more, is_search, kept):
    page = lighten_page(PAGE + more, is_search=is_search)
    names = ["doctools", "fontawesome", "mathjax", "searchtools", "language_data", "searchindex"]
    assert [name for name in names if name in page] == kept
    assert "<script>let x = 1;</script>" in page


def test_only_icons_leave_the_style_sheet():
    icon = (
        '.fa-moon:before{content:"\\f186"}.fa-list-squares:before,.fa-list:before{content:"\\f03a"}'
    )
    font = "@font-face{font-family:Font Awesome\\ 6 Free;src:url(a.woff2)}"
    rest = '@font-face{font-family:Other}.fa-lg{font-size:1.25em}.a:before{content:"\\f186"}'
    assert lighten_style(font + icon + rest) == rest


def test_a_book_loses_the_icons_files_and_keeps_the_others(tmp_path):
    static = tmp_path / "_static"
    for name in ("vendor/fontawesome/a.woff2", "scripts/fontawesome.js", "scripts/theme.js",
                 "scripts/fontawesome.js.map", "vendor/mathjax/m.js"):  # fmt: skip
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        (static / name).write_text("")
    (static / "styles").mkdir()
    (static / "styles" / "theme.css").write_text('.fa-sun:before{content:"\\f185"}p{color:red}')
    (tmp_path / "search.html").write_text(PAGE)
    lighten_book(tmp_path)
    left = {path.relative_to(static).as_posix() for path in static.rglob("*") if path.is_file()}
    assert left == {"scripts/theme.js", "vendor/mathjax/m.js", "styles/theme.css"}
    assert (static / "styles" / "theme.css").read_text() == "p{color:red}"
    assert "searchindex" in (tmp_path / "search.html").read_text()
