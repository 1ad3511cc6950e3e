"""Losses, generated text and the shell on a tiny model with a tokenizer of single letters."""

import json
import math

import pytest
import torch
import torch.nn.functional as F
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from scalelaw import pretrained
from scalelaw.cli.app import _run
from scalelaw.errors import PretrainedError

from .conftest import plain, with_streams

TEXTS = ["the cat sat on the mat", "a", "and so it goes, on and on and on until the end", "é"]


def made_tokenizer(begins):
    letters = ["<pad>", "<s>", *" abcdefghijklmnopqrstuvwxyz,é"]
    vocabulary = {letter: i for i, letter in enumerate(letters)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    names = {"bos_token": "<s>"} if begins else {}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", **names)


@torch.no_grad()
@pytest.mark.parametrize("begins", [True, False])
def test_every_token_is_predicted_once_from_those_before_it_in_its_window(begins):
    model, tokenizer = with_streams("qwen2"), made_tokenizer(begins)
    found = pretrained.evaluate(model, tokenizer, TEXTS, context=8, batch=2)
    losses, sizes, documents = [], 0, 0
    for text in TEXTS:
        ids = ([1] if begins else []) + tokenizer(text)["input_ids"]
        documents += len(ids) > 1
        sizes += len(text.encode()) - (0 if begins else len(text[0].encode())) if len(ids) > 1 else 0
        for i in range(1, len(ids)):
            first = (i - 1) // 8 * 8
            logits = model(torch.tensor([ids[first:i]])).logits[0, -1]
            losses.append(F.cross_entropy(logits, torch.tensor(ids[i])).item())
    assert found.tokens == len(losses)
    assert (found.documents, found.bytes, found.P) == (documents, sizes, 4)
    assert found.loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert found.bpb == pytest.approx(sum(losses) / math.log(2) / sizes, rel=1e-5)
    assert found.perplexity == pytest.approx(math.exp(found.loss))
    assert found.loss_se > 0


def test_P_is_asked_for_and_tokens_are_limited():
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    one = pretrained.evaluate(model, tokenizer, TEXTS, streams=1)
    assert one == pretrained.evaluate(plain("qwen2"), tokenizer, TEXTS)
    assert one.P == 1
    assert pretrained.evaluate(model, tokenizer, TEXTS, tokens=5).documents == 1
    with pytest.raises(PretrainedError, match="no text of two tokens"):
        pretrained.evaluate(model, tokenizer, [])
    with pytest.raises(PretrainedError, match="within 2 and the 64"):
        pretrained.evaluate(model, tokenizer, TEXTS, context=65)


@pytest.mark.parametrize("asked", [4, 0, True, "p4", [0], torch.tensor([1, 4])], ids=str)
def test_streams_are_not_asked_of_a_model_without(asked):
    model, tokenizer = plain("qwen2"), made_tokenizer(True)
    for ask in (
        lambda: pretrained.evaluate(model, tokenizer, TEXTS, streams=asked),
        lambda: pretrained.continue_text(model, tokenizer, "a", streams=asked),
    ):
        with pytest.raises(PretrainedError, match="asked of a model that has none; ask for 1, or give"):
            ask()


@pytest.mark.parametrize("options", [{"batch": 0}, {"batch": 1.5}, {"batch": True}, {"tokens": 0}], ids=str)
def test_counts_of_an_evaluation_are_whole_numbers_above_none(options):
    with pytest.raises(PretrainedError, match=f"{next(iter(options))} is .*; it must be a whole number of at least 1"):
        pretrained.evaluate(plain("qwen2"), made_tokenizer(True), TEXTS, **options)


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize("until", [None, lambda text: text.endswith("e")])
def test_prompts_go_on_alike_alone_and_at_once(batch, streams, until):
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    prompts = ["the cat sat on", "a", "it goes", "", "on and on"]
    together = pretrained.continue_texts(model, tokenizer, prompts, tokens=7, streams=streams, batch=batch, until=until)
    one = [pretrained.continue_text(model, tokenizer, each, tokens=7, streams=streams, until=until) for each in prompts]
    assert list(together) == one
    assert len(set(one)) > 1


@pytest.mark.parametrize("temperature", [0.0, 5.0])
def test_the_likeliest_and_the_drawn_are_the_models_own(temperature):
    tokenizer, models = made_tokenizer(True), [plain("qwen2"), plain("qwen2")]
    models[1].generation_config.update(repetition_penalty=50.0, top_k=1, top_p=0.1, no_repeat_ngram_size=1)
    said = [pretrained.continue_text(each, tokenizer, "the", tokens=12, temperature=temperature) for each in models]
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["code", "prose"])
def test_a_folder_called_as_a_corpus_is_does_not_take_its_place(name, tmp_path, monkeypatch):
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.txt").write_text("not it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scalelaw.pretrained.texts.find", lambda found: {name: LookupError(found)}[found])
    with pytest.raises(AttributeError, match="LookupError"):
        list(pretrained.documents(name))
    assert list(pretrained.documents(f"./{name}")) == ["not it"]


def test_what_a_run_was_trained_on_is_not_what_it_is_tested_on(folder, capsys):
    documents = [f"{word} {'abcdefghij'[i]} and so it goes on and on" for i, word in enumerate(["cat"] * 10)]
    (folder / "data").mkdir()
    for i, text in enumerate(documents):
        (folder / "data" / f"{i}.txt").write_text(text * 20)
    run, data = str(folder / "run"), str(folder / "data")
    train = ["pretrained", "train", str(folder / "base"), "--data", data, "--tokens", "256", "--context", "16"]
    options = ["--batch", "2", "--streams", "2", "--prefix-tokens", "2", "--held-out", "500", "--repeat", "-o", run]
    assert _run([*train, *options], debug=True) == 0
    held = len(json.loads((folder / "run/held_out.json").read_text())[0]["tokens"])
    capsys.readouterr()
    for names in ([run], [f"{run}/streams"], [str(folder / "base"), "--streams-from", run]):
        assert _run(["pretrained", "eval", *names, data, "--context", "16", "--json"], debug=True) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)[0]["documents"] == held < 10
        assert "what was held out of it is evaluated" in said.err
    further = ["pretrained", "train", run, *train[3:], *options[:2], "--repeat", "-o", f"{run}2"]
    assert _run(further, debug=True) == 0
    assert json.loads((folder / "run2/plan.json").read_text())["settings"]["prefix_tokens"] == 2
    assert _run([*further, "--init", "random"], debug=True) == 2
    assert "has streams already" in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert _run([*further[:-1], f"{run}3", "--prefix-tokens", "3"], debug=False) == 1
    assert "have prefix_tokens 2 and 3 is asked for" in capsys.readouterr().err


def test_texts_and_temperatures_are_looked_at():
    model, tokenizer = plain("qwen2"), made_tokenizer(True)
    with pytest.raises(PretrainedError, match=r"documents is one text; give a list of texts, \[text\] for one"):
        pretrained.evaluate(model, tokenizer, "the cat")
    with pytest.raises(PretrainedError, match="prompts is one text"):
        list(pretrained.continue_texts(model, tokenizer, "the cat"))
    for temperature in (-1, math.nan, "1"):
        with pytest.raises(PretrainedError, match=r"temperature is .*; it is 0, for the likeliest, or a"):
            pretrained.continue_text(model, tokenizer, "the cat", temperature=temperature)
    with pytest.raises(PretrainedError, match=r"context is 64\.5"):
        pretrained.evaluate(model, tokenizer, TEXTS, context=64.5)


def test_nothing_goes_on_from_nothing():
    with pytest.raises(PretrainedError, match="the prompt is empty and this tokenizer has no token to begin with"):
        pretrained.continue_text(plain("qwen2"), made_tokenizer(False), "")


def test_a_word_that_comes_first_keeps_the_space_before_it():
    words = ["▁", "▁the", "▁cat", *"abcdefgh"]
    inner = Tokenizer(models.BPE(vocab={"<s>": 0, **{word: i + 1 for i, word in enumerate(words)}}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>")
    model = plain("llama")
    with torch.no_grad():  # each token is followed by the same one
        model.lm_head.weight.zero_()
        model.lm_head.weight[words.index("▁cat") + 1] = 1.0
    model.model.norm = torch.nn.Linear(16, 16)
    torch.nn.init.zeros_(model.model.norm.weight)
    torch.nn.init.ones_(model.model.norm.bias)
    assert pretrained.continue_text(model, tokenizer, "a", tokens=2) == " cat cat"


@pytest.mark.parametrize("streams", [1, 4])
def test_text_ends_where_it_is_told_to(streams):
    model, tokenizer = with_streams("qwen2"), made_tokenizer(True)
    whole = pretrained.continue_text(model, tokenizer, "the", tokens=9, streams=streams)
    told = []
    ended = pretrained.continue_text(
        model, tokenizer, "the", tokens=9, streams=streams, until=lambda text: told.append(text) or len(told) == 3
    )
    assert len(told) == 3
    assert ended == told[-1]
    assert whole.startswith(ended)
    assert len(ended) < len(whole)


def test_a_model_without_streams_is_what_one_stream_asks_for():
    model, tokenizer = plain("qwen2"), made_tokenizer(True)
    assert pretrained.evaluate(model, tokenizer, TEXTS, streams=1) == pretrained.evaluate(model, tokenizer, TEXTS)
    said = [pretrained.continue_text(model, tokenizer, "the", tokens=4, streams=each) for each in (None, 1)]
    assert said[0] == said[1]


@pytest.fixture
def folder(tmp_path):
    plain("qwen2").save_pretrained(tmp_path / "base")
    made_tokenizer(True).save_pretrained(tmp_path / "base")
    (tmp_path / "text.txt").write_text("\n\n".join(TEXTS * 20))
    return tmp_path


def test_the_shell_adds_evaluates_generates_and_converts(folder, capsys):
    streams, out = str(folder / "p2"), str(folder / "whole")
    text = str(folder / "text.txt")
    add = ["pretrained", "add", str(folder / "base"), "--streams", "2", "--prefix-tokens", "5", "-o", streams]
    assert _run([*add, "--init", "statistics", "--text", text, "--json"], debug=True) == 0
    assert json.loads(capsys.readouterr().out)["added"] == 2 * (5 * 2 * 2 * 4 * 2) + 32 * 16 + 16 + 16 * 2 + 2
    evaluate = ["pretrained", "eval", streams, text, "--p", "1", "--p", "2", "--context", "16", "--json"]
    assert _run(evaluate, debug=True) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["P"] for row in rows] == [1, 2]
    assert rows[0]["loss"] != rows[1]["loss"]
    assert _run(["pretrained", "generate", streams, "the cat", "--tokens", "5"], debug=True) == 0
    said = capsys.readouterr().out
    assert _run(["pretrained", "convert", streams, "-o", out], debug=True) == 0
    assert "qwen2_parscale" in capsys.readouterr().out
    assert _run(["pretrained", "generate", out, "the cat", "--tokens", "5"], debug=True) == 0
    assert capsys.readouterr().out == said
    again = ["pretrained", "add", streams, "--prefix-tokens", "5", "-o"]
    assert _run([*again, str(folder / "made-up")], debug=True) == 0
    base = sum(value.numel() for value in plain("qwen2").parameters())
    assert f"near-identity: 1,748 parameters on {base:,} of the base" in capsys.readouterr().out
    assert _run([*again, str(folder / "of-text"), "--text", text], debug=True) == 0
    made_up, of_text = ((folder / each / "adapter_model.safetensors").read_bytes() for each in ("made-up", "of-text"))
    assert made_up != of_text


def test_the_shell_says_where_a_continuation_leaves_the_context(folder, capsys):
    for tokens, said in (("63", ""), ("64", "64 tokens are more than its context of 64")):
        assert _run(["pretrained", "generate", str(folder / "base"), "a", "--tokens", tokens], debug=True) == 0
        noted = capsys.readouterr().err
        assert noted.startswith(said)
        assert bool(noted) == bool(said)


@pytest.mark.parametrize("verb", ["eval", "generate"])
@pytest.mark.parametrize(("given", "asked"), [([], "auto"), (["--device", "cuda"], "cuda")])
def test_the_shell_runs_a_model_where_it_is_asked_to(folder, capsys, monkeypatch, verb, given, asked):
    place, moved = torch.device("cpu", 0), []
    own = transformers.PreTrainedModel.to
    monkeypatch.setattr("scalelaw.harness.devices.choose", lambda name: {asked: place}[name])
    monkeypatch.setattr(transformers.PreTrainedModel, "to", lambda model, *to: moved.append(to) or own(model, *to))
    what = str(folder / "text.txt") if verb == "eval" else "the cat"
    assert _run(["pretrained", verb, str(folder / "base"), what, "--tokens", "2", *given], debug=True) == 0
    assert (place,) in moved


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["eval", "M", "text.txt", "--samples", "1"], "--samples"),
        (["eval", "M", "text.txt", "--include", "x"], "--include"),
        (["eval", "M", "human-eval", "--seed", "4"], "--seed"),
        (["eval", "M", "human-eval", "--samples", "4"], "--samples"),
        (["generate", "M", "a", "--seed", "4"], "--seed"),
        (
            ["train", "M", "--data", "x", "--tokens", "9k", "-o", "x", "--streams", "1", "--prefix-tokens", "9"],
            "--prefix-tokens",
        ),
        (["train", "M", "--data", "x", "--tokens", "9k", "-o", "x", "--lora-rank", "9"], "--lora-rank"),
        (["eval", "M", "human-eval", "--shots", "2"], "--shots"),
        (["eval", "M", "reasoning:gcd", "--tokens", "9"], "--tokens"),
        (["eval", "M", "lm-eval:arc_easy", "--temperature", "0.5"], "--temperature"),
        (["train", "M", "--data", "x", "--tokens", "9k", "-o", "x", "--rate", "1e-3"], "--rate"),
        (["add", "M", "-o", "x", "--init", "random", "--text", "code"], "--text"),
        (["add", "M", "-o", "x", "--init", "random", "--fade", "9"], "--fade"),
        (["add", "M", "-o", "x", "--streams", "1"], "--streams"),
    ],
)
def test_the_shell_refuses_options_that_would_do_nothing(arguments, option, capsys):
    assert _run(["pretrained", *arguments], debug=False) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert f"Invalid value for {option}: " in said
    assert "it would do nothing: " in said or option == "--streams"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "nobody/nothing", "a"], "from the hub"),
        (["eval", "{base}", "{base}/none.txt"], "no file or folder"),
        (["eval", "{base}", "none.txt"], "no file or folder"),
        (["eval", "{base}", "none"], "no corpus 'none'"),
        (["generate", "{base}", "a", "--p", "4"], "streams 4 are asked of a model that has none"),
        (["eval", "{base}", "{base}/../text.txt", "--p", "1", "--p", "4"], "streams 4 are asked of a model that has"),
        (["generate", "{base}", "a", "--device", "tpu"], "device 'tpu' is not known"),
        (["add", "{base}", "-o", "{base}/x", "--dtype", "float99"], "dtype is 'float99'; it is one of float32"),
        (
            ["train", "{base}", "--data", "code", "--tokens", "9k", "-o", "{base}/x", "--dtype", "int8"],
            "dtype is 'int8'; it is one of float32",
        ),
        (["convert", "{base}", "-o", "{base}/x"], "no streams"),
        (["generate", "{base}/streams", "a"], "/base/streams: there is no such folder"),
        (["generate", "r/all/streams", "a"], "r/all/streams: there is no such folder"),
        (["add", "{base}", "-o", "{base}/x", "--streams", "0"], "at least 1"),
        (["add", "{base}", "-o", "{base}"], "base is the folder of a model; name another, such as "),
        (["add", "{base}", "-o", "{base}/../run"], "run is the folder of a run; name another"),
        (["add", "{base}", "-o", "{base}/../held"], "held holds streams already; name a new folder"),
        (["add", "{base}", "-o", "{base}/../other"], "other holds another adapter already; name a new folder"),
        (
            ["train", "{base}", "--data", "{base}/../text.txt", "--tokens", "9k", "-o", "{base}"],
            "the folder of a model",
        ),
        (["train", "{base}", "--data", "{base}/../text.txt", "--tokens", "9k", "-o", "{base}/../held"], "an adapter"),
        (
            ["generate", "{base}/..", "a"],
            "holds no model (no config.json); name one that save_pretrained",
        ),
    ],
)
def test_the_shell_says_what_is_wrong(folder, capsys, monkeypatch, arguments, words):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    kinds = {"held": '{"peft_type": "PARSCALE", "scalelaw_streams": 1}', "other": '{"peft_type": "LORA"}'}
    for name, described in kinds.items():
        (folder / name).mkdir()
        (folder / name / "adapter_config.json").write_text(described)
    (folder / "run").mkdir()
    (folder / "run" / "plan.json").write_text("{}")
    given = [each.format(base=folder / "base") for each in arguments]
    assert _run(["pretrained", *given], debug=False) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert words in said
    assert "should not have happened" not in said
    assert said.count("\n") == 1
