"""What a reader should know before trusting a fit, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.doubts import doubts_of_draws
from scalelaw.fit.model import compile_law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_CLOSE_MINIMUM, _FEW_RUNS, _ALIGNED, _FEW_DRAWS, _MOSTLY = 0.1, 3.0, 0.99, 200, 0.5


def notes_on(fit: Fit) -> tuple[str, ...]:
    """Sentences about what is doubtful; empty if nothing is."""
    return tuple(note for notes in (_search, _bounds, _shape, _design, _delta, _draws) for note in notes(fit))


def _search(fit: Fit) -> list[str]:
    proof = fit.convergence
    notes = []
    if not proof.converged:
        notes.append("The search did not converge: these are the best values found, not an optimum.")
    exact = fit.objective <= 1e-18 * fit.rows
    close = [gap for gap in proof.other_minima if gap < _CLOSE_MINIMUM]
    if proof.converged and proof.agreed < 2 and not exact:
        notes.append("Only one start found this minimum: thorough=True searches further.")
    if close and not exact:
        notes.append(
            f"Another minimum lies only {100 * close[0]:.2g} % higher: the parameters are not certain to be unique."
        )
    if not proof.exact_derivatives:
        reason = compile_law(fit.law).reason or "with these parameters fixed"
        notes.append(f"The law could not be traced ({reason}), so derivatives are central differences.")
    return notes


def _bounds(fit: Fit) -> list[str]:
    from scalelaw.fit.degenerate import degenerate_parts

    return [part.says for part in degenerate_parts(fit)]


def _shape(fit: Fit) -> list[str]:
    flat = fit.convergence.flat
    if not flat:
        return []
    if len(flat) == 1:
        return [f"{flat[0]} does not change the objective at the optimum: these runs do not determine it."]
    return [
        f"{', '.join(flat)} can be moved together without changing the objective: these runs do not determine them."
    ]


def _design(fit: Fit) -> list[str]:
    notes = []
    if fit.r2 < 0:
        notes.append("R2 is negative: the mean loss predicts these runs better than the law does.")
    if fit.independent_runs < _FEW_RUNS * len(fit.free):
        notes.append(
            f"{fit.independent_runs} runs for {len(fit.free)} parameters is little: "
            "see the intervals before using the law."
        )
    if {"N", "D"} <= set(fit.law.columns):
        n, d = (np.log(np.asarray(fit.columns[name], dtype=float)) for name in ("N", "D"))
        correlation = float(np.corrcoef(n, d)[0, 1])
        if correlation > _ALIGNED:
            notes.append(
                f"N and D grow together (correlation of logarithms {correlation:.3f}): "
                "their terms are hard to tell apart."
            )
    return notes


def _delta(fit: Fit) -> list[str]:
    if fit.settings.loss != "huber" or fit.settings.delta is None:
        return []
    inside = int((np.abs(fit.settings.residuals(fit.predicted, fit.columns["loss"])) <= fit.settings.delta).sum())
    if inside == fit.rows:
        return ["Every residual is within delta: this is a least-squares fit."]
    if inside <= len(fit.free):
        return [
            f"Only {inside} of {fit.rows} residuals are within delta: this is nearly a least-absolute-deviations fit."
        ]
    return []


def _draws(fit: Fit) -> list[str]:
    if fit.draws is None:
        return []
    notes = [f"{doubt[0].upper()}{doubt[1:]}." for doubt in doubts_of_draws(fit)]
    if len(fit.draws) < _FEW_DRAWS:
        notes.append(f"{len(fit.draws)} bootstrap refits are too few for an interval to mean much; take 1000.")
    failed = int((~fit.draws.converged).sum())
    if failed:
        notes.append(
            f"{failed} of {len(fit.draws)} bootstrap refits did not converge; they are in the intervals as they stand."
        )
    if fit.draws.redrawn:
        notes.append(f"{fit.draws.redrawn} resamples could not determine the parameters and were drawn anew.")
    if fit.draws.kind.startswith("wild") and _sharp(fit):
        notes.append(
            "Most residuals are beyond delta, where a wild bootstrap gives intervals that are too narrow: "
            "resample runs (pairs) instead."
        )
    return notes


def _sharp(fit: Fit) -> bool:
    """Whether the loss is nearly that of absolute deviations: most residuals are beyond delta."""
    if fit.settings.loss == "squared":
        return False
    size = np.abs(fit.settings.residuals(fit.predicted, fit.columns["loss"]))
    return bool((size > (fit.settings.delta or 0.0)).mean() > _MOSTLY)
