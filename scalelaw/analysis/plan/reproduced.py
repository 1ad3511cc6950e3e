"""The paper's cost claims in one report: its numbers, where they hold, and where they turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from scalelaw.analysis.plan.claims import PUBLISHED, cost_claims, turning_batch
from scalelaw.analysis.plan.ways import PAPERS

CORPORA = ("parscale-stack", "parscale-pile")
ELSEWHERE = ("a100", "h100", "rtx-4090", "apple-m2", "jetson-orin", "raspberry-pi-5")
LONG = 2048


@dataclass(frozen=True)
class CostsReproduced:
    """The paper's cost claims, computed again.

    Attributes
    ----------
    claims : DataFrame
        That of `cost_claims`: 1.6B with 8 streams, the paper's arithmetic, batch 1, 2, 4, 8 and their mean (batch 0),
        with the ``memory_paper`` and ``latency_paper`` that the paper reports.
    holds : DataFrame
        The ratios at batch 1 and 8 of other losses, streams, lengths, arithmetic and machines, with the batch from
        which parameters are the cheaper way (NA up to 256).
    """

    claims: pd.DataFrame
    holds: pd.DataFrame

    def report(self) -> str:
        """Both tables in words."""
        return _report(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"claims": self.claims.to_dict("records"), "holds": self.holds.to_dict("records")}


def reproduce_costs(*, progress: Callable[[str], object] | None = None) -> CostsReproduced:
    """Compute the paper's cost claims again, and where they hold and turn.

    Parameters
    ----------
    progress : callable, optional
        Told what is being computed.

    Source
    ------
    arXiv 2505.10475, abstract, Figures 1 and 4.

    Examples
    --------
    >>> found = reproduce_costs()
    >>> found.claims["latency_ratio"].round(2).tolist()
    [6.43, 3.25, 1.67, 0.88, 1.77]
    """
    claims = cost_claims()
    for place, name in enumerate(("memory", "latency")):
        claims[f"{name}_paper"] = [PUBLISHED.get(batch, (None, None))[place] for batch in claims["batch"]]
    rows = []
    for what, options in _others():
        if progress is not None:
            progress(what)
        rows.append({"what": what, **_row(options)})
    holds = pd.DataFrame(rows).astype({"memory_turns": "Int64", "latency_turns": "Int64"})
    return CostsReproduced(claims, holds)


def _others() -> list[tuple[str, dict[str, Any]]]:
    """What else the claims are asked of, each differing from the paper's in what its name says."""
    long = replace(PAPERS, input_tokens=LONG, output_tokens=LONG)
    four_bits = replace(PAPERS, weights="int4", model="roofline")
    found: list[tuple[str, dict[str, Any]]] = [("as in the paper", {})]
    found += [(f"{P} streams", {"streams": P}) for P in (2, 4)]
    found += [("losses on the Pile", {"runs": CORPORA[1]}), (f"{LONG} tokens in and out", {"service": long})]
    found += [
        (f"roofline, {name}", {"service": replace(PAPERS, hardware=name, model="roofline")}) for name in ELSEWHERE
    ]
    found += [
        (f"roofline, {LONG} tokens in and out", {"service": replace(long, model="roofline")}),
        ("roofline, 4-bit weights", {"service": four_bits}),
    ]
    return found


def _row(options: dict[str, Any]) -> dict[str, Any]:
    frame = cost_claims(batch=(1, 8), **options).set_index("batch")
    turns = turning_batch(**options)
    return {
        "memory_1": frame["memory_ratio"][1],
        "memory_8": frame["memory_ratio"][8],
        "memory_turns": turns["memory"],
        "latency_1": frame["latency_ratio"][1],
        "latency_8": frame["latency_ratio"][8],
        "latency_turns": turns["latency"],
    }


def _report(found: CostsReproduced) -> str:
    claims, holds = found.claims, found.holds
    shown = pd.DataFrame({"batch": ["mean" if each == 0 else str(each) for each in claims["batch"]]})
    for name, unit, title in (("memory", 2**30, "GiB"), ("latency", 1.0, "s")):
        for way, words in (("before", "1.6B"), ("streams", "P = 8"), ("parameters", "larger")):
            shown[f"{words}, {title}"] = (claims[f"{name}_{way}"] / unit).map("{:.3f}".format)
        shown[f"{name} ratio"] = claims[f"{name}_ratio"].map("{:.2f}".format)
        shown["paper" if name == "memory" else "paper "] = [
            "" if pd.isna(each) else f"{each:g}" for each in claims[f"{name}_paper"]
        ]
    other = holds[["what"]].copy()
    for name in ("memory", "latency"):
        for batch in (1, 8):
            other[f"{name} at {batch}"] = holds[f"{name}_{batch}"].map("{:.2f}".format)
        other[f"{name} turns"] = ["above 256" if pd.isna(each) else f"at {each}" for each in holds[f"{name}_turns"]]
    first = claims.iloc[0]
    absolute = [
        f"{first[f'{name}_streams'] / first[f'{name}_before'] - 1:+.0%} {name}" for name in ("memory", "latency")
    ]
    return "\n".join(
        [
            "What 8 streams add to the 1.6B model, and what parameters add for the same loss (Stack-V2-Python):",
            _text(shown),
            "",
            "The ratios are of what is added, not of totals: at batch 1 eight streams cost "
            + " and ".join(absolute)
            + ".",
            "Latency turns within the paper's own range: from batch "
            f"{holds['latency_turns'][0]} on parameters are the faster way, by its own arithmetic.",
            "",
            "Ratios where one thing is otherwise, and the batch from which parameters are the cheaper way:",
            _text(other),
        ]
    )


def _text(frame: pd.DataFrame) -> str:
    return str(frame.to_string(index=False))
