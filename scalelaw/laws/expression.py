"""A formula as text, read safely: names, numbers, arithmetic and a list of functions, and nothing else.

The text is parsed by Python's `ast` and never evaluated by Python: every node is checked against a list and turned
into a closure of this module, so that a formula can only add, multiply, raise and call the functions of `FUNCTIONS`.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import reduce
from typing import Any

import numpy as np

from scalelaw.laws.text import MAX_DEPTH, FormulaText

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "min": np.minimum,
    "max": np.maximum,
    "minimum": np.minimum,
    "maximum": np.maximum,
}
OF_SEVERAL = frozenset({"min", "max", "minimum", "maximum"})

OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}

ALLOWED = f"a formula has names, numbers, + - * / ** (or ^), parentheses and {', '.join(FUNCTIONS)}"

Evaluate = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Expression:
    """A formula that can be called with its names as keyword arguments.

    Parameters
    ----------
    text : str
        The formula. ``^`` means ``**``; both group from the right and bind tighter than a minus sign before them.

    Raises
    ------
    LawError
        If the text holds anything but names, numbers, arithmetic and the functions of `FUNCTIONS`; if it is longer
        than 1000 characters or nested deeper than 100 levels; if a constant part of it is not a finite number.

    Examples
    --------
    >>> Expression("2 * beta")(beta=0.25)
    0.5
    >>> Expression("E + A/N^alpha").names
    ('E', 'A', 'N', 'alpha')
    """

    text: str
    tree: ast.expr = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _evaluate: Evaluate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        source = FormulaText(self.text)
        tree = source.tree()
        object.__setattr__(self, "text", source.text)
        object.__setattr__(self, "tree", tree)
        object.__setattr__(self, "names", _names(tree))
        object.__setattr__(self, "_evaluate", _closure(_build(tree, source, depth=1)))

    def __call__(self, /, **values: Any) -> Any:
        """Value of the formula; every name must be given, as numbers or arrays that broadcast."""
        missing = [name for name in self.names if name not in values]
        unknown = [name for name in values if name not in self.names]
        if missing or unknown:
            raise TypeError(f"{self.text!r} takes {self.names}: missing {missing}, unknown {unknown}")
        return self._evaluate(values)

    def __reduce__(self) -> tuple[type["Expression"], tuple[str]]:
        return Expression, (self.text,)


def compile_expression(text: str) -> tuple[tuple[str, ...], Callable[..., Any]]:
    """Names in a formula, in the order in which they appear, and a function of them as keyword arguments.

    Examples
    --------
    >>> names, value = compile_expression("(alpha + beta) / 2")
    >>> names, value(alpha=0.2, beta=0.4)
    (('alpha', 'beta'), 0.30000000000000004)
    """
    expression = Expression(text)
    return expression.names, expression


def _build(node: ast.expr, source: FormulaText, *, depth: int) -> float | Evaluate:
    """A number for a constant part of the formula, else a closure over a mapping of names to values."""
    if depth > MAX_DEPTH:
        source.refuse(node, f"is nested deeper than {MAX_DEPTH} levels; split the formula or write it as a function")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return source.finite(node, lambda: number)
        case ast.Name(id=name):
            return _build_name(node, name, source)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            function, operands = OPERATORS[type(op)], [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            function, operands = OPERATORS[type(op)], [left, right]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            function, operands = _function(node, name, args, source), args
        case _:
            source.refuse(node, f"is not allowed: {ALLOWED}")
    parts = [_build(operand, source, depth=depth + 1) for operand in operands]
    if all(isinstance(part, float) for part in parts):
        return source.finite(node, lambda: function(*parts))
    return _apply(function, [_closure(part) for part in parts])


def _build_name(node: ast.expr, name: str, source: FormulaText) -> Evaluate:
    if name in FUNCTIONS:
        source.refuse(node, f"is a function and needs its argument in parentheses, as in {name}(N)")
    return lambda values: values[name]


def _function(node: ast.expr, name: str, args: list[ast.expr], source: FormulaText) -> Callable[..., Any]:
    """The function called ``name``, if there is one and it takes so many arguments."""
    if name not in FUNCTIONS:
        near = get_close_matches(name, FUNCTIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FUNCTIONS)}; a product needs *"
        source.refuse(node, f"calls {name!r}, which is no function here: {hint}")
    if name in OF_SEVERAL:
        if len(args) < 2:
            source.refuse(node, f"is not allowed: {name} takes two arguments or more, not {len(args)}")
        return lambda *values: reduce(FUNCTIONS[name], values)
    if len(args) != 1:
        source.refuse(node, f"is not allowed: {name} takes one argument, not {len(args)}")
    return FUNCTIONS[name]


def _closure(part: float | Evaluate) -> Evaluate:
    return part if callable(part) else lambda _: part


def _apply(function: Callable[..., Any], parts: list[Evaluate]) -> Evaluate:
    """The function of the parts. Written out for one and two of them, which are nearly all."""
    if len(parts) == 1:
        (only,) = parts
        return lambda values: function(only(values))
    if len(parts) == 2:
        left, right = parts
        return lambda values: function(left(values), right(values))
    return lambda values: function(*(part(values) for part in parts))


def _names(tree: ast.expr) -> tuple[str, ...]:
    """Names that stand for values, in the order of the text."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    return tuple(dict.fromkeys(node.id for node in sorted(names, key=lambda node: (node.lineno, node.col_offset))))
