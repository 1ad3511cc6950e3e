"""How often intervals hold the truth in the user's own design: simulated, refitted, counted."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.bootstrap import SPARE
from scalelaw.fit.intervals import KINDS, check_kind
from scalelaw.fit.quantity import Given, as_quantity
from scalelaw.fit.replaying import Plan, Replay
from scalelaw.fit.simulated_noise import Draw, design_noise

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_BLOCK = 5
"""Data sets a process is given at a time."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def calibration(
    fit: Fit,
    *quantities: Given,
    kinds: Sequence[str] = KINDS,
    resample: str | None = None,
    noise: str | Draw = "auto",
    sets: int = 200,
    bootstrap: int = 500,
    level: float = 0.95,
    rng: int = 0,
    workers: int | None = 1,
) -> pd.DataFrame:
    """Coverage of intervals in the design of a fit.

    Many data sets are drawn from the fitted law at the runs' own columns, with noise like theirs; each is fitted as the
    runs were, and each interval either holds the number by which the data were drawn or does not.

    Parameters
    ----------
    fit : Fit
        Its law at its parameters is the truth.
    *quantities : str, Quantity or callable
        What intervals are of; by default every free parameter.
    kinds : sequence of str
        Kinds of interval, see `scalelaw.fit.derived.interval_of`.
    resample : str, optional
        Kind of bootstrap; that of the fit's draws, else ``"auto"``: whole runs where rows are their checkpoints.
    noise : {"auto", "replicates", "residuals", "gaussian"} or callable
        Gaussian, of the size that replicate seeds tell; residuals of the fit drawn with replacement and smoothed; or
        Gaussian of the residuals' size. ``"auto"`` takes replicates where there are some, else residuals. Where rows
        are checkpoints of runs, residuals are drawn for whole runs and Gaussian noise is shared by the rows of one.
        Or a function of the number of rows and a generator that gives errors (rows,) in the space of the fit.
    sets, bootstrap : int
        Data sets, and resamples of each.
    level : float
    rng : int
        Seed; data set number i does not depend on how many there are, nor on the workers.
    workers : int, optional
        Processes; None for as many as there are processors. A law or a quantity that cannot be sent to another process
        needs 1.

    Returns
    -------
    DataFrame
        A row for each quantity and kind: ``quantity``, ``kind``, ``truth``; ``coverage``, the share of intervals that
        hold it, with its own 95 % interval ``low``, ``high`` (Clopper & Pearson 1934); ``below`` and ``above``, shares
        of intervals that lie wholly below or above the truth; ``width``, the median; ``bias`` and ``error``, the median
        error and the median absolute error of the estimates; ``sets`` that were fitted and ``failed``. ``attrs`` say
        the noise and the resampling in words.

    Raises
    ------
    FitError
        If an option means nothing, or no data set could be fitted.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> frame = calibration(pile, "k", kinds=["bc"], sets=20, bootstrap=100)
    >>> frame[["quantity", "kind", "sets", "failed"]]
      quantity kind  sets  failed
    0        k   bc    20       0
    """
    plan = _plan(fit, quantities, tuple(kinds), resample, noise, sets, bootstrap, level, rng)
    found = np.concatenate(list(_blocks(plan, sets, workers)))
    return _frame(plan, found)


def _plan(
    fit: Fit,
    quantities: tuple[Given, ...],
    kinds: tuple[str, ...],
    resample: str | None,
    noise: str | Draw,
    sets: int,
    bootstrap: int,
    level: float,
    rng: int,
) -> Plan:
    for kind in kinds:
        check_kind(level, kind)
    _check_rows(fit, kinds)
    if not isinstance(sets, (int, np.integer)) or sets < 1:
        raise FitError(f"sets must be a whole number of data sets, at least 1, not {sets!r}")
    by = None
    if resample is None:
        resample = "auto" if fit.draws is None else fit.draws.kind
        by = None if fit.draws is None else fit.draws.by or None
        if by is not None and by not in fit.table:
            raise FitError(
                f"the fit resampled by {by}, a column that it does not keep; resample='pairs' shows the coverage that "
                "independent runs would have"
            )
    chosen = tuple(as_quantity(fit, each) for each in quantities or fit.free)
    if len({each.name for each in chosen}) < len(chosen):
        raise FitError("two quantities have the same name; give each a name of its own")
    if not isinstance(bootstrap, (int, np.integer)) or bootstrap < 2:
        raise FitError(f"bootstrap must be a whole number of resamples, at least 2, not {bootstrap!r}")
    plan = Plan(
        fit=replace(fit, draws=None),
        quantities=chosen,
        kinds=kinds,
        resample=resample,
        by=by,
        noise=design_noise(fit, noise),
        bootstrap=bootstrap,
        level=level,
        seed=rng,
    )
    if plan.by_draws:
        plan.resampling  # noqa: B018  refused here, not once for each data set
    return plan


def _blocks(plan: Plan, sets: int, workers: int | None) -> Iterator[np.ndarray]:
    """Ends and estimates of all data sets, block by block; shape (sets, quantities, kinds, 3)."""
    blocks = [range(begin, min(begin + _BLOCK, sets)) for begin in range(0, sets, _BLOCK)]
    count = min(_processors() if workers is None else workers, len(blocks))
    if count > 1 and workers is None and not _can_be_sent(plan):
        count = 1
    if count <= 1:
        replay = Replay.of(plan)
        yield from (replay.block(block) for block in blocks)
        return
    if not _can_be_sent(plan):
        raise FitError(
            f"law {plan.fit.law.name!r}, the noise or a quantity is a function that cannot be sent to other processes; "
            "use workers=1"
        )
    kept = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # a new process reads them when it loads NumPy
    try:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_open, initargs=(plan,)) as pool:
            yield from pool.map(_block, blocks)
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _check_rows(fit: Fit, kinds: tuple[str, ...]) -> None:
    """Refuse a design that leaves no residual, or too few for the kinds asked for."""
    rows, free = fit.rows if fit.weights is None else int((fit.weights > 0).sum()), len(fit.free)
    if rows <= free:
        raise FitError(
            f"there are {rows} runs for {free} free parameters ({', '.join(fit.free)}), so the law goes through every "
            "run: nothing is left to tell the noise by, and no interval can be made; add runs, or fix a parameter"
        )
    drawn = [kind for kind in kinds if kind in KINDS]
    if drawn and rows < free + SPARE:
        raise FitError(
            f"there are {rows} runs for {free} free parameters, and resamples of so few all hold the same runs, so "
            f"that intervals of the kind {', '.join(drawn)} have no width; add a run, or ask for kinds=['profile']"
        )


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _can_be_sent(plan: Plan) -> bool:
    try:
        pickle.dumps(plan)
    except (pickle.PicklingError, AttributeError, TypeError):  # as Python versions differ in what they raise
        return False
    return True


_OPEN: list[Replay] = []


def _open(plan: Plan) -> None:
    _OPEN[:] = [Replay.of(plan)]


def _block(block: range) -> np.ndarray:
    return _OPEN[0].block(block)


def _frame(plan: Plan, found: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    truth = plan.truth
    done = np.isfinite(found[:, :, :, 2]).all((1, 2))
    if not done.any():
        raise FitError("none of the simulated data sets could be fitted; the design is too small for this law")
    low, high, estimate = np.moveaxis(found[done], -1, 0)
    rows = []
    for j, quantity in enumerate(plan.quantities):
        for k, kind in enumerate(plan.kinds):
            below, above = high[:, j, k] < truth[j], low[:, j, k] > truth[j]
            held = int((~below & ~above).sum())
            ends = binomial_interval(held, int(done.sum()))
            error = estimate[:, j, k] - truth[j]
            rows.append(
                {
                    "quantity": quantity.name,
                    "kind": kind,
                    "truth": truth[j],
                    "coverage": held / int(done.sum()),
                    "low": ends[0],
                    "high": ends[1],
                    "below": float(below.mean()),
                    "above": float(above.mean()),
                    "width": float(np.median(high[:, j, k] - low[:, j, k])),
                    "bias": float(np.median(error)),
                    "error": float(np.median(np.abs(error))),
                    "sets": int(done.sum()),
                    "failed": int((~done).sum()),
                }
            )
    frame = pd.DataFrame(rows)
    frame.attrs = {"level": plan.level, "noise": plan.noise.words, "resampling": plan.describe()}
    return frame


def binomial_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share.

    Examples
    --------
    >>> print("{:.3f} to {:.3f}".format(*binomial_interval(95, 100)))
    0.887 to 0.984
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(low), float(high)
