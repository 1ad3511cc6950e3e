"""A fake training that worker processes can import, and grids for it."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from scalelaw.harness.sweep import grid

HERE = str(Path(__file__).parent)
TRAIN = "quick_train:train"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", HERE)
    yield
    sys.modules.pop("quick_train", None)


@pytest.fixture
def corpus():
    card = SimpleNamespace(name="code", tokenizer="bytes", vocabulary=256, hash="0123456789abcdef")
    return SimpleNamespace(card=card, train=range(10**6))


@pytest.fixture
def make(corpus):
    """A grid with small defaults."""

    def build(**settings):
        return grid(**{"width": 32, "layers": 2, "tokens": 50_000, "corpus": corpus} | settings)

    return build
