"""A study of costs, from measurements that a known machine makes up."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis.plan import read_study, study_costs
from scalelaw.analysis.plan.study import as_good_as
from scalelaw.cost import Hardware, Shape, decode, memory, parameters, prefill
from scalelaw.cost.measured import measuring
from scalelaw.errors import ScalelawError

MACHINE = Hardware(
    name="made up",
    peak={"fp32": 1e11},
    bandwidth=1e10,
    memory=1e10,
    compute_efficiency=1.0,
    memory_efficiency=1.0,
    overhead=1e-4,
    product_rows=2.0,
)
SHAPE = Shape.sized("3M", vocabulary=256)
SMALL = {"streams": [4], "batch": [1, 8], "input_tokens": 8, "output_tokens": 4, "threads": 1}


@pytest.fixture(scope="module")
def stack():
    return sl.fit("parscale", sl.load("parscale-stack"))


@pytest.fixture
def asked(monkeypatch):
    """Jobs that were asked for; each takes what the roofline says of a machine half as fast."""
    jobs, slow = [], dataclasses.replace(MACHINE, compute_efficiency=0.5, memory_efficiency=0.5, overhead=2e-4)

    def process(job):
        jobs.append(job)
        shape, P = Shape.from_dict(job["shape"]), job["streams"]
        given = {name: job[name] for name in ("batch", "input_tokens", "output_tokens")}
        given |= {"weights": "fp32", "cache": "fp32", "compute": "fp32"}
        first, each = (cost(shape, P, hardware=slow, **given) for cost in (prefill, decode))
        return {
            "prefill": [first] * 2,
            "per_token": [each] * 2,
            "memory": memory(shape, P, **given),
            "resident": 6,
            "faults": 0,
        }

    monkeypatch.setattr(measuring, "_found", process)
    monkeypatch.setattr(Hardware, "measure", lambda **_: MACHINE)
    return jobs


def test_a_study_measures_both_ways_and_compares(stack, asked, tmp_path):
    found = study_costs(tmp_path / "new", stack, base=SHAPE, **SMALL)
    assert len(asked) == len(found.measured) == 6
    assert set(found.ways["way"]) == {"streams", "parameters"}
    # everything takes twice as long as predicted, so ratios are as predicted
    np.testing.assert_allclose(found.added["latency_ratio"], found.added["latency_ratio_predicted"], rtol=1e-6)
    assert found.added["memory_ratio"].notna().all()
    (errors,) = found.accuracy.to_dict("records")
    assert errors["latency"] == pytest.approx(0.5, abs=0.02)
    assert errors["memory"] == pytest.approx(0, abs=1e-6)
    assert "what P = 4 adds" in found.report()
    assert found.to_dict()["hardware"]["product_rows"] == 2.0
    # nothing is measured twice, and a study of more goes on from here
    study_costs(tmp_path / "new", stack, base=SHAPE, **SMALL)
    assert len(asked) == 6
    more = study_costs(tmp_path / "new", stack, base=SHAPE, **{**SMALL, "batch": [1, 2, 4, 8]})
    assert len(asked) == len(more.measured) == 12
    assert more.accuracy["predicted by"].tolist() == ["the machine as measured", "calibrated on the other half"]
    assert more.accuracy["latency"][1] < 0.05


def test_the_models_compared_are_as_good_by_the_law(stack):
    two, four = as_good_as(stack, SHAPE, [2, 4])
    k = stack.params["k"]
    for shape, P, beyond in ((two, 2, 1.0), (four, 4, 1.03)):
        worth = beyond * parameters(SHAPE, P)["N"] * (1 + k * np.log(P))
        assert parameters(shape)["N"] == pytest.approx(worth, rel=0.02)
        assert shape.vocabulary == 256


def test_a_study_is_read_without_measuring(stack, asked, tmp_path):
    made = study_costs(tmp_path, stack, base=SHAPE, **SMALL)
    what = {name: value for name, value in SMALL.items() if name != "threads"}
    asked.clear()
    read = read_study(tmp_path, stack, base=SHAPE, **what)
    assert not asked
    assert read.report() == made.report()
    # where a setting was not measured its place stays empty
    table = pd.read_parquet(tmp_path / "costs.parquet")
    largest = (table["batch"] == 8) & (table["N"] == table["N"].max())
    table[~largest].to_parquet(tmp_path / "costs.parquet")
    less = read_study(tmp_path, stack, base=SHAPE, **what)
    assert less.added["memory_parameters"].isna().tolist() == [False, True]
    assert "nan" not in less.report().lower()
    with pytest.raises(ScalelawError, match="holds no row of these models"):
        read_study(tmp_path, stack, base=SHAPE, **{**what, "batch": [3]})
    with pytest.raises(ScalelawError, match=r"holds no study, as it lacks hardware.json and costs.parquet"):
        read_study(tmp_path / "none", stack, base=SHAPE, **what)


def test_the_study_that_ships_keeps_its_promises(stack):
    """Its README's numbers: the roofline is within 25 % in latency and 10 % in memory."""
    found = read_study(Path(__file__).parents[2] / "runs" / "cost-cpu", stack)
    (measured, _) = found.accuracy.to_dict("records")
    assert measured["latency"] < 0.25
    assert measured["memory"] < 0.1
    assert (found.added["memory_ratio"].dropna() > 4).all()


def test_noise_is_said_and_left_out(stack, asked, monkeypatch, tmp_path):
    plain = measuring._found

    def process(job):
        found = plain(job)
        return {**found, "prefill": [1.0, 2.0]} if job["batch"] == 8 else found

    monkeypatch.setattr(measuring, "_found", process)
    found = study_costs(tmp_path, stack, base=SHAPE, **SMALL)
    assert "3 of 6 rows are noisy" in found.report()
    assert "of 3 rows" in found.report()


def test_bad_input(stack, asked, tmp_path):
    with pytest.raises(ScalelawError, match="a study compares several streams with one"):
        study_costs(tmp_path, stack, base=SHAPE, **{**SMALL, "streams": 1})
    (tmp_path / "file").write_text("")
    with pytest.raises(ScalelawError, match="cannot make the folder"):
        study_costs(tmp_path / "file", stack, base=SHAPE, **SMALL)
    pd.DataFrame({"N": [1]}).to_parquet(tmp_path / "costs.parquet")
    with pytest.raises(ScalelawError, match="is no table of measurements"):
        study_costs(tmp_path, stack, base=SHAPE, **SMALL)
    assert not asked
