"""Plans carried out: what is trained, what stays, what is kept, stops and goings-on."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
import transformers

import scalelaw as sl
from scalelaw import pretrained
from scalelaw.cost import parameters, train_flops
from scalelaw.cost.configs import shape_from_config
from scalelaw.errors import Diverged, PretrainedError, ScalelawError, Stopped
from scalelaw.pretrained.texts import parts
from scalelaw.pretrained.training import Plan, train
from scalelaw.pretrained.training.callbacks import Nested
from scalelaw.pretrained.training.counting import flops, shape_of
from scalelaw.pretrained.training.packing import Sequences, decoded
from scalelaw.pretrained.training.plan import Recipe
from scalelaw.pretrained.training.preparing import coarse, made_ready
from scalelaw.pretrained.training.rows import training_flops
from scalelaw.pretrained.training.running import held_out_of

from ..conftest import plain


def base_of(model):
    return {name: value for name, value in model.named_parameters() if "aggregate" not in name and "prefix" not in name}


def test_streams_are_trained_on_a_base_that_stays(make_plan, material, tmp_path):
    plan = make_plan(steps=20)
    (row,) = train(plan, tmp_path, device="cpu")
    model = pretrained.load(tmp_path / "streams")
    base = pretrained.load(material / "base")
    assert all(torch.equal(value, dict(base.named_parameters())[name]) for name, value in base_of(model).items())
    before = pretrained.evaluate(base, pretrained.load_tokenizer(material / "base"), held_out(plan), context=16)
    assert row["loss"] < before.loss - 0.01
    again = pretrained.evaluate(model, pretrained.load_tokenizer(material / "base"), held_out(plan), context=16)
    assert again.loss == pytest.approx(row["loss"], abs=1e-6)
    assert row["loss_se"] > 0


def held_out(plan):
    from scalelaw.pretrained.texts import parts

    return [each.decode() for each in parts(plan.data, held_out=plan.held_out).held_out]


@pytest.mark.parametrize(("trainable", "streams"), [("streams", 2), ("all", 1), ("all", 2)])
def test_rows_count_as_cost_does_and_a_fit_takes_them(trainable, streams, make_plan, material, tmp_path):
    plan = make_plan(streams=streams, steps=6, trainable=trainable)
    (row,) = train(plan, tmp_path, device="cpu")
    shape = shape_from_config(material / "base")
    shape = type(shape)(**{**shape.to_dict(), "prefix_tokens": 4})
    assert {name: row[name] for name in parameters(shape, streams)} == parameters(shape, streams)
    assert (row["P"], row["D"]) == (streams, 6 * 64)
    assert row["C"] == train_flops(shape, streams, tokens=row["D"], context=16, trained=trainable)
    table = sl.read(tmp_path)
    assert table.loss.tolist() == [row["loss"]]
    assert table.C.tolist() == [row["C"]]


def test_the_whole_model_is_trained_and_kept(make_plan, material, tmp_path):
    (row,) = train(make_plan(trainable="all"), tmp_path, device="cpu")
    model = pretrained.load(tmp_path / "model")
    base = dict(pretrained.load(material / "base").named_parameters())
    assert not any(torch.equal(value, base[name]) for name, value in base_of(model).items() if value.ndim > 1)
    assert model.streams == row["P"] == 2


def test_two_stages_see_the_tokens_of_one_in_the_same_order(make_plan, material, tmp_path):
    plan = make_plan(steps=10, share=0.4, trainable="streams")
    assert [(each.name, each.first_step, each.steps) for each in plan.stages] == [("plain", 0, 6), ("parallel", 6, 4)]
    (row,) = train(plan, tmp_path, device="cpu")
    # the first stage is the control on its first tokens, with a rate that does not fall
    model = pretrained.load(tmp_path / "model")
    base = dict(pretrained.load(material / "base").named_parameters())
    assert any(not torch.equal(value, base[name]) for name, value in base_of(model).items())
    log = json.loads((tmp_path / "stages" / "plain" / "trainer_state.json").read_text())["log_history"]
    assert {each["learning_rate"] for each in log if "loss" in each} == {1e-3}
    shape = shape_from_config(material / "base")
    shape = type(shape)(**{**shape.to_dict(), "prefix_tokens": 4})
    first = train_flops(shape, 1, tokens=6 * 64, context=16)
    assert row["C"] == first + train_flops(shape, 2, tokens=4 * 64, context=16, trained="streams")


def test_the_control_has_the_same_tokens_to_see_and_the_same_stages(make_plan):
    plan = make_plan(streams=4, share=0.5)
    control = plan.on_one_stream()
    assert (control.D, control.seed, control.data, control.settings.streams) == (plan.D, plan.seed, plan.data, 1)
    assert [(each.steps, each.schedule) for each in control.stages] == [
        (each.steps, each.schedule) for each in plan.stages
    ]


@pytest.mark.parametrize("what", ["text", "base"])
def test_a_run_does_not_go_on_with_another_text_or_base(what, make_plan, material, tmp_path):
    folder = tmp_path / "material"
    shutil.copytree(material, folder)
    data = next(each for each in folder.iterdir() if each.is_file())
    plan = make_plan(steps=6, data=str(data), model=str(folder / "base"))
    calls = iter(range(100))
    with pytest.raises(Stopped):
        train(plan, tmp_path / "run", device="cpu", stop=lambda: next(calls) >= 2)
    if what == "text":
        data.write_text(data.read_text()[::-1])
    else:
        model = pretrained.load(folder / "base")
        torch.nn.init.ones_(model.lm_head.weight)
        model.save_pretrained(folder / "base")
    with pytest.raises(PretrainedError, match=f"the {'text' if what == 'text' else 'weights'} of .* changed since"):
        train(plan, tmp_path / "run", device="cpu")


def test_streams_that_are_there_are_those_of_the_plan(make_plan, material, tmp_path):
    model = pretrained.add_streams(pretrained.load(material / "base"), 2, 8, init="random")
    model.save_streams(tmp_path / "added")
    with pytest.raises(PretrainedError, match="have prefix_tokens 8 and 4 is asked for; ask for the same"):
        train(make_plan(model=str(tmp_path / "added"), steps=4), tmp_path / "other", device="cpu")


def test_a_nested_run_counts_what_its_steps_drew(make_plan):
    plan = make_plan(streams=4, settings={"nested": True}, steps=7)
    model = pretrained.add_streams(pretrained.load(plan.model), **plan.settings.to_dict())
    tokens = plan.recipe.tokens_a_step
    each = {P: flops(model, P, tokens=tokens, context=16, trained="streams") for P in (1, 2, 4)}
    draw = Nested((1, 2, 4), seed=plan.seed).drawn
    assert training_flops(plan, model) == pytest.approx(sum(each[draw(step)] for step in range(7)))
    plain = pretrained.load(plan.model)
    assert each[1] > flops(plain, 1, tokens=tokens, context=16, trained="streams")  # its prefix is attended to


@pytest.mark.parametrize(("family", "gates"), [("gpt_neox", 2), ("starcoder2", 2), ("qwen2", 3), ("gemma2", 3)])
def test_flops_are_those_of_the_matrices_that_there_are(family, gates):
    sizes = {"hidden_size": 16, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4}
    heads = 4 if family == "gpt_neox" else 2
    own = {"num_key_value_heads": 2, "head_dim": 4} if heads == 2 else {}
    config = transformers.AutoConfig.for_model(family, vocab_size=61, **sizes, **own)
    model = pretrained.add_streams(transformers.AutoModelForCausalLM.from_config(config), 2, 4, init="random")
    shape = shape_of(model)
    assert (shape.layers, shape.width, shape.ffn, shape.kv_heads) == (2, 16, 40, heads)
    assert (3 if shape.gated else 2) == gates


def test_flops_that_are_not_known_are_left_out_and_said_to_be(make_plan, tmp_path):
    sizes = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "moe_intermediate_size": 8,
        "num_experts": 4,
        "num_experts_per_tok": 2,
    }
    config = transformers.AutoConfig.for_model(
        "qwen3_moe", vocab_size=61, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, **sizes
    )
    plan = make_plan()
    base = transformers.AutoModelForCausalLM.from_config(config)
    pretrained.load_tokenizer(plan.model).save_pretrained(tmp_path / "base")
    base.resize_token_embeddings(pretrained.load(plan.model).config.vocab_size)
    base.save_pretrained(tmp_path / "base")
    said = []
    (row,) = train(replace(plan, model=str(tmp_path / "base")), tmp_path / "run", device="cpu", say=said.append)
    assert row["C"] is None
    assert "rows have no C" in said[0]
    assert "C" not in sl.read(tmp_path / "run").columns


def test_lora_beside_the_streams(make_plan, material, tmp_path):
    (row,) = train(make_plan(trainable="lora"), tmp_path, device="cpu")
    model = pretrained.load(tmp_path)
    found = pretrained.evaluate(model, pretrained.load_tokenizer(material / "base"), held_out(make_plan()), context=16)
    assert found.loss == pytest.approx(row["loss"], abs=1e-6)
    assert row["N"] == row["N_backbone"] + row["added"]
    logits = model(torch.arange(2, 9)[None]).logits
    for each in ("streams", "lora"):
        assert torch.equal(pretrained.load(tmp_path / each)(torch.arange(2, 9)[None]).logits, logits)
    from_shell = pretrained.load(material / "base", streams=tmp_path / "streams")
    assert torch.equal(from_shell(torch.arange(2, 9)[None]).logits, logits)
    with pytest.raises(PretrainedError, match="trained beside LoRA, which this model does not have"):
        pretrained.load_streams(pretrained.load(material / "base"), tmp_path / "streams")
    (tmp_path / "lora").rename(tmp_path / "elsewhere")
    with pytest.raises(PretrainedError, match="put its folder there"):
        pretrained.load(tmp_path / "streams")


def test_a_nested_set_serves_every_P(make_plan, material, tmp_path):
    rows = train(make_plan(streams=4, settings={"nested": True}, steps=16), tmp_path, device="cpu")
    assert [row["P"] for row in rows] == [1, 2, 4]
    assert len({row["C"] for row in rows}) == 1
    model = pretrained.load(tmp_path / "streams")
    tokenizer = pretrained.load_tokenizer(material / "base")
    for row, asked in zip(rows, ([0], 2, 4), strict=True):
        found = pretrained.evaluate(model, tokenizer, held_out(make_plan()), context=16, streams=asked)
        assert found.loss == pytest.approx(row["loss"], abs=1e-6)
        assert row["P"] == found.P
    assert {each.P for each in held_out_of(tmp_path).values()} == {1, 2, 4}
    assert sorted(sl.read(tmp_path).P) == [1, 2, 4]


@pytest.mark.parametrize(
    ("settings", "recipe", "changes"),
    [
        ({"prefix": "reparameterised"}, {"checkpointing": True, "accumulate": 2}, {"init": "random"}),
        ({"aggregation": "mean"}, {"precision": "bfloat16"}, {"init": "statistics"}),
        ({"precision": "float32"}, {}, {"dtype": "bfloat16"}),
    ],
)
def test_other_settings_learn_too(settings, recipe, changes, make_plan, tmp_path):
    plan = make_plan(settings=settings, recipe=recipe, steps=10, **changes)
    (row,) = train(plan, tmp_path, device="cpu")
    model = made_ready(plan, plan.stages[0], [], pretrained.load_tokenizer(plan.model), None)
    began = pretrained.score_documents(
        model,
        pretrained.load_tokenizer(plan.model),
        decoded(parts(plan.data, held_out=plan.held_out).held_out),
        context=16,
    )
    assert row["loss"] < began.summed().loss


def test_checkpointing_and_passes_change_nothing(make_plan, tmp_path):
    plain, spared = (
        train(make_plan(recipe=recipe, init="random", trainable="all"), tmp_path / str(len(recipe)), device="cpu")
        for recipe in ({}, {"checkpointing": True, "accumulate": 2})
    )
    assert spared[0]["loss"] == pytest.approx(plain[0]["loss"], abs=1e-4)


@pytest.mark.parametrize("after", [3, 9])
def test_a_stopped_run_goes_on_to_the_same_end(after, make_plan, tmp_path):
    plan = make_plan(steps=10, share=0.6, trainable="all", recipe={"accumulate": 2})
    (whole,) = train(plan, tmp_path / "whole", device="cpu")
    calls = iter(range(100))
    with pytest.raises(Stopped, match="goes on from there"):
        train(plan, tmp_path / "stopped", device="cpu", stop=lambda: next(calls) >= after - 1)
    (row,) = train(plan, tmp_path / "stopped", device="cpu")
    assert row["loss"] == whole["loss"]
    assert row["train_loss"] == pytest.approx(whole["train_loss"], rel=1e-6)
    assert not list((tmp_path / "stopped").rglob("checkpoint-*"))
    assert train(plan, tmp_path / "stopped", device="cpu") == [row]


def test_nested_draws_and_torn_checkpoints_survive_a_stop(make_plan, tmp_path):
    plan = make_plan(streams=4, settings={"nested": True}, steps=10)
    whole = train(plan, tmp_path / "whole", device="cpu")
    calls = iter(range(100))
    with pytest.raises(Stopped):
        train(plan, tmp_path / "stopped", device="cpu", stop=lambda: next(calls) >= 5)
    torn = tmp_path / "stopped" / "stages" / "parallel" / "checkpoint-8"
    torn.mkdir()
    (torn / "trained.safetensors").write_bytes(b"torn")
    assert [row["loss"] for row in train(plan, tmp_path / "stopped", device="cpu")] == [row["loss"] for row in whole]


def test_checkpoints_hold_no_frozen_base(make_plan, tmp_path):
    from safetensors import safe_open

    calls = iter(range(100))
    with pytest.raises(Stopped):
        train(make_plan(), tmp_path, device="cpu", stop=lambda: next(calls) >= 2)
    (path,) = tmp_path.rglob("trained.safetensors")
    with safe_open(path, framework="pt") as file:
        names = set(file.keys())
    assert names
    assert all("prefix" in name or "aggregate_layer" in name for name in names)


def test_a_folder_holds_one_run(make_plan, tmp_path):
    train(make_plan(steps=2), tmp_path, device="cpu")
    with pytest.raises(PretrainedError, match=r"other settings \(tokens 128 and not 192\)"):
        train(make_plan(steps=3), tmp_path, device="cpu")


def test_streams_that_were_saved_are_trained_on(make_plan, material, tmp_path):
    model = pretrained.add_streams(pretrained.load(material / "base"), 2, 4, init="random")
    model.save_streams(tmp_path / "added")
    (row,) = train(make_plan(model=str(tmp_path / "added"), steps=4), tmp_path / "run", device="cpu")
    assert (tmp_path / "run" / "streams" / "adapter_model.safetensors").exists()
    assert (row["P"], row["init"]) == (2, None)
    model.save_pretrained(tmp_path / "whole")
    pretrained.load_tokenizer(material / "base").save_pretrained(tmp_path / "whole")
    (row,) = train(make_plan(model=str(tmp_path / "whole"), steps=4), tmp_path / "another", device="cpu")
    assert row["init"] is None
    (row,) = train(make_plan(steps=4, init="random"), tmp_path / "begun", device="cpu")
    assert row["init"] == "random"
    with pytest.raises(PretrainedError, match="has 2 streams already and 4 are asked for"):
        train(make_plan(streams=4, model=str(tmp_path / "added"), steps=4), tmp_path / "other", device="cpu")


def test_what_diverges_says_so(make_plan, tmp_path):
    plan = make_plan(trainable="all", recipe={"rate": 1e20, "clip": 1e30, "warmup": 0.0})
    with pytest.raises(Diverged, match="lower the rates"):
        train(plan, tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipe": {"context": 128, "batch": 1}}, "context of 128 tokens is longer than that of .*, 64"),
        ({"settings": {"prefix_tokens": 65}}, "longer than the context of this model, 64"),
        ({"data": "./nothing.txt"}, "no file or folder"),
        ({"model": "./nothing"}, "no such folder"),
        ({"steps": 5000}, "tokens to train on"),
    ],
)
def test_what_cannot_begin_leaves_the_folder_free(changes, words, make_plan, tmp_path):
    with pytest.raises(ScalelawError, match=words):
        train(make_plan(**changes), tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


def test_too_little_text(make_plan, tmp_path):
    with pytest.raises(PretrainedError, match=r"has [\d,]+ tokens to train on and 320,000 are asked for"):
        train(make_plan(steps=5000), tmp_path, device="cpu")


def test_plans_come_back_from_json(make_plan):
    plan = make_plan(share=0.5, settings={"nested": True})
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.id != make_plan(seed=1).id


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trainable": "some"}, "one of streams, all, lora"),
        ({"share": 0.0}, "above 0"),
        ({"tokens": 1}, "without a step"),
        ({"streams": 1}, "no streams to train"),
        ({"streams": 1, "trainable": "all", "settings": {"nested": True}}, "nothing to nest"),
        ({"trainable": "lora", "share": 0.5}, "LoRA"),
        ({"init": "zero"}, "one of near-identity"),
        ({"seed": -1}, "seed is -1"),
        ({"share": "half"}, "share of the stage with streams is half"),
        ({"recipe": {"rate": "a"}}, "rate is 'a'; it must be a number above 0"),
        ({"recipe": {"weight_decay": -1}}, "weight_decay is -1; it must be a number of at least 0"),
        ({"recipe": {"warmup": None}}, "warmup is None"),
        ({"held_out": 0}, "whole number"),
        ({"recipe": {"batch": 3, "accumulate": 2}}, "divisor"),
        ({"recipe": {"rate": math.inf}}, "above 0"),
        ({"recipe": {"context": 1}}, "two tokens"),
        ({"recipe": {"precision": "int8"}}, "one of float32"),
        ({"recipe": {"warmup": 2.0}}, "from 0 to 1"),
    ],
)
def test_what_cannot_be_planned(changes, words, make_plan):
    with pytest.raises(PretrainedError, match=words):
        make_plan(**changes)


def test_a_shared_batch_must_divide(make_plan, tmp_path, monkeypatch):
    from scalelaw.pretrained.training.trainer import arguments

    plan = make_plan()
    with pytest.raises(PretrainedError, match="start them with torchrun"):
        arguments(plan, plan.stages[0], None, tmp_path, device=torch.device("cpu"), shard=True)
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(PretrainedError, match="cannot be shared alike by 3"):
        arguments(plan, plan.stages[0], None, tmp_path, device=torch.device("cpu"))


def test_rows_that_begin_with_what_is_padding_elsewhere_are_text():
    rows = torch.tensor([[0, 3, 4], [5, 0, 6]])
    model = pretrained.add_streams(plain("qwen2"), 2, 4)
    first = torch.utils.data.default_collate([Sequences(rows)[0], Sequences(rows)[1]])
    assert torch.isfinite(model(**first).loss)


def test_a_step_is_of_so_many_tokens():
    assert Recipe(batch=3, context=5).tokens_a_step == 15


@pytest.fixture(scope="session")
def coarse_base(material):
    folder = material / "bfloat16"
    plain("qwen2").bfloat16().save_pretrained(folder)
    pretrained.load_tokenizer(material / "base").save_pretrained(folder)
    return folder


@pytest.mark.parametrize("changes", [{"trainable": "all"}, {"trainable": "streams", "share": 0.5}], ids=str)
def test_a_base_in_bfloat16_is_trained_in_float32(changes, make_plan, coarse_base, tmp_path):
    said = []
    train(make_plan(model=str(coarse_base), recipe={"rate": 1e-4}, **changes), tmp_path, device="cpu", say=said.append)
    base = dict(pretrained.load(coarse_base, dtype="float32").named_parameters())
    kept = base_of(pretrained.load(tmp_path / "model"))
    assert {value.dtype for value in kept.values()} == {torch.float32}
    matrices = {name: value for name, value in kept.items() if value.ndim > 1 and "embed" not in name}
    same = sum(int((value == base[name]).sum()) for name, value in matrices.items())
    assert same < 0.05 * sum(value.numel() for value in matrices.values())
    assert not any("are trained" in each for each in said)


def test_weights_in_bfloat16_are_trained_where_they_are_asked_for_and_it_is_said(make_plan, coarse_base, tmp_path):
    said = []
    plan = make_plan(model=str(coarse_base), trainable="all", dtype="bfloat16", steps=2)
    train(plan, tmp_path, device="cpu", say=said.append)
    assert pretrained.load(tmp_path / "model").dtype == torch.bfloat16
    assert sum(each.startswith("weights in bfloat16 are trained") for each in said) == 1


@pytest.mark.parametrize("trainable", ["streams", "lora"])
def test_what_is_trained_on_a_frozen_base_in_bfloat16_is_float32(trainable, make_plan, coarse_base):
    plan = make_plan(model=str(coarse_base), trainable=trainable, settings={"precision": "float32"})
    model = made_ready(plan, plan.stages[0], [], None, None)
    assert {value.dtype for value in model.parameters() if value.requires_grad} == {torch.float32}
    assert model.lm_head.weight.dtype == torch.bfloat16
    assert coarse(model) is None
    ids = torch.randint(2, 29, (2, 8))
    assert torch.isfinite(model(input_ids=ids, labels=ids).loss)


def test_streams_are_trained_in_float32_unless_settings_say_otherwise():
    assert Plan(model="someone/base", data="code", tokens=10**5).settings.precision == "float32"
