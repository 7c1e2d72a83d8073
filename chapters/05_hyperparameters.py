# ---
# jupyter:
#   course:
#     builds_on: [01_activations, 03_regularization]
#     compute_minutes: 1
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
# A network that does not learn gives no error message. This chapter is a recipe of seven steps (Johnson, 2019).
# The first ones are gates: each measures something, passes or fails, and says what to try. The later ones search.
#
# After this chapter you can
#
# - check a training before you pay for it: its initial loss, a small sample that it memorizes, a rate that works;
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
import functools
import itertools
import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import torch

# %%
from chapters.hyperparameters import (
    checks,
    experiments,
    figures,
    gallery,
    networks,
    perceptrons,
    search_figures,
    studies,
    surfaces,
    ward,
    ward_checks,
)

# %%
from chapters.hyperparameters.recipe import (
    Setup,
    check_evaluation,
    check_initial_loss,
    check_overfit,
    find_learning_rate,
    moving_average,
    train_all,
    train_setup,
)

# %%
from chapters.hyperparameters.stacks import Settings, train_together
from lib import plotting, runtime
from lib.training import cross_entropy, predict
from lib.training.stacks import evaluate
from lib.widgets import (
    Choice,
    CommandCenter,
    Control,
    FrameExplorer,
    Prediction,
    RunCurves,
)
from lib.workers import worker_count

# %%
as_written = dataset == "scenes"
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The patient is a small residual network on rendered scenes of ten kinds. All that can go wrong with a
# training goes into one object, a `Setup`: what makes a network with fresh weights, what makes its optimizer
# (here gradient descent with momentum and a small weight decay), the data, the rate, and the size of a mini-batch
# (32, unless you say otherwise). Put your own network and optimizer in their place, and every step below
# works on them.

# %%
train, validation = networks.pictures(run, dataset)
patient = Setup(
    make_model=networks.residual(train),  # called with a generator
    make_optimizer=networks.sgd,  # called with a model and a learning rate
    train=train,
    validation=validation,
    run=run,
    lr=0.03,
)
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


# %% [markdown]
# `check_initial_loss` comes with this chapter. It is the same gate, and it also says what it measured and what
# to try if it fails:

# %%
step1 = check_initial_loss(patient)
step1

# %% tags=["hide-input", "nbval-check-output"]
print("our gate agrees:", initial_loss_is_fine(patient) == step1.passed)

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
losses = experiments.initial_loss(run)  # (seeds, scales), in nats

# %% tags=["hide-input"] mystnb={"image": {"alt": "Initial loss over the scale of the first weights, both on logarithmic axes. Up to the usual scale the loss lies near the dashed line of a guesser, log C; beyond that it rises steeply."}}
fig, ax = plotting.figure(height=3.0)
scales = experiments.SCALES
figures.plot_initial_loss(ax, scales, losses, expected=math.log(10))
fig

# %% tags=["remove-input"]
experiments.initial_loss.cards(losses, run)["initial-loss-is-log-c"]

# %% [markdown]
# A second look is free: evaluate the same network several times. If the numbers differ, something random
# is still on, such as dropout or augmentation.

# %% tags=["nbval-check-output"]
repeated = check_evaluation(patient, steps=run.pick(quick=3, standard=20))
print("the evaluation repeats:", repeated.passed)

# %% [markdown]
# ## Step 2: overfit a small sample
#
# Turn dropout, strong weight decay and augmentation off. Take 5 to 10 mini-batches and train on nothing else
# until the network gets every one of their pictures right. A network that cannot memorize five batches, 160
# pictures, will not learn the rest. What a failure tells:
#
# | the loss | likely reason |
# |---|---|
# | does not go down | rate too low, bad initialization, or the optimizer was not given all parameters |
# | explodes to Inf or NaN | rate too high, bad initialization |
#
# Also count how many parameter tensors moved: this catches weights that were frozen by mistake.


# %%
def overfit(setup, batches=5, steps=300):
    sample = setup.train.subset(slice(0, batches * setup.batch_size))
    model, history = train_setup(setup, steps=steps, part=sample)
    right = predict(model, sample.images).argmax(dim=1) == sample.labels
    pairs = zip(setup.model().parameters(), model.parameters())
    moved = [not torch.equal(before, after) for before, after in pairs]
    return float(right.float().mean()), moved, history.loss


# %% [markdown]
# We try three rates: our 0.03, one that is 300 times smaller, and one that is 100 times larger.

# %%
steps = run.pick(quick=30, standard=300)
memorizing = {}
for rate in (1e-4, 0.03, 3.0):
    right, moved, loss = overfit(replace(patient, lr=rate), steps=steps)
    memorizing[f"rate {rate:g}"] = loss.cpu().numpy()
    tensors = f"{sum(moved)} of {len(moved)} tensors moved"
    print(f"rate {rate:g}: {right:.0%} by heart; {tensors}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss on a small sample over the updates, as dots with moving averages, for three learning rates. The smallest rate leaves the loss near its first value, the middle one brings it far down, and the largest does not bring it below that of a guesser."}}
fig, ax = plotting.figure(height=3.2)
figures.plot_losses(ax, memorizing, window=15, top=5)
ax.legend(loc="center right", bbox_to_anchor=(1, 0.7))
fig

# %% [markdown]
# `check_overfit` is the same test as a gate, and it also says what to try if it fails. At the smallest rate:

# %% tags=["hide-input"]
check_overfit(replace(patient, lr=1e-4), steps=steps)

# %% [markdown]
# ## Step 3: find a rate that makes the loss fall
#
# Now all the training data, the architecture of step 2, a small weight decay, and 100 updates for each
# of a few rates. Good ones to try: 0.1, 0.01, 0.001, 0.0001.

# %% tags=["remove-input"]
Prediction(
    "Gradient descent moves the weights by rate × gradient. A rate of 0.01 gets somewhere in 100 updates. "
    "As long as the gradients stay about as large, how many updates does a rate of 0.0001 need to get "
    "as far?",
    [
        Choice("About 400", "Each factor of ten in the rate costs a factor of ten in updates."),
        Choice("About 10,000",
               "Each update goes a hundredth of the way. So after 100 updates you can't tell a rate "
               "that is too low from a network that does not learn.", correct=True),
        Choice("About 100: it follows the same gradients",
               "It follows them, but each step is a hundredth as long."),
    ],
)  # fmt: skip


# %%
def fall(loss):
    """The part of the first loss that is gone after the last updates."""
    last = loss[-max(1, len(loss) // 10) :].mean()
    return float(1 - last / loss[0]) if last.isfinite() else -math.inf


def train_at(rates, updates):
    at = functools.partial(train_setup, patient, steps=updates)
    return {rate: at(lr=rate)[1].loss for rate in rates}


updates = run.pick(quick=20, standard=100)
by_rate = train_at((0.1, 0.01, 0.001, 0.0001), updates)
for rate, loss in by_rate.items():
    print(f"rate {rate:g}: {100 * fall(loss):.0f}% of the first loss is gone")

# %% tags=["hide-input", "nbval-check-output"]
few = train_at((0.1, 0.0001), updates=10)
gate = find_learning_rate(patient, rates=list(few), steps=10)
ours = max(few, key=lambda rate: fall(few[rate]))
print("the gate chooses the same rate:", gate.values["rate"] == ours)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss over 100 updates as dots with moving averages, a color for each of the rates 0.1, 0.01, 0.001 and 0.0001. The line of the smallest rate stays near the first loss; larger rates lower it, or make it jump."}}
fig, ax = plotting.figure(height=3.2)
curves = {f"{rate:g}": loss.cpu().numpy() for rate, loss in by_rate.items()}
figures.plot_losses(ax, curves, window=10, top=3)
ax.legend(loc="lower left", title="learning rate", ncols=2)
fig

# %% [markdown]
# Step 3 asks only which rates work; which of two is better takes longer trainings. Is 0.01 a safe first try for
# this network? We trained it with eight other seeds. That draws no figure, so this page shows the evidence
# alone, and `experiments.suggested_rate(run)` runs it.

# %% tags=["remove-input"]
experiments.suggested_rate.cards(None, run)["a-suggested-rate-works"]

# %% [markdown]
# ## Steps 4 and 5: a coarse grid, then a fine one
#
# Step 4 takes a few rates and weight decays around what worked and trains each combination for a few epochs.
# Rates are spaced by factors: 0.1, 0.03, 0.01. What counts about a rate is its power of ten, and of rates at
# even steps from 0 to 0.1, nine tenths would lie above 0.01. Step 5 takes a finer grid around the best rate
# and trains for longer, at a constant rate.
#
# A search needs an *objective*: a function that asks for the hyperparameters of a trial and returns a
# score, higher being better. Ours is for Optuna (Akiba et al., 2019), a library for such searches;
# `studies.evaluate` spreads the trials over processes and keeps them in a file.


# %%
def configured(lr, weight_decay):
    optimizer = functools.partial(networks.sgd, weight_decay=weight_decay)
    return replace(patient, make_optimizer=optimizer, lr=lr)


def objective(trial):
    lr = trial.suggest_float("lr", 1e-4, 1, log=True)
    weight_decay = trial.suggest_float("weight_decay", 0, 0.1)
    steps = int(short * len(train) / patient.batch_size)
    _, history = train_setup(configured(lr, weight_decay), steps=steps)
    return float(history.metrics["validation"][-1])


short = run.pick(quick=1, standard=3)  # epochs
rates, decays = (0.1, 0.03, 0.01, 0.003), (0, 1e-5, 1e-4)
grid = [{"lr": lr, "weight_decay": decay} for lr in rates for decay in decays]

# %%
file = Path(tempfile.mkdtemp(), "search.db")
coarse = studies.evaluate(objective, grid, path=file, workers=workers)
best = coarse.best_params["lr"]
print(f"best after {short} epoch(s): a rate of {best:g}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "A table of validation accuracies after a few epochs, a row for each learning rate and a column for each weight decay. The higher the accuracy, the darker the cell; the best one is printed bold."}}
scores = [math.nan if t.value is None else t.value for t in coarse.trials]
fig, ax = plotting.figure(height=3.0)
names = ([f"{v:g}" for v in listed] for listed in (rates, decays))
figures.plot_scores(ax, np.array(scores).reshape(4, 3), *names)
ax.set(
    title="Validation accuracy after the coarse grid (%)",
    xlabel="weight decay",
    ylabel="learning rate",
)
fig

# %% [markdown]
# In so short a training, such decays do next to nothing. With a momentum of 0.9 and a rate of $\eta$, a decay of
# $\lambda$ shrinks a weight by a factor of about $1 - 10 \eta \lambda$ in each update. For the largest rate and decay
# of this grid, that is 1% in all 93 updates. So the differences you see *within* a row are mostly luck, and they
# tell you how far to trust a difference *between* rows.

# %% tags=["remove-input"]
Prediction(
    "Suppose that the best cell of a coarse grid lies in the row of the largest rate that was tried. Which "
    "rates should the finer grid hold?",
    [
        Choice("The best rate and the next smaller one, and some between them",
               "Nobody knows what lies on the other side. The best rate of all may be larger still."),
        Choice("The best rate, and rates on both sides of it",
               "A winner on the border says that the grid was in the wrong place. Move it, until the "
               "best lies inside.", correct=True),
        Choice("The best rate alone, trained for longer",
               "It is the best of a few, after a few epochs, with some luck. Its neighbors deserve a look."),
    ],
)  # fmt: skip

# %% [markdown]
# So the finer grid holds the best rate, its double and its half. Since small decays do next to nothing, it tries
# larger ones. Each training is now twice as long.

# %%
epochs = run.pick(quick=2, standard=6)
per_epoch = len(train) // patient.batch_size
fine = {"lr": (2 * best, best, best / 2), "weight_decay": (0, 1e-3, 1e-2)}
configs = list(itertools.product(*fine.values()))
longer = [configured(lr, decay) for lr, decay in configs]
steps = epochs * per_epoch
histories = train_all(
    longer,
    steps=steps,
    evaluate_every=per_epoch,
    workers=workers,
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy over the epochs for three learning rates, the best of the coarse grid, its double and its half. Each line is a mean over three weight decays and has its rate written at its end."}}
fig, ax = plotting.figure(height=3.4)
curves = np.array([h.metrics["validation"].numpy() for h in histories])
curves = np.nan_to_num(curves, nan=10.0)  # a network that diverged guesses
curves = curves.reshape(3, 3, -1).mean(axis=1)
names = [f"{lr:g}" for lr in fine["lr"]]
figures.plot_short_and_long(ax, names, range(epochs + 1), curves)
ax.set(title="Mean over three weight decays")
fig

# %% tags=["hide-input"]
for epoch in (short, epochs):
    leader = names[curves[:, epoch].argmax()]
    print(f"after {epoch} epoch(s), the rate {leader} leads")

# %% [markdown]
# Short trainings favor fast rates: a large rate may lead at first and later jump about where a smaller one
# settles. That is why step 5 keeps several candidates and trains them for longer. Be careful with close lines:
# each is the mean of three single trainings, so which of two neighbors ends on top may be chance. Close calls need
# more seeds.
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


# %%
def moving(L, w):
    n = len(L)
    return np.array([np.mean(L[max(0, t + 1 - w) : t + 1]) for t in range(n)])


# %% tags=["hide-input", "nbval-check-output"]
noisy = histories[0].loss.numpy().astype(float)
ours, theirs = moving(noisy, 10), moving_average(noisy, 10)
print("our average is the course's:", np.allclose(ours, theirs, equal_nan=True))

# %% [markdown]
# Draw the accuracies on training and validation data together, too:
#
# - a huge gap is overfitting: use more regularization, or more data;
# - no gap at a low training accuracy is underfitting: train longer, or take a bigger network, once you know
#   that all weights are trained.
#
# How large a gap is huge is your choice. Here it is 15 points or more, and up to 5 points count as no gap:


# %%
def read(training, validation, huge=15, none=5):
    gap = training - validation
    if gap >= huge:
        return "overfitting"
    underfits = gap <= none and training < 100 - none
    return "underfitting" if underfits else "neither"


# %% tags=["hide-input", "nbval-check-output"]
for training, validation in ((99, 70), (60, 59), (92, 85)):
    print(f"{training}% and {validation}%: {read(training, validation)}")

# %% [markdown]
# ### Explore: the ward
#
# Eight trainings of a small perceptron on digits: one healthy, seven ill. Look at the curves, name the
# illness, then compare with the chosen name. Which ones hardly learn, and which gate above tells them
# apart? (*Weights frozen*: the optimizer was given the biases alone.)

# %%
sick = gallery.train_gallery(run)


# %% tags=["hide-input"]
def gallery_figure(training, window):
    history = sick[training].history
    return figures.curves_figure(
        history.loss.numpy(),
        history.evaluated_at,
        {part: values.numpy() for part, values in history.metrics.items()},
        window=window,
        title=f"{training}, average of {window}",
    )


# %% tags=["remove-input"]
FrameExplorer(
    gallery_figure,
    alt=lambda training, window: (
        f"Noisy training loss with a moving average of {window}, and accuracies over the updates. "
        f"Training: {training}. At the end {sick[training].reading.measured}."
    ),
    title="What is wrong with this training?",
    training=list(sick),
    window=Control(run.pick(quick=(1, 20), standard=(1, 5, 20)), label="Average over (updates)"),
    start={"training": "healthy", "window": 20},
    still={"training": "rate too high"},
    play="window",
)

# %% tags=["hide-input"]
for name, one in sick.items():
    print(name, one.reading, sep="\n")

# %% [markdown]
# A rate that is far too high shows in the loss, which stays above log 10, that of a guesser. A rate that is too
# low, shuffled labels and frozen weights look much alike: accuracies stay low, and the loss falls little. It
# takes gates to tell them apart. *Shifted at test* gives itself away: its loss falls as in health, yet its
# accuracies stay low, so the evaluation is at fault. *Large weights* learns in spite of its start;
# step 1 finds it before any training. What the gates say of three of them:

# %% tags=["hide-input"]
print(check_initial_loss(sick["large weights"].setup))
print(check_overfit(sick["weights frozen"].setup))
print(check_evaluation(sick["shifted at test"].setup))

# %% [markdown]
# Step 7 is: go back to step 5. What the curves say suggests the next grid, and you go round until nothing
# gets better, or your time is up.
#
# ### The command center
#
# With many runs, one picture each is too much. Put them all into one, color by a hyperparameter,
# filter, and pick. These are the nine runs of step 5. Filter one rate after the other: which runs
# would you have stopped early, and would you have missed any of them at the end?

# %% tags=["hide-input"]
every = max(1, len(histories[0].loss) // 60)
at = np.arange(every, len(histories[0].loss) + 1, every)
center_runs = [
    RunCurves(
        {"learning rate": lr, "weight decay": decay},
        {
            "training loss (nats)": (at, moving_average(h.loss.numpy(), every)[at - 1]),
            "validation accuracy (%)": (h.evaluated_at, h.metrics["validation"].numpy()),
            "training accuracy (%)": (h.evaluated_at, h.metrics["train"].numpy()),
        },
    )
    for (lr, decay), h in zip(configs, histories)
]

# %% tags=["remove-input"]
CommandCenter(
    center_runs, title="Which of these runs would you have stopped early?", x="updates",
    color="learning rate", metric="validation accuracy",
)  # fmt: skip

# %% [markdown]
# The same, live, while a search runs: step 4 kept its trials in a file, which
# [optuna-dashboard](https://pypi.org/project/optuna-dashboard/) shows in your browser.
#
# ```bash
# pip install optuna-dashboard
# optuna-dashboard sqlite:///search.db
# ```
#
# You can also interrupt such a search. Call it again, and it continues where it stopped: finished trials are not
# repeated.
#
# ## Random search against grid search
#
# Nine trials, two hyperparameters. A grid spends them on three values of each. Random search tries nine
# values of each. If only one of the two matters, that is nine looks against three (Bergstra and Bengio,
# 2012). Points lie in a square, which any two ranges can be stretched to:


# %%
def grid_points(rng, k=3):  # one per cell, all at the same random place in it
    offset = rng.random(2)
    cells = np.array([(i, j) for i in range(k) for j in range(k)])
    return (cells + offset) / k


def random_points(rng, k=3):
    return rng.random((k**2, 2))


# %% tags=["hide-input", "nbval-check-output"]
for draw in (grid_points, random_points):
    first, second = draw(np.random.default_rng(0)).T
    different = len(np.unique(first))
    print(f"{draw.__name__}: {len(first)} trials, {different} values of the first")

# %% [markdown]
# The grid is shifted by a random offset, so that neither side knows where the peak is.

# %% tags=["remove-input"]
Prediction(
    "A made-up surface of scores. When *both* hyperparameters matter equally, what remains of random "
    "search's advantage over a grid of as many trials?",
    [
        Choice("It grows", "A grid wastes nothing when both dimensions count."),
        Choice("Nothing, or less", "Random search gains from dimensions that do not matter. Where all "
               "matter, an even spread leaves fewer large holes.", correct=True),
        Choice("It stays as it was", "Its edge is the number of different values per dimension, "
               "which helps if one dimension decides."),
    ],
)  # fmt: skip


# %% [markdown]
# The surface of the explorer is a ridge if only the first hyperparameter matters, and a hill if both do. Its
# trials are a typical draw: among 200, the one whose results lie closest to the means.

# %% tags=["hide-input"]
typical = surfaces.typical_draw(run)


def frame(kind, trials, matter):
    shape = functools.partial(surfaces.surface, both=matter == "both")
    points = surfaces.points_of(kind, typical, run)
    title = f"{kind}, {trials} of 9 trials, {matter}"
    return search_figures.search_figure(shape, points, shown=trials, title=title)


def describe(kind, trials, matter):
    shape = functools.partial(surfaces.surface, both=matter == "both")
    points = surfaces.points_of(kind, typical, run)
    told = search_figures.describe_search(shape, points, shown=trials, kind=kind)
    return f"{matter}: {told}"


# %% tags=["remove-input"]
FrameExplorer(
    frame,
    alt=describe,
    title="How many different values of the first hyperparameter have been tried?",
    kind=Control(["grid", "random"], label="Search"),
    matter=Control(["only the first", "both"], label="What matters"),
    trials=Control(run.pick(quick=(1, 9), standard=(1, 3, 6, 9)), label="Trials"),
    start={"kind": "grid", "trials": 9}, play="trials",
)  # fmt: skip

# %% [markdown]
# One draw proves nothing. In the experiment the peak moves to a random place, 200 times, and both searches
# start anew each time:

# %%
found = experiments.made_up(run)  # best scores so far, (repeats, trials) each

# %% tags=["hide-input"] mystnb={"image": {"alt": "Best score so far over nine trials, mean and interval, in two panels. Where one dimension matters, random search climbs above the grid. Where both matter, it ends no higher than the grid."}}
fig, axes = plotting.figure(1, 2, height=3.1, sharey=True)
for ax, both in zip(axes, (False, True)):
    by_kind = {kind: found[kind, both] for kind in surfaces.KINDS}
    search_figures.plot_best_so_far(ax, by_kind)
    ax.set(title="both matter" if both else "one matters")
axes[1].set(ylabel="")
axes[0].legend(loc="lower right")
fig

# %% tags=["remove-input"]
made_up_cards = experiments.made_up.cards(found, run)
made_up_cards["random-beats-grid-one-dimension"]

# %% tags=["remove-input"]
made_up_cards["no-edge-where-both-matter"]

# %% [markdown]
# Back to the prediction: random search gains from the dimension that does not matter. Where both matter, that
# gain is gone.
#
# ### On a real network
#
# A perceptron on digits; rates from 0.0001 to 3, weight decays from $10^{-6}$ to $10^{-2}$, both on a
# log scale: a point of the square gives the logarithms, so every power of ten gets an equal share of the trials.
# All trainings run at once, stacked into one network. First the lay of the land: random trials, all
# over the space.

# %%
pool = perceptrons.random_trials(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy of many random trials over the learning rate, on a log scale, a dot each, colored by weight decay. The dots rise to a broad plateau near the top and fall off steeply to the right of it. Dots of all colors lie side by side."}}
fig, ax = plotting.figure(height=3.2)
search_figures.plot_response(ax, pool.rates, pool.decays, pool.validation)
fig

# %% [markdown]
# Then both searches, with nine trials each, thirty times. The winner by validation accuracy is measured on
# test digits. This draws no figure, so the page shows the evidence alone; `experiments.tuning(run)` runs it.

# %% tags=["remove-input"]
experiments.tuning.cards(None, run)["random-beats-grid-network"]

# %% [markdown]
# Random search wins {{random-beats-grid-network}} on average, and not in every run, since the plateau is wide.
# The three rates of a grid lie a factor of $(3 / 0.0001)^{1/3} \approx 31$ apart, and no grid can miss a plateau
# that is as wide as that. Random search pays where the good region is narrow, or where a grid could afford only
# two values of each of many hyperparameters.
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
# For $n = 60$ that is 95%, in any number of dimensions:

# %%
counts = np.array((1, 5, 10, 20, 40, 60, 80))
formula = 100 * (1 - 0.95**counts)

# %% [markdown]
# It is the best 5% of *your ranges*, however; if those are badly chosen, so are all trials. And to draw a good
# one is not to know it. So we draw from the trials above, call the best 5% *on test digits* good, and count
# how often one was drawn, and how often the best by validation was one.

# %%
hit = perceptrons.chance_of_top(pool, counts, run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Chance in percent over n random trials from 1 to 80. The dots for one good trial drawn follow the dashed line of the formula to above 90 percent. The dots for a good trial picked by validation never lie above them."}}
fig, ax = plotting.figure(height=3.2)
search_figures.plot_chance_of_top(ax, counts, formula, hit)
ax.legend(loc="lower right")
fig

# %% [markdown]
# The formula is right about the draw. The pick can't be better than the draw, and it is worse as far as
# validation on a few hundred digits cannot tell the best 5% from those just below them. On a plateau this
# does no harm: they are nearly as good.
#
# ### The winner's curse
#
# The best of many validation scores is partly skill and partly luck: its validation set happened to suit it. So
# the score that chose the winner is too good to report (Cawley and Talbot, 2010). How much too good? We train
# a hundred perceptrons at rates from 0.05 to 1, judge them on only 100 digits, and look at the winner on the
# others; several times, with new perceptrons.

# %%
winners = experiments.curse(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Accuracy of the winner over the number of trials it was chosen from, on a log scale. On the digits that chose the winner, its accuracy rises all the way. On other digits it rises less."}}
fig, ax = plotting.figure(height=3.1)
by_part = {"validation": winners.validation, "test": winners.test}
search_figures.plot_winner(ax, winners.sizes, by_part)
ax.legend(loc="upper left")
fig

# %% [markdown]
# The hundred digits may be easier than the others for all networks alike. The claim subtracts that part of
# the gap.

# %% tags=["remove-input"]
experiments.curse.cards(winners, run)["winners-curse"]

# %% [markdown]
# On average over all runs, the winner's score is {{winners-curse}} too good. The cure: report the winner on data
# not used for selection.
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
# Every example is used for validation once. The price is $k$ trainings.


# %%
def folds(order, k):
    parts = torch.tensor_split(order, k)
    others = [torch.cat([*parts[:i], *parts[i + 1 :]]) for i in range(k)]
    return list(zip(others, parts))


# %% tags=["hide-input", "nbval-check-output"]
for rows, held_out in folds(torch.arange(6), 3):
    print(f"train on {rows.tolist()}, validate on {held_out.tolist()}")

# %% [markdown]
# We draw 200 digits and estimate the accuracy in two ways: from one held-out fifth, and from all five. The
# truth is measured on the other 1,597 digits: for the held-out fifth, it is the accuracy of the one network
# that did not see it; for 5-fold, the mean accuracy of the five. Then again, with 200 other digits.

# %%
errors = experiments.cross_validation(run)  # in points, one per repetition

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of dots with intervals: the error of the estimated accuracy in points, with one fifth held out and with 5-fold cross-validation. The dots of 5-fold lie closer to zero on average."}}
fig, ax = plotting.figure(height=2.4)
plotting.plot_intervals(ax, errors, reference=None, sort=False)
ax.set(xlabel="error of the estimated accuracy (points)")
ax.set_xlim(left=0)
fig

# %% tags=["remove-input"]
experiments.cross_validation.cards(errors, run)["cross-validation-estimates-better"]

# %% [markdown]
# With many examples a single split is precise enough, and five trainings are better spent on five
# configurations. Either way, train the chosen configuration once more on all examples at the end.
#
# ## Stop the losers early: successive halving
#
# Give all candidates a small budget, keep the best third, triple the budget, and so on (Jamieson and
# Talwalkar, 2016). Most trials cost little; only a few are trained to the end.


# %%
def halve(objective, configs, budgets, factor=3):
    for budget in budgets:
        scores = [-objective(c, budget) for c in configs]
        configs = [configs[i] for i in np.argsort(scores, kind="stable")]
        configs = configs[: max(1, len(configs) // factor)]
    return configs[0]


# %% [markdown]
# We let it choose among 27 learning rates for a perceptron on digits. The budget is the number of updates.

# %%
well = ward.healthy(run)


def digits_objective(config, updates):
    _, history = train_setup(replace(well, lr=config["lr"]), steps=updates)
    return float(history.metrics["validation"][-1])


# %% tags=["hide-input"]
seen = {}  # for each rate, the accuracy after so many updates


def recorded(config, updates):
    accuracy = digits_objective(config, updates)
    seen.setdefault(config["lr"], {})[updates] = accuracy
    return accuracy


# %%
largest = run.pick(quick=27, standard=270)
budgets = [largest // 27, largest // 9, largest // 3, largest]
exponents = torch.rand(27, generator=run.generator("halving"))
rates_drawn = [1e-4 * 3e4**x for x in exponents.tolist()]  # 0.0001 to 3
winner = halve(recorded, [{"lr": rate} for rate in rates_drawn], budgets)

# %% tags=["hide-input"]
spent, full = sum(map(sum, seen.values())), 27 * largest
print(f"spent {spent} updates instead of {full}; best rate {winner['lr']:.2g}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy over the updates given, on a log scale, a line for each trial. Most lines are gray and end after the first or second budget; one blue line goes on to the largest budget."}}
fig, ax = plotting.figure(height=3.2)
search_figures.plot_halving(ax, list(seen.values()))
fig

# %% tags=["hide-input", "nbval-check-output"]
for budget in budgets:
    there = sum(budget in curve for curve in seen.values())
    print("candidates in this round:", there)

# %% [markdown]
# What is lost by stopping early? We let both searches choose among the same 27 candidates, ten times with
# new ones, and compare their winners on test digits. Halving needs 2,160 updates instead of 27 × 540. The page
# shows the evidence alone; `experiments.halving(run)` runs it.

# %% tags=["remove-input"]
experiments.halving.cards(None, run)["halving-loses-little"]

# %% [markdown]
# Its weak spot is a line that would cross the others late: a rate that is slow at first is stopped before it
# can overtake.
#
# Optuna can halve without waiting for a round to end (Li et al., 2020). The objective reports its score
# after each budget, and a *pruner* compares it with the trials so far:


# %%
def pruned(trial):
    config = {"lr": trial.suggest_float("lr", 1e-4, 3, log=True)}
    for updates in budgets:
        score = digits_objective(config, updates)
        trial.report(score, updates)
        if trial.should_prune():
            raise optuna.TrialPruned
    return score


optuna.logging.set_verbosity(optuna.logging.WARNING)  # no line for each trial
study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.RandomSampler(seed=run.seed),
    pruner=optuna.pruners.SuccessiveHalvingPruner(budgets[0], 3),
)
study.optimize(pruned, n_trials=27)

# %% tags=["hide-input"]
given = sum(sum(t.intermediate_values) for t in study.trials)
print(f"spent {given} updates; best rate {study.best_params['lr']:.2g}")

# %% [markdown]
# It draws its own rates, so the two winners may differ. The first trial always goes on to the end, because
# there is nothing to compare it with yet.
#
# ## Many runs at once
#
# Small networks leave a machine idle. Two cures: many networks stacked into one, whose weights get one more
# dimension (chapter 1 did this), or a process per core with one thread each. Which is faster depends on the
# machine and on the size of the networks, so measure. Here are sixteen perceptrons, one by one and stacked:


# %%
def seconds(work):
    started = time.perf_counter()
    return work(), time.perf_counter() - started


learn, choose, _ = perceptrons.parts(run)
sixteen = [Settings(lr) for lr in np.geomspace(0.01, 0.3, 16).tolist()]
steps = run.pick(quick=20, standard=50)
together = functools.partial(
    train_together,
    train=learn,
    steps=steps,
    run=run,
)
one_by_one, loop = seconds(lambda: [together([s]) for s in sixteen])
stacked, at_once = seconds(lambda: together(sixteen))
print(f"stacked: {loop / at_once:.1f}× as fast as one by one here")

# %% tags=["hide-input", "nbval-check-output"]
alone = torch.cat([evaluate(m, choose) for m in one_by_one])
apart = (alone - evaluate(stacked, choose)).abs().max()
print("same accuracies:", bool(apart < 0.05))

# %% [markdown]
# Networks of different shapes cannot be stacked, and large ones gain little by it. They go to processes, as
# in steps 4 and 5. The time shrinks by a factor of the number of cores at best, and not at all where other
# programs keep the cores busy. The numbers stay what they are:

# %%
two = [replace(patient, seed=s) for s in range(2)]
steps = run.pick(quick=5, standard=20)
in_turn = train_all(two, steps=steps)
spread = train_all(two, steps=steps, workers=workers)
same = all(torch.equal(a.loss, b.loss) for a, b in zip(in_turn, spread))
print("same losses, update by update:", same)

# %% [markdown]
# ## Beyond one machine
#
# The objective stays as it is. Only the call changes: it goes to Ray Tune, with Optuna's sampler, which looks
# near what worked, and a pruner of the same kind:
#
# ```python
# def space(trial):
#     trial.suggest_float("lr", 1e-4, 3, log=True)
#
# found = cluster.cluster_search(
#     digits_objective, space, trials=27, smallest=20, largest=540, seed=0,
#     storage_path="/shared/search", address="auto",  # None: this machine alone
# )
# found.get_best_result().config
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


# %%
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
# ★★☆, 15 minutes. A moving average needs the last $w$ values. This one needs only its previous value: with
# $v_0 = 0$ and a memory $\beta$ from 0 to below 1,
#
# $$
# v_t = \beta v_{t-1} + (1 - \beta) L_t, \qquad \hat L_t = \frac{v_t}{1 - \beta^t}
# \tag{5}
# $$
#
# The division makes up for the start at zero. Write `exponential_average(values, beta)`, which returns
# $\hat L_1, \hat L_2, \dots$ A loss that is not a number must leave no trace: skip it, repeat the average
# before it (for a first one, not a number), and count in $t$ only those you used.


# %% tags=["exercise"] exercise="exponential-average" points=4
def exponential_average(values, beta):
    raise NotImplementedError


# %%
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


# %% tags=["exercise"] exercise="k-fold" points=5 forbids="KFold"
def k_fold(order, k):
    raise NotImplementedError


# %%
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


# %%
ward_checks.check_ward(treat)


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


ward_checks.check_ward(treat)

# %% [markdown]
# ## Summary
#
# - Before a long training: an initial loss of log C, a small sample that is memorized while every parameter
#   moves, a rate that lowers the loss within 100 updates.
# - Few epochs for many settings, more epochs for a few. A short run favors fast rates. If the best
#   setting lies on the border of the grid, move the grid.
# - Draw noisy losses with a moving average, and training with validation accuracy. Look at all runs in one
#   picture.
# - Random search tries as many values of the one hyperparameter that matters as it has trials. Where
#   several matter alike, its advantage is gone.
# - Sixty random trials draw one of the top 5% with a probability of 95%; validation need not recognize it.
# - The winner's own validation score is too good to be true. Report it on data not used for selection.
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
# - Johnson (2019). Deep learning for computer vision, lecture 11: training neural networks. University of
#   Michigan, EECS 498. [web.eecs.umich.edu](https://web.eecs.umich.edu/~justincj/teaching/eecs498/FA2019/)
# - Li et al. (2020). A system for massively parallel hyperparameter tuning. MLSys.
#   [arXiv:1810.05934](https://arxiv.org/abs/1810.05934)
# - Stone (1974). Cross-validatory choice and assessment of statistical predictions. Journal of the Royal
#   Statistical Society B 36.
