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
    np.testing.assert_allclose(rows["difference"], (rows["ours"] - rows["theirs"]).abs())
    assert set(rows["unit"]) == {"absolute"}
    assert set(rows["allowed"]) == {0.01}


def test_every_difference_has_its_unit_and_what_is_allowed(table) -> None:
    """Verdicts follow from what is printed: up to what is allowed a row agrees, or is of other runs."""
    compared = table[table["difference"].notna()]
    assert set(compared["unit"]) == {"relative", "absolute"}
    within = compared["difference"] <= compared["allowed"]
    assert (compared.loc[within, "verdict"].isin([validating.AGREES, validating.ELSEWHERE])).all()
    assert (compared.loc[~within, "verdict"].isin([validating.NOT_OPTIMAL, validating.ELSEWHERE])).all()
    assert table.loc[table["difference"].isna(), "unit"].eq("").all()
    of_values = compared[compared["quantity"] == "predicted loss at 13B"]
    np.testing.assert_allclose(of_values["difference"], (of_values["ours"] / of_values["theirs"] - 1).abs())


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


@pytest.fixture
def replication(tmp_path) -> tuple:
    """A file like that of the replication, and the 240 runs of it that are fitted."""
    rng = np.random.default_rng(0)
    runs = {"N": 10 ** rng.uniform(8, 10, 245), "D": 10 ** rng.uniform(9.5, 11.5, 245)}
    truth = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}
    loss = sl.laws.chinchilla.predict(runs, truth) * np.exp(0.01 * rng.standard_t(3, 245))
    path = tmp_path / "runs.csv"
    frame = pd.DataFrame({"Model Size": runs["N"], "Training FLOP": 6 * runs["N"] * runs["D"], "loss": loss})
    frame.to_csv(path, index=False)
    kept = np.sort(np.argsort(runs["D"])[5:])
    return path, {name: values[kept] for name, values in {**runs, "loss": loss}.items()}


@pytest.fixture
def nothing_bundled(monkeypatch) -> None:
    monkeypatch.setattr(validating, "names", tuple)


@pytest.mark.usefixtures("nothing_bundled")
def test_both_optima_of_a_replication_come_out(replication, monkeypatch) -> None:
    """The point that is the least-absolute-deviations fit is not the Huber fit, by both objectives."""
    path, used = replication
    absolute, huber = (sl.fit("chinchilla", used, loss=loss) for loss in ("absolute", "huber"))
    monkeypatch.setattr(validating, "LEAST_ABSOLUTE", absolute.params)
    table = validating.validate(path)
    assert list(table["verdict"]) == [validating.NOT_OPTIMAL, validating.AGREES]
    assert list(table["rows"]) == [240, 240]
    np.testing.assert_allclose(table["ours"], [huber.objective, absolute.objective], rtol=1e-8)
    there = huber.settings.objective(np.log(sl.laws.chinchilla.predict(used, absolute.params) / used["loss"]))
    np.testing.assert_allclose(table["theirs"], [there, absolute.objective], rtol=1e-8)
    assert table["gap"][0] > 0
    assert "least-absolute-deviations" in table["remark"][0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no.csv"),
        ("Model Size,loss\n1e9,2.1\n2e9,2.0\n", "this table has no C"),
        ("Training FLOP,loss\n1e19,2.1\n2e19,2.0\n", "this table has no N"),
        ("Model Size,Training FLOP,loss\n1e9,1e19,low\n2e9,1e19,2.0\n", "low"),
    ],
)
def test_a_bad_replication_file_is_refused_before_the_work(tmp_path, monkeypatch, text, says) -> None:
    monkeypatch.setattr(validating, "names", lambda: pytest.fail("the work began"))
    path = tmp_path / "no.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RunsError, match=says) as caught:
        validating.validate(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.usefixtures("nothing_bundled")
def test_other_runs_disagree_and_no_runs_are_refused() -> None:
    assert validating.DISAGREES in set(validating.validate(sl.load("chinchilla"))["verdict"])
    with pytest.raises(RunsError, match="this table has no C"):
        validating.validate({"N": [1e9, 2e9], "loss": [2.0, 1.9]})
