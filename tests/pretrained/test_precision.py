"""Streams kept in float32 on a base in bfloat16; gates that are computed again."""

import pytest
import torch
import transformers

from scalelaw import pretrained
from scalelaw.errors import PretrainedError

from .conftest import plain, uneven


@pytest.fixture
def base(tmp_path):
    """A folder, so that it is loaded in bfloat16: a model that is cast has its rotary frequencies cast too."""
    plain("qwen2").save_pretrained(tmp_path / "base")
    return lambda: pretrained.load(tmp_path / "base", dtype=torch.bfloat16)


def on_bfloat16(base, **options):
    return pretrained.add_streams(base(), 4, 5, precision="float32", **options).eval()


@pytest.mark.parametrize("prefix", ["direct", "reparameterised"])
def test_streams_keep_float32_and_the_base_its_type(base, prefix, ids, tmp_path):
    model = on_bfloat16(base, prefix=prefix, init="random")
    assert {value.dtype for _, value in model.stream_parameters()} == {torch.float32}
    assert model.lm_head.weight.dtype == model.dtype == torch.bfloat16
    uneven(model)
    model.save_streams(tmp_path / "streams")
    again = pretrained.load_streams(base(), tmp_path / "streams").eval()
    assert torch.equal(again(ids).logits, model(ids).logits)
    model.save_pretrained(tmp_path / "whole")
    for dtype in (torch.bfloat16, None):
        whole = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "whole", dtype=dtype)
        assert {value.dtype for _, value in whole.stream_parameters()} == {torch.float32}
        assert whole.dtype == torch.bfloat16
        assert torch.equal(whole(ids).logits, model(ids).logits)


@torch.no_grad()
def test_near_identity_is_exact_whatever_the_types(base, ids):
    assert torch.equal(on_bfloat16(base)(ids).logits, base()(ids).logits)


def test_released_checkpoints_are_of_one_type(base, ids, tmp_path):
    model = on_bfloat16(base, init="random")
    before = model(ids).logits
    pretrained.convert(model, tmp_path / "whole")
    again = pretrained.load(tmp_path / "whole")
    assert {value.dtype for value in again.parameters()} == {torch.bfloat16}
    assert (again(ids).logits - before).abs().max() <= 2**-4 * before.abs().max()


def test_gradients_reach_them(base, ids):
    model = on_bfloat16(base, init="random").train()
    pretrained.trainable(model, "streams")
    model(input_ids=ids, labels=ids).loss.backward()
    assert all(value.grad is not None and value.grad.dtype == torch.float32 for _, value in model.stream_parameters())


def test_a_layer_that_is_computed_again_sees_the_gate_it_saw(ids):
    grads = []
    for checkpointed in (False, True):
        model = pretrained.add_streams(plain("qwen2"), 2, 4, fade=4).train()
        if checkpointed:
            model.activation_checkpointing_enable({"use_reentrant": False})
        for _ in range(3):
            model.zero_grad()
            model(input_ids=ids, labels=ids).loss.backward()
        grads.append({name: value.grad for name, value in model.named_parameters()})
    assert all(torch.allclose(value, grads[1][name], atol=1e-6) for name, value in grads[0].items())


def test_the_first_streams_of_a_nested_set_are_asked_for_by_their_number(ids, tmp_path):
    model = pretrained.add_streams(plain("qwen2"), 4, 5, init="random", nested=True).eval()
    uneven(model)
    assert torch.equal(model(ids, streams=2).logits, model(ids, streams=[0, 1]).logits)
    assert torch.equal(model(ids, streams=1).logits, plain("qwen2")(ids).logits)
    assert not torch.equal(model(ids, streams=[0]).logits, plain("qwen2")(ids).logits)
    model.save_streams(tmp_path / "nested")
    again = pretrained.load_streams(plain("qwen2"), tmp_path / "nested")
    again.set_streams(3)
    assert again.streams == 3
    with pytest.raises(PretrainedError, match="no set of 5 streams"):
        model(ids, streams=5)
    with pytest.raises(PretrainedError, match="precision is 'double'"):
        pretrained.add_streams(plain("qwen2"), 4, 5, precision="double")
