"""The reproducibility checklist that a paper should print beside a law: what is known filled in, the rest marked."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw._version import __version__
from scalelaw.analysis.facts import NAMES, TOLD, filled
from scalelaw.errors import ScalelawError

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

MISSING = "MISSING"


@dataclass(frozen=True)
class Item:
    """A question of the checklist and its answer, None where nothing is known; ``latex`` where it has a formula."""

    section: str
    name: str
    question: str
    answer: str | None
    latex: str | None = None


@dataclass(frozen=True)
class Checklist:
    """A filled-in checklist: Markdown, LaTeX, JSON and a frame are renderings of the same items."""

    items: tuple[Item, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the questions that have no answer."""
        return tuple(item.name for item in self.items if item.answer is None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a question: ``section``, ``name``, ``question``, ``answer`` (None where missing)."""
        import pandas as pd

        rows = [(item.section, item.name, item.question, item.answer) for item in self.items]
        return pd.DataFrame(rows, columns=["section", "name", "question", "answer"], dtype=object)

    def to_markdown(self) -> str:
        """A task list: a tick for what is answered."""
        lines: list[str] = []
        for section in dict.fromkeys(item.section for item in self.items):
            lines += ["", f"### {section}", ""] if lines else [f"### {section}", ""]
            for item in self.items:
                if item.section == section:
                    tick = " " if item.answer is None else "x"
                    lines.append(f"- [{tick}] **{item.question}** {_markdown(item.answer or MISSING)}")
        return "\n".join(lines) + "\n"

    def to_latex(self) -> str:
        r"""A table for the LaTeX packages ``booktabs`` and ``longtable``, which may break over pages."""
        lines = [
            r"% needs \usepackage{booktabs,longtable}",
            r"\begin{longtable}{p{0.34\linewidth}p{0.58\linewidth}}",
            r"\toprule",
        ]
        for place, section in enumerate(dict.fromkeys(item.section for item in self.items)):
            lines += [*([r"\midrule"] if place else []), rf"\multicolumn{{2}}{{l}}{{\textbf{{{_latex(section)}}}}} \\"]
            for item in self.items:
                if item.section == section:
                    answer = rf"\textbf{{{MISSING}}}" if item.answer is None else item.latex or _latex(item.answer)
                    lines.append(rf"{_latex(item.question)} & {answer} \\")
        return "\n".join([*lines, r"\bottomrule", r"\end{longtable}"]) + "\n"

    def to_json(self) -> str:
        """Sections of questions and answers; null where missing."""
        sections: dict[str, dict[str, str | None]] = {}
        for item in self.items:
            sections.setdefault(item.section, {})[item.name] = item.answer
        document = {"schema": "checklist/1", "missing": list(self.missing), **sections}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def checklist(fit: Fit, runs: Any = None, *, about: Mapping[str, Any] | None = None, **told: Any) -> Checklist:
    """Fill in the checklist from a fit and its table; nothing is guessed.

    Parameters
    ----------
    fit : Fit
    runs : DataFrame or mapping of str to array, optional
        The table that was fitted: its other columns answer how runs were trained and repeated.
    about : mapping, optional
        Where the runs are from and how they count, as `scalelaw.datasets.about` has it for a bundled set; by default
        the metadata of the table, ``attrs["scalelaw"]``.
    **told
        Answers by the name of the question, such as ``optimiser="AdamW"``; see ``Checklist.missing`` for what to tell.
        They stand in place of what the table says.

    Returns
    -------
    Checklist

    Raises
    ------
    ScalelawError
        If there is no question of a name told, or the answer cannot be told because the fit knows it.

    Source: the items follow the checklist of Li et al. 2025, (Mis)Fitting: a survey of scaling laws, arXiv:2502.18969,
    appendix; those on convergence follow Besiroglu et al. 2024, arXiv:2404.10102.

    Examples
    --------
    >>> import scalelaw as sl
    >>> runs = sl.load("parscale-pile")
    >>> found = checklist(sl.fit("parscale", runs), runs, optimiser="AdamW")
    >>> found.frame.set_index("name").loc["size", "answer"]
    '24 runs, 24 of them fitted; N 536M to 4.41B (24 values), P 1 to 8 (4 values)'
    >>> "seeds" in found.missing, "optimiser" in found.missing
    (False, False)
    """
    unknown = [name for name in told if name not in NAMES]
    if unknown:
        raise ScalelawError(f"the checklist has no question {unknown[0]!r}; it can be told {', '.join(TOLD)}")
    fixed = [name for name in told if name not in TOLD]
    if fixed:
        raise ScalelawError(f"{fixed[0]!r} is answered by the fit itself; the checklist can be told {', '.join(TOLD)}")
    known = {**filled(fit, runs, about), **{name: str(value) for name, value in told.items() if str(value).strip()}}
    known["versions"] = _versions(fit)
    formulas = {"law": _law_in_latex(fit)}
    return Checklist(
        tuple(
            Item(section, name, question, known.get(name), formulas.get(name))
            for name, (section, question) in NAMES.items()
        )
    )


def _law_in_latex(fit: Fit) -> str | None:
    """The law as a formula, None where it has no LaTeX."""
    if not fit.law.latex:
        return None
    name = "" if fit.law.name == fit.law.formula else f"{_latex(fit.law.name)}: "
    return f"{name}$\\displaystyle L = {fit.law.latex}$" + (f" ({_latex(fit.law.source)})" if fit.law.source else "")


def _versions(fit: Fit) -> str:
    made: Mapping[str, Any] = fit.origin or {
        "scalelaw": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    names = {"scalelaw": "scalelaw", "numpy": "NumPy", "python": "Python"}
    return ", ".join(f"{shown} {made[name]}" for name, shown in names.items() if name in made)


def _markdown(text: str) -> str:
    return "".join(f"\\{each}" if each in "*_`<>[]|" else each for each in text)


_ESCAPES = {
    "\\": r"\textbackslash{}",
    "^": r"\^{}",
    "~": r"\~{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{each: rf"\{each}" for each in "&%$#_{}"},
}


def _latex(text: str) -> str:
    return "".join(_ESCAPES.get(each, each) for each in text)
