"""The law of a saved fit: how it is named in the file, and how it is found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scalelaw.errors import FitError
from scalelaw.fit.encoding import decode, encode
from scalelaw.laws import ALL, parse
from scalelaw.laws.formula import FormulaFunction
from scalelaw.laws.grouped import GroupedFunction, grouped
from scalelaw.laws.law import Law


def encode_law(law: Law) -> dict[str, Any]:
    """A law as plain values: ``kind`` is ``built-in``, ``expression``, ``groups`` or ``function``."""
    stored: dict[str, Any] = {
        "name": law.name,
        "kind": _kind(law),
        "formula": law.formula,
        "expression": law.expression,
        "columns": list(law.columns),
        "parameters": list(law.parameters),
        "bounds": encode(law.bounds),
        "starts": encode(law.starts),
        "source": law.source,
    }
    if isinstance(law.fn, GroupedFunction):
        stored |= {"of": encode_law(law.fn.law), "groups": list(law.fn.groups), "shared": list(law.fn.shared)}
        stored["by"] = law.fn.by
    return stored


def restore_law(stored: Mapping[str, Any], given: Law | None, where: str) -> Law:
    """The law that was fitted: the one given, or found by its name or its formula.

    Raises
    ------
    FitError
        If it is a user's function and was not given, there is no such law any more, or its formula, columns or
        parameters are others now.
    """
    law = _find(stored, where) if given is None else given
    name = stored["name"]
    for what, then, now in (
        ("formula", stored["formula"], law.formula),
        ("columns", ", ".join(stored["columns"]), ", ".join(law.columns)),
        ("parameters", ", ".join(stored["parameters"]), ", ".join(law.parameters)),
    ):
        if then != now:
            raise FitError(
                f"{where} was fitted with law {name!r} of the {what} {then!r}, and law {law.name!r} now has {now!r}; "
                "fit the runs again, or give that law with law="
            )
    return law


def _kind(law: Law) -> str:
    if law.name in ALL and ALL[law.name].fn is law.fn:
        return "built-in"
    if isinstance(law.fn, GroupedFunction):
        return "groups"
    return "expression" if isinstance(law.fn, FormulaFunction) else "function"


def _find(stored: Mapping[str, Any], where: str) -> Law:
    name, kind = stored["name"], stored["kind"]
    ranges: dict[str, Any] = {
        each: {parameter: tuple(ends) for parameter, ends in decode(stored[each]).items()}
        for each in ("bounds", "starts")
    }
    if kind == "expression":
        law = parse(stored["expression"], name=name, columns=stored["columns"])
        return replace(law, **ranges, source=stored["source"])
    if kind == "groups":
        law = grouped(_find(stored["of"], where), stored["groups"], shared=stored["shared"], by=stored["by"])
        return replace(law, **ranges)
    if kind == "function":
        raise FitError(
            f"{where} was fitted with {name!r}, a function of its user's, which a file cannot hold; "
            "give it with from_json(..., law=Law(name, function))"
        )
    if kind != "built-in":
        raise FitError(f"{where} names a law of the unknown kind {kind!r}; fit the runs again")
    if name not in ALL:
        raise FitError(f"{where} was fitted with the law {name!r}, which this version does not have; give it with law=")
    law = ALL[name]
    return law if ranges == {each: dict(getattr(law, each)) for each in ranges} else replace(law, **ranges)
