# ---
# jupyter:
#   course:
#     builds_on: [01_activations, 03_regularization]
#     compute_minutes: 1
#     exercise_minutes: 70
#     memory_gb: 1.5
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
# # 5 · Choosing hyperparameters, without tons of GPUs
#
# Three networks do not learn. Their curves look alike, and each has another illness. Which measurements tell
# the illnesses apart? And when a search has found its winner, how far can you trust the winner's score?
#
# Only ten minutes? Diagnose the eight trainings in [Explore: the ward](#explore-the-ward).
#
# After this chapter you can
#
# - check a training before you pay for it;
# - read loss and accuracy curves, and tell common illnesses apart;
# - search on a grid, at random, and by halving, on one machine or several;
# - say what cross-validation buys, and why the winner's score is too good to be true.
#
# You need chapters 1 to 3.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | hyperparameter | a number you choose, such as the learning rate; training does not change it |
# | mini-batch | the few examples that one update looks at |
# | epoch | as many updates as it takes to see every training example once |
# | perceptron | here an MLP (chapter 2) with one hidden layer of 32 units |
# | configuration | one value for each hyperparameter |
# | trial | one configuration, trained and scored |
#
# </details>

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"
dataset = "scenes"  # or "cifar10"

# %% tags=["hide-input"]
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

# %% tags=["hide-input"]
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

# %% tags=["hide-input"]
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

# %% tags=["hide-input"]
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

# %% tags=["hide-input", "remove-output"]
as_written = dataset == "scenes"
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The recipe has seven steps (Johnson, 2019): check the initial loss, overfit a small sample, find a rate that
# lowers the loss, try a coarse grid, then a fine one, look at the curves, and repeat. The first three are
# *gates*: each measures something, passes or fails, and says what to try.
#
# Our patient is a small residual network that learns ten kinds of rendered scenes. All that can go wrong with
# its training is in one object, a `Setup`: a function that makes the network, one that makes its optimizer
# (here gradient descent with momentum and weight decay), the data, the rate, and the size of a mini-batch (here
# 32). Put your own in their place.

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
# Before any update, a network should know nothing and give each of $C$ classes the probability $1/C$. Its
# loss is then
#
# $$
# L_0 = -\log \frac1C = \log C
# \tag{1}
# $$
#
# If weight decay is a term of your loss, turn it off for this step. Ours is in the optimizer, so the loss that
# we measure does not contain it. Here is the step as a gate that passes or fails:


# %%
def initial_loss_is_fine(setup, tolerance=0.25):
    logits = predict(setup.model(), setup.train.images)
    L_0 = float(cross_entropy(logits, setup.train.labels))
    C = len(setup.train.classes)
    return abs(L_0 - math.log(C)) <= tolerance * math.log(C)


# %% [markdown]
# `check_initial_loss`, which comes with this chapter, is the same gate. It also says what it measured, and what
# to try if it fails:

# %%
step1 = check_initial_loss(patient)
step1

# %% tags=["remove-cell", "nbval-check-output"]
print("our gate agrees:", initial_loss_is_fine(patient) == step1.passed)

# %% tags=["remove-input"]
Prediction(
    "The initial weights of a perceptron have LeCun's scale, s = 1/√n for n inputs. All of them, in both "
    "layers, are multiplied by 8. What is its initial loss on ten classes?",
    [
        Choice("Still about log 10",
               "It has learned nothing, but it is no longer undecided: large logits give almost all "
               "probability to one class."),
        Choice("About twice log 10",
               "It is more. The factor of 8 acts in both layers, and large logits make a wrong answer "
               "expensive."),
        Choice("More than five times log 10",
               "The logits grow by a factor of 8 × 8 = 64. The network is confident, and wrong nine "
               "times in ten, which makes the loss large.",
               correct=True),
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
# One more check costs little: evaluate the same network several times. If the numbers differ, something random
# is still on, such as dropout or augmentation.

# %% tags=["nbval-check-output"]
repeated = check_evaluation(patient, steps=run.pick(quick=3, standard=20))
print("the evaluation repeats:", repeated.passed)

# %% [markdown]
# ## Step 2: overfit a small sample
#
# Turn dropout, strong weight decay and augmentation off. Take 5 to 10 mini-batches and train only on them
# until the network gets all their pictures right. A network that cannot memorize five batches, which are 160
# pictures, has a fault that more data will not cure. A failure has likely reasons:
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
# We try three rates: our 0.03, one that is 300 times smaller, and one that is 100 times larger. For each of
# them, we print how many of the pictures were memorized and how many of the parameter tensors moved.

# %%
steps = run.pick(quick=30, standard=300)
memorizing = {}
for rate in (1e-4, 0.03, 3.0):
    right, moved, loss = overfit(replace(patient, lr=rate), steps=steps)
    memorizing[f"rate {rate:g}"] = loss.cpu().numpy()
    tensors = f"{sum(moved)} of {len(moved)} moved"
    print(f"rate {rate:g}: {right:.0%} memorized, {tensors}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss on a small sample over the updates, as dots with moving averages, for three learning rates. The smallest rate leaves the loss near its first value, the middle one brings it far down, and the largest does not bring it below that of a guesser."}}
fig, ax = plotting.figure(height=3.2)
figures.plot_losses(ax, memorizing, window=15, top=5)
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
fig

# %% [markdown]
# `check_overfit` is the same test as a gate, and it also says what to try if it fails. This is what it says at
# the smallest rate:

# %% tags=["hide-input"]
check_overfit(replace(patient, lr=1e-4), steps=steps)

# %% [markdown]
# ## Step 3: find a rate that makes the loss fall
#
# Now use all the training data, the network of step 2 and a small weight decay, and make 100 updates with each
# of a few rates. Good rates to try are 0.1, 0.01, 0.001 and 0.0001.

# %% tags=["remove-input"]
Prediction(
    "Gradient descent moves the weights by rate × gradient. Suppose that the gradients stay about equally "
    "large. How many updates does a rate of 0.0001 need to move the weights as far as 100 updates at a "
    "rate of 0.01 do?",
    [
        Choice("About 100",
               "It follows the same gradients, but each step is a hundredth as long."),
        Choice("About 400", "A rate that is ten times smaller needs ten times as many updates."),
        Choice("About 10,000",
               "Each update goes a hundredth of the way. So after 100 updates you can't tell a rate "
               "that is too low from a network that does not learn.", correct=True),
    ],
)  # fmt: skip


# %%
def fall(loss):
    """The fraction of the first loss that is gone after the last updates."""
    last = loss[-max(1, len(loss) // 10) :].mean()
    return float(1 - last / loss[0]) if last.isfinite() else -math.inf


def train_at(rates, updates):
    at = functools.partial(train_setup, patient, steps=updates)
    return {rate: at(lr=rate)[1].loss for rate in rates}


updates = run.pick(quick=20, standard=100)
by_rate = train_at((0.0001, 0.001, 0.01, 0.1), updates)
for rate, loss in by_rate.items():
    print(f"rate {rate:g}: {100 * fall(loss):.0f}% of the first loss is gone")

# %% tags=["remove-cell", "nbval-check-output"]
few = train_at((0.1, 0.0001), updates=10)
gate = find_learning_rate(patient, rates=list(few), steps=10)
ours = max(few, key=lambda rate: fall(few[rate]))
print("the gate chooses the same rate:", gate.values["rate"] == ours)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss over 100 updates as dots with moving averages, a color for each of the rates 0.1, 0.01, 0.001 and 0.0001. The line of the smallest rate stays near the first loss; larger rates lower it, or make it jump."}}
fig, ax = plotting.figure(height=3.2)
curves = {f"{rate:g}": loss.cpu().numpy() for rate, loss in by_rate.items()}
figures.plot_losses(ax, curves, window=10, top=3)
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), title="learning rate", ncols=4)
fig

# %% [markdown]
# Step 3 asks only which rates work; to tell which of two is better takes longer trainings. Is 0.01 a safe first
# try for this network? A run of the evidence trains it with eight other seeds. That draws no figure, so this
# page shows only the evidence; `experiments.suggested_rate(run)` runs it.

# %% tags=["remove-input"]
experiments.suggested_rate.cards(None, run)["a-suggested-rate-works"]

# %% [markdown]
# ## Steps 4 and 5: a coarse grid, then a fine one
#
# Step 4 takes a few rates and weight decays around what worked and trains each combination for a few epochs.
# Rates are spaced by factors: 0.1, 0.03, 0.01. What matters is the power of ten, and with even steps from 0 to
# 0.1, nine tenths of the rates would lie above 0.01. Step 5 takes a finer grid around the best rate and trains
# for longer, at a constant rate.
#
# A search needs an *objective*: a function that asks for the hyperparameters of a trial and returns a score,
# where higher is better. Ours is for Optuna (Akiba et al., 2019), a library for such searches;
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

# %% tags=["hide-input"]
file = Path(tempfile.mkdtemp(), "search.db")
coarse = studies.evaluate(objective, grid, path=file, workers=workers)
best = coarse.best_params["lr"]
print(f"best after {short} epoch(s): a rate of {best:g}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "A table of validation accuracies after a few epochs, a row for each learning rate and a column for each weight decay. The higher the accuracy, the darker the cell; the best one is printed bold."}}
scores = [math.nan if t.value is None else t.value for t in coarse.trials]
fig, ax = plotting.figure(height=3.0)
names = [f"{rate:g}" for rate in rates], ["0", "$10^{-5}$", "$10^{-4}$"]
figures.plot_scores(ax, np.array(scores).reshape(4, 3), *names)
ax.set(
    title="Validation accuracy after the coarse grid (%)",
    xlabel="weight decay",
    ylabel="learning rate",
)
fig

# %% [markdown]
# In such a short training, decays this small have almost no effect. With a momentum of 0.9 and a rate of
# $\eta$, a decay of $\lambda$ shrinks a weight by a factor of about $1 - 10 \eta \lambda$ in each update. For
# the largest rate and decay of this grid, that is 1% in all 93 updates. So *within* a row, the differences are
# mostly luck. A difference *between* rows counts only if it is larger.

# %% tags=["remove-input"]
Prediction(
    "Suppose that the best cell of a coarse grid lies in the row of the largest rate that was tried. Which "
    "rates should the next grid hold?",
    [
        Choice("The best rate, and rates on both sides of it",
               "If the winner lies on the border, the grid was in the wrong place. Move it until the "
               "best rate lies inside.", correct=True),
        Choice("The best rate, and rates just below it",
               "You do not know yet what lies on the other side. The best rate of all may be larger."),
        Choice("The best rate alone, trained for longer",
               "It was the best of a few rates, after a few epochs, with some luck. Try its neighbors, "
               "too."),
    ],
)  # fmt: skip

# %% [markdown]
# So our finer grid holds the best rate, its double and its half. Since small decays have almost no effect, it
# tries larger ones. Each training is now twice as long.

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
figures.plot_short_and_long(ax, names[::-1], range(epochs + 1), curves[::-1])
ax.set(title="Mean over three weight decays")
fig

# %% tags=["hide-input"]
for epoch in (short, epochs):
    leader = names[curves[:, epoch].argmax()]
    print(f"after {epoch} epoch(s), the rate {leader} leads")

# %% [markdown]
# A short training can favor a rate that a long one would not. A large rate may lead at first and later jump
# around where a smaller one settles. A small one may lead because it lowers the noise first, while a large one
# pays only later (Wu et al., 2018). That is why step 5 keeps several candidates and trains them for longer. Be
# careful with close lines. Each is the mean of three single trainings, so it may be chance which of two
# neighbors ends on top. Close calls need more seeds.
#
# ## Step 6: look at the curves
#
# The loss of a mini-batch is noisy. Draw it as dots, and over them a *moving average*, the mean of the last $w$
# values:
#
# $$
# \bar L_t = \frac1w \sum_{i=0}^{w-1} L_{t-i}
# \tag{2}
# $$


# %%
def moving(L, w):
    n = len(L)
    return np.array([np.mean(L[max(0, t + 1 - w) : t + 1]) for t in range(n)])


# %% tags=["remove-cell", "nbval-check-output"]
noisy = histories[0].loss.numpy().astype(float)
ours, theirs = moving(noisy, 10), moving_average(noisy, 10)
print("our average is the course's:", np.allclose(ours, theirs, equal_nan=True))

# %% [markdown]
# Draw the accuracies on training and validation data together, too:
#
# - A huge gap means overfitting: use more regularization, or more data.
# - No gap at a low training accuracy means underfitting. Make sure that all weights are trained; then train
#   longer, or use a bigger network.
#
# You decide how large a gap is huge. Here it is 15 points or more, and up to 5 points count as no gap:


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
# Here are eight trainings of a small perceptron on digits. One is healthy. The others have the following
# illnesses, in another order: rate too high, rate too low, large weights, labels shuffled, weights frozen (the
# optimizer was given only the biases), shifted at test (the evaluation moves the pictures), and overfitting.
# Look at each patient's curves and name its illness. Which patients hardly learn, and which gate above would
# tell them apart?

# %%
sick = gallery.train_gallery(run)

# %% tags=["hide-input"]
order = torch.randperm(len(sick), generator=run.generator("ward")).tolist()
names_of = {f"patient {n}": list(sick)[i] for n, i in enumerate(order, 1)}


def gallery_figure(patient_name, window):
    history = sick[names_of[patient_name]].history
    return figures.curves_figure(
        history.loss.numpy(),
        history.evaluated_at,
        {part: values.numpy() for part, values in history.metrics.items()},
        window=window,
        title=f"{patient_name}, average of {window}",
    )


# %% tags=["remove-input"]
FrameExplorer(
    gallery_figure,
    alt=lambda patient_name, window: (
        f"Noisy training loss of {patient_name} with a moving average of {window}, and accuracies "
        f"over the updates. At the end {sick[names_of[patient_name]].reading.measured}."
    ),
    title="What is wrong with this training?",
    patient_name=Control(list(names_of), label="Patient"),
    window=Control(run.pick(quick=(1, 20), standard=(1, 5, 20)), label="Average over (updates)"),
    start={"patient_name": "patient 1", "window": 20},
    still={"patient_name": next(p for p, name in names_of.items() if name == "rate too high")},
    play="window",
)

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the diagnoses", "code_prompt_hide": "Hide the diagnoses"}
for patient_name, name in names_of.items():
    print(f"{patient_name}: {name}", sick[name].reading, sep="\n")

# %% [markdown]
# A rate that is far too high shows in the loss, which stays above log 10, the loss of guessing. A rate that
# is too low, shuffled labels and frozen weights look much alike: accuracies stay low, and the loss falls
# little. You need gates to tell them apart. "Shifted at test" is easy to recognize: its loss falls as it does
# in a healthy training, but its accuracies stay low. The network with "large weights" learns in spite of its
# start; step 1 finds it before any training. A gate can be wrong, though: it may warn of a healthy network that
# was trained briefly, or pass a sick one. Here is what the gates say about three patients:

# %% tags=["hide-input"]
print(check_initial_loss(sick["large weights"].setup))
print(check_overfit(sick["weights frozen"].setup))
print(check_evaluation(sick["shifted at test"].setup))

# %% [markdown]
# ## Step 7: go back to step 5
#
# The curves suggest the next grid. Repeat steps 5 and 6 until nothing gets better, or until your time is up.
#
# ### The command center
#
# With many runs, one picture for each is too much. Put them all into one picture, color them by a
# hyperparameter, filter, and pick. These are the nine runs of step 5. Filter by one rate after the other. Which
# runs would you have stopped early, and would you have missed any of them at the end?

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
# You can also watch a search while it runs. Step 4 kept its trials in a file, which
# [optuna-dashboard](https://pypi.org/project/optuna-dashboard/) shows in your browser:
#
# ```bash
# pip install optuna-dashboard
#
# optuna-dashboard sqlite:///search.db
# ```
#
# And you can interrupt such a search. If you call it again, it continues where it stopped: finished trials are
# not repeated.
#
# ## Random search against grid search
#
# Suppose that you can afford nine trials for two hyperparameters. A grid spends them on three values of each.
# Random search tries nine values of each. If only one of the two matters, random search tries nine useful
# values, and the grid three (Bergstra and Bengio, 2012). The points lie in a square, which can be stretched to
# any two ranges:


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
    "On a made-up surface of scores, *both* hyperparameters matter equally. What remains of random "
    "search's advantage over a grid with as many trials?",
    [
        Choice("Nothing, or less", "Random search gains from dimensions that do not matter. If all "
               "of them matter, an even spread leaves fewer large holes.", correct=True),
        Choice("It stays the same", "Its advantage is the number of different values in each "
               "dimension, which helps if one dimension decides."),
        Choice("It grows", "A grid wastes no trials when both dimensions matter."),
    ],
)  # fmt: skip


# %% [markdown]
# The surface in the explorer is a ridge if only the first hyperparameter matters, and a hill if both do. We
# show a typical draw of the trials.

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
fig, axes = plotting.figure(1, 2, height=3.6, sharey=True)
for ax, both in zip(axes, (False, True)):
    by_kind = {kind: found[kind, both] for kind in surfaces.KINDS}
    search_figures.plot_best_so_far(ax, by_kind)
    ax.set(title="both matter" if both else "one matters")
axes[1].set(ylabel="")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig

# %% tags=["remove-input"]
made_up_cards = experiments.made_up.cards(found, run)
made_up_cards["random-beats-grid-one-dimension"]

# %% tags=["remove-input"]
made_up_cards["no-edge-where-both-matter"]

# %% [markdown]
# Back to the prediction: random search gains from the dimension that does not matter. If both matter, that gain
# is gone.
#
# ### On a real network
#
# Now we tune a perceptron on digits, with rates from 0.0001 to 3 and weight decays from $10^{-6}$ to $10^{-2}$.
# Both are on a log scale: a point of the square gives the logarithms, so every power of ten gets an equal share
# of the trials. All trainings run at once, stacked into one network. Random trials from the whole space give an
# overview:

# %%
pool = perceptrons.random_trials(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Validation accuracy of many random trials over the learning rate, on a log scale, a dot each, colored by weight decay. The dots rise to a broad plateau near the top and fall off steeply to the right of it. Dots of all colors lie side by side."}}
fig, ax = plotting.figure(height=3.2)
search_figures.plot_response(ax, pool.rates, pool.decays, pool.validation)
fig

# %% [markdown]
# In a run of the evidence, both searches start thirty times, with nine trials each. The winner by validation
# accuracy is measured on test digits. This draws no figure, so the page shows only the evidence;
# `experiments.tuning(run)` runs it.

# %% tags=["remove-input"]
experiments.tuning.cards(None, run)["random-beats-grid-network"]

# %% [markdown]
# Random search gains {{random-beats-grid-network}} on average, but not in every run, and the claim does not
# survive a correction for the number of claims in this book (see the page of all claims). The plateau is as
# wide as a grid's step, a factor of $(3 / 0.0001)^{1/3} \approx 31$, so no grid misses it. Random search pays
# off if the good region is narrow along one axis and long along the others.
#
# ### Sixty trials
#
# How many trials are enough? Call the best 5% of all configurations good. One random trial misses them with
# probability 0.95, and $n$ independent trials all miss them with probability $0.95^n$ (Bergstra and Bengio,
# 2012):
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
# These are the best 5% of *your ranges*, however; if the ranges are badly chosen, so are all trials. And you
# may draw a good one without recognizing it. So we draw from the trials above and call the best 5% *on test
# digits* good. We count how often a good one was drawn, and how often the best by validation was a good one.

# %%
hit = perceptrons.chance_of_top(pool, counts, run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Chance in percent over n random trials from 1 to 80. The dots for one good trial drawn follow the dashed line of the formula to above 90 percent. The dots for a good trial picked by validation never lie above them."}}
fig, ax = plotting.figure(height=3.2)
search_figures.plot_chance_of_top(ax, counts, formula, hit)
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
fig

# %% [markdown]
# The formula is right about the draw. The pick can't be better than the draw, and it is worse because
# validation on a few hundred digits cannot always tell the best 5% from those just below them. On a plateau
# this does little harm, since those are nearly as good.
#
# ### The winner's curse
#
# The best of many validation scores is partly skill and partly luck: its validation set happened to suit it. So
# the score that chose the winner is too good to report (Cawley and Talbot, 2010). How much too good? We
# train a hundred perceptrons at rates from 0.05 to 1, judge them on only 100 digits, and test the winner on
# the others. We repeat this with new perceptrons.

# %%
winners = experiments.curse(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Accuracy of the winner over the number of trials it was chosen from, on a log scale. On the digits that chose the winner, its accuracy rises all the way. On other digits it rises less."}}
fig, ax = plotting.figure(height=3.1)
by_part = {"validation": winners.validation, "test": winners.test}
search_figures.plot_winner(ax, winners.sizes, by_part)
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
fig

# %% [markdown]
# Look at the gap between the lines. Does it grow with the number of trials? Both lines rise, partly because the
# winner avoids rates that are too high. The hundred digits may also be easier than the others for all networks
# alike. The claim subtracts that part of the gap.

# %% tags=["remove-input"]
experiments.curse.cards(winners, run)["winners-curse"]

# %% [markdown]
# On average over all runs, the winner's score is {{winners-curse}} too good. The cure is to report the winner
# on data not used for selection.
#
# ## Cross-validation
#
# If you have few examples, a held-out fifth is too small to judge by. *$k$-fold cross-validation* (Stone, 1974)
# cuts the data into $k$ parts, trains $k$ times, each time without one part, and averages the $k$ scores $a_i$:
#
# $$
# \bar a = \frac1k \sum_{i=1}^k a_i
# \tag{4}
# $$
#
# Every example is used for validation once. The price is $k$ trainings. Keep examples that belong together,
# such as pictures of one person, in the same part; otherwise the network is tested on what it has almost
# seen.


# %%
def folds(order, k):
    parts = torch.tensor_split(order, k)
    others = [torch.cat([*parts[:i], *parts[i + 1 :]]) for i in range(k)]
    return list(zip(others, parts))


# %% tags=["hide-input", "nbval-check-output"]
for rows, held_out in folds(torch.arange(6), 3):
    print(f"train on {rows.tolist()}, validate on {held_out.tolist()}")

# %% [markdown]
# We draw 200 digits and estimate the accuracy in two ways: from one held-out fifth, and from all five. We
# compare each estimate with the accuracy of the same networks on the 1,597 other digits. Then we repeat this
# with 200 other digits.

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
# If you have many examples, a single split is precise enough, and five trainings are better spent on five
# configurations. Either way, train the chosen configuration once more on all examples at the end.
#
# ## Stop the losers early: successive halving
#
# Give all candidates a small budget, keep the best third, triple the budget, and so on (Jamieson and Talwalkar,
# 2016). Most trials cost little, and only a few are trained to the end.


# %%
def halve(objective, configs, budgets, factor=3):
    for budget in budgets:
        scores = [-objective(c, budget) for c in configs]
        configs = [configs[i] for i in np.argsort(scores, kind="stable")]
        configs = configs[: max(1, len(configs) // factor)]
    return configs[0]


# %% [markdown]
# We let `halve` choose among 27 learning rates for a perceptron on digits. The budget is the number of updates.

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


# %% tags=["hide-input"]
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
# Does stopping early lose anything? We let halving and a full search choose among the same 27 candidates and
# compare their winners on test digits. A run of the evidence does so ten times, with new candidates each time.
# There, the last survivor trains for 540 updates, so halving needs 2,160 updates instead of 27 × 540. The page
# shows only the evidence; `experiments.halving(run)` runs it.

# %% tags=["remove-input"]
experiments.halving.cards(None, run)["halving-loses-little"]

# %% [markdown]
# The weakness of halving is a candidate that starts slowly: it is stopped before it can overtake the others.
# Hyperband (Li et al., 2018) therefore repeats the halving with fewer candidates and larger first budgets.
#
# ### Optional: halving with Optuna
#
# Read this if you search with Optuna. It can halve for you, without waiting for a round to end (Li et al.,
# 2020). The objective reports its score after each budget, and a *pruner* compares it with the trials so far:


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
# Optuna draws its own rates, so the two winners may differ. The first trial always runs to the end, because
# there is nothing to compare it with yet.
#
# ## Optional: many runs at once
#
# Read this if you train many small networks, since they leave most of a machine idle. There are two cures.
# You can stack many networks into one, whose weights get one more dimension (chapter 1 did this), or start a
# process with one thread for each core. Which is faster depends on the machine and on the size of the
# networks, so measure. Here are sixteen perceptrons, trained one by one and stacked:


# %% tags=["hide-input"]
def seconds(work):
    started = time.perf_counter()
    return work(), time.perf_counter() - started


# %% tags=["hide-input"]
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

# %% tags=["remove-cell", "nbval-check-output"]
alone = torch.cat([evaluate(m, choose) for m in one_by_one])
apart = (alone - evaluate(stacked, choose)).abs().max()
print("same accuracies:", bool(apart < 0.05))

# %% [markdown]
# Both ways reach the same accuracies. Networks of different shapes cannot be stacked, and large ones gain
# little from it. Train those in separate processes, as in steps 4 and 5. At best the time shrinks by a factor
# of the number of cores, and not at all if other programs keep the cores busy. The losses do not depend on
# it, so you can choose either way for its speed alone:

# %%
two = [replace(patient, seed=s) for s in range(2)]
steps = run.pick(quick=5, standard=20)
in_turn = train_all(two, steps=steps)
spread = train_all(two, steps=steps, workers=workers)

# %% tags=["hide-input"]
same = all(torch.equal(a.loss, b.loss) for a, b in zip(in_turn, spread))
print("same losses, update by update:", same)

# %% [markdown]
# ## Optional: beyond one machine
#
# Read this if your search is too slow on one machine. Change only the call. It goes to Ray Tune, with Optuna's
# sampler, which prefers values near those that worked, and a pruner of the same kind:
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
# Ray needs `pip install -r requirements-optional.txt`. If a worker dies, its trial is started again elsewhere.
#
# ## Exercises
#
# ### Exercise 1: how many trials?
#
# ★☆☆, 10 minutes. Call the best fraction `TOP` of all configurations good. Write `trials_needed(chance)`, which
# returns the smallest number of random trials, an `int`, such that at least one of them is good with
# probability `chance` or more.


# %% tags=["exercise"] exercise="trials-needed" points=3 varies="TOP: 0.01 0.02 0.03 0.04 0.05 0.06"
TOP = 0.05


def trials_needed(chance):
    raise NotImplementedError


# %%
checks.check_trials_needed(trials_needed, TOP)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="trials-needed" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def trials_needed(chance):
    n = 1
    while 1 - (1 - TOP) ** n < chance - 1e-12:  # a little less, because floats are rounded
        n += 1
    return n


checks.check_trials_needed(trials_needed, TOP)

# %% [markdown]
# ### Exercise 2: an average that forgets
#
# ★★☆, 15 minutes. A moving average needs the last $w$ values. This one needs only its previous value: with
# $v_0 = 0$ and a memory $\beta$ from 0 to below 1,
#
# \begin{equation*}
# \begin{gathered}
# v_t = \beta v_{t-1} + (1 - \beta) L_t , \\
# \hat L_t = \frac{v_t}{1 - \beta^t} .
# \end{gathered}
# \tag{5}
# \end{equation*}
#
# The division makes up for the start at zero. Write `exponential_average(values, beta)`, which returns
# $\hat L_1, \hat L_2, \dots$ If a loss is NaN (not a number), skip it and repeat the average before it. If
# there is none yet, return NaN. Count in $t$ only the losses that you used.


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
# ★★☆, 15 minutes. `folds` above does not check its arguments. Write `k_fold(order, k)`, which does. `order`
# is a tensor of shuffled row indices. Return a list of `k` pairs of tensors (training rows, validation rows).
# The validation parts must not overlap, must cover all rows, and may differ in size by at most one. If `k` is
# below 2 or above the number of rows, raise `ValueError`.


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
# ★★★, 35 minutes. `ward.patients(run)` holds five sick set-ups, "A" to "E", each with one illness:
# "initialization", "labels", "learning rate", "test augmentation" or "optimizer". Write
# `treat(setup, digits)`, which finds the illness with the gates of this chapter and returns
# `(illness, cured)`. Make the cured set-up with `replace(setup, …)`, and change only the one field that is
# ill: `make_model`, `train`, `lr`, `test_transform` (healthy: `None`) or `make_optimizer`. `digits` are the
# training images with the right labels; `ward.perceptron` and `ward.all_parameters` make a healthy network
# and optimizer. A gate has `passed` and `values`, such as `values["unmoved"]` of step 2 (the parameters that
# never moved) and `values["rate"]` of step 3.


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
    # Only "labels" is left. The real gate is to look at twenty pictures with their labels.
    return "labels", replace(setup, train=digits)


ward_checks.check_ward(treat)

# %% [markdown]
# ## Summary
#
# - Before a long training, check that the initial loss is log C, that a small sample is memorized while every
#   parameter moves, and that some rate lowers the loss within 100 updates.
# - Train many settings for a few epochs, and a few settings for more. A short run need not rank rates as a long
#   one does. If the best setting lies on the border of the grid, move the grid.
# - Draw noisy losses with a moving average, and training and validation accuracy together. Look at all runs in
#   one picture.
# - If one hyperparameter matters, random search tries as many values of it as it has trials. If several matter
#   equally, this advantage is gone.
# - Sixty random trials draw one of the top 5% of your ranges with a probability of 95%; validation may not
#   recognize it.
# - The winner's own validation score is too good to be true. Report the winner on data not used for selection.
# - Cross-validation makes the most of few examples, at $k$ times the price.
# - Successive halving spends as much on each round as on the one before, so each survivor gets three times
#   as much. It loses little if early scores predict late ones.
#
# **Limits.** We used one residual network on 1,000 pictures and one perceptron on digits, with two or three
# hyperparameters. The thresholds of the gates (25% of log C, a drop of 30%, a gap of 15 points) are our own
# rules of thumb; change them if your problem differs.
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
# - Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar (2018). Hyperband: a novel bandit-based approach to
#   hyperparameter optimization. Journal of Machine Learning Research 18.
#   [arXiv:1603.06560](https://arxiv.org/abs/1603.06560)
# - Li et al. (2020). A system for massively parallel hyperparameter tuning. MLSys.
#   [arXiv:1810.05934](https://arxiv.org/abs/1810.05934)
# - Stone (1974). Cross-validatory choice and assessment of statistical predictions. Journal of the Royal
#   Statistical Society B 36.
# - Wu, Ren, Liao, Grosse (2018). Understanding short-horizon bias in stochastic meta-optimization. ICLR.
#   [arXiv:1803.02021](https://arxiv.org/abs/1803.02021)
