# ---
# jupyter:
#   course:
#     builds_on: [00_recap]
#     compute_minutes: 1.5
#     exercise_minutes: 60
#     memory_gb: 2
#     reading_minutes: 60
#     rows: [M35, M36, M37, M38, M39, M40]
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
# # 6 · What models have learned
#
# How well do 64 numbers of a network find pictures of the same shape, compared with all their pixels? And if
# the picture moves?
#
# Only ten minutes? Play with the map in [Explore: the map](#explore-the-map).
#
# After this chapter you can
#
# - draw the filters of a first layer, and tell a trained one from a random one by a number;
# - search pictures by what a network sees in them, and say when that beats comparing pixels;
# - lay out hundreds of vectors on a map, and say which distances mean something;
# - find the pixels that a unit can see, and the pictures that excite it.
#
# You need chapters 0 and 2.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | unit | one output number of a layer |
# | channel | units that share one filter, one at each place |
# | map | the outputs of one channel, as a picture |
# | feature | a number computed from a picture that says something about it |
# | receptive field | the pixels that can influence a unit |
#
# </details>

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"
model = "efficientnet_lite0"  # online also "alexnet", "resnet18", "vgg19", …

# %% tags=["hide-input"]
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

# %% tags=["hide-input", "remove-output"]
from chapters.features import (
    channels,
    checks,
    experiments,
    figures,
    networks,
    spaces,
)
from chapters.features.fields import field_of
from lib import augmentation, plotting, runtime, visualization
from lib.datasets.photos import PHOTOS, load_photo, photo_patches
from lib.models.pretrained import load_photo_classifier
from lib.training.classifiers import SCENE_SIZE
from lib.widgets import Choice, Control, FrameExplorer, PictureMap, Prediction

as_written = model == "efficientnet_lite0"
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# We open networks from both ends: first the weights that touch the pixels, then the vector before the answer,
# and at last the maps in between. Two kinds of networks run through the chapter. One was trained by others on
# the 1.3 million photographs of ImageNet. The others are small and ours: residual networks that learned to name
# the shape in rendered scenes. This page trains one of them. The evidence for the claims comes from several,
# which differ in their initial weights and the order of the examples, so it says how much of a finding is
# chance. The names in the first column of this table are used below:
#
# | layer | output | what it does |
# |---|---|---|
# | `stem` | 8 maps of 16 × 16 | 3 × 3 convolution, stride 2, then pooling by 2 |
# | `widen` | 16 maps of 16 × 16 | 3 × 3 convolution |
# | `branches.0` and `.1` | 16 maps of 16 × 16 | residual blocks 1 and 2: each gives $x + g(x)$, where $g$ is two 3 × 3 convolutions |
# | `pools.1` | 16 maps of 4 × 4 | pooling by 2, then averages over 2 × 2 |
# | `hidden` | 64 numbers | combines all 16 · 4 · 4 numbers |
# | `logits` | 10 scores | one for each class |

# %%
photo_net = load_photo_classifier(model).to(run.device)
scene_nets, untrained = networks.trained(run), networks.untrained(run)
galleries = networks.galleries(run)  # scenes that no network learned from

# %% [markdown]
# ## Filters of the first layer
#
# | symbol | meaning, shape |
# |---|---|
# | $x$ | a picture, $(C, H, W)$ |
# | $w$, $b$ | filters, $(K, C, F, F)$, and a bias for each, $(K)$ |
# | $S$ | stride, the step from one place to the next |
# | $z$ | maps, one for each filter |
#
# A convolution compares each patch of the picture with each filter:
#
# \begin{equation*}
# \begin{gathered}
# z_{k,i,j} = b_k + {} \\
# \sum_{c,u,v} w_{k,c,u,v}\; x_{c,\,Si+u,\,Sj+v} .
# \end{gathered}
# \tag{1}
# \end{equation*}
#
# The sum is an inner product. Among patches of the same norm, it is largest for the one that looks most like
# $w_k$. So a filter of the first layer, drawn as a small picture, shows what it looks for. Deeper filters look
# at maps instead of pixels, and a drawing of them says little.

# %% tags=["remove-input"]
Prediction(
    "EfficientNet-Lite0 begins with 32 filters, and each costs as much to compute as any other. In training, it "
    "has seen 1.3 million photographs many times. How many of the 32 filters do you expect to be all but zero?",
    [
        Choice(
            "None",
            "Nothing forces training to use what it has. A likely way out of use: a unit that never "
            "fires gets no gradient, and weight decay shrinks what gets none.",
        ),
        Choice(
            "A few",
            "It is four, or one in eight. The picture further down draws each filter at its own scale, which "
            "would hide that they are small, so they are crossed out.",
            correct=True,
        ),
        Choice(
            "Most of them",
            "A few filters are not enough here. Large networks have been pruned by half and more, "
            "but with its 4.7 million weights this one has less to spare.",
        ),
    ],
)


# %%
def unit(x, w, b, S, k, i, j):
    F = w.shape[-1]
    patch = x[:, S * i : S * i + F, S * j : S * j + F]
    return b[k] + (w[k] * patch).sum()


# %% tags=["remove-cell", "nbval-check-output"]
stem = scene_nets[0].stem[0]
w, b, S = stem.weight.detach(), stem.bias.detach(), stem.stride[0]
x = galleries[0].images[0]
z = functional.conv2d(x[None], w, b, stride=S)[0]
ours = torch.stack([unit(x, w, b, S, k, 5, 9) for k in range(len(w))])
print("our units are torch's:", torch.allclose(ours, z[:, 5, 9], atol=1e-5))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three groups of tiny color pictures of 3 by 3 pixels: the eight filters of an untrained network, which are colored noise, the eight of the same network after training, and the 32 of EfficientNet-Lite0. These show patterns: blobs of one color, stripes and edges, green against purple; a few are crossed out."}}
w_photo = visualization.first_layer_filters(photo_net).cpu()
norms = w_photo.flatten(1).norm(dim=1)
dead = norms < 1e-3 * norms.max()
shown = {
    "small network, before training": visualization.first_layer_filters(untrained[0]).cpu(),
    "the same network, trained on scenes": w.cpu(),
    f"{model}, trained on photographs": w_photo,
}
fig, axes = plotting.figure(3, 1, height=5.5, height_ratios=[1, 1, len(w_photo) / 8])
for ax, (name, group) in zip(axes, shown.items()):
    plotting.plot_tiles(ax, figures.filter_pictures(group), columns=8, title=name,
                        marked=dead.nonzero()[:, 0].tolist() if group is w_photo else ())  # fmt: skip
fig

# %% tags=["hide-input"]
shape = " × ".join(map(str, w_photo.shape))
print(f"filters {shape}")
print(f"all but zero: {int(dead.sum())}, crossed out above")

# %% [markdown]
# Gray stands for zero, and each tile has its own scale. Filters of 3 × 3 pixels, much enlarged here, are now
# common, since many small layers can find large patterns. AlexNet's filters (64 in torchvision, 96 in the
# paper) have 11 × 11 pixels and ResNet's 7 × 7, and there you would see fine stripes. With an internet
# connection, set `model = "alexnet"`.
#
# ### A number for it
#
# Learned filters look smoother than noise. To measure that, compare neighboring weights $p \sim q$ (side
# by side or one below the other, in one channel):
#
# $$
# R(w_k) = \frac{\big\langle (w_p - w_q)^2 \big\rangle_{p \sim q}}{2\,\big\langle w_p^2 \big\rangle_p} .
# \tag{2}
# $$
#
# Angle brackets are means. $R$ is called *roughness* here: independent weights of mean zero have 1 on
# average, a constant filter 0, and a chessboard of $\pm1$ has 2.


# %%
def roughness(w):
    beside, below = w[..., 1:] - w[..., :-1], w[..., 1:, :] - w[..., :-1, :]
    steps = torch.cat([beside.flatten(1), below.flatten(1)], dim=1)
    return (steps**2).mean(dim=1) / (2 * (w**2).flatten(1).mean(dim=1))


# %% tags=["remove-cell", "nbval-check-output"]
ours, libs = roughness(w_photo), visualization.roughness(w_photo)
print("ours is lib's:", torch.allclose(ours, libs, atol=1e-5))

# %%
filters = experiments.filters(run)

# %% tags=["remove-input"]
experiments.filters.cards(filters, run)["trained-filters-are-smoother"]

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three strips of dots: the roughness of single filters, with a dotted line at one. Filters of an untrained network lie around it. Those of the small network after training lie lower on average. Those of the network trained on photographs spread widely, from far below one to above it."}}
fig, ax = plotting.figure(height=2.7)
strips = {
    "untrained": torch.cat(filters["untrained"]),
    "trained on\nscenes": torch.cat(filters["trained"]),
    "trained on\nphotographs": roughness(w_photo[~dead]),
}
figures.plot_strips(ax, strips)
ax.axvline(1, color="#8a8a8a", ls=":")
ax.set(xlabel="roughness of a filter", title="One dot for each filter")
fig

# %% [markdown]
# Each dot is a filter. The network of photographs has two kinds: smooth blobs of color, and fine stripes that
# are about as rough as noise. This number cannot tell such stripes from noise, but the picture can. And a mean
# hides that there are two kinds, so look at the dots.
#
# ## A vector for each picture
#
# At the other end, the last layer multiplies a vector by a matrix to get the class scores:
#
# \begin{equation*}
# \begin{gathered}
# \text{scores}(x) = W f(x) + b , \\
# f(x) \in \mathbb R^d .
# \end{gathered}
# \tag{3}
# \end{equation*}
#
# $f(x)$ is all that the network still knows about $x$ when it answers. This *feature vector* has 4096 numbers
# in AlexNet (Krizhevsky et al., 2012) and VGG (the layer FC7), 1280 in EfficientNet-Lite0, and 64 in the
# small networks. In PyTorch, a hook on the last layer can catch it.


# %%
def f(network, last, x):
    kept = []

    def keep(layer, inputs):
        kept.append(inputs[0])

    handle = last.register_forward_pre_hook(keep)
    with torch.no_grad():
        network(x)
    handle.remove()
    return kept[0]


# %% tags=["remove-cell", "nbval-check-output"]
net, gallery = scene_nets[0], galleries[0]
features = visualization.feature_vectors(net, gallery.images)
ours = f(net, net.logits, gallery.images)
print(f"{features.shape[1]} features; ours are lib's:", torch.allclose(ours, features, atol=1e-4))

# %% [markdown]
# The pixels of a picture are a vector, too, of $3HW$ numbers. Which of the two is the better
# description?
#
# ## Nearest neighbors
#
# Here is a test that needs no classifier: take a picture, and look at the pictures whose vectors lie closest
# to its own,
#
# \begin{equation*}
# \begin{gathered}
# d(x, x') = \lVert f(x) - f(x') \rVert , \\
# \lVert a - b \rVert^2 = \lVert a \rVert^2 + \lVert b \rVert^2 - 2\,a^\top b .
# \end{gathered}
# \tag{4}
# \end{equation*}
#
# The second form needs one matrix product for all pairs.


# %%
def neighbors(F, k):
    squares = (F**2).sum(dim=1)
    d2 = squares[:, None] + squares - 2 * F @ F.T
    d2.fill_diagonal_(math.inf)  # no picture is its own neighbor
    return d2.argsort(dim=1)[:, :k]


# %% tags=["remove-cell", "nbval-check-output"]
k = 5
found = visualization.nearest_neighbors(features, features, k, exclude_self=True)
F = features.cpu().double()  # not every device supports float64
print("ours are lib's:", torch.equal(neighbors(F, k), found.indices.cpu()))

# %% tags=["hide-input"]
each = run.pick(quick=8, standard=20)  # patches of 64 pixels from each photograph
g = run.generator("patches")
patches = torch.cat([photo_patches(each, size=64, names=(name,), generator=g) for name in PHOTOS])
patches = patches.to(run.device)
source = torch.arange(len(PHOTOS)).repeat_interleave(each)  # which photograph
larger = functional.interpolate(patches, size=(128, 128), mode="bilinear")
patch_spaces = {
    "pixels": patches.flatten(1),
    model: visualization.feature_vectors(photo_net, larger.clamp(0, 1)),
}
found = {
    name: visualization.nearest_neighbors(F, F, k, exclude_self=True)
    for name, F in patch_spaces.items()
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two blocks of small photographs, one above the other. Each row begins with a patch of a photograph, of a cat, a cup of coffee, a motorcycle and a flower, and shows its five nearest neighbors: in the upper block by pixels, in the lower one by features. Blue frames mark neighbors from the same photograph."}}
fig, axes = plotting.figure(2, 1, height=7.9)
queries = [each * PHOTOS.index(name) + 3 for name in ("chelsea", "coffee", "motorcycle", "flower")]
for ax, (name, nearest) in zip(axes, found.items()):
    title = f"nearest by {'pixels' if name == 'pixels' else 'features of ' + name}"
    figures.plot_neighbors(ax, patches.cpu(), source, queries, nearest, title=title)
fig

# %% [markdown]
# The first picture of a row is the query, and a blue frame marks a patch of the same photograph. Pixels do
# well if a photograph has colors of its own. But a flat patch of a middling color is not far from anything,
# so a busy patch may well find a flat one. A feature vector is meant to say what a patch shows, wherever in
# the patch that is. Here are the shares for all patches:

# %% tags=["hide-input"]
for name, nearest in found.items():
    same = source[nearest.indices.cpu()] == source[:, None]
    print(f"{name}: {same.float().mean():.0%} from the same photograph")

# %% [markdown]
# Part of this is easy in both spaces: the patches are cut at random places, so many of them overlap, and a
# neighbor may be nearly a copy of the query.
#
# The scenes contain no copies, and every scene has a class. There are ten shapes, so by chance one neighbor in
# ten has the right one.

# %% tags=["remove-input"]
Prediction(
    "Each scene shows one of ten shapes, in any color, on any ground. Some of a scene's five nearest neighbors "
    "have the same shape. By how many percentage points is their share larger with the trained network's features "
    "than with pixels?",
    [
        Choice(
            "It is about the same",
            "Pixels compare the colors at each place, and most places show the ground. A red circle and a blue "
            "circle of the same size differ in every pixel.",
        ),
        Choice(
            "By 20 to 40 points",
            "It is more. Most of a scene's pixels show its ground, while the features were trained to tell shapes "
            "apart.",
        ),
        Choice(
            "By more than 50 points",
            "In pixel space, the ground has most of the pixels, so it decides most of the distance. "
            "The features of a network that learned the shapes find the same shape in most cases.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# The experiment compares five spaces: pixels, the features of an untrained and of a trained network, those of
# the photograph network, and the trained network's last maps, each averaged over all places. It also moves the
# queries, which we will come to below.

# %%
shares = experiments.neighbors(run, model=model)

# %% tags=["hide-input"]
print("neighbors of the same shape:")
for name, values in shares.items():
    print(f"{name}: {values[:, 0].mean():.0f}%")

# %% tags=["remove-input"]
neighbor_cards = experiments.neighbors.cards(shares, run)
neighbor_cards["features-find-the-class"]

# %% tags=["remove-input"]
neighbor_cards["random-features-do-not"]

# %% tags=["remove-input"]
neighbor_cards["borrowed-features-help"]

# %% [markdown]
# The 64 numbers were trained with the very labels by which we count neighbors, though on other scenes. Without
# training, their lead over pixels is {{random-features-do-not}}, which is none: at this layer, the architecture
# alone is not enough. Elsewhere, random convolutional features can be useful (Saxe et al., 2011). The features
# that were trained on photographs, with other labels, lead pixels by {{borrowed-features-help}}.
#
# ### And if the picture moves?
#
# If you compare pixels, a shifted picture is a different picture. It is often said that features do not care.
# So the experiment also used queries that were shifted to the right, and searched among scenes that were not.
# (The strip that opens at the left repeats the edge.)

# %% tags=["remove-input"]
Prediction(
    "The queries are shifted by a quarter of their width. By how many percentage points does the share of "
    "neighbors with the right shape fall, if you use the small network's features?",
    [
        Choice(
            "By less than 2 points",
            "Convolutions do not care where things are: their maps move with the picture. But the "
            "layer after them has its own weight for each place in the map, and it has never seen "
            "an object at the new place.",
        ),
        Choice(
            "By 2 to 20 points",
            "That might be so for a small shift: at 6% of the width, features are still far ahead of pixels. "
            "At 25% they lose more.",
        ),
        Choice(
            "By more than 20 points",
            "In training, every object stood near the middle, so this network had no reason to recognize objects "
            "elsewhere. It must learn that from augmented pictures, or be built for it.",
            correct=True,
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: share of neighbors of the same class over the shift of the query in percent of the width, with a dotted line at chance. Features of the small network start far above pixels and fall steeply. Features of the network trained on photographs and the averaged last maps of the small network stay nearly level."}}
fig, ax = plotting.figure(height=4.2)
legend = {
    "features, trained on scenes": shares["features"],
    "ImageNet features": shares["ImageNet"],
    "last maps, averaged": shares["averaged"],
    "pixels": shares["pixels"],
    "untrained features": shares["untrained"],
}
percent = [100 * by / SCENE_SIZE for by in spaces.MOVES]
figures.plot_shares(ax, percent, legend, chance=10)
ax.set_title("Neighbors of the same class, after a shift")
fig

# %% [markdown]
# The first claim's number is a lead over pixels. The other numbers are changes, so a loss is negative.

# %% tags=["remove-input"]
neighbor_cards["features-survive-small-shifts"]

# %% tags=["remove-input"]
neighbor_cards["features-do-not-care-where"]

# %% tags=["remove-input"]
neighbor_cards["imagenet-features-do-not-care-where"]

# %% tags=["remove-input"]
neighbor_cards["averaged-maps-do-not-care-where"]

# %% [markdown]
# The second claim fails: the share changes by {{features-do-not-care-where}}. One likely reason is that the
# layer after the maps has a weight for each place. The last two claims hold, but a space near chance has little
# to lose. So here is by how much each space is ahead of chance, which is 10%, before and after the shift:

# %% tags=["hide-input"]
print("points ahead of chance")
print(f"{'':<12}{'in place':>10}{'shifted by 25%':>17}")
for name, values in shares.items():
    before, _, _, after = values.mean(axis=0) - 10
    print(f"{name:<12}{before:>10.0f}{after:>17.0f}")

# %% [markdown]
# A space that has no large lead keeps it easily. Averages over places survive the shift, but what they are
# worth depends on training: this network never learned to use them, and EfficientNet did. So there are two ways
# to invariance: average over places, or train on moved pictures (chapter 4).
#
# ## Maps of many pictures
#
# To see all vectors at once, give each a place on a page. *Principal component analysis* (PCA) takes the
# directions along which they vary most, which are the first rows of $V$, as in chapter 2: with the centered
# vectors as rows of $X$, $(n, d)$,
#
# $$
# X = U \Sigma V, \qquad Y = X V_2^\top ,
# \tag{5}
# $$
#
# where $V_2$ is the first two rows of $V$, and $Y$, $(n, 2)$, the map.


# %%
def pca(F):
    X = F - F.mean(dim=0)
    _, Sigma, V = torch.linalg.svd(X, full_matrices=False)
    return X @ V[:2].T, Sigma**2 / (Sigma**2).sum()


# %% tags=["remove-cell", "nbval-check-output"]
F = features.cpu().double()
Y, variance = pca(F)
theirs = visualization.principal_components(F)
same = torch.allclose(Y.abs(), theirs.coordinates.abs(), atol=1e-6)  # signs are free
print("ours is lib's, up to signs:", same)

# %% tags=["hide-input"]
print(f"two of {len(variance)} directions hold {variance[:2].sum():.0%} of the variance")

# %% [markdown]
# The rest is not on the map. *t-SNE* (van der Maaten and Hinton, 2008) tries to keep neighbors instead. It
# moves points about on the page until those that are close in the space of features are close on the page,
# too. How it does that comes below.
#
# A map is only as good as the neighbors it keeps. What share of the five nearest in the space of features is
# also among the five nearest on the map? Such maps take a while, so this page only shows the evidence;
# `experiments.maps(run)` makes and judges the maps.

# %% tags=["remove-input"]
experiments.maps.cards(None, run)["tsne-keeps-neighbors"]

# %% [markdown]
# ### Explore: the map
#
# Here are scenes that the small network never saw, at first in a grid. Tap or click a picture: solid lines lead
# to its neighbors in the space of features, dashed lines to its neighbors in pixel space. Then change the
# layout. On which map are the lines short?

# %% tags=["hide-input"]
n, perplexity = run.pick(quick=100, standard=240), spaces.PERPLEXITY
scenes = networks.scenes(n, run, "map")
of = {"feature space": visualization.feature_vectors(scene_nets[0], scenes.images)}
of["pixel space"] = scenes.images.flatten(1)
of = {name: F.cpu() for name, F in of.items()}
maps = {}
for name, F in of.items():
    word = name.split()[0] + "s"
    g = run.generator("map", name)
    maps[f"t-SNE, {word}"] = visualization.tsne_layout(F, perplexity=perplexity, generator=g)
    maps[f"PCA, {word}"] = visualization.principal_components(F).coordinates
cells = visualization.grid_layout(maps["t-SNE, features"], columns=round(math.sqrt(1.25 * n)))
maps["grid, features"] = torch.stack([cells[:, 1], -cells[:, 0]], dim=1).float()
near = {
    name: visualization.nearest_neighbors(F, F, k, exclude_self=True).indices
    for name, F in of.items()
}

# %% tags=["hide-input"]
small_pictures = functional.interpolate(scenes.images.cpu(), size=(48, 48), mode="area")
grid = maps["grid, features"]
lines = (grid[near["feature space"]] - grid[:, None]).norm(dim=2)
PictureMap(
    small_pictures,
    scenes.labels.tolist(),
    scenes.classes,
    {
        name: maps[name]
        for name in sorted(maps, key=lambda name: ("pixels" in name, name[0] != "g"))
    },
    near,
    selected=int(lines.amin(dim=1).argmax()),  # no line is hidden
    title="On which map do a picture and its neighbors lie together?",
)

# %% [markdown]
# The grid is the t-SNE map of features with every picture moved to a cell of its own, as little as
# possible, so that none hides another. How many of a picture's neighbors does a flat map keep?

# %% tags=["hide-input"]
for name in ("t-SNE, features", "PCA, features", "t-SNE, pixels", "PCA, pixels"):
    on_map = visualization.nearest_neighbors(maps[name], maps[name], k, exclude_self=True).indices
    there = near["feature space" if "features" in name else "pixel space"]
    kept = (on_map[:, :, None] == there[:, None]).any(dim=2).float().mean().item()
    print(f"{name:>16}: {kept:4.0%} of the {k} nearest")
print(f"{'a random map':>16}: {k / (n - 1):4.0%}")

# %% [markdown]
# Neither map keeps all of them: two dimensions have too little room. So a cluster on a map is a reason to look
# at the pictures in it, not a result.
#
# ### How t-SNE makes its map
#
# In the space of features, at distances $d_{ij}$, point $i$ picks $j$ as its neighbor with probability
# $p_{j|i}$:
#
# \begin{equation*}
# \begin{gathered}
# p_{j|i} = \frac{e^{-d_{ij}^2 / 2\sigma_i^2}}{\sum_{l \ne i} e^{-d_{il}^2 / 2\sigma_i^2}} , \\
# P_{ij} = \frac{p_{j|i} + p_{i|j}}{2n} .
# \end{gathered}
# \tag{6}
# \end{equation*}
#
# Take three points at 0, 1 and 3 on a line, and $\sigma = 1$. The first picks the second with probability
# $e^{-1/2} / (e^{-1/2} + e^{-9/2})$, and so on:

# %% tags=["hide-input", "nbval-check-output"]
at = torch.tensor([[0.0], [1.0], [3.0]])
d2 = (torch.cdist(at, at) ** 2).fill_diagonal_(math.inf)
for place, p in zip(at[:, 0].tolist(), torch.softmax(-d2 / 2, dim=1).tolist()):
    print(f"from {place:.0f}:", *(f"{chance:.2f}" for chance in p))

# %% [markdown]
# You choose the *perplexity*, which is, roughly, how many neighbors count. With $m$ equally likely neighbors it
# is exactly $m$. In general it is $e^{H_i}$ with the entropy $H_i = -\sum_j p_{j|i} \log p_{j|i}$. Each point
# gets the $\sigma_i$ that gives it this perplexity; with one $\sigma$ for all, a point in a crowd would have
# many neighbors and a lone point practically one. $P_{ij}$ averages both directions, so that the map has to
# care about lone points, too. The code finds $\sigma_i$ by halving an interval of its logarithm.


# %%
def conditional(d2, perplexity):
    """p(j|i) for all pairs, from the squared distances."""
    low = torch.full((len(d2), 1), -20.0)
    high = -low
    for _ in range(60):
        sigma = ((low + high) / 2).exp()
        p = torch.softmax(-d2 / (2 * sigma**2), dim=1)
        entropy = -(p * p.clamp(min=1e-12).log()).sum(dim=1, keepdim=True)
        too_many = entropy > math.log(perplexity)
        high = torch.where(too_many, sigma.log(), high)
        low = torch.where(too_many, low, sigma.log())
    return p


# %% [markdown]
# On the map, with places $y$, closeness $Q$ falls off more slowly with distance, and t-SNE makes a sum small:
#
# \begin{equation*}
# \begin{gathered}
# Q_{ij} = \frac{(1 + \lVert y_i - y_j \rVert^2)^{-1}} {\sum_{l \ne m} (1 + \lVert y_l - y_m \rVert^2)^{-1}} ,
# \\
# \min_y \sum_{i \ne j} P_{ij} \log \frac{P_{ij}}{Q_{ij}} .
# \end{gathered}
# \tag{7}
# \end{equation*}
#
# A plane has less room around a point than 64 dimensions do. Because closeness falls off slowly, points that
# are neither near nor far may move apart almost for free. The sum is the *Kullback-Leibler divergence*
# $\mathrm{KL}(P \,\Vert\, Q)$, `kl` below. It is zero if the two agree, and it is large above all where
# neighbors ($P$ large) lie apart ($Q$ small). Gradient descent lowers it, here from random places, so each
# start may end in another map. From PCA's places (scikit-learn's default), large distances survive better
# (Kobak and Linderman, 2021). UMAP's maps (McInnes et al., 2018) need equal caution.


# %%
def kl(P, y):
    q = 1 / (1 + torch.cdist(y, y) ** 2)
    q.fill_diagonal_(0)
    off = ~torch.eye(len(y), dtype=torch.bool)
    return (P * ((P + 1e-12) / (q / q.sum() + 1e-12)).log())[off].sum()


# %% [markdown]
# Both functions at work: halving gives every point the perplexity that we ask for, and t-SNE's map of the
# scenes costs less than PCA's map of them.

# %% tags=["hide-input", "nbval-check-output"]
F = features.cpu().double()
p = conditional((torch.cdist(F, F) ** 2).fill_diagonal_(math.inf), perplexity)
P = (p + p.T) / (2 * len(p))
reached = (-(p * p.clamp(min=1e-12).log()).sum(dim=1)).exp()
layout = visualization.tsne_layout(F, perplexity=perplexity, generator=run.generator("t-SNE"))
flat = visualization.principal_components(F).coordinates
print(f"every row has perplexity {reached.min():.0f} to {reached.max():.0f}")
print("t-SNE's map costs less:", bool(kl(P, layout.double()) < kl(P, flat)))

# %% [markdown]
# ### What distances on such a map mean
#
# Suppose that two groups lie far apart on a map. Are they far apart in the data? You can test this, as
# Wattenberg et al. (2016) did, on points whose distances you know: three clouds in a row, where the gap between
# the second and the third is five times as long as the gap between the first and the second.

# %% tags=["remove-input"]
Prediction(
    "Clouds A, B, C lie on a line in ten dimensions; B to C is 5 times A to B. On a t-SNE map of "
    "perplexity 20, how long is B to C on average?",
    [
        Choice(
            "Less than 2 times A to B",
            "Beyond the neighbors, all P in (7) are practically zero, so the map only keeps the clouds apart. "
            "How far apart they lie is mostly left to the random start.",
            correct=True,
        ),
        Choice(
            "Between 2 and 4 times A to B",
            "Then the map would show a part of the distance. But it is made from neighbors, and no point of C has "
            "one outside C.",
        ),
        Choice(
            "About 5 times A to B",
            "That is what a map of a country would do. t-SNE only cares which points are neighbors, and no point "
            "of C has a neighbor outside C.",
        ),
    ],
)

# %% [markdown]
# We drew such clouds several times, and also three clouds of different widths. Again, this page only shows the
# evidence; `experiments.clouds(run)` repeats the experiment.

# %% tags=["remove-input"]
cloud_cards = experiments.clouds.cards(None, run)
cloud_cards["tsne-forgets-distance"]

# %% tags=["remove-input"]
cloud_cards["tsne-forgets-size"]

# %% [markdown]
# In the first claim, the longer gap is drawn {{tsne-forgets-distance}} as long as the shorter one: it came
# out no longer at all.
#
# ### Explore: perplexity
#
# Left: the data. Right: the map. Look for three traps: a low perplexity breaks one cloud into clumps; sizes and
# gaps all look alike; and at a perplexity above a cloud's 50 points, distances may come back.

# %% tags=["hide-input"]
kinds = run.pick(quick=["far and near", "one cloud"],
                 standard=["far and near", "tight and wide", "one cloud", "a curve"])  # fmt: skip
values = run.pick(quick=[5, 100], standard=[2, 10, 30, 100])


def tsne_frame(structure, perplexity):
    points, groups = spaces.clouds(structure, run.generator("frame"))
    g = run.generator("frame", structure)
    places = visualization.tsne_layout(points, perplexity=perplexity, generator=g)
    return figures.tsne_figure(points, groups, places, perplexity=perplexity)


FrameExplorer(
    tsne_frame,
    alt=lambda structure, perplexity: (
        f"Left, points: {structure}. Right, their t-SNE map at perplexity {perplexity}."
    ),
    title="Which differences on the map are real?",
    structure=kinds,
    perplexity=Control(values, label="Perplexity"),
    start={"perplexity": values[0]},
    pixels=600,
)

# %% [markdown]
# Believe the map more about neighbors than about gaps, sizes, or empty space. If points are neighbors at
# several perplexities, check them in the space of the features, since some of their neighbors there are lost
# in any map.
#
# ## Maps of a layer
#
# Between its two ends the network computes maps: $z$ in (1), and all that follow. Each channel gives one gray
# picture, black where the map is smallest and white where it is largest. `record_activations` runs the network
# and keeps the outputs of the layers that you name.


# %% tags=["hide-input"]
stages = ("bn1", *(f"blocks.{block}.bn2" for block in ("1.1", "2.1", "3.2", "4.2", "6.0")))
if model == "efficientnet_lite0":  # behind the activation of the last block of each stage
    names = ("stem", "stage 2", "stage 3", "stage 4", "stage 5", "stage 7")
    layers = {name: f"network.{stage}" for name, stage in zip(names, stages)}
else:  # six convolutions, evenly from the first to the last
    convs = [name for name, layer in photo_net.named_modules() if isinstance(layer, nn.Conv2d)]
    chosen = sorted({round(i * (len(convs) - 1) / 5) for i in range(6)})
    layers = {f"conv {i + 1}": convs[i] for i in chosen}


def square(name):
    photo = augmentation.resize_short_side(load_photo(name)[None], 224)
    top, left = ((side - 224) // 2 for side in photo.shape[2:])
    return augmentation.crop(photo, top, left, size=224)[0].to(run.device)


photos = {name: square(name) for name in ("chelsea", "coffee")}
batch = torch.stack(list(photos.values()))

# %%
activations = visualization.record_activations(
    photo_net,
    batch,
    list(layers.values()),
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "24 small gray pictures in four rows, the maps of one deeper layer for a photograph of a cat. Most are dark with some bright specks, scattered or in short strokes; a few show spots where the eyes are, or outline the face."}}
deep = list(layers)[-3]
deep_maps = activations[layers[deep]][0].cpu()
deep_maps = deep_maps[figures.strongest_channels(deep_maps, 24)]
fig, ax = plotting.figure(height=3.9)
plotting.plot_tiles(ax, figures.gray_maps(deep_maps).sqrt(), columns=6)  # roots are brighter
rows, columns = deep_maps.shape[1:]
ax.set_title(f"{len(deep_maps)} maps of {deep}, {rows} × {columns} units each", fontsize=11)
fig

# %% [markdown]
# The photograph is the cat of the explorer below. To make faint values visible, the figure shows their square
# roots. Many of these maps are dark with a few bright places: such a channel answers strongly at a few places
# and hardly at all elsewhere. The figures show those channels of a layer whose maps vary most over the
# picture.
#
# ### Explore: layer by layer
#
# Early maps look like the photograph in other shades, with its edges drawn in. What is lost on the way, and
# what is left?


# %% tags=["hide-input"]
def maps_frame(photo, layer):
    row = list(photos).index(photo)
    return figures.activations_figure(
        photos[photo].cpu(), activations[layers[layer]][row].cpu(), name=layer
    )


FrameExplorer(
    maps_frame,
    alt=lambda photo, layer: f"The photograph {photo} and nine gray maps of {layer}.",
    title="At which layer can you no longer tell what the photograph shows?",
    photo=Control(list(photos), label="Photograph"),
    layer=Control(list(layers), label="Layer"),
    play="layer",
    pixels=460,
)

# %% [markdown]
# ## What a unit can see
#
# A unit of the first layer sees a few pixels. A unit of the second sees a few units of the first, and so
# more pixels. For layers with filters of width $F_l$ and stride $S_l$, let $r_l$ be the width of the receptive
# field and $j_l$ the distance, in pixels, from one unit's field to the next one's:
#
# \begin{equation*}
# \begin{gathered}
# r_l = r_{l-1} + (F_l - 1)\, j_{l-1}, \\ j_l = j_{l-1}\, S_l, \qquad r_0 = j_0 = 1 .
# \end{gathered}
# \tag{8}
# \end{equation*}
#
# Kernels add, and strides multiply.


# %%
def field(layers):
    r, j = 1, 1
    for F_l, S_l in layers:
        r, j = r + (F_l - 1) * j, j * S_l
    return r, j


# %% [markdown]
# This is arithmetic on a plan of the network, and it is enough for EfficientNet-Lite0, whose layers follow one
# another. `receptive_field` measures instead: it replaces pixels by not-a-number and records which units become
# not-a-number, too. So it also works if a plan is hard to read. For the small network's first block, both give
# the same:

# %% tags=["hide-input", "nbval-check-output"]
plan = [(3, 2), (2, 2), (3, 1), (3, 1), (3, 1)]  # stem, pooling, widen, a block's two convolutions
measured = visualization.receptive_field(scene_nets[0], "branches.0.2", image_size=SCENE_SIZE)
width, apart = field(plan)
print(f"by (8):   {width} pixels wide, {apart} apart")
print(f"measured: {measured.size[0]} pixels wide, {measured.stride[0]} apart")

# %% tags=["remove-input"]
Prediction(
    "EfficientNet-Lite0 has some fifty layers with kernels of 1, 3 or 5 pixels. How wide is the "
    "receptive field of its last maps, for pictures of 224 × 224 pixels?",
    [
        Choice(
            "About 50 pixels",
            "That would be so if no layer had a stride. After five strides of 2, each step of a kernel counts for "
            "32 pixels.",
        ),
        Choice(
            "About 200 pixels",
            "Nobody fits it to the picture. It follows from the kernels and strides.",
        ),
        Choice(
            "More than 800 pixels",
            "It reaches far beyond the picture, so every unit of the last maps can see all of it. What a unit can "
            "see is not what it mainly looks at, though: the middle of the field counts most (Luo et al., 2016).",
            correct=True,
        ),
    ],
)

# %%
fields = {
    name: field_of(
        photo_net,
        layer,
        activations[layer],
        model=model,
        image_size=224,
    )
    for name, layer in layers.items()
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: width of the receptive field in pixels over the layers, on a logarithmic axis. It rises steadily from 3 pixels at the stem, and crosses the dashed line of the image's own size between the fourth and the fifth of the layers."}}
fig, ax = plotting.figure(height=3.3)
number = [int("".join(filter(str.isdigit, name)) or 0) for name in fields]  # of the stage
figures.plot_fields(ax, fields, at=number)
ax.set_title("How far a unit of each layer can see")
fig


# %% tags=["hide-input"]
def field_frame(layer, unit):
    rows, columns = fields[layer].units
    place = (rows // 2, columns // 2) if unit == "in the middle" else (0, columns // 4)
    return figures.field_figure(photos["chelsea"].cpu(), fields[layer], unit=place)


growing = [
    name for name, field_of in fields.items() if field_of.size[0] < 2 * 224
]  # then all the same
FrameExplorer(
    field_frame,
    alt=lambda layer, unit: (
        f"A cat, dimmed but for the pixels that a unit of {layer} {unit} sees; beside it, these pixels."
    ),
    title="From which layer on could a unit recognize a cat?",
    layer=Control(growing, label="Layer"),
    unit=Control(["in the middle", "at the border"], label="Unit"),
    play="layer",
    pixels=420,
)

# %% [markdown]
# ## The patches that excite a channel
#
# What does a channel look for? Show the network many pictures, find the unit of the channel with the largest
# activation in each, and cut out what this unit sees: *maximally activating patches* (Girshick et al., 2014;
# Zeiler and Fergus, 2014). In the notation of (1), for channel $k$ and pictures $x^{(1)}, x^{(2)}, \dots$
#
# $$
# (i_m, j_m) = \operatorname*{arg\,max}_{i,\,j} \; z_{k,i,j}\big(x^{(m)}\big) .
# \tag{9}
# $$
#
# Then rank the pictures by this largest activation, and show the first nine. This function finds the first.


# %%
def best(z, k):
    """The best picture m for channel k, and its (i_m, j_m)."""
    peak, place = z[:, k].flatten(1).max(dim=1)  # (9) for each picture
    m = int(peak.argmax())
    return m, divmod(int(place[m]), z.shape[3])


# %% tags=["remove-cell", "nbval-check-output"]
z = visualization.record_activations(scene_nets[0], galleries[0].images, ["widen"])["widen"]
top = visualization.maximally_activating_patches(
    scene_nets[0], galleries[0].images, "widen", 3, count=1
)
print("ours is lib's:", best(z, 3) == (int(top.indices[0]), tuple(top.places[0].tolist())))


# %% tags=["hide-input"]
def tiles(name, most, size=128):
    """Tiles of a photograph at three sizes; at one size, none overlap."""
    cut = []
    for scale in (1.0, 0.75, 0.5):
        photo = load_photo(name)[None]
        photo = augmentation.resize_short_side(photo, round(scale * min(photo.shape[2:])))[0]
        parts = photo.unfold(1, size, size).unfold(2, size, size)
        cut.append(parts.permute(1, 2, 0, 3, 4).flatten(0, 1))
    return torch.cat(cut)[:most]


most = run.pick(quick=4, standard=16)
many = torch.cat([tiles(name, most) for name in PHOTOS]).to(run.device)

# %% [markdown]
# There is one trap. Where do a channel's best units lie? Units whose field reaches beyond the picture see the
# zeros that layers pad with.


# %% tags=["hide-input"]
def is_cut(field, row, column):
    return field.box(row, column) != field.box(row, column, cut=False)


early = list(layers)[1]
every_fourth = range(0, activations[layers[early]].shape[1], 4)
every = visualization.patches_by_channel(photo_net, many, layers[early], every_fourth)
lying = np.mean([is_cut(p.field, *at) for p in every.values() for at in p.places.tolist()])
grid = next(iter(every.values())).field
rows, columns = grid.units
by_chance = np.mean([is_cut(grid, i, j) for i in range(rows) for j in range(columns)])
print(f"{early}, fields that reach beyond the border:")
print(f"{by_chance:.0%} of all units, {lying:.0%} of the best")

# %% [markdown]
# If the second number is larger, the border itself attracts the maxima: zeros beside a picture look like an
# edge. From here on, we only ask units that see no border (`whole=True`), if a layer has such units. Two
# layers of the photograph network search tiles of the eight photographs, and two layers of the small network
# search a thousand scenes. The channels are spread evenly over each layer; none was picked for its looks.

# %% tags=["hide-input"]
search = networks.searched(run)
excited = {}
for name in list(layers)[1:3]:
    excited[f"{name}, photographs"] = (photo_net, many, layers[name])
excited["block 1, scenes"] = (scene_nets[0], search.images, "branches.0.0")
excited["hidden layer, scenes"] = (scene_nets[0], search.images, "hidden")
for name, (net, pictures, layer) in list(excited.items()):
    size = visualization.receptive_field(net, layer, image_size=pictures.shape[-1]).size[0]
    width = visualization.feature_vectors(net, pictures[:1], layer=layer).shape[1]
    picked = torch.linspace(1, width - 2, run.pick(quick=2, standard=4)).long().tolist()
    whole = size < 0.9 * pictures.shape[-1]
    found = visualization.patches_by_channel(net, pictures, layer, picked, whole=whole)
    excited[name] = (pictures.cpu(), list(found.items()))


# %% tags=["hide-input"]
def patches_frame(layer, channel):
    pictures, found = excited[layer]
    number, patches_of = found[channel - 1]
    name = f"{layer.split(',')[0]}, channel {number}"
    return figures.exciting_patches_figure(patches_of, pictures, name=name)


FrameExplorer(
    patches_frame,
    alt=lambda layer, channel: (
        f"Left, the nine patches that excite channel {channel} most ({layer}); right, where the first was found."
    ),
    title="What do the nine patches have in common?",
    layer=Control(list(excited), label="Layer"),
    channel=Control(list(range(1, len(found) + 1)), label="Channel"),
    play="channel",
    pixels=460,
)

# %% [markdown]
# Some channels may be easy to name: an edge in one direction, or a bright spot. Others are not, and your eye
# will offer a name anyway. Eight photographs contain few kinds of things, and nine patches prove little, so
# we measure.
#
# The class of each scene is known. Take a channel's nine best scenes, count how many share the most frequent
# class, and average this share over the channels of a layer. A channel that looks for one kind of object would
# score 100%. Nine random scenes of ten classes score more than 10%, since the most frequent class is chosen
# after looking.

# %%
purity = experiments.purity(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: of a channel's nine best pictures, the share of the most frequent class, over five layers from the stem to the hidden layer, for a trained and an untrained network, with a dotted line for random pictures. At the hidden layer the trained network lies far above the untrained one; at the stem they lie close together."}}
fig, ax = plotting.figure(height=3.3)
pure = {"trained": purity.trained, "untrained": purity.untrained}
figures.plot_purity(ax, list(channels.LAYERS.values()), pure, chance=purity.chance)
ax.set_title("How often a channel's nine best share a class")
fig

# %% tags=["remove-input"]
purity_cards = experiments.purity.cards(purity, run)
purity_cards["deep-units-look-for-classes"]

# %% tags=["remove-input"]
purity_cards["first-filters-do-not"]

# %% [markdown]
# The hidden layer stands right before the class scores, so its units are nearly what was trained. How deep
# channels behave in general, this does not show.
#
# ## Exercises
#
# ### Exercise 1: a filter by hand
#
# ★☆☆, 10 minutes. Write the weights of a 3 × 3 filter for gray pictures that finds vertical edges, dark on
# the left and bright on the right. It must give 0 on an even surface and on horizontal edges. Where the picture
# rises from 0 to 1, its largest output must be `STRENGTH`. No row may work against the others: an edge in a
# single row must not count as an edge the other way round.


# %% tags=["exercise"] exercise="edge-filter" points=4 varies="STRENGTH: 0.3 0.6 0.7 1.2 1.4 1.6"
STRENGTH = 0.6


def edge_filter():
    """A tensor (3, 3)."""
    raise NotImplementedError


# %%
checks.check_edge_filter(edge_filter, STRENGTH)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="edge-filter" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def edge_filter():
    """A tensor (3, 3)."""
    # Right minus left, averaged over three rows against noise; the middle row counts twice. Sobel
    # (1968) used these weights. Each row sums to zero, so light that does not change to the right
    # cancels. The positive weights sum to STRENGTH, which is what an edge from 0 to 1 gives.
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    return STRENGTH * sobel / 4


checks.check_edge_filter(edge_filter, STRENGTH)

# %% [markdown]
# ### Exercise 2: the box of a unit
#
# ★★☆, 20 minutes. You are given the kernel, stride and padding of each layer, from the first layer to the
# last. Return the box of pixels that the unit in a row and column of the last layer sees: top, left, bottom
# and right, where bottom and right are exclusive. Do not cut the box at the border: negative numbers lie in
# the padding. You need (8), and where the field of unit (0, 0) begins. Without any layer, a unit is a pixel.


# %% tags=["exercise"] exercise="unit-box" points=6
def unit_box(layers, row, column):
    """[(kernel, stride, padding), …] -> (top, left, bottom, right)."""
    raise NotImplementedError


# %%
checks.check_unit_box(unit_box)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="unit-box" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def unit_box(layers, row, column):
    """[(kernel, stride, padding), …] -> (top, left, bottom, right)."""
    r, j, start = 1, 1, 0
    for kernel, stride, padding in layers:
        start -= padding * j  # the padding is counted in units of the layer below
        r, j = r + (kernel - 1) * j, j * stride
    top, left = start + row * j, start + column * j
    return top, left, top + r, left + r


checks.check_unit_box(unit_box)

# %% [markdown]
# ### Exercise 3: neighbors by angle
#
# ★★☆, 15 minutes. The length of a feature vector may say how clear a picture is, and its direction what is in
# it. For each row, return the indices of the k rows at the smallest angle, the closest first, but never the
# row itself. Do not use loops.


# %% tags=["exercise"] exercise="cosine-neighbors" points=5 forbids="NearestNeighbors"
def cosine_neighbors(F, k):
    """F (n, d) -> indices (n, k)."""
    raise NotImplementedError


# %%
checks.check_cosine_neighbors(cosine_neighbors)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="cosine-neighbors" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def cosine_neighbors(F, k):
    """F (n, d) -> indices (n, k)."""
    directions = F / F.norm(dim=1, keepdim=True)
    cosines = directions @ directions.T
    cosines.fill_diagonal_(-2)  # below every cosine
    return cosines.argsort(dim=1, descending=True)[:, :k]


checks.check_cosine_neighbors(cosine_neighbors)

# %% [markdown]
# ### Exercise 4: as few numbers as possible
#
# ★★☆, 15 minutes. Keep only the coordinates of the centered rows along their first `count` principal
# directions, and rebuild the rows from these, the directions, and the mean. With `count=0` only the mean is
# left. When it works, try `spaces.share(galleries[0].labels, compress(features, count))`: how many of the 64
# directions does a scene's feature vector need before the share of neighbors of its class is back?


# %% tags=["exercise"] exercise="compress" points=5 forbids="PCA TruncatedSVD"
def compress(F, count):
    """F (n, d) -> (n, d), rebuilt from `count` numbers for each row."""
    raise NotImplementedError


# %%
checks.check_compress(compress)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="compress" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def compress(F, count):
    """F (n, d) -> (n, d), rebuilt from `count` numbers for each row."""
    mean = F.mean(dim=0)
    _, _, V = torch.linalg.svd(F - mean, full_matrices=False)
    directions = V[:count]
    return mean + (F - mean) @ directions.T @ directions


# Ten directions are plenty for the neighbors. To tell ten classes apart by differences of scores,
# nine are enough. Why?
checks.check_compress(compress)

# %% [markdown]
# ## Summary
#
# - You can look at the filters of the first layer: on average, training makes them smoother than noise, and
#   some may be dead.
# - The vector before the last layer finds pictures of the kinds that its network was trained to name, where
#   pixels do not. The vector of our untrained network finds them no better than pixels do, and features from
#   photographs lead pixels by {{borrowed-features-help}}.
# - Convolution alone does not make features survive a large shift. Averages over places do survive it, but may
#   tell little about shape.
# - t-SNE keeps more of the nearest neighbors than PCA, but forgets gaps and sizes. PCA keeps the directions
#   of the largest variance.
# - Kernels add, and strides multiply, so a deep unit can see more than the picture. Units right before the
#   class scores come to look for kinds of objects.
#
# **Limits.** We used a few small networks of one architecture on rendered scenes, and one network of
# photographs on eight photographs. Channels seldom mean one thing, and nine patches cannot show that they do.
# The thresholds of the claims are round numbers, not laws.
#
# ## Sources
#
# - Girshick, Donahue, Darrell, Malik (2014). Rich feature hierarchies for accurate object detection and
#   semantic segmentation. CVPR. [arXiv:1311.2524](https://arxiv.org/abs/1311.2524)
# - Kobak, Linderman (2021). Initialization is critical for preserving global data structure in both t-SNE and
#   UMAP. Nature Biotechnology 39. [doi:10.1038/s41587-020-00809-z](https://doi.org/10.1038/s41587-020-00809-z)
# - Krizhevsky, Sutskever, Hinton (2012). ImageNet classification with deep convolutional neural networks. NIPS.
# - Luo, Li, Urtasun, Zemel (2016). Understanding the effective receptive field in deep convolutional neural
#   networks. NIPS. [arXiv:1701.04128](https://arxiv.org/abs/1701.04128)
# - McInnes, Healy, Melville (2018). UMAP: uniform manifold approximation and projection for dimension
#   reduction. [arXiv:1802.03426](https://arxiv.org/abs/1802.03426)
# - Saxe, Koh, Chen, Bhand, Suresh, Ng (2011). On random weights and unsupervised feature learning. ICML.
# - van der Maaten, Hinton (2008). Visualizing data using t-SNE. Journal of Machine Learning Research 9.
# - Wattenberg, Viégas, Johnson (2016). How to use t-SNE effectively. Distill.
#   [doi:10.23915/distill.00002](https://doi.org/10.23915/distill.00002)
# - Zeiler, Fergus (2014). Visualizing and understanding convolutional networks. ECCV.
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901)
