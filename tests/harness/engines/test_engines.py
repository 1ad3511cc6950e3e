"""Names, options and objects: what is given for an engine, before anything runs."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from scalelaw.errors import HarnessError, MissingExtra
from scalelaw.harness import engines


def test_an_object_with_submit_is_taken_as_it_is_and_left_open(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        with engines.get(pool, tmp_path) as engine:
            assert engine is pool
        assert pool.submit(math.sqrt, 4.0).result() == 2.0


@pytest.mark.parametrize(
    ("engine", "options", "message"),
    [
        ("dask", {}, "there is no engine 'dask': choose local, slurm, ray, or give an object with .submit"),
        (3, {}, "an object of type int is no engine: choose local, slurm, ray, or one with .submit"),
        ("local", {"thread": 1}, "the engine local has no option 'thread'; it has threads"),
        ("local", {"threads": 0}, "threads is 0: a process needs a whole number of them, at least 1"),
        ("local", {"jobs": 0}, "jobs is 0: an engine needs at least 1"),
        ("ray", {"cpu": 1}, "the engine ray has no option 'cpu'; it has address, cpus, gpus"),
    ],
)
def test_what_cannot_be_an_engine_is_refused_in_a_sentence(tmp_path, engine, options, message):
    with pytest.raises(HarnessError) as error:
        engines.get(engine, tmp_path, **options)
    assert str(error.value) == message


def test_options_of_an_object_are_its_own(tmp_path):
    with ThreadPoolExecutor(1) as pool, pytest.raises(HarnessError, match="'cpus' is for an engine by name"):
        engines.get(pool, tmp_path, cpus=1)


@pytest.mark.parametrize(("engine", "package"), [("slurm", "submitit"), ("ray", "ray")])
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, engine, package):
    monkeypatch.setitem(sys.modules, package, None)  # what makes an import fail as if it were not installed
    with pytest.raises(MissingExtra) as error:
        engines.get(engine, tmp_path)
    assert str(error.value) == (
        f"the engine {engine} needs the package {package}, which is not installed: pip install 'scalelaw[{engine}]'"
    )


def test_no_engine_is_loaded_before_it_is_wanted():
    loaded = "import sys; from scalelaw.harness import engines; print(*{'ray', 'submitit', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout.strip() == ""
