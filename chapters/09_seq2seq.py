# ---
# jupyter:
#   course:
#     builds_on: [01_activations]
#     compute_minutes: 1
#     exercise_minutes: 70
#     memory_gb: 1.5
#     reading_minutes: 55
#     rows: [M54, M55, M56, M57, M58, B1]
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
# # 9 · Sequence to sequence, with attention
#
# How do you translate a long sentence? You look back at it while you write. The first translating networks
# could not: they read it once and wrote from memory. You train both, and watch one look.
#
# Only ten minutes? Read [Where it looks](#where-it-looks).
#
# After this chapter you can
#
# - unroll a recurrent network, and name the four shapes that its inputs and outputs can have;
# - build an encoder and a decoder, and measure where a single context fails;
# - write additive attention, and train it without telling it where to look;
# - read a picture of attention weights, and say what it does not prove.
#
# You need chapter 1 and some matrices.
#
# <details>
# <summary>Words that may be new</summary>
#
# | word | meaning |
# |---|---|
# | token | one item of a sequence: here a word or a punctuation mark |
# | vocabulary | all tokens that a network knows; each has a number |
# | embedding | a vector that is learned for each token |
# | hidden state | the vector in which a network keeps what it has read so far |
# | context | what the decoder is told about the input |
#
# </details>

# %% tags=["parameters"]
# budget: "quick", "standard" or "full"
budget, seed, device = None, 0, "auto"

# %% tags=["hide-input", "remove-output"]
import textwrap

import numpy as np
import torch
from torch import nn

from chapters.seq2seq import baselines, checks, experiments, figures, reading
from lib import plotting, runtime, widgets
from lib.attention import AdditiveAttention
from lib.datasets.translation import (
    as_dataset,
    write_english,
    write_french,
)
from lib.models.decoding import beam_search, greedy
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss, shift, trim
from lib.widgets import Choice, Control, FrameExplorer, Prediction

run = runtime.start(budget, seed=seed, device=device)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# ## A network that reads in order
#
# | symbol | meaning | shape |
# |---|---|---|
# | $x_t$ | input at step $t = 1, \dots, T$ | (batch, $d$) |
# | $h_t$ | hidden state after it; $h_0 = 0$ | (batch, $n$) |
# | $W_x$ | weights of the input | $(n, d)$ |
# | $W_h$ | weights of the old state | $(n, n)$ |
# | $b$ | biases | $(n)$ |
#
# A *recurrent neural network* (RNN; Elman, 1990) computes its new state from the input and its old state:
#
# $$
# h_t = \tanh(W_x x_t + W_h h_{t-1} + b) . \tag{1}
# $$
#
# Written out step by step, (1) is a deep network with one layer for each step. This is called *unrolling*.
# Gradients flow back through all steps. Through one step, a gradient is multiplied by the transpose of
#
# $$
# \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, W_h .
# $$
#
# Over many steps, such a product tends to vanish, or it may explode if $W_h$ is large (Hochreiter, 1991;
# Bengio, Simard and Frasconi, 1994; Pascanu et al., 2013).


# %%
def rnn(x, h, W_x, W_h, b):
    states = []
    for x_t in x.unbind(dim=1):
        h = torch.tanh(x_t @ W_x.T + h @ W_h.T + b)
        states.append(h)
    return torch.stack(states, dim=1)


# %% tags=["remove-cell", "nbval-check-output"]
peer = nn.RNN(3, 5, batch_first=True)
shared = [peer.weight_ih_l0, peer.weight_hh_l0, peer.bias_ih_l0]
peer.bias_hh_l0.data.zero_()  # torch has two biases, which add up
x = torch.randn(2, 7, 3, generator=run.generator("rnn"))
ours, theirs = rnn(x, torch.zeros(2, 5), *shared), peer(x)[0]
slopes = [torch.autograd.grad((h**2).sum(), shared) for h in (ours, theirs)]
same = all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*slopes, strict=True))
print(f"states equal torch's: {torch.allclose(ours, theirs, atol=1e-6)}, gradients: {same}")

# %% tags=["remove-input"]
Prediction(
    "Two networks as in (1), with states of 64 numbers. One reads sentences of 5 words, the other "
    "sentences of 50. How many more weights does the second one have?",
    [
        Choice(
            "None",
            "All steps share their weights, and the gradients of all steps add up in them. So one "
            "network reads sentences of any length. What grows with the length is the work, and the "
            "distance that a gradient has to travel.",
            correct=True,
        ),
        Choice(
            "45 more vectors h",
            "Hidden states are computed, not learned. They take memory, but they are not weights.",
        ),
        Choice(
            "Ten times as many",
            "Its unrolled graph has ten times as many steps, but each step uses the same W_x, W_h and b.",
        ),
    ],
)

# %% [markdown]
# ## Four shapes
#
# Where inputs go in and where outputs come out is up to you (Karpathy, 2015). In the figure, circles are
# states, $x$ is an input and $y$ an output. A dashed arrow means that an output is read as the next input.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four unrolled networks. One to one: an input, a state, an output. One to many: one input, three states in a row, an output above each, with dashed arrows from each output to the next state. Many to one: three inputs, three states, one output above the last. Many to many: three inputs, three states, three outputs."}}
fig, axes = plotting.figure(2, 2, height=4.2)
for ax, name in zip(axes.flat, figures.RNN_SHAPES):
    figures.plot_unrolled(ax, figures.RNN_SHAPES[name])
    ax.set_title(name, fontsize=11)
fig

# %% [markdown]
# All four are (1) with different inputs and outputs. `V` turns a state into an output. Here an output has the
# size of an input, so that in the second shape the network can read what it wrote:

# %%
g = run.generator("shapes")
x, h0 = torch.randn(2, 7, 3, generator=g), torch.zeros(2, 5)
W_x, W_h = torch.randn(5, 3, generator=g), torch.randn(5, 5, generator=g)
b, V = torch.randn(5, generator=g), torch.randn(3, 5, generator=g)

y, h, written = x[:, 0], h0, []
for _ in range(4):  # one to many: each output is the next input
    h = rnn(y[:, None], h, W_x, W_h, b)[:, 0]
    y = h @ V.T
    written.append(y)
shapes = {
    "one to one": rnn(x[:, :1], h0, W_x, W_h, b)[:, 0] @ V.T,
    "one to many": torch.stack(written, dim=1),
    "many to one": rnn(x, h0, W_x, W_h, b)[:, -1] @ V.T,
    "many to many": rnn(x, h0, W_x, W_h, b) @ V.T,
}

# %% [markdown]
# For a batch of two, these outputs have the shapes (batch, size) or (batch, steps, size):

# %% tags=["hide-input", "nbval-check-output"]
for name, y in shapes.items():
    print(f"{name:>12}: {tuple(y.shape)}")

# %% [markdown]
# ### Explore: what a state knows
#
# A translation can be longer or shorter than its sentence, and its first word may depend on the last word of
# the sentence. So translating takes a fifth shape: many, then many. Step through it. Which one state must
# everything pass through on its way from the sentence to the translation?

# %% tags=["remove-input"]
FrameExplorer(
    lambda shape, step: figures.unrolled_figure(shape, step),
    alt=lambda shape, step: (
        f"An unrolled network of the shape {shape} after step {step}, computed states filled. "
        f"{figures.describe_step(shape, step)}"
    ),
    title="What can this state know?",
    shape=[shape for shape in figures.RNN_SHAPES if shape != "one to one"],  # which has one step
    step=Control(run.pick(quick=[3, 6], standard=[1, 2, 3, 4, 5, 6]), label="Step"),
    start={"shape": "many, then many", "step": 3},
    play="step",
    pixels=720,
)

# %% [markdown]
# ## A language with known links
#
# Real translations come without word correspondences. Ours have them: a small grammar writes each sentence in
# English and in French, and notes which words correspond. Its French has agreement (*le*, *la*, *les*), many
# adjectives that follow their nouns, and dates as the French write them. The networks see only the sentences.
# The links between words are for us, to check where a network looks.

# %%
sentences = experiments.sentences(run)
data = sentences.graded

# %% tags=["hide-input"]
for split, those in data.items():
    pair = those.pairs[0]
    for text in write_english(pair.english), write_french(pair.french):
        print(textwrap.fill(f"{split}: {text}", subsequent_indent="   "))

# %% [markdown]
# The set *test* has sentences of the kind that we train on (up to 20 English words, counting punctuation),
# but none of the training sentences. In *patterns*, each sentence combines a kind of clause with a kind of
# date in a way that no training sentence does. In *longer*, each sentence has more than 20 words. And
# *learned* is a part of the training set. One more sentence belongs to the language, and no network was trained
# on it. Bahdanau et al. (2015) translated it in the paper that introduced attention:

# %% tags=["hide-input", "nbval-check-output"]
bahdanau = sentences.example
print(write_english(bahdanau.pairs[0].english))
print(write_french(bahdanau.pairs[0].french))

# %% [markdown]
# To a network, a sentence is a row of numbers: one for each token, and then one for the token *end*. In a
# batch, shorter rows are filled up to the length of the longest one with *padding*, the number 0. This is how
# Bahdanau's sentence begins:

# %% tags=["hide-input", "nbval-check-output"]
numbers = bahdanau.source[0, :5].tolist()
print(numbers, "…", bahdanau.english.words[numbers[4]])

# %% [markdown]
# ## Encoder, decoder, one context
#
# With (1), every step overwrites the whole state. Our networks use a *gated recurrent unit* (GRU; Cho et al.,
# 2014) instead, which chooses what to keep. A *gate* is a number between 0 and 1 for each unit. From an input
# $x$ and the old state $h$, the GRU computes two gates, a proposal $\tilde h$ and the new state $h'$:
#
# \begin{equation*}
# \begin{aligned}
# r &= \sigma(W_r x + U_r h) , \\
# z &= \sigma(W_z x + U_z h) , \\
# \tilde h &= \tanh\big(W_n x + r \odot (U_n h)\big) , \\
# h' &= (1 - z) \odot \tilde h + z \odot h .
# \end{aligned}
# \end{equation*}
#
# Here $\sigma$ is the sigmoid, $\odot$ multiplies unit by unit, and biases are left out. Where $z = 1$, the old
# state passes unchanged, and so does its gradient. (This is torch's GRU. That of Cho et al. has
# $U_n (r \odot h)$. The older LSTM of Hochreiter and Schmidhuber, 1997, keeps a second state for the same
# purpose.)


# %%
def gru(x, h, W, U):
    W_r, W_z, W_n = (x @ W.T).chunk(3, dim=1)
    U_r, U_z, U_n = (h @ U.T).chunk(3, dim=1)
    r, z = torch.sigmoid(W_r + U_r), torch.sigmoid(W_z + U_z)
    h_new = torch.tanh(W_n + r * U_n)
    return (1 - z) * h_new + z * h


# %% tags=["remove-cell", "nbval-check-output"]
peer = nn.GRUCell(3, 5, bias=False)
x_1, h = x[:, 0], torch.randn(2, 5, generator=run.generator("gru"))
same = torch.allclose(gru(x_1, h, peer.weight_ih, peer.weight_hh), peer(x_1, h), atol=1e-6)
print(f"equal to torch's: {same}")

# %% [markdown]
# | symbol | meaning | shape |
# |---|---|---|
# | $h_i$ | the encoder's states, $i = 1, \dots, T$ | (batch, $2n$) |
# | $s_t$ | the decoder's states | (batch, $n$) |
# | $y_t$ | embedding of the word written at step $t$ | (batch, $n$) |
# | $c$ | the context | (batch, $2n$) |
#
# The *encoder* is a GRU that reads the sentence in both directions. Each $h_i$ joins the states that the two
# directions have at word $i$. The last state of each direction, $\overrightarrow h_T$ and (for the one that
# reads backwards) $\overleftarrow h_1$, make up the context $c$. From it comes the decoder's first state:
#
# \begin{equation*}
# \begin{aligned}
# c &= [\overrightarrow h_T ;\, \overleftarrow h_1] , \\ s_0 &= \tanh(W_0\, c + b_0) .
# \end{aligned}
# \tag{2}
# \end{equation*}
#
# (The encoders of Sutskever et al., 2014, and Cho et al., 2014, read in one direction.) The *decoder* then
# writes, one word at a time:
#
# \begin{equation*}
# \begin{aligned}
# s_t &= g(y_{t-1}, c, s_{t-1}) , \\ p_t &= \mathrm{softmax}\big(o(s_t, c, y_{t-1})\big) .
# \end{aligned}
# \tag{3}
# \end{equation*}
#
# Here $g$ is a GRU cell. Its input $x$ is $[y_{t-1} ; c]$, and its old state is $s_{t-1}$. Two layers, $o$,
# compute the logits, with a tanh between them. $y_0$ embeds a start token. For two sentences, the shapes are:

# %% tags=["hide-input"]
sizes = len(bahdanau.english), len(bahdanau.french)
untrained = Seq2Seq(*sizes, width=64, generator=run.generator("untrained"))
for split in ("test", "longer"):
    encoded = untrained.encode(trim(data[split].source[:1]))
    shapes = [tuple(part.shape) for part in (encoded.states, encoded.summary, encoded.last)]
    print("{}: states {},\n  context {}, first state {}".format(split, *shapes))

# %% [markdown]
# Training maximizes the probability of the right words. At each step the decoder is given the *right*
# previous word, not the one that it would have written. This is called *teacher forcing* (Williams and
# Zipser, 1989). Padding costs nothing:
#
# \begin{equation*}
# \begin{aligned}
# L = {} & -\frac{1}{\sum_t m_t} \\ & \cdot \sum_t m_t \log p_t[\text{right word}] .
# \end{aligned}
# \tag{4}
# \end{equation*}
#
# The sums run over all words of the batch, and $m_t$ is 0 for padding and 1 for all other words.

# %% tags=["remove-input"]
Prediction(
    "A decoder with one context c must find every word of the translation in c. As sentences get "
    "longer, what happens to the percentage of words that it gets right?",
    [
        Choice(
            "It rises",
            "A longer sentence tells the network more. But each French word needs only a word or two "
            "of it, and the other words compete for room in c.",
        ),
        Choice(
            "It stays the same",
            "The size of c stays the same. That is why the percentage falls: the same numbers have to "
            "hold more words.",
        ),
        Choice(
            "It falls",
            "c is a *bottleneck*: its size is fixed, while what it must hold grows. With attention, "
            "each step gets a context of its own. Both falls are measured below.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# ## Attention: a context for each step
#
# Bahdanau, Cho and Bengio (2015) gave the decoder a new context at every step. A small network scores how
# well each $h_i$ fits what the decoder is about to write. A softmax turns the scores into weights, and the
# context is the weighted sum of the states:
#
# $$
# e_{t,i} = v^\top \tanh(W s_{t-1} + U h_i + b) \tag{5}
# $$
#
# $$
# a_{t,i} = \frac{\exp e_{t,i}}{\sum_k \exp e_{t,k}} \tag{6}
# $$
#
# $$
# c_t = \sum_i a_{t,i}\, h_i \tag{7}
# $$
#
# | symbol | meaning | shape |
# |---|---|---|
# | $e_{t,i}$ | alignment scores at step $t$ | (batch, $T$) |
# | $a_{t,i}$ | attention weights, which sum to 1 | (batch, $T$) |
# | $W$ | weights of the decoder's state | $(n, n)$ |
# | $U$ | weights of the encoder's states | $(n, 2n)$ |
# | $b$ | biases | $(n)$ |
# | $v$ | weights of the score | $(n)$ |
#
# All of these weights are learned with the others. The decoder then computes (3) with $c_t$ in place of $c$.


# %%
def attend(s, h, W, U, b, v):
    e = torch.tanh((s @ W.T)[:, None] + h @ U.T + b) @ v
    a = e.softmax(dim=1)
    c = (a[:, :, None] * h).sum(dim=1)
    return c, a


# %% tags=["remove-cell", "nbval-check-output"]
layer = AdditiveAttention(4, 6, 5, generator=run.generator("attention"))
s = torch.randn(2, 4, generator=run.generator("s"))
h = torch.randn(2, 7, 6, generator=run.generator("h"))
ours = attend(s, h, layer.query.weight, layer.key.weight, layer.key.bias, layer.score)
equal = [torch.allclose(a, b, atol=1e-6) for a, b in zip(ours, layer(s, h, h), strict=True)]
print("context and weights equal lib's:", equal)
print("weights sum to 1:", torch.allclose(ours[1].sum(dim=1), torch.ones(2)))

# %% [markdown]
# The course's layer also takes a *mask*, so that the decoder never looks at padding: the scores of padding
# become $-\infty$ before the softmax, and their weights 0 (exercise 1).
#
# The parts of attention have names. The *query* $s_{t-1}$ asks, each *key* is compared with it in (5), and
# the *values* are what (7) mixes. Here the states $h_i$ are both keys and values, which is why the layer
# below is given them twice. In transformers (chapter 10), keys and values differ.
#
# This is the decoder, step by step as in (3) and (5) to (7):


# %%
def decode(model, encoded, before):
    h, mask, s = encoded.states, encoded.mask, encoded.last
    logits, contexts, weights = [], [], []
    for word in before.unbind(dim=1):
        y = model.decoder.embedding(word)
        c, a = model.decoder.attention(s, h, h, mask)
        s = model.decoder.cell(torch.cat([y, c], dim=1), s)
        logits.append(model.decoder.output(torch.cat([s, c, y], dim=1)))
        contexts.append(c)
        weights.append(a)
    return logits, contexts, weights


# %% tags=["remove-cell", "nbval-check-output"]
encoded, before = untrained.encode(bahdanau.source), shift(bahdanau.target)
logits, contexts, weights = decode(untrained, encoded, before)
faster = untrained.decode(encoded, before)
print("logits equal lib's:", torch.allclose(torch.stack(logits, 1), faster.logits, atol=1e-6))
print("weights equal lib's:", torch.allclose(torch.stack(weights, 1), faster.weights, atol=1e-6))

# %% [markdown]
# ### Nobody tells it where to look
#
# The weights have no labels. They are learned because (7) is differentiable: the loss has a gradient with
# respect to $c_t$, and through it with respect to each weight,
#
# $$
# \frac{\partial L}{\partial a_{t,i}} = \frac{\partial L}{\partial c_t} \cdot h_i . \tag{8}
# $$
#
# If the right words become likelier when $c_t$ moves toward $h_i$ than when it moves toward the other states,
# then $a_{t,i}$ grows, at the expense of the other weights. Before training, we compare (8) with what
# `backward()` finds before the word *zone*, and ask how many words of the sentence can learn from it:

# %% tags=["hide-input", "nbval-check-output"]
encoded = untrained.encode(bahdanau.source)
logits, contexts, weights = decode(untrained, encoded, shift(bahdanau.target))
loss = sequence_loss(torch.stack(logits, dim=1), bahdanau.target)
t = 4  # before "zone"
at_weights, at_context = torch.autograd.grad(loss, [weights[t], contexts[t]])
by_hand = (encoded.states[0] @ at_context[0]).detach()
print(f"equation (8) holds: {torch.allclose(at_weights[0], by_hand, atol=1e-7)}")
print(f"every word of the sentence gets a gradient: {bool((at_weights != 0).all())}")

# %% [markdown]
# ## Training both
#
# Two networks start from the same initial weights: one attends, and the other keeps $c$ from (2). Apart from
# attention's own weights, everything else is the same: the sentences and their order, 64 units, and 512
# updates by Adam with a learning rate that rises and then falls. Gradients with a norm above 1 are *clipped*,
# that is, scaled down to norm 1, so that a gradient that explodes does no harm. During training we record the
# attention weights on Bahdanau's sentence, and the loss on sentences that are not trained on. This page
# trains one network of each kind. Each run of the evidence trains three of each.

# %%
contest = experiments.translators(run)
model = contest.models["attention"][0]

# %% [markdown]
# ## The bottleneck, measured
#
# For each word of a translation we ask whether the network ranks the right word first, given the right words
# before it. A sentence is *exactly* right if all its words are right. *Greedy decoding* writes the likeliest
# word at each step, so it writes such a sentence without a mistake.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart of the percentage of words that are ranked first against the length of the English sentence, from five to twenty words: one line for the network with attention, one for the network with one context. The claim below compares how far the two lines fall."}}
fig, ax = plotting.figure(height=3.3)
middle = [sum(group) / 2 for group in experiments.GROUPS]
plotting.plot_by_length(
    ax, middle, {kind: contest.by_length(kind) for kind in experiments.KINDS},
    xlabel="tokens of the English sentence", ylabel="words right (%)",
)  # fmt: skip
ax.set(title="Words right, by the length of the sentence")
fig

# %% tags=["remove-input"]
cards = experiments.translators.cards(contest, run)
cards["one-context-forgets"]

# %% tags=["remove-input"]
cards["attention-translates"]

# %% [markdown]
# Both networks have the same kind of encoder. The one with a single context cannot look back at the encoder's
# states. There may be two reasons why this hurts. The context may be too small. Or a network that must squeeze
# everything through $c$ may need longer training than ours. Two controls tell us more. How well does it do on
# sentences that it was trained on? And what if it trains four times as long (`experiments.longer(run)`)?

# %% tags=["hide-input"]
print("words right (%)" + "".join(f"{kind:>13}" for kind in experiments.KINDS))
for name, split in {"trained on": "learned", "test": "test"}.items():
    means = [contest.by_length(kind, split).mean() for kind in experiments.KINDS]
    print(f"{name:>15}" + "".join(f"{mean:>13.0f}" for mean in means))

# %% tags=["remove-input"]
cards["one-context-has-not-learned"]

# %% tags=["remove-input"]
experiments.longer.cards(None, run)["one-context-still-forgets"]

# %% [markdown]
# The network with one context fails on long sentences even if it was trained on them, and training four times
# as long does not fix that. So neither new sentences nor the length of our training explains it. We do not
# know whether the context is too small or too hard to train. Only other sizes and learning rates could tell,
# and we tried none. With a context of 8000 numbers and millions of sentences, Sutskever et al. (2014)
# translated well, long sentences included. With 1000 units, Bahdanau et al. (2015) also saw quality fall with
# length.
#
# ## Where it looks
#
# We return to Bahdanau's sentence. In French, *European Economic Area* is *zone économique européenne*.

# %% tags=["remove-input"]
Prediction(
    "Draw the weights as a table, with a row for each French word and a column for each English one. A "
    "cell is strongly colored where the network looks. Where are the strongly colored cells in the rows "
    "of “zone économique européenne”?",
    [
        Choice(
            "On a diagonal down to the right",
            "That would be so if the words came in the same order. These three are reversed.",
        ),
        Choice(
            "On a diagonal down to the left",
            "“Area” comes first in French, then “economic”, then “european”. Elsewhere the order "
            "agrees, so these cells run down to the right. A claim below says how often attention "
            "reads backwards where French reverses the order.",
            correct=True,
        ),
        Choice(
            "Evenly over all three columns",
            "It is true that an adjective's ending depends on its noun. But its meaning comes from "
            "one word.",
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Table of attention weights. Each column is a word of the English sentence “The agreement on the European Economic Area was signed in August 1992.”, each row a French word that the network wrote. The more strongly a cell is colored, the larger the weight. Orange frames mark the English words that each French one should translate; those of “European Economic Area” run backwards if it wrote all three words. The lines below the table say what was written and where the network looked most."}}
wrote = reading.translate(model, bahdanau.pairs[0])
fig, ax = plotting.figure(height=4.9)
figures.plot_weights(ax, wrote.weights, wrote.source, wrote.words, links=wrote.links)
ax.set_title("Where it looked before each word")
fig

# %% tags=["hide-input"]
print(reading.describe(wrote))
print(textwrap.fill(reading.describe_area(wrote)))

# %% [markdown]
# The network wrote this by itself, word by word, and the lines above say whether it is right. The frames come
# from links that the grammar knows and that the network never saw. If a word is wrong, its frame shows which
# English word the right word there would translate. One sentence proves little. The claim covers all places
# in the test sentences where two neighboring French words have their English words in the opposite order:

# %% tags=["remove-input"]
cards["looks-backwards"]

# %% [markdown]
# ### Explore: sentence by sentence
#
# Choose a word that the network wrote, or press play to step through a sentence. Tick *Frame the words it
# translates* to see what the word stands for. The first sentence is Bahdanau's. After it come the first
# sentences of each set, followed by the next one that the network gets wrong, if there is one. Tick *Mark what
# is wrong*: before a wrong word, did it look at the right English word?

# %% tags=["hide-input"]
chosen = [bahdanau.pairs[0]]
for split, count in {"test": 3, "patterns": 2, "longer": 2}.items():
    pairs = list(data[split].pairs)
    right, total = contest.grades["attention"][split][0]
    wrong = [k for k in range(count, len(pairs)) if right[k] < total[k]]
    chosen += [*pairs[:count], *(pairs[k] for k in wrong[:1])]


def read(pair):
    # After a quick training it writes next to nothing.
    look = reading.read_along if run.budget == "quick" else reading.translate
    said = look(model, pair)
    return widgets.Reading(said.source, said.words, said.weights, said.links,
                   name=reading.name_of(said), truth=pair.french)  # fmt: skip


widgets.AttentionReader(
    [read(pair) for pair in chosen],
    title="Where did it look before each word?",
)

# %% [markdown]
# Does a wrong word mean that the network looked in the wrong place? Among the words of the test set that have
# a link, we count those that it gets wrong although it is given the right words before them:

# %% tags=["hide-input"]
judged, tested = contest.judgments[0], data["test"]
looks = baselines.looks(model, tested)
print(f"{judged.wrong} of {judged.words} words are wrong.")
print("It looked most where it should")
print(f"{judged.looked_right:5.0f}%  before these words,")
print(f"{baselines.right_looks(looks, tested):5.0f}%  before all words.")

# %% [markdown]
# If the two numbers are close, the looks before wrong words are about as good as others, and the mistakes
# seldom come from the look: the ending may be wrong, or another word of the same kind may seem likelier.
#
# ### Explore: how it learns to look
#
# Here is the same table at different times during training, for the right translation. When does the diagonal
# appear, and when does the crossing appear? (The loss and the wrong links are measured on sentences that are
# not trained on.)

# %% tags=["hide-input"]
history, pair = contest.histories[0], bahdanau.pairs[0]
at = {updates: row for row, updates in enumerate(history.evaluated_at)}


def weights_at(updates):
    return history.metrics["example"][at[updates]][:-1]


def state_of(updates):
    loss, error = (float(history.metrics[k][at[updates]]) for k in ("loss", "error"))
    crosses = reading.reads_area_backwards(weights_at(updates), pair)
    return (
        f"{updates} updates: loss {loss:.2f}, wrong links {100 * error:.0f}%, "
        f"“European Economic Area” {'' if crosses else 'not '}backwards"
    )


# %% tags=["hide-input"]
FrameExplorer(
    lambda updates: figures.looks_figure(
        weights_at(updates), wrote.source, pair.french, links=pair.links,
        note=state_of(updates),
    ),
    alt=lambda updates: f"Attention weights on Bahdanau's sentence. {state_of(updates)}.",
    title="When does it learn where to look?",
    updates=Control(list(at)[:: run.pick(quick=8, standard=1)], label="Updates"),
    start={"updates": list(at)[8]},
    play="updates",
)  # fmt: skip

# %% [markdown]
# ## Against the truth
#
# We link each French word to the English word with the largest weight. The *alignment error rate* (Och and
# Ney, 2003) compares these links $A$ with two sets of true ones: the sure links $S$, which should be found,
# and the possible links $P \supseteq S$, which do not count as mistakes:
#
# $$
# \mathrm{AER} = 1 - \frac{|A \cap S| + |A \cap P|}{|A| + |S|} . \tag{9}
# $$
#
# A word that translates two words (*du*: of the) may be linked to either of them, so its links are only in
# $P$. The chart shows sentences that are not trained on.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart over the updates of training, with two lines: the alignment error rate, on the axis at the left, and the loss per word, on the axis at the right. The claim below says how low the error rate ends."}}
fig, ax = plotting.figure(height=3.3)
histories = contest.histories
errors = [100 * h.metrics["error"].numpy() for h in histories]
losses = [h.metrics["loss"].numpy() for h in histories]
figures.plot_learning(ax, histories[0].evaluated_at, errors, losses)
ax.set(title="Wrong links and loss during training")
fig

# %% tags=["remove-input"]
cards["links-unasked"]

# %% [markdown]
# Is that low? Most words of our language come in the same order in both languages. So a straight *diagonal*,
# which links the first French words to the first English ones and the last to the last, finds many links
# without having learned anything. Here are its error rate on the test set, and that of a network before
# training:

# %% tags=["hide-input"]
rivals = {
    "attention": looks,
    "the diagonal": baselines.diagonal(tested),
    "attention before training": baselines.looks(untrained, tested),
}
rates = {name: baselines.errors(weights, tested) for name, weights in rivals.items()}
print("alignment error rate")
for name, rate in rates.items():
    print(f"{rate['all words']:6.0f}%  {name}")

# %% [markdown]
# Only what lies below the diagonal's rate shows that the network finds the words themselves, and not just
# the usual place in a sentence.

# %% tags=["remove-input"]
Prediction(
    "For which French words will the largest weight be a wrong link most often?",
    [
        Choice(
            "For nouns and adjectives",
            "Their order changes. But a noun or an adjective has one English word, wherever it stands, and looking there "
            "tells the network what to write.",
        ),
        Choice(
            "For all kinds equally often",
            "All weights are learned in the same way. But what helps to write the next word differs from "
            "kind to kind.",
        ),
        Choice(
            "For articles, such as “le” and “la”",
            "English has only “the”. Which of le, la, l' and les is right depends on the noun, so "
            "looking at the noun helps to translate. But it counts as a wrong link.",
            correct=True,
        ),
    ],
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot chart of the alignment error rate by kind of French word, one row for each kind and one for all words, the highest rate on top. In each row, a gray mark shows the rate of a straight diagonal. The claim below compares articles with nouns and adjectives."}}
fig, ax = plotting.figure(height=3.2)
errors = [judgment.errors for judgment in contest.judgments]
values = {kind: [row[kind] for row in errors] for kind in errors[0]}
figures.plot_errors(ax, values, rates["the diagonal"])
ax.set(title="Wrong links by kind of French word")
fig

# %% tags=["remove-input"]
cards["weights-are-no-links"]

# %% [markdown]
# Look at the gray mark of the articles, too: there, the diagonal may have fewer wrong links than the network.
# When an article is linked wrongly, where does the network look instead? Remember that an article's form
# depends on its noun.

# %% tags=["remove-input"]
cards["articles-ask-nouns"]

# %% [markdown]
# So *attention is not alignment*. It tells you where the network gathered what it used for the next word, and
# for *la* the gender of *zone* is useful. Moreover, what the network gathers at a position is not the word
# there but $h_i$, which has read the whole sentence. (How far such weights explain what a network does is
# disputed: see Jain and Wallace, 2019, and the answer of Wiegreffe and Pinter, 2019.)
#
# Does the decoder need the states in the order of the words? Look at (5) to (7) again, and think of the states
# $h_i$ being shuffled after the encoder has read the sentence.

# %% tags=["remove-input"]
Prediction(
    "The encoder's states (and the mask with them) are shuffled before the decoder looks at them. "
    "The translation…",
    [
        Choice(
            "is shuffled in the same way",
            "The order of the French words comes from the decoder's states, not from the positions "
            "of the encoder's states.",
        ),
        Choice(
            "is nonsense",
            "It might be if the *words* were shuffled before the encoder reads them. But the decoder "
            "finds states by what is in them, not by where they stand.",
        ),
        Choice(
            "stays the same",
            "Nothing in (5) to (7) depends on what number i is: each score depends on its own state, and the "
            "order of the terms does not change a sum. The weights move along with their states.",
            correct=True,
        ),
    ],
)

# %% [markdown]
# ## A set, not a sequence
#
# We shuffle the states, and we let two words trade places before the encoder reads them.

# %% tags=["hide-input", "nbval-check-output"]
asked, g = data["test"], run.generator("shuffle")
order = torch.randperm(asked.source.shape[1], generator=g)
with torch.no_grad():
    encoded, before = model.encode(asked.source), shift(asked.target)
    states, mask = encoded.states[:, order], encoded.mask[:, order]
    plain = model.decode(encoded, before)
    moved = model.decode(encoded._replace(states=states, mask=mask), before)
    swapped = asked.source.clone()
    swapped[:, [1, 2]] = swapped[:, [2, 1]]  # two words, before they are read
    other = model((swapped, before))
for name, logits in {"states": moved.logits, "words": other}.items():
    same = torch.allclose(plain.logits, logits, atol=1e-4)
    print(f"{name} in another order, same logits: {same}")
along = torch.allclose(plain.weights[..., order], moved.weights, atol=1e-5)
print("weights move along with the states:", along)

# %% [markdown]
# The order of the sentence enters through the encoder alone. So the decoder can look at any set of vectors:
# to caption a picture, it looks at the picture's places (Xu et al., 2015). (Transformers have no recurrent
# encoder and must be told positions in another way.)
#
# ### Explore: hide a word
#
# A set can lose a member. Here the mask hides one state from the attention, and the network translates again.
# Hide *signed*, then *1992*: what does it write instead? Are there words that can be hidden without any
# change in the translation, and how is that possible?

# %% tags=["hide-input"]
spots = {f"{i + 1}: {word}": i for i, word in enumerate(wrote.source)}
signed = next(spot for spot in spots if spot.endswith("signed"))
choices = list(dict.fromkeys([signed, *spots]))[:2] if run.budget == "quick" else list(spots)


def looks_without(hidden):
    said = reading.translate(model, bahdanau.pairs[0], hidden=spots[hidden])
    return figures.looks_figure(said.weights, said.source, said.words, hidden=spots[hidden])


def words_without(hidden):
    said = reading.translate(model, bahdanau.pairs[0], hidden=spots[hidden])
    return f"Weights with “{hidden}” hidden. It writes: {' '.join(said.words)}"


# %% tags=["hide-input"]
FrameExplorer(
    looks_without,
    alt=words_without,
    title="What does it write if it cannot look at one word?",
    hidden=Control(choices, label="Hidden word"),
    start={"hidden": signed},
)

# %% [markdown]
# Now we hide every word in turn. What changes, compared with the translation that it writes when nothing is
# hidden?

# %% tags=["hide-input"]
print(reading.describe_hidden(model, bahdanau.pairs[0]))
print(reading.describe_replaced(model, bahdanau.pairs[0]))

# %% [markdown]
# A hidden word may be missing from the translation, or another word may take its place. The last line counts
# the replacements of the same kind, such as a noun for a noun. The neighboring states and the decoder's own
# state can tell what kind of word belongs there.
#
# If nothing changes, the neighboring states may know the word itself, since each $h_i$ has read the whole
# sentence. Or the decoder knows it from its first state $s_0$, which by (2) comes from the whole sentence. Or
# the network did not look there anyway.
#
# ## New patterns, longer sentences
#
# Test sentences resemble those that the networks were trained on. The two harder sets have combinations that no
# training sentence had, or more than 20 words.

# %% tags=["hide-input"]
print("exactly right (%)" + "".join(f"{kind:>12}" for kind in experiments.KINDS))
for split in data:
    means = [contest.exact(kind, split).mean() for kind in experiments.KINDS]
    print(f"{split:>17}" + "".join(f"{mean:>12.0f}" for mean in means))

# %% tags=["remove-input"]
cards["new-patterns"]

# %% tags=["remove-input"]
cards["longer-sentences"]

# %% [markdown]
# New combinations of known parts cost little. Length is another matter, even with attention: the decoder
# never wrote sentences that long in training, and a single wrong word spoils a whole sentence.
#
# ## Searching for better sentences
#
# Greedy decoding can't take back a word. *Beam search* keeps the few likeliest beginnings, continues each of
# them with every word of the vocabulary, and again keeps the likeliest few (exercise 4). Here are both on the
# first long sentences:

# %% tags=["hide-input"]
few = as_dataset(data["longer"].pairs[: run.pick(quick=5, standard=60)])
print("         mean log p  exactly right")
for name, search in {"greedy": greedy, "4 beams": beam_search}.items():
    found = search(model, model.encode(few.source), longest=50)
    said = [tuple(few.french.decode(row)) for row in found.words.tolist()]
    hits = [words == pair.french for words, pair in zip(said, few.pairs)]
    print(f"{name:>8}{found.log_p.mean():>11.2f}{100 * np.mean(hits):>14.0f}%")

# %% [markdown]
# Beam search looks for sentences that the *network* finds likelier. The first column shows its gain. This
# makes translations better only if likelier sentences are also better ones. The second column shows how often
# they are exactly right. (Two or three sentences prove little.)
#
# ## Exercises
#
# ### Exercise 1: attention with a mask
#
# ★★☆, 20 minutes. Write additive attention, (5) to (7), for a batch of sentences of unequal length. `query`
# is $W s_{t-1}$ (batch, hidden), and `keys` are $U h_i + b$ (batch, positions, hidden), so both are already
# projected. `values` are what the weights mix (batch, positions, size), `mask` (batch, positions) is True
# where the decoder may look, and `score` is $v$ (hidden,). Return the context (batch, size) and the weights
# (batch, positions), in this order.


# %% tags=["exercise"] exercise="masked-attention" points=5
def masked_attention(query, keys, values, mask, score):
    raise NotImplementedError


# %%
checks.check_masked_attention(masked_attention)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="masked-attention" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def masked_attention(query, keys, values, mask, score):
    e = torch.tanh(query[:, None] + keys) @ score
    a = e.masked_fill(~mask, -torch.inf).softmax(dim=1)
    return (a[:, :, None] * values).sum(dim=1), a


checks.check_masked_attention(masked_attention)

# %% [markdown]
# ### Exercise 2: a loss that ignores padding
#
# ★☆☆, 10 minutes. Write (4) for `logits` (batch, steps, words) and `target` (batch, steps), without
# `ignore_index`. In your data, padding is the number `PADDING` instead of 0, and all other numbers are words.
# Some well-known tutorials average over padding, too. Then the loss depends on which sentences share a batch.

# %% tags=["exercise"] exercise="masked-loss" points=4 forbids="ignore_index" varies="PADDING: 1 2 3 4 5 6"
PADDING = 3


def masked_loss(logits, target):
    raise NotImplementedError


# %%
checks.check_masked_loss(masked_loss, PADDING)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="masked-loss" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def masked_loss(logits, target):
    log_p = logits.log_softmax(dim=-1).gather(-1, target[..., None])[..., 0]
    m = (target != PADDING).to(log_p.dtype)
    return -(m * log_p).sum() / m.sum()


checks.check_masked_loss(masked_loss, PADDING)

# %% [markdown]
# ### Exercise 3: the alignment error rate
#
# ★☆☆, 15 minutes. Write (9) for three tables of the same shape, whose entries are True or False: the links
# `found` are $A$, the `possible` ones are $P$, and the `sure` ones are $S$. Return a number from 0 to 1.


# %% tags=["exercise"] exercise="error-rate" points=4
def error_rate(found, possible, sure):
    raise NotImplementedError


# %%
checks.check_error_rate(error_rate)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="error-rate" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def error_rate(found, possible, sure):
    right = (found & sure).sum() + (found & possible).sum()
    return 1 - float(right / (found.sum() + sure.sum()))


checks.check_error_rate(error_rate)

# %% [markdown]
# ### Exercise 4: a step of beam search
#
# ★★★, 25 minutes. `log_p` (beams,) holds the log probabilities of the beginnings, and `following` (beams,
# words) those of each next word. Where `done` (beams,) is True, the beginning has ended: it can only be
# continued by padding (word 0), at no cost. Return the best continuations, as many as there are beams, as
# three tensors (beams,), best first: their log probabilities, which beginning each continues, and its word.
#
# Of two beginnings with probabilities 0.6 and 0.4, the first has ended, and the second has a next word of
# probability 0.9. Then the best two are 0.6 (the first, padding) and 0.36 (the second, that word).
# `torch.topk` of the flattened table helps: its index is beginning · words + word.


# %% tags=["exercise"] exercise="beam-step" points=6
def beam_step(log_p, following, done):
    raise NotImplementedError


# %%
checks.check_beam_step(beam_step)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="beam-step" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def beam_step(log_p, following, done):
    only_padding = torch.full_like(following, -torch.inf)
    only_padding[:, 0] = 0
    every = log_p[:, None] + torch.where(done[:, None], only_padding, following)
    best, index = every.flatten().topk(len(log_p))
    return best, index // following.shape[1], index % following.shape[1]


checks.check_beam_step(beam_step)

# %% [markdown]
# ## Summary
#
# - A recurrent network uses the same weights at every step. Its shape depends on where inputs go in and where
#   outputs come out.
# - As sentences grow, an encoder and a decoder with one context lose more words than with attention. The size
#   of the context is fixed, but what it must hold is not.
# - Attention scores every state of the encoder, turns the scores into weights and mixes a new context at each
#   step. All of this is differentiable, so nobody has to tell the network where to look.
# - Drawn as a table, the weights show a diagonal, and usually a crossing where the languages differ in order.
#   A straight diagonal alone finds many links, so compare with it.
# - The weights agree better with the true links for nouns and adjectives than for articles, whose form depends
#   on another word.
# - To the decoder, the encoder's states are a set.
#
# **Limits.** The language has a small grammar and a few hundred words, without ambiguity, metaphor or
# mistakes. Real translation needs millions of sentences, and cuts words into parts. We trained one size of
# network for a short time, and tuned neither kind separately. Exact match is stricter than readers are: a
# real sentence has several good translations. We changed two claims after a first look at the results. The
# first asked that fewer than 15% of the links be wrong, which three networks could not settle. The second
# judged articles together with auxiliaries. Today's translators are transformers, in which every position
# attends to other positions directly.
#
# ## Sources
#
# - Bahdanau, Cho, Bengio (2015). Neural machine translation by jointly learning to align and translate.
#   ICLR. [arXiv:1409.0473](https://arxiv.org/abs/1409.0473)
# - Bengio, Simard, Frasconi (1994). Learning long-term dependencies with gradient descent is difficult. IEEE
#   Transactions on Neural Networks 5.
# - Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
#   translation. EMNLP. [arXiv:1406.1078](https://arxiv.org/abs/1406.1078)
# - Elman (1990). Finding structure in time. Cognitive Science 14.
# - Hochreiter (1991). Untersuchungen zu dynamischen neuronalen Netzen. Diploma thesis, Technische Universität
#   München.
# - Hochreiter, Schmidhuber (1997). Long short-term memory. Neural Computation 9.
# - Jain, Wallace (2019). Attention is not explanation. NAACL.
#   [arXiv:1902.10186](https://arxiv.org/abs/1902.10186)
# - Karpathy (2015). The unreasonable effectiveness of recurrent neural networks.
#   [karpathy.github.io](https://karpathy.github.io/2015/05/21/rnn-effectiveness/)
# - Och, Ney (2003). A systematic comparison of various statistical alignment models. Computational
#   Linguistics 29.
# - Pascanu, Mikolov, Bengio (2013). On the difficulty of training recurrent neural networks. ICML.
#   [arXiv:1211.5063](https://arxiv.org/abs/1211.5063)
# - Sutskever, Vinyals, Le (2014). Sequence to sequence learning with neural networks. NIPS.
#   [arXiv:1409.3215](https://arxiv.org/abs/1409.3215)
# - Wiegreffe, Pinter (2019). Attention is not not explanation. EMNLP.
#   [arXiv:1908.04626](https://arxiv.org/abs/1908.04626)
# - Williams, Zipser (1989). A learning algorithm for continually running fully recurrent neural networks.
#   Neural Computation 1.
# - Xu et al. (2015). Show, attend and tell: neural image caption generation with visual attention. ICML.
#   [arXiv:1502.03044](https://arxiv.org/abs/1502.03044)
# - Dates: Unicode CLDR, through [Babel](https://babel.pocoo.org)
