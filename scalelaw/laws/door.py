"""The door to lmfit: a law as an `lmfit.Model`, with a starting value for every parameter."""

from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from scalelaw.errors import LawError

if TYPE_CHECKING:
    import lmfit

    from scalelaw.laws.law import Law

# Ranges of the columns where no runs are given, and a usual loss.
COLUMN_RANGES: Mapping[str, tuple[float, float]] = {
    "N": (1e8, 1e10),
    "N_backbone": (1e8, 1e10),
    "P": (1.0, 8.0),
    "D": (2e9, 2e11),
    "U": (1e9, 1e11),
    "C": (1e18, 1e22),
    "M": (2.0, 200.0),
}
USUAL_LOSS = 3.0
CANDIDATES = 16384
POINTS = 12


def lmfit_model(law: "Law", space: Literal["log", "raw"], runs: Mapping[str, Any] | None) -> "lmfit.Model":
    """Model of a law for lmfit; see `Law.to_lmfit`."""
    if space not in ("log", "raw"):
        raise LawError(f"space is 'log' or 'raw', not {space!r}")
    check_names(law)
    import lmfit

    def model(**values: Any) -> Any:
        columns = [np.asarray(values.pop(name), dtype=float) for name in law.columns]
        loss = law.fn(*columns, **values)
        return np.log(loss) if space == "log" else loss

    # lmfit reads names from the signature and passes everything by name.
    names = (*law.columns, *law.parameters)
    model.__signature__ = Signature([Parameter(name, Parameter.KEYWORD_ONLY) for name in names])  # type: ignore[attr-defined]
    model.__name__ = law.name
    made = lmfit.Model(model, independent_vars=list(law.columns), param_names=list(law.parameters), name=law.name)
    for name, value in starting_values(law, runs).items():
        low, high = law.bound(name)
        made.set_param_hint(name, value=value, min=low, max=high)
    return made


def check_names(law: "Law") -> None:
    """Refuse a law whose parameters have names that lmfit cannot hold.

    Raises
    ------
    LawError
    """
    strange = [name for name in law.parameters if not name.isidentifier()]
    if strange:
        raise LawError(
            f"lmfit has no parameters with names such as {strange[0]!r}; of a fit by groups take the fit of one group"
        )


def starting_values(law: "Law", runs: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Values at which the loss is right and every parameter matters.

    Nothing is known here of what a parameter is, so many random candidates are drawn over the sizes that exponents,
    floors and scales have. The best has losses near those of the runs, or near 3 nats where there are none, and among
    such the largest effect of its least effective parameter.

    Parameters
    ----------
    law : Law
    runs : DataFrame or mapping of str to array, optional
        Columns of the law, and optionally ``loss``.

    Returns
    -------
    dict of str to float
    """
    columns, loss = _design(law, runs)
    candidates = _draw(law, np.random.default_rng(0))
    with np.errstate(all="ignore"):
        predicted = law.fn(*columns, **candidates)
        misfit = np.mean(np.abs(np.log(predicted / loss)), axis=1)
        effects = [_effect(law, columns, candidates, predicted, name) for name in law.parameters]
        # A misfit of a tenth weighs as much as an effect that is e times larger.
        score = np.log(np.minimum(np.min(effects, axis=0), 0.1)) - 10.0 * misfit
    best = int(np.argmax(np.where(np.isfinite(score), score, -np.inf)))
    return {name: float(values[best, 0]) for name, values in candidates.items()}


def _design(law: "Law", runs: Mapping[str, Any] | None) -> tuple[list[np.ndarray], np.ndarray]:
    """Columns, each of shape (points,), and the loss there."""
    if runs is not None:
        missing = [name for name in law.columns if name not in runs]
        if missing:
            raise LawError(f"law {law.name!r} needs the column {', '.join(missing)}; given are {', '.join(runs)}")
        columns = np.broadcast_arrays(*(np.asarray(runs[name], dtype=float) for name in law.columns))
        return list(columns), np.asarray(runs.get("loss", USUAL_LOSS), dtype=float)
    rng = np.random.default_rng(1)
    ranges = [COLUMN_RANGES.get(name, (1.0, 100.0)) for name in law.columns]
    # Each column is spread evenly and shuffled against the others, so that no two go together.
    return [rng.permutation(np.geomspace(*limits, POINTS)) for limits in ranges], np.asarray(USUAL_LOSS)


def _draw(law: "Law", rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Candidates for every parameter, each of shape (candidates, 1), inside its bounds."""
    drawn = {}
    for name in law.parameters:
        low, high = law.bound(name)
        if np.isfinite(low) and np.isfinite(high):
            values = rng.uniform(low, high, (CANDIDATES, 1))
        else:
            small = 10.0 ** rng.uniform(-1.7, 0.3, (CANDIDATES, 1))
            large = 10.0 ** rng.uniform(0.0, 14.0, (CANDIDATES, 1))
            values = np.where(rng.random((CANDIDATES, 1)) < 0.5, small, large)
            values = values * (rng.choice([-1.0, 1.0], values.shape) if low < 0.0 < high else 1.0)
        drawn[name] = np.clip(values, low, high)
    return drawn


def _effect(
    law: "Law", columns: list[np.ndarray], candidates: dict[str, np.ndarray], predicted: np.ndarray, name: str
) -> np.ndarray:
    """Largest relative change of the loss over the points per relative change of one parameter, shape (candidates,)."""
    step = 1e-3
    moved = law.fn(*columns, **(candidates | {name: candidates[name] * (1.0 + step)}))
    return np.asarray(np.max(np.abs(moved / predicted - 1.0), axis=1) / step)
