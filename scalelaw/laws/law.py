"""A law: a plain function of columns and parameters, and what the fit needs to know about it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from scalelaw.errors import LawError

POSITIVE = (0.0, float("inf"))


@dataclass(frozen=True, eq=False)
class Law:
    """One scaling law, built in or a user's own.

    Parameters
    ----------
    name : str
        Short name, used in reports, tables and file names.
    fn : callable
        ``fn(N, P, *, E, A, ...)``: positional arguments are columns of the runs table (arrays that
        broadcast), keyword-only arguments are parameters (arrays that broadcast against the columns);
        it returns the loss in nats per token. Its docstring is the formula, then the source.
        Plain NumPy arithmetic is traced once into exact derivatives; anything else is differentiated
        by central differences.
    bounds : mapping of str to (low, high), optional
        Limits of a parameter. The default is ``(0, inf)``: scales, exponents and floors are positive.
    starts : mapping of str to (low, high), optional
        Range in which a parameter is first looked for, spaced geometrically when both ends are positive.
        For a parameter that carries the units of a column (``A`` in ``(A/N)^alpha``) the range is in units
        of the column's geometric mean, raised to the exponent with which the parameter scales.
    source : str, optional
        Paper and equation.
    expression : str, optional
        The text the law was parsed from; kept so that a saved fit can be read back.
    latex : str, optional
        The right-hand side of the formula in the part of LaTeX that Matplotlib's mathtext can set, without ``$``.

    Raises
    ------
    LawError
        If ``fn`` has no column, no keyword-only parameter, or takes ``*args`` or ``**kwargs``; if a bound or
        start names no parameter or is empty.

    Examples
    --------
    >>> def mine(N, P, *, E, A, alpha, b):
    ...     "E + A / (N P^b)^alpha"
    ...     return E + A / (N * P**b) ** alpha
    >>> law = Law("mine", mine)
    >>> law.columns, law.parameters
    (('N', 'P'), ('E', 'A', 'alpha', 'b'))
    """

    name: str
    fn: Callable[..., Any]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    starts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    source: str = ""
    expression: str = ""
    latex: str = ""

    def __post_init__(self) -> None:
        columns, parameters = _signature(self.name, self.fn)
        object.__setattr__(self, "bounds", MappingProxyType(dict(self.bounds)))
        object.__setattr__(self, "starts", MappingProxyType(dict(self.starts)))
        for kind, ranges in (("bound", self.bounds), ("start", self.starts)):
            for name, (low, high) in ranges.items():
                if name not in parameters:
                    raise LawError(f"law {self.name!r} has a {kind} for {name!r}, which is not one of its parameters {parameters}")
                if not low < high:
                    raise LawError(f"law {self.name!r} has an empty {kind} for {name!r}: low {low} is not below high {high}")
        del columns

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns the law reads, in the order of ``fn``'s positional arguments."""
        return _signature(self.name, self.fn)[0]

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of ``fn``'s keyword-only arguments."""
        return _signature(self.name, self.fn)[1]

    @property
    def formula(self) -> str:
        """The formula: the first line of the docstring, or the expression the law was parsed from."""
        return self.expression or (inspect.getdoc(self.fn) or "").partition("\n")[0].strip() or self.name

    def bound(self, parameter: str) -> tuple[float, float]:
        """Limits (low, high) of one parameter."""
        return self.bounds.get(parameter, POSITIVE)

    def __call__(self, *columns: Any, **parameters: Any) -> Any:
        """Loss for columns and parameters, as ``fn`` gives it."""
        return self.fn(*columns, **parameters)

    def predict(self, runs: Mapping[str, Any], parameters: Mapping[str, Any]) -> np.ndarray:
        """Loss, shape (rows,), of a table (a DataFrame or a mapping of columns) at given parameters."""
        columns = [np.asarray(runs[name], dtype=float) for name in self.columns]
        return np.asarray(self.fn(*columns, **{name: parameters[name] for name in self.parameters}), dtype=float)

    def __repr__(self) -> str:
        return f"Law({self.name!r}: {self.formula})"


def _signature(name: str, fn: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns and parameters of a law's function."""
    kinds: dict[Any, list[str]] = {kind: [] for kind in inspect._ParameterKind}
    for parameter in inspect.signature(fn).parameters.values():
        kinds[parameter.kind].append(parameter.name)
    if kinds[inspect.Parameter.VAR_POSITIONAL] or kinds[inspect.Parameter.VAR_KEYWORD]:
        raise LawError(f"law {name!r} must name its columns and parameters: *args and **kwargs cannot be fitted")
    columns = (*kinds[inspect.Parameter.POSITIONAL_ONLY], *kinds[inspect.Parameter.POSITIONAL_OR_KEYWORD])
    parameters = tuple(kinds[inspect.Parameter.KEYWORD_ONLY])
    if not columns or not parameters:
        raise LawError(f"law {name!r} must read like f(N, P, *, E, A): columns before the star, parameters after it")
    return tuple(columns), parameters
