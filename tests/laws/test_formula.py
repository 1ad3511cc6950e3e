"""Laws from text are laws like any other."""

import copy
import pickle

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.errors import LawError
from scalelaw.laws import Law, parse, resolve

from .truths import RUN, TRUTHS

TEXTS = {
    "parscale": "E + (A/(N*(k*ln(P) + 1)))**alpha",
    "parscale_data": "E + (A/(N*(k*log(P) + 1)))^alpha + B/D^beta",
    "parscale_ensemble": "E + (A/N)**alpha * (1 + (P - 1)*rho)/P",
    "additive_streams": "E + A*N**-alpha + B*P**-beta",
    "power_streams": "E + A*(N*P**b)**-alpha",
    "log2_streams": "E + A*N**-alpha*(1 + log2(P))**-beta",
    "chinchilla": "E + A/N**alpha + B/D**beta",
    "kaplan": "((Nc/N)**(alpha_N/alpha_D) + Dc/D)**alpha_D",
    "coupled": "E + (A*N**-a + B*D**-b)**g",
    "overtrained": "E + (a*(D/N)**eta + b*(D/N)**-eta)*(6*N*D)**-eta",
    "power_n": "E + A/N**alpha",
    "power_d": "E + B/D**beta",
    "power_c": "E + A/C**gamma",
    "broken_power": "E + A*N**-alpha*(1 + (N/Nb)**(1/f))**(-gamma*f)",
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_and_built_in_law_are_the_same(name):
    law, text = laws.get(name), parse(TEXTS[name])
    assert set(text.columns) == set(law.columns)
    assert set(text.parameters) == set(law.parameters)
    np.testing.assert_allclose(text.predict(RUN, TRUTHS[name]), law.predict(RUN, TRUTHS[name]), rtol=1e-12)


@pytest.mark.parametrize("name", TEXTS)
def test_text_broadcasts(name):
    law = parse(TEXTS[name])
    batch = {each: np.full((3, 1), value) for each, value in TRUTHS[name].items()}
    columns = [np.full(5, RUN[column]) for column in law.columns]
    assert law(*columns, **batch).shape == (3, 5)


def test_parts_of_a_parsed_law():
    law = parse(" E + A/N^alpha +  B*P**-beta ")
    assert law.columns == ("N", "P")
    assert law.parameters == ("E", "A", "alpha", "B", "beta")
    assert law.name == law.formula == law.expression == "E + A/N^alpha + B*P**-beta"
    assert law.latex == r"E + \frac{A}{N^{\alpha}} + B \, P^{-\beta}"
    assert parse("E/N", name="mine").name == "mine"


def test_further_columns():
    law = parse("E + A/N**alpha + B/width**beta", columns=["width"])
    assert law.columns == ("N", "width")
    assert law.parameters == ("E", "A", "alpha", "B", "beta")
    again = parse(law.expression, name=law.name, columns=law.columns)
    assert (again.columns, again.parameters) == (law.columns, law.parameters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E + A", "names no column"),
        ("3.5", "names no column"),
        ("1.5 + 400/N**0.34", "no parameter"),
        ("E + A*loss/N", "'loss'"),
        ("E + A*bpb/N", "'bpb'"),
        ("E + A/N**lambda", "'lambda' is a Python keyword"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(LawError, match=message):
        parse(text)


@pytest.mark.parametrize("outcome", ["loss", "loss_se", "bpb"])
def test_a_law_cannot_read_the_outcome_even_where_the_table_has_it(outcome):
    with pytest.raises(LawError, match="which a law predicts"):
        parse(f"E + A*{outcome}/N", columns=["N", "loss", "loss_se", "bpb"])


def test_a_column_called_like_a_function_is_in_nobody_s_way():
    assert parse("E + A*exp(-N)", columns=["exp"]).columns == ("N",)


def test_a_wrong_call_is_a_type_error():
    law = parse("E + A/N")
    with pytest.raises(TypeError, match="A"):
        law(1e9, E=1.0)
    with pytest.raises(TypeError, match="positional"):
        law(1e9, 2.0, E=1.0, A=1.0)


def test_a_parsed_law_can_be_copied_and_pickled():
    law = parse("E + A/N**alpha")
    for twin in (copy.deepcopy(law), pickle.loads(pickle.dumps(law))):
        assert (twin.columns, twin.parameters, twin.expression) == (law.columns, law.parameters, law.expression)
        assert twin(4.0, E=1.0, A=2.0, alpha=0.5) == 2.0


def test_get():
    assert laws.get("parscale") is laws.parscale
    with pytest.raises(LawError, match="did you mean parscale"):
        laws.get("parscal")
    with pytest.raises(LawError, match=r"built in are parscale, .*A formula such as 'E \+ A/N\*\*alpha'"):
        laws.get("zzz")


def test_resolve():
    assert resolve(laws.kaplan) is laws.kaplan
    assert resolve(" chinchilla ") is laws.chinchilla
    assert resolve("E + A/width", columns=["width"]).columns == ("width",)
    with pytest.raises(LawError, match="did you mean chinchilla"):
        resolve("chinchila")
    with pytest.raises(LawError, match="did you mean power_n"):
        resolve("power-n")
    with pytest.raises(LawError, match=r"Law\(name, fn\)"):
        resolve(lambda N, *, E: E / N)
    assert isinstance(resolve("E/N"), Law)
