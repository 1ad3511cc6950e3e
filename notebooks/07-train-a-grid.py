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
# # Train a grid yourself
#
# Two grids of small ParScale models: one that was trained for this repository (32 runs, `runs/code`), and a quick one that
# is trained here, in a minute or so, to see how. The paper's smallest model is 5,000 times larger than the largest of these.

# %%
import importlib.util
import os
import tempfile
from pathlib import Path

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet 'scalelaw[train]'")
Path("../figures").mkdir(exist_ok=True)

import pandas as pd

import scalelaw as sl
from scalelaw import harness

draws = 100 if os.environ.get("SCALELAW_FAST") else 1000
fast = bool(os.environ.get("SCALELAW_FAST"))

# %% [markdown]
# ## The shipped grid
#
# Bytes of Python source, 4 layers, four widths, $P = 1, 2, 4, 8$, two seeds, 5 million tokens each. `N_backbone` counts what a
# model has without streams; prefixes and aggregator come on top in `N`.

# %%
runs = sl.read("../runs/code")
runs.pivot_table(index=["N_backbone", "seed"], columns="P", values="loss").round(4)

# %% [markdown]
# All cells of a seed begin with the same backbone and see the same text in the same order, so differences are paired: loss with
# $P$ streams minus the loss without, of the same backbone and seed.

# %%
losses = runs.set_index(["N_backbone", "seed", "P"])["loss"].unstack()
gain = losses.sub(losses[1], axis=0).drop(columns=1)
pd.DataFrame({"mean": gain.mean(), "standard error": gain.sem(), "pairs": gain.count()}).round(4)

# %% [markdown]
# Streams lower the loss by about 0.01, which is 2.6 and 4.6 standard errors for $P = 2$ and 8 and less than one for $P = 4$,
# and it does not grow with $\ln P$. At equal *total* parameters nothing is left, as prefixes and aggregator add 3 to 41 % to
# models this small ([`runs/`](../runs/README.md) has the controls, longer runs and prose):

# %%
for counted in ("N_backbone", "N"):
    fit = sl.fit("parscale", sl.check(runs, columns={"N": counted}), bootstrap=draws, rng=0)
    k = sl.interval_of(fit, "k")
    print(f"N is {counted}: k = {k.value:.3f}, {k.low:.3f} to {k.high:.3f}; the paper's are 0.39 and 0.33")

# %%
with sl.plot.style("icml"):
    ax = sl.plot.curves(fit, annotate=False)
    sl.plot.save(ax, "../figures/notebook-07-grid")

# %% [markdown]
# ## A quick one
#
# The text is the source of this package. A sweep is a folder: stop it, and the same call goes on
# ([`harness.sweep`](../docs/reference/harness.md)).

# %%
folder = Path(tempfile.mkdtemp()) / "quick"
text = harness.corpus.prepare(f"text:{Path(sl.__file__).parent}")
cells = harness.sweep.grid(
    width=[8, 16],
    layers=2,
    heads=2,
    streams=[1, 2],
    tokens=10_000 if fast else 150_000,
    corpus=text,
    batch=4,
    context=64,
    rate=0.01,
    prefix_tokens=4,
    aggregation="linear",
)
outcome = harness.sweep.run(folder, cells)
quick = sl.read(folder)
quick[["N", "P", "D", "loss", "loss_se"]]

# %% [markdown]
# Four runs are no law: [`scalelaw sweep`](../docs/how-to/train-a-grid.md) with a grid of sizes, streams and seeds makes one, on
# [Slurm or Ray](../docs/how-to/slurm-and-ray.md) too. The learning curves are beside the weights:

# %%
curves = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("cells/*/log.parquet"))])
curves.pivot_table(index="D", columns=["N_backbone", "P"], values="loss").iloc[:: 2 if fast else 4].round(3)
