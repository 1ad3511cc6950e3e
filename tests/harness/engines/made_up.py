"""The training of the harness on a made-up corpus, for jobs that a test's patches do not reach."""

from types import SimpleNamespace

import numpy as np

from scalelaw.harness import training


def corpus():
    """Tokens of a simple pattern with noise."""
    rng = np.random.default_rng(0)
    tokens = (np.arange(12_000) * 7 % 50 + rng.integers(0, 5, 12_000)).astype(np.uint8)
    card = SimpleNamespace(name="made-up", tokenizer="bytes", vocabulary=64, hash="0123456789abcdef")
    starts = np.arange(0, 2000, 500)
    return SimpleNamespace(
        card=card, train=tokens[:10_000], held_out=tokens[10_000:], held_out_starts=starts, held_out_bytes=2000
    )


def train(cell, folder, **settings):
    """What a sweep calls as ``made_up:train``."""
    training.corpora.load = lambda *_, **__: corpus()  # instead of what the machine's cache may or may not hold
    return training.train(cell, folder, **settings)
