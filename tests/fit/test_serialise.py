"""A fit as JSON: round trips to the last bit, and refusals of what is not a fit."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scalelaw
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError, ScalelawError
from scalelaw.fit import Fit, fit
from scalelaw.fit.encoding import decode, decode_array, encode, encode_array
from scalelaw.fit.serialise import from_json, to_json
from scalelaw.laws import parscale, parse
from scalelaw.laws.law import Law

PILE = load_columns("parscale-pile")


def _mine(N, *, E, A, alpha):
    "E + A / N^alpha"
    return E + A / N**alpha


MINE = Law("mine", _mine, bounds={"alpha": (0.0, 2.0)})
FITS = {
    "built-in": fit(parscale, PILE),
    "drawn": fit(parscale, PILE, bootstrap=20, rng=0),
    "expression": fit("E + (A/(N*(k*log(P) + 1)))^alpha", PILE, bounds={"E": (-np.inf, 1.5)}),
    "named expression": fit(
        parse("E + A*N**-alpha*(1 + b*size)", name="sized", columns=["size"]), {**PILE, "size": PILE["P"] * 1.5}
    ),
    "weighted": fit(parscale, PILE, weights=np.arange(24), fixed={"k": 1 / 3}),
    "bounds of its own": fit(replace(parscale, bounds={"E": (1.0, 1.5)}), PILE),
    "squared": fit(parscale, PILE, loss="squared", space="raw", overestimate=3.0),
    "absolute": fit(parscale, PILE, loss="absolute"),
    "checkpoints": fit(parscale, {**PILE, "run": np.repeat(["a", "b", "c"], 8), "n_head": np.arange(24)}),
    "float32": fit("power_n", {"N": PILE["N"].astype(np.float32), "loss": PILE["loss"]}),
}


def _same(one: Fit, other: Fit) -> None:
    assert one.params == other.params
    assert list(one.params) == list(other.params)
    assert one.objective == other.objective
    assert one.settings == other.settings
    assert one.convergence == other.convergence
    assert list(one.columns) == list(other.columns)
    assert list(one.table) == list(other.table)
    for name, values in one.table.items():
        assert values.dtype == other.table[name].dtype
        np.testing.assert_array_equal(values, other.table[name])
    assert (one.weights is None) == (other.weights is None)
    if one.weights is not None:
        np.testing.assert_array_equal(one.weights, other.weights)
    assert (one.draws is None) == (other.draws is None)
    if one.draws is not None:
        for part in ("theta", "objective", "converged"):
            np.testing.assert_array_equal(getattr(one.draws, part), getattr(other.draws, part))
            assert getattr(one.draws, part).dtype == getattr(other.draws, part).dtype
        assert (one.draws.kind, one.draws.by, one.draws.redrawn) == (
            other.draws.kind,
            other.draws.by,
            other.draws.redrawn,
        )


@pytest.mark.parametrize("fitted", FITS.values(), ids=list(FITS))
def test_round_trip(fitted: Fit) -> None:
    text = to_json(fitted)
    back = from_json(text)
    _same(fitted, back)
    assert back.law.name == fitted.law.name
    assert dict(back.law.bounds) == dict(fitted.law.bounds)
    assert dict(back.law.starts) == dict(fitted.law.starts)
    assert back.law.source == fitted.law.source
    assert to_json(back) == text
    assert back.report() == fitted.report()


def test_a_built_in_law_is_the_law_itself() -> None:
    assert from_json(to_json(FITS["built-in"])).law is parscale


def test_same_fit_same_bytes() -> None:
    assert to_json(fit(parscale, PILE, bootstrap=20, rng=0)) == to_json(FITS["drawn"])


def test_text_is_strict_json_with_its_provenance() -> None:
    stored = json.loads(to_json(FITS["expression"]), parse_constant=pytest.fail)
    assert stored["schema"] == "fit/1"
    assert stored["settings"]["bounds"] == {"E": [{"float": "-inf"}, 1.5]}
    compact = json.dumps(stored["data"], separators=(",", ":"))
    assert stored["provenance"]["data_sha256"] == hashlib.sha256(compact.encode()).hexdigest()
    assert stored["provenance"]["scalelaw"] == scalelaw.__version__
    assert stored["provenance"]["numpy"] == np.__version__
    assert sorted(stored["provenance"]) == ["data_sha256", "numpy", "platform", "python", "scalelaw"]


def test_origin_is_the_provenance_of_the_file() -> None:
    text = to_json(FITS["built-in"]).replace(f'"numpy":"{np.__version__}"', '"numpy":"1.0"')
    back = from_json(text)
    assert back.origin["numpy"] == "1.0"
    assert FITS["built-in"].origin == {}
    assert to_json(back) == text


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    text = FITS["drawn"].to_json(path)
    assert path.read_text(encoding="utf-8") == text
    _same(Fit.from_json(path), FITS["drawn"])
    _same(Fit.from_json(str(path)), FITS["drawn"])
    assert [each.name for each in tmp_path.iterdir()] == ["fit.json"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScalelawError, match="does not exist"):
        FITS["built-in"].to_json(tmp_path / "no" / "fit.json")


def test_a_users_function_must_be_given() -> None:
    text = to_json(fit(MINE, PILE))
    with pytest.raises(FitError, match=r"'mine', a function of its user's.*law=Law"):
        from_json(text)
    assert from_json(text, law=MINE).law is MINE


def test_a_changed_formula_is_refused() -> None:
    def changed(N, *, E, A, alpha):
        "E + (A / N)^alpha"
        return E + (A / N) ** alpha

    with pytest.raises(FitError, match="formula"):
        from_json(to_json(fit(MINE, PILE)), law=Law("mine", changed))


def test_a_changed_function_of_the_same_formula_is_refused() -> None:
    def changed(N, *, E, A, alpha):
        "E + A / N^alpha"
        return E + (A / N) ** alpha

    with pytest.raises(FitError, match="states the objective"):
        from_json(to_json(fit(MINE, PILE)), law=Law("mine", changed))


def test_other_parameters_are_refused() -> None:
    def changed(N, *, E, A, beta):
        "E + A / N^alpha"
        return E + A / N**beta

    with pytest.raises(FitError, match="parameters"):
        from_json(to_json(fit(MINE, PILE)), law=Law("mine", changed))


def _altered(**changes: object) -> str:
    stored = json.loads(to_json(FITS["drawn"]))
    for path, value in changes.items():
        *folders, name = path.split("__")
        at = stored
        for folder in folders:
            at = at[folder]
        if value is None:
            del at[name]
        else:
            at[name] = value
    return json.dumps(stored)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty text"),
        ("{", "cut short"),
        ("{}", "names no schema"),
        ("[1, 2]", "not a fit"),
        ('{"schema": NaN}', "not valid JSON"),
        ('{"schema": "fit/2"}', "'fit/2'"),
        ('{"schema": "fit/1"}', "not a whole fit: there is no 'data'"),
        (to_json(FITS["drawn"])[:-400], "cut short"),
        (_altered(data__loss__values=[2.0] * 24), "hash"),
        (_altered(params__E=1.3), "states the objective"),
        (_altered(objective=1.0), "states the objective"),
        (_altered(objective={"float": "nan"}), "states the objective"),
        (_altered(params__k=None), "not a whole fit"),
        (_altered(params="E"), "not a whole fit"),
        (_altered(draws__theta__values=[[1.0]]), "draws differ in length"),
        (_altered(weights={"dtype": "float64", "values": [1.0]}), "weights"),
        (_altered(weights={"dtype": "datetime64[ns]", "values": [1]}), "not a whole fit"),
        (_altered(settings__colour="red"), "not a whole fit"),
        (_altered(convergence__starts=None), "proof of convergence"),
        (_altered(law__name="parscales"), "does not have"),
        (_altered(law__kind="magic"), "unknown kind"),
        (_altered(law__formula="E"), "formula"),
        (_altered(law__parameters=["E"]), "parameters"),
        (_altered(provenance=None), "not a whole fit"),
    ],
)
def test_what_is_no_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(FitError, match=message) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["no.json", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(FitError, match="cannot read a fit"):
        from_json(tmp_path / name)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "fit.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FitError, match="not text"):
        from_json(tmp_path / "fit.json")


def test_a_perfect_fit_is_read_back_though_its_objective_is_rounding() -> None:
    n = np.geomspace(1e8, 1e10, 9)
    fitted = fit("power_n", {"N": n, "loss": 1.5 + 1e3 * n**-0.4})
    stored = json.loads(to_json(fitted))
    stored["objective"] = fitted.objective + 1e-30
    assert from_json(json.dumps(stored)).params == fitted.params


def test_a_fit_that_did_not_converge_keeps_its_mark() -> None:
    fitted = replace(FITS["built-in"], convergence=replace(FITS["built-in"].convergence, converged=False))
    assert not from_json(to_json(fitted)).converged


@given(st.floats() | st.integers() | st.booleans() | st.none() | st.text())
def test_values_round_trip(value: object) -> None:
    back = decode(json.loads(json.dumps(encode(value), allow_nan=False)))
    assert repr(back) == repr(value)


@given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), max_size=4))
def test_arrays_round_trip_bit_by_bit(rows: list) -> None:
    values = np.array(rows, dtype=float).reshape(-1, 3)
    back = decode_array(json.loads(json.dumps(encode_array(values), allow_nan=False)))
    assert back.dtype == values.dtype
    if len(rows):
        assert back.shape == values.shape
    # the payload of a NaN is no number and is not kept
    assert np.where(np.isnan(back), 0.0, back).tobytes() == np.where(np.isnan(values), 0.0, values).tobytes()
    assert (np.isnan(back) == np.isnan(values).reshape(back.shape)).all()


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2], dtype=np.int32),
        np.array([2**63 + 1], dtype=np.uint64),
        np.array([0.1], dtype=np.float32),
        np.array([0.1], dtype=">f8"),
        np.array([True, False]),
        np.array([1, None, "x", 2**70, float("inf")], dtype=object),
    ],
    ids=lambda values: str(values.dtype),
)
def test_types_are_kept(values: np.ndarray) -> None:
    back = decode_array(json.loads(json.dumps(encode_array(values))))
    assert back.dtype == values.dtype.newbyteorder("=")
    assert back.tolist() == values.tolist()


@pytest.mark.parametrize("values", [np.array(["2024-01-01"], dtype="M8[D]"), np.array([object()], dtype=object)])
def test_what_is_no_number_is_refused(values: np.ndarray) -> None:
    with pytest.raises(FitError, match="cannot be saved"):
        encode_array(values)
