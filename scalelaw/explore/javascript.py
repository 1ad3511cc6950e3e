"""JavaScript from a graph: what a Python function computes, written once more by the machine and never by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.fit.emit import needed
from scalelaw.fit.graph import Node

_INFIX = {"add": "+", "subtract": "-", "multiply": "*"}
_COMPARED = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<="}
_MATH = {"exp", "log", "sqrt", "log1p", "expm1", "tanh"}


def to_javascript(result: Any) -> str:
    """A JavaScript function of the columns and the parameters that the nodes rest on.

    Parameters
    ----------
    result : Node, float, or mapping of str to them
        What it returns: a number, or an object of numbers.

    Returns
    -------
    str
        ``function (c, t) {...}``, where ``c`` holds the columns by name and ``t`` is an array of the parameters.

    Examples
    --------
    >>> from scalelaw.fit.graph import Graph
    >>> graph = Graph()
    >>> print(to_javascript(graph.parameter(0) + 2.0 / graph.column("N", positive=True)))
    function (c, t) {
      const n0 = t[0];
      const n1 = c["N"];
      const n2 = 1 / n1;
      const n3 = n2 * 2.0;
      const n4 = n0 + n3;
      return n4;
    }
    """
    parts = dict(result) if isinstance(result, Mapping) else {"": result}
    lines = [f"const n{node.index} = {_expression(node)};" for node in needed(parts.values())]
    if isinstance(result, Mapping):
        shown = ", ".join(f"{quoted(name)}: {_term(part)}" for name, part in parts.items())
        lines.append(f"return {{ {shown} }};")
    else:
        lines.append(f"return {_term(result)};")
    return "\n".join(["function (c, t) {", *(f"  {line}" for line in lines), "}"])


def evaluate(result: Node | float, columns: Mapping[str, Any], parameters: Any) -> np.ndarray:
    """What the generated function gives, computed by NumPy from the same graph, over arrays that broadcast."""
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for node in needed([result]):
            if node.op == "column":
                values[node.index] = np.asarray(columns[node.args[0]], dtype=float)
            elif node.op == "parameter":
                values[node.index] = np.asarray(parameters[node.args[0]], dtype=float)
            else:
                args = [values[arg.index] if isinstance(arg, Node) else arg for arg in node.args]
                values[node.index] = getattr(np, node.op)(*args)
    return np.asarray(values[result.index] if isinstance(result, Node) else result, dtype=float)


def _expression(node: Node) -> str:
    if node.op == "column":
        return f"c[{quoted(node.args[0])}]"
    if node.op == "parameter":
        return f"t[{node.args[0]}]"
    args = [_term(arg) for arg in node.args]
    if node.op in _INFIX:
        return f"{args[0]} {_INFIX[node.op]} {args[1]}"
    if node.op in _COMPARED:
        return f"+({args[0]} {_COMPARED[node.op]} {args[1]})"
    if node.op in _MATH:
        return f"Math.{node.op}({args[0]})"
    others = {
        "negative": "-{0}",
        "reciprocal": "1 / {0}",
        "square": "{0} * {0}",
        "power": "Math.pow({0}, {1})",
        "where": "{0} ? {1} : {2}",
    }
    return others[node.op].format(*args)


def _term(term: Any) -> str:
    if isinstance(term, Node):
        return f"n{term.index}"
    if math.isfinite(term):
        return f"({term!r})" if term < 0 or math.copysign(1.0, term) < 0 else repr(float(term))
    return "NaN" if math.isnan(term) else "Infinity" if term > 0 else "(-Infinity)"


def quoted(value: Any) -> str:
    """Plain values as JSON, which cannot end the script that it stands in; what is not finite is null.

    >>> quoted("</script>"), quoted([1.5, float("inf")])
    ('"\\\\u003c/script>"', '[1.5, null]')
    """
    return json.dumps(_finite(value), ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
