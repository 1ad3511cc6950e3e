"""The tables and the figure of runs/README.md, from the runs beside this file: python runs/report.py."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import scalelaw as sl
from scalelaw.analysis import paired_differences

HERE = Path(__file__).parent
CONVENTIONS = {"N": {}, "N_backbone": {"N": "N_backbone"}}


def main(folder: Path = HERE) -> None:
    runs = {path.parent.name: sl.read(path) for path in sorted(folder.glob("*/runs.parquet"))}
    grids = [name for name in ("code", "prose") if name in runs]
    for name in grids:
        say(f"{name}: held-out loss, nats per byte", losses(runs[name]))
        say(f"{name}: difference to P = 1 of the same backbone and seed", paired_differences(runs[name]))
        say("the same by backbone", paired_differences(runs[name], by=["N_backbone"]))
        say("parscale, 95 % intervals of 2,000 resamples", fitted(runs[name]))
    if {"code", "code-wider"} <= runs.keys():
        plain = pd.concat([runs["code"].query("P == 1"), runs["code-wider"]])
        say("code: difference to a P = 1 model of equal N", at_equal(runs["code"].query("P > 1"), plain, "N"))
    if {"code", "code-slots"} <= runs.keys():
        say("code: P = 1 with prefix slots, difference to P = 1 without", slots(runs["code"], runs["code-slots"]))
    if {"code", "code-longer"} <= runs.keys():
        say("code: difference to a P = 1 run of equal FLOPs", longer(runs["code"], runs["code-longer"]))


def say(title: str, frame: pd.DataFrame) -> None:
    lines = [frame.columns, ["---"] * len(frame.columns), *frame.itertuples(index=False)]
    table = "\n".join(f"| {' | '.join(map(shown, line))} |" for line in lines)
    sys.stdout.write(f"\n{title}\n\n{table}\n")


def shown(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "-" if np.isnan(value) else f"{value:.4g}" if abs(value) > 100 else f"{value:.4f}"


def losses(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a backbone, a column for each P and seed."""
    wide = runs.pivot_table(index="N_backbone", columns=["P", "seed"], values="loss")
    wide.columns = [f"P = {P}, seed {seed}" for P, seed in wide.columns]
    return wide.reset_index()


def fitted(runs: pd.DataFrame) -> pd.DataFrame:
    """k under both ways to count, with what it says of two streams."""
    rows = []
    for name, columns in CONVENTIONS.items():
        fit = sl.fit(sl.laws.parscale, sl.check(runs, columns=columns), bootstrap=2000, rng=0)
        low, high = fit.interval("k")
        rows.append({"N counts": name, "k": fit.params["k"], "low": low, "high": high, "R2": fit.r2})
    return pd.DataFrame(rows)


def at_equal(runs: pd.DataFrame, plain: pd.DataFrame, column: str) -> pd.DataFrame:
    """Difference of ``runs`` to a law of one column that was fitted to the P = 1 runs of the same seed."""
    parts = []
    for seed, of_seed in runs.groupby("seed"):  # noqa: B007 (the query reads it)
        fit = sl.fit(sl.laws.power_n, plain.query("seed == @seed"))
        parts += [of_seed, of_seed.assign(P=1, loss=fit.predict(of_seed[[column]])["loss"].to_numpy())]
    return paired_differences(pd.concat(parts), alike=["run"])


def slots(runs: pd.DataFrame, with_slots: pd.DataFrame) -> pd.DataFrame:
    both = pd.concat([runs.query("P == 1").assign(slots=0), with_slots.assign(slots=with_slots["prefix_tokens"])])
    return paired_differences(both, across="slots", base=0)


def longer(runs: pd.DataFrame, plain: pd.DataFrame) -> pd.DataFrame:
    """Each run with P streams beside the P = 1 run of its backbone and seed whose FLOPs are nearest."""
    parts = []
    for _, run in runs.query("P > 1").iterrows():
        alike = plain.query("N_backbone == @run.N_backbone and seed == @run.seed")
        if len(alike):
            partner = alike.iloc[int(np.argmin(np.abs(np.log(alike["C"] / run["C"]))))]
            parts.append(
                {
                    "P": run["P"],
                    "C": run["C"],
                    "C of P = 1": partner["C"],
                    "loss": run["loss"],
                    "loss of P = 1": partner["loss"],
                    "difference": run["loss"] - partner["loss"],
                }
            )
    return pd.DataFrame(parts)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
