"""What is generated computes what the functions compute: in NumPy, and in a browser."""

import json
import math

import numpy as np
import pytest

import scalelaw as sl
from scalelaw import laws
from scalelaw.errors import LawError
from scalelaw.explore.costs import costs_contents, costs_in_javascript
from scalelaw.explore.formulas import loss_in_javascript, traced, worth_in_javascript
from scalelaw.explore.javascript import evaluate, quoted, to_javascript
from scalelaw.fit.graph import Graph
from scalelaw.laws.door import COLUMN_RANGES

from ..laws.truths import TRUTHS

CLOSE = 1e-12
ODD = {
    "every function": (
        "E + A*exp(-beta*log(N)) + max(B, tanh(k*D/N)) + sqrt(log1p(D)/N) + expm1(B/D)",
        {"E": 1.7, "A": 400.0, "beta": 0.3, "B": 0.02, "k": 0.01},
    ),
    "every power": (
        "E + (N/1e9 - a)**3 + A*N**2 + B/N**0.5 + log2(N) + log10(N)",
        {"E": 1.7, "a": 30.0, "A": 1e-18, "B": 1e4},
    ),
}
LAWS = [*laws.ALL.values(), *(laws.parse(text, name=name) for name, (text, _) in ODD.items())]
KNOWN = {**TRUTHS, **{name: truth for name, (_, truth) in ODD.items()}}


def cases(law: sl.Law, count: int = 60) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Columns (count,) and parameters (count, p) about where the law gives usual losses."""
    rng = np.random.default_rng(len(law.name))
    columns = {}
    for name in law.columns:
        low, high = COLUMN_RANGES.get(name, (1.0, 100.0))
        columns[name] = np.exp(rng.uniform(math.log(low), math.log(high), count))
    best = np.array([KNOWN[law.name][name] for name in law.parameters])
    return columns, best * np.exp(0.1 * rng.standard_normal((count, len(best))))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_trace_of_a_law_gives_its_losses(law: sl.Law) -> None:
    columns, theta = cases(law)
    wanted = law.predict(columns, dict(zip(law.parameters, theta.T, strict=True)))
    np.testing.assert_allclose(evaluate(traced(law, law.fn), columns, theta.T), wanted, rtol=CLOSE)


def test_every_law_in_a_browser(browser) -> None:
    page = browser.new_page()
    for law in LAWS:
        columns, theta = cases(law)
        wanted = law.predict(columns, dict(zip(law.parameters, theta.T, strict=True)))
        given = [
            [{name: float(values[row]) for name, values in columns.items()}, theta[row].tolist()]
            for row in range(len(theta))
        ]
        source = to_javascript(traced(law, law.fn))
        found = page.evaluate(f"(cases) => {{ const f = {source}; return cases.map(([c, t]) => f(c, t)); }}", given)
        np.testing.assert_allclose(found, wanted, rtol=CLOSE, err_msg=law.name)
    page.close()


@pytest.mark.parametrize("model", ["released", "roofline"])
def test_every_machine_in_a_browser(browser, model: str) -> None:
    """Shapes, streams, settings and machines at random: the numbers of `scalelaw.cost.breakdown`."""
    rng = np.random.default_rng(5)
    odd = sl.cost.Hardware(
        name="odd",
        peak={"fp32": 1e12},
        bandwidth=5e10,
        memory=8e9,
        overhead=1e-4,
        product_rows=3.0,
        attention_efficiency=0.4,
    )
    known = costs_contents([odd])
    parts = ["N", "memory", "prefill", "decode", "per_token", "latency"]
    given, wanted = [], []
    for machine in known["machines"]:
        for _ in range(4):
            fields = dict(zip(known["varied"], known["shapes"][rng.integers(len(known["shapes"]))], strict=True))
            choices = [1, 2, 5, 8], [1, 7, 64], [1, 300], [1, 2, 200]
            P, batch, tokens, out = (int(rng.choice(each)) for each in choices)
            kind = str(rng.choice(["fp16", "int8", "int4"]))
            frame = sl.cost.breakdown(
                sl.cost.Shape(**known["shape"], **fields),
                P,
                hardware=odd if machine["name"] == "odd" else machine["name"],
                model=model,
                batch=batch,
                input_tokens=tokens,
                output_tokens=out,
                weights=kind,
                compute=machine["compute"],
            )
            wanted.append([float(frame[part][0]) for part in parts])
            setting = {"P": P, "batch": batch, "input_tokens": tokens, "output_tokens": out, "cache_bytes": 2}
            bytes_each = {
                "weight_bytes": known["bits"][kind] / 8,
                "activation_bytes": known["bits"][machine["compute"]] / 8,
            }
            given.append({**fields, **setting, **bytes_each, **machine["numbers"]})
    page = browser.new_page()
    source = costs_in_javascript()[model]
    found = page.evaluate(f"(cases) => {{ const f = {source}; return cases.map((c) => f(c, [])); }}", given)
    page.close()
    np.testing.assert_allclose([[each[part] for part in parts] for each in found], wanted, rtol=CLOSE)


def test_a_closed_form_is_translated_and_others_are_left_to_the_root(fits) -> None:
    assert [worth_in_javascript(fit) is not None for fit in fits] == [True, True, False, False]


def test_names_and_texts_cannot_end_a_script() -> None:
    graph = Graph()
    source = to_javascript(graph.column("</script>", positive=True) + 1.0)
    assert "</script>" not in source
    assert "</script>" not in quoted({"formula": "</script><b>"})
    assert json.loads(quoted({"formula": "</script>"})) == {"formula": "</script>"}


@pytest.mark.parametrize(("value", "text"), [(math.inf, "Infinity"), (-math.inf, "(-Infinity)"), (math.nan, "NaN")])
def test_numbers_that_are_not_finite(value: float, text: str) -> None:
    assert f"return {text};" in to_javascript(value)


def test_a_law_that_cannot_be_translated_is_one_sentence(fits) -> None:
    def black_box(N, *, E, A):
        "E + A / sqrt(N), by a loop"
        return np.array([E + A / math.sqrt(each) for each in np.ravel(N)]).reshape(np.shape(N))

    runs = {"N": [1e8, 1e9, 1e10, 1e11], "loss": [4.0, 2.6, 2.2, 2.06]}
    with pytest.raises(LawError, match=r"^law 'mine' cannot be written as JavaScript \(.*as a formula such as") as told:
        loss_in_javascript(sl.fit(sl.Law("mine", black_box), runs))
    assert "\n" not in str(told.value)


def test_a_law_by_groups_says_what_to_do(fits) -> None:
    pile, stack = (sl.load(f"parscale-{name}").assign(dataset=name) for name in ("pile", "stack"))
    import pandas as pd

    groups = sl.fit_groups("parscale", pd.concat([pile, stack]), by="dataset", shared=["alpha", "k"])
    with pytest.raises(LawError, match=r"save the fit of one group, as in groups\['pile'\]"):
        loss_in_javascript(groups.fit)
    assert "function (c, t)" in loss_in_javascript(groups["pile"])
