"""A law as a graph: the law's function is called once with nodes in place of arrays and leaves its formula behind.

Nodes are hash-consed, so that a common subexpression is one node, and simplified as they are made: powers
with a fitted exponent become ``exp(exponent * log(base))``, logarithms of products fall apart, factors that
cancel do so. What is left is cheap to evaluate and to differentiate (see `derive` and `emit`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

DATA, PARAMETER = 1, 2
"""Bits of `Node.depends`: a node of data only is computed once a fit, one of parameters only once a start."""


class NotTraceableError(TypeError):
    """The law's function does something that nodes cannot follow: a branch on values, an unknown function."""


class Node(np.lib.mixins.NDArrayOperatorsMixin):
    """One operation of a law's graph; arguments are nodes or plain floats."""

    __slots__ = ("args", "depends", "graph", "index", "op", "positive")

    def __init__(self, graph: Graph, index: int, op: str, args: tuple[Any, ...], depends: int, positive: bool):
        self.graph, self.index, self.op, self.args, self.depends, self.positive = (
            graph,
            index,
            op,
            args,
            depends,
            positive,
        )

    def __hash__(self) -> int:
        return self.index

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        rule = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or options or rule is None:
            raise NotTraceableError(f"numpy.{ufunc.__name__} is not among the functions that can be traced")
        return rule(*[as_term(value) for value in inputs])

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3 and not kwargs:
            return where(*[as_term(value) for value in args])
        raise NotTraceableError(f"numpy.{function.__name__} is not among the functions that can be traced")

    def astype(self, kind: Any) -> Node:
        """Itself as floats, which it is; anything else would round."""
        if kind not in (float, np.float64, "float64"):
            raise NotTraceableError(f"the law turns a value into {kind}")
        return self

    def __bool__(self) -> bool:
        raise NotTraceableError("the law branches on values")

    def __float__(self) -> float:
        raise NotTraceableError("the law turns a value into a plain number")

    __int__ = __index__ = __float__


class Graph:
    """Holds the nodes of one law in the order they were made, which is an order in which to evaluate them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._seen: dict[tuple[Any, ...], Node] = {}

    def column(self, name: str, *, positive: bool) -> Node:
        return self._make("column", (name,), DATA, positive)

    def parameter(self, position: int) -> Node:
        return self._make("parameter", (position,), PARAMETER, False)

    def apply(self, op: str, *args: Any, positive: bool = False) -> Node:
        depends = 0
        for arg in args:
            if isinstance(arg, Node):
                depends |= arg.depends
        return self._make(op, args, depends, positive)

    def _make(self, op: str, args: tuple[Any, ...], depends: int, positive: bool) -> Node:
        key = (op, *[(arg.index,) if isinstance(arg, Node) else arg for arg in args])
        node = self._seen.get(key)
        if node is None:
            node = self._seen[key] = Node(self, len(self.nodes), op, args, depends, positive)
            self.nodes.append(node)
        return node


def as_term(value: Any) -> Any:
    """A node as it is, a number as a float; arrays in a law's body belong into a column."""
    if isinstance(value, Node):
        return value
    if np.ndim(value) == 0 and isinstance(value, (int, float, np.number, np.bool_, np.ndarray)):
        return float(value)
    raise NotTraceableError("the law holds an array of its own: make it a column of the runs table")


def is_number(term: Any) -> bool:
    return not isinstance(term, Node)


def is_op(term: Any, op: str) -> bool:
    return isinstance(term, Node) and term.op == op


def is_positive(term: Any) -> bool:
    return term.positive if isinstance(term, Node) else term > 0


def _graph(*terms: Any) -> Graph:
    for term in terms:
        if isinstance(term, Node):
            return term.graph
    raise AssertionError("an operation without a node")


def add(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return a + b
    if is_number(a):
        a, b = b, a
    if is_number(b) and b == 0.0:
        return a
    if is_op(b, "negative"):
        return subtract(a, b.args[0])
    if is_op(a, "negative"):
        return subtract(b, a.args[0])
    if isinstance(b, Node) and a.index > b.index:
        a, b = b, a
    return _graph(a).apply("add", a, b, positive=is_positive(a) and is_positive(b))


def subtract(a: Any, b: Any) -> Any:
    if is_number(b):
        return add(a, -b)
    if is_number(a) and a == 0.0:
        return negative(b)
    if a is b:
        return 0.0
    if is_op(b, "negative"):
        return add(a, b.args[0])
    return _graph(a, b).apply("subtract", a, b)


def negative(a: Any) -> Any:
    if is_number(a):
        return -a
    if is_op(a, "negative"):
        return a.args[0]
    if a.op == "subtract":
        return subtract(a.args[1], a.args[0])
    return a.graph.apply("negative", a)


def multiply(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return a * b
    if is_number(a):
        a, b = b, a
    if is_number(b):
        if b in (0.0, 1.0, -1.0):
            return 0.0 if b == 0.0 else a if b == 1.0 else negative(a)
    elif _cancels(a, b) is not None:
        return _cancels(a, b)
    for factor, other in ((a, b), (b, a)):
        if is_op(factor, "negative"):
            return negative(multiply(factor.args[0], other))
    if isinstance(b, Node):
        if a is b:
            return square(a)
        if a.index > b.index:
            a, b = b, a
    return _graph(a).apply("multiply", a, b, positive=is_positive(a) and is_positive(b))


def _cancels(a: Node, b: Node) -> Any:
    """``a * b`` where a factor of one is the reciprocal of the other; None where nothing cancels.

    It reaches into sums: ``alpha * (c / alpha - v)`` is ``c - alpha * v``, which is what makes an amplitude
    inside a power, ``(A / N)^alpha``, as cheap as one outside of it.
    """
    for x, y in ((a, b), (b, a)):
        if is_op(y, "reciprocal") and y.args[0] is x:
            return 1.0
        if is_op(y, "multiply"):
            for factor, rest in (y.args, y.args[::-1]):
                if is_op(factor, "reciprocal") and factor.args[0] is x:
                    return rest
        if y.op in ("add", "subtract") and any(
            isinstance(part, Node) and _cancels_in_product(x, part) for part in y.args
        ):
            combine = add if y.op == "add" else subtract
            return combine(multiply(x, y.args[0]), multiply(x, y.args[1]))
    return None


def _cancels_in_product(x: Node, part: Node) -> bool:
    factors = part.args if part.op == "multiply" else (part,)
    return any(is_op(factor, "reciprocal") and factor.args[0] is x for factor in factors)


def divide(a: Any, b: Any) -> Any:
    if is_number(b):
        return multiply(a, 1.0 / b)
    return multiply(a, reciprocal(b))


def reciprocal(a: Any) -> Any:
    if is_number(a):
        return 1.0 / a
    if is_op(a, "exp"):
        return exp(negative(a.args[0]))
    if is_op(a, "reciprocal"):
        return a.args[0]
    return a.graph.apply("reciprocal", a, positive=a.positive)


def square(a: Any) -> Any:
    return a * a if is_number(a) else a.graph.apply("square", a, positive=a.positive)


def exp(a: Any) -> Any:
    if is_number(a):
        return math.exp(a)
    if is_op(a, "log"):
        return a.args[0]
    if a.op in ("add", "subtract"):  # exp(log(c) - v) is c exp(-v), which is defined at c = 0 too
        first, second = a.args
        if is_op(first, "log"):
            return multiply(first.args[0], exp(second if a.op == "add" else negative(second)))
        if is_op(second, "log"):
            return multiply(exp(first), second.args[0] if a.op == "add" else reciprocal(second.args[0]))
    return a.graph.apply("exp", a, positive=True)


def log(a: Any) -> Any:
    if is_number(a):
        return math.log(a)
    if is_op(a, "exp"):
        return a.args[0]
    if is_op(a, "reciprocal"):
        return negative(log(a.args[0]))
    # the logarithm of a product exists where both factors are positive or both negative; one known sign decides
    if is_op(a, "multiply") and any(is_positive(factor) for factor in a.args):
        return add(log(a.args[0]), log(a.args[1]))
    return a.graph.apply("log", a)


def power(a: Any, b: Any) -> Any:
    if is_number(a) and is_number(b):
        return a**b
    if is_number(b):
        special: dict[float, Callable[[], Any]] = {
            0.0: lambda: 1.0,
            1.0: lambda: a,
            2.0: lambda: square(a),
            0.5: lambda: sqrt(a),
            -1.0: lambda: reciprocal(a),
        }
        if b in special:
            return special[b]()
        if not is_positive(a):
            return a.graph.apply("power", a, b)
    elif is_number(a) and a == 0.0:
        return 0.0
    return exp(multiply(b, log(a)))


def sqrt(a: Any) -> Any:
    return math.sqrt(a) if is_number(a) else a.graph.apply("sqrt", a, positive=True)


def where(condition: Any, a: Any, b: Any) -> Any:
    if is_number(condition):
        return a if condition else b
    return condition.graph.apply("where", condition, a, b, positive=is_positive(a) and is_positive(b))


def _plain(op: str, *, positive: bool = False) -> Callable[..., Any]:
    """An operation without rules of simplification."""

    def apply(*args: Any) -> Any:
        if all(is_number(arg) for arg in args):
            return float(getattr(np, op)(*args))
        return _graph(*args).apply(op, *args, positive=positive)

    return apply


def _logaddexp(a: Any, b: Any) -> Any:
    high = where(UFUNCS["greater"](a, b), a, b)
    return add(high, log(add(exp(subtract(a, high)), exp(subtract(b, high)))))


UFUNCS: dict[str, Callable[..., Any]] = {
    "add": add,
    "subtract": subtract,
    "negative": negative,
    "positive": lambda a: a,
    "multiply": multiply,
    "divide": divide,
    "power": power,
    "float_power": power,
    "reciprocal": reciprocal,
    "square": square,
    "sqrt": sqrt,
    "exp": exp,
    "exp2": lambda a: exp(multiply(a, math.log(2.0))),
    "log": log,
    "log2": lambda a: multiply(log(a), 1.0 / math.log(2.0)),
    "log10": lambda a: multiply(log(a), 1.0 / math.log(10.0)),
    "log1p": _plain("log1p"),
    "expm1": _plain("expm1"),
    "tanh": _plain("tanh"),
    "logaddexp": _logaddexp,
    "absolute": lambda a: where(UFUNCS["greater"](a, 0.0), a, negative(a)),
    "fabs": lambda a: where(UFUNCS["greater"](a, 0.0), a, negative(a)),
    "maximum": lambda a, b: where(UFUNCS["greater"](a, b), a, b),
    "minimum": lambda a, b: where(UFUNCS["less"](a, b), a, b),
    "greater": _plain("greater"),
    "greater_equal": _plain("greater_equal"),
    "less": _plain("less"),
    "less_equal": _plain("less_equal"),
    "bitwise_or": lambda a, b: where(a, 1.0, b),  # NumPy has it for truth values only, as are comparisons
}
