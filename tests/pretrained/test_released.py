"""Golden numbers of the released code, and checkpoints in its format."""

import json
from pathlib import Path

import pytest
import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file

from scalelaw import pretrained
from scalelaw.errors import PretrainedError
from scalelaw.harness import from_released

from .conftest import plain, with_streams

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(params=[1, 2, 4])
def golden(request, tmp_path):
    """A folder such as the released ones, and what its model should give."""
    with safetensors.safe_open(GOLDEN / f"qwen2_parscale_p{request.param}.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
        config = json.loads(file.metadata()["config"])
    named = {"model_type": "qwen2_parscale", "architectures": ["Qwen2ParScaleForCausalLM"], **config}
    if config["tie_word_embeddings"]:
        tensors.pop("weight.lm_head.weight", None)
    weights = {name.removeprefix("weight."): value for name, value in tensors.items() if name.startswith("weight.")}
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    (tmp_path / "config.json").write_text(json.dumps(named))
    return tmp_path, tensors


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_released_checkpoint_gives_the_released_numbers(golden, attention):
    folder, tensors = golden
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention)
    ids = tensors["input_ids"]
    out = model(ids, labels=ids)
    out.loss.backward()
    torch.testing.assert_close(out.logits, tensors["logits"], atol=1e-5, rtol=0)
    torch.testing.assert_close(out.loss, tensors["loss"][0], atol=1e-5, rtol=0)
    parameters = dict(model.named_parameters())
    for name, value in tensors.items():
        if name.startswith("grad."):
            torch.testing.assert_close(parameters[name.removeprefix("grad.")].grad, value, atol=1e-5, rtol=1e-5)
    options = {"max_new_tokens": 12, "do_sample": False, "pad_token_id": 0}
    assert torch.equal(model.generate(ids, **options), tensors["greedy"])
    assert torch.equal(model.generate(ids, num_beams=3, **options), tensors["beam3"])


@torch.no_grad()
def test_it_is_written_again_as_it_was(golden, tmp_path):
    folder, tensors = golden
    model = pretrained.load(folder).eval()
    if model.streams == 1:
        with pytest.raises(PretrainedError, match="no streams"):
            pretrained.convert(model, tmp_path / "out")
        return
    pretrained.convert(model, tmp_path / "out")
    before, after = (load_file(each / "model.safetensors") for each in (folder, tmp_path / "out"))
    assert set(before) == set(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    was, now = (json.loads((each / "config.json").read_text()) for each in (folder, tmp_path / "out"))
    assert {name: now.get(name) for name in was if name in now} == {name: was[name] for name in was if name in now}
    for name in (
        "model_type",
        "architectures",
        "parscale_n",
        "parscale_n_tokens",
        "parscale_attn_smooth",
        "rope_theta",
    ):
        assert now[name] == was[name]
    again = pretrained.load(tmp_path / "out")
    assert torch.equal(again(tensors["input_ids"]).logits, model(tensors["input_ids"]).logits)
    torch.testing.assert_close(from_released(after, now)(tensors["input_ids"]), tensors["logits"], atol=1e-5, rtol=0)
    with pytest.raises(PretrainedError, match="exists already"):
        pretrained.convert(model, tmp_path / "out")


@torch.no_grad()
@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_converting_merges_a_reparameterised_prefix(family, ids, tmp_path):
    model = with_streams(family, prefix="reparameterised")
    before = model(ids).logits
    pretrained.convert(model, tmp_path / "out")
    assert not any("prefix_maker" in name for name in load_file(tmp_path / "out" / "model.safetensors"))
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    torch.testing.assert_close(again(ids).logits, before, atol=2e-5, rtol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_the_format_cannot_hold_is_named(tmp_path):
    with pytest.raises(PretrainedError, match="no aggregation but mlp"):
        pretrained.convert(with_streams("qwen2", aggregation="mean"), tmp_path / "out")
    with pytest.raises(PretrainedError, match="0 of 100 training passes"):
        pretrained.convert(with_streams("qwen2", init="near-identity"), tmp_path / "out")
    with pytest.raises(PretrainedError, match="no streams"):
        pretrained.convert(plain("qwen2"), tmp_path / "out")
    assert not list(tmp_path.iterdir())


@torch.no_grad()
def test_a_config_that_says_no_smoothing_means_the_released_default():
    config = transformers.AutoConfig.for_model("qwen2_parscale", parscale_n=2)
    assert config.parscale_attn_smooth == 0.01
    assert with_streams("qwen2").config.parscale_attn_smooth == 0.1


@torch.no_grad()
def test_a_plain_checkpoint_read_as_one_with_streams_begins_at_random(ids, tmp_path):
    plain("qwen2").save_pretrained(tmp_path)
    kind = type(with_streams("qwen2"))
    config = transformers.AutoConfig.for_model("qwen2_parscale", **{**_saved(tmp_path), "parscale_n": 3})
    model = kind.from_pretrained(tmp_path, config=config).eval()
    assert torch.equal(model(ids, streams=1).logits, plain("qwen2")(ids).logits)
    prefix = model.get_decoder().layers[0].self_attn.prefix_k
    assert 0.1 < prefix.std() < 0.6
    assert model(ids).logits.isfinite().all()


def _saved(folder):
    saved = json.loads((folder / "config.json").read_text())
    return {name: value for name, value in saved.items() if name not in ("model_type", "architectures")}


def test_what_cannot_be_loaded_gets_a_sentence(golden, tmp_path):
    folder, _ = golden
    with pytest.raises(PretrainedError, match="there is no such folder"):
        pretrained.load(tmp_path / "nothing")
    with pytest.raises(PretrainedError, match=r"from the hub .*give a folder"):
        pretrained.load("nobody/nothing-of-this-name", local_files_only=True)
    with pytest.raises(PretrainedError, match="tokenizer of"):
        pretrained.load_tokenizer(folder)
    weights = load_file(folder / "model.safetensors")
    if "model.layers.0.self_attn.prefix_k" in weights:
        saved = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**saved, "parscale_n": 1}))
        with pytest.raises(PretrainedError, match="parscale_n"):
            pretrained.load(folder)
        (folder / "config.json").write_text(json.dumps(saved))
        del weights["model.layers.0.self_attn.prefix_k"]
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(PretrainedError, match=r"holds no tensor .*prefix_k"):
            pretrained.load(folder)
