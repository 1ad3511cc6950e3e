"""A small corpus of made-up text, and cells that train on it in a second or two."""

from dataclasses import replace

import numpy as np
import pytest

from scalelaw.cost import Shape
from scalelaw.harness import Cell, Recipe, Streams


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    """Two hundred documents in which the next letter can be learned."""
    folder = tmp_path_factory.mktemp("texts")
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("abcdefgh"), size=4)) for _ in range(30)]
    for i in range(200):
        (folder / f"{i:03d}.txt").write_text(" ".join(rng.choice(words, size=100)))
    return folder


@pytest.fixture(scope="session")
def corpus_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def corpus(texts, corpus_cache, monkeypatch):
    from scalelaw.harness.corpus import prepare

    monkeypatch.setenv("SCALELAW_CACHE", str(corpus_cache))
    return prepare(f"text:{texts}")


@pytest.fixture
def make_cell(corpus):
    """A cell of a few steps: ``make_cell(streams=2, rate=...)``."""

    def make(streams=1, steps=12, recipe=None, stream=None, shape=None, **changes):
        settings = Recipe(**{"batch": 4, "context": 32, "rate": 5e-3, **(recipe or {})})
        cell = Cell(
            shape=Shape.scaled(width=16, layers=2, **{"prefix_tokens": 3, **(shape or {})}),
            streams=Streams(count=streams, **(stream or {})),
            recipe=settings,
            tokens=steps * settings.tokens_a_step,
            corpus=corpus.card.name,
            corpus_hash=corpus.card.hash,
        )
        return replace(cell, **changes)

    return make
