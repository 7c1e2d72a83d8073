"""A Sphinx extension that styles citations as in the chapters and links entries back to them.

sphinxcontrib-bibtex links a citation to its entry. This extension adds a citation style and, below
each entry of the bibliography, links to the chapters that cite it.
"""

from dataclasses import dataclass, field
from typing import Any

from docutils import nodes
from pybtex.richtext import BaseText
from pybtex.style.template import Node, join
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BaseReferenceStyle, PersonStyle
from sphinxcontrib.bibtex.style.template import reference, year


def setup(app: Sphinx) -> dict[str, Any]:
    """Register this extension; called by Sphinx."""
    app.setup_extension("sphinxcontrib.bibtex")
    register_plugin("sphinxcontrib.bibtex.style.referencing", "course", CourseStyle)
    app.add_post_transform(CitedIn)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _person_style() -> PersonStyle:
    return PersonStyle(last_sep=" and ", other=" et al.")


@dataclass
class CourseStyle(BaseReferenceStyle):
    """Citations whose whole text is the link: "He et al. (2015)" and "He et al., 2015"."""

    person: PersonStyle = field(default_factory=_person_style)

    def role_names(self) -> tuple[str, ...]:
        """`t` and `alp` as in sphinxcontrib-bibtex; with an `s`, all authors are named."""
        return ("t", "ts", "alp", "alps")

    def outer(self, role_name: str, children: list[BaseText]) -> Node:
        """Several citations in one role."""
        return join(sep="; ")[children]

    def inner(self, role_name: str) -> Node:
        """One citation."""
        names = self.person.author_or_editor_or_title(full=role_name.endswith("s"))
        if role_name.startswith("t"):
            return reference[join[names, " (", year, ")"]]
        return reference[join[names, ", ", year]]


class CitedIn(SphinxPostTransform):
    """Adds to each bibliography entry links to its first mention on every page that cites it.

    The entries become a plain list without labels: readers find them by author, and docutils' own
    list of citations has roles that screen readers do not expect.
    """

    default_priority = 6  # the entries are added at 5

    def run(self, **kwargs: Any) -> None:
        """Change the bibliographies on the current page."""
        domain: Any = self.env.get_domain("cite")
        keys = {
            citation.citation_id: citation.key
            for citation in domain.citations
            if citation.bibliography_key.docname == self.env.docname
        }
        for bibliography in {entry.parent for entry in self.document.findall(nodes.citation)}:
            entries = nodes.bullet_list()
            for entry in bibliography.findall(nodes.citation):
                _label, text = entry.children
                [id] = entry["ids"]
                links = self._links(_first_mentions(domain.citation_refs, keys[id]))
                entries += nodes.list_item("", text, links, ids=[id])
            bibliography.replace_self(entries)

    def _links(self, mentions: dict[str, str]) -> nodes.paragraph:
        """A paragraph such as "Cited in: Activation functions, Data preprocessing"."""
        paragraph = nodes.paragraph("", "Cited in: ")
        for index, (page, anchor) in enumerate(mentions.items()):
            address = self.app.builder.get_relative_uri(self.env.docname, page)
            title = self.env.titles[page].astext()
            paragraph += nodes.Text(", " if index else "")
            paragraph += nodes.reference("", title, internal=True, refuri=f"{address}#{anchor}")
        return paragraph


def _first_mentions(mentions: list[Any], key: str) -> dict[str, str]:
    """The id of the first citation of `key` on each page, keyed by page, in page order."""
    found: dict[str, str] = {}
    for mention in sorted(mentions, key=lambda mention: mention.docname):
        if key in {target.key for target in mention.targets}:
            found.setdefault(mention.docname, mention.citation_ref_id)
    return found
