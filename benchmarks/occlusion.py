"""Occlusion of images for a small and a larger network, against captum."""

from collections.abc import Iterator

from captum.attr import Occlusion
from torch import Tensor, nn

from benchmarks.compare import Comparison
from benchmarks.networks import pictures, small_network
from lib.models.pretrained import load_efficientnet_lite0
from lib.visualization import occlusion_saliency

TITLE = "Occlusion"
PEERS = ("captum",)
ABOUT = (
    "`occlusion_saliency` of one picture: a window of zeros at each of so many places, and at each "
    "pixel the mean fall of the score. The small CNN is the residual network that the chapters "
    "train, on 32 × 32 pixels. captum's default shows the network one covered picture at a time. "
    "EfficientNet-Lite0 looks at 224 × 224 pixels, where the passes are nearly all of the work."
)
SMALL = (
    "The passes through the network are the same; ours covers a batch's windows in one operation, "
    "and that is all that there is to save."
)
WINDOWS = {49: (8, 4), 196: (6, 2), 784: (5, 1)}  # windows on 32 × 32 pixels: (size, stride)
BATCH, CLASS = 32, 3


def comparisons() -> Iterator[Comparison]:
    """The small network with three numbers of windows, then the larger one."""
    model, image = small_network(), pictures(1, 32)
    for places, geometry in WINDOWS.items():
        name = f"small CNN, {places} windows"
        yield compare(name, "captum's default", model, image, geometry, target=3.5)
        peer = f"captum, {BATCH} at a time"
        yield compare(
            name, peer, model, image, geometry, target=1.25, limit=SMALL, batch_size=BATCH
        )
    model, image = load_efficientnet_lite0(), pictures(1, 224)
    name, peer = "EfficientNet-Lite0, 169 windows", "captum's default"
    yield compare(name, peer, model, image, (32, 16), target=1.0, rounds=3)


def compare(
    name: str,
    peer: str,
    model: nn.Module,
    image: Tensor,
    geometry: tuple[int, int],
    *,
    batch_size: int = 1,
    **options,
) -> Comparison:
    """The comparison for one network and picture; `batch_size` is captum's."""
    window, stride = geometry
    captum = Occlusion(model)

    def theirs() -> Tensor:
        shapes = [(3, side, side) for side in geometry]
        maps = captum.attribute(image, *shapes, target=CLASS, perturbations_per_eval=batch_size)
        return maps[:, 0]

    return Comparison(
        name,
        peer,
        lambda: occlusion_saliency(model, image, CLASS, window=window, stride=stride),
        theirs,
        **options,
    )
