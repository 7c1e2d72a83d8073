# ---
# jupyter:
#   course:
#     builds_on: [00_recap]
#     compute_minutes: 1.5
#     exercise_minutes: 60
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
# # What models have learned
#
# Training leaves millions of numbers behind. Some can be looked at directly, most cannot. This chapter
# opens a network from both ends: the weights that touch the pixels, the vector before the answer, and
# then the maps in between.
#
# After this chapter you can
#
# - draw the filters of a first layer, and tell a trained one from a random one by a number;
# - search pictures by what a network sees in them, and say where that beats comparing pixels;
# - lay hundreds of vectors out on a map, and say which distances on it mean something;
# - find the pixels that a unit can see, and the pictures that excite it most.
#
# You need chapters 0 and 2.
#
# | word | meaning |
# |---|---|
# | unit | one output number of a layer |
# | channel | units that share one filter, one at each place |
# | map | the outputs of one channel, as a picture |
# | feature | a number computed from a picture that says something about it |
# | receptive field | the pixels that can influence a unit |

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"
model = "efficientnet_lite0"  # with an internet connection also "alexnet", "resnet18", "vgg19", …

# %%
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from chapters.features import channels, checks, experiments, figures, networks, spaces
from chapters.features.fields import field_of
from lib import augmentation, plotting, runtime, visualization
from lib.datasets.photos import PHOTOS, load_photo, photo_patches
from lib.models.pretrained import load_photo_classifier
from lib.training.classifiers import SCENE_SIZE
from lib.widgets import Choice, Control, FrameExplorer, PictureMap, Prediction

run = runtime.start(budget, seed=seed, device=device, as_written=model == "efficientnet_lite0")
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# Two kinds of networks run through this chapter. One was trained by others on the 1.3 million
# photographs of ImageNet. The others are small and ours: residual networks that learned to name the
# shape in rendered scenes. This page trains one of them. The evidence for the claims comes from several, which
# differ in their first weights and the order of the examples, so it says how much of a finding is chance. The
# names in the first column of this table are used below:
#
# | layer | what it does | channels | map size |
# |---|---|---|---|
# | `stem` | 3 × 3 convolution, stride 2, then pooling by 2 | 8 | 32, then 16 |
# | `widen` | 3 × 3 convolution | 16 | 16 |
# | `branches.0`, `branches.1` | blocks 1 and 2: each adds two 3 × 3 convolutions of $x$ to $x$ | 16 | 16 |
# | `pools.1` | pooling by 2, then averages over 2 × 2 | 16 | 8, then 4 |
# | `hidden` | all 16 · 4 · 4 numbers to 64 | 64 | none |
# | `logits` | 64 numbers to 10 class scores | 10 | none |

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
# | $w$, $b$ | filters, $(K, C, U, V)$, and a bias for each, $(K)$ |
# | $s$ | stride, the step from one place to the next |
# | $z$ | maps, one for each filter |
#
# A convolution compares each patch of the picture with each filter:
#
# $$
# z_{k,i,j} = b_k + \sum_{c,u,v} w_{k,c,u,v}\; x_{c,\,is+u,\,js+v} .
# \tag{1}
# $$
#
# The sum is an inner product. Among patches of the same norm it is largest for the one that
# looks like $w_k$. So a first filter, drawn as a small picture, shows what it looks for. Deeper filters
# look at maps, and a picture of them says little.

# %% tags=["remove-input"]
Prediction(
    "EfficientNet-Lite0 begins with 32 filters, and each costs as much to compute as any other. It has seen "
    "1.3 million photographs, many times. How many of the 32 are all but zero?",
    [
        Choice(
            "None: training makes use of what it has",
            "Nothing forces it to. A likely way out of use: a unit that never fires gets no gradient, and "
            "weight decay shrinks what gets none.",
        ),
        Choice(
            "Four",
            "One in eight. The picture further down draws each filter at its own scale, which would hide "
            "them, so they are crossed out.",
            correct=True,
        ),
        Choice(
            "Half",
            "Not here. Large networks have been pruned by half and more; with 4.7 million weights this "
            "one has less to spare.",
        ),
    ],
)


# %% tags=["nbval-check-output"]
def unit(x, w, b, s, k, i, j):
    _, _, U, V = w.shape
    return b[k] + (w[k] * x[:, i * s : i * s + U, j * s : j * s + V]).sum()


stem = scene_nets[0].stem[0]
w, b, s = stem.weight.detach(), stem.bias.detach(), stem.stride[0]
x = galleries[0].images[0]
z = functional.conv2d(x[None], w, b, stride=s)[0]
ours = torch.stack([unit(x, w, b, s, k, 5, 9) for k in range(len(w))])
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

# %%
shape = " × ".join(map(str, w_photo.shape))
print(f"filters {shape}")
print(f"all but zero: {int(dead.sum())}, crossed out above")

# %% [markdown]
# Gray is zero, and each tile has its own scale. Filters of 3 × 3 pixels are now common, and drawn
# here much enlarged: large patterns come from many small layers. AlexNet's filters (64 in torchvision, 96 in the
# paper) have 11 × 11 pixels, ResNet's 7 × 7, and there you would see fine stripes. With an internet connection,
# set `model = "alexnet"` above.
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
# Angle brackets are means. Call $R$ the *roughness*: independent weights of mean zero have 1 on
# average, a constant filter 0, a chessboard of $\pm1$ has 2.


# %% tags=["nbval-check-output"]
def R(w):  # noqa: N802
    beside, below = w[..., 1:] - w[..., :-1], w[..., 1:, :] - w[..., :-1, :]
    steps = torch.cat([beside.flatten(1), below.flatten(1)], dim=1)
    return (steps**2).mean(dim=1) / (2 * (w**2).flatten(1).mean(dim=1))


print("ours is lib's:", torch.allclose(R(w_photo), visualization.roughness(w_photo), atol=1e-5))

# %%
filters = experiments.filters(run)

# %% tags=["remove-input"]
experiments.filters.cards(filters, run)["trained-filters-are-smoother"]

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three strips of dots: the roughness of single filters, with a dotted line at one. Filters of an untrained network lie around it. Those of the small network after training lie lower on average. Those of the network trained on photographs spread widely, from far below one to above it."}}
fig, ax = plotting.figure(height=2.7)
strips = {
    "untrained": torch.cat(filters["untrained"]),
    "trained on\nscenes": torch.cat(filters["trained"]),
    "trained on\nphotographs": R(w_photo[~dead]),
}
figures.plot_strips(ax, strips)
ax.axvline(1, color="#8a8a8a", ls=":")
ax.set(xlabel="roughness of a filter", title="Training lowers the average roughness")
fig

# %% [markdown]
# Each dot is a filter. The network of photographs has both kinds: smooth blobs of color, and fine stripes,
# about as rough as noise. This number cannot tell such stripes from noise; the picture can. And a mean hides
# the two kinds, so look at the dots.
#
# ## A vector for each picture
#
# At the other end, the last layer multiplies a vector by a matrix to get the class scores:
#
# $$
# \text{scores}(x) = W f(x) + b, \qquad f(x) \in \mathbb R^d .
# \tag{3}
# $$
#
# $f(x)$ is all the network still knows about $x$ when it answers. It is called the *feature vector* of the
# picture: 4096 numbers in AlexNet (Krizhevsky et al., 2012) and VGG (the layer FC7), 1280 in EfficientNet-Lite0, 64 in the small
# networks. PyTorch hands it over if you ask the last layer what it gets.


# %% tags=["nbval-check-output"]
def f(network, last, x):
    kept = []
    handle = last.register_forward_pre_hook(lambda layer, inputs: kept.append(inputs[0]))
    with torch.no_grad():
        network(x)
    handle.remove()
    return kept[0]


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
# A test without any labels: take a picture, and look at those whose vectors lie closest,
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


# %% tags=["nbval-check-output"]
def neighbors(F, k):
    squares = (F**2).sum(dim=1)
    d2 = squares[:, None] + squares - 2 * F @ F.T
    d2.fill_diagonal_(math.inf)  # no picture is its own neighbor
    return d2.argsort(dim=1)[:, :k]


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
# Rows begin with the query; a blue frame marks a patch of the same photograph. Pixels do well where a
# photograph has colors of its own. But a flat patch of middling color is not far from anything, so a busy
# patch may well find a flat one. A feature vector is meant to tell what a patch shows, wherever in it that is.
# Over all patches:

# %%
for name, nearest in found.items():
    same = source[nearest.indices.cpu()] == source[:, None]
    print(f"{name}: {same.float().mean():.0%} from the same photograph")

# %% [markdown]
# Part of this is easy, in both spaces: patches are cut at random places, so many overlap, and a neighbor may
# be nearly a copy of the query.
#
# Scenes hold no copies, and every picture has a class. Ten shapes, so one neighbor in ten has the right
# one by chance.

# %% tags=["remove-input"]
Prediction(
    "Scenes show one of ten shapes, in any color, on any ground. Among a scene's five nearest neighbors, some "
    "have its shape. By how much is this share larger with the trained network's features than with pixels?",
    [
        Choice(
            "It is about the same",
            "Pixels compare the colors at each place, and most places show the ground. A red circle and a blue "
            "one of the same size differ in every pixel they have.",
        ),
        Choice(
            "By 20 to 40 points",
            "More. Most of a scene's pixels show its ground, while the features were trained to tell shapes "
            "apart.",
        ),
        Choice(
            "By more than 50 points",
            "In pixel space, the ground has most of the pixels, and so most of the say. "
            "Features of a network that learned the shapes find them in most cases.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# The experiment compares five spaces: pixels, the features of an untrained and of a trained network, those of
# the photograph network, and the trained network's last maps, each averaged over all places. The rest of what
# it does comes later.

# %%
shares = experiments.neighbors(run, model=model)

# %% tags=["hide-input"]
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
# Each value of the evidence has its own set of scenes, and its own small network. So at this layer, training makes the space,
# and the architecture alone does not. What was trained on photographs is of some use for rendered scenes, too.
#
# ### And if the picture moves?
#
# Pixels take a shifted picture for another picture. It is often said that features do not. The experiment
# also queried with scenes that are shifted to the right, and searched among those that are not.

# %% tags=["remove-input"]
Prediction(
    "The queries are shifted by a quarter of their width. How much of their share of right neighbors do the "
    "small network's features lose?",
    [
        Choice(
            "Nothing: convolutions do not care where things are",
            "The maps move with the picture. But the layer behind them has its own weight for each "
            "place in the map, and at the new place it has never seen an object.",
        ),
        Choice(
            "Less than 20 points",
            "That might be so for a small shift: at 6% of the width features are still far ahead of pixels. "
            "At 25% they lose more.",
        ),
        Choice(
            "More than 20 points",
            "In training every object stood near the middle, so this network never had a reason to know one "
            "elsewhere. It has to be told, by augmentation or by its architecture.",
            correct=True,
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: share of neighbors of the same class over the shift of the query in percent of the width, with a dotted line at chance. Features of the small network start far above pixels and fall steeply. Features of the network trained on photographs and the averaged last maps of the small network stay nearly level."}}
fig, ax = plotting.figure(height=3.6)
legend = {
    "features, trained on scenes": shares["features"],
    "ImageNet features": shares["ImageNet"],
    "last maps, averaged": shares["averaged"],
    "pixels": shares["pixels"],
    "untrained features": shares["untrained"],
}
percent = [100 * by / SCENE_SIZE for by in spaces.MOVES]
figures.plot_shares(ax, percent, legend, chance=10)
ax.set_title("The small network's features survive small shifts")
fig

# %% tags=["remove-input"]
neighbor_cards["features-survive-small-shifts"]

# %% tags=["remove-input"]
neighbor_cards["features-do-not-care-where"]

# %% tags=["remove-input"]
neighbor_cards["imagenet-features-do-not-care-where"]

# %% tags=["remove-input"]
neighbor_cards["averaged-maps-do-not-care-where"]

# %% [markdown]
# The claim often made, the second, fails: the share changes by {{features-do-not-care-where}}, since the layer
# behind the maps has a weight for each place. The last maps, averaged over places, hardly notice the shift. But
# what is near chance has little to lose, and this network never learned to use averages. EfficientNet did, from
# crops at random places. Invariance is built in or trained in.
#
# ## Maps of many pictures
#
# To see all vectors at once, give each a place on a page. *Principal component analysis* (PCA) takes the
# directions along which they vary most, the first rows of $V^\top$: with the centered vectors as rows of $X$,
# $(n, d)$,
#
# $$
# X = U \Sigma V^\top, \qquad Y = X V_2 ,
# \tag{5}
# $$
#
# where $V_2$ is the first two columns of $V$, and $Y$, $(n, 2)$, the map.


# %% tags=["nbval-check-output"]
def pca(F):
    X = F - F.mean(dim=0)
    _, Sigma, Vt = torch.linalg.svd(X, full_matrices=False)
    return X @ Vt[:2].T, Sigma**2 / (Sigma**2).sum()


F = features.cpu().double()
Y, variance = pca(F)
theirs = visualization.principal_components(F)
same = torch.allclose(Y.abs(), theirs.coordinates.abs(), atol=1e-6)  # signs are free
print("ours is lib's, up to signs:", same)

# %%
print(f"two of {len(variance)} directions hold {variance[:2].sum():.0%} of the variance")

# %% [markdown]
# The rest is not on the map. *t-SNE* (van der Maaten and Hinton, 2008) tries to keep neighbors instead. In the
# space of features, at distances $d_{ij}$, point $i$ picks $j$ as its neighbor with probability $p_{j|i}$:
#
# \begin{equation*}
# \begin{gathered}
# p_{j|i} = \frac{e^{-d_{ij}^2 / 2\sigma_i^2}}{\sum_{l \ne i} e^{-d_{il}^2 / 2\sigma_i^2}} , \\
# P_{ij} = \frac{p_{j|i} + p_{i|j}}{2n} .
# \end{gathered}
# \tag{6}
# \end{equation*}
#
# With one $\sigma$ for all, a point in a crowd would have many neighbors and a lone one none. So each has its
# own, set so that the *perplexity* $e^{H_i}$, with the entropy $H_i = -\sum_j p_{j|i} \log p_{j|i}$, is a number
# you choose. Of $m$ equally likely neighbors it is $m$: roughly, how many neighbors count. The mean of both
# directions gives each pair one number, so even outliers contribute.


# %%
def conditional(d2, perplexity):
    """p(j|i), with the sigma of each row found by halving an interval of its logarithm."""
    low, high = torch.full((len(d2), 1), -20.0), torch.full((len(d2), 1), 20.0)
    for _ in range(60):
        sigma = ((low + high) / 2).exp()
        p = torch.softmax(-d2 / (2 * sigma**2), dim=1)
        entropy = -(p * p.clamp(min=1e-12).log()).sum(dim=1, keepdim=True)
        too_many = entropy > math.log(perplexity)
        low, high = (
            torch.where(too_many, low, sigma.log()),
            torch.where(too_many, sigma.log(), high),
        )
    return p


# %% [markdown]
# On the map, with places $y$, closeness falls off with a longer tail:
#
# \begin{equation*}
# \begin{gathered}
# Q_{ij} = \frac{(1 + \lVert y_i - y_j \rVert^2)^{-1}}
# {\sum_{l \ne m} (1 + \lVert y_l - y_m \rVert^2)^{-1}} , \\
# \min_y \sum_{i \ne j} P_{ij} \log \frac{P_{ij}}{Q_{ij}} .
# \end{gathered}
# \tag{7}
# \end{equation*}
#
# A plane has less room around a point than 64 dimensions do; the tail lets points at a middling distance move
# further out without much cost. The sum is the *Kullback-Leibler divergence* of $Q$ from $P$, `kl` below: zero if
# the two agree, and large above all where neighbors ($P$ large) lie apart ($Q$ small). Gradient descent from
# random places lowers it, so each start may end in another map.


# %%
def kl(P, y):
    q = 1 / (1 + torch.cdist(y, y) ** 2)
    q.fill_diagonal_(0)
    off = ~torch.eye(len(y), dtype=torch.bool)
    return (P * ((P + 1e-12) / (q / q.sum() + 1e-12)).log())[off].sum()


# %% tags=["nbval-check-output"]
perplexity = spaces.PERPLEXITY
F = features.cpu().double()
p = conditional((torch.cdist(F, F) ** 2).fill_diagonal_(math.inf), perplexity)
P = (p + p.T) / (2 * len(p))
reached = (-(p * p.clamp(min=1e-12).log()).sum(dim=1)).exp()
layout = visualization.tsne_layout(F, perplexity=perplexity, generator=run.generator("t-SNE"))
flat = visualization.principal_components(F).coordinates
print(f"every row has perplexity {reached.min():.0f} to {reached.max():.0f}")
print("t-SNE's map costs less:", bool(kl(P, layout.double()) < kl(P, flat)))

# %% [markdown]
# A map is only as good as the neighbors it keeps. What share of the five nearest in the space of features is
# also among the five nearest on the map? Such maps take a while, so this page shows the evidence alone;
# `experiments.maps(run)` makes and judges them.

# %% tags=["remove-input"]
experiments.maps.cards(None, run)["tsne-keeps-neighbors"]

# %% [markdown]
# ### Explore: the map
#
# Scenes that the small network never saw, at first in a grid. Pick one; solid lines lead to its neighbors in the space of
# features, dashed ones to those in pixels. Then change the layout: on which map are the lines short?

# %% tags=["hide-input"]
n = run.pick(quick=100, standard=240)
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
# possible, so that none hides another.
#
# ### What distances on such a map mean
#
# Two groups far apart on the map seem to be far apart in truth. Test this, as Wattenberg et al. (2016) did, on points whose distances you
# know: three clouds in a row, the third five times as far from the second as that is from the first.

# %% tags=["remove-input"]
Prediction(
    "Clouds A, B, C lie on a line in ten dimensions; B to C is 5 times A to B. On a t-SNE map of "
    "perplexity 20, how long is B to C on average?",
    [
        Choice(
            "About 5 times A to B",
            "That is what a map of a country would do. t-SNE only cares who is a neighbor, and no point of "
            "C is anyone's outside C.",
        ),
        Choice(
            "Between 2 and 4 times A to B",
            "The map would then know a part of the distance. It knows nothing of it: C has no neighbor "
            "outside C.",
        ),
        Choice(
            "Less than 2 times A to B",
            "Beyond the neighbors all P in (7) are practically zero, and so all that remains is: apart. "
            "How the clouds lie is mostly left to the random start.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# We drew such clouds several times, and three others of different widths. Again this page shows the evidence
# alone; `experiments.clouds(run)` repeats it.

# %% tags=["remove-input"]
cloud_cards = experiments.clouds.cards(None, run)
cloud_cards["tsne-forgets-distance"]

# %% tags=["remove-input"]
cloud_cards["tsne-forgets-size"]

# %% [markdown]
# ### Explore: perplexity
#
# Left: the data. Right: the map. Look for three traps: a low perplexity that breaks one cloud into clumps,
# sizes and gaps that are all alike, and a perplexity above a cloud's 50 points, where distances may come back.

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
# Trust who is next to whom, if it is so at several perplexities. Do not trust gaps, sizes and empty
# space.
#
# ## Maps of a layer
#
# Between the two ends the network computes maps, $z$ in (1) and all that follows. Each channel gives one
# gray picture: black where it is smallest, white where it is largest. `record_activations` runs the network
# and keeps the outputs of the layers you name.


# %%
stages = (
    "bn1",
    "blocks.1.1.bn2",
    "blocks.2.1.bn2",
    "blocks.3.2.bn2",
    "blocks.4.2.bn2",
    "blocks.6.0.bn2",
)
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


# %%
photos = {name: square(name) for name in ("chelsea", "coffee")}
batch = torch.stack(list(photos.values()))
activations = visualization.record_activations(photo_net, batch, list(layers.values()))

# %% tags=["hide-input"] mystnb={"image": {"alt": "128 small gray pictures in rows, the maps of one deeper layer for a photograph of a cat. Most are nearly black with a few bright specks, scattered or in short strokes; in some there are only two spots, where the eyes are; a few outline the face; a few are gray all over."}}
deep = list(layers)[-3]
maps_128 = activations[layers[deep]][0].cpu()
maps_128 = maps_128[figures.strongest_channels(maps_128, 128)]
fig, ax = plotting.figure(height=0.35 + 0.33 * math.ceil(len(maps_128) / 16))
plotting.plot_tiles(ax, figures.gray_maps(maps_128), columns=16)
rows, columns = maps_128.shape[1:]
ax.set_title(f"{len(maps_128)} maps of {deep}, {rows} × {columns} units each", fontsize=11)
fig

# %% [markdown]
# The photograph is the cat of the explorer below. Most of these maps are dark with a few bright places: a
# deep channel answers strongly at few places and hardly at all elsewhere. Of the channels in a layer, the figures show those whose maps
# vary most over the picture.
#
# ### Explore: layer by layer
#
# Early maps are the photograph in other shades, with its edges drawn. What gets lost on the way, and
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
# more pixels. For layers with kernel $k_l$ and stride $s_l$ let $r_l$ be the width of the receptive field
# and $j_l$ the distance, in pixels, from one unit's field to the next one's:
#
# \begin{equation*}
# \begin{gathered}
# r_l = r_{l-1} + (k_l - 1)\, j_{l-1}, \\
# j_l = j_{l-1}\, s_l, \qquad r_0 = j_0 = 1 .
# \end{gathered}
# \tag{8}
# \end{equation*}
#
# Kernels add, strides multiply. That is arithmetic on a plan, and enough for EfficientNet-Lite0, whose layers
# follow one another. `receptive_field` measures instead: it spoils pixels with
# not-a-number and watches which units are hit, so it also works where a plan is hard to read.


# %% tags=["nbval-check-output"]
def field(layers):
    r, j = 1, 1
    for k_l, s_l in layers:
        r, j = r + (k_l - 1) * j, j * s_l
    return r, j


plan = [(3, 2), (2, 2), (3, 1), (3, 1), (3, 1)]  # stem, pooling, widen, a block's two convolutions
measured = visualization.receptive_field(scene_nets[0], "branches.0.2", image_size=SCENE_SIZE)
print(f"{field(plan)} by (8); measured is the same:",
      (measured.size[0], measured.stride[0]) == field(plan))  # fmt: skip

# %% tags=["remove-input"]
Prediction(
    "EfficientNet-Lite0 has some fifty layers with kernels of 1, 3 or 5 pixels. How wide is the receptive field of "
    "its last maps, for pictures of 224 × 224 pixels?",
    [
        Choice(
            "About 50 pixels",
            "If no layer had a stride. Five strides of 2 make each later kernel count for 32 times as "
            "many pixels.",
        ),
        Choice(
            "About 200 pixels, to fit the picture",
            "Nobody fits it. It follows from kernels and strides.",
        ),
        Choice(
            "More than 800 pixels",
            "Far beyond the picture, so every last unit can see all of it. What a unit can see is not "
            "what it mainly looks at, though: the middle of the field counts most (Luo et al., 2016).",
            correct=True,
        ),
    ],
)

# %%
fields = {
    name: field_of(photo_net, layer, activations[layer], model=model, image_size=224)
    for name, layer in layers.items()
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: width of the receptive field in pixels over the layers, on a logarithmic axis. It rises steadily from 3 pixels at the stem, and crosses the dashed line of the image's own size between the fourth and the fifth of the layers."}}
fig, ax = plotting.figure(height=3.3)
number = [int("".join(filter(str.isdigit, name)) or 0) for name in fields]  # of the stage
figures.plot_fields(ax, fields, at=number)
ax.set_title("Each stride doubles how fast the field grows")
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
# What does a channel look for? Show the network many pictures, find the unit of the channel with the
# largest activation in each, and cut out what this unit sees: *maximally activating patches* (Girshick et
# al., 2014; Zeiler and Fergus, 2014). In the notation of (1), for channel $k$ and pictures $x^{(1)}, x^{(2)}, \dots$
#
# $$
# (i_m, j_m) = \operatorname*{arg\,max}_{i,\,j} \; z_{k,i,j}\big(x^{(m)}\big) .
# \tag{9}
# $$
#
# Then rank the pictures by this largest activation, and show the first nine. The cell finds the first.


# %% tags=["nbval-check-output"]
def best(z, k):
    """The first picture m in the ranking, and its (i_m, j_m); z is (n, K, H, W)."""
    peak, place = z[:, k].flatten(1).max(dim=1)  # (9) for each picture
    m = int(peak.argmax())
    return m, divmod(int(place[m]), z.shape[3])


z = visualization.record_activations(scene_nets[0], galleries[0].images, ["widen"])["widen"]
top = visualization.maximally_activating_patches(
    scene_nets[0], galleries[0].images, "widen", 3, count=1
)
print("ours is lib's:", best(z, 3) == (int(top.indices[0]), tuple(top.places[0].tolist())))


# %%
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
# One trap first: where do a channel's best units lie? Those whose field reaches beyond the picture see the
# zeros that layers pad with.


# %%
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
# If the second number is larger, the border itself draws the maxima: zeros beside a picture look like an edge. For what follows, only
# units that see no border are asked (`whole=True`), if a layer has such units. Two layers get tiles of the eight
# photographs. Two of the small network get a thousand scenes. The channels are spread evenly over each
# layer; none was picked for its looks.

# %%
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
# Some channels may be easy to name: an edge in one direction, a bright spot. Others are not, and your eye will
# offer a name anyway. Eight photographs also hold few kinds of things. Nine patches prove little, so we measure.
#
# For scenes the class of each picture is known. Take a channel's nine best pictures, and count how many share
# the most frequent class; average over the channels of a layer. A channel that looks for a kind of object
# would score 100%. Nine random pictures of ten classes score more than 10%, since the most frequent class is
# chosen after looking.

# %%
purity = experiments.purity(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: of a channel's nine best pictures, the share of the most frequent class, over five layers from the stem to the hidden layer, for a trained and an untrained network, with a dotted line for random pictures. At the hidden layer the trained network lies far above the untrained one; at the stem they lie close together."}}
fig, ax = plotting.figure(height=3.3)
pure = {"trained": purity.trained, "untrained": purity.untrained}
figures.plot_purity(ax, list(channels.LAYERS.values()), pure, chance=purity.chance)
ax.set_title("Deep channels come to look for kinds of objects")
fig

# %% tags=["remove-input"]
purity_cards = experiments.purity.cards(purity, run)
purity_cards["deep-units-look-for-classes"]

# %% tags=["remove-input"]
purity_cards["first-filters-do-not"]

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: a filter by hand
#
# ★☆☆, 10 minutes. Write the weights of a 3 × 3 filter for gray pictures that finds vertical edges, dark on
# the left and bright on the right. It must give 0 on an even surface and on horizontal edges. No row may
# work against the others: an edge in a single row must not count as one the other way round.


# %% tags=["exercise"] exercise="edge-filter" points=4
def edge_filter():
    """A tensor (3, 3)."""
    raise NotImplementedError


# %%
checks.check_edge_filter(edge_filter)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="edge-filter" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def edge_filter():
    """A tensor (3, 3)."""
    # Right minus left, averaged over three rows against noise; the middle row counts twice. Sobel
    # (1968) used these weights. Each row sums to zero: light that does not change to the right is gone.
    return torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8


checks.check_edge_filter(edge_filter)

# %% [markdown]
# ### Exercise 2: the box of a unit
#
# ★★☆, 20 minutes. Given kernel, stride and padding of each layer, the first layer first, return the box that the unit in a row
# and column of the last layer sees, not cut at the border: negative numbers lie in the padding. You need (8),
# and where the field of unit (0, 0) begins. Without any layer, a unit is a pixel.


# %% tags=["exercise"] exercise="unit-box" points=6
def unit_box(layers, row, column):
    """layers: [(kernel, stride, padding), …] -> (top, left, bottom, right), the last two exclusive."""
    raise NotImplementedError


# %%
checks.check_unit_box(unit_box)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="unit-box" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def unit_box(layers, row, column):
    """layers: [(kernel, stride, padding), …] -> (top, left, bottom, right), the last two exclusive."""
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
# ★★☆, 15 minutes. The length of a feature vector often says how clear a picture is, its direction what
# is in it. Return for each row the k rows at the smallest angle, the closest first, never the row itself.
# No loops.


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
# ★★☆, 15 minutes. Keep only the coordinates of the rows along their first `count` principal directions,
# and build the rows again from these. With `count=0` only the mean is left. When it works, try
# `spaces.share(galleries[0].labels, compress(features, count))`: how many directions of the 64 does a scene's feature
# vector need before the share of neighbors of one class is back?


# %% tags=["exercise"] exercise="compress" points=5 forbids="PCA TruncatedSVD"
def compress(F, count):
    """F (n, d) -> (n, d), of which only `count` numbers per row, the directions and the mean are kept."""
    raise NotImplementedError


# %%
checks.check_compress(compress)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="compress" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def compress(F, count):
    """F (n, d) -> (n, d), of which only `count` numbers per row, the directions and the mean are kept."""
    mean = F.mean(dim=0)
    _, _, Vt = torch.linalg.svd(F - mean, full_matrices=False)
    directions = Vt[:count]
    return mean + (F - mean) @ directions.T @ directions


# Ten directions are plenty for the neighbors: to tell ten classes apart by differences of scores,
# nine are enough; think why.
checks.check_compress(compress)

# %% [markdown]
# ## Summary
#
# - First filters can be looked at: on average, training makes them smoother than noise, and some may be dead.
# - The vector before the last layer finds pictures of the same kind where pixels do not. An untrained network's is
#   little better than pixels.
# - Convolution alone does not make features survive a large shift. Averages over places do, but may tell
#   little about shape.
# - t-SNE keeps more of the nearest neighbors than PCA, and forgets gaps and sizes. PCA keeps the directions of the
#   largest variance.
# - Kernels add, strides multiply: a deep unit can see more than the picture. Deep units of a trained network come to
#   look for kinds of objects.
#
# **Limits.** A few small networks of one architecture, on rendered scenes; one network of photographs, looked at
# on eight of them. Channels seldom mean one thing, and nine patches cannot show that they do. All
# thresholds of the claims are round numbers, not laws.
#
# ## Sources
#
# - Girshick, Donahue, Darrell, Malik (2014). Rich feature hierarchies for accurate object detection and semantic
#   segmentation. CVPR. [arXiv:1311.2524](https://arxiv.org/abs/1311.2524)
# - Krizhevsky, Sutskever, Hinton (2012). ImageNet classification with deep convolutional neural networks. NIPS.
# - Luo, Li, Urtasun, Zemel (2016). Understanding the effective receptive field in deep convolutional neural networks.
#   NIPS. [arXiv:1701.04128](https://arxiv.org/abs/1701.04128)
# - van der Maaten, Hinton (2008). Visualizing data using t-SNE. Journal of Machine Learning Research 9.
# - Wattenberg, Viégas, Johnson (2016). How to use t-SNE effectively. Distill.
#   [doi:10.23915/distill.00002](https://doi.org/10.23915/distill.00002)
# - Zeiler, Fergus (2014). Visualizing and understanding convolutional networks. ECCV.
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901)
