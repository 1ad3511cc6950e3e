"""plan and calibrate: what a sweep comes to, and what a few timed steps say of the rest."""

import numpy as np
import pytest

from scalelaw.cost import parameters
from scalelaw.harness.sweep import calibrate
from scalelaw.harness.sweep.planning import plan, text, total


def size(cell):
    return cell.own_C / cell.steps


def nothing(_):
    return 0


def test_evaluations_count_as_forward_passes(make):
    cell = make()[0]
    without, with_them = (
        calibrate.seconds([cell], time_steps=lambda _: 1.0, evaluated=lambda _, tokens=tokens: tokens)[0]
        for tokens in (0, 3 * cell.D)
    )
    assert without == pytest.approx(cell.steps)
    assert with_them == pytest.approx(2 * cell.steps)  # forward and backward are three times the forward pass


def test_a_constant_rate_is_met_exactly(make):
    cells = make(width=[32, 48, 64], streams=[1, 2, 4], two_stage=0.3)
    found = calibrate.seconds(cells, time_steps=lambda cell: size(cell) / 1e9, evaluated=nothing)
    np.testing.assert_allclose(found, [cell.own_C / 1e9 for cell in cells], rtol=1e-12)


def test_a_rate_that_grows_as_a_power_is_met_between_the_timed_cells(make):
    cells = make(width=[32, 48, 64, 96], streams=[1, 2, 4])
    found = calibrate.seconds(cells, time_steps=lambda cell: size(cell) ** 0.7, evaluated=nothing)
    np.testing.assert_allclose(found, [cell.steps * size(cell) ** 0.7 for cell in cells], rtol=1e-9)


@pytest.mark.parametrize(("samples", "timed"), [(1, 1), (2, 2), (3, 3), (50, 12)])
def test_only_some_cells_are_timed(make, samples, timed):
    seen = []
    cells = make(width=[32, 48, 64, 96], streams=[1, 2, 4], seeds=3)
    calibrate.seconds(cells, time_steps=lambda cell: seen.append(cell) or 1.0, evaluated=nothing, samples=samples)
    assert len(seen) == timed


def test_time_on_several_jobs_is_at_least_that_of_the_longest_cell():
    assert calibrate.in_all([1.0, 1.0, 10.0], 1) == 12
    assert calibrate.in_all([1.0, 1.0, 10.0], 2) == 10


def test_a_real_cell_is_timed(make):
    pytest.importorskip("torch", reason="the extra train is not installed")
    assert calibrate.measured(make(width=16, layers=1, streams=2, batch=2, context=16, tokens=64)[0], device="cpu") > 0


def test_a_plan_tells_each_cell_and_the_total(make):
    cells = make(streams=[1, 2], two_stage=0.5)
    rows = plan(cells, time_steps=lambda _: 0.5)
    assert [row["cell"] for row in rows] == [cell.id for cell in cells]
    assert [row["N"] for row in rows] == [parameters(cell.shape, cell.streams.count)["N"] for cell in cells]
    assert sum(row["FLOPs"] for row in rows) == pytest.approx(sum(cell.own_C for cell in cells))
    lines = text(rows, jobs=2).splitlines()
    assert len(lines) == 1 + len(cells) + 1
    assert lines[-1] == total(rows, 2)
    assert lines[-1].startswith("3 cells, ")
