"""`validate`: this installation agrees, a wrong engine would not, and the replication's point is told apart."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw import validate as validating
from scalelaw.datasets import names
from scalelaw.errors import RunsError


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return validating.validate()


def test_nothing_disagrees_and_no_set_is_left_out(table) -> None:
    assert not (table["verdict"] == validating.DISAGREES).any()
    assert set(table["set"]) == set(names())


def test_known_optima_are_met(table) -> None:
    known = table[table["reference"] == "known optimum"]
    assert len(known) == 5
    assert (known["gap"].abs() < 1e-12).all()
    assert (known["difference"] < 1e-7).all()


def test_printed_points_that_are_no_optimum_have_both_objectives(table) -> None:
    off = table[table["verdict"] == validating.NOT_OPTIMAL]
    assert len(off) >= 5
    assert (off["theirs"] > off["ours"]).all()
    assert off["remark"].str.contains("own objective").all()


def test_exponents_of_porian(table) -> None:
    rows = table[table["set"] == "porian"]
    assert len(rows) == 15
    assert ((rows["ours"] - rows["theirs"]).abs() <= 0.01).all()


def test_the_optima_are_those_of_the_tests(table) -> None:
    import json
    from pathlib import Path

    golden = json.loads((Path(__file__).parent / "golden" / "fits.json").read_text())
    known = sorted(table.loc[table["reference"] == "known optimum", "theirs"])
    np.testing.assert_array_equal(known, sorted(entry["objective"] for entry in golden.values()))


def test_another_minimum_would_disagree(monkeypatch) -> None:
    real = validating.fit
    monkeypatch.setattr(validating, "fit", lambda law, runs, **options: real(law, runs, **{**options, "delta": 2e-3}))
    verdicts = {check.verdict for check in validating._of_set("gemstones")}
    assert validating.DISAGREES in verdicts


def test_a_replication_file_is_told_apart(monkeypatch, tmp_path) -> None:
    rng = np.random.default_rng(0)
    runs = {"N": 10 ** rng.uniform(8, 10, 245), "D": 10 ** rng.uniform(9.5, 11.5, 245)}
    truth = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}
    loss = sl.laws.chinchilla.predict(runs, truth) * np.exp(0.01 * rng.standard_t(3, 245))
    path = tmp_path / "runs.csv"
    frame = pd.DataFrame({"Model Size": runs["N"], "Training FLOP": 6 * runs["N"] * runs["D"], "loss": loss})
    frame.to_csv(path, index=False)
    kept = np.sort(np.argsort(runs["D"])[5:])
    used = {name: values[kept] for name, values in {**runs, "loss": loss}.items()}
    absolute = sl.fit("chinchilla", used, loss="absolute")
    monkeypatch.setattr(validating, "LEAST_ABSOLUTE", absolute.params)
    huber, least = validating._replication(path)
    assert (huber.verdict, least.verdict) == (validating.NOT_OPTIMAL, validating.AGREES)
    assert huber.rows == least.rows == 240
    assert huber.gap > 0
    assert "least-absolute-deviations" in huber.remark


def test_other_runs_disagree_and_no_runs_are_refused() -> None:
    verdicts = [check.verdict for check in validating._replication(sl.load("chinchilla"))]
    assert validating.DISAGREES in verdicts
    with pytest.raises(RunsError, match="this table has no C"):
        list(validating._replication({"N": [1e9, 2e9], "loss": [2.0, 1.9]}))
