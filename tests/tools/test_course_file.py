"""Due dates, weights and late policy are read from course.yml, and errors name the key."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml

from tools.chapters import CourseError, find_chapter, list_chapters
from tools.course_file import Late, Part, read_course, sample, written

CHAPTER = "01_activations"


def course(text, tmp_path, *names):
    path = tmp_path / "course.yml"
    path.write_text(text, encoding="utf-8")
    return read_course(path, names or [CHAPTER])


def test_the_sample_is_read_with_its_defaults_and_with_what_it_suggests(tmp_path):
    names = [chapter.name for chapter in list_chapters()]
    text = sample(list_chapters())
    assert course(text, tmp_path, *names).parts == dict.fromkeys(names, Part())
    assert course(text, tmp_path, *names).late == Late(15, 10, 5)
    suggested = course(text.replace("    # due", "    due").replace("    # canvas", "    canvas"),
                       tmp_path, *names).parts[CHAPTER]  # fmt: skip
    assert suggested.due == datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
    assert suggested.canvas == "Activation functions (12345)"


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ('"2026-10-01 23:59"', datetime(2026, 10, 1, 21, 59, tzinfo=UTC)),
        ("2026-10-01 23:59", datetime(2026, 10, 1, 21, 59, tzinfo=UTC)),
        ("2026-10-01 23:59:00", datetime(2026, 10, 1, 21, 59, tzinfo=UTC)),
        ("2026-10-01", datetime(2026, 10, 1, 22, tzinfo=UTC)),
        ('"2026-10-01"', datetime(2026, 10, 1, 22, tzinfo=UTC)),
        ("2026-12-01 23:59", datetime(2026, 12, 1, 22, 59, tzinfo=UTC)),
        ('"2026-10-01T23:59-05:00"',
         datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=-5)))),
    ],
)  # fmt: skip
def test_a_due_date_is_in_the_zone_of_the_course(tmp_path, due, expected):
    text = f"timezone: Europe/Berlin\nchapters:\n  {CHAPTER}: {{due: {due}}}\n"
    assert course(text, tmp_path).parts[CHAPTER].due == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "cannot be read"),
        ("- a", "at its top: expected keys"),
        ("titel: x", "expected keys among title, timezone, late, chapters; got titel"),
        ("late: 5", "late: expected keys"),
        ("late: {percent: 5}", "late: expected keys"),
        ("late: {percent_per_day: -5}", "percent_per_day: expected a number"),
        ("late: {percent_per_day: ten}", "percent_per_day: expected a number"),
        ("late: {most_days: .nan}", "most_days: expected a number"),
        ("late: {most_days: true}", "most_days: expected a number"),
        ("timezone: Atlantis/City", "timezone: expected a zone"),
        ("timezone: ../etc", "timezone: expected a zone"),
        ("chapters: {activations: {}}", "chapters: expected keys"),
        (f"chapters: {{{CHAPTER}: 5}}", f"chapters: {CHAPTER}: expected keys"),
        (f"chapters: {{{CHAPTER}: {{due: soon}}}}", "due: expected a time such as"),
        (f"chapters: {{{CHAPTER}: {{due: 5}}}}", "due: expected a time such as"),
        (f"chapters: {{{CHAPTER}: {{due: 2026-13-01}}}}", "cannot be read|due: expected a time"),
        (f"chapters: {{{CHAPTER}: {{weight: no}}}}", "weight: expected a number"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path, text, said):
    with pytest.raises(CourseError, match=said):
        course(text, tmp_path)


def test_one_file_may_serve_several_assignments(tmp_path):
    text = f"chapters:\n  {CHAPTER}: {{weight: 2}}\n  02_preprocessing: {{weight: 3}}\n"
    assert course(text, tmp_path).parts == {CHAPTER: Part(weight=2)}
    assert read_course(None, [CHAPTER]).parts == {CHAPTER: Part()}
    assert course("", tmp_path).late.factor(1000) == 1


def test_what_was_edited_is_kept_and_an_untouched_sample_is_not():
    first, second = find_chapter("01"), find_chapter("02")
    untouched = sample([first])
    assert written("", [second]) == written(untouched, [second]) == sample([second])
    edited = untouched.replace("weight: 1", "weight: 2")
    assert written(edited, [second]) == edited
    assert written("a: [", [second]) == "a: ["
    assert yaml.safe_load(sample([first, second]))["chapters"].keys() == {first.name, second.name}
