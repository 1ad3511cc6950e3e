"""plan and calibrate: what a sweep comes to, and what a few timed steps say of the rest."""

import io

import numpy as np
import pytest

from scalelaw.cost import parameters
from scalelaw.cost.memory import evaluation_memory
from scalelaw.harness.running import CURVE_POINTS, curve_windows
from scalelaw.harness.sweep import calibrate, planning
from scalelaw.harness.sweep.pieces import piece_of, windows_of
from scalelaw.harness.sweep.plan_text import text, total
from scalelaw.harness.sweep.planning import plan, rehearse
from scalelaw.harness.sweep.timing import Pace, measured
from scalelaw.harness.windows import windows_at_once


def size(cell):
    return cell.own_C / cell.steps


def nothing(_):
    return 0


def steps_of(seconds):
    """A pace of so many seconds a step, by the cell."""
    return lambda cell: Pace(seconds(cell), 1e-9)


@pytest.mark.parametrize("held_out", [0, 1_000, 10**6])
def test_held_out_tokens_have_a_pace_of_their_own(make, held_out):
    cell = make()[0]
    (found,) = calibrate.seconds([cell], pace=lambda _: Pace(1.0, 0.01), held_out=lambda _: held_out)
    curve = min(CURVE_POINTS, cell.steps) * min(curve_windows(cell) * cell.recipe.context, held_out)
    assert found == pytest.approx(cell.steps + 0.01 * (curve + held_out))


def test_a_constant_rate_is_met_exactly(make):
    cells = make(width=[32, 48, 64], streams=[1, 2, 4], two_stage=0.3)
    found = calibrate.seconds(cells, pace=steps_of(lambda cell: size(cell) / 1e9), held_out=nothing)
    np.testing.assert_allclose(found, [cell.own_C / 1e9 for cell in cells], rtol=1e-12)


def test_a_rate_that_grows_as_a_power_is_met_between_the_timed_cells(make):
    cells = make(width=[32, 48, 64, 96], streams=[1, 2, 4])
    found = calibrate.seconds(cells, pace=steps_of(lambda cell: size(cell) ** 0.7), held_out=nothing)
    np.testing.assert_allclose(found, [cell.steps * size(cell) ** 0.7 for cell in cells], rtol=1e-9)


@pytest.mark.parametrize(("samples", "timed"), [(1, 1), (2, 2), (3, 3), (50, 12)])
def test_only_some_cells_are_timed(make, samples, timed):
    seen = []
    cells = make(width=[32, 48, 64, 96], streams=[1, 2, 4], seeds=3)
    calibrate.seconds(cells, pace=steps_of(lambda cell: seen.append(cell) or 1.0), held_out=nothing, samples=samples)
    assert len(seen) == timed


def test_time_on_several_jobs_is_at_least_that_of_the_longest_cell():
    assert calibrate.in_all([1.0, 1.0, 10.0], 1) == 12
    assert calibrate.in_all([1.0, 1.0, 10.0], 2) == 10


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_real_cell_is_timed(make, backend):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    cell = make(width=16, layers=1, streams=2, batch=2, context=16, tokens=64)[0]
    pace = measured(cell, device="cpu", backend=backend)
    assert pace.step > 0
    assert pace.token > 0


def test_cells_that_go_together_are_timed_together(make, monkeypatch):
    asked = []

    def timed(cell, *, together=1, **_):
        asked.append(together)
        return Pace(0.5, 1e-6)

    monkeypatch.setattr(planning, "measured", timed)
    cells = make(width=[32, 48], rate=[1e-3, 2e-3], seeds=2) + make(width=64)
    rows = plan(cells, together=3, held_out=nothing)
    assert asked == [3, 3, 1]
    assert "at most" in total(rows, 2, 3)


def test_cells_of_one_name_are_told_apart(make):
    cells = make(rate=[1e-3, 2e-3], width=[32, 48])
    lines = text(plan(cells[:3], pace=steps_of(lambda _: 0.5), held_out=nothing)).splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [[cell.name, cell.id] for cell in cells[:2]]
    assert cells[2].id not in lines[3]


def test_a_plan_tells_each_cell_and_the_total(make):
    cells = make(streams=[1, 2], two_stage=0.5)
    rows = plan(cells, pace=steps_of(lambda _: 0.5), held_out=nothing)
    assert [row["cell"] for row in rows] == [cell.id for cell in cells]
    assert [row["N"] for row in rows] == [parameters(cell.shape, cell.streams.count)["N"] for cell in cells]
    assert sum(row["FLOPs"] for row in rows) == pytest.approx(sum(cell.own_C for cell in cells))
    lines = text(rows, jobs=2).splitlines()
    assert len(lines) == 1 + len(cells) + 1
    assert lines[-1] == total(rows, 2)
    assert lines[-1].startswith("3 cells, ")


def test_memory_is_that_of_an_evaluation_where_it_takes_more(make, monkeypatch):
    (cell,) = make()
    step = plan([cell], timed=False)[0]["memory"]
    monkeypatch.setattr(planning, "windows_at_once", lambda _: 1000)
    weights = parameters(cell.shape, 1)
    kept = 3 * 4 * (weights["N"] + weights["n_embedding"])
    evaluation = evaluation_memory(cell.shape, 1, windows=1000, context=cell.recipe.context)
    assert plan([cell], timed=False)[0]["memory"] == kept + evaluation > step


@pytest.mark.parametrize(
    "settings",
    [{"width": 256, "layers": 8, "streams": 8}, {"context": 500_000, "tokens": 10**6, "batch": 1}, {"width": 2048}],
)
def test_a_cell_of_long_steps_is_timed_on_a_piece_of_it(make, settings):
    (cell,) = make(repeat=True, **settings)
    piece = piece_of(cell, on_cpu=True)
    assert piece.step_C <= 2e10 < cell.step_C
    assert windows_of(piece, on_cpu=True) * piece.recipe.context * piece.held_out_C <= 2e10
    assert (piece.shape.width, piece.streams) == (cell.shape.width, cell.streams)
    assert piece_of(cell, on_cpu=False).step_C <= 1e12


def test_a_cell_of_short_steps_is_timed_as_it_is(make):
    (cell,) = make(width=16)
    piece = piece_of(cell, on_cpu=True)
    assert (piece.shape, piece.recipe) == (cell.shape, cell.recipe)
    assert windows_of(piece, on_cpu=True) == windows_at_once(cell)


def test_a_piece_stands_for_the_whole_by_its_operations(make, monkeypatch):
    monkeypatch.setattr("scalelaw.harness.sweep.timing._in_torch", lambda piece, *_: Pace(piece.step_C / 1e9, 1e-6))
    (cell,) = make(width=256, layers=8, streams=8)
    assert measured(cell, device="cpu").step == pytest.approx(cell.step_C / 1e9)


def test_a_long_call_is_made_once(monkeypatch):
    from scalelaw.harness.sweep import timing

    clock, calls = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def call(seconds):
        calls.append(seconds)
        clock[0] += seconds

    assert timing._best(lambda: call(5.0)) == 5.0
    assert calls == [5.0]
    first = iter([0.3, 0.2, 0.1, 0.15])
    assert timing._best(lambda: call(next(first))) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("widths", "said"), [([32, 48, 64, 96], "timing 3 cells ...\n"), ([32], "timing 1 cell ...\n")]
)
def test_it_is_said_that_cells_are_timed(make, widths, said):
    stream = io.StringIO()
    plan(make(width=widths), pace=steps_of(lambda _: 0.5), held_out=nothing, progress=stream)
    assert stream.getvalue() == said


@pytest.mark.parametrize("device", ["cuda:99", "tpu"])
def test_the_time_on_a_device_of_another_machine_is_not_known(make, tmp_path, monkeypatch, device):
    for package in ("ray", "optax") if device == "tpu" else ("ray",):
        pytest.importorskip(package, reason=f"the package {package} is not installed")
    monkeypatch.setattr(planning, "measured", None)  # is not called
    rows = rehearse(tmp_path / "t", make(width=[32, 48]), engine="ray", device=device)
    assert [row["seconds"] for row in rows] == [None, None]
    said = text(rows, 2, engine="ray")
    assert said.count("not known") == 3
    assert "the time is not known, as this machine has no such device, and at most" in said


def test_whose_time_it_is_is_said_where_another_machine_trains(make):
    rows = plan(make(), pace=steps_of(lambda _: 0.5), held_out=nothing)
    assert "were they all as fast as this machine" in total(rows, 2, engine="slurm")
    assert "this machine" not in total(rows, 2)
