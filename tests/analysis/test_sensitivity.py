"""Sensitivity: every law, every kind of choice; each row is the fit that it says it is."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis.variants import KINDS
from scalelaw.errors import FitError

from .diagnosis.runs_of_laws import LAWS, law_of, noisy, truth_of

PILE = sl.load("parscale-pile")


@pytest.mark.parametrize("name", [name for name in LAWS if name not in ("broken_power", "data_constrained", "coupled")])
def test_exact_runs_depend_on_no_choice(name: str) -> None:
    law = law_of(name)
    exact = {**noisy(name), "loss": law.predict(noisy(name), truth_of(name))}
    parameter = law.parameters[-1]
    found = sl.sensitivity(law, exact, of=parameter, only=["space", "sizes", "weights"])
    np.testing.assert_allclose(found["value"], truth_of(name)[parameter], rtol=1e-3)
    assert found["converged"].all()


@pytest.mark.parametrize("name", ["broken_power", "data_constrained", "coupled"])
def test_laws_of_many_parameters(name: str) -> None:
    found = sl.sensitivity(law_of(name), noisy(name), of=lambda theta: theta[:, 0], only=["space"], loss="squared")
    assert list(found["what"]) == ["base", "space"]
    assert np.isfinite(found["value"]).all()


def test_rows_are_the_fits_that_they_name() -> None:
    found = sl.sensitivity("parscale", PILE, of="k").set_index("variant")
    backbone = PILE.assign(N=PILE["N_backbone"])
    smaller = PILE[PILE["N"] > 6e8]
    assert found.loc["base", "value"] == sl.fit("parscale", PILE).params["k"]
    assert found.loc["delta = 0.01", "value"] == sl.fit("parscale", PILE, delta=1e-2).params["k"]
    assert found.loc["least absolute", "value"] == sl.fit("parscale", PILE, loss="absolute").params["k"]
    assert found.loc["residuals of loss", "value"] == sl.fit("parscale", PILE, space="raw").params["k"]
    assert found.loc["N = N_backbone, without what ParScale adds", "value"] == sl.fit("parscale", backbone).params["k"]
    assert found.loc["1 smallest N left out", "value"] == sl.fit("parscale", smaller).params["k"]
    assert found.loc["1 smallest N left out", "rows"] == len(smaller) == 20
    np.testing.assert_allclose(found["change"], found["value"] - found.loc["base", "value"])
    np.testing.assert_allclose(found["relative"], found["change"] / found.loc["base", "value"])


def test_kinds_that_a_table_allows() -> None:
    runs = {**PILE, "n_embedding": PILE["N"] // 10, "loss_se": np.full(24, 0.01) * (1 + PILE["P"] % 3)}
    twice = {name: np.tile(np.asarray(values), 2) for name, values in runs.items()}
    twice["loss"] = twice["loss"] * np.repeat([1.0, 1.001], 24)
    twice |= {"run": np.repeat(np.arange(24), 2), "step": np.tile([1, 2], 24)}
    found = sl.sensitivity("parscale", twice, of="k")
    assert set(found["what"]) == {"base", *KINDS}
    assert {"N + n_embedding, the embedding included", "weight 1 / loss_se^2", "mean of replicates"} <= set(
        found["variant"]
    )
    assert found.set_index("variant").loc["mean of replicates", "rows"] == 24
    assert found.set_index("variant").loc["last of each run only", "rows"] == 24


def test_checkpoints_and_what_cannot_be_fitted() -> None:
    found = sl.sensitivity("chinchilla", sl.load("gemstones"), of="alpha", only=["checkpoints"]).set_index("variant")
    assert found.loc["second half of each run only", "rows"] == 132
    assert np.isnan(found.loc["last of each run only", "value"])
    assert "cannot be fitted" in found.loc["last of each run only", "notes"]


def test_outliers_are_left_out() -> None:
    runs = dict(noisy("chinchilla"))
    runs["loss"] = runs["loss"] * np.where(np.arange(36) == 7, 1.05, 1.0)
    found = sl.sensitivity("chinchilla", runs, of="E", only=["outliers"], loss="squared").set_index("variant")
    assert (found["rows"].drop("base") < 36).all()
    assert abs(found.loc["beyond 3.5 deviations left out", "value"] / truth_of("chinchilla")["E"] - 1) < 0.01


def test_a_fit_is_the_base_with_its_options() -> None:
    fit = sl.fit("parscale", PILE, delta=1e-2, fixed={"E": 1.2})
    found = sl.sensitivity(fit, PILE, of="k", only=["delta", "count"])
    assert found["value"][0] == fit.params["k"]
    assert "delta = 0.01" not in set(found["variant"])
    assert "N = N_backbone, without what ParScale adds" in set(found["variant"])
    narrow = sl.sensitivity(fit, of="k", only=["space"])
    assert narrow["value"][1] == sl.fit("parscale", PILE, delta=1e-2, fixed={"E": 1.2}, space="raw").params["k"]


def test_bootstrap_gives_intervals_and_covariance_errors() -> None:
    found = sl.sensitivity("parscale", PILE, of="loss at N=1.6B,P=8", only=["space"], bootstrap=50, rng=0)
    assert (found["low"] < found["value"]).all()
    assert (found["high"] > found["value"]).all()
    plain = sl.sensitivity("parscale", PILE, of="k", only=["space"])
    assert (plain["error"] > 0).all()
    assert "low" not in plain


def test_weights_go_with_their_rows() -> None:
    weights = np.linspace(1, 3, 24)
    found = sl.sensitivity("parscale", PILE, of="k", only=["sizes", "weights"], weights=weights).set_index("variant")
    kept = (PILE["N"] > 6e8).to_numpy()
    wanted = sl.fit("parscale", PILE[kept], weights=weights[kept]).params["k"]
    assert found.loc["1 smallest N left out", "value"] == wanted
    assert "weights" not in set(found["what"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sl.sensitivity("parscale", of="k"), "a law alone has no runs"),
        (lambda: sl.sensitivity("parscale", PILE, of="k", only=["luck"]), "'luck' is no kind of choice"),
        (lambda: sl.sensitivity("parscale", PILE, of="luck"), "cannot read the quantity 'luck'"),
        (
            lambda: sl.sensitivity(sl.fit("parscale", PILE), PILE[:20], of="k"),
            "the table has 20 rows and the fit saw 24",
        ),
    ],
)
def test_refusals(call, words) -> None:
    with pytest.raises(FitError, match=words):
        call()
