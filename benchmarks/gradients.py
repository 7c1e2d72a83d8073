"""Gradient-based maps for a batch of images, against captum."""

from collections.abc import Iterator

import torch
from captum import attr
from torch import Tensor

from benchmarks.compare import Comparison
from benchmarks.networks import CLASSES, pictures, plain_network, small_network
from lib.visualization import guided_backprop, integrated_gradients, saliency

TITLE = "Gradients"
PEERS = ("captum",)
ABOUT = (
    "Maps of a batch of 32 pictures of 32 × 32 pixels. Saliency and integrated gradients look at "
    "the residual network that the chapters train; guided backpropagation at a plain network of "
    "two convolutions, since captum changes the rule of ReLUs that are modules alone. Integrated "
    "gradients take 32 steps at the middles of equal parts; captum's default shows the network "
    "all 1024 points at once."
)
LIMIT = (
    "The passes through the network are the same; ours also makes sure that the images fit the "
    "network and that it comes back in the mode it was in, a tenth of a millisecond."
)
BATCH, STEPS = 32, 32


def comparisons() -> Iterator[Comparison]:
    """The three methods."""
    images, labels = pictures(BATCH, 32), torch.arange(BATCH) % CLASSES
    model, plain = small_network(), plain_network()
    by_gradient, guided = attr.Saliency(model), attr.GuidedBackprop(plain)
    yield Comparison(
        "saliency",
        "captum",
        lambda: saliency(model, images, labels),
        lambda: by_gradient.attribute(wanting(images), target=labels).amax(1),
        target=1.0,
        limit=LIMIT,
    )
    yield Comparison(
        "guided backpropagation",
        "captum",
        lambda: guided_backprop(plain, images, labels),
        lambda: guided.attribute(wanting(images), target=labels),
    )
    along = attr.IntegratedGradients(model)
    options = {"target": labels, "n_steps": STEPS, "method": "riemann_middle"}
    for peer, batch_size in (("captum's default", None), (f"captum, {BATCH} at a time", BATCH)):
        yield Comparison(
            "integrated gradients",
            peer,
            lambda: integrated_gradients(model, images, labels, steps=STEPS),
            lambda n=batch_size: along.attribute(images, internal_batch_size=n, **options),
            target=1.0,
            limit=LIMIT,
        )


def wanting(images: Tensor) -> Tensor:
    """The images, requiring gradients, as captum expects."""
    return images.detach().requires_grad_()
