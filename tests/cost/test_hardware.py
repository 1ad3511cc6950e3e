"""Machines: the table and its sources, what is refused, and the measurement of this one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from scalelaw.cost import MACHINES, Hardware, machine, probes
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
        ({"peak": {"FP16": 1e12}}, "mine has a rate for 'FP16'; data types are fp32, "),
        ({"bandwidth": 0}, "bandwidth of mine is 0"),
        ({"memory": float("nan")}, "memory of mine is nan"),
        ({"memory": "8GB"}, "memory of mine is '8GB'"),
        ({"compute_efficiency": 1.5}, "compute_efficiency of mine is 1.5; it must lie above 0 and at most at 1"),
        ({"overhead": -1.0}, "overhead of mine is -1.0; it is a number of seconds from 0"),
        ({"product_rows": -1.0}, "product_rows of mine is -1.0; it is a number of rows from 0"),
        ({"attention_efficiency": 0}, "attention_efficiency of mine is 0; it must lie above 0"),
        ({"flops": 1}, "a machine has no field 'flops'; its fields are name, peak"),
        ({"peak": 1e12}, r"peak of a machine is 1000000000000.0; it must be a rate by data type, as in \{"),
        ({"name": 5}, "name of a machine is 5; it must be a text"),
        ({"derived": "peak"}, "derived of a machine is 'peak'; it must be a text by field"),
        ({"noisy": "no"}, "noisy of a machine is 'no'; it must be true or false"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ScalelawError, match=message):
        Hardware.from_dict({**PLAIN, **changes})


def test_a_missing_field_is_named():
    with pytest.raises(ScalelawError, match="a machine needs the field 'bandwidth'"):
        Hardware.from_dict({name: PLAIN[name] for name in ("name", "peak", "memory")})


@pytest.mark.slow
def test_this_machine_is_measured_in_a_process_of_its_own():
    found = Hardware.measure(threads=1, seconds=0.01)
    assert found.name == "this machine, 1 thread"
    assert 1e8 < found.rate("fp32") < 1e15
    assert 1e8 < found.flow < 1e13
    assert found.memory == machine.physical_memory()
    assert found.product_rows >= 0
    assert 0 < found.attention_efficiency <= 1
    assert "measured with " in found.source


@pytest.mark.parametrize(("peak", "bandwidth", "extra"), [(1e11, 1e10, 0.0), (5e10, 2e10, 12.0)])
def test_rates_are_found_from_times_that_they_made(peak, bandwidth, extra):
    weights, rows = 10**6, np.array(probes.ROWS)
    took = 2 * weights * (rows + extra * (rows > 1)) / peak
    found = probes.rates(probes.ROWS, np.where(rows > 1, took, 4 * weights / bandwidth), weights)
    assert found["peak"] == pytest.approx(peak)
    assert found["bandwidth"] == pytest.approx(bandwidth)
    assert found["product_rows"] == pytest.approx(extra, abs=1e-6)


def test_times_that_are_no_line_have_no_rows_beside_their_own():
    found = probes.rates([1, 2, 4, 8], [1.0, 0.9, 2.1, 4.4], 100)
    assert found["product_rows"] == 0
    assert found["peak"] == pytest.approx(200 / 0.53, rel=0.1)


@pytest.mark.parametrize("package", ["torch", "numpy"])
def test_a_library_measures(monkeypatch, capsys, package):
    if package == "torch":
        pytest.importorskip("torch", reason="the extra train is not installed")
    else:
        monkeypatch.setattr(probes.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(probes, "WEIGHTS", 2**20)
    monkeypatch.setattr(probes, "ROWS", (1, 2, 4))
    monkeypatch.setattr(sys, "argv", ["probes", "1", "0"])
    probes.main()
    found = json.loads(capsys.readouterr().out)
    assert found.pop("disturbed") > -1
    made = Hardware(name="here", peak={"fp32": found.pop("peak")}, memory=1e9, source=found.pop("with"), **found)
    assert made.source.startswith({"torch": "PyTorch", "numpy": "NumPy"}[package])
    assert (made.overhead > 0) == (package == "torch")


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
    used = iter(np.cumsum([0, 6.0, 0.0, 3.0, 0.0, 5.0, 0.0, 4.0, 0.0, 6.0]))
    monkeypatch.setattr(probes.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(probes.time, "process_time", lambda: next(used))
    assert min(probes.repeats(lambda: None, 0.0, least=5)) == (2.0, 3.0)


@pytest.mark.parametrize(
    ("repeats", "disturbed"),  # seconds and processor seconds of 1, 2 and 4 rows, two threads
    [
        ([[(1.0, 2.0), (9.0, 2.0)], [(2.0, 4.0), (3.0, 3.0)], [(3.0, 6.0)]], 0.0),
        ([[(1.0, 2.0)], [(2.0, 2.0)], [(3.0, 2.0)]], 1.5),
        ([[(4.0, 8.0)], [(2.0, 4.0)], [(3.0, 6.0)]], 1.0),
    ],
)
def test_a_busy_machine_is_flagged(monkeypatch, repeats, disturbed):
    times = iter([[probes.Repeat(*each) for each in rows] for rows in repeats])
    monkeypatch.setattr(probes, "repeats", lambda *_, **__: next(times))
    monkeypatch.setattr(probes, "ROWS", (1, 2, 4))
    found = probes.by_products(lambda *size: np.ones(size), np.dot, 2**20, 0.0, 2)
    assert found["disturbed"] == pytest.approx(disturbed)
    assert found["bandwidth"] == pytest.approx(4 * 2**20 / repeats[0][0][0])
    measured = {"peak": 1e11, "bandwidth": 1e10, "with": "a clock", "disturbed": disturbed}
    done = subprocess.CompletedProcess([], 0, json.dumps(measured), "")
    monkeypatch.setattr(machine.subprocess, "run", lambda *_, **__: done)
    made = Hardware.measure(threads=1)
    assert made.noisy == (disturbed > 0.2)
    assert Hardware.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_cost_needs_no_heavy_package():
    heavy = ("pandas", "torch", "transformers", "scipy", "matplotlib")
    code = f"import sys, scalelaw.cost; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
