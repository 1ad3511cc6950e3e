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
# # Your own runs: from a CSV to a figure in a paper
#
# A table with one row a run is all that is needed. Here one is written first, of invented losses, so that the notebook runs
# anywhere; put the path of your own in its place. Logs of Weights & Biases, TensorBoard or transformers' Trainer become such a
# table with [`scalelaw import`](../docs/how-to/import-runs.md).

# %%
import importlib.util
import os
import tempfile
from pathlib import Path

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet scalelaw")
Path("../figures").mkdir(exist_ok=True)

import scalelaw as sl

draws = 100 if os.environ.get("SCALELAW_FAST") else 1000
mine = Path(tempfile.mkdtemp()) / "mine.csv"
mine.write_text("""\
model_size,tokens,val_loss,seed
20M,400M,4.135,0
20M,1.6B,3.841,0
20M,6.4B,3.681,0
50M,1B,3.700,0
50M,4B,3.478,0
50M,4B,3.474,1
50M,16B,3.360,0
120M,2.4B,3.372,0
120M,9.6B,3.203,0
120M,38B,3.116,0
300M,6B,3.085,0
300M,24B,2.960,0
""")
runs = sl.read(mine)
runs

# %% [markdown]
# Names were understood (`model_size` is `N`, `val_loss` is `loss`), and so were quantities. A column that could mean two
# things is refused by name, and `columns={"N": "my_column"}` says which ([`sl.read`](../docs/reference/runs.md)).
#
# ## Fit

# %%
fit = sl.fit("chinchilla", runs, bootstrap=draws, rng=0)
print(fit.report())

# %% [markdown]
# The lines under *Convergence* are the evidence that this is the global minimum; *Notes* say what to be careful with
# ([`sl.fit`](../docs/reference/fit.md)).
#
# ## Check
#
# What the table can tell and what it cannot, which runs decide the answer, and which further run would help most
# ([`sl.diagnose`](../docs/reference/analysis.md)):

# %%
print(sl.diagnose(fit).report())

# %%
sl.compare(["chinchilla", "kaplan", "coupled"], runs)[["law", "free", "objective", "r2", "loo"]]

# %% [markdown]
# `loo` is the mean error on runs left out, in per cent.
#
# ## Use

# %%
fit.predict({"N": ["1B", "1B"], "D": ["20B", "100B"]}, interval=0.95)

# %%
sl.allocate(fit, C=["1e20", "1e21"])[["C", "N", "N_low", "N_high", "D", "tokens_per_parameter", "loss"]]

# %% [markdown]
# Both budgets lie beyond the runs, and the intervals of $N$, a factor of 4 and of 9 wide, say how little twelve runs know there.
#
# ## The figure and the table
#
# `style("icml")` sets the width of a column, fonts and sizes; also `neurips`, `iclr`, `jmlr`
# ([`sl.plot`](../docs/reference/plot.md), [export for ICML](../docs/how-to/export-for-icml.md)).

# %%
with sl.plot.style("icml"):
    ax = sl.plot.curves(fit, x="N", by="D", values=["2B", "8B", "32B"], annotate=False)
    sl.plot.save(ax, "../figures/notebook-06-own-runs")

# %%
print(fit.to_latex())

# %% [markdown]
# `sl.checklist(fit)` fills in what a paper should say of a fit, and marks what is missing.

# %%
print(sl.checklist(fit).to_markdown())
