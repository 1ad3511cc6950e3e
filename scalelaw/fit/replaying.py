"""Data sets drawn from a fitted law in its own design, each fitted and given intervals as the runs were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.bootstrap import bootstrap_draws
from scalelaw.fit.intervals import KINDS
from scalelaw.fit.predict import parameter_sets
from scalelaw.fit.quantity import Quantity
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.resampling import Draws, Resampling, own_grid, refit
from scalelaw.fit.resampling.losses import drawn_noise
from scalelaw.fit.simulated_noise import DesignNoise
from scalelaw.fit.solve import Solution

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


@dataclass(frozen=True, eq=False)
class Plan:
    """What a calibration does; it can be sent to another process if its law and quantities can."""

    fit: Fit
    quantities: tuple[Quantity, ...]
    kinds: tuple[str, ...]
    resample: str
    by: str | None
    noise: DesignNoise
    bootstrap: int
    level: float
    seed: int

    @property
    def truth(self) -> np.ndarray:
        """The quantities by which the data are drawn, shape (quantities,)."""
        theta = parameter_sets(self.fit, draws=False)
        return np.array([quantity(theta)[0] for quantity in self.quantities])

    @property
    def by_draws(self) -> tuple[str, ...]:
        """The kinds that need bootstrap draws."""
        return tuple(kind for kind in self.kinds if kind in KINDS)

    @cached_property
    def resampling(self) -> Resampling:
        return Resampling.plan(self.resample, self.by, self.fit.table)

    def describe(self) -> str:
        """The resampling in words; empty where no kind needs it."""
        if not self.by_draws:
            return ""
        empty = np.zeros((self.bootstrap, 0))
        plan = self.resampling
        return Draws(
            empty, empty, empty, plan.kind, plan.by, noise="the residuals' size", clusters=plan.clusters
        ).describe()


@dataclass(frozen=True, eq=False)
class Replay:
    """A plan with its fit reopened."""

    plan: Plan
    reopened: Reopened

    @classmethod
    def of(cls, plan: Plan) -> Replay:
        return cls(plan, Reopened.of(plan.fit))

    def block(self, numbers: Sequence[int]) -> np.ndarray:
        """Low end, high end and estimate for some data sets, shape (sets, quantities, kinds, 3); NaN for a failed fit.

        All data sets are fitted together, then each has its resamples fitted together.
        """
        plan, problem = self.plan, self.reopened.problem
        sources = [np.random.default_rng([plan.seed, number]) for number in numbers]
        middle = problem.target + self.reopened.residuals
        targets = np.stack([middle + plan.noise.draw(len(middle), rng) for rng in sources])
        own = own_grid(self.reopened.reduced.law, len(middle), thorough=True)
        x, value, converged = refit(problem, self.reopened.optimum, targets=targets, own_grid=own)
        found = np.full((len(x), len(plan.quantities), len(plan.kinds), 3), np.nan)
        for i, rng in enumerate(sources):
            if converged[i]:
                found[i] = self._intervals(targets[i], x[i], float(value[i]), rng)
        return found

    def _intervals(self, target: np.ndarray, x: np.ndarray, value: float, rng: np.random.Generator) -> np.ndarray:
        plan = self.plan
        fitted = self._fit(target, x, value)
        estimates = np.array([each(parameter_sets(fitted, draws=False))[0] for each in plan.quantities])
        found = np.empty((len(plan.quantities), len(plan.kinds), 3))
        found[:, :, 2] = estimates[:, None]
        try:
            ends = self._ends(fitted, target, x, value, estimates, rng)
        except FitError:  # runs that determine too little for this kind
            return np.full_like(found, np.nan)
        for k, kind in enumerate(plan.kinds):
            found[:, k, :2] = ends[kind]
        return found

    def _ends(
        self,
        fitted: Fit,
        target: np.ndarray,
        x: np.ndarray,
        value: float,
        estimates: np.ndarray,
        rng: np.random.Generator,
    ) -> dict[str, np.ndarray]:
        """Ends (quantities, 2) by kind."""
        plan = self.plan
        ends: dict[str, np.ndarray] = {}
        if plan.by_draws:
            draws = self._draws(target, x, value, rng)
            values = np.stack([quantity(draws.theta) for quantity in plan.quantities], 1)
            for kind in plan.by_draws:
                ends[kind] = draws.interval(values, estimates, level=plan.level, kind=kind).T
        if "profile" in plan.kinds:
            from scalelaw.fit.profile import curves

            found = curves(fitted, plan.quantities, levels=(plan.level,))
            ends["profile"] = np.array([curve.interval(plan.level) for curve in found])
        for kind in ("sandwich", "robust"):
            if kind in plan.kinds:
                from scalelaw.fit.covariance import covariance

                errors = covariance(fitted, robust=kind == "robust")
                ends[kind] = np.array([errors.ends(quantity, plan.level) for quantity in plan.quantities])
        return ends

    def _draws(self, target: np.ndarray, x: np.ndarray, value: float, rng: np.random.Generator) -> Draws:
        """Refits of every resample of one data set, each from a warm start."""
        problem = replace(self.reopened.problem, target=target)
        solution = Solution(x, problem.model.coordinates.to_parameters(x), value, self.plan.fit.convergence)
        resampling = self.plan.resampling
        noise = drawn_noise(problem, x, resampling, None) if resampling.kind == "parametric" else None
        return bootstrap_draws(
            self.reopened.reduced,
            problem,
            solution,
            resampling,
            self.plan.bootstrap,
            rng,
            warm=True,
            noise=noise,
        )

    def _fit(self, target: np.ndarray, x: np.ndarray, value: float) -> Fit:
        """One data set's fit, as `scalelaw.fit` would return it."""
        fit = self.plan.fit
        theta = self.reopened.parameters(x)
        loss = np.exp(target) if fit.settings.log else target
        return replace(
            fit,
            params=dict(zip(fit.law.parameters, map(float, theta), strict=True)),
            objective=value,
            columns={**fit.columns, "loss": loss},
            noise=None,
        )
