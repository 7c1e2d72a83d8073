"""Questions for learning platforms follow the formats, and say what the chapters say."""

import io
import re
import xml.etree.ElementTree as ET
from zipfile import ZipFile

import pytest

from lib.evidence.ledger import load_ledger
from tools.assignment.questions import list_questions, moodle_xml, qti_package, to_html
from tools.chapters import list_chapters, read_source
from tools.measure import list_experiments

CHAPTERS = list_chapters()
# What may be in each element, in order: the parts of QTI 1.2.1's DTD (ims_qtiasiv1p2p1.dtd) that
# questions with choices need. "-" stands for text.
QTI = {
    "questestinterop": "assessment", "assessment": "section", "section": "(item )+",
    "item": "itemmetadata presentation resprocessing (itemfeedback )+",
    "itemmetadata": "qtimetadata", "qtimetadata": "(qtimetadatafield )+",
    "qtimetadatafield": "fieldlabel fieldentry",
    "fieldlabel": "-", "fieldentry": "-", "presentation": "material response_lid",
    "material": "mattext", "mattext": "-", "response_lid": "render_choice",
    "render_choice": "(response_label )+", "response_label": "material",
    "resprocessing": "outcomes (respcondition )+", "outcomes": "decvar", "decvar": "",
    "respcondition": "conditionvar setvar displayfeedback", "conditionvar": "varequal",
    "varequal": "-", "setvar": "-", "displayfeedback": "", "itemfeedback": "flow_mat",
    "flow_mat": "material",
}  # fmt: skip
# Moodle's reader, question/format/xml/format.php, looks for these; order does not matter to it.
MOODLE = {
    "quiz": "(question )+", "category": "text", "name": "text", "questiontext": "text",
    "generalfeedback": "text", "feedback": "text", "text": "-?", "defaultgrade": "-",
    "penalty": "-", "hidden": "-", "single": "-", "shuffleanswers": "-", "answernumbering": "-",
    "answer": "text feedback",
    "question": "category|name questiontext generalfeedback defaultgrade penalty hidden single "
                "shuffleanswers answernumbering (answer )+",
}  # fmt: skip


def problems(element, model):
    """What does not follow the model."""
    name = element.tag.rpartition("}")[2]
    inside = " ".join(child.tag.rpartition("}")[2] for child in element)
    inside = inside or ("-" if (element.text or "").strip() else "")
    allowed = re.sub(r" \)", r"( |$))", model[name])
    found = [] if re.fullmatch(allowed, inside) else [f"{name}: {inside}"]
    return found + [problem for child in element for problem in problems(child, model)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_both_formats_are_kept_and_hold_every_question(chapter):
    questions = list_questions(chapter)
    code = "\n".join(c.source for c in read_source(chapter).cells if c.cell_type == "code")
    ledger = load_ledger(chapter=chapter.name)
    measured = [claim.id for experiment in list_experiments(chapter.name)
                for claim in experiment.claims
                if (found := ledger.estimate(claim)) and not found.is_provisional]  # fmt: skip
    assert len(questions) == len(re.findall(r"\bPrediction\(", code)) + len(measured)
    assert len({question.id for question in questions}) == len(questions)
    for question in questions:
        assert any(a.correct for a in question.answers) and len(question.answers) >= 2
    quiz = ET.fromstring(moodle_xml(questions, "A title"))
    assert problems(quiz, MOODLE) == []
    assert [q.findtext("name/text") for q in quiz[1:]] == [question.id for question in questions]
    with ZipFile(io.BytesIO(qti_package(questions, "A title"))) as package:
        root = ET.fromstring(package.read("questions.xml"))
        manifest = ET.fromstring(package.read("imsmanifest.xml"))
    assert problems(root, QTI) == []
    (resource,) = manifest.iter("{http://www.imsglobal.org/xsd/imscp_v1p1}resource")
    assert resource.get("href") == "questions.xml" and resource.get("type") == "imsqti_xmlv1p2"
    for item, question in zip(root.iter("item"), questions, strict=True):
        right = {c.findtext("conditionvar/varequal") for c in item.iter("respcondition")
                 if c.findtext("setvar") == "100"}  # fmt: skip
        assert right == {f"a{n}" for n, a in enumerate(question.answers) if a.correct}
        shown = {feedback.get("ident") for feedback in item.iter("itemfeedback")}
        assert {d.get("linkrefid") for d in item.iter("displayfeedback")} == shown


def test_the_check_of_the_formats_notices_faults():
    good = ET.fromstring("<conditionvar><varequal>a</varequal></conditionvar>")
    assert problems(good, QTI) == []
    for bad in (
        "<conditionvar/>",
        "<varequal/>",
        "<conditionvar><setvar>1</setvar></conditionvar>",
    ):
        assert problems(ET.fromstring(bad), QTI)


def test_texts_become_html():
    assert to_html("if `a < b`, *never* a & b") == (
        "<p>if <code>a &lt; b</code>, <em>never</em> a &amp; b</p>"
    )


def answers_of_predictions():
    """The lengths of each prediction's answers, and the place of the right one."""
    for chapter in CHAPTERS:
        for question in list_questions(chapter):
            if "-prediction-" in question.id:
                places = [n for n, answer in enumerate(question.answers) if answer.correct]
                yield [len(answer.text) for answer in question.answers], places[0]


def test_neither_its_place_nor_its_length_gives_the_right_answer_away():
    found = list(answers_of_predictions())
    for place in range(3):
        assert sum(right == place for _, right in found) <= 0.45 * len(found)
    longest = sum(lengths[right] == max(lengths) for lengths, right in found)
    assert longest <= 0.5 * len(found)
