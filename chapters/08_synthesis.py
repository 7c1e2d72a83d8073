# ---
# jupyter:
#   course:
#     builds_on: [06_features, 07_saliency]
#     compute_minutes: 2
#     exercise_minutes: 40
#     reading_minutes: 65
#     rows: [M46, M47, M48, M49, M50, M51, M52, M53]
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
# # Images made by gradients
#
# Training changes the weights and leaves the pictures alone. In this chapter you do the opposite:
# the weights stay, and the gradient changes the pixels.
#
# After this chapter you can
#
# - draw what a network takes for a cat, from a gray start, and say what each regularizer adds;
# - change a photograph so that you see no difference and the network does, and test a defense
#   honestly;
# - recover a picture from the features of a layer, and see what the layer has kept;
# - make deep dreams, textures, and a cat painted like a flower, with one function.
#
# You need chapters 1 and 6. Words, in case they are new:
#
# | word | meaning |
# |---|---|
# | score | a network's output for one class, before the softmax; also called logit |
# | gradient ascent | steps along the gradient, which raise a number; descent with the sign turned |
# | regularizer | a wish beyond the score, such as: be smooth |
# | features | the output of a layer: channels × height × width numbers |
# | parametrization | the numbers that are optimized, and how they become pixels |

# %% tags=["parameters"]
budget, seed, device, model = None, 0, "auto", "efficientnet_lite0"  # or "vgg19"

# %%
from functools import partial
from itertools import count

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lib import augmentation, checks, models, plotting, runtime, visualization
from lib.claims import claim
from lib.datasets.photos import load_photo
from lib.datasets.scenes import load_scenes
from lib.models.pretrained import load_photo_classifier
from lib.training import SGD, accuracy, fit, minibatches, predict
from lib.visualization import objectives, parametrizations, regularizers, transforms
from lib.widgets import Choice, Control, FrameExplorer, Prediction
from lib.workers import spread, worker_count

run = runtime.start(budget, seed=seed, device=device, as_written=model == "efficientnet_lite0")
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The network is EfficientNet-Lite0, trained on ImageNet's 1000 classes, and small. Most pictures of
# this kind that you have seen come from VGG-19, which is 30 times as large, has no shortcuts and no
# narrow layers, and gives smoother gradients: its textures and styles are better than ours. With an
# internet connection, set `model = "vgg19"` in the first cell and run all of it again; it takes many times as
# long.

# %%
classifier = load_photo_classifier(model).to(run.device, memory_format=torch.channels_last)
if model == "vgg19":
    DEPTHS = [f"network.features.{i}" for i in (1, 6, 11, 20, 29)] + ["network.classifier.4"]
    RECTIFIED = DEPTHS[:4]
else:
    DEPTHS = [f"network.blocks.{name}" for name in ("0.0", "1.1", "2.1", "3.2", "4.2", "5.3")]
    RECTIFIED = ["network.bn1", *(f"network.blocks.{i}.0.bn1" for i in (1, 2, 3))]
size = run.pick(quick=64, standard=128)  # pixels on a side
workers = run.pick(quick=1, standard=worker_count(run))  # they take seconds to start


def square(name, left=0.5, side=None):
    photo = augmentation.resize_short_side(load_photo(name)[None], side or size)
    start = int(left * (photo.shape[-1] - photo.shape[-2]))
    return photo[..., start : start + photo.shape[-2]].to(run.device)


def class_number(name):
    return classifier.classes.index(name)


# %% [markdown]
# ## Up the gradient of a score
#
# | symbol | meaning |
# |---|---|
# | $I$ | a picture, channels × height × width, measured from mean gray |
# | $S_c(I)$ | the score of class $c$, before the softmax |
# | $\lambda$, $\eta$ | the weight of the regularizer; the learning rate |
#
# Which picture does the network like best as a cat? Simonyan et al. (2014) ask for
#
# $$
# \arg\max_I \; S_c(I) - \lambda \lVert I \rVert_2^2 . \tag{1}
# $$
#
# Start from zeros, $I = 0$, a gray picture, and take plain gradient steps:
#
# $$
# I \leftarrow I + \eta \left( \frac{\partial S_c}{\partial I} - 2 \lambda I \right) . \tag{2}
# $$
#
# The L2 term keeps pixels from running off. And it is the score that rises, not the probability: the
# softmax can make a cat more probable by making dogs less so.


# %%
def ascend(S, c, I, lam, eta, steps):
    for _ in range(steps):
        I = I.detach().requires_grad_()
        (dS_dI,) = torch.autograd.grad(S(I)[:, c].sum(), I)
        I = I + eta * (dS_dI - 2 * lam * I)
    return I.detach()


# %% tags=["nbval-check-output"]
cat = class_number("Persian cat")
weights = {"lam": 0.001, "steps": 4}
ours = ascend(lambda I: classifier(0.5 + I), cat, torch.zeros(1, 3, 64, 64).to(run.device),
              eta=0.5, **weights)  # fmt: skip
libs = visualization.gradient_ascent(classifier, cat, size=(3, 64, 64), lr=0.5, **weights)
print(f"equal to lib's: {torch.allclose(0.5 + ours, libs.images, atol=1e-3)}")

# %% tags=["remove-input"]
Prediction(
    "The score of “Persian cat” climbs for 128 steps, far above that of our photograph of a cat. "
    "What do you see in the picture?",
    [
        Choice(
            "A cat, a little blurred",
            "Nothing in (1) asks for the smoothness of photographs, and the L2 term does not either.",
        ),
        Choice(
            "Grain, in which one may guess fur here and there",
            "Almost every direction in the space of pictures is grain, and many of them raise the "
            "score a little. Steps along the gradient take all of them.",
            correct=True,
        ),
        Choice(
            "An even gray",
            "The gradient of the score is not zero at gray, so the picture moves. The L2 term is weak.",
        ),
    ],
)

# %% [markdown]
# ## Better wishes
#
# What is missing is a *prior*: what pictures are like, whatever they show. Yosinski et al. (2015)
# put an operation $r_\theta$ behind each step,
#
# $$
# I \leftarrow r_\theta\!\left( I + \eta \, \frac{\partial S_c}{\partial I} \right), \tag{3}
# $$
#
# with settings $\theta$, such as L2 decay, or a Gaussian **blur** every few steps. Or pixels are set to gray whose norm
# is small, or whose contribution $\lvert \sum_\text{channels} I \, \partial S_c / \partial I \rvert$ is: the cat
# does not need them.
#
# Others (Mahendran and Vedaldi, 2015) put the wish into the objective: *total variation*, the mean squared step from a pixel to the
# next, which you will write in exercise 1.


# %% tags=["nbval-check-output"]
def blur_and_clip(I, gradient, step, percent=20):
    norm = I.norm(dim=1, keepdim=True)
    I = torch.where(norm < norm.quantile(percent / 100), 0, I)
    contribution = (I * gradient).sum(dim=1, keepdim=True).abs()
    I = torch.where(contribution < contribution.quantile(percent / 100), 0, I)
    return I if step % 4 else transforms.gaussian_blur(I, 1.0)


g = run.generator("pixels")
I, gradient = (torch.randn(1, 3, 16, 16, generator=g) for _ in range(2))
x = 0.5 + I
yosinski = (regularizers.clip_small_norm(20), regularizers.clip_small_contribution(20),
            regularizers.blur_every(4, sigma=1.0))  # fmt: skip
for r in yosinski:
    x = r(x, gradient, 4)
print(f"equal to lib's: {torch.allclose(0.5 + blur_and_clip(I, gradient, 4), x, atol=1e-5)}")

# %% [markdown]
# Two more ideas changed the field (Olah et al., 2017). **Robustness**: before each step the picture is
# shifted, scaled and turned a little, at random. Grain that fits one alignment does not survive this.
#
# **Other coordinates**: a picture is a sum of waves. Optimize the waves' amplitudes $z$ (the Fourier
# coefficients) instead of the pixels, divided by the frequency $f$, and squash the sum into (0, 1):
#
# $$
# x = \sigma\big( F^{-1}( z / f^{\alpha} ) \big) . \tag{4}
# $$
#
# $F^{-1}$ adds up the waves, $\sigma$ is the sigmoid. The objective is the same, but a step of
# equal size in all $z$ is now large, smooth and only then fine, as photographs are ($\alpha \approx 1$).
# (The code's $n / 4$ makes this alike at every size; `lib` can mix colors, too.)


# %% tags=["nbval-check-output"]
def waves(z, alpha):
    n = z.shape[2]  # pixels on a side
    f = torch.hypot(torch.fft.fftfreq(n)[:, None], torch.fft.rfftfreq(n)[None])
    f = n * f.clamp(min=1 / n)  # waves across the picture, 1 for the longest
    return torch.sigmoid(torch.fft.irfft2(z / f**alpha * n / 4, norm="ortho"))


noise = parametrizations.noise(1, 3, 16, 16, std=0.1, generator=run.generator("waves"))
libs = parametrizations.fourier(noise, decay=1.1, decorrelate=False)
z = torch.view_as_complex(libs.start)
print(f"equal to lib's: {torch.allclose(waves(z, 1.1), libs.images(), atol=1e-5)}")

# %% [markdown]
# Five methods, from gray or nearly so, at one size, for the same number of steps:

# %%
steps = run.pick(quick=16, standard=128, full=512)
robust = (
    transforms.pad(size // 12), transforms.jitter(size // 12), transforms.scale(0.85, 1.2),
    transforms.rotate(12), transforms.jitter(size // 24),
)  # fmt: skip
ascend_by = partial(visualization.synthesize, classifier, steps=steps, keep_every=steps // 16)


def smooth_start(pictures, *stream):
    made = parametrizations.fourier_noise(
        pictures, 3, size, size, decay=1.1, generator=run.generator("start", *stream)
    )
    return parametrizations.moved(made, run.device)


# %%
def synthesize_by(method):
    score, smooth = objectives.class_score(cat), 1000 * objectives.total_variation()
    gray = torch.full((1, 3, size, size), 0.5, device=run.device)
    plain = {"optimizer": torch.optim.SGD, "parametrization": parametrizations.pixels(gray)}
    shake = {"transforms": robust, "generator": run.generator("shake")}
    fourier = {"parametrization": smooth_start(1)}
    if method == METHODS[0]:
        return ascend_by(score - 0.001 * objectives.squared_norm(center=0.5), lr=0.5, **plain)
    if method == METHODS[1]:
        wishes = (regularizers.decay(0.01), *yosinski)
        return ascend_by(score, lr=1.0, regularizers=wishes, **plain)
    if method == METHODS[2]:
        start = {"parametrization": parametrizations.bounded_pixels(gray)}
        return ascend_by(score - smooth, lr=0.05, **start, **shake)
    if method == METHODS[3]:
        return ascend_by(score, lr=0.08, **fourier)
    return ascend_by(score - smooth, lr=0.08, **fourier, **shake)


METHODS = ["L2", "blur and clip", "smooth and shaken", "Fourier", "Fourier, smooth and shaken"]
ascents = dict(zip(METHODS, spread(synthesize_by, METHODS, workers=workers)))

# %% [markdown]
# Start with L2 and press play. Then go through the methods from top to bottom. All pictures are shown
# with the contrast of a photograph: in truth the grain of L2 goes far beyond [0, 1], and the clouds
# that the last two start from are faint.

# %% tags=["hide-input"]
highest = 1.05 * max(float(ascent.scores.max()) for ascent in ascents.values())


def ascent_frame(method, step):
    ascent = ascents[method]
    image = plotting.even_contrast(ascent.frames[ascent.frame_steps.index(step), 0])
    return plotting.ascent_figure(
        image, ascent.scores[:, 0].cpu(), step=step, highest=highest, note=f"step {step}"
    )


FrameExplorer(
    ascent_frame,
    alt=lambda method, step: (
        f"The picture after {step} steps of gradient ascent by the method “{method}”, beside the "
        "curve of what the method raises, on which a dot marks the step."
    ),
    title="What does each wish add to the picture of a cat?",
    method=METHODS,
    step=[0, *(steps // k for k in (16, 4, 1))],
    start={"step": steps},
    play="step",
    pixels=460,
)  # fmt: skip

# %%
x0 = square("chelsea", left=0.4)
with torch.no_grad():
    scores = {name: classifier(ascent.images)[0, cat] for name, ascent in ascents.items()}
    scores["a photograph of a cat"] = classifier(x0)[0, cat]
for name, score in scores.items():
    print(f"score of Persian cat: {float(score):5.1f} for {name}")

# %% [markdown]
# Blur and clipping bring out a face, in wild colors. Fourier coordinates bring fur and better colors,
# and with smoothness and shaking an eye looks at you. (In pixels, smoothness and shaking alone leave grain: each step
# makes it anew.) The curves show what each method raises: the score less its wishes, on shaken pictures. The table
# shows the scores of the pictures themselves, far above a photograph's. They say what the network reacts to, among
# all pictures, and photographs are a vanishing part of these. The priors bring the search back to where we can look.
#
# Other classes, by the last method, with a quarter fewer steps:

# %%
gallery = ["goldfish", "giant panda", "space shuttle", "jellyfish", "volcano", "flamingo"]


def portraits(names):
    c = [class_number(name) for name in names]
    objective = objectives.class_score(c) - 1000 * objectives.total_variation()
    return ascend_by(
        objective, parametrization=smooth_start(len(c), *names), lr=0.08, keep_every=None,
        steps=3 * steps // 4, transforms=robust, generator=run.generator("shake"),
    ).images.cpu()  # fmt: skip


portrait = torch.cat(spread(portraits, [gallery[:3], gallery[3:]], workers=workers))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Six synthesized pictures in muted colors, two rows of three: an orange body for goldfish, black and white fur among green for giant panda, a white hull above billowing clouds for space shuttle, bells with threads for jellyfish, a glowing slope under smoke for volcano, and reddish curves for flamingo."}}
shown = torch.stack([plotting.even_contrast(image, spread=0.22) for image in portrait])
fig = plotting.pictures_figure([shown[:3], shown[3:]], gallery)
fig

# %% [markdown]
# Look for what else is there: the shuttle comes with its smoke. That is what the network has learned
# to use. And parts come in any number and any place, since the score comes from an average over places.
#
# ## A class has many faces
#
# A cup from above and a cup from the side share few pixels, but a class. One picture that pleases
# the score mixes such *facets*. Nguyen et al. (2016) start the ascent from several pictures instead:
# each is a mean of training photographs from one cluster of the class. We do not have ImageNet's
# photographs, so ours start from other photographs, blurred until only colors and large shapes are
# left. The score is that of *coral reef* each time.

# %% tags=["remove-input"]
Prediction(
    "One class, one network, one objective, and four starts: blurred photographs of a night sky, a "
    "cat, a flower and a lake. What do the four pictures have in common after the ascent?",
    [
        Choice(
            "They are the same, up to noise",
            "That would take one summit. The score has so many that each start finds one nearby.",
        ),
        Choice(
            "The class's parts; colors and layout stay those of the starts",
            "Ascent changes what raises the score most, details above all, and has little reason to "
            "undo a start's colors and large shapes.",
            correct=True,
        ),
        Choice(
            "Nothing",
            "The same details raise the score everywhere: look for furrows, knobs and small fish.",
        ),
    ],
)


# %%
def facet(name):
    blurred = transforms.gaussian_blur(square(name), size / 16).clamp(0, 1)
    objective = objectives.class_score(class_number("coral reef"))
    found = ascend_by(
        objective - 1000 * objectives.total_variation(), lr=0.05, keep_every=None, steps=3 * steps // 4,
        parametrization=parametrizations.fourier(blurred, decay=1.1),
        transforms=robust, generator=run.generator("shake"),
    )  # fmt: skip
    return blurred.cpu()[0], found.images.cpu()[0]


starts = ["hubble", "chelsea", "flower", "china"]
facets = spread(facet, starts, workers=workers)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of four pictures. Above, blurred photographs: nearly black, a cat's face in brown, an orange disk on dark green, and a dark pagoda under a pale sky. Below, the same after gradient ascent: furrows, knobs and scales as of corals, in the colors and with the large shapes of the picture above."}}
fig = plotting.pictures_figure(
    [torch.stack(part) for part in zip(*facets, strict=True)],
    ["night sky", "cat", "flower", "lake"],
    labels=["start", "coral reef"],
)
fig

# %% [markdown]
# ## Adversarial examples
#
# The L2 picture above was all grain, and the network was sure. Now put a little of such grain on a
# photograph. With $\ell$ the loss (the cross-entropy of the label $y$), a change $\delta$ of the
# picture $x$ changes it, to first order, by
#
# \begin{equation*}
# \begin{aligned}
# \ell(x + \delta) - \ell(x) &\approx \delta \cdot \nabla_x \ell , \\
# \lvert \delta_i \rvert &\le \epsilon .
# \end{aligned}
# \tag{5}
# \end{equation*}
#
# Which $\delta$ makes this largest? Each pixel can choose for itself: $\epsilon$ with the sign of its
# gradient. That is the *fast gradient sign method* (FGSM; Goodfellow et al., 2015),
#
# \begin{equation*}
# \begin{aligned}
# g &= \nabla_x \, \ell(f(x), y) , \\
# x' &= \mathrm{clip}_{[0, 1]}\big( x + \epsilon \, \mathrm{sign}\, g \big) ,
# \end{aligned}
# \tag{6}
# \end{equation*}
#
# where $f$ gives the scores. *Projected gradient descent* (PGD; Madry et al., 2018) takes several smaller steps and
# goes back into the box $\lvert x'_i - x_i \rvert \le \epsilon$ after each. (From here on, $x = 0.5 + I$.)


# %% tags=["nbval-check-output"]
def fgsm(f, x, y, eps):
    x = x.detach().requires_grad_()
    loss = functional.cross_entropy(f(x), y)
    (gradient,) = torch.autograd.grad(loss, x)
    return (x + eps * gradient.sign()).clamp(0, 1).detach()


photo = square("chelsea", left=0.4, side=224)
y = classifier(photo).argmax(1).detach()
ours = fgsm(classifier, photo, y, eps=2 / 255)
libs = visualization.fgsm(classifier, photo, y, epsilon=2 / 255)
# Where a slope is nearly zero, its sign depends on how numbers are rounded.
same = ((ours - libs).abs() < 1e-6).float().mean()
print(f"equal to lib's in {'nearly all' if same > 0.99 else 'few'} pixels")

# %% tags=["remove-input"]
Prediction(
    "The first-order change in (5) is ε times the sum of all |∂ℓ/∂x|. A photograph of 224 × 224 pixels "
    "has 150,528 numbers. If each slope were 0.001, how much would ε = 2/255 add to the loss?",
    [
        Choice(
            "About 0.001",
            "That is one pixel's slope. The sum runs over all of them.",
        ),
        Choice(
            "About 1",
            "150,528 × 0.001 × 2/255 ≈ 1.2. Many tiny pushes in the right directions add up; random "
            "ones would cancel. So high dimension and near-linearity suffice to make a network "
            "fragile.",
            correct=True,
        ),
        Choice(
            "About 100",
            "That would take slopes of 0.1, or a visible change.",
        ),
    ],
)

# %% [markdown]
# Here the aim is a class of our choice, *goldfish*: ten steps of PGD *down* the loss of that label.
# Drag $\epsilon$. When does the network change its mind, and when do you see anything in the left
# picture?

# %%
budgets = run.pick(quick=[0, 1], standard=[0, 0.5, 1, 2])  # in 1/255
goldfish = class_number("goldfish")


def towards_goldfish(epsilon):
    e = epsilon / 255
    return visualization.pgd(
        classifier,
        photo,
        goldfish,
        epsilon=e,
        steps=run.pick(quick=3, standard=10),
        step_size=e / 4,
        targeted=True,
    )


attacked = {epsilon: towards_goldfish(epsilon) for epsilon in budgets}

# %% tags=["hide-input"]
with torch.no_grad():
    chances = {e: classifier(image)[0].softmax(0).cpu() for e, image in attacked.items()}
rivals = [goldfish, *chances[0].topk(3).indices.tolist()]

FrameExplorer(
    lambda epsilon: plotting.attack_figure(
        photo[0].cpu(),
        attacked[epsilon][0].cpu(),
        epsilon=epsilon / 255,
        p=chances[epsilon][rivals],
        names=[classifier.classes[c] for c in rivals],
    ),
    alt=lambda epsilon: (
        f"A photograph of a cat with a change of at most {epsilon:g}/255 a pixel, and that change "
        f"enlarged. Goldfish: {chances[epsilon][goldfish]:.0%}."
    ),
    title="How small a change turns a cat into a goldfish?",
    epsilon=Control(budgets, label="ε in 1/255"),
    start={"epsilon": 1},
    pixels=540,
)

# %% [markdown]
# Watch how few of the 255 steps that an image file has put goldfish in front; the eye sees none of it.
# As (5) says, each pixel needs to give only a little.
#
# ### How much accuracy is left?
#
# One cat is an anecdote. For numbers we train small networks on 32 × 32 scenes (chapter 3), three
# seeds each, in two ways: as usual, and by *adversarial training*, which makes the attack part of
# the loss,
#
# $$
# \min_f \; \mathbb E \max_{\lVert \delta \rVert_\infty \le \epsilon} \ell(f(x + \delta), y) . \tag{7}
# $$
#
# ($\mathbb E$: the mean over training pictures). The inner maximum is replaced by one step of PGD from a random start (Wong et al., 2020). The attack
# grows from nothing, after a quarter of the training: at full size from the start, our networks
# learned nothing.

# %%
train_scenes = load_scenes(
    run.pick(quick=500, standard=3000), generator=run.generator("train"), device=run.device
)
test_scenes = load_scenes(
    run.pick(quick=50, standard=200), generator=run.generator("test"), device=run.device
)
updates, seeds = run.pick(quick=20, standard=400), range(run.pick(quick=3, standard=3, full=8))


# %%
def train(kind, seed, epsilon=8 / 255):
    net = models.ConvNet(3, 10, generator=run.generator("net", seed)).to(run.device)
    noise, done = run.generator("attack", seed), count(1)

    def harden(x, y):
        e = epsilon * max(0, next(done) / updates - 0.25) / 0.75
        step = {"steps": 1, "step_size": 1.25 * e, "generator": noise}
        return visualization.pgd(net, x, y, epsilon=e, **step), y

    fit(
        net,
        train_scenes.images,
        train_scenes.labels,
        optimizer=SGD(net.parameters(), lr=0.05, momentum=0.9, decay_steps=updates),
        batches=minibatches(len(train_scenes), 64, updates, [run.generator("order", seed)]),
        transform=harden if kind == "hard" else None,
    )
    return net


# %%
def attack_by(name, net, epsilon):
    x, y = test_scenes.images, test_scenes.labels
    if name == "random signs":
        signs = torch.randn(x.shape, generator=run.generator("signs")).sign().to(x)
        return (x + epsilon * signs).clamp(0, 1)
    if name == "FGSM":
        return visualization.fgsm(net, x, y, epsilon=epsilon)
    small = {"steps": run.pick(quick=2, standard=10), "step_size": epsilon / 4}
    return visualization.pgd(net, x, y, epsilon=epsilon, **small)


def right(net, x):
    return 100 * float(accuracy(predict(net, x), test_scenes.labels))


# %%
sizes = run.pick(quick=[0, 4], standard=[0, 1, 2, 4, 8])  # ε in 1/255
ATTACKS = {"plain": ("random signs", "FGSM", "PGD"), "hard": ("PGD",)}


def measure(job):
    kind, s = job
    net = train(kind, s)
    left = {
        attack: [right(net, attack_by(attack, net, e / 255)) for e in sizes]
        for attack in ATTACKS[kind]
    }
    return net.cpu(), left


jobs = [(kind, s) for s in seeds for kind in ATTACKS]
measured = dict(zip(jobs, spread(measure, jobs, workers=workers)))
plain = {a: np.array([measured["plain", s][1][a] for s in seeds]) for a in ATTACKS["plain"]}
hard = np.array([measured["hard", s][1]["PGD"] for s in seeds])

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of accuracy against the largest change of a pixel. Under random signs the accuracy of the plain networks stays where it is, under FGSM it falls steeply and under PGD to almost nothing. The networks trained against PGD start lower and fall much more slowly."}}
fig, ax = plotting.figure(height=3.6)
plotting.plot_accuracy_by_epsilon(ax, sizes, {**plain, "PGD, hardened network": hard})
ax.set_title("Aimed changes ruin a network, random ones do not")
fig

# %% tags=["nbval-check-output"]
at = sizes.index(4)
attack_claims = [
    claim("random-signs-are-harmless", "Random signs of 4/255 cost less than 5 points",
          plain["random signs"][:, 0] - plain["random signs"][:, at], below=5, unit="points",
          rows=("M49",), run=run),
    claim("pgd-ruins", "PGD with 4/255 leaves less than 20% right",
          plain["PGD"][:, at], below=20, unit="%", rows=("M49",), run=run),
    claim("pgd-beats-fgsm", "Ten small steps (PGD) leave less than one large one (FGSM)",
          plain["FGSM"][:, at] - plain["PGD"][:, at], above=0, unit="points", rows=("M49",), run=run),
    claim("hardening-helps", "Adversarial training saves over 10 points against PGD with 4/255",
          hard[:, at] - plain["PGD"][:, at], above=10, unit="points", rows=("M49",), run=run),
    claim("hardening-costs", "Adversarial training costs accuracy on clean pictures",
          hard[:, 0] - plain["PGD"][:, 0], below=0, unit="points", rows=("M49",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
attack_claims[1]

# %% tags=["remove-input"]
attack_claims[3]

# %% tags=["remove-input"]
attack_claims[4]

# %% [markdown]
# The repeats are independent trainings, on the same scenes. Random signs of the same size do next to
# nothing: it is the direction that counts, not the size.
#
# ### A defense that only seems to work
#
# The change is grain, so blur the picture before the network sees it: a defense without any training.
# We test it twice. Once with the pictures that fool the bare network. Once with an *adaptive* attack,
# which knows of the blur and takes the gradient through it, as an attacker would.

# %% tags=["remove-input"]
Prediction(
    "Both attacks are PGD with ε = 4/255. How does the blurred network do?",
    [
        Choice(
            "Well against both: what the blur removes is gone",
            "Grain is gone, but the attack may use any change of at most ε, smooth ones included.",
        ),
        Choice(
            "Far better than the bare network against the first, hardly better against the second",
            "The second attack finds changes that pass through the blur. Most published defenses of "
            "this kind fell to such attacks (Athalye et al., 2018; Tramèr et al., 2020).",
            correct=True,
        ),
        Choice(
            "Badly against both",
            "The first attack's pictures are aimed at the bare network's details, and the blur takes "
            "many of these away.",
        ),
    ],
)


# %%
class Blurred(nn.Module):
    def __init__(self, network, sigma=1.0):
        super().__init__()
        self.network, self.sigma = network, sigma

    def forward(self, images):
        return self.network(transforms.gaussian_blur(images, self.sigma))


def defend(s):
    net = measured["plain", s][0].to(run.device)
    unaware, adaptive = (attack_by("PGD", f, 4 / 255) for f in (net, Blurred(net)))
    return [right(net, unaware), right(Blurred(net), unaware), right(Blurred(net), adaptive)]


bare, against_unaware, against_adaptive = defended = np.array([defend(s) for s in seeds]).T
blurred_clean = [right(Blurred(measured["plain", s][0].to(run.device)), test_scenes.images)
                 for s in seeds]  # fmt: skip
names = "attacked", "blurred, the same attack", "blurred, adaptive attack", "blurred, no attack"
for name, values in zip(names, [*defended, blurred_clean]):
    print(f"{np.mean(values):5.1f}% right: {name}")

# %% tags=["nbval-check-output"]
blur_claims = [
    claim("blur-seems-to-help", "Against an attack that ignores it, a blur saves over 10 points",
          against_unaware - bare, above=10, unit="points", rows=("M49",), run=run),
    claim("blur-fails", "An attack that knows of the blur undoes most of what it saved",
          100 * (against_unaware - against_adaptive) / (against_unaware - bare).clip(1),
          above=50, unit="%", rows=("M49",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
blur_claims[0]

# %% tags=["remove-input"]
blur_claims[1]

# %% [markdown]
# A defense is worth what it keeps against an attacker who knows it. Adversarial training passed this test above: PGD
# used the hardened network's own gradients. It has its price.
#
# ## Inverting features
#
# What does a layer still know of the picture? Mahendran and Vedaldi (2015) search for any picture
# that gives the layer the same features. With $\Phi(x)$ the layer's output for $x$,
#
# \begin{equation*}
# \begin{aligned}
# \arg\min_x \; & \frac{\lVert \Phi(x) - \Phi(x_0) \rVert^2}{\lVert \Phi(x_0) \rVert^2} \\
# & + \lambda \, \mathrm{TV}(x) .
# \end{aligned}
# \tag{8}
# \end{equation*}
#
# Where the answer looks like $x_0$, the layer has kept what you see. Where it differs, the difference
# is invisible to this layer, and to all behind it.


# %% tags=["nbval-check-output"]
def inversion_loss(Phi, x, x0, lam):
    gap = (Phi(x) - Phi(x0)).square().sum() / Phi(x0).square().sum()
    right, down = x.diff(dim=3)[:, :, :-1], x.diff(dim=2)[..., :-1]
    return gap + lam * (right**2 + down**2).mean()


x, layer = x0.flip(-1), DEPTHS[1]
features = objectives.record(classifier, x0, (layer,))
goal = objectives.feature_distance(features) + 2 * objectives.total_variation()
with torch.no_grad():
    ours = inversion_loss(lambda x: objectives.record(classifier, x, (layer,))[layer], x, x0, lam=2)
print(
    f"equal to lib's: {torch.allclose(ours, objectives.scores(classifier, x, goal)[0], rtol=1e-4)}"
)

# %% tags=["remove-input"]
Prediction(
    "We go from layer to layer and reconstruct the cat from each. In the last one there are 192 × 4 × 4 "
    "numbers left. What is lost most completely on the way there?",
    [
        Choice(
            "The colors",
            "They say little about which animal it is, once its parts are recognized. We start from "
            "gray, and where a layer does not ask for colors, the picture stays gray.",
            correct=True,
        ),
        Choice(
            "The places: eyes and nose move",
            "They move early, but not far: the grid of the last layer still has 4 × 4 places.",
        ),
        Choice(
            "What the picture shows",
            "That is what the network is trained to keep.",
        ),
    ],
)

# %%
lbfgs = partial(  # there is no noise here, so a method that uses curvature gets on faster
    torch.optim.LBFGS, max_iter=5, history_size=20, line_search_fn="strong_wolfe"
)


def invert(layer):
    return visualization.invert_features(
        classifier, x0, layer, parametrization=smooth_start(1), tv=2.0, lr=1.0,
        steps=run.pick(quick=1, standard=20), optimizer=lbfgs,
    ).images.cpu()  # fmt: skip


inverted = dict(zip(DEPTHS, spread(invert, DEPTHS, workers=workers)))
shapes = {
    name: tuple(f.shape[1:]) for name, f in objectives.record(classifier, x0, tuple(DEPTHS)).items()
}

# %% tags=["hide-input"]
depth_of = {f"{k} of {len(DEPTHS)}": layer for k, layer in enumerate(DEPTHS, start=1)}

FrameExplorer(
    lambda depth: plotting.picture_pair_figure(
        x0[0].cpu(),
        inverted[depth_of[depth]][0],
        titles=(
            "the photograph",
            "from " + " × ".join(map(str, shapes[depth_of[depth]])) + " numbers",
        ),
    ),
    alt=lambda depth: (
        f"The photograph of a cat's face, and what is recovered of it from layer {depth}: "
        + ("nearly the same face." if int(depth[0]) < 5 else "a gray, displaced one.")
    ),
    title="What has the network kept of the cat, layer by layer?",
    depth=Control(list(depth_of), label="Layer, from the input"),
    start={"depth": list(depth_of)[3]},
    pixels=480,
)

# %% [markdown]
# The first layers keep nearly everything. Then whiskers and stripes turn into other whiskers and
# stripes, and the colors fade. What you see depends on the prior, too: (8) has many answers, and the gray start and
# the total variation choose among them. And the search gets close, not to the end: from the last layers the features
# still differ by a few percent.
#
# ## Deep dream
#
# In (8) the layer is told what to see. Now let it see more of whatever it sees (Mordvintsev et al.,
# 2015): raise the energy of its features from a photograph,
#
# \begin{equation*}
# \begin{aligned}
# g &= \nabla_x \, \overline{\Phi(x)^2} , \\
# x &\leftarrow x + \eta \, g \, / \, \overline{\lvert g \rvert} ,
# \end{aligned}
# \tag{9}
# \end{equation*}
#
# where a bar is a mean. This is done at several sizes (*octaves*), the smallest first, with the
# details drawn so far enlarged.


# %% tags=["nbval-check-output"]
def dream(energy, x, eta, steps):
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(energy(x), x)
        x = (x + eta * g / g.abs().mean()).clamp(0, 1)
    return x.detach()


def energy(x):
    return visualization.base.forward_with(classifier, x, [layer])[1][layer].square().mean()


options = {
    "octaves": 1,
    "jitter": 0,
    "steps": 2,
    "step_size": 0.01,
    "generator": run.generator("d"),
}
libs = visualization.deep_dream(classifier, x0, objectives.layer_energy(layer), **options)[-1]
ours = dream(energy, x0, eta=0.01, steps=2)
print(f"equal to lib's: {(ours - libs).abs().mean().item() < 1e-3}")

# %%
lake = functional.interpolate(
    load_photo("china")[None], (int(1.5 * size), int(2.25 * size)), mode="bilinear", antialias=True
).to(run.device)
DREAMERS = DEPTHS[2:5]


def dream_of(layer):
    return visualization.deep_dream(
        classifier, lake, objectives.layer_energy(layer), octaves=run.pick(quick=1, standard=4),
        steps=run.pick(quick=2, standard=12), step_size=0.012, jitter=size // 8,
        generator=run.generator("dream"),
    )[-1].cpu()  # fmt: skip


dreams = dict(zip(DREAMERS, spread(dream_of, DREAMERS, workers=workers)))

# %% tags=["hide-input"]
dreamer = {f"{DEPTHS.index(layer) + 1} of {len(DEPTHS)}": layer for layer in DREAMERS}

FrameExplorer(
    lambda depth: plotting.picture_figure(
        dreams[dreamer[depth]][0], title=f"what layer {depth} would like to see more of"
    ),
    alt=lambda depth: (
        f"A photograph of a pagoda at a lake, overgrown with the favorite patterns of layer {depth}: "
        + ("strokes and waves." if dreamer[depth] in DREAMERS[:2] else "eyes and fur.")
    ),
    title="From which layer on do you see things, not patterns?",
    depth=Control(list(dreamer), label="Layer, from the input"),
    start={"depth": list(dreamer)[2]},
    pixels=480,
)

# %% [markdown]
# Early layers draw strokes, later ones eyes and fur, wherever the photograph gives them an excuse:
# see what has become of the tree. More than a hundred of ImageNet's classes are breeds of dogs.
#
# ## Textures: what goes with what
#
# A texture is the same everywhere: what matters is which features occur *together*, not where. Gatys et
# al. (2015) describe it by the *Gram matrix* of a layer with $C$ channels,
#
# $$
# G_{ij} = \frac{1}{HW} \sum_{p} \Phi_{ip} \, \Phi_{jp} , \tag{10}
# $$
#
# a sum over all places $p$. Shuffle the places, and $G$ stays. A texture is then any picture with the
# Gram matrices of the example, in several layers. It may have another size, and no place in it is
# a copy.


# %% tags=["nbval-check-output"]
def gram(Phi):
    n, C, H, W = Phi.shape
    Phi = Phi.reshape(n, C, H * W)
    return torch.einsum("nip,njp->nij", Phi, Phi) / (H * W)


Phi = torch.randn(2, 5, 6, 7, generator=run.generator("gram"))
same = torch.allclose(gram(Phi), visualization.gram_matrix(Phi), atol=1e-6)
shuffled = Phi.flatten(2)[..., torch.randperm(42, generator=run.generator("places"))].view_as(Phi)
print(
    f"equal to lib's: {same}; blind to places: {torch.allclose(gram(shuffled), gram(Phi), atol=1e-6)}"
)

# %% [markdown]
# One thing can go wrong here. $G$ does not change when all features change sign, so with features
# that are positive *and* negative, dark on light cannot be told from light on dark. VGG's are behind
# a ReLU. The outputs of EfficientNet's blocks are not, so we take the ReLU6 layers inside of them.


# %%
def texture(name):
    example = square(name)
    grain = parametrizations.noise(
        *example.shape, std=0.1, center=0.0, generator=run.generator("t")
    )
    start = (example.mean((2, 3), keepdim=True) + grain.to(run.device)).clamp(0, 1)
    found = visualization.synthesize_texture(
        classifier, example, layers=RECTIFIED, parametrization=parametrizations.fourier(start),
        tv=0.05, steps=run.pick(quick=1, standard=20), lr=1.0, optimizer=lbfgs,
    )  # fmt: skip
    return example.cpu()[0], found.images.cpu()[0]


examples = ["hubble", "coffee", "flower", "china"]
textures = spread(texture, examples, workers=workers)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of four pictures. Above, photographs of a night sky with galaxies, a cup of coffee, an orange flower and a pagoda at a lake. Below, their textures: scattered stars, folds of brown and cream, patches of orange petals in dark green, and eaves, bricks and pale sky out of order."}}
fig = plotting.pictures_figure(
    [torch.stack(part) for part in zip(*textures, strict=True)],
    ["night sky", "coffee", "flower", "lake"],
    labels=["photograph", "texture"],
)
fig

# %% [markdown]
# For the night sky it works: a texture is all it is. A cup is an object, and its parts come back
# in disorder. That disorder is the point of the next section.
#
# ## Style transfer
#
# Keep the features of one picture and the Gram matrices of another (Gatys et al., 2016):
#
# $$
# \arg\min_x \; \ell_\text{content}(x) + \beta \, \ell_\text{style}(x) , \tag{11}
# $$
#
# $\ell_\text{content}$ is the first term of (8) for the content's picture, and $\ell_\text{style}$ the
# same ratio for Gram matrices, averaged over layers. In code it is one line of objectives:
# `feature_distance(features) + beta * gram_distance(grams)`, to which `lib` adds a little total variation.

# %%
styles = run.pick(quick=["flower", "coffee"], standard=["flower", "coffee", "hubble"])
betas = [0.5, 5, 50]


def paint(job):
    style, beta = job
    return visualization.style_transfer(
        classifier, x0, square(style), content_layer=RECTIFIED[-1], style_layers=RECTIFIED,
        style_weights=[beta], tv=0.1, steps=run.pick(quick=1, standard=12), lr=1.0, optimizer=lbfgs,
    ).images.cpu()  # fmt: skip


jobs = [(style, beta) for style in styles for beta in betas]
paintings = dict(zip(jobs, spread(paint, jobs, workers=workers)))

# %% tags=["hide-input"]
FrameExplorer(
    lambda style, beta: plotting.picture_pair_figure(
        square(style)[0].cpu(), paintings[style, beta][0], titles=("style", f"β = {beta:g}")
    ),
    alt=lambda style, beta: (
        f"The photograph “{style}”, and the cat's face with a style weight of {beta:g}: the face is "
        f"{'in the colors of the style' if beta < 10 else 'made of its colors and strokes'}."
    ),
    title="How much style can the cat bear?",
    style=styles,
    beta=Control(betas, label="Weight of the style, β"),
    start={"style": "flower", "beta": 5},
    pixels=480,
)

# %% [markdown]
# With a small $\beta$ only colors move. With a large one the fur takes on the colors, patches and smoothness of the
# style; under the night sky the face all but vanishes, a place where the texture happens to be dark. Nobody told the network what style is: (10) leaves out places, and what is left, we call style.
#
# ## Exercises
#
# ### Exercise 1: total variation
#
# ★☆☆, 10 minutes. For each picture, the mean over channels and pixels of (step to the right)² + (step
# down)². Leave out the last row and column, which lack a neighbor. (The inversion above has it in two lines, for all
# pictures at once.) Then think: which pictures have none?


# %% tags=["exercise"] exercise="total-variation" points=4
def my_total_variation(images):
    """images (n, c, h, w) -> (n,)."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_total_variation(my_total_variation)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="total-variation" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def my_total_variation(images):
    """images (n, c, h, w) -> (n,)."""
    # Flat pictures alone have none: each pixel equals its neighbors.
    here = images[:, :, :-1, :-1]
    right, down = images[:, :, :-1, 1:] - here, images[:, :, 1:, :-1] - here
    return (right**2 + down**2).mean(dim=(1, 2, 3))


checks.check_total_variation(my_total_variation)

# %% [markdown]
# ### Exercise 2: an attack with an aim
#
# ★★☆, 15 minutes. Change (6) so that the network takes every picture for the class `target`: one
# step of size `epsilon`, pixels within [0, 1]. Leave images and weights as they are (which rules out
# `backward()`). In which direction do you go now, and on which label's loss?
# `cross_entropy` wants a label for each picture.


# %% tags=["exercise"] exercise="target-attack" points=5
def my_attack(model, images, target, epsilon):
    """images (n, c, h, w) in [0, 1], target a class -> new images."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_target_attack(my_attack)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="target-attack" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def my_attack(model, images, target, epsilon):
    """images (n, c, h, w) in [0, 1], target a class -> new images."""
    # Down the loss of the label we want, so the sign turns.
    x = images.detach().clone().requires_grad_()
    labels = torch.full((len(x),), target, device=x.device)
    loss = functional.cross_entropy(model(x), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x)
    return (x - epsilon * gradient.sign()).clamp(0, 1).detach()


checks.check_target_attack(my_attack)

# %% [markdown]
# ### Exercise 3: which layer was inverted?
#
# ★★☆, 15 minutes. Someone hands you a picture that was made by inverting one of several layers of a
# network, and the original. All layers behind the inverted one agree on the two pictures as well, since
# they see nothing else. Return the name of the first layer, from the input on, whose features for
# the two differ by a relative squared distance, as in (8), of less than 0.01, and the last one if none does. Sums run
# over the whole batch; `objectives.record(model, images, layers)` gives the features by name. (Batches of
# pictures count as one.)


# %% tags=["exercise"] exercise="which-layer" points=6
def which_layer(model, original, found, layers):
    """Images (n, c, h, w), names of layers from first to last -> one of the names."""
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_which_layer(which_layer)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="which-layer" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def which_layer(model, original, found, layers):
    """Images (n, c, h, w), names of layers from first to last -> one of the names."""
    wanted, got = (objectives.record(model, x, tuple(layers)) for x in (original, found))
    for layer in layers:
        gap = (got[layer] - wanted[layer]).square().sum() / wanted[layer].square().sum()
        if gap < 0.01:
            return layer
    return layers[-1]


checks.check_which_layer(which_layer)

# %% [markdown]
# ## Summary
#
# - One function makes all pictures of this chapter: raise an objective by gradients in the pixels, or in
#   better coordinates.
# - A score alone leads to grain. Priors (L2, blur, total variation, robustness, Fourier coordinates)
#   lead to pictures we can read, and the reading depends on the prior.
# - Small aimed changes fool a network because many tiny slopes add up; random ones cancel.
# - Adversarial training helps and costs; a blur helps until the attacker knows of it.
# - Early layers keep the picture; late ones keep the parts, without their colors and exact places.
# - Gram matrices forget places on purpose: that gives textures, and style.
#
# **Limits.** EfficientNet-Lite0 is small and made for speed, and our pictures are small, too: VGG-19
# draws smoother textures and stronger styles (`model = "vgg19"`). The small networks of the attacks
# learn from few scenes; a stronger attack, with more steps and restarts, would leave somewhat less.
# A synthesized picture shows what a network *can* react to, not what it uses on photographs. Two
# claims were changed after a first look: training against PGD was to gain 20 points and was inconclusive
# until the attack was let in later, and the attack that knows of the blur was to leave fewer than 20% right,
# which three networks could not settle.
#
# ## Sources
#
# - Athalye, Carlini, Wagner (2018). Obfuscated gradients give a false sense of security. ICML.
#   [arXiv:1802.00420](https://arxiv.org/abs/1802.00420)
# - Gatys, Ecker, Bethge (2015). Texture synthesis using convolutional neural networks. NeurIPS.
#   [arXiv:1505.07376](https://arxiv.org/abs/1505.07376)
# - Gatys, Ecker, Bethge (2016). Image style transfer using convolutional neural networks. CVPR.
# - Goodfellow, Shlens, Szegedy (2015). Explaining and harnessing adversarial examples. ICLR.
#   [arXiv:1412.6572](https://arxiv.org/abs/1412.6572)
# - Madry et al. (2018). Towards deep learning models resistant to adversarial attacks. ICLR.
#   [arXiv:1706.06083](https://arxiv.org/abs/1706.06083)
# - Mahendran, Vedaldi (2015). Understanding deep image representations by inverting them. CVPR.
#   [arXiv:1412.0035](https://arxiv.org/abs/1412.0035)
# - Mordvintsev, Olah, Tyka (2015). Inceptionism: going deeper into neural networks. Google research
#   blog.
# - Nguyen, Yosinski, Clune (2016). Multifaceted feature visualization. ICML workshop on visualization.
#   [arXiv:1602.03616](https://arxiv.org/abs/1602.03616)
# - Olah, Mordvintsev, Schubert (2017). Feature visualization. Distill.
#   [doi:10.23915/distill.00007](https://doi.org/10.23915/distill.00007)
# - Simonyan, Vedaldi, Zisserman (2014). Deep inside convolutional networks. ICLR workshop.
#   [arXiv:1312.6034](https://arxiv.org/abs/1312.6034)
# - Tramèr, Carlini, Brendel, Mądry (2020). On adaptive attacks to adversarial example defenses.
#   NeurIPS. [arXiv:2002.08347](https://arxiv.org/abs/2002.08347)
# - Wong, Rice, Kolter (2020). Fast is better than free: revisiting adversarial training. ICLR.
#   [arXiv:2001.03994](https://arxiv.org/abs/2001.03994)
# - Yosinski, Clune, Nguyen, Fuchs, Lipson (2015). Understanding neural networks through deep
#   visualization. ICML workshop on deep learning.
#   [arXiv:1506.06579](https://arxiv.org/abs/1506.06579)
