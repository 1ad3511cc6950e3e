"""The verbs profile and calibrate."""

import json
from pathlib import Path

import pytest


def test_profile_prints_intervals(shell, runs_csv: Path) -> None:
    outcome = shell("profile", runs_csv, "--law", "parscale", "--of", "k", "--of", "loss at N=2B,P=4", "--json")
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [row["quantity"] for row in rows] == ["k", "loss at N=2B,P=4"]
    assert all(row["low"] < row["value"] < row["high"] for row in rows)


def test_profile_prints_points_and_draws(shell, runs_csv: Path, tmp_path: Path) -> None:
    figure = tmp_path / "profile.png"
    outcome = shell("profile", runs_csv, "--law", "parscale", "--points", "--figure", figure)
    assert outcome.code == 0
    assert figure.stat().st_size > 5000
    assert "confidence" in outcome.out
    assert f"wrote {figure}" in outcome.err


def test_calibrate_prints_coverage(shell, runs_csv: Path, tmp_path: Path) -> None:
    figure = tmp_path / "coverage.pdf"
    options = ("--sets", 4, "--bootstrap", 20, "--kind", "bc", "--kind", "profile", "--of", "k", "--workers", 1)
    outcome = shell("calibrate", runs_csv, "--law", "parscale", *options, "--figure", figure, "--json")
    assert outcome.code == 0
    rows = json.loads(outcome.out)
    assert [(row["kind"], row["sets"]) for row in rows] == [("bc", 4), ("profile", 4)]
    assert figure.exists()
    assert "noise: the fit's residuals" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("profile", "--of", "gamma"), "cannot read the quantity 'gamma'"),
        (("profile", "--level", "95"), "as 0.95 does"),
        (("calibrate", "--kind", "bca"), "sandwich, robust"),
        (("calibrate", "--noise", "none"), "noise is one of"),
        (("calibrate", "--resample", "wilder"), "resample must be one of"),
    ],
)
def test_bad_options_are_told_in_one_sentence(shell, runs_csv: Path, arguments: tuple[str, ...], says: str) -> None:
    verb, *rest = arguments
    outcome = shell(verb, runs_csv, "--law", "parscale", *rest)
    assert outcome.code == 1
    assert says in outcome.err
    assert outcome.err.count("\n") == 1


def test_fit_prints_profiles_without_a_bootstrap(shell, runs_csv: Path) -> None:
    outcome = shell("fit", runs_csv, "--law", "parscale", "--kind", "profile")
    assert outcome.code == 0
    assert "with 95 % intervals (profile likelihood with the smoothed scale)" in outcome.out
    assert "no interval" not in outcome.out


def test_predict_is_wider_for_a_new_run(shell, runs_csv: Path, tmp_path: Path) -> None:
    saved = tmp_path / "fit.json"
    shell("fit", runs_csv, "--law", "parscale", "--bootstrap", 100, "--resample", "bayesian", "-o", saved)
    mean, run = (
        json.loads(shell("predict", saved, "--n", "1B", "--p", 2, "--level", 0.95, "--json", *extra).out)[0]
        for extra in ((), ("--new-run",))
    )
    assert run["loss"] == mean["loss"]
    assert run["low"] < mean["low"] < mean["high"] < run["high"]
