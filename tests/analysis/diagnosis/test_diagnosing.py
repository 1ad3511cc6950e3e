"""All findings in one place, for every law; the report says each of them."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import diagnose
from scalelaw.errors import FitError

from .runs_of_laws import LAWS, diagnosed, noisy


@pytest.mark.parametrize("name", LAWS)
def test_every_law_can_be_diagnosed(name: str) -> None:
    found = diagnosed(name)
    assert list(found.frame.columns) == ["about", "says", "cure"]
    text = " ".join(found.report().split())
    for finding in found.findings:
        assert " ".join(str(finding).split()) in text
        assert finding.says.endswith(".")
        assert finding.says[0].isupper() or finding.says[0].isdigit() or finding.says.split()[0] in found.fit.free
    assert found.to_dict()["law"] == found.fit.law.name


def test_streams_that_bring_nothing() -> None:
    runs = dict(noisy("power_n"))
    runs["P"] = 2.0 ** (np.arange(len(runs["N"])) % 3)
    found = diagnose(sl.fit("parscale", runs, loss="squared"), runs)
    if found.fit.params["k"] == 0:
        assert found.findings[0].about == "degenerate"
        assert "use power_n" in found.findings[0].says


FLAT = {"N": ("chinchilla", "power_n", "parscale"), "D": ("chinchilla", "power_d"), "P": ("parscale", "power_streams")}


@pytest.mark.parametrize(("column", "law"), [(column, law) for column, laws in FLAT.items() for law in laws])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_losses_that_a_column_does_not_change(column: str, law: str, noise: float) -> None:
    """Whatever becomes of the part in that column, the findings or one sentence say it."""
    N, D, P = (grid.ravel() for grid in np.meshgrid([1e8, 3e8, 1e9, 3e9], [2e9, 1e10, 5e10], [1.0, 2, 4]))
    runs = {"N": N, "D": D, "P": P}
    terms = {"N": 400 / N**0.34, "D": 400 / D**0.3, "P": 0.2 / P**0.5}
    read = sl.laws.ALL[law].columns
    loss = 1.7 + sum(terms[each] for each in read if each != column)
    for seed in range(3):
        runs["loss"] = loss * np.exp(noise * np.random.default_rng(seed).standard_normal(len(N)))
        try:
            report = diagnose(sl.fit(law, runs, throw=False), runs).report()
        except FitError as error:
            report = str(error)
        said = ("[[Runs that move the fit most", "did not converge", "vanishes on these runs")
        assert any(each in report for each in said)
        assert "cannot be fitted to these runs" not in report


def test_a_vanished_part_is_told_once_and_the_rest_is_diagnosed() -> None:
    N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e8, 3e9, 5), np.geomspace(2e9, 5e10, 5)))
    noise = np.exp(0.003 * np.random.default_rng(0).standard_normal(len(N)))
    runs = {"N": N, "D": D, "loss": (1.7 + 400 / D**0.3) * noise}
    found = diagnose(sl.fit("chinchilla", runs, bounds={"alpha": (0.3, 0.4)}), runs)
    if found.fit.params["A"] > 0:
        pytest.fail("these runs were made to have A at 0")
    says = found.frame[found.frame["about"] == "degenerate"]["says"].tolist()
    assert len(says) == 1
    assert "does not depend on N" in says[0]
    assert {"E", "B", "beta"} <= set(found.identifiability["parameter"])
    told = found.design.frame.set_index("parameter")["error"]
    assert np.isinf(told["A"]) or np.isinf(told["alpha"])
    assert np.isfinite(told[["E", "B", "beta"]]).all()


def test_an_exact_fit_is_said_to_have_no_noise() -> None:
    runs = dict(noisy("power_n"))
    exact = sl.fit("power_n", {"N": runs["N"], "loss": 1.7 + 400 / runs["N"] ** 0.34})
    found = diagnose(exact)
    assert found.identifiability is None or len(found.identifiability)
    assert not [each for each in found.findings if each.about in ("outliers", "residuals")]


def test_checkpoints_are_told_by_the_table() -> None:
    runs = sl.load("gemstones")
    found = diagnose(sl.fit("chinchilla", runs), runs, at={"N": "70B", "D": "1T"})
    assert len(found.influence) == 22
    assert "outside of the runs" in " ".join(found.frame["says"])
