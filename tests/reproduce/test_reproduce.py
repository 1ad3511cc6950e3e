"""The paper's fits made anew: what agrees, what does not, and what is written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.errors import ScalelawError
from scalelaw.reproduce import CORPORA, Reproduction, refit, reproduce
from scalelaw.reproduce.refit import as_printed, objective_at, rounding, significant_digits

TABLE_OF_ERRORS = {
    "Stack-V2-Python": [
        *(6, 2, -8, 23, -12, -62),
        *(2, 28, -8, 39, 36, -20),
        *(-14, 5, -24, 34, 30, -15),
        *(-33, -3, -27, 27, 37, 3),
    ],
    "The Pile": [
        *(-6, 30, 12, 3, -37, -116),
        *(-2, 18, 17, 4, -14, -24),
        *(-43, -3, 5, 13, 8, -2),
        *(-92, -25, -3, 13, 20, 13),
    ],
}
"""Predicted minus observed loss of the published fit, in units of 1e-4, by P and then by N."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reproduction, Path]:
    folder = tmp_path_factory.mktemp("figures")
    return reproduce(folder, bootstrap=40), folder


def test_stack_agrees_to_every_printed_digit() -> None:
    stack = refit("parscale-stack")
    assert stack.frame()["agrees"].all()
    assert 0 < stack.excess < 1e-3


def test_pile_as_published_is_near_the_optimum_but_not_at_it() -> None:
    pile = refit("parscale-pile")
    frame = pile.frame()
    assert frame["refitted"].to_numpy() == pytest.approx(frame["published"].to_numpy(), rel=1e-3)
    assert not frame["agrees"].all()
    assert 1e-9 < pile.excess_rounded < pile.excess < 1e-2
    assert "not at it" in pile.report()


@pytest.mark.parametrize("name", CORPORA)
def test_the_objective_is_the_fit_s_own(name: str) -> None:
    each = refit(name)
    assert objective_at(each.fit, each.fit.params) == pytest.approx(each.fit.objective, rel=1e-12)


def test_every_file_has_the_same_bytes_each_time(made: tuple[Reproduction, Path], tmp_path: Path) -> None:
    _, folder = made
    reproduce(tmp_path, bootstrap=40)
    files = sorted(file.name for file in folder.iterdir())
    assert {file[-4:] for file in files} == {".csv", ".pdf", ".png"}
    assert [file for file in files if (folder / file).read_bytes() != (tmp_path / file).read_bytes()] == []


def test_tables(made: tuple[Reproduction, Path]) -> None:
    _, folder = made
    errors = pd.read_csv(folder / "prediction-errors.csv")
    assert errors["error"].to_numpy() == pytest.approx((errors["predicted"] - errors["observed"]).to_numpy(), abs=1e-5)
    for corpus, published in TABLE_OF_ERRORS.items():
        ours = errors[errors["corpus"] == corpus].sort_values(["P", "N"])["error"].to_numpy() * 1e4
        assert ours == pytest.approx(np.array(published), abs=1.01)
    equivalents = pd.read_csv(folder / "equivalents.csv")
    worth = equivalents[equivalents["P"] == 8].groupby("corpus")["multiplier"].mean()
    assert worth.to_dict() == pytest.approx({"Stack-V2-Python": 1.818, "The Pile": 1.696}, abs=1e-3)
    assert (equivalents["N_low"] <= equivalents["N_equivalent"]).all()


def test_files(made: tuple[Reproduction, Path]) -> None:
    found, folder = made
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in found.files}
    drawn = ("figure-2-curves", "figure-3-contours", "figure-4-costs", "equivalence")
    figures = {f"{name}.{kind}" for name in drawn for kind in ("pdf", "png")}
    assert names == figures | {"prediction-errors.csv", "equivalents.csv"}


def test_report_and_dict(made: tuple[Reproduction, Path]) -> None:
    found, folder = made
    assert all(text in found.report() for text in (*CORPORA, "0.3935", "differs", str(folder / "equivalents.csv")))
    assert set(found.to_dict()["fits"]) == set(CORPORA)


def test_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from scalelaw.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", "--out", str(tmp_path / "figures"), "--bootstrap", "20", "--json"])
    assert stopped.value.code == 0
    document = json.loads(capsys.readouterr().out)
    values = {each["name"]: each for each in document["fits"]["parscale-stack"]["values"]}
    assert values["k"]["published"] == 0.3935
    assert values["k"]["low"] < values["k"]["refitted"] < values["k"]["high"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(ScalelawError, match="cannot make the folder"):
        reproduce(tmp_path / "no" / "such", bootstrap=0)


@pytest.mark.parametrize(
    ("printed", "digits", "low", "high"),
    [
        (0.3935, 4, 0.39345, 0.39355),
        (1.131e7, 4, 1.1305e7, 1.1315e7),
        (1.2888, 5, 1.28875, 1.28885),
        (2.0, 1, 1.5, 2.5),
    ],
)
def test_printed_digits(printed: float, digits: int, low: float, high: float) -> None:
    assert significant_digits(printed) == digits
    assert rounding(printed) == pytest.approx((low, high), rel=1e-12)
    assert as_printed(printed * (1 + 1e-9), printed) == printed
    assert as_printed(high * 1.001, printed) != printed or digits == 1


def test_the_published_values_are_those_of_the_data_set() -> None:
    assert refit("parscale-pile").published == sl.datasets.published("parscale-pile")[0]
