"""A sweep as a folder: read again as it was, grown, and refused where it is something else."""

import json

import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness.sweep.folder import check_folder, make_sweep, open_sweep
from scalelaw.harness.sweep.naming import names_of


def test_what_is_made_is_opened(tmp_path, make):
    cells = make(streams=[1, 2], two_stage=0.2)
    made = make_sweep(tmp_path / "runs" / "tiny", cells, command="scalelaw sweep runs/tiny")
    assert open_sweep(made.path) == made
    assert list(made.cells) == cells
    described = json.loads((made.path / "sweep.json").read_text())
    assert described["command"] == "scalelaw sweep runs/tiny"
    assert described["cells"] == [{"id": id, "name": name} for id, name in names_of(cells).items()]


def test_a_sweep_may_grow_and_keeps_its_date(tmp_path, make):
    make_sweep(tmp_path, make(streams=2))
    created = json.loads((tmp_path / "sweep.json").read_text())["created"]
    assert check_folder(tmp_path, make(streams=[1, 2, 4])) == 2
    grown = make_sweep(tmp_path, make(streams=[1, 2, 4]))
    assert [cell.streams.count for cell in open_sweep(tmp_path).cells] == [1, 2, 4]
    assert json.loads((grown.path / "sweep.json").read_text())["created"] == created


def test_the_same_sweep_changes_nothing(tmp_path, make):
    make_sweep(tmp_path, make(streams=[1, 2]), command="first")
    before = (tmp_path / "sweep.json").read_text()
    make_sweep(tmp_path, make(streams=[1, 2]), command="second")
    assert (tmp_path / "sweep.json").read_text() == before


@pytest.mark.parametrize("other", [{"streams": 1}, {"streams": [1, 2], "rate": 1e-3}, {"width": 48, "streams": [1, 2]}])
def test_a_different_sweep_is_refused(tmp_path, make, other):
    make_sweep(tmp_path, make(streams=[1, 2]))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(HarnessError, match="different sweep"):
        make_sweep(tmp_path, make(**other))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_with_other_things_is_refused(tmp_path, make):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(HarnessError, match=r"other things .thesis\.tex"):
        make_sweep(tmp_path, make())
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_refused(tmp_path, make):
    (tmp_path / "tiny").write_text("")
    with pytest.raises(HarnessError, match="is a file"):
        make_sweep(tmp_path / "tiny", make())


def test_a_making_that_was_interrupted_is_taken_up(tmp_path, make):
    sweep = make_sweep(tmp_path, make(streams=[1, 2]))
    (tmp_path / "sweep.json").unlink()
    assert make_sweep(tmp_path, make(streams=[1, 2])) == sweep


def test_no_sweep(tmp_path):
    with pytest.raises(HarnessError, match="holds no sweep"):
        open_sweep(tmp_path)


@pytest.mark.parametrize("contents", ["", "{", "[]", "{}", '{"cells": 3}'])
def test_a_torn_description(tmp_path, make, contents):
    make_sweep(tmp_path, make())
    (tmp_path / "sweep.json").write_text(contents)
    with pytest.raises(HarnessError, match=r"sweep\.json cannot be read"):
        open_sweep(tmp_path)


def test_a_damaged_description_is_made_again_as_its_error_advises(tmp_path, make):
    sweep = make_sweep(tmp_path, make(streams=[1, 2]))
    for name in ("runs.parquet", ".runs.lock", ".stop-0a1b"):
        (tmp_path / name).write_text("")
    (tmp_path / "sweep.json").unlink()
    assert make_sweep(tmp_path, make(streams=[1, 2])) == sweep


def test_a_table_of_ones_own_is_no_sweep(tmp_path, make):
    (tmp_path / "runs.parquet").write_text("mine")
    with pytest.raises(HarnessError, match=r"other things .runs\.parquet"):
        make_sweep(tmp_path, make())


def test_a_sweep_can_grow_beyond_its_corpus(tmp_path, make):
    """Whether a text may be repeated is asked of runs that are longer than it; those that are not stay the same."""
    first = make_sweep(tmp_path, make())
    again = make_sweep(tmp_path, make(repeat=True))
    assert [cell.id for cell in again.cells] == [cell.id for cell in first.cells]


def test_another_format(tmp_path, make):
    make_sweep(tmp_path, make())
    (tmp_path / "sweep.json").write_text('{"format": "scalelaw-sweep/9", "cells": []}')
    with pytest.raises(HarnessError, match="scalelaw-sweep/9"):
        open_sweep(tmp_path)


def test_an_edited_cell_is_told(tmp_path, make):
    sweep = make_sweep(tmp_path, make())
    path = sweep.folder(sweep.cells[0]) / "cell.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(HarnessError, match="was edited"):
        open_sweep(tmp_path)


def test_a_torn_cell_is_told(tmp_path, make):
    sweep = make_sweep(tmp_path, make())
    (sweep.folder(sweep.cells[0]) / "cell.json").write_text("{")
    with pytest.raises(HarnessError, match="missing or torn"):
        open_sweep(tmp_path)


def test_stage_one_is_told_by_its_name_and_not_by_its_id(tmp_path, make):
    cells = make(streams=[1, 2], two_stage=0.2)
    names = list(names_of(cells).values())
    assert [name.endswith("-stage1") for name in names] == [True, False, False]
    assert names[1:] == [cell.name for cell in cells[1:]]
    alone = make(schedule="constant")  # from which none goes on
    assert names_of(alone) == {alone[0].id: alone[0].name}
    sweep = make_sweep(tmp_path, cells)
    described = json.loads((tmp_path / "sweep.json").read_text())
    for each in described["cells"]:  # as an earlier version named them
        each["name"] = each["name"].removesuffix("-stage1")
    (tmp_path / "sweep.json").write_text(json.dumps(described))
    assert open_sweep(tmp_path) == sweep
    assert check_folder(tmp_path, cells) == 0


def test_a_cell_taken_out_of_the_description_is_left_out(tmp_path, make):
    cells = make(streams=[1, 2, 4])
    make_sweep(tmp_path, cells)
    described = json.loads((tmp_path / "sweep.json").read_text())
    del described["cells"][1]
    (tmp_path / "sweep.json").write_text(json.dumps(described))
    assert open_sweep(tmp_path).cells == (cells[0], cells[2])
