# ---
# jupyter:
#   course:
#     builds_on: [06_features, 09_seq2seq]
#     compute_minutes: 2
#     exercise_minutes: 75
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
# # Captions, and where a network looks
#
# To attention, chapter 9's words were a set of vectors. A picture is one, too. So the same decoder can write about
# pictures, and we can watch where it looks before each word. Ours are rendered: we know whether it
# looked at the right thing.
#
# After this chapter you can
#
# - write captions from a frozen network's features, with one context and with attention over places;
# - say what a single context keeps of a picture, and what it loses;
# - score captions by BLEU and by exact match, and looks against the true regions;
# - say what a transformer changes about all this.
#
# You need chapter 9. Words that may be new:
#
# | word | meaning |
# |---|---|
# | spatial features | what a layer of a CNN computes, with rows and columns kept |
# | place | one cell $(i, j)$ of the grid of features |
# | frozen | its weights are not trained any more |
# | BLEU | a score of a sentence against reference sentences |

# %% tags=["parameters"]
budget, seed, device = None, 0, "auto"  # budget: "quick", "standard" or "full"

# %%
import numpy as np
import torch
from torch.nn import functional

from lib import captioning, checks, plotting, runtime
from lib.claims import claim
from lib.datasets import captions, flickr8k
from lib.datasets.scene_captions import KINDS
from lib.datasets.scenes import load_scenes
from lib.models.captioner import Captioner
from lib.models.decoding import greedy
from lib.models.pretrained import load_efficientnet_lite0
from lib.models.sequences import batches_by_length, sequence_loss, shift, trim
from lib.training import fit, one_cycle_adam
from lib.visualization.activations import record_activations
from lib.widgets import AttentionReader, Choice, Control, FrameExplorer, Prediction, Viewing
from lib.workers import spread, worker_count

run = runtime.start(budget, seed=seed, device=device)

# %%
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# ## Pictures with sentences
#
# One to three things on a ground, and a sentence about them. It starts with the largest thing and then
# says how that lies to each of the others ("left of a small red ring"), from the top one to the lowest. Blobs without a shape are clutter, and captions
# skip them; a plain thing gets no word for its texture.

# %%
SIZE = 96  # pixels
test = load_scenes(run.pick(quick=60, standard=500), generator=run.generator("test"), size=SIZE,
                   objects=(1, 3))  # fmt: skip
known = captions.as_captions(test.scenes)
things = torch.tensor([len(scene.objects) for scene in test.scenes])
vocabulary = captions.caption_vocabulary()

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three rendered pictures with their captions below them. The first shows one thing, the second two, the third three; each caption names size, texture, color and shape of every thing, how they lie to each other, and the background."}}
fig, axes = plotting.figure(1, 3, height=2.75, margins={"bottom": 0.4, "top": 0.98, "wspace": 0.25})
for ax, count in zip(axes, (1, 2, 3), strict=True):
    row = int((things == count).nonzero()[0, 0])
    plotting.plot_caption(ax, test.images[row], test.captions[row], width=18)
fig

# %% [markdown]
# For each word we know what it is about: one of the things, the ground, or nothing in particular. A network
# gets pictures and sentences alone. The rest is for us, to check it.

# %% tags=["nbval-check-output"]
print(f"{len(vocabulary)} words, with those for padding, start, end and unknown")
for kind, members in KINDS.items():
    print(f"{kind:>10}: {' '.join(members[:5])}{' …' if len(members) > 5 else ''}")

# %% [markdown]
# ## Features with rows and columns
#
# | symbol | shape | meaning |
# |---|---|---|
# | $z$ | (batch, $D$, $H$, $W$) | features of a frozen CNN |
# | $z_{i,j}$ | (batch, $D$) | the features of one place |
# | $h_t$ | (batch, 128) | the decoder's states, $s_t$ in chapter 9 |
# | $y_t$ | (batch, 128) | embedding of the word written at step $t$; $y_0$ is that of a start token |
#
# The encoder was trained long before, on photographs: EfficientNet-Lite0 from chapter 6. We cut it
# where its maps still have rows and columns, and never train it. So $z$ is computed once for each
# picture and kept, which is what makes this chapter fit on a laptop.


# %%
LAYER = "network.blocks.4"
network = load_efficientnet_lite0().to(run.device, memory_format=torch.channels_last)


def see(images):
    images = images.to(run.device).contiguous(memory_format=torch.channels_last)
    return record_activations(network, images, [LAYER], batch_size=50)[LAYER].contiguous()


def make(part):
    scenes = load_scenes(500, generator=run.generator("train", part), size=SIZE, objects=(1, 3))
    return see(scenes.images).cpu(), scenes.scenes


workers = run.pick(quick=1, standard=worker_count(run))
made = spread(make, range(run.pick(quick=1, standard=10)), workers=workers, progress="features")
described = captions.as_captions([scene for _, scenes in made for scene in scenes])
target = described.target.to(run.device)
z = torch.cat([features for features, _ in made]).to(run.device)
mean, std = (f(z, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
z, z_test = (z - mean) / std, ((see(test.images) - mean) / std).cpu()
print(f"{len(z)} pictures to learn from, D × H × W = {' × '.join(map(str, z.shape[1:]))}")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four pictures in a row. The first is a rendered scene with several things under a grid of six by six places; the others are gray maps of six by six cells of three channels of the features, each bright at other places."}}
row = int((things == 3).nonzero()[1, 0])
spread_out = z_test[row].flatten(1).amax(1) - z_test[row].flatten(1).mean(1)
fig, axes = plotting.figure(1, 4, height=1.65)
plotting.plot_grid(axes[0], test.images[row], *z.shape[2:])
axes[0].set_title("the picture", fontsize=10)
for ax, channel in zip(axes[1:], spread_out.topk(3).indices.tolist(), strict=True):
    grid = z_test[row, channel]
    grid = (grid - grid.min()) / (grid.max() - grid.min())
    plotting.plot_image(ax, grid[None], title=f"channel {channel}")
fig

# %% [markdown]
# Each place has 112 numbers, which come from a window of pixels around it. Three channels are drawn; each
# answers to something else.
#
# ## One context
#
# The simplest captioner makes one vector of all places (Vinyals et al., 2015), and that is all the
# decoder ever gets to know of the picture:
#
# \begin{equation*}
# \begin{aligned}
# c &= h_0 = f_W(z) , \\
# h_t &= g(y_{t-1}, c, h_{t-1}) ,
# \end{aligned}
# \tag{1}
# \end{equation*}
#
# with a network $f_W$ of one hidden layer that sees all $D H W$ numbers, and a GRU cell $g$. The next
# word's logits come from $h_t$, $c$ and $y_{t-1}$, as in chapter 9.

# %% tags=["remove-input"]
Prediction(
    "A picture with three things takes three times the words of a picture with one. The context c has "
    "128 numbers for either. Which words will the network with one context get wrong most often?",
    [
        Choice(
            "Where things are to each other: left of, above, …",
            "A guess that many make, since a single vector has no rows and columns. But the network "
            "that makes it saw them all, and four directions fit into a few numbers.",
        ),
        Choice(
            "Colors and shapes",
            "Each thing has one of 8 colors and one of 10 shapes, and c must keep them apart: which "
            "color goes with which shape. That takes more than a direction does.",
            correct=True,
        ),
        Choice(
            "The ground: it is named last",
            "The ground is one word, the same everywhere in the picture, and easily kept.",
        ),
    ],
)

# %% [markdown]
# ## Attention over places
#
# Xu et al. (2015) let the decoder look at the grid before each word. Scores come from an MLP, and one
# softmax runs over all places:
#
# \begin{equation*}
# \begin{aligned}
# e_{t,i,j} &= f_{att}(h_{t-1}, z_{i,j}) \\
# &= v^\top \tanh(A h_{t-1} \\
# & \qquad\quad + B z_{i,j} + b)
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
# $A, B, b, v$ are learned ($W, U, b, v$ in chapter 9). Then (1) with $c_t$ in place of $c$. (As in chapter 9 it looks first and reads the last word
# then: $h_{t-1}$ has not seen $y_{t-1}$.) The first state is still $h_0 = f_W(z)$.
#
# A set of places has no left and right: (2) to (4) give the same if all $z_{i,j}$ are shuffled, and only $h_0$ has seen
# them in order. So we append to each $z_{i,j}$ two numbers, how far down and how far right it stands.


# %%
def steps(model, encoded, before, hard=False):
    z, h = encoded.states, encoded.last  # z: (batch, places, D + 2)
    decoder, look = model.decoder, model.decoder.attention
    A, B, b, v = look.query.weight, look.key.weight, look.key.bias, look.score
    logits, weights = [], []
    for word in before.unbind(dim=1):
        e = torch.tanh((h @ A.T)[:, None] + z @ B.T + b) @ v
        a = e.softmax(dim=1)
        if hard:  # the likeliest place alone
            a = functional.one_hot(a.argmax(dim=1), a.shape[1]).to(a)
        c = (a[:, :, None] * z).sum(dim=1)
        y = decoder.embedding(word)
        h = decoder.cell(torch.cat([y, c], dim=1), h)
        logits.append(decoder.output(torch.cat([h, c, y], dim=1)))
        weights.append(a)
    return torch.stack(logits, dim=1), torch.stack(weights, dim=1)


# %% tags=["nbval-check-output"]
g = run.generator("untrained")
untrained = Captioner(len(vocabulary), *z.shape[1:], width=32, generator=g)
encoded, before = untrained.encode(z_test[:5]), shift(known.target[:5])
for ours, lib in zip(steps(untrained, encoded, before), untrained.decode(encoded, before)):
    print(f"{tuple(ours.shape[::2])}, equal lib's: {torch.allclose(ours, lib, atol=1e-5)}")

# %% [markdown]
# `before` is what stood before each word: `shift` puts the start token in front and drops the last word. As in
# chapter 9, `lib` projects all keys once and all logits at once.
#
# ## Training both
#
# Three seeds each, Adam with a rate that rises and falls, batches of 32. The one context learns worse with the
# rate that suits attention. So it has its own, and more updates, which take it about as long.


# %%
def teach(z, target):
    target = trim(target)
    return (z, shift(target)), target


def train(job):
    attention, s = job
    updates = run.pick(quick=60, standard=800 if attention else 1250)
    model = Captioner(len(vocabulary), *z.shape[1:], width=run.pick(quick=32, standard=128),
                      attention=attention, generator=run.generator("init", s)).to(run.device)  # fmt: skip
    fit(
        model, z, target,
        optimizer=one_cycle_adam(model.parameters(), lr=4e-3 if attention else 1e-3,
                                 decay_steps=updates),
        batches=batches_by_length(target, 32, updates, run.generator("order", s)),
        loss=sequence_loss, transform=teach,
    )  # fmt: skip
    return model.cpu().eval()


seeds = range(run.pick(quick=3, standard=3, full=10))
jobs = [(attention, s) for s in seeds for attention in (True, False)]
trained = spread(train, jobs, workers=workers, progress="captioners")
models = {"attention": trained[::2], "one context": trained[1::2]}

# %% [markdown]
# ## What one context loses
#
# For each word: does the network rank the right one first, given the right words before it?


# %%
@torch.no_grad()
def grade(model):
    logits, weights = model.decode(model.encode(z_test), shift(known.target))
    return logits.argmax(dim=-1), weights


graded = {name: [grade(model) for model in those] for name, those in models.items()}
right = {name: [guess == known.target for guess, _ in of] for name, of in graded.items()}
said = known.target != 0


def percent(right, where):
    return 100 * float(right[where].float().mean())


by_things = {
    name: [[percent(r, said & (things == k)[:, None]) for k in (1, 2, 3)] for r in of]
    for name, of in right.items()
}

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the percentage of words that are right against the number of things in the picture, one to three. Both networks start close together near the top. With attention the line falls a little, with one context it falls steeply from one thing to two."}}
fig, ax = plotting.figure(height=3.2)
plotting.plot_by_length(ax, [1, 2, 3], by_things, xlabel="things in the picture",
                        ylabel="words right (%)")  # fmt: skip
ax.set(xticks=[1, 2, 3], title="The second thing is too much for one context")
fig

# %% tags=["hide-input"] mystnb={"image": {"alt": "Chart of the percentage of words right by kind of word, one dot for each network. With attention colors, shapes and textures are far more often right than with one context; backgrounds are right for both; at relations one context is level or slightly ahead."}}
by_kind = {
    name: {
        kind: [percent(r, captions.words_of(known.target, members, vocabulary)) for r in of]
        for kind, members in KINDS.items()
    }
    for name, of in right.items()
}
fig, ax = plotting.figure(height=3.7, margins={"left": 0.2, "top": 0.8, "bottom": 0.16})
plotting.plot_kinds(ax, by_kind)
fig.suptitle("It knows where, not what", x=0.02, ha="left")
fig

# %% tags=["nbval-check-output"]
lost = {n: [row[0] - row[2] for row in by_things[n]] for n in models}
object_words = {
    n: np.mean([by_kind[n][kind] for kind in ("color", "shape")], axis=0) for n in models
}
verdicts = [
    claim("things-overflow",
          "From one thing to three, one context loses over 5 points more words than attention",
          np.subtract(lost["one context"], lost["attention"]), above=5, unit="points",
          rows=("M59",), run=run),
    claim("colors-are-lost", "Attention gets over 20 points more colors and shapes right",
          np.subtract(object_words["attention"], object_words["one context"]), above=20,
          unit="points", rows=("M59", "M60"), run=run),
    claim("directions-are-kept", "One context gets over 20 points more relations than colors right",
          np.subtract(by_kind["one context"]["relation"], by_kind["one context"]["color"]),
          above=20, unit="points", rows=("M59",), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
verdicts[0]

# %% tags=["remove-input"]
verdicts[1]

# %% tags=["remove-input"]
verdicts[2]

# %% [markdown]
# About one thing both get most words right, though one context misses some colors even there. With a second thing it
# falls far, and what falls is not where things are. There it keeps up with attention or is slightly ahead: attention must piece a
# relation together from places it looks at one after the other. It is colors and shapes that go. (Guessing gets 25%
# of the relations, 13% of the colors, 10% of the shapes.) Whose colors does it write instead?

# %%
colors = captions.words_of(known.target, KINDS["color"], vocabulary)
present = known.target.masked_fill(~colors, -1)
others = torch.tensor([len(set(row.tolist()) - {-1}) - 1 for row in present])[:, None] / 7
for name, of in graded.items():
    wrong = [colors & (guess != known.target) & (things > 1)[:, None] for guess, _ in of]
    other = [(guess[:, :, None] == present[:, None, :]).any(dim=-1) for guess, _ in of]
    share = np.mean([percent(o, w) for o, w in zip(other, wrong, strict=True)])
    even = np.mean([percent(others.expand(w.shape), w) for w in wrong])
    print(
        f"{name:>12}: {share:.0f}% of its wrong colors are another thing's (by chance {even:.0f}%)"
    )

# %% [markdown]
# So some are borrowed: the color is in the picture, on the wrong thing. Most are simply lost.
#
# ## Word by word
#
# What did it look at before each word? One picture of the test set; dark places were not looked at.

# %% tags=["remove-input"]
Prediction(
    "Before which words will the network look at the thing itself?",
    [
        Choice(
            "Before its shape alone: that is where a noun is decided",
            "Color and texture have to be read off somewhere, too.",
        ),
        Choice(
            "Before size, texture, color and shape; before “on” and “a” it does not matter",
            "Nothing told it so. But looking at the thing helps to name it. For “a” any place will "
            "do: often the thing already, or everywhere.",
            correct=True,
        ),
        Choice(
            "It looks evenly: one step before the last word has told the rest",
            "Each step gets a context of its own, so it need not keep much.",
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Rows of small copies of one picture, one for each word of its caption, dark where the network did not look. Before most words about a thing its place is bright."}}
model = models["attention"][0]
weights = graded["attention"][0][1]
whole = (right["attention"][0] | ~said).all(dim=1) & (things == 2)
row = int((whole if bool(whole.any()) else things == 2).nonzero()[0, 0])
shown = vocabulary.decode(known.target[row].tolist())
fig, axes = plotting.figure(4, 4, height=6.0)
plotting.plot_word_maps(axes.flatten(), test.images[row], shown, weights[row], z.shape[2])
fig

# %% [markdown]
# ### Explore: where did it look?
#
# The first pictures of the test set, with what the network wrote by itself. Click a word or press play; tick
# the first box to frame what the word is about. Where does it look before “above” or “left”, where before “on”?


# %%
@torch.no_grad()
def write(model, rows):
    return greedy(model, model.encode(z_test[rows]), longest=30)


def view(row, wrote, weights, name=""):
    truth, about = test.captions[row].split(), known.about[row].tolist()
    covered = captioning.cover(test.object_masks[row][None], *z.shape[2:])[0].flatten(1) > 0.2
    links = [
        (t, place)
        for t, position in enumerate(captioning.align_words(wrote, truth))
        if position is not None and about[position] >= 0
        for place in covered[about[position]].nonzero()[:, 0].tolist()
    ]
    return Viewing(test.images[row], wrote, weights[: len(wrote)], z.shape[2], links=links,
                   name=name, truth=truth)  # fmt: skip


# %% tags=["hide-input"]
first = list(range(8))
wrote = write(model, first)
views = [
    view(row, vocabulary.decode(wrote.words[k].tolist()) or ["(nothing)"], wrote.weights[k])
    for k, row in enumerate(first)
]
AttentionReader(views, title="Where did it look before each word?", languages=("en", "en"))

# %% [markdown]
# ## Looks against the truth
#
# For every word about a thing we know the thing's pixels. How much of the weights lies on them?
#
# $$
# \mathrm{inside}_t = \sum_{i,j} a_{t,i,j}\, m_{i,j} , \tag{5}
# $$
#
# where $m_{i,j}$ is the share of place $(i,j)$ that the thing covers. Even weights would get the thing's share
# of the picture.

# %%
looked = [
    captioning.judge_looks(weights, known.about, test.object_masks, rows=z.shape[2])
    for _, weights in graded["attention"]
]
kinds = {
    kind: captions.words_of(known.target, KINDS[kind], vocabulary)
    for kind in ("size", "texture", "color", "shape")
}
inside = {
    kind: [100 * float(look.inside[where].mean()) for look in looked]
    for kind, where in kinds.items()
}
even = 100 * float(looked[0].even[kinds["shape"]].mean())
on = [100 * float(look.on[kinds["shape"]].mean()) for look in looked]
print(f"the largest weight before a shape's word lies on the thing: {np.mean(on):.0f}%")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Chart of the share of the weights that lies on the thing that a word is about, for words of size, texture, color and shape, with 95 percent intervals. All lie far to the right of a line that marks what even weights would have there."}}
fig, ax = plotting.figure(height=2.7)
plotting.plot_inside(ax, inside, even=even)
ax.set(title="It looks at what it names")
fig

# %% [markdown]
# And where did it look when it got a word wrong? We compare words for color and shape that were right with those
# that were wrong: how often does the largest weight touch the thing?

# %%
both = kinds["color"] | kinds["shape"]
touched = np.array([
    [percent(look.on, both & r), percent(look.on, both & ~r)]
    for look, r in zip(looked, right["attention"], strict=True)
])  # fmt: skip
print("before right words in {:.0f}%, before wrong ones in {:.0f}%".format(*touched.mean(axis=0)))

# %% tags=["nbval-check-output"]
verdicts = [
    claim("looks-at-the-thing",
          "Before a shape's word, the thing gets 25 points more of the weights than its size",
          np.array(inside["shape"]) - even, above=25, unit="points", rows=("M60",), run=run),
    claim("wrong-words-look-away",
          "Before right words it looks at the thing over 5 points more often than before wrong ones",
          touched[:, 0] - touched[:, 1], above=5, unit="points", rows=("M60", "M61"), run=run),
]  # fmt: skip

# %% tags=["remove-input"]
verdicts[0]

# %% tags=["remove-input"]
verdicts[1]

# %% [markdown]
# Without ever seeing a region it spends much of its weight on the thing it names, several times what even
# weights would, and the largest one nearly always touches it. Before wrong words it more often looks elsewhere: some
# mistakes are mistakes of looking. In most it looked at the right thing, often a small one, and misread it. (Whether
# a look *causes* a word is another question; the next experiment changes one thing that it sees.)
#
# ### Explore: places that are told to stand elsewhere
#
# The two numbers that we appended can be changed while the features stay where they are. If all places are
# told that left is right, what will the network write? Say its caption first, then change the control.

# %% tags=["hide-input"]
TOLD = {"where they are": (1, 1), "left is right": (1, -1), "up is down": (-1, 1)}
sides = captions.words_of(known.target, ("left", "right"), vocabulary)
good = (things == 2) & (sides & right["attention"][0]).any(dim=1)  # it gets the side right
mapped = [*good.nonzero()[:4, 0].tolist(), *range(4)][:4]


@torch.no_grad()
def told(model, signs, rows):
    places = model.places.clone()
    model.places *= torch.tensor(signs)[:, None, None]
    wrote = greedy(model, model.encode(z_test[rows]), longest=30)
    model.places.copy_(places)
    return wrote


written = {name: told(model, signs, mapped) for name, signs in TOLD.items()}


# %% tags=["hide-input"]
def sentence(picture, places):
    return " ".join(vocabulary.decode(written[places].words[picture - 1].tolist())) or "(nothing)"


def placed(picture, places):
    looks = written[places].weights[picture - 1]
    return plotting.placed_figure(
        test.images[mapped[picture - 1]], sentence(picture, places),
        told=f"Places are told: {places}. It writes:", weights=looks.sum(dim=0), rows=z.shape[2],
    )  # fmt: skip


FrameExplorer(
    placed,
    alt=lambda picture, places: f"Places told: {places}. It writes: {sentence(picture, places)}",
    title="What does it write if its places are told to stand elsewhere?",
    picture=Control([1, 2, 3, 4], label="Picture"),
    places=Control(list(TOLD), label="The places are told"),
    start={"picture": 1, "places": "where they are"},
    pixels=760,
)

# %% [markdown]
# We count this over the test set: of the words *left* and *right* that were right, how many turn into their
# opposite if places are mirrored?


# %% tags=["nbval-check-output"]
@torch.no_grad()
def turned(model, right):
    sides = captions.words_of(known.target, ("left", "right"), vocabulary) & right
    places, before = model.places.clone(), shift(known.target)
    model.places[1] *= -1
    now = model.decode(model.encode(z_test), before).logits.argmax(dim=-1)
    model.places.copy_(places)
    opposite = captions.words_of(now, ("left", "right"), vocabulary) & (now != known.target)
    return percent(opposite, sides) if bool(sides.any()) else 0.0


turns = [turned(m, r) for m, r in zip(models["attention"], right["attention"], strict=True)]
verdict = claim("places-tell-sides", "Mirrored places turn over half of left and right around",
                turns, above=50, unit="%", rows=("M60",), run=run)  # fmt: skip

# %% tags=["remove-input"]
verdict

# %% [markdown]
# Two numbers of 114 decide about a word ($h_0$ was left as it is). The network reads them off the places it looks at:
# what a set lacks must be told.
#
# ## How good is a caption?
#
# *Exact match* counts captions that are right word for word, which for photographs is useless: two people hardly write
# the same. *BLEU* (Papineni et al., 2002) counts runs of words, over all captions together, in percent:
#
# \begin{equation*}
# \begin{aligned}
# \mathrm{BLEU} = {} & \min\!\big(1, e^{1 - \ell_r / \ell_s}\big) \\
# & \cdot \exp\Big(\tfrac14 \sum_{n=1}^4 \log p_n\Big) ,
# \end{aligned}
# \tag{6}
# \end{equation*}
#
# where $p_n$ is the share of the runs of $n$ words that a reference has, too (each counted at most as often as it
# has it), $\ell_s$ the length of what was said and $\ell_r$ that of the reference. We take `sacrebleu` (Post, 2018), which puts a
# little for a $p_n$ of 0.


# %%
def score(model):
    wrote = captions.texts(write(model, list(range(len(test)))).words, vocabulary)
    exact = 100 * np.mean([one == other for one, other in zip(wrote, test.captions, strict=True)])
    return captioning.bleu(wrote, [[text] for text in test.captions]), exact


scores = {name: np.array([score(model) for model in those]) for name, those in models.items()}
for name, table in scores.items():
    print(f"{name:>12}: BLEU {table[:, 0].mean():.0f}, exactly right {table[:, 1].mean():.0f}%")

asked = test.captions[int((things == 1).nonzero()[0, 0])]
for changed in (asked, asked.replace(asked.split()[-3], "fish"), "a a a a a a a"):
    print(f"BLEU {captioning.bleu([changed], [[asked]]):5.1f}: {changed}")

# %% tags=["nbval-check-output"]
verdict = claim("attention-captions-better", "Attention's BLEU is over 10 points higher",
                scores["attention"][:, 0] - scores["one context"][:, 0], above=10, unit="points",
                rows=("M60",), run=run)  # fmt: skip

# %% tags=["remove-input"]
verdict

# %% [markdown]
# BLEU weighs a word by the runs it stands in, not by what it means, and knows nothing of the picture. In a long caption
# a wrong word costs little. So look at captions, too.
#
# ### Explore: the gallery
#
# Nobody chose these by eye. Of the pictures with two things or more, they are the two captions of which the
# network was surest among the right ones, the two among the wrong ones, and the two of which it was
# least sure, in an order that says nothing. Read each caption against its picture: is it right? Then tick *Mark what is
# wrong*, click the marked words, and see where it looked.

# %% tags=["hide-input"]
everything = write(model, list(range(len(test))))
texts = captions.texts(everything.words, vocabulary)
is_right = torch.tensor([one == other for one, other in zip(texts, test.captions, strict=True)])
sure = everything.log_p / torch.tensor([len(text.split()) + 1 for text in texts])


def most(scores, where, count=2):
    """The rows with the highest scores among those that qualify."""
    return scores.where(where, -torch.inf).topk(count).indices.tolist()


several = (things > 1) & (torch.arange(len(test)) >= len(first))  # none that was shown above
chosen = (most(sure, is_right & several) + most(sure, ~is_right & several)
          + most(-sure, several))  # fmt: skip
order = torch.randperm(len(chosen), generator=run.generator("gallery")).tolist()
AttentionReader(
    [view(chosen[k], texts[chosen[k]].split() or ["(nothing)"], everything.weights[chosen[k]])
     for k in order],
    title="Which of these captions are wrong?", languages=("en", "en"),
)  # fmt: skip

# %% [markdown]
# A caption may be fluent, sure and wrong. Grammar hardly fails: it is in the words before. What fails is what must
# come from the picture. Sometimes the map tells why; sometimes it misread the right place.
#
# ## Soft and hard
#
# Our attention is *soft*: (4) mixes all places, and gradients reach each weight. *Hard* attention picks one place at
# random, with the weights as probabilities. A choice has no derivative. Xu et al. (2015) made choices likelier that
# led to likely words (Williams, 1992):
#
# \begin{equation*}
# \begin{aligned}
# & \nabla_A \, \mathbb{E}_{(i,j) \sim a_t}\big[R_{i,j}\big] \\
# &= \mathbb{E}_{(i,j) \sim a_t}\big[R_{i,j}\, \nabla_A \log a_{t,i,j}\big] ,
# \end{aligned}
# \tag{7}
# \end{equation*}
#
# where $R_{i,j}$ is the log probability of the words after looking at $(i, j)$, its own dependence on $A$ left out.
# What does ours lose if, after its soft training, it sees its likeliest place alone?

# %% tags=["nbval-check-output"]
costs = []
for captioner, r in zip(models["attention"], right["attention"], strict=True):
    with torch.no_grad():
        hard, _ = steps(captioner, captioner.encode(z_test), shift(known.target), hard=True)
    costs.append(percent(r, said) - percent(hard.argmax(dim=-1) == known.target, said))
verdict = claim("one-place-is-not-enough", "Seeing its likeliest place alone costs over 5 points",
                costs, above=5, unit="points", rows=("M60",), run=run)  # fmt: skip

# %% tags=["remove-input"]
verdict

# %% [markdown]
# A thing covers several places, and ours has learned to mix them. Trained as such, hard attention was slightly ahead
# for Xu et al.; soft attention stayed in use, since plain backprop trains it.
#
# ## From here to transformers
#
# Three changes lead from this decoder to a transformer (Vaswani et al., 2017).
#
# *Scores are dot products* of projected queries and keys:
#
# \begin{equation*}
# \begin{aligned}
# & \mathrm{attention}(Q, K, V) \\
# &= \mathrm{softmax}\big(Q K^\top / \sqrt d\big)\, V .
# \end{aligned}
# \tag{8}
# \end{equation*}
#
# (A sum of $d$ products of independent numbers of variance 1 has variance $d$, hence the root.)
#
# *Every word asks.* Instead of a recurrence, all positions look at each other at once, layer upon layer; in a decoder
# each sees itself and the words before it. (Other layers ask the picture's places.) *Places are told*, as ours are, since (8) sees a set.

# %% tags=["nbval-check-output"]
g = run.generator("transformer")
x = torch.randn(2, 7, 16, generator=g)  # 7 words at once
W_q, W_k, W_v = torch.randn(3, 16, 16, generator=g) / 4
Q, K, V = x @ W_q.T, x @ W_k.T, x @ W_v.T
e = Q @ K.transpose(1, 2) / 16**0.5
out = e.softmax(dim=-1) @ V
theirs = functional.scaled_dot_product_attention(Q, K, V)
print("equals torch's:", torch.allclose(out, theirs, atol=1e-5))
order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
again = functional.scaled_dot_product_attention(Q[:, order], K[:, order], V[:, order])
print("words shuffled, results shuffled alike:", torch.allclose(again, out[:, order], atol=1e-5))

# %% [markdown]
# | here | in a transformer |
# |---|---|
# | $h_{t-1}$ asks | every position asks, with a query of its own |
# | $z_{i,j}$ is key and value | keys and values are projected apart |
# | an MLP scores | dot products score, in several *heads* side by side |
# | a state carries the sentence | each position looks at itself and all before it |
# | two numbers tell the place | vectors that tell the place are added |
# | a CNN makes $z$ | patches of pixels are the words (Dosovitskiy et al., 2021) |
#
# What is gained is speed: all positions are trained at once, in a few large matrix products, where an RNN has to
# go step by step. What is paid is work that grows with the square of the length.
#
# ## With photographs
#
# Flickr8k has 8,000 photographs with five captions each (Hodosh et al., 2013). Its owners give it to those who ask, so it does
# not come with this course. With its files in `data/flickr8k/`, the next cells train the same captioner on it.


# %% tags=["hide-input"]
PHOTO = run.pick(quick=64, standard=224)  # pixels


def see_photos(split):
    photos = flickr8k.load_flickr8k(split)
    parts = torch.arange(len(photos)).split(50)
    return photos, torch.cat([see(photos.images(r.tolist(), size=PHOTO)).cpu() for r in parts])


def caption_photos(photos, z):
    """A captioner of photographs, and its vocabulary."""
    target, rows, known = flickr8k.as_numbers(photos, least=run.pick(quick=1, standard=5))
    model = Captioner(len(known), *z.shape[1:], generator=run.generator("photographs"))
    updates = run.pick(quick=5, standard=4000)
    fit(
        model, rows[:, None], target, optimizer=one_cycle_adam(model.parameters(), lr=2e-3, decay_steps=updates),
        batches=batches_by_length(target, 32, updates, run.generator("photographs, order")),
        loss=sequence_loss, transform=lambda rows, target: teach(z[rows[:, 0]], target),
    )  # fmt: skip
    return model.eval(), known


# %% tags=["hide-input"]
def show_photos():
    (train, z), (test, z_test) = see_photos("train"), see_photos("test")
    mean, std = (f(z, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
    model, known = caption_photos(train, (z - mean) / std)
    wrote = greedy(model, model.encode((z_test - mean) / std), longest=30)
    texts = [text or "(nothing)" for text in captions.texts(wrote.words, known)]
    bleu = captioning.bleu(texts, flickr8k.references(test))
    print(f"Flickr8k, {len(test)} photographs: BLEU {bleu:.1f}")
    return AttentionReader([
        Viewing(test.images([k], size=128)[0], texts[k].split(),
                wrote.weights[k, : len(texts[k].split())], z.shape[2])
        for k in range(min(6, len(test)))
    ], title="Where did it look in a photograph?", languages=("en", "en"))  # fmt: skip


photographs = None
if flickr8k.has_flickr8k():
    photographs = show_photos()
else:
    print(f"Flickr8k is not here: the folder of the data has no {flickr8k.FOLDER}/{flickr8k.PAGE}")
photographs

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: look at a grid
#
# ★★☆, 20 minutes. Write (2) to (4) for features that keep their rows and columns: `h` (batch, width), `z` (batch, D, H,
# W), `A` (units, width), `B` (units, D), `b` and `v` (units,). Return the context (batch, D) and the weights (batch,
# H, W). `torch.einsum`, or flattening the grid, helps.


# %% tags=["exercise"] exercise="look-at-grid" points=5
def look_at_grid(h, z, A, B, b, v):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_look_at_grid(look_at_grid)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="look-at-grid" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def look_at_grid(h, z, A, B, b, v):
    places = z.flatten(2).transpose(1, 2)  # (batch, H W, D)
    e = torch.tanh((h @ A.T)[:, None] + places @ B.T + b) @ v
    a = e.softmax(dim=1)
    return (a[:, :, None] * places).sum(dim=1), a.view(len(z), *z.shape[2:])


checks.check_look_at_grid(look_at_grid)

# %% [markdown]
# ### Exercise 2: BLEU's precision
#
# ★★☆, 20 minutes. Write $p_n$ of (6) for one sentence: of the runs of `n` words in `said`, the share that `reference` has, too.
# A run counts at most as often as the reference has it (“a a a a” must not get everything right for one “a”). Both
# are lists of words. Without any run of `n` words, return 0.


# %% tags=["exercise"] exercise="clipped-precision" points=5
def clipped_precision(said, reference, n):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
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
# ★★☆, 15 minutes. Write (5) for one map: `weights` (H, W), which sum to 1, and `mask` (height, width), True where the
# thing is. The height is a multiple of H, the width one of W; a place that the thing half covers counts half.


# %% tags=["exercise"] exercise="share-inside" points=4
def share_inside(weights, mask):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
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
# ★★★, 20 minutes. Write (8) for sentences that look at themselves: `x` (batch, T, d); queries, keys and values are
# `x @ W_q.T` and so on. A word sees itself and the words before it, no later one. Return (batch, T, d).


# %% tags=["exercise"] exercise="self-attention" points=6
def self_attention(x, W_q, W_k, W_v):
    raise NotImplementedError


# %% tags=["nbval-check-output"]
checks.check_self_attention(self_attention)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="self-attention" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def self_attention(x, W_q, W_k, W_v):
    Q, K, V = x @ W_q.T, x @ W_k.T, x @ W_v.T
    e = Q @ K.transpose(1, 2) / x.shape[2] ** 0.5
    later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(diagonal=1)
    return e.masked_fill(later, -torch.inf).softmax(dim=-1) @ V


checks.check_self_attention(self_attention)

# %% [markdown]
# ## Summary
#
# - A frozen CNN's maps are a set of vectors, one for each place. A decoder can write from them.
# - One context holds most of a picture with one thing. With more it keeps where they are, and loses what they are.
# - Attention makes a new context for each word. It looks at what it names, without having been told where that is, and
#   before wrong words it more often looks elsewhere.
# - Places are a set. What is left and what is right must be told, and what is told decides about the words.
# - BLEU counts runs of words. It says little about which words are wrong.
# - Transformers score by dot products and let every position ask.
#
# **Limits.** Rendered scenes and a grammar of some forty words, one caption each. One network behind the features, one
# size of captioner, three seeds; test scenes are drawn like the training's. The bounds of the claims, rates and
# numbers of updates were chosen after trainings with one to four seeds on other scenes. Two claims were changed: one
# context was to beat attention at relations, which came out inconclusive; and looks before wrong words are now
# compared by whether they touch the thing, since shares also measure its size. The share inside is at most
# what a thing covers of its places, so 100% cannot be had for small things. Photographs need far more pictures and
# words than fit here; captioners today are transformers that were trained on many millions.
#
# ## Sources
#
# - Dosovitskiy et al. (2021). An image is worth 16x16 words. ICLR. [arXiv:2010.11929](https://arxiv.org/abs/2010.11929)
# - Hodosh, Young, Hockenmaier (2013). Framing image description as a ranking task. JAIR 47.
# - Papineni, Roukos, Ward, Zhu (2002). BLEU: a method for automatic evaluation of machine translation. ACL.
# - Post (2018). A call for clarity in reporting BLEU scores. WMT. [arXiv:1804.08771](https://arxiv.org/abs/1804.08771)
# - Vaswani et al. (2017). Attention is all you need. NIPS. [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Vinyals, Toshev, Bengio, Erhan (2015). Show and tell: a neural image caption generator. CVPR.
#   [arXiv:1411.4555](https://arxiv.org/abs/1411.4555)
# - Williams (1992). Simple statistical gradient-following algorithms for connectionist reinforcement learning. Machine
#   Learning 8.
# - Xu et al. (2015). Show, attend and tell: neural image caption generation with visual attention. ICML.
#   [arXiv:1502.03044](https://arxiv.org/abs/1502.03044)
