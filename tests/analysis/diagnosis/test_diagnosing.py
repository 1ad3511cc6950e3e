"""All findings in one place, for every law; the report says each of them."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import diagnose

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
