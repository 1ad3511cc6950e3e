"""Tiny random models of every family, with and without streams."""

import pytest
import torch
import transformers

from scalelaw import pretrained

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()

COMMON = {
    "vocab_size": 61,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": None,
}
OWN = {
    "qwen2": {},
    "qwen2-sliding": {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1},
    "qwen3": {"head_dim": 8},
    "llama": {},
    "mistral": {"sliding_window": None},
    "mistral-sliding": {"sliding_window": 5},
    "olmo2": {},
    "gemma2": {"head_dim": 8, "sliding_window": 5},
    "smollm3": {},
}
FAMILIES = tuple(OWN)


def plain(family, **changes):
    """A model without streams."""
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(family.partition("-")[0], **{**COMMON, **OWN[family], **changes})
    eager = {"attn_implementation": "eager"} if family == "gemma2" else {}  # it caps scores, which sdpa cannot
    return transformers.AutoModelForCausalLM.from_config(config, **eager).eval()


def with_streams(family, streams=4, prefix_tokens=5, init="random", **options):
    """The same model with streams whose aggregator does not weigh them evenly."""
    model = pretrained.add_streams(plain(family), streams, prefix_tokens, init=init, **options)
    uneven(model)
    return model.eval()


@torch.no_grad()
def uneven(model):
    torch.manual_seed(1)
    for name, value in model.named_parameters():
        if "aggregate_layer" in name:
            value.normal_(std=0.5)


@pytest.fixture
def ids():
    return torch.randint(2, 61, (3, 11), generator=torch.Generator().manual_seed(2))
