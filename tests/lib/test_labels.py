"""Labels in every form: taken as int64 labels would be, or refused by name, wherever they enter."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lib import augmentation
from lib.budgets import BUDGETS
from lib.datasets.images import ImageDataset
from lib.labels import class_indices, class_probabilities
from lib.models import MLP
from lib.models.sequences import sequence_loss
from lib.regularization import multiclass_svm_loss
from lib.runtime import Run
from lib.training import SGD, Part, Trial, accuracy, cross_entropy, fit, minibatches, run_trial
from lib.training.stacks import evaluate
from lib.widgets import PictureMap
from tests.faults.cases import refused

CLASSES = 3
LABELS = torch.tensor([0, 1, 1, 0, 1, 0])
COUNT = len(LABELS)
ROWS = functional.one_hot(LABELS, CLASSES)
INTEGERS = (
    torch.int8, torch.uint8, torch.int16, torch.uint16, torch.int32, torch.uint32, torch.int64,
    torch.uint64, torch.bool,
)  # fmt: skip
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
CLASSES_OF = {f"{dtype} classes": LABELS.to(dtype) for dtype in INTEGERS}
COLUMNS = {f"{dtype} column": LABELS.to(dtype)[:, None] for dtype in INTEGERS}
ONE_HOT = {f"{dtype} one-hot": ROWS.to(dtype) for dtype in (*INTEGERS, *FLOATS)}
PROBABILITIES = {"probabilities": ROWS * 0.7 + 0.1}
WRONG = {
    "floats": LABELS.float(),
    "float column": LABELS.double()[:, None],
    "half floats": LABELS.bfloat16(),
    "complex": LABELS.to(torch.complex64),
    "a class too high": LABELS + 2,
    "a class below 0": LABELS - 1,
    "a column too high": LABELS[:, None] + 2,
    "one too few": LABELS[1:],
    "one too many": torch.cat([LABELS, LABELS[:1]]),
    "one for all": LABELS[:1],
    "a row": LABELS[None],
    "two per example": LABELS[:, None].expand(-1, 2),
    "one-hot of two": ROWS[:, :2],
    "one-hot, one too few": ROWS[1:],
    "many-hot": torch.ones_like(ROWS),
    "no class": torch.zeros(COUNT, CLASSES),
    "negative": ROWS * 3.0 - 1,
    "not a number": ROWS * torch.nan,
    "three dimensions": ROWS[None, None],
    "a number": torch.tensor(1),
    "a list": LABELS.tolist(),
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


IMAGES = torch.rand(COUNT, 1, 4, 4, generator=generator())
LOGITS = torch.randn(COUNT, CLASSES, generator=generator())
STACK = torch.randn(2, COUNT, CLASSES, generator=generator(1))
RUN = Run(BUDGETS[0], 0, torch.device("cpu"), 1)


def network(g: torch.Generator) -> nn.Module:
    return nn.Sequential(nn.Flatten(), MLP(16, [4], CLASSES, generator=g))


def mixup(labels: Tensor) -> Tensor:
    return augmentation.mixup(IMAGES, labels, generator(), alpha=1.0, classes=CLASSES)[1]


def blend(rows: Tensor) -> Tensor:
    return augmentation.blend(IMAGES, rows, lam=0.3, partner=torch.arange(COUNT).flip(0))[1]


def losses_of_fit(labels: Tensor, transform=None) -> Tensor:
    net = network(generator())
    batches = minibatches(COUNT, 3, 4, [generator(1)])
    optimizer = SGD(net.parameters(), lr=0.1)
    return fit(net, IMAGES, labels, optimizer=optimizer, batches=batches, transform=transform).loss


def mixed(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    return augmentation.mixup(images, labels, generator(), classes=CLASSES)


def losses_of_trial(labels: Tensor) -> Tensor:
    part = ImageDataset(IMAGES, labels, ("a", "b", "c"))
    outcome = run_trial(Trial(0, 4, batch_size=3, model=network), part, {"part": part}, RUN)
    return torch.tensor([*outcome.history.loss.tolist(), outcome.accuracy["part"]])


def shown(labels: Tensor) -> Tensor:
    names, layouts = ("a", "b", "c"), {"map": torch.rand(COUNT, 2, generator=generator())}
    neighbors = {"space": torch.arange(COUNT)[:, None]}
    return torch.tensor(PictureMap(IMAGES, labels, names, layouts, neighbors).labels)


def of_a_stack(labels: Tensor) -> Tensor:
    net = MLP(16, [4], CLASSES, generator=generator())
    return evaluate(net, Part(IMAGES.flatten(1), labels))


TAKES = CLASSES_OF | COLUMNS | ONE_HOT
DOORS = {
    "class_indices": partial(class_indices, shape=LOGITS.shape),
    "class_indices of a stack": partial(class_indices, shape=STACK.shape),
    "class_probabilities": partial(class_probabilities, shape=LOGITS.shape),
    "cross_entropy": partial(cross_entropy, LOGITS),
    "cross_entropy of a stack": partial(cross_entropy, STACK),
    "multiclass_svm_loss": partial(multiclass_svm_loss, LOGITS),
    "accuracy": partial(accuracy, LOGITS),
    "accuracy of a stack": partial(accuracy, STACK),
    "evaluate": of_a_stack,
    "mixup": mixup,
    "blend": blend,
    "fit": losses_of_fit,
    "fit with mixup": partial(losses_of_fit, transform=mixed),
    "ImageDataset": lambda labels: ImageDataset(IMAGES, labels, ("a", "b", "c")).labels,
    "run_trial": losses_of_trial,
    "PictureMap": shown,
}
MIXES = {
    "class_probabilities", "cross_entropy", "cross_entropy of a stack", "mixup", "blend", "fit",
    "fit with mixup",
}  # fmt: skip
# Forms that are taken although others refuse them: a widget takes lists, and `blend` is not told
# the number of classes.
ALSO = {"PictureMap": {"a list"}, "blend": {"one-hot of two"}}


@pytest.mark.parametrize("form", TAKES)
@pytest.mark.parametrize("door", DOORS)
def test_labels_of_this_form_are_taken_or_refused(door, form):
    if door == "blend" and form not in ONE_HOT:
        with refused(ValueError, match=r"probabilities must be|labels must be"):
            blend(TAKES[form])
        return
    expected = DOORS[door](ROWS if door == "blend" else LABELS)
    half = TAKES[form].dtype in (torch.float16, torch.bfloat16)  # in which mixup's labels stay
    torch.testing.assert_close(
        DOORS[door](TAKES[form]), expected, check_dtype=False, rtol=0, atol=4e-3 if half else 1e-6
    )


@pytest.mark.parametrize("door", DOORS)
def test_probabilities_are_taken_where_they_mean_something(door):
    (labels,) = PROBABILITIES.values()
    if door not in MIXES:
        with refused(ValueError, match="one class each; got probabilities"):
            DOORS[door](labels)
        return
    assert bool(DOORS[door](labels).isfinite().all())


@pytest.mark.parametrize("form", WRONG)
@pytest.mark.parametrize("door", DOORS)
def test_labels_that_mean_nothing_are_refused_by_name(door, form):
    if form in ALSO.get(door, ()):
        assert len(DOORS[door](WRONG[form])) == COUNT
        return
    with refused(TypeError, ValueError, match="labels|classes must be|probabilities must be"):
        DOORS[door](WRONG[form])


WORDS = torch.tensor([[3, 2, 0], [1, 4, 2]])
OF_WORDS = torch.randn(2, 3, 5, generator=generator())


@pytest.mark.parametrize("dtype", [dtype for dtype in INTEGERS if dtype != torch.bool])
def test_words_may_be_integers_of_any_dtype(dtype):
    expected = functional.cross_entropy(OF_WORDS.flatten(0, 1), WORDS.flatten(), ignore_index=0)
    assert torch.equal(sequence_loss(OF_WORDS, WORDS.to(dtype)), expected)


@pytest.mark.parametrize(
    "words", [WORDS.float(), WORDS + 1, WORDS - 1, WORDS[:1], WORDS[..., None]]
)
def test_what_are_no_words_is_refused_by_name(words):
    with refused(TypeError, ValueError, match=r"labels|classes must be|logits must be"):
        sequence_loss(OF_WORDS, words)
