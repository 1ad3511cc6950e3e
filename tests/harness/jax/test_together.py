"""Cells trained together: the losses that each has alone, ends that are its own, and what cannot go together."""

import json
from dataclasses import replace

import pandas as pd
import pytest

pytest.importorskip("jax", reason="the extra jax is not installed")
pytest.importorskip("optax", reason="the extra jax is not installed")
torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("safetensors", reason="the extra train is not installed")

from scalelaw.cost import Shape  # noqa: E402
from scalelaw.errors import Diverged, HarnessError, Stopped  # noqa: E402
from scalelaw.harness.cell import Cell, Recipe, Streams  # noqa: E402
from scalelaw.harness.jax.running import JaxRun  # noqa: E402
from scalelaw.harness.jax.together import train_together  # noqa: E402
from scalelaw.harness.jax.training import train  # noqa: E402

SHAPE = Shape.scaled(width=16, layers=1, vocabulary=64, prefix_tokens=4)
RECIPE = Recipe(batch=4, context=32, clip=0.1)
CELL = Cell(
    shape=SHAPE, streams=Streams(count=2), recipe=RECIPE, tokens=20 * 128, corpus="made-up", corpus_hash="0" * 16
)
WILD = replace(CELL, recipe=replace(RECIPE, rate=1e25, clip=1e30, warmup=0.0))
GROUP = [
    CELL,
    replace(CELL, seed=1, recipe=replace(RECIPE, rate=1e-3, schedule="cosine", warmup=0.2)),
    replace(CELL, seed=2, recipe=replace(RECIPE, prefix_rate=0.0, weight_decay=0.0, clip=5.0)),
    replace(CELL, streams=Streams(count=2, prefix_scale=0.3, near_identity=True)),
]


def stopped_after(calls):
    """A ``stop`` that says yes when it has been asked so often."""
    asked = iter(range(calls + 1))
    return lambda: next(asked) == calls


def alone_and_together(cells, path, **options):
    alone = [train(cell, path / "alone" / cell.id) for cell in cells]
    folders = [path / "together" / cell.id for cell in cells]
    return alone, train_together(cells, folders, **options), folders


def close(row, expected):
    row, expected = ({name: each[name] for name in each if name != "seconds"} for each in (row, expected))
    rounded = {name: pytest.approx(value, rel=1e-5) for name, value in expected.items() if isinstance(value, float)}
    assert row == {**expected, **rounded}


def test_each_has_the_row_and_the_curve_that_it_has_alone(tmp_path, corpus):
    alone, rows, folders = alone_and_together(GROUP, tmp_path)
    assert len({row["loss"] for row in rows}) == len(GROUP)
    for row, expected, folder in zip(rows, alone, folders, strict=True):
        close(row, expected)
        assert json.loads((folder / "row.json").read_text()) == row
        assert {path.name for path in folder.iterdir()} == {
            "progress.json", "log.parquet", "weights.safetensors", "row.json"
        }  # fmt: skip
        own, curve = (pd.read_parquet(each / "log.parquet") for each in (folder, tmp_path / "alone" / folder.name))
        assert own["step"].tolist() == curve["step"].tolist()
        for column in ("train_loss", "loss", "rate"):
            pd.testing.assert_series_equal(own[column], curve[column], rtol=0, atol=1e-5)


def test_one_that_diverges_does_not_touch_the_others(tmp_path, corpus):
    told = []
    cells = [GROUP[0], WILD, GROUP[1]]
    folders = [tmp_path / "together" / cell.id for cell in cells]
    rows = train_together(cells, folders, failed=lambda cell, error: told.append((cell, error)))
    for index in (0, 2):
        close(rows[index], train(cells[index], tmp_path / "alone" / cells[index].id))
    with pytest.raises(Diverged) as alone:
        train(WILD, tmp_path / "alone" / WILD.id)
    assert told == [(WILD, rows[1])]
    assert isinstance(rows[1], Diverged)
    assert (str(rows[1]), rows[1].step) == (str(alone.value), alone.value.step)
    assert not (folders[1] / "row.json").exists()


def test_when_most_have_diverged_the_rest_go_on_by_themselves(tmp_path, corpus):
    wild = [replace(WILD, seed=seed) for seed in range(3)]
    rows = train_together([*wild, CELL], [tmp_path / cell.id for cell in [*wild, CELL]])
    assert [isinstance(row, Diverged) for row in rows] == [True] * 3 + [False]
    close(rows[3], train(CELL, tmp_path / "alone"))


def test_all_may_diverge(tmp_path, corpus):
    assert [type(row) for row in train_together([WILD], [tmp_path])] == [Diverged]


def test_stopped_cells_go_on_wherever_they_stand(tmp_path, corpus):
    alone = [train(cell, tmp_path / "alone" / cell.id) for cell in GROUP]
    folders = [tmp_path / cell.id for cell in GROUP]
    with pytest.raises(Stopped, match="4 cells trained together stopped; each goes on from its checkpoint"):
        train_together(GROUP, folders, stop=stopped_after(5))
    with pytest.raises(Stopped):  # one of them takes some steps alone
        train(GROUP[1], folders[1], stop=stopped_after(7))
    train(GROUP[2], folders[2])
    (folders[2] / "row.json").unlink()  # and one is begun anew
    for row, expected in zip(train_together(GROUP, folders, checkpoint_seconds=0.0), alone, strict=True):
        close(row, expected)


def test_one_that_stands_at_its_end_is_only_evaluated(tmp_path, corpus, monkeypatch):
    folders, finish = [tmp_path / cell.id for cell in GROUP[:2]], JaxRun.finish
    expected = [train(cell, tmp_path / "alone" / cell.id) for cell in GROUP[:2]]
    monkeypatch.setattr(JaxRun, "finish", lambda run: run.checkpoint())  # as if killed before its row was there
    train_together(GROUP[:2], folders)
    monkeypatch.setattr(JaxRun, "finish", finish)
    for row, alone, folder in zip(train_together(GROUP[:2], folders), expected, folders, strict=True):
        close(row, alone)
        assert pd.read_parquet(folder / "log.parquet")["step"].tolist() == list(range(1, 21))


def test_one_that_cannot_be_begun_is_told_and_the_others_go_on(tmp_path, corpus):
    folders, told = [tmp_path / cell.id for cell in GROUP[:2]], []
    folders[0].mkdir()
    (folders[0] / "checkpoint.safetensors").write_bytes(b"torn")
    rows = train_together(GROUP[:2], folders, failed=lambda cell, _: told.append(cell))
    assert "damaged" in str(rows[0])
    assert told == [GROUP[0]]
    close(rows[1], train(GROUP[1], tmp_path / "alone"))


def test_a_group_is_compiled_once(tmp_path, corpus, traced):
    cells = [replace(each, recipe=replace(each.recipe, beta1=0.7)) for each in GROUP]  # of no other test
    train_together(cells, [tmp_path / cell.id for cell in cells])
    assert len(traced) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(CELL, tokens=2 * CELL.tokens),
        replace(CELL, shape=replace(SHAPE, layers=2)),
        replace(CELL, streams=Streams(count=4)),
        replace(CELL, streams=Streams(count=2, prefix="reparameterised")),
        replace(CELL, recipe=replace(RECIPE, beta2=0.99)),
        replace(CELL, trained="streams"),
        replace(CELL, corpus_hash="1" * 16),
    ],
)
def test_what_needs_another_program_is_refused(other, tmp_path, corpus):
    with pytest.raises(HarnessError, match="cannot be trained together: they may differ in seed, rate, "):
        train_together([CELL, other], [tmp_path / "0", tmp_path / "1"])
    assert not any(tmp_path.iterdir())


def test_no_cells(tmp_path):
    with pytest.raises(HarnessError, match="no cells to train together"):
        train_together([], [])
