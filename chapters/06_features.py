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

from lib import augmentation, checks, plotting, runtime, visualization
from lib.claims import claim
from lib.datasets.photos import PHOTOS, load_photo, photo_patches
from lib.datasets.scenes import load_scenes
from lib.models import ConvNet
from lib.models.pretrained import load_photo_classifier
from lib.trained import NETWORK, SCENE_SIZE, scene_classifiers
from lib.widgets import Choice, Control, FrameExplorer, PictureMap, Prediction

run = runtime.start(budget, seed=seed, device=device, as_written=model == "efficientnet_lite0")
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# Two kinds of networks run through this chapter. One was trained by others on the 1.3 million
# photographs of ImageNet. The others are small and ours: residual networks that learned to name the
# shape in rendered scenes, four of them, which differ in their first weights and the order of the
# examples. Four networks say how much of a finding is chance. They are small enough for a table, and
# the names in its first column are used below:
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
seeds = range(run.pick(quick=3, standard=4))
scene_nets = scene_classifiers(run, seeds=seeds)
untrained = [  # the same first weights, before any update
    ConvNet(3, 10, generator=run.generator("init", s), **NETWORK).to(run.device).eval()
    for s in seeds
]
count = run.pick(quick=80, standard=160)
galleries = [
    load_scenes(count, generator=run.generator("gallery", s), size=SCENE_SIZE, device=run.device)
    for s in seeds
]

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

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three groups of tiny color pictures of 3 by 3 pixels. The eight filters of an untrained network are colored noise. The eight of the same network after training have kept their main colors, with softer changes between them. The 32 of EfficientNet-Lite0 show patterns: blobs of one color, stripes and edges, green against purple; a few are crossed out."}}
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
    plotting.plot_tiles(ax, plotting.filter_pictures(group), columns=8, title=name,
                        marked=dead.nonzero()[:, 0].tolist() if group is w_photo else ())  # fmt: skip
fig

# %%
shape = " × ".join(map(str, w_photo.shape))
print(f"filters {shape}")
print(f"all but zero: {int(dead.sum())}, crossed out above")

# %% [markdown]
# Gray is zero, and each tile has its own scale. Filters of 3 × 3 pixels are the fashion and are drawn
# here much enlarged: a network gets its large patterns from many small layers. AlexNet's 64 filters have 11 × 11 pixels, ResNet's 7 × 7, and
# there you would see fine stripes. With an internet connection, set `model = "alexnet"` above.
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
rough = {
    name: [R(visualization.first_layer_filters(net)).mean().item() for net in nets]
    for name, nets in {"untrained": untrained, "trained": scene_nets}.items()
}

# %% tags=["nbval-check-output"]
smoother = claim(
    "trained-filters-are-smoother",
    "Training on scenes lowers the mean roughness of the first filters by more than 0.1",
    np.subtract(rough["trained"], rough["untrained"]), below=-0.1, rows=("M35",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
smoother

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three strips of dots: the roughness of single filters. Filters of untrained networks gather around one. Those of trained small networks spread from smooth ones to about one. Those of the network trained on photographs spread widest, from nearly zero to as rough as the roughest untrained ones."}}
fig, ax = plotting.figure(height=2.7)
strips = {
    "untrained": torch.cat([R(visualization.first_layer_filters(net)) for net in untrained]),
    "trained on\nscenes": torch.cat(
        [R(visualization.first_layer_filters(net)) for net in scene_nets]
    ),
    "trained on\nphotographs": R(w_photo[~dead]),
}
plotting.plot_strips(ax, strips)
ax.axvline(1, color="#8a8a8a", ls=":")
ax.set(xlabel="roughness of a filter", title="Training smooths most filters, not all")
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
print("ours are lib's:", torch.equal(neighbors(features.double(), k), found.indices))

# %%
each = run.pick(quick=8, standard=40)  # patches of 64 pixels from each photograph
g = run.generator("patches")
patches = torch.cat([photo_patches(each, size=64, names=(name,), generator=g) for name in PHOTOS])
patches = patches.to(run.device)
source = torch.arange(len(PHOTOS)).repeat_interleave(each)  # which photograph
larger = functional.interpolate(patches, size=(128, 128), mode="bilinear")
spaces = {
    "pixels": patches.flatten(1),
    model: visualization.feature_vectors(photo_net, larger.clamp(0, 1)),
}
found = {
    name: visualization.nearest_neighbors(F, F, k, exclude_self=True) for name, F in spaces.items()
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two blocks of small photographs, one above the other. Each row begins with a patch of a photograph and shows its five nearest neighbors. In the upper block, by pixels, the rows of a cat and of a coffee cup hold neighbors from the same photograph, in blue frames; a row of a motorcycle shows plain fur, and a row of a flower holds pieces of night sky. In the lower block, by features, all rows show parts of the thing in the query, in blue frames."}}
fig, axes = plotting.figure(2, 1, height=7.9)
queries = [each * PHOTOS.index(name) + 3 for name in ("chelsea", "coffee", "motorcycle", "flower")]
for ax, (name, nearest) in zip(axes, found.items()):
    title = f"nearest by {'pixels' if name == 'pixels' else 'features of ' + name}"
    plotting.plot_neighbors(ax, patches.cpu(), source, queries, nearest, title=title)
fig

# %% [markdown]
# Rows begin with the query; a blue frame marks a patch of the same photograph. Pixels do well where a
# photograph has colors of its own. But a flat patch of middling color is far from nothing, so a busy patch,
# like the motorcycle's, finds fur. Features find what a patch shows, wherever in the patch it is. Over all
# patches:

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
    "Scenes show one of ten shapes, in any color, on any ground. What share of the five nearest "
    "neighbors in pixel space has the shape of the query?",
    [
        Choice(
            "10% to 20%",
            "Little better than chance: the ground has most of the pixels, and so most of the say. Shapes "
            "stand near the middle, so pixels there do carry something.",
            correct=True,
        ),
        Choice(
            "About 40%",
            "Shape would have to count for more than color. A red circle and a blue one of the same size "
            "differ in every pixel they have.",
        ),
        Choice(
            "About 80%",
            "Features of the trained networks reach this. Pixels compare the colors at each place, and most "
            "places show the ground.",
        ),
    ],
)


# %%
def share(labels, F, queries=None):
    """Percent of the k nearest that have the query's class; queries are F, perhaps changed."""
    queries = F if queries is None else queries
    near = visualization.nearest_neighbors(F, queries, k, exclude_self=True).indices
    return 100 * (labels[near] == labels[:, None]).float().mean().item()


def shifted(images, by):
    return functional.pad(images, (by, 0, 0, 0), mode="replicate")[..., : images.shape[-1]]


moves = (0, 4, 8, 16)  # pixels of 64
space_of = {
    "pixels": lambda s, images: images.flatten(1),
    "untrained": lambda s, images: visualization.feature_vectors(untrained[s], images),
    "features": lambda s, images: visualization.feature_vectors(scene_nets[s], images),
    "ImageNet": lambda s, images: visualization.feature_vectors(photo_net, images),
    "averaged": lambda s, images: visualization.feature_vectors(
        scene_nets[s],
        images,
        layer="pools.1",  # the last maps, each averaged over all places
    ),
}

# %%
shares = {name: np.empty((len(seeds), len(moves))) for name in space_of}
for name, space in space_of.items():
    for s, gallery in enumerate(galleries):
        F = space(s, gallery.images)
        for m, by in enumerate(moves):
            moved = space(s, shifted(gallery.images, by)) if by else F
            shares[name][s, m] = share(gallery.labels, F, moved)
for name, values in shares.items():
    print(f"{name}, not shifted: {values[:, 0].mean():.0f}%")

# %% tags=["nbval-check-output"]
at_rest = {name: values[:, 0] for name, values in shares.items()}
neighbor_claims = [
    claim("features-find-the-class",
          "Features beat pixels by more than 50 points in the share of neighbors of one class",
          at_rest["features"] - at_rest["pixels"], above=50, unit="points", rows=("M37",), run=run),
    claim("random-features-do-not",
          "Features of an untrained network are less than 10 points better than pixels",
          at_rest["untrained"] - at_rest["pixels"], below=10, unit="points", rows=("M37",), run=run),
    claim("borrowed-features-help",
          "Features learned on photographs beat pixels on scenes",
          at_rest["ImageNet"] - at_rest["pixels"], above=0, unit="points", rows=("M36", "M37"),
          run=run),
]  # fmt: skip

# %% tags=["remove-input"]
neighbor_claims[0]

# %% tags=["remove-input"]
neighbor_claims[1]

# %% tags=["remove-input"]
neighbor_claims[2]

# %% [markdown]
# Each repeat has its own set of scenes, and its own small network. So it is training that makes the space, not
# the architecture, and what was trained on photographs is of some use for drawings.
#
# ### And if the picture moves?
#
# Pixels take a shifted picture for another picture. It is often said that features do not. Query with
# scenes that are shifted to the right, and search among those that are not.

# %% tags=["remove-input"]
Prediction(
    "The scenes are shifted by a quarter of their width. Do the small network's features still find the "
    "class?",
    [
        Choice(
            "Yes, hardly worse: convolutions do not care where things are",
            "The maps move with the picture. But the layer behind them has its own weight for each "
            "place in the map, and at the new place it has never seen an object.",
        ),
        Choice(
            "Worse, but much better than pixels",
            "So it is for small shifts: at 6% of the width they are far ahead. At 25% the lead is gone.",
        ),
        Choice(
            "No better than chance",
            "In training every object stood near the middle, so this network never had a reason to know one "
            "elsewhere. It has to be told, by augmentation or by its architecture.",
            correct=True,
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: share of neighbors of the same class over the shift of the query in percent of the width. Features of the small networks start far above all others and fall steeply, to chance at the largest shift. Features of the network trained on photographs start lower and stay level, and so do the averaged last maps of the small networks, lower still. Pixels and features of untrained networks start close to chance."}}
fig, ax = plotting.figure(height=3.6)
legend = {
    "features, trained on scenes": shares["features"],
    "ImageNet features": shares["ImageNet"],
    "last maps, averaged": shares["averaged"],
    "pixels": shares["pixels"],
    "untrained features": shares["untrained"],
}
percent = [100 * by / SCENE_SIZE for by in moves]
plotting.plot_shares(ax, percent, legend, chance=10)
ax.set_title("The small network's features survive small shifts")
fig

# %% tags=["nbval-check-output"]
small, large = moves.index(4), moves.index(16)
shift_claims = [
    claim("features-survive-small-shifts",
          "After a shift by 6% of the width, the small network's features lead pixels by over 40 points",
          shares["features"][:, small] - shares["pixels"][:, small], above=40, unit="points",
          rows=("M37",), run=run),
    claim("features-do-not-care-where",
          "After a shift by 25%, the small network's features have lost less than 20 points",
          shares["features"][:, large] - shares["features"][:, 0], above=-20, unit="points",
          rows=("M37",), expect="does not hold here", run=run),
    claim("imagenet-features-do-not-care-where",
          "After a shift by 25%, features learned on photographs have lost less than 5 points",
          shares["ImageNet"][:, large] - shares["ImageNet"][:, 0], above=-5, unit="points",
          rows=("M37",), run=run),
    claim("averaged-maps-do-not-care-where",
          "After a shift by 25%, the small network's last maps, averaged, have lost less than 5 points",
          shares["averaged"][:, large] - shares["averaged"][:, 0], above=-5, unit="points",
          rows=("M37",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
shift_claims[0]

# %% tags=["remove-input"]
shift_claims[1]

# %% tags=["remove-input"]
shift_claims[2]

# %% tags=["remove-input"]
shift_claims[3]

# %% [markdown]
# The claim often made, the second, fails: the layer behind the maps has a weight for each place. Averaged over
# all places, the last maps hardly notice the shift. But their level is little above chance: they had
# little to lose, and hardly help to find a shape. EfficientNet averages, too, and learned from crops at random
# places. Invariance is built in or trained in.
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


Y, variance = pca(features.double())
theirs = visualization.principal_components(features.double())
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
# directions gives each pair one number, and each point a say, even one that nobody picks.


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
perplexity = 15
F = features.double().cpu()
p = conditional((torch.cdist(F, F) ** 2).fill_diagonal_(math.inf), perplexity)
P = (p + p.T) / (2 * len(p))
reached = (-(p * p.clamp(min=1e-12).log()).sum(dim=1)).exp()
layout = visualization.tsne_layout(F, perplexity=perplexity, generator=run.generator("t-SNE"))
flat = visualization.principal_components(F).coordinates
print(f"every row has perplexity {reached.min():.0f} to {reached.max():.0f}")
print("t-SNE's map costs less:", bool(kl(P, layout.double()) < kl(P, flat)))

# %% [markdown]
# A map is only as good as the neighbors it keeps. Here is the share of the five nearest in
# the space of features that are also among the five nearest on the map, for each of the networks:


# %%
def kept(F, Y):
    """Percent of the k nearest in F that are among the k nearest on the map Y."""
    in_space, on_map = (
        visualization.nearest_neighbors(A, A, k, exclude_self=True).indices for A in (F, Y)
    )
    return 100 * (in_space[:, :, None] == on_map[:, None]).any(dim=2).float().mean().item()


on_maps = {"PCA": [], "t-SNE": []}
for s, gallery in enumerate(galleries):
    F = visualization.feature_vectors(scene_nets[s], gallery.images).cpu()
    g = run.generator("t-SNE", s)
    places = visualization.tsne_layout(F, perplexity=perplexity, generator=g)
    on_maps["PCA"].append(kept(F, visualization.principal_components(F).coordinates))
    on_maps["t-SNE"].append(kept(F, places))
for name, values in on_maps.items():
    print(f"{name} keeps {np.mean(values):.0f}% of the nearest neighbors")

# %% tags=["nbval-check-output"]
map_claim = claim(
    "tsne-keeps-neighbors",
    "t-SNE keeps over 20 points more of the nearest neighbors than PCA does",
    np.subtract(on_maps["t-SNE"], on_maps["PCA"]), above=20, unit="points", rows=("M38",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
map_claim

# %% [markdown]
# ### Explore: the map
#
# Scenes the first small network never saw, at first in a grid. Pick one; solid lines lead to its neighbors in the space of
# features, dashed ones to those in pixels. Then change the layout: on which map are the lines short?

# %%
n = run.pick(quick=100, standard=240)
scenes = load_scenes(n, generator=run.generator("map"), size=SCENE_SIZE, device=run.device)
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
# Two groups far apart on the map look as if they were far apart. Test it, as Wattenberg et al. (2016) did, on points whose truth you
# know: three clouds in a row, the third five times as far from the second as that is from the first.

# %% tags=["remove-input"]
Prediction(
    "Clouds A, B, C lie on a line in ten dimensions; B to C is 5 times A to B. On a t-SNE map of "
    "perplexity 20, how long is B to C?",
    [
        Choice(
            "About 5 times A to B",
            "That is what a map of a country would do. t-SNE only cares who is a neighbor, and no point of "
            "C is anyone's outside C.",
        ),
        Choice(
            "About as long as A to B",
            "Beyond the neighbors all P in (7) are practically zero, and so all that remains is: apart.",
            correct=True,
        ),
        Choice(
            "Shorter than A to B",
            "Not systematically. How the clouds lie is mostly left to the random start.",
        ),
    ],
)


# %%
def clouds(kind, g, n=50):
    """Points (3 n, 10) and the group of each."""
    points, groups = torch.randn(3 * n, 10, generator=g), torch.arange(3).repeat_interleave(n)
    if kind == "far and near":
        points[:, 0] += torch.tensor([0.0, 20, 120])[groups]
    elif kind == "tight and wide":
        points *= torch.tensor([0.3, 1.0, 3.0])[groups][:, None]
        points[:, 0] += torch.tensor([0.0, 15, 40])[groups]
    elif kind == "one cloud":
        groups = torch.zeros(3 * n, dtype=torch.int64)
    else:  # a curve
        t = torch.linspace(0, 2 * math.pi, 3 * n)
        points = 0.1 * points
        points[:, :2] += 4 * torch.stack([t.cos(), (2 * t).sin()], dim=1)
    return points, groups


# %%
far, wide, by_pca = [], [], []
for s in range(run.pick(quick=3, standard=5)):
    g = run.generator("clouds", s)
    points, groups = clouds("far and near", g)
    flat = visualization.principal_components(points).coordinates
    y = visualization.tsne_layout(points, perplexity=20, generator=g)
    for places, ratios in ((flat, by_pca), (y, far)):
        A, B, C = (places[groups == i].mean(dim=0) for i in range(3))
        ratios.append(float((C - B).norm() / (B - A).norm()))
    points, groups = clouds("tight and wide", g)
    y = visualization.tsne_layout(points, perplexity=20, generator=g)
    spread = [y[groups == i].std(dim=0).norm() for i in range(3)]
    wide.append(float(spread[2] / spread[0]))
print(f"B to C is {np.mean(far):.1f} times A to B on t-SNE's map,")
print(f"{np.mean(by_pca):.1f} times on that of PCA; in truth 5 times")

# %% tags=["nbval-check-output"]
tsne_claims = [
    claim("tsne-forgets-distance", "t-SNE draws a gap that is 5 times another less than twice as long",
          far, below=2, unit="×", rows=("M38",), run=run),
    claim("tsne-forgets-size", "t-SNE draws a cloud that is 10 times as wide less than twice as wide",
          wide, below=2, unit="×", rows=("M38",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
tsne_claims[0]

# %% tags=["remove-input"]
tsne_claims[1]

# %% [markdown]
# ### Explore: perplexity
#
# Left the truth, right the map. Look for three traps: a low perplexity that breaks one cloud into clumps,
# sizes and gaps that are all alike, and a perplexity above a cloud's 50 points, where distances come back.

# %% tags=["hide-input"]
kinds = run.pick(quick=["far and near", "one cloud"],
                 standard=["far and near", "tight and wide", "one cloud", "a curve"])  # fmt: skip
values = run.pick(quick=[5, 100], standard=[2, 10, 30, 100])


def tsne_frame(structure, perplexity):
    points, groups = clouds(structure, run.generator("frame"))
    g = run.generator("frame", structure)
    places = visualization.tsne_layout(points, perplexity=perplexity, generator=g)
    return plotting.tsne_figure(points, groups, places, perplexity=perplexity)


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
maps_128 = maps_128[plotting.strongest_channels(maps_128, 128)]
fig, ax = plotting.figure(height=0.35 + 0.33 * math.ceil(len(maps_128) / 16))
plotting.plot_tiles(ax, plotting.gray_maps(maps_128), columns=16)
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
# Early maps are the photograph in other colors, with its edges drawn. What gets lost on the way, and
# what is left?


# %% tags=["hide-input"]
def maps_frame(photo, layer):
    row = list(photos).index(photo)
    return plotting.activations_figure(
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
# Kernels add, strides multiply. That is arithmetic on a plan. `receptive_field` measures instead: it spoils pixels with
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
deepest = run.pick(quick=4, standard=len(layers))
fields = {
    name: visualization.receptive_field(photo_net, layer, image_size=224)
    for name, layer in list(layers.items())[:deepest]
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: width of the receptive field in pixels over the layers, on a logarithmic axis. It rises steadily from 3 pixels at the stem, and crosses the dashed line of the image's own size between the fourth and the fifth of the layers."}}
fig, ax = plotting.figure(height=3.3)
number = [int("".join(filter(str.isdigit, name)) or 0) for name in fields]  # of the stage
plotting.plot_fields(ax, fields, at=number)
ax.set_title("Each stride doubles how fast the field grows")
fig


# %% tags=["hide-input"]
def field_frame(layer, unit):
    rows, columns = fields[layer].units
    place = (rows // 2, columns // 2) if unit == "in the middle" else (0, columns // 4)
    return plotting.field_figure(photos["chelsea"].cpu(), fields[layer], unit=place)


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


most = run.pick(quick=6, standard=30)
many = torch.cat([tiles(name, most) for name in PHOTOS]).to(run.device)

# %% [markdown]
# One trap first: where do a channel's best units lie? Those whose field reaches beyond the picture see the
# zeros that layers pad with.


# %%
def is_cut(field, row, column):
    return field.box(row, column) != field.box(row, column, cut=False)


early = list(layers)[1]
channels = range(0, activations[layers[early]].shape[1], 4)
every = visualization.patches_by_channel(photo_net, many, layers[early], channels)
lying = np.mean([is_cut(p.field, *at) for p in every.values() for at in p.places.tolist()])
grid = next(iter(every.values())).field
rows, columns = grid.units
by_chance = np.mean([is_cut(grid, i, j) for i in range(rows) for j in range(columns)])
print(f"{early}, fields that reach beyond the border:")
print(f"{by_chance:.0%} of all units, {lying:.0%} of the best")

# %% [markdown]
# More than by chance: a border of zeros looks like an edge to many channels. For what follows, only
# units that see no border are asked (`whole=True`), if a layer has such units. Two layers get tiles of the eight
# photographs. Two of the small network get a thousand scenes. The channels are spread evenly over each
# layer; none was picked for its looks.

# %%
search = load_scenes(run.pick(quick=200, standard=1000), generator=run.generator("search"),
                     size=SCENE_SIZE, device=run.device)  # fmt: skip
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
    return plotting.exciting_patches_figure(patches_of, pictures, name=name)


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
# Some channels are easy to name: an edge in one direction, a bright spot, arrows. Others are not, and your eye
# will offer a name anyway. Eight photographs also hold few kinds of things. Nine patches are an anecdote, so
# measure.
#
# For scenes the class of each picture is known. Take a channel's nine best pictures, and count how many share
# the most frequent class; average over the channels of a layer. A channel that looks for a kind of object
# would score 100%.


# %%
steps = {"stem": "stem", "widen": "widen", "branches.0.0": "block 1", "branches.1.0": "block 2",
         "hidden": "hidden"}  # fmt: skip


def purity(labels):
    """Percent that the most frequent of ten classes has, for labels (9, channels); averaged."""
    counts = functional.one_hot(labels, 10).sum(dim=0)
    return 100 * (counts.amax(dim=1) / len(labels)).mean().item()


def purities(net):
    recorded = visualization.record_activations(net, search.images, list(steps))
    peaks = [z.flatten(2).amax(dim=2) if z.ndim == 4 else z for z in recorded.values()]
    return [purity(search.labels[peak.topk(9, dim=0).indices]) for peak in peaks]


pure = {"trained": np.array([purities(net) for net in scene_nets]),
        "untrained": np.array([purities(net) for net in untrained])}  # fmt: skip
guess = torch.randint(10, (9, 20_000), generator=run.generator("guess"))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: of a channel's nine best pictures, the share of the most frequent class, over five layers from the stem to the hidden layer. In trained networks it rises, most at the end. In untrained networks it stays near the dotted line of random pictures."}}
fig, ax = plotting.figure(height=3.3)
plotting.plot_purity(ax, list(steps.values()), pure, chance=purity(guess))
ax.set_title("Deep channels come to look for kinds of objects")
fig

# %% tags=["nbval-check-output"]
gain = pure["trained"] - pure["untrained"]
purity_claims = [
    claim("deep-units-look-for-classes",
          "Training raises the purity of the hidden layer's units by more than 20 points",
          gain[:, -1], above=20, unit="points", rows=("M40",), run=run),
    claim("first-filters-do-not",
          "Training changes the purity of the first filters by less than 15 points",
          gain[:, 0], between=(-15, 15), unit="points", rows=("M40",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
purity_claims[0]

# %% tags=["remove-input"]
purity_claims[1]

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


# %% tags=["nbval-check-output"]
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


# %% tags=["nbval-check-output"]
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


# %% tags=["exercise"] exercise="cosine-neighbors" points=5
def cosine_neighbors(F, k):
    """F (n, d) -> indices (n, k)."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
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
# `share(galleries[0].labels, compress(features, count))`: how many directions of the 64 does a scene's feature
# vector need before the share of neighbors of one class is back?


# %% tags=["exercise"] exercise="compress" points=5
def compress(F, count):
    """F (n, d) -> (n, d), of which only `count` numbers per row, the directions and the mean are kept."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
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
# - First filters can be looked at: training makes most smoother than noise, not all, and some may be dead.
# - The vector before the last layer finds pictures of the same kind where pixels do not. An untrained network's
#   does not either.
# - Convolution alone does not make features survive a large shift. Averages over places do, but may tell
#   little about shape.
# - t-SNE keeps more of the nearest neighbors and forgets gaps and sizes; PCA keeps large distances.
# - Kernels add, strides multiply: a deep unit can see more than the picture. Deep units of a trained network come to
#   look for kinds of objects.
#
# **Limits.** Four small networks of one architecture, on rendered scenes; one network of photographs, looked at
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
