"""A tiny base with a tokenizer of single letters, text to train it on, and plans of a few steps."""

import random

import pytest

from scalelaw.pretrained.settings import Settings
from scalelaw.pretrained.training import Plan, Recipe

from ..conftest import plain
from ..test_evaluating import made_tokenizer

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "so", "it", "goes", "until", "end"]
RECIPE = {"batch": 4, "context": 16, "rate": 1e-3, "stream_rate": 1e-2}


@pytest.fixture(scope="session")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("material")
    plain("qwen2").save_pretrained(folder / "base")
    made_tokenizer(True).save_pretrained(folder / "base")
    drawn = random.Random(0)
    text = "\n\n".join(" ".join(drawn.choice(WORDS) for _ in range(40)) for _ in range(200))
    (folder / "text.txt").write_text(text)
    return folder


@pytest.fixture
def make_plan(material):
    def make(*, streams=2, steps=12, recipe=None, settings=None, **changes):
        chosen = Settings(**{"streams": streams, "prefix_tokens": 4, **(settings or {})})
        own = Recipe(**{**RECIPE, **(recipe or {})})
        given = {"model": str(material / "base"), "data": str(material / "text.txt"), "held_out": 500}
        return Plan(**{**given, "tokens": steps * own.tokens_a_step, "settings": chosen, "recipe": own, **changes})

    return make
