"""An answer in another process behaves as a function of this one would, and can do no more."""

import json
import math
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from chapters.hyperparameters.recipe import Setup, train_setup
from chapters.hyperparameters.ward import healthy
from lib.runtime import Run
from tools.grading.sandbox import RUNNER
from tools.grading.trials.frames import MalformedError
from tools.grading.trials.judge import Sandbox
from tools.grading.trials.values import Decoder, read_json

CHAPTER = "import torch\nfrom torch import nn\nimport numpy as np\n"


@pytest.fixture(scope="module")
def sandbox():
    made = Sandbox(RUNNER, forever=True)
    yield made
    made.stop()


@pytest.fixture
def answer(sandbox):
    """A function that runs a cell in a new process, and returns its names."""
    opened = []

    def close():
        for context in opened:
            context.__exit__(None, None, None)
        opened.clear()

    def run(source, seconds=20):
        close()
        context = sandbox.answers(CHAPTER, seconds)
        answers = context.__enter__()
        opened.append(context)
        assert answers.run(source, seconds) == ""
        return answers

    yield run
    close()


def same(got, expected):
    """Whether two values are alike, with their types and those of their parts."""
    if isinstance(expected, torch.Tensor | np.ndarray):
        return type(got) is type(expected) and got.dtype == expected.dtype and (
            got.shape == expected.shape and bool((got == expected).all())
        )  # fmt: skip
    if isinstance(expected, list | tuple):
        return type(got) is type(expected) and all(map(same, got, expected))
    return type(got) is type(expected) and (
        got == expected or (got != got and expected != expected)
    )


@pytest.mark.parametrize(
    "source",
    [
        "None", "True", "7", "-(10**400)", "0.1", "math.nan", "-math.inf", "1e-320", "'ü\\ud800'",
        "[1, (2.0, 'three'), []]", "{'a': [1], 2: None}", "{1, 2}", "frozenset({3})",
        "torch.arange(6).view(2, 3)", "torch.zeros(0, 3)",
        "torch.tensor(2.5, dtype=torch.bfloat16)",
        "torch.tensor([1 + 2j]).conj()", "torch.tensor([True, False])", "torch.ones(3, 4).T[1:]",
        "np.arange(4.0)[::2]", "np.float32(0.5)", "np.array(3)",
    ],
)  # fmt: skip
def test_plain_values_come_back_as_they_are(answer, source):
    f = answer(f"import math\ndef f():\n    return {source}")["f"]
    assert same(f(), eval(source, {"math": math, "torch": torch, "np": np}))


def test_what_is_no_plain_value_is_told_by_its_type_alone(answer):
    made = answer("class Sure(float): pass\nclass Odd: pass\ndef f(): return Sure(1), Odd()")["f"]()
    assert made[0] == 1.0 and type(made[0]) is float
    assert type(made[1]).__name__ == "Odd"
    with pytest.raises(KeyError):
        answer("x = 1")["f"]


def test_arguments_arrive_also_functions_iterators_and_networks(answer):
    f = answer("def f(g, items, net, x): return g(x), list(items), net(x), next(items, None)")["f"]
    network, x = nn.Linear(2, 3), torch.ones(1, 2)
    doubled, items, mapped, rest = f(lambda v: 2 * v, (n * n for n in range(3)), network, x)
    assert torch.equal(doubled, 2 * x) and items == [0, 1, 4] and rest is None
    assert torch.equal(mapped, network(x)) and mapped.requires_grad


def test_changes_in_place_come_back(answer):
    f = answer("""
def f(x, values, table, array, generator, net):
    x.zero_(); values.append(4); table["b"] = 2; array[0] = 9
    net.train(); net.weight.grad = torch.ones_like(net.weight); net.bias.data.fill_(5)
    return torch.rand(2, generator=generator), values
""")["f"]
    x, values, table, array = torch.ones(3), [1], {"a": 1}, np.zeros(2)
    generator, network = torch.Generator().manual_seed(3), nn.Linear(2, 2).eval()
    drawn, returned = f(x, values, table, array, generator, network)
    assert not x.any() and values == [1, 4] == returned
    assert table == {"a": 1, "b": 2} and array[0] == 9
    assert network.training and bool((network.weight.grad == 1).all())
    assert bool((network.bias == 5).all())
    other = torch.Generator().manual_seed(3)
    assert torch.equal(drawn, torch.rand(2, generator=other))
    assert torch.equal(generator.get_state(), other.get_state())


def test_gradients_flow_through_a_call(answer):
    f = answer("def f(x, w): return (x @ w).tanh(), x.sum().item(), (x @ w).detach()")["f"]
    x, w = torch.randn(3, 4, requires_grad=True), torch.randn(4, 2, dtype=torch.float32)
    y, total, plain = f(2 * x, w)
    assert total == pytest.approx(2 * float(x.detach().sum()), abs=1e-5)
    assert y.requires_grad and not plain.requires_grad
    (slope,) = torch.autograd.grad((y**2).sum(), x)
    (expected,) = torch.autograd.grad(((2 * x @ w).tanh() ** 2).sum(), x)
    assert torch.allclose(slope, expected, atol=1e-6)
    with torch.no_grad():
        assert not f(x, w)[0].requires_grad


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("raise NotImplementedError", NotImplementedError, "^$"),
        ("raise ValueError('k = 0')", ValueError, "k = 0"),
        ("raise Own('mine')", ValueError, "mine"),
        ("return torch.ones(2) @ torch.ones(3)", RuntimeError, "size"),
        ("raise SystemExit", AssertionError, "it raised SystemExit"),
        ("assert False, 'why'", AssertionError, "why"),
        ("b'\\xff'.decode()", AssertionError, "UnicodeDecodeError"),
    ],
)
def test_what_an_answer_raises_is_raised_here(answer, source, kind, message):
    f = answer(f"class Own(ValueError): pass\ndef f():\n    {source}")["f"]
    with pytest.raises(kind, match=message) as caught:
        f()
    if "Own" in source:
        assert type(caught.value).__name__ == "Own"


def test_networks_and_optimizers_that_an_answer_makes_can_be_trained(answer):
    answers = answer("""
def model(generator):
    torch.manual_seed(generator.initial_seed())
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(),
                         nn.Dropout(0.1), nn.Linear(16, 10))
def optimizer(model, lr): return torch.optim.Adam(list(model.parameters()), lr=lr / 10)
def frozen(model, lr): return torch.optim.SGD([model[1].weight], lr=lr)
def cured(setup): return setup.lr, replace(setup, make_model=model, make_optimizer=optimizer)
from dataclasses import replace
""")
    setup = healthy(Run("quick", 0, torch.device("cpu"), 1))
    rate, cured = answers["cured"](setup)
    assert rate == setup.lr and isinstance(cured, Setup)
    assert cured.train is setup.train and cured.make_model is not setup.make_model
    before = [p.detach().clone() for p in cured.model().parameters()]
    network, history = train_setup(cured, steps=60)
    assert float(history.metrics["validation"][-1]) > 60
    assert not any(map(torch.equal, before, network.parameters()))
    partly = train_setup(
        Setup(cured.make_model, answers["frozen"], setup.train, setup.validation, setup.run),
        steps=2,
    )[0]
    moved = [not torch.equal(a, b) for a, b in zip(before, partly.parameters(), strict=True)]
    assert moved == [True, False, False, False, False, False]


def test_a_process_that_ends_or_is_late_answers_no_more(answer):
    answers = answer("import os, time\ndef f(): os._exit(3)\ndef g(): time.sleep(60)")
    for _ in range(2):
        with pytest.raises(AssertionError, match="its process has ended"):
            answers["f"]()
    late = answer("import time\ndef g(): time.sleep(60)", seconds=20)
    late.extend(0.5)
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(AssertionError, match=r"took longer than 0\.5 s"):
            late["g"]()
    assert time.monotonic() - started < 10


FORGED = {
    "garbage": "return channel().sendall(b'x' * 99)",
    "too long": "return channel().sendall((1 << 60).to_bytes(8, 'big'))",
    "no object": "return channel().sendall((2).to_bytes(8, 'big') + b'[]')",
    "deep": "x = []\n    for _ in range(9999): x = [x]\n    return x",
    "large": "return 'x' * (80 << 20)",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_reply_that_follows_no_format_is_no_answer(answer, name):
    f = answer(f"""
def channel():
    import gc, socket
    return next(o for o in gc.get_objects() if isinstance(o, socket.socket) and o.fileno() > 2)
def f():
    {FORGED[name]}
""")["f"]
    if name == "deep":
        assert isinstance(f(), list)
    else:
        with pytest.raises((AssertionError, ValueError)):
            f()


@pytest.mark.parametrize(
    "data",
    [
        [], {}, None, ["held"], ["sent", 0], ["sent", -1], ["int", "0x"], ["plain", 3],
        ["float", 1],
        ["tensor", "torch.float32", [2], "AAAA", False], ["tensor", "torch.load", [], "", False],
        ["tensor", "torch.float32", [1 << 40], "AAAA", False], ["array", "|O", [1], "AAAAAAAAAAA="],
        ["fields", "lib.checks", "run_cases", []], ["fields", "os", "stat_result", []],
        ["fields", "lib.checks", "Case", [["name", ["plain", "x"]]]], ["set", [["list", []]]],
    ],
    ids=str,
)  # fmt: skip
def test_data_that_follows_no_format_is_refused(data):
    with pytest.raises(MalformedError):
        Decoder((), lambda _: None).value(data)
    with pytest.raises(MalformedError):
        read_json(json.dumps([data]).encode())


def test_a_tensor_that_lies_about_itself_is_judged_by_its_numbers(answer):
    f = answer("""
class Sure(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True if func is torch.allclose else super().__torch_function__(
            func, types, args, kwargs or {})
def f(x):
    torch.allclose = lambda *a, **k: True
    return torch.full_like(x, 7.0).as_subclass(Sure)
""")["f"]
    got = f(torch.ones(2))
    assert type(got) is torch.Tensor and not torch.allclose(got, torch.ones(2))
    assert functional.relu(got).tolist() == [7.0, 7.0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from fractions import Fraction\ndef f(): return 1 - Fraction(1, 4)", 0.75),
        ("from decimal import Decimal\ndef f(): return Decimal('0.5')", 0.5),
        ("from collections import deque\ndef f(): return deque([1.0, 2.0])", [1.0, 2.0]),
        ("def f(): return {'a': 1, 'b': 2}.values()", [1, 2]),
        ("def f(): return range(3)", [0, 1, 2]),
        ("from enum import Enum\nCue = Enum('Cue', {'mark': 'mark'}, type=str)\n"
         "def f(): return Cue.mark", "mark"),
        ("def square(x): return x * x\ndef f():\n    import multiprocessing\n"
         "    with multiprocessing.Pool(1) as pool: return pool.map(square, [3])", [9]),
        ("@torch.jit.script\ndef g(x: torch.Tensor):\n    return 2 * x\n"
         "def f(): return g(torch.ones(1)).item()", 2.0),
        ("import inspect\ndef f(): return inspect.getsource(f)[:7]", "def f()"),
        ("import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n"
         "def f(): return dataclasses.astuple(P(2))", (2,)),
    ],
)  # fmt: skip
def test_what_a_notebook_can_do_an_answer_can_do(answer, source, expected):
    assert same(answer(source)["f"](), expected)


def test_an_array_of_another_library_arrives_as_numbers(answer):
    f = answer("""
class Column:
    def __array__(self, dtype=None, copy=None): return np.array([1.0, 2.0])
def f(): return Column()
""")["f"]
    assert f().tolist() == [1.0, 2.0]


def test_an_optimizer_of_the_students_own_is_one(answer):
    make = answer("""
class Descent:
    def __init__(self, parameters, lr): self.parameters, self.lr = list(parameters), lr
    def zero_grad(self): ...
    def step(self):
        with torch.no_grad():
            for p in self.parameters: p -= self.lr * p.grad
def make(model, lr): return Descent(model.parameters(), lr)
""")["make"]
    network = nn.Linear(3, 1)
    before = network.weight.detach().clone()
    optimizer = make(network, 0.5)
    optimizer.zero_grad()
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    assert torch.allclose(network.weight, before - 0.5)
