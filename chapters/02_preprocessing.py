# ---
# jupyter:
#   course:
#     builds_on: [00_recap]
#     compute_minutes: 1.5
#     exercise_minutes: 60
#     memory_gb: 2
#     reading_minutes: 50
#     rows: [M07, M08]
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
# # 2 · Data preprocessing
#
# Subtracting a mean loses no information, and a network could learn it. Can it matter, then? A mistake in such
# arithmetic causes no error message. How much can it cost? And can a classifier of pure noise pass a test?
#
# Only ten minutes? Read [Why center?](#why-center) and
# [Test data stays out of the statistics](#test-data-stays-out-of-the-statistics).
#
# After this chapter you can
#
# - write the three usual recipes for images;
# - explain why data far from zero slows down gradient descent;
# - whiten photographs by PCA and by ZCA;
# - say which preprocessing helped here;
# - keep test data out of the statistics, and store these with the model.
#
# You need [chapter 0](00_recap.ipynb) and linear algebra.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | channel | one of the three pictures that make up a color image: red, green or blue |
# | variance | mean squared distance from the mean; its root is the standard deviation (std) |
# | covariance | for two inputs, the mean product of their distances from their means |
# | eigenvector | a direction that a matrix only stretches, by its eigenvalue |
# | statistics | here, the means, stds and directions that a preprocessing measures |
#
# </details>

# %% tags=["parameters"]
# budget: "quick", "standard" or "full"
budget, seed, device = None, 0, "auto"
dataset = "scenes"  # or "cifar10", which is downloaded once

# %% tags=["hide-input", "remove-output"]
import io

import torch
from torch import nn

from chapters.preprocessing import checks, experiments, figures, scenes
from lib import plotting, preprocessing, runtime
from lib.datasets.photos import PHOTOS, photo_patches
from lib.models import ConvNet
from lib.training import predict
from lib.widgets import Choice, Control, FrameExplorer, Prediction

as_written = dataset == "scenes"  # what the text and the evidence are about
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The pictures are *scenes*: rendered objects of ten shapes (circle, star, fish, …) on varied
# backgrounds, with 32 × 32 pixels in color. We train networks on 2,000 of them, choose settings on 1,000
# (*validation*), and test on 2,000 others. With `dataset = "cifar10"` the chapter runs on photographs;
# its text and the evidence of its claims are about the scenes.

# %%
train, validation, test = scenes.pictures(run, dataset)

# %% tags=["hide-input"]
print(f"{len(train)} training, {len(validation)} validation, {len(test)} test images")

# %% [markdown]
# ## Three recipes
#
# A file or a camera gives a color image as an array [32, 32, 3]: row, column, channel. PyTorch puts the
# channel first, (3, 32, 32), and the examples of a batch before it. To move an axis, use `permute`; `reshape`
# gives the same shape, but scrambles the picture.

# %%
# A picture as a file would contain it: whole numbers, [32, 32, 3]
from_file = (255 * train.images[0]).byte().permute(1, 2, 0)
image = from_file.permute(2, 0, 1).float() / 255  # (3, 32, 32)

# %% tags=["hide-input", "nbval-check-output"]
scrambled = (from_file.reshape(3, 32, 32).float() / 255 - image).abs().max() > 0.05
print(f"file {list(from_file.shape)}, PyTorch {tuple(image.shape)}")
print(f"permute keeps the picture: {torch.allclose(image, train.images[0], atol=1 / 255)}")
print(f"reshape scrambles it: {bool(scrambled)}")

# %% [markdown]
# With $N$ training images $x_i$ of channels $c$, rows $u$ and columns $v$:
#
# | recipe | subtract | divide by |
# |---|---|---|
# | mean image | $\mu_{cuv}$ | – |
# | channel mean | $\mu_c$ | – |
# | mean and std | $\mu_c$ | $\sigma_c$ |
#
# $$
# \mu_{cuv} = \frac1N \sum_i x_{icuv} \tag{1}
# $$
#
# $$
# \mu_c = \frac{1}{HWN} \sum_{iuv} x_{icuv} \tag{2}
# $$
#
# $$
# \sigma_c^2 = \frac{1}{HWN} \sum_{iuv} (x_{icuv} - \mu_c)^2 \tag{3}
# $$
#
# $H$ and $W$ are height and width (below, $H$ is a matrix). Removing a mean is *centering*; dividing by the
# std as well is *standardizing*. AlexNet is known for the first recipe (Krizhevsky et al., 2012), VGG
# for the second (Simonyan and Zisserman, 2015) and ResNet for the third (He et al., 2016). The third comes from
# published code for residual networks, while their paper subtracted a mean image.

# %%
x = train.images  # (N, 3, 32, 32)
mean_image = x.mean(dim=0)  # (1): (3, 32, 32)
# (2) and (3): three numbers each, shaped to broadcast
channel_mean = x.mean(dim=(0, 2, 3)).view(3, 1, 1)
squares = (x - channel_mean) ** 2
channel_std = squares.mean(dim=(0, 2, 3)).sqrt().view(3, 1, 1)
recipes = {
    "mean image": x - mean_image,
    "channel mean": x - channel_mean,
    "standardized": (x - channel_mean) / channel_std,
}

# %% tags=["remove-cell", "nbval-check-output"]
fits = {
    "mean image": preprocessing.fit_mean_image,
    "channel mean": preprocessing.fit_channel_mean,
    "standardized": preprocessing.fit_standardization,
}
for name, ours in recipes.items():
    layer = fits[name](x)
    same = torch.allclose(ours, layer(x), atol=1e-5)
    print(f"{name:>12}: mean {tuple(layer.mean.shape)}, lib gives the same: {same}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of five small pictures, the original scenes above and the same scenes minus the channel mean below, a little grayer, with zero shown as middle gray. Beside them the mean image, a blur without objects, and the channel mean, one flat gray."}}
fig, axes = plotting.figure(2, 2, height=2.7, width_ratios=[5, 1.25])
centered = figures.signed_picture(recipes["channel mean"][:5], limit=0.6)
for ax, pictures, title in zip(axes[:, 0], (x[:5], centered), ("original", "minus channel mean")):
    plotting.plot_tiles(ax, pictures, columns=5, gap=2, title=title)
plotting.plot_image(axes[0, 1], mean_image, title="mean")
plotting.plot_image(axes[1, 1], channel_mean.expand(3, 32, 32), title="per channel")
fig

# %% [markdown]
# Zero is drawn as middle gray. These are the same pictures, shifted: no information is lost or gained.
# So why does centering matter?
#
# ## Why center?
#
# Chapter 1 gave one reason: inputs that are never negative push all weights of a unit the same way
# on each example, and descent has to zigzag. Pixels are such inputs. The second reason is a number.
# Take a linear score $w^\top x$, targets $t_i$ and the squared loss (LeCun et al., 1998):
#
# | symbol | meaning | shape |
# |---|---|---|
# | $x_i$, $t_i$ | example $i$ of $N$, as one long vector, and its target | $D$, a number |
# | $w$, $w^*$ | weights, best weights | $D$ |
# | $\mu$, $C$ | mean and covariance matrix of the inputs | $D$, $D \times D$ |
# | $H$, $\lambda_{\max}$ | matrix of curvatures (the *Hessian*), its largest eigenvalue | $D \times D$, a number |
#
# $$
# L(w) = \frac{1}{2N} \sum_i (w^\top x_i - t_i)^2 \tag{4}
# $$
#
# $$
# H = \frac{\partial^2 L}{\partial w^2} = \frac1N \sum_i x_i x_i^\top
# $$
#
# $$
# H = C + \mu \mu^\top . \tag{5}
# $$
#
# So the mean adds one steep direction, with a curvature of about $|\mu|^2$. Automatic differentiation finds the
# same matrix on a small example, 50 random examples of four inputs:

# %% tags=["hide-input", "nbval-check-output"]
g = run.generator("hessian")
toy, targets = torch.rand(50, 4, generator=g), torch.rand(50, generator=g)


def squared_loss(w):
    return ((toy @ w - targets) ** 2).mean() / 2  # (4)


H = torch.autograd.functional.hessian(squared_loss, torch.zeros(4))
mu, C = toy.mean(dim=0), torch.cov(toy.T, correction=0)
same = torch.allclose(H, C + torch.outer(mu, mu), atol=1e-5)
print(f"the matrix of second derivatives is the one in (5): {same}")

# %% [markdown]
# Let $e = w - w^*$ be the distance from the best weights and $\eta$ the learning rate. A step of
# gradient descent gives
#
# $$
# e \leftarrow (I - \eta H)\, e , \tag{6}
# $$
#
# so along the steepest direction, with curvature $\lambda_{\max}$, the distance shrinks only for
# $\eta < 2 / \lambda_{\max}$. All other directions have to use the same rate, however flat they are.

# %% tags=["remove-input"]
Prediction(
    "A linear model learns from pixels between 0 and 1. You feed it pixels between 0 and 255 "
    "instead. What happens to the highest learning rate at which descent converges?",
    [
        Choice(
            "It stays the same", "H is made of products of inputs, so it grows with their scale."
        ),
        Choice(
            "It is divided by 255",
            "H contains products of two inputs, and each of the two grows by a factor of 255.",
        ),
        Choice(
            "It is divided by 255², about 65,000",
            "By (5), H grows by a factor of 255², and the limit 2 / λ shrinks by the same factor. A rate of 0.01 "
            "becomes a rate of 0.00000015.",
            correct=True,
        ),
    ],
)


# %%
def steepest(x, steps=100):
    """H's largest eigenvalue, by power iteration, and its direction."""
    v = torch.ones(x.shape[1], device=x.device)
    for _ in range(steps):
        v = x.T @ (x @ v) / len(x)
        curvature = v.norm()
        v = v / curvature
    return curvature.item(), v


# %% tags=["hide-input"]
inputs = {"0 to 255": 255 * x, "0 to 1": x} | recipes
inputs = {name: images.flatten(1) for name, images in inputs.items()}
for name, rows in inputs.items():
    print(f"{name:>12}: rates below {2 / steepest(rows)[0]:.1g} converge")

# %% [markdown]
# Centering raises the limit. Standardizing lowers it again: pixels from 0 to 1 have stds of one half at most,
# so dividing by them makes inputs larger and rates smaller. A smaller limit is no harm by itself. What counts
# is the ratio of the steepest to the flattest direction. (In chapter 0, networks learned from raw pixels
# easily. Its pictures have a quarter as many inputs, about half of them black, and so a much smaller
# $|\mu|^2$.) Is (6) right about the limit? We try a rate a little below it, and one a little above:

# %% tags=["hide-input", "nbval-check-output"]
shrinks = {0.9: 0, 1.1: 0}
for rows in inputs.values():
    curvature, v = steepest(rows)
    for part in shrinks:
        e = v.clone()
        for _ in range(20):
            e = e - part * (2 / curvature) * (rows.T @ (rows @ e)) / len(rows)  # (6)
        shrinks[part] += int(e.norm() < v.norm())
for part, count in shrinks.items():
    print(f"at {part} of the limit, the error shrinks for {count} of {len(inputs)} inputs")

# %% [markdown]
# ### Explore: one step after another
#
# With two inputs you can see the rest. On the left are the data. On the right is the loss of a linear fit
# without a bias, with fifteen steps of descent at its best rate, always from the same start. Each step of
# preprocessing continues from the last: center, standardize, rotate until the inputs are uncorrelated
# (*decorrelate*), and divide by the std along each new axis (*whiten*).
#
# Which step makes the contour lines round, whatever the correlation is?


# %% tags=["hide-input"]
def cloud(correlation, n=150):
    """n points of exactly this correlation, around (3.5, 2)."""
    z = torch.randn(n, 2, generator=run.generator("cloud"))
    z = preprocess_steps(z)["whitened"]
    other = correlation * z[:, 0] + (1 - correlation**2) ** 0.5 * z[:, 1]
    return torch.stack([1.2 * z[:, 0] + 3.5, 0.5 * other + 2.0], dim=1)


def preprocess_steps(x):
    centered = x - x.mean(dim=0)
    standardized = centered / centered.std(dim=0, correction=0)
    variances, directions = torch.linalg.eigh(standardized.T @ standardized / len(x))
    directions = directions * directions.sum(dim=0).sign()  # an eigenvector's sign is free
    decorrelated = standardized @ directions.flip(1)
    return {
        "original": x, "centered": centered, "standardized": standardized,
        "decorrelated": decorrelated, "whitened": decorrelated / variances.flip(0).sqrt(),
    }  # fmt: skip


# %% tags=["hide-input"]
def of_cloud(draw):
    return lambda step, correlation: draw(preprocess_steps(cloud(correlation))[step], step=step)


FrameExplorer(
    of_cloud(figures.cloud_figure),
    alt=of_cloud(figures.describe_cloud),
    title="Which step makes the loss round?",
    step=Control(list(preprocess_steps(torch.rand(9, 2))), label="Done so far"),
    correlation=run.pick(quick=[0.3, 0.9], standard=[0.3, 0.9, 0.97]),
    start={"correlation": 0.9},
)

# %% [markdown]
# Only whitening does. Centering removes the steep direction $\mu$, and standardizing the difference in scale,
# but the correlation stays. A rotation only turns the picture, and leaves the condition number of chapter 1
# as it was. (A bias does not solve the problem. It only adds a weight, whose input is always 1.)
#
# ## Whitening images
#
# An image of $D$ numbers has $D$ inputs. Neighboring pixels are nearly equal, so these inputs are strongly
# correlated. We decompose the covariance of the training images into directions $v_k$ (rows of $V$)
# and variances $\lambda_k$ along them ($V$ is $D \times D$), and divide by the std along each direction:
#
# $$
# C = V^\top \mathrm{diag}(\lambda)\, V \tag{7}
# $$
#
# $$
# y_\text{PCA} = \frac{1}{\sqrt{\lambda + \varepsilon}}\, V (x - \mu) \tag{8}
# $$
#
# $$
# y_\text{ZCA} = V^\top y_\text{PCA} . \tag{9}
# $$
#
# Coordinate $k$ is divided by $\sqrt{\lambda_k + \varepsilon}$.

# %% tags=["remove-input"]
Prediction(
    "Dividing by the root of the variance makes all directions equally strong. In photographs, "
    "slow changes of brightness are the strong ones. What is left of a photograph after (9)?",
    [
        Choice(
            "A blur",
            "A blur keeps the slow changes and drops the rest. Whitening makes the slow ones weaker.",
        ),
        Choice(
            "Its edges, on gray",
            "Slow changes become weaker and fast ones stronger, and the rotation back puts them where "
            "they were. So the places stand out where neighbors differ.",
            correct=True,
        ),
        Choice(
            "Noise without a shape",
            "That is what (8) looks like as a picture. But (9) rotates back, so things stay in place.",
        ),
    ],
)

# %% [markdown]
# *PCA* (principal component analysis) rotates the image to its directions of variation, largest first;
# whitening then gives each direction variance 1. *ZCA* (zero-phase; Bell and Sejnowski, 1997) rotates back,
# so the result is an image again. Of all ways to whiten, it stays closest to the centered input (Kessy et
# al., 2018); it was used on CIFAR-10 early on (Krizhevsky, 2009). Directions of almost no variance are mostly
# noise, and a small $\varepsilon$ keeps whitening from amplifying them. Here are the equations in code, on
# patches of photographs:

# %% tags=["hide-input"]
patches = photo_patches(
    4000, size=16, generator=run.generator("patches"), names=PHOTOS[:3] + PHOTOS[4:]
)  # without the night sky

# %%
X, epsilon = patches.flatten(1).double(), 1e-3
mu = X.mean(dim=0)
C = (X - mu).T @ (X - mu) / len(X)
lam, columns = torch.linalg.eigh(C)  # (7); directions are columns here,
V = columns.T  # and the smallest variance comes first
y_pca = (X - mu) @ V.T * (lam + epsilon).rsqrt()  # (8), one image a row
y_zca = y_pca @ V  # (9)

# %% tags=["hide-input", "nbval-check-output"]
components = preprocessing.fit_principal_components(patches)
exact = (X - mu) @ V.T * lam.clamp(min=1e-12).rsqrt()
identity = torch.allclose(exact.T @ exact / len(X), torch.eye(768).double(), atol=1e-6)
print(f"without epsilon, the covariance of the result is the identity: {identity}")

# %% tags=["remove-cell", "nbval-check-output"]
lib_zca = preprocessing.zca_whitening(components, epsilon=epsilon)(patches)
print(f"lib gives the same: {torch.allclose(y_zca, lib_zca.flatten(1).double(), atol=1e-3)}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three rows of small square pictures. The first twelve principal directions of photo patches: flat brightness, then gradients across the patch and slow waves. Twelve late directions: fine colored checkerboards and noise. Twelve rows of the ZCA matrix: gray squares with a single dot of color, surrounded by its opposite."}}
fig, axes = plotting.figure(3, 1, height=2.7)
V_lib, zca = components.directions.float(), preprocessing.zca_whitening(components, epsilon=1e-3)
pictures = {
    "the first directions: slow waves": V_lib[:12],
    "the last directions: fine detail and noise": V_lib[-12:],
    "rows of the ZCA matrix: a dot and its opposite around it": zca.matrix[100:700:50],
}
for ax, (title, rows) in zip(axes, pictures.items()):
    limits_of_each = [figures.signed_picture(row.view(3, 16, 16)) for row in rows]
    plotting.plot_tiles(ax, torch.stack(limits_of_each), columns=12, gap=2, title=title)
fig

# %% [markdown]
# A row of the ZCA matrix compares a pixel with its surroundings. It removes what the pixel shares with its
# neighbors, and leaves the difference. Here are five patches of photographs:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four rows of five patches, parts of photographs: a cat, a cup of coffee, a flower, a roof, a motorcycle. Original. Standardized, much the same. PCA-whitened, drawn as if its numbers were pixels: noise without any shape. ZCA-whitened: gray with bright colored edges where the original has edges."}}
views = torch.cat([
    photo_patches(1, size=16, generator=run.generator("view", name), names=(name,), height=40)
    for name in ("chelsea", "coffee", "flower", "china", "motorcycle")
])  # fmt: skip
rows = {
    "original": views,
    "standardized": preprocessing.fit_standardization(patches)(views),
    "PCA-whitened: coefficients drawn as pixels": preprocessing.pca_whitening(
        components, epsilon=1e-3
    )(views).view_as(views),
    "ZCA-whitened": preprocessing.zca_whitening(components, epsilon=1e-3)(views),
}
fig, axes = plotting.figure(4, 1, height=5.4)
for ax, (title, pictures) in zip(axes, rows.items()):
    shown = pictures if title == "original" else figures.signed_picture(pictures)
    plotting.plot_tiles(ax, shown, columns=5, gap=2, title=title)
fig

# %% [markdown]
# PCA's numbers no longer form a picture: the first one stands for brightness, the next ones for slow waves,
# and so on. ZCA keeps the picture: edges survive, and flat areas go to zero.
#
# ### Explore: what epsilon and the number of directions do
#
# The figure shows patches above, ZCA-whitened patches in the middle, and below them the variances along all
# directions, before and after. If you keep fewer directions, you get a blur. A smaller $\varepsilon$ whitens
# directions of less variance as well. Where does detail turn into noise?


# %% tags=["hide-input"]
def whitened_patches(keep, epsilon):
    keep = min(keep, len(components.variances))
    layer = preprocessing.zca_whitening(components, epsilon=epsilon, keep=keep)
    after = components.variances[:keep] / (components.variances[:keep] + epsilon)
    return views, layer(views), components.variances, after


def describe_patches(keep, epsilon):
    *_, after = whitened_patches(keep, epsilon)
    return (
        f"Five photo patches, whitened with {keep} directions and epsilon {epsilon:g}. The "
        f"variance after whitening goes from {after[0]:.2f} in the first direction to "
        f"{after[-1]:.2g} in the last one kept."
    )


# %% tags=["hide-input"]
FrameExplorer(
    lambda keep, epsilon: figures.patches_figure(*whitened_patches(keep, epsilon), epsilon=epsilon),
    alt=describe_patches,
    title="Where does detail turn into noise?",
    keep=Control(run.pick(quick=[20, 768], standard=[5, 20, 80, 320, 768]), label="Directions"),
    epsilon=Control(run.pick(quick=[0.001, 1], standard=[0.00001, 0.001, 0.1, 1]), label="Epsilon"),
    start={"keep": 768, "epsilon": 0.001},
    pixels=600,
)

# %% [markdown]
# Few directions give smooth blobs. With all of them, $\varepsilon = 1$ whitens only the first waves, $0.1$
# to $0.001$ bring out edges, and $0.00001$ brings out the grain of the photograph, in false colors.
#
# ## Center only?
#
# The usual advice for images is short:
#
# > In practice, center only. PCA and whitening are not common.
#
# It comes from Stanford's CS231n. We test it with one hidden layer of 64 ReLUs (an *MLP*, which sees 3072
# numbers and no picture), then with a small convolutional network. We choose learning rates and $\varepsilon$
# on validation images, then test with fresh seeds. (PCA and ZCA differ by a rotation, which does not matter
# to an MLP's random first weights; PCA uses ZCA's $\varepsilon$ and rate.)

# %% tags=["remove-input"]
Prediction(
    "The MLP gets 300 updates, with each preprocessing at its own best learning rate. What do you expect?",
    [
        Choice(
            "Uncentered pixels fall far behind the others",
            "Networks learn from centered data with any of the three recipes, and from suitably whitened data. "
            "On raw pixels they have hardly started by then.",
            correct=True,
        ),
        Choice(
            "All end at about the same accuracy",
            "In principle a network can learn to subtract a mean, with its biases. But descent has to find these, and the steep direction "
            "of the mean keeps its rates tiny.",
        ),
        Choice(
            "Only whitened pixels learn",
            "Whitening makes a linear loss round, but centering alone already removes the worst direction.",
        ),
    ],
)


# %%
contest = experiments.contest(run, dataset=dataset)

# %% tags=["hide-input"]
for epsilon, accuracy in contest.by_epsilon.items():
    print(f"ZCA, epsilon {epsilon:g}: {accuracy:.1f}% of the validation images at its best rate")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two line charts of validation accuracy against learning rate. Left, at tiny rates, pixels from 0 to 255. Right, a line for each other preprocessing: pixels from 0 to 1, the mean image, the channel mean, standardized and ZCA-whitened inputs."}}
fig, axes = plotting.figure(1, 2, height=4.0, sharey=True, width_ratios=[1, 2])
figures.plot_accuracy_by_rate(axes, contest.curves)
fig.legend(loc="outside lower center", ncols=3)
axes[0].set(ylim=(0, None))
fig.suptitle("Accuracy of an MLP at each rate", x=0.02, ha="left", fontsize=12)
fig

# %% [markdown]
# Guessing gives 10%. Standardized pixels are larger than centered ones, so by (5) and (6) their highest rate is
# smaller. Now we train with fresh seeds, each preprocessing at its best rate, and use the test images. We add
# ZCA with a small $\varepsilon$ of 0.01, which whitens directions of little variance as well:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of test accuracy for eight preprocessings, best on top, with a gray line at the level of guessing: pixels from 0 to 255 and from 0 to 1, four kinds of centered inputs, and two ZCA whitenings with different epsilons."}}
fig, ax = plotting.figure(height=3.4)
colors = figures.PREPROCESSING_COLORS
colors = colors | {contest.strong: colors["ZCA-whitened"]}
plotting.plot_intervals(ax, contest.tested, colors=colors, reference=10)
ax.set(xlabel="test accuracy (%), gray line: guessing", title="An MLP, trained on each")
fig

# %% tags=["remove-input"]
contest_cards = experiments.contest.cards(contest, run)
contest_cards["centering-beats-raw"]

# %% tags=["remove-input"]
contest_cards["standardizing-adds-little"]

# %% [markdown]
# Standardizing costs this network {{standardizing-adds-little size}}. Does whitening gain anything?

# %% tags=["remove-input"]
contest_cards["whitening-adds-little"]

# %% tags=["remove-input"]
contest_cards["strong-whitening-hurts"]

# %% [markdown]
# A gentle whitening reduces the few strongest directions and leaves the rest. It gains
# {{whitening-adds-little}}: the loss becomes rounder, as in the explorer. If you whiten
# directions of less variance as well, noise becomes as strong as what distinguishes the objects. And with 2,000
# images for 3,072 directions, small variances are badly estimated (Wadia et al., 2021). We did not separate
# the two.
#
# ### The same for a convolutional network
#
# A convolution shares its weights over the picture and looks at 27 numbers at a time. (ZCA's outputs are a
# picture, here with $\varepsilon = 1$. PCA's are not.) The evidence tunes every learning rate. To save time,
# this page trains at only one, so its result is not compared with the claims.

# %%
convolution = experiments.convolution(run, dataset=dataset)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of the test accuracy of a convolutional network for four preprocessings, best on top, with a gray line at the level of guessing. Channel mean, standardized and ZCA-whitened inputs lie close together compared with their distance from guessing."}}
fig, ax = plotting.figure(height=2.6)
tested = convolution.tested
plotting.plot_intervals(ax, tested, colors=figures.PREPROCESSING_COLORS, reference=10)
ax.set(xlabel="test accuracy (%), gray line: guessing", title="A ConvNet, trained on each")
fig

# %% tags=["remove-input"]
convolution_cards = experiments.convolution.cards(convolution, run)
convolution_cards["centering-beats-raw-conv"]

# %% tags=["remove-input"]
convolution_cards["standardizing-conv"]

# %% tags=["remove-input"]
convolution_cards["whitening-conv"]

# %% [markdown]
# Here the advice is right on average: center, and expect little from anything more, though single runs gained
# more than 2 points. Whitening also costs a $D \times D$ matrix product for every image.
#
# Are raw pixels hopeless, or only slow? We gave the MLP ten times as many updates. This page shows only the
# evidence of that training, since it draws no figure; `experiments.patience(run)` repeats it.

# %% tags=["remove-input"]
experiments.patience.cards(None, run)["raw-is-slow"]

# %% [markdown]
# ## Test data stays out of the statistics
#
# Test images stand for pictures that nobody has seen yet. So their mean must not enter the preprocessing;
# otherwise information *leaks*, and the test is no longer a test. How much does it matter? We begin with the
# mildest case: we take the convolutional network trained on standardized images, and test it with the mean
# and std of training and test images together.

# %%
statistics = experiments.statistics(run, dataset=dataset)

# %% tags=["remove-input"]
statistics_cards = experiments.statistics.cards(statistics, run)
statistics_cards["leaked-means-are-harmless"]

# %% tags=["remove-input"]
Prediction(
    "Here is a case without pictures. You have 100 examples of 1000 inputs, all pure noise, and their labels "
    "alternate between 0 and 1. On all 100 examples, you choose the 20 inputs that correlate most with the labels. "
    "Then you train a classifier on 50 examples and test it on the other 50. What is its test accuracy?",
    [
        Choice("Below 40%", "The chosen inputs fit the test half, so they help there."),
        Choice(
            "About 50%",
            "It would be, as for any noise, if the inputs had been chosen on the training half. Among 1000 inputs of noise, some "
            "correlate with the labels of all 100 examples by chance, and you kept these.",
        ),
        Choice(
            "Above 70%",
            "You kept the inputs that happen to fit the test half as well. The classifier has learned nothing "
            "that holds for new examples, but the test says it has.",
            correct=True,
        ),
    ],
)


# %%
noise = experiments.labels(run)  # accuracy by whose labels chose the inputs

# %% tags=["hide-input"]
for label, values in noise.items():
    print(f"inputs chosen by {label}: {sum(values) / len(values):.0f}%")

# %% tags=["remove-input"]
experiments.labels.cards(noise, run)["leaked-labels-fool-the-test"]

# %% [markdown]
# Every step that uses labels may use only the training set (Hastie et al., 2009). Does a leak always make the
# test look better? Take 100 training and 100 test patches, each from one of eight photographs. A test patch
# is assigned to the photograph whose training patches have the nearest mean. We whiten without $\varepsilon$.
# A patch has $D = 768$ numbers, so 200 patches vary along only 199 directions. Whitened with the statistics
# of all 200, every patch is equally far from every other, and nothing is left that says which belong
# together (Wadia et al., 2021). This is true of any data whenever $N - 1 \le D$.

# %%
whitened = experiments.whitening(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of accuracy on photo patches with 95 percent intervals, best on top, for centered patches, patches whitened by the statistics of the training set and patches whitened by the statistics of all, with a gray line at the level of guessing."}}
fig, ax = plotting.figure(height=2.3)
plotting.plot_intervals(ax, whitened, reference=100 / 8)
ax.set(xlabel="test accuracy (%), gray line: guessing", title="Whitened by whose statistics?")
fig

# %% tags=["remove-input"]
experiments.whitening.cards(whitened, run)["leaked-whitening-hurts"]

# %% [markdown]
# <details>
# <summary>Why can this be worse than guessing?</summary>
#
# Whitening makes all patches equally far apart. The mean of $n$ such points is at a squared distance
# proportional to $1 + 1/n$. So the photograph with the most training patches looks nearest, and it has the
# fewest patches in the test.
#
# </details>
#
# So a leaked mean changed accuracy by a point at most. A leak through labels can invent a result. A leak
# through many directions and few images can make the score worse as well (Moscovich and Rosset, 2022). So fit
# only on training data.
#
# ## The wrong statistics
#
# A network's preprocessing is code somewhere else, and somebody makes a mistake there. No error appears. Take
# the network trained on standardized scenes.

# %% tags=["remove-input"]
Prediction(
    "Which of these mistakes at test time costs most? (If the preprocessing is forgotten, pixels from 0 to 1 go "
    "straight into the network.)",
    [
        Choice(
            "Red and blue swapped",
            "Some libraries read images as blue, green, red (BGR). That costs some points, but the network still "
            "sees the same shapes.",
        ),
        Choice(
            "The preprocessing forgotten",
            "The network was trained on numbers around 0 with std 1. Now it gets positive ones whose std is "
            "half of that at most.",
            correct=True,
        ),
        Choice(
            "The test set's own mean and std",
            "Both sets show the same kinds of scenes, so their means and stds hardly differ.",
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of the points of accuracy lost to seven mistakes, most on top, from the test set's own statistics to forgetting the preprocessing. A vertical line stands at zero."}}
fig, ax = plotting.figure(height=3.2)
plotting.plot_intervals(ax, statistics.lost)
ax.set(xlabel="points of accuracy lost", title="What seven mistakes cost")
fig

# %% tags=["remove-input"]
statistics_cards["forgotten-preprocessing"]

# %% tags=["remove-input"]
statistics_cards["swapped-channels"]

# %% tags=["remove-input"]
statistics_cards["own-statistics"]

# %% [markdown]
# The test set's own statistics look harmless, because 2,000 test scenes have nearly the same mean as the
# training scenes. But a prediction then depends on the other pictures in its batch, and a batch of one has no
# useful statistics. What if the pictures are darker than those of the training set? We halve the light, and
# compare:

# %% tags=["hide-input"]
print("dark images, standardized by")
for whose, accuracy in statistics.dark.items():
    print(f"{whose:>18} statistics: {accuracy.mean():.1f}%")

# %% [markdown]
# Their own statistics undo the change of light exactly: halving all pixels halves the mean and the std as well.
# Adapting to new data in this way is a method of its own. Use it on purpose and say so, never by accident.
#
# ## A layer that travels with the model
#
# The cure for wrong statistics is to store them together with the weights. In `lib.preprocessing` each
# preprocessing is a layer. Its statistics are *buffers*: numbers that training does not change, but that are
# saved, loaded and moved with the weights.

# %%
standardize_layer = preprocessing.fit_standardization(train.images)
model = nn.Sequential(standardize_layer, statistics.networks[0])
file = io.BytesIO()
torch.save(model.state_dict(), file)

empty = ConvNet(3, len(train.classes), generator=torch.Generator())
layer = preprocessing.Standardization()  # without statistics so far
loaded = nn.Sequential(layer, empty).to(run.device)
file.seek(0)
loaded.load_state_dict(torch.load(file, weights_only=True))

# %% tags=["hide-input", "nbval-check-output"]
same = torch.equal(predict(loaded, test.images), predict(model, test.images))
print(f"the loaded model makes the same predictions: {same}")
for name, images in {"0 to 255": 255 * test.images, "one channel": test.images[:, :1]}.items():
    try:
        loaded(images)
    except ValueError as error:
        print(f"{name}: refused, {str(error).split(';')[0]}")

# %% [markdown]
# The layer also remembers what it was fitted on, and refuses images of another shape or range. It
# cannot know that red and blue are swapped. To notice that, keep a test picture with a known answer
# beside the model.
#
# ## Exercises
#
# ### Exercise 1: standardize without a leak
#
# ★☆☆, 10 minutes. Write `standardize(train_images, test_images)`, which returns both sets of images,
# (n, C, H, W), standardized per channel with the statistics of the right set. You may divide by n, as (3) does,
# or by n − 1, as torch's `std` does unless you ask for `correction=0`.


# %% tags=["exercise"] exercise="standardize" points=4 forbids="StandardScaler"
def standardize(train_images, test_images):
    raise NotImplementedError


# %%
checks.check_standardize(standardize)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="standardize" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def standardize(train_images, test_images):
    mean = train_images.mean(dim=(0, 2, 3), keepdim=True)
    std = train_images.std(dim=(0, 2, 3), keepdim=True, correction=0)  # as in (3)
    return (train_images - mean) / std, (test_images - mean) / std


checks.check_standardize(standardize)

# %% [markdown]
# ### Exercise 2: ZCA from an eigendecomposition
#
# ★★☆, 15 minutes. Write `zca(X)`: the matrix $V^\top \mathrm{diag}((\lambda + \varepsilon)^{-1/2})\, V$ by
# which (9) multiplies $x - \mu$, for examples in the rows of X (n, D). Take `EPSILON` as $\varepsilon$, and
# divide the covariance by n, not n − 1. Why is the matrix symmetric, and PCA's not?


# %% tags=["exercise"] exercise="zca" points=5 forbids="PCA" varies="EPSILON: 0.01 0.02 0.05 0.1 0.2 0.5"
EPSILON = 0.1


def zca(X):
    raise NotImplementedError


# %%
checks.check_zca(zca, EPSILON)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="zca" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def zca(X):
    centered = X - X.mean(dim=0)
    variances, columns = torch.linalg.eigh(centered.T @ centered / len(X))
    # A product of a matrix, a diagonal one and the first's transpose is symmetric. PCA lacks the left factor.
    return columns @ torch.diag((variances + EPSILON).rsqrt()) @ columns.T


checks.check_zca(zca, EPSILON)

# %% [markdown]
# ### Exercise 3: statistics of a data set that does not fit into memory
#
# ★★★, 25 minutes. Write `moments(batches)`, which returns the mean and the std per channel, each (C,), of an
# iterable of batches (n, C, H, W). You can read it only once, and keep no batch. If the mean is large,
# $\mathbb E[x^2] - \mathbb E[x]^2$ is the difference of two large numbers, and its digits cancel. Chan et al.
# (1983) join two sets of $a$ and $b$ numbers, whose means are $d$ apart, and whose sums of squared distances
# from their own means are $M_a$ and $M_b$:
#
# $$
# M = M_a + M_b + d^2\, \frac{ab}{a + b} . \tag{10}
# $$


# %% tags=["exercise"] exercise="streaming" points=7
def moments(batches):
    raise NotImplementedError


# %%
checks.check_streaming(moments)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="streaming" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def moments(batches):
    a, mean, M = 0, 0.0, 0.0
    for batch in batches:
        values = batch.double().transpose(0, 1).flatten(1)  # (C, n·H·W)
        b, own = values.shape[1], values.mean(dim=1)
        gap = own - mean
        M = M + ((values - own[:, None]) ** 2).sum(dim=1) + gap**2 * a * b / (a + b)  # (10)
        mean = mean + gap * b / (a + b)
        a += b
    return mean, (M / a).sqrt()


checks.check_streaming(moments)

# %% [markdown]
# ### Exercise 4: make the preprocessing disappear
#
# ★★☆, 10 minutes. A linear layer after a standardization computes $W\,((x - \mu) / \sigma) + b$. Find the
# weight and bias that give the same outputs from $x$ itself. $W$ is (units, D), and $b$, $\mu$ and $\sigma$
# have sizes units, D and D. (So centering adds nothing that a network could not express. What does it change,
# then? And would this work for a convolution that pads with zeros?)


# %% tags=["exercise"] exercise="fold" points=4
def fold(W, b, mean, std):
    raise NotImplementedError


# %%
checks.check_fold(fold)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="fold" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def fold(W, b, mean, std):
    # Centering changes the shape of the loss, by (5), and so the way to the same solution. With zero padding,
    # folding fails at the border: a zero stands for the mean after centering, and for black before it.
    W = W / std
    return W, b - W @ mean


checks.check_fold(fold)

# %% [markdown]
# ## Summary
#
# - Three recipes: subtract a mean image, subtract a mean per channel, or divide by a std per channel as well.
# - Off-center data adds a direction of curvature $|\mu|^2$ to the loss. It limits the learning rate for
#   all other directions.
# - PCA whitening rotates and rescales until inputs are uncorrelated with variance 1; ZCA rotates back and
#   gives images again; $\varepsilon$ decides how far down the list of directions this goes.
# - On the scenes, within 300 or 400 updates, centering helped both networks. On average, a convolutional
#   network gained nothing from anything more. An MLP learned faster from gently whitened pixels, and worse
#   from strongly whitened ones.
# - Fit statistics only on training images, and store them with the weights.
#
# **Limits.** We used small rendered images, two small networks without normalization layers, short training
# and few rates. Batch normalization centers inside the network, which makes it less sensitive to all of this.
# We estimated 3072 directions from only 2000 images; more images would give better statistics. If a best rate
# lies at an end of the range we tried, there may be more to gain beyond it.
#
# ## Sources
#
# - Bell, Sejnowski (1997). The "independent components" of natural scenes are edge filters. Vision
#   Research 37.
# - Chan, Golub, LeVeque (1983). Algorithms for computing the sample variance. The American Statistician 37.
# - Hastie, Tibshirani, Friedman (2009). The elements of statistical learning, section 7.10.2, on inputs
#   chosen before cross-validation. Springer.
# - He, Zhang, Ren, Sun (2016). Deep residual learning for image recognition. CVPR.
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - Kessy, Lewin, Strimmer (2018). Optimal whitening and decorrelation. The American Statistician 72.
#   [arXiv:1512.00809](https://arxiv.org/abs/1512.00809)
# - Krizhevsky (2009). Learning multiple layers of features from tiny images. University of Toronto.
# - Krizhevsky, Sutskever, Hinton (2012). ImageNet classification with deep convolutional neural
#   networks. NeurIPS.
# - LeCun, Bottou, Orr, Müller (1998). Efficient BackProp. In: Neural networks: tricks of the trade. Springer.
# - Moscovich, Rosset (2022). On the cross-validation bias due to unsupervised preprocessing. Journal of
#   the Royal Statistical Society B 84. [arXiv:1901.08974](https://arxiv.org/abs/1901.08974)
# - Simonyan, Zisserman (2015). Very deep convolutional networks for large-scale image recognition. ICLR.
#   [arXiv:1409.1556](https://arxiv.org/abs/1409.1556)
# - Wadia, Duckworth, Schoenholz, Dyer, Sohl-Dickstein (2021). Whitening and second order optimization both
#   make information in the dataset unusable during training, and can reduce or prevent
#   generalization. ICML. [arXiv:2008.07545](https://arxiv.org/abs/2008.07545)
