"""Every public function of `lib.visualization`, called with as little as it needs."""

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib import visualization as v
from lib.visualization import objectives as o
from lib.visualization import parametrizations as p
from lib.visualization import regularizers as r
from lib.visualization import transforms as t
from tests.faults.cases import public_functions


class Given(NamedTuple):
    """What functions are called with.

    Attributes:
        model: gives four scores; its layer gives maps.
        images: (2, 3, side, side), in [0, 1].
        layer: the name of a layer.
    """

    model: nn.Module
    images: Tensor
    layer: str

    @property
    def rows(self) -> Tensor:
        """Vectors, one for each row of pixels."""
        return self.images[:, 0].flatten(0, 1)

    @property
    def maps(self) -> Tensor:
        """One map for each image."""
        return self.images[:, 1] - 0.3

    @property
    def masks(self) -> Tensor:
        """A mask for each image."""
        return self.images[:, 2] > 0.6


def draws() -> torch.Generator:
    """A CPU generator, the same each time."""
    return torch.Generator().manual_seed(0)


def pixels(g: Given) -> v.Parametrization:
    """A start for a synthesis."""
    return p.pixels(0.9 * g.images)


def score(g: Given, objective: v.Objective) -> Tensor:
    """The objective of each image."""
    return o.scores(g.model, g.images, objective)


def half(g: Given) -> dict:
    """A window of half an image."""
    return {"window": g.images.shape[2] // 2, "stride": g.images.shape[2] // 2}


Call = Callable[[Given], object]
WITH_MODEL: dict[str, Call] = {
    "deconvnet": lambda g: v.deconvnet(g.model, g.images, 1),
    "deep_dream": lambda g: v.deep_dream(
        g.model, g.images, o.layer_energy(g.layer), octaves=1, steps=2, generator=draws()
    ),
    "feature_vectors": lambda g: v.feature_vectors(g.model, g.images),
    "fgsm": lambda g: v.fgsm(g.model, g.images, 1, epsilon=0.1),
    "first_layer_filters": lambda g: v.first_layer_filters(g.model),
    "grad_cam": lambda g: v.grad_cam(g.model, g.images, 1, g.layer, upsample=True),
    "gradient_ascent": lambda g: v.gradient_ascent(
        g.model, 1, size=g.images.shape[1:], lam=0.1, lr=0.1, steps=2
    ),
    "guided_backprop": lambda g: v.guided_backprop(g.model, g.images, 1),
    "input_gradient": lambda g: v.input_gradient(g.model, g.images, 1),
    "input_gradient_times_input": lambda g: v.input_gradient_times_input(g.model, g.images, 1),
    "integrated_gradients": lambda g: v.integrated_gradients(g.model, g.images, 1, steps=3),
    "invert_features": lambda g: v.invert_features(
        g.model, g.images, g.layer, parametrization=pixels(g), tv=0.1, steps=2
    ),
    "maximally_activating_patches": lambda g: v.maximally_activating_patches(
        g.model, g.images, g.layer, 1, count=2
    )[:5],
    "occlusion_saliency": lambda g: v.occlusion_saliency(g.model, g.images, 1, **half(g)),
    "patches_by_channel": lambda g: v.patches_by_channel(g.model, g.images, g.layer, [0])[0][:5],
    "pgd": lambda g: v.pgd(g.model, g.images, 1, epsilon=0.1, steps=2, step_size=0.05),
    "randomize_layers": lambda g: [
        *v.randomize_layers(g.model, [g.layer], generator=draws()).parameters()
    ],
    "receptive_field": lambda g: torch.tensor(
        v.receptive_field(g.model, g.layer, image_size=g.images.shape[2]).size
    ),
    "record_activations": lambda g: v.record_activations(g.model, g.images, [g.layer]),
    "saliency": lambda g: v.saliency(g.model, g.images, 1),
    "slide_window": lambda g: v.slide_window(g.model, g.images, 1, **half(g))[:2],
    "smoothgrad": lambda g: v.smoothgrad(g.model, g.images, 1, samples=2, generator=draws()),
    "style_grams": lambda g: v.style_grams(g.model, g.images, [g.layer]),
    "style_transfer": lambda g: v.style_transfer(
        g.model, g.images[:1], g.images[1:], content_layer=g.layer, style_layers=[g.layer],
        style_weights=[1.5], tv=0.1, steps=2,
    ),
    "synthesize": lambda g: v.synthesize(
        g.model, o.class_score(1), parametrization=pixels(g), steps=2,
        transforms=[t.jitter(2), t.scale(0.9, 1.1), t.rotate(5), t.blur(0.5)], generator=draws(),
        regularizers=[r.blur_every(1, sigma=1), r.clip_small_norm(20), r.decay(0.1)],
    ),
    "synthesize_texture": lambda g: v.synthesize_texture(
        g.model, g.images, layers=[g.layer], parametrization=p.fourier(g.images), steps=2
    ),
}  # fmt: skip
OBJECTIVES: dict[str, Call] = {
    "channel_mean": lambda g: score(g, o.channel_mean(g.layer, 1)),
    "class_score": lambda g: score(g, o.class_score(1)),
    "evaluate": lambda g: o.scores(g.model, g.images, o.class_score(1) * 3),
    "feature_distance": lambda g: score(
        g, o.feature_distance(o.record(g.model, g.images.flip(3), (g.layer,)))
    ),
    "gram_distance": lambda g: score(
        g, o.gram_distance(v.style_grams(g.model, g.images.flip(0), [g.layer]))
    ),
    "layer_energy": lambda g: score(g, o.layer_energy(g.layer)),
    "record": lambda g: o.record(g.model, g.images, (g.layer,)),
    "scores": lambda g: score(g, o.class_score([0, 1])),
    "squared_norm": lambda g: score(g, o.squared_norm(center=0.3)),
    "total_variation": lambda g: score(g, o.total_variation(1.5)),
}
WITHOUT_MODEL: dict[str, Call] = {
    "blur": lambda g: t.blur(1.2)(g.images, draws()),
    "blur_every": lambda g: r.blur_every(1, sigma=1.2)(g.images, g.images, 1),
    "bounded_pixels": lambda g: [p.bounded_pixels(g.images).start],
    "channel_maximum": lambda g: v.channel_maximum(g.images),
    "clip_small_contribution": lambda g: r.clip_small_contribution(30)(g.images, g.images, 1),
    "clip_small_norm": lambda g: r.clip_small_norm(30)(g.images, g.images, 1),
    "decay": lambda g: r.decay(0.1)(g.images, g.images, 1),
    "energy_inside": lambda g: v.energy_inside(g.maps, g.masks),
    "fourier": lambda g: [p.fourier(g.images).start, p.fourier(g.images).images()],
    "gaussian_blur": lambda g: t.gaussian_blur(g.images, 1.2),
    "gram_matrix": lambda g: v.gram_matrix(g.images),
    "grid_layout": lambda g: v.grid_layout(g.rows[:9, :2]),
    "jitter": lambda g: t.jitter(2)(g.images, draws()),
    "mean_over_shifts": lambda g: v.mean_over_shifts(lambda x: x.square(), g.images),
    "moved": lambda g: [p.moved(p.fourier(g.images), "cpu").images()],
    "nearest_neighbors": lambda g: [
        *v.nearest_neighbors(g.rows, g.rows, 3, exclude_self=True),
        *v.nearest_neighbors(g.rows, g.rows, 3, metric="cosine"),
    ],
    "occlusion_map": lambda g: v.occlusion_map(
        v.Occlusion(g.images[:, 0, 0, 0], g.images[:, 0, :3, :3], *[(0, 1, 2)] * 2, (2, 2), (4, 4))
    ),
    "pad": lambda g: t.pad(2)(g.images, draws()),
    "pixels": lambda g: [p.pixels(g.images).start],
    "pointing_game": lambda g: v.pointing_game(g.maps, g.masks, tolerance=1),
    "principal_components": lambda g: v.principal_components(g.rows, 2),
    "rank_correlation": lambda g: v.rank_correlation(g.maps, g.images[:, 0]),
    "rotate": lambda g: t.rotate(20)(g.images, draws()),
    "roughness": lambda g: v.roughness(g.images),
    "scale": lambda g: t.scale(0.8, 1.2)(g.images, draws()),
    "tsne_layout": lambda g: v.tsne_layout(g.rows, perplexity=4, generator=draws(), steps=250),
}  # fmt: skip
CALLS = WITH_MODEL | OBJECTIVES | WITHOUT_MODEL
ON_THEIR_OWN = {"noise", "fourier_noise"}  # take no tensor and no model


def every_function() -> set[str]:
    """The names of all public functions of the package, found by looking."""
    parts = (o, p, r, t)
    return public_functions(v) | {name for part in parts for name in _functions(part)}


def _functions(module: ModuleType) -> Iterator[str]:
    for name, value in inspect.getmembers(module, inspect.isfunction):
        if value.__module__ == module.__name__ and not name.startswith("_"):
            yield name


def tensors(result: object) -> list[Tensor]:
    """The tensors in a result."""
    if isinstance(result, Tensor):
        return [result]
    if isinstance(result, v.Synthesis):
        return [result.images, result.scores]
    parts = result.values() if isinstance(result, dict) else result
    return [tensor for part in parts for tensor in tensors(part)]
