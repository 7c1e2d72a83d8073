# ---
# jupyter:
#   course:
#     builds_on: []
#     compute_minutes: 1
#     exercise_minutes: 50
#     memory_gb: 1.5
#     reading_minutes: 50
#     rows: [M01, M02, M03, M04, B8]
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
# # 0 · Where we are now
#
# We shuffle the pixels of every picture into the same random order. You can no longer tell a shoe from a
# shirt. Can a network? You build three, from one matrix to a small convolutional network.
#
# Only ten minutes? Read [What does a convolution assume?](#what-does-a-convolution-assume)
#
# After this chapter you can
#
# - read a linear classifier's weights as pictures, and say what a second layer adds;
# - write the four steps of training;
# - compute a convolution's output shape, weights and multiplications;
# - say which layers hold most of the weights, and which do most of the work;
# - show what a convolution assumes.
#
# You need matrices, derivatives and Python.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | class | one of the kinds of things that a picture may show |
# | score | one number for each class; the largest is the answer |
# | weights, biases | the numbers that training changes |
# | map | the outputs of one filter, arranged as a picture |
# | channel | one of the pictures that a layer takes; red, green and blue are three |
#
# </details>

# %% tags=["parameters"]
# budget: "quick", "standard" or "full"
budget, seed, device = None, 0, "auto"

# %% tags=["hide-input", "remove-output"]
import torch
from torch import nn
from torch.nn import functional

from chapters.recap import checks, experiments, figures, networks
from chapters.recap.costs import architecture, layer_costs, stage_costs
from lib import plotting, runtime
from lib.datasets.photos import load_photo
from lib.models import MLP, initialize_, stack
from lib.training import SGD, cross_entropy, fit, minibatches
from lib.widgets import (
    Choice,
    Control,
    ConvolutionExplorer,
    FrameExplorer,
    Playground,
    Prediction,
)

run = runtime.start(budget, seed=seed, device=device)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The pictures are Fashion-MNIST (Xiao et al., 2017): gray, 28 by 28 pixels, ten kinds of clothes. We do not use
# its test part in this chapter. All measurements use pictures *held out*, that is, kept back from training.

# %%
train, held_out = experiments.clothes(run)
print(f"{len(train)} pictures to learn from, {len(held_out)} held out")

# %% [markdown]
# ## A score is a matrix times a picture
#
# Write a picture's pixels into one long column $x$. A *linear classifier* gives each class a score:
#
# $$
# f(x) = W x + b .
# \tag{1}
# $$
#
# | symbol | meaning | shape |
# |---|---|---|
# | $x$ | the picture | $(784)$ |
# | $W$ | weights, a row $w_c$ for each class | $(10, 784)$ |
# | $b$ | a bias for each class | $(10)$ |
# | $f$ | scores | $(10)$ |
#
# Row by row, (1) says $f_c = w_c \cdot x + b_c$. A row has as many numbers as the picture has pixels, so it
# is a picture itself, the *template* of its class: bright pixels of $x$ count for the class where $w_c$ is
# positive, and against it where $w_c$ is negative.

# %% tags=["remove-input"]
Prediction(
    "A linear classifier has learned to name ten kinds of clothes. You draw the row of W that belongs to "
    "“Trouser” as a picture. What do you see?",
    [
        Choice(
            "The average of all trousers",
            "There are classifiers made of averages, but training on (2) leads to another one. A row learns "
            "to tell its class from the nine others, not to look like it.",
        ),
        Choice(
            "What sets trousers apart from other clothes",
            "A row is a comparison. What all clothes share tells the row nothing, but the gap between the legs "
            "tells it a lot.",
            correct=True,
        ),
        Choice(
            "Noise without a visible shape",
            "Nobody told it what a shape is. But if a pixel is bright in one class and dark in the others, every "
            "mini-batch pushes "
            "its weight the same way, and so shapes appear.",
        ),
    ],
)

# %% [markdown]
# ## Four steps, over and over
#
# To learn $W$ and $b$, we need a number that says how wrong the scores are. The *softmax* turns scores into
# probabilities. The *loss*, here the *cross-entropy*, is the negative logarithm of the right class's
# probability:
#
# $$
# p_c = \frac{e^{f_c}}{\sum_k e^{f_k}}, \qquad L = -\log p_y .
# \tag{2}
# $$
#
# Its gradient is short. With $1_y$ a one at the right class and zeros elsewhere, the chain rule gives
#
# \begin{equation*}
# \begin{gathered}
# \frac{\partial L}{\partial f} = \frac{\partial L}{\partial b} = p - 1_y , \\
# \frac{\partial L}{\partial W} = (p - 1_y)\, x^{\mathsf T} .
# \end{gathered}
# \tag{3}
# \end{equation*}
#
# PyTorch's `backward()` finds gradients without such a formula, for any network. For one picture and one layer,
# it arrives at (3):

# %% tags=["hide-input", "nbval-check-output"]
x, y = train.images.flatten(1), train.labels
layer = initialize_(nn.Linear(784, 10), run.generator("init")).to(run.device)
f = layer(x[0])
cross_entropy(f[None], y[:1]).backward()
error = f.detach().softmax(dim=0) - functional.one_hot(y[0], 10)
equal = all(
    torch.allclose(found, derived, atol=1e-6)
    for found, derived in (
        (layer.weight.grad, error[:, None] * x[0]),
        (layer.bias.grad, error),
    )
)
print("✓ backward() and (3) give the same gradients" if equal else "the gradients differ")

# %% [markdown]
# *Gradient descent* moves the weights against the gradient, a little at a time; the *learning rate* $\eta$ says
# how far. The loss we care about is the mean over all pictures. To save time, each update looks at only a few
# of them, a *mini-batch*. Its mean gradient is a noisy estimate of the gradient over all pictures (Robbins and
# Monro, 1951). Each update takes four steps:
#
# 1. **sample** a mini-batch,
# 2. **forward**: scores, probabilities, loss,
# 3. **backprop**: the gradient of the loss,
# 4. **update**: $W \leftarrow W - \eta\, \partial L / \partial W$, and $b$ likewise.


# %%
def descend(W, b, x, y, lr, batches):
    for batch in batches:  # 1. sample
        X, Y = x[batch], functional.one_hot(y[batch], len(b))
        p = (X @ W.T + b).softmax(dim=1)  # 2. forward: (1), then (2)
        dW = (p - Y).T @ X / len(batch)  # 3. backprop: the mean of (3)
        db = (p - Y).mean(dim=0)
        W, b = W - lr * dW, b - lr * db  # 4. update
    return W, b


W, b = layer.weight.detach(), layer.bias.detach()
batches = minibatches(len(x), 50, 20, [run.generator("order")])
W, b = descend(W, b, x, y, 0.1, batches)

# %% tags=["hide-input"]
before = cross_entropy(layer(x).detach(), y).item()
after = cross_entropy(x @ W.T + b, y).item()
print(f"mean loss of the training pictures: {before:.2f} before, {after:.2f} after 20 updates")

# %% tags=["remove-cell", "nbval-check-output"]
layer = initialize_(nn.Linear(784, 10), run.generator("init")).to(run.device)
batches = minibatches(len(x), 50, 20, [run.generator("order")])
fit(layer, x, y, optimizer=SGD(layer.parameters(), lr=0.1), batches=batches)
same = torch.allclose(W, layer.weight, atol=1e-5) and torch.allclose(b, layer.bias, atol=1e-5)
print("twenty updates by hand are lib's, with torch's gradients:", same)

# %% [markdown]
# `lib.training.fit` contains the same loop for any network, with gradients by `backward()`; all later chapters
# use it. If there are only two weights, we can draw the whole loss, and the path over it. The data are 40
# examples of two inputs, and the loss is half the mean squared error:

# %% tags=["hide-input"]
g = run.generator("two weights")
inputs = torch.randn(40, 2, generator=g) @ torch.tensor([[1.0, 0.6], [0.0, 0.8]])
targets = inputs @ torch.tensor([1.0, -0.5]) + 0.3 * torch.randn(40, generator=g)
best = torch.linalg.lstsq(inputs, targets[:, None]).solution[:, 0]
limit = 2 / torch.linalg.eigvalsh(inputs.T @ inputs / len(inputs))[-1].item()
extent, side = (-2.0, 2.0, -2.0, 2.0), torch.linspace(-2, 2, 61)
grid = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=-1)  # first weight across
surface = (grid @ inputs.T - targets).square().mean(dim=-1) / 2


# %%
def descent(lr, batch):
    size = {"1 example": 1, "8 examples": 8, "all 40": 40}[batch]
    w = torch.tensor([-1.6, 1.4])
    path = [w]
    for index in minibatches(40, size, 30, [run.generator("path")]):
        error = inputs[index] @ w - targets[index]
        w = w - lr * inputs[index].T @ error / size
        path.append(w)
        if w.norm() > 1000:  # it left the picture for good
            break
    return torch.stack(path)


# %% tags=["hide-input"]
def descent_frame(lr, batch):
    return figures.descent_figure(surface, extent, descent(lr, batch), best)


FrameExplorer(
    descent_frame,
    alt=lambda lr, batch: (
        f"Contours of a loss over two weights, and the path of 30 updates (fewer where it leaves the picture "
        f"for good) with learning rate {lr:g} and "
        f"{batch} at a time; it ends {(descent(lr, batch)[-1] - best).norm():.2g} from the best weights."
    ),
    title="How does a small mini-batch change the path, and which rate is too large for it?",
    lr=Control(sorted({0.03, 0.1, 0.3, 0.9, round(1.2 * limit, 1)}), label="Learning rate"),
    batch=Control(["1 example", "8 examples", "all 40"], label="Mini-batch"),
    start={"lr": 0.1, "batch": "all 40"},
)

# %% tags=["hide-input"]
print("2 divided by the largest curvature of this loss:", f"{limit:.1f}")

# %% [markdown]
# With all 40 examples and a small rate, the path is smooth. With one example at a time it staggers, even near
# the best weights; a smaller rate calms it. Try the highest rate: an update with all 40 then lands farther
# away than it started. This happens if the rate exceeds 2 divided by the largest *curvature* (the second
# derivative along the steepest direction); [chapter 2](02_preprocessing.ipynb) explains this limit. For a
# network you search for it ([chapter 5](05_hyperparameters.ipynb)).
#
# ### The templates
#
# Now we train the classifier of (1) on the clothes, with 2000 updates. We start all its weights at zero: then
# everything in a template was put there by training.

# %%
templates = experiments.templates(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four rows of small pictures. The first and third show the mean picture of each of the ten classes of clothes, gray and blurred. The second and fourth show the template of each class, where one color counts for the class and another against it: patches of both colors, and more outlines and gaps than whole shapes."}}
fig = figures.templates_figure(templates.means, templates.weights[0], train.classes)
fig

# %% [markdown]
# Blue counts for the class, orange against it. In the corners, where nearly all pictures are black, the
# weights have hardly moved from zero: by (3), such a pixel gives no gradient.
#
# How different are the templates from the averages? For each class, we correlate its template with the mean
# picture of the class, pixel by pixel, and average the ten correlations. For comparison we do the same with a
# picture that is a comparison because we made it one: the mean of the class minus the mean of all pictures.


# %% tags=["hide-input"]
def likeness(pictures):
    """Correlation with the mean picture of the class, averaged over classes."""
    pairs = zip(pictures.cpu().flatten(1), templates.means.flatten(1))
    found = [torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs]
    return sum(found) / len(found)


print("correlation with the mean of the class")
print(f"  its template:             {likeness(templates.weights[0]):.2f}")
apart = templates.means - templates.means.mean(dim=0)
print(f"  its mean minus all means: {likeness(apart):.2f}")

# %% [markdown]
# The average itself would reach 1. A number below 1 says that a picture is no average, but not which
# comparison it makes: if the two numbers differ, training has not found the simple one of the second line.
#
# The first number belongs to a *claim*, a sentence turned into a number. Its card shows the *evidence*, collected
# beforehand with other random numbers: a mean, and a 95% interval, made so that in 95 of 100 such experiments
# it holds the true mean. (A verdict is *provisional* until three base seeds have been measured.) If the run
# behind this page measured the same, its number stands below.

# %% tags=["remove-input"]
experiments.templates.cards(templates, run)["templates-are-no-averages"]

# %% [markdown]
# ## Two layers bend the boundary
#
# One template per class cannot say "a bag with a handle, *or* one without". And the boundary between two
# classes, where their scores are equal, is a straight line or a plane by (1). So we put another layer in
# between, followed by something that is not linear:
#
# \begin{equation*}
# \begin{gathered}
# h = \max(0, W_1 x + b_1) , \\
# f(x) = W_2 h + b_2 .
# \end{gathered}
# \tag{4}
# \end{equation*}
#
# The function $\max(0, \cdot)$ is called *ReLU*. Each row of $W_1$ is a template again, now of a *hidden
# unit*, whose output is one number of $h$. It is zero on one side of a line, and rises on the other side. The
# scores are sums of such units: flat pieces that meet at creases.

# %% tags=["remove-input"]
Prediction(
    "There are two classes of points in the plane: a disk, and a ring around it. What is the smallest number of "
    "hidden units with which the boundary of (4) can go all the way around the disk?",
    [
        Choice(
            "Two",
            "Each unit is zero on one side of a line. Two lines leave a strip or a corner open, and along it the "
            "boundary never closes.",
        ),
        Choice(
            "Three",
            "Three lines can form a triangle around the disk. Inside it all three units are zero, and "
            "whichever way you leave it, one of them rises.",
            correct=True,
        ),
        Choice(
            "As many as there are points",
            "That many are enough for any boundary, but a closed one needs only three lines.",
        ),
    ],
)


# %% [markdown]
# Here are the two classes' scores by (4), and their difference, whose sign decides:


# %%
def difference(points, weights, biases):
    """How much higher (4) scores the ring than the disk."""
    hidden = (points @ weights[0] + biases[0]).clamp(min=0)
    scores = hidden @ weights[1] + biases[1]
    return scores[:, 1] - scores[:, 0]


# %% tags=["hide-input"]
def ring(count, generator):
    groups = torch.arange(count) % 2
    radius = 0.9 * torch.rand(count, generator=generator).sqrt() + 1.3 * groups
    angle = 2 * torch.pi * torch.rand(count, generator=generator)
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1), groups


def best_of(starts, units):  # few units often get stuck
    nets = stack([MLP(2, [units], 2, generator=run.generator("bend", s)) for s in range(starts)])
    order = minibatches(300, 50, 600, [run.generator("bend order")])
    optimizer = SGD(nets.parameters(), lr=0.1, momentum=0.9)
    fit(nets, points, groups, optimizer=optimizer, batches=order)
    best = cross_entropy(nets(points), groups).argmin()
    return [[p[best].detach() for p in kind] for kind in (nets.weights, nets.biases)]


points, groups = ring(300, run.generator("ring"))
bent = {units: best_of(8, units) for units in (2, 3, 12)}


# %% tags=["hide-input"] mystnb={"image": {"alt": "Three panels of points, an orange disk inside a blue ring, with the boundary and the creases of two-layer networks of two, three and twelve hidden units. With two units the boundary stays open. The title of each panel says whether the boundary of its network is closed."}}
reach, angle = 2.6, torch.linspace(0, 2 * torch.pi, 721)
fine = torch.linspace(-reach, reach, 121)
square = torch.stack(torch.meshgrid(fine, fine, indexing="xy"), dim=-1).flatten(0, 1)
far = 1000 * torch.stack([angle.cos(), angle.sin()], dim=1)
fig, axes = plotting.figure(1, 3, height=2.05)
for ax, (units, (weights, biases)) in zip(axes, bent.items()):
    closed = bool((difference(far, weights, biases) > 0).all())
    title = f"{units} units: {'closed' if closed else 'open'}"
    scores = difference(square, weights, biases).view(121, 121)
    figures.plot_boundary(ax, scores, reach, points, groups, title=title)
    figures.plot_creases(ax, weights[0].T, biases[0][0], reach=reach)
fig

# %% [markdown]
# A dashed line is a crease: there a hidden unit switches on. We call a boundary closed if the network finds
# the ring in every direction, however far away. Two creases always leave a way out, three are enough, and
# more can make the boundary rounder. What a network *can* draw and what training *finds* are different
# questions: each panel shows the best of eight starts. Training may find another shape than the triangle.
#
# The next network trains on this page, as you watch. Try three units and several new starts, then more units,
# then another activation:

# %% tags=["remove-input"]
Playground(
    "How often do three units find the ring? How often do eight?",
    start={"data": "circles", "layers": 1, "units": 3, "activation": "relu", "init": "he"},
    controls=["units", "activation", "lr"],
)

# %% [markdown]
# ## A filter slides over the picture
#
# Equation (1) spends a weight on each pixel, for each output. A color photograph of 224 by 224 pixels has
# 150,528 numbers; a hidden layer of 1000 units on it would need 150 million weights. And a template that has
# learned something at one place does not know it at another: a shoe that is moved by three pixels is new to
# it.
#
# A *convolution* uses the same small template, a filter, at every place (mathematicians flip the filter first,
# and call (5) a cross-correlation):
#
# \begin{equation*}
# \begin{gathered}
# z_{k,i,j} = b_k \; + \\
# \sum_{c=0}^{C-1} \sum_{u=0}^{F-1} \sum_{v=0}^{F-1} w_{k,c,u,v}\, x_{c,\,Si+u,\,Sj+v} .
# \end{gathered}
# \tag{5}
# \end{equation*}
#
# | symbol | meaning |
# |---|---|
# | $x$ | the picture, $(C, N, N)$: channels, height, width |
# | $w$, $b$ | $K$ filters, $(K, C, F, F)$, and their biases $(K)$ |
# | $S$ | the stride |
# | $z$ | $K$ maps, $(K, N', N')$ |
#
# Each number of a map is an inner product, as in (1): the filter times one patch of the picture, summed over
# all channels.


# %%
def one_number(x, w, b, S, k, i, j):
    F = w.shape[-1]
    patch = x[:, S * i : S * i + F, S * j : S * j + F]
    return (w[k] * patch).sum() + b[k]


# %% tags=["remove-cell", "nbval-check-output"]
picture = torch.rand(3, 32, 32, generator=run.generator("picture"))
layer = nn.Conv2d(3, 6, 5)  # six filters of 5 × 5, through three channels
maps = layer(picture[None])[0]
by_hand = one_number(picture, layer.weight, layer.bias, 1, 4, 10, 20)
print("one number, by hand and by torch:", torch.allclose(by_hand, maps[4, 10, 20], atol=1e-5))

# %% tags=["hide-input", "nbval-check-output"]
shape = "×".join(map(str, maps.permute(1, 2, 0).shape))
print(f"a 32×32×3 picture and six 5×5 filters give {shape} numbers")

# %% [markdown]
# Six filters give six maps. Stacked as channels, they are a new "picture" for the next layer. A network
# learns its filters; here you see some that people wrote by hand, at work on a photograph:

# %% tags=["hide-input"]
FILTERS = {
    "average": torch.ones(7, 7) / 49,
    "edges, left to right": torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8,
    "edges, top to bottom": torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]) / 8,
    "spots": torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]) / 8,
}
photo = functional.interpolate(load_photo("coffee")[None], size=(90, 135), mode="area")[0]
gray = photo.mean(dim=0)


def sliding_frame(filter, stride, done):
    w = FILTERS[filter]
    response = functional.conv2d(gray[None, None], w[None, None], stride=stride)[0, 0]
    shape = " × ".join(map(str, response.shape))
    return figures.sliding_figure(
        photo, w, response, done=done / 100, stride=stride, title=f"the map, {shape}"
    )


# %% tags=["hide-input"]
FrameExplorer(
    sliding_frame,
    alt=lambda filter, stride, done: (
        f"A photograph of a cup with the window of the filter “{filter}”, and its map at stride {stride}, "
        f"{done}% of it computed."
    ),
    title="Which filter's map is almost zero on uniform areas, and marks lines of all directions?",
    filter=Control(list(FILTERS), label="Filter"),
    stride=Control([1, 3], label="Stride"),
    done=Control([20, 60, 100], label="Computed, %"),
    start={"filter": "edges, left to right", "done": 60},
    play="done",
    pixels=640,
)

# %% [markdown]
# ## The arithmetic of shapes
#
# A window of $F$ pixels fits into $N$ pixels at $N - F + 1$ places. Padding adds $P$ pixels on each side.
# With a stride of $S$, only every $S$-th place is used (Dumoulin and Visin, 2016, draw every case):
#
# $$
# N' = \left\lfloor \frac{N + 2P - F}{S} \right\rfloor + 1 .
# \tag{6}
# $$
#
# The brackets round down: places where the window would stick out are left out. The numbers of weights and of
# multiplications follow:
#
# \begin{equation*}
# \begin{gathered}
# \text{weights} = K\,(C F^2 + 1) , \\
# \text{multiplications} = N'^2 K\, C F^2 .
# \end{gathered}
# \tag{7}
# \end{equation*}
#
# The size of the picture enters the second formula, but not the first.

# %% tags=["remove-input"]
Prediction(
    "A layer has ten filters of 5×5, stride 1 and padding 2. It gets a picture of 32×32×3. What shape is the "
    "output, and how many weights does the layer have, biases included?",
    [
        Choice(
            "32×32×10, and 760 weights",
            "(32 + 4 − 5) / 1 + 1 = 32; each filter has 5·5·3 weights and one bias: 10 · 76.",
            correct=True,
        ),
        Choice(
            "32×32×10, and 260 weights",
            "The shape is right. But a filter reaches through all three channels, so each has 5·5·3 + 1 = 76 weights.",
        ),
        Choice(
            "28×28×10, and 760 weights",
            "That is the shape without padding. Two pixels on each side keep the size for a filter of 5.",
        ),
        Choice(
            "32×32×30, and 780 weights",
            "A filter sums over the channels, so there is one map for each filter, not for each filter and channel.",
        ),
    ],
)

# %% tags=["remove-input"]
ConvolutionExplorer(
    title="Find a filter, a stride and a padding that turn 8 pixels into 4 and leave out no pixel",
    size=8, filter=3, stride=2, padding=0, channels=3, filters=6,
)  # fmt: skip

# %% [markdown]
# ## Blocks into networks
#
# A convolutional network repeats a block: a convolution, a ReLU, and often *pooling*, which keeps the largest
# number of each 2 by 2 places and so halves the height and width of the maps. Each block sees more of the
# picture than the one before, and usually has more channels. At the end come fully connected layers, as in
# (4). The network of this chapter has the shape of LeNet (LeCun et al., 1998), which had other activation
# functions and another kind of pooling:


# %%
def block(channels, filters):
    return nn.Conv2d(channels, filters, 5), nn.ReLU(), nn.MaxPool2d(2)


network = nn.Sequential(
    *block(1, 8),  # (1, 28, 28) -> (8, 24, 24) -> (8, 12, 12)
    *block(8, 16),  # -> (16, 8, 8) -> (16, 4, 4)
    *(nn.Flatten(), nn.Linear(256, 64), nn.ReLU()),  # -> (256) -> (64)
    nn.Linear(64, 10),  # -> (10)
)

# %% tags=["hide-input", "nbval-check-output"]
costs = {
    name: layer_costs(make(run.generator("shapes")), (1, 28, 28))
    for name, make in networks.NETWORKS.items()
}
found = layer_costs(network, (1, 28, 28))
print("layer   output       weights  products")
for cost in found:
    shape = " × ".join(map(str, cost.shape))
    print(f"{cost.kind:7} {shape:12} {cost.weights:7,} {cost.multiplications:9,}")
weights = {name: sum(cost.weights for cost in layers) for name, layers in costs.items()}
print(f"together {weights['convolutional']:,} weights")
print(f"(4) with 100 hidden units: {weights['two layers']:,} weights")

# %% tags=["remove-cell", "nbval-check-output"]
print("the experiment below trains this network:", found == costs["convolutional"])

# %% [markdown]
# Compare the last two columns; the products are the multiplications of (7). Do networks that people use
# distribute their weights and their work in the same way?

# %% tags=["remove-input"]
Prediction(
    "AlexNet (2012) has about 60 million weights, in five convolutions and then three fully connected layers. Which "
    "part has most of the weights, and which does most of the multiplications?",
    [
        Choice(
            "Most of both: the convolutions",
            "They are five of the eight layers, and they do most of the multiplications. But their filters are small.",
        ),
        Choice(
            "Most of both: the fully connected layers",
            "They have most of the weights, but each is used only once per picture. A filter's weights are used at every "
            "place.",
        ),
        Choice(
            "Weights: fully connected layers; work: convolutions",
            "A weight of a convolution is used at each place of the map, but one of a fully connected layer only once.",
            correct=True,
        ),
    ],
)

# %% tags=["hide-input", "nbval-check-output"]
ARCHITECTURES = {
    "AlexNet, 2012": "alexnet",
    "VGG-16, 2015": "vgg16",
    "ResNet-18, 2016": "resnet18",
    "ResNet-50, 2016": "resnet50",
    "EfficientNet-Lite0, 2020": "efficientnet_lite0",
}
stages = {
    name: stage_costs(layer_costs(architecture(key), (3, 224, 224)))
    for name, key in ARCHITECTURES.items()
}
print("share of the fully connected layers")
print(f"{'':24} {'weights':>8} {'work':>7}")
for name, parts in stages.items():
    weights, work = (
        getattr(parts[-1], kind) / sum(getattr(part, kind) for part in parts)
        for kind in ("weights", "multiplications")
    )
    print(f"{name:24} {weights:8.0%} {work:7.1%}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two charts of bars that are split by the size of the maps, one bar for each of five networks. Left, the weights: in AlexNet and VGG-16 nearly all are in fully connected layers, in the later networks most are in the last convolutions, on maps of 7 by 7. Right, the multiplications: nearly all are in convolutions, in VGG-16 most on maps of 56 by 56 and larger, in the later networks spread over the stages."}}
fig = figures.costs_figure(stages)
fig

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show two of them stage by stage", "code_prompt_hide": "Hide the stages"}
print("map       layers channels  weights    work")
for name in ("VGG-16, 2015", "ResNet-18, 2016"):
    print(f"\n{name}")
    for stage in stages[name]:
        size = " × ".join(map(str, stage.size)) if stage.size else "no map"
        work = f"{stage.multiplications / 1e6:5,.0f} M"
        left = f"{size:9} {stage.layers:6} {stage.channels:8}"
        print(f"{left} {stage.weights / 1e6:6.2f} M {work}")

# %% [markdown]
# These numbers are counted by (7), not measured. AlexNet (Krizhevsky et al., 2012) is counted as torchvision
# builds it; the original was split over two GPUs. VGG stacks small filters and spends most of its work on
# large maps (Simonyan and Zisserman, 2015). ResNet (He et al., 2016) averages each last map to one number,
# and so has few fully connected weights. Its stages cost about the same. EfficientNet (Tan and Le, 2019)
# scales depth, width and picture size together.
#
# ## What does a convolution assume?
#
# A filter looks at neighbors, and is the same everywhere. To see what this assumes, we draw one random order
# of the 784 pixels, and put *every* picture into it, training and held out. No information is lost.

# %% tags=["remove-input"]
Prediction(
    "All pictures are shuffled by the same fixed order of pixels. Three networks are trained again: linear, two "
    "layers, convolutional. Which become worse on held-out pictures?",
    [
        Choice(
            "Only the convolutional network",
            "For the other two, shuffling pixels is the same as shuffling the columns of the first matrix, and "
            "these weights start at zero or at random anyway.",
            correct=True,
        ),
        Choice(
            "All three networks",
            "People cannot recognize such pictures any more. But (1) and (4) give each pixel a weight of its own; they never knew where it was.",
        ),
        Choice(
            "None of the three",
            "No information is lost, but the convolutional network can hardly use it any more: its filters see pixels "
            "that have nothing to do with each other.",
        ),
    ],
)


# %%
found = experiments.shuffling(run)  # per network: as they are, shuffled

# %% tags=["hide-input"] mystnb={"image": {"alt": "Accuracy on held-out pictures of three networks, with the pixels in place and with shuffled pixels: a line for each network, which is level if shuffling costs nothing, and a dot for each training."}}
fig, ax = plotting.figure(height=3.4)
figures.plot_shuffle(ax, found, names=experiments.KINDS)
ax.set_title("Accuracy with pixels in place, and shuffled")
fig

# %% tags=["remove-input"]
cards = experiments.shuffling.cards(found, run)
cards["a-second-layer-helps"]

# %% tags=["remove-input"]
cards["convolution-helps"]

# %% tags=["remove-input"]
cards["shuffling-costs-others-nothing"]

# %% [markdown]
# By symmetry, the true difference of this claim is 0: with random first weights, one order of the pixels
# is as good as any other. An interval may miss 0 by a little all the same; of a hundred, about five do.

# %% tags=["remove-input"]
cards["shuffling-costs-convolutions"]

# %% [markdown]
# As long as pixels keep their places, the accuracy of the convolutional network is {{convolution-helps}}
# above that of the two layers, with about a quarter of their weights. Shuffling costs it
# {{shuffling-costs-convolutions}}. It still learns something, since its fully connected layers use what the
# filters pass on. Zhang et al. (2017) shuffled pixels in this way to ask what networks can fit; here it shows
# what a layer assumes. In a table of measurements, for example, neighboring columns have nothing to
# do with each other, and the assumption does not hold.
#
# ## Exercises
#
# ### Exercise 1: what a convolution costs
#
# ★☆☆, 10 minutes. Write equations (6) and (7) for pictures that need not be square. The padding is always
# `PADDING` pixels on each side.


# %% tags=["exercise"] exercise="convolution-costs" points=4 varies="PADDING: 1 2 3 4 5"
PADDING = 2


def convolution_costs(shape, filters, size, stride):
    """shape (C, H, W) -> ((K, H', W'), weights with biases, products)."""
    raise NotImplementedError


# %%
checks.check_convolution_costs(convolution_costs, PADDING)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="convolution-costs" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def convolution_costs(shape, filters, size, stride):
    """shape (C, H, W) -> ((K, H', W'), weights with biases, products)."""
    channels, *sides = shape
    height, width = ((side + 2 * PADDING - size) // stride + 1 for side in sides)
    per_filter = channels * size**2
    multiplications = filters * height * width * per_filter
    return (filters, height, width), filters * (per_filter + 1), multiplications


checks.check_convolution_costs(convolution_costs, PADDING)

# %% [markdown]
# ### Exercise 2: one update
#
# ★★☆, 15 minutes. Write steps 2 to 4 for a linear classifier, with (3) and without `backward()`. One of the
# checks has scores in the hundreds. So subtract each row's largest score before you take exponentials (why does
# that change nothing?), or let torch's `softmax` do it.


# %% tags=["exercise"] exercise="sgd-step" points=5 forbids="grad backward jacrev vjp SGD"
def sgd_step(W, b, X, y, lr):
    """W (C, D), b (C,), X (batch, D), y (batch,) -> the next W and b."""
    raise NotImplementedError


# %%
checks.check_sgd_step(sgd_step)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="sgd-step" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def sgd_step(W, b, X, y, lr):
    """W (C, D), b (C,), X (batch, D), y (batch,) -> the next W and b."""
    scores = X @ W.T + b
    # A constant subtracted from all scores of a row cancels in (2); exp(300) is too large for a 32-bit float.
    e = (scores - scores.max(dim=1, keepdim=True).values).exp()
    p = e / e.sum(dim=1, keepdim=True)
    error = p - functional.one_hot(y, len(b))
    return W - lr * error.T @ X / len(X), b - lr * error.mean(dim=0)


checks.check_sgd_step(sgd_step)

# %% [markdown]
# ### Exercise 3: a convolution of your own
#
# ★★☆, 25 minutes. Write equation (5) for whole maps, without torch's convolutions or `unfold`. Loops over the
# places are fine; you need none over filters and channels. Then compare its time with that of
# `torch.nn.functional.conv2d`.


# %% tags=["exercise"] exercise="convolve" points=6 forbids="conv1d conv2d conv3d Conv2d unfold Unfold conv_transpose2d"
def convolve(x, w, b, stride):
    """x (C, H, W), w (K, C, F, F), b (K,) -> (K, H', W')."""
    raise NotImplementedError


# %%
checks.check_convolve(convolve)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="convolve" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def convolve(x, w, b, stride):
    """x (C, H, W), w (K, C, F, F), b (K,) -> (K, H', W')."""
    _, height, width = x.shape
    size = w.shape[-1]
    rows, columns = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    z = torch.empty(len(w), len(rows), len(columns))
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            patch = x[:, top : top + size, left : left + size]
            z[:, i, j] = (w * patch).sum(dim=(1, 2, 3)) + b
    return z


checks.check_convolve(convolve)

# %% [markdown]
# ## Summary
#
# - A linear classifier has one template for each class. Its templates are comparisons, not averages.
# - Training is four steps: sample, forward, backprop, update. The gradient of softmax with cross-entropy is
#   $p - 1_y$.
# - With a hidden ReLU layer, boundaries of points in the plane become polygons. It takes at least three units
#   to close one.
# - A convolution is a small template used everywhere. It has $K(CF^2 + 1)$ weights and needs $N'^2 K C F^2$
#   multiplications.
# - Convolutions do most of the work: on a large map, each weight is used many times. In AlexNet and VGG,
#   fully connected layers have most of the weights.
# - Convolutions assume that neighbors belong together. Shuffled pixels break the assumption, and accuracy
#   falls.
#
# **Limits.** We used one data set of small gray pictures, three small networks and one training recipe for
# all of them; another rate or more updates would change each number. Numbers of multiplications are not
# seconds: memory and hardware matter as well.
#
# ## Sources
#
# - Dumoulin, Visin (2016). A guide to convolution arithmetic for deep learning.
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285)
# - He, Zhang, Ren, Sun (2016). Deep residual learning for image recognition. CVPR.
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - Krizhevsky, Sutskever, Hinton (2012). ImageNet classification with deep convolutional neural networks.
#   NeurIPS.
# - LeCun, Bottou, Bengio, Haffner (1998). Gradient-based learning applied to document recognition.
#   Proceedings of the IEEE 86.
# - Robbins, Monro (1951). A stochastic approximation method. Annals of Mathematical Statistics 22.
# - Simonyan, Zisserman (2015). Very deep convolutional networks for large-scale image recognition. ICLR.
#   [arXiv:1409.1556](https://arxiv.org/abs/1409.1556)
# - Tan, Le (2019). EfficientNet: rethinking model scaling for convolutional neural networks. ICML.
#   [arXiv:1905.11946](https://arxiv.org/abs/1905.11946)
# - Xiao, Rasul, Vollgraf (2017). Fashion-MNIST: a novel image dataset for benchmarking machine learning
#   algorithms. [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
# - Zhang, Bengio, Hardt, Recht, Vinyals (2017). Understanding deep learning requires rethinking generalization.
#   ICLR. [arXiv:1611.03530](https://arxiv.org/abs/1611.03530)
