"""The tables of runs/README.md and their figure, from the runs beside this file: python runs/report.py."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

import scalelaw as sl
from scalelaw.analysis import paired_differences
from scalelaw.plot.axes import label, scale, scale_loss
from scalelaw.plot.style import series

HERE = Path(__file__).parent
CONVENTIONS = {"N": {}, "N_backbone": {"N": "N_backbone"}}
PAPER_K = 0.39  # on code
FEW = 3  # pairs


def main(folder: Path = HERE) -> None:
    runs = {path.parent.name: sl.read(path) for path in sorted(folder.glob("*/runs.parquet"))}
    for name in ("code", "prose"):
        if name in runs:
            say(f"{name}: held-out loss, nats per byte", losses(runs[name]))
            say("difference to P = 1 of the same backbone and seed", paired_differences(runs[name]))
            say("the same by backbone", paired_differences(runs[name], by=["N_backbone"]))
            say("parscale, 95 % intervals of 2,000 resamples", fitted(runs[name]))
    grid, plain = runs["code"], pd.concat([runs["code"].query("P == 1"), runs["code-wider"]])
    say("code: P = 1 with prefix slots, difference to P = 1 without", slots(grid, runs["code-slots"]))
    say("code: difference to P = 1 with prefix slots", to_slots(grid, runs["code-slots"]))
    say("code: runs of equal FLOPs", longer(grid, runs["code-longer"]))
    compared = against(grid, plain, runs["code-longer"])
    for what, frame in compared.items():
        say(f"code: difference to P = 1, same {what}", frame)
    sl.plot.save(figure(grid, plain, compared), folder / "streams")


def say(title: str, frame: pd.DataFrame) -> None:
    lines = [frame.columns, ["---"] * len(frame.columns), *frame.itertuples(index=False)]
    table = "\n".join(f"| {' | '.join(map(shown, line))} |" for line in lines)
    sys.stdout.write(f"\n{title}\n\n{table}\n")


def shown(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "-" if np.isnan(value) else f"{value:.4g}" if abs(value) > 100 else f"{value:.4f}"


def losses(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a backbone and seed, a column for each P."""
    wide = runs.pivot_table(index=["N_backbone", "seed"], columns="P", values="loss")
    wide.columns = [f"P = {P}" for P in wide.columns]
    return wide.reset_index()


def fitted(runs: pd.DataFrame) -> pd.DataFrame:
    """k of the law, under both ways to count N."""
    rows = []
    for name, columns in CONVENTIONS.items():
        fit = sl.fit(sl.laws.parscale, sl.check(runs, columns=columns), bootstrap=2000, rng=0)
        low, high = fit.interval("k")
        rows.append({"N counts": name, "k": fit.params["k"], "low": low, "high": high, "R2": fit.r2})
    return pd.DataFrame(rows)


def slots(runs: pd.DataFrame, with_slots: pd.DataFrame) -> pd.DataFrame:
    both = pd.concat([runs.query("P == 1").assign(slots=0), with_slots.assign(slots=with_slots["prefix_tokens"])])
    return paired_differences(both, across="slots", base=0)


def to_slots(runs: pd.DataFrame, with_slots: pd.DataFrame) -> pd.DataFrame:
    return paired_differences(pd.concat([runs.query("P > 1"), with_slots]), alike=["N_backbone", "seed"])


def longer(runs: pd.DataFrame, plain: pd.DataFrame) -> pd.DataFrame:
    """Each run with P streams beside the P = 1 run of its backbone and seed whose FLOPs are nearest."""
    parts = []
    for run in runs.query("P > 1").itertuples():
        alike = plain.query("N_backbone == @run.N_backbone and seed == @run.seed")
        if len(alike):
            partner = alike.iloc[int(np.argmin(np.abs(np.log(alike["C"] / run.C))))]
            of_one = {"C of P = 1": partner["C"], "loss of P = 1": partner["loss"]}
            of_run = {"N_backbone": run.N_backbone, "seed": run.seed, "P": run.P, "C": run.C, "loss": run.loss}
            parts.append({**of_run, **of_one, "difference": run.loss - partner["loss"]})
    return pd.DataFrame(parts)


def against(grid: pd.DataFrame, plain: pd.DataFrame, trained_longer: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What P streams change against P = 1 models that have as many parameters, in one of two counts, or FLOPs."""
    return {
        "backbone": paired_differences(grid),
        "N": at_equal_N(grid.query("P > 1"), plain),
        "FLOPs": at_equal_C(longer(grid, trained_longer)),
    }


def at_equal_N(runs: pd.DataFrame, plain: pd.DataFrame) -> pd.DataFrame:
    """Difference of ``runs`` to a power law that was fitted to the P = 1 runs of the same seed, at their N."""
    parts = []
    for seed, of_seed in runs.groupby("seed"):  # noqa: B007 (the query reads it)
        fit = sl.fit(sl.laws.power_n, plain.query("seed == @seed"))
        parts += [of_seed, of_seed.assign(P=1, loss=fit.predict(of_seed[["N"]])["loss"].to_numpy())]
    return paired_differences(pd.concat(parts), alike=["run"])


def at_equal_C(pairs: pd.DataFrame) -> pd.DataFrame:
    key = pairs["N_backbone"].astype(str) + pairs["seed"].astype(str) + pairs["P"].astype(str)
    both = pairs.assign(pair=key)
    return paired_differences(pd.concat([both, both.assign(P=1, loss=both["loss of P = 1"])]), alike=["pair"])


def figure(grid: pd.DataFrame, plain: pd.DataFrame, compared: dict[str, pd.DataFrame]) -> Figure:
    """Losses over N with the law of P = 1, and what streams change against three kinds of P = 1 models."""
    with sl.plot.style("paper", columns=2):
        drawn = Figure(figsize=(7.0, 2.7))
        left, right = drawn.subplots(1, 2)
        law = sl.fit(sl.laws.power_n, plain)
        draw_losses(left, grid, plain, law)
        draw_differences(right, compared, expected(grid, law))
    return drawn


def draw_losses(ax: Axes, grid: pd.DataFrame, plain: pd.DataFrame, law: sl.Fit) -> None:
    sizes = np.geomspace(grid["N"].min() * 0.93, grid["N"].max() * 1.2, 100)
    ax.plot(sizes, law.predict({"N": sizes})["loss"], color=series(0)["color"], lw=1)
    for place, (P, runs) in enumerate([(1, plain), *grid.query("P > 1").groupby("P")]):
        mark = {name: series(place)[name] for name in ("color", "marker")}
        ax.plot(runs["N"], runs["loss"], linestyle="none", label=f"$P$ = {P}", alpha=0.8, **mark)
    scale(ax, "x", "N")
    scale_loss(ax)
    ax.set(xlabel=label("N"), ylabel="Loss (nats per byte)")
    ax.legend()


def expected(grid: pd.DataFrame, law: sl.Fit) -> pd.DataFrame:
    """What the paper's k would change at the backbones of the grid, if the law of P = 1 is as fitted here."""
    backbones = grid["N_backbone"].unique()
    streams = np.geomspace(1, grid["P"].max(), 50)
    change = [
        (law.predict({"N": backbones * (PAPER_K * np.log(P) + 1)}) - law.predict({"N": backbones}))["loss"].mean()
        for P in streams
    ]
    return pd.DataFrame({"P": streams, "difference": change})


def draw_differences(ax: Axes, compared: dict[str, pd.DataFrame], of_paper: pd.DataFrame) -> None:
    ax.axhline(0, color="0.6", lw=0.6)
    ax.plot(of_paper["P"], of_paper["difference"], color="0.4", lw=1, ls=(0, (4, 3)))
    ax.annotate("the paper's $k$, same backbone", (3, of_paper["difference"].min()), ha="center", fontsize=7)
    for place, (what, frame) in enumerate(compared.items()):
        ends = np.abs(frame[["low", "high"]].to_numpy().T - frame["difference"].to_numpy())
        ends[:, frame["pairs"] < FEW] = np.nan  # Student's interval of two pairs says hardly anything
        mark = {name: series(place)[name] for name in ("color", "marker")}
        beside = frame["P"] * 1.07 ** (place - 1)
        ax.errorbar(beside, frame["difference"], ends, ls="none", capsize=2, lw=1, label=f"same {what}", **mark)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator([1, 2, 4, 8]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.set(xlabel=label("P"), ylabel="Loss minus that of $P$ = 1")
    ax.legend(loc="upper left")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
