# ---
# jupyter:
#   course:
#     builds_on: [00_recap]
#     compute_minutes: 1.5
#     exercise_minutes: 45
#     memory_gb: 3
#     reading_minutes: 50
#     rows: [M05, M06]
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: course
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
# # 1 · Activation functions
#
# Between two layers there is a simple function, often one line of code: the *activation function*. Below, six
# sigmoid layers train, and learn almost nothing. Which single change makes them learn? And how much of the
# usual advice stands when it is measured?
#
# Only ten minutes? Read [The advice, measured](#the-advice-measured).
#
# After this chapter you can
#
# - write seven activation functions and their derivatives;
# - predict what twenty layers do to a signal and its gradient, and choose the scale of the first weights;
# - recognize a dead ReLU and its usual cause;
# - say which advice about activations held here.
#
# You need [chapter 0](00_recap.ipynb) and the chain rule.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | unit | one output number of a layer |
# | hidden layer | a layer between the input and the output |
# | loss | a number that says how wrong a network is; training lowers it |
# | gradient descent | each update moves the weights a little against the gradient of the loss |
# | learning rate | how far an update moves them |
# | mini-batch | the few examples that one update looks at |
# | momentum | each update keeps a part of the last one |
# | seed | fixes the random numbers: the first weights, the order of the examples |
#
# </details>

# %% tags=["parameters"]
# budget: "quick", "standard" or "full"
budget, seed, device = None, 0, "auto"

# %% tags=["hide-input", "remove-output"]
import functools

import numpy as np
import torch

from chapters.activations import checks, experiments, figures
from lib import activations, models, plotting, runtime
from lib.activations import ACTIVATIONS
from lib.widgets import Choice, Control, FrameExplorer, Playground, Prediction

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
# one matrix again, so the second layer adds nothing. Put a function between them, applied to each number on
# its own,
#
# $$
# f(x) = W_2 \max(0, W_1 x) ,
# \tag{1}
# $$
#
# and the network can bend. That function is the activation function; the one in (1) is called ReLU. What
# enters it, $z = W_1 x$, is the *pre-activation*; what leaves it is the *activation* of the unit.

# %%
g = run.generator("two layers")
x, W1, W2 = (torch.randn(3, 3, generator=g) for _ in range(3))
one_matrix = (W2 @ W1) @ x
without = W2 @ (W1 @ x)
bent = W2 @ (W1 @ x).clamp(min=0)  # (1)

# %% tags=["hide-input", "nbval-check-output"]
for name, output in {"without an activation": without, "with ReLU in between": bent}.items():
    print(f"{name}, two layers are one matrix: {torch.allclose(output, one_matrix, atol=1e-5)}")

# %% [markdown]
# ## Seven functions and their slopes
#
# Training sends a gradient back through the network, and the chain rule multiplies it by each
# activation's derivative on the way. So the derivative matters as much as the function itself. Make a
# prediction before you read on:

# %% tags=["remove-input"]
Prediction(
    "The sigmoid σ(x) = 1 / (1 + e⁻ˣ) rises smoothly from 0 to 1. A gradient of 1 goes back through "
    "ten sigmoids in a row, each at its steepest point. How much of it is left?",
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
# \sigma(x) = \frac{1}{1 + e^{-x}} \tag{2}
# $$
#
# $$
# \sigma'(x) = \sigma(x)\,(1 - \sigma(x)) \le \tfrac14
# $$
#
# $$
# \tanh(x) = 2\,\sigma(2x) - 1 \tag{3}
# $$
#
# $$
# \tanh'(x) = 1 - \tanh^2(x) \le 1
# $$
#
# Both *saturate*: far from zero they are flat, and a unit passes almost no gradient there. The tanh is a
# sigmoid stretched to $(-1, 1)$. Its outputs are centered on zero. The sigmoid's outputs are all positive,
# which has a cost, as you will see.


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
# The *rectified linear unit* keeps positive numbers and sets the others to zero. Fukushima (1969) used it, and
# Nair and Hinton (2010) made it popular:
#
# $$
# \mathrm{ReLU}(x) = \max(0, x) \tag{4}
# $$
#
# $$
# \mathrm{ReLU}'(x) = [x > 0] ,
# $$
#
# where $[x > 0]$ is 1 if $x > 0$ and otherwise 0. It does not saturate on the right, and costs only one
# comparison. On the left its slope is exactly zero. The *leaky* ReLU (Maas et al., 2013) lets a little
# through, here with slope $a = 0.1$ (0.01 is also common, and is PyTorch's default):
#
# $$
# \mathrm{leaky}(x) = \max(a x, x) \tag{5}
# $$
#
# $$
# \mathrm{leaky}'(x) = a + (1 - a)\,[x > 0] .
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
# $$
# \mathrm{ELU}_\alpha(x) = \begin{cases} x & x \ge 0 \cr \alpha\,(e^x - 1) & x < 0 \end{cases} \tag{6}
# $$
#
# $$
# \mathrm{ELU}'_\alpha(x) = \begin{cases} 1 & x \ge 0 \cr \alpha\,e^x & x < 0 \end{cases}
# $$
#
# SELU (Klambauer et al., 2017) is a scaled ELU, $\lambda\,\mathrm{ELU}_\alpha(x)$ with $\lambda \approx
# 1.0507$ and $\alpha \approx 1.6733$. A later section shows where these two numbers come from.


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
# Maxout (Goodfellow et al., 2013) is not a function of one number. Each unit computes two or more
# linear functions of its input, its *pieces*, and keeps the largest value:
#
# \begin{equation*}
# \begin{gathered}
# z_1 = w_1^\top x + b_1 , \quad z_2 = w_2^\top x + b_2 , \\
# \mathrm{maxout}(x) = \max(z_1, z_2) .
# \end{gathered}
# \tag{7}
# \end{equation*}
#
# With respect to the larger piece the slope is 1, so the whole gradient always gets through (with
# respect to $x$ it is that piece's $w$). The price is twice as many weights. In code, a layer computes all
# first pieces and then all second pieces, `z = [z1, z2]`, and maxout compares them unit by unit:


# %%
def maxout(z):
    z1, z2 = z.chunk(2, dim=-1)
    return torch.maximum(z1, z2)


def maxout_derivative(z):
    return torch.ones_like(maxout(z))


# %% [markdown]
# ### All seven side by side
#
# Now compare their slopes. In the charts below, the function is solid and its derivative dashed:

# %% tags=["remove-cell", "nbval-check-output"]
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
    slopes_agree &= torch.allclose(activation.derivative(x), slope, atol=1e-5)
    print(f"{activation.label:>10}: values agree {values_agree}, slopes agree {slopes_agree}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Seven small charts, one for each activation function, drawn from -4 to 4, with the derivative dashed. Sigmoid and tanh flatten on both sides and their derivatives fall to zero. ReLU, leaky ReLU, ELU and SELU rise with slope one (SELU slightly more) on the right; on the left ReLU is flat at zero, leaky ReLU has slope 0.1, ELU and SELU bend towards a negative constant. Maxout, drawn for the pieces x and minus half x, has the shape of a tick mark."}}
fig, axes = plotting.figure(4, 2, height=6.6, sharex=True)
grid = torch.linspace(-4, 4, 401)
for ax, (name, activation) in zip(axes.ravel(), ACTIVATIONS.items()):
    if name == "maxout":
        y, slope = torch.maximum(grid, -0.5 * grid), torch.where(grid > 0, 1.0, -0.5)
    else:
        y, slope = activation.function(grid), activation.derivative(grid)
    figures.plot_function_and_derivative(ax, grid, y, slope, name=name)
axes[3, 1].axis("off")
note = "solid: the function\ndashed: its derivative\n(maxout: x and −x/2)"
axes[3, 1].text(0, 0.4, note, transform=axes[3, 1].transAxes, in_layout=False)
for ax in (axes[3, 0], axes[2, 1]):
    ax.set(xlabel="x")
    ax.tick_params(labelbottom=True)
fig

# %% [markdown]
# Look at the dashed lines. The sigmoid's never rises above 1/4. The tanh's reaches 1 only at one
# point. The rectifiers' is 1 on half of the line (SELU's is 1.05 there, and up to 1.76 left of zero).
# That speaks for rectifiers.
#
# ## A signal goes through many layers
#
# Take a deep network before any training. How large should its random weights be? We feed it standard
# normal numbers and follow the spread of the activations. From here on examples are rows, as in
# code, so matrices stand on the right. For layer $l$ with $n$ units,
#
# \begin{equation*}
# \begin{gathered}
# z_l = h_{l-1} W_l , \quad h_l = f(z_l) , \\
# W_l \sim \mathcal N(0, s^2) .
# \end{gathered}
# \tag{8}
# \end{equation*}
#
# $\mathcal N(0, s^2)$ is the normal distribution of standard deviation $s$. Three choices of $s$ have
# names ($n_\text{in}$ and $n_\text{out}$ count a layer's inputs and outputs):
#
# | name | $s$ | argument |
# |---|---|---|
# | small | 0.01 | start near zero |
# | Glorot | $\sqrt{2 / (n_\text{in} + n_\text{out})}$ | keep $z$ and gradients |
# | He | $\sqrt{2 / n_\text{in}}$ | keep $z$ after ReLUs |

# %% tags=["remove-input"]
Prediction(
    "A network has six ReLU layers of 4096 units, with Glorot's scale, s = 1/√n. Its inputs have standard "
    "deviation 1, and the first layer's activations 0.58. What is the standard deviation after layer six?",
    [
        Choice(
            "Still about 0.58",
            "It would be if each layer kept the scale. But ReLU zeroes half of its inputs, and "
            "so halves the mean square at every layer.",
        ),
        Choice(
            "About 0.1",
            "Each layer halves the mean square, so the scale shrinks by √2 per layer: "
            "0.58 / √2⁵ ≈ 0.10. He's scale has the missing √2.",
            correct=True,
        ),
        Choice(
            "Less than 0.001",
            "That would take a factor of more than 3.5 per layer. Try s = 0.01 in the explorer below.",
        ),
        Choice("More than 10", "Signals grow when s is larger than He's. Glorot's is smaller."),
    ],
)

# %% [markdown]
# Glorot's scale (Glorot and Bengio, 2010), $1/\sqrt n$ for equal widths, is a compromise: both $z$ and the
# gradients should keep their variance. He's (He et al., 2015) makes up for the half that ReLU sets to zero.
# This is equation (8) in code:


# %%
def signal(f, s, h, layers, generator):
    """The standard deviation of the activations after each layer."""
    n, spread = h.shape[1], []
    for _ in range(layers):
        W = s * torch.randn(n, n, generator=generator)
        h = f(h @ W)
        spread.append(float(h.std()))
    return spread


# %% [markdown]
# The experiment repeats this three times for each of four settings. Within a repetition, all four get
# the same inputs and the same random numbers, so they differ only in the activation and in $s$.

# %%
stds = experiments.depth(run)  # for each setting, (repetitions, layers)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the standard deviation of the activations over six layers, on a logarithmic scale. ReLU with He's scale stays flat. Tanh with Glorot's scale falls gently, ReLU with Glorot's scale steeply, and tanh with a scale of 0.01 most steeply of all."}}
fig, ax = plotting.figure(height=3.4, width=5.4)
means = {label: np.mean(rows, axis=0) for label, rows in stds.items()}
figures.plot_std_by_layer(ax, means)
ax.set(title="The signal in six layers of 4096 units", ylim=(0.03, 1.3))
fig

# %% [markdown]
# Each line starts from the same numbers. In layers of 4096 units, $s = 0.01$ is $0.64/\sqrt n$, and the tanh
# network's signal ends at {{depth-tanh-small}}. Its gradients will be small as well, since the gradient of $W_l$
# is a product with $h_{l-1}$. With Glorot's scale, tanh loses its signal slowly; ReLU needs He's.
#
# In this book, a *claim* is a sentence turned into a number. The number is measured several times, each time
# with other random numbers. Together they give a mean, a 95% interval and a verdict: this is the *evidence*. If
# the run behind this page measured the same, its number stands below. Here is the end of one of the four lines:

# %% tags=["remove-input"]
depth_cards = experiments.depth.cards(stds, run)
depth_cards["depth-tanh-glorot"]

# %% [markdown]
# The page of claims has the ends of the other three. For ReLU, the choice of scale decides whether the signal
# keeps its size or shrinks by $\sqrt2$ per layer.
#
# ### Explore: depth, activation, initialization
#
# Now you can combine seven activations, three scales and three depths. For each combination, a network with
# 256 units per layer gets 256 standard normal inputs. The left panel shows the activations of five
# layers from first to last. The right panel shows the size of the gradients that come back to them, on a
# logarithmic scale. What lies beyond a panel is counted in its outermost bars.


# %% tags=["hide-input"]
@functools.cache
def signals(activation, init, depth):
    """The activations h_1 … h_depth and the gradient of the loss with respect to each."""
    g = run.generator("signals")  # the same inputs and draws for every setting
    net = models.MLP(256, [256] * depth, 10, activation=activation, init=init, generator=g)
    x, labels = torch.randn(256, 256, generator=g), torch.randint(10, (256,), generator=g)
    trace = net.trace(x)
    loss = torch.nn.functional.cross_entropy(trace.logits, labels)
    return trace.post, torch.autograd.grad(loss, trace.post)


# %% tags=["hide-input"]
LABELS = {activation.label: name for name, activation in ACTIVATIONS.items()}
SCALES = {"small (0.01)": "small", "Glorot": "glorot", "He": "he"}


def of_frame(draw):
    return lambda depth, activation, scale: draw(
        LABELS[activation], *signals(LABELS[activation], SCALES[scale], depth)
    )


FrameExplorer(
    of_frame(figures.signals_figure),
    alt=of_frame(figures.describe_signals),
    title="Which scale keeps the signal of which activation, and to what depth?",
    depth=Control(run.pick(quick=[5, 20], standard=[5, 10, 20]), label="Layers"),
    activation=run.pick(quick=["sigmoid", "ReLU"], standard=list(LABELS)),
    scale=Control(run.pick(quick=["Glorot", "He"], standard=list(SCALES)), label="Initialization"),
    start={"depth": 20, "activation": "ReLU", "scale": "Glorot"},
)

# %% [markdown]
# Three things to find, at 20 layers:
#
# 1. Which activations keep both signal and gradients with Glorot's scale? (SELU and maxout do; those of ELU
#    and tanh shrink slowly.)
# 2. What happens to the sigmoid's gradients, whatever the scale? (They vanish; He's scale only slows this.)
# 3. What happens to maxout with He's scale, and why? (It explodes. The larger of two standard normal
#    numbers has a mean square of 1, not 1/2, so maxout needs no $\sqrt2$.)
#
# With Glorot's scale the sigmoid's gradients shrink to about a quarter per layer, as in the first prediction.
# Here are three activations, each with the scale that suits it:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the typical size of the gradient at each of 20 layers, on a logarithmic scale. For ReLU with He's scale and for tanh with Glorot's the lines are nearly flat. For sigmoid with Glorot's scale the gradient falls by many orders of magnitude from the last layer to the first."}}
fig, ax = plotting.figure(height=3.3)
layers = np.arange(1, 21)
for name in ("relu", "tanh", "sigmoid"):
    _, grads = signals(name, ACTIVATIONS[name].init, 20)
    color, label = plotting.ACTIVATION_COLORS[name], ACTIVATIONS[name].label
    ax.plot(layers, [g.std() for g in grads], color=color, marker="o", ms=3.5, label=label)
ax.set(yscale="log", xlabel="layer", ylabel="std of the loss gradient")
ax.set(title="Gradients in a network of 20 layers", xticks=[1, 5, 10, 15, 20])
ax.legend(loc="center right")
fig

# %% [markdown]
# Watch what a vanishing gradient does. The next network trains on this page. Predict its loss after 300
# updates, and press play. Then change one thing at a time.

# %% tags=["remove-input"]
Playground(
    "Six sigmoid layers: which single change makes them learn?",
    start={"layers": 6, "units": 8, "activation": "sigmoid", "init": "glorot"},
    controls=["layers", "activation", "init", "lr"],
)

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
# Every component has the sign of $\delta$. On one example, all weights of the unit rise together or fall
# together. If one weight should rise and another one fall, it takes several examples to get there. Here are
# the signs on 200 examples:

# %% tags=["hide-input", "nbval-check-output"]
g = run.generator("signs")
z, delta = torch.randn(200, 10, generator=g), torch.randn(200, 1, generator=g)
for name, f in {"sigmoid": sigmoid, "ReLU": relu, "tanh": tanh}.items():
    gradient = delta * f(z)  # equation (9), one row per example
    one_sign = (gradient >= 0).all(dim=1) | (gradient <= 0).all(dim=1)
    print(f"{name:>7}: all weights pushed one way in {one_sign.float().mean():.0%} of examples")

# %% [markdown]
# ReLU shares this defect, since its outputs are never negative either; tanh does not. What does it cost?
# Inputs that are all positive share a large mean, which makes the loss steep in one direction and flat in
# others. Take two weights, a squared loss, and gradient descent with one learning rate. First the inputs are
# uniform on $[0, 1]$, then we use the same inputs centered.
#
# The curvatures of the loss are the eigenvalues of $H = \frac1N \sum_i h_i h_i^\top$, with a sum over the $N$
# examples. The ratio of the largest to the smallest is the *condition number*. The larger it is, the more steps
# descent needs, even at its best rate.


# %%
def descend(H, best, rate, steps=25):
    """The weights of each step, from 0 to best, as (steps + 1, 2)."""
    w, path = torch.zeros(2), [torch.zeros(2)]
    for _ in range(steps):
        w = w - rate * (H @ (w - best))  # the gradient of a squared loss
        path.append(w)
    return torch.stack(path).numpy()


positive = torch.rand(10_000, 2, generator=run.generator("zigzag"))
centered = positive - positive.mean(dim=0)
curvatures = {
    "inputs in [0, 1]": positive.T @ positive / len(positive),
    "the same, centered": centered.T @ centered / len(centered),
}
best = torch.tensor([1.4, -0.4])
paths = {name: descend(H, best, 3.0) for name, H in curvatures.items()}

# %% tags=["hide-input", "nbval-check-output"]
for name, H in curvatures.items():
    print(f"{name}: condition number {torch.linalg.cond(H):.0f}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two paths of gradient descent in the plane of two weights, from the origin to the best weights at (1.4, -0.4). With inputs between 0 and 1 the path zigzags along the diagonal direction while it creeps towards the goal; with centered inputs it runs straight."}}
fig, ax = plotting.figure(height=3.9)
figures.plot_descent_paths(
    ax, paths, target=best, title="Positive inputs zigzag at their best rate"
)
fig

# %% [markdown]
# At this learning rate both paths take equally long. But for the orange path, 3.0 is the best rate. The blue
# one could use four times that rate, and arrive in a step or two. Descent diverges beyond 2 divided by the
# largest curvature. Beyond half of that limit, where the orange path is, each step overshoots along the
# steepest direction, and the path zigzags. Centering avoids this.
#
# ## Dead ReLUs
#
# A ReLU whose pre-activation is negative for *every* example has output 0 and slope 0 for all of them. No
# gradient reaches its weights. Unless the layers before it change, it stays so: the unit is *dead*. One large
# update can do this.
#
# In code, with $z$ of shape (examples, units):


# %%
def dead_fraction(z, derivative):
    silent = derivative(z).abs() < 1e-3  # no gradient gets through
    return silent.all(dim=0).float().mean()


# 2 examples, 4 units
z = torch.tensor([[-1.0, 2.0, -3.0, 0.5], [-2.0, -1.0, -0.1, 0.3]])
dead = dead_fraction(z, relu_derivative)

# %% tags=["hide-input", "nbval-check-output"]
print(f"dead: {dead:.0%}")

# %% tags=["remove-cell", "nbval-check-output"]
print("lib agrees:", bool(dead == activations.dead_fraction(z, ACTIVATIONS["relu"])))

# %% [markdown]
# ### The data
#
# We use Fashion-MNIST again (Xiao et al., 2017): pictures of clothes with 28 × 28 gray pixels, in ten
# classes. We train networks on 50,000 pictures, choose between them on 10,000 others (*validation*), and use
# the 10,000 of the test set only once, at the end. Pixels are shifted and scaled by the training pictures'
# mean and standard deviation.

# %%
train, validation, test = experiments.garments(run)

# %% tags=["remove-input"]
Prediction(
    "A network with one hidden layer of 128 ReLUs learns to tell the clothes apart, without momentum. "
    "A learning rate of 0.1 works well. At 1.0, ten times that, how many of the 128 units are dead after "
    "240 updates, on average over several trainings?",
    [
        Choice(
            "Fewer than a tenth",
            "More than that die: large updates make their pre-activations negative for all examples.",
        ),
        Choice(
            "Between a tenth and a half",
            "Large updates make their pre-activations negative for all examples, and a unit without a gradient "
            "cannot bring its own weights back. The figure below shows how many die at each rate.",
            correct=True,
        ),
        Choice(
            "More than a half",
            "Most survive: the rate falls, and soon the updates are too small to kill.",
        ),
    ],
)

# %%
dying = experiments.dying(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the percentage of dead units against the learning rate. For ReLU it is near zero at 0.1 and far higher at the highest rate. For leaky ReLU it is zero wherever the network survives; its line ends where it diverges."}}
fig, ax = plotting.figure(height=3.4)
dead = {name: sweep.dead for name, sweep in dying.items()}
figures.plot_dead_fraction(ax, dying["relu"].rates, dead)
ax.set(title="Dead units at each learning rate")
fig

# %% tags=["remove-input"]
experiments.dying.cards(dying, run)["relu-dies-at-high-rates"]

# %% [markdown]
# The band spans the seeds; how many units die varies from run to run. Leaky ReLU has no dead units, since its
# slope is nowhere zero. But if its line stops early, the leaky network *diverged* there (its loss became
# infinite), while the ReLU network lost units and continued. Dead units can limit damage, like a fuse. A
# smaller rate cures both.
#
# ## Where SELU's two numbers come from
#
# Let pre-activations be standard normal, $z \sim \mathcal N(0, 1)$, as for many inputs of mean 0 and variance
# 1 and weights of variance $1/n$. SELU is built to preserve both:
#
# $$
# \mathbb E[\lambda\,\mathrm{ELU}_\alpha(z)] = 0 \tag{10}
# $$
#
# $$
# \mathbb E[(\lambda\,\mathrm{ELU}_\alpha(z))^2] = 1 . \tag{11}
# $$
#
# Equation (10) gives $\alpha$ (the positive and the negative part cancel), and (11) gives $\lambda$. The
# expectations are integrals over the normal density. Here they become sums:

# %% tags=["nbval-check-output"]
z = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
weight = torch.exp(-(z**2) / 2)
weight /= weight.sum()
positive, negative = z.clamp(min=0), torch.expm1(z.clamp(max=0))

alpha = -(weight * positive).sum() / (weight * negative).sum()
lam = 1 / (weight * (positive + alpha * negative) ** 2).sum().sqrt()
print(f"alpha = {alpha:.4f}, lambda = {lam:.4f}")

# %% [markdown]
# So a signal of mean 0 and variance 1 stays as it is. What happens to a signal that is too strong or too
# weak? We follow three signals through 30 layers:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two panels with the standard deviation of the signal over 30 layers, from three starting values 0.3, 1 and 3. With ReLU and He's scale the three lines stay parallel and drift only a little. With SELU they run together near 1."}}
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
# ReLU with He's scale roughly keeps the size of any signal. SELU *corrects* it: its flat negative side damps a
# strong signal, and its slope above 1 amplifies a weak one.
#
# ## The advice, measured
#
# The usual advice, from the slides of Stanford's CS231n:
#
# > Use ReLU, and mind your learning rates. Leaky ReLU, maxout, ELU and SELU may squeeze out marginal
# > gains. Don't use sigmoid or tanh.
#
# We test it on five hidden layers of 64 units: 300 updates, mini-batches of 64 pictures, momentum 0.9. Only
# the activation and its initialization change. All get the same seeds and learning rates, which fall linearly
# to zero. Then we train each again at its best rate on validation, with fresh seeds, and test it.

# %% tags=["remove-input"]
Prediction(
    "Each activation gets its own best learning rate. How do the test accuracies of the seven compare?",
    [
        Choice(
            "One is far behind; the others are close",
            "The sigmoid is far behind: through five layers its first weights hardly get a "
            "gradient, and 300 updates are too few for it. The claims below say how close the "
            "others are.",
            correct=True,
        ),
        Choice(
            "ReLU leads by several points",
            "It beats the sigmoid by far, but it does not beat tanh. Leaky ReLU, maxout, ELU and "
            "SELU are about as accurate on average.",
        ),
        Choice(
            "Sigmoid and tanh are both far behind",
            "The sigmoid is. But tanh is steep around zero, and its outputs are centered there. A claim "
            "below compares it with ReLU.",
        ),
    ],
)

# %%
race = experiments.race(run)
results = race.sweeps

# %% tags=["hide-input"] mystnb={"image": {"alt": "Seven small charts of validation accuracy against learning rate, one per activation, with ReLU repeated in gray for comparison. Six of them rise to a plateau; crosses mark rates at which a run diverged. The sigmoid is below the scale of the other six."}}
fig, axes = plotting.figure(4, 2, height=7.2, sharex=True, sharey=True)
rates = results["relu"].rates
figures.plot_accuracy_by_learning_rate(
    axes, rates, {name: result.accuracy for name, result in results.items()}
)
axes[3, 0].set(xlabel="learning rate", ylabel="validation\naccuracy (%)")
axes[2, 1].set(xlabel="learning rate")
fig

# %% [markdown]
# Each line is the mean over the seeds that did not diverge, and the band their range; gray repeats ReLU. A
# cross marks a rate at which at least one seed diverged, a triangle one at which the accuracy lies below the
# scale. Look at the width of each plateau: it tells you how careful you have to be with the learning rate.
#
# ### Explore: learning rate and activation


# %% tags=["hide-input"]
def of_run(draw):
    return lambda activation, rate: draw(LABELS[activation], results[LABELS[activation]], rate)


FrameExplorer(
    of_run(figures.training_figure),
    alt=of_run(figures.describe_training),
    title="How does each activation fail when the learning rate is wrong?",
    activation=list(LABELS),
    rate=Control(rates, label="Learning rate"),
    start={"activation": "ReLU", "rate": rates[1]},
    play="rate",
)

# %% [markdown]
# The dashed line is the loss of guessing among ten classes, $\ln 10 \approx 2.30$ *nats* (the unit of a
# loss with the natural logarithm). If a curve stays there, the network learns nothing.
#
# ### The numbers
#
# The table compares our numbers with those of a published tutorial (Lippe, 2024). It trained a wider network
# (512, 256, 256, 128) for up to 50 *epochs* (passes over all training pictures) and stopped early, with one
# run each, one learning rate (0.01, with momentum 0.9) and PyTorch's default initialization for all.

# %% tags=["hide-input"]
published = {"sigmoid": 10.0, "tanh": 87.6, "relu": 88.6, "leaky_relu": 88.9, "elu": 87.3}
accuracies, steps = race.accuracy, race.steps
epochs = 64 * steps / len(train.labels)
print(f"{steps} updates ({epochs:.1f} epochs); seeds: {len(accuracies['relu'])}")
print(f"{'':>10} {'rate':>5} {'test, %':>11} {'published':>10}")
for name, ours in accuracies.items():
    measured = f"{ours.mean():.1f} ± {ours.std():.1f}"
    theirs = f"{published[name]:.1f}" if name in published else "–"
    print(f"{ACTIVATIONS[name].label:>10} {race.best[name]:>5g} {measured:>11} {theirs:>10}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of test accuracy for the seven activations, each seed a dot, the mean a bar, the published value a hollow diamond. Tanh, ReLU, leaky ReLU, maxout, ELU and SELU lie within a few points of each other, the published values some points to their right. Sigmoid lies off the scale on the left, ours and the published one."}}
fig, ax = plotting.figure(height=3.8)
figures.plot_accuracy_beside_published(ax, accuracies, published, lowest=78)
ax.set(title="Dots: our seeds, bar: mean, diamond: published")
fig

# %% [markdown]
# Our networks are narrower and see far fewer pictures, so most end some points lower. The main result
# is the same: the sigmoid fails, and the others are close. Their order may differ: in the tutorial, ReLU is
# ahead of tanh, and the second claim below tests that.
#
# Now we check the advice piece by piece. We take differences seed by seed, in percentage points.

# %% tags=["remove-input"]
verdicts = experiments.race.cards(race, run)
verdicts["relu-beats-sigmoid"]

# %% tags=["remove-input"]
verdicts["relu-beats-tanh"]

# %% tags=["remove-input"]
verdicts["marginal-gains"]

# %% [markdown]
# Why should you mind the rate? Compare two mistakes. One is to train a ReLU network with a learning rate ten
# times too small. The other is to choose the worst of the six activations that learn in this time (all but
# the sigmoid), at its best rate. Networks that diverged do not count, since a rate that is large enough ruins
# any of them.

# %% tags=["remove-input"]
verdicts["mind-the-rate"]

# %% [markdown]
# All of this is about 300 updates. Is the sigmoid hopeless, or only slow? We gave it ten times as many updates.
# This page shows only the evidence of that training, since it takes a while and draws no figure. To run it
# yourself, call `experiments.patience(run)`.

# %% tags=["remove-input"]
experiments.patience.cards(None, run)["sigmoid-is-slow"]

# %% [markdown]
# What is left of the advice? "Don't use sigmoid" holds when time is short: vanishing gradients make training
# slow, not impossible. (We used a rate of 0.1 and Glorot's scale; the tutorial used neither.) "Don't use tanh"
# does not hold *here*: tanh is ahead of ReLU by {{relu-beats-tanh size}}. Our runs cannot
# tell whether the others gain anything.
#
# ## Exercises
#
# Each has a stub to fill in, a check that runs it on small tensors, and a folded solution.
#
# ### Exercise 1: swish
#
# ★☆☆, 10 minutes. *Swish* (Ramachandran et al., 2017), earlier called SiLU (Hendrycks and Gimpel, 2016),
# is $x\,\sigma(x)$. Write it and its derivative by hand, with `torch.exp` but without automatic
# differentiation. Is its slope ever zero? Is it monotone?


# %% tags=["exercise"] exercise="swish" points=4 forbids="grad backward jacrev vmap vjp silu SiLU"
def swish(x):
    raise NotImplementedError


def swish_derivative(x):
    raise NotImplementedError


# %%
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
# square of the activations stays the same. If the pre-activations are standard normal, this
# requires $g = 1 / \sqrt{\mathbb E[f(z)^2]}$. Write `gain(f)` for any elementwise function $f$. Random
# numbers are good enough (100,000 of them are accurate to about 1%); a sum over a grid is better.


# %% tags=["exercise"] exercise="gain" points=6 forbids="calculate_gain"
def gain(f):
    raise NotImplementedError


# %%
checks.check_gain(gain)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="gain" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def gain(f):
    # tanh's gain is 1.59. It keeps the forward signal, but gradients grow by about 8% per layer; Glorot's
    # scale, a gain of 1, is a compromise. ELU's gain, 1.24, lies between Glorot's and He's.
    z = torch.linspace(-10, 10, 20_001)
    density = torch.exp(-(z**2) / 2)
    return ((density * f(z) ** 2).sum() / density.sum()).rsqrt().item()


checks.check_gain(gain)

# %% [markdown]
# ### Exercise 3: maxout contains ReLU
#
# ★★☆, 15 minutes. If the input is one number, maxout with two pieces is $\max(w_1 x + b_1, w_2 x + b_2)$.
# Choose the four numbers so that it becomes ReLU, leaky ReLU with the slope `SLOPE`, and $|x|$. (Then think
# further: can two pieces give tanh? Can many pieces?)


# %% tags=["exercise"] exercise="maxout-pieces" points=5 varies="SLOPE: 0.05 0.1 0.15 0.2 0.25 0.3"
SLOPE = 0.1


def pieces(name):
    """(w1, b1, w2, b2) for name "relu", "leaky_relu" or "abs"."""
    raise NotImplementedError


# %%
checks.check_maxout_pieces(pieces, SLOPE)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="maxout-pieces" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def pieces(name):
    """(w1, b1, w2, b2) for name "relu", "leaky_relu" or "abs"."""
    # A maximum of straight lines is convex, however many they are. tanh is not, so it is impossible.
    left = {"relu": 0, "leaky_relu": SLOPE, "abs": -1}  # the slope below zero
    return 1, 0, left[name], 0


checks.check_maxout_pieces(pieces, SLOPE)

# %% [markdown]
# ## Summary
#
# - Without activation functions, a network of any depth is one matrix.
# - The gradient is multiplied by the activation's slope in every layer. That is at most 1/4 for the
#   sigmoid, and about 1 for the active half of a rectifier.
# - The scale of the first weights should suit the activation: Glorot's for tanh (a compromise between signal and
#   gradients), He's for ReLU and leaky ReLU, $1/\sqrt n$ for SELU and maxout. ELU lies between Glorot's and
#   He's; we used He's.
# - Many dead ReLUs usually mean that the learning rate was too high, if only for a few updates.
# - On Fashion-MNIST, in short training, the sigmoid falls far behind. Among the other six, tanh included, the
#   choice is worth a few points; a learning rate ten times too small costs more.
#
# **Limits.** We used one data set, one shape of network, and short training by gradient descent with momentum
# (after up to 50 epochs, the tutorial has ReLU ahead of tanh). Batch normalization and residual connections
# make deep networks far less sensitive to all of this.
#
# ## Sources
#
# - Clevert, Unterthiner, Hochreiter (2016). Fast and accurate deep network learning by exponential
#   linear units. ICLR. [arXiv:1511.07289](https://arxiv.org/abs/1511.07289)
# - Fukushima (1969). Visual feature extraction by a multilayered network of analog threshold elements. IEEE
#   Transactions on Systems Science and Cybernetics 5.
# - Glorot, Bengio (2010). Understanding the difficulty of training deep feedforward neural networks.
#   AISTATS.
# - Goodfellow et al. (2013). Maxout networks. ICML. [arXiv:1302.4389](https://arxiv.org/abs/1302.4389)
# - He, Zhang, Ren, Sun (2015). Delving deep into rectifiers. ICCV.
#   [arXiv:1502.01852](https://arxiv.org/abs/1502.01852)
# - Hendrycks, Gimpel (2016). Gaussian error linear units (GELUs).
#   [arXiv:1606.08415](https://arxiv.org/abs/1606.08415)
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
