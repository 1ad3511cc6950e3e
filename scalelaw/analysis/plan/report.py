"""A plan in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from scalelaw.cost.units import duration, size

if TYPE_CHECKING:
    from scalelaw.analysis.plan.choice import Plan

_SHOWN = 8


def report(plan: Plan) -> str:
    """The text of :meth:`Plan.report`."""
    parts = [_headline(plan), _costs(plan), *_notes(plan)]
    if plan.choices is not None:
        parts.append(f"Of the bootstrap draws, the best is {_shares(plan.choices)}.")
    parts += ["", "What each limit is worth:", _text(_readable_sensitivity(plan))]
    parts += ["", f"Models that no other beats in loss, memory and time ({len(plan.frontier)}; the best of them):"]
    parts.append(_text(_readable(plan.frontier.head(_SHOWN))))
    return "\n".join(parts)


def _headline(plan: Plan) -> str:
    best, shape, where = plan.best, plan.shape, plan.service
    streams = "1 stream" if best["P"] == 1 else f"{best['P']} streams"
    interval = f" ({best['low']:.4f} to {best['high']:.4f})" if "low" in best else ""
    return (
        f"{best['N']:,} parameters with {streams}: loss {best['loss']:.4f}{interval} nats per token\n"
        f"within {plan.limits.text()} on {where.machine.name}, batch {where.batch}, {where.input_tokens} tokens in and "
        f"{where.output_tokens} out, weights {where.weights}, cache {where.cache}\n"
        f"{shape.layers} layers, width {shape.width}, MLP {shape.ffn}, {shape.heads} heads, {shape.kv_heads} of keys"
    )


def _costs(plan: Plan) -> str:
    best = plan.best
    line = (
        f"It takes {size(best['memory'])}, {duration(best['per_token'])} a token and {duration(best['latency'])} a "
        f"request"
    )
    if "train_flops" in best:
        line += f"; training on {best['D']:.3g} tokens {best['train_flops']:.3g} FLOPs"
    if "lifetime_flops" in best:
        hours = f"{best['serving_seconds'] / 3600:,.0f} hours of one such machine"
        line += f"; with all it serves {best['lifetime_flops']:.3g} FLOPs and {hours}"
    return line + "."


def _shares(choices: pd.DataFrame) -> str:
    """By P, the share of draws and the parameters under them, the most frequent first."""
    found = []
    for row in choices.sort_values("share", ascending=False).to_dict("records"):
        least, most = row["N_least"], row["N_most"]
        sizes = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        found.append(f"P = {row['P']} in {row['share']:.0%} ({sizes} parameters)")
    return ", ".join(found)


def _notes(plan: Plan) -> list[str]:
    notes = []
    if plan.best["extrapolated"]:
        notes.append("Note: this model lies outside of the fitted runs, and the law is extrapolated there.")
    machine = plan.service.machine
    if plan.limits.memory > machine.memory:
        notes.append(f"Note: {machine.name} has {size(machine.memory)}, less than the limit of memory that was given.")
    if plan.best["P"] == plan.most_streams > 1:
        notes.append(f"Note: {plan.most_streams} streams are the most that were tried; more might be better still.")
    return notes


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    shown = frame[["N", "P", "loss"]].copy()
    shown["memory"] = frame["memory"].map(size)
    shown["a token"] = frame["per_token"].map(duration)
    shown["a request"] = frame["latency"].map(duration)
    return shown


def _readable_sensitivity(plan: Plan) -> pd.DataFrame:
    frame = plan.sensitivity
    write: dict[str, Callable[[float], str]] = {"memory": size, "per_token": duration, "latency": duration}
    write["train_flops"] = "{:.3g}".format
    shown = frame[["limit"]].copy()
    shown["value"] = [write[name](value) for name, value in zip(frame["limit"], frame["value"], strict=True)]
    shown["N"] = ["nothing fits" if pd.isna(each) else f"{each:,}" for each in frame["N"]]
    shown["P"] = ["" if pd.isna(each) else str(each) for each in frame["P"]]
    shown["change of loss"] = ["" if pd.isna(each) else f"{each:+.4f}" for each in frame["change"]]
    return shown


def _text(frame: pd.DataFrame) -> str:
    return str(frame.to_string(index=False, float_format=lambda value: f"{value:.4f}"))
