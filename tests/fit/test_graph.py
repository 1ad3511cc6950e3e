"""Traced laws: the same losses as the plain function, and exact derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.datasets import load_columns
from scalelaw.fit import fit
from scalelaw.fit.calling import law_losses
from scalelaw.fit.model import BlackBoxModel, TracedModel, build, compile_law
from scalelaw.laws import ALL, parse
from scalelaw.laws.law import Law

ROWS = 11


def columns_for(law: Law, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = {
        "N": np.exp(rng.uniform(np.log(1e8), np.log(1e10), ROWS)),
        "P": rng.choice([1.0, 2.0, 4.0, 8.0], ROWS),
    }
    columns["D"] = columns["N"] * np.exp(rng.uniform(1, 5, ROWS))
    columns["U"] = columns["D"] / rng.choice([1.5, 3.0, 6.0], ROWS)
    columns["C"] = 6 * columns["N"] * columns["D"]
    return {name: columns[name] for name in law.columns}


def coordinates_for(law: Law, batch: int, seed: int = 1) -> np.ndarray:
    plan = compile_law(law).plan
    rng = np.random.default_rng(seed)
    return rng.uniform(np.maximum(plan.lower, 0.2), np.minimum(plan.upper, 0.9), (batch, plan.size))


def as_batch(part: object, batch: int) -> np.ndarray:
    return np.array(np.broadcast_to(part, (batch, ROWS)), dtype=float)


@pytest.mark.parametrize("law", ALL.values(), ids=lambda law: law.name)
def test_every_built_in_law_is_traced_and_agrees_with_its_function(law: Law) -> None:
    columns = columns_for(law)
    model = build(law, columns)
    assert isinstance(model, TracedModel)
    x = coordinates_for(law, 5)
    theta = model.coordinates.to_parameters(x)
    for row, values in zip(as_batch(model.losses(x), 5), theta, strict=True):
        expected = law.predict(columns, dict(zip(law.parameters, values, strict=True)))
        np.testing.assert_allclose(row, expected, rtol=1e-11)


@pytest.mark.parametrize("law", ALL.values(), ids=lambda law: law.name)
def test_derivatives_agree_with_differences(law: Law) -> None:
    model = build(law, columns_for(law))
    x = coordinates_for(law, 3)
    size, step = x.shape[1], 1e-5
    parts = [as_batch(part, 3) for part in model.curvatures(x)]
    second = dict(zip(model.pairs, parts[1 + size :], strict=True))
    for j in range(size):
        up, down = x.copy(), x.copy()
        up[:, j] += step
        down[:, j] -= step
        above = [as_batch(part, 3) for part in model.slopes(up)]
        below = [as_batch(part, 3) for part in model.slopes(down)]
        scale = np.abs(parts[1 + j]).max() + 1e-12
        np.testing.assert_allclose(parts[1 + j], (above[0] - below[0]) / (2 * step), atol=1e-6 * scale, rtol=1e-6)
        for i in range(size):
            exact = second.get((min(i, j), max(i, j)), np.zeros((3, ROWS)))
            difference = (above[1 + i] - below[1 + i]) / (2 * step)
            bound = 1e-5 * (np.abs(exact).max() + np.abs(parts[1 + i]).max() + 1e-12)
            np.testing.assert_allclose(exact, difference, atol=bound, rtol=1e-5)


@pytest.mark.parametrize("law", ALL.values(), ids=lambda law: law.name)
def test_coordinates_go_there_and_back(law: Law) -> None:
    model = build(law, columns_for(law))
    x = coordinates_for(law, 4)
    np.testing.assert_allclose(model.coordinates.from_parameters(model.coordinates.to_parameters(x)), x, rtol=1e-10)


def test_the_amplitude_inside_a_power_costs_one_exponential() -> None:
    traced = compile_law(ALL["parscale"]).traced
    assert traced is not None
    fitted = [node.op for node in traced.nodes if node.depends & 2]
    assert fitted.count("exp") == 1


SAFE = ["E + A/N**a", "E + A*exp(-a*log(N))", "E + sqrt(A/N)**a", "E*tanh(A*N**-a)", "log1p(E + A/N**a)"]
SAFE += [
    "max(E, A/N**a)",
    "min(E + A/N**a, 2*E)",
    "E + A*(1 + log2(P))**-a/N**0.3",
    "E + (A/N)**2 + a**2",
    "E + A/(N + a)",
]


@pytest.mark.parametrize("text", SAFE)
def test_formulas_agree_with_central_differences(text: str) -> None:
    law = parse(text)
    columns = columns_for(law)
    traced = build(law, columns)
    assert isinstance(traced, TracedModel)
    opaque = BlackBoxModel(law, traced.coordinates, {name: _scaled(traced, name, columns) for name in law.columns})
    x = coordinates_for(law, 3)
    for exact, numeric in zip(traced.slopes(x), opaque.slopes(x), strict=True):
        np.testing.assert_allclose(as_batch(exact, 3), as_batch(numeric, 3), rtol=1e-6, atol=1e-8)


def _scaled(model: TracedModel, name: str, columns: dict[str, np.ndarray]) -> np.ndarray:
    return columns[name] / np.exp(model.coordinates.log_scales.get(name, 0.0))


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from(["+", "*", "/"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    powered = inner.map(lambda each: f"({each})**a")
    called = st.tuples(st.sampled_from(["log1p", "sqrt", "tanh"]), inner).map(lambda t: f"{t[0]}({t[1]})")
    return binary | powered | called


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.sampled_from(["A", "a", "N", "2", "0.5"]), lambda inner: _combined(inner), max_leaves=8))
def test_any_formula_traces_to_its_own_values(text: str) -> None:
    law = parse(f"A + 0*a + 0*N + ({text})")
    columns = columns_for(law)
    model = build(law, columns)
    x = coordinates_for(law, 2)
    with np.errstate(all="ignore"):
        theta = model.coordinates.to_parameters(x)
        got = as_batch(model.losses(x), 2)
        wanted = [law.predict(columns, dict(zip(law.parameters, row, strict=True))) for row in theta]
    finite = np.isfinite(wanted) & (np.abs(wanted) < 1e200)
    np.testing.assert_allclose(got[finite], np.array(wanted)[finite], rtol=1e-7)


def _branching(N: object, *, E: object, A: object) -> object:
    """E + A / N^0.3, by a function that branches on values"""
    if np.any(np.asarray(N) < 0):
        raise ValueError("negative")
    return np.interp(1.0, [0, 2], [0, 2]) * (E + A / np.asarray(N) ** 0.3)  # type: ignore[operator]


def test_a_black_box_keeps_its_reason() -> None:
    compiled = compile_law(Law("branching", _branching))
    assert compiled.traced is None
    assert compiled.reason


def test_a_trace_that_disagrees_with_the_function_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    from scalelaw.fit import model

    def wrong(output: object) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
        return dict.fromkeys(range(3), 0.5), {}

    monkeypatch.setattr(model, "derivatives", wrong)
    compiled = compile_law(parse("E + A/N**alpha", name="checked"))
    assert compiled.traced is None
    assert "disagree" in compiled.reason


@pytest.mark.parametrize("text", ["E + A*(N/1e9)^-a + B*(D/1e11)^-b", "E + A*(N/1e12)^-a + B*(D/1e13)^-b"])
def test_a_law_in_units_of_its_own_is_traced(text: str) -> None:
    """N / 1e9 makes losses huge where the trace is checked, and differences of them rough."""
    compiled = compile_law(parse(text))
    assert compiled.traced is not None, compiled.reason
    runs = load_columns("chinchilla")
    fits = [fit(law, runs) for law in (parse(text), "chinchilla")]
    assert fits[0].objective == pytest.approx(fits[1].objective, rel=1e-9)


def test_a_law_that_can_only_be_called_is_called_with_no_sets_too() -> None:
    """A profile that no spring can hold asks for it."""
    law = Law("opaque", lambda N, *, E, A: np.asarray(E + A / np.sqrt(N)).__array__())
    assert law_losses(law, {"N": np.array([1.0, 4.0])}, np.empty((0, 2))).shape == (0, 2)
