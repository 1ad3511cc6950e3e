"""One published fit beside the same fit made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.datasets import Published
    from scalelaw.fit import Fit


@dataclass(frozen=True)
class Refit:
    """One published fit beside the same fit made anew.

    Attributes
    ----------
    name : str
        The bundled set.
    published : Published
        The paper's values, as printed.
    fit : Fit
        The same law with the same objective on the same runs.
    excess : float
        How much higher the objective is at the published values than at the optimum, relative: 0.03 is 3 % higher.
    excess_rounded : float
        The same for the best of all points that round to the published values: above 0 no rounding of the optimum
        gives the published values.
    """

    name: str
    published: Published
    fit: Fit
    excess: float
    excess_rounded: float

    def frame(self) -> pd.DataFrame:
        """One row a parameter and one for R2.

        ``published``, ``refitted``, ``low`` and ``high`` (95 %, bias-corrected bootstrap), and ``agrees``: whether the
        refitted value, rounded to the digits that were printed, is the published one.
        """
        import pandas as pd

        summary = self.fit.summary()
        printed = {**self.published.params, "r2": self.published.metrics["r2"]}
        refitted = {**self.fit.params, "r2": self.fit.r2}
        frame = pd.DataFrame({"published": printed, "refitted": {name: refitted[name] for name in printed}})
        ends = pd.DataFrame({end: summary[end].to_numpy() for end in ("low", "high")}, index=list(self.fit.params))
        frame = frame.join(ends)
        frame["agrees"] = [as_printed(refitted[name], value) == value for name, value in printed.items()]
        return frame

    def report(self) -> str:
        """The frame as text, and what it comes to in two sentences."""
        frame = self.frame()
        lines = [
            f"{self.name}: {self.fit.rows} runs, {self.published.reference}",
            f"{self.fit.law.name}: {self.fit.law.formula}",
            f"objective: {self.fit.settings.describe()}, {self.fit.objective:.6g} at the optimum",
            "",
            f"{'':8s}{'published':>12s}{'refitted':>14s}{'95 % interval':>28s}   as printed",
        ]
        for name, row in frame.iterrows():
            digits = significant_digits(row["published"])
            ends = "" if np.isnan(row["low"]) else f"[{row['low']:.{digits}g}, {row['high']:.{digits}g}]"
            verdict = (
                "agrees" if row["agrees"] else f"differs: {as_printed(row['refitted'], row['published']):.{digits}g}"
            )
            label = {"r2": "R2"}.get(str(name), str(name))
            lines.append(
                f"{label:8s}{row['published']:12.{digits}g}{row['refitted']:14.{digits + 2}g}{ends:>28s}   {verdict}"
            )
        return "\n".join([*lines, "", *self._statement(frame)])

    def _statement(self, frame: pd.DataFrame) -> list[str]:
        differing = [str(name) for name in frame.index[~frame["agrees"]]]
        agreement = f"Of {len(frame)} printed values, {len(frame) - len(differing)} agree to their last digit" + (
            f"; {', '.join(differing)} {'does' if len(differing) == 1 else 'do'} not." if differing else "."
        )
        where = f"The objective at the published values is {100 * self.excess:.2g} % above the optimum"
        if differing:
            nearest = f"{100 * self.excess_rounded:.2g} %"
            best = f"and {nearest} at the best point that rounds to them: they are near it, not at it."
        else:
            best = "which is their rounding: the optimum rounds to them."
        return [agreement, f"{where}, {best}"]


def refit(name: str, *, bootstrap: int = 0, rng: int = 0) -> Refit:
    """Fit a bundled set as its paper did, and hold the published values against the optimum.

    Examples
    --------
    >>> stack = refit("parscale-stack")
    >>> f"{stack.fit.params['k']:.4f}"
    '0.3935'
    """
    from scalelaw.datasets import load, published
    from scalelaw.fit import fit

    paper, runs = published(name)[0], load(name)
    options: dict[str, Any] = {"loss": paper.loss, "delta": paper.delta}
    best = fit(paper.law, runs, **options, bootstrap=bootstrap, rng=rng)
    rounded = fit(paper.law, runs, **options, bounds={key: rounding(value) for key, value in paper.params.items()})
    return Refit(
        name,
        paper,
        best,
        excess=objective_at(best, paper.params) / best.objective - 1,
        excess_rounded=rounded.objective / best.objective - 1,
    )


def objective_at(fit: Fit, params: Mapping[str, float]) -> float:
    """The objective of a fit at other parameters, on the same runs."""
    residuals = fit.settings.residuals(fit.law.predict(fit.columns, params), fit.columns["loss"])
    return float(fit.settings.objective(residuals, fit.weights))


def significant_digits(value: float) -> int:
    """Digits of a printed number; zeros at its end cannot be seen in a float and are not counted.

    Examples
    --------
    >>> significant_digits(0.3935), significant_digits(1.131e7)
    (4, 4)
    """
    mantissa = f"{value:.15e}".partition("e")[0]
    return len(mantissa.replace(".", "").strip("-").rstrip("0")) or 1


def as_printed(value: float, printed: float) -> float:
    """A value rounded to the digits of a printed one."""
    return float(f"{value:.{significant_digits(printed)}g}")


def rounding(printed: float) -> tuple[float, float]:
    """The values that round to a printed one.

    Examples
    --------
    >>> low, high = rounding(0.3935)
    >>> round(low, 6), round(high, 6)
    (0.39345, 0.39355)
    """
    exponent = int(f"{printed:e}".partition("e")[2])
    last_digit = 10.0 ** (exponent - significant_digits(printed) + 1)
    return printed - last_digit / 2, printed + last_digit / 2
