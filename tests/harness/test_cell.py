"""Cells: identity by content, stages, sums, refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest

from scalelaw.cost import Shape, train_flops
from scalelaw.errors import ScalelawError
from scalelaw.harness import Cell, Recipe, Streams, equal_flops, two_stage

CELL = Cell(
    shape=Shape.scaled(width=32, layers=2), streams=Streams(count=4), tokens=1_000_000, corpus="code", corpus_hash="0"
)


def test_a_cell_goes_through_json_and_keeps_its_id():
    cell = two_stage(CELL)
    again = Cell.from_dict(json.loads(json.dumps(cell.to_dict())))
    assert again == cell
    assert again.id == cell.id


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"tokens": 2_000_000},
        {"corpus_hash": "1"},
        {"streams": Streams(count=2)},
        {"recipe": Recipe(rate=1e-3)},
        {"shape": Shape.scaled(width=32, layers=3)},
        {"start": replace(CELL, seed=3)},
    ],
)
def test_another_content_is_another_id(changes):
    assert replace(CELL, **changes).id != CELL.id


def test_tokens_are_those_of_whole_steps():
    assert CELL.steps == 1_000_000 // (16 * 256)
    assert CELL.steps * 16 * 256 == CELL.D
    assert train_flops(CELL.shape, 4, tokens=CELL.D, context=256) == CELL.C


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("trained", ["all", "streams"])
def test_two_stages_see_the_tokens_of_one(share, trained):
    second = two_stage(CELL, share=share, trained=trained)
    first = second.start
    assert first.streams.count == 1
    assert (first.recipe.schedule, second.recipe.schedule, second.recipe.decay) == ("constant", "wsd", 1.0)
    assert second.D == CELL.D
    assert second.first_step == first.steps
    assert first.steps + second.steps == CELL.steps
    assert first.C < second.C < CELL.C  # most tokens went through one stream
    assert two_stage(replace(CELL, streams=Streams(count=2)), share=share).start == first  # shared between P


@pytest.mark.parametrize("factor", [0.3, 1.0, 7.5])
def test_equal_flops_are_equal_to_half_a_step(factor):
    wanted = CELL.C * factor
    plain = equal_flops(replace(CELL, streams=Streams()), wanted)
    assert abs(plain.C - wanted) <= 0.51 * plain.C / plain.steps


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Recipe(prefix_rate=10, rate=1, clip=1), Recipe(prefix_rate=10.0, rate=1.0, clip=np.float64(1))),
        (Streams(count=2, prefix_scale=1), Streams(count=np.int32(2), prefix_scale=1.0)),
        (replace(CELL, tokens=4_000_000), replace(CELL, tokens=4e6)),
    ],
)
def test_equal_numbers_are_one_cell(one, other):
    cells = [each if isinstance(each, Cell) else replace(CELL, **{_field(each): each}) for each in (one, other)]
    assert cells[0].id == cells[1].id == Cell.from_dict(json.loads(json.dumps(cells[1].to_dict()))).id


def _field(settings):
    return "recipe" if isinstance(settings, Recipe) else "streams"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(CELL, tokens=4e6 + 0.5), "tokens is 4000000.5; it must be a whole number"),
        (lambda: Recipe(rate="fast"), "rate is 'fast'; it must be a number"),
        (lambda: Recipe(rate=float("nan")), "rate is nan; it must be a finite number"),
        (lambda: replace(CELL, tokens=100), "100 tokens are less than one step of 4096"),
        (lambda: Streams(count=0), "P must be a whole number of at least 1"),
        (lambda: Streams(smoothing=1.5), "smoothing is 1.5; it must lie between 0 and 1"),
        (lambda: Recipe(schedule="linear"), "schedule is 'linear'; choose wsd, cosine, constant"),
        (lambda: Recipe(rate=0.0), "rate is 0.0; it must be above 0"),
        (lambda: Recipe(warmup=0.8, decay=0.5), "at most 1 in all"),
        (lambda: replace(CELL, streams=Streams(), trained="streams"), "no prefix and no aggregator to train"),
        (lambda: replace(CELL, start=replace(CELL, shape=Shape.scaled(width=64, layers=2))), "same backbone"),
        (lambda: two_stage(CELL, share=1.0), "the share of stage two is 1.0"),
        (lambda: two_stage(CELL, share=1e-6), "leaves a stage of 244 steps empty"),
        (lambda: equal_flops(CELL, 1.0), "one step of cell w32-l2-p4-"),
        (lambda: Cell.from_dict({**CELL.to_dict(), "colour": 1}), "written by another version of scalelaw"),
        (lambda: Cell.from_dict({**CELL.to_dict(), "recipe": {"momentum": 1}}), "a recipe has no field 'momentum'"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ScalelawError, match=message):
        make()
