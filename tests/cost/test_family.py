"""The paper's family at any size."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.cost import PAPER, Shape, parameters
from scalelaw.errors import ScalelawError
from scalelaw.harness.cell import Cell, Streams


@pytest.mark.parametrize("name", PAPER)
@pytest.mark.parametrize("streams", [1, 8])
def test_the_papers_sizes_are_found_from_their_counts(name, streams):
    assert Shape.sized(parameters(PAPER[name], streams)["N"], streams=streams) == PAPER[name]


@settings(deadline=None, max_examples=50)
@given(st.floats(3e7, 1e12), st.sampled_from([1, 2, 8]))
def test_any_size_comes_within_two_parts_in_a_thousand(N, streams):
    assert parameters(Shape.sized(N, streams=streams), streams)["N"] == pytest.approx(N, rel=2e-3)


def test_fields_can_differ_from_the_familys():
    shape = Shape.sized("100M", vocabulary=256, prefix_tokens=8)
    assert (shape.vocabulary, shape.prefix_tokens) == (256, 8)


@pytest.mark.parametrize(
    ("N", "options", "message"),
    [
        ("big", {}, "N='big' is not a number of parameters"),
        (-1, {}, "N=-1 is not a number of parameters"),
        (float("nan"), {}, "not a number of parameters"),
        (True, {}, "not a number of parameters"),
        (1e4, {}, "the smallest shape of the paper's family has"),
        (1e9, {"ffn": 64}, "ffn follows from N"),
        (1e9, {"vocab": 64}, "a shape has no field 'vocab'; its fields are layers, width"),
        (1e9, {"heads": 0}, "heads is 0; it must be a whole number of at least 1"),
        (1e9, {"streams": 0}, "P must be a whole number of at least 1"),
    ],
)
def test_what_is_no_size_is_refused(N, options, message):
    with pytest.raises(ScalelawError, match=message):
        Shape.sized(N, **options)


def test_many_shapes_are_counted_at_once():
    shapes = list(PAPER.values())
    counts = parameters(shapes, np.array([[1], [2], [8]]))
    assert counts["N"].shape == (3, 6)
    expected = [[parameters(shape, P)["N"] for shape in shapes] for P in (1, 2, 8)]
    np.testing.assert_array_equal(counts["N"], expected)
    with pytest.raises(ScalelawError, match="a cost is of a Shape or of several, not of str"):
        parameters(["1.6B"], 1)


def test_what_is_not_written_differently_has_the_dictionary_it_always_had():
    shape = PAPER["1.6B"]
    assert "gated" not in shape.to_dict()
    other = Shape(**{**shape.to_dict(), "gated": False})
    assert other.to_dict()["gated"] is False
    assert Shape.from_dict(other.to_dict()) == other
    assert (shape.unlike_qwen2(), other.unlike_qwen2()) == ((), ("gated",))


def test_cells_keep_their_ids():
    """Of cells trained before there were other decoders than Qwen2-like ones; their folders are named by it."""
    cell = Cell(
        shape=Shape.scaled(width=64, layers=2), tokens=10**7, corpus="code", corpus_hash="0", streams=Streams(count=2)
    )
    assert (cell.id, replace(cell, start=cell).id) == ("627ccfe8c784", "541d5ba2cb60")
    with pytest.raises(ScalelawError, match="the harness trains Qwen2-like decoders, and gated of this shape"):
        replace(cell, shape=replace(cell.shape, gated=False))
