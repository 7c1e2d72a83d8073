"""Functions of `lib` keep the precision of their input, and give the same in every mode of torch.

Augmentation and visualization have tests of their own.
"""

import functools

import pytest
import torch
from torch import Tensor

from lib import preprocessing as p
from lib import regularization as r
from lib.activations import ACTIVATIONS, dead_fraction
from lib.alignment import strongest_links
from lib.attention import AdditiveAttention, additive_attention
from lib.initialization import initialize_
from lib.models import MLP, ConvNet
from lib.models.captioner import Captioner
from lib.models.decoding import beam_search, greedy
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss
from lib.pca import principal_directions
from lib.training import accuracy, cross_entropy, predict
from lib.training.stacks import Part, evaluate


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(*shape, seed=0):
    """Numbers from 0 to 1 in float64, which float32 cannot hold."""
    return torch.rand(shape, generator=seeded(seed), dtype=torch.float64)


LABELS = torch.tensor([0, 2, 1, 2])
IMAGES, ROWS = draw(4, 3, 16, 16), 4 * draw(4, 6) - 2
SOURCE = torch.tensor([[4, 5, 2], [6, 2, 0]])


def made(network, dtype):
    """A network without noise in this dtype."""
    return network.eval().to(dtype)


def fitted(fit, *, of=lambda layer, x: layer(x)):
    return lambda x: of(fit(x), x)


def whitened(x, kind=p.pca_whitening, **options):
    return kind(p.fit_principal_components(x), **options)


def written(search, x):
    model = made(Captioner(7, 3, 16, 16, width=6, generator=seeded()), x.dtype)
    return search(model, model.encode(x), longest=4).log_p


def translated(x):
    model = made(Seq2Seq(8, 8, width=6, generator=seeded()), x.dtype)
    return model((SOURCE, SOURCE)) + 0 * x[0, 0]


IMAGE_FUNCTIONS = {
    "mean image": fitted(p.fit_mean_image),
    "channel mean": fitted(p.fit_channel_mean),
    "standardization": fitted(p.fit_standardization),
    "standardization, inverse": fitted(p.fit_standardization, of=lambda layer, x: layer.inverse(x)),
    "decorrelation": fitted(functools.partial(whitened, kind=p.decorrelation)),
    "pca": fitted(functools.partial(whitened, epsilon=0.01)),
    "zca": fitted(functools.partial(whitened, kind=p.zca_whitening, epsilon=0.01)),
    "zca, inverse": fitted(
        functools.partial(whitened, kind=p.zca_whitening, epsilon=0.01),
        of=lambda layer, x: layer.inverse(x),
    ),
    "batch_norm": lambda x: r.batch_norm(x, x[0, :, 0, 0], x[1, :, 0, 0])[0],
    "batch_norm_inference": lambda x: r.batch_norm_inference(x, *x[:4, :, 0, 0]),
    "dropout": lambda x: r.dropout(x, p=0.5, generator=seeded()),
    "stochastic_depth": lambda x: r.stochastic_depth(x, 2 * x, survival=0.7, generator=seeded()),
    "fractional_max_pool2d": lambda x: r.fractional_max_pool2d(
        x, output_size=11, generator=seeded()
    ),
}
ROW_FUNCTIONS = {
    **{name: activation.function for name, activation in ACTIVATIONS.items()},
    **{f"{name}, derivative": a.derivative for name, a in ACTIVATIONS.items()},
    "average_probabilities": lambda x: r.average_probabilities(x[None]),
    "average_logits": lambda x: r.average_logits(x[None]),
    "multiclass_svm_loss": lambda x: r.multiclass_svm_loss(x, LABELS),
    "cross_entropy": lambda x: cross_entropy(x, LABELS),
    "cross_entropy of probabilities": lambda x: cross_entropy(x, x.softmax(1)),
    "sequence_loss": lambda x: sequence_loss(x[None], LABELS[None]),
    "accuracy": lambda x: accuracy(x[:3], LABELS[:3]),
    "dead_fraction": lambda x: dead_fraction(x[:3], ACTIVATIONS["relu"]),
    "l2_penalty": lambda x: r.l2_penalty([x]),
    "l1_penalty": lambda x: r.l1_penalty([x]),
    "elastic_net_penalty": lambda x: r.elastic_net_penalty([x], beta=0.3),
    "elastic_net_penalty_mixing": lambda x: r.elastic_net_penalty_mixing([x], l1_ratio=0.3),
    "strongest_links": lambda x: strongest_links(x, x[:, 0] > -9).to(x),
}
# Those that multiply matrices, which autocast does in half precision.
PRODUCTS = {
    "drop_connect": lambda x: r.drop_connect(x, x, None, p=0.3, generator=seeded()),
    "additive_attention": lambda x: additive_attention(
        x, x[:, None] - x, x[:, None] + x, None, score=x[0]
    )[0],
    "AdditiveAttention": lambda x: made(AdditiveAttention(6, 6, 4, generator=seeded()), x.dtype)(
        x, x[:, None].expand(-1, 3, -1), x[:, None].expand(-1, 3, -1)
    )[0],
    "MLP": lambda x: predict(made(MLP(6, [5], 3, generator=seeded()), x.dtype), x),
    "evaluate": lambda x: evaluate(
        made(MLP(6, [5], 3, generator=seeded()), x.dtype), Part(x[:3], LABELS[:3])
    ),
    "ConvNet": lambda x: predict(
        initialize_(made(ConvNet(3, 4, generator=seeded()), IMAGES.dtype), seeded()).to(x.dtype),
        IMAGES.to(x.dtype),
    ),
    "Seq2Seq": translated,
    "greedy": lambda x: written(greedy, IMAGES.to(x.dtype)),
    "beam_search": lambda x: written(beam_search, IMAGES.to(x.dtype)),
}
EXACT = {name: (call, IMAGES) for name, call in IMAGE_FUNCTIONS.items()}
EXACT |= {name: (call, ROWS) for name, call in ROW_FUNCTIONS.items()}
ALL = EXACT | {name: (call, ROWS) for name, call in PRODUCTS.items()}


@pytest.mark.parametrize("name", ALL)
def test_float64_stays_float64(name):
    """The result has more digits than any that passed through float32."""
    call, x = ALL[name]
    wide, narrow = call(x), call(x.float())
    assert (wide.dtype, narrow.dtype) == (torch.float64, torch.float32)
    torch.testing.assert_close(narrow.double(), wide, atol=1e-3, rtol=1e-3)
    whole = {"accuracy", "dead_fraction", "evaluate", "strongest_links"}
    if name not in whole and "derivative" not in name:  # of which some are whole, too
        assert not torch.equal(wide, wide.float().double()), "it passed through float32"


@pytest.mark.parametrize("name", [*IMAGE_FUNCTIONS, *ROW_FUNCTIONS])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_gives_about_the_same(name, dtype):
    call, x = EXACT[name]
    found, expected = call(x.to(dtype)), call(x.to(dtype).float())
    assert found.dtype in (dtype, torch.float32)
    if "inverse" not in name:  # of few images, whose smallest variances are those of rounding
        torch.testing.assert_close(found.float(), expected, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("name", ALL)
def test_inference_mode_changes_nothing(name):
    call, x = ALL[name]
    with torch.inference_mode():
        made_there = call(x.float().clone())
    assert torch.equal(made_there, call(x.float()))


@pytest.mark.parametrize("name", EXACT)
def test_autocast_changes_nothing_without_products(name):
    call, x = EXACT[name]
    with torch.autocast("cpu", torch.bfloat16):
        cast = call(x.float())
    assert cast.dtype == torch.float32
    assert torch.equal(cast, call(x.float()))


@pytest.mark.parametrize("name", PRODUCTS)
def test_autocast_rounds_products_alone(name):
    call, x = ALL[name]
    with torch.autocast("cpu", torch.bfloat16):
        cast = call(x.float())
    torch.testing.assert_close(cast.float(), call(x.float()), atol=0.1, rtol=0.1)


def test_directions_of_float64_rows_are_those_of_their_covariance():
    rows = draw(50, 4)
    variances, directions = principal_directions(rows, rows.mean(dim=0))
    covariance: Tensor = rows.T.cov(correction=0)
    torch.testing.assert_close(directions @ covariance @ directions.T, variances.diag())
