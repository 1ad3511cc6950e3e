"""The ParScale paper's fits again: published values beside refitted ones, its figures, and its tables of errors.

Chen et al. 2025, *Parallel Scaling Law for Language Models*, arXiv:2505.10475, equation 5 and Figures 2, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.errors import ScalelawError
from scalelaw.reproduce.refit import Refit, refit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CORPORA", "Refit", "Reproduction", "refit", "reproduce"]

CORPORA = {"parscale-stack": "Stack-V2-Python", "parscale-pile": "The Pile"}


@dataclass(frozen=True)
class Reproduction:
    """Both corpora, the equivalents, and the files written."""

    refits: tuple[Refit, ...]
    equivalents: pd.DataFrame
    files: tuple[Path, ...]

    def report(self) -> str:
        """Everything as text."""
        parts = [refit.report() for refit in self.refits]
        written = "\n".join(f"  {file}" for file in self.files)
        return "\n\n\n".join(parts) + f"\n\n\nfiles written:\n{written}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain values."""
        fits = {
            refit.name: {
                "reference": refit.published.reference,
                "values": refit.frame().reset_index(names="name").to_dict("records"),
                "objective": refit.fit.objective,
                "published_objective_excess": refit.excess,
                "best_rounding_objective_excess": refit.excess_rounded,
            }
            for refit in self.refits
        }
        equivalents = self.equivalents.to_dict("records")
        return {"fits": fits, "equivalents": equivalents, "files": [str(file) for file in self.files]}


def reproduce(
    out: str | Path = "figures",
    *,
    bootstrap: int = 1000,
    rng: int = 0,
    progress: Callable[[str], object] | None = None,
) -> Reproduction:
    """Refit both corpora and write the paper's figures and tables.

    Parameters
    ----------
    out : path
        Folder for the files; made if its parent exists.
    bootstrap : int
        Resamples of the intervals.
    rng : int
        Seed of the resampling.
    progress : callable
        Told what is being done; None for nobody.

    Returns
    -------
    Reproduction

    Raises
    ------
    ScalelawError
        If the folder cannot be made or written.
    """
    folder, tell = _folder(Path(out)), progress or (lambda _: None)
    refits = []
    for name in CORPORA:
        tell(f"fitting {name}")
        refits.append(refit(name, bootstrap=bootstrap, rng=rng))
    tell("writing tables and figures")
    from scalelaw.reproduce.figures import write_figures
    from scalelaw.reproduce.tables import equivalents_table, write_tables

    fits = {CORPORA[each.name]: each.fit for each in refits}
    equivalents = equivalents_table(fits)
    files = (*write_tables(fits, equivalents, folder), *write_figures(fits, folder))
    return Reproduction(tuple(refits), equivalents, files)


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ScalelawError(f"cannot make the folder {folder}: {error.strerror or error}; choose another") from error
    return folder
