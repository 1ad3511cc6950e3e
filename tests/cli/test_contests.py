"""The verbs tournament, duel, extrapolation, nested, evidence, parting and group print what the functions return."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl

LAWS = ("--law", "additive_streams", "--law", "parscale")


def test_tournament(shell, tmp_path: Path) -> None:
    figure = tmp_path / "t.svg"
    arguments = ("tournament", "parscale-pile", *LAWS, "--hold", "P", "--refits", "20")
    rows = json.loads(shell(*arguments, "--json").out)
    frame = sl.tournament([LAWS[1], LAWS[3]], sl.load("parscale-pile"), holdouts="P", refits=20)
    assert [row["error"] for row in rows] == frame["error"].tolist()
    assert "additive_streams" in shell(*arguments, "--figure", figure).out
    assert figure.exists()


def test_duel(shell) -> None:
    said = shell("duel", "parscale-pile", *LAWS, "--hold", "P", "--refits", "20").out
    head, row, _, verdict = said.splitlines()
    assert "verdict" not in head
    assert max(map(len, (head, row))) <= 100
    assert verdict.startswith("P: additive_streams errs less")
    refused = shell("duel", "parscale-pile", "--law", "parscale")
    assert refused.code == 2
    assert "a duel is of two laws, and 1 were given" in refused.err


def test_extrapolation(shell) -> None:
    rows = json.loads(shell("extrapolation", "parscale-pile", *LAWS, "--bins", "2", "--json").out)
    assert len(rows) == 4
    each = json.loads(shell("extrapolation", "parscale-pile", *LAWS, "--each", "--share", "0.5", "--json").out)
    assert len(each) == 24


def test_nested(shell) -> None:
    row = json.loads(shell("nested", "parscale-pile", "--law", "parscale", "--at", "k=0", "--json").out)
    assert row["at"] == "k = 0"
    assert "power_n does not suffice" in shell("nested", "parscale-pile", "--law", "parscale", "--small", "power_n").out
    refused = shell("nested", "parscale-pile", "--law", "parscale", "--small", "additive_streams")
    assert refused.code == 1
    assert "does not contain" in refused.err
    assert shell("nested", "parscale-pile", "--law", "parscale").code == 2


def test_evidence_says_what_it_assumes(shell) -> None:
    found = shell("evidence", "parscale-pile", *LAWS)
    assert "assumed: Gaussian errors of log loss" in found.err
    assert "ratio" in found.out
    assert shell("evidence", "parscale-pile", *LAWS, "--likelihood", "huber").code == 1


def test_checkpoints_are_tested_by_runs_and_weighed_by_their_last_rows(shell, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    of = np.repeat(np.arange(8), 3)
    N = np.geomspace(1e8, 1e10, 8).round()[of]
    loss = (1.7 + 400 * N**-0.34) * np.exp(3e-3 * rng.standard_normal(8)[of] + 1e-3 * rng.standard_normal(24))
    curves = tmp_path / "curves.csv"
    pd.DataFrame({"N": N, "step": np.tile([1, 2, 3], 8), "run": of, "loss": loss}).to_csv(curves, index=False)
    found = shell("nested", curves, "--law", "power_n", "--at", "alpha=0.34", "--refits", "39", "--json").out
    row = json.loads(found)
    assert row["p_by"] == "39 new tables of the smaller law with residuals of 8 whole runs"
    assert row["p"] > 0.01
    refused = shell("evidence", curves, "--law", "power_n")
    assert refused.code == 1
    assert "the 24 rows are checkpoints of 8 runs" in refused.err
    (weighed,) = json.loads(shell("evidence", curves, "--law", "power_n", "--last", "--json").out)
    assert weighed["law"] == "power_n"
    report = shell("fit", curves, "--law", "power_n", "--bootstrap", "20", "--resample", "pairs").out
    assert "The 24 rows are checkpoints of 8 runs" in report


def test_parting(shell) -> None:
    arguments = ("parting", "parscale-pile", *LAWS, "--range", "1:64", "--num", "7", "--bootstrap", "50")
    rows = json.loads(shell(*arguments, "--at", "N=0.5B", "--json").out)
    assert [row["P"] for row in rows] == [1, 2, 4, 8, 16, 32, 64]
    refused = shell(*arguments)
    assert refused.code == 1
    assert "hold it at one" in refused.err


@pytest.fixture
def both(tmp_path: Path) -> Path:
    frames = [sl.load(f"parscale-{name}").assign(dataset=name) for name in ("pile", "stack")]
    sl.write(pd.concat(frames), tmp_path / "both.csv")
    return tmp_path / "both.csv"


def test_group(shell, both: Path, tmp_path: Path) -> None:
    saved, figure = tmp_path / "groups.json", tmp_path / "groups.svg"
    arguments = ("group", both, "--law", "parscale", "--groups", "dataset", "--share", "alpha", "--test")
    found = json.loads(shell(*arguments, "-o", saved, "--figure", figure, "--json").out)
    assert found["test"]["shared"] == "alpha"
    assert {row["group"] for row in found["parameters"]} == {"pile", "stack"}
    assert figure.exists()
    assert "do not show" in shell(*arguments).out
    predicted = json.loads(shell("predict", saved, "--n", "1.6B", "--p", "8", "--at", "group=stack", "--json").out)
    assert predicted[0]["loss"] == pytest.approx(1.0412, abs=1e-3)
    assert "E[pile]" in shell(*arguments, "--report", "--fix", "k[stack]=0.4").out


def test_groups_that_cannot_be_tested_are_shown_all_the_same(shell, both: Path) -> None:
    found = shell("group", both, "--law", "parscale", "--groups", "dataset", "--test")
    assert found.code == 1
    assert "share no free parameter" in found.err
    assert "alpha" in found.out
