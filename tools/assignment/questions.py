"""Questions for a learning platform, from the chapters' predictions and from claims.

They are written twice: as Moodle XML (docs.moodle.org, "Moodle XML format"; moodle/moodle,
question/format/xml/format.php) and as IMS QTI 1.2 in a package that Canvas and others import (IMS
Question and Test Interoperability, ASI XML binding 1.2.1, 2003).
"""

import html
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from lib.evidence import FAILS, HOLDS, OPEN, Claim
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import load_ledger
from tools.chapters import Chapter, read_source, title_of
from tools.measure import list_experiments
from tools.predictions import Answer, list_predictions

VERDICTS = {
    HOLDS: "Yes: that is what they show",
    FAILS: "No: they show the opposite",
    OPEN: "They do not tell",
}
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
ITEM_TYPE = "multiple_choice_question"  # Canvas asks for it


@dataclass(frozen=True)
class Question:
    """A question with one choice to make; several may be right.

    Attributes:
        id: unique in the course.
        text: as in the chapter: plain, with `code` in backquotes and *emphasis* in asterisks.
        answers: the choices, in order.
    """

    id: str
    text: str
    answers: tuple[Answer, ...]


def write_questions(chapters: Sequence[Chapter], out: Path) -> None:
    """Write a Moodle XML file and a QTI package for each chapter."""
    out.mkdir(parents=True)
    for chapter in chapters:
        found, title = list_questions(chapter), title_of(read_source(chapter))
        (out / f"{chapter.name}-moodle.xml").write_bytes(moodle_xml(found, title))
        (out / f"{chapter.name}-qti.zip").write_bytes(qti_package(found, title))


def list_questions(chapter: Chapter) -> list[Question]:
    """The chapter's predictions, then a question for each claim with evidence."""
    predictions = [
        Question(f"{chapter.name}-prediction-{number}", text, answers)
        for number, (text, answers) in enumerate(list_predictions(chapter), start=1)
    ]
    ledger = load_ledger(chapter=chapter.name)
    claims = [(claim, ledger.estimate(claim)) for experiment in list_experiments(chapter.name)
              for claim in experiment.claims]  # fmt: skip
    return predictions + [_of_claim(claim, found) for claim, found in claims
                          if found and not found.is_provisional]  # fmt: skip


def _of_claim(claim: Claim, found: Estimate) -> Question:
    """What runs say about a claim."""
    verdict = next(known for known in VERDICTS if found.verdict(claim).startswith(known[:5]))
    text = (
        f"{claim.statement.rstrip('.')}. Do {found.runs} runs of the course's experiment show it?"
    )
    why = f"They measured {claim.estimand}: {found.words(claim)}. The claim: {claim.bound}."
    return Question(
        claim.id,
        text,
        tuple(Answer(said, why, known == verdict) for known, said in VERDICTS.items()),
    )


def to_html(text: str) -> str:
    """The text as HTML."""
    said = html.escape(text, quote=False)
    said = re.sub(r"`([^`]+)`", r"<code>\1</code>", said)
    said = re.sub(r"[*]([^*]+)[*]", r"<em>\1</em>", said)
    return f"<p>{said}</p>"


def moodle_xml(questions: Sequence[Question], title: str) -> bytes:
    """The questions as Moodle XML, in a category with the chapter's title."""
    quiz = ET.Element("quiz")
    category = ET.SubElement(quiz, "question", type="category")
    path = f"$course$/top/{title.replace('/', '//')}"
    ET.SubElement(ET.SubElement(category, "category"), "text").text = path
    for question in questions:
        item = ET.SubElement(quiz, "question", type="multichoice")
        ET.SubElement(ET.SubElement(item, "name"), "text").text = question.id
        _moodle_text(item, "questiontext", question.text)
        _moodle_text(item, "generalfeedback", "")
        settings = {"defaultgrade": "1", "penalty": "0.3333333", "hidden": "0", "single": "true",
                    "shuffleanswers": "true", "answernumbering": "abc"}  # fmt: skip
        for name, value in settings.items():
            ET.SubElement(item, name).text = value
        for answer in question.answers:
            choice = ET.SubElement(item, "answer", fraction="100" if answer.correct else "0",
                                   format="html")  # fmt: skip
            ET.SubElement(choice, "text").text = to_html(answer.text)
            _moodle_text(choice, "feedback", answer.why)
    return _bytes(quiz)


def _moodle_text(parent: ET.Element, name: str, text: str) -> None:
    made = ET.SubElement(parent, name, format="html")
    ET.SubElement(made, "text").text = to_html(text) if text else ""


def qti_package(questions: Sequence[Question], title: str) -> bytes:
    """A zip with the questions as QTI 1.2 and the manifest that platforms look for."""
    ET.register_namespace("", PACKAGE)
    manifest = ET.Element(f"{{{PACKAGE}}}manifest", identifier="questions")
    ET.SubElement(manifest, f"{{{PACKAGE}}}organizations")
    resources = ET.SubElement(manifest, f"{{{PACKAGE}}}resources")
    resource = ET.SubElement(resources, f"{{{PACKAGE}}}resource", identifier="bank",
                             type="imsqti_xmlv1p2", href="questions.xml")  # fmt: skip
    ET.SubElement(resource, f"{{{PACKAGE}}}file", href="questions.xml")
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as made:
        made.writestr("imsmanifest.xml", _bytes(manifest))
        made.writestr("questions.xml", qti(questions, title))
    return buffer.getvalue()


def qti(questions: Sequence[Question], title: str) -> bytes:
    """The questions as QTI 1.2."""
    root = ET.Element("questestinterop")
    assessment = ET.SubElement(root, "assessment", ident="assessment", title=title)
    section = ET.SubElement(assessment, "section", ident="root_section")
    for question in questions:
        _qti_item(section, question)
    return _bytes(root)


def _qti_item(section: ET.Element, question: Question) -> None:
    item = ET.SubElement(section, "item", ident=question.id, title=question.id)
    metadata = ET.SubElement(ET.SubElement(item, "itemmetadata"), "qtimetadata")
    for label, entry in (("question_type", ITEM_TYPE), ("points_possible", "1")):
        field = ET.SubElement(metadata, "qtimetadatafield")
        ET.SubElement(field, "fieldlabel").text = label
        ET.SubElement(field, "fieldentry").text = entry
    presentation = ET.SubElement(item, "presentation")
    _material(presentation, question.text)
    response = ET.SubElement(presentation, "response_lid", ident="answer", rcardinality="Single")
    choices = ET.SubElement(response, "render_choice", shuffle="Yes")
    processing = ET.SubElement(item, "resprocessing")
    outcomes = ET.SubElement(processing, "outcomes")
    ET.SubElement(
        outcomes, "decvar", varname="SCORE", vartype="Decimal", minvalue="0", maxvalue="100"
    )
    for number, answer in enumerate(question.answers):
        _material(ET.SubElement(choices, "response_label", ident=f"a{number}"), answer.text)
        condition = ET.SubElement(processing, "respcondition", attrib={"continue": "No"})
        chosen = ET.SubElement(condition, "conditionvar")
        ET.SubElement(chosen, "varequal", respident="answer").text = f"a{number}"
        score = ET.SubElement(condition, "setvar", action="Set", varname="SCORE")
        score.text = "100" if answer.correct else "0"
        ET.SubElement(condition, "displayfeedback", feedbacktype="Response", linkrefid=f"f{number}")
        feedback = ET.SubElement(item, "itemfeedback", ident=f"f{number}")
        _material(ET.SubElement(feedback, "flow_mat"), answer.why)


def _material(parent: ET.Element, text: str) -> None:
    material = ET.SubElement(parent, "material")
    ET.SubElement(material, "mattext", texttype="text/html").text = to_html(text)


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
