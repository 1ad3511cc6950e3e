"""train_memory: against what torch keeps for the backward pass, and how it grows."""

import dataclasses

import pytest

from scalelaw.cost import Shape, evaluation_memory, forward_flops, parameters, train_flops
from scalelaw.cost.memory import train_memory
from scalelaw.errors import ScalelawError


def test_weights_gradients_and_moments_are_four_times_the_parameters():
    shape = Shape.scaled(width=64, layers=4)
    memory = train_memory(shape, 4, batch=1, context=64)
    counts = parameters(shape, 4)
    held = memory["weights"] + memory["gradients"] + memory["moments"]
    assert held == 4 * 4 * (counts["N"] + counts["n_embedding"])
    assert memory["total"] == held + memory["activations"]


def test_streams_alone_need_fewer_gradients_and_moments():
    shape = Shape.scaled(width=64, layers=4)
    counts = parameters(shape, 4)
    memory = train_memory(shape, 4, batch=1, context=64, trained="streams")
    assert memory["gradients"] == 4 * (counts["n_prefix"] + counts["n_aggregator"])
    assert memory["moments"] == 2 * memory["gradients"]


@pytest.mark.parametrize("changed", [{"batch": 8}, {"context": 128}, {"streams": 4}, {"layers": 4}, {"width": 128}])
def test_it_grows(changed):
    def total(*, width=64, layers=2, streams=2, batch=4, context=64):
        return train_memory(Shape.scaled(width=width, layers=layers), streams, batch=batch, context=context)["total"]

    assert total(**changed) > total()


def test_activations_of_p_streams_are_at_most_a_tenth_more_than_p_times_those_of_one():
    shape = Shape.scaled(width=128, layers=4)
    one, eight = (train_memory(shape, P, batch=16, context=256)["activations"] for P in (1, 8))
    assert 7 * one < eight < 1.1 * 8 * one


def test_checkpointing_and_a_frozen_base_take_less():
    shape = Shape.scaled(width=128, layers=16)
    given = {"streams": 4, "batch": 4, "context": 128}
    full = train_memory(shape, **given)["activations"]
    frozen = train_memory(shape, **given, trained="streams")["activations"]
    again = train_memory(shape, **given, checkpointing=True)["activations"]
    assert again < full / 4
    assert full / 2 < frozen < 0.8 * full
    both = train_memory(shape, **given, trained="streams", checkpointing=True)["activations"]
    assert both < again


@pytest.mark.parametrize("trained", ["all", "streams"])
def test_an_mlp_without_a_gate_keeps_two_of_its_inner_products_fewer(trained):
    gated = Shape.scaled(width=64, layers=4)
    plain = dataclasses.replace(gated, gated=False)
    with_gate, without = (
        train_memory(shape, 2, batch=3, context=16, trained=trained)["activations"] for shape in (gated, plain)
    )
    assert with_gate - without == 4 * 3 * 16 * 2 * 4 * 2 * gated.ffn


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch is 0; it must be whole numbers of at least 1"),
        ({"context": -3}, "context is -3; it must be whole numbers of at least 1"),
        ({"streams": 0}, "streams is 0; P must be a whole number of at least 1"),
        ({"trained": "prefixes"}, "trained is 'prefixes'; choose all or streams"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, message):
    given = {"streams": 2, "batch": 1, "context": 8, **changes}
    with pytest.raises(ScalelawError, match=message):
        train_memory(Shape.scaled(width=64, layers=4), **given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"context": 0}, "context is 0; it must be whole numbers of at least 1"),
        ({"tokens": -1}, "tokens is -1; it must be a number of training tokens"),
        ({"tokens": float("nan")}, "tokens is nan; it must be a number"),
        ({"trained": "some"}, "trained is 'some'; choose all or streams"),
    ],
)
def test_operations_of_what_cannot_be_trained_are_refused(changes, message):
    with pytest.raises(ScalelawError, match=message):
        train_flops(Shape.scaled(width=64, layers=4), **{"tokens": 1, "context": 8, **changes})


def test_an_evaluation_needs_windows():
    with pytest.raises(ScalelawError, match="windows is 0; it must be whole numbers of at least 1"):
        evaluation_memory(Shape.scaled(width=64, layers=4), windows=0, context=8)


@pytest.mark.parametrize("streams", [1, 2, 8])
def test_checkpointing_runs_the_layers_once_more(streams):
    shape = Shape.scaled(width=128, layers=4)
    terms = forward_flops(shape, streams, context=64)
    plain, again = (
        train_flops(shape, streams, tokens=1, context=64, checkpointing=checkpointing)
        for checkpointing in (False, True)
    )
    assert again - plain == pytest.approx(terms["matmul"] + terms["attention"])


def test_the_backward_pass_costs_p_times_as_much_too():
    """Against the claim that streams cost their forward passes only: weights have gradients from every stream."""
    shape = Shape.scaled(width=512, layers=8)
    for trained in ("all", "streams"):
        one, eight = (train_flops(shape, P, tokens=1, context=64, trained=trained) for P in (1, 8))
        assert 7.5 < eight / one < 9


@pytest.mark.parametrize("trained", ["all", "streams"])
@pytest.mark.parametrize(
    ("width", "layers", "streams", "slots", "context"),
    [(64, 4, 1, 48, 128), (64, 2, 2, 48, 128), (32, 3, 8, 16, 64), (128, 2, 4, 8, 128)],
)
def test_activations_are_what_torch_keeps(width, layers, streams, slots, context, trained):
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    from scalelaw.harness.cell import Streams
    from scalelaw.harness.model import Model

    shape = Shape.scaled(width=width, layers=layers, prefix_tokens=slots, prefix_at_one=trained == "streams")
    model = Model(shape, Streams(count=streams))
    for name, value in model.named_parameters():
        value.requires_grad_(trained == "all" or name.startswith(("prefix", "aggregator")))
    weights = {each.untyped_storage().data_ptr() for each in model.parameters()}
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    tokens = torch.zeros((4, context), dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model.loss(tokens, tokens)
    held = sum(each.nbytes() for place, each in kept.items() if place not in weights)
    assert torch.isfinite(loss)
    counted = train_memory(  # with logits and their gradient, which a step has but does not keep for it
        shape, streams, batch=4, context=context, trained=trained, keeps_probabilities=True
    )["activations"]
    logits = 2 * 4 * (4 * context * shape.vocabulary)
    assert counted - logits == pytest.approx(held, rel=0.02)
