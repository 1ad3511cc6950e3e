"""`Fit`: a fitted law, with the runs it saw and the proof that it converged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.intervals import KINDS as BY_DRAWS
from scalelaw.fit.intervals import check_kind
from scalelaw.fit.resampling import numbered, shared_runs
from scalelaw.fit.settings import Settings
from scalelaw.fit.solve import Convergence
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    import lmfit
    import pandas as pd

    from scalelaw.fit.bootstrap import Draws
    from scalelaw.fit.covariance import Covariance
    from scalelaw.fit.noise import Noise
    from scalelaw.fit.quantity import Given

BESIDE = ("run", "step", "loss_se", "N", "P", "D", "N_backbone", "N_total", "n_embedding", "n_head")
"""Which rows are checkpoints of one run, how sure a loss is, and other ways to count N."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted law.

    Attributes
    ----------
    law : Law
    params : dict of str to float
        Every parameter of the law, fixed ones included, in full precision.
    objective : float
        The objective at the optimum: a sum over runs, see ``settings.describe()``.
    settings : Settings
    columns : dict of str to array of shape (rows,)
        The law's columns and ``loss``, as fitted.
    weights : array of shape (rows,) or None
    convergence : Convergence
    draws : Draws or None
        Bootstrap refits; ``draws.theta`` (B, parameters) in the order of ``law.parameters``.
    beside : dict of str to array of shape (rows,)
        Columns of the table that the law does not read and later questions do, as far as it had them: `BESIDE`.
    noise : Noise or None
        Noise of one run by the replicate seeds in the table, where it had some; `seed_noise` falls back on residuals.
    """

    law: Law
    params: dict[str, float]
    objective: float
    settings: Settings
    columns: dict[str, np.ndarray]
    weights: np.ndarray | None
    convergence: Convergence
    draws: Draws | None = None
    noise: Noise | None = None
    beside: Mapping[str, np.ndarray] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of runs fitted."""
        return len(self.columns["loss"])

    @property
    def table(self) -> dict[str, np.ndarray]:
        """The columns fitted and those kept beside them."""
        return {**self.columns, **self.beside}

    @property
    def checkpoints_of(self) -> np.ndarray | None:
        """The run of each row, shape (rows,), where rows are checkpoints that share runs; None where none do."""
        return shared_runs(self.beside)

    @property
    def independent_runs(self) -> int:
        """Number of runs, of which each may have several rows; of rows where none share a run."""
        names = self.checkpoints_of
        return self.rows if names is None else int(numbered(names).max()) + 1

    @property
    def free(self) -> tuple[str, ...]:
        """Parameters that were fitted, neither fixed nor tied."""
        return tuple(name for name in self.law.parameters if name not in {*self.settings.fixed, *self.settings.tied})

    @property
    def converged(self) -> bool:
        return self.convergence.converged

    @cached_property
    def predicted(self) -> np.ndarray:
        """Losses of the fitted runs by the law, shape (rows,), nats per token."""
        return self.law.predict(self.columns, self.params)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know before trusting the fit, in plain words."""
        from scalelaw.fit.notes import notes_on

        return notes_on(self)

    @property
    def r2(self) -> float:
        """Coefficient of determination of the raw losses, 1 - sum (loss - L)^2 / sum (loss - mean)^2."""
        loss = np.asarray(self.columns["loss"], dtype=float)
        spread = float(((loss - loss.mean()) ** 2).sum())
        return float(1 - ((loss - self.predicted) ** 2).sum() / spread) if spread > 0 else float("nan")

    @property
    def rmse(self) -> float:
        """Root mean squared error of the raw losses, nats per token."""
        return float(np.sqrt(((self.columns["loss"] - self.predicted) ** 2).mean()))

    @property
    def mape(self) -> float:
        """Mean absolute percentage error of the raw losses, in per cent."""
        return float(100 * np.abs(self.predicted / self.columns["loss"] - 1).mean())

    def interval(self, name: str, *, level: float = 0.95, kind: str = "bc") -> tuple[float, float]:
        """Low and high end of a parameter's interval.

        ``kind`` is ``"bc"``, ``"percentile"`` or ``"normal"`` by bootstrap draws (`scalelaw.fit.intervals.interval`),
        or ``"profile"``, ``"sandwich"`` or ``"robust"``, which need none (`scalelaw.fit.derived.interval_of`).

        Raises
        ------
        FitError
            If the kind needs draws and there are none, ``name`` is no parameter, or the level or kind means nothing.
        """
        from scalelaw.fit.derived import interval_of

        check_kind(level, kind)
        if kind not in BY_DRAWS:
            found = interval_of(self, name, level=level, kind=kind)
            return found.low, found.high
        if name not in self.law.parameters:
            raise FitError(f"law {self.law.name!r} has no parameter {name!r}; it has {', '.join(self.law.parameters)}")
        draws = self.require_draws()
        values = draws.theta[:, self.law.parameters.index(name)]
        low, high = draws.interval(values, self.params[name], level=level, kind=kind)
        return float(low), float(high)

    def require_draws(self) -> Draws:
        """The bootstrap draws.

        Raises
        ------
        FitError
            If there are none.
        """
        if self.draws is None:
            raise FitError("this fit holds no bootstrap draws, so it has no intervals; fit with bootstrap=1000")
        return self.draws

    def profile(self, *quantities: Given, level: float = 0.95) -> pd.DataFrame:
        """Profiles of parameters or other quantities (every free parameter if none is named).

        A frame of ``quantity``, ``value``, ``objective``, ``deviance`` and ``confidence``; see
        `scalelaw.fit.profile.profile`.
        """
        from scalelaw.fit.profile import profile

        return profile(self, *quantities, level=level)

    def covariance(self, *, robust: bool = False) -> Covariance:
        """Covariance of the parameters, with where it is valid; see `scalelaw.fit.covariance.covariance`."""
        from scalelaw.fit.covariance import covariance

        return covariance(self, robust=robust)

    def seed_noise(self) -> Noise:
        """Noise of one run: by the replicate seeds in the table that was fitted, else by the residuals."""
        from scalelaw.fit.noise import seed_noise

        return seed_noise(self)

    def predict(
        self, runs: Any, *, interval: float | None = None, kind: str = "bc", new_run: bool = False
    ) -> pd.DataFrame:
        """Losses that the law predicts.

        Parameters
        ----------
        runs : DataFrame, or mapping of str to numbers or arrays
            The law's columns; quantities such as ``"1.6B"`` are read, and ``P`` may be absent (then 1).
        interval : float, optional
            Level of an interval, such as 0.95: for the mean loss, without the noise of a new run, unless
        new_run : bool
            asks for the interval of a new run's loss, with the noise of `seed_noise`.
        kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
            The last three need no draws, see `scalelaw.fit.derived.interval_of`.

        Returns
        -------
        DataFrame
            The law's columns, ``loss`` in nats per token and, with ``interval``, ``low`` and ``high``.

        Raises
        ------
        RunsError
            If a column is missing or faulty.
        FitError
            If an interval of a kind that needs draws is asked of a fit without, or its level or kind means nothing.

        Examples
        --------
        >>> import scalelaw as sl
        >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
        >>> pile.predict({"N": "1.6B", "P": 8}).round(4)
                    N  P    loss
        0  1600000000  8  1.8865
        """
        import pandas as pd

        from scalelaw.fit.predict import columns_to_predict, loss_and_ends

        columns = columns_to_predict(self.law, runs)
        loss, ends = loss_and_ends(self, columns, level=interval, kind=kind, new_run=new_run)
        bounds = {} if ends is None else {"low": ends[0], "high": ends[1]}
        return pd.DataFrame({**columns, "loss": loss, **bounds})

    def residuals(self) -> pd.DataFrame:
        """The fitted runs with ``predicted``, ``error`` (predicted minus observed) and ``log_error``, the log ratio."""
        import pandas as pd

        loss = np.asarray(self.columns["loss"], dtype=float)
        extra = {
            "predicted": self.predicted,
            "error": self.predicted - loss,
            "log_error": np.log(self.predicted / loss),
        }
        return pd.DataFrame({**self.columns, **extra})

    def summary(self, *, level: float = 0.95, kind: str = "bc") -> pd.DataFrame:
        """One row a parameter: ``value``, ``low``, ``high``, ``fixed``; the ends are NaN where the kind needs draws."""
        from scalelaw.fit.report import summary

        return summary(self, level=level, kind=kind)

    def report(self, *, level: float = 0.95, kind: str = "bc") -> str:
        """The fit as text: data, law, parameters with intervals, quality, proof of convergence, notes."""
        from scalelaw.fit.report import report

        return report(self, level=level, kind=kind)

    def to_latex(self, *, level: float = 0.95, kind: str = "bc") -> str:
        """The parameters as a LaTeX table (booktabs)."""
        from scalelaw.fit.latex import to_latex

        return to_latex(self, level=level, kind=kind)

    def to_json(self, path: str | Path | None = None) -> str:
        """The fit as JSON, in full precision and with its provenance; written to ``path`` if given."""
        from scalelaw.fit.serialise import to_json

        return to_json(self, path)

    @staticmethod
    def from_json(source: str | Path, *, law: Law | None = None) -> Fit:
        """Read a fit back from a path or from the JSON text; ``law`` is needed for a law that is a user's function."""
        from scalelaw.fit.serialise import from_json

        return from_json(source, law=law)

    def to_lmfit(self) -> lmfit.model.ModelResult:
        """The same fit as an lmfit result, on which ``conf_interval`` works."""
        from scalelaw.fit.lmfit_door import to_lmfit

        return to_lmfit(self)

    def _repr_html_(self) -> str:
        from scalelaw.fit.report import to_html

        return to_html(self)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.params.items())
        return f"Fit({self.law.name}: {values}; {self.rows} runs, objective {self.objective:.6g}, R2 {self.r2:.5f})"
