"""Which backend trains: what `auto` stands for, and what is refused."""

import sys

import pytest

from scalelaw.errors import HarnessError, MissingExtra
from scalelaw.harness.sweep.trainers import checked_trainer


@pytest.fixture(autouse=True)
def both_installed(monkeypatch):
    monkeypatch.setattr("scalelaw.harness.sweep.trainers.find_spec", lambda name: sys.modules.get(name, name))


@pytest.mark.parametrize(
    ("options", "backend"),
    [
        ({}, "torch"),
        ({"compile": True}, "torch"),
        ({"shard": True}, "torch"),
        ({"device": "cuda:1"}, "torch"),
        ({"together": 4}, "jax"),
        ({"devices": 2}, "jax"),
        ({"device": "tpu"}, "jax"),
        ({"device": "gpu", "together": 2}, "jax"),
    ],
)
def test_auto_is_jax_for_what_it_alone_does(options, backend):
    assert checked_trainer("auto", here=False, **options) == backend


@pytest.mark.parametrize("train", ["torch", "jax", "module:function"])
def test_a_backend_that_is_named_is_taken(train):
    assert checked_trainer(train, here=False) == train


def test_auto_names_the_extra_that_cells_together_need(monkeypatch):
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(MissingExtra, match=r"training with jax needs the package optax, .*scalelaw\[jax\]"):
        checked_trainer("auto", together=2, here=False)


def test_what_neither_does_is_refused():
    with pytest.raises(HarnessError, match="compile is for torch, as jax compiles every step anyway"):
        checked_trainer("auto", compile=True, together=2, here=False)
