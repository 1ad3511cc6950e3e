"""A law, and the parameters that its streams are worth, as JavaScript generated from the law's own function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.closed import closed_form
from scalelaw.analysis.equivalence import equivalent_parameters
from scalelaw.errors import FitError, LawError
from scalelaw.explore.javascript import evaluate, to_javascript
from scalelaw.fit.calling import law_losses
from scalelaw.fit.degenerate import require_column
from scalelaw.fit.graph import Graph, NotTraceableError
from scalelaw.fit.model import POSITIVE_COLUMNS
from scalelaw.fit.predict import parameter_sets
from scalelaw.laws.grouped import GroupedFunction
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_AGREED, _DRAWS = 1e-11, 20


def loss_in_javascript(fit: Fit) -> str:
    """The loss of a fit's law as a JavaScript function of columns and parameters.

    Raises
    ------
    LawError
        If the law cannot be translated.

    Examples
    --------
    >>> import scalelaw as sl
    >>> runs = {"N": [1e8, 1e9, 1e10, 1e11], "loss": [4.0, 3.0, 2.4, 2.04]}
    >>> print(loss_in_javascript(sl.fit("power_n", runs)))
    function (c, t) {
      const n0 = c["N"];
      const n1 = t[0];
      const n2 = t[1];
      const n3 = t[2];
      const n4 = Math.log(n0);
      const n5 = n3 * n4;
      const n7 = -n5;
      const n8 = Math.exp(n7);
      const n9 = n2 * n8;
      const n10 = n1 + n9;
      return n10;
    }
    """
    law = fit.law
    if isinstance(law.fn, GroupedFunction):
        raise LawError(
            f"law {law.name!r} is of several groups, and a page explores one: save the fit of one group, as in "
            f"groups[{law.fn.groups[0]!r}].to_json('fit.json')"
        )
    theta = _sets(fit)
    return _translated(law, law.fn, fit, theta, wanted=law_losses(law, fit.columns, theta))


def why_no_worth(fit: Fit) -> str:
    """Why it cannot be said which N a number of streams is worth; empty where it can."""
    missing = [name for name in ("N", "P") if name not in fit.law.columns]
    if missing:
        return f"{fit.law.name} has no {' and no '.join(missing)}, so it does not say which N streams are worth."
    try:
        require_column(fit, "N", what="an equivalent N")
    except FitError as error:
        return f"{error}"
    return ""


def worth_in_javascript(fit: Fit) -> str | None:
    """Equivalent parameters at P = 1 as JavaScript, or None where the law has no closed form.

    The page looks for the root of the loss then, as `scalelaw.equivalence` does.
    """
    law = fit.law
    closed = closed_form(law)
    if closed is None:
        return None
    theta = _sets(fit)
    wanted = equivalent_parameters(fit, dict(fit.columns), theta, closed)

    def function(*columns: Any, **parameters: Any) -> Any:
        given = dict(zip(law.columns, columns, strict=True))
        return closed(given["N"], given["P"], parameters)

    return _translated(law, function, fit, theta, wanted=wanted)


def traced(law: Law, function: Callable[..., Any]) -> Any:
    """What a function of a law's columns and parameters leaves behind when it is called with nodes."""
    graph = Graph()
    columns = [graph.column(name, positive=name in POSITIVE_COLUMNS) for name in law.columns]
    parameters = {name: graph.parameter(place) for place, name in enumerate(law.parameters)}
    return function(*columns, **parameters)


def _sets(fit: Fit) -> np.ndarray:
    """The fitted parameters and some draws, to hold a translation against the function on."""
    return parameter_sets(fit, draws=fit.draws is not None)[: 1 + _DRAWS]


def _translated(law: Law, function: Callable[..., Any], fit: Fit, theta: np.ndarray, *, wanted: np.ndarray) -> str:
    """A function of a law's columns and parameters as JavaScript, held against NumPy's values on the runs."""
    try:
        result = traced(law, function)
        values = evaluate(result, fit.columns, [theta[:, [place]] for place in range(theta.shape[1])])
        _agree(np.broadcast_to(values, wanted.shape), wanted)
        return to_javascript(result)
    except Exception as error:  # a user's function may raise anything when it meets something that is not an array
        raise LawError(
            f"law {law.name!r} cannot be written as JavaScript ({error}); write its function with NumPy's arithmetic "
            "alone, or the law as a formula such as 'E + A/N**alpha'"
        ) from error


def _agree(values: np.ndarray, wanted: np.ndarray) -> None:
    known = np.isfinite(wanted)
    if not np.allclose(values[known], wanted[known], rtol=_AGREED, atol=0.0):
        raise NotTraceableError("its trace gives other losses than the function")
