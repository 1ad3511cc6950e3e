"""The roofline: closed forms by hand, its differences from the paper's arithmetic, and how it must grow."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.cost import DIFFERENCES, PAPER, Hardware, Roofline, Shape, breakdown, decode, latency, memory, prefill
from scalelaw.cost import parameters as count
from scalelaw.errors import ScalelawError

SMALL = PAPER["1.6B"]
IDEAL = {"compute_efficiency": 1.0, "memory_efficiency": 1.0, "memory": 1e12}
SLOW_MEMORY = Hardware(name="slow memory", peak={"fp16": 1e30, "fp32": 1e30}, bandwidth=1e9, **IDEAL)
SLOW_SUMS = Hardware(name="slow sums", peak={"fp16": 1e12, "fp32": 1e12}, bandwidth=1e30, **IDEAL)
TINY = Shape(layers=2, width=8, heads=2, kv_heads=1, head_size=4, ffn=16, vocabulary=10, prefix_tokens=3)


def row(shape, streams=1, *, hardware, batch=1, input_tokens=5, output_tokens=4, **others):
    frame = breakdown(
        shape,
        streams,
        hardware=hardware,
        batch=batch,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        **others,
    )
    return frame.drop(columns=["model", "hardware"]).iloc[0]


def test_operations_are_counted_by_hand():
    """Batch 3, 2 streams, 5 tokens in, 4 out: 3 steps that see 9, 10 and 11 keys; 10^12 operations a second."""
    found = row(TINY, 2, hardware=SLOW_SUMS, batch=3) * 1e12
    rows, attention, mlp = 3 * 2, 2 * 2 * 8 * (8 + 4), 2 * 3 * 8 * 16
    aggregator = 2 * 64 + 8 + 16 + 2
    assert found["prefill_projections"] == pytest.approx(2 * rows * 5 * attention)
    assert found["prefill_mlp"] == pytest.approx(2 * rows * 5 * mlp)
    assert found["prefill_attention"] == pytest.approx(4 * rows * 2 * 8 * (4 + 5 + 6 + 7 + 8))
    assert found["prefill_aggregator"] == pytest.approx(2 * 3 * 5 * aggregator)
    assert found["prefill_head"] == pytest.approx(2 * 3 * 10 * 8)
    assert found["decode_mlp"] == pytest.approx(2 * rows * 3 * mlp)
    assert found["decode_attention"] == pytest.approx(4 * rows * 2 * 8 * (9 + 10 + 11))
    assert found["decode_head"] == pytest.approx(3 * 2 * 3 * 10 * 8)
    assert found["decode_aggregator"] == pytest.approx(3 * 2 * 3 * aggregator)


def test_bytes_are_counted_by_hand():
    """Weights of 1 byte, a cache of 2, activations of 4; 10^9 bytes a second."""
    kinds = {"weights": "int8", "cache": "fp16", "compute": "fp32"}
    found = row(TINY, 2, hardware=SLOW_MEMORY, batch=3, **kinds) * 1e9
    rows, attention, mlp = 3 * 2, 2 * 2 * 8 * (8 + 4), 2 * 3 * 8 * 16
    assert found["decode_projections"] == pytest.approx(3 * (attention + 4 * rows * 2 * 2 * (8 + 8 + 4)))
    assert found["decode_mlp"] == pytest.approx(3 * (mlp + 4 * rows * 2 * (2 * 8 + 3 * 16)))
    a_key = 2 * 2 * 2 * 4
    assert found["decode_attention"] == pytest.approx(rows * a_key * (9 + 10 + 11 + 3) + 4 * 3 * rows * 2 * 2 * 8)
    assert found["decode_head"] == pytest.approx(3 * (10 * 8 + 4 * 3 * (8 + 10)))
    assert found["decode_elementwise"] == pytest.approx(4 * 3 * rows * (22 * 8 + 2 * 3 * 16))
    assert found["prefill_embedding"] == pytest.approx((3 * 5 + 4 * rows * 5) * 8)


def test_memory_is_counted_by_hand():
    kinds = {"weights": "int4", "cache": "int8", "compute": "fp16"}
    found = row(TINY, 2, hardware=SLOW_MEMORY, batch=3, **kinds)
    counts = count(TINY, 2)
    assert found["memory_weights"] == (counts["N_backbone"] + counts["n_embedding"]) / 2
    assert found["memory_prefixes"] == counts["n_prefix"] / 2
    assert found["memory_aggregator"] == counts["n_aggregator"] / 2
    assert found["memory_cache"] == 2 * 2 * 4 * 3 * 2 * (3 + 5 + 4)
    assert found["memory_activations"] == 2 * 3 * 2 * 5 * (16 + 48)


def test_one_stream_at_batch_one_reads_its_weights_for_every_token():
    """The common rule of thumb, bytes of weights over bandwidth."""
    weights = 2 * (count(SMALL)["N"] + count(SMALL)["n_embedding"])
    step = decode(SMALL, hardware="a100", input_tokens=16, output_tokens=16)
    assert step == pytest.approx(weights / (2039e9 * 0.9), rel=0.02)


def test_a_long_prompt_takes_two_operations_a_weight_and_token():
    taken = prefill(SMALL, hardware="a100", input_tokens=512, output_tokens=1, batch=8)
    assert taken == pytest.approx(2 * count(SMALL)["N"] * 512 * 8 / (312e12 * 0.7), rel=0.2)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_is_named_in_words(name):
    assert len(DIFFERENCES[name]) > 20


def test_differences_from_the_papers_arithmetic():
    given = {"hardware": "a100", "input_tokens": 512, "output_tokens": 512, "batch": 8}
    released, own = (row(SMALL, 8, model=model, **given) for model in ("released", "roofline"))
    # the aggregator's weights are read in every one of 511 steps: 8 h^2 of 2 bytes
    assert own["decode_aggregator"] >= 511 * 2 * 8 * 1536**2 / (2039e9 * 0.9)
    assert released["decode_aggregator"] < own["decode_aggregator"]
    # the cache is read as it grows: about three quarters of its final length, and not twice all of it
    assert own["decode_attention"] < 0.45 * released["decode_cache"]
    assert own["decode_head"] > released["decode_head"]
    assert own["decode_embedding"] < released["decode_embedding"] / 100
    # at one stream logits of all tokens would be the most, and generation needs those of the last
    alone = [row(SMALL, 1, model=model, **given)["memory_activations"] for model in ("released", "roofline")]
    assert alone[1] < alone[0] / 4
    every = row(SMALL, 8, model=Roofline(logits="all"), **given)
    assert every["prefill_head"] > 30 * own["prefill_head"]


@pytest.mark.parametrize("streams", [1, 4])
def test_a_prefix_that_stays_out_of_the_cache_takes_no_room_there(streams):
    given = {"hardware": "a100", "input_tokens": 64, "output_tokens": 64, "batch": 3}
    kept, left = (row(SMALL, streams, model=Roofline(prefix=where), **given) for where in ("cache", "attention"))
    slots = 3 * streams * SMALL.prefix_tokens if streams > 1 else 0
    copied = slots * SMALL.layers * 2 * SMALL.kv_heads * SMALL.head_size * 2
    assert kept["memory_cache"] - left["memory_cache"] == pytest.approx(copied)
    assert kept["memory_prefixes"] == left["memory_prefixes"]


def test_the_first_token_comes_with_the_prompt():
    given = {"hardware": "a100", "input_tokens": 64}
    assert row(SMALL, hardware="a100", output_tokens=1)["decode"] == 0
    one, two = (decode(SMALL, output_tokens=tokens, **given) for tokens in (1, 2))
    assert one == two
    assert latency(SMALL, output_tokens=2, **given) == pytest.approx(prefill(SMALL, output_tokens=2, **given) + two)


def test_overhead_is_paid_in_every_layer_of_every_pass():
    slow = dataclasses.replace(SLOW_SUMS, overhead=1.0)
    assert row(TINY, hardware=slow)["prefill_overhead"] == 2
    assert row(TINY, hardware=slow)["decode_overhead"] == 6


def test_a_product_of_few_rows_takes_as_long_as_one_of_more():
    """Three sequences of two streams: layers run 6 rows, the head and the aggregator 3; one row costs nothing more."""
    few = dataclasses.replace(SLOW_SUMS, product_rows=4.0)
    plain, slow = (row(TINY, 2, batch=3, hardware=each) for each in (SLOW_SUMS, few))
    for name, rows in (("projections", 6), ("mlp", 6), ("head", 3), ("aggregator", 3)):
        assert slow[f"decode_{name}"] == pytest.approx(plain[f"decode_{name}"] * (rows + 4) / rows)
    assert slow["prefill_mlp"] == pytest.approx(plain["prefill_mlp"] * 34 / 30)
    assert slow["decode_attention"] == plain["decode_attention"]
    alone = [row(TINY, hardware=each)["decode_mlp"] for each in (SLOW_SUMS, few)]
    assert alone[0] == alone[1]


def test_attention_reaches_a_share_of_the_rate():
    half = dataclasses.replace(SLOW_SUMS, attention_efficiency=0.5)
    plain, slow = (row(TINY, 2, hardware=each) for each in (SLOW_SUMS, half))
    assert slow["prefill_attention"] == pytest.approx(2 * plain["prefill_attention"])
    assert slow["prefill_mlp"] == plain["prefill_mlp"]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["released", "roofline"]),
    st.sampled_from([SMALL, TINY, Shape.scaled(width=256, layers=8, prefix_tokens=0)]),
    st.integers(1, 16),
    st.integers(1, 32),
    st.integers(1, 2000),
    st.integers(2, 2000),
)
def test_more_of_anything_costs_no_less(model, shape, streams, batch, input_tokens, output_tokens):
    def costs(shape=shape, streams=streams, batch=batch, inputs=input_tokens, outputs=output_tokens):
        served = {"batch": batch, "input_tokens": inputs, "output_tokens": outputs, "model": model}
        taken = latency(shape, streams, hardware="rtx-4090", **served)
        return np.array([memory(shape, streams, **served), taken])

    here = costs() * (1 - 1e-12)
    assert (here > 0).all()
    assert (costs(streams=streams + 1) >= here).all()
    assert (costs(batch=batch + 1) >= here).all()
    assert (costs(inputs=input_tokens + 1) >= here).all()
    assert (costs(outputs=output_tokens + 1) >= here).all()
    assert (costs(shape=dataclasses.replace(shape, layers=shape.layers + 1)) >= here).all()
    assert (costs(shape=dataclasses.replace(shape, ffn=shape.ffn + 8)) >= here).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 300), st.integers(2, 300))
def test_fewer_bits_cost_no_more(streams, batch, input_tokens, output_tokens):
    served = {"batch": batch, "input_tokens": input_tokens, "output_tokens": output_tokens}
    kinds = np.array(["fp16", "int8", "int4"])
    for name in ("weights", "cache"):
        held = memory(SMALL, streams, **served, **{name: kinds})
        taken = latency(SMALL, streams, hardware="jetson-orin", **served, **{name: kinds})
        assert (np.diff(held) < 0).all()
        assert (np.diff(taken) <= 0).all()
    np.testing.assert_array_equal(
        memory(SMALL, streams, **served, weights=[16, 8, 4]), memory(SMALL, streams, **served, weights=kinds)
    )


@pytest.mark.parametrize(
    ("kind", "numbers", "taken"),  # bytes that a block of so many numbers takes, its scale included
    [("q8_0", 32, 34), ("q4_0", 32, 18), ("nf4", 64, 36), ("nvfp4", 16, 9), ("mxfp4", 32, 17)],
)
def test_formats_in_blocks_count_their_scales(kind, numbers, taken):
    served = {"input_tokens": 64, "output_tokens": 64}
    for name in ("weights", "cache"):
        term = f"memory_{name}"
        plain, blocks = (row(SMALL, hardware="a100", **served, **{name: each})[term] for each in ("int8", kind))
        assert blocks / plain == pytest.approx(taken / numbers)


def test_a_prompt_of_one_token_writes_the_prefix_too():
    """Two sequences of two streams: 3 slots and 1 token read and written, in 2 layers of 4 features of 2 bytes."""
    found = row(TINY, 2, hardware=SLOW_MEMORY, batch=2, input_tokens=1) * 1e9
    assert found["prefill_attention"] == pytest.approx(4 * 2 * 2 * 2 * 4 * (4 + 4) + 2 * 4 * 2 * 2 * 8)


def test_arrays_are_many_single_settings():
    shapes = np.array([PAPER["0.5B"], TINY], dtype=object)
    streams, batch = np.array([[1], [2], [8]]), [1, 4]
    served = {"input_tokens": 20, "output_tokens": 9}
    found = latency(shapes, streams, hardware="h100", batch=batch, **served)
    assert found.shape == (3, 2)
    alone = [
        [latency(shape, int(P), hardware="h100", batch=B, **served) for shape, B in zip(shapes, batch, strict=True)]
        for P in streams.ravel()
    ]
    np.testing.assert_allclose(found, alone, rtol=1e-14)
    assert breakdown(shapes, streams, hardware="h100", batch=batch, **served).shape[0] == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch is 0; it must be whole numbers of at least 1"),
        ({"batch": 2**52}, r"streams, sequences and tokens together are 2\^53 or more"),
        ({"input_tokens": -5}, "input_tokens is -5"),
        ({"output_tokens": 2.5}, "output_tokens is 2.5"),
        ({"output_tokens": float("nan")}, "output_tokens is nan"),
        ({"batch": [1, 0]}, "batch is 0; it must be whole numbers"),
        ({"batch": True}, "batch is True"),
        ({"batch": "many"}, "batch is 'many'"),
        ({"streams": 0}, "P must be a whole number of at least 1"),
        ({"streams": [1, 1.5]}, "P must be a whole number of at least 1"),
        ({"weights": "fp15"}, r"weights is 'fp15'; name a data type \(fp32, .*\) or the bits of a number"),
        ({"cache": 0}, "cache is 0; name a data type"),
        ({"compute": "fp15"}, "compute is 'fp15'; choose fp32"),
        ({"compute": "fp8"}, "a100 has no rate for fp8; it computes in fp32, tf32, bf16, fp16, int8, int4"),
        ({"hardware": "abacus"}, r"no hardware is called 'abacus'; there are a100, h100, .* Hardware\(name="),
        ({"hardware": 3}, "hardware is a Hardware or the name of one, not int"),
        ({"model": "guess"}, "no cost model is called 'guess'; there are released and roofline"),
        ({"shape": "1.6B"}, "a cost is of a Shape"),
        ({"batch": [1, 2], "input_tokens": [1, 2, 3]}, "do not broadcast to one shape"),
    ],
)
def test_what_means_nothing_is_refused(changes, message):
    given = {"shape": SMALL, "streams": 1, "hardware": "a100", "input_tokens": 8, "output_tokens": 8, **changes}
    with pytest.raises(ScalelawError, match=message):
        latency(**given)
