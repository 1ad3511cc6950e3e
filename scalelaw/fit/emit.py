"""Straight-line NumPy code from a law's graph: data-only work done once, the rest in one function per order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scalelaw.fit.graph import DATA, PARAMETER, Node

_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "power": "**", "greater": ">", "less": "<"}

Evaluator = Callable[[np.ndarray, Sequence[Any]], tuple[Any, ...]]


def needed(outputs: Iterable[Any]) -> list[Node]:
    """All nodes that the outputs rest on, in an order in which they can be evaluated."""
    stack = [term for term in outputs if isinstance(term, Node)]
    found: dict[int, Node] = {}
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack.extend(arg for arg in node.args if isinstance(arg, Node))
    return [found[index] for index in sorted(found)]


def hoisted(outputs: Sequence[Any]) -> list[Node]:
    """Nodes of data only that a node of parameters, or an output, uses: the constants of one fit."""
    nodes = needed(outputs)
    used = {arg.index for node in nodes if node.depends & PARAMETER for arg in node.args if isinstance(arg, Node)}
    used.update(term.index for term in outputs if isinstance(term, Node))
    return [node for node in nodes if node.depends == DATA and node.index in used]


def evaluate_data(nodes: Sequence[Node], columns: Mapping[str, np.ndarray]) -> dict[int, Any]:
    """Values of the data-only nodes, each of shape (rows,)."""
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for node in nodes:
            if node.op == "column":
                values[node.index] = columns[node.args[0]]
            elif node.depends == DATA:
                args = [values[arg.index] if isinstance(arg, Node) else arg for arg in node.args]
                values[node.index] = getattr(np, node.op)(*args)
    return values


def compile_outputs(outputs: Sequence[Any], constants: Sequence[Node]) -> Evaluator:
    """A function ``f(x, data)`` of parameters x (B, p) and the values of ``constants`` that returns the outputs.

    Each output is a float or an array that broadcasts to (B, rows). The source is generated from the graph
    alone, never from text that a user wrote.
    """
    names = {node.index: f"d{position}" for position, node in enumerate(constants)}
    lines = [f"({''.join(name + ',' for name in names.values())}) = data"] if names else []
    environment: dict[str, Any] = {"inf": np.inf, "nan": np.nan}

    def name(term: Any) -> str:
        return names[term.index] if isinstance(term, Node) else repr(term)

    for node in needed(outputs):
        if not node.depends & PARAMETER:
            continue
        names[node.index] = f"t{node.index}"
        lines.append(f"t{node.index} = {_expression(node, [name(arg) for arg in node.args], environment)}")
    lines.append(f"return ({''.join(name(term) + ',' for term in outputs)})")
    source = "def evaluate(x, data):\n    " + "\n    ".join(lines) + "\n"
    exec(compile(source, "<law>", "exec"), environment)
    evaluator: Evaluator = environment["evaluate"]
    return evaluator


def _expression(node: Node, args: list[str], environment: dict[str, Any]) -> str:
    if node.op == "parameter":
        return f"x[:, {args[0]}:{int(args[0]) + 1}]"
    if node.op in _INFIX:
        return f"{args[0]} {_INFIX[node.op]} {args[1]}"
    if node.op == "negative":
        return f"-{args[0]}"
    environment[node.op] = getattr(np, node.op)
    return f"{node.op}({', '.join(args)})"
