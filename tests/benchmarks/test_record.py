from dataclasses import replace

import pytest

from benchmarks.__main__ import BENCHMARKS, machine, main
from benchmarks.record import Duration, Row, Section, load_record, save_record

ROW = Row("a map", "a library", 1, 2.0, 3.0, 2.5, 4.0, 9, 0.01, None, "")
SECTION = Section("Maps", "How.", "2 cores", {"torch": "9.9"}, (ROW, ROW))
BUILD = Duration("a book", 70.0, 60.0, "")
BOOK = Section("Book", "How.", "2 cores", {"sphinx": "9.9"}, durations=(BUILD,))


def test_a_record_comes_back_as_it_was(tmp_path):
    save_record({"maps": SECTION, "book": BOOK}, tmp_path / "results.json")
    assert load_record(tmp_path / "results.json") == {"maps": SECTION, "book": BOOK}


@pytest.mark.parametrize("text", ["", "[]", '{"maps": {}}', '{"maps": {"rows": [{"work": 1}]}}'])
def test_what_is_no_record_is_named(text, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"results\.json is no record of benchmarks"):
        load_record(path)


@pytest.mark.parametrize(
    ("ratio", "target", "verdict"),
    [(2.0, 2.0, "met"), (1.99, 2.0, "missed"), (0.5, None, "no target")],
)
def test_the_verdict_is_the_medians(ratio, target, verdict):
    assert replace(ROW, ratio=ratio, target=target).verdict == verdict


@pytest.mark.parametrize(("seconds", "verdict"), [(60.0, "met"), (60.1, "missed")])
def test_a_duration_is_to_stay_within_its_target(seconds, verdict):
    assert replace(BUILD, seconds=seconds).verdict == verdict


def test_an_unknown_benchmark_is_named_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["gradients", "speed"])
    assert (
        "no benchmark is called speed; give some of occlusion, gradients" in capsys.readouterr().err
    )


def test_a_benchmark_replaces_its_own_rows_alone(tmp_path, monkeypatch):
    from benchmarks import __main__ as command

    path = tmp_path / "results.json"
    monkeypatch.setattr(command, "RESULTS", path)
    monkeypatch.setattr(command, "load_record", lambda: load_record(path))
    monkeypatch.setattr(command, "save_record", lambda sections: save_record(sections, path))
    command.record("scenes", SECTION)
    command.record("occlusion", SECTION)
    command.record("scenes", replace(SECTION, title="Scenes"))
    assert [(name, s.title) for name, s in load_record(path).items()] == [
        ("occlusion", "Maps"),
        ("scenes", "Scenes"),
    ]


def test_the_machine_is_told_in_words_without_names():
    assert " cores, " in machine()
    assert "/" not in machine()


def test_a_line_says_target_and_verdict():
    assert str(ROW).endswith("3.00 times as fast as a library (2.50 to 4.00, target 2: met)")
    assert str(BUILD) == "a book: 70 s (target 60: missed)"


def test_the_record_holds_every_benchmark_there_is():
    assert list(load_record()) == list(BENCHMARKS)
