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
# # From loss to scores
#
# Tables 2, 3 and 4 of the paper, and what of the gain is explained by the lower loss. All scores below are *published*; fits
# and differences are computed here.

# %%
import importlib.util
import os
from pathlib import Path

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet scalelaw")
Path("../figures").mkdir(exist_ok=True)

import pandas as pd

import scalelaw as sl
from scalelaw.analysis.downstream import scored_runs

draws = 100 if os.environ.get("SCALELAW_FAST") else 1000
scores = sl.load("parscale-downstream")

# %% [markdown]
# ## Table 2: code, and Table 3: six tasks of lm-evaluation-harness

# %%
for number in (2, 3):
    part = scores[scores["table"] == number]
    print(f"Table {number}: {part['metric'].iloc[0]}, {part['dataset'].iloc[0]}")
    part = part.assign(size=part["model"].str.split().str[1])
    print(part.pivot(index="P", columns="size", values="value").to_string(), end="\n\n")

# %% [markdown]
# ## Table 4: 1.6B on 1T tokens, in two stages
#
# All of it, the models of others too, each with the tokens that it was trained on:

# %%
table = scores[scores["table"] == 4].assign(tokens=lambda rows: (rows["D"] / 1e12).map("{:.0f}T".format))
table.pivot(index="metric", columns=["model", "tokens"], values="value").loc[
    table["metric"].unique(), list(dict.fromkeys(zip(table["model"], table["tokens"])))
]

# %% [markdown]
# What 8 streams add to one, by group, computed from the tasks ([`sl.downstream_gains`](../docs/reference/analysis.md)):

# %%
gains = sl.downstream_gains()
averages = gains[(gains["table"] == 4) & (gains["metric"] == "average")]
averages[["group", "score_over", "score", "gain", "relative"]].round(3)

# %%
with sl.plot.style("icml", columns=2):
    ax = sl.plot.gains(gains)
    sl.plot.save(ax, "../figures/notebook-04-gains")

# %% [markdown]
# Mathematics and code gain more than general knowledge: +7.3, +4.3 and +2.6 points. The paper reads this as streams helping
# reasoning more than memory. The groups also differ in where they stand: a score near its ceiling or near chance has less to
# gain. So compare at equal loss.
#
# ## How much of it is the lower loss?
#
# Two steps, as the OLMo ladder does: a law of the loss, and a sigmoid of the score in the loss, with a shift for streams. What a
# model without streams of the same loss would gain is `through_loss`; the rest is `at_equal_loss`
# ([`sl.downstream`](../docs/reference/analysis.md)).

# %%
steps = {name: sl.downstream(scored_runs(name), bootstrap=draws) for name in ("parscale-stack", "parscale-pile")}
bought = pd.concat(
    {name: step.bought("1.6B", [2, 4, 8]) for name, step in steps.items()}, names=["runs", None]
).droplevel(1)
bought[["P", "gain", "through_loss", "at_equal_loss", "at_equal_loss_low", "at_equal_loss_high"]].round(2)

# %%
with sl.plot.style("icml"):
    ax = sl.plot.downstream(steps["parscale-stack"])
    sl.plot.save(ax, "../figures/notebook-04-loss-to-score")

# %% [markdown]
# Most of the gain on code goes through the loss, and something is left above it. On the six tasks of the Pile models nothing
# is: the interval of `at_equal_loss` holds 0. The shift is one number for all sizes, fitted to 24 averages of benchmarks,
# each run once.
