"""What a network has learned, what it looks at, and pictures made by its gradients."""

from lib.visualization import objectives, parametrizations, regularizers, transforms
from lib.visualization.activations import feature_vectors, record_activations
from lib.visualization.adversarial import fgsm, pgd
from lib.visualization.base import Neuron
from lib.visualization.dream import deep_dream
from lib.visualization.filters import first_layer_filters, roughness
from lib.visualization.grad_cam import grad_cam
from lib.visualization.gradients import (
    channel_maximum,
    input_gradient,
    input_gradient_times_input,
    integrated_gradients,
    mean_over_shifts,
    saliency,
    smoothgrad,
)
from lib.visualization.guided import deconvnet, guided_backprop
from lib.visualization.layouts import (
    Projection,
    grid_layout,
    principal_components,
    tsne_layout,
)
from lib.visualization.neighbors import Neighbors, nearest_neighbors
from lib.visualization.objectives import Objective, gram_matrix
from lib.visualization.occlusion import Occlusion, occlusion_map, occlusion_saliency, slide_window
from lib.visualization.parametrizations import Parametrization
from lib.visualization.patches import Patches, maximally_activating_patches, patches_by_channel
from lib.visualization.receptive_fields import ReceptiveField, receptive_field
from lib.visualization.scores import (
    energy_inside,
    pointing_game,
    randomize_layers,
    rank_correlation,
)
from lib.visualization.style import invert_features, style_grams, style_transfer, synthesize_texture
from lib.visualization.synthesis import Synthesis, gradient_ascent, synthesize

__all__ = [
    "Neighbors",
    "Neuron",
    "Objective",
    "Occlusion",
    "Parametrization",
    "Patches",
    "Projection",
    "ReceptiveField",
    "Synthesis",
    "channel_maximum",
    "deconvnet",
    "deep_dream",
    "energy_inside",
    "feature_vectors",
    "fgsm",
    "first_layer_filters",
    "grad_cam",
    "gradient_ascent",
    "gram_matrix",
    "grid_layout",
    "guided_backprop",
    "input_gradient",
    "input_gradient_times_input",
    "integrated_gradients",
    "invert_features",
    "maximally_activating_patches",
    "mean_over_shifts",
    "nearest_neighbors",
    "objectives",
    "occlusion_map",
    "occlusion_saliency",
    "parametrizations",
    "patches_by_channel",
    "pgd",
    "pointing_game",
    "principal_components",
    "randomize_layers",
    "rank_correlation",
    "receptive_field",
    "record_activations",
    "regularizers",
    "roughness",
    "saliency",
    "slide_window",
    "smoothgrad",
    "style_grams",
    "style_transfer",
    "synthesize",
    "synthesize_texture",
    "transforms",
    "tsne_layout",
]
