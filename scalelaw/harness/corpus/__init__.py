"""Text to train on: prepared once, split by document, kept as tokens, described by a card."""

from scalelaw.harness.corpus.card import Card, Corpus
from scalelaw.harness.corpus.preparing import load, prepare
from scalelaw.harness.corpus.sources import KNOWN

__all__ = ["KNOWN", "Card", "Corpus", "load", "prepare"]
