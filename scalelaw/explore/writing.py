"""The page: one HTML file that holds its style, its scripts, plotly.js and the fits, and asks no one for anything."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw._version import __version__
from scalelaw.errors import ScalelawError
from scalelaw.explore.contents import LEVELS, fit_contents, functions, interval_tables
from scalelaw.explore.costs import costs_contents, costs_in_javascript
from scalelaw.explore.javascript import quoted
from scalelaw.extras import need
from scalelaw.files import write_atomically

if TYPE_CHECKING:
    from scalelaw.cost import Hardware
    from scalelaw.fit.result import Fit

SCRIPTS = (
    *("numbers", "laws", "intervals", "costs", "state"),
    *("controls", "results", "charts", "curves", "contours", "device", "runs", "code", "live", "main"),
)
"""The page's scripts, in the order in which they run."""
LARGEST = 6_000_000
"""Bytes that a page may have: what can still be mailed."""


def page(
    fits: Fit | Sequence[Fit],
    *,
    names: Sequence[str] | None = None,
    python: Sequence[str] | None = None,
    machines: Iterable[Hardware] = (),
    live: bool = False,
) -> str:
    """A page to explore one or several fits in, as HTML.

    Predictions, intervals, equivalents, memory and latency are computed in the page, by JavaScript that is generated
    from the functions of the laws and of the cost models themselves.

    Parameters
    ----------
    fits : Fit or sequence of Fit
        With bootstrap draws, to have intervals in the page.
    names : sequence of str, optional
        What the page calls each; by default the name of its law.
    python : sequence of str, optional
        For each an expression that gives it, such as ``sl.Fit.from_json("fit.json")``, for the lines of Python that
        the page gives.
    machines : iterable of Hardware
        Further machines than those of `scalelaw.cost.MACHINES`.
    live : bool
        Whether the page asks the server that it came from for news, as that of `scalelaw.explore.serve` does.

    Returns
    -------
    str
        Complete HTML.

    Raises
    ------
    ScalelawError
        If there is no fit, or the page would have more than 6 MB.
    LawError
        If a law cannot be written as JavaScript.
    MissingExtra
        If plotly is not installed.
    """
    listed = [fits] if not isinstance(fits, Sequence) else list(fits)
    if not listed and not live:
        raise ScalelawError("a page needs at least one fit to show; make one with scalelaw fit ... -o fit.json")
    known: dict[str, Any] = {
        "version": __version__,
        "levels": list(LEVELS),
        "tables": interval_tables(listed),
        "fits": contents(listed, names=names, python=python),
        "costs": costs_contents(machines),
        "live": live,
    }
    title = " and ".join(dict.fromkeys(each["name"] for each in known["fits"])) or "a sweep"
    parts = {
        "title": html.escape(title),
        "policy": _policy(live),
        "style": static("page.css"),
        "plotly": plotly(),
        "data": f"const DATA = {quoted(known)};\nconst LAWS = {functions(listed)};\nconst COSTS = {_costs()};",
        "scripts": "\n".join(f"<script>\n{static(f'{name}.js')}</script>" for name in SCRIPTS),
    }
    made = re.sub(r"<!--(\w+)-->", lambda found: parts[found[1]], static("page.html"))
    if len(made.encode()) > LARGEST:
        raise ScalelawError(
            f"the page would have {len(made.encode()) / 1e6:.1f} MB, and 6 are the most that can be mailed; show fewer "
            "fits, or fit with fewer bootstrap draws"
        )
    return made


def write(fits: Fit | Sequence[Fit], path: str | Path, **options: Any) -> Path:
    """Write the :func:`page` of some fits, whole or not at all; options are those of :func:`page`.

    Raises
    ------
    ScalelawError
        If the page cannot be made or the file cannot be written.
    """
    return write_atomically(path, page(fits, **options))


def contents(
    fits: Sequence[Fit], *, names: Sequence[str] | None = None, python: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """What a page knows of each fit, under names that differ."""
    given = list(names or [fit.law.name for fit in fits])
    told = [name if given.count(name) == 1 else f"{name} {place}" for place, name in enumerate(given, start=1)]
    return [
        fit_contents(fit, name, python=expression)
        for fit, name, expression in zip(fits, told, python or [""] * len(fits), strict=True)
    ]


def expression(
    source: str,
    law: str | None,
    bootstrap: int,
    seed: int,
    *,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
) -> str:
    """Python that gives a fit: that of a file, or that of a law to the runs of a bundled set, a file or a folder.

    ``columns`` and ``where`` are what `scalelaw.runs.check` and `scalelaw.runs.select` are told of the runs.

    >>> expression("fit.json", None, 0, 0), expression("porian", "power_n", 0, 0)
    ('sl.Fit.from_json("fit.json")', 'sl.fit("power_n", sl.load("porian"), bootstrap=0, rng=0)')
    >>> expression("runs.csv", "power_n", 9, 0, columns={"N": "size"}, where={"P": "1"})
    'sl.fit("power_n", sl.runs.select(sl.read("runs.csv", columns={"N": "size"}), {"P": "1"}), bootstrap=9, rng=0)'
    """
    if law is None:
        return f"sl.Fit.from_json({quoted(source)})"
    from scalelaw.datasets import names

    named = f", columns={quoted(columns)}" if columns else ""
    if source in names():
        runs = f"sl.load({quoted(source)})"
        runs = f"sl.check({runs}{named})" if named else runs
    else:
        runs = f"sl.read({quoted(source)}{named})"
    runs = f"sl.runs.select({runs}, {quoted(where)})" if where else runs
    return f"sl.fit({quoted(law)}, {runs}, bootstrap={bootstrap}, rng={seed})"


def static(name: str) -> str:
    """The text of a file that a page is made of."""
    return (files("scalelaw.explore") / "static" / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def plotly() -> str:
    """plotly.js as the Python package brings it, which has one bundle alone: the whole.

    Raises
    ------
    MissingExtra
        If the package is not installed.
    """
    package = need("plotly", extra="explore", purpose="a page to explore")
    return (Path(str(package.__file__)).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def _costs() -> str:
    return "{ " + ", ".join(f"{quoted(name)}: {made}" for name, made in costs_in_javascript().items()) + " }"


def _policy(live: bool) -> str:
    """What the browser may do for the page: run what is in it and, where it is served, ask its server."""
    parts = ["default-src 'none'", "script-src 'unsafe-inline'", "style-src 'unsafe-inline'", "img-src data: blob:"]
    return "; ".join([*parts, "connect-src 'self'" if live else "connect-src 'none'", "base-uri 'none'"])
