# ---
# jupyter:
#   course:
#     builds_on: [03_regularization]
#     compute_minutes: 1.5
#     exercise_minutes: 60
#     memory_gb: 1.5
#     reading_minutes: 55
#     rows: [M21, M22, M23, M24, M25]
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
# # 4 · Data augmentation
#
# A mirrored cat is still a cat, but a mirrored 5 is no 5 any more. Which changes may you make to your pictures?
# What does each buy?
#
# Only ten minutes? Guess the table in
# [Which augmentation buys which invariance?](#which-augmentation-buys-which-invariance).
#
# After this chapter you can
#
# - flip, crop, relight, turn, stretch, shear and bend a batch of pictures, and explain each line;
# - say when such a change keeps the label, and when it does not;
# - follow ResNet's recipes for training crops and for averaging crops at test;
# - predict which augmentation helps against which change of the test pictures, and check it.
#
# You need chapters 1 to 3 and some matrices.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | augmentation | a random change of training pictures that keeps their labels |
# | invariance | the network's answer stays when the picture changes in some way |
# | crop | a rectangular part of a picture; *patch* means the same |
# | shifted test set | test pictures unlike the training pictures in one known way |
# | validation data | examples kept aside to make choices with |
#
# </details>

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"
dataset = "scenes"  # or "cifar10"

# %% tags=["hide-input", "remove-output"]
import torch
from torch.nn import functional

from chapters.augmentation import checks, controls, experiments, figures
from chapters.augmentation.pictures import handwritten_digits, test_sets
from lib import augmentation, plotting, runtime
from lib.datasets.photos import load_photo
from lib.models.pretrained import load_efficientnet_lite0
from lib.widgets import Choice, Control, FrameExplorer, Prediction

as_written = dataset == "scenes"
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# ## Pictures that keep their label
#
# | symbol | meaning |
# |---|---|
# | $x$, $y$ | a picture (channels, height $H$, width $W$) with values in [0, 1], and its label |
# | $T_\phi$ | a change of pictures, with parameters $\phi$ such as an angle |
# | $\ell$, $f$ | the loss, and the network |
#
# Augmentation (surveyed by Shorten and Khoshgoftaar, 2019) draws new parameters $\phi$ each time a picture is
# used:
#
# $$
# \min_f \; \frac1n \sum_{i=1}^{n} \mathbb E_\phi\, \ell\big(f(T_\phi(x_i)),\, y_i\big) .
# \tag{1}
# $$
#
# The label $y_i$ stays, so (1) makes sense only if $T_\phi$ is *label-preserving*: whoever labels
# $T_\phi(x)$ gives the same answer as for $x$. Whether this is true depends on your problem, and you have to
# decide it. Here is one photograph, changed in the seven ways of this chapter:

# %% tags=["hide-input"] mystnb={"image": {"alt": "A photograph of a ginger cat's face eight times: as it is, mirrored, a part of it enlarged, with other contrast and brightness, moved to the right, turned, slanted, and bulging as through a lens. It is recognizable as a cat in all of them."}}
cat = augmentation.resize_short_side(load_photo("chelsea")[None], 200)[..., 50:250]
views = {
    "original": cat,
    "flip": augmentation.horizontal_flip(cat),
    "crop and scale": augmentation.resized_crop(
        cat, top=20, left=40, height=120, width=120, size=200
    ),
    "color": augmentation.adjust_contrast(augmentation.adjust_brightness(cat, 0.7), 1.6),
    "translation": augmentation.translate(cat, (40, 10)),
    "rotation": augmentation.rotate(cat, 20.0),
    "stretch, shear": augmentation.affine(cat, stretch=(0.8, 1.1), shear=(15, 0)),
    "lens distortion": augmentation.lens_distortion(cat, 0.6),
}
fig, axes = plotting.figure(2, 4, height=3.2)
for ax, (name, view) in zip(axes.flat, views.items(), strict=True):
    plotting.plot_image(ax, view[0], title=name)
fig

# %% [markdown]
# ## Flips
#
# The horizontal flip is one of the oldest and cheapest augmentations (Krizhevsky et al., 2012, used it for
# AlexNet). The pixel in row $i$ and column $j$ comes from the other end of its row:
#
# $$
# x'_{c,i,j} = x_{c,\,i,\,W-1-j} . \tag{2}
# $$
#
# In a batch, a coin is tossed for each picture. The `generator` makes the draw repeatable.


# %%
def flip(x):
    W = x.shape[-1]
    j = torch.arange(W)
    return x[..., W - 1 - j]


def random_flip(x, generator):
    heads = torch.rand(len(x), generator=generator) < 0.5
    return torch.where(heads.view(-1, 1, 1, 1), flip(x), x)


# %% tags=["remove-cell", "nbval-check-output"]
batch = cat.expand(8, -1, -1, -1)
flipped = random_flip(batch, run.generator("coin"))
same = torch.equal(flipped, augmentation.random_horizontal_flip(batch, run.generator("coin")))
print(f"ours and lib's are the same: {same}; two flips undo it: {flip(flip(cat)).equal(cat)}")

# %% [markdown]
# ### When a flip changes the label
#
# For cats and cups a flip is safe. Here are handwritten digits of 8 × 8 pixels: as they are, mirrored, and
# rotated by half a turn, which exchanges left and right as well as top and bottom. Cover the top row and try to
# read the others.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three rows of ten handwritten digits from 0 to 9. The first row is upright. In the second row they are mirrored: 0, 1 and 8 still read well, 2 looks like an S, 3, 7 and 9 are odd shapes. In the third row they are turned by half a turn: 0 and 8 still read well, 6 looks like a 9 and 9 looks like a 6."}}
upright = handwritten_digits().images
half_turn = torch.rot90(upright, 2, (2, 3))
versions = {"upright": upright, "mirrored": upright.flip(-1), "half turn": half_turn}
fig, axes = plotting.figure(3, 10, height=1.6)
for row, (name, version) in zip(axes, versions.items(), strict=True):
    for ax, digit in zip(row, version, strict=False):
        plotting.plot_image(ax, digit)
    row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=11)
fig

# %% tags=["remove-input"]
Prediction(
    "A small network learns to read upright digits. Then it is shown 6s that are rotated by 180°. "
    "What does it call most of them?",
    [
        Choice(
            "9",
            "The pixels are those of a 9, and pixels are all the network sees. Training with such "
            "turns would mean two labels for one picture.",
            correct=True,
        ),
        Choice(
            "6",
            "It has learned which pixels are dark when the label is 6. Nothing in training said "
            "that a turned shape is the same shape.",
        ),
        Choice(
            "All digits, about equally often",
            "A network seldom guesses evenly. These pictures look like one of the digits it knows.",
        ),
    ],
)

# %% [markdown]
# We train a few small networks on 500 upright digits. Then we rotate 6s that they have not seen by half a
# turn, and ask what they are:

# %%
digits = experiments.digits(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Bar chart with a bar for each answer from 0 to 9: the share of the turned 6s that get this answer, on average over the networks. The bar of 9 is the longest."}}
fig, ax = plotting.figure(height=2.2)
ax.bar(range(10), digits.answers.mean(axis=0))
ax.set_xticks(range(10))
ax.set(xlabel="answer", ylabel="share (%)", ylim=(0, 100))
ax.set_title("What networks call a 6 in a half turn", fontsize=11)
fig

# %% tags=["remove-input"]
digit_cards = experiments.digits.cards(digits, run)
digit_cards["six-becomes-nine"]

# %% [markdown]
# What about mirrored digits? To us most of them are odd shapes. Here is what the same networks call them:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Table in shades of blue: mirrored digits as rows, the networks' answers as columns, in percent. Mirrored 0s, 4s and 8s are mostly read as what they are, and mirrored 3s mostly as 8. Mirrored 5s, 6s and 7s are spread over several answers."}}
fig, ax = plotting.figure(height=4.2)
figures.plot_answers(ax, digits.mirrored.mean(axis=0))
ax.set_title("What networks call mirrored digits (%)", fontsize=11)
fig

# %% tags=["remove-input"]
digit_cards["mirrored-digits-are-misread"]

# %% [markdown]
# Now we use flips where they do not belong. The same networks learn from the same digits once more, but about
# half of each batch, chosen at random, is mirrored. We test them on upright digits that they have not seen. The
# claim's number is a change in accuracy, so a cost is negative.

# %% tags=["remove-input"]
digit_cards["flips-hurt-digits"]

# %% [markdown]
# The flips cost accuracy ({{flips-hurt-digits size}}). Two things may be at fault: a mirrored 5 carries the
# label 5, which is wrong, and half of each batch is spent on pictures that the test never has. A control tells
# them apart. It uses the same mirrored pictures, but gives them ten labels of their own, such as "mirrored 5".
# At test, the network chooses among the ten upright classes.

# %% tags=["hide-input"]
print("right on upright digits:")
for name, right in controls.compare_labels(run).items():
    print(f"  {name}: {right.mean():.1f}%")

# %% [markdown]
# Compare the last two lines. They differ only in the labels of the mirrored pictures, so what the last line
# gains is what wrong labels cost. So ask two questions about each augmentation: does the label stay the same,
# *and* could such a picture occur? If you know how the label changes, change it, too (exercise 1).
#
# ## Random crops and scales
#
# ResNet's recipe (He et al., 2016, after Simonyan and Zisserman, 2015) turns a photograph of any size
# into a square for the network, a new one each time:
#
# 1. draw $L$ from $\{256, \dots, 480\}$;
# 2. resize the photograph so that its short side is $L$;
# 3. cut out a $224 \times 224$ patch at a random place.

# %% tags=["remove-input"]
Prediction(
    "A square photograph is resized to L = 480, then a patch of 224 × 224 is cut out. How much of "
    "the photograph does the network see?",
    [
        Choice(
            "About a fifth",
            "(224 / 480)² ≈ 0.22. With L = 256 it is 77%. So the recipe varies how large things "
            "look by a factor of almost two, and which part is seen.",
            correct=True,
        ),
        Choice(
            "About half",
            "224 / 480 is about half of the width, but of the height, too, so it's about a quarter "
            "of the area.",
        ),
        Choice("All of it, smaller", "The patch is cut out after resizing; the rest is not seen."),
    ],
)


# %%
def resnet_patch(x, L, top, left, size=224):
    H, W = x.shape[-2:]
    new = (L * H // min(H, W), L * W // min(H, W))
    x = functional.interpolate(x, new, mode="bilinear", antialias=True)
    return x[..., top : top + size, left : left + size]


# %% tags=["remove-cell", "nbval-check-output"]
photo = load_photo("coffee")[None]
resized = augmentation.resize_short_side(photo, 300)
ours = resnet_patch(photo, 300, 40, 100)
print(f"equal to lib's: {ours.equal(augmentation.crop(resized, 40, 100, size=224))}")
patches = augmentation.random_scale_crop(photo.expand(4, -1, -1, -1), run.generator("patches"))
print(f"four patches of {tuple(photo.shape[-2:])} pixels: {tuple(patches.shape)}")

# %% [markdown]
# `antialias=True` averages neighboring pixels before the picture shrinks; without it, fine patterns turn into
# grain. Now drag $L$, and change the place. What is the smallest part of the cup that you would still call a
# cup?

# %% tags=["remove-input"]
where = {"upper left": 0.0, "center": 0.5, "lower right": 1.0}
FrameExplorer(
    lambda short_side, place: figures.crop_figure(
        photo[0], short_side=short_side, place=where[place], flip=place != "center"
    ),
    alt=lambda short_side, place: (
        f"A photograph of a cup of coffee, resized to a short side of {short_side} pixels, with a "
        f"square window at the {place}; beside it the {'' if place == 'center' else 'mirrored '}"
        f"patch in the window, whose area is {(224 / short_side) ** 2:.0%} of the height squared."
    ),
    title="Which part of the picture does the network learn from?",
    short_side=Control(run.pick(quick=[256, 480], standard=[256, 320, 400, 480]),
                       label="Short side L"),
    place=list(where),
    start={"short_side": 256, "place": "center"},
    pixels=420,
)  # fmt: skip

# %% [markdown]
# A patch may miss the cup altogether and still be labeled "espresso": crops usually preserve the label,
# but not always. Networks tolerate this. Larger variations (Szegedy et al., 2015: any box of 8% to 100%
# of the area, its sides in a ratio of 3 : 4 to 4 : 3) miss the object more often. They are common in long
# trainings.
#
# ## Color jitter
#
# Photographs differ in their light, so vary it. With $\bar g$ the mean gray of a picture and a factor $a$ drawn
# around 1 for each picture,
#
# $$
# \text{brightness:}\quad x' = a\,x \tag{3}
# $$
#
# $$
# \text{contrast:}\quad x' = \bar g + a\,(x - \bar g) , \tag{4}
# $$
#
# both clipped to $[0, 1]$. Saturation works like contrast, with each pixel's own gray in place of $\bar g$. Hue
# turns all colors around the color circle by the same angle.


# %%
def gray(x):  # green looks brightest to us, and blue darkest
    return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]


def brightness(x, a):
    return (a * x).clamp(0, 1)


def contrast(x, a):
    mean = gray(x).mean((2, 3), keepdim=True)
    return (mean + a * (x - mean)).clamp(0, 1)


def saturation(x, a):
    return (gray(x) + a * (x - gray(x))).clamp(0, 1)


# %% tags=["remove-cell", "nbval-check-output"]
for ours in (brightness, contrast, saturation):
    libs = getattr(augmentation, f"adjust_{ours.__name__}")
    same = torch.allclose(ours(photo, 1.7), libs(photo, 1.7), atol=1e-3)
    print(f"{ours.__name__} agrees with lib's: {same}")

# %% [markdown]
# The curves beside the picture count how often each value occurs. Before you drag: what does
# brightness do to the curves, and what does contrast do?

# %% tags=["remove-input"]
FACTORS = [0.4, 0.7, 1.0, 1.4, 1.8]
flower = augmentation.resize_short_side(load_photo("flower")[None], 200)[0]


def amount(operation, strength):
    return (strength - 3) / 6 if operation == "hue" else FACTORS[strength - 1]


FrameExplorer(
    lambda operation, strength: figures.color_figure(
        flower, operation=operation, amount=amount(operation, strength)
    ),
    alt=lambda operation, strength: (
        f"A photograph of a flower with its {operation} changed, setting {strength} of 5, where 3 "
        "is the original, and the distribution of its red, green and blue values."
    ),
    title="What happens to the colors, and would you still give the same label?",
    operation=run.pick(quick=["contrast", "hue"], standard=list(figures.COLOR_OPERATIONS)),
    strength=Control([1, 2, 3, 4, 5], label="Setting (3 is the original)"),
    start={"strength": 3},
    still={"strength": 5},
    pixels=540,
)

# %% [markdown]
# Brightness stretches the curves away from 0, and contrast away from the mean gray $\bar g$. Values that would
# leave the range from 0 to 1 are clipped, so their differences are lost. Saturation moves the three curves
# together or apart.

# %% tags=["remove-input"]
Prediction(
    "You train a network to tell ripe tomatoes from unripe ones. Which augmentation makes some of "
    "its training labels wrong?",
    [
        Choice(
            "Brightness ± 40%",
            "A ripe tomato in the shade is ripe. This one is useful, since light varies in a "
            "greenhouse.",
        ),
        Choice("Horizontal flips", "A mirrored tomato is as ripe as before."),
        Choice(
            "Hue ± a third of a turn",
            "A third of a turn makes red green: the ripe tomato looks unripe but is still labeled "
            "ripe. For telling tomatoes from cups, the same change might be harmless.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# ## Translation, rotation, stretch, shear
#
# | symbol | meaning |
# |---|---|
# | $p$, $p'$ | a place $(x, y)$ in the input and in the output, measured from the center, $y$ down |
# | $A$, $t$ | a $2 \times 2$ matrix, and a movement |
#
# One formula covers all four, an *affine map*:
#
# $$
# p' = A\,p + t . \tag{5}
# $$
#
# A rotation by $\theta$ (clockwise, since $y$ points down) and a stretch have
#
# $$
# A = \begin{pmatrix} \cos\theta & -\sin\theta \cr \sin\theta & \cos\theta \end{pmatrix}
# $$
#
# $$
# A = \begin{pmatrix} s_x & 0 \cr 0 & s_y \end{pmatrix} ,
# $$
#
# and a shear by $\sigma$ slides the row at height $y$ by $-y \tan\sigma$, rows below the middle to the left:
# $A = \begin{pmatrix} 1 & -\tan\sigma \cr 0 & 1 \end{pmatrix}$.
# In which direction should a program apply (5)?

# %% tags=["remove-input"]
Prediction(
    "A program takes every pixel of the input, computes p' = A p for a rotation by 30°, rounds p' "
    "and puts the pixel there. The output starts out white. What happens inside the picture?",
    [
        Choice(
            "Every place gets its pixel",
            "There are as many places as pixels, but two pixels may round to the same place.",
        ),
        Choice(
            "White holes appear",
            "Where two pixels land on one place, another place stays empty. There are as many places "
            "as pixels, so each collision leaves at least one hole, and some pixels leave at the corners.",
            correct=True,
        ),
        Choice("It blurs", "Nothing is averaged here, so nothing blurs."),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Left: a small picture of a cat, turned by 30 degrees by moving its pixels: a regular pattern of white holes runs through it. Right: the same rotation, made by looking up where each output pixel comes from: no holes."}}
small = augmentation.resize_short_side(cat, 64)[0]
rotation = augmentation.affine_matrix(small[None], angle=30.0)[0]
rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
from_center = torch.stack([columns, rows], -1) - 31.5
column, row = (from_center @ rotation.T + 31.5).round().long().unbind(-1)
inside = (column >= 0) & (column < 64) & (row >= 0) & (row < 64)
pushed = torch.ones_like(small)
pushed[:, row[inside], column[inside]] = small[:, inside]
pulled = augmentation.rotate(small[None], 30.0)[0]
fig, axes = plotting.figure(1, 2, height=2.9)
plotting.plot_image(axes[0], pushed, title="forward: pixels are moved")
plotting.plot_image(axes[1], pulled, title="backward: pixels are looked up")
fig

# %% [markdown]
# ### Backward, and between the pixels
#
# So we go backward: each pixel $p'$ of the output comes from $p = A^{-1}(p' - t)$ in the input. That place lies
# between four pixels. Let $a$ and $b$ be its fractional offsets to the right and down from the upper left one,
# $x_{i,j}$. *Bilinear interpolation* weights the four by how near they are:
#
# $$
# x_\text{upper} = (1-a)\,x_{i,j} + a\,x_{i,j+1}
# $$
#
# $$
# x_\text{lower} = (1-a)\,x_{i+1,j} + a\,x_{i+1,j+1}
# $$
#
# $$
# x' = (1-b)\,x_\text{upper} + b\,x_\text{lower} . \tag{6}
# $$

# %% tags=["hide-input"] mystnb={"image": {"alt": "A grid of gray squares, the pixels of the input, and over it a turned grid of blue dots, the places where the output's pixels come from. The dots fall between the squares. One dot is marked, with lines to the four squares around it."}}
fig, ax = plotting.figure(height=3.0)
backward = torch.linalg.inv(rotation)
figures.plot_reading(ax, width=12, height=8, inverse=backward, pixel=(8, 3))
ax.set_title("Output pixels come from between input pixels", x=0, ha="left")
fig


# %%
def read_between(x, u, v):
    """x (channels, H, W), read at columns u and rows v; black outside."""
    H, W = x.shape[-2:]
    x = functional.pad(x, [1, 1, 1, 1])  # each place gets four neighbors
    u, v = (u + 1).clamp(0, W + 1), (v + 1).clamp(0, H + 1)
    j, i = u.long().clamp(max=W), v.long().clamp(max=H)
    a, b = u - j, v - i
    upper = (1 - a) * x[:, i, j] + a * x[:, i, j + 1]
    lower = (1 - a) * x[:, i + 1, j] + a * x[:, i + 1, j + 1]
    return (1 - b) * upper + b * lower


def places(H, W):
    """Every p' (H, W, 2), and the center from which it is measured."""
    columns, rows = torch.arange(W), torch.arange(H)
    grid = torch.meshgrid(columns, rows, indexing="xy")
    center = torch.tensor([(W - 1) / 2, (H - 1) / 2])
    return torch.stack(grid, -1) - center, center


# %%
def affine(x, A, t):
    p_out, center = places(*x.shape[-2:])
    p = (p_out - t) @ torch.linalg.inv(A).T
    return read_between(x, *(p + center).unbind(-1))


# %% tags=["remove-cell", "nbval-check-output"]
options = {"angle": 25.0, "stretch": (1.3, 0.9), "shear": (10.0, 0.0)}
A = augmentation.affine_matrix(cat, **options)[0]
ours = affine(cat[0], A, torch.tensor([12.5, -4.0]))
libs = augmentation.affine(cat, **options, translate=(12.5, -4.0))[0]
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-3)}")

# %% [markdown]
# For a whole batch, in which each picture has a matrix of its own, PyTorch's `grid_sample` does the same on a
# GPU.
#
# In the explorer, the dashed square shows $p$, and the blue one shows $p'$. Below it is (5) with numbers.

# %% tags=["remove-input"]
china = augmentation.resize_short_side(load_photo("china")[None], 200)[0]
FrameExplorer(
    lambda operation, strength: figures.affine_figure(
        china, operation=operation, strength=strength
    ),
    alt=lambda operation, strength: (
        f"A photograph of a pagoda at a lake after a {operation} of strength {strength:g}; beside it "
        "a dashed square and what the same map makes of it, with its matrix."
    ),
    title="Which entries of A and t make which change?",
    operation=list(figures.AFFINE_OPERATIONS),
    strength=Control(run.pick(quick=[-1, 1], standard=[-1, -0.5, 0, 0.5, 1]), label="Strength"),
    start={"operation": "rotation", "strength": 1},
    pixels=540,
)

# %% [markdown]
# Where would you stop? Few people photograph a pagoda turned by 45°. The black corners are a risk, too: they
# tell a network that the picture was turned. `padding="border"` continues the edge instead; `"reflection"`
# mirrors the picture.
#
# ## Lens distortion
#
# Lenses bend straight lines. The simplest model (Brown, 1971; Fitzgibbon, 2001, divides instead) moves
# each place along the line to the center, by an amount that depends on its distance $r$, with $r = 1$ at the
# corners. Read backward, the output at $p'$ shows the input at
#
# $$
# p = p'\,(1 + k\,r'^2) . \tag{7}
# $$
#
# With $k > 0$ the rim is squeezed (a *barrel*); with $k < 0$ it is stretched (a *pincushion*). OpenCV writes
# the formula the other way round, so $k < 0$ is a barrel there.


# %%
def lens(x, k):
    p_out, center = places(*x.shape[-2:])
    corner = torch.tensor(x.shape[-2:]).float().norm() / 2
    r = p_out.norm(dim=-1, keepdim=True) / corner
    p = p_out * (1 + k * r**2)
    return read_between(x, *(p + center).unbind(-1))


# %% tags=["remove-cell", "nbval-check-output"]
libs = augmentation.lens_distortion(cat, 0.4)[0]
print(f"ours and lib's agree: {torch.allclose(lens(cat[0], 0.4), libs, atol=1e-3)}")

# %% tags=["remove-input"]
FrameExplorer(
    lambda k: figures.lens_figure(china, k=k),
    alt=lambda k: (
        f"The photograph of the pagoda and a grid of straight lines, seen through a lens with k = "
        f"{k:g}: "
        + ("straight." if k == 0 else "lines bulge outward." if k > 0 else "lines bend inward.")
    ),
    title="How large must k be before you notice it in a photograph?",
    k=Control(run.pick(quick=[-0.3, 0.6], standard=[-0.3, -0.15, 0, 0.15, 0.3, 0.6]), label="k"),
    start={"k": 0.6},
    pixels=540,
)

# %% [markdown]
# In the grid you notice a small $k$ at once; in the photograph you hardly notice it, except for a black rim.
# Any other rule "the output at $p'$ shows the input at $p$" is an augmentation, too, if the label survives.
#
# ## At test time: average
#
# Training draws $\phi$ at random. A test should not depend on luck, so average the *probabilities*
# $p_k = \mathrm{softmax}\big(f(T_{\phi_k}(x))\big)$ over a fixed set of $K$ crops:
#
# $$
# \bar p = \frac1K \sum_{k=1}^{K} p_k . \tag{8}
# $$
#
# ResNet averaged the scores of whole pictures at five scales, with short sides from 224 to 640.
# AlexNet took ten crops: four corners, the center, and the same five mirrored (Krizhevsky et al., 2012). We
# take ten at each scale. Here EfficientNet-Lite0, trained on ImageNet, looks at photographs in this way:

# %% tags=["hide-input"]
classifier = load_efficientnet_lite0()
scales = run.pick(quick=(224, 256), standard=augmentation.RESNET_SCALES)
seen = {}
for name in run.pick(quick=("coffee",), standard=("coffee", "chelsea")):
    x = load_photo(name)[None]
    crops = augmentation.multi_scale_crops(x, scales=scales)
    p = augmentation.crop_probabilities(classifier, crops)
    seen[name] = p[0]  # (50 crops, 1000 classes)
averages = {name: p_k.mean(0) for name, p_k in seen.items()}  # equation (8)

# %% tags=["hide-input"]
for name, average in averages.items():
    best = average.topk(2)
    pairs = zip(best.values.tolist(), best.indices.tolist(), strict=True)
    top = [f"{classifier.classes[i]} {p:.2f}" for p, i in pairs]
    print(f"{name}: {', '.join(top)}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "One chart for each of two photographs: the probability of the class with the largest average, for ten crops at each of five scales, as dots, and their average as a line. The dots scatter widely, most of all at the largest scales, where a crop sees a small part."}}
fig, axes = plotting.figure(1, len(seen), height=2.7, sharey=True, squeeze=False)
for ax, (name, probabilities) in zip(axes[0], seen.items(), strict=True):
    best = int(averages[name].argmax())
    by_scale = probabilities[:, best].view(len(scales), 10).tolist()
    title = f"{name}: {classifier.classes[best]}"
    figures.plot_crop_probabilities(ax, by_scale, scales, title=title)
axes[0, 0].set_ylabel("probability")
fig

# %% [markdown]
# Each dot is one crop, and the line is the average of all. A single crop is a gamble: at the largest scales
# it may show only the table, or one ear. The average is less sure than the best crops. Is it *better*? We
# measured this on *scenes*, rendered pictures of ten shapes, 32 by 32 pixels, with the network of chapter 3.
# The recipe is scaled down: training uses flips and 32 × 32 patches from short sides of 36 to 48. We compare
# three tests, with scales from 36 to 48: one center crop at the middle scale; ten crops at each of five
# scales; and the center crop at each scale with its mirror image.

# %% tags=["remove-input"]
Prediction(
    "The small pictures show one object near their middle. Averaging fifty crops gains some points "
    "over one center crop. How much of this gain remains with only the ten center crops?",
    [
        Choice(
            "None of it",
            "Without the corners, the scale still varies, and so do left and right. That is enough for "
            "errors to differ.",
        ),
        Choice(
            "About a fifth of it",
            "Ten are a fifth of the crops, but gains from averaging do not add up like that: the "
            "first few crops help most.",
        ),
        Choice(
            "All of it, or more",
            "Forty of the fifty are corner crops, and many of them cut into the object. Ten crops "
            "that show it whole do as well, for a fifth of the price. The fixed set should suit the "
            "pictures.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# The tests need several networks and draw no figure, so this page shows only their evidence. To run them
# yourself, call `experiments.crops(run)`.

# %% tags=["remove-input"]
crop_cards = experiments.crops.cards(None, run)
crop_cards["fifty-crops"]

# %% tags=["remove-input"]
crop_cards["center-crops"]

# %% tags=["remove-input"]
crop_cards["corners-are-spare"]

# %% [markdown]
# On average, ten gain {{corners-are-spare}} over all fifty, for a fifth of the price. Choose crops that show
# the object.
#
# ## Which augmentation buys which invariance?
#
# There are five *shifted* test sets, each changed in one way: **mirrored**, **moved** off the middle,
# **rescaled** (smaller or larger, by half or more), **relit** (dimmer, warmer, and for the
# scenes from the other side) or **rotated** by 45° to 135°. In ordinary scenes, arrows, crescents, flags and
# fish face one way, and objects stand upright near the middle. The network learns from 1000 ordinary
# pictures, with one augmentation (flips, movements up to 20%, scales from 0.6 to 1.6, color jitter, or
# rotations up to 135°) or all at once. Fill in a table on paper: plus, minus or nothing.

# %% tags=["remove-input"]
Prediction(
    "Look at your table. Compared with training without augmentation, where are the large gains?",
    [
        Choice(
            "On all test sets alike",
            "A network becomes robust against particular changes. A network that saw moved objects has "
            "learned little about turned ones.",
        ),
        Choice(
            "Where the augmentation imitates the shift",
            "An augmentation tells the network one fact: this change does not matter. It helps "
            "where the fact is needed, and may cost accuracy where it isn't.",
            correct=True,
        ),
        Choice(
            "Mainly on the ordinary test set",
            "Ordinary test pictures contain few of these changes, and learning from widely rotated "
            "or moved pictures is slower.",
        ),
    ],
)


# %%
tests = test_sets(run, dataset)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Six rows of eight small pictures of objects on backgrounds, one row for each test set. Compared with the ordinary row, the objects are mirrored, off the middle, smaller or larger, darker and in warmer light, or turned on their side."}}
fig, axes = plotting.figure(6, 8, height=3.6)
for row, (name, part) in zip(axes, tests.items(), strict=True):
    for ax, image in zip(row, part.images, strict=False):
        plotting.plot_image(ax, image)
    row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=11)
fig

# %%
shifts = experiments.shifts(run, dataset=dataset)

# %% tags=["hide-input"]
print("without augmentation:")
for part, right in shifts.accuracy["none"].items():
    print(f"{part:>10}: {right.mean():.1f}%")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Table in colors: six augmentations as rows, six test sets as columns, in each cell the gain in percentage points over training without augmentation. On the diagonal an augmentation meets the shift that it imitates, and most of these cells show large gains. The row of all at once shows a large loss on ordinary pictures."}}
fig, ax = plotting.figure(height=4.6)
figures.plot_gains(ax, shifts.table)
ax.set_title("Which augmentation helps against which shift? (points)", fontsize=11)
fig

# %% [markdown]
# Compare it with your table. Each cell is the gain in points. This page trains one network for each row, so
# chance moves a cell by some points. The claims rest on more networks. Five of them are about the diagonal, one
# is about its price, and one is about the last row. A loss has a minus sign:

# %% tags=["remove-input"]
shift_cards = experiments.shifts.cards(shifts, run)
shift_cards["flips-buy-mirrors"]

# %% tags=["remove-input"]
shift_cards["movements-buy-places"]

# %% tags=["remove-input"]
shift_cards["scales-buy-sizes"]

# %% tags=["remove-input"]
shift_cards["jitter-buys-light"]

# %% tags=["remove-input"]
shift_cards["rotations-buy-angles"]

# %% tags=["remove-input"]
shift_cards["rotations-cost"]

# %% tags=["remove-input"]
shift_cards["all-at-once"]

# %% [markdown]
# An augmentation teaches the invariance that it demonstrates, sometimes at a price: look for losses off the
# diagonal. Does the last row mean that combining hurts? It comes from a small network, five changes at full
# strength, and only 500 updates. We trained the same two networks four times as long
# (`experiments.longer(run)`):

# %% tags=["remove-input"]
experiments.longer.cards(None, run)["all-at-once-needs-time"]

# %% [markdown]
# After 500 updates, all five at once cost {{all-at-once size}}. With 2000 they get {{all-at-once-needs-time}}
# of these back; the rest is lost. Would more updates be enough, or is the network too small? We did not
# try. The best strength of RandAugment (Cubuk et al., 2020) grows with the network and the data. So use the
# changes that your test pictures have, and measure the effect on validation data.
#
# ## Exercises
#
# ### Exercise 1: a flip that changes the label
#
# ★☆☆, 10 minutes. In a collection of road signs, the label `LEFT` means "turn left" and `RIGHT` means "turn
# right". All other signs mean the same in a mirror. Mirror the pictures for which `flip` is true, and give each
# picture the label that is right afterwards. Leave the arguments unchanged.


# %% tags=["exercise"] exercise="flip-signs" points=4 varies="LEFT: 34 3 12 20; RIGHT: 33 7 16 29"
LEFT = 34
RIGHT = 33


def flip_signs(images, labels, flip):
    """images (n, c, h, w), labels (n,), flip (n,) -> (images, labels)."""
    raise NotImplementedError


# %%
checks.check_flip_signs(flip_signs, LEFT, RIGHT)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="flip-signs" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def flip_signs(images, labels, flip):
    """images (n, c, h, w), labels (n,), flip (n,) -> (images, labels)."""
    images = torch.where(flip[:, None, None, None], images.flip(-1), images)
    changed = labels.clone()
    changed[flip & (labels == LEFT)] = RIGHT  # compare with the old labels
    changed[flip & (labels == RIGHT)] = LEFT
    return images, changed


checks.check_flip_signs(flip_signs, LEFT, RIGHT)

# %% [markdown]
# ### Exercise 2: ten crops by indexing
#
# ★★☆, 15 minutes. Return the upper left, upper right, lower left, lower right and center crops of
# `size` × `size` pixels, then the same five crops of the mirrored pictures. If the center falls between two
# pixels, use either one. Slices are all you need.


# %% tags=["exercise"] exercise="ten-crops" points=5 forbids="ten_crop TenCrop five_crop FiveCrop"
def my_ten_crops(images, size):
    """images (n, c, h, w) -> (n, 10, c, size, size)."""
    raise NotImplementedError


# %%
checks.check_ten_crops(my_ten_crops)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="ten-crops" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def my_ten_crops(images, size):
    """images (n, c, h, w) -> (n, 10, c, size, size)."""
    H, W = images.shape[-2:]
    i, j = (H - size) // 2, (W - size) // 2
    corners = [(0, 0), (0, W - size), (H - size, 0), (H - size, W - size), (i, j)]
    return torch.stack(
        [
            x[..., top : top + size, left : left + size]
            for x in (images, images.flip(-1))
            for top, left in corners
        ],
        dim=1,
    )


checks.check_ten_crops(my_ten_crops)

# %% [markdown]
# ### Exercise 3: the shear and its inverse
#
# ★★☆, 15 minutes. Write the matrix of a horizontal shear by an angle in degrees, as defined above, and its
# inverse, which a program needs. Do not use `inv`. (Then think: how does the area of a picture change? And is a
# shear by 20° followed by one by 30° a shear by 50°?)


# %% tags=["exercise"] exercise="shear-matrices" points=5
def shear_matrices(degrees):
    """The 2 × 2 tensors (A, its inverse)."""
    raise NotImplementedError


# %%
checks.check_shear_matrices(shear_matrices)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="shear-matrices" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def shear_matrices(degrees):
    """The 2 × 2 tensors (A, its inverse)."""
    # To undo it, slide the rows back. The determinant is 1, so areas stay the same. Two shears
    # add their tangents, not their angles: tan 20° + tan 30° is the tangent of 43.3°.
    slide = torch.tensor(degrees).deg2rad().tan().item()
    return torch.tensor([[1, -slide], [0, 1]]), torch.tensor([[1, slide], [0, 1]])


checks.check_shear_matrices(shear_matrices)

# %% [markdown]
# ### Exercise 4: design an augmentation for your problem
#
# ★★★, 20 minutes. Think of pictures that you work with, and of a change that your test pictures have and your
# training pictures lack: rain, a scratch, a finger on the lens, a scanner's slant, another camera's colors.
# Write it as a transform, and draw from `generator` for each picture. The check tests only shape, range,
# labels and randomness. Whether the labels are still *true* is for you to judge, so look at some pictures.


# %% tags=["exercise"] exercise="own-augmentation" points=8
def my_augmentation(images, labels, generator):
    """images (n, c, h, w) in [0, 1], labels (n,) -> new (images, labels)."""
    raise NotImplementedError


# %%
checks.check_own_augmentation(my_augmentation)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="own-augmentation" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def my_augmentation(images, labels, generator):
    """images (n, c, h, w) in [0, 1], labels (n,) -> new (images, labels)."""
    # Another camera's tone curve: x to the power of gamma, from 1/2 (pale) to 2 (deep).
    draws = torch.rand(len(images), 1, 1, 1, generator=generator).to(images)
    return images ** (2 ** (2 * draws - 1)), labels


checks.check_own_augmentation(my_augmentation)

# %% [markdown]
# Then measure whether it pays: `experiments.shifts(run, own={"mine": my_augmentation}).gains("mine")` trains a
# network without augmentation and one with yours, and returns what yours gains on each test set.
#
# ## Summary
#
# - An augmentation states a fact about your problem: this change does not matter. If the fact is
#   false (a tomato's hue), it teaches errors; if no test needs it (mirrored digits), it can cost accuracy.
# - Geometric changes go backward: compute where each output pixel comes from, and interpolate there with (6).
# - ResNet's training recipe varies scale and place. At test, probabilities are averaged over a fixed
#   set of crops, which should show the object.
# - An augmentation helps against the shift that it imitates. Too many strong ones at once cost a short training
#   dearly.
#
# **Limits.** We trained one small network on 1000 pictures of rendered objects for 500 updates. The shifts
# are clean and come one at a time; the world mixes them. Strengths, learning rate and updates were chosen in
# a few trials on other pictures than those of the tests.
#
# ## Sources
#
# - Brown (1971). Close-range camera calibration. Photogrammetric Engineering 37(8).
# - Cubuk, Zoph, Shlens, Le (2020). RandAugment. NeurIPS.
#   [arXiv:1909.13719](https://arxiv.org/abs/1909.13719)
# - Fitzgibbon (2001). Simultaneous linear estimation of multiple view geometry and lens distortion. CVPR.
# - He, Zhang, Ren, Sun (2016). Deep residual learning for image recognition. CVPR.
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - Krizhevsky, Sutskever, Hinton (2012). ImageNet classification with deep convolutional neural
#   networks. NeurIPS.
# - Shorten, Khoshgoftaar (2019). A survey on image data augmentation for deep learning. Journal of
#   Big Data 6:60.
# - Simonyan, Zisserman (2015). Very deep convolutional networks for large-scale image recognition.
#   ICLR. [arXiv:1409.1556](https://arxiv.org/abs/1409.1556)
# - Szegedy et al. (2015). Going deeper with convolutions. CVPR.
#   [arXiv:1409.4842](https://arxiv.org/abs/1409.4842)
#
# Cutout (DeVries and Taylor, 2017) and mixup (Zhang et al., 2018), which change a picture in ways no
# camera would, are in chapter 3.
