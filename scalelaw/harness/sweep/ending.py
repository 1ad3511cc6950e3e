"""What is said in the end of a sweep that is not done: why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping


def why_not_done(counts: Mapping[str, int], first: str, folder: str) -> str:
    """One sentence on the cells that are not done.

    Parameters
    ----------
    counts : mapping
        Cells by state.
    first : str
        Which cell failed or diverged first, and why.
    folder : str
        Of the sweep.

    >>> print(why_not_done({"done": 3, "failed": 1}, "0123456789ab w16-p1: out of luck", "runs/tiny"))
    1 of 4 cells is not done (0123456789ab w16-p1: out of luck); --retry tries what failed again
    """
    total = sum(counts.values())
    left = total - counts.get("done", 0)
    is_left = f"{left} of {total} cells {'is' if left == 1 else 'are'} not done"
    if not (counts.get("failed") or counts.get("diverged")):
        return f"{is_left}, as another run of this sweep is at work; see `scalelaw status {folder}`"
    said = [f"{is_left} ({first})"]
    if left > 1:
        said.append(f"`scalelaw status {folder}` tells of each")
    if counts.get("failed"):
        said.append("--retry tries what failed again")
    if counts.get("diverged"):
        said.append(
            "what diverged would diverge again: train it at a lower rate in another folder, and take it out of "
            f"{folder}/sweep.json to be done with this one"
        )
    return "; ".join(said)
