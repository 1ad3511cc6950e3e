"""`scalelaw sweep` and `scalelaw status`: options, bad input, what is printed and how it ends."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from scalelaw.harness import sweep as sweeps
from scalelaw.harness.sweep import asking, calibrate, planning
from scalelaw.harness.sweep.folder import make_sweep, open_sweep
from scalelaw.harness.sweep.timing import Pace

GRID = ("--width", "32,48", "--layers", "2", "--streams", "1,2", "--tokens", "50k")


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    """A corpus that needs no preparing, and jobs that train nothing and end at once."""

    def prepare(name, *, tokenizer, held_out=500_000):
        digest = f"{held_out:016d}"
        card = SimpleNamespace(name=name, tokenizer=tokenizer, vocabulary=256, hash=digest)
        return SimpleNamespace(card=card, train=range(10**6))

    monkeypatch.setattr("scalelaw.harness.corpus.prepare", prepare)
    monkeypatch.setattr(calibrate, "tokens_held_out", lambda _: 500_000)
    monkeypatch.setattr(planning, "measured", lambda *_, **__: Pace(0.5, 1e-6))


@pytest.fixture
def asked(monkeypatch):
    """What `sweep.run` was called with; the sweep is made and counted as done."""
    calls = []

    def run(folder, cells=None, **options):
        made = open_sweep(folder) if cells is None else make_sweep(folder, cells, command=options["command"])
        calls.append(SimpleNamespace(cells=made.cells, **options))
        return sweeps.Outcome(None, {"done": len(made.cells)}, (), f"{len(made.cells)} cells")

    monkeypatch.setattr(sweeps, "run", run)
    return calls


def test_a_grid_is_asked_for(shell, tmp_path, asked):
    options = ("--seeds", "2", "--jobs", "2", "--engine", "slurm", "--retry", "--compile", "--device", "cpu")
    options += ("--engine-option", "partition=long", "--engine-option", "gpus=1")
    outcome = shell("sweep", tmp_path / "tiny", *GRID, *options)
    assert (outcome.code, outcome.out) == (0, "8 cells\n")
    call = asked[0]
    assert (call.jobs, call.engine, call.retry, call.compile, call.device) == (2, "slurm", True, True, "cpu")
    assert (call.partition, call.gpus) == ("long", 1)
    assert {cell.tokens for cell in call.cells} == {50_000}
    assert {cell.seed for cell in call.cells} == {0, 1}


def test_cells_together_on_several_devices(shell, tmp_path, asked):
    outcome = shell("sweep", tmp_path / "t", *GRID, "--backend", "jax", "--together", "4", "--devices", "2")
    assert outcome.code == 0, outcome.err
    assert (asked[0].train, asked[0].together, asked[0].devices) == ("jax", 4, 2)


def test_every_setting_reaches_the_cells(shell, tmp_path, asked):
    settings = "--batch 4 --context 64 --rate 1e-3 --prefix-rate 3 --schedule cosine --heads 4 --prefix-tokens 8"
    more = "--aggregation linear --smoothing 0.2 --prefix reparameterised --prefix-scale 0.5 --near-identity --repeat"
    outcome = shell(
        "sweep", tmp_path / "t", *GRID, *settings.split(), *more.split(), "--corpus", "prose", "--seeds", "7,"
    )
    assert outcome.code == 0, outcome.err
    cell = asked[0].cells[1]
    assert (cell.seed, cell.corpus, cell.repeat, cell.shape.heads, cell.shape.prefix_tokens) == (7, "prose", True, 4, 8)
    assert (cell.recipe.batch, cell.recipe.context, cell.recipe.rate, cell.recipe.prefix_rate) == (4, 64, 1e-3, 3)
    assert (cell.recipe.schedule, cell.shape.aggregation, cell.streams.smoothing) == ("cosine", "linear", 0.2)
    assert (cell.streams.prefix, cell.streams.prefix_scale, cell.streams.near_identity) == (
        "reparameterised",
        0.5,
        True,
    )


def test_two_stages(shell, tmp_path, asked):
    assert shell("sweep", tmp_path / "t", *GRID, "--two-stage", "0.25").code == 0
    assert [cell.start is None for cell in asked[0].cells].count(True) == 2
    shown = shell("status", tmp_path / "t", "--json").out
    assert [row["name"].endswith("-stage1") for row in json.loads(shown)["cells"]].count(True) == 2
    lines = shell("sweep", tmp_path / "t", "--dry-run").out.splitlines()
    assert [line.split()[0].endswith("-stage1") for line in lines].count(True) == 2


def test_the_folder_alone_goes_on(shell, tmp_path, asked):
    shell("sweep", tmp_path / "tiny", *GRID)
    assert shell("sweep", tmp_path / "tiny", "--jobs", "2").code == 0
    assert asked[1].cells == asked[0].cells


def test_failed_cells_end_with_one(shell, tmp_path, monkeypatch):
    why = "0123456789ab w48-p2: out of luck"
    outcome = sweeps.Outcome(None, {"done": 3, "failed": 1}, ("w48-p2",), "4 cells: 3 done, 1 failed", why)
    monkeypatch.setattr(sweeps, "run", lambda *_, **__: outcome)
    shown = shell("sweep", tmp_path / "tiny", *GRID)
    assert (shown.code, shown.out) == (1, "4 cells: 3 done, 1 failed\n")
    assert shown.err == f"Error: 1 of 4 cells is not done ({why}); --retry tries what failed again\n"


def test_what_diverged_is_not_to_be_tried_again(shell, tmp_path, monkeypatch):
    outcome = sweeps.Outcome(None, {"done": 2, "diverged": 2}, ("w48-p1", "w48-p2"), "4 cells: 2 done, 2 diverged")
    monkeypatch.setattr(sweeps, "run", lambda *_, **__: outcome)
    shown = shell("sweep", tmp_path / "tiny", *GRID)
    assert shown.code == 1
    assert "--retry" not in shown.err
    assert "2 of 4 cells are not done (w48-p1, w48-p2)" in shown.err
    assert f"take it out of {tmp_path / 'tiny'}/sweep.json" in shown.err


def test_cells_of_another_run_are_no_failure_to_be_retried(shell, tmp_path, monkeypatch):
    outcome = sweeps.Outcome(None, {"done": 3, "running": 1}, (), "4 cells: 3 done, 1 running")
    monkeypatch.setattr(sweeps, "run", lambda *_, **__: outcome)
    shown = shell("sweep", tmp_path / "tiny", *GRID)
    assert "1 of 4 cells is not done, as another run of this sweep is at work" in shown.err


def test_a_dry_run_makes_nothing(shell, tmp_path):
    outcome = shell("sweep", tmp_path / "tiny", *GRID, "--dry-run")
    assert outcome.code == 0, outcome.err
    assert "w48-l2-p2-49.2k-s0" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("4 cells, ")
    assert not (tmp_path / "tiny").exists()


def test_a_dry_run_tells_what_is_done(shell, tmp_path, asked):
    shell("sweep", tmp_path / "tiny", *GRID)
    made = open_sweep(tmp_path / "tiny")
    (made.folder(made.cells[0]) / "row.json").write_text("{}")
    lines = shell("sweep", tmp_path / "tiny", "--dry-run").out.splitlines()
    assert [line.endswith("done") for line in lines[1:-1]] == [True, False, False, False]
    assert lines[-1].startswith("4 cells, 3 of them to do, ")
    for cell in made.cells:
        (made.folder(cell) / "row.json").write_text("{}")
    assert shell("sweep", tmp_path / "tiny", "--dry-run").out.splitlines()[-1] == "4 cells, all of them done"


def test_settings_without_an_option_of_their_own(shell, tmp_path, asked):
    assert shell("sweep", tmp_path / "t", *GRID, "--set", "clip=0.5,2", "--set", "tied=false").code == 0
    assert {cell.recipe.clip for cell in asked[0].cells} == {0.5, 2}
    assert {cell.shape.tied for cell in asked[0].cells} == {False}


def test_how_much_is_held_out_reaches_the_corpus(shell, tmp_path, asked):
    assert shell("sweep", tmp_path / "t", *GRID, "--held-out", "600k").code == 0
    assert {cell.corpus_hash for cell in asked[0].cells} == {f"{600_000:016d}"}

    assert {cell.held_out for cell in asked[0].cells} == {600_000}


def test_cells_of_equal_compute(shell, tmp_path, asked):
    grid = [each for pair in zip(GRID[::2], GRID[1::2], strict=True) if pair[0] != "--tokens" for each in pair]
    assert shell("sweep", tmp_path / "t", *grid, "--flops", "2e10").code == 0
    assert [cell.C / 2e10 for cell in asked[0].cells] == [pytest.approx(1, abs=0.1)] * 4


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("code,prose", ["code", "prose"]),
        ("text:/my notes, 2", ["text:/my notes, 2"]),
        ("text:/a,b,hf:some/set, code", ["text:/a,b", "hf:some/set", "code"]),
    ],
)
def test_the_comma_of_a_path_parts_no_corpora(shell, tmp_path, asked, given, names):
    assert shell("sweep", tmp_path / "t", *GRID, "--corpus", given).code == 0
    assert list(dict.fromkeys(cell.corpus for cell in asked[0].cells)) == names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "pbs", "--dry-run"), "there is no engine 'pbs'"),
        (("--engine-option", "partition=long", "--dry-run"), "engine local has no option 'partition'; it has threads"),
        (("--backend", "tf", "--dry-run"), "nothing trains with 'tf'; choose auto, torch or jax"),
        (("--backend", "jax", "--compile"), "compile is for torch"),
        (("--backend", "torch", "--together", "4"), "together is for jax, as torch trains one cell at a time; leave"),
        (("--backend", "torch", "--devices", "2"), "devices is for jax, as torch shares a batch under torchrun only"),
        (("--device", "abacus", "--dry-run"), "device 'abacus' is not known"),
    ],
)  # fmt: skip
def test_what_would_stop_every_cell_is_told_before_a_folder_is_made(shell, tmp_path, options, said):
    outcome = shell("sweep", tmp_path / "tiny", *GRID, *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert said in outcome.err
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*GRID, "--heads", "5"), ["5 heads do not divide the width 32"]),
        ((*GRID, "--streams", "0"), ["P must be"]),
        ((*GRID, "--tokens", "100M"), ["corpus code", "--repeat"]),
        ((*GRID, "--engine", "cloud"), ["no engine 'cloud'", "local"]),
        ((*GRID, "--schedule", "linear"), ["'linear'"]),
        (("--width", "32"), ["needs layers and tokens as well"]),
        (("--corpus", "prose"), ["needs width, layers and tokens as well"]),
        ((), ["holds no sweep"]),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_before_any_work(shell, tmp_path, options, said):
    outcome = shell("sweep", tmp_path / "tiny", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.splitlines()) == 1
    assert [piece for piece in said if piece not in outcome.err] == [], outcome.err
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--width", "wide"),
        ("--tokens", "1.5"),
        ("--jobs", "0"),
        ("--rate", "1,,2"),
        ("--engine-option", "jobs=2", *GRID),
        ("--set", "rate=2", *GRID),
        ("--held-out", "1k,2k", *GRID),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(shell, tmp_path, options):
    assert shell("sweep", tmp_path / "tiny", *options).code == 2


def test_a_shape_that_cannot_be_is_told_before_a_corpus_is_prepared(monkeypatch):
    monkeypatch.setitem(sys.modules, "scalelaw.harness.corpus", None)
    with pytest.raises(ValueError, match="5 heads"):
        asking.cells_asked({"width": [32], "layers": [2], "tokens": [50_000], "heads": [5]})


class TestStatus:
    @pytest.fixture
    def folder(self, shell, tmp_path: Path, asked):  # noqa: ARG002
        shell("sweep", tmp_path / "tiny", *GRID)
        made = open_sweep(tmp_path / "tiny")
        row = {"loss": 1.25, "seconds": 3.0, "run": made.cells[0].id}
        (made.folder(made.cells[0]) / "row.json").write_text(json.dumps(row))
        failed = {"kind": "diverged", "step": 3, "message": "the loss is nan", "host": "here", "time": 0}
        (made.folder(made.cells[1]) / "failed.json").write_text(json.dumps(failed))
        return made.path

    def test_for_people(self, shell, folder):
        outcome = shell("status", folder)
        first, second = outcome.out.splitlines()
        assert outcome.code == 0
        assert first.startswith("4 cells: 1 done, 1 diverged, 2 to do; about ")
        assert second == f"{open_sweep(folder).cells[1].id}  w32-l2-p2-49.2k-s0  diverged  the loss is nan"

    def test_for_machines(self, shell, folder):
        document = json.loads(shell("status", folder, "--json").out)
        assert document["counts"] == {"done": 1, "diverged": 1, "to do": 2}
        assert [cell["state"] for cell in document["cells"]] == ["done", "diverged", "to do", "to do"]
        assert document["seconds_left"] > 0

    def test_watching_ends_when_all_ended(self, shell, folder, monkeypatch):
        made = open_sweep(folder)

        def sleep(_):
            for cell in made.cells[2:]:
                (made.folder(cell) / "row.json").write_text("{}")

        monkeypatch.setattr("time.sleep", sleep)
        lines = shell("status", folder, "--watch").out.splitlines()
        assert [each.partition(";")[0] for each in lines if "cells" in each] == [
            "4 cells: 1 done, 1 diverged, 2 to do",
            "4 cells: 3 done, 1 diverged",
        ]

    def test_one_document_cannot_be_watched(self, shell, folder):
        assert shell("status", folder, "--json", "--watch").code == 2

    def test_no_sweep(self, shell, tmp_path):
        outcome = shell("status", tmp_path)
        assert outcome.code == 1
        assert "holds no sweep" in outcome.err
