"""The playground's network against torch, in double precision and on the same numbers."""

import itertools
import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.initialization import init_std
from tests.lib.widgets.javascript import run_js

CODE = """import {
  backward, drawMasks, forward, initialize, makeNetwork, makeTrace, measure, update,
} from "./network.js";
import { makeRandom } from "./random.js";"""
ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.1),
    "elu": functional.elu,
    "selu": functional.selu,
}
OUTPUTS = {2: 1, 3: 3}  # classes → logits
COUNT, HIDDEN, STEPS = 9, [5, 4, 3], 50
OPTIONS = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}
TOLERANCE = 1e-9
TRAIN = """
const network = makeNetwork(sizes, activation);
network.parameters.set(parameters);
const trace = makeTrace(network, labels.length);
const seen = { losses: [], accuracies: [] };
for (const factors of masks) {
  forward(network, points, trace, factors);
  const { loss, accuracy } = backward(network, points, labels, trace, factors);
  seen.losses.push(loss);
  seen.accuracies.push(accuracy);
  seen.logits ??= [...trace.logits];
  seen.gradients ??= [...network.gradients];
  update(network, options);
}
return { ...seen, parameters: [...network.parameters] };
"""


def draw_problem(activation: str, classes: int, *, dropout: bool) -> dict:
    """A network's parameters, points, labels and the masks of every step, as plain numbers."""
    generator = torch.Generator().manual_seed(classes)
    sizes = [2, *HIDDEN, OUTPUTS[classes]]
    count = sum((i + 1) * o for i, o in itertools.pairwise(sizes))

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def mask(units: int) -> list[float]:
        kept = torch.rand(COUNT * units, generator=generator) < 0.7
        return (kept.double() / 0.7).tolist()

    return {
        "activation": activation,
        "sizes": sizes,
        "parameters": (0.7 * normal(count)).tolist(),
        "points": (1.5 * normal(COUNT, 2)).flatten().tolist(),
        "labels": torch.randint(classes, (COUNT,), generator=generator).tolist(),
        "masks": [[mask(units) for units in HIDDEN] if dropout else None for _ in range(STEPS)],
        "options": OPTIONS,
    }


def unflatten(numbers: list[float], sizes: list[int]) -> list[Tensor]:
    """The weights and biases, layer by layer, as the JavaScript lays them out."""
    flat, parts = torch.tensor(numbers, dtype=torch.float64), []
    for inputs, outputs in itertools.pairwise(sizes):
        for shape in ((inputs, outputs), (outputs,)):
            size = math.prod(shape)
            parts.append(nn.Parameter(flat[:size].reshape(shape).clone()))
            flat = flat[size:]
    return parts


def logits_of(parameters: list[Tensor], points: Tensor, masks: list | None, activation: str):
    h = points
    for layer in range(len(HIDDEN)):
        h = ACTIVATIONS[activation](h @ parameters[2 * layer] + parameters[2 * layer + 1])
        if masks:
            h = h * torch.tensor(masks[layer], dtype=torch.float64).reshape(h.shape)
    return h @ parameters[-2] + parameters[-1]


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(logits[:, 0], labels.double())
    return functional.cross_entropy(logits, labels)


def train_in_torch(problem: dict) -> dict:
    """What the JavaScript is to find."""
    parameters = unflatten(problem["parameters"], problem["sizes"])
    points = torch.tensor(problem["points"], dtype=torch.float64).reshape(COUNT, 2)
    labels = torch.tensor(problem["labels"])
    optimizer = torch.optim.SGD(parameters, **problem["options"])
    seen: dict = {"losses": [], "accuracies": []}
    for masks in problem["masks"]:
        logits = logits_of(parameters, points, masks, problem["activation"])
        loss = loss_of(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        right = (logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)) == labels
        seen["losses"].append(loss.item())
        seen["accuracies"].append(right.double().mean().item())
        seen.setdefault("logits", logits.flatten().tolist())
        gradients = [p.grad.flatten() for p in parameters]
        seen.setdefault("gradients", torch.cat(gradients).tolist())
        optimizer.step()
    return seen | {"parameters": torch.cat([p.flatten() for p in parameters]).tolist()}


@pytest.mark.parametrize("dropout", [False, True], ids=["no dropout", "dropout"])
@pytest.mark.parametrize("classes", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_logits_gradients_and_50_updates_are_those_of_torch(activation, classes, dropout):
    problem = draw_problem(activation, classes, dropout=dropout)
    found, expected = run_js(CODE, TRAIN, **problem), train_in_torch(problem)
    assert found["losses"][-1] < found["losses"][0]  # there was something to learn
    assert sum(gradient != 0 for gradient in expected["gradients"]) > 20
    for name in ("logits", "gradients", "losses", "accuracies", "parameters"):
        gaps = torch.tensor(found[name]).double() - torch.tensor(expected[name]).double()
        assert len(found[name]) == len(expected[name])
        assert gaps.abs().max() < TOLERANCE, name


def test_the_tolerance_would_notice_a_wrong_option():
    problem = draw_problem("tanh", 2, dropout=False)
    expected = train_in_torch(problem)["parameters"]
    for name in OPTIONS:
        slightly = OPTIONS | {name: OPTIONS[name] * (1 + 1e-6)}
        found = run_js(CODE, TRAIN, **problem | {"options": slightly})["parameters"]
        assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) > TOLERANCE


@pytest.mark.parametrize("init", ["small", "glorot", "he", "large"])
def test_weights_have_the_standard_deviation_of_their_initialization(init):
    body = """
    const network = makeNetwork([2, 300, 200, 3], "relu");
    initialize(network, init, makeRandom(5));
    return network.layers.map(({ weights, biases }) => [[...weights], [...biases]]);
    """
    layers = run_js(CODE, body, init=init)
    for (weights, biases), fans in zip(layers, [(2, 300), (300, 200), (200, 3)], strict=True):
        expected = 4 * init_std("he", *fans) if init == "large" else init_std(init, *fans)
        drawn = torch.tensor(weights, dtype=torch.float64)
        slack = 5 / math.sqrt(len(weights))
        assert drawn.mean().abs() < slack * expected
        assert drawn.std() == pytest.approx(expected, rel=slack)
        assert not any(biases)


def test_random_numbers_repeat_with_their_seed_and_have_the_right_moments():
    body = """
    const draw = (seed, kind) => Array.from({ length: 20000 }, makeRandom(seed)[kind]);
    return { uniform: draw(3, "uniform"), normal: draw(3, "normal"),
             again: draw(3, "normal"), other: draw(4, "normal") };
    """
    drawn = run_js(CODE, body)
    assert drawn["normal"] == drawn["again"] != drawn["other"]
    names = ("uniform", "normal", "other")
    uniform, normal, other = (torch.tensor(drawn[name], dtype=torch.float64) for name in names)
    assert uniform.min() >= 0 and uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.01)
    assert uniform.var() == pytest.approx(1 / 12, rel=0.03)
    assert normal.mean() == pytest.approx(0, abs=0.03)
    assert normal.var() == pytest.approx(1, rel=0.05)
    assert (normal**4).mean() == pytest.approx(3, rel=0.1)
    assert torch.corrcoef(torch.stack([normal, other]))[0, 1].abs() < 0.03
    assert torch.corrcoef(torch.stack([normal[1:], normal[:-1]]))[0, 1].abs() < 0.03


def test_dropout_keeps_the_mean():
    body = """
    const network = makeNetwork([2, 40, 50, 1], "relu");
    return drawMasks(network, 100, 0.2, makeRandom(1)).map((mask) => [...mask]);
    """
    masks = run_js(CODE, body)
    assert [len(mask) for mask in masks] == [4000, 5000]
    for mask in map(torch.tensor, masks):
        assert set(mask.tolist()) == {0.0, 1.25}
        assert mask.double().mean() == pytest.approx(1, abs=0.04)


def test_logits_of_any_size_have_a_finite_loss():
    body = """
    const network = makeNetwork([1, outputs], "relu");
    network.parameters.set([1, ...Array(2 * outputs - 1).fill(0)]);
    const trace = makeTrace(network, 4);
    forward(network, [900, -900, 900, -900], trace);
    return measure(network, [0, 0, 1, 1], trace);
    """
    one = run_js(CODE, body, outputs=1)
    assert one == {"loss": 450, "accuracy": 0.5}
    several = run_js(CODE, body, outputs=3)
    assert several["loss"] == pytest.approx((900 + math.log(2) + 900) / 4, rel=1e-3)


def test_a_network_that_answers_the_same_everywhere_is_right_on_one_class_only():
    body = """
    const network = makeNetwork([2, outputs], "relu");
    const trace = makeTrace(network, 6);
    forward(network, Array(12).fill(1), trace);
    return measure(network, [0, 1, 0, 1, 0, 1], trace).accuracy;
    """
    assert run_js(CODE, body, outputs=1) == 0.5
    assert run_js(CODE, body, outputs=3) == 0.5
