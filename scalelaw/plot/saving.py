"""Figures as files: whole or not at all, and the same bytes every time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase, SubFigure

from scalelaw.errors import ScalelawError
from scalelaw.files import write_atomically
from scalelaw.plot.style import OUTPUT

_METADATA: Mapping[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
    "pgf": {},
}
_LATEX = ("pdflatex", "xelatex", "lualatex")
_DPI = 300


def save(
    ax_or_fig: Axes | FigureBase | np.ndarray | Sequence[Axes],
    path: str | os.PathLike[str],
    *,
    formats: Sequence[str] = ("pdf", "png"),
) -> tuple[Path, ...]:
    """Write the figure.

    Fonts are embedded as TrueType (type 42), SVG keeps its text as text, PNG has 300 dots per inch, no file holds a
    date: the same figure saved twice gives the same bytes under one version of Matplotlib.

    Parameters
    ----------
    ax_or_fig : Axes, Figure or array of Axes
        A figure, or axes in it; the whole figure is written.
    path : path
        With the extension ``.pdf``, ``.svg``, ``.png`` or ``.pgf`` that one file is written; without one of these,
        one file of each format, with its extension added to the name.
    formats : sequence of {"pdf", "png", "svg", "pgf"}
        Formats where ``path`` says none. PGF needs pdflatex, xelatex or lualatex.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    ScalelawError
        If the format is unknown, the folder does not exist or cannot be written, or PGF is asked for without LaTeX.

    Examples
    --------
    >>> import tempfile
    >>> figure = Figure()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in save(figure.add_subplot(), Path(folder) / "empty")]
    ['empty.pdf', 'empty.png']
    """
    figure, path = _figure(ax_or_fig), Path(path)
    ending = path.suffix[1:].lower()
    if ending in _METADATA:
        targets = {path: ending}
    elif ending in mpl.backend_bases.FigureCanvasBase.filetypes or (ending.isalpha() and len(ending) <= 4):
        raise ScalelawError(f"cannot write {path}: a figure is written as {', '.join(_METADATA)}")
    else:
        targets = {path.with_name(f"{path.name}.{kind}"): kind for kind in _checked(formats)}
    if not path.parent.is_dir():
        raise ScalelawError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    # all are drawn before the first is written, so that a failure leaves no half of them
    drawn = {target: _bytes(figure, kind) for target, kind in targets.items()}
    return tuple(write_atomically(target, contents) for target, contents in drawn.items())


def _figure(given: Any) -> Figure:
    first = given if isinstance(given, Axes | FigureBase) else np.ravel(np.asarray(given, dtype=object))[0]
    figure = first.figure if isinstance(first, Axes) else first
    while isinstance(figure, SubFigure):
        figure = figure.figure
    if not isinstance(figure, Figure):
        raise ScalelawError(f"save needs Axes or a Figure, not {type(given).__name__}")
    return figure


def _checked(formats: Sequence[str]) -> list[str]:
    kinds = [formats] if isinstance(formats, str) else list(formats)
    unknown = [kind for kind in kinds if kind not in _METADATA]
    if unknown or not kinds:
        raise ScalelawError(
            f"a figure is written as {', '.join(_METADATA)}, not {', '.join(map(str, unknown)) or 'nothing'}"
        )
    return kinds


def _bytes(figure: Figure, kind: str) -> bytes:
    buffer = BytesIO()
    settings: dict[Any, Any] = {**OUTPUT, "savefig.dpi": _DPI}
    if kind == "pgf":
        settings["pgf.texsystem"] = _texsystem()
    with mpl.rc_context(settings):
        # the PGF backend takes no metadata, not even none
        options: dict[str, Any] = {"metadata": _METADATA[kind]} if _METADATA[kind] else {}
        figure.savefig(buffer, format=kind, dpi=_DPI, **options)
    return buffer.getvalue()


def _texsystem() -> str:
    found = next((program for program in _LATEX if shutil.which(program)), None)
    if found is None:
        raise ScalelawError(f"PGF needs LaTeX, and none of {', '.join(_LATEX)} is found; install one or write a PDF")
    return found
