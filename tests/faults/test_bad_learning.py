"""Networks, attention, training, data: sizes of 0, shapes that do not fit, names nobody knows."""

import math

import pytest
import torch

from chapters.captioning.looks import judge_looks
from lib.activations import dead_fraction, get_activation
from lib.alignment import alignment_error_rate
from lib.attention import additive_attention
from lib.datasets.color_images import load_color_images
from lib.datasets.images import ImageDataset, train_validation_split
from lib.datasets.photos import load_photo, photo_patches
from lib.models import MLP, ConvNet, stack
from lib.sentences import bleu
from lib.training import SGD, fit, minibatches
from tests.faults.cases import refused, sampled
from tests.faults.methods import generator, make_images, make_model

M, X, G, NAN = make_model, make_images, generator, math.nan
ONES, LINKS = torch.ones(3), torch.eye(3) > 0
THREE = ImageDataset(X(), torch.arange(3), ("a", "b", "c"))


def attend(hidden=4, positions=3, mask=None):
    keys = torch.zeros(2, positions, 4)
    return additive_attention(torch.zeros(2, hidden), keys, keys, mask, score=torch.zeros(4))


FAULTS = {
    "additive_attention": (lambda n: attend(hidden=n), [3, 5]),
    "additive_attention positions": (lambda n: attend(positions=n), [0]),
    "additive_attention mask": (
        lambda m: attend(mask=m),
        [torch.ones(2, 3), torch.zeros(2, 3) > 0, torch.ones(2, 4) > 0],
    ),
    "alignment_error_rate": (lambda t: alignment_error_rate(LINKS, t), [LINKS.float(), LINKS[:2]]),
    "bleu": (lambda said: bleu(said, [["a"]]), [[], ["a", "b"]]),
    "bleu references": (lambda known: bleu(["a"], known), [[[]], ["a"]]),
    "judge_looks": (
        lambda n: judge_looks(
            torch.full((1, 2, 4), 0.25), torch.zeros(1, 2).long(), torch.zeros(1, 4, 4), rows=n
        ),
        [3, 0],
    ),
    "get_activation": (get_activation, ["gelu", ""]),
    "dead_fraction": (lambda n: dead_fraction(torch.zeros(n), get_activation("relu")), [3, (0, 3)]),
    "MLP": (lambda n: MLP(n, [2], 2, generator=G()), [0, -1]),
    "MLP init": (lambda n: MLP(2, [2], 2, init=n, generator=G()), ["zeros"]),
    "MLP inputs": (lambda n: MLP(2, [2], 2, generator=G())(torch.zeros(n)), [(3, 3), 2]),
    "stack": (stack, [[]]),
    "ConvNet": (lambda n: ConvNet(n, 2, generator=G()), [0]),
    "ConvNet images": (
        lambda n: ConvNet(3, 2, generator=G())(torch.zeros(n)),
        [(1, 3, 15, 16), (1, 1, 16, 16), (3, 16, 16)],
    ),
    "SGD": (lambda lr: SGD([torch.nn.Parameter(ONES)], lr=lr), [0, -1, NAN]),
    "SGD momentum": (lambda n: SGD([torch.nn.Parameter(ONES)], lr=1, momentum=n), [-0.1, 1, NAN]),
    "minibatches": (lambda n: [*minibatches(5, n, 1, [G()])], [0, 6]),
    "fit": (lambda n: fit(M(), X(), torch.zeros(n), optimizer=None, batches=[]), [2, 4]),
    "photo_patches": (lambda n: photo_patches(n, generator=G()), [0, -1]),
    "photo_patches size": (lambda n: photo_patches(1, size=n, generator=G()), [0, 999]),
    "load_photo": (load_photo, ["lena", ""]),
    "load_color_images": (lambda n: load_color_images(n, "train", 1, generator=G()), ["mnist"]),
    "train_validation_split": (
        lambda n: train_validation_split(THREE, validation=n, generator=G()),
        [0, 3, -1],
    ),
}


@pytest.mark.parametrize("fault", sampled(FAULTS, quick=12))
def test_a_number_outside_its_range_is_refused(fault):
    function, values = FAULTS[fault]
    for value in values:
        with refused(TypeError, ValueError, case=f"{fault}: {value!r}"):
            function(value)
