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
# # How sure are we?
#
# Four questions that a table of 24 runs can be asked: how wide the intervals are, whether the law predicts runs that it has
# not seen, whether another law does so better, and how much of the answer is a choice of whoever fits.

# %%
import importlib.util
import os
from pathlib import Path

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet scalelaw")
Path("../figures").mkdir(exist_ok=True)

import pandas as pd

import scalelaw as sl

draws = 100 if os.environ.get("SCALELAW_FAST") else 1000
runs = sl.load("parscale-pile")
fit = sl.fit("parscale", runs, bootstrap=draws, rng=0)

# %% [markdown]
# ## Intervals, six ways
#
# Bootstrap intervals refit resampled runs; `profile` holds a number and refits the rest; the sandwiches come from curvature.
# They differ by a factor of two on 24 runs; which one holds the truth as often as it says can be
# [measured](../docs/explanation/uncertainty.md), and `bc` is the default for that reason
# ([`sl.interval_of`](../docs/reference/fit.md)).

# %%
kinds = ("bc", "percentile", "normal", "profile", "sandwich", "robust")
quantities = ("k", "multiplier at N=1.6B,P=8", "loss at N=4.4B,P=16")
pd.DataFrame(
    {
        of: {kind: f"{(got := sl.interval_of(fit, of, kind=kind)).low:.4g} to {got.high:.4g}" for kind in kinds}
        for of in quantities
    }
)

# %%
with sl.plot.style("icml"):
    ax = sl.plot.profile(fit, "k")
    sl.plot.save(ax, "../figures/notebook-03-profile")

# %% [markdown]
# Straight lines would be a parabola: the normal approximation is fair for $k$. `fit.report()` says which parameters
# trade off; here $E$, $A$ and $\alpha$ do, so none of the three should be compared with another paper's alone.
#
# ## Runs that were held out
#
# Leave out the runs with most streams, or of the largest size, fit the rest, and predict them. `behind` is the distance to the
# best law in per cent, `low` and `high` the interval of the error over resampled runs, and `wins` the share of resamples in which
# the law is the best ([`sl.tournament`, `sl.duel`](../docs/reference/fit.md)).

# %%
refits = 20 if os.environ.get("SCALELAW_FAST") else 200
rivals = ["parscale", "additive_streams", "power_streams", "parscale_ensemble"]
league = sl.tournament(rivals, runs, holdouts=["P", "N"], refits=refits)
league[["holdout", "law", "free", "predictions", "error", "low", "high", "behind", "wins"]].round(3)

# %%
with sl.plot.style("icml"):
    ax = sl.plot.tournament(league)
    sl.plot.save(ax, "../figures/notebook-03-tournament")

# %% [markdown]
# `additive_streams`, by which streams lower the loss by the same amount at every size, errs least, on 6 and 4 predictions. Is
# that settled?

# %%
duel = sl.duel("parscale", "additive_streams", runs, holdouts=["P", "N"], refits=5 * refits)
for holdout, verdict in zip(duel["holdout"], duel["verdict"]):
    print(f"{holdout}: {verdict}")

# %% [markdown]
# ## Choices
#
# The same number under other thresholds, losses, resamplings and selections of runs
# ([`sl.sensitivity`](../docs/reference/analysis.md)):

# %%
choices = sl.sensitivity(fit, of="multiplier at N=1.6B,P=8")
with sl.plot.style("icml"):
    ax = sl.plot.sensitivity(choices)
    sl.plot.save(ax, "../figures/notebook-03-sensitivity")

# %%
base = choices["value"].iloc[0]
print(f"{base:.3f}; under other choices {choices['value'].min():.3f} to {choices['value'].max():.3f}")

# %% [markdown]
# Thresholds and losses hardly matter. Which sizes are fitted does: without the three smallest the multiplier is beyond
# the grey interval. Streams are worth more in larger models of this table than in smaller ones, which equation 5, with its
# one $k$, cannot say, and an interval under equation 5 does not know.
