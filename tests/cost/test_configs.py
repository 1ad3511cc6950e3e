"""Shapes from config.json: parameter totals as published by the models' authors, and what is refused."""

import json

import pytest

from scalelaw.cost import PAPER, Shape, parameters
from scalelaw.errors import ScalelawError

NAMES = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")


def config(kind, *sizes, vocabulary, **others):
    return {"model_type": kind, **dict(zip(NAMES, sizes, strict=True)), "vocab_size": vocabulary, **others}


LLAMA = config("llama", 2048, 8192, 16, 32, 8, vocabulary=128256, tie_word_embeddings=True)
# Parameters of the checkpoints on the Hugging Face hub, embedding and head included. All but the last were read, to the
# last digit, in other public repositories too (keras-hub's presets among them). Of StarCoder2-3B its config.json was
# read, and that its file of fp32 weights has 12.1 GB, 4 bytes each. All eight are what transformers 5.23 makes of them.
PUBLISHED = {
    "Qwen2.5-0.5B": (config("qwen2", 896, 4864, 24, 14, 2, vocabulary=151936, tie_word_embeddings=True), 494032768),
    "Qwen3-0.6B": (
        config("qwen3", 1024, 3072, 28, 16, 8, vocabulary=151936, head_dim=128, tie_word_embeddings=True),
        596049920,
    ),
    "Llama-3.2-1B": (LLAMA, 1235814400),
    "Llama-2-7B": (config("llama", 4096, 11008, 32, 32, 32, vocabulary=32000), 6738415616),
    "Mistral-7B-v0.1": (config("mistral", 4096, 14336, 32, 32, 8, vocabulary=32000), 7241732096),
    "Phi-3-mini": (config("phi3", 3072, 8192, 32, 32, 32, vocabulary=32064), 3821079552),
    "Gemma-2B": (config("gemma", 2048, 16384, 18, 8, 1, vocabulary=256000, head_dim=256), 2506172416),
    "StarCoder2-3B": (config("starcoder2", 3072, 12288, 30, 24, 2, vocabulary=49152), 3030371328),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_totals_are_those_published(name):
    given, total = PUBLISHED[name]
    counts = parameters(Shape.from_config(given))
    assert counts["N"] + counts["n_embedding"] + counts["n_head"] == total


def test_a_released_model_is_the_papers_shape():
    given = config("qwen2_parscale", 1536, 8320, 36, 16, 2, vocabulary=151936, tie_word_embeddings=True)
    assert Shape.from_config(given | {"parscale_n": 8, "parscale_n_tokens": 48}) == PAPER["1.6B"]


def test_a_file_a_folder_an_object_and_a_text_part_are_the_same(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))

    class Config:
        def to_dict(self):
            return LLAMA

    nested = {"model_type": "something", "text_config": LLAMA}
    given = (tmp_path, str(tmp_path / "config.json"), Config(), nested)
    assert {Shape.from_config(each) for each in given} == {Shape.from_config(LLAMA)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({**LLAMA, "model_type": "mamba"}, "a config.json of qwen2, .* and this one is of mamba"),
        ({**LLAMA, "num_local_experts": 8}, "with experts"),
        ({name: LLAMA[name] for name in LLAMA if name != "vocab_size"}, "does not say vocab_size; add it"),
        ({**LLAMA, "num_attention_heads": 7, "num_key_value_heads": 7}, "7 heads do not divide the width 2048"),
        ({**LLAMA, "num_hidden_layers": 0}, "layers is 0; it must be a whole number"),
        (3, "a configuration is what config.json holds"),
        ("no/such/config.json", "cannot read no/such/config.json"),
    ],
)
def test_what_cannot_be_a_shape_is_refused(given, message):
    with pytest.raises(ScalelawError, match=message):
        Shape.from_config(given)


def test_a_file_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ScalelawError, match=r"is not JSON; name the config\.json of a model"):
        Shape.from_config(tmp_path)


TINY = {
    "qwen2": {"tie_word_embeddings": True},
    "qwen3": {"head_dim": 16},
    "llama": {"attention_bias": True, "mlp_bias": True},
    "mistral": {},
    "gemma": {"head_dim": 16},
    "phi3": {"pad_token_id": 0},
    "starcoder2": {},
}


@pytest.mark.parametrize("kind", TINY)
def test_a_shape_counts_what_transformers_makes(kind):
    torch = pytest.importorskip("torch", reason="the extra pretrained is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra pretrained is not installed")
    given = config(kind, 32, 48, 2, 4, 2, vocabulary=96, bos_token_id=1, eos_token_id=2, **TINY[kind])
    settings = {name: value for name, value in given.items() if name != "model_type"}
    with torch.device("meta"):
        made = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(kind, **settings))
    counts = parameters(Shape.from_config(made.config))
    assert counts["N"] + counts["n_embedding"] + counts["n_head"] == made.num_parameters()
