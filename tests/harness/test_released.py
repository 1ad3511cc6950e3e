"""The harness's model against the released one: golden logits, losses, gradients and generated text."""

import json
from pathlib import Path

import pytest
import safetensors
import torch

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import Model
from scalelaw.harness.released import from_released, to_released

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(P: int):
    with safetensors.safe_open(GOLDEN / f"qwen2_parscale_p{P}.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
        config, count = json.loads(file.metadata()["config"]), int(file.metadata()["nonembedding_parameters"])
    weights = {name.removeprefix("weight."): value for name, value in tensors.items() if name.startswith("weight.")}
    return from_released(weights, config), weights, tensors, count


@pytest.mark.parametrize("P", [1, 2, 4])
def test_logits_loss_and_gradients_are_the_released_models(P):
    model, _, tensors, count = golden(P)
    ids = tensors["input_ids"]
    logits = model(ids)
    loss = model.loss(ids[:, :-1], ids[:, 1:])
    loss.backward()
    torch.testing.assert_close(logits, tensors["logits"], atol=1e-5, rtol=0)
    torch.testing.assert_close(loss, tensors["loss"][0], atol=1e-5, rtol=0)
    for value in model.parameters():  # the gradients in the weights' place, so that they are renamed with them
        value.data = value.grad
    gradients = to_released(model)[0]
    expected = {name.removeprefix("grad."): value for name, value in tensors.items() if name.startswith("grad.")}
    assert P == 1 or len(expected) >= 6
    for name, value in expected.items():
        torch.testing.assert_close(gradients[name], value, atol=1e-5, rtol=1e-5)
    assert model.count_parameters()["N"] == count


@pytest.mark.parametrize("P", [1, 2, 4])
def test_greedy_continuation_is_the_released_models(P):
    model, _, tensors, _ = golden(P)
    ids = tensors["input_ids"]
    assert torch.equal(model.generate(ids, tensors["greedy"].shape[1] - ids.shape[1]), tensors["greedy"])


@pytest.mark.parametrize("P", [1, 2, 4])
def test_weights_go_there_and_back(P):
    model, weights, _, _ = golden(P)
    written, config = to_released(model)
    assert set(weights) - set(written) == (
        {"lm_head.weight"} & set(weights) if config["tie_word_embeddings"] else set()
    )
    assert all(torch.equal(written[name], weights[name]) for name in written)


def test_faults_are_named():
    model, weights, _, _ = golden(2)
    _, config = to_released(model)
    with pytest.raises(HarnessError, match=r"no tensor 'model.norm.weight'"):
        from_released({name: value for name, value in weights.items() if name != "model.norm.weight"}, config)
    with pytest.raises(HarnessError, match="no place for"):
        from_released({**weights, "surplus": torch.zeros(1)}, config)
    with pytest.raises(HarnessError, match=r"'model.norm.weight' is 5, and by the configuration 32; take the config"):
        from_released({**weights, "model.norm.weight": torch.ones(5)}, config)
    with pytest.raises(HarnessError, match="faded"):
        to_released(Model(model.shape, Streams(count=2, near_identity=True)))


THETA = r"the harness has rope_theta = 10000.0, and the configuration says 1000000.0"
TYPE = "the harness has rope_type = default, and the configuration says "


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rope_theta": 1e6}, THETA),
        ({"rope_theta": None, "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}, THETA),
        ({"rope_theta": 1e4, "rope_parameters": {"rope_theta": 1e6}}, THETA),  # as transformers 5 takes it
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, TYPE + "yarn"),
        ({"rope_parameters": {"rope_theta": 1e4, "rope_type": "linear", "factor": 2.0}}, TYPE + "linear"),
        ({"rope_parameters": {"full_attention": {"rope_theta": 1e4}}}, TYPE + "by layer"),
        ({"use_sliding_window": True}, "the harness has use_sliding_window = False"),
        ({"hidden_act": "gelu"}, "the harness has hidden_act = silu, and the configuration says gelu"),
        ({"head_dim": 16}, r"q_proj.weight' is 32 x 32, and by the configuration 64 x 32"),
        ({"hidden_size": 64}, r"embed_tokens.weight' is 97 x 32, and by the configuration 97 x 64"),
        ({"hidden_size": None}, "does not say hidden_size; add it"),
        ({"num_attention_heads": 3, "num_key_value_heads": 1}, "3 heads do not divide the width 32"),
        ({"parscale_n": 0}, "P must be a whole number of at least 1"),
        ({"parscale_n_tokens": None}, "does not say parscale_n_tokens"),
        ({"hidden_size": "a"}, "says hidden_size = 'a'; it must be a whole number"),
        ({"parscale_aggregation": "mean"}, "knows no aggregation but mlp"),
        ({"model_type": "llama"}, "that of Qwen2 models, and the configuration is of llama"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(changes, message):
    model, weights, _, _ = golden(2)
    with pytest.raises(HarnessError, match=message) as raised:
        from_released(weights, {**to_released(model)[1], **changes})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("missing", ["hidden_size", "num_hidden_layers", "vocab_size", "parscale_n_tokens"])
def test_what_a_configuration_leaves_out_is_named(missing):
    model, weights, _, _ = golden(2)
    config = to_released(model)[1]
    del config[missing]
    with pytest.raises(HarnessError, match=f"does not say {missing}"):
        from_released(weights, config)


def test_a_plain_model_says_that_it_is_one_stream():
    model, weights, _, _ = golden(1)
    plain = {name: value for name, value in to_released(model)[1].items() if not name.startswith("parscale")}
    with pytest.raises(HarnessError, match="to a plain Qwen2 model, which is one stream, add parscale_n = 1"):
        from_released(weights, {**plain, "model_type": "qwen2"})
    added = {"model_type": "qwen2", "parscale_n": 1, "parscale_n_tokens": 48, "parscale_attn_smooth": 0.1}
    again = from_released(weights, {**plain, **added})
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("rope", [{"rope_theta": 1e4}, {"rope_parameters": {"rope_theta": 1e4}}, {}])
def test_positions_are_read_in_the_words_of_either_version(rope):
    model, weights, _, _ = golden(2)
    config = {name: value for name, value in to_released(model)[1].items() if name != "rope_theta"}
    again = from_released(weights, {**config, "rope_scaling": None, **rope})
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())


def test_a_head_size_of_its_own_goes_there_and_back():
    shape = Shape(layers=1, width=24, heads=2, kv_heads=1, head_size=16, ffn=32, vocabulary=11, prefix_tokens=2)
    model = Model(shape, Streams(count=2))
    weights, config = to_released(model)
    again = from_released(weights, config)
    assert (config["head_dim"], again.shape) == (16, shape)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
