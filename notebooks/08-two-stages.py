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
# # Two stages, and streams on a model that is trained already
#
# Training with $P$ streams costs about $P$ times as much. So the paper trains most tokens with one stream and puts streams on
# for the last few per cent (Figure 5), or puts them on a model that somebody else has trained (Figure 6). Both stories on
# models small enough for a laptop: what is shown is how it goes, not how much it gives.

# %%
import importlib.util
import os
import tempfile
from pathlib import Path

if importlib.util.find_spec("scalelaw") is None:  # on Colab, say
    get_ipython().run_line_magic("pip", "install --quiet 'scalelaw[train,pretrained]'")
Path("../figures").mkdir(exist_ok=True)

import matplotlib.pyplot as plt
import pandas as pd

import scalelaw as sl
from scalelaw import harness

fast = bool(os.environ.get("SCALELAW_FAST"))

# %% [markdown]
# ## Two stages
#
# Stage one is ordinary training at a constant rate on 80 % of the tokens; stage two goes on with streams, the rate annealed.
# The control, $P = 1$, does the same without streams ([`harness.sweep`](../docs/reference/harness.md)).

# %%
folder = Path(tempfile.mkdtemp()) / "two-stage"
text = harness.corpus.prepare(f"text:{Path(sl.__file__).parent}")
cells = harness.sweep.grid(
    width=16,
    layers=2,
    heads=2,
    streams=[1, 4],
    tokens=20_000 if fast else 200_000,
    corpus=text,
    two_stage=0.2,
    batch=4,
    context=64,
    rate=0.01,
    prefix_tokens=4,
    aggregation="linear",
    near_identity=True,
)
outcome = harness.sweep.run(folder, cells)
final = sl.read(folder)
final[["N", "P", "D", "loss", "loss_se"]]

# %%
parts = {cell: pd.read_parquet(folder / "cells" / cell.id / "log.parquet") for cell in cells}
with sl.plot.style("icml"):
    figure, ax = plt.subplots()
    for (cell, log), marker in zip(parts.items(), ".os"):
        label = f"stage two, P = {cell.streams.count}" if cell.start else "stage one, P = 1"
        ax.plot(log["D"] / 1000, log["loss"], marker=marker, fillstyle="none", label=label)
    ax.set(xlabel="Thousand tokens", ylabel="Held-out loss (nats per byte)")
    ax.legend()
    sl.plot.save(ax, "../figures/notebook-08-two-stages")

# %% [markdown]
# Both second stages fall as the rate is annealed, which is most of what is seen; the control is what tells the streams' part.
#
# ## Streams on a pre-trained model
#
# A model of transformers, trained first as anyone would, then frozen, and only prefixes and aggregator trained: the paper's
# parameter-efficient case ([`pretrained.add_streams`](../docs/reference/pretrained.md)). Put `AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-3B")` in its place.

# %%
import torch
import transformers

from scalelaw import pretrained

torch.manual_seed(0)
torch.set_num_threads(1)
source = b"".join(path.read_bytes() for path in sorted(Path(sl.__file__).parent.rglob("*.py")))
ids = torch.frombuffer(bytearray(source), dtype=torch.uint8).long()
rows = ids[: len(ids) // 128 * 128].view(-1, 128)
rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]
held_out, rows = rows[:64], rows[64:]
base = transformers.Qwen2ForCausalLM(
    transformers.Qwen2Config(
        vocab_size=256,
        hidden_size=32,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
)
optimiser = torch.optim.AdamW(base.parameters(), lr=3e-3)
for step in range(10 if fast else 300):
    loss = base(rows[8 * step : 8 * step + 8], labels=rows[8 * step : 8 * step + 8]).loss
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
with torch.no_grad():
    print(f"the base: {base.eval()(held_out, labels=held_out).loss:.4f} nats per byte")

# %%
history = []
for P in (1, 2, 4):
    torch.manual_seed(0)
    copy = transformers.Qwen2ForCausalLM(base.config)
    copy.load_state_dict(base.state_dict())
    model = pretrained.add_streams(copy, streams=P, prefix_tokens=8, sample=rows[:8]) if P > 1 else copy
    weights = pretrained.trainable(model, "streams") if P > 1 else list(model.model.norm.parameters())
    optimiser = torch.optim.AdamW(weights, lr=1e-2)
    for step in range(5 if fast else 120):
        batch = rows[8 * step + 4000 : 8 * step + 4008] if len(rows) > 5000 else rows[8 * step : 8 * step + 8]
        loss = model.train()(batch, labels=batch).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % (2 if fast else 20) == 0:
            with torch.no_grad():
                history.append({"P": P, "step": step, "loss": model.eval()(held_out, labels=held_out).loss.item()})
continued = pd.DataFrame(history).pivot(index="step", columns="P", values="loss")
continued.round(4)

# %%
with sl.plot.style("icml"):
    figure, ax = plt.subplots()
    for P, line in continued.items():
        ax.plot(line.index, line, marker=".", label=f"P = {P}" if P > 1 else "P = 1, last norm alone")
    ax.set(xlabel="Steps with a frozen base", ylabel="Held-out loss (nats per byte)")
    ax.legend()
    sl.plot.save(ax, "../figures/notebook-08-frozen-base")

# %% [markdown]
# Streams begin as the function that the base is, each with the keys and values of another text that fade in. $P = 1$ has none to train; as a control its last norm
# is trained alone. Look at the axis: all of them gain a hundredth of a nat or so, and which gains more changes with the
# text. On so small a base, after so few steps, nothing is to be said of how much streams gain.
# `scalelaw pretrained train MODEL --streams 1 --trainable all` is the control for a real model, and
# `model(ids, streams=[0, 1])` asks a set of four streams for its first two. What SmolLM2-135M gains is in
# [`runs/smollm2`](../runs/smollm2/README.md).
