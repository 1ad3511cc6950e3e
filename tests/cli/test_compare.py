"""`scalelaw compare`: the options of the objective reach the comparison."""

import json
from pathlib import Path

import scalelaw as sl


def test_compare_by_information_criteria(shell, runs_csv: Path) -> None:
    arguments = ("compare", runs_csv, "--law", "parscale", "--law", "power_n", "--loss", "squared", "--space", "raw")
    rows = json.loads(shell(*arguments, "--json").out)
    frame = sl.compare(["parscale", "power_n"], sl.runs.read(runs_csv), loss="squared", space="raw")
    assert [row["law"] for row in rows] == frame["law"].tolist()
    assert [row["aicc"] for row in rows] == frame["aicc"].tolist()
    assert [row["bic"] for row in rows] == frame["bic"].tolist()
    assert "aicc" in shell(*arguments).out


def test_compare_with_a_parameter_held_skips_laws_without_it(shell, runs_csv: Path) -> None:
    rows = {row["law"]: row for row in json.loads(shell("compare", runs_csv, "--fix", "k=0.3", "--json").out)}
    assert rows["parscale"]["params"]["k"] == 0.3
    assert rows["power_n"]["objective"] is None
    assert "'k'" in rows["power_n"]["notes"]
    shown = shell("compare", runs_csv, "--fix", "k=0.3").out
    assert "power_n: \n" not in shown
    assert "power_n: fixed names 'k'" in shown


def test_compare_passes_delta(shell, runs_csv: Path) -> None:
    by_hand = sl.compare("parscale", sl.runs.read(runs_csv), delta="auto")
    (row,) = json.loads(shell("compare", runs_csv, "--law", "parscale", "--delta", "auto", "--json").out)
    assert row["objective"] == by_hand.loc[0, "objective"]
    refused = shell("compare", runs_csv, "--law", "parscale", "--delta", "small")
    assert refused.code == 2
    assert "neither a number nor auto" in refused.err


def test_rows_can_be_chosen(shell) -> None:
    refused = shell("fit", "porian", "--law", "chinchilla")
    assert refused.code == 1
    assert "param_count is attention, kaplan, standard" in refused.err
    chosen = ("--where", "param_count=standard", "--where", "dataset=rw", "--where", "hparams=tuned")
    assert shell("fit", "porian", "--law", "chinchilla", *chosen).code == 0
    assert shell("fit", "porian", "--law", "chinchilla", "--where", "dataset=nil").code == 1
