"""A kept result is used only where nothing it depends on has changed, and only if it is whole."""

import nbformat
import pytest

from lib import runtime
from lib.training import classifiers
from tests.faults.cases import sampled
from tests.faults.damage import damaged, plan
from tests.tools.conftest import markdown
from tools import execute
from tools.build import build_key
from tools.results import Parameters

QUICK = Parameters("quick", 7)
CODE = "x = 1\nprint(x)"


@pytest.fixture
def runs(root, tmp_path, monkeypatch):
    """Executes a chapter, but for the execution itself; which parameters were executed so far."""
    done = []

    def start(chapter, notebook, parameters, work, jobs):
        done.append(parameters)
        nbformat.write(notebook, work / "notebook.ipynb")
        (work / "claims" / "claim.json").write_text("{}")

    monkeypatch.setattr(execute, "_start", start)
    monkeypatch.setattr(
        execute, "_supervise", lambda *_, **__: {"seconds": 1.0, "peak_bytes": 1, "done": True}
    )

    def run(chapter, parameters=QUICK):
        (result,) = execute.execute([chapter], parameters, cache=tmp_path / "cache", root=root)
        return result

    run.done = done
    return run


def write(name, text):
    return lambda root: (root / name).parent.mkdir(exist_ok=True) or (root / name).write_text(text)


USES = "from lib import other, package"
CHANGES = {
    "a module that it imports": write("lib/other.py", "x = 2\n"),
    "a module that that one imports": write("lib/deep.py", "# changed"),
    "a package that does something": write("lib/package/__init__.py", "y = 1\n"),
    "a file beside it": write("lib/table.txt", "1\n"),
    "a module that is gone": lambda root: (root / "lib/deep.py").unlink(),
    "the line ends": write("lib/other.py", "from lib import deep\r\n"),
    "the data": write("data/checksums.json", '{"data": {}}'),
    "the lock": write("requirements.lock", "torch==2\n"),
    "the lock's comments": write("requirements.lock", "torch==1  # pinned\n"),
}
NO_CHANGES = {
    "a module that nobody imports": write("lib/stranger.py", "x = 1\n"),
    "a widget's script": write("lib/widget.js", "let x;"),
    "a widget's style": write("lib/widget.css", "p {}"),
    "a new package": write("lib/another/__init__.py", ""),
    "another chapter's room": write("chapters/other.py", ""),
    "evidence": write("data/evidence.json", "{}"),
}


@pytest.fixture
def user(root, write_chapter):
    """A chapter that imports from lib."""
    for name, text in (
        ("other", "from lib import deep\n"),
        ("deep", ""),
        ("package/__init__", "1"),
    ):
        write(f"lib/{name}.py", text)(root)
    return write_chapter("01_a", f"{USES}\n{CODE}")


@pytest.mark.parametrize("change", sampled(CHANGES, quick=6))
def test_a_change_of_what_a_chapter_reaches_executes_again(change, runs, root, user):
    runs(user), runs(user)
    assert len(runs.done) == 1
    CHANGES[change](root)
    runs(user), runs(user)
    assert len(runs.done) == 2


@pytest.mark.parametrize("change", NO_CHANGES)
def test_a_change_of_anything_else_executes_nothing(change, runs, root, user):
    runs(user)
    NO_CHANGES[change](root)
    runs(user)
    assert len(runs.done) == 1


OTHERS = [
    Parameters("standard", 7), Parameters("full", 7), Parameters("quick", 8),
    Parameters("quick", 70), Parameters("quick", 7, "cuda"), Parameters("quick", 7, "cuda:1"),
]  # fmt: skip


@pytest.mark.parametrize("other", sampled(range(len(OTHERS)), quick=3))
def test_other_parameters_are_executed_and_the_first_stay(other, runs, write_chapter):
    chapter = write_chapter("01_a", CODE)
    runs(chapter), runs(chapter, OTHERS[other]), runs(chapter)
    assert runs.done == [QUICK, OTHERS[other]]


CELLS = {
    "other code": ["x = 2\nprint(x)"],
    "a comment": ["x = 1  # one\nprint(x)"],
    "another cell": [CODE, "x = 3"],
    "no cell": [],
    "other order": ["print(1)", CODE],
    "split in two": ["x = 1", "print(x)"],
    "a tag that lets it fail": [
        nbformat.v4.new_code_cell(CODE, metadata={"tags": ["raises-exception"]})
    ],
}


@pytest.mark.parametrize("change", sampled(CELLS, quick=3))
def test_a_change_of_the_code_executes_again(change, runs, write_chapter):
    runs(write_chapter("01_a", CODE))
    runs(write_chapter("01_a", *CELLS[change]))
    assert len(runs.done) == 2


PROSE = {
    "other words": [markdown("Words."), CODE],
    "words behind it": [CODE, markdown("Words.")],
    "a tag that hides": [nbformat.v4.new_code_cell(CODE, metadata={"tags": ["hide-input"]})],
}


@pytest.mark.parametrize("change", sampled(PROSE, quick=1))
def test_a_change_of_the_prose_alone_does_not(change, runs, write_chapter):
    runs(write_chapter("01_a", CODE))
    runs(write_chapter("01_a", *PROSE[change]))
    assert len(runs.done) == 1


FILES = ("run.json", "notebook.ipynb", "claims/claim.json")


@pytest.mark.parametrize(
    ("file", "kind", "seed"),
    sampled([(f, *d) for f in FILES[1:] for d in plan(2, 2)] + [(FILES[0], "cut", 0)], quick=4),
)
def test_a_damaged_result_is_said_and_executed_again(file, kind, seed, runs, write_chapter, capsys):
    chapter = write_chapter("01_a", CODE)
    path = runs(chapter).folder / file
    good = path.read_bytes()
    path.write_bytes(damaged(good, kind, seed))
    runs(chapter), runs(chapter)
    assert len(runs.done) == 2
    assert path.read_bytes() == good
    assert "is damaged; 01_a is executed again" in capsys.readouterr().err


@pytest.mark.parametrize("file", sampled(FILES, quick=1))
def test_a_result_that_lacks_a_file_is_executed_again(file, runs, write_chapter):
    chapter = write_chapter("01_a", CODE)
    (runs(chapter).folder / file).unlink()
    runs(chapter)
    assert len(runs.done) == 2


def test_a_file_too_many_is_no_result_of_the_run(runs, write_chapter):
    chapter = write_chapter("01_a", CODE)
    (runs(chapter).folder / "claims" / "forged.json").write_text("{}")
    runs(chapter)
    assert len(runs.done) == 2


PAGES = {"a.md": b"1", "b.md": b"2"}


OTHER_PAGES = {
    "another page": PAGES | {"c.md": b""},
    "other content": PAGES | {"a.md": b"2"},
    "exchanged": {"a.md": b"2", "b.md": b"1"},
    "another name": {"a.md": b"1", "c.md": b"2"},
    "one less": {"a.md": b"1"},
}


@pytest.mark.parametrize("change", sampled(OTHER_PAGES, quick=2))
def test_a_book_of_other_pages_has_another_key(change):
    assert build_key(OTHER_PAGES[change]) != build_key(PAGES)


def test_a_kept_network_of_another_recipe_has_another_name(tmp_path, monkeypatch):
    run = runtime.Run("quick", 0, runtime.torch.device("cpu"), 1)
    scenes = classifiers.load_scenes(3, generator=run.generator("few"), size=classifiers.SCENE_SIZE)
    others = classifiers.load_scenes(
        3, generator=run.generator("more"), size=classifiers.SCENE_SIZE
    )
    trial = classifiers.Trial(seed=0, steps=1)
    names = {
        classifiers._key(trial, scenes, run),
        classifiers._key(trial, others, run),
        classifiers._key(classifiers.Trial(seed=1, steps=1), scenes, run),
        classifiers._key(classifiers.Trial(seed=0, steps=2), scenes, run),
        classifiers._key(trial, scenes, runtime.Run("quick", 1, run.device, 1)),
    }
    monkeypatch.setattr(classifiers, "NETWORK", {"width": 4})
    names.add(classifiers._key(trial, scenes, run))
    monkeypatch.setattr(classifiers.torch, "__version__", "0.0")
    names.add(classifiers._key(trial, scenes, run))
    assert len(names) == 7
