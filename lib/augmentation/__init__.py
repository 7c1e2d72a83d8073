"""Data augmentation: batched operations on images (batch, channels, height, width) in [0, 1].

Each family has functions with explicit parameters, one per image, and random functions that draw
these from a `torch.Generator`, separately for each image. Results are on the images' device, and
the images are not modified. `label_preserving` turns random functions into a training transform.
"""

from lib.augmentation.base import LabelPreserving, label_preserving
from lib.augmentation.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    color_jitter,
    gray,
)
from lib.augmentation.crops import (
    RESNET_SCALES,
    crop,
    crop_probabilities,
    multi_scale_crops,
    random_scale_crop,
    resize_short_side,
    resized_crop,
    ten_crops,
)
from lib.augmentation.geometry import (
    affine,
    affine_matrix,
    horizontal_flip,
    lens_distortion,
    random_affine,
    random_horizontal_flip,
    rotate,
    sample,
    shear,
    stretch,
    translate,
)
from lib.augmentation.mixing import blend, cutout, erase, mixup
from lib.augmentation.shifts import shift_images

__all__ = [
    "RESNET_SCALES",
    "LabelPreserving",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_hue",
    "adjust_saturation",
    "affine",
    "affine_matrix",
    "blend",
    "color_jitter",
    "crop",
    "crop_probabilities",
    "cutout",
    "erase",
    "gray",
    "horizontal_flip",
    "label_preserving",
    "lens_distortion",
    "mixup",
    "multi_scale_crops",
    "random_affine",
    "random_horizontal_flip",
    "random_scale_crop",
    "resize_short_side",
    "resized_crop",
    "rotate",
    "sample",
    "shear",
    "shift_images",
    "stretch",
    "ten_crops",
    "translate",
]
