"""Pictures made by gradients: an objective is maximized over the pixels of a fixed network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from lib.precision import without_autocast
from lib.progress import progress_bar
from lib.visualization.base import Neuron, Target, whole_numbers
from lib.visualization.examining import check_differentiable, examined
from lib.visualization.objectives import Objective, class_score, evaluate, squared_norm
from lib.visualization.parametrizations import Parametrization, pixels
from lib.visualization.regularizers import Regularizer
from lib.visualization.slopes import slope
from lib.visualization.transforms import Transform

NO_SLOPE = "the objective does not depend on the pixels through anything with a slope"


@dataclass(frozen=True)
class Synthesis:
    """Result of a synthesis.

    Attributes:
        images: (batch, channels, height, width), on the parametrization's device and in its
            precision, float32 or float64.
        scores: (steps, batch), the objective before each step, for the transformed images.
        frames: (kept, batch, channels, height, width), on the CPU: the images before some steps,
            and at the end; empty unless frames were requested.
        frame_steps: steps done before each frame.
    """

    images: Tensor
    scores: Tensor
    frames: Tensor
    frame_steps: tuple[int, ...]


def synthesize(
    model: nn.Module,
    objective: Objective,
    *,
    parametrization: Parametrization,
    transforms: Sequence[Transform] = (),
    steps: int = 128,
    lr: float = 0.05,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    regularizers: Sequence[Regularizer] = (),
    keep_every: int | None = None,
    generator: torch.Generator | None = None,
    progress: str | None = None,
) -> Synthesis:
    """Images that score high: gradient ascent on the objective; the model is left unchanged.

    Args:
        model: any network; it runs in evaluation mode, whatever its mode. A model in half precision
            sees rounded images; what is optimized stays in float32
            (or float64, if the parametrization is).
        objective: its sum over the batch is maximized, so images do not affect each other.
        parametrization: what is optimized, on the model's device.
        transforms: random changes of the images at each step, before the model sees them.
        steps: steps of the optimizer.
        lr: learning rate.
        optimizer: called with ([numbers], lr=lr); it minimizes minus the objective. One that calls
            its closure several times a step, such as LBFGS, couples the images of a batch.
        regularizers: applied to the pixels after each step, in this order.
        keep_every: steps between two frames; None keeps none.
        generator: source of the transforms' draws, on the CPU.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: no steps, transforms without a generator, regularizers without `pixels`, or an
            objective that does not depend on the pixels.
        RuntimeError: the objective became infinite or NaN.

    Cost: a step is one forward and one backward pass of the batch.
    """
    _check(parametrization, steps, regularizers, keep_every)
    ascent = _Ascent(model, objective, parametrization.render, _bind(transforms, generator))
    history, frames = [], {}
    with examined(model):
        check_differentiable(model)
        values = parametrization.start.clone().requires_grad_()
        solver = optimizer([values], lr=lr)
        for step in progress_bar(range(steps), desc=progress, shown=progress is not None):
            if keep_every is not None and step % keep_every == 0:
                frames[step] = _rendered(parametrization, values).cpu()
            history.append(ascent.step(solver, values))
            _regularize_(values, regularizers, step + 1)
    images = _rendered(parametrization, values)
    if keep_every is not None:
        frames[steps] = images.cpu()
    stacked = torch.stack([*frames.values()]) if frames else images.new_empty(0, *images.shape)
    return Synthesis(images, torch.stack(history), stacked.cpu(), tuple(frames))


@dataclass(frozen=True)
class _Ascent:
    """One step up: render, transform, evaluate, differentiate, move."""

    model: nn.Module
    objective: Objective
    render: Callable[[Tensor], Tensor]
    transforms: Sequence[Callable[[Tensor], Tensor]]

    def step(self, solver: torch.optim.Optimizer, values: Tensor) -> Tensor:
        """Move the values; return the scores (batch,) from before."""
        seen = []

        def closure() -> Tensor:
            scores = self.scores(values)
            seen.append(scores.detach())
            values.grad = -slope(scores, values, missing=NO_SLOPE)
            return -scores.detach().sum()

        # A tensor works as well as the declared float, and avoids waiting for a GPU.
        solver.step(cast(Callable[[], float], closure))
        return seen[0]

    def scores(self, values: Tensor) -> Tensor:
        images = self.render(values)
        for transform in self.transforms:
            images = transform(images)
        scores = evaluate(self.model, images.to(_dtype(self.model)), self.objective)
        if not bool(scores.isfinite().all()):
            raise RuntimeError(
                f"the objective became {scores.detach().tolist()}; a smaller lr usually cures this"
            )
        return scores


def gradient_ascent(
    model: nn.Module,
    target: Target,
    *,
    size: tuple[int, int, int],
    lam: float,
    lr: float,
    steps: int,
    center: float = 0.5,
    keep_every: int | None = None,
    progress: str | None = None,
) -> Synthesis:
    """The images of argmax S(I) - lam · ‖I‖², by plain gradient steps from I = 0.

    Args:
        model: gives scores before the softmax.
        target: one class, several (one image for each), or a neuron.
        size: channels, height, width.
        lam: weight of the squared L2 norm.
        lr: each step adds `lr` times the gradient.
        steps: number of steps.
        center: the pixels are center + I; 0.5 suits a network that subtracts 0.5 from images.
        keep_every, progress: as in `synthesize`.

    Raises:
        ValueError: no steps, or no such class.

    Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks", ICLR workshop 2014,
    equation 1.
    """
    count = 1 if isinstance(target, Neuron) else whole_numbers(target).numel()
    device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    gray = torch.full((count, *size), center, dtype=_dtype(model), device=device)
    return synthesize(
        model,
        class_score(target) - lam * squared_norm(center=center),
        parametrization=pixels(gray),
        steps=steps,
        lr=lr,
        optimizer=torch.optim.SGD,
        keep_every=keep_every,
        progress=progress,
    )


@torch.no_grad()
@without_autocast()
def _rendered(parametrization: Parametrization, values: Tensor) -> Tensor:
    return parametrization.render(values.detach()).clone()


@torch.no_grad()
def _regularize_(values: Tensor, regularizers: Sequence[Regularizer], step: int) -> None:
    assert values.grad is not None  # set by the previous step
    for regularizer in regularizers:
        values.copy_(regularizer(values, -values.grad, step))


def _bind(
    transforms: Sequence[Transform], generator: torch.Generator | None
) -> list[Callable[[Tensor], Tensor]]:
    """The transforms as functions of the images alone; their draws come from the generator."""
    if not transforms:
        return []
    if generator is None:
        raise ValueError("transforms draw random numbers; give a generator")
    return [_with_draws(transform, generator) for transform in transforms]


def _with_draws(transform: Transform, generator: torch.Generator) -> Callable[[Tensor], Tensor]:
    return lambda images: transform(images, generator)


def _dtype(model: nn.Module) -> torch.dtype:
    floats = (weight.dtype for weight in model.parameters() if weight.is_floating_point())
    return next(floats, torch.float32)


def _check(parametrization, steps, regularizers, keep_every) -> None:
    if steps < 1 or (keep_every is not None and keep_every < 1):
        raise ValueError(f"steps and keep_every must be at least 1; got {steps}, {keep_every}")
    if regularizers and not parametrization.direct:
        raise ValueError("regularizers change pixels; the parametrization must be `pixels`")
