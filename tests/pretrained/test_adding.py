"""How streams begin, what is trained, and which models can have some."""

from dataclasses import replace

import pytest
import torch
import transformers

from scalelaw import pretrained
from scalelaw.errors import PretrainedError
from scalelaw.pretrained import statistics
from scalelaw.pretrained.prefixes import gate_of

from .conftest import FAMILIES, OWN, plain, with_streams


@pytest.mark.parametrize("family", FAMILIES)
def test_statistics_are_the_models_own_keys_before_they_are_rotated(family):
    base = plain(family)
    sample = torch.randint(2, 61, (400, 6), generator=torch.Generator().manual_seed(3))
    seen = {}
    last = base.get_decoder().layers[1].self_attn
    norm = getattr(last, "k_norm", None) or last.k_proj
    norm.register_forward_hook(lambda _, __, output: seen.update(k=output.detach()))
    last.v_proj.register_forward_hook(lambda _, __, output: seen.update(v=output.detach()))
    model = pretrained.add_streams(base, 8, 48, init="statistics", sample=sample)
    for name, own in (("k", last.prefix_k), ("v", last.prefix_v)):
        made = seen[name].reshape(400, 6, 2, -1)[:, -1]
        drawn = own.detach().transpose(1, 2).flatten(0, 1)
        deviation = made.std(0)
        assert ((drawn.mean(0) - made.mean(0)).abs() < 0.3 * deviation).all()
        assert ((drawn.std(0) / deviation - 1).abs() < 0.25).all()
    assert model.config.parscale_n == 8


@torch.no_grad()
def test_reparameterised_statistics_are_the_same_ones():
    direct, made = (
        pretrained.add_streams(plain("qwen2"), 8, 48, init="statistics", prefix=kind)
        for kind in ("direct", "reparameterised")
    )
    k = pretrained.merge(made).get_decoder().layers[0].self_attn.prefix_k
    wanted = direct.get_decoder().layers[0].self_attn.prefix_k
    torch.testing.assert_close(k.mean((0, 2)), wanted.mean((0, 2)), atol=0.3 * wanted.std().item(), rtol=0)
    assert 0.7 < (k.std() / wanted.std()).item() < 1.4


def test_a_stream_begins_alike_whatever_P_and_differs_from_the_others():
    two, four = (with_streams("qwen2", P).get_decoder().layers[1].self_attn.prefix_k for P in (2, 4))
    assert torch.equal(two, four[:2])
    assert (four[0] - four[1]).abs().max() > 0.1


@torch.no_grad()
@pytest.mark.parametrize("family", [name for name in FAMILIES if "window" not in str(OWN[name].keys())])
@pytest.mark.parametrize("prefix", ["direct", "reparameterised"])
def test_a_stream_that_begins_with_a_text_is_the_model_that_has_read_it(family, prefix, ids):
    """Hidden states are those of the plain model with the stream's run before the text, if no window slides over it."""
    runs = torch.randint(2, 61, (3, 7), generator=torch.Generator().manual_seed(1))
    base = plain(family)
    wanted = [base.model(torch.cat((run.expand(len(ids), -1), ids), 1)).last_hidden_state[:, 7:] for run in runs]
    model = pretrained.add_streams(plain(family), 3, 7, init="text", sample=runs, prefix=prefix, aggregation="mean")
    found = model.eval().model(ids).last_hidden_state
    torch.testing.assert_close(found, torch.stack(wanted).mean(0), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_an_open_gate_is_the_beginning_with_a_text(ids):
    """So near identity leads from the model without streams to models that have read something, and nowhere worse."""
    text, near = (pretrained.add_streams(plain("qwen2"), 2, 5, init=init, seed=4) for init in ("text", "near-identity"))
    assert torch.equal(near.eval()(ids).logits, plain("qwen2")(ids).logits)
    near.get_decoder().prefix_passes.fill_(near.get_decoder().stream_settings.fade)
    assert torch.equal(near(ids).logits, text.eval()(ids).logits)


def test_streams_begin_with_different_documents():
    class Letters:
        def __call__(self, text, **_):
            return {"input_ids": [ord(each) for each in text]}

    runs = statistics.sample(Letters(), ["abcdefgh", "ijkl", "mnopqrst"], 4)
    assert ["".join(map(chr, run)) for run in runs.tolist()] == ["abcd", "ijkl", "mnop", "efgh", "qrst"]
    assert statistics.sample(Letters(), ["ab", "cd", "ef"], 4).tolist() == [[97, 98, 99, 100]]
    with pytest.raises(PretrainedError, match="no text of 4 tokens to begin with"):
        statistics.sample(Letters(), ["ab"], 4)
    assert statistics.sample(Letters(), ["abcd", "ef", "gh"], 4, least=2).tolist() == [
        [ord(each) for each in run] for run in ("abcd", "efgh")
    ]


def test_many_streams_begin_with_as_many_runs():
    class Letters:
        def __call__(self, text, **_):
            return {"input_ids": [ord(each) for each in text]}

    assert statistics.sample(Letters(), ["abc"] * 200, 4, least=70).shape == (70, 4)
    assert statistics.sample(Letters(), ["abcd"] * 200, 4, least=70).shape == (70, 4)


def test_runs_are_of_single_rows_as_far_as_there_are_enough():
    decoder = plain("qwen2").get_decoder()
    rows = torch.arange(14).view(2, 7)
    for streams, slots, wanted in (
        (3, 3, [[0, 1, 2], [7, 8, 9], [3, 4, 5]]),
        (2, 7, rows.tolist()),
        (3, 4, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]),
        (1, 9, [list(range(9))]),
    ):
        assert statistics.before(decoder, rows, streams, slots, seed=0).tolist() == wanted
    with pytest.raises(PretrainedError, match="the sample has 14 tokens, and 4 streams begin with 4 each"):
        statistics.before(decoder, rows, 4, 4, seed=0)


def test_near_identity_fades_in_over_training_passes(ids):
    model = pretrained.add_streams(plain("qwen2"), 2, 5, fade=4).train()
    gates = []
    for _ in range(6):
        gates.append(_gate(model))
        model(ids, labels=ids).loss.backward()
    assert gates == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert model.get_decoder().layers[0].self_attn.prefix_v.grad.abs().max() > 0
    model.eval()(ids)
    assert _gate(model) == 1.0
    assert int(model.to(torch.bfloat16).get_decoder().prefix_passes) == 6


@torch.no_grad()
def test_a_gate_that_is_open_is_no_gate(ids):
    model = with_streams("qwen2", init="random")
    faded = with_streams("qwen2", init="random")
    faded.get_decoder().stream_settings = replace(faded.get_decoder().stream_settings, fade=3)
    faded.get_decoder().register_buffer("prefix_passes", torch.tensor(3))
    assert torch.equal(faded(ids).logits, model(ids).logits)
    faded.get_decoder().prefix_passes.fill_(2)
    assert not torch.allclose(faded(ids).logits, model(ids).logits)


def _gate(model):
    from scalelaw.pretrained.decoder import InPlace

    return gate_of(InPlace(model.get_decoder())).item()


@pytest.mark.parametrize("prefix", ["direct", "reparameterised"])
def test_streams_are_trained_alone_or_with_all(ids, prefix):
    model = with_streams("qwen2", prefix=prefix).train()
    everything = pretrained.trainable(model, "all")
    assert len(everything) == len(list(model.parameters()))
    chosen = pretrained.trainable(model, "streams")
    assert {id(each) for each in chosen} == {id(value) for _, value in model.stream_parameters()}
    model(ids, labels=ids).loss.backward()
    assert all((value.grad is not None) == value.requires_grad for value in model.parameters())
    assert all(value.grad.abs().max() > 0 for value in chosen)


def test_a_step_of_streams_lowers_the_loss(ids):
    model = with_streams("llama").train()
    optimiser = torch.optim.Adam(pretrained.trainable(model, "streams"), lr=1e-2)
    losses = []
    for _ in range(8):
        loss = model(ids, labels=ids).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("family", ["gpt_neox", "gpt2", "phi3", "starcoder2", "gemma", "qwen3_moe"])
@torch.no_grad()
def test_other_families_work_too(family, ids):
    sizes = {
        "vocab_size": 61,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "pad_token_id": 0,
        "eos_token_id": None,
    }
    if family == "gpt2":
        sizes = {"vocab_size": 61, "n_embd": 16, "n_layer": 2, "n_head": 4, "eos_token_id": None, "pad_token_id": 0}
    if family == "gpt_neox":
        del sizes["num_key_value_heads"]
    if family in ("gemma", "qwen3_moe"):
        sizes |= {"head_dim": 8}
    if family == "qwen3_moe":
        sizes |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
    torch.manual_seed(0)
    base = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(family, **sizes)).eval()
    before = base(ids).logits
    model = pretrained.add_streams(base, 3, 5, init="random").eval()
    assert torch.equal(model(ids, streams=1).logits, before)
    assert not torch.equal(model(ids).logits, before)
    options = {"max_new_tokens": 4, "do_sample": False}
    assert torch.equal(model.generate(ids, **options), model.generate(ids, use_cache=False, **options))


@pytest.mark.parametrize(
    ("family", "sizes"),
    [
        ("bloom", {"hidden_size": 16, "n_layer": 1, "n_head": 2}),
        ("mamba", {}),
        ("bart", {"d_model": 16, "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 16}),
        (
            "minimax",
            {
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "head_dim": 8,
                "num_local_experts": 2,
            },
        ),
    ],
)
def test_a_model_whose_attention_is_not_all_behind_the_interface_gets_a_sentence(family, sizes):
    sizes = sizes or {"hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}
    config = transformers.AutoConfig.for_model(family, vocab_size=61, **sizes)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with pytest.raises(PretrainedError, match="attention interface, so it cannot carry a prefix"):
        pretrained.add_streams(model)


def test_other_faults_are_named():
    for options, words in (
        ({"streams": 0}, "streams is 0"),
        ({"streams": 2.0}, "whole number"),
        ({"prefix_tokens": 0}, "prefix_tokens is 0"),
        ({"prefix_tokens": 65}, "longer than the context of this model, 64"),
        ({"smoothing": 1.5}, "between 0 and 1"),
        ({"aggregation": "sum"}, "one of mlp, linear, mean"),
        ({"prefix": "lora"}, "one of direct, reparameterised"),
        ({"init": "zero"}, "one of near-identity, text, statistics, random"),
    ):
        with pytest.raises(PretrainedError, match=words):
            pretrained.add_streams(plain("qwen2"), **options)
    with pytest.raises(PretrainedError, match="no causal language model"):
        pretrained.add_streams(torch.nn.Linear(2, 2))
    with torch.device("meta"):
        unloaded = transformers.LlamaForCausalLM(plain("llama").config)
    with pytest.raises(PretrainedError, match="has no weights yet"):
        pretrained.add_streams(unloaded)
    with pytest.raises(PretrainedError, match="sdpa or eager, and this is flex_attention"):
        pretrained.add_streams(plain("qwen2", attn_implementation="flex_attention"))
    with pytest.raises(PretrainedError, match="no streams to train"):
        pretrained.trainable(plain("qwen2"))
    with pytest.raises(PretrainedError, match="no streams to train"):
        pretrained.trainable(pretrained.add_streams(plain("qwen2"), 1))
    with pytest.raises(PretrainedError, match="no causal language model of type 'nothing'"):
        pretrained.register("nothing")


@torch.no_grad()
def test_statistics_that_cannot_be_taken_leave_the_model_as_it_was(ids):
    model = plain("qwen2")
    before = model(ids).logits
    for sample, words in (
        (torch.full((2, 16), 10_000), "token ids from 10000 to 10000, and the model those from 0 to 60"),
        (torch.full((2, 16), -1), "from -1 to -1"),
        (torch.rand(2, 16), "no tensor of token ids"),
        (torch.arange(16), "no tensor of token ids"),
        ([[1, 2]], "no tensor of token ids"),
        (torch.zeros(0, 16, dtype=torch.long), "no tensor of token ids"),
    ):
        with pytest.raises(PretrainedError, match=words):
            pretrained.add_streams(model, init="statistics", sample=sample)
    with pytest.raises(PretrainedError, match="more than a tensor holds"):
        pretrained.add_streams(model, 10**18)
    assert type(model) is type(plain("qwen2"))
    assert torch.equal(model(ids).logits, before)


def test_a_model_that_sees_what_comes_is_refused():
    sizes = {"num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 4, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=61, **sizes)
    with pytest.raises(PretrainedError, match="BertForMaskedLM attends to what comes after a token, too"):
        pretrained.add_streams(transformers.BertForMaskedLM(config), 2, 4)
    config = transformers.BertConfig(vocab_size=61, is_decoder=True, **sizes)
    assert pretrained.add_streams(transformers.BertLMHeadModel(config), 2, 4).streams == 2
