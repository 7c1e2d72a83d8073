"""Chapters and their experiments run on an accelerator without float64, at budget quick."""

import matplotlib
import pytest
import torch
from matplotlib import pyplot

from lib import runtime
from tests.devices.accelerator import DEVICE
from tools.chapters import list_chapters, read_source
from tools.measure import list_experiments

CHAPTERS = list_chapters()
EXPERIMENTS = {
    f"{chapter.name}-{experiment.name}": experiment
    for chapter in CHAPTERS
    for experiment in list_experiments(chapter.name)
}
SECONDS = ["02_preprocessing-statistics", "05_hyperparameters-initial_loss"]  # run in seconds
NIGHTLY = [
    pytest.param(name, marks=pytest.mark.nightly) for name in sorted(EXPERIMENTS.keys() - SECONDS)
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """One thread, no progress bars, no windows."""
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    monkeypatch.setenv("COURSE_THREADS", "1")
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    yield
    pyplot.close("all")
    matplotlib.use(before)


@pytest.mark.parametrize("name", [*SECONDS, *NIGHTLY])
def test_an_experiment_measures_what_it_measures_on_the_cpu(name):
    found, expected = (
        EXPERIMENTS[name].values(EXPERIMENTS[name](runtime.Run("quick", 0, device, 1)))
        for device in (DEVICE, torch.device("cpu"))
    )
    assert found == {id: pytest.approx(values, nan_ok=True) for id, values in expected.items()}


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_cell_of_a_chapter_runs(chapter, monkeypatch):
    monkeypatch.setattr(runtime, "choose_device", lambda device: DEVICE)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: str(device))
    names = {"__name__": "__main__"}
    for cell in read_source(chapter).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{chapter.name}, cell {cell.id}", "exec"), names)
    assert names["run"].device == DEVICE
