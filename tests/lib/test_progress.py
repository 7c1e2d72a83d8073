from lib.progress import progress_bar


def test_a_bar_goes_through_its_iterable_and_shows_on_stderr(capfd, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    assert list(progress_bar(range(3), desc="counting")) == [0, 1, 2]
    out, err = capfd.readouterr()
    assert out == ""
    assert "counting" in err


def test_a_bar_that_is_not_shown_says_nothing(capfd, monkeypatch):
    assert list(progress_bar(range(3), shown=False)) == [0, 1, 2]
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    assert list(progress_bar(range(3))) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")
