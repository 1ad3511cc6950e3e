"""Counts and operations by formula, against the paper's numbers and hand counts."""

from dataclasses import replace

import pytest

from scalelaw.cost import PAPER, Shape, forward_flops, parameters, train_flops
from scalelaw.errors import ScalelawError
from scalelaw.harness.cell import Cell

# the 24 counts of the paper's fitting script: arXiv 2505.10475, P = 1, 2, 4, 8
PUBLISHED = {
    "0.5B": (535813376, 538195842, 540577412, 545340552),
    "0.7B": (693753856, 696738818, 699722756, 705690632),
    "1.1B": (1088376320, 1092762882, 1097148164, 1105918728),
    "1.6B": (1571472384, 1577522690, 1583571460, 1595669000),
    "2.8B": (2774773760, 2784937986, 2795100164, 2815424520),
    "4.4B": (4353203200, 4368529922, 4383854084, 4414502408),
}
SMALL = Shape.scaled(width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)


@pytest.mark.parametrize("size", PUBLISHED)
@pytest.mark.parametrize(("index", "streams"), list(enumerate((1, 2, 4, 8))))
def test_the_formula_gives_the_papers_counts(size, index, streams):
    assert parameters(PAPER[size], streams)["N"] == PUBLISHED[size][index]


@pytest.mark.parametrize("size", PAPER)
def test_the_size_is_the_name(size):
    assert f"{parameters(PAPER[size])['N'] / 1e9:.1f}B" == size


@pytest.mark.parametrize("streams", [1, 2, 8])
@pytest.mark.parametrize("aggregation", ["mlp", "linear", "mean"])
def test_groups_sum(streams, aggregation):
    counts = parameters(replace(SMALL, aggregation=aggregation), streams)
    backbone = counts["n_attention"] + counts["n_mlp"] + counts["n_norm"]
    assert counts["N_backbone"] == backbone == parameters(SMALL, 1)["N"]
    assert counts["N"] == backbone + counts["n_prefix"] + counts["n_aggregator"]


def test_flops_are_counted_by_hand():
    """Multiply-adds of one layer, one head: 2 a weight, scores and mixing over prefix and past."""
    shape = Shape(
        layers=1, width=4, heads=1, kv_heads=1, head_size=4, ffn=8, vocabulary=10, prefix_tokens=2, aggregation="linear"
    )
    terms = forward_flops(shape, 3, context=5)
    assert terms == {
        "matmul": 3 * 2 * (4 * 4 * 4 + 3 * 4 * 8),
        "attention": 3 * 4 * 4 * (2 + 3),
        "aggregator": 2 * (3 * 3 * 4 + 3),
        "head": 2 * 10 * 4,
    }
    assert train_flops(shape, 3, tokens=7, context=5) == 7 * 3 * sum(terms.values())
    frozen = train_flops(shape, 3, tokens=7, context=5, trained="streams")
    assert frozen == 7 * (3 * sum(terms.values()) - terms["matmul"] - terms["head"])


def test_the_rule_of_six_holds_for_large_models():
    """6 N D, where N is large against attention over a short context and the head is counted apart."""
    shape = replace(PAPER["4.4B"], vocabulary=2)
    assert train_flops(shape, tokens=1, context=1) == pytest.approx(6 * parameters(shape)["N"], rel=2e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 5}, "5 heads do not divide the width 32"),
        ({"heads": 4, "kv_heads": 3}, "3 key/value heads do not divide 4 query heads"),
        ({"heads": 32}, "an even multiple of the heads"),
        ({"width": 0}, "width is 0; it must be a whole number of at least 1"),
        ({"layers": 2.5}, "layers is 2.5"),
        ({"prefix_tokens": -1}, "prefix_tokens is -1"),
        ({"aggregation": "sum"}, "aggregation is 'sum'; choose mlp, linear, mean"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ScalelawError, match=message):
        Shape.scaled(**{"width": 32, "layers": 2, **changes})


def test_what_cannot_be_counted_is_refused_and_not_wrapped_around():
    with pytest.raises(ScalelawError, match=r"has about 2\^62 parameters or more"):
        parameters(Shape.scaled(width=2**32, layers=2))
    with pytest.raises(ScalelawError, match="width is 18446744073709551616; it must be a whole number"):
        Shape.scaled(width=2**64, layers=2)
    with pytest.raises(ScalelawError, match=r"has about 2\^62 parameters or more"):
        parameters(SMALL, [1, 2**52])
    assert parameters(SMALL, 2**20)["N"] > 0


@pytest.mark.parametrize("streams", [0, -1, 1.5, True, 10**20])
def test_streams_are_whole_and_positive(streams):
    with pytest.raises(ScalelawError, match="P must be a whole number of at least 1"):
        parameters(SMALL, streams)


@pytest.mark.parametrize("width", [*range(2, 130, 2), 768, 1000])
def test_every_even_width_has_a_shape(width):
    shape = Shape.scaled(width=width, layers=1)
    assert shape.heads * shape.head_size == width
    assert Shape.from_dict(shape.to_dict()) == shape
    assert Cell(shape=shape, tokens=10**6, corpus="code", corpus_hash="0").C > 0
