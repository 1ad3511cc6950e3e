"""Two stages against one, on a model of the harness's own: width 48, 5M tokens of Python, P = 1, 2, 4, two seeds.

    python runs/two_stage.py --jobs 2     # train what is missing, then the tables and the figure
    python runs/two_stage.py --dry-run    # what would be trained
    python runs/two_stage.py --report     # the tables and the figure from what there is

One stage: the runs of ``runs/code``, P streams from the first step. Two stages: one stream for 80 % of the same tokens
at a constant rate, then P streams for the rest, the rate annealed; everything trained or the streams alone, from random
prefixes or from near identity. P = 1 in two stages is the control: the same tokens in the same order, no streams. That
of streams alone is their base, the model that stage one ended with: its rate was never annealed.

Ctrl-C stops it, and the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import scalelaw as sl
from scalelaw.analysis import paired_differences

HERE = Path(__file__).resolve().parent
ONE_STAGE, TWO_STAGES = HERE / "code" / "runs.parquet", HERE / "code-two-stage"
SHARE, WIDTH, STREAMS = 0.2, 48, (2, 4)
SETTINGS: dict[str, Any] = {
    "width": WIDTH,
    "layers": 4,
    "heads": 2,
    "kv_heads": 1,
    "prefix_tokens": 8,
    "aggregation": "linear",
    "batch": 8,
    "context": 128,
    "rate": 8e-3,
    "prefix_rate": 1.0,
    "tokens": 5_000_000,
    "seeds": 2,
}
ONE, ANNEALED, BEGUN = "one stage", "two stages, random prefixes", "end of stage one"
WAYS = {
    (1, "all", False): ONE,
    (2, "all", False): ANNEALED,
    (2, "all", True): "two stages, near identity",
    (2, "streams", False): "streams alone, random prefixes",
    (2, "streams", True): "streams alone, near identity",
}


def control(way: str) -> str:
    """Where the P = 1 stands that a way is compared with; streams alone stand on a base that was never annealed."""
    return ONE if way == ONE else BEGUN if way.startswith("streams alone") else ANNEALED


def cells() -> Iterator[Any]:
    """Every cell of two stages; those of one seed share stage one."""
    from scalelaw.harness.corpus import prepare
    from scalelaw.harness.sweep import grid

    corpus = prepare("code")
    for trained in ("all", "streams"):
        for near in (False, True):
            streams = (1, *STREAMS) if trained == "all" and not near else STREAMS
            yield from grid(
                **SETTINGS, corpus=corpus, streams=streams, two_stage=SHARE, trained=trained, near_identity=near
            )


def runs(folder: Path) -> pd.DataFrame:
    """The runs of both, and what stage one ended with, by the ``way`` each was trained."""
    one = sl.read(ONE_STAGE).query("width == @WIDTH and P <= @STREAMS[-1]")
    both = pd.concat([one.assign(stage=1), sl.read(folder / "runs.parquet").assign(stage=2)], ignore_index=True)
    trained = both["trained"].where(both["P"] > 1, "all")
    near = both["near_identity"].astype("boolean").fillna(False)
    keys = zip(both["stage"], trained, near, strict=True)
    both = both.assign(way=[WAYS[int(stage), str(what), bool(begun)] for stage, what, begun in keys])
    rows = [json.loads(path.read_text()) for path in sorted(folder.glob("cells/*/row.json"))]
    begun = pd.DataFrame([row for row in rows if row["D"] < both["D"].min()]).assign(way=BEGUN)
    return pd.concat([both, begun], ignore_index=True)


def losses(both: pd.DataFrame) -> pd.DataFrame:
    """Held-out losses, a row a way and P, a column a seed."""
    table = both.pivot_table(index=["way", "P"], columns="seed", values="loss")
    table = table.reindex([BEGUN, *WAYS.values()], level="way")
    table.columns = [f"seed {seed}" for seed in table.columns]
    return table.assign(C=both.groupby(["way", "P"])["C"].mean()).reset_index()


def gains(both: pd.DataFrame) -> pd.DataFrame:
    """What streams change: loss minus that of the P = 1 of `control`, of the same seed."""
    parts = []
    for way in WAYS.values():
        base = both[(both["P"] == 1) & (both["way"] == control(way))]
        pairs = pd.concat([base, both[(both["P"] > 1) & (both["way"] == way)]])
        against = f"P = 1, {control(way).split(',')[0]}"
        parts.append(paired_differences(pairs, alike=["seed"]).assign(way=way, against=against))
    found = pd.concat(parts, ignore_index=True)
    return found[["way", "against", *(name for name in found.columns if name not in ("way", "against"))]]


def stages(both: pd.DataFrame) -> pd.DataFrame:
    """What two stages change where everything is trained: loss minus that of one stage, of the same P and seed."""
    whole = both[both["way"].map(control).isin((ONE, ANNEALED)) & (both["way"] != BEGUN)]
    frame = paired_differences(whole, across="way", base=ONE, alike=["P", "seed"], by=["P"])
    order = {way: place for place, way in enumerate(WAYS.values())}
    return frame.sort_values(["way", "P"], key=lambda column: column.map(order) if column.name == "way" else column)


def figure(both: pd.DataFrame, path: Path) -> None:
    """What streams change, by way: every seed a mark, the mean a line."""
    import matplotlib.pyplot as plt

    with sl.plot.style("icml"):
        fig, ax = plt.subplots(figsize=(3.25, 2.6))
        for place, way in enumerate(WAYS.values()):
            base = both[(both["P"] == 1) & (both["way"] == control(way))].set_index("seed")["loss"]
            own = both[(both["P"] > 1) & (both["way"] == way)]
            change = own["loss"].to_numpy() - base.loc[own["seed"]].to_numpy()
            at = own["P"] * 1.06 ** (place - 2)
            mean = pd.Series(change, index=at).groupby(level=0).mean()
            line = ax.plot(mean.index, mean, label=way, lw=1)[0]
            ax.plot(at, change, "o", ms=2.5, color=line.get_color())
        ax.axhline(0, lw=0.6, color="0.5")
        ax.set(xlabel="streams P", xscale="log", xticks=STREAMS, xticklabels=map(str, STREAMS), xlim=(1.6, 5))
        ax.minorticks_off()
        ax.set_ylabel("loss minus that of its P = 1\n(nats per byte)")
        ax.legend(fontsize=5.5)
        sl.plot.save(ax, path)
        plt.close(fig)


def show(title: str, frame: pd.DataFrame) -> None:
    """A table to standard output."""
    shown = frame.to_string(index=False, float_format=lambda x: f"{x:.3g}" if abs(x) > 100 else f"{x:.4f}")
    sys.stdout.write(f"\n{title}\n{shown}\n")


def report(folder: Path) -> None:
    """The tables and the figure."""
    both = runs(folder)
    show("held-out loss, nats per byte, and training FLOPs of both stages", losses(both))
    show("what streams change, same seed", gains(both))
    show("what two stages change: difference to one stage, same P and seed", stages(both))
    figure(both, folder.with_name("two-stage"))


def main() -> None:
    """Train what is missing, and report."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--dry-run", action="store_true")
    options.add_argument("--report", action="store_true")
    options.add_argument("--out", type=Path, default=TWO_STAGES, help="folder of the sweep")
    given = options.parse_args()

    from scalelaw.harness import sweep
    from scalelaw.harness.sweep import plan_text, planning

    unique = [] if given.report else list({cell.id: cell for cell in cells()}.values())
    if given.dry_run:
        rows = planning.rehearse(given.out, unique, progress=sys.stderr, jobs=given.jobs)
        sys.stdout.write(f"{plan_text.text(rows, given.jobs, 1, engine='local')}\n")
        return
    if unique:
        command = f"python runs/two_stage.py --jobs {given.jobs}"
        outcome = sweep.run(given.out, unique, jobs=given.jobs, progress=sys.stderr, command=command)
        if not outcome.complete:
            sys.exit(outcome.text)
    report(given.out)


if __name__ == "__main__":
    main()
