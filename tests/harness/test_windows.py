"""windows_at_once: an evaluation takes no more memory than a training step, and as many windows as that allows."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from scalelaw.cost import Shape
from scalelaw.cost.memory import evaluation_memory
from scalelaw.harness import Cell, Model, Recipe, Streams, evaluate
from scalelaw.harness.optimiser import descend, optimiser
from scalelaw.harness.windows import LITTLE, MOST, windows_at_once


def cell_of(width=32, layers=2, vocabulary=256, streams=1, batch=2, context=128, **more):
    return Cell(
        shape=Shape.scaled(width=width, layers=layers, vocabulary=vocabulary),
        streams=Streams(count=streams),
        recipe=Recipe(batch=batch, context=context),
        tokens=batch * context,
        corpus="code",
        corpus_hash="",
        **more,
    )


def peak(call):
    """The most bytes that PyTorch holds at once of those that it takes in a call."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        call()
    taken = [each.nbytes() for each in profile.profiler.kineto_results.events() if each.name() == "[memory]"]
    return max(np.cumsum(taken))


@pytest.mark.parametrize(
    "sizes",
    [
        {"vocabulary": 4096, "streams": 4},
        {"batch": 1, "streams": 4},
        {"batch": 1, "width": 64, "streams": 4, "layers": 4},
        {"batch": 8},
        {"streams": 8, "layers": 4},
        {"streams": 4, "trained": "streams"},
        {"streams": 2, "context": 600},  # beyond what attention of our own is for
    ],
)
def test_an_evaluation_takes_no_more_than_a_step(sizes):
    cell = cell_of(**sizes)
    batch, context = cell.recipe.batch, cell.recipe.context
    model, windows = Model(cell.shape, cell.streams), windows_at_once(cell)
    adamw = optimiser(model, cell.recipe, cell.trained)
    tokens = torch.zeros((batch, context), dtype=torch.long)
    descend(model.loss(tokens, tokens), model, adamw, cell.recipe)  # moments are there before
    step = peak(lambda: descend(model.loss(tokens, tokens), model, adamw, cell.recipe))
    size = 2 * windows * context
    text = SimpleNamespace(held_out=np.zeros(size + 1, int), held_out_starts=np.array([0]), held_out_bytes=size)
    found = peak(lambda: evaluate(model, text, context=context, batch=windows))
    counted = evaluation_memory(cell.shape, cell.streams.count, windows=windows, context=context)
    assert found < max(step, 1.3 * LITTLE)  # room for a block of scores, of which attention has one at a time
    assert counted == pytest.approx(found, rel=0.35)  # less a few products of attention, which live for a moment


def test_a_small_model_is_evaluated_on_many_windows_and_a_large_vocabulary_on_few():
    assert windows_at_once(cell_of(batch=1, width=16, layers=1, context=64)) > MOST / 2
    assert windows_at_once(cell_of(batch=8, layers=4)) == MOST
    assert windows_at_once(cell_of(batch=64)) == MOST
    assert 2 <= windows_at_once(cell_of(batch=2, vocabulary=32768)) <= 3
    assert windows_at_once(cell_of(batch=1, vocabulary=32768)) == 1


def test_processes_that_share_a_batch_have_each_a_share_of_the_windows():
    cell = cell_of(batch=8, vocabulary=4096)
    assert windows_at_once(cell, 4) == windows_at_once(replace(cell, recipe=replace(cell.recipe, batch=2)))
    assert windows_at_once(cell, 100) >= 1
