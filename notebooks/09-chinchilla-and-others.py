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

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet scalelaw")


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
# The values of Hoffmann et al. were fitted to more than 400 runs, of which these are a part, and Besiroglu et al. found that their
# intervals cannot be right. Here the published $B$ and $\beta$ lie outside of the intervals of the refit:

# %%
published = sl.datasets.published("chinchilla")[0].params
summary = fit.summary()
for name, value in published.items():
    inside = summary.loc[name, "low"] <= value <= summary.loc[name, "high"]
    print(
        f"{name:5} published {value:7.4g}, refitted {summary.loc[name, 'value']:7.4g}: {'inside' if inside else 'outside of'} the interval"
    )

# %% [markdown]
# ## Tokens for each parameter
#
# What the law says of a budget, with an interval, for the budget that Chinchilla had and for larger ones:

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
# IsoFLOP profiles need no law, only runs at equal budgets:

# %%
sl.approaches(sl.load("chinchilla"))[["approach", "a", "b", "remark"]]

# %%
with sl.plot.style("icml"):
    ax = sl.plot.isoflop(sl.load("chinchilla"))
    sl.plot.save(ax, "../figures/notebook-09-isoflop")

# %% [markdown]
# ## One law, three corpora
#
# Gadre et al. 2024 trained the same models on three corpora. Are the exponents the same, with the floor of each corpus its
# own? `fit_groups` shares what is asked for, and tests the sharing.

# %%
gadre = sl.load("gadre")
together = sl.fit_groups("chinchilla", gadre, by="dataset", shared=["alpha", "beta"])
print(together.report())
