"""Rates over the steps, and which weights decay."""

import math

import pytest

from scalelaw.cost import Shape
from scalelaw.harness import Model, Recipe, Streams
from scalelaw.harness.optimiser import optimiser, set_rate
from scalelaw.harness.schedule import rate_share


def shares(steps, **settings):
    return [rate_share(i, steps, Recipe(**settings)) for i in range(steps)]


@pytest.mark.parametrize("schedule", ["wsd", "cosine", "constant"])
def test_the_warm_up_is_linear_and_ends_at_the_highest_rate(schedule):
    found = shares(100, schedule=schedule, warmup=0.1)
    assert found[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert max(found) == 1


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_wsd_is_constant_and_then_falls_in_a_line(final):
    found = shares(100, schedule="wsd", warmup=0.1, decay=0.2, final=final)
    assert found[10:80] == [1.0] * 70
    assert found[80:] == pytest.approx([1 - (1 - final) * i / 20 for i in range(20)])


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_cosine_is_half_a_wave(final):
    found = shares(110, schedule="cosine", warmup=10 / 110, final=final)
    wave = [final + (1 - final) * math.cos(math.pi * i / 200) ** 2 for i in range(100)]
    assert found[10:] == pytest.approx(wave)


def test_constant_stays():
    assert shares(50, schedule="constant", warmup=0.0) == [1.0] * 50


@pytest.mark.parametrize("kind", ["direct", "reparameterised"])
def test_matrices_decay_and_nothing_else_does(kind):
    model = Model(Shape.scaled(width=16, layers=1, prefix_tokens=2, tied=False), Streams(count=2, prefix=kind))
    recipe = Recipe(weight_decay=0.3, prefix_rate=7.0)
    adamw = optimiser(model, recipe)
    names = {id(value): name for name, value in model.named_parameters()}
    decays = {names[id(value)]: group["weight_decay"] for group in adamw.param_groups for value in group["params"]}
    assert set(decays) == set(names.values())
    for name, decay in decays.items():
        matrix = name.endswith("weight") and not any(part in name for part in ("norm", "embedding", "prefix"))
        assert decay == (0.3 if matrix else 0.0), name
    set_rate(adamw, 0.01)
    rates = {names[id(value)]: group["lr"] for group in adamw.param_groups for value in group["params"]}
    assert all(rate == pytest.approx(0.07 if name.startswith("prefix") else 0.01) for name, rate in rates.items())


def test_streams_alone_are_trained_on_request():
    model = Model(Shape.scaled(width=16, layers=1, prefix_tokens=2), Streams(count=2))
    optimiser(model, Recipe(), "streams")
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert trained == {name for name, _ in model.named_parameters() if name.startswith(("prefix", "aggregator"))}
    assert trained
