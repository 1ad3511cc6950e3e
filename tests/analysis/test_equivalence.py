"""Equivalent parameters: the paper's numbers, closed forms against roots, and what is refused."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import CLOSED_FORMS, equivalence
from scalelaw.analysis.equivalence import equivalent_parameters
from scalelaw.analysis.root import solve_decreasing
from scalelaw.errors import FitError, LawError
from scalelaw.fit.predict import law_losses, parameter_sets
from scalelaw.laws import ALL, Law

from .made import WITH_STREAMS, at, fitted, known, user_fit


@pytest.mark.parametrize(
    ("corpus", "multipliers", "worth", "doubling"),
    [("stack", [1.273, 1.545, 1.818], 2.90e9, 12.7), ("pile", [1.232, 1.464, 1.696], 2.71e9, 19.9)],
)
def test_numbers_derived_from_the_published_law(
    corpus: str, multipliers: list[float], worth: float, doubling: float
) -> None:
    fit = fitted(corpus)
    np.testing.assert_allclose(equivalence(fit, N=1e9, P=[2, 4, 8])["multiplier"], multipliers, atol=6e-4)
    # the paper's 1.6B model with eight streams holds 1,595,669,000 parameters
    assert equivalence(fit, N=1595669000, P=8)["N_equivalent"][0] == pytest.approx(worth, abs=6e6)
    streams = solve_decreasing(
        lambda P: -equivalence(fit, N=1e9, P=P)["multiplier"].to_numpy(), np.array([-2.0]), np.array([4.0])
    )
    assert streams == pytest.approx([doubling], abs=0.06)


def test_every_law_with_streams_has_a_closed_form() -> None:
    assert set(CLOSED_FORMS) == set(WITH_STREAMS)


@pytest.mark.parametrize("name", WITH_STREAMS)
def test_closed_form_and_root_agree(name: str) -> None:
    fit = known(name, draws=20)
    size, streams = (part.ravel() for part in np.meshgrid([5e8, 1.6e9, 4.4e9], [1.0, 2, 3.7, 8]))
    columns = {"N": size, "P": streams, "D": np.full(12, 4.2e10)}
    theta = parameter_sets(fit, draws=True)
    closed = equivalent_parameters(fit, columns, theta, CLOSED_FORMS[name])
    np.testing.assert_allclose(equivalent_parameters(fit, columns, theta), closed, rtol=1e-9)


@pytest.mark.parametrize("name", WITH_STREAMS)
def test_the_equivalent_model_has_the_same_loss(name: str) -> None:
    fit = known(name)
    given = {"D": 4e10} if "D" in fit.law.columns else {}
    frame = equivalence(fit, N=[5e8, 2e9], P=[1, 4], **given)
    alone = {"N": frame["N_equivalent"].to_numpy(), "P": np.ones(4), "D": np.full(4, 4e10)}
    theta = parameter_sets(fit, draws=False)
    np.testing.assert_allclose(law_losses(fit.law, alone, theta)[0], frame["loss"], rtol=1e-12)
    np.testing.assert_allclose(frame["multiplier"], frame["N_equivalent"] / frame["N"])


def test_a_user_law_needs_no_closed_form() -> None:
    frame = equivalence(user_fit(), N="1.6B", P=[1, 8])
    built_in = equivalence(sl.fit("power_streams", sl.load("parscale-pile")), N="1.6B", P=[1, 8])
    np.testing.assert_allclose(frame["N_equivalent"], built_in["N_equivalent"], rtol=1e-5)


def test_a_user_law_of_a_built_in_name_is_not_mistaken_for_it() -> None:
    def worthless(N, P, *, E, A, alpha, k):
        "E + (A / N)^alpha"
        return E + (A / N) ** alpha + 0 * k * P

    fit = at(Law("parscale", worthless), fitted().params)
    assert equivalence(fit, N=1e9, P=8)["multiplier"][0] == pytest.approx(1.0)


def test_a_law_that_takes_no_batch_gives_the_same() -> None:
    def stubborn(N, P, *, E, A, alpha, k):
        "E + (A / (N (k ln P + 1)))^alpha"
        return E + (A / (N * (float(k) * np.log(P) + 1.0))) ** alpha

    fit = fitted(bootstrap=30)
    mine = at(Law("stubborn", stubborn), fit.params, draws=30)
    built_in = at(ALL["parscale"], fit.params, draws=30)
    np.testing.assert_allclose(equivalence(mine, N=1e9, P=[2, 8]), equivalence(built_in, N=1e9, P=[2, 8]), rtol=1e-9)


def test_intervals_follow_the_draws() -> None:
    fit = fitted(bootstrap=300)
    frame = equivalence(fit, N=["1B", "2B"], P=[1, 8], level=0.9)
    low, high = fit.interval("k", level=0.9)
    eight = frame[frame["P"] == 8]
    np.testing.assert_allclose(eight["multiplier_low"], 1 + low * np.log(8))
    np.testing.assert_allclose(eight["multiplier_high"], 1 + high * np.log(8))
    np.testing.assert_allclose(frame["N_low"], frame["multiplier_low"] * frame["N"])
    assert (frame[frame["P"] == 1][["multiplier_low", "multiplier", "multiplier_high"]] == 1).all(axis=None)
    assert "N_low" not in equivalence(fitted(), N=1e9, P=2)


def test_a_loss_below_the_floor_of_one_stream_is_worth_infinitely_many_parameters() -> None:
    fit = at(ALL["additive_streams"], {"E": 1.0, "A": 20.0, "B": 0.5, "alpha": 0.5, "beta": 1.0}, draws=10)
    frame = equivalence(fit, N=1e12, P=8)
    assert np.isinf(frame[["N_equivalent", "multiplier", "N_low", "N_high"]].to_numpy()).all()
    columns = {"N": np.array([1e12]), "P": np.array([8.0])}
    assert np.isinf(equivalent_parameters(fit, columns, parameter_sets(fit, draws=True))).all()


@pytest.mark.parametrize("name", [name for name in ALL if name not in WITH_STREAMS])
def test_a_law_without_streams_is_refused(name: str) -> None:
    with pytest.raises(FitError, match=r"equivalence needs a law in N and P, and law .* has no"):
        equivalence(known(name), N=1e9, P=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"N": "big", "P": 2}, "N='big' is not a number"),
        ({"N": 1e9, "P": 0.5}, "P=0.5 is not at least 1"),
        ({"N": -1.0, "P": 1}, "N=-1.0 is not above 0"),
        ({"N": np.inf, "P": 1}, "not above 0 and finite"),
        ({"N": [], "P": 1}, "N is empty"),
        ({"N": 1e9, "P": 1, "D": 1e10}, "no column 'D' to hold"),
    ],
)
def test_values_that_mean_nothing_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(FitError, match=message):
        equivalence(fitted(), **options)


def test_other_columns_are_held() -> None:
    fit = known("parscale_data")
    with pytest.raises(FitError, match=r"reads D too, which has 2 values from 2e\+10 to 8e\+10; hold it at one"):
        equivalence(fit, N=1e9, P=2)
    near, far = (equivalence(fit, N=1e9, P=2, D=tokens) for tokens in ("20B", 8e10))
    assert near["loss"][0] > far["loss"][0]
    with pytest.raises(FitError, match="did you mean 'D'"):
        equivalence(fit, N=1e9, P=2, d=1e10)


def test_a_law_that_fails_says_so_itself() -> None:
    def broken(N, P, *, E, A):
        raise LawError("this law is broken")

    with pytest.raises(LawError, match="this law is broken"):
        law_losses(Law("broken", broken), {"N": np.ones(2), "P": np.ones(2)}, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("given", "says"), [(["-1"], "N='-1' is not above"), (["abc"], "N='abc' is not a number"), ([0], "N=0 is")]
)
def test_refused_numbers_are_written_as_they_were_given(given: list, says: str) -> None:
    from scalelaw.analysis.columns import read_values

    for values in (given, np.array(given)):
        with pytest.raises(FitError, match=says):
            read_values("N", values)
