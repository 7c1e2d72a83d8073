# ---
# jupyter:
#   course:
#     builds_on: [01_activations, 03_regularization]
#     compute_minutes: 1.5
#     exercise_minutes: 70
#     reading_minutes: 60
#     rows: [M26, M27, M28, M29, M30, M31, M32, M33, M34, B2]
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
# # Choosing hyperparameters, without tons of GPUs
#
# A network that does not learn gives no error message. This chapter is a recipe of seven steps. The first
# ones are gates: each measures something, passes or fails, and says what to try. The later ones search; and
# the rest asks how to search well.
#
# After this chapter you can
#
# - check a training before you pay for it: initial loss, a small sample by heart, a working rate;
# - read loss and accuracy curves, and tell common illnesses apart;
# - search on a grid, at random, and by halving, on one machine or several;
# - say what cross-validation buys, and why the winner's score is too good to be true.
#
# You need chapters 1 to 3.
#
# | word | meaning |
# |---|---|
# | hyperparameter | a number you choose, such as the learning rate; training does not change it |
# | mini-batch | the few examples that one update looks at |
# | epoch | as many updates as it takes to see every training example once |
# | perceptron | here an MLP (chapter 2) with one hidden layer of 32 units |
# | configuration | one value for each hyperparameter |
# | trial | one configuration, trained and scored |

# %% tags=["parameters"]
budget, seed, device, dataset = None, 0, "auto", "scenes"  # dataset: "scenes" or "cifar10"

# %%
import copy
import functools
import itertools
import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from IPython.display import Image
from torch import nn

# %%
from lib import checks, plotting, runtime, search, ward
from lib.claims import claim
from lib.datasets.color_images import load_color_images
from lib.datasets.digits import load_digits
from lib.models import ConvNet
from lib.preprocessing import fit_standardization
from lib.recipe import (
    Setup,
    check_evaluation,
    check_initial_loss,
    check_overfit,
    find_learning_rate,
    read_curves,
    train_all,
    train_setup,
)
from lib.sweeps import Part, Settings, evaluate, train_together
from lib.training import cross_entropy, predict
from lib.widgets import Choice, CommandCenter, Control, FrameExplorer, Prediction, RunCurves
from lib.workers import worker_count

# %%
run = runtime.start(budget, seed=seed, device=device, as_written=dataset == "scenes")
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The patient is a small residual network on rendered scenes of ten kinds. All that can go wrong with a
# training goes into one object, a `Setup`: the network, the optimizer, the data, the rate, the size of a
# mini-batch (32, unless you say otherwise). Replace these few lines by your own network, and every step
# below works on it.


# %%
def load(split, count):
    return load_color_images(
        dataset, split, count, generator=run.generator(split), device=run.device
    )


size = run.pick(quick=160, standard=1000)
pool = load("train", 2 * size)
train, validation = pool.subset(slice(0, size)), pool.subset(slice(size, None))
standardize = fit_standardization(train.images)


def network(generator):
    return nn.Sequential(copy.deepcopy(standardize), ConvNet(3, 10, generator=generator))


def sgd(model, lr, weight_decay=1e-4):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=weight_decay)


setup = Setup(network, sgd, train, validation, run=run, lr=0.03)
workers = run.pick(quick=1, standard=worker_count(run))

# %% [markdown]
# ## Step 1: check the initial loss
#
# Before any update a network should know nothing: each of $C$ classes gets probability $1/C$. Its
# loss is then
#
# $$
# L_0 = -\log \frac1C = \log C
# \tag{1}
# $$
#
# Where weight decay is a term of your loss, turn it off for this step. Ours is in the optimizer, so the loss
# we measure has none. As a gate that passes or fails:


# %%
def initial_loss_is_fine(setup, tolerance=0.25):
    logits = predict(setup.model(), setup.train.images)
    L_0 = float(cross_entropy(logits, setup.train.labels))
    C = len(setup.train.classes)
    return abs(L_0 - math.log(C)) <= tolerance * math.log(C)


# %% tags=["nbval-check-output"]
step1 = check_initial_loss(setup)
print(f"our gate agrees with lib's: {initial_loss_is_fine(setup) == step1.passed}")
step1

# %% tags=["remove-input"]
Prediction(
    "The initial weights of a perceptron have LeCun's scale, s = 1/√n for n inputs. All of them, in both "
    "layers, are multiplied by 8. What is its initial loss on ten classes?",
    [
        Choice("Still log 10 = 2.3: it has learned nothing",
               "It has learned nothing, but it is no longer modest: large logits bet everything on "
               "one class."),
        Choice("More than five times log 10",
               "The logits grow by 8 × 8 = 64. Confident and wrong nine times in ten costs dearly.",
               correct=True),
        Choice("Less than log 10",
               "Only a network that knows something can be better than guessing on average."),
    ],
)  # fmt: skip

# %%
digits = load_digits(generator=run.generator("digits"), device=run.device)
scales, seeds = (0.25, 0.5, 1, 2, 4, 8), range(run.pick(quick=3, standard=10))
sick = {(s, k): replace(ward.healthy(run, seed=s), make_model=functools.partial(ward.perceptron, scale=k))
        for s in seeds for k in scales}  # fmt: skip
found = {key: check_initial_loss(one).values["loss"] for key, one in sick.items()}
first_losses = np.array([[found[s, k] for k in scales] for s in seeds])

# %% tags=["hide-input"] mystnb={"image": {"alt": "Initial loss over the scale of the first weights, both on logarithmic axes. Up to the usual scale the loss lies on the dashed line of a guesser, log C; beyond it rises steeply."}}
fig, ax = plotting.figure(height=3.0)
plotting.plot_initial_loss(ax, scales, first_losses, expected=math.log(10))
fig

# %% tags=["nbval-check-output"]
initial_claim = claim(
    "initial-loss-is-log-c",
    "With LeCun's initialization a perceptron starts within 10% of log 10",
    first_losses[:, scales.index(1)] / math.log(10), between=(0.9, 1.1), unit="× log 10",
    rows=("M26",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
initial_claim

# %% [markdown]
# A second look for free: evaluate the same network several times. Numbers that differ mean that
# something random is still on, such as dropout or augmentation.

# %% tags=["nbval-check-output"]
repeats = check_evaluation(setup, steps=run.pick(quick=3, standard=20)).passed
print("the evaluation repeats:", repeats)

# %% [markdown]
# ## Step 2: overfit a small sample
#
# Take 5 to 10 mini-batches and train on nothing else until every one of their pictures is right. A
# network that cannot learn five batches, 160 pictures, by heart will not learn the rest. What the failure
# tells:
#
# | the loss | likely reason |
# |---|---|
# | does not go down | rate too low, bad initialization, or the optimizer was not given all parameters |
# | explodes to Inf or NaN | rate too high, bad initialization |
#
# The gate also looks whether every parameter moved, which catches layers frozen by mistake.

# %%
steps = run.pick(quick=30, standard=400)
gates = {
    f"rate {lr:g}": check_overfit(replace(setup, lr=lr), steps=steps) for lr in (1e-4, 0.03, 3.0)
}
for name, finding in gates.items():
    print(name, finding, sep="\n")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss on a small sample over the updates, as dots with moving averages, for three learning rates. The smallest rate leaves the loss at its first value, the middle one brings it to zero, and the largest never falls below a guesser's."}}
fig, ax = plotting.figure(height=3.2)
losses = {name: finding.curves["loss"] for name, finding in gates.items()}
plotting.plot_losses(ax, losses, window=15, top=5)
ax.legend(loc="center right", bbox_to_anchor=(1, 0.7))
fig

# %% [markdown]
# ## Step 3: find a rate that makes the loss fall
#
# Now all the training data, the architecture of step 2, a small weight decay, and 100 updates for each
# of a few rates. Good ones to try: 0.1, 0.01, 0.001, 0.0001.

# %% tags=["remove-input"]
Prediction(
    "The same network, 100 updates at each of the four rates. How many of them lower the loss by "
    "more than 10%?",
    [
        Choice("All four", "A rate of 0.0001 moves the weights a hundredth as far as 0.01 does."),
        Choice("Two", "A rate that works and a neighbor; the others are too slow.",
               correct=True),
        Choice("One", "The rates are a factor of ten apart; what works has often a neighbor that does."),
    ],
)  # fmt: skip

# %%
step3 = find_learning_rate(setup, steps=run.pick(quick=20, standard=100))
step3

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss over 100 updates as dots with moving averages for the rates 0.1, 0.01, 0.001 and 0.0001. The lines of 0.1 and 0.01 fall, that of 0.01 furthest; those of the two smaller rates stay near the first loss."}}
fig, ax = plotting.figure(height=3.2)
plotting.plot_losses(ax, step3.curves, window=10, top=3)
ax.legend(loc="lower left", title="learning rate", ncols=2)
fig

# %% tags=["nbval-check-output"]
tries = train_all(
    [replace(setup, seed=s, lr=0.01) for s in range(1, run.pick(quick=4, standard=9))],
    steps=run.pick(quick=10, standard=100), workers=workers,
)  # fmt: skip
fall = [100 * (1 - float(h.loss[-10:].mean() / h.loss[0])) for h in tries]
rate_claim = claim(
    "a-suggested-rate-works",
    "The suggested rate of 0.01 lowers the loss by more than 10% within 100 updates",
    fall, above=10, unit="%", rows=("M28",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
rate_claim

# %% [markdown]
# ## Steps 4 and 5: a coarse grid, then a fine one
#
# A few rates and weight decays around what worked, each combination trained for three epochs. Then
# a finer grid, of rates from the best one down and of larger weight decays (small ones made no difference), for longer, at a constant rate. All a search needs is an *objective*: a function of
# a configuration and a budget that returns a score, higher being better.


# %%
def objective(config, epochs):
    decayed = functools.partial(sgd, weight_decay=config["weight_decay"])
    steps = int(epochs * len(train) / setup.batch_size)
    trained = replace(setup, make_optimizer=decayed, lr=config["lr"])
    _, history = train_setup(trained, steps=steps)
    return float(history.metrics["validation"][-1])


values = {"lr": (0.1, 0.03, 0.01, 0.003), "weight_decay": (0, 1e-5, 1e-4)}
journal = Path(tempfile.mkdtemp(), "search.journal")
coarse = search.grid_search(
    objective, values, budget=run.pick(quick=1, standard=3), storage=journal, workers=workers
)
print(f"best after 3 epochs: {coarse.best.config}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "A table of validation accuracies after a few epochs, a row for each learning rate and a column for each weight decay. Rows differ more than columns; the best cell is printed bold and lies in the row of 0.03 or 0.01."}}
table = np.array([math.nan if t.value is None else t.value for t in coarse.trials]).reshape(4, 3)
fig, ax = plotting.figure(height=3.0)
rates, decays = ([f"{v:g}" for v in values[name]] for name in values)
plotting.plot_scores(ax, table, rates, decays)
ax.set(
    title="Validation accuracy after the coarse grid (%)",
    xlabel="weight decay",
    ylabel="learning rate",
)
fig

# %% tags=["remove-input"]
Prediction(
    "Rates from 0.005 to 0.03 now train three times as long. Does the rate that led after three epochs "
    "still lead?",
    [
        Choice("Yes: a good start is a good end", "A larger rate starts faster, and later keeps "
               "jumping about where a smaller one settles."),
        Choice("Not reliably: a smaller rate may overtake it",
               "Early scores reward speed. That is why step 5 keeps several candidates and trains "
               "them for longer.", correct=True),
    ],
)  # fmt: skip

# %%
epochs = run.pick(quick=2, standard=9)
per_epoch = len(train) // setup.batch_size
fine = {"lr": (0.03, 0.02, 0.01, 0.005), "weight_decay": (0, 1e-3, 1e-2)}
configs = search.grid(fine)
longer = [
    replace(
        setup, lr=c["lr"], make_optimizer=functools.partial(sgd, weight_decay=c["weight_decay"])
    )
    for c in configs
]
histories = train_all(longer, steps=epochs * per_epoch, evaluate_every=per_epoch, workers=workers)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy over the epochs for four learning rates, each line named at its end. The larger rates rise faster in the first epochs; in the later ones the lines come together or cross."}}
fig, ax = plotting.figure(height=3.4)
curves = np.array([h.metrics["validation"].numpy() for h in histories]).reshape(4, 3, -1)
names = [f"{lr:g}" for lr in fine["lr"]]
plotting.plot_short_and_long(ax, names, range(epochs + 1), curves.mean(axis=1))
ax.set(title="Mean over three weight decays")
fig

# %% [markdown]
# Compare with your prediction: who led early, and who leads now? Be careful with close lines: each is one training
# for each decay, so which of two neighbors ends on top is chance. Close calls need more seeds.
#
# ## Step 6: look at the curves
#
# The loss of a mini-batch is noisy. Draw it as dots and lay a *moving average* over them, the mean of
# the last $w$ values:
#
# $$
# \bar L_t = \frac1w \sum_{i=0}^{w-1} L_{t-i}
# \tag{2}
# $$
#
# And draw accuracy on training and validation data together:
#
# - a huge gap is overfitting: more regularization, or more data;
# - no gap at a low training accuracy is underfitting: train longer, or take a bigger network.


# %%
def moving(L, w):
    return np.array([np.mean(L[max(0, t + 1 - w) : t + 1]) for t in range(len(L))])


# %% tags=["nbval-check-output"]
from lib.recipe import moving_average

noisy = histories[0].loss.numpy().astype(float)
print("our average is lib's:", np.allclose(moving(noisy, 10), moving_average(noisy, 10)))

# %% [markdown]
# ### Explore: the ward
#
# Eight trainings of a small perceptron on digits: one healthy, seven ill. Look at the curves, name the
# illness, then compare with the chosen name. Which ones end near guessing, and which gate above
# tells them apart?

# %%
well = ward.healthy(run)
few = replace(well, train=well.train.subset(slice(0, 40)))
names = ("healthy", "rate too high", "rate too low", "large weights", "labels shuffled",
         "layer frozen", "shifted at test", "overfitting")  # fmt: skip
by_illness = {ward.illness(run, bed): one for bed, one in ward.patients(run).items()}
gallery = dict(zip(names, (
    well, by_illness["learning rate"], replace(well, lr=1e-4), by_illness["initialization"],
    by_illness["labels"], by_illness["optimizer"], by_illness["test augmentation"], few,
)))  # fmt: skip
# %%
records = {
    name: train_setup(one, steps=run.pick(quick=60, standard=300), evaluate_every=30)[1]
    for name, one in gallery.items()
}
readings = {
    name: read_curves(
        *(h.metrics[p].numpy() for p in ("train", "validation")), classes=10, loss=h.loss
    )
    for name, h in records.items()
}


def gallery_figure(training, window):
    h = records[training]
    return plotting.curves_figure(
        h.loss.numpy(), h.evaluated_at, {k: v.numpy() for k, v in h.metrics.items()},
        window=window, title=f"{training}, average of {window}",
    )  # fmt: skip


# %% tags=["remove-input"]
FrameExplorer(
    gallery_figure,
    alt=lambda training, window: (
        f"Noisy training loss with a moving average of {window}, and accuracies over the updates. "
        f"Training: {training}. At the end {readings[training].measured}."
    ),
    title="What is wrong with this training?",
    training=list(gallery),
    window=Control(run.pick(quick=(1, 20), standard=(1, 5, 20)), label="Average over (updates)"),
    start={"training": "healthy", "window": 20},
    still={"training": "rate too high"},
    play="window",
)

# %%
for name, finding in readings.items():
    print(name, finding, sep="\n")

# %% [markdown]
# *Rate too high*, *rate too low*, *labels shuffled* and *layer frozen* all end near guessing; only the first
# one's loss ends clearly above a guesser's. *Shifted at test* gives itself away: its loss falls as in health while its accuracies stay low, so it is the measurement that is ill.
# *Large weights* passes here; only step 1 finds it. What the earlier gates say of two of them:

# %%
print(check_overfit(gallery["layer frozen"]))
print(check_evaluation(gallery["shifted at test"]))

# %% [markdown]
# Step 7 is: go back to step 5.
#
# ### The command center
#
# With a dozen runs, one picture each is too much. Put them all into one, color by a hyperparameter,
# filter, and pick. These are the twelve runs of step 5. The lowest rate starts slowest; see
# how many of its runs you would miss at the end.

# %% tags=["hide-input"]
every = max(1, len(histories[0].loss) // 60)
at = np.arange(every, len(histories[0].loss) + 1, every)
center_runs = [
    RunCurves(
        {"learning rate": c["lr"], "weight decay": c["weight_decay"]},
        {
            "training loss (nats)": (at, moving_average(h.loss.numpy(), every)[at - 1]),
            "validation accuracy (%)": (h.evaluated_at, h.metrics["validation"].numpy()),
            "training accuracy (%)": (h.evaluated_at, h.metrics["train"].numpy()),
        },
    )
    for c, h in zip(configs, histories)
]

# %% tags=["remove-input"]
CommandCenter(
    center_runs, title="Which of these runs would you have stopped early?", x="updates",
    color="learning rate", metric="validation accuracy",
)  # fmt: skip

# %% [markdown]
# The same, live, while a search runs: give the search a `storage`, as step 4 did, and open that file with
# [optuna-dashboard](https://pypi.org/project/optuna-dashboard/):
#
# ```bash
# optuna-dashboard search.journal
# ```
#
# This is what it shows of the coarse grid, drawn by Chromium when this page was built (*Objective 0* is the validation
# accuracy):

# %% tags=["hide-input"] mystnb={"image": {"alt": "A web page titled search. A panel named History shows a dot for the accuracy of each trial over its number, and a line that follows the best so far upward in steps."}}
try:
    picture = Image(search.dashboard_picture(journal, height=600))
except search.SearchError as missing:
    picture = None
    print(f"No picture here: {missing}")
picture

# %% [markdown]
# A search with a storage that was interrupted also resumes there: what was done is not done again.
#
# ## Random search against grid search
#
# Nine trials, two hyperparameters. A grid spends them on three values of each. Random search tries nine
# values of each. If only one of the two matters, that is nine looks against three (Bergstra and Bengio,
# 2012).

# %% tags=["remove-input"]
Prediction(
    "A made-up surface of scores. When *both* hyperparameters matter equally, what remains of random "
    "search's advantage over a grid of as many trials?",
    [
        Choice("It grows", "A grid wastes nothing when both dimensions count."),
        Choice("Nothing, or less", "What random search exploits are dimensions that do not matter.",
               correct=True),
        Choice("It stays as it was", "Its edge is the number of different values per dimension, "
               "which helps if one dimension decides."),
    ],
)  # fmt: skip


# %%
def surface(x, y, peak=(0.62, 0.4), both=False):
    along_y = ((y - peak[1]) / (0.12 if both else 2.0)) ** 2
    return 100 * np.exp(-(((x - peak[0]) / 0.12) ** 2) - along_y)


def grid_points(rng, k=3, dims=2):  # one point per cell, all at the same random place in it
    offset = rng.random(dims)
    return np.array([(np.array(i) + offset) / k for i in itertools.product(range(k), repeat=dims)])


def random_points(rng, k=3, dims=2):
    return rng.random((k**dims, dims))


def points_of(kind, repeat):
    rng = np.random.default_rng((run.seed, repeat))
    points = {"grid": grid_points, "random": random_points}[kind](rng)
    return rng.permutation(points)


def best_of(kind, both, repeat):
    return surface(*points_of(kind, repeat).T, both=both).max()


# Of 200 draws, the one whose four results lie closest to their means.
results = np.array([[best_of(k, b, r) for k in ("grid", "random") for b in (False, True)]
                    for r in range(200)])  # fmt: skip
typical = int(np.abs(results - results.mean(axis=0)).sum(axis=1).argmin())


# %% tags=["hide-input"]
def frame(kind, trials, matter):
    shape = functools.partial(surface, both=matter == "both")
    title = f"{kind}, {trials} of 9 trials, {matter}"
    return plotting.search_figure(shape, points_of(kind, typical), shown=trials, title=title)


FrameExplorer(
    frame,
    alt=lambda kind, trials, matter: (
        f"{matter}: " + plotting.describe_search(
            functools.partial(surface, both=matter == "both"), points_of(kind, typical),
            shown=trials, kind=kind)
    ),
    title="How many different values of the first hyperparameter have been tried?",
    kind=Control(["grid", "random"], label="Search"),
    matter=Control(["only the first", "both"], label="What matters"),
    trials=Control(run.pick(quick=(1, 9), standard=(1, 3, 5, 7, 9)), label="Trials"),
    start={"kind": "grid", "trials": 9}, play="trials",
)  # fmt: skip

# %% [markdown]
# The grid is shifted by a random offset, so that no side knows where the peak is. Still, one draw proves
# nothing. The peak moves to a random place, 200 times, and both searches start anew each time:


# %%
def best_so_far(kind, both, repeats=200):
    rng = np.random.default_rng((run.seed, 7))
    rows = []
    for repeat in range(repeats):
        x, y = points_of(kind, 100 + repeat).T
        rows.append(np.maximum.accumulate(surface(x, y, rng.uniform(0.1, 0.9, 2), both)))
    return np.array(rows)


best = {
    (kind, both): best_so_far(kind, both) for kind in ("grid", "random") for both in (False, True)
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Best score so far over nine trials, mean and interval, in two panels. Where one dimension matters random search climbs above the grid; where both matter the lines stay close, and the grid ends a little ahead."}}
fig, axes = plotting.figure(1, 2, height=3.1, sharey=True)
for ax, both in zip(axes, (False, True)):
    plotting.plot_best_so_far(ax, {kind: best[kind, both] for kind in ("grid", "random")})
    ax.set(title="both matter" if both else "one matters")
axes[1].set(ylabel="")
axes[0].legend(loc="lower right")
fig

# %% tags=["nbval-check-output"]
ahead = {both: best["random", both][:, -1] - best["grid", both][:, -1] for both in (False, True)}
surface_claim = claim(
    "random-beats-grid-one-dimension",
    "On a surface where one of two dimensions matters, nine random trials beat a 3 × 3 grid by 5 points",
    ahead[False], above=5, unit="points", rows=("M34",), needs="quick", run=run,
)  # fmt: skip

print("random search is ahead by 2 points where both matter:", bool(ahead[True].mean() > 2))

# %% tags=["remove-input"]
surface_claim

# %% [markdown]
# ### On a real network
#
# A perceptron on digits; rates from 0.0001 to 3, weight decays from $10^{-6}$ to $10^{-2}$, both on a
# log scale. All trainings run at once, stacked into one network. The winner by validation accuracy
# is measured on the test digits.

# %%
x, y = digits.images.flatten(1), digits.labels
learn, choose, final = (
    Part(x[s], y[s]) for s in (slice(0, 600), slice(600, 1000), slice(1000, None))
)
LOW, HIGH = np.log10([1e-4, 1e-6]), np.log10([3, 1e-2])


def as_settings(points, seed):
    return [Settings(*(10 ** (LOW + (HIGH - LOW) * u)).tolist(), seed=seed) for u in points]


updates = run.pick(quick=20, standard=200)


def scores(settings, steps=None):  # (2, networks): validation and test accuracy in percent
    trained = train_together(settings, learn, steps=steps or updates, run=run)
    both = torch.stack([evaluate(trained, part) for part in (choose, final)])
    return 100 * both.nan_to_num(0.1).cpu().numpy()


# %% [markdown]
# First the lay of the land: random trials, all over the space.

# %%
many = run.pick(quick=60, standard=400)
rng = np.random.default_rng((run.seed, 11))
drawn = rng.random((many, 2))
pool_scores = scores(as_settings(drawn, seed=1000))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy of many random trials over the learning rate, on a log scale, a dot each, colored by weight decay. The dots rise to a broad plateau near the top over more than one power of ten, and fall off steeply to the right. Colors are mixed everywhere."}}
fig, ax = plotting.figure(height=3.2)
rates, decays = 10 ** (LOW + (HIGH - LOW) * drawn).T
plotting.plot_response(ax, rates, decays, pool_scores[0])
fig

# %% [markdown]
# Now both searches, nine trials each, thirty times:

# %%
repeats = run.pick(quick=3, standard=30)
plan = [(kind, r) for kind in ("grid", "random") for r in range(repeats)]
tried = scores([s for kind, r in plan for s in as_settings(points_of(kind, 500 + r), r)])
tried = tried.reshape(2, 2, repeats, 9)  # part, kind, repeat, trial
winner = tried[0].argmax(axis=-1)[..., None]
on_test = np.take_along_axis(tried[1], winner, axis=-1)[..., 0]

# %% tags=["nbval-check-output"]
network_claim = claim(
    "random-beats-grid-network",
    "Tuning rate and weight decay of a perceptron in nine trials, random search finds a better one",
    on_test[1] - on_test[0], above=0, unit="points", rows=("M34",), run=run,
    expect="inconclusive",
)  # fmt: skip

# %% tags=["remove-input"]
network_claim

# %% [markdown]
# Only the rate matters here, and still the advantage is lost in the noise: three evenly spaced rates seldom
# miss so wide a plateau. Random search pays where the good region is narrow, or a grid has two values of
# each of many hyperparameters.
#
# ### Sixty trials
#
# How many are enough? Call the best 5% of all configurations good. One random trial misses them with
# probability 0.95, and $n$ independent ones all miss with $0.95^n$:
#
# $$
# P = 1 - (1 - 0.05)^n
# \tag{3}
# $$
#
# For $n = 60$ that is 95%, in any number of dimensions. But to draw a good one is not to know it. So we draw
# from the trials above, call the best 5% *on test digits* good, and count how often one was drawn and picked.

# %%
good = np.zeros(many, dtype=bool)
good[pool_scores[1].argsort()[-many // 20 :]] = True
counts = (1, 5, 10, 20, 40, 60, 80)
draws = [rng.integers(many, size=(2000, n)) for n in counts]
picks = [np.take_along_axis(d, pool_scores[0][d].argmax(1)[:, None], 1)[:, 0] for d in draws]
hit = {
    "one was drawn": [100 * good[d].any(axis=1).mean() for d in draws],
    "validation picked one": [100 * good[pick].mean() for pick in picks],
}
formula = [100 * (1 - 0.95**n) for n in counts]

# %% tags=["hide-input"] mystnb={"image": {"alt": "Chance in percent over n random trials from 1 to 80. The dots for one good trial drawn follow the dashed line of the formula to above 90 percent. The dots for a good trial picked by validation rise as well, but stay far below."}}
fig, ax = plotting.figure(height=3.2)
plotting.plot_chance_of_top(ax, counts, np.array(formula), hit)
ax.legend(loc="lower right")
fig

# %% [markdown]
# The formula holds for the draw. Validation on a few hundred digits cannot tell the best 5% from those just
# below them, which on a plateau does no harm: they are nearly as good.

# %% [markdown]
# ### The winner's curse
#
# The best of many validation scores is partly skill and partly luck: it is the one whose validation set
# happened to suit it. So the score that chose the winner is too good to report (Cawley and Talbot, 2010). To measure by how much,
# we train a hundred perceptrons at good rates, judge them on only 100 digits, and look at the winner on all
# the others; several times, with new perceptrons and other digits. The claim subtracts what makes some digits
# easier for all alike.

# %%
groups, field = run.pick(quick=(3, 20), standard=(8, 100))
points = np.column_stack([rng.uniform(0.6, 0.9, groups * field), rng.random(groups * field)])
fields = [replace(s, seed=2000 + i) for i, s in enumerate(as_settings(points, seed=0))]
trained = train_together(fields, learn, steps=updates, run=run)
with torch.no_grad():
    right = trained(x[600:]).argmax(dim=-1) == y[600:]
right = 100 * right.cpu().numpy().reshape(groups, field, -1)
orders = [rng.permutation(right.shape[2]) for _ in range(groups)]
seen = np.array([r[:, order[:100]].mean(axis=1) for r, order in zip(right, orders)])
unseen = np.array([r[:, order[100:]].mean(axis=1) for r, order in zip(right, orders)])


# %%
def winners(n):  # cut each field into teams of n; the winners' mean (validation, test) scores
    teams, truth = (part.reshape(groups, field // n, n) for part in (seen, unseen))
    first = teams.argmax(axis=2)[..., None]
    return [np.take_along_axis(part, first, 2).mean(axis=(1, 2)) for part in (teams, truth)]


sizes = run.pick(quick=(1, 4, 20), standard=(1, 4, 20, 100))
by_part = dict(zip(("validation", "test"), np.array([winners(n) for n in sizes]).T.swapaxes(0, 1)))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Accuracy of the winner over the number of trials it was chosen from, on a log scale. Both lines rise over the first few trials. Then accuracy on the digits that chose the winner goes on rising, while that on other digits does not, so a gap opens."}}
fig, ax = plotting.figure(height=3.1)
plotting.plot_winner(ax, sizes, by_part)
ax.legend(loc="upper left")
fig

# %% tags=["nbval-check-output"]
easier = (seen - unseen).mean(axis=1)  # how much easier the validation digits are, for all networks
curse_claim = claim(
    "winners-curse",
    "The best of 100 trials looks more than 1 point better on the 100 digits that chose it than it is",
    by_part["validation"][:, -1] - by_part["test"][:, -1] - easier, above=1, unit="points",
    rows=("M32",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
curse_claim

# %% [markdown]
# The cure: report the winner on data that chose nothing.
#
# ## Cross-validation
#
# With few examples, a held-out fifth is too small to judge by. *$k$-fold cross-validation* (Stone, 1974) cuts the data
# into $k$ parts, trains $k$ times, each time without one part, and averages the $k$ scores $a_i$:
#
# $$
# \bar a = \frac1k \sum_{i=1}^k a_i
# \tag{4}
# $$
#
# Every example is used for validation once. The price is $k$ trainings. We draw 200 digits, and estimate the
# accuracy in both ways: from one held-out fifth, and from all five. The truth is the mean accuracy of the
# five networks on more than a thousand other digits. Then again, with 200 others.


# %%
def folds(order, k):
    parts = torch.tensor_split(order, k)
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), parts[i]) for i in range(k)]


everything, k, repeats = Part(x, y), 5, run.pick(quick=3, standard=60)
splits = [
    folds(torch.randperm(len(y), generator=run.generator("cv", r))[:200], k) for r in range(repeats)
]
settings = [Settings(0.1, seed=r, rows=rows) for r, split in enumerate(splits) for rows, _ in split]
nets = train_together(settings, everything, steps=updates, run=run)
with torch.no_grad():
    right = (nets(x).argmax(dim=-1) == y).float().cpu().view(repeats, k, -1)
held = np.array(
    [[float(right[r, i, split[i][1]].mean()) for i in range(k)] for r, split in enumerate(splits)]
)

# %%
outside = torch.ones(repeats, len(y), dtype=torch.bool)
for r, split in enumerate(splits):
    outside[r, torch.cat([rows for _, rows in split])] = False
truth = np.array([float(right[r][:, outside[r]].mean()) for r in range(repeats)])
errors = {
    "one fifth held out": 100 * abs(held[:, 0] - truth),
    "5-fold": 100 * abs(held.mean(axis=1) - truth),
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of dots with intervals: the error of the estimated accuracy in points with one fifth held out, and with 5-fold cross-validation. The interval of 5-fold lies lower."}}
fig, ax = plotting.figure(height=2.4)
plotting.plot_intervals(ax, errors, reference=None, sort=False)
ax.set(xlabel="error of the estimated accuracy (points)")
ax.set_xlim(left=0)
fig

# %% tags=["nbval-check-output"]
cv_claim = claim(
    "cross-validation-estimates-better",
    "On 200 examples, 5-fold cross-validation errs less than one held-out fifth",
    errors["one fifth held out"] - errors["5-fold"], above=0, unit="points", rows=("M32",), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
cv_claim

# %% [markdown]
# With many examples a single split is precise enough, and five trainings are better spent on five
# configurations.
#
# ## Stop the losers early: successive halving
#
# Give all candidates a small budget, keep the best third, triple the budget, and so on (Jamieson and Talwalkar, 2016). Most trials
# cost little; only a few are trained to the end.


# %%
def halve(objective, configs, budgets, factor=3):
    for budget in budgets:
        configs = sorted(configs, key=lambda c: objective(c, budget), reverse=True)
        configs = configs[: max(1, len(configs) // factor)]
    return configs[0]


def digits_objective(config, budget):
    one = replace(well, lr=config["lr"], seed=config["seed"])
    return float(train_setup(one, steps=budget)[1].metrics["validation"][-1])


# %% [markdown]
# `lib.search` does the same on Optuna (Akiba et al., 2019), a library for such searches: each trial is recorded, one that fails
# is recorded as failed and does not end the search, and with `workers=` trials are spread over processes.

# %%
space = {"lr": search.LogUniform(1e-4, 3), "seed": search.Choice([0])}
largest = run.pick(quick=27, standard=270)
halved = search.successive_halving(
    digits_objective, space, trials=27, smallest=largest // 27, largest=largest, seed=run.seed
)
print(f"spent {halved.spent:g} updates instead of {27 * largest:g}; best {halved.best.config}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy over the updates given, on a log scale, a line for each trial. Most lines are gray and end after the first or second budget; one blue line goes on to the largest budget and reaches a high accuracy."}}
fig, ax = plotting.figure(height=3.2)
plotting.plot_halving(ax, [t.values for t in halved.trials if t.values])
fig

# %% tags=["nbval-check-output"]
known = {(t.config["lr"], budget): v for t in halved.trials for budget, v in t.values.items()}
ours = halve(lambda config, budget: known[config["lr"], budget],
             [t.config for t in halved.trials], sorted({budget for _, budget in known}))  # fmt: skip
print("our halving finds the same winner:", ours == halved.best.config)

# %% [markdown]
# What is lost by stopping early? We let both searches choose among the same 27 candidates, ten times with
# new ones, and compare their winners on test digits.

# %%
budgets = run.pick(quick=(2, 6, 18, 54), standard=(20, 60, 180, 540))
times = run.pick(quick=3, standard=10)
fields = [
    replace(s, seed=9000 + i) for i, s in enumerate(as_settings(rng.random((times * 27, 2)), 0))
]
everyone = scores(fields, budgets[-1]).reshape(2, times, 27)
alive = np.arange(times * 27).reshape(times, 27)
for rung in budgets:
    seen, unseen = scores([fields[i] for i in alive.flat], rung).reshape(2, *alive.shape)
    ranked = np.argsort(-seen, axis=1, kind="stable")
    by_halving = np.take_along_axis(unseen, ranked[:, :1], 1)[:, 0]
    alive = np.take_along_axis(alive, ranked[:, : max(1, alive.shape[1] // 3)], 1)
chosen = everyone[0].argmax(axis=1)[:, None]
by_full_search = np.take_along_axis(everyone[1], chosen, 1)[:, 0]
spent = sum(max(1, 27 // 3**i) * b for i, b in enumerate(budgets)) / (27 * budgets[-1])
print(f"halving spent {spent:.0%} of the full search's updates")

# %% tags=["nbval-check-output"]
halving_claim = claim(
    "halving-loses-little",
    "Successive halving, with a seventh of the updates, finds a perceptron within 1 point of the full search's",
    by_halving - by_full_search, above=-1, unit="points", rows=("M29", "M30"), run=run,
)  # fmt: skip

# %% tags=["remove-input"]
halving_claim

# %% [markdown]
# The weak spot is the crossing of lines in step 5: a rate that is slow at first is stopped before it can
# overtake.
#
# ## Many runs at once
#
# Small networks leave a machine idle. Two cures: many networks stacked into one, whose weights get one more
# dimension (chapter 1 did this), or a process per core with one thread each. Which is faster depends on the
# machine and the size, so measure. First sixteen perceptrons, stacked:


# %%
def seconds(work):
    started = time.perf_counter()
    return work(), time.perf_counter() - started


sixteen = as_settings(np.random.default_rng(3).random((16, 2)), seed=0)
steps = run.pick(quick=20, standard=100)
together = functools.partial(train_together, train=learn, steps=steps, run=run)
one_by_one, loop = seconds(lambda: [together([s]) for s in sixteen])
stacked, at_once = seconds(lambda: together(sixteen))
print(f"16 perceptrons, stacked: {loop / at_once:.1f}× as fast as one by one here")

# %% tags=["nbval-check-output"]
alone = torch.cat([evaluate(m, choose) for m in one_by_one])
apart = (alone - evaluate(stacked, choose)).abs().nan_to_num(0).max()
print("same accuracies:", bool(apart < 0.02))

# %% [markdown]
# Then four of the residual networks, in processes. They are started before the clock is. At best the ratio
# is the number of cores; on a machine that is busy with other things it can fall below one.

# %%
steps = run.pick(quick=5, standard=60)
four = [replace(setup, seed=s) for s in range(4)]
train_all(four, steps=1, workers=workers)
_, in_turn = seconds(lambda: train_all(four, steps=steps))
_, spread = seconds(lambda: train_all(four, steps=steps, workers=workers))
print(f"4 residual networks, {workers} process(es): {in_turn / spread:.1f}× as fast as one here")

# %% [markdown]
# ## Beyond one machine
#
# The objective and the space stay as they are. What changes is the call, which goes to Ray Tune with
# Optuna's sampler, which looks near what worked, and with ASHA (Li et al., 2020), a halving that does not wait for a round to
# end:
#
# ```python
# search.cluster_search(
#     digits_objective, space, trials=27, smallest=20, largest=540, seed=0,
#     storage_path="/shared/search", address="auto",  # None: this machine alone
# )
# ```
#
# Ray is an optional requirement: `pip install -r requirements-optional.txt`. A trial whose worker dies is
# started again elsewhere; one whose objective raises is recorded as failed.
#
# ## Exercises
#
# ### Exercise 1: how many trials?
#
# ★☆☆, 10 minutes. Write `trials_needed(top, chance)`: the smallest number of random trials for which
# at least one is among the best fraction `top` with probability `chance` or more, an `int`.


# %% tags=["exercise"] exercise="trials-needed" points=3
def trials_needed(top, chance):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_trials_needed(trials_needed)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="trials-needed" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def trials_needed(top, chance):
    n = 1
    while 1 - (1 - top) ** n < chance - 1e-12:  # a little less, since 1 - 0.9**2 < 0.19 in floats
        n += 1
    return n


checks.check_trials_needed(trials_needed)

# %% [markdown]
# ### Exercise 2: an average that forgets
#
# ★★☆, 15 minutes. A moving average needs the last $w$ values. This one needs only its last self: with
# $v_0 = 0$ and a memory $\beta$ from 0 to below 1,
#
# $$
# v_t = \beta v_{t-1} + (1 - \beta) L_t, \qquad \hat L_t = \frac{v_t}{1 - \beta^t}
# \tag{5}
# $$
#
# The division makes up for the start at zero. Write `exponential_average(values, beta)`, which returns
# $\hat L_1, \hat L_2, \dots$ A loss that is not a number must leave no trace behind: skip it, repeat the average
# before it (for a first one, not a number), and count in $t$ only those you used.


# %% tags=["exercise"] exercise="exponential-average" points=4
def exponential_average(values, beta):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_exponential_average(exponential_average)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="exponential-average" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def exponential_average(values, beta):
    v, t, averages = 0.0, 0, []
    for L in values:
        if not math.isnan(L):
            v, t = beta * v + (1 - beta) * L, t + 1
        averages.append(v / (1 - beta**t) if t else math.nan)
    return averages


checks.check_exponential_average(exponential_average)

# %% [markdown]
# ### Exercise 3: folds
#
# ★★☆, 15 minutes. `folds` above takes what it is given. Write `k_fold(order, k)` so that it can be trusted:
# `order` is a tensor of shuffled row indices. Return a list of `k` pairs of tensors (training rows,
# validation rows): the validation parts do not overlap, cover all rows, and their sizes differ by at most
# one. With `k` below 2 or above the number of rows, raise `ValueError`.


# %% tags=["exercise"] exercise="k-fold" points=5
def k_fold(order, k):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_k_fold(k_fold)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="k-fold" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def k_fold(order, k):
    if not 2 <= k <= len(order):
        raise ValueError(f"k must be from 2 to {len(order)}; got {k}")
    parts = torch.tensor_split(order, k)
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), parts[i]) for i in range(k)]


checks.check_k_fold(k_fold)

# %% [markdown]
# ### Exercise 4: the ward
#
# ★★★, 35 minutes. `ward.patients(run)` holds five sick set-ups, "A" to "E", with one illness each:
# "initialization", "labels", "learning rate", "test augmentation" or "optimizer". Write
# `treat(setup, digits)`, which finds the illness with the gates of this chapter and returns
# `(illness, cured)`, the cured set-up made with `replace(setup, …)`. Of its fields, `make_model`, `train`,
# `lr`, `test_transform` (healthy: `None`) or `make_optimizer` is ill. `digits` are the training images with
# their right labels; `ward.perceptron` and `ward.all_parameters` make a healthy network and optimizer.
# Change nothing but what is ill. A gate's `passed` says whether it is; its `values` hold what it measured, such as
# `values["unmoved"]` (the parameters that never moved) of step 2 and `values["rate"]` of step 3.


# %% tags=["exercise"] exercise="ward" points=10
def treat(setup, digits):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_ward(treat)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="ward" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def treat(setup, digits):
    if not check_initial_loss(setup).passed:
        return "initialization", replace(setup, make_model=ward.perceptron)
    if not check_evaluation(setup).passed:
        return "test augmentation", replace(setup, test_transform=None)
    if check_overfit(setup).values["unmoved"]:
        return "optimizer", replace(setup, make_optimizer=ward.all_parameters)
    rate = find_learning_rate(setup)
    if rate.passed:
        return "learning rate", replace(setup, lr=rate.values["rate"])
    return "labels", replace(setup, train=digits)


checks.check_ward(treat)

# %% [markdown]
# ## Summary
#
# - Before a long training: initial loss log C, a small sample by heart with every parameter moving, a
#   rate that lowers the loss within 100 updates.
# - Few epochs for many settings, more epochs for a few. A short run favors fast rates.
# - Draw noisy losses with a moving average, and training with validation accuracy. Look at all runs in one
#   picture.
# - Random search tries as many values of the one hyperparameter that matters as it has trials. Where
#   several matter alike, its advantage is gone.
# - Sixty random trials draw one of the top 5% with a probability of 95%; validation need not know it.
# - The winner's own validation score is too good to be true. Report it on data that chose nothing.
# - Cross-validation makes few examples count, at $k$ times the price.
# - Successive halving spends as much on each round as on the one before, so each survivor gets three times
#   as much. It loses little where early scores predict late ones.
#
# **Limits.** One residual network on 1,000 pictures and one perceptron on digits, two or three
# hyperparameters. The thresholds of the gates (25% of log C, a drop of 30%, a gap of 15 points) are rules of
# thumb of ours; change them where your problem differs.
#
# ## Sources
#
# - Akiba et al. (2019). Optuna: a next-generation hyperparameter optimization framework. KDD.
#   [arXiv:1907.10902](https://arxiv.org/abs/1907.10902)
# - Bergstra, Bengio (2012). Random search for hyper-parameter optimization. Journal of Machine Learning
#   Research 13.
# - Cawley, Talbot (2010). On over-fitting in model selection and subsequent selection bias in performance
#   evaluation. Journal of Machine Learning Research 11.
# - Jamieson, Talwalkar (2016). Non-stochastic best arm identification and hyperparameter optimization.
#   AISTATS. [arXiv:1502.07943](https://arxiv.org/abs/1502.07943)
# - Li et al. (2020). A system for massively parallel hyperparameter tuning. MLSys.
#   [arXiv:1810.05934](https://arxiv.org/abs/1810.05934)
# - Stone (1974). Cross-validatory choice and assessment of statistical predictions. Journal of the Royal
#   Statistical Society B 36.
