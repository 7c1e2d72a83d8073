"""Takes out of built pages what they load and do not need.

The theme brings Font Awesome twice, as a script and as fonts, for nine icons; `course.css` draws
these. It loads the search's index on every page, and Jupyter Book loads MathJax on pages without
mathematics.
"""

import re
import shutil
from pathlib import Path

ICONS = "fontawesome"
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
MATHS = ("mathjax",)
SCRIPT = re.compile(r'[ \t]*<script\b[^>]*\bsrc="([^"]+)"[^>]*></script>\n?')
FONT = re.compile(r"@font-face\{[^{}]*Font Awesome[^{}]*\}")
ICON_RULE = re.compile(r'(?:\.fa[\w-]*(?:::?before)?,?)+\{[^{}]*content:"\\f[0-9a-f]+"[^{}]*\}')


def lighten_book(folder: Path) -> None:
    """Rewrite the pages and styles of a built book, and remove the files that nothing loads.

    Args:
        folder: the book's root.
    """
    for page in folder.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        page.write_text(lighten_page(html, is_search=page.name == "search.html"), encoding="utf-8")
    for style in (folder / "_static" / "styles").glob("*.css"):
        style.write_text(lighten_style(style.read_text(encoding="utf-8")), encoding="utf-8")
    if (fonts := folder / "_static" / "vendor" / ICONS).is_dir():
        shutil.rmtree(fonts)
    for script in (folder / "_static" / "scripts").glob(f"{ICONS}.js*"):
        script.unlink()


def lighten_page(html: str, *, is_search: bool = False) -> str:
    """The page without scripts that it does not need.

    Args:
        html: a page of the built book.
        is_search: whether it is the page that shows what a search found.
    """
    unneeded = (ICONS, *(() if is_search else SEARCH), *(() if 'class="math' in html else MATHS))

    def keep(script: re.Match[str]) -> str:
        return "" if any(name in script[1] for name in unneeded) else script[0]

    return SCRIPT.sub(keep, html)


def lighten_style(css: str) -> str:
    """The style sheet without the icons' fonts and their characters."""
    return ICON_RULE.sub("", FONT.sub("", css))
