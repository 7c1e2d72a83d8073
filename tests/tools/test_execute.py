import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from tests.tools.conftest import markdown
from tools.chapters import ROOT
from tools.execute import ChapterError, execute
from tools.results import Parameters, chapter_key, environment_key

QUICK = Parameters("quick", seed=7)


@pytest.fixture
def run(root, tmp_path):
    """Executes chapters in a cache of the test's own."""

    def run(*chapters, parameters=QUICK, **options):
        return execute(chapters, parameters, cache=tmp_path / "cache", root=root, **options)

    return run


def outputs(result):
    """The text of each cell that said something; a busy machine may send it in pieces."""
    return [
        "".join(output.get("text", "") for output in cell.outputs)
        for cell in result.notebook().cells
        if cell.get("outputs")
    ]


def test_a_chapter_gets_its_parameters_threads_and_the_time_it_took(write_chapter, run):
    chapter = write_chapter(
        "01_a", "import os\nprint(budget, seed, device, os.environ['OMP_NUM_THREADS'])"
    )
    (result,) = run(chapter)
    assert outputs(result) == ["quick 7 cpu 1\n"]
    assert result.seconds > 0
    assert result.peak_bytes > 10e6


def test_a_second_run_changes_nothing(write_chapter, run):
    chapter = write_chapter("01_a", "import time\nprint(time.time_ns())")
    first, second = run(chapter)[0], run(chapter)[0]
    assert outputs(first) == outputs(second)
    assert first.folder == second.folder


def test_an_edit_to_prose_is_joined_with_the_kept_outputs(write_chapter, run):
    code = "import time\nprint(time.time_ns())"
    first = outputs(run(write_chapter("01_a", code))[0])
    (edited,) = run(write_chapter("01_a", markdown("New words."), code))
    assert outputs(edited) == first
    assert "New words." in [cell.source for cell in edited.notebook().cells]


def test_an_edit_to_code_runs_again_and_drops_the_outdated_result(write_chapter, run):
    (first,) = run(write_chapter("01_a", "print(1)"))
    (second,) = run(write_chapter("01_a", "print(2)"))
    assert outputs(second) == ["2\n"]
    assert not first.folder.exists()


@pytest.mark.parametrize("changed", ["requirements.lock", "data/checksums.json"])
def test_the_key_covers_lock_and_data(changed, root):
    before = environment_key(QUICK, root)
    (root / changed).write_text("changed")
    assert environment_key(QUICK, root) != before


@pytest.mark.parametrize(
    "other", [Parameters("standard", 7), Parameters("quick", 8), Parameters("quick", 7, "cuda")]
)
def test_the_key_covers_the_parameters(other, root):
    assert environment_key(other, root) != environment_key(QUICK, root)


def test_the_key_covers_the_pins(root, monkeypatch):
    keys = set()
    for pinned in ({}, {"ATEN_CPU_CAPABILITY": "avx2"}):
        monkeypatch.setattr("tools.results.page_pins", lambda pinned=pinned: pinned)
        keys.add(environment_key(QUICK, root))
    assert len(keys) == 2


def test_what_is_ready_is_told_while_others_run(write_chapter, run):
    chapters = [write_chapter(f"0{i}_a", f"print({i})") for i in (1, 2)]
    run(chapters[1])
    told = []
    run(*chapters, ready=lambda results: told.append([r.chapter.name for r in results]))
    assert told == [["01_a", "02_a"]]  # the second was there before


def test_chapters_share_the_cores(write_chapter, run):
    chapter = write_chapter("01_a", "import os\nprint(os.environ['COURSE_WORKERS'])")
    (result,) = run(chapter, jobs=10_000)
    assert outputs(result) == ["1\n"]


def test_tags_count_only_where_they_change_the_execution(write_chapter, root):
    def key(tags):
        cell = nbformat.v4.new_code_cell("1 / 1", metadata={"tags": tags})
        return chapter_key(write_chapter("01_a", cell), "common", root)

    assert key(["hide-input"]) == key([])
    assert key(["raises-exception"]) != key([])


def test_a_failing_cell_is_named_and_the_other_chapter_is_kept(write_chapter, run):
    good = write_chapter("01_good", "import time\nprint(time.time_ns())")
    bad = write_chapter("02_bad", "x = 1", "raise KeyError('lost')")
    with pytest.raises(ChapterError) as failure:
        run(good, bad)
    message = str(failure.value)
    assert "Chapter 02_bad failed in cell 4" in message
    assert "| raise KeyError('lost')" in message
    assert "KeyError" in message.rsplit("|", maxsplit=1)[-1]
    kept = outputs(run(good)[0])
    assert outputs(run(good)[0]) == kept
    assert int(kept[0]) < time.time_ns()


def test_a_kernel_that_dies_is_an_error_of_its_chapter(write_chapter, run):
    chapter = write_chapter("01_a", "import os", "os._exit(3)")
    with pytest.raises(ChapterError, match=r"Chapter 01_a failed in cell 4:\n    \| os._exit\(3\)"):
        run(chapter)


@pytest.fixture
def hanging(write_chapter, tmp_path):
    """A chapter that hangs, and the file that will hold the number of its kernel's process."""
    pid = tmp_path / "pid"
    noting = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))"
    return write_chapter("01_a", noting, "time.sleep(1234)"), pid


@pytest.fixture
def build(hanging, root, tmp_path):
    """A process that executes the hanging chapter, once its kernel runs."""
    program = f"""
from pathlib import Path
from tools.build import reporting
from tools.chapters import Chapter
from tools.execute import execute
from tools.results import Parameters
with reporting("") as status:
    execute([Chapter(Path({str(hanging[0].source)!r}))], Parameters("quick"),
            cache=Path({str(tmp_path / "cache")!r}), root=Path({str(root)!r}))
raise SystemExit(status.code)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE
    ) as made:
        wait_until(lambda: hanging[1].is_file() and hanging[1].read_text())
        yield made
        made.kill()


def test_a_chapter_that_hangs_is_stopped_with_its_kernel(hanging, run):
    chapter, pid = hanging
    with pytest.raises(ChapterError, match="cell 4") as failure:
        run(chapter, limit=15)
    assert "longer than 15 seconds" in str(failure.value)
    wait_until(lambda: not is_alive(pid))


def test_an_interrupted_build_leaves_no_process_and_no_result(build, hanging, tmp_path):
    build.terminate()
    _, said = build.communicate(timeout=30)
    assert build.returncode == 130
    assert b"Interrupted" in said
    wait_until(lambda: not is_alive(hanging[1]))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_build_that_is_killed_takes_its_kernels_along(build, hanging):
    build.kill()
    build.wait()
    wait_until(lambda: not is_alive(hanging[1]))


def is_alive(pid):
    """Whether the process whose number a file holds still runs (a zombie does not)."""
    try:
        return psutil.Process(int(pid.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, seconds=60):
    """Wait for a condition that other processes bring about; an error if they do not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_what_a_kernel_writes_to_the_terminal_disturbs_nothing(write_chapter, run):
    chapter = write_chapter("01_a", "import os\nos.write(1, b'not JSON\\n')", "print('done')")
    assert outputs(run(chapter)[0])[-1] == "done\n"


def test_a_worker_that_ends_without_a_word_is_quoted(write_chapter, run, monkeypatch):
    monkeypatch.setattr("tools.execute.sys.executable", "/bin/false")
    with pytest.raises(ChapterError, match="failed before its first cell:\nits process ended"):
        run(write_chapter("01_a", "1"))


def test_claims_are_kept_with_the_result(write_chapter, run):
    chapter = write_chapter(
        "01_a",
        "import os, pathlib",
        "pathlib.Path(os.environ['COURSE_CLAIMS_DIR'], 'x.json').write_text('1')",
    )
    (result,) = run(chapter)
    assert [path.name for path in (result.folder / "claims").iterdir()] == ["x.json"]


def test_a_failure_leaves_nothing_behind_in_the_cache(write_chapter, run, tmp_path):
    with pytest.raises(ChapterError):
        run(write_chapter("01_a", "1 / 0"))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
