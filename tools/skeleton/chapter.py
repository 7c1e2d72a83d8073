# ---
# jupyter:
#   course:
#     builds_on: [PREVIOUS]
#     compute_minutes: 1
#     exercise_minutes: 15
#     memory_gb: 1
#     reading_minutes: 10
#     rows: [ROW]
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
# # TITLE
#
# Everything on this page is an example that runs: replace it part by part, and keep the order of the parts.
# The example asks how much surer you are after more measurements.
#
# After this chapter you can
#
# - say how the noise of a mean depends on the number of measurements;
# - measure that, and compare it with the formula.
#
# | word | meaning |
# |---|---|
# | seed | fixes the random numbers of a run |
# | variance | the mean squared distance from the mean |

# %% tags=["parameters"]
# budget: "quick", "standard" or "full"
budget, seed, device = None, 0, "auto"

# %%
import torch

from chapters.skeleton import checks, experiments, figures
from lib import plotting, runtime
from lib.widgets import Choice, Control, FrameExplorer, Prediction

run = runtime.start(budget, seed=seed, device=device)
plotting.use_style()
print(f"This run: {run}")

# %% [markdown]
# ## A prediction
#
# Commit yourself before you read on: what surprises you, you will remember.

# %% tags=["remove-input"]
Prediction(
    "You average 4 measurements instead of 1. By which factor does the noise of the result shrink?",
    [
        Choice("2", "The variance shrinks by 4, and the noise is its square root.", correct=True),
        Choice("4", "That is the factor of the variance. The noise is its square root."),
        Choice("It depends on the measurements", "Not while they are independent of each other."),
    ],
)

# %% [markdown]
# ## How fast noise averages out
#
# The mean of $n$ independent measurements $x_1, \ldots, x_n$, each with standard deviation $\sigma$, is
#
# $$
# \bar x = \frac{1}{n} \sum_{i=1}^{n} x_i ,
# \qquad \text{with standard deviation} \quad \frac{\sigma}{\sqrt n} .
# \tag{1}
# $$
#
# | symbol | meaning | shape |
# |---|---|---|
# | $x$ | measurements | $(n)$ |
# | $n$ | how many there are | a number |
# | $\sigma$ | the standard deviation of one of them | a number |
#
# In code, (1) is one line, in the same symbols:


# %%
def noise_of_mean(sigma, n):
    return sigma / n**0.5


# %% tags=["nbval-check-output"]
for n in (1, 4, 16):
    print(f"{n} measurements: noise {noise_of_mean(1.0, n):.2f}")

# %% [markdown]
# A check against torch: the variance of a sum of independent numbers is the sum of their variances.

# %% tags=["nbval-check-output"]
draws = torch.randn(20_000, 16, generator=run.generator("check"))
measured = draws.mean(dim=1).std().item()
print("The formula and torch agree:", abs(measured - noise_of_mean(1.0, 16)) < 0.02)

# %% [markdown]
# ## The experiment
#
# One thing changes, the number of measurements. Many means are drawn for each number, with several seeds.

# %%
averaging = experiments.averaging(run)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Line chart on logarithmic axes. The measured noise of a mean falls with the number of measurements along a straight line of slope minus one half, which is the formula."}}
fig = figures.noise_figure(averaging)
fig

# %% [markdown]
# The measured noise lies on the line of (1). Was your prediction right? Here is the claim, with its evidence:

# %% tags=["remove-input"]
experiments.averaging.cards(averaging, run)["CLAIM"]

# %% [markdown]
# ## Explore
#
# How many measurements does it take until two means of different things look different?

# %% tags=["hide-input"]
FrameExplorer(
    lambda n, distance: figures.two_means_figure(n, distance),
    alt=lambda n, distance: (
        f"Two bell curves whose centers are {distance:g} standard deviations of one measurement apart, "
        f"each for the mean of {n} measurements."
    ),
    title="How many measurements tell these two apart?",
    n=Control([1, 4, 16, 64], label="Measurements"),
    distance=Control([0.5, 1.0], label="Distance"),
    start={"n": 1, "distance": 1.0},
    play="n",
)

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: the mean
#
# ★☆☆, 5 minutes. Write the mean of a one-dimensional tensor without `mean`.


# %% tags=["exercise"] exercise="average" points=2
def average(x):
    raise NotImplementedError


# %%
checks.check_average(average)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="average" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def average(x):
    return x.sum() / len(x)


checks.check_average(average)

# %% [markdown]
# ### Exercise 2: the standard deviation
#
# ★☆☆, 5 minutes. Write the standard deviation that divides by $n - 1$, without `std` and `var`.


# %% tags=["exercise"] exercise="deviation" points=3
def deviation(x):
    raise NotImplementedError


# %%
checks.check_deviation(deviation)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="deviation" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def deviation(x):
    squares = (x - x.sum() / len(x)) ** 2
    return (squares.sum() / (len(x) - 1)).sqrt()


checks.check_deviation(deviation)

# %% [markdown]
# ### Exercise 3: how many measurements?
#
# ★★☆, 5 minutes. One measurement has the noise $\sigma$. Return the smallest $n$ whose mean has at most the
# noise that is wanted.


# %% tags=["exercise"] exercise="enough" points=5
def enough(sigma, wanted):
    raise NotImplementedError


# %%
checks.check_enough(enough)


# %% tags=["exercise-solution", "hide-cell", "nbval-check-output"] exercise="enough" mystnb={"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
def enough(sigma, wanted):
    n = 1
    while sigma**2 > wanted**2 * n:
        n += 1
    return n


checks.check_enough(enough)

# %% [markdown]
# ## Summary
#
# - The noise of a mean falls with the square root of the number of measurements.
# - Four times as many measurements halve it.
#
# **Limits.** Measurements that depend on each other average out more slowly. How to compute variances without
# losing digits is another question (Chan et al., 1983).
#
# ## Sources
#
# - Chan, Golub, LeVeque (1983). Algorithms for computing the sample variance. The American Statistician 37.
