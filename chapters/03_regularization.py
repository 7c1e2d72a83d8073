# ---
# jupyter:
#   course:
#     builds_on: [01_activations, 02_preprocessing]
#     compute_minutes: 2
#     exercise_minutes: 60
#     memory_gb: 1.5
#     reading_minutes: 70
#     rows: [M09, M10, M11, M12, M13, M14, M15, M16, M17, M18, M19, M20]
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
# # 3 · Beyond training error: regularization
#
# Nine remedies, one small network, 250 pictures. Which remedy helps on new pictures? Does a second one add to
# it? And what does a vote of five networks gain?
#
# Only ten minutes? Read [A contest with one budget](#a-contest-with-one-budget).
#
# After this chapter you can
#
# - tell training error from error on new data, and say what a better optimizer does to each;
# - stop early, keep the best snapshot, and average networks;
# - write ten methods, from L2 and dropout to mixup, in a few lines each;
# - name the one pattern behind most of them;
# - compare methods, and say which helped here, which hurt, and what each cost.
#
# You need [chapter 2](02_preprocessing.ipynb).
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | training set | the examples whose loss the updates lower |
# | validation set | examples kept aside to make choices with |
# | test set | examples looked at once, when all choices are made |
# | overfitting | doing well on the training set at the expense of new examples |
# | regularization | anything meant to lower the error on new examples rather than the training error |
# | softmax | turns scores into probabilities: $e^{s_c} / \sum_k e^{s_k}$ |
# | nat | the unit of a loss that uses the natural logarithm |
# | Adam | an optimizer (Kingma and Ba, 2015) that divides each weight's step by the size of its recent gradients |
# | epoch | as many updates as it takes to see every training example once |
#
# </details>

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"
dataset = "scenes"  # or "cifar10"

# %% tags=["hide-input", "remove-output"]
import copy
import functools

import numpy as np
import torch
from torch import nn

from chapters.regularization import checks, experiments, figures
from chapters.regularization.contest import time_updates
from chapters.regularization.pictures import load_pictures
from chapters.regularization.trainings import curves, train_linear
from lib import augmentation, plotting, regularization, runtime, training
from lib.models import ConvNet
from lib.training import cross_entropy, predict
from lib.widgets import Choice, Control, FrameExplorer, Playground, Prediction

as_written = dataset == "scenes"
run = runtime.start(budget, seed=seed, device=device, as_written=as_written)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# The pictures are the scenes of chapter 2: they are rendered, have 32 by 32 pixels, and show ten kinds of
# objects under changing light. We take few of them for training, so that overfitting is easy to see.

# %%
loaded = load_pictures(run, dataset)
train, validation, test = loaded.train, loaded.validation, loaded.test
standardize = loaded.standardize  # from the chapter on preprocessing
print(f"{len(train)} pictures for training")
print(f"{len(validation)} for validation, {len(test)} for the test")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Ten small training pictures in two rows, one of each class, each with the name of its class above it: simple objects of different colors and textures on varied backgrounds."}}
fig, axes = plotting.figure(2, 5, height=2.7)
for label, ax in enumerate(axes.ravel()):
    first = int((train.labels == label).nonzero()[0])
    plotting.plot_image(ax, train.images[first], title=train.classes[label])
fig

# %% [markdown]
# ## Two errors and a gap
#
# Training lowers the average loss over the $n$ training examples $(x_i, y_i)$. What we want low is
# the error on examples drawn anew:
#
# | symbol | meaning |
# |---|---|
# | $\theta$ | all weights of the network |
# | $\ell$ | the loss of one example |
# | $A_\text{train}, A_\text{new}$ | accuracy on the training set, on new examples |
#
# $$
# L(\theta) = \frac1n \sum_{i=1}^n \ell\big(f(x_i; \theta), y_i\big)
# \tag{1}
# $$
#
# $$
# \text{gap} = A_\text{train} - A_\text{new}
# \tag{2}
# $$
#
# A better optimizer lowers (1). But nothing in (1) asks for a small gap (2). We train one small convolutional
# network on the same 250 pictures with three optimizers: plain gradient descent, the same with momentum, and
# Adam.
#
# To be fair, each needs a learning rate of its own. With a momentum of 0.9, steps in the same direction
# add up to ten times their length, so a rate that suits momentum is too small for plain descent. We tried
# four rates for each, once, and kept the one with the lowest training loss.

# %% tags=["remove-input"]
Prediction(
    "Suppose that momentum or Adam brings the network close to 100% accuracy on its 250 training "
    "pictures. How does it do on new pictures of the same kind?",
    [
        Choice(
            "No better than guessing, 10%",
            "The network memorizes, but it also learns something that carries over: new pictures "
            "resemble the old ones.",
        ),
        Choice(
            "More than 25 points worse",
            "The loss (1) is all that the optimizer sees. With 250 pictures, a network can drive it "
            "close to zero by memorizing each of them.",
            correct=True,
        ),
        Choice(
            "Close to 100% as well",
            "It would have to tell ten shapes apart on any background after seeing 25 pictures of "
            "each. It can reach 100% by memorizing those 25.",
        ),
    ],
)


# %%
RATES = {"plain": 0.3, "momentum": 0.03, "Adam": 0.008}
by_optimizer = experiments.optimizers(run, dataset=dataset, rates=RATES)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three panels, one for each optimizer, with the accuracy on training and on test pictures over updates. In all three the training line ends far above the test line."}}
fig, axes = plotting.figure(1, 3, height=3.0, sharey=True)
for ax, (name, outcomes) in zip(axes, by_optimizer.items()):
    lines = {part: curves(outcomes, part) for part in ("train", "test")}
    figures.plot_accuracy_over_updates(ax, outcomes[0].history.evaluated_at, lines)
    ax.set(title=name)
axes[0].set(ylabel="accuracy (%)")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig

# %% [markdown]
# The upper line shows what the optimizer was asked to improve. The distance to the lower line is the gap. The
# page shows one training with each optimizer. The evidence comes from several, with rates chosen anew in each
# run. Here are the training losses, averaged over 16 updates:

# %% tags=["hide-input"]
print(f"{'':>8} {'at the end':>11} {'below 0.1 after':>16}")
for name, outcomes in by_optimizer.items():
    loss = outcomes[0].history.loss.unfold(0, 16, 1).mean(dim=1)
    below = (loss < 0.1).nonzero().flatten()
    first = f"{int(below[0]) + 16} updates" if len(below) else "not reached"
    print(f"{name:>8} {loss[-1]:>6.3f} nats {first:>16}")

# %% [markdown]
# If two losses both end near zero, their difference says little. So look at the last column as well: it says how
# fast each optimizer got there.

# %% tags=["remove-input"]
optimizer_cards = experiments.optimizers.cards(by_optimizer, run)
optimizer_cards["tuned-optimizers-end-level"]

# %% tags=["remove-input"]
optimizer_cards["no-optimizer-closes-the-gap"]

# %% [markdown]
# At its own best rate, each optimizer lowers the training loss as asked, and each leaves a gap. An optimizer
# also influences *which* of the many networks with a low loss it finds; this is called implicit
# regularization. Here it does not come close to closing the gap.
#
# ## Early stopping
#
# Over a long training, accuracy on new pictures often rises, peaks and falls. So keep a validation set and
# evaluate on it from time to time. Then either stop when the accuracy gets worse (Prechelt, 1998), or train to
# the end and restore the *snapshot* that was best. The second takes one comparison and one copy. Without
# `deepcopy`, the "copy" would change with every update. (The library's `watch` also keeps one.)

# %%
net = ConvNet(train.images.shape[1], 10, generator=run.generator("snapshot"))
model = nn.Sequential(standardize, net).to(run.device)
optimizer = training.SGD(model.parameters(), lr=0.03, momentum=0.9)
watch = training.BestSnapshot("validation")
best, best_weights = -1.0, None
for update in range(60):
    if update % 10 == 0:
        answers = predict(model, validation.images).argmax(dim=1)
        now = (answers == validation.labels).float().mean().item()
        watch(update, {"validation": now}, model)
        if now > best:
            best, best_weights = now, copy.deepcopy(model.state_dict())
    batch = run.generator("batch", update)
    index = torch.randint(len(train), (32,), generator=batch)
    loss_now = cross_entropy(model(train.images[index]), train.labels[index])
    optimizer.zero_grad()
    loss_now.backward()
    optimizer.step()
_ = model.load_state_dict(best_weights)

# %% tags=["remove-cell", "nbval-check-output"]
twin = copy.deepcopy(model)
watch.restore_(twin)
same = all(torch.equal(p, q) for p, q in zip(model.parameters(), twin.parameters()))
answers = predict(model, validation.images).argmax(dim=1)
again = (answers == validation.labels).float().mean().item()
print(f"the restored weights are the best ones, bit for bit: {same}; as accurate: {again == best}")

# %% [markdown]
# Most courses say of early stopping: "Always do this." Does it pay? We train on 1,000 pictures, once
# with their own labels and once with 40% of the labels replaced by wrong ones, as a careless annotator might
# do. The learning rate stays constant, since you do not know beforehand when training will stop. Before the
# answer, a question about what going back can guarantee:

# %% tags=["remove-input"]
Prediction(
    "You restore the snapshot with the best validation accuracy. On which pictures can it still do worse "
    "than the last weights?",
    [
        Choice(
            "On the validation pictures",
            "The last weights were evaluated on them as well. The best of all evaluations is at "
            "least as good as the last one.",
        ),
        Choice(
            "On the test pictures",
            "They had no part in the choice. A snapshot that is best on a few hundred validation "
            "pictures may owe that to luck.",
            correct=True,
        ),
        Choice(
            "On neither",
            "The snapshot is the best on validation. Other pictures may rank the snapshots "
            "differently.",
        ),
    ],
)

# %%
stopping = experiments.stopping(run, dataset=dataset)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two panels with the accuracy on validation and on test pictures over the updates of one long training, left with the pictures' own labels, right with 40 percent wrong labels. A ring on each line marks the snapshot that was best on validation."}}
fig, axes = plotting.figure(1, 2, height=3.2, sharey=True)
for ax, (wrong, outcomes) in zip(axes, stopping.items()):
    history = outcomes[0].history
    best = int(history.metrics["validation"].argmax())
    figures.plot_snapshot(ax, history, best)
    title = f"{wrong:.0%} wrong labels" if wrong else "their own labels"
    ax.set(title=title, xlabel="updates")
axes[0].set(ylabel="accuracy (%)", ylim=(0, None))
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig

# %% [markdown]
# Each ring is the snapshot that is kept; what matters is how far the test line is from it at the end. Wrong
# labels can only be memorized: nothing in the pictures points to them. Networks tend to learn first what many
# pictures share, and to memorize last (Arpit et al., 2017), though they can memorize even random labels (Zhang
# et al., 2017). So late updates may do harm, and we expect that going back pays more with wrong labels.
#
# A single evaluation jitters by some points, so the claims compare the snapshot with the mean of the last three.
# If a card says inconclusive, we cannot tell yet.

# %% tags=["remove-input"]
stopping_cards = experiments.stopping.cards(stopping, run)
stopping_cards["early-stopping-clean"]

# %% tags=["remove-input"]
stopping_cards["early-stopping-noisy"]

# %% tags=["remove-input"]
stopping_cards["early-stopping-pays-with-noise"]

# %% [markdown]
# The price is a comparison and a copy for each evaluation, and some labeled pictures kept aside. Think of it
# as cheap insurance, since you seldom know how clean your labels are. Here it gained {{early-stopping-clean}}
# with the right labels, and {{early-stopping-noisy}} with many wrong ones.
#
# ### Explore: patience
#
# To restore the best snapshot, you need a full training. *Patience* saves part of it: with a patience of $k$,
# training stops after $k$ evaluations in a row that do not improve on the best one. How much patience does it
# take?


# %% tags=["hide-input"]
def patience_figure(wrong, patience):
    return figures.patience_figure(
        stopping[wrong][0].history, patience, title=f"{wrong:.0%} wrong labels, patience {patience}"
    )


FrameExplorer(
    patience_figure,
    alt=lambda wrong, patience: figures.describe_patience(stopping[wrong][0].history, patience),
    title="Where does training stop, and what does it keep?",
    wrong=Control(list(stopping), label="Wrong labels", show=lambda v: f"{v:.0%}"),
    patience=Control(
        run.pick(quick=(1, 3, 8), standard=(1, 2, 3, 5, 8)), label="Patience (evaluations)"
    ),
    start={"wrong": 0.4, "patience": 1},
    play="patience",
)

# %% [markdown]
# With a patience of 1, training ends at the first evaluation that does not improve on the best one. The
# validation set is finite, so its accuracy jitters, and patience has to outlast the jitter.
#
# ## Ensembles
#
# Train $K$ networks that differ only in their seed, and let them vote (Hansen and Salamon, 1990; Dietterich,
# 2000). The usual way is to average the predicted probabilities (Lakshminarayanan et al., 2017) and then choose
# the class with the largest:
#
# $$
# \bar p = \frac1K \sum_{k=1}^K \mathrm{softmax}(s^{(k)})
# \tag{3}
# $$
#
# $$
# \hat y = \arg\max_c\; \bar p_c
# $$
#
# where $s^{(k)}$ are the *logits* of network $k$, its ten scores before the softmax.


# %%
def ensemble(s):  # (networks, pictures, classes)
    p = s.softmax(dim=-1).mean(dim=0)
    return p.argmax(dim=-1)


# %% tags=["remove-cell", "nbval-check-output"]
s = torch.randn(5, 7, 10, generator=run.generator("votes"))
same = torch.equal(ensemble(s), regularization.average_probabilities(s).argmax(dim=-1))
print(f"our vote is lib's: {same}")

# %% [markdown]
# The slides of Stanford's CS231n promise: "Enjoy 2% extra performance."
#
# We train five networks. First one of them answers alone, then two vote, and so on up to all five. We compare
# this with two alternatives: averaging the logits instead of the probabilities, and *one* network trained
# five times as long, which costs as much as the five.

# %% tags=["remove-input"]
Prediction(
    "Five networks learn from the same 250 pictures, with different seeds, and vote. How much test accuracy does "
    "the vote gain over a single one of them, on average?",
    [
        Choice(
            "About 2 points",
            "That is what accurate networks gain. These are often wrong, so there is more for a vote to correct.",
        ),
        Choice(
            "About 5 points",
            "More than that. Each network is often wrong, but seldom about the same pictures in the same way as "
            "the others.",
        ),
        Choice(
            "About 10 points or more",
            "Each network is often wrong, and in a way of its own. The mistakes scatter over the classes, while "
            "the right answers agree, so the average often finds them. The first card below has the number.",
            correct=True,
        ),
    ],
)

# %%
votes = experiments.ensembles(run, dataset=dataset)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of test accuracy against the number of networks in the ensemble. Two lines, one for averaged probabilities and one for averaged logits, end far above the single network at which they begin. A dashed line, below their ends, shows one network trained five times as long."}}
fig, ax = plotting.figure(height=3.4)
colors = (plotting.style.BLUE, plotting.style.ORANGE)
for (name, values), color in zip(votes.voted.items(), colors):
    sizes = np.arange(1, values.shape[1] + 1)
    plotting.plot_spread(ax, sizes, values, color=color, label=name, marker="o")
longer, label = votes.longer.mean(), "one network, trained as long as all"
ax.axhline(longer, color=plotting.style.INK, ls="--", lw=1.4, label=label)
ax.set(xlabel="networks in the ensemble", ylabel="test accuracy (%)", xticks=sizes)
highest = max(values.max() for values in votes.voted.values())
ax.set_ylim(min(longer, votes.single.mean()) - 2, highest + 6)  # room above
ax.legend(loc="upper left")
fig

# %% [markdown]
# The page shows one ensemble; the evidence compares several that have no network in common:

# %% tags=["remove-input"]
ensemble_cards = experiments.ensembles.cards(votes, run)
ensemble_cards["ensemble-two-percent"]

# %% tags=["remove-input"]
ensemble_cards["ensemble-averages-probabilities"]

# %% [markdown]
# The bound of 3 points is our own. It matters little which of the two you average: the difference is
# {{ensemble-averages-probabilities}}.

# %% tags=["remove-input"]
ensemble_cards["ensemble-beats-patience"]

# %% [markdown]
# The 2% comes from accurate networks: with five AlexNets, ImageNet's top-5 error (the right class is not among
# the five likeliest) fell from 18.2% to 16.4% (Krizhevsky et al., 2012). Here each network is often wrong in
# its own way, so voting gains {{ensemble-two-percent}}. One network trained five times as long ends
# {{ensemble-beats-patience size}} below the five.
#
# ## A term in the loss
#
# We penalize large weights. Take the *multiclass SVM loss*, which asks that the right class's score $s_{y_i}$
# lead every other by a margin of 1 (torch divides it by the number of classes),
#
# $$
# \ell_i = \sum_{j \ne y_i} \max(0,\; s_j - s_{y_i} + 1)
# \tag{4}
# $$
#
# or the softmax loss (cross-entropy),
#
# $$
# \ell_i = -\log \mathrm{softmax}(s)_{y_i} ,
# \tag{5}
# $$
#
# and add a term:
#
# $$
# L = \frac1n \sum_{i=1}^n \ell_i + \lambda R(W)
# $$
#
# | symbol | meaning |
# |---|---|
# | $s = Wx + b$ | scores of one example, here of a linear classifier |
# | $\ell_i$ | loss of one example; (4) is after Weston and Watkins (1999) |
# | $\lambda$ | strength of the penalty, a hyperparameter |
# | $\beta$ | weight of the squares in the elastic net (Zou and Hastie, 2005) |
#
# The common penalties are
#
# $$
# R_\text{L2}(W) = \sum_{k,l} W_{k,l}^2
# \tag{6}
# $$
#
# $$
# R_\text{L1}(W) = \sum_{k,l} |W_{k,l}|
# \tag{7}
# $$
#
# $$
# R_\text{elastic}(W) = \sum_{k,l} \beta W_{k,l}^2 + |W_{k,l}|
# \tag{8}
# $$
#
# Libraries often write the elastic net with a ratio $\rho$: $\rho\,|W| + \tfrac{1-\rho}{2} W^2$.


# %%
def svm_loss(s, y):
    right = s.gather(1, y[:, None])
    margins = (s - right + 1).clamp(min=0)
    # j = y contributes max(0, 1) = 1, which (4) does not count
    return (margins.sum(dim=1) - 1).mean()


def l2(W):
    return (W**2).sum()


def l1(W):
    return W.abs().sum()


def elastic(W, beta):
    return (beta * W**2 + W.abs()).sum()


# %% tags=["remove-cell", "nbval-check-output"]
g = run.generator("penalties")
s, y, W = torch.randn(6, 10, generator=g), torch.arange(6), torch.randn(4, 3, generator=g)
close = torch.isclose
print(
    "SVM loss: lib", bool(close(svm_loss(s, y), regularization.multiclass_svm_loss(s, y))), end=""
)
print(", torch", bool(close(svm_loss(s, y), 10 * nn.functional.multi_margin_loss(s, y))))
print("L2:", bool(close(l2(W), regularization.l2_penalty([W]))), end="; ")
print("L1:", bool(close(l1(W), regularization.l1_penalty([W]))), end="; ")
print("elastic:", bool(close(elastic(W, 0.5), regularization.elastic_net_penalty([W], beta=0.5))))
# With ρ = 1 / (1 + 2β), the common form is (8) times ρ.
rho = 1 / (1 + 2 * 0.5)
common = regularization.elastic_net_penalty_mixing([W], l1_ratio=rho)
print("the two elastic nets agree:", bool(close(common, rho * elastic(W, 0.5))))

# %% [markdown]
# What does each penalty do to a weight that the data does not care about? Run gradient descent on $R$ alone.
# L2 pulls in proportion to the weight, so the weight shrinks but never reaches zero. L1 pulls with the same
# force at any size, so small weights reach zero first.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three panels with five weights shrinking over gradient steps under one penalty each. Under L2 all shrink in proportion to their size. Under L1 they fall along straight parallel lines and reach zero one after the other, the small ones first. Under the elastic net they do some of both."}}
pulls = {
    "L2": lambda w: 2 * w,
    "L1": lambda w: w.sign(),
    "elastic, β = 1": lambda w: 2 * w + w.sign(),
}
fig, axes = plotting.figure(1, 3, height=2.6, sharey=True)
for ax, (name, pull) in zip(axes, pulls.items()):
    w = torch.tensor([1.0, 0.7, 0.4, 0.2, -0.3])
    path = [w]
    for _ in range(120):  # soft thresholding: a step of L1 stops at zero
        w = torch.where(w.abs() > 0.01 * pull(w).abs(), w - 0.01 * pull(w), 0.0)
        path.append(w)
    ax.plot(torch.stack(path), color=plotting.PART_COLORS["train"], lw=1.6)
    ax.set(title=name, xlabel="step")
axes[0].set(ylabel="weight")
fig

# %% [markdown]
# ### Explore: penalties on a linear classifier
#
# We train a linear classifier on the pixels of the 250 pictures, once for each loss, each penalty (the elastic
# net with $\beta = 10$) and each strength $\lambda$. The explorer shows its weights as a histogram and two of
# its rows $W_k$ as pictures, in which gray is zero and each row has its own scale.

# %% tags=["hide-input"]
losses = {"softmax": cross_entropy, "SVM": svm_loss}
penalties = {
    "L2": l2,
    "L1": l1,
    "elastic net": functools.partial(elastic, beta=10.0),
}
strengths = run.pick(quick=(0.0, 0.01), standard=(0.0, 0.01, 0.1))
fits = train_linear(run, losses, penalties, strengths, dataset=dataset)

# %% tags=["hide-input"]
shown = [3, 6] if run.as_written else [0, 1]


def weights_figure(loss, penalty, strength):
    outcome = fits[loss, penalty, strength]
    train_accuracy, test_accuracy = (outcome.accuracy[part] for part in ("train", "test"))
    return figures.weights_figure(
        outcome.model[-1][-1].weight.detach().view(10, *train.images.shape[1:]), limit=0.12,
        title=f"{loss}, {penalty}, λ = {strength:g}: train {train_accuracy:.0f}%, test {test_accuracy:.0f}%",
        classes=train.classes, shown=shown,
    )  # fmt: skip


FrameExplorer(
    weights_figure,
    alt=lambda loss, penalty, strength: (
        f"Histogram of a linear classifier's weights trained with the {loss} loss and {penalty} "
        f"at strength {strength:g}, and two classes' weights as pictures."
    ),
    title="What does each penalty do to the weights, and to the gap?",
    loss=list(losses), penalty=list(penalties),
    strength=Control(strengths, label="Strength λ"),
    start={"penalty": "L1", "strength": 0.01}, play="strength", pixels=720,
)  # fmt: skip

# %% [markdown]
# Under L2 the whole histogram narrows; under L1 a spike grows at zero. (The outermost bars count all weights
# beyond.) When the gap narrows, which accuracy changes, and which way?
#
# ### Weight decay, inside and outside the optimizer
#
# For plain gradient descent with rate $\eta$, adding $\frac{\lambda}{2} W^2$ to the loss is the
# same as shrinking the weights a little before each step:
#
# $$
# W \leftarrow W - \eta\,(g + \lambda W)
# $$
#
# $$
# \phantom{W} = (1 - \eta\lambda)\, W - \eta\, g
# \tag{9}
# $$
#
# where $g$ is the gradient of the data's loss. (With (6) as it stands, the factor is $1 - 2\eta\lambda$.) Hence
# the name *weight decay*. Adam divides its steps by the size of recent gradients, and so it divides a penalty
# in the loss as well: weights with large gradients hardly decay. *Decoupled* weight decay (AdamW; Loshchilov
# and Hutter, 2019) shrinks them outside the loss.


# %%
def one_weight(optimizer, scale, penalty):
    """What is left of a weight of 1 when gradients of ± `scale` alternate."""
    w = nn.Parameter(torch.ones(()))
    stepper = optimizer([w])
    for step in range(50):
        loss = scale * (-1) ** step * w + penalty / 2 * w**2
        stepper.zero_grad()
        loss.backward()
        stepper.step()
    return w.item()


# %% tags=["hide-input", "nbval-check-output"]
settings = {
    "plain, penalty in the loss": (functools.partial(torch.optim.SGD, lr=0.01), 0.5),
    "plain, decay outside": (functools.partial(torch.optim.SGD, lr=0.01, weight_decay=0.5), 0),
    "Adam, penalty in the loss": (functools.partial(torch.optim.Adam, lr=0.01), 0.5),
    "AdamW, decay outside": (functools.partial(torch.optim.AdamW, lr=0.01, weight_decay=0.5), 0),
}
print(f"{'gradients of':>26} {'±0.01':>6} {'±10':>6}")
for name, (optimizer_of, penalty) in settings.items():
    left = [one_weight(optimizer_of, scale, penalty) for scale in (0.01, 10)]
    print(f"{name:>26} {left[0]:6.2f} {left[1]:6.2f}")

# %% [markdown]
# The table shows what is left of the weight. For plain descent it makes no difference where the penalty
# is, as (9) says. With Adam and a penalty in the loss, the weight with large gradients keeps nearly all of its
# size. AdamW shrinks both alike.
#
# Now watch what decay does to a boundary. The data are forty points with much noise, and the network is large
# enough to fit all of them. Play without decay first and see whether the validation loss turns upward. Then
# add some decay, and some dropout.

# %% tags=["remove-input"]
Playground(
    "Which weight decay gives the lowest validation loss, and how much is too much?",
    start={"data": "moons", "points": 40, "noise": 0.6, "layers": 3, "units": 8, "activation": "relu",
           "init": "he", "lr": 0.1},
    controls=["weight_decay", "dropout", "points", "noise"],
)  # fmt: skip

# %% [markdown]
# ## Noise in training, averages at test
#
# All remaining methods follow one pattern. In training, some randomness $z$ changes the network or the picture
# at each update. At test time the randomness is averaged out:
#
# $$
# \text{training:}\quad y = f(x, z)
# \tag{10}
# $$
#
# $$
# \text{test:}\quad y = \mathbb E_z[f(x, z)]
# \tag{11}
# $$
#
# $$
# \phantom{y} = \int p(z)\, f(x, z)\, dz .
# $$
#
# No update can rely on a detail that may be gone in the next one. Most methods replace the average in (11)
# by something cheaper; cutout and mixup are just switched off. What plays the role of $z$ in each?
#
# Seven methods follow. If you are short of time, read dropout, batch normalization, and cutout and mixup. The
# other three vary the same idea, and you can come back to them when the contest mentions them. Three of the
# seven can be seen in a picture:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two rows of pictures. Above: one training picture, the same with a gray square over a part of it, and once more with the square elsewhere. Below: another training picture, a blend of 40 percent of the first and 60 percent of the second, in which both can be made out, and the places of fractional max pooling's windows on a grid, some overlapping and some side by side."}}
fig, axes = plotting.figure(2, 3, height=4.3)
first, second = (
    train.images[:1].cpu(),
    train.images[int((train.labels != train.labels[0]).nonzero()[0])].cpu()[None],
)
for ax, (r, c), title in zip(
    axes[0], ((99, 99), (14, 12), (20, 24)), ("original", "cutout", "cutout again")
):
    corner = {"top": torch.tensor([r - 6]), "left": torch.tensor([c - 6])}
    erased = augmentation.erase(first, **corner, size=12, fill=0.5)
    plotting.plot_image(ax, erased[0], title=title)
plotting.plot_image(axes[1, 0], second[0], title="another")
plotting.plot_image(axes[1, 1], 0.4 * first[0] + 0.6 * second[0], title="mixup, λ = 0.4")
at = regularization.fractional_boundaries(10, 7, u=torch.tensor([0.15, 0.6]))
figures.plot_pool_regions(axes[1, 2], at[0], at[1], 10).set_title("pooling 10 → 7", fontsize=11)
fig

# %% [markdown]
# ### Dropout
#
# Each hidden unit is set to zero with probability $p$, drawn anew for every example and update
# (Srivastava et al., 2014). The others are scaled up, so that the mean stays the same:
#
# $$
# y = \frac{m \odot x}{1 - p}
# \tag{12}
# $$
#
# $$
# m_j = 1 \text{ with probability } 1 - p, \text{ else } 0
# $$
#
# Here $\odot$ multiplies element by element. At test time the layer does nothing, since $\mathbb E_m[y] = x$.


# %%
def dropout(x, p, generator):
    m = torch.rand(x.shape, generator=generator) >= p
    return m * x / (1 - p)


# %% tags=["remove-input"]
Prediction(
    "A network has a layer of dropout, then a ReLU layer and a softmax. At test, dropout does nothing. What do "
    "you get, compared with the average (11) over all masks?",
    [
        Choice(
            "That average, exactly",
            "It would be exact if only linear layers followed. But the average of a ReLU's outputs is not the "
            "output at the average input, and the same holds for the softmax.",
        ),
        Choice(
            "That average, approximately",
            "Behind the dropout itself the means agree, by (12). Layers that are not linear do not keep them, "
            "so the rest is an approximation. You will see below how good one is.",
            correct=True,
        ),
        Choice(
            "The answer with one random mask",
            "That is what each update of the training computes. At test nothing is drawn at random.",
        ),
    ],
)

# %% [markdown]
# Scaling up in training is called *inverted* dropout; the original paper scaled down at test instead.
#
# ### DropConnect
#
# DropConnect applies the same idea one step earlier: it drops *weights* instead of units (Wan et al., 2013).
# Here one mask $M$ serves the whole mini-batch; the paper draws one for each example.
#
# $$
# y = x\, \frac{(M \odot W)^\top}{1 - p} + b
# \tag{13}
# $$


# %%
def drop_connect(x, W, b, p, generator):
    M = torch.rand(W.shape, generator=generator) >= p
    return x @ (M * W / (1 - p)).T + b


# %% [markdown]
# ### Batch normalization
#
# Batch normalization, or batchnorm for short, is meant to make training easier (Ioffe and Szegedy, 2015), but
# it regularizes as well. Each channel is normalized by the mean and variance *of the mini-batch*, then scaled
# and shifted by two learned numbers:
#
# $$
# y = \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta
# \tag{14}
# $$
#
# | symbol | meaning |
# |---|---|
# | $\mu, \sigma^2$ | mean and variance of a channel over batch, height and width |
# | $\gamma, \beta$ | learned scale and shift, one pair for each channel |
# | $\epsilon$ | a small number against division by zero |
#
# The noise $z$ is the random choice of the other examples in the batch. At test time there is no such batch;
# running averages of $\mu$ and $\sigma^2$, collected during training, take its place.


# %%
def batch_norm(x, gamma, beta, epsilon=1e-5):
    mu = x.mean(dim=(0, 2, 3), keepdim=True)
    sigma2 = x.var(dim=(0, 2, 3), keepdim=True, correction=0)
    normalized = (x - mu) / torch.sqrt(sigma2 + epsilon)
    return gamma.view(1, -1, 1, 1) * normalized + beta.view(1, -1, 1, 1)


# %% [markdown]
# ### Stochastic depth
#
# In a *residual* network a block computes $x + g(x)$: its input, plus a correction by a branch of layers $g$.
# Stochastic depth (Huang et al., 2016) leaves out the branch $g$ with probability $1 - s$; $s$ is the
# *survival* probability. The paper draws $m$ once for each mini-batch, so that each update trains a shallower
# network. Here we draw it for each example, so that each example passes through a shallower network:
#
# $$
# y = x + \frac{m}{s}\, g(x)
# \tag{15}
# $$
#
# $$
# m = 1 \text{ with probability } s, \text{ else } 0
# $$
#
# At test all branches are present. (The paper scales by $s$ at test instead of $1/s$ in training.)


# %%
def stochastic_depth(x, branch, s, generator):
    m = torch.rand(len(x), 1, 1, 1, generator=generator) >= 1 - s
    return x + m * branch / s


# %% [markdown]
# ### Cutout and mixup
#
# These two methods change the picture. *Cutout* (DeVries and Taylor, 2017) erases a square at a random place,
# so that the network cannot rely on any single part of an object. *Mixup* (Zhang et al., 2018) blends two
# examples and asks for the same blend of their labels:
#
# $$
# \tilde x = \lambda x_i + (1 - \lambda) x_j
# \tag{16}
# $$
#
# $$
# \tilde y = \lambda y_i + (1 - \lambda) y_j
# $$
#
# Here $\lambda$ (not that of the penalty) is drawn between 0 and 1 from a Beta distribution, and $y$ holds
# probabilities: a picture that is 40% cat and 60% dog has the label (cat 0.4, dog 0.6). At test both methods
# are off, and the network sees unchanged pictures.


# %%
def cutout(images, row, column, size):  # one center for each image
    height, width = images.shape[-2:]
    top = (row - size // 2)[:, None, None]
    left = (column - size // 2)[:, None, None]
    y, x = torch.arange(height)[:, None], torch.arange(width)
    rows = (y >= top) & (y < top + size)
    columns = (x >= left) & (x < left + size)
    return torch.where((rows & columns)[:, None], 0.5, images)


def mixup(x, y, lam, j):  # one λ and one partner j for each image
    lam_x, lam_y = lam[:, None, None, None], lam[:, None]
    x_mixed = lam_x * x + (1 - lam_x) * x[j]
    y_mixed = lam_y * y + (1 - lam_y) * y[j]
    return x_mixed, y_mixed


# %% [markdown]
# ### Fractional max pooling
#
# Pooling 2 × 2 halves the picture, always at the same places. Fractional max pooling (Graham, 2014) shrinks
# it by a factor $\alpha$ between 1 and 2, and the regions begin at random places. For $n$ inputs and $m$
# outputs, regions of two pixels begin at
#
# $$
# a_i = \lfloor \alpha (i + u) \rfloor - \lfloor \alpha u \rfloor
# \tag{17}
# $$
#
# $$
# \alpha = \frac{n - 2}{m - 1}, \qquad 0 \le u < 1 \text{ random}
# $$
#
# for $i = 0, \dots, m - 1$; $\lfloor\cdot\rfloor$ rounds down, and the last region ends at the border.


# %%
def boundaries(n, m, u):
    alpha = (n - 2) / (m - 1)
    i = torch.arange(m)
    a = torch.floor(alpha * (i + u)) - int(alpha * u)
    a[-1] = n - 2
    return a.long()


# %% tags=["remove-cell"]
def twins():
    return run.generator("twin"), run.generator("twin")


def agree(name, ours, libs):
    print(f"{name}: {torch.allclose(ours.float(), libs.float(), atol=1e-5)}")


# %% tags=["remove-cell", "nbval-check-output"]
g = run.generator("x")
x, W = torch.randn(8, 6, 10, 10, generator=g), torch.randn(5, 100, generator=g)
b, gamma, beta = (torch.randn(n, generator=g) for n in (5, 6, 6))
flat, branch, (one, two) = x[:, 0].flatten(1), x**2, twins()
agree("dropout", dropout(x, 0.4, one), regularization.dropout(x, p=0.4, generator=two))
agree(
    "DropConnect",
    drop_connect(flat, W, b, 0.4, one),
    regularization.drop_connect(flat, W, b, p=0.4, generator=two),
)
agree("batch norm", batch_norm(x, gamma, beta), regularization.batch_norm(x, gamma, beta)[0])
agree(
    "stochastic depth",
    stochastic_depth(x, branch, 0.7, one),
    regularization.stochastic_depth(x, branch, survival=0.7, generator=two),
)
agree("pooling regions", boundaries(10, 7, 0.3), regularization.fractional_boundaries(10, 7, u=0.3))  # fmt: skip

# %% tags=["remove-cell", "nbval-check-output"]
pictures, row, column = (
    torch.rand(4, 3, 16, 16),
    torch.tensor([0, 5, 9, 15]),
    torch.tensor([3, 8, 15, 0]),
)
erased = augmentation.erase(pictures, top=row - 3, left=column - 3, size=6, fill=0.5)
agree("cutout", cutout(pictures, row, column, 6), erased)
y, lam, j = torch.eye(4), torch.tensor([0.4, 0.9, 1.0, 0.0]), torch.tensor([1, 0, 3, 2])
mixed, labels = augmentation.blend(pictures, y, lam=lam, partner=j)
agree("mixup, pictures", mixup(pictures, y, lam, j)[0], mixed)
agree("mixup, labels", mixup(pictures, y, lam, j)[1], labels)

# %% tags=["remove-input"]
Prediction(
    "You evaluate a network but forget to switch it to evaluation: everything that is random in training stays "
    "on. With which layer does the answer for one picture now depend on the other pictures of its batch?",
    [
        Choice(
            "Dropout",
            "Each picture draws a mask of its own. The answer becomes noisy, but the others have no part in it.",
        ),
        Choice(
            "Stochastic depth",
            "Here each picture draws for itself which blocks it skips. In the paper's version a whole batch "
            "skips them together, but even then no picture sees the others.",
        ),
        Choice(
            "Batch normalization",
            "Its mean and variance come from the batch. The same picture gets another answer in other company, "
            "and a batch of one picture may get a useless one. This is a common bug.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# Here is the list of what is random, for you to check yours against:
#
# | method | randomness $z$ | at test |
# |---|---|---|
# | dropout | which units are zero | nothing is dropped |
# | DropConnect | which weights are zero | nothing is dropped |
# | batch norm | which other pictures are in the batch | running averages |
# | stochastic depth | which blocks are skipped | no block is skipped |
# | cutout | where the square is | no square |
# | mixup | the partner and the blend | no blend |
# | fractional pooling | where the regions begin | fixed regions; the paper averages several passes |
#
# At test, dropout does nothing instead of computing the average (11). Is that shortcut accurate? For one linear
# layer, before the softmax, it is exact. For a whole network it is an approximation. We take a network that was
# trained with dropout, leave its dropout on, average the probabilities of many passes, and compare them with
# the shortcut:

# %% tags=["hide-input"]
steps = run.pick(quick=20, standard=200)
dropping = training.Trial(400, steps, preprocess=standardize, network={"dropout": 0.4})
parts = {"test": test}
(outcome,) = training.run_trials([dropping], train, parts, run=run, keep_models=True)
model, some = outcome.model.to(run.device).train(), test.images[:200]
times = run.pick(quick=10, standard=100)
with torch.no_grad():
    passes = torch.stack([model(some) for _ in range(times)])
averaged = passes.softmax(dim=-1).mean(dim=0)
shortcut = predict(model, some).softmax(dim=-1)
alike = (averaged.argmax(dim=-1) == shortcut.argmax(dim=-1)).float().mean().item()
print(f"the shortcut and the average of {times} passes choose the same class")
print(f"for {alike:.0%} of {len(some)} pictures")

# %% [markdown]
# ## A contest with one budget
#
# We compare nine methods and all 36 pairs of them. They share the training pictures, the network, its first
# weights, the number of updates and the order of the pictures. They also share one learning rate, which may suit
# some better than others. Their cost in time is measured, not equalized. *Augmentation* stands for the next
# chapter: each picture is moved, turned and relit a little.
#
# Each method has a strength, and it would be unfair to guess it. `experiments.contest(run)` trains each method
# with three strengths (batch normalization has none to choose), with a separate seed, and keeps the strength
# with the best validation accuracy. To save time, this page uses strengths that were chosen in this way once:

# %%
STRENGTHS = {
    "L2": 3e-4,  # λ
    "dropout": 0.2,  # p
    "DropConnect": 0.2,  # p
    "batch norm": True,
    "stoch. depth": 0.5,  # s
    "frac. pooling": 0.7,  # 1 / α
    "cutout": 6,  # side of the square, in pixels
    "mixup": 0.3,  # both parameters of the Beta distribution
    "augmentation": 0.04,  # how far a picture may move, in widths
}

# %% tags=["remove-input"]
Prediction(
    "Mixup blends two pictures; augmentation moves, turns and relights one of them a little. Which "
    "of the two gains more test accuracy in 120 updates on 250 pictures, on average over seeds?",
    [
        Choice(
            "Augmentation",
            "A picture that is moved a little is still an ordinary picture. What the network learns from such "
            "pictures helps with the test pictures at once. No test picture is a blend.",
            correct=True,
        ),
        Choice(
            "Mixup",
            "A blend is the stronger change, but also the harder task, since the network has to recognize two "
            "pictures at once. It may need more than the 15 epochs here; we come back to this below.",
        ),
        Choice(
            "Neither",
            "They do not end level in so short a training. The card below says how far apart they are.",
        ),
    ],
)

# %%
contest = experiments.contest(
    run,
    dataset=dataset,
    strengths=STRENGTHS,
    pairs=False,
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Nine rows, one for each method, sorted by the mean gain in test accuracy over the plain network. Each row has a large dot for the mean and small dots for the single trainings; a vertical line stands at zero, where the plain network is."}}
fig, ax = plotting.figure(height=4.0)
plotting.plot_intervals(ax, contest.gains())
ax.set(xlabel="gain in test accuracy over the plain network (points)")
fig

# %% [markdown]
# These are few trainings, and a difference of a few points may be luck; the evidence below rests on more.
# The next table gives accuracies in percent. Its last column is the time of an update, as a multiple of the plain
# network's; differences of a tenth are timing noise.

# %% tags=["hide-input"]
cost = time_updates(run, STRENGTHS, dataset)
print(f"{'':>13} {'train':>6} {'test':>6} {'gap':>6} {'time':>6}")
for entry in sorted(cost, key=lambda e: -contest.accuracy(e).mean()):
    known, new = (contest.accuracy(entry, part).mean() for part in ("train", "test"))
    name = entry[0] if entry else "none"
    print(f"{name:>13} {known:6.1f} {new:6.1f} {known - new:6.1f} {cost[entry]:5.2f}×")

# %% [markdown]
# The gap alone does not measure success: a method that keeps the network from learning anything closes it
# perfectly. What counts is the column "test". Here is the evidence, with strengths chosen anew in each of its
# runs:

# %% tags=["remove-input"]
contest_cards = experiments.contest.cards(None, run)
contest_cards["augmentation-beats-mixup"]

# %% tags=["remove-input"]
contest_cards["mixup-helps"]

# %% [markdown]
# What about two methods at once? The 36 pairs would take longer than the nine methods did, and a single
# training of each pair would show mostly luck. So this page shows only the evidence for them. To train them
# yourself, call `found = experiments.contest(run)`, which takes some minutes. Then
# `figures.plot_pair_gains(ax, found.table(), list(found.strengths))` draws all of them as a table.

# %% tags=["remove-input"]
Prediction(
    "Compare each pair with one of its two methods alone, the one that is better on validation. What does the "
    "second method do to the test accuracy, on average over the 36 pairs?",
    [
        Choice(
            "It costs some points",
            "Each method makes the training harder. Two at once can make it too hard for 120 updates. The card "
            "below says how many points that is on average; a single pair may still gain.",
            correct=True,
        ),
        Choice(
            "It changes next to nothing",
            "Then the second method would have to be harmless, at least. In so short a training it is not.",
        ),
        Choice(
            "It gains over 2 points",
            "That would take two remedies that help against different things, and time to profit from both.",
        ),
    ],
)

# %% tags=["remove-input"]
contest_cards["pairs-beat-singles"]

# %% [markdown]
# On average, a second method changes the accuracy by {{pairs-beat-singles}}. Each method makes learning harder,
# and a training of 120 updates, or 15 epochs, is short; the papers train for hundreds of epochs. Does mixup
# catch up if we give it more time? We trained it and the plain network four times as long, each with a rate
# that falls to zero over its own length (`experiments.longer(run)`):

# %% tags=["remove-input"]
longer_cards = experiments.longer.cards(None, run)
longer_cards["mixup-needs-time"]

# %% tags=["remove-input"]
longer_cards["mixup-helps-in-time"]

# %% [markdown]
# On average, mixup gains more if both networks train longer, but even after 480 updates it does not gain the 2
# points that we asked for. A ranking of methods may depend on the length of training: before you quote one, ask
# how long the networks were trained.
#
# ## Exercises
#
# ### Exercise 1: when to stop
#
# ★☆☆, 10 minutes. A network is evaluated again and again during training. Training stops after `patience`
# evaluations in a row that do not improve on the best one, or otherwise at the last evaluation. Write
# `early_stop(validation, patience)`, which takes the list of validation accuracies and returns two indices:
# where training stops, and the (first) best evaluation up to there.


# %% tags=["exercise"] exercise="early-stopping" points=4
def early_stop(validation, patience):
    raise NotImplementedError


# %%
checks.check_early_stopping(early_stop)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="early-stopping" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def early_stop(validation, patience):
    best_at = 0
    for now, value in enumerate(validation):
        if value > validation[best_at]:
            best_at = now
        if now - best_at >= patience:
            return now, best_at
    return len(validation) - 1, best_at


checks.check_early_stopping(early_stop)

# %% [markdown]
# ### Exercise 2: the elastic net's pull
#
# ★☆☆, 10 minutes. Multiply the term $|W_{k,l}|$ in (8) by a constant, `ALPHA`. Write
# `elastic_gradient(W, beta)`, the gradient of the new penalty with respect to $W$. Derive it by hand, without
# automatic differentiation. At $W_{k,l} = 0$, where $|W_{k,l}|$ has a kink, use 0 as its derivative.


# %% tags=["exercise"] exercise="elastic-gradient" points=3 forbids="grad backward jacrev vjp" varies="ALPHA: 0.25 0.5 1.0 1.5 2.0 3.0"
ALPHA = 1.0


def elastic_gradient(W, beta):
    raise NotImplementedError


# %%
checks.check_elastic_gradient(elastic_gradient, ALPHA)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="elastic-gradient" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def elastic_gradient(W, beta):
    return 2 * beta * W + ALPHA * W.sign()  # sign(0) is 0


checks.check_elastic_gradient(elastic_gradient, ALPHA)

# %% [markdown]
# ### Exercise 3: spatial dropout
#
# ★★☆, 15 minutes. Neighboring pixels of a feature map are nearly equal, so dropping single ones, as in (12),
# hides little. *Spatial dropout* (Tompson et al., 2015) drops whole channels. Write the inverted version for
# `x` of shape (batch, channels, height, width): each channel of each example becomes zero with probability
# $p$, and the channels that survive are scaled by $1 / (1 - p)$. Draw with `torch.rand(…,
# generator=generator)`.


# %% tags=["exercise"] exercise="spatial-dropout" points=5 forbids="dropout Dropout dropout2d Dropout2d feature_dropout feature_alpha_dropout"
def spatial_dropout(x, p, generator):
    raise NotImplementedError


# %%
checks.check_spatial_dropout(spatial_dropout)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="spatial-dropout" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def spatial_dropout(x, p, generator):
    batch, channels = x.shape[:2]
    m = torch.rand(batch, channels, 1, 1, generator=generator) >= p
    return x * m.to(x.device) / (1 - p)


checks.check_spatial_dropout(spatial_dropout)

# %% [markdown]
# ### Exercise 4: CutMix
#
# ★★★, 25 minutes. Cutout throws pixels away, and mixup makes pictures look like double exposures. *CutMix*
# (Yun et al., 2019) pastes a square of one picture into another and mixes the labels by area. Write
# `cutmix(images, probabilities, permutation, top, left, size)`. Picture $i$ receives a square from picture
# `permutation[i]`, at the same place. The square's upper left corner is at (`top`, `left`), and whatever lies
# outside the picture is cut off. The weight of the other label is the share of the picture's area that the
# square covers after cutting. Return the new images and probabilities, and leave the inputs unchanged.


# %% tags=["exercise"] exercise="cutmix" points=8 forbids="CutMix"
def cutmix(images, probabilities, permutation, top, left, size):
    raise NotImplementedError


# %%
checks.check_cutmix(cutmix)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="cutmix" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def cutmix(images, probabilities, permutation, top, left, size):
    height, width = images.shape[-2:]
    rows = slice(max(top, 0), min(top + size, height))
    cols = slice(max(left, 0), min(left + size, width))
    mixed = images.clone()
    mixed[:, :, rows, cols] = images[permutation][:, :, rows, cols]
    share = mixed[0, 0, rows, cols].numel() / (height * width)
    return mixed, (1 - share) * probabilities + share * probabilities[permutation]


checks.check_cutmix(cutmix)

# %% [markdown]
# ## Summary
#
# - A better optimizer lowers the training loss. None of the three closed the gap to new pictures.
# - Keep the snapshot that was best on validation. It costs a comparison and a copy, and is meant to protect
#   against late updates that memorize wrong labels. Here it gained {{early-stopping-clean}} with right labels,
#   and {{early-stopping-noisy}} with many wrong ones.
# - Average the predictions of several networks. If the single networks are often wrong, in different ways, this
#   gains far more than the 2% that a well-known course promises.
# - L2 shrinks weights in proportion to their size, L1 by equal steps down to zero. With Adam, decay the weights
#   outside the loss.
# - Dropout, DropConnect, batch normalization, stochastic depth and fractional pooling add noise to training and
#   average it out at test, at least approximately. Cutout and mixup change the training pictures and are
#   switched off at test.
# - In a short training on few pictures, small changes to the pictures gained more than mixup, and on average a
#   second method did not help: the change was {{pairs-beat-singles}}.
#
# **Limits.** We trained one small network on 250 or 1,000 rendered pictures for a few hundred updates. All
# methods shared one learning rate, and each had three strengths to choose from, compared with a single seed.
# The papers report gains after hundreds of epochs, and `budget = "full"` adds seeds, not updates. Batch
# normalization allows larger learning rates, which this contest did not give it.
#
# ## Sources
#
# - Arpit et al. (2017). A closer look at memorization in deep networks. ICML.
#   [arXiv:1706.05394](https://arxiv.org/abs/1706.05394)
# - DeVries, Taylor (2017). Improved regularization of convolutional neural networks with cutout.
#   [arXiv:1708.04552](https://arxiv.org/abs/1708.04552)
# - Dietterich (2000). Ensemble methods in machine learning. Multiple Classifier Systems.
# - Graham (2014). Fractional max-pooling. [arXiv:1412.6071](https://arxiv.org/abs/1412.6071)
# - Hansen, Salamon (1990). Neural network ensembles. IEEE Transactions on Pattern Analysis and Machine
#   Intelligence 12.
# - Huang et al. (2016). Deep networks with stochastic depth. ECCV.
#   [arXiv:1603.09382](https://arxiv.org/abs/1603.09382)
# - Ioffe, Szegedy (2015). Batch normalization. ICML. [arXiv:1502.03167](https://arxiv.org/abs/1502.03167)
# - Krizhevsky, Sutskever, Hinton (2012). ImageNet classification with deep convolutional neural networks.
#   NeurIPS.
# - Kingma, Ba (2015). Adam: a method for stochastic optimization. ICLR.
#   [arXiv:1412.6980](https://arxiv.org/abs/1412.6980)
# - Lakshminarayanan, Pritzel, Blundell (2017). Simple and scalable predictive uncertainty estimation using deep
#   ensembles. NeurIPS. [arXiv:1612.01474](https://arxiv.org/abs/1612.01474)
# - Loshchilov, Hutter (2019). Decoupled weight decay regularization. ICLR.
#   [arXiv:1711.05101](https://arxiv.org/abs/1711.05101)
# - Prechelt (1998). Early stopping, but when? Neural Networks: Tricks of the Trade.
# - Srivastava et al. (2014). Dropout. Journal of Machine Learning Research 15.
# - Tompson et al. (2015). Efficient object localization using convolutional networks. CVPR.
#   [arXiv:1411.4280](https://arxiv.org/abs/1411.4280)
# - Wan et al. (2013). Regularization of neural networks using DropConnect. ICML.
# - Weston, Watkins (1999). Support vector machines for multi-class pattern recognition. ESANN.
# - Yun et al. (2019). CutMix. ICCV. [arXiv:1905.04899](https://arxiv.org/abs/1905.04899)
# - Zhang, Bengio, Hardt, Recht, Vinyals (2017). Understanding deep learning requires rethinking generalization.
#   ICLR. [arXiv:1611.03530](https://arxiv.org/abs/1611.03530)
# - Zhang et al. (2018). mixup: Beyond empirical risk minimization. ICLR.
#   [arXiv:1710.09412](https://arxiv.org/abs/1710.09412)
# - Zou, Hastie (2005). Regularization and variable selection via the elastic net. Journal of the Royal
#   Statistical Society B 67.
