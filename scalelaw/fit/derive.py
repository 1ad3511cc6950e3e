"""Exact first and second derivatives of a law's graph, as more nodes of the same graph (forward mode, sparse)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scalelaw.fit import graph as g
from scalelaw.fit.graph import Node

Gradient = dict[int, Any]
Hessian = dict[tuple[int, int], Any]


def derivatives(output: Any) -> tuple[Gradient, Hessian]:
    """Gradient ``{i: term}`` and upper triangle of the Hessian ``{(i, j): term}``, i <= j, of a node.

    Entries that are identically zero are absent.
    """
    if not isinstance(output, Node):
        return {}, {}
    known: dict[int, tuple[Gradient, Hessian]] = {}
    for node in list(output.graph.nodes[: output.index + 1]):
        if node.op == "parameter":
            known[node.index] = ({node.args[0]: 1.0}, {})
        elif node.depends & g.PARAMETER and node.op in PARTIALS:
            known[node.index] = _chain(node, known)
    return known.get(output.index, ({}, {}))


def _chain(node: Node, known: dict[int, tuple[Gradient, Hessian]]) -> tuple[Gradient, Hessian]:
    """The chain rule for a node of one or two differentiable arguments."""
    args, first, second = PARTIALS[node.op](node)
    inner = [known.get(arg.index, ({}, {})) if isinstance(arg, Node) else ({}, {}) for arg in args]
    gradient: Gradient = {}
    hessian: Hessian = {}
    for slope, (arg_gradient, arg_hessian) in zip(first, inner, strict=True):
        for i, value in arg_gradient.items():
            _accumulate(gradient, i, g.multiply(slope, value))
        for ij, value in arg_hessian.items():
            _accumulate(hessian, ij, g.multiply(slope, value))
    for (a, b), curvature in second.items():
        _add_products(hessian, curvature, inner[a][0], inner[b][0], same=a == b)
    return gradient, {ij: value for ij, value in hessian.items() if not (g.is_number(value) and value == 0.0)}


def _add_products(hessian: Hessian, curvature: Any, left: Gradient, right: Gradient, *, same: bool) -> None:
    """Add ``curvature * (left_i right_j + left_j right_i)``, or ``curvature * left_i left_j`` for the same argument."""
    for i, x in left.items():
        scaled = g.multiply(curvature, x)
        for j, y in right.items():
            if same and i > j:
                continue
            product = g.multiply(scaled, y)
            if not same and i == j:
                product = g.multiply(product, 2.0)
            _accumulate(hessian, (min(i, j), max(i, j)), product)


def _accumulate(terms: dict[Any, Any], key: Any, value: Any) -> None:
    terms[key] = g.add(terms[key], value) if key in terms else value


Partials = tuple[tuple[Any, ...], tuple[Any, ...], dict[tuple[int, int], Any]]


def _unary(slope: Callable[[Node], Any], curvature: Callable[[Node], Any] | None = None) -> Callable[[Node], Partials]:
    def partials(node: Node) -> Partials:
        return (node.args[0],), (slope(node),), {} if curvature is None else {(0, 0): curvature(node)}

    return partials


def _power(node: Node) -> Partials:
    base, exponent = node.args
    slope = g.multiply(g.power(base, exponent - 1.0), exponent)
    return (base,), (slope,), {(0, 0): g.multiply(g.power(base, exponent - 2.0), exponent * (exponent - 1.0))}


def _log1p_slope(node: Node) -> Any:
    return g.reciprocal(g.add(node.args[0], 1.0))


def _tanh_slope(node: Node) -> Any:
    return g.subtract(1.0, g.square(node))


def _where(node: Node) -> Partials:
    condition, a, b = node.args
    return (a, b), (g.where(condition, 1.0, 0.0), g.where(condition, 0.0, 1.0)), {}


PARTIALS: dict[str, Callable[[Node], Partials]] = {
    "add": lambda node: (node.args, (1.0, 1.0), {}),
    "subtract": lambda node: (node.args, (1.0, -1.0), {}),
    "multiply": lambda node: (node.args, (node.args[1], node.args[0]), {(0, 1): 1.0}),
    "negative": _unary(lambda _: -1.0),
    "reciprocal": _unary(
        lambda node: g.negative(g.square(node)), lambda node: g.multiply(g.multiply(g.square(node), node), 2.0)
    ),
    "square": _unary(lambda node: g.multiply(node.args[0], 2.0), lambda _: 2.0),
    "sqrt": _unary(
        lambda node: g.multiply(g.reciprocal(node), 0.5),
        lambda node: g.multiply(g.reciprocal(g.multiply(node, node.args[0])), -0.25),
    ),
    "exp": _unary(lambda node: node, lambda node: node),
    "log": _unary(
        lambda node: g.reciprocal(node.args[0]), lambda node: g.negative(g.square(g.reciprocal(node.args[0])))
    ),
    "log1p": _unary(_log1p_slope, lambda node: g.negative(g.square(_log1p_slope(node)))),
    "expm1": _unary(lambda node: g.exp(node.args[0]), lambda node: g.exp(node.args[0])),
    "tanh": _unary(_tanh_slope, lambda node: g.multiply(g.multiply(node, _tanh_slope(node)), -2.0)),
    "power": _power,
    "where": _where,
}
