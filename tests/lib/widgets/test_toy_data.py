"""The playground's points: as promised, and made for learning."""

import numpy as np
import pytest

from tests.lib.widgets.javascript import run_js

CODE = 'import { drawPoints, PROBLEMS } from "./toy_data.js";'
CLASSES = {"circles": 2, "moons": 2, "xor": 2, "spirals": 2, "blobs": 3, "arms": 3}
LINEAR = {"blobs"}
BODY = """
const { points, labels } = drawPoints(problem, count, noise, seed);
return { points: [...points], labels: [...labels] };
"""


def draw(problem: str, *, count: int = 120, noise: float = 0.0, seed: int = 1):
    """Points (count, 2) and labels (count,)."""
    drawn = run_js(CODE, BODY, problem=problem, count=count, noise=noise, seed=seed)
    return np.array(drawn["points"]).reshape(-1, 2), np.array(drawn["labels"])


def nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The index of each point's nearest among others."""
    return ((points[:, None] - others) ** 2).sum(-1).argmin(1)


def linear_accuracy(points: np.ndarray, labels: np.ndarray) -> float:
    """The share that least squares on the coordinates gets right."""
    inputs = np.column_stack([points, np.ones(len(points))])
    targets = np.eye(labels.max() + 1)[labels]
    weights = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    return ((inputs @ weights).argmax(1) == labels).mean()


def test_every_problem_is_tested():
    assert set(run_js(CODE, "return Object.keys(PROBLEMS);")) == set(CLASSES)


@pytest.mark.parametrize(("problem", "classes"), CLASSES.items())
def test_classes_are_equally_many_in_view_and_can_be_told_apart(problem, classes):
    points, labels = draw(problem)
    assert np.bincount(labels).tolist() == [120 // classes] * classes
    assert np.abs(points).max() < 3
    others, truth = draw(problem, seed=2)
    assert (truth[nearest(points, others)] == labels).mean() > 0.97


@pytest.mark.parametrize("problem", CLASSES)
def test_a_line_tells_only_the_blobs_apart(problem):
    accuracy = linear_accuracy(*draw(problem, noise=0.1))
    assert (accuracy > 0.97) == (problem in LINEAR)


def test_a_seed_repeats_its_points_and_another_draws_others():
    once, again, other = draw("moons"), draw("moons"), draw("moons", seed=2)
    np.testing.assert_array_equal(once[0], again[0])
    assert (once[0] != other[0]).any()


def test_noise_moves_points_by_its_standard_deviation():
    clean, _ = draw("blobs", count=3000)
    noisy, _ = draw("blobs", count=3000, noise=0.3)
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.05)
    assert (noisy - clean).mean() == pytest.approx(0, abs=0.02)
