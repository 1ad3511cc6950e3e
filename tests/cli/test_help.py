"""What --help says is what the verbs do: kinds of resampling, checkpoints of one run, intervals, examples."""

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.cli import output
from scalelaw.fit.comparing.field import enter
from scalelaw.fit.comparing.splits import splits
from scalelaw.fit.resampling import KINDS
from scalelaw.laws import parscale

RUN = "whole runs where rows share a `run`"


def words(shell, verb: str) -> str:
    """The help of a verb without its line breaks."""
    return " ".join(shell(verb, "--help").out.split())


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """Twelve runs with three rows each, which share the noise of their run."""
    rng = np.random.default_rng(0)
    N, P = (np.repeat(each.ravel(), 3) for each in np.meshgrid([3e8, 1e9, 4e9], [1.0, 2.0, 4.0, 8.0]))
    run = np.repeat(np.arange(12), 3)
    loss = parscale.predict({"N": N, "P": P}, {"E": 1.3, "A": 2e8, "alpha": 0.2, "k": 0.35})
    loss = loss * np.exp(4e-3 * rng.standard_normal(12)[run] + 5e-4 * rng.standard_normal(36))
    frame = pd.DataFrame(
        {"N": N.astype(int), "P": P.astype(int), "loss": loss, "run": run, "step": np.tile([1, 2, 3], 12)}
    )
    path = tmp_path / "curves.csv"
    frame.assign(half=np.where(run % 2, "a", "b")).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("verb", ["fit", "calibrate"])
def test_every_kind_of_resampling_is_named(shell, verb: str) -> None:
    said = words(shell, verb)
    named = said[said.index("Kind of bootstrap:") :].split(".")[0].replace(",", " ").split()
    assert set(KINDS) <= set(named)


def test_contests_keep_checkpoints_of_a_run_together(shell, curves: Path) -> None:
    for verb in ("tournament", "duel"):
        assert RUN in words(shell, verb)
    found = enter(["parscale"], sl.read(curves), {}, verb="tournament")
    np.testing.assert_array_equal(found.runs, pd.factorize(sl.read(curves)["run"].astype(str), sort=True)[0])
    (each,) = splits("loo", found.table, ["N", "P"], found.runs)
    assert each.held.shape == (12, 36)
    assert (each.held.sum(1) == 3).all()


def test_parting_draws_whole_runs(shell, curves: Path) -> None:
    assert RUN in words(shell, "parting")
    laws = ("--law", "parscale", "--law", "additive_streams")
    outcome = shell("parting", curves, *laws, "--at", "N=1B", "--num", "3", "--bootstrap", "30", "--json")
    widths = {}
    for resample in ("cluster", "pairs"):
        fits = [sl.fit(law, sl.read(curves), bootstrap=30, rng=0, resample=resample) for law in laws[1::2]]
        frame = sl.parting(*fits, N=1e9, num=3)
        widths[resample] = (frame["parscale_high"] - frame["parscale_low"]).to_numpy()
    printed = np.array([row["parscale_high"] - row["parscale_low"] for row in json.loads(outcome.out)])
    np.testing.assert_allclose(printed, widths["cluster"])
    assert not np.allclose(printed, widths["pairs"])


def test_groups_draw_whole_runs_too(shell, curves: Path) -> None:
    assert "the bootstrap draws whole runs then, and rows within each group otherwise" in words(shell, "group")
    runs = sl.read(curves)
    whole, rows = (
        sl.fit_groups("parscale", table, by="half", shared=["alpha"], bootstrap=5, rng=0).fit.draws
        for table in (runs, runs[runs["step"] == 3].drop(columns=["run", "step"]))
    )
    assert (whole.kind, whole.by) == ("cluster", "run")
    assert (rows.kind, rows.by) == ("stratified", "group")


def test_calibrate_needs_no_by(shell, curves: Path) -> None:
    assert "so that no --by is needed" in words(shell, "calibrate")
    few = ("--sets", "2", "--bootstrap", "10", "--kind", "bc", "--of", "k", "--workers", "1")
    assert "resampling whole groups of run" in shell("calibrate", curves, "--law", "parscale", *few).err
    saved = curves.with_name("fit.json")
    sl.fit("parscale", sl.read(curves), bootstrap=10, resample="stratified", by="P").to_json(saved)
    assert "resampling runs within each P" in shell("calibrate", saved, *few).err


def test_the_example_of_trade_runs_as_it_stands(shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = [line.strip().removeprefix("Example: ") for line in shell("trade", "--help").out.splitlines()]
    first, second = (shlex.split(line)[1:] for line in said if line.startswith("scalelaw "))
    assert (first[0], second[0]) == ("fit", "trade")
    assert shell(*first).code == 0
    rows = json.loads(shell(*second, "--json", "--figure", "map.png").out)
    assert {(row["C"], row["better"]) for row in rows} == {(1e21, "parameters"), (1e23, "streams")}
    fit = sl.Fit.from_json(Path("fit.json"))
    last = rows[-1]  # 4B, the most that may be served, with eight streams, against 4B on all the tokens that there are
    assert (last["N"], last["N_alone"], last["D_alone"]) == (4e9, 4e9, 1e12)
    both = fit.predict({"N": 4e9, "P": [8, 1], "D": [last["D"], 1e12]})["loss"]
    assert last["difference"] == pytest.approx(both[0] - both[1], rel=1e-9)


def test_a_verb_without_intervals_says_how_to_have_them(shell, tmp_path: Path) -> None:
    budget = ("--law", "chinchilla", "--c", "1e21")
    assert f"{output.NO_INTERVALS}, or take --kind profile" in shell("allocate", "chinchilla", *budget).err
    for given in (("--bootstrap", "10"), ("--kind", "sandwich")):
        assert "no intervals" not in shell("allocate", "chinchilla", *budget, *given).err
    saved = tmp_path / "fit.json"
    sl.fit("chinchilla", sl.load("chinchilla")).to_json(saved)
    assert "no intervals without draws: fit with --bootstrap 1000" in shell("allocate", saved, "--c", "1e21").err


def test_isoflop_says_what_has_no_interval(shell) -> None:
    chosen = ("dataset=rw", "hparams=tuned", "decay=const", "param_count=standard")
    profiles = ("isoflop", "porian", *(f"--where={each}" for each in chosen), "--curve", "akima")
    assert "no intervals" not in shell(*profiles).err
    assert output.NO_INTERVALS in shell(*profiles, "--minima").err
    assert output.NO_INTERVALS in shell(*profiles, "--law", "chinchilla").err
    assert "no intervals" not in shell(*profiles, "--minima", "--bootstrap", "10").err
