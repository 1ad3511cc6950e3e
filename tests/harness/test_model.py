"""The decoder with streams: identities that must hold to the last bit, or to rounding."""

from dataclasses import replace

import pytest
import torch

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import Model

SHAPE = Shape.scaled(width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)
TOKENS = torch.randint(0, 61, (3, 17), generator=torch.Generator().manual_seed(0))
AGGREGATIONS = ("mlp", "linear", "mean")


def logits(model: Model, tokens: torch.Tensor = TOKENS, **options) -> torch.Tensor:
    with torch.no_grad():
        return model(tokens, **options)


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, atol=2e-6, rtol=1e-5)


def test_one_stream_is_the_plain_model_bit_for_bit():
    plain, other = (Model(shape, seed=4) for shape in (SHAPE, replace(SHAPE, prefix_tokens=48, aggregation="linear")))
    assert plain.prefix is None
    assert plain.aggregator is None
    assert torch.equal(logits(plain), logits(other))


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_streams_are_run_side_by_side_and_do_not_meet(aggregation):
    """Each stream is the one-stream model with that stream's prefix."""
    model = Model(replace(SHAPE, aggregation=aggregation), Streams(count=3))
    with torch.no_grad():
        together = model.each_stream(TOKENS)
        for p in range(3):
            close(model.keep_streams([p]).each_stream(TOKENS)[0], together[p])


@pytest.mark.parametrize("streams", [1, 3])
def test_a_token_changes_nothing_before_it(streams):
    model = Model(SHAPE, Streams(count=streams))
    changed = TOKENS.clone()
    changed[:, 9] = (changed[:, 9] + 1) % 61
    before, after = logits(model), logits(model, changed)
    assert torch.equal(before[:, :9], after[:, :9])
    assert not torch.allclose(before[:, 9:], after[:, 9:])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_weights_sum_to_one_and_are_smoothed(aggregation, smoothing):
    model = Model(replace(SHAPE, aggregation=aggregation), Streams(count=4, smoothing=smoothing))
    with torch.no_grad():
        for value in model.aggregator.parameters():
            value.normal_(std=3)
        streams = model.each_stream(TOKENS)
        weights = model.aggregator.weights(streams)
    close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    assert weights.min() >= smoothing / 4 - 1e-6
    close(model.aggregator(streams), torch.einsum("bsp,pbsw->bsw", weights, streams))


@pytest.mark.parametrize("kind", ["direct", "reparameterised"])
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_near_identity_begins_as_one_stream_and_fades_in(kind, aggregation):
    streams = Streams(count=4, near_identity=True, prefix=kind)
    model = Model(replace(SHAPE, aggregation=aggregation), streams, seed=3)
    close(logits(model), logits(Model(SHAPE, seed=3)))
    model.fade(1.0)
    whole = Model(replace(SHAPE, aggregation=aggregation), replace(streams, near_identity=False), seed=3)
    whole.load_state_dict(model.state_dict())
    assert torch.equal(logits(model), logits(whole))
    assert not torch.allclose(logits(model), logits(Model(SHAPE, seed=3)), atol=1e-4)


@pytest.mark.parametrize("shape", [SHAPE, replace(SHAPE, prefix_tokens=0)], ids=["prefix", "no prefix"])
def test_a_prefix_that_has_faded_in_needs_no_mask(shape):
    """Known from the weights alone, as after loading; with the numbers that the mask gives."""
    begun, faded = (Model(shape, Streams(count=2, near_identity=True)) for _ in range(2))
    assert begun.mask(17, None, TOKENS.device) is not None
    begun.fade(1.0)
    faded.load_state_dict(begun.state_dict())
    assert faded.mask(17, None, TOKENS.device) is None
    with torch.no_grad():
        close(
            faded.each_stream(TOKENS), faded.each_stream(TOKENS, seen=17)
        )  # a mask that hides no more than the future
        faded.prefix_gate.fill_(1 - 1e-7)
        close(faded.each_stream(TOKENS), begun.each_stream(TOKENS))


def test_near_identity_has_gradients_from_the_second_step_on():
    model = Model(SHAPE, Streams(count=2, near_identity=True))
    model.loss(TOKENS[:, :-1], TOKENS[:, 1:]).backward()
    assert all(torch.isfinite(value.grad).all() for value in model.parameters() if value.grad is not None)
    model.fade(0.25)
    model.zero_grad()
    model.loss(TOKENS[:, :-1], TOKENS[:, 1:]).backward()
    assert model.prefix.v.grad.abs().sum() > 0


@pytest.mark.parametrize("streams", [1, 2])
def test_guidance_mixes_log_probabilities_of_two_passes(streams):
    model = Model(SHAPE, Streams(count=streams))
    plain = logits(model).log_softmax(-1)
    close(logits(model, guidance=1.0), plain)
    weak = logits(model, guidance=0.0)
    close(logits(model, guidance=1.5), weak + 1.5 * (plain - weak))
    changed = TOKENS.clone()
    changed[:, :9] = (changed[:, :9] + 1) % 61
    assert torch.equal(logits(model, changed, guidance=0.0)[:, 9:], weak[:, 9:])  # the second pass sees one token only
    if streams == 1:  # there is no prefix, rotary positions are relative: a token alone is the same anywhere
        close(torch.cat([logits(model, TOKENS[:, i : i + 1]) for i in range(17)], dim=1).log_softmax(-1), weak)


@pytest.mark.parametrize("seen", [0, -3])
def test_guidance_sees_the_token_itself(seen):
    with pytest.raises(HarnessError, match=f"seen is {seen}; a position sees its own token at least"):
        logits(Model(SHAPE, Streams(count=2)), guidance=1.5, seen=seen)
