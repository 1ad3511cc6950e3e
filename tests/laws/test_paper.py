"""The ParScale law at the published data: the predictions and the derived numbers of Chen et al. 2025."""

import numpy as np
import pytest

from scalelaw import laws

STREAMS = [1, 2, 4, 8]
SIZES = ["0.5B", "0.7B", "1.1B", "1.6B", "2.8B", "4.4B"]
# Non-embedding parameters, those of the streams included: a row for 1, 2, 4 and 8 streams.
PARAMETERS = np.array(
    [
        [535813376, 693753856, 1088376320, 1571472384, 2774773760, 4353203200],
        [538195842, 696738818, 1092762882, 1577522690, 2784937986, 4368529922],
        [540577412, 699722756, 1097148164, 1583571460, 2795100164, 4383854084],
        [545340552, 705690632, 1105918728, 1595669000, 2815424520, 4414502408],
    ],
    dtype=float,
)
LOSSES = {
    "stack": [
        [1.1722, 1.1496, 1.1131, 1.0817, 1.0451, 1.0213],
        [1.1507, 1.1262, 1.0940, 1.0623, 1.0244, 1.0025],
        [1.1354, 1.1124, 1.0808, 1.0490, 1.0126, 0.9906],
        [1.1231, 1.0997, 1.0688, 1.0383, 1.0016, 0.9794],
    ],
    "pile": [
        [2.1113, 2.0671, 2.0027, 1.9539, 1.8876, 1.8451],
        [2.0772, 2.0363, 1.9730, 1.9266, 1.8610, 1.8137],
        [2.0544, 2.0128, 1.9509, 1.9040, 1.8394, 1.7938],
        [2.0364, 1.9933, 1.9318, 1.8856, 1.8218, 1.7772],
    ],
}
REFITTED = {
    "stack": {"E": 0.691207042936, "A": 0.0113070731965e9, "alpha": 0.189358252840, "k": 0.393456772690},
    "pile": {"E": 1.28858758163, "A": 0.197516579185e9, "alpha": 0.196281453328, "k": 0.334442406860},
}
PRINTED = {
    "stack": {"E": 0.6912, "A": 1.131e7, "alpha": 0.1894, "k": 0.3935},
    "pile": {"E": 1.2888, "A": 1.974e8, "alpha": 0.1963, "k": 0.3345},
}
# Prediction minus loss in units of 1e-4.
ERRORS = {
    "stack": [
        [6, 2, -8, 23, -12, -62],
        [2, 28, -8, 39, 36, -20],
        [-14, 5, -24, 34, 30, -15],
        [-33, -3, -27, 27, 37, 3],
    ],
    "pile": [
        [-6, 30, 12, 3, -37, -116],
        [-2, 18, 17, 4, -14, -24],
        [-43, -3, 5, 13, 8, -2],
        [-92, -25, -3, 13, 20, 13],
    ],
}
OBJECTIVE = {"stack": 3.67674055362459885e-05, "pile": 1.81393158969325606e-05}
R2 = {"stack": 0.99783, "pile": 0.99868}


def predicted(corpus, parameters):
    return laws.parscale(PARAMETERS, np.array(STREAMS, dtype=float)[:, None], **parameters[corpus])


@pytest.mark.parametrize("corpus", LOSSES)
def test_errors_of_the_fit_are_those_of_the_paper(corpus):
    errors = (predicted(corpus, REFITTED) - np.array(LOSSES[corpus])) * 1e4
    np.testing.assert_allclose(errors, ERRORS[corpus], atol=0.6)


@pytest.mark.parametrize("corpus", LOSSES)
def test_objective_and_r2_at_the_optimum(corpus):
    losses, at_optimum = np.array(LOSSES[corpus]), predicted(corpus, REFITTED)
    residual = np.abs(np.log(losses / at_optimum))
    huber = np.where(residual < 1e-3, residual**2 / 2, 1e-3 * (residual - 5e-4)).sum()
    assert huber == pytest.approx(OBJECTIVE[corpus], rel=1e-9)
    r2 = 1.0 - ((losses - at_optimum) ** 2).sum() / ((losses - losses.mean()) ** 2).sum()
    assert r2 == pytest.approx(R2[corpus], abs=6e-6)


@pytest.mark.parametrize("corpus", LOSSES)
def test_printed_parameters_predict_the_same(corpus):
    np.testing.assert_allclose(predicted(corpus, PRINTED), predicted(corpus, REFITTED), atol=3e-4)


@pytest.mark.parametrize(("corpus", "multipliers"), [("stack", [1.273, 1.545, 1.818]), ("pile", [1.232, 1.464, 1.696])])
def test_streams_are_worth_so_many_times_the_parameters(corpus, multipliers):
    parameters = REFITTED[corpus]
    for streams, multiplier in zip([2, 4, 8], multipliers, strict=True):
        assert 1.0 + parameters["k"] * np.log(streams) == pytest.approx(multiplier, abs=6e-4)
        equivalent = laws.parscale(1.6e9 * (1.0 + parameters["k"] * np.log(streams)), 1.0, **parameters)
        assert laws.parscale(1.6e9, float(streams), **parameters) == pytest.approx(equivalent, rel=1e-14)


@pytest.mark.parametrize(("corpus", "drops"), [("stack", [0.0184, 0.0142, 0.0118]), ("pile", [0.0281, 0.0224, 0.0191])])
def test_loss_falls_so_much_a_doubling_of_streams(corpus, drops):
    falls = -np.diff(predicted(corpus, REFITTED).mean(axis=1))
    np.testing.assert_allclose(falls, drops, atol=1.1e-4)


@pytest.mark.parametrize(
    ("corpus", "correlations"), [("stack", [0.911, 0.895, 0.878]), ("pile", [0.920, 0.904, 0.888])]
)
def test_correlation_that_the_ensemble_needs_for_the_same_loss(corpus, correlations):
    parameters = REFITTED[corpus]
    rest = {each: parameters[each] for each in ("E", "A", "alpha")}
    for streams, rho in zip([2.0, 4.0, 8.0], correlations, strict=True):
        ratio = (1.0 + parameters["k"] * np.log(streams)) ** -parameters["alpha"]
        exact = (ratio * streams - 1.0) / (streams - 1.0)
        assert exact == pytest.approx(rho, abs=6e-4)
        assert laws.parscale_ensemble(1e9, streams, rho=exact, **rest) == pytest.approx(
            laws.parscale(1e9, streams, **parameters), rel=1e-13
        )


def test_documentation_warns_of_the_short_form():
    assert "diverges at P = 1" in laws.parscale.fn.__doc__
