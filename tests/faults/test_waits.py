"""No value is read back from a GPU in preprocessing and in an update.

Reading one makes the program wait until the GPU has computed it. The operations that read are the
same on the CPU, where a dispatch mode sees them; on the meta device, reading is an error.
"""

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lib import preprocessing as p
from lib import regularization as r
from lib.models import ConvNet
from lib.training import SGD, cross_entropy, fit, fitting, minibatches, one_cycle_adam
from tests.faults.methods import CLASSES, generator, make_images

READS = (
    "_local_scalar_dense", "nonzero", "is_nonzero", "equal", "item", "unique", "_unique2",
    "unique_dim", "unique_consecutive", "masked_select", "nonzero_numpy",
)  # fmt: skip


class Waits(TorchDispatchMode):
    """Collects the names of operations for which a program waits for a GPU."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        chosen = args[1] if name in ("index", "index_put", "index_put_") else ()
        if name in READS or any(i is not None and i.dtype == torch.bool for i in chosen):
            self.found.append(name)
        return func(*args, **(kwargs or {}))


def waits(function):
    """The operations that make a call wait."""
    with Waits() as mode:
        function()
    return mode.found


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("an item", lambda x: x.sum().item()),
        ("a truth", lambda x: bool((x > 0).all())),
        ("places", lambda x: x.nonzero()),
        ("a mask", lambda x: x[x > 0]),
        ("a written mask", lambda x: x.clone().__setitem__(x > 0, 1.0)),
        ("equality", lambda x: torch.equal(x, x + 0)),
        ("different values", lambda x: x.unique()),
    ],
)
def test_reading_is_seen(name, read):
    assert waits(lambda: read(torch.rand(3)))


IMAGES = make_images(6, height=16, width=16)
COMPONENTS = p.fit_principal_components(IMAGES)
LAYERS = {
    "mean image": p.fit_mean_image(IMAGES),
    "channel mean": p.fit_channel_mean(IMAGES),
    "standardization": p.fit_standardization(IMAGES),
    "decorrelation": p.decorrelation(COMPONENTS),
    "pca": p.pca_whitening(COMPONENTS, epsilon=0.1),
    "zca": p.zca_whitening(COMPONENTS, epsilon=0.1),
}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_preprocessing_reads_nothing(name, dtype):
    layer, images = LAYERS[name], IMAGES.to(dtype)
    assert not waits(lambda: layer.inverse(layer(images)))
    with pytest.raises(ValueError, match="from 0 to 1; got values"):
        layer(255 * images)


@pytest.mark.parametrize("name", LAYERS)
def test_preprocessing_elsewhere_looks_at_no_value(name):
    """The meta device has no values that could be looked at."""
    layer = p.Whitening() if "mean" not in name and name != "standardization" else None
    layer = layer or p.Standardization()
    layer.load_state_dict(LAYERS[name].state_dict())
    assert layer.to("meta")(255 * IMAGES.to("meta")).shape == LAYERS[name](IMAGES).shape


LOSSES = {
    "cross-entropy": cross_entropy,
    "svm": r.multiclass_svm_loss,
}
OPTIMIZERS = {
    "SGD": partial(SGD, lr=0.01, momentum=0.9, decay_steps=60),
    "one cycle": partial(one_cycle_adam, lr=0.01, decay_steps=60),
}


def trained(device, loss, optimizer):
    """A training of 60 updates with every random layer, as a function."""
    options = {"dropout": 0.1, "drop_connect": 0.1, "survival": 0.9, "batch_norm": True}
    network = ConvNet(3, CLASSES, generator=generator(), **options)
    layer = p.fit_standardization(IMAGES)
    model = torch.nn.Sequential(layer, network).to(device)
    images, labels = IMAGES.to(device), torch.arange(6, device=device) % CLASSES
    return partial(
        fit, model, images, labels, optimizer=OPTIMIZERS[optimizer](model.parameters()),
        loss=LOSSES[loss], batches=minibatches(6, 3, 60, [generator()]),
        penalty=lambda m: 1e-3 * r.l2_penalty(r.weights_of(m)),
    )  # fmt: skip


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_update_reads_nothing(loss, optimizer):
    assert not waits(trained("cpu", loss, optimizer))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_looked_at_now_and_then_elsewhere(loss, monkeypatch):
    looked = []
    monkeypatch.setattr(fitting, "_are_finite", lambda losses: looked.append(len(losses)) or [])
    trained("meta", loss, "SGD")()
    assert looked == [50, 50]  # after 50 updates and at the end
