"""Methods of `lib` give on an accelerator without float64 what they give on the CPU."""

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from lib import activations, alignment, attention, checks, initialization, runtime
from lib import augmentation as a
from lib import preprocessing as p
from lib import regularization as r
from lib import training as t
from lib import visualization as v
from lib.datasets.digits import load_digits
from lib.datasets.images import ImageDataset, train_validation_split
from lib.datasets.scenes import load_scenes
from lib.datasets.translation import load_translation
from lib.models import MLP, ConvNet, sequences, stack
from lib.models.captioner import Captioner
from lib.models.decoding import beam_search, greedy
from lib.models.seq2seq import Seq2Seq
from lib.training.stacks import Part, evaluate
from lib.visualization import objectives, parametrizations, regularizers, transforms
from tests.devices.accelerator import DEVICE
from tests.faults.methods import (
    CHANNELS,
    CLASSES,
    LAYER,
    SEEING,
    SYNTHESES,
    generator,
    make_images,
    make_model,
    random_rows,
)

HERE = torch.device("cpu")
TRANSFORMS = {
    "jitter": transforms.jitter(2), "scale": transforms.scale(0.9, 1.1), "pad": transforms.pad(2),
    "rotate": transforms.rotate(9), "blur": transforms.blur(1.0),
}  # fmt: skip
REGULARIZERS = {
    "blur_every": regularizers.blur_every(1, sigma=1.0),
    "clip_small_contribution": regularizers.clip_small_contribution(10),
    "clip_small_norm": regularizers.clip_small_norm(10),
    "decay": regularizers.decay(0.1),
}


def labels_on(device):
    return (torch.arange(6) % CLASSES).to(device)


def train_few(device, *, copies=1, optimizer=None):
    """The losses and weights of two updates."""
    model = stack([MLP(5, [4], CLASSES, generator=generator(s)) for s in range(copies)]).to(device)
    points, labels = random_rows(6, 5).to(device), labels_on(device)
    history = t.fit(
        model, points, labels,
        optimizer=(optimizer or t.SGD)(model.parameters(), lr=0.1),
        batches=t.minibatches(6, 3, 2, [generator(s) for s in range(copies)]),
    )  # fmt: skip
    return history.loss, *model.parameters(), evaluate(model, Part(points, labels))


def run_trial(device):
    run = runtime.Run("quick", seed=0, device=device, threads=1)
    data = ImageDataset(make_images(6), labels_on(HERE), tuple("abcd"))
    (outcome,) = t.run_trials([t.Trial(0, 2, batch_size=3)], data, {"test": data}, run=run)
    return outcome.history.loss, torch.tensor(outcome.accuracy["test"])


def translate(device, search=None):
    data = load_translation("test", 5, generator=generator(), device=device)
    words = (int(part.max()) + 1 for part in (data.source, data.target))
    model = Seq2Seq(*words, width=8, generator=generator()).to(device)
    if search is not None:
        return search(model, model.encode(data.source), longest=6)
    inputs, targets = sequences.teacher_forcing(data.source, data.target)
    loss = sequences.sequence_loss(model(inputs), targets)
    return loss, torch.autograd.grad(loss.sum(), list(model.parameters()))


def caption(device):
    model = Captioner(9, CHANNELS, 3, 3, width=8, generator=generator()).to(device)
    words = torch.tensor([[4, 5, 2], [6, 2, 0]]).to(device)
    grid = make_images(2, height=3, width=3).to(device)
    return model((grid, sequences.shift(words))), greedy(model, model.encode(grid), longest=4)


def explore_maps(device):
    maps, others = (make_images(5)[:, c].to(device) for c in (0, 1))
    inside = maps > 0.5
    return (
        v.energy_inside(maps, inside), v.pointing_game(maps, inside, tolerance=1),
        v.rank_correlation(maps, others),
    )  # fmt: skip


def explore_vectors(device, metric="cosine"):
    rows = random_rows(9, 4).to(device)
    return v.nearest_neighbors(rows, rows, 3, metric=metric, exclude_self=True)


def whiten(device):
    images = make_images(9, height=3, width=4).to(device)
    components = p.fit_principal_components(images)
    layers = (
        p.decorrelation(components, keep=2), p.pca_whitening(components, epsilon=0.1),
        p.zca_whitening(components, epsilon=0.1),
    )  # fmt: skip
    return [(layer(images), layer.inverse(layer(images))) for layer in layers]


def standardize(device):
    images = make_images().to(device)
    fits = p.fit_mean_image, p.fit_channel_mean, p.fit_standardization
    return [(layer(images), layer.mean) for layer in (fit(images) for fit in fits)]


def attend(device):
    score = attention.AdditiveAttention(4, 4, 5, generator=generator()).to(device)
    query, keys = random_rows(2, 4).to(device), random_rows(6, 4).view(2, 3, 4).to(device)
    return score(query, keys, keys, (keys > 0.2).all(dim=-1))


def align(device):
    weights = make_images(2, height=5, width=6)[:, 0].to(device)
    links = alignment.strongest_links(weights, torch.ones(2, 5, dtype=torch.bool, device=device))
    return links, torch.tensor(alignment.alignment_error_rate(links, weights > 0.1))


def parametrize(device):
    drawn = parametrizations.fourier_noise(2, CHANNELS, 8, 8, generator=generator())
    drawn = parametrizations.moved(drawn, device)
    images = make_images().to(device)
    made = [f(images) for f in (parametrizations.bounded_pixels, parametrizations.fourier)]
    return drawn.images(), [parametrization.images() for parametrization in made]


def lose(device):
    weights = [random_rows(3, 4).to(device), random_rows(2, 2).to(device)]
    scores, labels = random_rows(6, CLASSES).to(device), labels_on(device)
    return (
        r.multiclass_svm_loss(scores, labels), r.l1_penalty(weights), r.l2_penalty(weights),
        r.elastic_net_penalty(weights, beta=0.5), t.cross_entropy(scores, labels),
        t.accuracy(scores, labels), r.average_logits(scores[None]),
        r.average_probabilities(scores[None]),
    )  # fmt: skip


def drop(device):
    x, weight = random_rows(6, 4).to(device), random_rows(3, 4).to(device)
    return (
        r.dropout(x, p=0.5, generator=generator()),
        r.drop_connect(x, weight, None, p=0.5, generator=generator()),
        r.stochastic_depth(x, 2 * x, survival=0.5, generator=generator()),
    )


def run_network(device):
    model = ConvNet(
        CHANNELS, CLASSES, width=4, hidden=8, batch_norm=True, dropout=0.2, drop_connect=0.2,
        generator=generator(),
    ).to(device)  # fmt: skip
    images = make_images(height=16, width=16).to(device)
    loss = t.cross_entropy(model(images), labels_on(device)[:3])
    return loss, torch.autograd.grad(loss, list(model.parameters())), t.predict(model, images)


def activate(device):
    x = random_rows(6, 4).to(device) - 0.5
    return [
        (each.function(x), each.derivative(x), activations.dead_fraction(x, each))
        for each in activations.ACTIVATIONS.values()
    ]


def initialize(device):
    return list(initialization.initialize_(make_model(), generator()).to(device).parameters())


def load(device):
    scenes = load_scenes(3, generator=generator(), size=16, device=device)
    parts = load_digits(generator=generator(), device=device)
    parts = train_validation_split(parts, validation=9, generator=generator())
    return scenes.images, scenes.labels, scenes.masks, [part.images for part in parts]


def objectives_of(device):
    model, images = make_model().to(device), make_images().to(device)
    wanted = objectives.channel_mean(LAYER, 1) + 0.1 * objectives.total_variation()
    return objectives.scores(model, images, wanted)


def check_answer(device):
    checks.expect_close(random_rows(2, 3).to(device), random_rows(2, 3))
    return torch.zeros(1)


CALLS = {
    "activations": activate, "align": align, "attend": attend, "caption": caption,
    "check": check_answer, "drop": drop, "initialize": initialize, "load": load, "lose": lose,
    "network": run_network, "objectives": objectives_of, "parametrize": parametrize,
    "scores of maps": explore_maps, "standardize": standardize, "trial": run_trial,
    "whiten": whiten, "translate": translate,
    "translate greedily": lambda device: translate(device, greedy),
    "translate with beams": lambda device: translate(device, beam_search),
    "neighbors, cosine": explore_vectors,
    "neighbors, euclidean": lambda device: explore_vectors(device, "euclidean"),
    "train": train_few, "train many": lambda device: train_few(device, copies=2),
    "train with Adam": lambda device: train_few(device, optimizer=torch.optim.Adam),
    "principal components": lambda d: v.principal_components(random_rows(9, 4).to(d)),
    "t-SNE": lambda d: v.tsne_layout(
        random_rows(9, 4).to(d), perplexity=3, generator=generator(), steps=250
    ),
    "grid": lambda d: v.grid_layout(random_rows(9, 2).to(d)),
    "roughness": lambda d: v.roughness(v.first_layer_filters(make_model().to(d))),
    "shuffled layers": lambda d: list(
        v.randomize_layers(make_model().to(d), [LAYER], generator=generator()).parameters()
    ),
    "crops": lambda d: a.crop_probabilities(
        make_model().to(d), a.multi_scale_crops(make_images().to(d), scales=(9, 12), size=8)
    ),
    "affine matrix": lambda d: a.affine_matrix(make_images().to(d), angle=20.0),
}  # fmt: skip
CALLS |= {
    f"transform: {name}": lambda d, f=f: f(make_images().to(d), generator())
    for name, f in TRANSFORMS.items()
}
CALLS |= {
    f"regularizer: {name}": lambda d, f=f: f(make_images().to(d), make_images().to(d), 0)
    for name, f in REGULARIZERS.items()
}
CALLS |= {
    name: lambda d, call=method.call: call(make_model().to(d), make_images().to(d))
    for name, method in (SEEING | SYNTHESES).items()
}


def tensors(result):
    return [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]


@pytest.mark.parametrize("name", CALLS)
def test_an_accelerator_without_float64_gives_the_same(name):
    expected, found = tensors(CALLS[name](HERE)), tensors(CALLS[name](DEVICE))
    assert expected and len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.cpu(), theirs)
