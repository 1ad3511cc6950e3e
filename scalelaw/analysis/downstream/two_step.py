"""A law in two steps: parameters and streams to loss, loss to score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation.intervals import with_ends
from scalelaw.analysis.columns import held_columns, read_values, tidy, with_held
from scalelaw.errors import FitError, RunsError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.intervals import check_interval
from scalelaw.fit.predict import parameter_sets
from scalelaw.laws.law import Law
from scalelaw.runs import Columns, check_columns, take

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


@dataclass(frozen=True)
class TwoStep:
    """A law of the loss and a law of the score in it.

    Attributes
    ----------
    loss : Fit
        Of the law in N, P, ...
    score : Fit
        Of score = chance + (ceiling - chance) / (1 + exp((nats - g ln P - middle) / width)), where ``nats`` is the
        loss: ``g`` is what an e-fold of streams is worth beyond the loss, in nats, and 0 where the runs have one P.
    """

    loss: Fit
    score: Fit

    def predict(
        self, N: Any, P: Any = 1, *, level: float | None = 0.95, kind: str = "bc", **other_columns: Any
    ) -> pd.DataFrame:
        """Loss and score of every N with every P: ``N``, ``P``, ``loss``, ``score`` with the ends of their intervals.

        The intervals are those of means over runs, where there are draws.
        """
        check_interval(level, kind)
        sizes, streams = (grid.ravel() for grid in np.meshgrid(read_values("N", N), read_values("P", P), indexing="ij"))
        theta, phi = self._sets(level)
        loss = self._losses(theta, sizes, streams, other_columns)
        values = {"loss": loss, "score": self._scores(phi, loss, streams)}
        return pd.DataFrame({"N": tidy(sizes), "P": tidy(streams)} | with_ends(values, level=level, kind=kind))

    def bought(
        self, N: Any, P: Any, *, level: float | None = 0.95, kind: str = "bc", **other_columns: Any
    ) -> pd.DataFrame:
        """What P streams add to the score at equal parameters, and how much of it the lower loss explains.

        Returns
        -------
        DataFrame
            ``N``, ``P``, ``score_alone`` (at P = 1), ``score``, ``gain`` = ``through_loss`` + ``at_equal_loss`` in
            points, with the ends of their intervals: what a model without streams and the same loss would gain, and
            what streams give beyond that.
        """
        check_interval(level, kind)
        sizes, streams = (grid.ravel() for grid in np.meshgrid(read_values("N", N), read_values("P", P), indexing="ij"))
        theta, phi = self._sets(level)
        alone = np.ones(len(streams))
        loss = self._losses(theta, sizes, streams, other_columns)
        base = self._scores(phi, self._losses(theta, sizes, alone, other_columns), alone)
        same_loss, score = self._scores(phi, loss, alone), self._scores(phi, loss, streams)
        values = {
            "score_alone": base,
            "score": score,
            "gain": score - base,
            "through_loss": same_loss - base,
            "at_equal_loss": score - same_loss,
        }
        return pd.DataFrame({"N": tidy(sizes), "P": tidy(streams)} | with_ends(values, level=level, kind=kind))

    def curve(self, nats: Any, P: Any = 1, *, level: float | None = 0.95, kind: str = "bc") -> pd.DataFrame:
        """Score over the loss at one P: ``nats``, ``P``, ``score`` with its ends."""
        check_interval(level, kind)
        losses = read_values("nats", nats)
        streams = np.broadcast_to(read_values("P", P), losses.shape)
        _, phi = self._sets(level)
        score = self._scores(phi, np.broadcast_to(losses, (len(phi), len(losses))), streams)
        return pd.DataFrame({"nats": losses, "P": tidy(streams)} | with_ends({"score": score}, level=level, kind=kind))

    def _sets(self, level: float | None) -> tuple[np.ndarray, np.ndarray]:
        """Parameter sets of both steps, of the same resamples."""
        drawn = level is not None and self.loss.draws is not None and self.score.draws is not None
        theta, phi = (parameter_sets(fit, draws=drawn) for fit in (self.loss, self.score))
        count = min(len(theta), len(phi))
        return theta[:count], phi[:count]

    def _losses(self, theta: np.ndarray, N: np.ndarray, P: np.ndarray, other_columns: dict[str, Any]) -> np.ndarray:
        held = held_columns(self.loss, ("N", "P"), other_columns)
        return law_losses(self.loss.law, with_held({"N": N, "P": P}, held), theta)

    def _scores(self, phi: np.ndarray, loss: np.ndarray, P: np.ndarray) -> np.ndarray:
        columns = {"nats": loss, "P": P}
        return law_losses(self.score.law, {name: columns[name] for name in self.score.law.columns}, phi)


def downstream(
    runs: Any,
    *,
    law: Law | str = "parscale",
    score: str = "score",
    chance: float = 0.0,
    ceiling: float = 100.0,
    bootstrap: int = 0,
    rng: int = 0,
) -> TwoStep:
    """Fit loss and score in two steps, as the OLMo ladder does (Bhagia et al. 2024, arXiv:2412.04403).

    The first step is a law of the loss. The second is a sigmoid of the score in the loss, by least squares, between
    chance and the ceiling, which are given: over the few points of scale that a table holds they cannot be fitted
    beside the middle and the width. A term g ln P asks whether streams buy more than their loss says.

    Parameters
    ----------
    runs : DataFrame or mapping
        The columns of the law, ``loss``, and the score in percent, such as `scored_runs` gives.
    law : Law or str
        Of the loss, with N.
    score : str
        Column of the score.
    chance, ceiling : float
        Percent that a model without knowledge and one without fault would have.
    bootstrap : int
        Resamples, the same for both steps, but for the few that cannot determine one of them and are drawn anew: of
        runs, or of whole runs where rows are checkpoints.
    rng : int
        Their seed.

    Returns
    -------
    TwoStep

    Raises
    ------
    RunsError
        If a column is missing or a score is empty.
    FitError
        If a score lies outside of chance and ceiling, or the law cannot be fitted.

    Examples
    --------
    >>> from scalelaw.analysis.downstream import scored_runs
    >>> code = downstream(scored_runs("parscale-stack"))
    >>> code.bought("1.6B", 8)[["gain", "through_loss", "at_equal_loss"]].round(1)
       gain  through_loss  at_equal_loss
    0   5.0           3.5            1.4
    """
    from scalelaw.fit import fit

    table = check_columns(runs)
    values = _read_scores(table, score)
    outside = ~((values > chance) & (values < ceiling))
    if outside.any():
        raise FitError(
            f"a score of {values[outside][0]:g} does not lie between chance, {chance:g}, and the ceiling, {ceiling:g}; "
            "give both in the units of the scores"
        )
    draws: dict[str, Any] = {"bootstrap": bootstrap, "rng": rng}
    first = fit(law, {name: column for name, column in table.items() if name != score}, **draws)
    streams = np.asarray(take(table, ("P",), where="the score")["P"], dtype=float)
    scored = {"nats": np.asarray(table["loss"], dtype=float), "P": streams, "loss": values}
    scored |= {"run": table["run"]} if "run" in table else {}  # both steps draw whole runs where rows are checkpoints
    second = fit(_sigmoid(chance, ceiling, several=len(np.unique(streams)) > 1), scored, **_SQUARED, **draws)
    return TwoStep(first, second)


def _read_scores(table: Columns, score: str) -> np.ndarray:
    if score not in table:
        raise RunsError(f"there is no column {score!r} of scores; the table has {', '.join(table)}")
    values = take(table, (score,), where="the second step")[score]
    try:
        return np.asarray(values, dtype=float)
    except ValueError:
        raise RunsError(f"column {score!r} holds text, and scores are numbers in percent") from None


_SQUARED: dict[str, Any] = {"loss": "squared", "space": "raw"}


def _sigmoid(chance: float, ceiling: float, *, several: bool) -> Law:
    """The law of the score, with a term in P where the runs have several."""

    def score(nats: Any, P: Any, *, middle: Any, width: Any, g: Any) -> Any:
        "chance + (ceiling - chance) / (1 + exp((nats - g ln P - middle) / width))"
        return chance + (ceiling - chance) / (1.0 + np.exp((nats - g * np.log(P) - middle) / width))

    def score_alone(nats: Any, *, middle: Any, width: Any) -> Any:
        "chance + (ceiling - chance) / (1 + exp((nats - middle) / width))"
        return chance + (ceiling - chance) / (1.0 + np.exp((nats - middle) / width))

    fn: Callable[..., Any] = score if several else score_alone
    anywhere = {"middle": (-np.inf, np.inf)} | ({"g": (-np.inf, np.inf)} if several else {})
    near = {"middle": (0.1, 10.0), "width": (0.02, 3.0)} | ({"g": (-0.1, 0.1)} if several else {})
    return Law("score", fn, bounds=anywhere, starts=near, source="Bhagia et al. 2024, arXiv:2412.04403, step 2")
