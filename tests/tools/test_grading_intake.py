"""What was handed in is found as systems export it, and what is no submission is named."""

import io
import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from tools.chapters import CourseError
from tools.grading.exports import Student, read_metadata, who
from tools.grading.intake import find_submissions
from tools.grading.reading import SubmissionError

METADATA = """\
---
submission_123:
  :submitters:
  - :name: Jane Doe
    :sid: '0042'
    :email: jane@example.edu
  - :name: Bob Ü
    :sid:
    :email: bob@example.edu
  :created_at: 2026-10-01 12:00:05.123456 Z
  :score: 3.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
submission_124:
  :submitters: []
  :created_at: 2026-10-02 01:00:00 +0200
"""


def archive(files):
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return made.getvalue()


def found_in(folder):
    """Each submission's content, or the reason why it cannot be graded."""
    result = {}
    for found in find_submissions(folder).submissions:
        try:
            result[found.name] = found.load()
        except (SubmissionError, OSError) as error:
            result[found.name] = str(error)
    return result


def put(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("path", "name", "number", "late"),
    [
        ("doejane_4711_998877_hw_1.ipynb", "doejane", "4711", False),
        ("doejane_LATE_4711_998877_hw 1-2.ipynb", "doejane", "4711", True),
        ("müllerjörg_12_345678_01_activations.ipynb", "müllerjörg", "12", False),
        ("o_malleyanne_12_345678_a.ipynb", "o_malleyanne", "12", False),
        ("anon_aB3x9_345678_a.ipynb", "", "anon_aB3x9", False),
        ("LATE_anon_aB3x9_345678_a.ipynb", "", "anon_aB3x9", True),
        ("doejane_4711_998877_work.zip/hw/a.ipynb", "doejane", "4711", False),
        ("submissions/doejane_4711_998877_a.ipynb", "doejane", "4711", False),
        ("doejane_4711_text.html", "", "", None),
        ("Jane Doe_4711_assignsubmission_file_/a.ipynb", "Jane Doe", "4711", None),
        ("Jane Doe_4711_assignsubmission_file/a.ipynb", "Jane Doe", "4711", None),
        ("Jane Doe_4711_assignsubmission_file_a_1.ipynb", "Jane Doe", "4711", None),
        ("Müller-Lüdenscheidt Anne_7_assignsubmission_file_/x/a.ipynb",
         "Müller-Lüdenscheidt Anne", "7", None),
        ("Participant_4711_assignsubmission_file_/a.ipynb", "", "4711", None),
        ("jane.ipynb", "", "", None),
        ("01_activations.ipynb", "", "", None),
    ],
)  # fmt: skip
def test_who_handed_in_is_read_from_the_path(path, name, number, late):
    (student,) = who(path, {})
    assert (student.name, student.id, student.late) == (name, number, late)


def test_gradescopes_metadata_names_everyone_of_a_group_with_the_time():
    known = read_metadata(METADATA)
    jane, bob = who("export/submission_123/a.ipynb", known)
    assert (jane.name, jane.id, jane.email) == ("Jane Doe", "0042", "jane@example.edu")
    assert (bob.name, bob.id) == ("Bob Ü", "")
    assert jane.submitted == bob.submitted == datetime(2026, 10, 1, 12, 0, 5, 123456, UTC)
    (nobody,) = who("submission_124/a.ipynb", known)
    assert nobody.submitted == datetime(2026, 10, 2, 1, tzinfo=timezone(timedelta(hours=2)))
    assert who("submission_9/a.ipynb", known) == (Student(hints=("submission_9", "a")),)
    for damaged in ("a: [", "5", "submission_1: 5", "- a"):
        with pytest.raises(ValueError):
            read_metadata(damaged)


def test_gradescopes_export_is_read_as_a_folder_and_as_an_archive(tmp_path):
    files = {"e/submission_metadata.yml": METADATA.encode(), "e/submission_123/a.ipynb": b"1"}
    (tmp_path / "export.zip").write_bytes(archive(files))
    put(tmp_path / "folder", files)
    for place in (tmp_path / "export.zip", tmp_path / "folder"):
        (found,) = find_submissions(place).submissions
        assert [student.name for student in found.students] == ["Jane Doe", "Bob Ü"]
        assert found.load() == b"1"


def test_archives_within_archives_are_opened(tmp_path):
    inner = archive(
        {"work/a.ipynb": b"a", "work/picture.png": b"p", "__MACOSX/work/._a.ipynb": b"x"}
    )
    outer = archive({"doejane_1_234_work.zip": inner, "roebob_2_345_b.ipynb": b"b"})
    (tmp_path / "submissions.zip").write_bytes(outer)
    put(tmp_path / "folder", {"doejane_1_234_work.zip": inner, "roebob_2_345_b.ipynb": b"b"})
    expected = {"doejane_1_234_work.zip/work/a.ipynb": b"a", "roebob_2_345_b.ipynb": b"b"}
    assert found_in(tmp_path / "submissions.zip") == expected
    assert found_in(tmp_path / "folder") == expected
    skipped = dict(find_submissions(tmp_path / "folder").skipped)
    assert skipped["doejane_1_234_work.zip/work/picture.png"] == "no notebook, beside one"
    assert "doejane_1_234_work.zip/__MACOSX/work/._a.ipynb" in skipped


def test_what_is_no_submission_is_skipped_and_named(tmp_path):
    no = [".DS_Store", ".ipynb_checkpoints/a-checkpoint.ipynb", "__MACOSX/._a.ipynb", "Thumbs.db",
          "README.md", "readme.txt", "x/.git/config", "~$a.ipynb", "desktop.ini"]  # fmt: skip
    put(tmp_path, dict.fromkeys([*no, "a.ipynb", "readme.ipynb", "essay.pdf"], b"1"))
    intake = find_submissions(tmp_path)
    assert [found.name for found in intake.submissions] == ["a.ipynb", "essay.pdf", "readme.ipynb"]
    assert {name for name, _ in intake.skipped} == set(no)
    assert all(reason for _, reason in intake.skipped)


def test_a_file_beside_the_notebooks_of_a_class_is_a_submission(tmp_path):
    put(tmp_path, {"w/a.ipynb": b"", "w/b.ipynb": b"", "w/essay.pdf": b"", "ann/a.ipynb": b"",
                   "ann/plot.png": b""})  # fmt: skip
    names = [found.name for found in find_submissions(tmp_path).submissions]
    assert names == ["ann/a.ipynb", "w/a.ipynb", "w/b.ipynb", "w/essay.pdf"]


def test_links_pipes_and_folders_named_like_notebooks_get_a_row_and_are_not_followed(tmp_path):
    secret = put(tmp_path / "elsewhere", {"secret.ipynb": b"secret"})
    folder = put(tmp_path / "in", {"a.ipynb": b"a", "b.ipynb/inner.ipynb": b"inner"})
    (folder / "link.ipynb").symlink_to(secret / "secret.ipynb")
    (folder / "other.ipynb").symlink_to("a.ipynb")
    (folder / "dangling.ipynb").symlink_to("nothing")
    (folder / "loop.ipynb").symlink_to("loop.ipynb")
    (folder / "linked").symlink_to(secret)
    (folder / "empty.ipynb").mkdir()
    os.mkfifo(folder / "pipe.ipynb")
    link = "a link; hand in the file itself"
    assert found_in(folder) == {
        "a.ipynb": b"a",
        "b.ipynb": "a folder, not a notebook",
        "b.ipynb/inner.ipynb": b"inner",
        "dangling.ipynb": link,
        "empty.ipynb": "a folder, not a notebook",
        "link.ipynb": link,
        "linked": link,
        "loop.ipynb": link,
        "other.ipynb": link,
        "pipe.ipynb": "not a regular file",
    }


def test_a_file_that_became_a_link_is_not_followed(tmp_path):
    put(tmp_path, {"a.ipynb": b"a", "elsewhere": b"secret"})
    found = find_submissions(tmp_path).submissions[0]
    (tmp_path / "a.ipynb").unlink()
    (tmp_path / "a.ipynb").symlink_to("elsewhere")
    with pytest.raises(OSError):
        found.load()


def test_a_broken_archive_costs_its_own_row(tmp_path):
    good = archive({"a.ipynb": b"a" * 1000})
    link = ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(tmp_path / "links.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
        made.writestr("../../up.ipynb", b"up")
        made.writestr("/root.ipynb", b"root")
    bomb = archive({"big.ipynb": b"0" * 60_000_000})
    put(tmp_path, {
        "cut.zip": good[:60], "empty.zip": b"", "noise.zip": b"PK\3\4" + b"x" * 100,
        "none.zip": archive({}), "many.zip": archive({f"{n}.ipynb": b"" for n in range(5001)}),
        "bomb.zip": bomb,
        "deep.zip": archive({"b.zip": archive({"c.zip": archive({"d.ipynb": b""})})}),
        "fine.ipynb": b"fine",
    })  # fmt: skip
    got = found_in(tmp_path)
    assert got["fine.ipynb"] == b"fine"
    assert got["links.zip/link.ipynb"] == "a link; hand in the file itself"
    assert got["links.zip/up.ipynb"] == b"up" and got["links.zip/root.ipynb"] == b"root"
    assert got["none.zip"].startswith("an archive of 0 files")
    assert got["many.zip"].startswith("an archive of 5001 files")
    assert got["bomb.zip/big.ipynb"].startswith("a file of 60 MB")
    assert got["deep.zip/b.zip/c.zip"].startswith("an archive within archives")
    for name in ("cut.zip", "empty.zip", "noise.zip"):
        assert got[name].startswith("an archive that cannot be opened")


def test_damaged_content_of_an_archive_costs_its_own_row(tmp_path):
    data = bytearray(archive({"a.ipynb": os.urandom(1000), "b.ipynb": b"b"}))
    data[100] ^= 255
    (tmp_path / "x.zip").write_bytes(data)
    got = found_in(tmp_path)
    assert got["x.zip/a.ipynb"].startswith("cannot be unpacked")
    assert got["x.zip/b.ipynb"] == b"b"


def test_names_that_are_not_text_are_shown_with_escapes_and_stay_apart(tmp_path):
    for name in (b"M\xfcller.ipynb", b"M\xfdller.ipynb", b"line\nbreak.ipynb", b"\x1b[31m.ipynb",
                 "\u202eltr.ipynb".encode(), b"n" * 249 + b".ipynb"):  # fmt: skip
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:  # noqa: PTH118, PTH123
            file.write(name)
    got = found_in(tmp_path)
    assert len(got) == 6
    assert got["M\\xfcller.ipynb"] == b"M\xfcller.ipynb"
    assert all(name.isprintable() for name in got)
    assert "line break.ipynb" in got


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(CourseError, match="holds no files"):
        find_submissions(tmp_path)
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(CourseError, match="cannot be read"):
        find_submissions(tmp_path / "x.zip")
