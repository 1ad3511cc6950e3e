"""A fit as JSON, schema ``fit/1``: everything `Fit` holds, in full precision, and where it was made.

The same fit gives the same bytes: there is no time in it, and a fit that is read and written again keeps the
provenance it was read with, in ``Fit.origin``. A file is not believed: its data must have their hash, its law must be
the one of today, and its parameters must give the objective that it states.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from scalelaw._version import __version__
from scalelaw.errors import FitError, LawError
from scalelaw.files import write_atomically
from scalelaw.fit.bootstrap import KINDS, Draws
from scalelaw.fit.encoding import decode, decode_array, encode, encode_array
from scalelaw.fit.noise import Noise
from scalelaw.fit.result import BESIDE, Fit
from scalelaw.fit.saved_law import encode_law, restore_law
from scalelaw.fit.settings import Settings
from scalelaw.fit.solve import Convergence
from scalelaw.laws.law import Law

SCHEMA = "fit/1"
_SAME, _ROUNDING = 1e-9, 1e-14


def to_json(fit: Fit, path: str | Path | None = None) -> str:
    """The fit as JSON text, one line for each of its parts; written to ``path`` too if given, whole or not at all.

    Parameters
    ----------
    fit : Fit
    path : path, optional

    Returns
    -------
    str
        Objects ``schema``, ``law``, ``params``, ``objective``, ``settings``, ``data`` (columns with their types, those
        of the law, ``loss`` and those kept beside them),
        ``weights``, ``convergence``, ``draws``, ``noise`` (where replicates told it) and ``provenance`` (versions of
        scalelaw, NumPy and Python, the platform, and ``data_sha256``, the hash of ``data`` as compact JSON).

    Raises
    ------
    FitError
        If a column or an option holds something that is neither a number nor text.
    ScalelawError
        If the file cannot be written.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> sl.Fit.from_json(pile.to_json()).params == pile.params
    True
    """
    data = {name: encode_array(values) for name, values in fit.table.items()}
    parts = {
        "schema": SCHEMA,
        "law": encode_law(fit.law),
        "params": encode(fit.params),
        "objective": encode(fit.objective),
        "settings": encode(fit.settings.to_dict()),
        "data": data,
        "weights": None if fit.weights is None else encode_array(fit.weights),
        "convergence": encode(fit.convergence.to_dict()),
        "draws": None if fit.draws is None else _encode_draws(fit.draws),
        **({} if fit.noise is None else {"noise": encode(fit.noise.to_dict())}),
        "provenance": {**encode(fit.origin or _made_here()), "data_sha256": _hash(data)},
    }
    lines = (f"{json.dumps(name)}: {_compact(part)}" for name, part in parts.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if path is not None:
        write_atomically(path, text)
    return text


def from_json(source: str | Path, *, law: Law | None = None) -> Fit:
    """Read a fit.

    Parameters
    ----------
    source : path or str
        A file, or the JSON text itself, which begins with ``{``.
    law : Law, optional
        The law, where it is a user's function: a function cannot be saved.

    Returns
    -------
    Fit
        As it was saved. ``origin`` holds the file's provenance.

    Raises
    ------
    FitError
        If there is no such file, it is no fit, a part of it is missing or altered, the law is needed and not given, the
        law is not the one that was fitted, or it does not give the stored objective at the stored parameters.

    Examples
    --------
    >>> from_json('{"schema": "fit/0"}')
    Traceback (most recent call last):
    ...
    scalelaw.errors.FitError: this JSON text has schema 'fit/0', and this version reads 'fit/1'; fit the runs again
    """
    text, where = _text(source)
    stored = _parse(text, where)
    try:
        given = stored["data"]
        if _hash(given) != stored["provenance"]["data_sha256"]:
            raise FitError(f"{where} was altered: its data do not have the hash it states; fit the runs again")
        fit = _restore(stored, restore_law(stored["law"], law, where))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        if isinstance(error, FitError | LawError):
            raise
        detail = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise FitError(f"{where} is not a whole fit: {detail}; save the fit again") from error
    _check_objective(fit, where)
    return fit


def _text(source: str | Path) -> tuple[str, str]:
    """The JSON text and what messages call it."""
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        return source, "this JSON text"
    if isinstance(source, str) and not source.strip():
        raise FitError("there is no fit in an empty text; give a path or the JSON of a fit")
    try:
        return Path(source).read_text(encoding="utf-8"), str(source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        shown = str(source) if len(str(source)) <= 200 else f"{str(source)[:200]}..."
        raise FitError(
            f"cannot read a fit from {shown!r}: {reason}; give the path of a fit saved with to_json"
        ) from error


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        stored = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FitError(f"{where} is not JSON, or was cut short ({error}); save the fit again") from error
    if not isinstance(stored, dict) or "schema" not in stored:
        raise FitError(f"{where} is JSON but not a fit: it names no schema; give a file saved with Fit.to_json")
    if stored["schema"] != SCHEMA:
        raise FitError(
            f"{where} has schema {stored['schema']!r}, and this version reads {SCHEMA!r}; fit the runs again"
        )
    return stored


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _restore(stored: Mapping[str, Any], law: Law) -> Fit:
    params = {name: float(value) for name, value in decode(stored["params"]).items()}
    if tuple(params) != law.parameters:
        raise ValueError(f"its values are of {', '.join(params)}, and the law has {', '.join(law.parameters)}")
    table = {name: decode_array(values) for name, values in stored["data"].items()}
    read = (*law.columns, "loss")
    if tuple(table)[: len(read)] != read or not set(table) <= {*read, *BESIDE}:
        raise ValueError(f"its columns are {', '.join(table)}, and the law reads {', '.join(law.columns)}")
    columns = {name: table[name] for name in read}
    if len({values.shape for values in table.values()}) != 1 or columns["loss"].ndim != 1:
        raise ValueError("its columns differ in length")
    weights = None if stored["weights"] is None else decode_array(stored["weights"])
    if weights is not None and weights.shape != columns["loss"].shape:
        raise ValueError("its weights are not one a row")
    return Fit(
        law=law,
        params=params,
        objective=float(decode(stored["objective"])),
        settings=_settings(decode(stored["settings"])),
        columns=columns,
        weights=weights,
        convergence=_convergence(decode(stored["convergence"])),
        draws=None if stored["draws"] is None else _decode_draws(stored["draws"], len(params)),
        beside={name: values for name, values in table.items() if name not in read},
        noise=Noise(**decode(stored["noise"])) if stored.get("noise") is not None else None,
        origin=decode(stored["provenance"]),
    )


def _settings(stored: dict[str, Any]) -> Settings:
    return Settings(**{**stored, "bounds": {name: tuple(ends) for name, ends in stored["bounds"].items()}})


def _convergence(stored: dict[str, Any]) -> Convergence:
    names = [each.name for each in fields(Convergence)]
    if sorted(stored) != sorted(names):
        raise ValueError("its proof of convergence has other parts than this version writes")
    parts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return Convergence(**parts)


def _encode_draws(draws: Draws) -> dict[str, Any]:
    return {
        "theta": encode_array(draws.theta),
        "objective": encode_array(draws.objective),
        "converged": encode_array(draws.converged),
        "kind": draws.kind,
        "by": draws.by,
        "redrawn": encode(draws.redrawn),
        "seed": encode(draws.seed),
        **({"noise": draws.noise} if draws.noise else {}),
        **({"clusters": encode(draws.clusters)} if draws.clusters else {}),
    }


def _decode_draws(stored: Mapping[str, Any], parameters: int) -> Draws:
    theta, objective, converged = (decode_array(stored[name]) for name in ("theta", "objective", "converged"))
    draws = Draws(
        theta,
        objective,
        converged,
        kind=stored["kind"],
        by=stored["by"],
        redrawn=stored["redrawn"],
        seed=stored["seed"],
        noise=stored.get("noise", ""),
        clusters=stored.get("clusters", 0),
    )
    if draws.kind not in KINDS:
        raise ValueError(f"bootstrap draws of the unknown kind {draws.kind!r}")
    if draws.theta.shape != (len(draws.objective), parameters) or draws.objective.shape != draws.converged.shape:
        raise ValueError("its bootstrap draws differ in length")
    return draws


def _made_here() -> dict[str, str]:
    return {
        "scalelaw": __version__,
        "numpy": np.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _compact(part: Any) -> str:
    return json.dumps(part, separators=(",", ":"), allow_nan=False)


def _hash(data: Any) -> str:
    return hashlib.sha256(_compact(data).encode()).hexdigest()


def _check_objective(fit: Fit, where: str) -> None:
    """Refuse a file whose parameters, data or law do not belong together."""
    loss = np.asarray(fit.columns["loss"], dtype=float)
    with np.errstate(all="ignore"):
        residuals = fit.settings.residuals(fit.predicted, loss)
        found = float(fit.settings.objective(residuals, fit.weights))
        # where the law is met to the last digit the objective is rounding alone
        moved = residuals + np.copysign(_ROUNDING * max(1.0, float(np.abs(loss).max())), residuals)
        rounding = float(fit.settings.objective(moved, fit.weights)) - found
    if found == fit.objective or (np.isnan(found) and np.isnan(fit.objective)):
        return
    if not abs(found - fit.objective) <= _SAME * abs(fit.objective) + rounding:
        raise FitError(
            f"{where} states the objective {fit.objective:.12g}, but its law at its parameters gives {found:.12g} on "
            "its data; the file or the law was altered, so fit the runs again"
        )
