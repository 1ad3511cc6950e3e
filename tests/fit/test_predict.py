"""Losses under many parameter sets, whole or block by block, of laws that take a batch and of those that do not."""

import math

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.errors import FitError
from scalelaw.fit import predict
from scalelaw.fit.intervals import KINDS, interval
from scalelaw.laws import Law, parscale

FIT = sl.fit("parscale", sl.load("parscale-pile"), bootstrap=40, rng=0)
COLUMNS = {"N": np.geomspace(1e8, 1e11, 13), "P": np.resize([1.0, 2.0, 8.0], 13)}


def _one_by_one() -> np.ndarray:
    rows = FIT.draws.theta.tolist()
    return np.array([parscale.predict(COLUMNS, dict(zip(parscale.parameters, row, strict=True))) for row in rows])


def _stubborn(N, P, *, E, A, alpha, k):
    return E + (A / (N * (math.fabs(k) * np.log(P) + 1.0))) ** alpha


@pytest.mark.parametrize("law", [parscale, Law("stubborn", _stubborn)], ids=["batch", "set by set"])
@pytest.mark.parametrize("sets", [1, 40])
def test_losses_are_those_of_each_set(law: Law, sets: int) -> None:
    losses = predict.law_losses(law, COLUMNS, FIT.draws.theta[:sets])
    np.testing.assert_allclose(losses, _one_by_one()[:sets], rtol=1e-13)


def test_a_law_that_ignores_its_columns_has_one_loss_a_set() -> None:
    def flat(N, *, E):
        return E

    for theta in ([[2.0]], [[2.0], [3.0]]):
        expected = np.repeat(theta, 13, axis=1)
        np.testing.assert_array_equal(predict.law_losses(Law("flat", flat), COLUMNS, np.array(theta)), expected)


def test_an_error_that_no_batch_explains_is_not_swallowed() -> None:
    calls = []

    def broken(N, *, E):
        calls.append(E)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        predict.law_losses(Law("broken", broken), COLUMNS, np.ones((2, 1)))
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [1, 41 * 5, 10**6])
def test_blocks_change_nothing(kind: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "_BLOCK", block)
    loss, ends = predict.loss_and_ends(FIT, COLUMNS, level=0.9, kind=kind)
    estimate = parscale.predict(COLUMNS, FIT.params)
    np.testing.assert_allclose(loss, estimate, rtol=1e-13)
    np.testing.assert_allclose(ends, interval(_one_by_one(), estimate, level=0.9, kind=kind), rtol=1e-9)


def test_a_quantity_that_some_draws_put_at_infinity_has_an_open_interval() -> None:
    def quantity(theta: np.ndarray, part: slice) -> np.ndarray:
        values = np.append(1.5, np.linspace(1.0, 2.0, len(theta) - 1))[:, None] * np.ones(3)[part]
        return np.where(values > 1.9, np.inf, values)

    for kind, low in (("bc", 1.0), ("percentile", 1.0), ("normal", -np.inf)):
        _, ends = predict.estimate_and_ends(FIT, quantity, 3, level=0.9, kind=kind)
        assert ends is not None
        assert (ends[1] == np.inf).all()
        assert (ends[0] >= low).all()
        assert not np.isnan(ends).any()


@pytest.mark.parametrize("options", [{"interval": 95}, {"interval": 0.9, "kind": "bca"}, {"kind": "bca"}])
def test_fit_predict_refuses_what_means_nothing(options: dict) -> None:
    with pytest.raises(FitError, match="of an interval"):
        FIT.predict({"N": 1e9, "P": 2}, **options)
