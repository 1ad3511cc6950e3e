"""Machines: the table and its sources, what is refused, and the measurement of this one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from scalelaw.cost import MACHINES, Hardware, machine
from scalelaw.errors import ScalelawError

PLAIN = {"name": "mine", "peak": {"fp16": 1e12}, "bandwidth": 1e9, "memory": 1e9}


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_has_a_source_and_its_bound(name):
    found = Hardware.named(name)
    assert found.name == name
    assert len(found.source) > 20
    # no machine computes fewer operations than it reads bytes, nor more in more bits
    assert found.peak["fp16"] > found.bandwidth
    assert found.peak["fp16"] >= found.peak["fp32"]
    assert Hardware.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_names_are_read_as_people_write_them():
    assert Hardware.named("RTX 4090") == Hardware.named("rtx_4090") == MACHINES["rtx-4090"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peak": {}}, "mine has no peak rate; give one by data type"),
        ({"peak": {"fp16": -1}}, r"peak\['fp16'\] of mine is -1; it must be a number above 0"),
        ({"bandwidth": 0}, "bandwidth of mine is 0"),
        ({"memory": float("nan")}, "memory of mine is nan"),
        ({"memory": "8GB"}, "memory of mine is '8GB'"),
        ({"compute_efficiency": 1.5}, "compute_efficiency of mine is 1.5; it must lie above 0 and at most at 1"),
        ({"overhead": -1.0}, "overhead of mine is -1.0; it is a number of seconds from 0"),
        ({"flops": 1}, "a machine has no field 'flops'; its fields are name, peak"),
        ({"peak": 1e12}, "peak is a rate by data type"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ScalelawError, match=message):
        Hardware.from_dict({**PLAIN, **changes})


def test_a_missing_field_is_named():
    with pytest.raises(ScalelawError, match="a machine needs the field 'bandwidth'"):
        Hardware.from_dict({name: PLAIN[name] for name in ("name", "peak", "memory")})


def test_this_machine_is_measured_in_a_process_of_its_own():
    found = Hardware.measure(threads=1, seconds=0.01)
    assert found.name == "this machine, 1 thread"
    assert 1e8 < found.rate("fp32") < 1e15
    assert 1e8 < found.flow < 1e13
    assert found.memory == machine.physical_memory()
    assert "measured with NumPy" in found.source


@pytest.mark.parametrize("threads", [0, 1.5, True])
def test_threads_are_whole_and_positive(threads):
    with pytest.raises(ScalelawError, match="it must be a whole number of at least 1"):
        Hardware.measure(threads=threads)


def test_a_measurement_that_fails_says_so(monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "Traceback\nMemoryError: too large\n")
    monkeypatch.setattr(machine.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(ScalelawError, match=r"failed \(MemoryError: too large\); free some memory"):
        Hardware.measure(threads=1)


def test_the_best_of_the_repeats_counts(monkeypatch):
    ticks = iter(np.cumsum([0, 3.0, 1.0, 2.0, 1.0, 5.0, 1.0, 4.0, 1.0, 6.0, 1.0, 1.0]))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(ticks))
    assert machine.best(lambda: None, 0.0) == 2.0


def test_cost_needs_no_heavy_package():
    heavy = ("pandas", "torch", "transformers", "scipy", "matplotlib")
    code = f"import sys, scalelaw.cost; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
