"""Measurements of tiny models: what a table holds, what is flagged, what is refused."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from scalelaw.cost import Hardware, Shape, parameters
from scalelaw.cost.measured import flagged, measure_costs, measuring, read_measured, worker
from scalelaw.errors import ScalelawError

TINY = Shape.scaled(width=32, layers=2, prefix_tokens=4)
MACHINE = Hardware(name="made up", peak={"fp32": 1e11}, bandwidth=1e10, memory=1e10)
JOB = {
    "shape": TINY.to_dict(),
    "streams": 2,
    "batch": 1,
    "input_tokens": 4,
    "output_tokens": 3,
    "repeats": 2,
    "warmup": 1,
    "threads": 1,
    "device": "cpu",
    "dtype": "fp32",
}


def answers(monkeypatch, found):
    """Let every process answer this."""
    asked = []

    def run(command, *, input, **_):
        asked.append(json.loads(input))
        return subprocess.CompletedProcess(command, 0, json.dumps(found), "")

    monkeypatch.setattr(measuring.subprocess, "run", run)
    return asked


def test_a_tiny_model_is_measured_in_a_process_of_its_own():
    pytest.importorskip("torch", reason="the extra train is not installed")
    given = {"streams": 2, "batch": 2, "input_tokens": 8, "output_tokens": 4, "repeats": 3, "threads": 1}
    (row,) = measure_costs(TINY, **given, hardware=MACHINE).to_dict("records")
    assert row["N"] == parameters(TINY, 2)["N"]
    assert (row["P"], row["batch"], row["dtype"], row["hardware"]) == (2, 2, "fp32", "made up")
    assert 0 < row["per_token"] < row["latency"]
    assert row["latency"] == pytest.approx(row["prefill"] + 3 * row["per_token"])
    assert row["tokens_per_second"] == pytest.approx(2 / row["per_token"])
    assert 0 <= row["memory"] < 1e9
    assert row["predicted_latency"] > 0


def test_a_device_that_is_not_there_is_named():
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ScalelawError, match="device cuda:0 is not available on this machine"):
        worker.measured({**JOB, "device": "cuda"})


def test_another_device_needs_the_machine_that_predictions_are_for():
    with pytest.raises(ScalelawError, match="what cuda is cannot be measured; name the machine"):
        measure_costs(TINY, device="cuda", threads=1)


def test_measuring_without_torch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ScalelawError, match=r"measuring costs needs the package torch, .* 'scalelaw\[train\]'"):
        worker.measured(JOB)


def test_the_worker_counts_as_many_repeats_as_were_asked_for():
    pytest.importorskip("torch", reason="the extra train is not installed")
    found = worker.measured(JOB)
    assert (len(found["prefill"]), len(found["per_token"])) == (2, 2)
    assert all(seconds > 0 for seconds in found["prefill"] + found["per_token"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets the peak begin anew")
def test_memory_is_that_of_the_model():
    pytest.importorskip("torch", reason="the extra train is not installed")
    shape = Shape.scaled(width=256, layers=12, vocabulary=20000)
    given = {"streams": 2, "batch": 1, "input_tokens": 16, "output_tokens": 4, "repeats": 1, "threads": 1}
    frame = measure_costs(shape, **given, hardware=MACHINE)
    assert frame["memory"][0] == pytest.approx(frame["predicted_memory"][0], rel=0.05, abs=4e6)
    assert frame["resident"][0] >= 0.95 * frame["memory"][0]


def test_all_are_combined(monkeypatch):
    asked = answers(monkeypatch, {"prefill": [1.0, 1.0], "per_token": [0.1, 0.1], "memory": 5, "faults": 0})
    frame = measure_costs(TINY, streams=[1, 2], batch=[1, 4], input_tokens=[8, 16], hardware=MACHINE, threads=1)
    assert len(frame) == 8
    assert [(each["repeats"], each["warmup"]) for each in asked] == [(5, 1), (1, 0)] * 8  # times, then memory
    assert asked[0]["shape"] == asked[1]["shape"] == TINY.to_dict()
    assert (frame["prefill"] == 1.0).all()
    assert not frame["noisy"].any()


@pytest.mark.parametrize(
    ("found", "noisy"),
    [
        ({"prefill": [1.0, 1.1, 1.19], "per_token": [0.1, 0.1, 0.1], "faults": 0}, False),
        ({"prefill": [1.0, 1.0, 1.3], "per_token": [0.1, 0.1, 0.1], "faults": 0}, True),
        ({"prefill": [1.0, 1.0, 1.0], "per_token": [0.1, 0.2, 0.1], "faults": 0}, True),
        ({"prefill": [1.0, 1.0, 1.0], "per_token": [0.1, 0.1, 0.1], "faults": 7}, True),
    ],
)
def test_a_spread_above_a_fifth_and_swapping_are_flagged(monkeypatch, found, noisy):
    answers(monkeypatch, {**found, "memory": 5})
    frame = measure_costs(TINY, streams=1, batch=1, hardware=MACHINE, threads=1)
    assert frame["noisy"].tolist() == [noisy]
    # the median stands whatever the spread
    assert frame["prefill"][0] == np.median(found["prefill"])
    assert flagged(frame, above=10.0).tolist() == [found["faults"] > 0]


@pytest.mark.parametrize(
    ("done", "message"),
    [
        ((0, '{"error": "out of memory"}', ""), r"measuring P = 1 at batch 1 failed \(out of memory\); take a smaller"),
        ((-9, "", ""), "killed by signal 9, as happens where memory is short"),
        ((1, "", "Traceback\nModuleNotFoundError: torch"), "ModuleNotFoundError: torch"),
    ],
)
def test_a_measurement_that_fails_names_its_setting(monkeypatch, done, message):
    monkeypatch.setattr(measuring.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], *done))
    with pytest.raises(ScalelawError, match=message):
        measure_costs(TINY, streams=1, batch=1, hardware=MACHINE, threads=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "batch is 0"),
        ({"streams": 1.5}, "streams is 1.5"),
        ({"repeats": 0}, "repeats is 0"),
        ({"threads": -1}, "threads is -1"),
        ({"dtype": "int4"}, "dtype is 'int4'; choose fp32, bf16, fp16"),
        ({"hardware": "abacus"}, "no hardware is called 'abacus'"),
        ({"shapes": []}, "what is measured is a Shape or several"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, message):
    with pytest.raises(ScalelawError, match=message):
        measure_costs(**{"shapes": TINY, "hardware": MACHINE, "threads": 1, **options})


def test_rows_are_written_as_they_come_and_not_measured_twice(monkeypatch, tmp_path):
    found = {"prefill": [1.0, 1.0], "per_token": [0.1, 0.1], "memory": 5, "faults": 0}
    asked = answers(monkeypatch, found)
    given = {"batch": 1, "hardware": MACHINE, "threads": 1, "into": tmp_path / "costs.parquet"}
    measure_costs(TINY, streams=[1, 2], **given)
    assert len(asked) == 2 * 2  # times and memory of each
    frame = measure_costs(TINY, streams=[1, 2, 4], **given)
    assert frame["P"].tolist() == [1, 2, 4]
    assert len(asked) == 3 * 2
    # what is asked for otherwise is another measurement: here on two threads
    frame = measure_costs(TINY, streams=4, **{**given, "threads": 2})
    assert frame["threads"].tolist() == [1, 1, 1, 2]
    pd.testing.assert_frame_equal(read_measured(given["into"]), frame)


def test_a_stop_loses_no_row(monkeypatch, tmp_path):
    path, done = tmp_path / "costs.parquet", []

    def process(job):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job)
        return {"prefill": [1.0], "per_token": [0.1], "memory": 5, "resident": 6, "faults": 0}

    monkeypatch.setattr(measuring, "_found", process)
    with pytest.raises(KeyboardInterrupt):
        measure_costs(TINY, hardware=MACHINE, threads=1, into=path)
    assert len(read_measured(path)) == 2


def test_noisy_rows_are_measured_again_when_asked_for(monkeypatch, tmp_path):
    given = {"streams": 1, "batch": 1, "hardware": MACHINE, "threads": 1, "into": tmp_path / "costs.parquet"}
    answers(monkeypatch, {"prefill": [1.0, 2.0], "per_token": [0.1, 0.1], "memory": 5, "faults": 0})
    assert measure_costs(TINY, **given)["noisy"].tolist() == [True]
    asked = answers(monkeypatch, {"prefill": [1.0, 1.0], "per_token": [0.1, 0.1], "memory": 5, "faults": 0})
    assert measure_costs(TINY, **given)["noisy"].tolist() == [True]
    assert not asked
    assert measure_costs(TINY, again=True, **given)["noisy"].tolist() == [False]


def test_a_file_that_is_no_table_is_refused(tmp_path):
    pd.DataFrame({"N": [1]}).to_parquet(tmp_path / "other.parquet")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    for name, message in (
        ("other.parquet", "is no table of measurements: it lacks model, shape"),
        ("torn.parquet", "cannot be read as a table of measurements"),
        ("table.csv", r"name a \.parquet file in a folder that exists"),
        ("nowhere/table.parquet", r"name a \.parquet file in a folder that exists"),
    ):
        with pytest.raises(ScalelawError, match=message):
            measure_costs(TINY, hardware=MACHINE, into=tmp_path / name)


def test_the_table_survives_a_file(monkeypatch, tmp_path):
    answers(monkeypatch, {"prefill": [1.0], "per_token": [0.1], "memory": 5, "faults": 0})
    frame = measure_costs(TINY, streams=1, batch=1, hardware=MACHINE, threads=1)
    frame.to_parquet(tmp_path / "costs.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "costs.parquet"), frame)
