"""`scalelaw laws`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    from scalelaw.laws import Law


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[LAW]", help="A law's name or a formula.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the built-in laws, or describe one.

    Example: scalelaw laws parscale
    """
    from scalelaw import laws

    known = list(laws.ALL.values()) if name is None else [laws.resolve(name)]
    if as_json:
        described = [_facts(law) for law in known]
        output.document(described if name is None else described[0])
    elif name is None:
        output.result("\n".join(f"{law.name:18s}{law.formula}" for law in known))
    else:
        output.result("\n".join(f"{key:12s}{_text(value)}" for key, value in _facts(known[0]).items() if value))


def _facts(law: Law) -> dict[str, Any]:
    return {
        "name": law.name,
        "formula": law.formula,
        "source": law.source,
        "columns": list(law.columns),
        "parameters": list(law.parameters),
        "bounds": {parameter: [f"{end:g}" for end in law.bound(parameter)] for parameter in law.parameters},
        "latex": law.latex,
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {low} to {high}" for name, (low, high) in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
