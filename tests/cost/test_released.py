"""The paper's own arithmetic: what its script printed, and the ratios it reports."""

import numpy as np
import pytest

from scalelaw.cost import PAPER, breakdown, latency, memory

from .golden import SERVED, SHAPES, STREAMS, TABLE

LENGTHS = np.array([64, 128, 256, 512])


def test_all_192_settings_are_reproduced():
    assert len(TABLE) == 192
    for shape, row in zip(SHAPES, TABLE, strict=True):
        assert (shape.ffn, shape.prefix_tokens) == (row["intermediate_size"], row["prefix_tokens"])
    held = memory(SHAPES, STREAMS, model="released", **SERVED)
    taken = latency(SHAPES, STREAMS, hardware="a100", model="released", **SERVED)
    # the file has nine digits
    np.testing.assert_allclose(held / 2**30, TABLE["memory_gib"], rtol=1e-8)
    np.testing.assert_allclose(taken, TABLE["latency_s"], rtol=1e-8)


def test_the_example_of_the_readme():
    """P = 2, batch 2, 64 tokens in and out, width 2560: 8.951 GiB and 0.354 s."""
    given = {"batch": 2, "input_tokens": 64, "output_tokens": 64, "model": "released"}
    assert memory(PAPER["4.4B"], 2, **given) / 2**30 == pytest.approx(8.951, abs=5e-4)
    assert latency(PAPER["4.4B"], 2, hardware="a100", **given) == pytest.approx(0.354, abs=5e-4)


def test_terms_sum():
    frame = breakdown(SHAPES, STREAMS, hardware="a100", model="released", **SERVED)
    for part in ("memory", "prefill", "decode"):
        terms = [name for name in frame if name.startswith(f"{part}_")]
        np.testing.assert_allclose(frame[terms].sum(axis=1), frame[part])
    np.testing.assert_allclose(frame["latency"], TABLE["latency_s"], rtol=1e-8)
    np.testing.assert_allclose(frame["memory"] / 2**30, TABLE["memory_gib"], rtol=1e-8)
