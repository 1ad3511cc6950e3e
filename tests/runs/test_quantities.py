"""Numbers as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.runs import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.6B", 1_600_000_000),
        ("42e9", 42_000_000_000),
        ("500M", 500_000_000),
        ("1_000_000", 1_000_000),
        ("1,000,000", 1_000_000),
        ("1,000.5", 1000.5),
        ("3k", 3000),
        ("2T", 2 * 10**12),
        ("0.1b", 100_000_000),
        ("1.6 B", 1_600_000_000),
        ("7bn", 7 * 10**9),
        (" 12 ", 12),
        ("+5", 5),
        ("-3.5", -3.5),
        (".5M", 500_000),
        ("5.", 5),
        ("0", 0),
        ("-0.0", 0),
        ("2.31", 2.31),
        ("1e-3", 1e-3),
        ("1e18", 10**18),
        ("9007199254740993", 2**53 + 1),
        ("1e999", math.inf),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
    ],
)
def test_reads(text, value):
    assert quantity(text) == value
    assert type(quantity(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "B", "e9", "1.6X", "about 3B", "1,00", "1,0000", "12,34,567", "1__0", "_1", "1_", "1.6BB"),
        *("1 2", "0x10", "1e", "--1", "٣", "1.2.3", "3%", "nan", "None", "1,6B", "++inf", "infinit"),
    ],
)
def test_refuses(text):
    assert quantity(text) is None


@given(st.text(max_size=30))
def test_never_raises(text):
    assert quantity(text) is None or isinstance(quantity(text), int | float)


@given(st.floats(allow_nan=False))
def test_agrees_with_python_on_floats(value):
    assert float(quantity(repr(value))) == value


def test_more_digits_than_python_reads_are_infinite():
    assert quantity("-" + "9" * 5000) == -math.inf


@given(st.integers(-(10**300), 10**300))
def test_integers_are_exact(value):
    assert quantity(str(value)) == value
    assert quantity(f"{value:,}") == value
    assert quantity(f"{value}k") == value * 1000
