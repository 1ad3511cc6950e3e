"""LoRA beside streams: what is written holds it, and loads again."""

import pytest
import torch
import transformers

from scalelaw import pretrained
from scalelaw.errors import PretrainedError
from scalelaw.pretrained.training import add_lora, save_lora

from .conftest import with_streams

CLOSE = {"atol": 1e-5, "rtol": 1e-5}


@torch.no_grad()
def with_lora(family="qwen2"):
    """A model with streams and LoRA that changes what it says."""
    model = add_lora(with_streams(family), 2).eval()
    for name, value in model.named_parameters():
        if ".lora_B" in name:
            value.normal_(std=0.3)
    return model


@torch.no_grad()
@pytest.mark.parametrize("how", ["save_pretrained", "convert"])
@pytest.mark.parametrize("loaded", [False, True])
def test_a_checkpoint_has_lora_merged(ids, tmp_path, how, loaded):
    model = with_lora()
    logits = model(ids).logits
    assert not torch.allclose(logits, with_streams("qwen2")(ids).logits, atol=1e-2)
    if loaded:
        save_lora(model, tmp_path / "lora")
        model = with_streams("qwen2")
        model.load_adapter(str(tmp_path / "lora"))
    getattr(pretrained, how, lambda each, place: each.save_pretrained(place))(model, tmp_path / "whole")
    torch.testing.assert_close(model(ids).logits, logits, **CLOSE)
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "whole").eval()
    torch.testing.assert_close(again(ids).logits, logits, **CLOSE)
    torch.testing.assert_close(pretrained.load(tmp_path / "whole").eval()(ids).logits, logits, **CLOSE)


@torch.no_grad()
def test_training_goes_on_from_a_checkpoint_with_lora(ids, tmp_path):
    from safetensors.torch import load_file

    model = with_lora()
    model.save_pretrained(tmp_path)
    again = add_lora(with_streams("qwen2"), 2).eval()
    result = again.load_state_dict(load_file(tmp_path / "model.safetensors"), False)
    assert not result.missing_keys
    assert not result.unexpected_keys
    assert torch.equal(again(ids).logits, model(ids).logits)


def test_lora_is_put_on_once():
    with pytest.raises(PretrainedError, match="has LoRA already"):
        add_lora(with_lora(), 2)
