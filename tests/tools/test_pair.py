import nbformat
import pytest

from tests.tools.conftest import QUICK_LIMIT, checked
from tools import pair
from tools.chapters import CourseError
from tools.execute import execute
from tools.results import Parameters


@pytest.fixture
def execute_one(root, tmp_path):
    def run(chapter):
        cache = tmp_path / "cache"
        return execute([chapter], Parameters("quick"), cache=cache, root=root, limit=QUICK_LIMIT)[0]

    return run


def test_only_checked_cells_keep_outputs_and_only_text(write_chapter, execute_one):
    chapter = write_chapter("01_a", "print('free')", checked("print('held')"), checked("[1, 2]"))
    result = execute_one(chapter)
    assert pair.write_pair(result)
    notebook = nbformat.read(chapter.notebook, as_version=4)
    nbformat.validate(notebook)
    kept = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert kept[:3] == [[], [], []]  # the first fetches the course
    assert kept[3][0].text == "held\n"
    assert kept[4][0].data == {"text/plain": "[1, 2]"}
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == [None, None, None, 3, 4]


def test_writing_again_changes_nothing(write_chapter, execute_one):
    chapter = write_chapter("01_a", checked("print(1)"))
    result = execute_one(chapter)
    assert pair.write_pair(result)
    assert not pair.write_pair(result)
    assert pair.is_in_step(chapter)


def test_a_pair_out_of_step_is_noticed(write_chapter, execute_one):
    chapter = write_chapter("01_a", "x = 1")
    pair.write_pair(execute_one(chapter))
    write_chapter("01_a", "x = 2")
    assert not pair.is_in_step(chapter)


def test_a_checked_cell_must_not_draw(write_chapter, execute_one):
    html = "from IPython.display import HTML\nHTML('<b>1</b>')"
    result = execute_one(write_chapter("01_a", checked(html)))
    with pytest.raises(CourseError, match="text on stdout or as its value; got text/"):
        pair.write_pair(result)


def test_text_that_came_in_pieces_is_put_together(write_chapter, execute_one):
    pieces = "import sys\nprint('a')\nsys.stdout.flush()\nimport time\ntime.sleep(1)\nprint('b')"
    chapter = write_chapter("01_a", checked(pieces))
    pair.write_pair(execute_one(chapter))
    (output,) = nbformat.read(chapter.notebook, as_version=4).cells[-1].outputs
    assert output.text == "a\nb\n"
