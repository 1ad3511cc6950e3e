"""Calibration: a table that the roofline itself made gives back what it was made with."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from scalelaw.cost import Hardware, Shape, decode, memory, prefill
from scalelaw.cost.measured import calibrated, crossed_errors, errors
from scalelaw.errors import ScalelawError

PLAIN = Hardware(
    name="plain", peak={"fp32": 1e11}, bandwidth=1e10, memory=1e10, compute_efficiency=1.0, memory_efficiency=1.0
)
FOUND = {
    "compute_efficiency": 0.5,
    "memory_efficiency": 0.8,
    "overhead": 2e-4,
    "product_rows": 3.0,
    "attention_efficiency": 0.25,
}
TRUE = dataclasses.replace(PLAIN, **FOUND)


def table(machine=TRUE):
    rows = []
    settings = ((512, 1, 1, 16), (512, 8, 1, 16), (512, 1, 8, 256), (1024, 2, 4, 64), (1024, 8, 8, 128), (512, 2, 1, 8))
    for width, P, B, S in (*settings, (256, 4, 4, 512), (1024, 1, 1, 8)):
        shape = Shape.scaled(width=width, layers=8, vocabulary=4096)
        served = {"batch": B, "input_tokens": S, "output_tokens": 16}
        given = {**served, "weights": "fp32", "cache": "fp32", "compute": "fp32"}
        times = {name: cost(shape, P, hardware=machine, **given) for name, cost in COSTS.items()}
        held = memory(shape, P, **given)
        times["latency"] = times["prefill"] + 15 * times["per_token"]
        rows.append({"shape": json.dumps(shape.to_dict()), "P": P, **served, **times, "memory": held})
    return pd.DataFrame(rows).assign(noisy=False, dtype="fp32", predicted_memory=lambda frame: 0.9 * frame["memory"])


COSTS = {"prefill": prefill, "per_token": decode}


def test_what_a_table_was_made_with_is_found():
    found = calibrated(PLAIN, table())
    assert {name: getattr(found, name) for name in FOUND} == pytest.approx(FOUND, rel=0.1)
    assert found.name == "plain, calibrated"
    wrong = errors(found, table())
    assert max(wrong["prefill"], wrong["per_token"], wrong["latency"]) < 0.01
    assert wrong["memory"] == pytest.approx(0.1)
    assert errors(PLAIN, table())["per_token"] > 0.1


def test_noisy_rows_take_no_part():
    frame = table()
    spoiled = pd.concat([frame, frame.assign(noisy=True, prefill=1e6)], ignore_index=True)
    assert calibrated(PLAIN, spoiled) == calibrated(PLAIN, frame)
    with pytest.raises(ScalelawError, match="needs 6 measurements that are not noisy, and there are 0"):
        calibrated(PLAIN, frame.assign(noisy=True))


def test_data_types_are_not_mixed():
    with pytest.raises(ScalelawError, match="a calibration is of one data type"):
        calibrated(PLAIN, table().assign(dtype=np.array(["fp16", *["fp32"] * 7])))


def test_a_row_is_not_predicted_by_a_machine_that_saw_it():
    frame = pd.concat([table()] * 2, ignore_index=True)
    # every other row is of a machine half as fast: whoever saw the one half is wrong about the other by half or all
    frame.loc[1::2, ["prefill", "per_token", "latency"]] *= 2
    wrong = crossed_errors(PLAIN, frame)
    assert 0.4 < wrong["latency"] < 1.1
    with pytest.raises(ScalelawError, match="needs 6 measurements that are not noisy, and there are 4"):
        crossed_errors(PLAIN, table())
