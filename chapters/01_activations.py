# ---
# jupyter:
#   course:
#     exercise_minutes: 45
#     reading_minutes: 50
#     rows: [M05, M06]
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Activation functions
#
# Between two layers of a network stands a function so small that it fits on a button: the
# *activation function*. It decides whether a network of ten layers learns at all.
#
# After this chapter you can
#
# - write down seven activation functions with their derivatives, and say where each goes flat;
# - predict what twenty layers do to a signal and its gradient, and scale the first weights to suit;
# - recognize a dead ReLU, and name the learning rate as the usual suspect;
# - say which advice about activations held on real pictures when we measured it, and which did not.
#
# You need calculus (the chain rule), some Python, and no more of PyTorch than its tensors.

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"  # budget: "quick", "standard" or "full"

# %%
import functools
import math

import numpy as np
import torch

from lib import activations, checks, models, plotting, runtime, sweeps
from lib.activations import ACTIVATIONS
from lib.claims import claim
from lib.datasets.fashion_mnist import load_fashion_mnist
from lib.datasets.images import train_validation_split
from lib.widgets import Choice, Control, FrameExplorer, Prediction

run = runtime.start(budget, seed=seed, device=device)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# ## Why a network needs them
#
# A layer multiplies its input by a matrix of weights. Two layers without anything in between are
#
# $$
# f(x) = W_2 (W_1 x) = (W_2 W_1)\, x ,
# $$
#
# one matrix again: depth bought nothing. Put a function between them, applied to each number on
# its own,
#
# $$
# f(x) = W_2 \max(0, W_1 x) ,
# \tag{1}
# $$
#
# and the network can bend. That function is the activation; the one in (1) is called
# ReLU. What enters it, $z = W_1 x$, is the *pre-activation*; what leaves it is the *activation* of
# the unit.

# %% tags=["nbval-check-output"]
g = run.generator("two layers")
x, W1, W2 = (torch.randn(3, 3, generator=g) for _ in range(3))
collapsed = torch.allclose(W2 @ (W1 @ x), (W2 @ W1) @ x, atol=1e-5)
bent = not torch.allclose(W2 @ (W1 @ x).clamp(min=0), (W2 @ W1) @ x, atol=1e-5)
print(
    f"without activation the two layers are one matrix: {collapsed}; with it they are not: {bent}"
)

# %% [markdown]
# ## Seven functions and their slopes
#
# Training sends a gradient back through the network, and the chain rule multiplies it by each
# activation's derivative on the way. So a derivative matters as much as its function. Before you
# read on, commit yourself:

# %% tags=["remove-input"]
Prediction(
    "The sigmoid σ(x) = 1 / (1 + e⁻ˣ) runs smoothly from 0 to 1. A gradient of 1 goes back through "
    "ten sigmoids in a row, each at its steepest point. How much is left of it?",
    [
        Choice(
            "About 0.1",
            "That would take a slope of 0.8. The sigmoid is much flatter, even at its steepest.",
        ),
        Choice(
            "About 0.001",
            "That would take a slope of 1/2 at every step: 0.5¹⁰ ≈ 0.001. The slope is half that.",
        ),
        Choice(
            "About 0.000001",
            "σ'(x) = σ(x) (1 − σ(x)) is largest at x = 0, where it is 1/4, and 0.25¹⁰ ≈ 10⁻⁶. "
            "Away from 0 it is worse. This is the *vanishing gradient*.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# ### Squashing: sigmoid and tanh
#
# | symbol | meaning |
# |---|---|
# | $x$ | pre-activation, a tensor of any shape; functions act on each number |
# | $\sigma'(x)$ | derivative of $\sigma$ at $x$ |
#
# $$
# \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad \sigma'(x) = \sigma(x)\,(1 - \sigma(x)) \le \tfrac14
# \tag{2}
# $$
#
# $$
# \tanh(x) = 2\,\sigma(2x) - 1, \qquad \tanh'(x) = 1 - \tanh^2(x) \le 1
# \tag{3}
# $$
#
# Both *saturate*: far from zero they are flat, and a unit there passes almost no gradient. The
# tanh is a sigmoid stretched to $(-1, 1)$. Its outputs are centred on zero; the sigmoid's are all
# positive, which costs something, as you will see.


# %%
def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


def sigmoid_derivative(x):
    return sigmoid(x) * (1 - sigmoid(x))


def tanh(x):
    return 2 * sigmoid(2 * x) - 1


def tanh_derivative(x):
    return 1 - tanh(x) ** 2


# %% [markdown]
# ### Rectifying: ReLU, leaky ReLU, ELU, SELU
#
# The *rectified linear unit* (Nair and Hinton, 2010) keeps what is positive and drops the rest:
#
# $$
# \mathrm{ReLU}(x) = \max(0, x), \qquad \mathrm{ReLU}'(x) = [x > 0] ,
# \tag{4}
# $$
#
# where $[x > 0]$ is 1 if $x > 0$ and else 0. It does not saturate on the right, and costs one
# comparison. On the left its slope is exactly zero. The *leaky* ReLU (Maas et al., 2013)
# lets a little through, here with slope $a = 0.1$ (0.01 is common too, and PyTorch's default):
#
# $$
# \mathrm{leaky}(x) = \max(a x, x), \qquad \mathrm{leaky}'(x) = a + (1 - a)\,[x > 0] .
# \tag{5}
# $$


# %%
def relu(x):
    return torch.maximum(torch.zeros_like(x), x)


def relu_derivative(x):
    return (x > 0).float()


def leaky_relu(x, a=0.1):
    return torch.maximum(a * x, x)


def leaky_relu_derivative(x, a=0.1):
    return a + (1 - a) * (x > 0).float()


# %% [markdown]
# The *exponential linear unit* (Clevert et al., 2016) bends smoothly towards $-\alpha$, which pulls
# the mean of its outputs towards zero; $\alpha = 1$ is usual:
#
# \begin{equation}
# \mathrm{ELU}_\alpha(x) = \begin{cases} x & x \ge 0 \\ \alpha\,(e^x - 1) & x < 0 \end{cases}
# \qquad
# \mathrm{ELU}'_\alpha(x) = \begin{cases} 1 & x \ge 0 \\ \alpha\,e^x & x < 0 \end{cases}
# \tag{6}
# \end{equation}
#
# SELU (Klambauer et al., 2017) is a scaled ELU, $\lambda\,\mathrm{ELU}_\alpha(x)$ with
# $\lambda \approx 1.0507$ and $\alpha \approx 1.6733$. Where those two numbers come from is a
# section of its own, below.


# %%
def elu(x, alpha=1.0):
    return torch.where(x >= 0, x, alpha * (torch.exp(x) - 1))


def elu_derivative(x, alpha=1.0):
    return torch.where(x >= 0, 1.0, alpha * torch.exp(x))


LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772


def selu(x):
    return LAMBDA * elu(x, ALPHA)


def selu_derivative(x):
    return LAMBDA * elu_derivative(x, ALPHA)


# %% [markdown]
# ### Choosing: maxout
#
# Maxout (Goodfellow et al., 2013) is not applied to one number. Each unit computes two (or more)
# linear functions of its input and keeps the larger:
#
# $$
# \mathrm{maxout}(x) = \max(w_1^\top x + b_1,\; w_2^\top x + b_2) .
# \tag{7}
# $$
#
# The slope is that of the winning piece, so a gradient always gets through whole. The price is
# twice the weights. In code, a layer makes all first pieces and then all second pieces,
# `z = [z1, z2]`, and maxout compares them unit by unit:


# %%
def maxout(z):
    z1, z2 = z.chunk(2, dim=-1)
    return torch.maximum(z1, z2)


def maxout_derivative(z):
    return torch.ones_like(maxout(z))


# %% [markdown]
# ### Do the formulas hold?
#
# The functions above are written for reading. The shared code in `lib` uses PyTorch's faster ones.
# Here the two are compared, values and slopes; the slopes come from PyTorch's automatic
# differentiation, which knows nothing of our derivatives.

# %% tags=["nbval-check-output"]
x = torch.linspace(-5, 5, 200).view(20, 10)
for name, activation in ACTIVATIONS.items():
    ours, our_slope = globals()[name], globals()[f"{name}_derivative"]
    at = x.clone().requires_grad_()
    y = activation.function(at)
    (slope,) = torch.autograd.grad(y.sum(), at)
    if activation.pieces == 2:  # the gradient lands on the winning piece; add the two
        slope = slope.view(20, 2, 5).sum(dim=1)
    values_agree = torch.allclose(ours(x), y, atol=1e-5)
    slopes_agree = torch.allclose(our_slope(x), slope, atol=1e-5)
    print(f"{activation.label:>10}: values agree {values_agree}, slopes agree {slopes_agree}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Seven small charts, one for each activation function, drawn from -4 to 4, with the derivative dashed. Sigmoid and tanh flatten on both sides and their derivatives fall to zero. ReLU, leaky ReLU, ELU and SELU rise with slope one (SELU slightly more) on the right; on the left ReLU is flat at zero, leaky ReLU has slope 0.1, ELU and SELU bend towards a negative constant. Maxout, drawn for the pieces x and minus half x, has the shape of a tick mark."}}
fig, axes = plotting.figure(4, 2, height=6.6, sharex=True)
grid = torch.linspace(-4, 4, 401)
for ax, (name, activation) in zip(axes.ravel(), ACTIVATIONS.items()):
    if name == "maxout":
        y, slope = torch.maximum(grid, -0.5 * grid), torch.where(grid > 0, 1.0, -0.5)
    else:
        y, slope = activation.function(grid), activation.derivative(grid)
    plotting.plot_function_and_derivative(ax, grid, y, slope, name=name)
axes[3, 1].axis("off")
axes[3, 1].text(
    0, 0.2, "solid: the function\ndashed: its derivative\n(maxout: x and −x/2)", in_layout=False
)
axes[3, 0].set(xlabel="x")
fig

# %% [markdown]
# Look at the dashed lines. The sigmoid's never rises above 1/4. The tanh's reaches 1, at one
# point. The rectifiers' is 1 on half of the line. That is the whole case for rectifiers in deep
# networks, and the rest of the chapter puts numbers on it.
#
# ## A signal goes through many layers
#
# Take a deep network before any training. Its weights are random; how large should they be? Feed
# it standard normal numbers and follow the spread of the activations, layer by layer. For layer
# $l$ with $n$ units,
#
# $$
# z_l = h_{l-1} W_l, \qquad h_l = f(z_l), \qquad W_l \sim \mathcal N(0, s^2) .
# \tag{8}
# $$
#
# Three choices of $s$ have names:
#
# | name | $s$ | argument |
# |---|---|---|
# | small | 0.01 | start near zero |
# | Glorot (Glorot and Bengio, 2010) | $\sqrt{2 / (n_\text{in} + n_\text{out})}$, so $1/\sqrt n$ for equal widths | keep the variance of $z$ |
# | He (He et al., 2015) | $\sqrt{2 / n_\text{in}}$ | the same, given that ReLU zeroes half |

# %% tags=["remove-input"]
Prediction(
    "Six ReLU layers of 4096 units with Glorot's scale, s = 1/√n. The input has standard deviation "
    "1, the first layer's activations have 0.58. What is it after layer six?",
    [
        Choice(
            "Still about 0.58",
            "This would be so if each layer kept the scale. But ReLU zeroes half of its input, and "
            "so halves the mean square at every layer.",
        ),
        Choice(
            "About 0.1",
            "Each layer halves the mean square, so the scale shrinks by √2 a layer: "
            "0.58 / √2⁵ ≈ 0.10. He's scale has the missing √2.",
            correct=True,
        ),
        Choice(
            "Less than 0.001",
            "That takes a factor of 4 a layer. Try s = 0.01 in the explorer below.",
        ),
        Choice("More than 10", "Signals grow when s is larger than He's. Glorot's is smaller."),
    ],
)

# %% [markdown]
# Equation (8) in code. The weights are drawn once per seed and scaled four ways, so the four
# settings differ in nothing but the activation and $s$.

# %%
n, depth = 4096, 6
settings = {
    "ReLU, √(2/n)": (relu, math.sqrt(2 / n)),
    "tanh, 1/√n": (tanh, math.sqrt(1 / n)),
    "ReLU, 1/√n": (relu, math.sqrt(1 / n)),
    "tanh, 0.01": (tanh, 0.01),
}
stds = {label: [] for label in settings}  # per label: a row per seed, a column per layer
for s in range(3):
    g = run.generator("depth", s)
    h = {label: torch.randn(16, n, generator=g) for label in settings}
    rows = {label: [] for label in settings}
    for _ in range(depth):
        W = torch.randn(n, n, generator=g)
        for label, (f, scale) in settings.items():
            h[label] = f(scale * (h[label] @ W))
            rows[label].append(h[label].std().item())
    for label in settings:
        stds[label].append(rows[label])

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the standard deviation of the activations over six layers, on a logarithmic scale. ReLU with He's scale stays flat near 0.8. Tanh with Glorot's scale falls gently from 0.63 to 0.30, ReLU with Glorot's scale from 0.58 to 0.10, and tanh with a scale of 0.01 from 0.49 to 0.05."}}
fig, ax = plotting.figure(height=3.4, width=5.4)
means = {label: np.mean(rows, axis=0) for label, rows in stds.items()}
colors = dict(zip(stds, ["#0072B2", "#E69F00", "#56B4E9", "#D55E00"]))
plotting.plot_std_by_layer(ax, means, colors=colors)
ax.set(title="Only He's scale keeps a ReLU signal alive", ylim=(0.03, 1.3))
fig

# %% [markdown]
# Each line starts from the same numbers. With $s = 0.01$ the tanh network is nearly silent after
# six layers; its gradients will be too, since the gradient of $W_l$ is a product with $h_{l-1}$.
# Glorot's scale suits tanh. ReLU needs He's.
#
# Lecture notes have quoted these values for years. A *claim*, in this book, is a sentence turned
# into a number that is measured with several seeds; you get its mean, a 95% interval and a verdict:

# %% tags=["nbval-check-output"]
last = {label: [row[-1] for row in rows] for label, rows in stds.items()}
expected = {
    "depth-tanh-small": ("tanh, 0.01", 0.046),
    "depth-tanh-glorot": ("tanh, 1/√n", 0.30),
    "depth-relu-glorot": ("ReLU, 1/√n", 0.10),
    "depth-relu-he": ("ReLU, √(2/n)", 0.83),
}
depth_claims = [
    claim(
        key,
        f"Six layers of {label} leave an activation std of about {value}",
        last[label], between=(0.9 * value, 1.1 * value), rows=("M05",), needs="quick", run=run,
    )
    for key, (label, value) in expected.items()
]  # fmt: skip

# %% tags=["remove-input"]
depth_claims[1]

# %% [markdown]
# The other three came out as they stand in the notes, too; all are on the page of claims. For
# ReLU the choice of scale decides between a living signal and one that shrinks by $\sqrt2$ a layer.
#
# ### Explore: depth, activation, initialization
#
# Now all seven activations, three scales and three depths. For each combination a network of
# 256 units a layer meets 256 standard normal inputs. The left panel shows the activations of five
# layers from first to last, the right panel the size of the gradients that come back to them
# (on a logarithmic scale; exact zeros stand at the left edge).
#
# The network that this takes is `lib.models.MLP`, and its `trace` returns what you see here.


# %%
@functools.cache
def signals(activation, init, depth):
    """The activations h_1 … h_depth and the gradient of the loss with respect to each."""
    g = run.generator("signals")  # the same inputs and draws for every setting
    net = models.MLP(256, [256] * depth, 10, activation=activation, init=init, generator=g)
    x, labels = torch.randn(256, 256, generator=g), torch.randint(10, (256,), generator=g)
    trace = net.trace(x)
    loss = torch.nn.functional.cross_entropy(trace.logits, labels)
    return trace.post, torch.autograd.grad(loss, trace.post)


# %% tags=["hide-cell"]
LABELS = {ACTIVATIONS[name].label: name for name in ACTIVATIONS}
SCALES = {"small (0.01)": "small", "Glorot": "glorot", "He": "he"}


def draw_signals(depth, activation, scale):
    layers = np.linspace(0, depth - 1, 5).round().astype(int)
    h, grads = signals(LABELS[activation], SCALES[scale], depth)
    return plotting.signals_figure(LABELS[activation], layers, h, grads)


def describe_signals(depth, activation, scale):
    h, grads = signals(LABELS[activation], SCALES[scale], depth)
    return (
        f"Histograms of activations and gradients of a {activation} network of {depth} layers, "
        f"initialization {scale}. From the first layer to the last, the standard deviation of the "
        f"activations goes from {h[0].std():.2g} to {h[-1].std():.2g}, and that of the gradients "
        f"from {grads[0].std():.1g} to {grads[-1].std():.1g}."
    )


# %% tags=["hide-input"]
FrameExplorer(
    draw_signals,
    alt=describe_signals,
    title="Which scale keeps which activation alive, and how deep?",
    depth=Control(run.pick(quick=[5, 20], standard=[5, 10, 20]), label="Layers"),
    activation=Control(
        run.pick(quick=["sigmoid", "ReLU"], standard=list(LABELS)), label="Activation"
    ),
    scale=Control(run.pick(quick=["Glorot", "He"], standard=list(SCALES)), label="Initialization"),
    start={"depth": 20, "activation": "ReLU", "scale": "Glorot"},
)

# %% [markdown]
# Three things to find:
#
# 1. With 20 layers, which activations keep both signal and gradients under Glorot's scale?
# 2. Where do the sigmoid's gradients go, whatever the scale?
# 3. What happens to maxout under He's scale, and why? (The larger of two standard normal numbers
#    has a mean square of 1, not 1/2: maxout needs no $\sqrt2$.)
#
# The gradients of a sigmoid network vanish by about a factor of four a layer, just as the first
# prediction said. Here they are in one picture, each activation with the scale its authors
# recommend.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the typical size of the gradient at each of 20 layers, on a logarithmic scale. For ReLU with He's scale and for tanh with Glorot's the lines are nearly flat. For sigmoid with Glorot's scale the gradient falls by ten orders of magnitude from the last layer to the first."}}
fig, ax = plotting.figure(height=3.3)
layers = np.arange(1, 21)
for name in ("relu", "tanh", "sigmoid"):
    _, grads = signals(name, ACTIVATIONS[name].init, 20)
    color, label = plotting.ACTIVATION_COLORS[name], ACTIVATIONS[name].label
    ax.plot(layers, [g.std() for g in grads], color=color, marker="o", ms=3.5, label=label)
ax.set(yscale="log", xlabel="layer", ylabel="std of the loss gradient")
ax.set(title="A sigmoid network's first layers get no gradient", xticks=[1, 5, 10, 15, 20])
ax.legend(loc="center right")
fig

# %% [markdown]
# ## Outputs that are never negative
#
# A sigmoid's outputs are all positive. Look at one unit of the *next* layer, $z = w^\top h$, and at
# one example. With $\delta$ the gradient of the loss with respect to $z$,
#
# $$
# \frac{\partial L}{\partial w} = \delta\, h , \qquad h > 0 .
# \tag{9}
# $$
#
# Every component has the sign of $\delta$. On one example, all weights of the unit rise together or
# fall together. If one weight should rise and another fall, the unit has to tack like a sailor
# against the wind. Check the signs on 200 examples:

# %% tags=["nbval-check-output"]
g = run.generator("signs")
z, delta = torch.randn(200, 10, generator=g), torch.randn(200, 1, generator=g)
for name, f in {"sigmoid": sigmoid, "ReLU": relu, "tanh": tanh}.items():
    gradient = delta * f(z)  # equation (9), one row per example
    one_sign = (gradient >= 0).all(dim=1) | (gradient <= 0).all(dim=1)
    print(f"{name:>7}: all weights pushed one way in {one_sign.float().mean():.0%} of examples")

# %% [markdown]
# So ReLU shares this defect (its outputs are not negative either), and tanh does not. What does it
# cost? Take two weights, a squared loss, and gradient descent with one learning rate. Once the
# inputs are uniform on $[0, 1]$, once the same inputs minus their mean.
#
# How fast descent may go is set by the *condition number* of the loss: the ratio of its largest to
# its smallest curvature, which are the eigenvalues of $H = \frac1N \sum_i h_i h_i^\top$.


# %% tags=["nbval-check-output"]
def descend(h, best, rate, steps=25):
    """Gradient descent on the mean of (w·h - best·h)² / 2 from w = 0; (steps + 1, 2)."""
    H = h.T @ h / len(h)
    w, path = torch.zeros(2), [torch.zeros(2)]
    for _ in range(steps):
        w = w - rate * (H @ (w - best))
        path.append(w)
    print(f"condition number {torch.linalg.cond(H):.0f}")
    return torch.stack(path).numpy()


positive = torch.rand(10_000, 2, generator=run.generator("zigzag"))
best = torch.tensor([1.4, -0.4])
paths = {
    "inputs in [0, 1]": descend(positive, best, rate=3.0),
    "the same, centred": descend(positive - positive.mean(dim=0), best, rate=3.0),
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two paths of gradient descent in the plane of two weights, from the origin to the best weights at (1.4, -0.4). With inputs between 0 and 1 the path zigzags along the diagonal direction while it creeps towards the goal; with centred inputs it runs straight."}}
fig, ax = plotting.figure(height=3.9)
plotting.plot_descent_paths(ax, paths, target=best, title="Positive inputs make descent zigzag")
fig

# %% [markdown]
# At this learning rate the zigzag is bearable, and both paths take equally long. The condition
# numbers tell the real cost: the orange path is near the largest rate it survives, while the blue
# one could go seven times as fast. Mini-batches (their examples disagree in sign) and centring
# the data soften the effect; the next chapter is about centring.
#
# ## Dead ReLUs
#
# A ReLU whose pre-activation is negative for *every* example has output 0 and slope 0 everywhere.
# No gradient reaches its weights, so nothing will ever change that: the unit is *dead*. One large
# update is enough to push it there.
#
# In code, with $z$ of shape (examples, units):


# %% tags=["nbval-check-output"]
def dead_fraction(z, derivative):
    silent = derivative(z).abs() < 1e-3  # the unit passes no gradient on for this example
    return silent.all(dim=0).float().mean()


z = torch.tensor([[-1.0, 2.0, -3.0, 0.5], [-2.0, -1.0, -0.1, 0.3]])  # 2 examples, 4 units
ours = dead_fraction(z, relu_derivative)
print(f"dead: {ours:.0%}; lib agrees: {ours == activations.dead_fraction(z, ACTIVATIONS['relu'])}")

# %% [markdown]
# ### The data
#
# Fashion-MNIST: pictures of clothes, 28 × 28 gray pixels, ten classes. 50,000 pictures train the
# networks, 10,000 (*validation*) choose between them, and the 10,000 of the test set are looked at
# once, at the end. Pixels are shifted and scaled by the training pictures' mean and standard
# deviation.

# %%
train, validation = train_validation_split(
    load_fashion_mnist("train", device=run.device), generator=run.generator("split")
)
mean, std = train.images.mean(), train.images.std()
train, validation, test = (
    sweeps.Part((part.images.flatten(1) - mean) / std, part.labels)
    for part in (train, validation, load_fashion_mnist("test", device=run.device))
)

# %% tags=["remove-input"]
Prediction(
    "A network with one hidden layer of 128 ReLUs learns to tell the clothes apart, by plain gradient "
    "descent. At a learning rate of 0.1 all is well. At 1.0, ten times that, how many of the 128 units "
    "are dead after 240 updates?",
    [
        Choice(
            "Hardly any", "They do die: the first large updates throw many of them off the data."
        ),
        Choice(
            "A good part: between one in ten and two in three",
            "The first large updates throw them off the data, and they cannot come back. The rest "
            "carries on. The figure below shows how many, seed by seed.",
            correct=True,
        ),
        Choice(
            "All of them",
            "That happens to deeper networks, where one dead layer blocks all others. With a single "
            "hidden layer, units far from the large updates survive.",
        ),
    ],
)

# %%
dying = {
    name: sweeps.learning_rate_sweep(
        name, train, validation, run=run, hidden=[128], momentum=0.0,
        rates=run.pick(quick=(0.1, 1.0), standard=(0.1, 0.3, 0.6, 1.0)),
        seeds=range(run.pick(quick=1, standard=3, full=10)),
        steps=run.pick(quick=30, standard=240),
    )
    for name in ("relu", "leaky_relu")
}  # fmt: skip

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the percentage of dead units against the learning rate. For ReLU it is zero at 0.1 and rises steeply at the highest rates. For leaky ReLU it is zero wherever the network survives; its line ends where it diverges."}}
fig, ax = plotting.figure(height=3.4)
dead = {name: sweep.dead for name, sweep in dying.items()}
plotting.plot_dead_fraction(ax, dying["relu"].rates, dead)
ax.set(title="ReLUs die when the learning rate is high")
fig

# %% tags=["nbval-check-output"]
dead_claim = claim(
    "relu-dies-at-high-rates",
    "Ten times a good learning rate kills between a tenth and two thirds of a layer's ReLUs",
    dying["relu"].dead[:, -1], between=(10, 67), unit="%", rows=("M05", "M06"), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
dead_claim

# %% [markdown]
# The band spans the seeds. Leaky ReLU has no dead units: its slope is nowhere zero. But where its line
# stops, the leaky network *diverged*, while the ReLU network lost units and went on. Dying can act
# like a fuse. Neither is what you want, and both have the same cure: a smaller learning rate.
#
# ## Where SELU's two numbers come from
#
# Let pre-activations be standard normal, $z \sim \mathcal N(0, 1)$, as when many inputs of mean 0 and
# variance 1 pass through weights of variance $1/n$. SELU wants to hand on the same:
#
# $$
# \mathbb E[\lambda\,\mathrm{ELU}_\alpha(z)] = 0, \qquad
# \mathbb E[(\lambda\,\mathrm{ELU}_\alpha(z))^2] = 1 .
# \tag{10}
# $$
#
# The first equation gives $\alpha$ (positive and negative part cancel), the second $\lambda$. The
# expectations are integrals over the normal density, here as sums.

# %% tags=["nbval-check-output"]
z = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
weight = torch.exp(-(z**2) / 2)
weight /= weight.sum()
positive, negative = z.clamp(min=0), torch.expm1(z.clamp(max=0))

alpha = -(weight * positive).sum() / (weight * negative).sum()
lam = 1 / (weight * (positive + alpha * negative) ** 2).sum().sqrt()
print(f"alpha = {alpha:.4f}, lambda = {lam:.4f}")

# %% [markdown]
# That mean 0 and variance 1 are a fixed point is half of the story. The other half is that they
# attract. Start with a signal that is too strong or too weak, and follow it through 30 layers:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two panels with the standard deviation of the signal over 30 layers, from three starting values 0.3, 1 and 3. With ReLU and He's scale the three lines stay about where they started. With SELU they run together at 1 within about ten layers."}}
fig, axes = plotting.figure(1, 2, height=3.3, sharey=True)
for ax, name in zip(axes, ("relu", "selu")):
    for start in (0.3, 1.0, 3.0):
        g = run.generator("attract", name)
        h = start * torch.randn(64, 512, generator=g)
        spread = [h.std()]
        for _ in range(30):
            W = torch.randn(512, 512, generator=g) * models.init_std(
                ACTIVATIONS[name].init, 512, 512
            )
            h = ACTIVATIONS[name].function(h @ W)
            spread.append(h.std())
        ax.plot(spread, color=plotting.ACTIVATION_COLORS[name])
    ax.set(title=ACTIVATIONS[name].label, yscale="log", ylim=(0.1, 6), xlabel="layer")
    ax.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    ax.minorticks_off()
axes[0].set(ylabel="std of the signal")
fig

# %% [markdown]
# ReLU with He's scale keeps what it gets. SELU *corrects*: its flat negative side damps a strong
# signal, its slope above 1 feeds a weak one.
#
# ## The advice, measured
#
# The usual advice:
#
# > Use ReLU, and be careful with your learning rates. Try leaky ReLU, maxout, ELU or SELU, to squeeze
# > out some marginal gains. Don't use sigmoid or tanh.
#
# We test it with five hidden layers of 64 units, momentum 0.9 and mini-batches of 64 pictures. Only
# the activation changes, and with it the initialization its authors recommend. All get the same
# learning rates (falling linearly to zero) and seeds (first weights, order of the pictures). The
# best rate by validation accuracy is trained again with fresh seeds and tested.

# %% tags=["remove-input"]
Prediction(
    "Each activation at its own best learning rate: how do the seven compare by test accuracy?",
    [
        Choice(
            "ReLU leads by several points",
            "The rectifiers are hard to tell apart, and there is company you may not expect.",
        ),
        Choice(
            "All but one are within about two points of each other",
            "Six of the seven are nearly level. The sigmoid is far behind: with five layers its first "
            "weights hardly get a gradient.",
            correct=True,
        ),
        Choice(
            "Sigmoid and tanh are both far behind",
            "Half right. Five layers are too deep for the sigmoid, not for tanh.",
        ),
    ],
)

# %%
steps = run.pick(quick=30, standard=300, full=7800)
results = {
    name: sweeps.learning_rate_sweep(
        name, train, validation, run=run,
        rates=run.pick(quick=(0.01, 0.1), standard=(0.003, 0.01, 0.03, 0.1, 0.3)),
        seeds=range(run.pick(quick=1, standard=3, full=10)),
        steps=steps,
    )
    for name in ACTIVATIONS
}  # fmt: skip

# %% tags=["hide-input"] mystnb={"image": {"alt": "Seven small charts of validation accuracy against learning rate, one per activation, with ReLU repeated in gray for comparison. Six of them form the same plateau at small rates. The rectifiers drop off its edge by a rate of 0.1, where runs diverge, marked by crosses; tanh goes on further. Sigmoid stays at the level of guessing."}}
fig, axes = plotting.figure(4, 2, height=7.2, sharex=True, sharey=True)
rates = results["relu"].rates
plotting.plot_accuracy_by_learning_rate(
    axes, rates, {name: result.accuracy for name, result in results.items()}
)
axes[3, 0].set(xlabel="learning rate", ylabel="validation\naccuracy (%)")
axes[2, 1].set(xlabel="learning rate")
fig

# %% [markdown]
# The line is the mean over the seeds, the band their range; gray repeats ReLU. A cross marks a rate at
# which at least one seed *diverged*: its loss became infinite. Read the width of each plateau: it
# tells how careful with the learning rate you have to be.
#
# ### Explore: learning rate and activation


# %% tags=["hide-cell"]
def draw_training(activation, rate):
    name = LABELS[activation]
    return plotting.training_figure(name, results[name], rate, chance=math.log(10))


def describe_training(activation, rate):
    result = results[LABELS[activation]]
    column = result.rates.index(rate)
    final, dead = result.loss[-1, :, column], result.dead[:, column]
    good = np.isfinite(dead)
    text = (
        f"{activation} at learning rate {rate:g}: {(~good).sum()} of {len(good)} seeds diverged. "
    )
    if good.any():
        text += (
            f"The others end at a training loss of {final[good].mean():.2f} nats "
            f"with {dead[good].mean():.0f} percent of their units dead."
        )
    return text


# %% tags=["hide-input"]
FrameExplorer(
    draw_training,
    alt=describe_training,
    title="How does each activation fail when the learning rate is wrong?",
    activation=Control([ACTIVATIONS[name].label for name in results], label="Activation"),
    rate=Control(rates, label="Learning rate"),
    start={"activation": "ReLU", "rate": rates[1]},
    play="rate",
)

# %% [markdown]
# The dashed line is the loss of guessing, $\ln 10 \approx 2.30$ *nats* (the unit of a loss with the
# natural logarithm). A curve that stays on it learns nothing: the sigmoid, and any network
# that died.
#
# ### The numbers
#
# Beside ours stand those of a published tutorial (Lippe, 2024), which trained a wider network
# (512, 256, 256, 128) for up to 50 epochs, one run each, with one learning rate (0.01) and PyTorch's
# default initialization for all.

# %%
rates = {name: [result.rates[result.best_rate()]] for name, result in results.items()}
accuracies = {
    name: np.nan_to_num(  # a network that diverged can only guess: 10%
        sweeps.learning_rate_sweep(
            name, train, test, run=run, rates=rates[name], steps=steps,
            seeds=range(100, run.pick(quick=101, standard=106, full=120)),
        ).accuracy[:, 0], nan=10.0
    )
    for name in ACTIVATIONS
}  # fmt: skip

# %%
published = {"sigmoid": 10.0, "tanh": 87.6, "relu": 88.6, "leaky_relu": 88.9, "elu": 87.3}
passes = 64 * steps / len(train.labels)
print(f"{len(accuracies['relu'])} seeds, {passes:.1f} passes over the training pictures")
print(f"{'':>11} {'rate':>6} {'test accuracy (mean ± std)':>28} {'published':>10}")
for name, ours in accuracies.items():
    measured = f"{ours.mean():.1f} ± {ours.std():.1f}"
    theirs = f"{published[name]:.1f}" if name in published else "–"
    print(f"{ACTIVATIONS[name].label:>11} {rates[name][0]:>6g} {measured:>28} {theirs:>10}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of test accuracy for the seven activations, each seed a dot, the mean a bar, the published value a hollow diamond. Tanh, ReLU, leaky ReLU, maxout, ELU and SELU lie close together, the published values some points to their right. Sigmoid lies far to the left of them, and its published value is that of guessing."}}
fig, ax = plotting.figure(height=3.8)
plotting.plot_accuracy_beside_published(ax, accuracies, published)
ax.set(title="Six activations are level; the sigmoid is not")
ax.text(2, 3.2, "dots: our seeds\nbar: their mean\ndiamond: published", va="center")
fig

# %% [markdown]
# Our networks are narrower and see far fewer pictures, so most end some points lower. The order of
# things is the same: the sigmoid fails, the rest are close. That the sigmoid fails at its *best* rate
# is something the tutorial, with one rate for all, could not know.
#
# Now the advice, piece by piece. Differences are taken seed by seed, in percentage points.

# %% tags=["nbval-check-output"]
relu_accuracy = accuracies["relu"]
average_gain = (
    np.mean([accuracies[name] for name in ("leaky_relu", "maxout", "elu", "selu")], axis=0)
    - relu_accuracy
)
verdicts = [
    claim("relu-beats-sigmoid", "ReLU beats the sigmoid by more than 10 points",
          relu_accuracy - accuracies["sigmoid"], above=10, unit="points", rows=("M06",), run=run),
    claim("relu-beats-tanh", "ReLU beats tanh by more than 1 point",
          relu_accuracy - accuracies["tanh"], above=1, unit="points", rows=("M06",), run=run,
          expect="does not hold here"),
    claim("marginal-gains", "Leaky ReLU, maxout, ELU, SELU: within 2 points of ReLU on average",
          average_gain, between=(-2, 2), unit="points", rows=("M06",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
verdicts[0]

# %% tags=["remove-input"]
verdicts[1]

# %% tags=["remove-input"]
verdicts[2]

# %% [markdown]
# "Be careful with your learning rates" is a comparison of two spreads: how far ReLU's accuracy moves
# over the rates we tried, and how far the accuracy moves over the six activations, each at its best.

# %% tags=["nbval-check-output"]
relu_by_rate = np.nan_to_num(results["relu"].accuracy, nan=10.0)
six = [r.accuracy[:, r.best_rate()] for name, r in results.items() if name != "sigmoid"]
rate_claim = claim(
    "mind-the-rate", "The learning rate moves ReLU's accuracy more than the choice among six does",
    np.ptp(relu_by_rate, axis=1) - np.ptp(np.nan_to_num(six, nan=10.0), axis=0),
    above=0, unit="points", rows=("M06",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
rate_claim

# %% [markdown]
# "Don't use sigmoid" holds, by a wide margin, and so does "be careful". "Don't use tanh" does not hold
# *here*: five layers with Glorot's initialization are not deep enough to hurt it, and its outputs
# are centred. Longer training might change that: run this notebook with `budget = "full"`.
# "Marginal" is the right word for the others' gains.
#
# ## Exercises
#
# Each has a stub to fill in, a check that runs your code on small cases, and a folded solution.
#
# ### Exercise 1: swish
#
# ★☆☆, 10 minutes. *Swish*, also called SiLU, is $x\,\sigma(x)$ (Ramachandran et al., 2017). Write it
# and its derivative, by hand, with `torch.exp` but without automatic differentiation. Is it ever
# flat? Is it monotone?


# %% tags=["exercise"] exercise="swish" points=4
def swish(x):
    raise NotImplementedError


def swish_derivative(x):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_swish(swish, swish_derivative)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="swish" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def swish(x):
    return x * sigmoid(x)


def swish_derivative(x):
    # The product rule: 1 · σ(x) + x · σ'(x). Where σ(x) (1 + x (1 - σ(x))) = 0, near x = -1.28,
    # swish has its minimum: it is flat there, and not monotone.
    return sigmoid(x) + x * sigmoid_derivative(x)


checks.check_swish(swish, swish_derivative)

# %% [markdown]
# ### Exercise 2: the right gain for any activation
#
# ★★☆, 20 minutes. He's $\sqrt2$ is a *gain*: with weights of standard deviation $g/\sqrt n$ the mean
# square of the activations stays what it was. If the pre-activations are standard normal, that
# takes $g = 1 / \sqrt{\mathbb E[f(z)^2]}$. Write `gain(f)` for any elementwise function $f$. Random
# numbers will do (how many do you need for 1%?), a sum over a grid is better.


# %% tags=["exercise"] exercise="gain" points=6
def gain(f):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_gain(gain)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="gain" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def gain(f):
    z = torch.linspace(-10, 10, 20_001)
    density = torch.exp(-(z**2) / 2)
    return ((density * f(z) ** 2).sum() / density.sum()).rsqrt().item()


checks.check_gain(gain)

# %% [markdown]
# ### Exercise 3: maxout contains the others
#
# ★★☆, 15 minutes. For an input of one number, maxout with two pieces is
# $\max(w_1 x + b_1, w_2 x + b_2)$. Choose the four numbers so that it becomes ReLU, leaky ReLU with
# slope 0.1, and $|x|$. (Then think: can two pieces give tanh? What about many pieces?)


# %% tags=["exercise"] exercise="maxout-pieces" points=5
def pieces(name):
    """(w1, b1, w2, b2) for name "relu", "leaky_relu" or "abs"."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_maxout_pieces(pieces)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="maxout-pieces" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def pieces(name):
    """(w1, b1, w2, b2) for name "relu", "leaky_relu" or "abs"."""
    # A maximum of straight lines is convex, whatever their number. tanh is not, so no.
    return {"relu": (1, 0, 0, 0), "leaky_relu": (1, 0, 0.1, 0), "abs": (1, 0, -1, 0)}[name]


checks.check_maxout_pieces(pieces)

# %% [markdown]
# ## Summary
#
# - Without activations a network of any depth is one matrix.
# - The backward signal is multiplied by the activation's slope in every layer: at most 1/4 for the
#   sigmoid, 1 for the active half of a rectifier.
# - Scale the first weights to the activation: Glorot's for tanh, He's for ReLU and its kin, $1/\sqrt n$
#   for SELU and maxout.
# - A dead ReLU is the mark of a learning rate that was too high, if only for a few updates.
# - On Fashion-MNIST the sigmoid fails, the learning rate matters more than the choice among the other
#   six, and tanh is among them.
#
# **Limits.** One data set, one shape of network, short training, plain gradient descent with momentum.
# Batch normalization and residual connections, which come later, make deep networks far less
# sensitive to all of this.
#
# ## Sources
#
# - Clevert, Unterthiner, Hochreiter (2016). Fast and accurate deep network learning by exponential
#   linear units. ICLR. [arXiv:1511.07289](https://arxiv.org/abs/1511.07289)
# - Glorot, Bengio (2010). Understanding the difficulty of training deep feedforward neural networks.
#   AISTATS.
# - Goodfellow et al. (2013). Maxout networks. ICML. [arXiv:1302.4389](https://arxiv.org/abs/1302.4389)
# - He, Zhang, Ren, Sun (2015). Delving deep into rectifiers. ICCV.
#   [arXiv:1502.01852](https://arxiv.org/abs/1502.01852)
# - Klambauer et al. (2017). Self-normalizing neural networks. NeurIPS.
#   [arXiv:1706.02515](https://arxiv.org/abs/1706.02515)
# - Lippe (2024). UvA deep learning tutorials, tutorial 3: activation functions.
#   [uvadlc-notebooks.readthedocs.io](https://uvadlc-notebooks.readthedocs.io)
# - Maas, Hannun, Ng (2013). Rectifier nonlinearities improve neural network acoustic models. ICML
#   workshop on deep learning for audio, speech and language processing.
# - Nair, Hinton (2010). Rectified linear units improve restricted Boltzmann machines. ICML.
# - Ramachandran, Zoph, Le (2017). Searching for activation functions.
#   [arXiv:1710.05941](https://arxiv.org/abs/1710.05941)
# - Xiao, Rasul, Vollgraf (2017). Fashion-MNIST. [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
