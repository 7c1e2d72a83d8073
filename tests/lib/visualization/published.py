"""Published architectures with random weights: small ones from torchvision and timm."""

from functools import partial

import timm
import torchvision
from torch import nn

from tests.lib.visualization.guests import CLASSES, RULES, Guest, Refusal

NO_RELU = [Refusal(RULES, ValueError, "called no ReLU")]
NO_LINEAR = [Refusal({"feature_vectors"}, ValueError, "no nn.Linear")]
SMOOTH = {  # with GELU, SiLU or the like alone
    "convnext_tiny", "efficientnet_b0", "small vit", "swin_t", "swin_v2_t",
    "test_convnext", "test_convnext2", "test_convnext3", "test_efficientnet",
    "test_efficientnet_evos", "test_efficientnet_gn", "test_efficientnet_ln", "test_mambaout",
    "test_vit", "test_vit2", "test_vit3", "test_vit4", "tinynet_e",
}  # fmt: skip
TORCHVISION = {
    "alexnet": 64, "convnext_tiny": 64, "densenet121": 64, "efficientnet_b0": 64, "googlenet": 64,
    "inception_v3": 96, "mnasnet0_5": 64, "mobilenet_v2": 64, "mobilenet_v3_small": 64,
    "regnet_x_400mf": 64, "regnet_y_400mf": 64, "resnet18": 64, "resnet50": 64,
    "shufflenet_v2_x0_5": 64, "squeezenet1_1": 64, "swin_t": 64, "swin_v2_t": 64,
}  # fmt: skip
TIMM = {
    "ghostnet_050": 64, "lcnet_035": 64, "test_byobnet": 64, "test_convnext": 64,
    "test_convnext2": 64, "test_convnext3": 64, "test_efficientnet": 64,
    "test_efficientnet_evos": 64, "test_efficientnet_gn": 64, "test_efficientnet_ln": 64,
    "test_mambaout": 64, "test_nfnet": 64, "test_resnet": 64, "test_vit": 160, "test_vit2": 160,
    "test_vit3": 160, "test_vit4": 160, "tinynet_e": 64,
}  # fmt: skip


def small_vit() -> nn.Module:
    """torchvision's transformer with two layers, for images of 32 × 32 pixels and no others."""
    return torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=CLASSES)


def _from_torchvision(name: str) -> nn.Module:
    inception = name in ("googlenet", "inception_v3")
    options = {"aux_logits": False, "init_weights": True} if inception else {}
    return torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **options)


def _guest(name: str, size: int, make: partial) -> Guest:
    refusals = NO_RELU if name in SMOOTH else NO_LINEAR if name == "squeezenet1_1" else []
    return Guest(make, "", size, refusals)


PUBLISHED = {
    "small vit": Guest(small_vit, "", 32, NO_RELU),
    **{n: _guest(n, size, partial(_from_torchvision, n)) for n, size in TORCHVISION.items()},
    **{
        n: _guest(n, size, partial(timm.create_model, n, num_classes=CLASSES))
        for n, size in TIMM.items()
    },
}
