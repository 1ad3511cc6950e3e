"""Every way of running a model with streams equals its plain forward pass, whatever the family."""

import copy
import gc

import pytest
import torch
import transformers
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from scalelaw import pretrained
from scalelaw.errors import PretrainedError
from scalelaw.pretrained import attention

from .conftest import FAMILIES, plain, uneven, with_streams

CLOSE = {"atol": 2e-5, "rtol": 1e-5}


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def model(family):
    return with_streams(family)


@torch.no_grad()
def by_hand(model, ids):
    """Logits from each stream alone: then the released aggregation."""
    decoder = model.get_decoder()
    h = torch.stack([decoder(ids, streams=[p], use_cache=False).last_hidden_state for p in range(4)])
    x = h.permute(1, 2, 3, 0).flatten(2)
    w = decoder.aggregate_layer[2](torch.nn.functional.silu(decoder.aggregate_layer[0](x))).softmax(-1)
    w = w * 0.9 + 0.1 / 4
    logits = model.lm_head((h.permute(1, 2, 0, 3) * w[..., None]).sum(2))
    cap = getattr(model.config, "final_logit_softcapping", None)
    return logits if cap is None else torch.tanh(logits / cap) * cap


@torch.no_grad()
def test_streams_are_aggregated_as_released_and_differ(model, ids):
    torch.testing.assert_close(model(ids).logits, by_hand(model, ids), **CLOSE)
    assert (model(ids).logits - model(ids, streams=1).logits).abs().max() > 1e-2
    assert (model(ids, streams=[0]).logits - model(ids, streams=[3]).logits).abs().max() > 1e-2


@torch.no_grad()
@pytest.mark.parametrize("family", ["qwen2", "qwen3", "llama", "mistral", "olmo2", "smollm3"])
def test_a_stream_is_the_model_without_and_a_cache_that_holds_the_prefix(family, ids):
    model, base = with_streams(family), plain(family)
    for p in range(4):
        cache = transformers.DynamicCache()
        for i, layer in enumerate(model.get_decoder().layers):
            k, v = (
                each[p : p + 1].expand(3, -1, -1, -1) for each in (layer.self_attn.prefix_k, layer.self_attn.prefix_v)
            )
            cache.update(k, v, i)
        seen = torch.ones(11, 16, dtype=torch.bool).tril(5).expand(3, 1, -1, -1)
        wanted = base(ids, past_key_values=cache, attention_mask=seen, position_ids=torch.arange(11).expand(3, -1))
        torch.testing.assert_close(model(ids, streams=[p]).logits, wanted.logits, **CLOSE)


@torch.no_grad()
def test_one_stream_is_the_model_without(family, model, ids):
    base = plain(family)
    assert torch.equal(model(ids, streams=1).logits, base(ids).logits)
    model.set_streams(1)
    assert torch.equal(model(ids).logits, base(ids).logits)
    assert torch.equal(*(each.generate(ids, max_new_tokens=4, do_sample=False) for each in (model, base)))
    assert model.set_streams(4) is None
    assert model.streams == 4
    single = pretrained.add_streams(plain(family), 1)
    assert torch.equal(single(ids).logits, base(ids).logits)


@pytest.mark.parametrize("prefix", ["direct", "reparameterised"])
def test_near_identity_begins_as_exactly_the_model_without(family, prefix, ids):
    model = pretrained.add_streams(plain(family), 4, 5, init="near-identity", prefix=prefix).eval()
    base = plain(family)
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    with torch.no_grad():
        assert torch.equal(model(ids).logits, base(ids).logits)
        assert torch.equal(*(each(ids, attention_mask=mask).logits for each in (model, base)))
    options = {"max_new_tokens": 4, "do_sample": False}
    assert torch.equal(*(each.generate(ids, num_beams=2, **options) for each in (model, base)))
    pretrained.trainable(model, "all")
    began, wanted = gradients(model, ids), gradients(base, ids)
    for name, value in wanted.items():
        torch.testing.assert_close(began[name], value, atol=1e-6, rtol=1e-5)
    own = {name: value for name, value in began.items() if name not in wanted}
    assert set(own) == {name for name, _ in model.stream_parameters()}
    assert not any(value.any() for value in own.values())
    with torch.no_grad():
        assert not torch.equal(model.eval()(ids).logits, base.eval()(ids).logits)  # one pass later


@torch.no_grad()
def test_cache_beams_chunks_and_lookup_equal_no_cache(model, ids):
    options = {"max_new_tokens": 6, "do_sample": False}
    alone = model.generate(ids, use_cache=False, **options)
    assert torch.equal(alone, model.generate(ids, **options))
    assert torch.equal(alone, model.generate(ids, prefill_chunk_size=4, **options))
    assert torch.equal(alone[:1], model.generate(ids[:1], prompt_lookup_num_tokens=3, **options))
    beams = {"num_beams": 3, **options}
    assert torch.equal(model.generate(ids, use_cache=False, **beams), model.generate(ids, **beams))


@torch.no_grad()
def test_a_static_cache_equals_a_dynamic_one(model, ids):
    options = {"max_new_tokens": 6, "do_sample": False}
    static = model.generate(ids, cache_implementation="static", disable_compile=True, **options)
    assert torch.equal(model.generate(ids, **options), static)


@torch.no_grad()
def test_the_cache_goes_on_with_single_tokens_and_with_chunks(model, ids):
    whole = model(ids).logits
    cache = transformers.DynamicCache(config=model.config)
    parts = [model(part, past_key_values=cache, use_cache=True).logits for part in ids.split([4, 3, 1, 1, 2], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_not_seen(model, ids, side):
    short = ids[:1, :7]
    pad = torch.zeros(1, 4, dtype=torch.long)
    row = torch.cat((pad, short) if side == "left" else (short, pad), dim=1)
    batch = torch.cat((row, ids[1:]))
    mask = torch.ones_like(batch)
    mask[0, slice(0, 4) if side == "left" else slice(7, None)] = 0
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    own = slice(4, None) if side == "left" else slice(0, 7)
    logits = model(batch, attention_mask=mask, position_ids=positions).logits
    torch.testing.assert_close(logits[0, own], model(short).logits[0], **CLOSE)
    torch.testing.assert_close(logits[1:], model(ids[1:]).logits, **CLOSE)
    if side == "left":
        together = model.generate(batch, attention_mask=mask, max_new_tokens=4, do_sample=False)
        assert torch.equal(together[0, 4:], model.generate(short, max_new_tokens=4, do_sample=False)[0])


@torch.no_grad()
@pytest.mark.parametrize("asked", [None, torch.tensor([4, 1])], ids=["alike", "by row"])
def test_rows_padded_on_the_left_begin_at_position_0_without_being_told(model, ids, asked):
    batch = torch.cat((torch.zeros(1, 4, dtype=torch.long), ids[:1, :7]), dim=1)
    batch = torch.cat((batch, ids[1:2]))
    mask = (batch != 0).long()
    wanted = [model(ids[:1, :7]).logits[0], model(ids[1:2], streams=None if asked is None else 1).logits[0]]
    whole = model(batch, attention_mask=mask, streams=asked).logits
    cache = transformers.DynamicCache(config=model.config)
    options = {"past_key_values": cache, "use_cache": True, "streams": asked}
    parts = [
        model(part, attention_mask=mask[:, :end], **options).logits
        for part, end in zip(batch.split([6, 4, 1], dim=1), (6, 10, 11), strict=True)
    ]
    for found in (whole, torch.cat(parts, dim=1)):
        torch.testing.assert_close(found[0, 4:], wanted[0], **CLOSE)
        torch.testing.assert_close(found[1], wanted[1], **CLOSE)


@torch.no_grad()
def test_a_row_is_placed_by_its_own_padding(model, ids):
    mask = torch.ones_like(ids)
    mask[1, 3:5] = 0
    alone = model(ids, attention_mask=mask).logits[1]
    mask[0, :4] = 0
    torch.testing.assert_close(model(ids, attention_mask=mask).logits[1], alone, **CLOSE)


@torch.no_grad()
def test_positions_may_be_one_row_for_all(model, ids):
    positions = torch.arange(11)[None]
    torch.testing.assert_close(model(ids, position_ids=positions).logits, model(ids).logits, **CLOSE)
    torch.testing.assert_close(model(ids[:1], position_ids=positions).logits, model(ids[:1]).logits, **CLOSE)


@torch.no_grad()
def test_a_batch_is_its_rows(model, ids):
    rows = torch.cat([model(row[None]).logits for row in ids])
    torch.testing.assert_close(model(ids).logits, rows, **CLOSE)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("prefix", ["direct", "reparameterised"])
def test_checkpointed_gradients_are_the_same(family, ids, reentrant, prefix):
    model = with_streams(family, prefix=prefix)
    wanted = gradients(model, ids)
    model.activation_checkpointing_enable({"use_reentrant": reentrant})
    for name, value in gradients(model, ids).items():
        torch.testing.assert_close(value, wanted[name], **CLOSE)
    pretrained.trainable(model, "streams")
    for name, value in gradients(model, ids).items():
        torch.testing.assert_close(value, wanted[name], **CLOSE)


def gradients(model, ids):
    model.train()
    model.zero_grad()
    model(ids, labels=ids).loss.backward()
    return {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}


@torch.no_grad()
def test_a_saved_model_is_the_same_again(model, ids, tmp_path):
    model.save_pretrained(tmp_path)
    again = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, attn_implementation=model.config._attn_implementation.removeprefix("parscale_")
    )
    assert type(again) is type(model)
    assert again.config.parscale_attn_smooth == 0.1
    assert torch.equal(again(ids).logits, model(ids).logits)


@torch.no_grad()
@pytest.mark.parametrize("aggregation", ["mlp", "linear", "mean"])
def test_dropped_streams_leave_the_others(ids, aggregation):
    model = with_streams("qwen2", aggregation=aggregation)
    model.set_streams([1, 3])
    assert model.streams == 2
    some = model(ids)
    small = with_streams("qwen2", 2, aggregation=aggregation)
    own, other = model.get_decoder(), small.get_decoder()
    for mine, its in zip(own.layers, other.layers, strict=True):
        its.self_attn.prefix_k.copy_(mine.self_attn.prefix_k[[1, 3]])
        its.self_attn.prefix_v.copy_(mine.self_attn.prefix_v[[1, 3]])
    if aggregation != "mean":
        into = own.aggregate_layer[0].weight.unflatten(1, (-1, 4))[:, :, [1, 3]].flatten(1)
        rows = [1, 3] if aggregation == "linear" else slice(None)
        other.aggregate_layer[0].weight.copy_(into[rows])
        other.aggregate_layer[0].bias.copy_(own.aggregate_layer[0].bias[rows])
    if aggregation == "mlp":
        other.aggregate_layer[2].weight.copy_(own.aggregate_layer[2].weight[[1, 3]])
        other.aggregate_layer[2].bias.copy_(own.aggregate_layer[2].bias[[1, 3]])
    torch.testing.assert_close(some.logits, small(ids).logits, **CLOSE)
    assert torch.equal(*(each.generate(ids, max_new_tokens=3, do_sample=False, num_beams=2) for each in (model, small)))


@torch.no_grad()
def test_several_sets_are_switched_by_call_and_for_good(ids):
    model = with_streams("llama", 4)
    four = model(ids).logits
    pretrained.add_streams(model, 2, 3, init="random", seed=5)
    uneven(model)
    two = model(ids).logits
    assert model.stream_sets == {"p2": 2, "default": 4}
    assert torch.equal(model(ids, streams=4).logits, four)
    assert torch.equal(model(ids, streams="default").logits, four)
    assert torch.equal(model(ids, streams="p2").logits, two)
    wanted = model.generate(ids, streams=4, max_new_tokens=3, do_sample=False, num_beams=2)
    model.set_streams(4)
    assert torch.equal(model(ids).logits, four)
    assert torch.equal(model(ids, streams=2).logits, two)
    assert torch.equal(model.generate(ids, max_new_tokens=3, do_sample=False, num_beams=2), wanted)
    assert model.config.parscale_n == 4
    assert torch.equal(copy.deepcopy(model)(ids, streams=2).logits, two)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of torch, when it first compiles
@torch.no_grad()
def test_a_compiled_forward_is_the_same(ids):
    model = with_streams("qwen2")
    compiled = torch.compile(model, backend="aot_eager")  # traced as by the default, without a compiler of C++
    torch.testing.assert_close(compiled(ids).logits, model(ids).logits, **CLOSE)
    options = {"max_new_tokens": 4, "do_sample": False}
    assert torch.equal(compiled.generate(ids, **options), model.generate(ids, **options))


@torch.no_grad()
def test_hidden_states_end_with_the_sum(ids):
    model = with_streams("qwen2")
    states = model(ids, output_hidden_states=True).hidden_states
    assert [len(each) for each in states] == [12, 12, 3]
    torch.testing.assert_close(model.lm_head(states[-1]), model(ids).logits)


def test_eager_and_sdpa_agree_and_keep_the_prefix(ids):
    model = with_streams("qwen2")
    before = model(ids).logits
    model.set_attn_implementation("eager")
    torch.testing.assert_close(model(ids).logits, before, **CLOSE)
    model.config._attn_implementation = "sdpa"
    with pytest.raises(PretrainedError, match="carries no prefix"):
        model(ids)


def test_faults_are_named(ids):
    model = with_streams("qwen2")
    for asked, words in (
        (0, "at least 1"),
        (8, r"no set of 8 streams.*'default' \(P = 4\)"),
        ("p8", "no streams named 'p8'"),
        ([0, 0], "each once"),
        ([4], "0 to 3"),
    ):
        with pytest.raises(PretrainedError, match=words):
            model(ids, streams=asked)


@pytest.mark.parametrize(
    ("chosen", "asked", "refused"),
    [
        (4, None, True),
        (1, None, False),
        (1, 4, True),
        (4, 1, False),
        (4, [1], True),
        (1, torch.tensor([4, 1, 1]), True),
        (4, torch.tensor([1, 4, 4]), False),  # the row that is padded is the first
    ],
    ids=str,
)
def test_padding_without_a_mask_is_refused_by_the_streams_of_the_call(chosen, asked, refused, ids):
    model = with_streams("qwen2")
    model.set_streams(chosen)
    padded = ids.clone()
    padded[0, :2] = 0
    calls = [
        {"input_ids": padded},
        {"input_ids": padded, "labels": padded},
        {"input_ids": padded, "past_key_values": transformers.DynamicCache()},
        {"input_ids": padded, "attention_mask": None},
    ]
    for call in calls:
        if refused:
            with pytest.raises(PretrainedError, match="begins with the padding token 0 and there is no attention_mask"):
                model(**call, streams=asked)
        else:
            model(**call, streams=asked)
    if refused:
        with pytest.raises(PretrainedError, match="no attention_mask"):
            model(padded, None, streams=asked)
    model(padded, (padded != 0).long(), streams=asked)


@pytest.mark.parametrize("options", [{}, {"use_cache": False}, {"prefill_chunk_size": 4}, {"num_beams": 2}], ids=str)
def test_a_mask_that_hides_nothing_is_one_in_generation_too(options, ids):
    model = with_streams("qwen2")
    ids[0, 0] = 0  # text, such as what the tokenizer does not know
    mask = torch.ones_like(ids)
    made = model.generate(ids, attention_mask=mask, max_new_tokens=2, do_sample=False, **options)
    if "num_beams" not in options:
        assert torch.equal(made[:, 11], model(ids, attention_mask=mask).logits[:, -1].argmax(-1))


def test_what_begins_with_padding_goes_on_from_a_cache_and_after_an_end(ids):
    model = with_streams("qwen2")
    cache = model(ids, use_cache=True).past_key_values
    model(torch.zeros(3, 2, dtype=torch.long), past_key_values=cache)
    model.config.eos_token_id = [5, 0]
    model(torch.zeros(3, 2, dtype=torch.long))


@torch.no_grad()
def test_a_cache_of_other_streams_is_refused(ids):
    model = with_streams("qwen2")
    for first, then in ((1, 4), (4, 1), ([0, 1, 2, 3], [3, 2, 1, 0])):
        cache = model(ids, streams=first, use_cache=True).past_key_values
        with pytest.raises(PretrainedError, match="cache was filled by"):
            model(ids[:, :1], streams=then, past_key_values=cache)
    foreign = plain("qwen2")(ids, use_cache=True).past_key_values
    with pytest.raises(PretrainedError, match="model without streams"):
        model(ids[:, :1], past_key_values=foreign)


@torch.no_grad()
def test_a_static_cache_with_padding_and_beams_equals_a_dynamic_one(ids):
    model = with_streams("mistral-sliding")
    batch = torch.cat((torch.zeros(3, 2, dtype=torch.long), ids), dim=1)
    mask = (batch != 0).long()
    options = {"attention_mask": mask, "max_new_tokens": 6, "do_sample": False, "num_beams": 2}
    static = model.generate(batch, cache_implementation="static", disable_compile=True, **options)
    assert torch.equal(model.generate(batch, **options), static)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of torch, when it first compiles
@torch.no_grad()
def test_generation_with_a_compiled_static_cache_is_the_same(ids):
    model = with_streams("qwen2")
    options = {"max_new_tokens": 4, "do_sample": False}
    config = transformers.CompileConfig(fullgraph=False, backend="aot_eager", mode=None)
    config._compile_all_devices = True  # a CPU too
    static = model.generate(ids, cache_implementation="static", compile_config=config, **options)
    assert torch.equal(model.generate(ids, **options), static)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "gemma2"])  # its attention is eager
def test_no_copy_of_a_prefix_outlives_its_layer(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a prompt is read, keys and values joined with the prefix live as long as the attention of their layer."""
    slots, length = 7, 11
    model = with_streams(family, 4, slots)
    joined, kept, alive_in_attention = [], [], []

    def looked_at(module, query, key, *rest, **others):
        joined.append(key.shape[2])
        alive_in_attention.append(len(copies()))
        return sdpa_attention_forward(module, query, key, *rest, **others)

    def copies() -> list[tuple[int, ...]]:
        """Shapes of tensors, but parameters, that are as long as the prefix or as the prefix and the text."""
        gc.collect()
        alive = [each for each in gc.get_objects() if type(each) is torch.Tensor and each.ndim == 4]
        return [tuple(each.shape) for each in alive if each.shape[2] in (slots, slots + length)]

    monkeypatch.setattr(attention, "sdpa_attention_forward", looked_at)
    for layer in model.model.layers:
        layer.register_forward_hook(lambda *_: kept.extend(copies()))
    with torch.no_grad():
        model(torch.arange(2 * length).reshape(2, length) % 60 + 1, use_cache=True)
    assert joined == [slots + length] * len(model.model.layers)
    assert all(alive_in_attention)
    assert kept == []


@torch.no_grad()
@pytest.mark.parametrize("streams", [None, 1])
def test_embeddings_are_generated_from_as_ids_are(model, ids, streams):
    options = {"max_new_tokens": 5, "do_sample": False, "streams": streams}
    made = model.generate(inputs_embeds=model.get_input_embeddings()(ids), **options)
    assert torch.equal(made, model.generate(ids, **options)[:, ids.shape[1] :])


@torch.no_grad()
@pytest.mark.parametrize("pad", [None, 0])
def test_a_cache_of_another_kind_is_named(ids, pad):
    model = with_streams("qwen2")
    model.config.pad_token_id = pad
    with pytest.raises(PretrainedError, match="past_key_values is a tuple"):
        model(ids, past_key_values=((ids, ids),))
