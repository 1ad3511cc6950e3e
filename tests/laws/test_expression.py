"""The parser of formulas: safe text computes what Python computes, all else is refused with the piece shown."""

import math
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.errors import LawError
from scalelaw.laws import compile_expression
from scalelaw.laws.expression import FUNCTIONS, Expression

VALUES = {"N": 3.0, "P": 2.0, "E": 0.7, "alpha": 0.3, "b": 1.9}
PYTHON = {
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "log1p": math.log1p,
    "expm1": math.expm1,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "min": min,
    "max": max,
    "minimum": min,
    "maximum": max,
}


def test_every_function_has_its_python_twin():
    assert set(FUNCTIONS) == set(PYTHON)


@st.composite
def safe_expressions(draw, depth=4):
    """Text of a formula that the parser takes."""
    kind = draw(st.sampled_from(["name", "number"] if depth == 0 else ["name", "number", "binary", "minus", "call"]))
    deeper = safe_expressions(depth=depth - 1)
    match kind:
        case "name":
            return draw(st.sampled_from(sorted(VALUES)))
        case "number":
            return draw(st.sampled_from(["1", "2.5", "0.5", ".25", "3.", "1e1", "2E-1", "1_0.0"]))
        case "minus":
            return f"-{draw(deeper)}" if draw(st.booleans()) else f"(+{draw(deeper)})"
        case "call":
            name = draw(st.sampled_from(sorted(PYTHON)))
            arguments = [draw(deeper) for _ in range(draw(st.integers(2, 3)) if name.startswith("m") else 1)]
            return f"{name}({', '.join(arguments)})"
    operator = draw(st.sampled_from(["+", "-", "*", "/", "**", " ** ", " - "]))
    left, right = draw(deeper), draw(deeper)
    return f"({left}){operator}({right})" if draw(st.booleans()) else f"{left}{operator}{right}"


def in_python(text):
    """Value in plain Python, or None where it has no finite real value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = eval(text, {"__builtins__": {}}, PYTHON | VALUES)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return None
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


@settings(max_examples=400, deadline=None)
@given(safe_expressions())
def test_safe_expressions_evaluate_as_python_does(text):
    expected = in_python(text)
    if expected is None or len(text) > 1000:
        return
    names, value = compile_expression(text)
    assert set(names) <= set(VALUES)
    got = value(**{name: VALUES[name] for name in names})
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-300)
    caret = compile_expression(text.replace("**", "^"))[1]
    assert caret(**{name: VALUES[name] for name in names}) == got


@settings(max_examples=200, deadline=None)
@given(safe_expressions())
def test_arrays_evaluate_element_by_element(text):
    if in_python(text) is None or len(text) > 1000:
        return
    expression = Expression(text)
    arrays = {name: np.full(3, VALUES[name]) for name in expression.names}
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(expression(**arrays), in_python(text), rtol=1e-12, atol=1e-300)


@settings(max_examples=600, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="NPEx0123456789+-*/^().,_ '\"[]{}:=<>%@~!&|\\lambdifeo", max_size=60))
def test_any_text_is_read_or_refused(text):
    """Nothing but a LawError may come out, and what is read may only hold names of its own."""
    try:
        expression = Expression(text)
    except LawError:
        return
    assert all(name.isidentifier() and not name.startswith("_") and name not in FUNCTIONS for name in expression.names)


HOSTILE = {
    "__import__('os').system('true')": "'__import__'",
    "N + __class__": "'__class__'",
    "N.real": "'N.real'",
    "(N).__class__": "'__class__'",
    "exp.__call__(N)": "'__call__'",
    "N[0]": "'['",
    "(N)(P)": "'(N)(P)'",
    "exp(N)(P)": "'exp(N)(P)'",
    "lambda N: N": "'lambda'",
    "[N for N in P]": "'for'",
    "{N}": "'{'",
    "'N'": '"\'"',
    '"N"': "'\"'",
    "f'{N}'": '"\'"',
    "b'N'": '"\'"',
    "(A := N)": "':'",
    "A = N": "'='",
    "N == P": "'='",
    "N < P": "'<'",
    "A if N else P": "'if'",
    "N and P": "'and'",
    "not N": "'not'",
    "N in P": "'in'",
    "N is P": "'is'",
    "await N": "'await'",
    "yield N": "'yield'",
    "import os": "'import'",
    "N; P": "';'",
    "N # P": "'#'",
    "N \\ P": "'\\\\'",
    "N % P": "'%'",
    "N // P": "'N // P'",
    "N @ P": "'@'",
    "~N": "'~'",
    "N & P": "'&'",
    "N << P": "'<'",
    "N!": "'!'",
    "$N": "'$'",
    "`N`": "'`'",
    "N\x00": "'\\x00'",
    "N, P": "'N, P'",
    "(N, P)": "'(N, P)'",
    "()": "'()'",
    "N...": "'.'",
    "exp(x=N)": "'='",
    "exp(*N)": "'*N'",
    "max(*N, P)": "'*N'",
    "exp(**N)": "'exp(**N)'",
    "True * N": "'True'",
    "None": "'None'",
    "1j * N": "'1j'",
    "N²": "'²'",
    "𝐢𝐟 * N": "'𝐢'",
    "N × P": "'×'",
    "N − P": "'−'",
    "eval(N)": "'eval(N)'",
    "open(N)": "'open(N)'",
    "exp": "'exp'",
    "N + log": "'log'",
    "exp()": "'exp()'",
    "exp(N, P)": "'exp(N, P)'",
    "max(N)": "'max(N)'",
    "9**9**9": "'9**9**9'",
    "9**9**9**9**9*N": "'9**9**9'",
    "N + 1e999": "'1e999'",
    "N*1/0": None,
    "1/0*N": "'1/0'",
    "log(0) + N": "'log(0)'",
    "(-8)**0.5 + N": "'(-8)**0.5'",
    "(N + P": "'('",
    "N + P)": "')'",
    "((N)": "'('",
    "N P": "'P'",
    "2N": "'2'",
    "N**": "'*'",
    "N +": "'+'",
    "*N": "'*'",
    "N * / P": "'/'",
    "N^^P": None,
    "": "empty",
    "  \n ": "empty",
    "(" * 200 + "N" + ")" * 200: "more than 100 parentheses",
    "-" * 900 + "N": "100 levels",
    "exp(" * 99 + "-(" * 1 + "N" + ")" * 100: "100 levels",
    "+".join("N" * 400): "100 levels",
    "**".join("N" * 300): "100 levels",
    "N" * 1001: "1001 characters",
    "9" * 990 + "*N": None,
}


@pytest.mark.parametrize("text", [text for text, piece in HOSTILE.items() if piece])
def test_hostile_text_is_refused_with_the_piece_shown(text):
    with pytest.raises(LawError) as error:
        Expression(text)
    assert HOSTILE[text] in str(error.value)


@pytest.mark.parametrize("text", ["9" * 990 + "*N", "N^^P", "E + A^(N"])
def test_more_that_is_refused(text):
    with pytest.raises(LawError):
        Expression(text)


def test_division_of_a_column_by_zero_is_the_data_s_business():
    """N*1/0 is (N*1)/0: not a constant, so it is computed and found to be infinite."""
    with np.errstate(divide="ignore"):
        assert Expression("N*1/0")(N=np.float64(2.0)) == np.inf


@pytest.mark.parametrize("text", [None, 3, b"N", ["N"]])
def test_other_types_are_refused(text):
    with pytest.raises(LawError, match="a formula is text"):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("E + A/N.real", "N.real"),
        ("E + A^2 + B^2 + foo(N)", "foo(N)"),
        ("α^2 + β^2*N.x", "N.x"),
        ("E + A/N**lambda", "lambda"),
        ("E + (A/N", "("),
        ("E + " + "A + " * 20 + "N.x" + " + B" * 20, "N.x"),
    ],
)
def test_carets_stand_under_the_piece(text, marked):
    with pytest.raises(LawError) as error:
        Expression(text)
    _, line, carets = str(error.value).split("\n")
    assert line[carets.index("^") : carets.rindex("^") + 1] == marked
    assert set(carets) == {" ", "^"}


@pytest.mark.parametrize("text", ["lo(N)", "logg(N)", "exq(N)", "sqr(N)"])
def test_near_matches_of_functions(text):
    with pytest.raises(LawError, match=r"did you mean (log|exp|sqrt)"):
        Expression(text)


def test_power_groups_from_the_right_and_before_minus():
    assert Expression("-N^2^3")(N=2.0) == -256.0
    assert Expression("2^-N")(N=1.0) == 0.5


def test_names_come_in_the_order_of_the_text_and_without_functions():
    assert Expression("E + exp(A) * N**-alpha + A").names == ("E", "A", "N", "alpha")
    assert compile_expression("0.5 * 3")[0] == ()
    assert compile_expression("0.5 * 3")[1]() == 1.5


def test_names_may_be_greek_and_called_self():
    assert Expression("α * self")(α=2.0, self=3.0) == 6.0


def test_line_breaks_are_spaces():
    assert Expression("E +\n  A/N").text == "E + A/N"


def test_wrong_names_at_a_call_are_an_error():
    with pytest.raises(TypeError, match="missing \\['b'\\], unknown \\['c'\\]"):
        Expression("a + b")(a=1.0, c=2.0)


def test_expressions_can_be_pickled():
    expression = Expression("E + A/N**alpha")
    twin = pickle.loads(pickle.dumps(expression))
    assert twin == expression
    assert twin(E=1.0, A=2.0, N=4.0, alpha=0.5) == 2.0
