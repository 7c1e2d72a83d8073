import importlib
import types

import pytest

from tools.chapters import ROOT, list_chapters, read_source
from tools.reach import _demands, reached_files

COURSE = {
    "lib/__init__.py": '"""The library."""\n',
    "lib/plotting/__init__.py": (
        '"""Figures."""\nfrom lib.plotting.one import plot_one\n'
        'from lib.plotting.two import plot_two\n__all__ = ["plot_one", "plot_two"]\n'
    ),
    "lib/plotting/one.py": "from lib.files import write\n",
    "lib/plotting/two.py": "",
    "lib/plotting/book.mplstyle": "",
    "lib/plotting/view.js": "",
    "lib/files.py": "def write():\n    from lib import late\n    late.now()\n",
    "lib/late.py": "",
    "lib/busy/__init__.py": "from lib.files import write\nwrite()\n",
    "chapters/room/experiments.py": "from lib.plotting import plot_two\n",
}
FILES = ["lib/files.py", "lib/late.py"]  # what lib/files.py reaches, itself included


@pytest.fixture
def course(tmp_path):
    for name, text in COURSE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("cells", "reached"),
    [
        (["import torch, os"], []),
        (["from lib import files"], FILES),
        (["import lib.files"], FILES),
        (["from lib.files import write"], FILES),
        (["from lib import plotting", "plotting.plot_two()"],
         ["lib/plotting/book.mplstyle", "lib/plotting/two.py"]),
        (["from lib import plotting as p", "p.plot_one()"],
         [*FILES, "lib/plotting/book.mplstyle", "lib/plotting/one.py"]),
        (["from lib.plotting import plot_two"],
         ["lib/plotting/book.mplstyle", "lib/plotting/two.py"]),
        (["from lib import plotting"], []),
        (["from lib import plotting", "show(plotting)"],  # any of its names may be used there
         [*FILES, "lib/plotting/book.mplstyle", "lib/plotting/one.py", "lib/plotting/two.py"]),
        (["from lib import busy"], ["lib/busy/__init__.py", *FILES]),
        (["from chapters.room import experiments"],
         ["chapters/room/experiments.py", "lib/plotting/book.mplstyle", "lib/plotting/two.py"]),
        (["this is no Python", "from lib import late"], ["lib/late.py"]),
    ],
)  # fmt: skip
def test_imports_are_followed_name_by_name(cells, reached, course):
    found = [path.relative_to(course).as_posix() for path in reached_files(cells, course)]
    assert found == sorted(reached)


@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_the_files_of_all_functions_that_a_chapter_names_are_reached(chapter):
    cells = [cell.source for cell in read_source(chapter).cells if cell.cell_type == "code"]
    reached = set(reached_files(cells, ROOT))
    for module, name in _demands("\n".join(cells)):
        base = ROOT / module.replace(".", "/")
        ours = base.is_dir() or base.with_suffix(".py").is_file()
        if module.split(".")[0] not in ("lib", "chapters") or name == "*" or not ours:
            continue
        found = getattr(importlib.import_module(module), name, None)
        if isinstance(found, types.FunctionType | type):
            path = ROOT / (found.__module__.replace(".", "/") + ".py")
            assert path in reached or ROOT not in path.parents or not path.is_file(), (module, name)
