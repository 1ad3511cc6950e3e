"""Attention of one token without joining, and caches with room, against what they stand in for."""

import pytest
import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from scalelaw.pretrained.caching import RoomyLayer, make_room
from scalelaw.pretrained.decoding import attend

from .conftest import with_streams

CLOSE = {"atol": 1e-6, "rtol": 1e-5}
P, K, G, D, T, S = 3, 2, 2, 8, 5, 7


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("gate", [None, 0.25])
@pytest.mark.parametrize("kind", [None, "bool", "added"])
def test_one_query_sees_prefix_and_text_as_if_they_were_joined(batch, gate, kind):
    torch.manual_seed(0)
    R = P * batch
    query, key, value = torch.randn(R, K * G, 1, D), torch.randn(R, K, S, D), torch.randn(R, K, S, D)
    k, v = torch.randn(P, K, T, D), torch.randn(P, K, T, D)
    seen = torch.rand(R, 1, 1, S) < 0.7
    mask = {None: None, "bool": seen, "added": torch.where(seen, 0.0, -1e9)}[kind]
    found = attend(query, key, value, mask, (k, v), None if gate is None else torch.tensor(gate), 0.3)
    for r in range(R):
        for head in range(K * G):
            keys = torch.cat((k[r // batch, head // G], key[r, head // G]))
            values = torch.cat((v[r // batch, head // G], value[r, head // G]))
            weights = (keys @ query[r, head, 0] * 0.3).exp()
            weights[:T] *= 1.0 if gate is None else gate
            weights[T:] *= 1.0 if kind is None else seen[r, 0, 0]
            torch.testing.assert_close(found[r, 0, head], weights / weights.sum() @ values, **CLOSE)


def drawn(tokens, batch=2):
    return torch.randn(batch, K, tokens, D), torch.randn(batch, K, tokens, D)


@torch.no_grad()
def test_a_layer_with_room_is_transformers_own_whatever_is_done_to_it():
    torch.manual_seed(0)
    own, roomy = DynamicLayer(), RoomyLayer()
    steps = [
        lambda layer: layer.get_seq_length(),
        lambda layer: layer.reorder_cache(torch.tensor([1, 1])),
        lambda layer: layer.crop(-3),
        lambda layer: layer.batch_select_indices(torch.tensor([1, 0])),
        lambda layer: layer.reset(),
    ]
    for step in steps:
        for tokens in (9, *[1] * 40, 3):
            k, v = drawn(tokens)
            for mine, theirs in zip(roomy.update(k, v), own.update(k, v), strict=True):
                assert torch.equal(mine, theirs)
        assert roomy.get_seq_length() == own.get_seq_length()
        for layer in (own, roomy):
            step(layer)


@torch.no_grad()
def test_tokens_go_where_there_is_room():
    layer = RoomyLayer()
    layer.update(*drawn(160))
    places = set()
    for _ in range(8):
        layer.update(*drawn(1))
        places.add(layer.keys.data_ptr())
    assert len(places) == 1


def test_gradients_and_inference_get_tensors_of_their_own():
    layer = RoomyLayer()
    with torch.inference_mode():
        layer.update(*drawn(4))
    with torch.no_grad():
        before = layer.update(*drawn(1))[0]
    asked = drawn(1)[0].requires_grad_()
    after = layer.update(asked, asked)[0]
    assert torch.equal(after[..., :5, :], before)
    after.sum().backward()
    assert torch.equal(asked.grad, torch.ones_like(asked))


@torch.no_grad()
def test_only_plain_caches_get_room(ids):
    model = with_streams("qwen2")
    cache = model(ids, use_cache=True).past_key_values
    model(ids[:, :1], past_key_values=cache)
    assert {type(layer) for layer in cache.layers} == {RoomyLayer}
    base = model(ids, streams=1, use_cache=True).past_key_values
    model(ids[:, :1], streams=1, past_key_values=base)
    assert {type(layer) for layer in base.layers} == {DynamicLayer}
    offloading = DynamicCache(offloading=True)
    make_room(offloading)
    assert offloading.layer_class_to_replicate is DynamicLayer
    sliding = with_streams("mistral-sliding")
    cache = sliding(ids, use_cache=True).past_key_values
    make_room(cache)
    assert RoomyLayer not in {type(layer) for layer in cache.layers}
