"""Grids of cells, trained side by side, stopped and gone on with: a sweep is a folder.

    sweep.json      what the sweep is, for people
    runs.parquet    the finished cells as a runs table
    cells/<id>/     a folder a cell

Nothing is remembered elsewhere: what is done, failed or running is read from the folder.
"""

from scalelaw.harness.sweep.gathering import gather
from scalelaw.harness.sweep.grids import grid
from scalelaw.harness.sweep.reporting import status
from scalelaw.harness.sweep.running import Outcome, run
from scalelaw.harness.sweep.working import work

__all__ = ["Outcome", "gather", "grid", "run", "status", "work"]
