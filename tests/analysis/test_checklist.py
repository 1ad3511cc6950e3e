"""The checklist: nothing guessed, what is missing marked, three renderings of the same items."""

import json

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis.checklist import MISSING
from scalelaw.errors import ScalelawError

from .diagnosis.runs_of_laws import LAWS, fitted, noisy

PILE = sl.load("parscale-pile")
FIT = sl.fit("parscale", PILE)


def answers(found) -> dict:
    return found.frame.set_index("name")["answer"].to_dict()


@pytest.mark.parametrize("name", LAWS)
def test_every_law(name: str) -> None:
    found = sl.checklist(fitted(name), noisy(name))
    told = answers(found)
    assert told["law"].startswith(fitted(name).law.name)
    assert all(parameter in told["parameters"] for parameter in fitted(name).law.parameters)
    assert set(found.missing) >= {"optimiser", "code", "interval"}
    assert found.to_markdown().count("- [ ]") == len(found.missing) == found.to_latex().count(rf"\textbf{{{MISSING}}}")


@pytest.mark.parametrize("name", sl.laws.ALL)
def test_the_law_is_a_formula_in_latex(name: str) -> None:
    fit = fitted(name)
    table = sl.checklist(fit).to_latex()
    line = next(line for line in table.splitlines() if line.startswith("Which law"))
    assert rf"$\displaystyle L = {fit.law.latex}$" in line
    assert fit.law.formula not in line
    assert line.count("$") == 2


def test_a_law_without_latex_is_set_as_text() -> None:
    def mine(N, P, *, E, A, alpha):
        """E + A N^-alpha, {whatever P}"""
        return E + A * N**-alpha + 0 * P

    table = sl.checklist(sl.fit(sl.Law("mine", mine), PILE)).to_latex()
    assert r"mine: E + A N\^{}-alpha, \{whatever P\} \\" in table


@pytest.mark.parametrize("law", ["E + A/N**alpha", "E + A/N**alpha_N + B*exp(-k*P)"])
def test_a_formula_of_a_user_is_set_in_latex(law: str) -> None:
    fit = sl.fit(law, PILE, throw=False)
    assert rf"Which law is fitted? & $\displaystyle L = {fit.law.latex}$" in sl.checklist(fit).to_latex()


@pytest.mark.parametrize(("data", "other"), [("parscale-pile", "Stack"), ("parscale-stack", "Pile")])
def test_what_was_left_out_is_of_the_set_itself(data: str, other: str) -> None:
    runs = sl.load(data)
    assert other not in answers(sl.checklist(sl.fit("parscale", runs), runs))["chosen"]


def test_a_fit_alone_knows_nothing_of_training() -> None:
    told = answers(sl.checklist(FIT))
    assert {name for name in ("corpus", "optimiser", "count_n", "loss", "data", "schedule") if told[name]} == set()
    assert repr(FIT.objective) in told["convergence"]
    assert told["held"] == "none"


def test_a_bundled_set_tells_what_it_has() -> None:
    told = answers(sl.checklist(FIT, PILE))
    assert told["corpus"] == "The Pile"
    assert told["count_n"] == "N without the (tied) embedding, with prefixes and aggregator"
    assert "arXiv:2505.10475" in told["data"]
    assert told["tokenizer"] is None


def test_columns_of_a_table_are_read() -> None:
    runs = {**PILE, "schedule": ["wsd"] * 24, "warmup": 0.05, "rate": np.linspace(1e-4, 2e-3, 24), "seed": [0, 1] * 12}
    runs |= {"C": 6.0 * PILE["N"] * PILE["D"] * PILE["P"], "run": np.arange(24), "batch": 16, "context": 256}
    runs = {name: np.broadcast_to(values, 24) for name, values in runs.items()}
    told = answers(sl.checklist(FIT, runs))
    assert told["schedule"] == "wsd"
    assert told["warmup"] == "0.05"
    assert told["rate"] == "0.0001 to 0.002 (24 values)"
    assert told["batch"] == "batch 16, context 256"
    assert told["count_c"] == "C = 6 N D P in every row"
    assert told["checkpoints"] == "one row a run"
    assert told["seeds"] == "one run a setting; 2 seeds"


def test_settings_are_told() -> None:
    weights = np.ones(24)
    weights[:2] = 0
    fit = sl.fit("parscale", PILE, fixed={"k": 0.0}, loss="squared", weights=weights, bootstrap=10, rng=3)
    told = answers(sl.checklist(fit))
    assert told["held"] == "k = 0"
    assert told["chosen"] == "2 rows have weight 0"
    assert "squares" in told["objective"] or "squared" in told["objective"]
    assert "10 bootstrap refits" in told["interval"]
    assert "seed 3" in told["interval"]


def test_what_is_told_stands_and_is_escaped() -> None:
    found = sl.checklist(FIT, PILE, corpus="C4 & 50% of The_Pile", optimiser="AdamW *")
    assert r"C4 \& 50\% of The\_Pile" in found.to_latex()
    assert r"AdamW \*" in found.to_markdown()
    assert json.loads(found.to_json())["Training"]["corpus"] == "C4 & 50% of The_Pile"
    assert json.loads(found.to_json())["missing"] == list(found.missing)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"luck": "much"}, "the checklist has no question 'luck'"),
        ({"objective": "none"}, "is answered by the fit itself"),
    ],
)
def test_refusals(told, words) -> None:
    with pytest.raises(ScalelawError, match=words):
        sl.checklist(FIT, **told)
