"""The harness's model against the released one: golden logits, losses, gradients and generated text."""

import json
from pathlib import Path

import pytest
import safetensors
import torch

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
    with pytest.raises(HarnessError, match="rope_theta"):
        from_released(weights, {**config, "rope_theta": 1e6})
    with pytest.raises(HarnessError, match="faded"):
        to_released(Model(model.shape, Streams(count=2, near_identity=True)))
