"""A law: a plain function of columns and parameters, and what the fit needs to know about it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from scalelaw.errors import LawError

if TYPE_CHECKING:
    import lmfit

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
    >>> law.formula
    'E + A / (N P^b)^alpha'
    """

    name: str
    fn: Callable[..., Any]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    starts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    source: str = ""
    expression: str = ""
    latex: str = ""

    def __post_init__(self) -> None:
        _, parameters = _signature(self.name, self.fn)
        for kind in ("bounds", "starts"):
            ranges = dict(getattr(self, kind))
            for parameter, given in ranges.items():
                _check_range(self.name, kind, parameter, given, parameters)
            object.__setattr__(self, kind, MappingProxyType(ranges))

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
        """The formula: the expression the law was parsed from, or the first line of the docstring, or the name."""
        return self.expression or (inspect.getdoc(self.fn) or "").partition("\n")[0].strip() or self.name

    def bound(self, parameter: str) -> tuple[float, float]:
        """Limits (low, high) of one parameter."""
        return self.bounds.get(parameter, POSITIVE)

    def __call__(self, /, *columns: Any, **parameters: Any) -> Any:
        """Loss for columns and parameters, as ``fn`` gives it."""
        return self.fn(*columns, **parameters)

    def predict(self, runs: Mapping[str, Any], parameters: Mapping[str, Any]) -> np.ndarray:
        """Loss of a table at given parameters.

        Parameters
        ----------
        runs : DataFrame or mapping of str to array
            The columns of the law, shape (rows,) or anything that broadcasts; others are ignored.
        parameters : mapping of str to float
            A value for every parameter; others are ignored.

        Returns
        -------
        array, shape (rows,)
            Nats per token.

        Raises
        ------
        LawError
            If a column or a parameter is missing.
        """
        for kind, needed, given in (("column", self.columns, runs), ("parameter", self.parameters, parameters)):
            missing = [each for each in needed if each not in given]
            if missing:
                raise LawError(f"law {self.name!r} needs the {kind} {', '.join(missing)}; given are {', '.join(given)}")
        columns = [np.asarray(runs[name], dtype=float) for name in self.columns]
        return np.asarray(self.fn(*columns, **{name: parameters[name] for name in self.parameters}), dtype=float)

    def to_lmfit(self, space: Literal["log", "raw"] = "raw", *, runs: Mapping[str, Any] | None = None) -> "lmfit.Model":
        """Return an `lmfit.Model` of the law, with bounds and a starting value for every parameter.

        lmfit minimises squared residuals unless told otherwise, and the standard errors it prints assume independent
        Gaussian errors of one size. They are not calibrated for a Huber loss, whose curvature counts only the few
        runs inside delta; for intervals use the bootstrap of ``fit``.

        Parameters
        ----------
        space : {"log", "raw"}
            Whether the model gives the log of the loss, to be fitted to ``np.log(loss)``, or the loss itself, to be
            fitted to ``loss`` (the default).
        runs : DataFrame or mapping of str to array, optional
            Runs for which the starting values should suit; with a column ``loss`` they start near it. Without it they
            suit runs of 0.1 to 10 billion parameters.

        Raises
        ------
        LawError
            If ``space`` is another word.

        Examples
        --------
        >>> from scalelaw.laws import power_n
        >>> model = power_n.to_lmfit()
        >>> model.independent_vars, model.param_names
        (['N'], ['E', 'A', 'alpha'])
        """
        from scalelaw.laws.door import lmfit_model

        return lmfit_model(self, space, runs)

    def __repr__(self) -> str:
        return f"Law({self.name!r}: {self.formula})"

    def __reduce__(self) -> tuple[Any, ...]:
        # The read-only views of bounds and starts cannot be pickled or copied themselves.
        return Law, (
            *(self.name, self.fn, dict(self.bounds), dict(self.starts)),
            *(self.source, self.expression, self.latex),
        )


def _check_range(law: str, kind: str, parameter: str, given: tuple[float, float], parameters: tuple[str, ...]) -> None:
    if parameter not in parameters:
        near = get_close_matches(parameter, parameters, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"its parameters are {', '.join(parameters)}"
        raise LawError(f"law {law!r} has {kind} for {parameter!r}, which is not one of its parameters; {hint}")
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        raise LawError(f"law {law!r} has {given!r} as {kind} for {parameter!r}; give two numbers (low, high)") from None
    if not low < high:
        raise LawError(f"law {law!r} has empty {kind} for {parameter!r}: low {low:g} is not below high {high:g}")


def _signature(name: str, fn: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns and parameters of a law's function."""
    if not callable(fn):
        raise LawError(f"law {name!r} needs a function f(N, P, *, E, A), not {type(fn).__name__}")
    stated = getattr(fn, "columns", None), getattr(fn, "parameters", None)
    if isinstance(stated[0], tuple) and isinstance(stated[1], tuple):
        return stated[0], stated[1]  # a law by groups, whose parameters have names that no signature can hold
    kinds: dict[Any, list[str]] = {kind: [] for kind in inspect._ParameterKind}
    for parameter in inspect.signature(fn).parameters.values():
        kinds[parameter.kind].append(parameter.name)
    if kinds[inspect.Parameter.VAR_POSITIONAL] or kinds[inspect.Parameter.VAR_KEYWORD]:
        raise LawError(f"law {name!r} must name its columns and parameters: *args and **kwargs cannot be fitted")
    columns = (*kinds[inspect.Parameter.POSITIONAL_ONLY], *kinds[inspect.Parameter.POSITIONAL_OR_KEYWORD])
    parameters = tuple(kinds[inspect.Parameter.KEYWORD_ONLY])
    if not columns or not parameters:
        raise LawError(f"law {name!r} must read like f(N, P, *, E, A): columns before the star, parameters after it")
    return columns, parameters
