# ---
# jupyter:
#   course:
#     builds_on: [06_features]
#     compute_minutes: 2
#     exercise_minutes: 60
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
# # Which pixels matter
#
# A network says "moped". Ask it why, and it shows you millions of multiplications. This chapter turns
# them into a picture, a map of the pixels that matter. Then it asks: is the map true?
#
# After this chapter you can
#
# - cover an image piece by piece to see what counts;
# - compute saliency, one neuron's gradient and guided backpropagation in a few lines each;
# - score maps against a known object, and against a network that has forgotten everything;
# - find out with maps that a network learned the background, and repair it.
#
# You need chapters 1, 4 and 6. Words, in case they are new:
#
# | word | meaning |
# |---|---|
# | score | a network's output for one class, before the softmax; also called logit |
# | channel | one of the maps that a convolutional layer gives |
# | neuron | one place in one channel; chapter 6 says unit |
# | receptive field | the pixels that can influence a neuron |
# | map, heat map | one number for each pixel of an image |
# | mask | the pixels that belong to an object |

# %% tags=["parameters"]
budget, seed, device, model = None, 0, "auto", "efficientnet_lite0"  # or "vgg19", "resnet18", …

# %%
from functools import partial

import numpy as np
import torch
from torch import nn

from lib import augmentation, checks, plotting, runtime, visualization
from lib.claims import claim
from lib.datasets.images import ImageDataset
from lib.datasets.photos import load_photo
from lib.datasets.scenes import load_scenes
from lib.models.pretrained import load_photo_classifier
from lib.trained import NETWORK, SCENE_SIZE, scene_classifiers
from lib.trials import Trial, run_trials
from lib.visualization import Neuron
from lib.widgets import Choice, Control, FrameExplorer, Prediction

run = runtime.start(budget, seed=seed, device=device)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# Two kinds of networks run through the chapter. EfficientNet-Lite0 was trained on 1.3 million
# photographs of a thousand classes; it sees photographs here. Small networks trained on rendered
# scenes come later, where we need to know the truth. First the photographs, cut to squares:


# %%
def square(name, size=224):
    photo = augmentation.resize_short_side(load_photo(name)[None], size)
    top, left = ((side - size) // 2 for side in photo.shape[-2:])
    return augmentation.crop(photo, top, left, size=size).to(run.device)


classifier = load_photo_classifier(model).to(run.device)
convolutions = [n for n, m in classifier.named_modules() if isinstance(m, nn.Conv2d)]
names = run.pick(quick=["motorcycle", "coffee"], standard=["motorcycle", "coffee", "chelsea"])
photos = {name: square(name) for name in names}
with torch.no_grad():
    targets = {name: int(classifier(x).argmax()) for name, x in photos.items()}
for name, target in targets.items():
    print(f"{name}: {classifier.classes[target]}")

# %% [markdown]
# ImageNet's list of classes has a moped and a motor scooter, but no plain motorcycle: "moped" is as
# near as it can come.
#
# Chapter 6 asked what a channel likes *in general*: it cut out the patches that excite it most. From
# here on we ask about one image and one answer.
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
# Slide a gray window over the image (Zeiler and Fergus, 2014). Where the score falls, something was
# hidden that counts:
#
# \begin{equation*}
# \begin{gathered}
# f_w = S_c(x) - S_c(x^{(w)}) , \\
# M_p = \frac{1}{|\mathcal W_p|} \sum_{w \in \mathcal W_p} f_w .
# \end{gathered} \tag{1}
# \end{equation*}

# %% tags=["remove-input"]
Prediction(
    "A gray window slides over the photograph of a motorcycle. Can covering something make the "
    "score of its class rise?",
    [
        Choice(
            "No: less of the picture is less evidence",
            "Evidence can speak against a class, too. Hide that, and the class gains.",
        ),
        Choice(
            "Yes, where the picture speaks against the class",
            "A score sums evidence for and against. What looks like something else, once hidden, "
            "lets the score rise: orange in the map below.",
            correct=True,
        ),
        Choice(
            "Only if the class named is not the right one",
            "Right or wrong, a score weighs evidence for and against; for a right answer there was more "
            "for it than against it.",
        ),
    ],
)


# %% tags=["nbval-check-output"]
def occlusion(S, x, side, step):
    """M (height, width) of x (1, channels, height, width) for a score S."""
    H, W = x.shape[-2:]
    total, covers = torch.zeros(H, W), torch.zeros(H, W)
    for top in range(0, H - side + 1, step):
        for left in range(0, W - side + 1, step):
            w = (..., slice(top, top + side), slice(left, left + side))
            x_w = x.clone()
            x_w[w] = 0.5
            total[w] += (S(x) - S(x_w)).item()
            covers[w] += 1
    return total / covers


toy = checks.small_network()  # four classes, two layers
picture = torch.rand(1, 3, 12, 12, generator=run.generator("toy"))
with torch.no_grad():
    ours = occlusion(lambda x: toy(x)[0, 2], picture, side=4, step=2)
libs = visualization.occlusion_saliency(toy, picture, 2, window=4, stride=2, baseline=0.5)[0]
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-4)}")

# %% [markdown]
# `lib` does the same, 32 windows at a time, and lets the last window of each row end at the border.
# Now as a film: on the left the patch on its way, on the right what the map knows so far. Blue says
# that the score fell there, orange that it rose. Press play.

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
    return plotting.film_figure(
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
# Occlusion asks the network a question it can answer: what if this were not there? But *gray* is
# something, too, a flat square that no camera saw, and the map depends on its size and color. It
# is also slow, a forward pass for every place.
#
# ## Saliency: all pixels at once
#
# Near the image, the score is almost a straight line (Simonyan et al., 2014):
#
# \begin{equation*}
# \begin{gathered}
# S_c(x + \delta) \approx S_c(x) + g \cdot \delta , \\
# g = \frac{\partial S_c}{\partial x} .
# \end{gathered} \tag{2}
# \end{equation*}
#
# One backward pass gives the *gradient* $g$, a number for each value of each pixel $p$. The largest
# of a pixel's three, by absolute value, makes the saliency map ($k$ is the color):
#
# $$
# M_p = \max_k \, | g_{k,p} | . \tag{3}
# $$

# %% tags=["remove-input"]
Prediction(
    "In a saliency map, one pixel of a white wall is bright. What do you know?",
    [
        Choice(
            "The wall is evidence for the class",
            "The absolute value in (3) hides the sign: it might be evidence against it.",
        ),
        Choice(
            "Without this pixel the score would fall",
            "That is what occlusion measures. The gradient speaks of a small change.",
        ),
        Choice(
            "A small change of this pixel would change the score more than elsewhere",
            "That, and no more. It says how sensitive the score is, not what the answer rests on. "
            "The two often go together, but you will see below how often they do not.",
            correct=True,
        ),
    ],
)


# %% tags=["nbval-check-output"]
def saliency(S, x):
    """M (height, width) of x (1, channels, height, width) for a score S."""
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(S(x), x)
    return g[0].abs().amax(0)


ours = saliency(lambda x: toy(x)[0, 2], picture)
libs = visualization.saliency(toy, picture, 2)[0]
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-6)}")

# %% [markdown]
# Why the score and not the probability? The softmax makes a probability rise when *another* class's
# score falls, so its gradient mixes all thousand classes.
#
# Networks with strides lay a fine grid over their gradients: a pixel's share depends on where it falls
# on the grid. For photographs we therefore average each map over four copies, shifted by a few pixels
# (`mean_over_shifts`), for every method alike, and blur it a little for the eye. Scores, below, get the
# maps as they are.


# %%
four = ((0, 0), (5, 2), (1, 4), (4, 6))  # pixels down and to the right


def on_shifts(method, name, **options):
    """The map (height, width) of a photograph, by a method of `lib`, averaged over shifts."""

    def one(x):
        maps = method(classifier, x, targets[name], **options)
        return visualization.channel_maximum(maps) if maps.ndim == 4 else maps

    return visualization.mean_over_shifts(one, photos[name], shifts=four)[0].cpu()


saliencies = {name: on_shifts(visualization.saliency, name) for name in photos}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three photographs, a motorcycle, a cup of coffee and a cat, above their saliency maps. The cup's inside and rim stand out, the motorcycle and the cat only in part; bright spots lie on the background as well."}}
fig, axes = plotting.figure(2, len(photos), height=3.9, squeeze=False)
fig.set_dpi(96)
for (top, below), (name, photo) in zip(axes.T, photos.items(), strict=True):
    plotting.plot_image(top, photo[0], title=classifier.classes[targets[name]])
    plotting.plot_heat(below, saliencies[name], smooth=1.5)
fig

# %% [markdown]
# A number for each pixel, for one backward pass. The cup is there; but the brightest spot beside the
# motorcycle is the pale door behind it. Evidence for it, against it? The map does not say.
#
# ## One neuron
#
# Nothing in (2) needs a class. Take a neuron's activation $a$ as the score, and $\partial a / \partial x$
# shows what it looks at in this image, never beyond its receptive field. Here are three layers, from
# early to late, and in each the neuron that answers most strongly to the middle of the photograph. Each
# column shows the pixels that this neuron can see; the last could see more than the photograph. The
# lowest row uses guided backpropagation, the next section's rule.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three columns for three neurons, from an early to a late layer: above the part of the photograph that the neuron can see, a detail, then the whole cup; below it two maps of these pixels. The gradients of the first two neurons fill only a part of what these can see; that of the last one spreads over the whole picture."}}
sight = names[min(1, len(names) - 1)]
chosen = [convolutions[int(part * len(convolutions))] for part in (0.25, 0.41, 0.9)]
activations = visualization.record_activations(classifier, photos[sight], chosen)
rules = (visualization.input_gradient, visualization.guided_backprop)
boxes, heats = [], []
for layer, values in activations.items():
    edge = values.shape[-1] // 4
    middle = values[0, :, edge:-edge, edge:-edge]
    channel, row, column = (int(i) for i in np.unravel_index(int(middle.argmax()), middle.shape))
    neuron = Neuron(layer, channel, row + edge, column + edge)
    field = visualization.receptive_field(classifier, layer, image_size=(224, 224))
    boxes.append(field.box(neuron.row, neuron.column))
    maps_of_it = [rule(classifier, photos[sight], neuron) for rule in rules]
    heats.append([visualization.channel_maximum(g)[0] for g in maps_of_it])
fig = plotting.neuron_figure(photos[sight][0], boxes, heats, rows=("gradient", "guided"))
fig.set_dpi(110)
fig

# %% [markdown]
# The early neurons use less than they could: most of their gradient lies in a part of the receptive
# field (Luo et al., 2016, call it the effective one). The last neuron's fills the picture.
#
# ## Guided backpropagation
#
# At a ReLU, $y = \max(0, u)$, let $g_u$ and $g_y$ be the score's gradients; $[u > 0]$ is 1 if $u > 0$, else 0,
# as in chapter 1. Neighboring pixels pass different brackets: one reason for the grain. Three rules:
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
# Zeiler and Fergus (2014) made (5) to lead a channel back to the pixels.
# Guided backpropagation (Springenberg et al., 2015) passes signals only through neurons that are on
# *and* raise the score. It is no longer the gradient of anything.


# %% tags=["nbval-check-output"]
class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return u.clamp(min=0)

    @staticmethod
    def backward(ctx, g_y):
        (u,) = ctx.saved_tensors
        return (u > 0) * (g_y > 0) * g_y


x = picture.clone().requires_grad_()
y = toy[2:](GuidedReLU.apply(toy[0](x)))  # the layers before and behind the ReLU
(ours,) = torch.autograd.grad(y[0, 2], x)
libs = visualization.guided_backprop(toy, picture, 2)
print(f"ours and lib's agree: {torch.allclose(ours, libs, atol=1e-6)}")

# %% [markdown]
# For a network that is already built, `lib` puts the rule in while PyTorch's functions are called, so
# it meets every ReLU, be it a module, in place, or used twice. The photograph network has ReLU6, which
# also stops at 6: there $[0 < u < 6]$ stands for $[u > 0]$.
#
# ## The rivals
#
# Many maps have been proposed. Four that are used a lot:
#
# | method | map, before the maximum over colors |
# |---|---|
# | gradient × input (Shrikumar et al., 2017) | $g \odot x$, value times value |
# | SmoothGrad (Smilkov et al., 2017) | mean of $g$ over copies of $x$ with Gaussian noise (0.15 of the range) |
# | integrated gradients (Sundararajan et al., 2017) | $x$ times the mean of $g$ along the line from black to $x$; sums to $S_c(x) - S_c(0)$ |
# | Grad-CAM (Selvaraju et al., 2017) | $\max(0, \sum_k \bar g_k A_k)$, with $A_k$ the channels of a late layer and $\bar g_k$ the gradient by $A_k$, averaged over its places |
#
# Choose a photograph, then go through the methods. Which map would you trust?

# %% tags=["remove-input"]
last = convolutions[-1]
noise = run.pick(quick=1, standard=3)  # for each of four shifts


drawn = {
    "saliency": lambda name: saliencies[name],
    "gradient × input": partial(on_shifts, visualization.input_gradient_times_input),
    "SmoothGrad": lambda name: on_shifts(
        visualization.smoothgrad, name, samples=noise, generator=run.generator("noise")
    ),
    "integrated gradients": partial(on_shifts, visualization.integrated_gradients, steps=8),
    "deconvnet": partial(on_shifts, visualization.deconvnet),
    "guided backprop": partial(on_shifts, visualization.guided_backprop),
    "Grad-CAM": partial(on_shifts, visualization.grad_cam, layer=last, upsample=True),
}
if run.budget == "quick":
    drawn = {name: drawn[name] for name in ("saliency", "guided backprop")}
FrameExplorer(
    lambda photo, method: plotting.heat_figure(
        photos[photo][0].cpu(), drawn[method](photo), title=method, smooth=1.5
    ),
    alt=lambda photo, method: f"The photograph {photo} and, beside it, its map by {method}.",
    title="Which pixels matter, in the opinion of each method?",
    photo=list(photos),
    method=list(drawn),
    start={"method": "guided backprop"},
    pixels=380,
)

# %% [markdown]
# Guided backpropagation draws the cat's eyes and nose as if in chalk. The deconvnet draws a grid, which
# four shifts do not take out. Grad-CAM is as coarse as its layer.
# Who is right? On a photograph nobody knows which pixels *should* matter.
#
# ## Scores against the truth
#
# In rendered scenes the object's mask is known, and the background is drawn at random, so only the object
# tells the class. Five networks, from different seeds, learn ten shapes. Two scores, for a map $M$ and a
# mask $m$ of zeros and ones: *energy inside* (Wang et al., 2020),
#
# $$
# E = \frac{\sum_p m_p\, M_p}{\sum_p M_p} , \tag{7}
# $$
#
# and the *pointing game* (Zhang et al., 2016): 1 if the largest value of $M$ lies inside, else 0. Occlusion's
# negative values count as 0.


# %%
seeds = range(run.pick(quick=3, standard=5))
networks = scene_classifiers(run, seeds=seeds)
scenes = load_scenes(
    run.pick(quick=8, standard=80), generator=run.generator("judged"), size=SCENE_SIZE,
    device=run.device,
)  # fmt: skip
masks = scenes.masks[:, 0]
with torch.no_grad():
    right = [float((n(scenes.images).argmax(1) == scenes.labels).float().mean()) for n in networks]
print("accuracy of the networks:\n ", ", ".join(f"{100 * part:.0f}%" for part in right))


# %% tags=["nbval-check-output"]
def energy(M, m):
    M = M.clamp(min=0)
    return (m * M).sum((1, 2)) / M.sum((1, 2))


M = torch.rand(5, 6, 7, generator=run.generator("maps"))
m = torch.rand(5, 6, 7, generator=run.generator("masks")) < 0.3
same = torch.allclose(energy(M, m), visualization.energy_inside(M, m), atol=1e-5)
print(f"ours and lib's agree: {same}")

# %% [markdown]
# A score means little without a rival that knows nothing. We add two: an even map, whose energy is the
# mask's share of the picture, and a blurred blob in the middle, the same for all scenes.

# %% tags=["remove-input"]
Prediction(
    "Plain saliency against the blob in the middle, which has never seen the picture: which has more "
    "of its energy inside the object?",
    [
        Choice(
            "Saliency, by far: it knows the picture and the network",
            "It knows how sensitive the score is to each pixel. That is spread far wider than the "
            "object.",
        ),
        Choice(
            "The blob",
            "The gradient of a small network is grainy and reaches everywhere; objects in these scenes "
            "stand near the middle, and there the blob sits. Whoever shows you a score should show you such a baseline.",
            correct=True,
        ),
        Choice(
            "Saliency, by a little: most pixels of a scene tell nothing",
            "They tell nothing, but the score reacts to them all the same.",
        ),
    ],
)

# %%
i = torch.arange(SCENE_SIZE, device=run.device) - (SCENE_SIZE - 1) / 2
blob = torch.exp(-(i[:, None] ** 2 + i**2) / (2 * (0.19 * SCENE_SIZE) ** 2))
covering = {"window": 12, "stride": run.pick(quick=12, standard=8), "baseline": 0.5}
few = run.pick(quick=2, standard=16)
methods = {
    "occlusion": partial(visualization.occlusion_saliency, **covering),
    "saliency": visualization.saliency,
    "gradient × input": visualization.input_gradient_times_input,
    "SmoothGrad": lambda *args: visualization.smoothgrad(
        *args, samples=few, generator=run.generator("smooth")
    ),
    "integrated gradients": partial(visualization.integrated_gradients, steps=few),
    "deconvnet": visualization.deconvnet,
    "guided backprop": visualization.guided_backprop,
    "Grad-CAM": partial(visualization.grad_cam, layer="branches.1", upsample=True),
    "blob in the middle": lambda net, images, labels: blob.expand(len(images), -1, -1),
}


# %%
def map_of(method, network, part):
    """The maps (n, height, width) of scenes by one of `methods`."""
    maps = methods[method](network, part.images, part.labels)
    return visualization.channel_maximum(maps) if maps.ndim == 4 else maps


maps = {name: [map_of(name, network, scenes) for network in networks] for name in methods}
energies, points = (
    {name: [float(score(M, masks).mean()) for M in each] for name, each in maps.items()}
    for score in (visualization.energy_inside, visualization.pointing_game)
)
share = float(masks.float().mean())

# %% tags=["hide-input"] mystnb={"image": {"alt": "A rendered scene with its object outlined, and its maps by eight methods with the same outline. Guided backpropagation is bright inside the outline and dark outside. Occlusion is a coarse blot over the object. Saliency, gradient times input, SmoothGrad and integrated gradients are grainy and spread beyond the object."}}
fig = plotting.maps_figure(
    scenes.images[0], masks[0], {name: maps[name][0][0] for name in list(methods)[:-1]}
)
fig

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two dot charts with one row a method, a dot for each network and an interval. In energy inside the mask, guided backpropagation leads, then come occlusion, deconvnet, the blob in the middle and Grad-CAM; saliency and its relatives are last. In the pointing game occlusion, deconvnet, the blob and guided backpropagation are close together in front; saliency is last."}}
fig, axes = plotting.figure(1, 2, height=3.6, sharey=True)
order = sorted(methods, key=lambda name: -np.mean(energies[name]))
for ax, scores, label in zip(axes, (energies, points), ("energy inside", "pointing game")):
    plotting.plot_intervals(
        ax, {name: scores[name] for name in order}, reference=share, sort=False,
        colors={"blob in the middle": plotting.style.GRAY},
    )  # fmt: skip
    ax.set(xlim=(0, 1), xlabel=label)
    ax.text(share + 0.02, len(order) - 1, "mask's\nshare", fontsize=9, va="center", color="dimgray")
fig

# %% [markdown]
# Each dot is one network's mean over the scenes; the gray line is the mask's share, where an even map
# lies. Claims, with the five networks as repeats; first the best map against the blob:

# %% tags=["nbval-check-output"]
E, P = ({name: np.array(v) for name, v in scores.items()} for scores in (energies, points))
verdicts = [
    claim("guided-beats-the-blob-by-energy",
          "Guided backprop has more of its energy inside the object than a blob in the middle",
          E["guided backprop"] - E["blob in the middle"], above=0, rows=("M45", "B1"), run=run),
    claim("guided-beats-the-blob-by-pointing",
          "In the pointing game, guided backprop beats a blob in the middle",
          P["guided backprop"] - P["blob in the middle"], above=0, expect="inconclusive",
          rows=("M45", "B1"), run=run),
    claim("occlusion-points-better",
          "Occlusion wins the pointing game against saliency by over 0.1",
          P["occlusion"] - P["saliency"], above=0.1, rows=("M41", "B1"), run=run),
    claim("blob-beats-saliency",
          "A blob in the middle has more of its energy inside the object than saliency",
          E["blob in the middle"] - E["saliency"], above=0, rows=("M42", "B1"), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
verdicts[0]

# %% tags=["remove-input"]
verdicts[1]

# %% tags=["remove-input"]
verdicts[2]

# %% tags=["remove-input"]
verdicts[3]

# %% [markdown]
# Back to the prediction: the blob beats saliency, which spreads wide. Neither measure proves a map wrong:
# the class score *is* that sensitive, there. Guided backpropagation finds the object by energy; by pointing,
# five networks do not tell it from the blob. Whether it says anything about *the network* is another
# question.
#
# ## Shuffle the weights
#
# Adebayo et al. (2018) proposed it: destroy what the network has learned, and look again. A map that
# explains the network must change. We shuffle the weights within layers, beginning at the top; then
# the classes mean nothing any more. Here is the photograph network.

# %% tags=["remove-input"]
Prediction(
    "The last layer of the photograph network, which alone knows the thousand classes, gets its "
    "weights shuffled. What becomes of guided backpropagation's map?",
    [
        Choice(
            "It turns into noise",
            "A map that explained the class would have to. Look below.",
        ),
        Choice(
            "It shows the parts of another class",
            "It starts from a random mix of features now, no class at all, and hardly takes notice.",
        ),
        Choice(
            "It stays nearly as it was",
            "Whatever the score starts from, the rule lets the same strong, positive paths through: "
            "edges of what is active. The map is a drawing of the picture more than of the answer.",
            correct=True,
        ),
    ],
)

# %% tags=["remove-input"]
leaves = [n for n, m in classifier.named_modules() if list(m.parameters(recurse=False))][::-1]
stages = {"nothing": 0, "the last layer": 1, "the top tenth": 0.1, "the top half": 0.5, "all": 1.0}
stages = {name: stages[name] for name in run.pick(quick=list(stages)[:2], standard=list(stages))}


def forgetful(part):
    count = part if isinstance(part, int) else int(part * len(leaves))
    generator = run.generator("shuffle")
    return (
        visualization.randomize_layers(classifier, leaves[:count], generator=generator)
        if count
        else classifier
    )


damaged = {name: forgetful(part) for name, part in stages.items()}
sane = {
    "guided backprop": visualization.guided_backprop,
    "saliency": visualization.saliency,
    "Grad-CAM": partial(visualization.grad_cam, layer=last, upsample=True),
}


def damaged_map(stage, method):
    def one(x):
        maps = sane[method](damaged[stage], x, targets[subject])
        return visualization.channel_maximum(maps) if maps.ndim == 4 else maps

    x = photos[subject]
    return visualization.mean_over_shifts(one, x, shifts=four)[0].cpu()


def says(stage):
    with torch.no_grad():
        return classifier.classes[int(damaged[stage](photos[subject]).argmax())]


subject = names[-1]
FrameExplorer(
    lambda method, stage: plotting.heat_figure(
        photos[subject][0].cpu(), damaged_map(stage, method), smooth=1.5,
        title=f"it now says: {says(stage)}",
    ),
    alt=lambda method, stage: (
        f"The photograph {subject} and its map by {method}, with {stage} of the network shuffled; "
        f"the network then says {says(stage)}."
    ),
    title="Which map notices that the network has lost its mind?",
    method=list(sane),
    stage=Control(list(stages), label="Shuffled"),
    start={"stage": "nothing"},
    still={"stage": list(stages)[-1]},
    pixels=380,
)  # fmt: skip

# %% [markdown]
# Shuffle the last layer, then more. Up to the top tenth the eye sees a cat and believes, while the network calls it
# something else each time. Saliency keeps its grain and moves its brightest spots. Grad-CAM notices at once (where it is black, nothing was positive).
#
# Now with numbers, on the scenes: the same shuffling from the top, and each time the energy inside the
# mask. A network that has lost its classes has less to say about the object, so an honest map should lose
# much of its lead over the mask's share, the dashed line. It may keep some: lower layers are still whole
# and react to the object more than to its ground.

# %%
judged = scenes.subset(slice(0, run.pick(quick=4, standard=20)))
inside = judged.masks[:, 0]
tops = ["logits", "hidden", "branches.1", "branches.0", "widen", "stem"]
depths = (0, 1, 2, 4, 6)
sunk, ranks = ({name: [] for name in plotting.METHOD_COLORS if name in methods} for _ in range(2))


def forget(network, depth, k):
    """The network with its `depth` topmost parts shuffled."""
    shuffle = run.generator("forget", k)
    gone = tops[:depth]
    return visualization.randomize_layers(network, gone, generator=shuffle) if gone else network


for name in sunk:
    for k, network in enumerate(networks):
        each = [map_of(name, forget(network, depth, k), judged) for depth in depths]
        sunk[name].append([float(visualization.energy_inside(M, inside).mean()) for M in each])
        ranks[name].append(float(visualization.rank_correlation(each[0], each[2]).mean()))
print("rank correlation, two layers shuffled:")
print(*(f"  {name}: {np.mean(values):.2f}" for name, values in ranks.items()), sep="\n")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart: energy inside the mask against the layers shuffled so far, for four methods. Occlusion falls at once, by more than half of its lead over the dashed line, the mask's share. Saliency and Grad-CAM, which began lower, come close to that line. Guided backpropagation stays far above it until nearly all layers are shuffled."}}
fig, ax = plotting.figure(height=3.6)
labels = ["none", "logits", "+ hidden", "+ blocks", "all"]
inside_share = float(inside.float().mean())
plotting.plot_forgetting(ax, sunk, labels, share=inside_share)
ax.set(ylim=(0, 0.75))
ax.legend(fontsize=9, ncols=2, loc="upper right")
fig

# %% [markdown]
# Adebayo et al. compare maps by their *rank correlation*, printed above: 1 if both maps put the pixels in
# the same order, 0 if the orders have nothing in common. By it saliency changes little,
# too: its fine grain comes from the lowest layers, which are still whole. The energy tells more. We
# compare what lies above the dashed line, with the two top layers shuffled and before: how much of a
# map's knowledge is left when the network has none?

# %% tags=["nbval-check-output"]
left_over = {
    name: [(row[2] - inside_share) / (row[0] - inside_share) for row in rows]
    for name, rows in sunk.items()
}
sanity = [
    claim("guided-ignores-the-network",
          "With its two top layers shuffled, guided backprop keeps over half of its lead over the "
          "mask's share",
          left_over["guided backprop"], above=0.5, rows=("M45", "B1"), run=run),
    claim("occlusion-notices",
          "With its two top layers shuffled, occlusion keeps less than half of its lead over the "
          "mask's share",
          left_over["occlusion"], below=0.5, rows=("M41", "B1"), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
sanity[0]

# %% tags=["remove-input"]
sanity[1]

# %% [markdown]
# Guided backpropagation has the best score and fails the test: it draws the object for networks that
# have kept their lower layers and forgotten the rest. Nie et al. (2018) show why: its rule recovers a part
# of the picture itself. Use it to see *what features* are there, not *why* an answer came out.
#
# ## The wolf and the snow
#
# Ribeiro et al. (2016) built a classifier of wolves and huskies from photographs in which all wolves
# stood in snow. It looked at the snow. Here is ours: scenes in which each shape has its own ground. Stars
# stand on snow, fish lie on wood. Five networks learn from them.

# %%
size, steps = run.pick(quick=200, standard=1500), run.pick(quick=20, standard=300)
make = partial(load_scenes, size=SCENE_SIZE, device=run.device)
tied = make(size, generator=run.generator("tied"), bias=1.0)
tied_test = make(run.pick(quick=50, standard=300), generator=run.generator("tied test"), bias=1.0)
free_test = make(run.pick(quick=50, standard=300), generator=run.generator("free test"))
trials = [Trial(k, steps, network=NETWORK) for k in seeds]
tests = {"tied": tied_test, "free": free_test}
wolves = run_trials(trials, tied, tests, run=run, keep_models=True)
print("accuracy on scenes like these:\n ", *(f"{o.accuracy['tied']:.0f}%" for o in wolves))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four rows of five scenes, one scene for each shape, titled by its ground. In the upper two rows, tied scenes, each shape has a ground of its own. In the lower two, free scenes, the grounds come in no order."}}
fig, axes = plotting.figure(4, 5, height=5.2)
for half, (label, part) in zip((axes[:2], axes[2:]), (("tied", tied_test), ("free", free_test))):
    for k, ax in enumerate(half.flat):
        rows = (part.labels == k).nonzero()[:, 0]
        i = int(rows[0]) if len(rows) else 0
        plotting.plot_image(ax, part.images[i], title=part.scenes[i].background)
    for row in half:
        row[0].set_ylabel(label, fontsize=10)
fig

# %% [markdown]
# A high accuracy, on new pictures, by the book: training and test do not overlap. Would you ship it?

# %% tags=["remove-input"]
Prediction(
    "Ten shapes, and over 95% right on new tied scenes. How many would these networks get right on free "
    "scenes, where a shape may stand on any ground?",
    [
        Choice(
            "Over 80%: the shapes are the same",
            "They are, but nothing made the networks use them.",
        ),
        Choice(
            "About half",
            "Shape and ground would then share the work. Nothing forces them to: the ground is enough.",
        ),
        Choice(
            "Under 30%",
            "The ground told the class without fail, so the shape was hardly learned. The accuracies "
            "stand in the claim below.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# Look at what it looks at. Occlusion passed the test above, so we take occlusion, on the tied scenes:
# for the network that learned from them, and for one that learned from free ones. Blue lowers the score
# when covered; each map has its own scale.

# %% tags=["remove-input"]
gallery = tied_test.subset(slice(0, run.pick(quick=2, standard=8)))
pair = {"learned from tied": wolves[0].model.to(run.device).eval(), "from free": networks[0]}
seen = {name: map_of("occlusion", network, gallery).cpu() for name, network in pair.items()}
FrameExplorer(
    lambda scene: plotting.suspect_figure(
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
# In most scenes the one reads water and grass, the other parts of the thing. The left maps alone raise the suspicion,
# without a single free test picture; the right ones say what to expect of a network that reads objects.
# Now the numbers: the energy inside the object, for five networks of each kind, and beside them the mask's
# share, where a map that knows nothing lies.


# %%
def energy_on(outcome_models, part):
    """The mean energy inside the object by occlusion, for each network."""
    part = part.subset(slice(0, run.pick(quick=4, standard=40)))
    return np.array(
        [
            float(
                visualization.energy_inside(map_of("occlusion", m, part), part.masks[:, 0]).mean()
            )
            for m in outcome_models
        ]
    )


wolf_models = [outcome.model.to(run.device).eval() for outcome in wolves]
by_wolves = energy_on(wolf_models, tied_test)
by_honest = energy_on(networks, tied_test)
accuracy = {part: np.array([o.accuracy[part] for o in wolves]) for part in tests}

# %% tags=["nbval-check-output"]
bias_found = [
    claim("maps-find-the-background",
          "On tied scenes, networks that learned from tied ones have over 0.1 less energy inside",
          by_wolves - by_honest, below=-0.1, rows=("M43", "B1"), run=run),
    claim("tied-backgrounds-cost",
          "On free scenes they lose over 50 points of accuracy",
          accuracy["free"] - accuracy["tied"], below=-50, unit="points", rows=("M43",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
bias_found[0]

# %% tags=["remove-input"]
bias_found[1]

# %% [markdown]
# The maps had warned us. The network is not stupid: the ground predicted the class without fail and was
# easier to see than a shape. What did you ask for, when you gave it these pictures?
#
# ### Repair the data
#
# More of the same pictures would not help, we expect. We add as many *free* ones, where the ground says nothing,
# and train again, with everything else the same. For comparison stand the networks of the scores, which
# learned from free scenes alone, and for longer.

# %%
free = make(size, generator=run.generator("free"))
together = ImageDataset(
    torch.cat([tied.images, free.images]), torch.cat([tied.labels, free.labels]), tied.classes
)
repaired = run_trials(trials, together, tests, run=run, keep_models=True)
repaired_models = [outcome.model.to(run.device).eval() for outcome in repaired]
by_repaired = energy_on(repaired_models, tied_test)
repaired_free = np.array([o.accuracy["free"] for o in repaired])

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two dot charts with three rows: learned from tied scenes, from tied and free ones, from free ones alone. Left, the energy inside the object with a gray line at the mask's share, right, the accuracy on free scenes with one at guessing. Both are lowest for the first and much higher for the other two."}}
with torch.no_grad():
    honest = [
        100 * float((n(free_test.images).argmax(1) == free_test.labels).float().mean())
        for n in networks
    ]
fig, axes = plotting.figure(1, 2, height=2.2, sharey=True)
tied_share = float(tied_test.masks.float().mean())
for ax, values, line in zip(
    axes, ((by_wolves, by_repaired, by_honest), (accuracy["free"], repaired_free, honest)),
    (tied_share, 10),
):  # fmt: skip
    rows = dict(zip(("tied", "tied and free", "free, longer"), map(list, values), strict=True))
    plotting.plot_intervals(ax, rows, reference=line, sort=False)
axes[0].set(xlim=(0, 0.8), xlabel="energy inside,\ntied scenes")
axes[1].set(xlim=(0, 100), xlabel="accuracy on\nfree scenes (%)")
fig

# %% tags=["nbval-check-output"]
repair = [
    claim("maps-move-to-the-object",
          "After the repair, the networks have over 0.1 more energy inside the object",
          by_repaired - by_wolves, above=0.1, rows=("M43", "B1"), run=run),
    claim("repair-pays", "On free scenes, the repair gains over 30 points",
          repaired_free - accuracy["free"], above=30, unit="points", rows=("M43",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
repair[0]

# %% tags=["remove-input"]
repair[1]

# %% [markdown]
# (Gray lines: the mask's share, and guessing one of ten.) The maps moved from the ground to the object,
# with half of the training pictures still tied.
#
# ## Exercises
#
# ### Exercise 1: the pointing game
#
# ★☆☆, 10 minutes. Write it: for each map, 1 if its largest value lies inside the mask, else 0. If
# several pixels share the largest value, take any of them; no case of the checks has such ties across the
# border of a mask. No loop is needed.


# %% tags=["exercise"] exercise="pointing-game" points=4
def pointing_game(maps, masks):
    """maps (n, h, w), masks (n, h, w) bool -> (n,), 1.0 or 0.0."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
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


# %% tags=["nbval-check-output"]
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
# ★★☆, 20 minutes. With $K$ steps and a black baseline, the map is
#
# $$
# x \odot \frac1K \sum_{k=0}^{K-1} \frac{\partial S_c}{\partial x}\bigg|_{\frac{k + 1/2}{K}\, x} .
# $$
#
# Write it, and see that it sums to $S_c(x) - S_c(0)$ when $K$ is large. Why is that so? (Think of the
# score along the line as a function of one number.)


# %% tags=["exercise"] exercise="integrated-gradients" points=6
def integrated_gradients(model, images, labels, K):
    """images (n, c, h, w), labels (n,), K steps -> (n, c, h, w)."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_integrated_gradients(integrated_gradients)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="integrated-gradients" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def integrated_gradients(model, images, labels, K):
    """images (n, c, h, w), labels (n,), K steps -> (n, c, h, w)."""
    total = torch.zeros_like(images)
    for k in range(K):
        x = ((k + 0.5) / K * images).requires_grad_()
        scores = model(x).gather(1, labels[:, None])
        total += torch.autograd.grad(scores.sum(), x)[0]
    return images * total / K


checks.check_integrated_gradients(integrated_gradients)

# %% [markdown]
# Why the sum: along the line $t x$, the score is a function of $t$ with the derivative
# $x \cdot \partial S_c / \partial x$. The map sums to the mean of this derivative at $K$ middles, a Riemann
# sum of its integral from 0 to 1, which is $S_c(x) - S_c(0)$.
#
# ### Exercise 4: three suspects
#
# ★★★, 20 minutes. Write a detective. It gets a network, images with labels, and regions: for each
# name a mask for every image ("object", "background", "mark": a small square in the corner). It
# returns the name of the region that the network reads. Any method of this chapter may serve, or
# none of them: you may also change the images. The check has networks built by hand.


# %% tags=["exercise"] exercise="suspects" points=8
def looks_at(model, images, labels, regions):
    """images (n, 3, h, w), labels (n,), regions {name: (n, h, w) bool} -> a name."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_looks_at(looks_at)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="suspects" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def looks_at(model, images, labels, regions):
    """images (n, 3, h, w), labels (n,), regions {name: (n, h, w) bool} -> a name."""

    # Occlusion again, with a region for a window: which one lowers the score most, if gray?
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
# And three suspects that were trained, not built: one learned from tied scenes, one from free ones, one
# from free ones with a mark in the corner whose color gives the class away. How
# often each is right on such pictures is printed below. What does your detective say?

# %% tags=["hide-input"]
colors = torch.rand(10, 3, generator=run.generator("marks")).to(run.device)


def marked(part):
    """The scenes with a mark in the corner, colored by the label."""
    images = part.images.clone()
    images[:, :, :10, :10] = colors[part.labels][:, :, None, None]
    return ImageDataset(images, part.labels, part.classes)


bribed = run_trials(trials[:1], marked(free), {}, run=run, keep_models=True)[0].model
evidence = marked(tied_test)
mark = torch.zeros_like(tied_test.masks[:, 0])
mark[:, :10, :10] = True
body = tied_test.masks[:, 0] & ~mark
regions = {"object": body, "background": ~(body | mark), "mark": mark}
suspects = {"A": bribed.to(run.device).eval(), "B": networks[1], "C": wolf_models[1]}
for name, suspect in suspects.items():
    with torch.no_grad():
        correct = (suspect(evidence.images).argmax(1) == evidence.labels).float().mean()
    print(f"{name} is right in {100 * float(correct):.0f}%")
fig, axes = plotting.figure(1, 4, height=1.5)
for ax, image in zip(axes, evidence.images, strict=False):
    plotting.plot_image(ax, image)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four scenes, each an object on its ground, with a colored square in the upper left corner."}}
fig

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the verdicts on the three", "code_prompt_hide": "Hide the verdicts"}
for name, suspect in suspects.items():
    print(f"{name} looks at: {looks_at(suspect, evidence.images, evidence.labels, regions)}")

# %% [markdown]
# ## Summary
#
# - Occlusion asks what the score would be without a part. It is slow and depends on what covers.
# - Saliency is the gradient of the score: where a small change matters. It is fast, grainy, and says
#   nothing about sign or support.
# - One neuron's gradient stays inside its receptive field.
# - Guided backpropagation passes positive signals only. It has the most energy on the object, and goes on drawing
#   it when the network has forgotten its classes.
# - A score needs a baseline that knows nothing; a map needs a network that knows nothing.
# - Maps can reveal that a network reads the background. The cure is in the data.
#
# **Limits.** One small network from five seeds, rendered objects near the middle of the picture; energy
# inside a mask supposes that a network reads the object alone, which free backgrounds make
# likely and do not prove. We shuffle weights, once for each network, where Adebayo et al. draw them
# anew. Trainings are short, and the gain of the repair depends on their length. Photographs illustrate; they prove nothing.
#
# ## Sources
#
# - Adebayo et al. (2018). Sanity checks for saliency maps. NeurIPS.
#   [arXiv:1810.03292](https://arxiv.org/abs/1810.03292)
# - Luo, Li, Urtasun, Zemel (2016). Understanding the effective receptive field in deep convolutional
#   neural networks. NeurIPS. [arXiv:1701.04128](https://arxiv.org/abs/1701.04128)
# - Nie, Zhang, Patel (2018). A theoretical explanation for perplexing behaviors of
#   backpropagation-based visualizations. ICML. [arXiv:1805.07039](https://arxiv.org/abs/1805.07039)
# - Ribeiro, Singh, Guestrin (2016). "Why should I trust you?" Explaining the predictions of any
#   classifier. KDD. [arXiv:1602.04938](https://arxiv.org/abs/1602.04938)
# - Selvaraju et al. (2017). Grad-CAM. ICCV. [arXiv:1610.02391](https://arxiv.org/abs/1610.02391)
# - Shrikumar, Greenside, Kundaje (2017). Learning important features through propagating activation
#   differences. ICML: gradient × input. [arXiv:1704.02685](https://arxiv.org/abs/1704.02685)
# - Simonyan, Vedaldi, Zisserman (2014). Deep inside convolutional networks. ICLR workshop.
#   [arXiv:1312.6034](https://arxiv.org/abs/1312.6034)
# - Smilkov et al. (2017). SmoothGrad. [arXiv:1706.03825](https://arxiv.org/abs/1706.03825)
# - Springenberg, Dosovitskiy, Brox, Riedmiller (2015). Striving for simplicity. ICLR workshop.
#   [arXiv:1412.6806](https://arxiv.org/abs/1412.6806)
# - Sundararajan, Taly, Yan (2017). Axiomatic attribution for deep networks. ICML.
#   [arXiv:1703.01365](https://arxiv.org/abs/1703.01365)
# - Zeiler, Fergus (2014). Visualizing and understanding convolutional networks. ECCV.
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901)
# - Wang et al. (2020). Score-CAM. CVPR workshop: the energy inside.
#   [arXiv:1910.01279](https://arxiv.org/abs/1910.01279)
# - Zhang et al. (2016). Top-down neural attention by excitation backprop. ECCV: the pointing game.
#   [arXiv:1608.00507](https://arxiv.org/abs/1608.00507)
