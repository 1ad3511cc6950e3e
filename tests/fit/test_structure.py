"""Amplitudes and units, found by probing."""

import pytest

from scalelaw.fit.structure import Structure, probe
from scalelaw.laws import ALL, parse
from scalelaw.laws.law import Law


def named(law: Law, structure: Structure) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    names = law.parameters

    def text(power: object) -> str:
        parameter = getattr(power, "parameter")  # noqa: B009
        return f"{getattr(power, 'coefficient'):g}" + ("" if parameter is None else f" {names[parameter]}")  # noqa: B009

    amplitudes = {names[j]: text(power) for j, power in structure.amplitudes.items()}
    units = {
        "+".join(group): {names[j]: text(p) for j, p in powers.items()} for group, powers in structure.units.items()
    }
    return amplitudes, units


KNOWN = [
    ("parscale", {"E": "1", "A": "1 alpha"}, {"N": {"A": "1"}}),
    ("chinchilla", {"E": "1", "A": "1", "B": "1"}, {"N": {"A": "1 alpha"}, "D": {"B": "1 beta"}}),
    ("kaplan", {}, {"N": {"Nc": "1"}, "D": {"Dc": "1"}}),
    ("coupled", {"E": "1"}, {"N": {"A": "1 a"}, "D": {"B": "1 b"}}),
    ("overtrained", {"E": "1", "a": "1", "b": "1"}, {"N": {"a": "2 eta"}, "D": {"b": "2 eta"}}),
    ("data_constrained", {"E": "1"}, {"N": {"A": "1 alpha"}, "D+U": {"B": "1 beta"}}),
    ("broken_power", {"E": "1", "A": "1"}, {"N": {"A": "1 alpha", "Nb": "1"}}),
    ("additive_streams", {"E": "1", "A": "1", "B": "1"}, {"N": {"A": "1 alpha"}, "P": {"B": "1 beta"}}),
]


@pytest.mark.parametrize(("name", "amplitudes", "units"), KNOWN, ids=[known[0] for known in KNOWN])
def test_built_in_laws(name: str, amplitudes: dict[str, str], units: dict[str, dict[str, str]]) -> None:
    law = ALL[name]
    assert named(law, probe(law)) == (amplitudes, units)


@pytest.mark.parametrize(
    ("text", "amplitudes", "units"),
    [
        ("E + A/N**0.34", {"E": "1", "A": "1"}, {"N": {"A": "0.34"}}),
        ("E + A/N**(1/3)", {"E": "1", "A": "1"}, {"N": {"A": "0.333333"}}),
        ("E + (A/N)**2", {"E": "1", "A": "2"}, {"N": {"A": "1"}}),
        ("E + A*log(N)", {"E": "1", "A": "1"}, {}),
        ("E + A/(N + b)", {"E": "1", "A": "1"}, {"N": {"A": "1", "b": "1"}}),
    ],
)
def test_formulas(text: str, amplitudes: dict[str, str], units: dict[str, dict[str, str]]) -> None:
    law = parse(text)
    assert named(law, probe(law)) == (amplitudes, units)


def test_a_bounded_parameter_is_solved_for_itself() -> None:
    law = Law("bounded", ALL["chinchilla"].fn, bounds={"A": (1.0, 1e4)})
    amplitudes, units = named(law, probe(law))
    assert set(amplitudes) == {"E", "B"}
    assert "N" not in units


def test_a_law_that_cannot_be_called_has_no_structure() -> None:
    def broken(N: object, *, E: object) -> object:
        raise ValueError("no")

    assert probe(Law("broken", broken)) == Structure()
