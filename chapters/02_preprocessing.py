# ---
# jupyter:
#   course:
#     builds_on: [00_recap]
#     compute_minutes: 1.5
#     exercise_minutes: 60
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
# # Data preprocessing
#
# A little arithmetic on the pixels, before the first layer, decides whether training takes off. Done
# wrongly at test time, it ruins a good network without an error message.
#
# After this chapter you can
#
# - write the three usual recipes for images in a line each, and give their arrays' shapes;
# - explain with one equation why data far from zero slows gradient descent down;
# - whiten photographs by PCA and by ZCA, and say what each does to them;
# - say which preprocessing paid when we measured it;
# - keep test data out of the statistics, and the statistics with the model.
#
# You need chapter 1's words, and these:
#
# | word | meaning |
# |---|---|
# | channel | one of an image's layers of numbers: red, green or blue |
# | variance | mean squared distance from the mean; its root is the standard deviation (std) |
# | covariance | for two inputs, the mean product of their distances from their means |
# | eigenvector | a direction that a matrix only stretches, by its eigenvalue |
# | statistics | here: the means, stds and directions that a preprocessing measures |

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"  # budget: "quick", "standard" or "full"
dataset = "scenes"  # or "cifar10", which is downloaded once

# %%
import io

import numpy as np
import torch
from torch import nn

from lib import checks, plotting, preprocessing, runtime
from lib.claims import claim
from lib.datasets.color_images import load_color_images
from lib.datasets.images import ImageDataset, train_validation_split
from lib.datasets.photos import PHOTOS, photo_patches
from lib.models import MLP, ConvNet
from lib.training import accuracy, predict
from lib.trials import Trial, run_trials
from lib.widgets import Choice, Control, FrameExplorer, Prediction

run = runtime.start(budget, seed=seed, device=device, as_written=dataset == "scenes")
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The pictures are *scenes*: rendered objects of ten shapes (circle, star, fish, …) on varied
# backgrounds, 32 × 32 pixels in color. 2,000 train the networks, 1,000 choose settings
# (*validation*), and 2,000 others test. With `dataset = "cifar10"` the chapter runs on photographs;
# its text is about the scenes.

# %%
count = run.pick(quick=600, standard=3000)
train, validation = train_validation_split(
    load_color_images(dataset, "train", count, generator=run.generator("train"), device=run.device),
    validation=count // 3,
    generator=run.generator("split"),
)
test = load_color_images(
    dataset, "test", run.pick(quick=300, standard=2000), generator=run.generator("test"),
    device=run.device,
)  # fmt: skip
print(f"{len(train)} training, {len(validation)} validation, {len(test)} test images")

# %% [markdown]
# ## Three recipes
#
# A file or a camera hands over a color image as an array [32, 32, 3]: row, column, channel. PyTorch
# puts the channel first, (3, 32, 32), and a batch before it. Moving an axis is `permute`; `reshape`
# gives the same shape and scrambles the picture.

# %% tags=["nbval-check-output"]
from_file = (255 * train.images[0]).byte().permute(1, 2, 0)  # as a file would hold it
image = from_file.permute(2, 0, 1).float() / 255
scrambled = (from_file.reshape(3, 32, 32).float() / 255 - image).abs().max() > 0.05
print(f"file {list(from_file.shape)}, PyTorch {tuple(image.shape)}")
print(f"permute keeps the picture: {torch.allclose(image, train.images[0], atol=1 / 255)}")
print(f"reshape scrambles it: {bool(scrambled)}")

# %% [markdown]
# With $N$ training images $x_i$ of channels $c$, rows $u$ and columns $v$:
#
# | recipe | minus | over | array |
# |---|---|---|---|
# | mean image (AlexNet; Krizhevsky et al., 2012) | $\mu_{cuv}$ | – | [32, 32, 3] |
# | channel mean (VGG; Simonyan and Zisserman, 2015) | $\mu_c$ | – | [3] |
# | mean and std (ResNet; He et al., 2016) | $\mu_c$ | $\sigma_c$ | [3], [3] |
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
# $H$ and $W$ are height and width (below, $H$ is a matrix). Removing a mean is *centering*; dividing by the std as well is
# *standardizing*. The names are those of the networks known for each recipe; the third comes from
# published code for residual networks, while their paper subtracted a mean image.

# %% tags=["nbval-check-output"]
x = train.images  # (N, 3, 32, 32)
mean_image = x.mean(dim=0)  # (1): (3, 32, 32)
channel_mean = x.mean(dim=(0, 2, 3)).view(3, 1, 1)  # (2): three numbers, shaped to broadcast
channel_std = ((x - channel_mean) ** 2).mean(dim=(0, 2, 3)).sqrt().view(3, 1, 1)  # (3)
recipes = {
    "mean image": (x - mean_image, preprocessing.fit_mean_image(x)),
    "channel mean": (x - channel_mean, preprocessing.fit_channel_mean(x)),
    "standardized": ((x - channel_mean) / channel_std, preprocessing.fit_standardization(x)),
}
for name, (ours, layer) in recipes.items():
    same = torch.allclose(ours, layer(x), atol=1e-5)
    print(f"{name:>12}: mean {tuple(layer.mean.shape)}, lib gives the same: {same}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of five small pictures, the original scenes above and the same scenes minus the channel mean below, a little grayer, with zero shown as middle gray. Beside them the mean image, a blur without objects, and the channel mean, one flat gray."}}
fig, axes = plotting.figure(2, 2, height=2.7, width_ratios=[5.3, 1])
centered = plotting.signed_picture(recipes["channel mean"][0][:5], limit=0.6)
for ax, pictures, title in zip(axes[:, 0], (x[:5], centered), ("original", "minus channel mean")):
    plotting.plot_montage(ax, pictures, columns=5, title=title)
plotting.plot_image(axes[0, 1], mean_image, title="mean")
plotting.plot_image(axes[1, 1], channel_mean.expand(3, 32, 32), title="per channel")
fig

# %% [markdown]
# Zero is drawn as middle gray. You see the same pictures, shifted: no information is lost or won.
# So why does it matter?
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
# | $V$, $\lambda_k$ | directions $v_k$ as rows, the variance along each (below) | $D \times D$, $D$ numbers |
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
# The mean adds one steep direction of curvature about $|\mu|^2$. Check (5) against
# automatic differentiation, on a toy:

# %% tags=["nbval-check-output"]
g = run.generator("hessian")
toy, targets = torch.rand(50, 4, generator=g), torch.rand(50, generator=g)


def squared_loss(w):
    return ((toy @ w - targets) ** 2).mean() / 2  # (4)


H = torch.autograd.functional.hessian(squared_loss, torch.zeros(4))
mu, C = toy.mean(dim=0), torch.cov(toy.T, correction=0)
print(f"(5) holds: {torch.allclose(H, C + torch.outer(mu, mu), atol=1e-5)}")

# %% [markdown]
# Let $e = w - w^*$ be the distance from the best weights and $\eta$ the learning rate. A step of
# gradient descent gives
#
# $$
# e \leftarrow (I - \eta H)\, e , \tag{6}
# $$
#
# so along the steepest direction, with curvature $\lambda_{\max}$, the distance shrinks only for
# $\eta < 2 / \lambda_{\max}$. All other directions must live with that rate, however flat they are.

# %% tags=["remove-input"]
Prediction(
    "A linear model learns from pixels between 0 and 1. You feed it pixels between 0 and 255 "
    "instead. By what factor does the highest learning rate at which descent converges change?",
    [
        Choice("It stays", "H is made of products of inputs, so it grows with their scale."),
        Choice(
            "It is divided by 255",
            "Close, but H holds products of two inputs, and each of them grows by 255.",
        ),
        Choice(
            "It is divided by 255², about 65,000",
            "By (5), H grows by 255², and the limit 2 / λ shrinks by as much. A rate of 0.01 "
            "becomes a rate of 0.00000015.",
            correct=True,
        ),
    ],
)


# %%
def steepest(x, steps=100):
    """The largest eigenvalue of H in (5), by power iteration, and its direction."""
    v = torch.ones(x.shape[1], device=x.device)
    for _ in range(steps):
        v = x.T @ (x @ v) / len(x)
        curvature = v.norm()
        v = v / curvature
    return curvature.item(), v


inputs = {"0 to 255": 255 * x, "0 to 1": x} | {n: ours for n, (ours, _) in recipes.items()}
inputs = {name: images.flatten(1) for name, images in inputs.items()}
limits = {name: 2 / steepest(rows)[0] for name, rows in inputs.items()}
for name, limit in limits.items():
    print(f"{name:>12}: rates below {limit:.1g} converge")

# %% [markdown]
# Centering raises the limit. Standardizing lowers it again: it divides by stds of
# about a quarter, so inputs become larger and rates smaller. That alone makes nothing better or worse;
# what counts is the *ratio* of curvatures. Now test (6): a rate a little below the
# limit, and one a little above.

# %% tags=["nbval-check-output"]
for name, rows in inputs.items():
    curvature, v = steepest(rows)
    for part in (0.9, 1.1):
        e = v.clone()
        for _ in range(20):
            e = e - part * (2 / curvature) * (rows.T @ (rows @ e)) / len(rows)  # (6)
        verdict = "shrinks" if e.norm() < v.norm() else "grows"
        print(f"{name:>12}, {part} of the limit: the error {verdict}")

# %% [markdown]
# ### Explore: one step after another
#
# Two inputs show the rest. On the left, data; on the right, the loss of a linear fit without a bias
# and fifteen steps of descent at its best rate from the same start. Each step of preprocessing
# works on the result of the last: center, standardize, rotate until the inputs are uncorrelated
# (*decorrelate*), and divide by the std of each new axis (*whiten*).
#
# Which step makes the level lines round, whatever the correlation?


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
    of_cloud(plotting.cloud_figure),
    alt=of_cloud(plotting.describe_cloud),
    title="Which step makes the loss round?",
    step=Control(list(preprocess_steps(torch.rand(9, 2))), label="Done so far"),
    correlation=run.pick(quick=[0.3, 0.9], standard=[0.3, 0.6, 0.9, 0.97]),
    start={"correlation": 0.9},
)

# %% [markdown]
# Only whitening does. Centering takes away the steep direction $\mu$, standardizing the difference
# in scale; correlation stays. Rotating alone turns the picture and leaves the condition number of
# chapter 1 as it was. (A bias is an input that is always 1; off-center data ties it to the weights: the same trouble
# in one more dimension.)
#
# ## Whitening images
#
# An image of $D$ numbers has $D$ inputs, and neighboring pixels are nearly equal: as correlated as
# inputs get. Decompose the covariance of the training images into directions $v_k$ (rows of $V$)
# and variances $\lambda_k$:
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
# The fraction holds a number for each direction and multiplies it alone.

# %% tags=["remove-input"]
Prediction(
    "Dividing by the root of the variance makes all directions equally strong. In photographs "
    "the strong ones are slow changes of brightness. What is left of a photograph after (9)?",
    [
        Choice(
            "A blur",
            "A blur keeps the slow changes and drops the rest. Whitening turns the slow ones down.",
        ),
        Choice(
            "Its edges, on gray",
            "Slow changes are turned down, fast ones up, and the rotation back puts them where "
            "they were. What stands out is where neighbors differ.",
            correct=True,
        ),
        Choice(
            "Noise without a shape",
            "That is what (8) looks like as a picture. (9) rotates back, so things stay in place.",
        ),
    ],
)

# %% [markdown]
# *PCA* (principal component analysis) rotates the image to its directions of variation, largest first;
# whitening then gives each variance 1. *ZCA* (zero-phase; Bell and Sejnowski, 1997) rotates back, so the result is
# an image again. Of all ways to whiten it stays closest to the centered input (Kessy et
# al., 2018); it was used on CIFAR-10 early on (Krizhevsky, 2009). A small $\varepsilon$ keeps directions of almost no variance, mostly noise, from being
# blown up. In symbols as above, on patches of photographs:

# %% tags=["nbval-check-output"]
patches = photo_patches(
    4000, size=16, generator=run.generator("patches"), names=PHOTOS[:3] + PHOTOS[4:]
)  # without the night sky
X, epsilon = patches.flatten(1).double(), 1e-3
mu = X.mean(dim=0)
C = (X - mu).T @ (X - mu) / len(X)
lam, columns = torch.linalg.eigh(C)  # (7); eigh gives directions as columns, smallest first
V = columns.T
y_pca = (X - mu) @ V.T * (lam + epsilon).rsqrt()  # (8), one image a row
y_zca = y_pca @ V  # (9)

components = preprocessing.fit_principal_components(patches)
lib_zca = preprocessing.zca_whitening(components, epsilon=epsilon)(patches)
print(f"lib gives the same: {torch.allclose(y_zca, lib_zca.flatten(1).double(), atol=1e-3)}")
exact = (X - mu) @ V.T * lam.clamp(min=1e-12).rsqrt()
identity = torch.allclose(exact.T @ exact / len(X), torch.eye(768).double(), atol=1e-6)
print(f"without epsilon the covariance is the identity: {identity}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three rows of small square pictures. The first twelve principal directions of photo patches: flat brightness, then gradients across the patch and slow waves. Twelve late directions: fine colored checkerboards and noise. Twelve rows of the ZCA matrix: gray squares with a single dot of color, surrounded by its opposite."}}
fig, axes = plotting.figure(3, 1, height=2.7)
V_lib, zca = components.directions.float(), preprocessing.zca_whitening(components, epsilon=1e-3)
pictures = {
    "the first directions: slow waves": V_lib[:12],
    "the last directions: fine detail and noise": V_lib[-12:],
    "rows of the ZCA matrix: a dot and its opposite around it": zca.matrix[100:700:50],
}
for ax, (title, rows) in zip(axes, pictures.items()):
    limits_of_each = [plotting.signed_picture(row.view(3, 16, 16)) for row in rows]
    plotting.plot_montage(ax, torch.stack(limits_of_each), columns=12, title=title)
fig

# %% [markdown]
# A row of the ZCA matrix compares a pixel with its surroundings: it removes what a pixel
# shares with its neighbors and leaves what is its own. On five patches of photographs:

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
    shown = pictures if title == "original" else plotting.signed_picture(pictures)
    plotting.plot_montage(ax, shown, columns=5, title=title)
fig

# %% [markdown]
# PCA's numbers are no picture any more: the first stands for brightness, the next ones for slow waves,
# and so on. ZCA keeps the picture: edges survive, flat areas go to zero.
#
# ### Explore: what epsilon and the number of directions do
#
# Patches above, ZCA-whitened patches in the middle, below the variances along all directions, before
# and after. Fewer directions kept is a blur; a smaller $\varepsilon$ whitens further down the list.
# Where does detail turn into noise?


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
    lambda keep, epsilon: plotting.patches_figure(
        *whitened_patches(keep, epsilon), epsilon=epsilon
    ),
    alt=describe_patches,
    title="Where does detail turn into noise?",
    keep=Control(run.pick(quick=[20, 768], standard=[5, 20, 80, 320, 768]), label="Directions"),
    epsilon=Control(run.pick(quick=[0.001, 1], standard=[0.00001, 0.001, 0.1, 1]), label="Epsilon"),
    start={"keep": 768, "epsilon": 0.001},
    pixels=600,
)

# %% [markdown]
# Few directions give smooth blobs. With all of them, $\varepsilon = 1$ whitens the first waves only, $0.1$
# to $0.001$ bring out edges, and $0.00001$ the grain of the photograph, in false colors.
#
# ## Center only?
#
# The usual advice for images is short:
#
# > In practice, center only. PCA and whitening are not common.
#
# We test it with one hidden layer of 64 ReLUs (an *MLP*, which sees 3072 numbers and no picture), then
# with a small convolutional network (chapter 0). Learning rates and $\varepsilon$ are chosen on validation images;
# then fresh seeds are trained and tested. (PCA and ZCA differ by a rotation, to which an MLP's random
# first weights are blind; PCA takes over ZCA's $\varepsilon$.)

# %% tags=["remove-input"]
Prediction(
    "300 updates, each preprocessing at its own best learning rate. What do you expect of the MLP?",
    [
        Choice(
            "All end about level: a network can learn to subtract a mean",
            "In principle it can, with its biases. But descent has to find that, at rates that the "
            "steep direction of the mean keeps tiny.",
        ),
        Choice(
            "Uncentered pixels stay near guessing, all the others learn",
            "Centered data, in any of the three recipes, learns; so does suitably whitened data. "
            "Raw pixels have hardly started by then.",
            correct=True,
        ),
        Choice(
            "Only whitened pixels learn",
            "Whitening makes a linear loss round, but centering alone takes away the worst direction.",
        ),
    ],
)


# %%
def prepare(layer, part):
    return ImageDataset(layer(part.images).contiguous(), part.labels, part.classes)


def train_and_score(layer, part, *, rates, seeds, steps, network=None, keep=False):
    """Outcomes of training on preprocessed images and scoring on `part`: (seeds × rates)."""
    data, held_out = prepare(layer, train), {"held out": prepare(layer, part)}
    size = data.images[0].numel()

    def mlp(generator):
        return nn.Sequential(nn.Flatten(), MLP(size, [64], len(train.classes), generator=generator))

    model = None if network == "conv" else mlp  # None makes lib's ConvNet
    trials = [Trial(s, steps, lr=lr, model=model) for s in seeds for lr in rates]
    return run_trials(trials, data, held_out, run=run, keep_models=keep, progress=None)


def table(outcomes, rates):
    return np.array([o.accuracy["held out"] for o in outcomes]).reshape(-1, len(rates))


# %%
EPSILONS = run.pick(quick=(0.1,), standard=(0.01, 0.1, 1.0))
pc = preprocessing.fit_principal_components(train.images)
layers = {"0 to 255": lambda images: 255 * images, "0 to 1": nn.Identity()}
layers |= {name: layer for name, (_, layer) in recipes.items()}
layers |= {e: preprocessing.zca_whitening(pc, epsilon=e) for e in EPSILONS}

rates = run.pick(quick=(0.01,), standard=(0.003, 0.01, 0.03, 0.1, 0.3))
rates_of = dict.fromkeys(plotting.PREPROCESSING_COLORS, rates)
rates_of["0 to 255"] = [rate / 255**2 for rate in rates]  # as (5) asks
mlp = {"steps": run.pick(quick=20, standard=300)}
tuning = range(run.pick(quick=1, standard=2))


def tune(name):
    """Validation accuracy (seeds, rates)."""
    options = {"rates": rates_of.get(name, rates), "seeds": tuning, **mlp}
    return table(train_and_score(layers[name], validation, **options), rates)


tuned = {name: tune(name) for name in layers}

# %%
chosen_epsilon = max(EPSILONS, key=lambda e: tuned[e].mean(axis=0).max())
layers["ZCA-whitened"], tuned["ZCA-whitened"] = layers[chosen_epsilon], tuned[chosen_epsilon]
layers["PCA-whitened"] = preprocessing.pca_whitening(pc, epsilon=chosen_epsilon)
tuned["PCA-whitened"] = tune("PCA-whitened")
for epsilon in EPSILONS:
    print(f"epsilon {epsilon:g}: {tuned[epsilon].mean(axis=0).max():.1f}% at its best rate")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of validation accuracy against learning rate. On the far left, at tiny rates, pixels from 0 to 255 stay flat near the level of guessing. On the right, pixels from 0 to 1 stay low as well, while the mean image, the channel mean, standardized, PCA-whitened and ZCA-whitened inputs each rise to a high peak, standardized at a lower rate than the others."}}
fig, ax = plotting.figure(height=4.0)
curves = {name: (rates_of[name], tuned[name]) for name in plotting.PREPROCESSING_COLORS}
plotting.plot_accuracy_by_rate(ax, curves)
fig.legend(loc="outside lower center", ncols=3)
ax.set(title="Centered inputs learn, raw ones hardly", ylim=(0, None))
fig

# %% [markdown]
# Bands span the seeds. The two uncentered inputs hardly leave the level of guessing, 10%. Standardized
# pixels are larger, so their best rate is smaller, as (5) and (6) say. Now fresh seeds and test images, each
# preprocessing at its best rate; and beside them ZCA with a small $\varepsilon$, which whitens
# directions of little variance as well:

# %%
fresh = range(100, run.pick(quick=101, standard=106, full=112))
STRONG = f"ZCA, ε = {EPSILONS[0]:g}"
layers[STRONG], tuned[STRONG] = layers[EPSILONS[0]], tuned[EPSILONS[0]]
tested = {}
for name in (*plotting.PREPROCESSING_COLORS, STRONG):
    rate = rates_of.get(name, rates)[tuned[name].mean(axis=0).argmax()]
    outcomes = train_and_score(layers[name], test, rates=[rate], seeds=fresh, **mlp)
    tested[name] = table(outcomes, [rate])[:, 0]

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of test accuracy for eight preprocessings with 95 percent intervals. PCA and ZCA whitening lead, the mean image, the channel mean and standardized inputs follow, then strong ZCA whitening. Pixels from 0 to 1 and from 0 to 255 lie far to the left, near the gray line of guessing."}}
fig, ax = plotting.figure(height=3.4)
plotting.plot_intervals(ax, tested, colors=plotting.PREPROCESSING_COLORS, reference=10)
ax.set(xlabel="test accuracy (%), gray line: guessing", title="Raw pixels fall far behind")
fig

# %% tags=["nbval-check-output"]
center = tested["channel mean"]
mlp_claims = [
    claim("centering-beats-raw", "Within 300 updates, centering helps an MLP",
          center - tested["0 to 1"], above=0, unit="points", rows=("M07", "M08"), run=run),
    claim("standardizing-adds-little", "Standardizing gains an MLP less than 2 points over centering",
          tested["standardized"] - center, below=2, unit="points", rows=("M07", "M08"), run=run),
    claim("whitening-adds-little", "ZCA whitening gains an MLP less than 2 points over centering",
          tested["ZCA-whitened"] - center, below=2, unit="points", rows=("M08",), run=run,
          expect="does not hold here"),
    claim("strong-whitening-hurts", "ZCA whitening with a small epsilon costs an MLP over 5 points",
          tested[STRONG] - center, below=-5, unit="points", rows=("M08",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
mlp_claims[0]

# %% tags=["remove-input"]
mlp_claims[1]

# %% tags=["remove-input"]
mlp_claims[2]

# %% tags=["remove-input"]
mlp_claims[3]

# %% [markdown]
# For this network "center only" is too short. A gentle whitening, which evens out the few strongest
# directions and leaves the rest, learns faster: the loss gets rounder, as in the explorer. Whiten
# further down the list, and noise gets as loud as what sets objects apart.
#
# ### The same for a convolutional network
#
# A convolution shares its weights over the picture and looks at 27 numbers at a time. Does
# centering still matter, and does whitening? (PCA's outputs are no picture: a convolution would look
# for neighbors among them in vain. ZCA's are one.)

# %%
conv = {"steps": run.pick(quick=10, standard=400), "network": "conv"}
conv_rates = run.pick(quick=(0.02,), standard=(0.025, 0.05, 0.1))
conv_layers = {n: layers[n] for n in ("0 to 1", "channel mean", "standardized", "ZCA-whitened")}
conv_tested, conv_models = {}, {}
for name, layer in conv_layers.items():
    outcomes = train_and_score(layer, validation, rates=conv_rates, seeds=tuning, **conv)
    rate = conv_rates[table(outcomes, conv_rates).mean(axis=0).argmax()]
    outcomes = train_and_score(layer, test, rates=[rate], seeds=fresh, keep=True, **conv)
    conv_tested[name] = table(outcomes, [rate])[:, 0]
    conv_models[name] = [outcome.model.to(run.device) for outcome in outcomes]
    print(f"{name:>12}: rate {rate:g}, test accuracy {conv_tested[name].mean():.1f}%")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of the test accuracy of a convolutional network with 95 percent intervals, for four preprocessings. Channel mean, standardized and ZCA-whitened inputs lie close together, pixels from 0 to 1 are behind."}}
fig, ax = plotting.figure(height=2.6)
plotting.plot_intervals(ax, conv_tested, colors=plotting.PREPROCESSING_COLORS, reference=10)
ax.set(xlabel="test accuracy (%), gray line: guessing", title="For a ConvNet, centering is enough")
fig

# %% tags=["nbval-check-output"]
center = conv_tested["channel mean"]
conv_claims = [
    claim("centering-beats-raw-conv", "Within 400 updates, centering helps a convolutional network",
          center - conv_tested["0 to 1"], above=0, unit="points", rows=("M07", "M08"), run=run),
    claim("standardizing-conv", "Standardizing gains a ConvNet less than 2 points over centering",
          conv_tested["standardized"] - center, below=2, unit="points", rows=("M07",), run=run),
    claim("whitening-conv", "ZCA whitening gains a ConvNet less than 2 points over centering",
          conv_tested["ZCA-whitened"] - center, below=2, unit="points", rows=("M08",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
conv_claims[0]

# %% tags=["remove-input"]
conv_claims[1]

# %% tags=["remove-input"]
conv_claims[2]

# %% [markdown]
# Here the advice holds: center, and nothing on top of it helps. Whitening also costs a
# $D \times D$ matrix product for every image, and it has a dark side: with fewer images than inputs
# and no $\varepsilon$, it removes all that a network could generalize from (Wadia et al., 2021). The
# next section shows it.
#
# Are raw pixels hopeless, or slow? Give the MLP ten times as many updates:

# %% tags=["nbval-check-output"]
patient = train_and_score(
    layers["0 to 1"], test, rates=[0.001], seeds=range(100, 103),
    steps=run.pick(quick=20, standard=3000),
)  # fmt: skip
slow_claim = claim(
    "raw-is-slow", "With 3000 updates an MLP on raw pixels passes 20%, too",
    table(patient, [0.001])[:, 0], above=20, unit="%", rows=("M07",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
slow_claim

# %% [markdown]
# ## Test data stays out of the statistics
#
# Test images stand for pictures that nobody has seen yet. So their mean must not enter the
# preprocessing, or the test is no longer a test: information *leaks*. How much does it matter? First
# the mildest case: standardize by all images instead of the training images.

# %% tags=["nbval-check-output"]
everything = torch.cat([train.images, test.images])
leaky = preprocessing.fit_standardization(everything)


def scores(images):
    """Test accuracy (%) of the convolutional networks trained on standardized images."""
    return np.array([
        100 * accuracy(predict(network, images), test.labels).item()
        for network in conv_models["standardized"]
    ])  # fmt: skip


right = scores(layers["standardized"](test.images))
mean_leak = claim(
    "leaked-means-are-harmless", "Statistics of all images change accuracy by a point at most",
    scores(leaky(test.images)) - right, between=(-1, 1), unit="points", rows=("M08",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
mean_leak

# %% tags=["remove-input"]
Prediction(
    "Now a case without pictures. 100 examples of 1000 inputs, all pure noise; labels 0 and 1 by "
    "turns. You keep the 20 inputs that go best with the labels, then train a classifier on 50 "
    "examples and test it on the other 50. The inputs were chosen on all 100. Test accuracy?",
    [
        Choice(
            "About 50%, it is noise",
            "It would be, had the test half had no say in the choice. Among 1000 inputs of noise some go "
            "with the labels of all 100 examples by chance, and these were kept.",
        ),
        Choice(
            "Above 70%",
            "The inputs kept are those that happen to fit the test half as well. The classifier has "
            "learned nothing, and the test says otherwise.",
            correct=True,
        ),
        Choice("Below 40%", "The chosen inputs fit the test half, so they help there."),
    ],
)


# %%
def nearest_mean(x, y, new, labels):
    """Accuracy (%) of giving each new example the class whose training mean is nearest."""
    means = torch.stack([x[y == c].mean(dim=0) for c in y.unique()])
    return 100 * (torch.cdist(new, means).argmin(dim=1) == labels).float().mean().item()


def noise_accuracy(g, rows):
    """Test accuracy on noise, the 20 best inputs chosen by the labels of these rows."""
    x, y = torch.randn(100, 1000, generator=g), torch.arange(100) % 2
    gap = x[rows][y[rows] == 1].mean(dim=0) - x[rows][y[rows] == 0].mean(dim=0)
    x = x[:, gap.abs().topk(20).indices]
    return nearest_mean(x[:50], y[:50], x[50:], y[50:])


noise = {
    label: [noise_accuracy(run.generator("noise", s), rows) for s in range(20)]
    for label, rows in {"all examples": slice(0, 100), "training half": slice(0, 50)}.items()
}
print({label: f"{np.mean(values):.0f}%" for label, values in noise.items()})

# %% tags=["nbval-check-output"]
label_leak = claim(
    "leaked-labels-fool-the-test", "Inputs chosen by all labels make noise look over 70% predictable",
    noise["all examples"], above=70, unit="%", rows=("M08",), needs="quick", run=run,
)  # fmt: skip

# %% tags=["remove-input"]
label_leak

# %% [markdown]
# Everything that looks at labels belongs inside the training set (Hastie et al., 2009). Does a leak always flatter? Take
# whitening without $\varepsilon$ on 100 photo patches (which of eight photographs does each come
# from?), and another 100 as test. A patch has $D = 768$ numbers, so 200 patches lie in 199 directions.
# Whitened with the statistics of all 200, they become a strange set: every patch is equally far from
# every other, and nothing is left that says which belong together. From $N - 1 \le D$ on, that is so
# for any data.


# %%
def whitened_accuracy(s, fit_on):
    """Accuracy (%) on 100 patches, the nearest mean among 100 others; whitened or centered."""
    g = run.generator("whitened", s)
    x = torch.cat([photo_patches(25, size=16, generator=g, names=(name,)) for name in PHOTOS])
    y = torch.arange(8).repeat_interleave(25)
    order = torch.randperm(200, generator=g)
    x, y = x[order], y[order]
    if fit_on is None:
        z = preprocessing.fit_channel_mean(x[:100])(x).flatten(1)
    else:
        z = preprocessing.pca_whitening(preprocessing.fit_principal_components(x[:fit_on]))(x)
    return nearest_mean(z[:100], y[:100], z[100:], y[100:])


FITS = {"centered": None, "whitened by the 100": 100, "whitened by all 200": 200}
whitened = {
    label: [whitened_accuracy(s, fit_on) for s in range(5)] for label, fit_on in FITS.items()
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of accuracy on photo patches with 95 percent intervals. Centered patches come first, patches whitened by the training set's statistics second, patches whitened by the statistics of all images last, near or below the gray line of guessing."}}
fig, ax = plotting.figure(height=2.3)
plotting.plot_intervals(ax, whitened, reference=100 / 8)
ax.set(xlabel="test accuracy (%), gray line: guessing", title="This leak hurts")
fig

# %% tags=["nbval-check-output"]
whitening_leak = claim(
    "leaked-whitening-hurts", "Whitening by training and test images together costs over 5 points",
    np.subtract(whitened["whitened by all 200"], whitened["whitened by the 100"]), below=-5,
    unit="points", rows=("M08",), needs="quick", run=run,
)  # fmt: skip

# %% tags=["remove-input"]
whitening_leak

# %% [markdown]
# An honest verdict, then. A leaked mean of thousands of images does nothing you could measure. A leak through
# labels can invent a result. A leak through many directions and few images moves the test score
# as well, and not always upwards (Moscovich and Rosset, 2022). Since you seldom know beforehand which case you
# are in, fit on training data alone; it costs nothing.
#
# ## The wrong statistics
#
# A network is trained, its preprocessing is code somewhere else, and somebody gets it wrong. No
# error appears, since shapes fit. Take the convolutional networks trained on standardized scenes:

# %% tags=["remove-input"]
Prediction(
    "Which mistake at test time costs most?",
    [
        Choice(
            "Red and blue swapped",
            "Some libraries read images as blue, green, red (BGR). It costs some points; shapes "
            "are still there.",
        ),
        Choice(
            "The mean and std of another data set",
            "The statistics of ImageNet, a million photographs from the web, are close enough to the scenes' to "
            "cost little.",
        ),
        Choice(
            "Preprocessing forgotten: pixels from 0 to 1 go straight in",
            "The network was trained on numbers around 0 with std 1 and meets positive ones, four "
            "times as small. It is the worst of the three.",
            correct=True,
        ),
    ],
)

# %%
layer, t = layers["standardized"], test.images
m, s = layer.mean, layer.std
imagenet = [
    torch.tensor(v, device=t.device).view(3, 1, 1)
    for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
]
own = [f(t, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std)]
each = [f(t, dim=(2, 3), keepdim=True) for f in (torch.mean, torch.std)]
versions = {
    "test set's own": (t - own[0]) / own[1],
    "ImageNet's": (t - imagenet[0]) / imagenet[1],
    "each image's own": (t - each[0]) / (each[1] + 1e-6),
    "centered, not divided": t - m,
    "red, blue swapped": (t.flip(1) - m) / s,
    "0 to 255": (255 * t - m) / s,
    "forgotten": t,
}

# %%
loss_of = {name: right - scores(images) for name, images in versions.items()}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of the points of accuracy lost to seven mistakes, with 95 percent intervals. The test set's own statistics, ImageNet's and each image's own lie near zero. Swapping red and blue costs some points, pixels from 0 to 255 more. Leaving out the division and forgetting the preprocessing cost most."}}
fig, ax = plotting.figure(height=3.2)
plotting.plot_intervals(ax, loss_of)
ax.set(xlabel="points of accuracy lost", title="Wrong statistics cost, silently")
fig

# %% tags=["nbval-check-output"]
wrong_claims = [
    claim("forgotten-preprocessing", "Forgetting the preprocessing costs more than 10 points",
          loss_of["forgotten"], above=10, unit="points", rows=("M08",), run=run),
    claim("swapped-channels", "Swapping red and blue costs more than 2 points",
          loss_of["red, blue swapped"], above=2, unit="points", rows=("M08",), run=run),
    claim("own-statistics", "A large test set's own statistics change accuracy by a point at most",
          loss_of["test set's own"], between=(-1, 1), unit="points", rows=("M08",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
wrong_claims[0]

# %% tags=["remove-input"]
wrong_claims[1]

# %% tags=["remove-input"]
wrong_claims[2]

# %% [markdown]
# The test set's own statistics look harmless, because 2,000 test scenes have the training scenes' mean. But
# a prediction then depends on the other pictures in its batch, and a batch of one has no statistics worth
# the name. What if the pictures are darker than those of the training set? Halve the light, and compare:

# %%
dark = test.images / 2
own = [f(dark, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std)]
for name, images in {"training's": (dark - m) / s, "their own": (dark - own[0]) / own[1]}.items():
    print(f"dark images, {name:>10} statistics: {scores(images).mean():.1f}%")

# %% [markdown]
# Here their own statistics repair the damage: they undo the change of light exactly. Adapting
# to new data in this way is a method of its own. Do it on purpose and say so, never by accident.
#
# ## A layer that travels with the model
#
# The cure for wrong statistics is to store them where the weights are. In `lib.preprocessing` each
# preprocessing is a layer, its statistics *buffers*: numbers that training does not touch, but that are saved,
# loaded and moved with the weights.

# %% tags=["nbval-check-output"]
model = nn.Sequential(layers["standardized"], conv_models["standardized"][0])
file = io.BytesIO()
torch.save(model.state_dict(), file)
file.seek(0)

empty = ConvNet(3, len(train.classes), generator=torch.Generator())
loaded = nn.Sequential(preprocessing.Standardization(), empty).to(run.device)  # no statistics yet
loaded.load_state_dict(torch.load(file, weights_only=True))
same = torch.equal(predict(loaded, test.images), predict(model, test.images))
print(f"saved, loaded, the same predictions: {same}")
for name, images in {"0 to 255": 255 * test.images, "one channel": test.images[:, :1]}.items():
    try:
        loaded(images)
    except ValueError as error:
        print(f"{name}: refused, {str(error).split(';')[0]}")

# %% [markdown]
# The layer also remembers what it was fitted on, and refuses images of another shape or range. It
# cannot know that red and blue are swapped; a test picture with a known answer, kept
# beside the model, can.
#
# ## Exercises
#
# ### Exercise 1: standardize without a leak
#
# ★☆☆, 10 minutes. Write `standardize(train, test)`: both sets of images (n, C, H, W), standardized per
# channel, with statistics of the right set.


# %% tags=["exercise"] exercise="standardize" points=4
def standardize(train_images, test_images):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_standardize(standardize)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="standardize" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def standardize(train_images, test_images):
    mean = train_images.mean(dim=(0, 2, 3), keepdim=True)
    std = train_images.std(dim=(0, 2, 3), keepdim=True)
    return (train_images - mean) / std, (test_images - mean) / std


checks.check_standardize(standardize)

# %% [markdown]
# ### Exercise 2: ZCA from an eigendecomposition
#
# ★★☆, 15 minutes. Write `zca(X, epsilon)`: the matrix $V^\top \mathrm{diag}((\lambda + \varepsilon)^{-1/2})\, V$
# that (9) multiplies $x - \mu$ by, for examples in the rows of X (n, D). Divide by n, not n − 1. Why is the matrix symmetric, and PCA's not?


# %% tags=["exercise"] exercise="zca" points=5
def zca(X, epsilon):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_zca(zca)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="zca" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def zca(X, epsilon):
    centered = X - X.mean(dim=0)
    variances, columns = torch.linalg.eigh(centered.T @ centered / len(X))
    # A diagonal matrix between a matrix and its transpose is symmetric. PCA lacks the left factor.
    return columns @ torch.diag((variances + epsilon).rsqrt()) @ columns.T


checks.check_zca(zca)

# %% [markdown]
# ### Exercise 3: statistics of a data set that does not fit into memory
#
# ★★★, 25 minutes. Write `moments(batches)`: mean and std per channel, each (C,), of an iterable of
# batches (n, C, H, W) that can be read once. $\mathbb E[x^2] - \mathbb E[x]^2$ is the difference of two
# large numbers; when the mean is large, its digits cancel. Chan et al. (1983) join two sets of
# sizes $a, b$ and sums of squared distances $M_a, M_b$, whose means are $d$ apart:
#
# $$
# M = M_a + M_b + d^2\, \frac{ab}{a + b} . \tag{10}
# $$


# %% tags=["exercise"] exercise="streaming" points=7
def moments(batches):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
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
# ★★☆, 10 minutes. A linear layer behind a standardization computes $W\,((x - \mu) / \sigma) + b$. Find the
# weight and bias that give the same from $x$ itself, for $W$ (units, D) and $b$, $\mu$, $\sigma$ of sizes units, D, D.
# (So centering adds nothing that a network could not express. What does it change, then? And
# would this work for a convolution that pads with zeros?)


# %% tags=["exercise"] exercise="fold" points=4
def fold(W, b, mean, std):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_fold(fold)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="fold" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def fold(W, b, mean, std):
    # What changes is the way there: the shape of the loss, as (5) says. With zero padding it fails
    # at the border: zeros stand for the mean after centering, and for black before it.
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
# - On the scenes, within 300 or 400 updates, centering decided. For a convolutional network nothing on top of it
#   paid; an MLP learned faster from gently whitened pixels, and worse from strongly whitened ones.
# - Fit statistics on training images alone, and store them with the weights.
#
# **Limits.** Small rendered images, two small networks without normalization layers, short training, few
# rates. Batch normalization centers inside the network and makes it forgive much
# of this. Whitening had two images for every three inputs; with more, its statistics are better. Where
# the best rate is the highest we tried, there may be more to gain. For pixels from 0 to 1 it is the lowest; two seeds
# at still lower ones, outside this page, gave no more.
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
#   make information about the dataset unusable during training, and can reduce or prevent
#   generalization. ICML. [arXiv:2008.07545](https://arxiv.org/abs/2008.07545)
