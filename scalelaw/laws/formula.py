"""A law from text: which names are columns, which are parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

from scalelaw.errors import LawError
from scalelaw.laws.expression import Expression
from scalelaw.laws.latex import latex
from scalelaw.laws.law import Law

COLUMNS = frozenset(
    {
        *("N", "N_backbone", "P", "D", "C", "U", "M", "step"),
        *("n_embedding", "n_attention", "n_mlp", "n_norm", "n_prefix", "n_aggregator", "n_head"),
    }
)
OUTCOMES = frozenset({"loss", "loss_se", "bpb"})


@dataclass(frozen=True)
class FormulaFunction:
    """The function of a law read from text: positional columns, keyword-only parameters."""

    expression: Expression
    columns: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def __signature__(self) -> Signature:
        columns = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in self.columns]
        return Signature([*columns, *(Parameter(name, Parameter.KEYWORD_ONLY) for name in self.parameters)])

    def __call__(self, /, *columns: Any, **parameters: Any) -> Any:
        return self.expression(**self.__signature__.bind(*columns, **parameters).arguments)


def parse(expression: str, *, name: str | None = None, columns: Sequence[str] = ()) -> Law:
    """Law from a formula such as ``E + A/N**alpha + B*P**-beta``.

    Names of columns of the runs table (N, N_backbone, P, D, C, U for unique tokens, M for tokens per parameter, step
    and the counts n_...) and those in ``columns`` are columns, functions are functions, and every other name is a
    parameter, between 0 and infinity unless a fit is told otherwise. Columns and parameters keep the order in which
    they appear.

    Parameters
    ----------
    expression : str
        The formula: names, numbers, ``+ - * / **``, parentheses and the functions exp, log (or ln), log2, log10, log1p,
        expm1, sqrt, tanh, min, max. ``^`` is read as ``**``.
    name : str, optional
        Name of the law; the formula itself by default.
    columns : sequence of str, optional
        Further names that are columns.

    Raises
    ------
    LawError
        If the text holds anything else (the piece is shown), if it names no column or no parameter, or if it uses the
        outcome (loss, loss_se, bpb).

    Examples
    --------
    >>> law = parse("E + A/N**alpha + B*P**-beta")
    >>> law.columns, law.parameters
    (('N', 'P'), ('E', 'A', 'alpha', 'B', 'beta'))
    >>> law(1e9, 4, E=1.0, A=2e3, alpha=0.4, B=0.1, beta=0.5)
    1.5523772863019158
    """
    formula = Expression(expression)
    known = COLUMNS.union(columns)
    used = tuple(each for each in formula.names if each in known)
    parameters = tuple(each for each in formula.names if each not in known)
    _check(formula, used, parameters)
    return Law(
        name or formula.text,
        FormulaFunction(formula, used, parameters),
        expression=formula.text,
        latex=latex(formula.tree),
    )


def _check(formula: Expression, columns: tuple[str, ...], parameters: tuple[str, ...]) -> None:
    for name in formula.names:
        if name in OUTCOMES:
            raise LawError(f"the formula {formula.text!r} uses {name!r}, which a law predicts and cannot read")
    if not columns:
        raise LawError(
            f"the formula {formula.text!r} names no column of the runs table, so it is the same for every run; "
            f"use N, P, D, C or another column"
        )
    if not parameters:
        raise LawError(f"the formula {formula.text!r} has no parameter to fit; replace a number by a name")
