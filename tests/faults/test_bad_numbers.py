"""Numbers out of their range: probabilities of 1.1, crops beyond the image, alpha of 0.

Each row has a function and values, none of which it may take; NaN is in no range.
"""

import math

import pytest
import torch

from lib import augmentation as a
from lib import preprocessing as p
from lib import regularization as r
from tests.faults.cases import public_functions, refused, sampled
from tests.faults.methods import SEEING, generator, make_images, random_rows

X, G, ROWS = make_images, generator, random_rows
NAN, INF = math.nan, math.inf
PROBABILITIES, PARTNER = torch.full((3, 2), 0.5), torch.arange(3)
MEAN, ONES = torch.zeros(3), torch.ones(3)
COMPONENTS = p.fit_principal_components(X(6, height=4, width=4))

AUGMENTING = {
    "adjust_brightness": (lambda f: a.adjust_brightness(X(), f), [-0.1, NAN, INF]),
    "adjust_contrast": (lambda f: a.adjust_contrast(X(), f), [-1, NAN]),
    "adjust_saturation": (lambda f: a.adjust_saturation(X(), f), [-1, torch.ones(2)]),
    "adjust_hue": (lambda s: a.adjust_hue(X(), s), [0.6, -0.6, NAN, torch.ones(3, 1)]),
    "color_jitter": (lambda c: a.color_jitter(X(), G(), contrast=c), [-0.1, 1.1, NAN]),
    "color_jitter hue": (lambda h: a.color_jitter(X(), G(), hue=h), [0.51, NAN]),
    "gray channels": (lambda n: a.gray(torch.rand(2, n, 4, 4)), [2, 4]),
    "affine scale": (lambda s: a.affine(X(), scale=s), [0, -1, NAN, INF]),
    "affine shear": (lambda s: a.affine(X(), shear=(s, 0)), [90, -91, NAN]),
    "affine translate": (lambda t: a.affine(X(), translate=t), [(1,), (1, 2, 3), (NAN, 0)]),
    "affine padding": (lambda name: a.affine(X(), padding=name), ["wrap", None]),
    "affine_matrix": (lambda s: a.affine_matrix(X(), stretch=(1, s)), [0, -2]),
    "rotate": (lambda angle: a.rotate(X(), angle), [NAN, torch.ones(2)]),
    "translate": (lambda by: a.translate(X(), by), [(1, INF), 3.0]),
    "stretch": (lambda f: a.stretch(X(), f), [(0, 1), (1, -1)]),
    "shear": (lambda s: a.shear(X(), s), [(90, 0), 5.0]),
    "random_affine": (lambda d: a.random_affine(X(), G(), degrees=d), [-1]),
    "random_affine scale": (lambda s: a.random_affine(X(), G(), scale=s), [(2, 1), (-1, 1)]),
    "lens_distortion": (lambda k: a.lens_distortion(X(), k), [-0.34, NAN, INF]),
    "horizontal_flip": (lambda f: a.horizontal_flip(X(), f), [1, torch.ones(2) > 0]),
    "random_horizontal_flip": (lambda q: a.random_horizontal_flip(X(), G(), p=q), [-0.1, NAN]),
    "sample": (lambda at: a.sample(X(), torch.zeros(at)), [(2, 4, 4, 2), (3, 4, 4, 3), (4, 2)]),
    "crop size": (lambda s: a.crop(X(), 0, 0, size=s), [0, -1, 19]),
    "crop top": (lambda top: a.crop(X(), top, 0, size=8), [-1, 13]),
    "resize_short_side": (lambda n: a.resize_short_side(X(), n), [0, -4]),
    "random_scale_crop": (
        lambda s: a.random_scale_crop(X(), G(), short_side=s, size=8),
        [(7, 9), (12, 9)],
    ),
    "resized_crop": (
        lambda h: a.resized_crop(X(), top=0, left=0, height=h, width=4, size=4),
        [0, -1, NAN],
    ),
    "resized_crop size": (
        lambda s: a.resized_crop(X(), top=0, left=0, height=4, width=4, size=s),
        [0, -1],
    ),
    "ten_crops": (lambda s: a.ten_crops(X(), s), [0, 19]),
    "multi_scale_crops": (lambda s: [*a.multi_scale_crops(X(), scales=(s,), size=8)], [7, 0]),
    "erase": (lambda s: a.erase(X(), top=0, left=0, size=s), [-1]),
    "erase top": (lambda t: a.erase(X(), top=t, left=0, size=2), [torch.zeros(2), NAN]),
    "cutout": (lambda s: a.cutout(X(), G(), size=s), [-1]),
    "mixup alpha": (lambda n: a.mixup(X(), PARTNER, G(), alpha=n, classes=3), [0, -0.2, NAN]),
    "mixup classes": (lambda n: a.mixup(X(), PARTNER, G(), classes=n), [None, 2, 0]),
    "mixup labels": (lambda n: a.mixup(X(), torch.zeros(n).long(), G(), classes=3), [2, 4]),
    "blend": (lambda n: a.blend(X(), PROBABILITIES, lam=n, partner=PARTNER), [-0.1, 1.1, NAN]),
    "blend partner": (
        lambda n: a.blend(X(), PROBABILITIES, lam=1, partner=n),
        [PARTNER[:2], PARTNER + 1, PARTNER - 1],
    ),
    "shift_images": (lambda s: a.shift_images(X(), s, generator=G()), ["upside down", ""]),
    "label_preserving": (lambda _: a.label_preserving(), ["nothing"]),
}
REGULARIZING = {
    "dropout": (lambda q: r.dropout(X(), p=q, generator=G()), [-0.1, 1, NAN]),
    "Dropout": (lambda q: r.Dropout(q, G()), [-0.1, 1, NAN]),
    "drop_connect": (
        lambda q: r.drop_connect(ROWS(2, 3), ROWS(4, 3), None, p=q, generator=G()),
        [1, -0.1],
    ),
    "drop_connect shapes": (
        lambda n: r.drop_connect(ROWS(2, 3), ROWS(4, n), None, p=0.1, generator=G()),
        [2, 4],
    ),
    "drop_connect bias": (
        lambda n: r.drop_connect(ROWS(2, 3), ROWS(4, 3), torch.zeros(n), p=0.1, generator=G()),
        [3, 1],
    ),
    "DropConnectLinear": (lambda n: r.DropConnectLinear(n, 2, 0.5, G()), [0, -1]),
    "DropConnectLinear p": (lambda q: r.DropConnectLinear(2, 2, q, G()), [1, NAN]),
    "stochastic_depth": (
        lambda s: r.stochastic_depth(X(), X(), survival=s, generator=G()),
        [0, 1.1, NAN],
    ),
    "stochastic_depth shapes": (
        lambda n: r.stochastic_depth(X(), X(n), survival=0.5, generator=G()),
        [1, 2],
    ),
    "StochasticDepth": (lambda s: r.StochasticDepth(s, G()), [0, 1.1, NAN]),
    "linear_survival": (lambda k: r.linear_survival(k, 4, last=0.5), [0, 5]),
    "linear_survival last": (lambda s: r.linear_survival(1, 4, last=s), [0, 2]),
    "FractionalMaxPool2d": (
        lambda q: r.FractionalMaxPool2d(output_ratio=q, generator=G()),
        [0.4, 1, None, NAN],
    ),
    "fractional_max_pool2d": (
        lambda n: r.fractional_max_pool2d(X(), output_size=n, generator=G()),
        [0, 8, 18, (10, 9, 9)],
    ),
    "fractional_boundaries": (lambda n: r.fractional_boundaries(9, n, u=0.5), [0, 4, 9]),
    "fractional_boundaries u": (lambda u: r.fractional_boundaries(9, 6, u=u), [-0.1, 1, NAN]),
    "batch_norm": (lambda n: r.batch_norm(X(), torch.ones(n), MEAN), [1, 4]),
    "batch_norm values": (lambda n: r.batch_norm(X(n, height=1, width=1), ONES, MEAN), [0, 1]),
    "batch_norm_inference": (
        lambda n: r.batch_norm_inference(X(), ONES, MEAN, torch.ones(n), ONES),
        [1, 4],
    ),
    "multiclass_svm_loss": (
        lambda n: r.multiclass_svm_loss(ROWS(3, 4), torch.zeros(n).long()),
        [2, 4],
    ),
    "multiclass_svm_loss label": (
        lambda k: r.multiclass_svm_loss(ROWS(3, 4), torch.full((3,), k)),
        [-1, 4],
    ),
    "multiclass_svm_loss type": (
        lambda t: r.multiclass_svm_loss(ROWS(3, 4), torch.zeros(3, dtype=t)),
        [torch.float32, torch.int32],
    ),
    "l1_penalty": (lambda w: r.l1_penalty(w), [[]]),
    "l2_penalty": (lambda w: r.l2_penalty(w), [[]]),
    "elastic_net_penalty": (lambda b: r.elastic_net_penalty([ONES], beta=b), [-1, NAN]),
    "elastic_net_penalty_mixing": (
        lambda q: r.elastic_net_penalty_mixing([ONES], l1_ratio=q),
        [-0.1, 1.1, NAN],
    ),
    "average_logits": (lambda shape: r.average_logits(torch.zeros(shape)), [(3, 2), (0, 3, 2)]),
    "average_probabilities": (
        lambda shape: r.average_probabilities(torch.zeros(shape)),
        [(3, 2), (0, 3, 2)],
    ),
}
PREPROCESSING = {
    "Preprocessing": (lambda span: p.Preprocessing((3, 4, 4), span), [(1, 0), (0, 0), (0, NAN)]),
    "Standardization std": (
        lambda s: p.Standardization(MEAN.view(3, 1, 1), torch.full((3, 1, 1), s)),
        [0, -1, NAN],
    ),
    "Standardization shapes": (
        lambda n: p.Standardization(MEAN.view(3, 1, 1), torch.ones(n, 1, 1)),
        [1, 4],
    ),
    "fit_standardization": (lambda c: p.fit_standardization(torch.full((2, 3, 4, 4), c)), [0.5]),
    "fit_standardization range": (lambda k: p.fit_standardization(k * X()), [255, -1, NAN, INF]),
    "fit_mean_image range": (lambda k: p.fit_mean_image(k * X()), [255, NAN]),
    "fit_channel_mean range": (lambda k: p.fit_channel_mean(k * X()), [255, NAN]),
    "fit_principal_components": (lambda k: p.fit_principal_components(k * X()), [255, NAN]),
    "fit_principal_components same": (
        lambda c: p.fit_principal_components(torch.full((3, 3, 4, 4), c)),
        [0.5],
    ),
    "decorrelation": (lambda n: p.decorrelation(COMPONENTS, keep=n), [0, -1, 7]),
    "pca_whitening": (lambda e: p.pca_whitening(COMPONENTS, epsilon=e), [-1, NAN]),
    "zca_whitening": (lambda n: p.zca_whitening(COMPONENTS, keep=n), [0, 49]),
    "Whitening": (
        lambda shape: p.pca_whitening(COMPONENTS)(torch.rand(shape)),
        [(2, 3, 4, 5), (2, 1, 4, 4), (3, 4, 4)],
    ),
    "Whitening range": (
        lambda k: p.zca_whitening(COMPONENTS)(k * X(2, height=4, width=4)),
        [255, NAN],
    ),
}
TABLES = {
    "augmentation": AUGMENTING,
    "regularization": REGULARIZING,
    "preprocessing": PREPROCESSING,
}


@pytest.mark.parametrize(
    ("table", "fault"), sampled([(t, f) for t, faults in TABLES.items() for f in faults], quick=30)
)
def test_a_number_outside_its_range_is_refused(table, fault):
    function, values = TABLES[table][fault]
    for value in values:
        with refused(TypeError, ValueError, case=f"{fault}: {value!r}"):
            function(value)


@pytest.mark.parametrize("package", [a, p, r], ids=lambda package: package.__name__)
def test_no_public_function_was_forgotten(package):
    """Those without an argument to get wrong are named here."""
    harmless = {"crop_probabilities", "weights_of"}
    looked_at = {fault.split()[0] for faults in TABLES.values() for fault in faults}
    assert public_functions(package) <= looked_at | set(SEEING) | harmless
