"""Sets of streams as files: there and back, and every mismatch by name."""

import json
from dataclasses import astuple

import numpy as np
import pytest
import torch
import transformers

from scalelaw import pretrained
from scalelaw.errors import PretrainedError
from scalelaw.pretrained.adding import find_room, put
from scalelaw.pretrained.model import is_streams
from scalelaw.pretrained.settings import Settings

from .conftest import COMMON, plain, with_streams


@torch.no_grad()
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prefix": "reparameterised"},
        {"aggregation": "linear", "smoothing": 0.0},
        {"aggregation": "mean"},
        {"init": "near-identity", "fade": 7},
    ],
    ids=str,
)
def test_streams_go_there_and_back(ids, tmp_path, options):
    model = with_streams("llama", **options)
    if options.get("fade"):
        model.get_decoder().prefix_passes.fill_(3)
    assert model.save_streams(tmp_path / "a" / "p4") == tmp_path / "a" / "p4"
    again = pretrained.load_streams(plain("llama"), tmp_path / "a" / "p4").eval()
    assert torch.equal(again(ids).logits, model(ids).logits)
    assert again.config.to_diff_dict() == model.config.to_diff_dict()
    assert again.stream_sets == {"p4": 4}


@torch.no_grad()
def test_another_set_is_loaded_beside_the_first(ids, tmp_path):
    model = with_streams("qwen2", 2, 3)
    two = model(ids).logits
    four = with_streams("qwen2", 4)
    four.save_streams(tmp_path / "p4")
    model.load_streams(tmp_path / "p4")
    assert torch.equal(model(ids).logits, four(ids).logits)
    assert torch.equal(model(ids, streams=2).logits, two)
    with pytest.raises(PretrainedError, match="'p4' already"):
        model.load_streams(tmp_path / "p4")
    model.load_streams(tmp_path / "p4", name="again")
    model.set_streams(4)  # of several the chosen one
    assert model.get_decoder().stream_choice[0] == "again"
    model.set_streams(2)
    with pytest.raises(PretrainedError, match="4 streams each; ask for one by its name"):
        model.set_streams(4)


def test_sets_of_runs_are_called_as_their_runs(tmp_path):
    model = plain("qwen2")
    for P, run in ((2, "p2"), (4, "p4")):
        with_streams("qwen2", P).save_streams(tmp_path / run / "streams")
        model = pretrained.load_streams(model, tmp_path / run / "streams" if P == 2 else tmp_path / run)
    assert model.stream_sets == {"p2": 2, "p4": 4}


def test_the_files_hold_streams_alone_and_say_what_they_belong_to(tmp_path):
    model = with_streams("qwen2")
    model.config._name_or_path = "someone/base"
    model.save_streams(tmp_path, revision="abc")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    described = json.loads((tmp_path / "adapter_config.json").read_text())
    wanted = {
        "base_model_name_or_path": "someone/base",
        "revision": "abc",
        "streams": 4,
        "prefix_tokens": 5,
        "smoothing": 0.1,
    }
    assert {name: described[name] for name in wanted} == wanted
    from safetensors.torch import load_file

    names = set(load_file(tmp_path / "adapter_model.safetensors"))
    assert names == {name for name, _ in model.stream_parameters()}
    assert "model.layers.0.self_attn.prefix_k" in names
    assert "model.aggregate_layer.0.weight" in names


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_size": 32}, "width 16, and this one has 32"),
        ({"num_hidden_layers": 3}, "layers 2, and this one has 3"),
        ({"num_key_value_heads": 1}, "kv heads 2"),
        ({"initializer_range": 0.1}, "made for other weights"),
    ],
)
def test_another_base_is_named(tmp_path, changes, words):
    with_streams("qwen2").save_streams(tmp_path)
    with pytest.raises(PretrainedError, match=words):
        pretrained.load_streams(plain("qwen2", **changes), tmp_path)


def test_another_family_is_named_and_other_weights_may_be_insisted_on(tmp_path):
    with_streams("qwen2").save_streams(tmp_path)
    with pytest.raises(PretrainedError, match="for a qwen2 model, and this is a llama"):
        pretrained.load_streams(plain("llama"), tmp_path)
    other = pretrained.load_streams(plain("qwen2", initializer_range=0.1), tmp_path, any_base=True)
    assert other.streams == 4


def test_a_cast_keeps_the_base_and_training_changes_it(tmp_path):
    model = with_streams("qwen2")
    model.save_streams(tmp_path)
    assert pretrained.load_streams(plain("qwen2").double(), tmp_path).streams == 4
    changed = plain("qwen2")
    with torch.no_grad():
        changed.lm_head.weight.mul_(1.1)
    with pytest.raises(PretrainedError, match="other weights"):
        pretrained.load_streams(changed, tmp_path)


@pytest.mark.parametrize(
    ("file", "words"),
    [("config.json", "folder of a model"), ("plan.json", "folder of a run"), ("adapter_config.json", "adapter")],
)
def test_streams_do_not_hide_a_model_or_another_adapter(tmp_path, file, words):
    model = with_streams("qwen2")
    (tmp_path / file).write_text("{}")
    with pytest.raises(PretrainedError, match=words):
        model.save_streams(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [file]
    model.save_streams(tmp_path / "streams")
    model.save_streams(tmp_path / "streams")


def test_torn_and_foreign_files_are_named(tmp_path):
    base = plain("qwen2")
    with pytest.raises(PretrainedError, match="finished writing"):
        pretrained.load_streams(base, tmp_path)
    with_streams("qwen2").save_streams(tmp_path)
    weights, config = tmp_path / "adapter_model.safetensors", tmp_path / "adapter_config.json"
    whole, described = weights.read_bytes(), json.loads(config.read_text())
    weights.write_bytes(whole[:-8])
    with pytest.raises(PretrainedError, match="interrupted"):
        pretrained.load_streams(base, tmp_path)
    weights.write_bytes(whole)
    for changes, words in (
        ({"scalelaw_streams": 2}, "version 2"),
        ({"scalelaw_streams": None}, "not of streams"),
        ({"streams": 3}, "does not fit"),
    ):
        config.write_text(json.dumps({**described, **changes}))
        with pytest.raises(PretrainedError, match=words):
            pretrained.load_streams(plain("qwen2"), tmp_path)
    config.write_text("{")
    with pytest.raises(PretrainedError, match="not JSON"):
        pretrained.load_streams(base, tmp_path)


def test_only_a_whole_chosen_set_is_saved(tmp_path):
    model = with_streams("qwen2")
    model.set_streams([0, 1])
    with pytest.raises(PretrainedError, match="choose all"):
        model.save_streams(tmp_path)
    model.set_streams(1)
    with pytest.raises(PretrainedError, match="no streams are chosen"):
        model.save_streams(tmp_path)
    with pytest.raises(PretrainedError, match="no streams are chosen"):
        pretrained.save_streams(plain("qwen2"), tmp_path)


@torch.no_grad()
@pytest.mark.parametrize("has", ["streams", "nothing"])
@pytest.mark.parametrize("changes", [{"prefix_tokens": 9}, {"fade": 3}, {"prefix": "reparameterised"}], ids=str)
def test_a_refused_load_leaves_the_model_as_it_was(ids, tmp_path, has, changes):
    with_streams("qwen2").save_streams(tmp_path / "bad")
    config = tmp_path / "bad" / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **changes}))
    model = with_streams("qwen2", 2, 3) if has == "streams" else plain("qwen2")
    before = type(model), model(ids).logits, model.config.to_dict(), list(model.state_dict())
    with pytest.raises(PretrainedError, match="does not fit its adapter_config"):
        pretrained.load_streams(model, tmp_path / "bad")
    assert type(model) is before[0]
    assert torch.equal(model(ids).logits, before[1])
    assert model.config.to_dict() == before[2]
    assert list(model.state_dict()) == before[3]
    assert has == "nothing" or model.stream_sets == {"default": 2}


@pytest.mark.parametrize("options", [{}, {"prefix": "reparameterised", "fade": 2}, {"aggregation": "linear"}], ids=str)
def test_shapes_are_known_before_tensors_are_made(options):
    model = plain("gemma2")
    room = find_room(model, Settings(streams=3, prefix_tokens=2, **options))
    before = set(model.state_dict())
    put(model, room)
    made = {name: value.shape for name, value in model.state_dict().items() if name not in before}
    assert made == room.sizes


@torch.no_grad()
@pytest.mark.parametrize(
    "name", ["train", "a.b", "keys", "half", "values", "0", "aggregate_layer", "x.prefix_k", "lora_"]
)
def test_any_text_is_the_name_of_a_set(ids, tmp_path, name):
    four = with_streams("llama", name=name)
    four.save_streams(tmp_path / name)
    model = pretrained.load_streams(plain("llama"), tmp_path / name).eval()
    model.load_streams(with_streams("llama", 2, 3).save_streams(tmp_path / "other"))
    assert model.stream_sets == {"other": 2, name: 4}
    assert torch.equal(model(ids, streams=name).logits, four(ids).logits)
    pretrained.add_streams(model, 3, 2)
    model.set_streams(name)
    assert torch.equal(model(ids).logits, four(ids).logits)
    saved = {each for each in model.state_dict() if is_streams(each)}
    assert saved == {each for each, _ in four.stream_parameters()}


@pytest.mark.parametrize("name", ["", 4, ("a",)])
@pytest.mark.parametrize("has", ["streams", "nothing"])
def test_what_cannot_be_a_name(name, has):
    model = with_streams("llama") if has == "streams" else plain("llama")
    before = list(model.state_dict())
    with pytest.raises(PretrainedError, match="cannot be the name of a set of streams; give some text"):
        pretrained.add_streams(model, 2, name=name)
    assert list(model.state_dict()) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        *(({each: "left out"}, f"does not say {each}") for each in ("revision", "base_weights", "base_model_type")),
        ({"base_model_name_or_path": "left out"}, "does not say base_model_name_or_path"),
        ({"smoothing": "x"}, "smoothing is 'x'; it must be a number between 0 and 1"),
        ({"shape": []}, r"says shape is \[\], which it cannot be"),
        ({"base_model_type": 3}, "says base_model_type is 3"),
        ({"nested": "no"}, "nested is 'no'; it is True or False"),
        ({"scalelaw_streams": "1"}, "says scalelaw_streams is '1', which is no version"),
    ],
)
def test_what_a_configuration_must_say(tmp_path, changes, words):
    with_streams("qwen2").save_streams(tmp_path)
    path = tmp_path / "adapter_config.json"
    described = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({name: value for name, value in described.items() if value != "left out"}))
    with pytest.raises(PretrainedError, match=words):
        pretrained.load_streams(plain("qwen2"), tmp_path)


def test_whole_numbers_of_numpy_are_numbers(tmp_path):
    model = pretrained.add_streams(plain("qwen2"), np.int64(3), np.int32(2), smoothing=np.float32(0.5))
    model.save_streams(tmp_path)
    assert pretrained.load_streams(plain("qwen2"), tmp_path).streams == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"streams": "4"}, "streams is '4'; it must be a whole number"),
        ({"scale": float("nan")}, "scale is nan; it must be a finite number above 0"),
        ({"smoothing": None}, "smoothing is None"),
    ],
)
def test_what_streams_cannot_be_of(options, words):
    with pytest.raises(PretrainedError, match=words):
        pretrained.add_streams(plain("qwen2"), **options)


LATENT = {"kv_lora_rank": 8, "q_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6}


@torch.no_grad()
@pytest.mark.parametrize("prefix", ["direct", "reparameterised"])
@pytest.mark.parametrize(
    ("family", "changes", "heads"),
    [
        ("minicpm3", {**LATENT, "num_key_value_heads": 4}, (4, 12, 6)),
        ("jetmoe", {"kv_channels": 4, "num_local_experts": 2, "num_experts_per_tok": 2}, (4, 4, 4)),
    ],
)
def test_models_with_heads_of_other_sizes_are_saved_whole(tmp_path, ids, family, changes, heads, prefix):
    torch.manual_seed(0)
    base = transformers.AutoModelForCausalLM.from_config(
        transformers.AutoConfig.for_model(family, **{**COMMON, **changes})
    )
    model = pretrained.add_streams(base, 2, 5, init="random", prefix=prefix).eval()
    assert {astuple(each) for each in model.get_decoder().stream_heads.values()} == {heads}
    model.save_pretrained(tmp_path)
    again = pretrained.load(tmp_path).eval()
    assert torch.equal(again(ids).logits, model(ids).logits)
