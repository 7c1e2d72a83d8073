"""Classes and layers that are not there, windows beyond the image, strides of 0, no steps."""

import math

import pytest
import torch

from lib import visualization as v
from lib.visualization import Neuron, objectives, parametrizations, regularizers, transforms
from tests.faults.cases import public_functions, refused, sampled
from tests.faults.methods import (
    CLASSES,
    HEIGHT,
    LAYER,
    SEEING,
    SYNTHESES,
    generator,
    make_images,
    make_model,
    random_rows,
)

M, X, G, ROWS = make_model, make_images, generator, random_rows
NAN, INF = math.nan, math.inf
NO_CLASSES = [-1, CLASSES, 1.5, True, "cat", None, [0], [0, 1, 2, 3]]
NO_TARGETS = [*NO_CLASSES, Neuron("none", 0), Neuron(LAYER, 9), Neuron(LAYER, 0, 99, 0)]
ENERGY, PIXELS = objectives.layer_energy(LAYER), parametrizations.pixels(X())
FOURIER = parametrizations.fourier_noise(1, 3, 20, 18, generator=G())


def synthesize(objective=ENERGY, parametrization=PIXELS, **options):
    return v.synthesize(M(), objective, parametrization=parametrization, **{"steps": 1} | options)


EXPLAINING = {
    "saliency target": (lambda t: v.saliency(M(), X(), t), NO_TARGETS),
    "saliency batch": (lambda n: v.saliency(M(), X(), 1, batch_size=n), [0, -1]),
    "input_gradient target": (lambda t: v.input_gradient(M(), X(), t), NO_TARGETS),
    "input_gradient_times_input": (lambda t: v.input_gradient_times_input(M(), X(), t), [-1, 4]),
    "guided_backprop target": (lambda t: v.guided_backprop(M(), X(), t), NO_TARGETS),
    "deconvnet target": (lambda t: v.deconvnet(M(), X(), t), NO_TARGETS),
    "smoothgrad samples": (lambda n: v.smoothgrad(M(), X(), 1, samples=n, generator=G()), [0, -1]),
    "smoothgrad noise": (lambda n: v.smoothgrad(M(), X(), 1, noise=n, generator=G()), [-0.1, NAN]),
    "integrated_gradients": (lambda n: v.integrated_gradients(M(), X(), 1, steps=n), [0, -1]),
    "integrated_gradients baseline": (
        lambda n: v.integrated_gradients(M(), X(), 1, baseline=torch.zeros(n)),
        [5, (2, 3, 20, 18)],
    ),
    "grad_cam layer": (lambda name: v.grad_cam(M(), X(), 1, name), ["none", "3", "4"]),
    "grad_cam batch": (lambda n: v.grad_cam(M(), X(), 1, LAYER, batch_size=n), [0]),
    "occlusion_saliency window": (
        lambda n: v.occlusion_saliency(M(), X(), 1, window=n, stride=1),
        [0, -1, HEIGHT + 1, 2.5, (3, 19), (1, 2, 3)],
    ),
    "occlusion_saliency stride": (
        lambda n: v.occlusion_saliency(M(), X(), 1, window=4, stride=n),
        [0, -1, 5, "two", (4, 0)],
    ),
    "slide_window target": (lambda t: v.slide_window(M(), X(), t, window=9, stride=9), NO_TARGETS),
    "occlusion_map": (
        lambda n: v.occlusion_map(v.slide_window(M(), X(), 1, window=9, stride=9), places=n),
        [-1, 99],
    ),
    "fgsm": (lambda e: v.fgsm(M(), X(), 1, epsilon=e), [-0.1, NAN]),
    "fgsm labels": (lambda t: v.fgsm(M(), X(), t, epsilon=0.1), [*NO_CLASSES, Neuron(LAYER, 0)]),
    "fgsm bounds": (lambda b: v.fgsm(M(), X(), 1, epsilon=0.1, bounds=b), [(0, 0.5), (1, 0)]),
    "pgd steps": (lambda n: v.pgd(M(), X(), 1, epsilon=0.1, steps=n, step_size=0.1), [0, -1]),
    "pgd step_size": (lambda s: v.pgd(M(), X(), 1, epsilon=0.1, steps=1, step_size=s), [-1, NAN]),
    "record_activations": (lambda n: v.record_activations(M(), X(), n), [[], LAYER, ["none"]]),
    "record_activations batch": (
        lambda n: v.record_activations(M(), X(), [LAYER], batch_size=n),
        [0, -3],
    ),
    "feature_vectors": (lambda n: v.feature_vectors(M(), X(), layer=n), ["none"]),
    "maximally_activating_patches": (
        lambda n: v.maximally_activating_patches(M(), X(), LAYER, n),
        [-1, 6],
    ),
    "maximally_activating_patches count": (
        lambda n: v.maximally_activating_patches(M(), X(), LAYER, 0, count=n),
        [0, -1],
    ),
    "patches_by_channel": (lambda n: v.patches_by_channel(M(), X(), n, [0]), ["none"]),
    "receptive_field": (lambda n: v.receptive_field(M(), LAYER, image_size=n), [0, (8, -1)]),
    "receptive_field layer": (lambda n: v.receptive_field(M(), n, image_size=20), ["none"]),
    "channel_maximum": (lambda n: v.channel_maximum(torch.zeros(n)), [(3, 4), (1, 2, 3, 4, 5)]),
    "mean_over_shifts": (lambda s: v.mean_over_shifts(lambda x: x, X(), shifts=s), [[]]),
    "energy_inside": (lambda n: v.energy_inside(X()[:, 0], X(n)[:, 0] > 0.5), [1, 2]),
    "energy_inside maps": (lambda k: v.energy_inside(k * X()[:, 0], X()[:, 0] > 0.5), [NAN, INF]),
    "energy_inside type": (lambda _: v.energy_inside(X()[:, 0], X()[:, 0]), ["floats"]),
    "pointing_game": (lambda n: v.pointing_game(X()[:, 0], X()[:, 0] > 0.5, tolerance=n), [-1]),
    "rank_correlation": (lambda k: v.rank_correlation(k * X()[:, 0], X()[:, 0]), [NAN, INF]),
    "rank_correlation shapes": (lambda n: v.rank_correlation(X()[:, 0], X(n)[:, 0]), [1, 2]),
    "randomize_layers": (lambda n: v.randomize_layers(M(), n, generator=G()), [["9"], ["1"], []]),
    "first_layer_filters": (v.first_layer_filters, [torch.nn.Linear(2, 2)]),
    "roughness": (lambda n: v.roughness(torch.zeros(n)), [(2, 3, 1, 1), (2, 3, 4), (0, 3, 4, 4)]),
    "principal_components": (lambda n: v.principal_components(ROWS(5, 3), n), [0, 4]),
    "principal_components rows": (
        v.principal_components,
        [torch.ones(3, 2), ROWS(3, 2) * NAN, torch.ones(3, 2).long(), torch.ones(3)],
    ),
    "tsne_layout": (lambda n: v.tsne_layout(ROWS(5, 3), perplexity=n, generator=G()), [0, 5, NAN]),
    "grid_layout": (lambda n: v.grid_layout(ROWS(4, 2), columns=n), [0, -1]),
    "grid_layout places": (v.grid_layout, [ROWS(4, 3), ROWS(4, 2) * INF]),
    "nearest_neighbors": (lambda k: v.nearest_neighbors(ROWS(5, 3), ROWS(2, 3), k), [0, 6]),
    "nearest_neighbors self": (
        lambda n: v.nearest_neighbors(ROWS(5, 3), ROWS(n, 3), 5, exclude_self=True),
        [2, 5],
    ),
    "nearest_neighbors shapes": (lambda n: v.nearest_neighbors(ROWS(5, 3), ROWS(2, n), 1), [2, 4]),
    "nearest_neighbors metric": (
        lambda n: v.nearest_neighbors(ROWS(5, 3), ROWS(2, 3), 1, metric=n),
        ["manhattan", ""],
    ),
    "gram_matrix": (lambda n: v.gram_matrix(torch.zeros(n)), [(2, 3), (2, 3, 4)]),
}
SYNTHESIZING = {
    "synthesize steps": (lambda n: synthesize(steps=n), [0, -1]),
    "synthesize keep_every": (lambda n: synthesize(keep_every=n), [0]),
    "synthesize without generator": (lambda n: synthesize(transforms=[transforms.jitter(n)]), [1]),
    "synthesize regularizers": (
        lambda q: synthesize(parametrization=FOURIER, regularizers=[regularizers.decay(q)]),
        [0.1],
    ),
    "synthesize class": (lambda k: synthesize(objectives.class_score(k)), [-1, CLASSES, 1.5]),
    "synthesize channel": (lambda k: synthesize(objectives.channel_mean(LAYER, k)), [-1, 6]),
    "synthesize layer": (lambda n: synthesize(objectives.layer_energy(n)), ["none"]),
    "gradient_ascent": (
        lambda n: v.gradient_ascent(M(), 1, size=(3, 20, 18), lam=0, lr=0.1, steps=n),
        [0],
    ),
    "gradient_ascent class": (
        lambda k: v.gradient_ascent(M(), k, size=(3, 20, 18), lam=0, lr=0.1, steps=1),
        [-1, CLASSES],
    ),
    "deep_dream": (lambda n: v.deep_dream(M(), X(), ENERGY, octaves=n, generator=G()), [0, 2]),
    "deep_dream scale": (
        lambda s: v.deep_dream(M(), X(), ENERGY, octave_scale=s, generator=G()),
        [1, NAN],
    ),
    "style_transfer": (
        lambda n: v.style_transfer(
            M(), X(n), X(1), content_layer=LAYER, style_layers=[LAYER], style_weights=[1.0], steps=1
        ),
        [2],
    ),
    "style_transfer weights": (
        lambda w: v.style_transfer(
            M(), X(1), X(1), content_layer=LAYER, style_layers=[LAYER], style_weights=w, steps=1
        ),
        [[]],
    ),
    "style_grams": (lambda n: v.style_grams(M(), X(), n), [["none"], ["4"]]),
    "invert_features": (
        lambda n: v.invert_features(M(), X(), n, parametrization=PIXELS, steps=1),
        ["none"],
    ),
    "synthesize_texture": (
        lambda n: v.synthesize_texture(M(), X(), layers=n, parametrization=PIXELS, steps=1),
        [["none"], ["4"]],
    ),
    "total_variation": (objectives.total_variation, [0, -1, NAN]),
    "bounded_pixels": (lambda k: parametrizations.bounded_pixels(k * X()), [2, -1, NAN]),
    "fourier": (lambda k: parametrizations.fourier(k * X()), [2, NAN]),
    "jitter": (transforms.jitter, [-1]),
    "scale": (lambda s: transforms.scale(*s), [(0, 1), (2, 1), (NAN, 1)]),
    "turn": (transforms.rotate, [-1, NAN]),
    "pad": (transforms.pad, [-1]),
    "blur": (transforms.blur, [0, -1, NAN]),
    "decay": (regularizers.decay, [-0.1, 1.1, NAN]),
    "blur_every": (lambda n: regularizers.blur_every(n, sigma=1), [0]),
    "clip_small_norm": (regularizers.clip_small_norm, [-1, 100, NAN]),
    "clip_small_contribution": (regularizers.clip_small_contribution, [-1, 100]),
}
TABLES = {"explaining": EXPLAINING, "synthesizing": SYNTHESIZING}


@pytest.mark.parametrize(
    ("table", "fault"), sampled([(t, f) for t, faults in TABLES.items() for f in faults], quick=30)
)
def test_a_number_outside_its_range_is_refused(table, fault):
    function, values = TABLES[table][fault]
    for value in values:
        with refused(TypeError, ValueError, case=f"{fault}: {value!r}"):
            function(value)


def test_no_public_function_was_forgotten():
    looked_at = {fault.split()[0] for faults in TABLES.values() for fault in faults}
    assert public_functions(v) <= looked_at | set(SEEING) | set(SYNTHESES)
