"""JAX with two devices of one thread, quick to compile, and a made-up corpus."""

import os
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

# read once, when JAX finds its devices
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_cpu_multi_thread_eigen=false --xla_backend_optimization_level=0 --xla_force_host_platform_device_count=2",
)


@pytest.fixture
def traced(monkeypatch):
    """Grows by one whenever the loss of a step is traced, which is once a compilation."""
    stepping = import_module("scalelaw.harness.jax.stepping")
    calls, loss = [], stepping.loss
    monkeypatch.setattr(stepping, "loss", lambda *arguments: (calls.append(arguments), loss(*arguments))[1])
    return calls


@pytest.fixture
def corpus(monkeypatch):
    """Tokens of a simple pattern with noise, in place of the corpora that the harness finds on this machine."""
    rng = np.random.default_rng(0)
    tokens = (np.arange(12_000) * 7 % 50 + rng.integers(0, 5, 12_000)).astype(np.uint8)
    made = SimpleNamespace(
        train=tokens[:10_000], held_out=tokens[10_000:], held_out_starts=np.arange(0, 2000, 500), held_out_bytes=2000
    )
    training = import_module("scalelaw.harness.training")
    monkeypatch.setattr(training, "corpora", SimpleNamespace(load=lambda *_, **__: made))
    return made
