# ---
# jupyter:
#   course:
#     builds_on: [06_features]
#     compute_minutes: 2
#     exercise_minutes: 60
#     memory_gb: 2
#     reading_minutes: 60
#     rows: [M41, M42, M43, M44, M45, B1]
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
# # 7 · Which pixels matter
#
# A network says "moped". Ask it why, and it shows you millions of multiplications. You can turn them into a map
# of the pixels that matter. Is it true? Two tests will change which maps you trust.
#
# Only ten minutes? Try the explorer in [Shuffle the weights](#shuffle-the-weights).
#
# After this chapter you can
#
# - cover an image piece by piece to see what counts;
# - compute saliency, one neuron's gradient, guided backpropagation and Grad-CAM in a few lines each;
# - score maps against a known object, and test them on networks with shuffled layers;
# - find out with maps what a network relies on, and repair it.
#
# You need chapters 1, 4 and 6.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | score | a network's output for one class, before the softmax; also called logit |
# | channel | one of the maps that a convolutional layer gives |
# | neuron | one place in one channel; chapter 6 says unit |
# | receptive field | the pixels that can influence a neuron |
# | map, heat map | one number for each pixel of an image |
# | mask | the pixels that belong to an object |
#
# </details>

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"
model = "efficientnet_lite0"  # online also "vgg19", "resnet18", …

# %% tags=["hide-input", "remove-output"]
from functools import partial

import numpy as np
import torch
from torch import nn

from chapters.saliency import (
    checks,
    edges,
    experiments,
    figures,
    judging,
    photographs,
    wolves,
)
from lib import plotting, runtime, visualization
from lib.models.pretrained import load_photo_classifier
from lib.widgets import Choice, Control, FrameExplorer, Prediction

as_written = model == "efficientnet_lite0"
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# Two kinds of networks run through the chapter. EfficientNet-Lite0 was trained on 1.3 million
# photographs of a thousand classes, and it sees photographs here. Small networks, trained on rendered
# scenes, come later, when we need to know the truth. Here is first what the network says about the
# photographs, which are cut to squares:

# %% tags=["hide-input"]
classifier = load_photo_classifier(model).to(run.device)
convolutions = [n for n, m in classifier.named_modules() if isinstance(m, nn.Conv2d)]
names = photographs.NAMES[: run.pick(quick=2, standard=3)]
photos = {name: photographs.square(name).to(run.device) for name in names}
with torch.no_grad():
    targets = {name: int(classifier(x).argmax()) for name, x in photos.items()}
for name, target in targets.items():
    print(f"{name}: {classifier.classes[target]}")

# %% [markdown]
# ImageNet's list of classes has a moped and a motor scooter, but no plain motorcycle, so "moped" is as
# close as it can come.
#
# Chapter 6 asked what a channel reacts to *in general*: it cut out the patches that excite it most. From
# here on, we ask about one image and one answer.
#
# ## Occlusion: cover it and see
#
# | symbol | meaning |
# |---|---|
# | $x$ | an image (channels, height, width) |
# | $S_c(x)$ | the score of class $c$ |
# | $x^{(w)}$ | the image with window $w$ painted gray |
# | $f_w$ | how far the score falls under window $w$ |
# | $\mathcal W_p$ | the windows that cover pixel $p$ |
# | $M_p$ | the map at pixel $p$ |
#
# Slide a gray window over the image (Zeiler and Fergus, 2014). Where the score falls, the window hides
# something that matters:
#
# \begin{equation*}
# \begin{gathered}
# f_w = S_c(x) - S_c(x^{(w)}) , \\ M_p = \frac{1}{|\mathcal W_p|} \sum_{w \in \mathcal W_p} f_w .
# \end{gathered} \tag{1}
# \end{equation*}

# %% tags=["remove-input"]
Prediction(
    "A gray window slides over the photograph of a motorcycle. Can covering something make the "
    "score of its class rise?",
    [
        Choice(
            "No, nowhere",
            "Less of the picture seems to be less evidence. But evidence can speak against a class, "
            "too. If you hide that, the score of the class rises.",
        ),
        Choice(
            "Yes, at some places",
            "A score sums evidence for and against the class. If you hide something that looks like another "
            "class, the score may rise. Such places are orange in the map below.",
            correct=True,
        ),
        Choice(
            "Only if the network is wrong",
            "Right or wrong, a score weighs evidence for and against. For a right answer, there was just more "
            "evidence for it than for the other classes.",
        ),
    ],
)


# %%
def occlusion(S, x, side, step):
    """M (height, width) of x (1, channels, height, width) for a score S."""
    H, W = x.shape[-2:]
    total, covers = torch.zeros(H, W), torch.zeros(H, W)
    for top in [*range(0, H - side, step), H - side]:
        for left in [*range(0, W - side, step), W - side]:
            w = (..., slice(top, top + side), slice(left, left + side))
            x_w = x.clone()
            x_w[w] = 0.5
            total[w] += (S(x) - S(x_w)).item()
            covers[w] += 1
    return total / covers


# %% tags=["remove-cell", "nbval-check-output"]
toy = checks.small_network()  # four classes, two layers
picture = torch.rand(1, 3, 12, 12, generator=run.generator("toy"))
with torch.no_grad():
    ours = occlusion(lambda x: toy(x)[0, 2], picture, side=4, step=3)
libs = visualization.occlusion_saliency(toy, picture, 2, window=4, stride=3, baseline=0.5)[0]
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-4)}")

# %% [markdown]
# The last window of each row and column ends at the border, so every pixel is covered, and no mean in (1) is
# 0/0.
#
# Here is occlusion as a film. Left, the moving patch; right, the map so far. Blue means that the score fell
# there, and orange means that it rose. Press play.

# %% tags=["remove-input"]
films = {
    name: visualization.slide_window(
        classifier, x, targets[name], window=56, stride=run.pick(quick=56, standard=28),
        baseline=0.5,
    )
    for name, x in list(photos.items())[:2]
}  # fmt: skip
limits = {
    name: 0.75 * float(visualization.occlusion_map(film).abs().max())
    for name, film in films.items()
}
film = films["motorcycle"]
count, width = film.scores[0].numel(), len(film.lefts)
shown = sorted({*range(0, count, 5), count - 1})


def film_frame(photo, place):
    film, k = films[photo], place - 1
    box = (film.tops[k // width], film.lefts[k % width], *film.window)
    return figures.film_figure(
        photos[photo][0].cpu(),
        visualization.occlusion_map(film, places=place)[0].cpu(),
        box=box,
        fall=float((film.score - film.scores.flatten(1)[:, k])[0]),
        limit=limits[photo],
    )


FrameExplorer(
    film_frame,
    alt=lambda photo, place: (
        f"Left: the photograph {photo}, a gray patch at place {place} of {count}, row by row. Right: "
        "the same photograph in gray, colored as far as the patch has come."
    ),
    title="Which parts lower the score when they are hidden?",
    photo=list(films),
    place=Control([k + 1 for k in shown], label="Place of the patch"),
    start={"place": shown[len(shown) * 2 // 3] + 1},
    play="place",
    pixels=370,
)

# %% [markdown]
# Occlusion asks the network a question that it can answer: what if this were not there? But a gray square
# is something, too. No camera ever saw it, and the map depends on its size and color. Occlusion is
# also slow, since it takes a forward pass for every place.
#
# ## Saliency: all pixels at once
#
# For small changes of the image, the score is almost linear (Simonyan et al., 2014):
#
# \begin{equation*}
# \begin{gathered}
# S_c(x + \delta) \approx S_c(x) + g \cdot \delta , \\ g = \frac{\partial S_c}{\partial x} .
# \end{gathered} \tag{2}
# \end{equation*}
#
# One backward pass gives the *gradient* $g$, a number for each value of each pixel $p$. In the
# saliency map, each pixel keeps the largest absolute value of its three ($k$ is the color):
#
# $$
# M_p = \max_k \, | g_{k,p} | . \tag{3}
# $$

# %% tags=["remove-input"]
Prediction(
    "In a map computed by (3), and not averaged or blurred in any way, one pixel of a white wall is "
    "bright. What do you know?",
    [
        Choice(
            "A small change of it moves the score more than one at a dark pixel",
            "You know that, and no more. (Each pixel counts by its most sensitive color.) The map "
            "says how sensitive the score is, not what the answer rests on. The two can differ, as "
            "you will see below.",
            correct=True,
        ),
        Choice(
            "The wall is evidence for the class",
            "The absolute value in (3) hides the sign, so it might as well be evidence against the class.",
        ),
        Choice(
            "Without this pixel the score would fall",
            "That is what occlusion measures. The gradient is only about small changes.",
        ),
    ],
)


# %%
def saliency(S, x):
    """M (height, width) of x (1, channels, height, width) for a score S."""
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(S(x), x)
    return g[0].abs().amax(0)


# %% tags=["remove-cell", "nbval-check-output"]
ours = saliency(lambda x: toy(x)[0, 2], picture)
libs = visualization.saliency(toy, picture, 2)[0]
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-6)}")

# %% [markdown]
# Why the score and not the probability? The softmax makes a probability rise when *another* class's
# score falls, so the gradient of a probability mixes all thousand classes.
#
# Networks with strides leave a checkerboard in the gradients: a pixel's share depends on where it lies
# on the grid. For photographs, we therefore average each map over four copies that are shifted by a few pixels
# (`mean_over_shifts`), for all methods alike, and blur it a little for the eye. The scores further down are
# computed from maps that are neither averaged nor blurred.


# %% tags=["hide-input"]
def on_shifts(method, name, **options):
    """The map (height, width) of a photograph, by a method of `lib`, averaged over shifts."""

    def one(x):
        return photographs.one_channel(method(classifier, x, targets[name], **options))

    shifts = photographs.SHIFTS
    return visualization.mean_over_shifts(one, photos[name], shifts=shifts)[0].cpu()


saliencies = {name: on_shifts(visualization.saliency, name) for name in photos}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three photographs, a motorcycle, a cup of coffee and a cat, above their saliency maps. The cup's inside and rim stand out, the motorcycle and the cat only in part; bright spots lie on the background as well."}}
fig, axes = plotting.figure(2, len(photos), height=3.9, squeeze=False)
fig.set_dpi(96)
for (top, below), (name, photo) in zip(axes.T, photos.items(), strict=True):
    plotting.plot_image(top, photo[0], title=classifier.classes[targets[name]])
    figures.plot_heat(below, saliencies[name], smooth=1.5)
fig

# %% [markdown]
# One backward pass gives a number for each pixel. You can see the cup, but the pale door behind the
# motorcycle is bright, too. Is it evidence for a moped or against? The map does not say.
#
# ## One neuron
#
# Nothing in (2) needs a class. Take a neuron's activation $a$ as the score, and $\partial a / \partial x$
# shows what it looks at in this image, never beyond its receptive field. For three layers, from early to
# late, we take the neuron that answers most strongly to the middle of the photograph. Each column shows
# the pixels that this neuron can see; the last could see more than the photograph. The bottom row uses guided
# backpropagation, which the next section explains.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three columns for three neurons, from an early to a late layer: above the part of the photograph that the neuron can see, a detail, then the whole cup; below it two maps of these pixels. The gradients of the first two neurons fill only a part of what these can see; that of the last one spreads over the whole picture."}}
sight = names[min(1, len(names) - 1)]
chosen = [convolutions[int(part * len(convolutions))] for part in (0.25, 0.41, 0.9)]
unmeasured = chosen[-1] if model == "efficientnet_lite0" else None  # sees 787 × 787 pixels
activations = visualization.record_activations(classifier, photos[sight], chosen)
rules = (visualization.input_gradient, visualization.guided_backprop)
boxes, heats = [], []
for layer, values in activations.items():
    edge = values.shape[-1] // 4
    middle = values[0, :, edge:-edge, edge:-edge]
    channel, row, column = (int(i) for i in np.unravel_index(int(middle.argmax()), middle.shape))
    neuron = visualization.Neuron(layer, channel, row + edge, column + edge)
    field = layer != unmeasured and visualization.receptive_field(
        classifier, layer, image_size=(224, 224)
    )
    boxes.append(field.box(neuron.row, neuron.column) if field else (0, 0, 224, 224))
    maps_of_it = [rule(classifier, photos[sight], neuron) for rule in rules]
    heats.append([visualization.channel_maximum(g)[0] for g in maps_of_it])
fig = figures.neuron_figure(photos[sight][0], boxes, heats, rows=("gradient", "guided"))
fig.set_dpi(110)
fig

# %% [markdown]
# The early neurons use less than they could: most of their gradient lies in a part of the receptive field
# (Luo et al., 2016, call it the effective one). The last neuron's fills the picture.
#
# ## Guided backpropagation
#
# At a ReLU, $y = \max(0, u)$, let $g_u$ and $g_y$ be the score's gradients; $[u > 0]$ is 1 if $u > 0$, else 0,
# as in chapter 1. Neighboring pixels switch different ReLUs, which is one reason for the grain. Here are three
# rules:
#
# $$
# \text{gradient:} \quad g_u = [u > 0]\; g_y \tag{4}
# $$
#
# $$
# \text{deconvnet:} \quad g_u = [g_y > 0]\; g_y \tag{5}
# $$
#
# \begin{equation*}
# \begin{gathered}
# \text{guided:} \\
# g_u = [u > 0]\,[g_y > 0]\; g_y .
# \end{gathered} \tag{6}
# \end{equation*}
#
# Zeiler and Fergus (2014) devised (5) to trace a channel back to pixels. Guided backpropagation (Springenberg
# et al., 2015) passes signals only through neurons that are on *and* raise the score. It is no longer the
# gradient of anything.


# %%
class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return u.clamp(min=0)

    @staticmethod
    def backward(ctx, g_y):
        (u,) = ctx.saved_tensors
        return (u > 0) * (g_y > 0) * g_y


# %% tags=["remove-cell", "nbval-check-output"]
x = picture.clone().requires_grad_()
y = toy[2:](GuidedReLU.apply(toy[0](x)))  # the layers before and after it
(ours,) = torch.autograd.grad(y[0, 2], x)
libs = visualization.guided_backprop(toy, picture, 2)
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-6)}")

# %% [markdown]
# In a network that is already built, `lib` patches each ReLU when it is called. So the rule reaches all of
# them: modules, in-place calls, and layers that are used twice. The photograph network has ReLU6, which
# is also capped at 6; there, $[0 < u < 6]$ replaces $[u > 0]$.
#
# ## The rivals
#
# Four other maps are used a lot. Three start from the gradient with respect to the pixels:
#
# | method | map, before the maximum over colors |
# |---|---|
# | gradient × input (Shrikumar et al., 2016) | $g \odot x$, value times value |
# | SmoothGrad (Smilkov et al., 2017) | mean of $g$ over copies of $x$ with Gaussian noise (0.15 of the range) |
# | integrated gradients (Sundararajan et al., 2017) | $x$ times the mean of $g$ along the line from black to $x$; sums to $S_c(x) - S_c(0)$ |
#
# The fourth, Grad-CAM (Selvaraju et al., 2017), stops at a late layer, whose channels $A_k$ are already maps.
# It weights each channel by the score's gradient, averaged over the channel's $P$ places:
#
# \begin{equation*}
# \begin{gathered}
# \bar g_k = \frac1P \sum_p \frac{\partial S_c}{\partial A_{k,p}} , \\
# M = \max\Big(0, \sum_k \bar g_k A_k\Big) .
# \end{gathered} \tag{7}
# \end{equation*}
#
# For photographs, our layer is the last convolution (any network has one); the paper takes maps after ReLU.


# %%
def grad_cam(S, A):
    """M (height, width) of the maps A (1, channels, height, width)."""
    A = A.detach().requires_grad_()
    (g,) = torch.autograd.grad(S(A), A)
    weights = g.mean(dim=(2, 3), keepdim=True)
    return (weights * A).sum(dim=1).clamp(min=0)[0].detach()


# %% tags=["remove-cell", "nbval-check-output"]
ours = grad_cam(lambda A: toy[2:](A)[0, 2], toy[:2](picture))
libs = visualization.grad_cam(toy, picture, 2, layer="1")[0]
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-6)}")

# %% [markdown]
# Choose a photograph, then go through the methods. Which map would you trust?

# %% tags=["remove-input"]
last = convolutions[-1]
noise = run.pick(quick=1, standard=2)  # for each of four shifts


drawn = {
    "saliency": lambda name: saliencies[name],
    "gradient × input": partial(on_shifts, visualization.input_gradient_times_input),
    "SmoothGrad": lambda name: on_shifts(
        visualization.smoothgrad, name, samples=noise, generator=run.generator("noise")
    ),
    "integrated gradients": partial(on_shifts, visualization.integrated_gradients, steps=4),
    "deconvnet": partial(on_shifts, visualization.deconvnet),
    "guided backprop": partial(on_shifts, visualization.guided_backprop),
    "Grad-CAM": partial(on_shifts, visualization.grad_cam, layer=last, upsample=True),
}
if run.budget == "quick":
    drawn = {name: drawn[name] for name in ("saliency", "guided backprop")}
first_and_last = [names[0], names[-1]]
rival_maps = {photo: {name: of(photo) for name, of in drawn.items()} for photo in first_and_last}
FrameExplorer(
    lambda photo, method: figures.heat_figure(
        photos[photo][0].cpu(), rival_maps[photo][method], title=method, smooth=1.5
    ),
    alt=lambda photo, method: f"The photograph {photo} and, beside it, its map by {method}.",
    title="Which pixels matter, according to each method?",
    photo=first_and_last,
    method=list(drawn),
    start={"method": "guided backprop"},
    pixels=380,
)

# %% [markdown]
# Guided backpropagation draws the cat's eyes and nose as if in chalk. The deconvnet draws a grid, which four
# shifts do not remove. Grad-CAM is as coarse as its layer. Who is right? In a photograph, nobody knows which
# pixels *should* matter.
#
# ## Scores against the truth
#
# In rendered scenes, the object's mask is known, and the background is random, so only the object tells the
# class. Small networks learn ten shapes. We use two scores for a map $M$ and a mask $m$ of zeros and ones:
# *energy inside* (Wang et al., 2020),
#
# $$
# E = \frac{\sum_p m_p\, M_p}{\sum_p M_p} , \tag{8}
# $$
#
# and the *pointing game* (Zhang et al., 2016): 1 if the largest value of $M$ lies inside, else 0. (They accept
# 15 pixels outside, too.) Occlusion's negative values count as 0.


# %%
def energy(M, m):
    M = M.clamp(min=0)
    return (m * M).sum((1, 2)) / M.sum((1, 2))


# %% tags=["remove-cell", "nbval-check-output"]
M = torch.rand(5, 6, 7, generator=run.generator("maps"))
m = torch.rand(5, 6, 7, generator=run.generator("masks")) < 0.3
same = torch.allclose(energy(M, m), visualization.energy_inside(M, m), atol=1e-5)
print(f"ours and lib's agree: {same}")

# %% [markdown]
# A score means little without baselines. We add three. Two have seen neither the picture nor the network: an
# even map, whose energy inside is the mask's share of the picture, and a blurred blob in the middle, which is
# the same for all scenes. The third has seen the picture but no network: the edges of the picture, which
# Sobel's filters find (Adebayo et al., 2018, compare with edges, too).

# %% tags=["remove-input"]
Prediction(
    "Compare plain saliency with the blob in the middle, which has never seen the picture. Which of the two has "
    "more of its energy inside the object?",
    [
        Choice(
            "Saliency, by far",
            "It knows the picture and the network, and so how sensitive the score is to each pixel. "
            "This sensitivity spreads far beyond the object.",
        ),
        Choice(
            "Saliency, by a little",
            "Most pixels tell nothing about the class, but the score reacts to them all the same.",
        ),
        Choice(
            "The blob",
            "The gradient of a small network is grainy and reaches everywhere, while the objects in these scenes "
            "stand near the middle, where the blob is. Whoever shows you a score should also show you such a "
            "baseline.",
            correct=True,
        ),
    ],
)

# %%
scores = experiments.scores(run)

# %% tags=["hide-input"]
print(f"right on these scenes: {np.mean(scores.accuracy):.0f}%")
part = judging.judged(run)
drawn_by = edges.edges(part.images), part.masks[:, 0]
edge_energy = visualization.energy_inside(*drawn_by).mean().item()
edge_points = visualization.pointing_game(*drawn_by).mean().item()

# %% tags=["hide-input"] mystnb={"image": {"alt": "A rendered scene with its object outlined, and its maps by eight methods with the same outline, dark to light. Occlusion and Grad-CAM give coarse blots; the maps made of gradients are grainy, some of them inside the outline, some far beyond it."}}
drawn_maps = {name: scores.maps[name] for name in judging.METHODS[:-1]}
fig = figures.maps_figure(scores.scene, scores.mask, drawn_maps)
fig

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two dot charts, energy inside the mask and the pointing game, with one row for each method, sorted by energy. A gray line marks the mask's share. By energy, guided backpropagation stands above the blob in the middle, and saliency below it. The blob and the edges of the picture are drawn in gray."}}
fig, axes = plotting.figure(1, 2, height=3.8, sharey=True)
baselines = "edges of the picture", "blob in the middle"
energies = scores.energy | {baselines[0]: np.array([edge_energy])}
points = scores.points | {baselines[0]: np.array([edge_points])}
order = sorted(energies, key=lambda name: -np.mean(energies[name]))
panels = ((energies, "energy inside"), (points, "pointing game"))
for ax, (values, label) in zip(axes, panels, strict=True):
    plotting.plot_intervals(
        ax, {name: values[name].tolist() for name in order}, reference=scores.share,
        sort=False, colors=dict.fromkeys(baselines, plotting.style.GRAY),
    )  # fmt: skip
    ax.set(xlim=(0, 1), xlabel=label)
    ax.set_title("gray: mask's share", fontsize=11)
fig

# %% [markdown]
# Each dot is a network's mean over the scenes. The gray line is the mask's share, which is what an even map
# gets. The blob does use what we know: objects stand near the middle, and its width suits them. And look where
# the edges stand: a method that is not ahead of them finds the object no better than a picture's edges do. This
# page trains one network, since training takes a while; the evidence below rests on several. First, guided
# backpropagation is compared with the blob:

# %% tags=["remove-input"]
score_cards = experiments.scores.cards(scores, run)
score_cards["guided-beats-the-blob-by-energy"]

# %% tags=["remove-input"]
score_cards["guided-beats-the-blob-by-pointing"]

# %% tags=["remove-input"]
score_cards["occlusion-points-better"]

# %% tags=["remove-input"]
score_cards["blob-beats-saliency"]

# %% [markdown]
# Back to the prediction: the blob beats saliency, which spreads wide. Neither measure proves a map wrong: the
# class score *is* that sensitive there. Guided backpropagation beats the blob by energy; by pointing, the card
# above says how sure that is. Whether its map says anything about *the network* is another question.
#
# ## Shuffle the weights
#
# Adebayo et al. (2018) proposed this test: destroy some of what the network has learned, and look again.
# A map that explains the answer must change. We shuffle the weights within layers, beginning at the top;
# after that, the classes no longer mean anything. We begin with the photograph network.

# %% tags=["remove-input"]
Prediction(
    "The last layer of the photograph network, which alone knows the thousand classes, gets its "
    "weights shuffled. What becomes of guided backpropagation's map?",
    [
        Choice(
            "It stays nearly as it was",
            "Whatever the score starts from, the rule lets the same strong, positive paths through, and these "
            "follow the edges in the picture. The map shows the picture more than the answer.",
            correct=True,
        ),
        Choice(
            "It shows the parts of another class",
            "The map now starts from a random mix of features, which is not a class, and it hardly changes.",
        ),
        Choice(
            "It turns into noise",
            "A map that explained the class would have to change. Look below.",
        ),
    ],
)

# %% tags=["remove-input"]
stages = {"nothing": 0, "the last layer": 1, "the top half": 0.5, "all": 1.0}
stages = {name: stages[name] for name in run.pick(quick=list(stages)[:2], standard=list(stages))}
damaged = {name: photographs.shuffled(classifier, part, run) for name, part in stages.items()}
sane = {
    "guided backprop": visualization.guided_backprop,
    "saliency": visualization.saliency,
    "Grad-CAM": partial(visualization.grad_cam, layer=last, upsample=True),
}


def damaged_map(stage, method):
    if stage == "nothing" and method in rival_maps[subject]:
        return rival_maps[subject][method]

    def one(x):
        return photographs.one_channel(sane[method](damaged[stage], x, targets[subject]))

    x, shifts = photos[subject], photographs.SHIFTS
    return visualization.mean_over_shifts(one, x, shifts=shifts)[0].cpu()


def says(stage):
    with torch.no_grad():
        return classifier.classes[int(damaged[stage](photos[subject]).argmax())]


subject = names[-1]
FrameExplorer(
    lambda method, stage: figures.heat_figure(
        photos[subject][0].cpu(), damaged_map(stage, method), smooth=1.5,
        title=f"it now says: {says(stage)}",
    ),
    alt=lambda method, stage: (
        f"The photograph {subject} and its map by {method}, with {stage} of the network shuffled; "
        f"the network then says {says(stage)}."
    ),
    title="Which map notices that the network has lost its classes?",
    method=list(sane),
    stage=Control(list(stages), label="Shuffled"),
    start={"stage": "nothing"},
    still={"stage": list(stages)[-1]},
    pixels=380,
)  # fmt: skip

# %% [markdown]
# Shuffle the last layer, then more, and compare what the network says with what the maps show. Where Grad-CAM
# is black, nothing was positive. Do numbers confirm the similarity that you see? Adebayo et al. compare maps
# by their *rank correlation*: it is 1 if both maps put the pixels in the same order, and 0 if the orders have
# nothing in common. Here it is for the maps of three photographs, before and after the last layer is
# shuffled:

# %%
alike = experiments.photographs(run, model=model)

# %% tags=["hide-input"]
for method, values in alike.items():
    print(f"{method}:", *(f"{value:.2f}" for value in values))

# %% tags=["remove-input"]
experiments.photographs.cards(alike, run)["guided-repeats-its-photo-maps"]

# %% [markdown]
# Guided backpropagation draws nearly the same picture for classes that no longer mean anything. For
# photographs, we have only this number and your eye.
#
# Now we turn to the scenes, where the object is known. We shuffle from the top again, and each time we
# measure the energy inside the mask. A network that has lost its classes has less to say about the object, so
# the map of its answer should lose much of its lead over the mask's share, which is the dashed line. It may
# keep some of it, since the lower layers are still intact and react to the object more than to its ground.

# %%
forgetting = experiments.forgetting(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: energy inside the mask against the layers shuffled so far, for four methods and for the edges of the picture, whose line is level. A dashed line marks the mask's share. The other lines change by different amounts as layers are shuffled; guided backpropagation still lies above the dashed line with the two top layers shuffled."}}
fig, ax = plotting.figure(height=4.2)
labels = ["none", "logits", "+ hidden", "+ blocks", "all"]
few = slice(0, run.pick(quick=4, standard=20))  # the scenes of this test
level = visualization.energy_inside(drawn_by[0][few], drawn_by[1][few]).mean().item()
unmoved = {"edges of the picture": np.full((1, len(labels)), level)}
figures.plot_forgetting(ax, forgetting.energy | unmoved, labels, share=forgetting.share)
ax.set(ylim=(0, 0.75))
ax.legend(fontsize=11, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
fig

# %% tags=["hide-input"]
print("rank correlation, two layers shuffled:")
for method, values in forgetting.ranks.items():
    print(f"  {method}: {np.mean(values):.2f}")

# %% [markdown]
# The level line shows the extreme case: edges of the picture depend on no network, so they keep all of their
# lead. The rank correlation alone can mislead: fine grain from the lowest layers, which are still intact,
# keeps it high, whatever has become of the object. So we look at a map's lead over the dashed line. How much
# of it is left when the two top layers are shuffled and the classes are gone? Some maps have signs and others
# have none, so all are compared by absolute values. The first claim's mark, one half, is a round number;
# edges of the picture would score 1.

# %% tags=["remove-input"]
forgetting_cards = experiments.forgetting.cards(forgetting, run)
forgetting_cards["guided-ignores-the-network"]

# %% tags=["remove-input"]
forgetting_cards["occlusion-notices-more"]

# %% [markdown]
# Guided backpropagation scores well, but goes on drawing the object for networks that have kept only their
# lower layers: its rule recovers the picture (Nie et al., 2018). Use it to see *what* is there, not *why* an
# answer came out. The test does not rank the other methods, since intact lower layers let any map keep
# something (Binder et al., 2023).
#
# ## The wolf and the snow
#
# Ribeiro et al. (2016) built a classifier of wolves and huskies from photographs in which all wolves stood in
# snow and no husky did. It looked at the snow. In our *tied* scenes, each shape has its own ground: stars
# stand on snow, fish lie on wood. In *free* scenes, any shape may stand on any ground.

# %%
pack = experiments.wolves(run)

# %% tags=["hide-input"]
new = wolves.grounds(run)
tied_test, free_test = new.tied_test, new.free_test
print(f"right on new tied scenes: {pack['tied'].tied.mean():.0f}%")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four rows of five scenes, one scene for each shape, titled by its ground. In the upper two rows, tied scenes, each shape has a ground of its own. In the lower two, free scenes, the grounds come in no order."}}
fig, axes = plotting.figure(4, 5, height=5.2)
for half, (label, part) in zip((axes[:2], axes[2:]), (("tied", tied_test), ("free", free_test))):
    for k, ax in enumerate(half.flat):
        rows = (part.labels == k).nonzero()[:, 0]
        i = int(rows[0]) if len(rows) else 0
        plotting.plot_image(ax, part.images[i], title=part.scenes[i].background)
    for row in half:
        row[0].set_ylabel(label, fontsize=11)
fig

# %% [markdown]
# These scenes are new: none of them was used for training. Would you ship this network?

# %% tags=["remove-input"]
Prediction(
    "A network learned ten shapes from tied scenes, and it is right on most new tied scenes. How "
    "often is it right on free scenes?",
    [
        Choice(
            "Less than 50%",
            "The ground always gave the class away, so the network hardly learned the shape. A claim below says "
            "how much accuracy it loses.",
            correct=True,
        ),
        Choice(
            "From 50% to 80%",
            "That would be so if the network used both the shape and the ground. But the ground is enough.",
        ),
        Choice(
            "More than 80%",
            "The shapes are the same, but nothing made the network use the shapes.",
        ),
    ],
)

# %% [markdown]
# Look at what the network looks at. We use occlusion, which asks the network itself. The scenes are tied, and
# there are two networks: one that learned from tied scenes, and one that learned from free ones. Covering
# what is blue lowers the score; each map has its own scale.

# %% tags=["remove-input"]
gallery = tied_test.subset(slice(0, run.pick(quick=2, standard=8)))
pair = {
    "learned from tied": pack["tied"].models[0],
    "from free": pack["free, longer"].models[0],
}
seen = {
    name: judging.map_of("occlusion", network, gallery, run).cpu() for name, network in pair.items()
}
FrameExplorer(
    lambda scene: figures.suspect_figure(
        gallery.images[scene - 1].cpu(), {name: falls[scene - 1] for name, falls in seen.items()}
    ),
    alt=lambda scene: (
        f"The shape “{gallery.classes[int(gallery.labels[scene - 1])]}” on "
        f"{gallery.scenes[scene - 1].background}, and where covering it lowers the score of two "
        "networks, in blue: one learned from scenes with tied grounds, one from free ones."
    ),
    title="What does each of the two networks look at?",
    scene=Control(list(range(1, len(gallery) + 1)), label="Scene"),
    pixels=560,
)

# %% [markdown]
# Is more of the blue on the ground in the left map? A single map may mislead you either way, so we measure
# the energy inside the object. The evidence has several networks of each kind. Note that you need no free scene
# to compute a tied network's map. The accuracy on free scenes then shows what relying on the ground costs.

# %% tags=["remove-input"]
wolf_cards = experiments.wolves.cards(pack, run)
wolf_cards["maps-find-the-background"]

# %% tags=["remove-input"]
wolf_cards["tied-backgrounds-cost"]

# %% [markdown]
# Free scenes cost {{tied-backgrounds-cost size}} of accuracy. Beside the map of a network that learned from
# free scenes (and for longer, 800 updates instead of 300), the tied network's map was a warning. If you have
# no such network, you can only compare the map with the mask's share. In its training pictures, the ground
# always predicted the class. What did you ask for when you gave it these?
#
# ### Repair the data
#
# We add as many *free* pictures, where the ground says nothing about the class, and train again for as many
# updates. For comparison, the figure also shows the earlier network, which was trained on free scenes only, and
# for longer.

# %%
repaired = experiments.repair(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two dot charts with three rows: learned from tied scenes, from tied and free ones, from free ones alone. Left, the energy inside the object with a gray line at the mask's share; right, the accuracy on free scenes with a line at guessing. Both are lower in the first row than in the other two."}}
fig, axes = plotting.figure(1, 2, height=2.2, sharey=True)
rows = repaired | {"free, longer": pack["free, longer"]}
tied_share = float(tied_test.masks.float().mean())
panels = (({n: r.inside.tolist() for n, r in rows.items()}, tied_share),
          ({n: r.free.tolist() for n, r in rows.items()}, 10))  # fmt: skip
for ax, (values, line) in zip(axes, panels, strict=True):
    plotting.plot_intervals(ax, values, reference=line, sort=False)
axes[0].set(xlim=(0, 0.8), xlabel="energy inside,\ntied scenes")
axes[1].set(xlim=(0, 100), xlabel="accuracy on\nfree scenes (%)")
fig

# %% [markdown]
# Gray lines mark the mask's share, and the accuracy of guessing one class of ten.

# %% tags=["remove-input"]
repair_cards = experiments.repair.cards(repaired, run)
repair_cards["maps-move-to-the-object"]

# %% tags=["remove-input"]
repair_cards["repair-pays"]

# %% [markdown]
# The repair moved energy from the ground to the object, although half of the training pictures are still
# tied. (The repaired network saw twice as many pictures. We did not train one on twice as many tied ones, so
# a part of the gain might be due to their number, though tied pictures cannot show which cue to use.)
#
# ## Exercises
#
# ### Exercise 1: the pointing game
#
# ★☆☆, 10 minutes. For each map, return 1 if its largest value lies inside its mask, and 0 otherwise. If
# several pixels share the largest value, take any of them; in the checks, such pixels are never on both sides
# of the border of a mask. You need no loop.


# %% tags=["exercise"] exercise="pointing-game" points=4
def pointing_game(maps, masks):
    """maps (n, h, w), masks (n, h, w) bool -> (n,), 1.0 or 0.0."""
    raise NotImplementedError


# %%
checks.check_pointing_game(pointing_game)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="pointing-game" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def pointing_game(maps, masks):
    """maps (n, h, w), masks (n, h, w) bool -> (n,), 1.0 or 0.0."""
    largest = maps.flatten(1).argmax(1, keepdim=True)
    return masks.flatten(1).gather(1, largest)[:, 0].float()


checks.check_pointing_game(pointing_game)

# %% [markdown]
# ### Exercise 2: why this and not that?
#
# ★☆☆, 10 minutes. "Why a moped?" may mean "why a moped and not a scooter?" Return the saliency of
# the difference $S_a - S_b$ of two classes' scores. Before you write: is it the difference of the two
# saliency maps? (The answer stands below the solution.)


# %% tags=["exercise"] exercise="contrast" points=4
def contrast(model, images, a, b):
    """images (n, c, h, w), classes a and b -> (n, h, w)."""
    raise NotImplementedError


# %%
checks.check_contrast(contrast)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="contrast" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def contrast(model, images, a, b):
    """images (n, c, h, w), classes a and b -> (n, h, w)."""
    x = images.clone().requires_grad_()
    scores = model(x)
    (g,) = torch.autograd.grad((scores[:, a] - scores[:, b]).sum(), x)
    return g.abs().amax(1)


checks.check_contrast(contrast)

# %% [markdown]
# It is not the difference of the maps: gradients subtract, their absolute values do not.
#
# ### Exercise 3: integrated gradients
#
# ★★☆, 20 minutes. The line need not begin at black. Let $b$ be an even picture in which every value is
# `BASELINE`. With $K$ steps, the map is
#
# $$
# (x - b) \odot \frac1K \sum_{k=0}^{K-1}
# \frac{\partial S_c}{\partial x}\bigg|_{b + \frac{k + 1/2}{K} (x - b)} .
# $$
#
# Write it, and see that it sums to $S_c(x) - S_c(b)$ when $K$ is large. Why is that so? (Think of the
# score along the line as a function of one number.)


# %% tags=["exercise"] exercise="integrated-gradients" points=6 varies="BASELINE: 0.2 0.3 0.4 0.6 0.7 0.8"
BASELINE = 0.4


def integrated_gradients(model, images, labels, K):
    """images (n, c, h, w), labels (n,), K steps -> (n, c, h, w)."""
    raise NotImplementedError


# %%
checks.check_integrated_gradients(integrated_gradients, BASELINE)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="integrated-gradients" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def integrated_gradients(model, images, labels, K):
    """images (n, c, h, w), labels (n,), K steps -> (n, c, h, w)."""
    line = images - BASELINE
    total = torch.zeros_like(images)
    for k in range(K):
        x = (BASELINE + (k + 0.5) / K * line).requires_grad_()
        scores = model(x).gather(1, labels[:, None])
        total += torch.autograd.grad(scores.sum(), x)[0]
    return line * total / K


checks.check_integrated_gradients(integrated_gradients, BASELINE)

# %% [markdown]
# Why? Along the line $b + t (x - b)$, the score's derivative with respect to $t$ is $(x - b) \cdot \partial
# S_c / \partial x$. The map sums to its mean at $K$ middles: a Riemann sum of its integral.
#
# ### Exercise 4: three suspects
#
# ★★★, 20 minutes. Write a detective. It gets a network, images with labels, and regions: for each name a
# mask for every image ("object", "background", "mark": a small square in the corner). Return the name of the
# region that the answers rest on. Use a method of this chapter, or change the images in another way. But choose
# with care: some networks in the check also react to tiny changes of a region that hardly matters.


# %% tags=["exercise"] exercise="suspects" points=8
def looks_at(model, images, labels, regions):
    """images (n, 3, h, w), regions {name: (n, h, w) bool} -> a name."""
    raise NotImplementedError


# %%
checks.check_looks_at(looks_at)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="suspects" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def looks_at(model, images, labels, regions):
    """images (n, 3, h, w), regions {name: (n, h, w) bool} -> a name."""

    # Occlusion again, with a region for a window: which one lowers the score most, if gray?
    # (A gradient would not do: it says how sensitive the score is, not what the answer rests on.)
    def score(x):
        with torch.no_grad():
            return model(x).gather(1, labels[:, None]).mean().item()

    falls = {
        name: score(images) - score(torch.where(mask[:, None], 0.5, images))
        for name, mask in regions.items()
    }
    return max(falls, key=falls.get)


checks.check_looks_at(looks_at)

# %% [markdown]
# Finally, here are three suspects that were trained rather than built: one learned from tied scenes, one from
# free ones, and one from free ones with a mark in the corner whose color gives the class away. The lines
# below say how often each is right on marked tied scenes. What does your detective say?

# %% tags=["hide-input"]
lineup = wolves.line_up(run)
for name, suspect in lineup.suspects.items():
    print(f"{name} is right in {judging.percent_right(suspect, lineup.evidence):.0f}%")
fig, axes = plotting.figure(1, 4, height=1.5)
for ax, image in zip(axes, lineup.evidence.images, strict=False):
    plotting.plot_image(ax, image)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four scenes, each an object on its ground, with a colored square in the upper left corner."}}
fig

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the verdicts on the three", "code_prompt_hide": "Hide the verdicts"}
images, labels = lineup.evidence.images, lineup.evidence.labels
for name, suspect in lineup.suspects.items():
    print(f"{name} looks at: {looks_at(suspect, images, labels, lineup.regions)}")

# %% [markdown]
# ## Summary
#
# - Occlusion asks what the score would be without a part of the image. It is slow, and it depends on what
#   covers the part.
# - Saliency is the gradient of the score: it shows where a small change matters. It is fast and grainy, and
#   it says nothing about the sign or about what the answer rests on.
# - One neuron's gradient stays inside its receptive field.
# - Guided backpropagation passes only positive signals. It has more energy on the object than a blob in the
#   middle, and it goes on drawing the object when the network has lost its classes (so do, in part, other maps,
#   since intact lower layers react to the object).
# - A score needs baselines that have not seen the picture or the network, and a map needs a test on a network
#   with shuffled layers.
# - Maps can reveal that a network relies on the background. The cure is in the data.
#
# **Limits.** We used one small architecture, trained from a few seeds, and rendered objects near the middle
# of the picture. Energy inside a mask supposes that a network reads only the object; free backgrounds make
# that likely, but do not prove it. We shuffle weights, while Adebayo et al. draw them anew. The lower layers
# stay intact, so the test does not rank methods. Trainings are short, and the gain of the repair depends on
# their length. Three photographs illustrate a point, but prove little.
#
# ## Sources
#
# - Adebayo et al. (2018). Sanity checks for saliency maps. NeurIPS.
#   [arXiv:1810.03292](https://arxiv.org/abs/1810.03292)
# - Binder et al. (2023). Shortcomings of top-down randomization-based sanity checks for evaluations of deep
#   neural network explanations. CVPR. [arXiv:2211.12486](https://arxiv.org/abs/2211.12486)
# - Luo, Li, Urtasun, Zemel (2016). Understanding the effective receptive field in deep convolutional
#   neural networks. NeurIPS. [arXiv:1701.04128](https://arxiv.org/abs/1701.04128)
# - Nie, Zhang, Patel (2018). A theoretical explanation for perplexing behaviors of
#   backpropagation-based visualizations. ICML. [arXiv:1805.07039](https://arxiv.org/abs/1805.07039)
# - Ribeiro, Singh, Guestrin (2016). "Why should I trust you?" Explaining the predictions of any
#   classifier. KDD. [arXiv:1602.04938](https://arxiv.org/abs/1602.04938)
# - Selvaraju et al. (2017). Grad-CAM: visual explanations from deep networks via gradient-based localization.
#   ICCV. [arXiv:1610.02391](https://arxiv.org/abs/1610.02391)
# - Shrikumar, Greenside, Shcherbina, Kundaje (2016). Not just a black box: Learning important features through
#   propagating activation differences. [arXiv:1605.01713](https://arxiv.org/abs/1605.01713)
# - Simonyan, Vedaldi, Zisserman (2014). Deep inside convolutional networks. ICLR workshop.
#   [arXiv:1312.6034](https://arxiv.org/abs/1312.6034)
# - Smilkov et al. (2017). SmoothGrad: removing noise by adding noise.
#   [arXiv:1706.03825](https://arxiv.org/abs/1706.03825)
# - Springenberg, Dosovitskiy, Brox, Riedmiller (2015). Striving for simplicity: the all convolutional net.
#   ICLR workshop. [arXiv:1412.6806](https://arxiv.org/abs/1412.6806)
# - Sundararajan, Taly, Yan (2017). Axiomatic attribution for deep networks. ICML.
#   [arXiv:1703.01365](https://arxiv.org/abs/1703.01365)
# - Zeiler, Fergus (2014). Visualizing and understanding convolutional networks. ECCV.
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901)
# - Wang et al. (2020). Score-CAM. CVPR workshop: the energy inside.
#   [arXiv:1910.01279](https://arxiv.org/abs/1910.01279)
# - Zhang et al. (2016). Top-down neural attention by excitation backprop. ECCV: the pointing game.
#   [arXiv:1608.00507](https://arxiv.org/abs/1608.00507)
