"""The decoder in JAX against the one in PyTorch, for every option, and against the released model."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the extra jax is not installed")
torch = pytest.importorskip("torch", reason="the extra train is not installed")
safetensors = pytest.importorskip("safetensors", reason="the extra train is not installed")

from scalelaw.cost import Shape  # noqa: E402
from scalelaw.harness.cell import Streams  # noqa: E402
from scalelaw.harness.jax.model import logits, loss, stream_weights  # noqa: E402
from scalelaw.harness.jax.weights import from_torch, into_torch  # noqa: E402
from scalelaw.harness.model import Model  # noqa: E402
from scalelaw.harness.released import from_released  # noqa: E402

GOLDEN = Path(__file__).parents[2] / "golden"
SHAPE = Shape.scaled(width=16, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)
TOKENS = torch.randint(0, 61, (3, 17), generator=torch.Generator().manual_seed(0))
OPTIONS = {
    "plain": ({}, {}),
    "plain, many heads to one": ({"layers": 1, "heads": 8, "kv_heads": 1, "tied": False, "bias": False}, {}),
    "one stream with a prefix": ({"layers": 1, "prefix_at_one": True}, {}),
    "mlp": ({}, {"count": 3}),
    "linear": ({"layers": 1, "aggregation": "linear", "tied": False}, {"count": 3}),
    "mean": ({"layers": 1, "aggregation": "mean", "bias": False}, {"count": 3}),
    "eight": ({"layers": 1}, {"count": 8}),
    "no prefix": ({"layers": 1, "prefix_tokens": 0}, {"count": 2}),
    "not smoothed": ({"layers": 1}, {"count": 2, "smoothing": 0.0}),
    "reparameterised": ({"layers": 1}, {"count": 2, "prefix": "reparameterised"}),
    "near identity": ({"layers": 1}, {"count": 2, "near_identity": True}),
    "both": ({"layers": 1}, {"count": 2, "near_identity": True, "prefix": "reparameterised"}),
}


@partial(jax.jit, static_argnames=("shape", "streams"))
def loss_and_gradients(weights, tokens, targets, shape, streams):
    return jax.value_and_grad(lambda own: loss(own, tokens, targets, shape, streams))(weights)


@partial(jax.jit, static_argnames=("shape", "streams"))
def logits_and_gradients(weights, tokens, gate, direction, shape, streams):
    """Logits, and gradients of their sum weighted by ``direction``."""

    def objective(weights):
        made = logits({**weights, "prefix_gate": gate}, tokens, shape, streams)
        return (made * direction).sum(), made

    gradients, made = jax.grad(objective, has_aux=True)(weights)
    return made, gradients


def compare(model, tokens):
    """Logits and gradients of JAX, held against PyTorch's."""
    expected = model(tokens)
    direction = torch.randn(expected.shape, generator=torch.Generator().manual_seed(3)) / expected.numel() ** 0.5
    (expected * direction).sum().backward()
    weights = from_torch(model)
    gate = weights.pop("prefix_gate")
    arrays = tokens.numpy().astype(np.int32), gate, direction.numpy()
    own, gradients = logits_and_gradients(weights, *arrays, shape=model.shape, streams=model.streams)
    np.testing.assert_allclose(own, expected.detach(), atol=1e-5, rtol=0)
    for name, value in model.named_parameters():
        gradient = np.zeros(value.shape) if value.grad is None else value.grad
        np.testing.assert_allclose(gradients[name], gradient, atol=1e-5, rtol=1e-4, err_msg=name)
    return own


@pytest.mark.parametrize("option", OPTIONS)
def test_logits_and_gradients_are_those_of_pytorch(option):
    changes, streams = OPTIONS[option]
    model = Model(replace(SHAPE, **changes), Streams(**streams), seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for value in model.parameters():  # away from the first weights, many of which are zero
            value.add_(0.1 * torch.randn(value.shape, generator=generator))
    if model.streams.near_identity:
        model.fade(0.3)
    compare(model, TOKENS)


@pytest.mark.parametrize("P", [1, 2, 4, 8])
def test_the_loss_and_its_gradients_are_those_of_pytorch(P):
    model = Model(replace(SHAPE, layers=1), Streams(count=P), seed=1)
    inputs, targets = TOKENS[:, :-1], TOKENS[:, 1:]
    expected = model.loss(inputs, targets)
    expected.backward()
    arrays = (each.numpy().astype(np.int32) for each in (inputs, targets))
    own, gradients = loss_and_gradients(from_torch(model), *arrays, shape=model.shape, streams=model.streams)
    assert float(own) == pytest.approx(expected.item(), abs=1e-5)
    for name, value in model.named_parameters():
        np.testing.assert_allclose(gradients[name], value.grad, atol=1e-5, rtol=0, err_msg=name)


@pytest.mark.parametrize("P", [1, 2])
def test_a_window_may_be_a_single_token(P):
    compare(Model(replace(SHAPE, layers=1), Streams(count=P), seed=1), TOKENS[:, :1])


def test_near_identity_begins_as_one_stream():
    shape = replace(SHAPE, layers=1)
    one, many = Model(shape, seed=3), Model(shape, Streams(count=2, near_identity=True), seed=3)
    np.testing.assert_allclose(compare(many, TOKENS), one(TOKENS).detach(), atol=1e-5)


@pytest.mark.parametrize("P", [1, 2, 4])
def test_logits_and_gradients_are_those_of_the_released_model(P):
    with safetensors.safe_open(GOLDEN / f"qwen2_parscale_p{P}.safetensors", framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
        config = json.loads(file.metadata()["config"])
    weights = {name.removeprefix("weight."): value for name, value in tensors.items() if name.startswith("weight.")}
    own = compare(from_released(weights, config), tensors["input_ids"])
    np.testing.assert_allclose(own, tensors["logits"], atol=1e-5, rtol=0)


def test_weights_sum_to_one_and_are_smoothed():
    rng = np.random.default_rng(0)
    weights = {"outer.weight": 3 * rng.normal(size=(4, 32)), "outer.bias": rng.normal(size=4)}
    w = stream_weights(weights, rng.normal(size=(4, 2, 5, 8)).astype(np.float32), 0.2)
    np.testing.assert_allclose(w.sum(-1), 1, rtol=1e-6)
    assert w.min() >= 0.2 / 4 - 1e-6


def test_weights_go_there_and_back():
    model = Model(SHAPE, Streams(count=2))
    again = into_torch(from_torch(model), Model(SHAPE, Streams(count=2), seed=9))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
