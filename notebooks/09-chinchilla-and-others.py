# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chinchilla and the others, with the same tool
#
# Nothing here is about streams: the same fit, intervals and figures for the laws that budgets are made with. Values called
# *published* are the papers'.

# %%
import importlib.util
import os
from pathlib import Path

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet scalelaw")
Path("../figures").mkdir(exist_ok=True)

import pandas as pd

import scalelaw as sl

draws = 100 if os.environ.get("SCALELAW_FAST") else 500

# %% [markdown]
# ## Chinchilla: approach 3 again
#
# 234 models, read off Figure 4 of Hoffmann et al. 2022, and their law $L = E + A / N^{\alpha} + B / D^{\beta}$.

# %%
fit = sl.fit("chinchilla", sl.load("chinchilla"), bootstrap=draws, rng=0)
table = pd.DataFrame({each.reference: dict(each.params) for each in sl.datasets.published("chinchilla")})
table.join(fit.summary()[["value", "low", "high"]])

# %% [markdown]
# The first two columns are *published*, the others computed here ([`sl.fit`](../docs/reference/fit.md)). The values of Hoffmann et
# al. were fitted to more than 400 runs, of which these are a part; Besiroglu et al. read 245 points off the same figure with a
# reader of their own, fitted 240, and found that the published intervals cannot be right. Here the published $E$, $B$ and $\beta$
# lie outside of the intervals of the refit, and those of Besiroglu et al. inside:

# %%
summary = fit.summary()
inside = table.ge(summary["low"], axis=0) & table.le(summary["high"], axis=0)
inside.replace({True: "inside", False: "outside"})

# %% [markdown]
# ## Tokens for each parameter
#
# What the law says of a budget, with an interval, for the budget that Chinchilla had and for a larger one
# ([`sl.allocate`](../docs/reference/analysis.md)):

# %%
sl.allocate(fit, C=["5.76e23", "1e25"])[
    ["C", "N", "N_low", "N_high", "D", "tokens_per_parameter", "tokens_per_parameter_low", "tokens_per_parameter_high"]
]

# %%
with sl.plot.style("icml"):
    ax = sl.plot.allocation(fit, C=["1e18", "1e19", "1e20", "1e21", "1e22", "1e23", "1e24"])
    sl.plot.save(ax, "../figures/notebook-09-allocation")

# %% [markdown]
# ## Two other ways to the same exponents
#
# IsoFLOP profiles need no law, only runs at equal budgets; the envelope of learning curves, approach 1, needs the curves, which
# nobody has read off that figure. Loss-optimal $N \propto C^a$, $D \propto C^b$ ([`sl.approaches`](../docs/reference/analysis.md)),
# where the paper has 0.49 and 0.51 by approach 2 and 0.46 and 0.54 by approach 3 (*published*):

# %%
exponents = sl.approaches(sl.load("chinchilla"))
exponents[["approach", "a", "b"]].dropna()

# %%
with sl.plot.style("icml"):
    ax = sl.plot.isoflop(sl.load("chinchilla"))
    sl.plot.save(ax, "../figures/notebook-09-isoflop")

# %% [markdown]
# ## One law, three corpora
#
# Gadre et al. 2024 trained the same models on three corpora. Are the exponents the same, with the floor of each corpus its
# own? [`sl.fit_groups`](../docs/reference/fit.md) shares what is asked for, and tests the sharing.

# %%
gadre = sl.load("gadre")
together = sl.fit_groups("chinchilla", gadre, by="dataset", shared=["alpha", "beta"], bootstrap=draws, rng=0)
together.summary()[["parameter", "group", "shared", "value", "low", "high", "alone"]]

# %%
print(together.test(refits=20 if os.environ.get("SCALELAW_FAST") else 200)["verdict"].item())

# %% [markdown]
# `value` is of the fit together and `alone` of each corpus by itself: its exponents differ by less than the intervals are wide, and
# the test does not tell them apart. Floors are of different texts, so they say nothing of which corpus is the better one.
