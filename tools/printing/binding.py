"""Binds the printed pages into one PDF, with an outline and internal links."""

import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urldefrag

from pypdf import PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import ArrayObject, Fit, IndirectObject, NameObject

from tools.chapters import CourseError
from tools.printing.press import Book, Printed


def bind(
    book: Book, front: Printed, parts: Sequence[tuple[str, Sequence[Printed]]], *, base: str
) -> bytes:
    """The whole book as a PDF.

    Args:
        front: what comes before page 1; its sheets have Roman numerals.
        parts: (name, pages) in order. A part with a single page of the same name gets a single
            entry in the outline.
        base: the address that the pages were printed from. Links to it become links within the
            PDF, or plain text if the PDF has no such place.
    """
    binding = _Binding(front, *(page for _, pages in parts for page in pages))
    binding.mend_links(base)
    binding.add_outline(front, None)
    for name, pages in parts:
        start = binding.starts[pages[0].path]
        alone = [page.title for page in pages] == [name]
        parent = None if alone else binding.writer.add_outline_item(title=name, page_number=start)
        for page in pages:
            binding.add_outline(page, parent)
    return binding.finish(book, len(front.pdf.pages))


class _Binding:
    """The printed pages, one after another."""

    def __init__(self, *pages: Printed) -> None:
        self.writer = PdfWriter()
        self.pages = {page.path: page for page in pages}
        self.starts: dict[str, int] = {}
        for page in pages:
            self.starts[page.path] = len(self.writer.pages)
            for sheet in page.pdf.pages:
                self.writer.add_page(sheet)

    def find(self, path: str, anchor: str) -> tuple[int, Fit] | None:
        """The sheet of a place in the book and how to show it; None if there is no such place."""
        page = self.pages.get(path)
        if page is None or (anchor and anchor not in page.places):
            return None
        sheet, left, top = page.places[anchor] if anchor else (0, None, None)
        return self.starts[path] + sheet, Fit.xyz(left=left, top=top)

    def mend_links(self, base: str) -> None:
        """Make links to the book lead to places in this PDF; remove those without a target."""
        for path, page in self.pages.items():
            start = self.starts[path]
            for sheet in self.writer.pages[start : start + len(page.pdf.pages)]:
                links = [link.get_object() for link in sheet.get("/Annots", [])]
                kept = [link for link in links if self._mend(link, f"{base}{path}", base)]
                sheet[NameObject("/Annots")] = ArrayObject(kept)

    def _mend(self, link: Any, here: str, base: str) -> bool:
        """Mend a link; return whether it leads somewhere."""
        name = link.get("/Dest")
        uri = link["/A"]["/URI"] if name is None else f"{here}#{name.removeprefix('/')}"
        if not uri.startswith(base):
            return True
        path, anchor = urldefrag(uri.removeprefix(base))
        place = self.find(path, unquote(anchor))
        if place is None:
            return False
        sheet, fit = place
        link.pop("/A", None)
        target = [self.writer.pages[sheet].indirect_reference, fit.fit_type, *fit.fit_args]
        link[NameObject("/Dest")] = ArrayObject(target)
        return True

    def add_outline(self, page: Printed, parent: IndirectObject | None) -> None:
        """Add a page and its sections to the outline, folded."""
        entry = self.writer.add_outline_item(
            title=page.title, page_number=self.starts[page.path], parent=parent, is_open=False
        )
        for anchor, title in page.sections:
            place = self.find(page.path, anchor)
            if place is None:
                raise CourseError(f"{page.path} lacks the section {anchor!r}")
            sheet, fit = place
            self.writer.add_outline_item(title=title, page_number=sheet, parent=entry, fit=fit)

    def finish(self, book: Book, roman: int) -> bytes:
        """The PDF; its first `roman` sheets have Roman numerals."""
        writer = self.writer
        writer.set_page_label(0, roman - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
        writer.set_page_label(roman, len(writer.pages) - 1, style=PageLabelStyle.DECIMAL, start=1)
        writer.add_metadata({"/Title": book.title, "/Author": book.author})
        writer.page_mode = "/UseOutlines"
        content = io.BytesIO()
        writer.write(content)
        return content.getvalue()
