# ---
# jupyter:
#   course:
#     builds_on: [06_features, 09_seq2seq]
#     compute_minutes: 2
#     exercise_minutes: 80
#     memory_gb: 2
#     reading_minutes: 50
#     rows: [M59, M60, M61, B1]
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
# # 10 · Captions, and where a network looks
#
# A network writes a sentence about a picture. What does it look at before it writes “red”? Our pictures are
# rendered, so we know what it should look at. What is lost if it sees the picture only once?
#
# Only ten minutes? Read [Word by word](#word-by-word).
#
# After this chapter you can
#
# - write captions from a frozen network's features, with one context and with attention over places;
# - say what a single context keeps of a picture, and what it loses;
# - score captions by BLEU and by exact match, and looks against the true regions;
# - name what a transformer changes, and why it must be told positions.
#
# You need chapter 9.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | spatial features | what a layer of a CNN computes, with rows and columns kept |
# | place | one cell $(i, j)$ of the grid of features |
# | frozen | of a network: its weights are not trained any more |
# | BLEU | a score of a sentence against reference sentences |
#
# </details>

# %% tags=["parameters"]
# budget: "quick", "standard" or "full"
budget, seed, device = None, 0, "auto"

# %% tags=["hide-input"]
import math
import textwrap

import torch
from torch.nn import functional

from chapters.captioning import baselines, checks, experiments, figures, gallery, photographs
from chapters.captioning.blind import right_from_words
from chapters.captioning.contest import told, write, wrong_colors
from lib import plotting, runtime, sentences, widgets
from lib.datasets import captions, flickr8k
from lib.datasets.scene_captions import KINDS
from lib.models.captioner import Captioner
from lib.models.pretrained import load_efficientnet_lite0
from lib.models.sequences import shift
from lib.visualization.activations import record_activations
from lib.widgets import Choice, Control, FrameExplorer, Prediction

run = runtime.start(budget, seed=seed, device=device)

# %% tags=["hide-input", "remove-output"]
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# ## Pictures with sentences
#
# To attention, the words of chapter 9 were a set of vectors. A picture can be such a set, too, so the same
# decoder can write about pictures.
#
# Each of ours shows one to three things on a background, and comes with a sentence about them. The sentence
# starts with the largest thing, and then says how it lies relative to the others ("left of a small red
# ring"), from the top one to the lowest. Blobs without a shape are clutter that captions do not mention, and
# a thing without texture gets no word for texture.

# %%
test = experiments.load_test(run)  # pictures of 96 × 96 pixels
known = captions.as_captions(test.scenes)
vocabulary = captions.caption_vocabulary()

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three rendered pictures with their captions below them. The first shows one thing, the second two, the third three; each caption names the size, texture (unless plain), color and shape of every thing, how things lie relative to each other, and the background."}}
fig, axes = plotting.figure(1, 3, height=2.75, margins={"bottom": 0.4, "top": 0.98, "wspace": 0.25})
things = torch.tensor([len(scene.objects) for scene in test.scenes])
for ax, count in zip(axes, (1, 2, 3), strict=True):
    row = int((things == count).nonzero()[0, 0])
    figures.plot_caption(ax, test.images[row], test.captions[row], width=18)
fig

# %% [markdown]
# For each word we know what it is about: one of the things, the background, or nothing in particular. The
# networks see only the pictures and the sentences. The rest is for us, to check where they look. These are
# the words:

# %% tags=["hide-input", "nbval-check-output"]
print(f"{len(vocabulary)} words, with those for padding, start, end and unknown")
for kind, members in KINDS.items():
    print(f"{kind:>10}: {' '.join(members[:5])}{' …' if len(members) > 5 else ''}")

# %% [markdown]
# ## Features with rows and columns
#
# | symbol | meaning | shape |
# |---|---|---|
# | $z$ | features of a frozen CNN | (batch, $D$, rows, columns) |
# | $z_{i,j}$ | features of one place | (batch, $D$) |
# | $s_t$ | the decoder's states | (batch, 128) |
# | $y_t$ | embedding of the word written at step $t$; $y_0$ is that of a start token | (batch, 128) |
#
# The encoder was trained long before, on photographs: it is EfficientNet-Lite0 from chapter 6. We cut it off
# where its maps still have rows and columns, and do not train it. So $z$ is computed only once for each
# picture and then kept, which is why this chapter runs on a laptop.

# %% tags=["nbval-check-output"]
network = load_efficientnet_lite0()
layer = experiments.LAYER
maps = record_activations(network, test.images[:4], [layer])
print("pictures, D, rows, columns:", tuple(maps[layer].shape))

# %% [markdown]
# We do the same for all pictures, and standardize each channel over the training set:

# %%
pictures = experiments.pictures(run)
z_test, rows = pictures.z_test, pictures.z.shape[2]
print(f"{len(pictures.z)} pictures to learn from, {len(test)} to test on")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four pictures in a row. The first is a rendered scene with three things under a grid of six by six places; the others are gray maps of six by six cells, those of the three channels that stand out most at one place."}}
row = int((things == 3).nonzero()[1, 0])
spread_out = z_test[row].flatten(1).amax(1) - z_test[row].flatten(1).mean(1)
fig, axes = plotting.figure(1, 4, height=1.65)
figures.plot_grid(axes[0], test.images[row], *z_test.shape[2:])
axes[0].set_title("the picture", fontsize=11)
for ax, channel in zip(axes[1:], spread_out.topk(3).indices.tolist()):
    grid = z_test[row, channel]
    grid = (grid - grid.min()) / (grid.max() - grid.min())
    plotting.plot_image(ax, grid[None], title=f"channel {channel}")
fig

# %% [markdown]
# Each place has 112 numbers, which are computed from a window of pixels around it. By (8) of chapter 6 this
# window is wider than the whole picture, though its middle counts most. The figure shows three channels with
# a large peak.
#
# ## One context
#
# The simplest captioner turns all places into one vector (Vinyals et al., 2015), and this vector is all that
# the decoder learns about the picture:
#
# \begin{equation*}
# \begin{aligned}
# c &= s_0 = f_W(z) , \\ s_t &= g(y_{t-1}, c, s_{t-1}) ,
# \end{aligned}
# \tag{1}
# \end{equation*}
#
# where $f_W$ is a network of its own, with one hidden layer, which sees all numbers of $z$, and $g$ is a GRU
# cell. The logits of the next word are computed from $s_t$, $c$ and $y_{t-1}$, as in chapter 9. (Vinyals et al.
# showed the context only once, before the first word.)

# %% tags=["remove-input"]
Prediction(
    "A caption of three things has about three times as many words as a caption of one. The context "
    "c has 128 numbers for both. For which words will the network with one context be wrong more "
    "often?",
    [
        Choice(
            "For relations between things",
            "For “left of” or “above”, this is a natural guess, since a single vector has no rows and "
            "columns. But the network that makes the vector saw them all, and there are only four "
            "relations.",
        ),
        Choice(
            "For the colors of things",
            "There are eight colors, and c must keep track of which color belongs to which thing. "
            "How much more often it gets these wrong is measured below.",
            correct=True,
        ),
        Choice(
            "For both equally often",
            "c has no part of its own for each kind of word. But that leaves it to training what c keeps, "
            "and training does not keep all kinds equally well.",
        ),
    ],
)

# %% [markdown]
# ## Attention over places
#
# Xu et al. (2015) let the decoder look at the grid before each word. A small network scores every place, and
# one softmax runs over all places:
#
# \begin{equation*}
# \begin{aligned}
# e_{t,i,j} &= f_{att}(s_{t-1}, z_{i,j}) \\ &= v^\top \tanh(W s_{t-1} \\ & \qquad\quad + U z_{i,j} + b)
# \end{aligned}
# \tag{2}
# \end{equation*}
#
# $$
# a_{t,:,:} = \mathrm{softmax}(e_{t,:,:}) \tag{3}
# $$
#
# $$
# c_t = \sum_{i,j} a_{t,i,j}\, z_{i,j} \tag{4}
# $$
#
# As in chapter 9, $W, U, b, v$ are learned. The decoder then computes (1) with $c_t$ in place of $c$, and still
# begins with $s_0 = f_W(z)$.
#
# A set of places has no left and right: (2) to (4) give the same context if all $z_{i,j}$ are shuffled, and
# only $s_0$ has seen them in order. Zero padding lets the features tell something about their place (Islam et
# al., 2020). To tell more, we append two numbers to each $z_{i,j}$: how far down and how far right it is.


# %%
def steps(model, encoded, before):
    z, s = encoded.states, encoded.last  # z: (batch, places, D + 2)
    decoder, look = model.decoder, model.decoder.attention
    W, U, b, v = look.query.weight, look.key.weight, look.key.bias, look.score
    logits, weights = [], []
    for word in before.unbind(dim=1):
        e = torch.tanh((s @ W.T)[:, None] + z @ U.T + b) @ v
        a = e.softmax(dim=1)
        c = (a[:, :, None] * z).sum(dim=1)
        y = decoder.embedding(word)
        s = decoder.cell(torch.cat([y, c], dim=1), s)
        logits.append(decoder.output(torch.cat([s, c, y], dim=1)))
        weights.append(a)
    return torch.stack(logits, dim=1), torch.stack(weights, dim=1)


# %% tags=["remove-cell", "nbval-check-output"]
g = run.generator("untrained")
size = z_test.shape[1:]
untrained = Captioner(len(vocabulary), *size, width=32, generator=g)
encoded, before = untrained.encode(z_test[:5]), shift(known.target[:5])
both = steps(untrained, encoded, before), untrained.decode(encoded, before)
for ours, lib in zip(*both):
    equal = torch.allclose(ours, lib, atol=1e-5)
    print(f"{tuple(ours.shape[::2])}, equal lib's: {equal}")

# %% [markdown]
# Here `before` has the word before each word: the caption with a start token in front and without its last
# word.
#
# ## Training both
#
# Both networks are trained by Adam with a learning rate that rises and then falls, in batches of 32. In our
# trials, the network with one context learned worse with the rate that suits attention. So it has a rate of
# its own, and as many updates as fit into about the same time. This page trains one network of each kind.
# Each run of the evidence trains three of each, with twice as many pictures and for longer.

# %%
contest = experiments.captioners(run)
first = contest.graded["attention"][0]  # the first network with attention
model = first.model

# %% [markdown]
# ## What one context loses
#
# For each word: does the network rank the right one first, given the right words before it?

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the percentage of words that are ranked first against the number of things in the picture, one to three: one line for the network with attention, one for the network with one context. The claim below compares how far the two lines fall."}}
by_things = {n: contest.by_things(n) for n in experiments.NETWORKS}
fig, ax = plotting.figure(height=3.2)
plotting.plot_by_length(ax, [1, 2, 3], by_things, xlabel="things in the picture",
                        ylabel="words right (%)")  # fmt: skip
ax.set(xticks=[1, 2, 3], title="Words right, by the number of things")
fig

# %% tags=["remove-input"]
cards = experiments.captioners.cards(contest, run)
cards["things-overflow"]

# %% tags=["hide-input"] mystnb={"image": {"alt": "Chart of the percentage of words ranked first by kind of word, with a row for sizes, textures, colors, shapes, relations and backgrounds, and in each row a dot for the network with attention, one for the network with one context, and a gray mark for a guess without a picture, which is far to the left in all rows but that of sizes. The claims below compare colors, shapes and relations."}}
by_kind = {n: contest.by_kind(n) for n in experiments.NETWORKS}
fig, ax = plotting.figure(height=3.7, margins={"left": 0.2, "top": 0.8, "bottom": 0.16})
figures.plot_kinds(ax, by_kind, right_from_words(contest.pictures))
fig.suptitle("Words right, kind by kind", x=0.02, ha="left")
fig

# %% tags=["remove-input"]
cards["colors-are-lost"]

# %% tags=["remove-input"]
cards["directions-are-kept"]

# %% [markdown]
# The gray marks are for a guess that sees no picture: the word that most often follows the two words before it
# in the training captions. It gets most sizes right, but few relations or colors. So it does not explain why
# one context gets relations right more often than colors. (A decoder trained without pictures might guess more.
# We trained none.)
#
# Attention is ahead for colors, but has no lead for relations that we could establish. A relation depends on
# two places, and a weighted mean does not keep which part came from where. Whether this is the reason, we have
# not tested.
#
# Is $c$ too small for the colors? Look at pictures from the training set, too:

# %% tags=["hide-input"]
print("colors right (%)  training  test")
for network, those in contest.graded.items():
    trained = sum(one.fit["color"] for one in those) / len(those)
    tested = by_kind[network]["color"].mean()
    print(f"{network:>16}{trained:>10.0f}{tested:>6.0f}")

# %% [markdown]
# Where the number for training pictures is low, the network has not even learned these, for lack of room or of
# updates. We have not tried which. Where the number for test pictures is far below it, the network has also
# learned some pictures by heart: $f_W$ has over a million weights. And if a color is wrong, does it belong to
# another thing in the picture?

# %% tags=["hide-input"]
print("wrong colors that another thing has")
for network, those in contest.graded.items():
    share, chance = wrong_colors(those[0], pictures)
    print(f"{network:>12}: {share:3.0f}% (by chance {chance:.0f}%)")

# %% [markdown]
# As far as the share is above chance, the network borrows colors: the color is in the picture, but on another
# thing.
#
# ## Word by word
#
# What did the network look at before each word? Below, the picture is darkened where a place got hardly any
# weight. It is the first one with two things for which the network ranks every right word first. If there is
# none, it is the first one with two things.

# %% tags=["remove-input"]
Prediction(
    "Take the words for a thing's size, texture, color and shape. Before which of them will the "
    "network put more weight on the thing than even weights would?",
    [
        Choice(
            "Only before the first of them",
            "One look could tell it all four, and it could keep what it saw in its state. But every step gets a context of its own, so it "
            "need not.",
        ),
        Choice(
            "Only before the shape",
            "The shape is the noun. But size, texture and color have to be read off the picture, too.",
        ),
        Choice(
            "Before all four",
            "Nobody told the network so, but looking at the thing helps to name each of them. How "
            "much of the weight lies on the thing is measured below.",
            correct=True,
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Rows of small copies of one picture, one for each word of its caption. Each copy is bright where the network looked before this word, and dark where it did not."}}
right = first.guess == known.target
whole = (right | ~pictures.said).all(dim=1) & (things == 2)
row = int((whole if bool(whole.any()) else things == 2).nonzero()[0, 0])
shown = vocabulary.decode(known.target[row].tolist())
used = math.ceil(len(shown) / 4)
fig, axes = plotting.figure(used, 4, height=1.5 * used, squeeze=False)
figures.plot_word_maps(axes.flatten(), test.images[row], shown, first.weights[row], rows)
fig

# %% [markdown]
# ### Explore: where did it look?
#
# These are the first pictures of the test set, with what the network wrote by itself. Click a word or press
# play. Tick the first box to frame what the word is about. Where does the network look before “above” or
# “left”? Where does it look before “on”?

# %% tags=["hide-input"]
SHOWN = 8
views = [
    gallery.view(pictures, k, gallery.words_of_row(first.wrote, k), first.wrote.weights[k])
    for k in range(SHOWN)
]
widgets.AttentionReader(views, title="Where did it look before each word?", languages=("en", "en"))

# %% [markdown]
# ## Looks against the truth
#
# For every word about a thing, we know which pixels belong to the thing. How much of the weight lies on them?
#
# $$
# \mathrm{inside}_t = \sum_{i,j} a_{t,i,j}\, m_{i,j} , \tag{5}
# $$
#
# where $m_{i,j}$ is the share of place $(i,j)$ that the thing covers. If all weights were even, the result
# would be the thing's share of the picture. There are two more baselines. One is the mean map over words of the
# same kind in all *other* pictures, which has never seen this one. The other is the weight on another thing in
# the same picture.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of the share of the weights that lies on the thing that a word is about, one row each for words of size, texture, color and shape. A dashed line marks what even weights would have there before a word for a shape. In each row, one gray mark is for the mean map of other pictures, and one for the weight on another thing in the picture."}}
shares = experiments.inside(contest)
margins = {"left": 0.15, "right": 0.97, "top": 0.76, "bottom": 0.19}
fig, ax = plotting.figure(height=3.2, margins=margins)
values = {kind: of_seeds[:, 0] for kind, of_seeds in shares.items()}
others = baselines.inside(contest, list(shares))
figures.plot_inside(ax, values, even=shares["shape"][0, 1], others=others)
fig.suptitle("Weight on the thing that is named", x=0.02, ha="left")
fig

# %% tags=["remove-input"]
cards["looks-at-the-thing"]

# %% tags=["remove-input"]
cards["looks-for-each-word"]

# %% [markdown]
# Compare with the gray marks, too. If the network looked at the same places in every picture, the mean map would
# do as well. If it looked at whatever stands out, another thing would get as much.
#
# And where did the network look when it got a word wrong? We compare right and wrong words for color and
# shape: how often does the place with the largest weight touch the thing?

# %% tags=["hide-input"]
before_right, before_wrong = experiments.touched(contest).mean(axis=0)
print("It touches the thing")
print(f"{before_right:5.0f}%  before right words,")
print(f"{before_wrong:5.0f}%  before wrong words.")

# %% tags=["remove-input"]
cards["wrong-words-look-away"]

# %% [markdown]
# Without ever seeing a region, the network puts much more of its weight on the thing that it names than even
# weights would. Before a wrong word, it may have looked elsewhere, or at the right thing and misread it. The
# second number above counts the latter. (Whether a look *causes* a word is another question.)
#
# ### Explore: places that are told to stand elsewhere
#
# We can change the two numbers that we appended while the features stay where they are. If all places are
# told that left is right, what will the network write? Guess its caption first, then change the control.
# Pictures 1 and 2 have a “left” or “right” that the network gets right, and 3 and 4 an “above” or “below”, if
# there are such.

# %% tags=["hide-input"]
TOLD = {"where they are": (1, 1), "left is right": (1, -1), "up is down": (-1, 1)}
mapped = gallery.told_rows(first, pictures)
written = {}
for places, signs in TOLD.items():
    with told(model, *signs):
        written[places] = write(model, z_test[mapped])


# %% tags=["hide-input"]
def sentence(picture, places):
    return " ".join(gallery.words_of_row(written[places], picture - 1))


def placed(picture, places):
    looks = written[places].weights[picture - 1]
    return figures.placed_figure(
        test.images[mapped[picture - 1]], sentence(picture, places),
        told=f"What the places are told: {places}. It writes:", weights=looks.sum(dim=0), rows=rows,
    )  # fmt: skip


FrameExplorer(
    placed,
    alt=lambda picture, places: (
        f"What the places are told: {places}. It writes: {sentence(picture, places)}"
    ),
    title="What does it write if its places are told to stand elsewhere?",
    picture=Control([1, 2, 3, 4], label="Picture"),
    places=Control(list(TOLD), label="The places are told"),
    start={"picture": 1, "places": "where they are"},
    pixels=760,
)

# %% [markdown]
# We count this over the test set. Of the words *left* and *right* that were correct, how many turn into their
# opposite if the places are mirrored?

# %% tags=["remove-input"]
cards["places-tell-sides"]

# %% [markdown]
# Only one of the 114 numbers at each place was changed, yet on average most of these words turned around. The
# rest of left and right may come from $s_0$, or from padding.
#
# ## How good is a caption?
#
# *Exact match* counts captions that are right word for word. Two people hardly ever write the same one about a
# photograph. *BLEU* (Papineni et al., 2002) counts runs of words over all captions together, in percent:
#
# \begin{equation*}
# \begin{aligned}
# \mathrm{BLEU} = {} & \min\!\big(1, e^{1 - \ell_r / \ell_s}\big) \\
# & \cdot \exp\Big(\tfrac14 \sum_{n=1}^4 \log p_n\Big) ,
# \end{aligned}
# \tag{6}
# \end{equation*}
#
# where $p_n$ is the share of the runs of $n$ words that a reference also has (each counted at most as often
# as there), $\ell_s$ is the length of what was said, and $\ell_r$ that of the reference. `sacrebleu` (Post,
# 2018) smooths a $p_n$ of 0.

# %% tags=["hide-input"]
print("              BLEU  exactly right")
for network, those in contest.graded.items():
    one = those[0]
    print(f"{network:>12}{one.bleu:>6.0f}{one.exact:>14.0f}%")

asked = test.captions[int((things == 1).nonzero()[0, 0])]
for changed in (asked, asked.replace(asked.split()[-3], "fish"), "a a a a a a a"):
    print(f"\nBLEU {sentences.bleu([changed], [[asked]]):.1f}")
    print(textwrap.fill(changed, 40, initial_indent="  ", subsequent_indent="  "))

# %% tags=["remove-input"]
cards["attention-captions-better"]

# %% [markdown]
# BLEU weighs a word by the runs that it is part of, not by what it means, and knows nothing of the picture.
# In a long caption, a wrong word costs little. So look at captions, too.
#
# ### Explore: the gallery
#
# Nobody chose these captions by eye. They are the two right captions and the two wrong ones that the network
# was surest of, among further pictures with two or three things, and two others that it was least sure of, in
# random order. (There are fewer if hardly any were right, or hardly any wrong.) Compare each caption with its
# picture: is it right? Then tick *Mark what is wrong*, click the marked words, and see where the network
# looked.

# %% tags=["hide-input"]
chosen = gallery.choose_gallery(first, pictures, run, skip=SHOWN)
widgets.AttentionReader(
    [gallery.view(pictures, one.row, one.words, first.wrote.weights[one.row]) for one in chosen],
    title="Which of these captions are wrong?", languages=("en", "en"),
)  # fmt: skip

# %% [markdown]
# Here are the answers, and why each caption was chosen:

# %% tags=["hide-input"]
for number, one in enumerate(chosen, start=1):
    print(f"Picture {number}: {one.answer}")

# %% [markdown]
# A few captions prove little. Over the whole test set, how many words of the right captions are wrong or
# missing in what the network wrote? (*Others* are “a”, “and”, “on” and “of”, which hold a caption together.)

# %% tags=["hide-input"]
for kind, (wrong, total) in gallery.mistakes_by_kind(first, pictures).items():
    print(f"{kind:>10}: {100 * wrong / total:>3.0f}% of {total}")

# %% [markdown]
# A caption can be fluent, confident and wrong. “Of” follows from the words before, but color and shape must
# come from the picture.
#
# ## Soft and hard
#
# Our attention is *soft*: (4) mixes all places, and gradients reach each weight. *Hard* attention picks one
# place at random, with the weights as probabilities. Such a choice has no derivative. Instead, Xu et al.
# (2015) raised the probability of choices that led to likely words (Williams, 1992):
#
# \begin{equation*}
# \begin{aligned}
# & \nabla_W \, \mathbb{E}_{(i,j) \sim a_t}\big[R_{i,j}\big] \\ &= \mathbb{E}_{(i,j) \sim a_t}\big[R_{i,j}\,
# \nabla_W \log a_{t,i,j} \\ & \qquad\qquad\quad + \nabla_W R_{i,j}\big] ,
# \end{aligned}
# \tag{7}
# \end{equation*}
#
# where $R_{i,j}$ is the log probability of the words after looking at $(i, j)$. The second term is ordinary
# backprop through what was chosen. The first needs no derivative of the choice. What does our network lose if,
# after soft training, it sees only its likeliest place?

# %% tags=["remove-input"]
cards["one-place-is-not-enough"]

# %% [markdown]
# Our network has learned to mix places. Xu et al., who trained with hard attention, found it slightly better
# by BLEU. Soft attention stayed in use, since backprop can train it.
#
# ## From here to transformers
#
# Three changes lead to transformers (Vaswani et al., 2017).
#
# *Scores are dot products* of projected queries and keys:
#
# \begin{equation*}
# \begin{aligned}
# & \mathrm{attention}(Q, K, V) \\ &= \mathrm{softmax}\big(Q K^\top / \sqrt d\big)\, V .
# \end{aligned}
# \tag{8}
# \end{equation*}
#
# (A sum of $d$ products of independent numbers with mean 0 and variance 1 has variance $d$. Dividing by
# $\sqrt d$ keeps the softmax from picking one position.)
#
# *Every word asks.* Without a recurrence, all positions look at each other. In a decoder, each sees only
# itself and the words before it. (Other layers look at the picture.)
#
# *Positions are told*, as our places are, since (8) sees a set.

# %%
g = run.generator("transformer")
x = torch.randn(2, 7, 16, generator=g)  # 7 words at once
W_q, W_k, W_v = torch.randn(3, 16, 16, generator=g) / 4

Q, K, V = x @ W_q.T, x @ W_k.T, x @ W_v.T
e = Q @ K.transpose(1, 2) / 16**0.5
out = e.softmax(dim=-1) @ V

# %% tags=["remove-cell", "nbval-check-output"]
theirs = functional.scaled_dot_product_attention(Q, K, V)
print("equals torch's:", torch.allclose(out, theirs, atol=1e-5))

# %% [markdown]
# Does (8) notice the order of the words? We shuffle them, and compare the results:

# %% tags=["hide-input", "nbval-check-output"]
order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
again = functional.scaled_dot_product_attention(Q[:, order], K[:, order], V[:, order])
alike = torch.allclose(again, out[:, order], atol=1e-5)
print("if the words are shuffled, the results are only shuffled with them:", alike)

# %% [markdown]
# So attention alone cannot tell “dog bites man” from “man bites dog”. The whole comparison:
#
# | here | in a transformer |
# |---|---|
# | $s_{t-1}$ asks | every position asks, with a query of its own |
# | $z_{i,j}$ is key and value | keys and values are separate projections |
# | a small network scores | dot products score, in several *heads* side by side |
# | a state carries the sentence | each position looks at itself and all positions before it |
# | a GRU cell makes the next state | a small network for each position, residual connections, normalization |
# | two numbers tell the place | vectors that tell the position are added |
# | a CNN makes $z$ | patches of pixels take the place of words (Dosovitskiy et al., 2021) |
#
# What is gained is speed, and a short path between distant words. All positions are trained at once, in a few
# large matrix products, while an RNN has to go step by step. The price is that the work grows with the square
# of the length.
#
# ## With photographs
#
# Flickr8k has 8,000 photographs with five captions each (Hodosh et al., 2013). Its owners give it only to
# those who ask for it, so it does not come with this course. If its files are in `data/flickr8k/`, the next
# cell trains the same captioner on it.

# %% tags=["hide-input"]
reader = None
if flickr8k.has_flickr8k():
    reader = photographs.caption_flickr8k(run)
else:
    print(f"Flickr8k is not here: the folder of the data has no {flickr8k.FOLDER}/{flickr8k.PAGE}")
reader

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: look at a grid
#
# ★★☆, 20 minutes. Write (2) to (4) for features that keep their rows and columns. The shapes are: `s` (batch,
# width), `z` (batch, D, rows, columns), `W` (units, width), `U` (units, D), and `b` and `v` (units,). Return
# the context (batch, D) and the weights (batch, rows, columns), in this order. You can use `torch.einsum`, or
# flatten the grid.


# %% tags=["exercise"] exercise="look-at-grid" points=5
def look_at_grid(s, z, W, U, b, v):
    raise NotImplementedError


# %%
checks.check_look_at_grid(look_at_grid)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="look-at-grid" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def look_at_grid(s, z, W, U, b, v):
    places = z.flatten(2).transpose(1, 2)  # (batch, places, D)
    e = torch.tanh((s @ W.T)[:, None] + places @ U.T + b) @ v
    a = e.softmax(dim=1)
    return (a[:, :, None] * places).sum(dim=1), a.view(len(z), *z.shape[2:])


checks.check_look_at_grid(look_at_grid)

# %% [markdown]
# ### Exercise 2: BLEU's precision
#
# ★★☆, 20 minutes. Write $p_n$ of (6) for one sentence: of the runs of `n` words in `said`, the share that
# `reference` also has. A run counts at most as often as it occurs in the reference (if the reference has one
# “a”, then “a a a a” should not get everything right). Both arguments are lists of words. If `said` has no
# run of `n` words, return 0.


# %% tags=["exercise"] exercise="clipped-precision" points=5
def clipped_precision(said, reference, n):
    raise NotImplementedError


# %%
checks.check_clipped_precision(clipped_precision)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="clipped-precision" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def clipped_precision(said, reference, n):
    def runs(words):
        return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]

    given, left = runs(said), runs(reference)
    hits = 0
    for one in given:
        if one in left:
            left.remove(one)
            hits += 1
    return hits / len(given) if given else 0.0


checks.check_clipped_precision(clipped_precision)

# %% [markdown]
# ### Exercise 3: the share inside
#
# ★★☆, 15 minutes. Write (5) for one map. You get `weights` (rows, columns), which sum to 1, and `mask` (height,
# width), which is True where the thing is. The height is a multiple of the rows, and the width of the columns.
# If the thing covers half of a place, half of its weight counts. Return one number.


# %% tags=["exercise"] exercise="share-inside" points=4
def share_inside(weights, mask):
    raise NotImplementedError


# %%
checks.check_share_inside(share_inside)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="share-inside" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def share_inside(weights, mask):
    rows, columns = weights.shape
    cells = mask.float().view(rows, mask.shape[0] // rows, columns, mask.shape[1] // columns)
    return float((weights * cells.mean(dim=(1, 3))).sum())


checks.check_share_inside(share_inside)

# %% [markdown]
# ### Exercise 4: self-attention
#
# ★★★, 25 minutes. Write (8) for sentences that look at themselves: `x` is (batch, T, d), and queries, keys
# and values are `x @ W_q.T` and so on. No word sees a later one. To save work on long texts, some
# transformers have a *sliding window* (Beltagy et al., 2020): here each word sees `WINDOW` words, of which it
# is the last. Return (batch, T, d).

# %% tags=["exercise"] exercise="self-attention" points=6 forbids="scaled_dot_product_attention MultiheadAttention" varies="WINDOW: 2 3 4 5 6"
WINDOW = 3


def self_attention(x, W_q, W_k, W_v):
    raise NotImplementedError


# %%
checks.check_self_attention(self_attention, WINDOW)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="self-attention" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def self_attention(x, W_q, W_k, W_v):
    Q, K, V = x @ W_q.T, x @ W_k.T, x @ W_v.T
    e = Q @ K.transpose(1, 2) / x.shape[2] ** 0.5
    every = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)  # row asks, column answers
    seen = every.tril().triu(diagonal=1 - WINDOW)
    return e.masked_fill(~seen, -torch.inf).softmax(dim=-1) @ V


checks.check_self_attention(self_attention, WINDOW)

# %% [markdown]
# ## Summary
#
# - The maps of a frozen CNN are a set of vectors, one for each place. A decoder can write from them.
# - As things are added, a network with one context loses more words than one with attention. It gets relations
#   right more often than colors. A guess from the two words before, without a picture, gets few of either.
# - Attention makes a new context for each word. The network looks at what it names, without having been told
#   where that is. Compare such a score with maps of other pictures, and with other things.
# - Places are a set. What is left and what is right must be told, and on average what is told decides most of
#   these words.
# - BLEU counts runs of words. It says little about which words are wrong.
# - Transformers score by dot products and let every position ask.
#
# **Limits.** The scenes are rendered, and each has one caption from a grammar of some forty words. We tried
# one network for the features, one size of captioner, and a short training. Test scenes are drawn in the same
# way as training scenes. The bounds of the claims, the learning rates and the numbers of updates were chosen
# after trainings with one to four seeds on other scenes. Two claims were changed. The first said that one
# context beats attention at relations, which came out inconclusive. The second compared shares inside before
# right and wrong words; now it asks whether the look touches the thing, since shares also measure the thing's
# size. A small thing covers only a part of its places, so its share inside cannot reach 100%. Photographs
# need far more pictures and words than fit here. Captioners today are transformers that were trained on many
# millions of pictures.
#
# ## Sources
# - Beltagy, Peters, Cohan (2020). Longformer: the long-document transformer.
#   [arXiv:2004.05150](https://arxiv.org/abs/2004.05150)
# - Dosovitskiy et al. (2021). An image is worth 16x16 words. ICLR.
#   [arXiv:2010.11929](https://arxiv.org/abs/2010.11929)
# - Hodosh, Young, Hockenmaier (2013). Framing image description as a ranking task. JAIR 47.
# - Islam, Jia, Bruce (2020). How much position information do convolutional neural networks encode? ICLR.
#   [arXiv:2001.08248](https://arxiv.org/abs/2001.08248)
# - Papineni, Roukos, Ward, Zhu (2002). BLEU: a method for automatic evaluation of machine translation. ACL.
# - Post (2018). A call for clarity in reporting BLEU scores. WMT.
#   [arXiv:1804.08771](https://arxiv.org/abs/1804.08771)
# - Vaswani et al. (2017). Attention is all you need. NIPS. [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Vinyals, Toshev, Bengio, Erhan (2015). Show and tell: a neural image caption generator. CVPR.
#   [arXiv:1411.4555](https://arxiv.org/abs/1411.4555)
# - Williams (1992). Simple statistical gradient-following algorithms for connectionist reinforcement
#   learning. Machine Learning 8.
# - Xu et al. (2015). Show, attend and tell: neural image caption generation with visual attention. ICML.
#   [arXiv:1502.03044](https://arxiv.org/abs/1502.03044)
