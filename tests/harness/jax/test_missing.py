"""Without JAX: the rest of the harness does not load it, and one sentence names the extra."""

import subprocess
import sys
from types import ModuleType

import pytest

from scalelaw.errors import MissingExtra
from scalelaw.harness import jax as harness_jax


@pytest.mark.parametrize("package", ["jax", "optax", "torch"])
def test_a_missing_package_is_named_with_its_extra(package, monkeypatch):
    for each in ("jax", "optax", "torch"):  # the others are there, wherever this runs
        monkeypatch.setitem(sys.modules, each, None if each == package else ModuleType(each))
    with pytest.raises(MissingExtra, match=rf"package {package}, .*scalelaw\[jax\]"):
        _ = harness_jax.train


def test_the_name_of_a_part_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = harness_jax.trian


def test_jax_is_loaded_late():
    code = "import sys, scalelaw.harness.jax; assert not {'jax', 'optax', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_functions_stay_functions_when_their_modules_are_loaded():
    for package in ("jax", "optax", "torch", "safetensors"):
        pytest.importorskip(package, reason="the extra jax is not installed")
    for _ in range(2):
        assert all(callable(getattr(harness_jax, name)) for name in harness_jax.__all__)
