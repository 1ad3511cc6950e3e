"""Packages of extras: the missing one is named with the extra that brings it."""

import subprocess
import sys

import pytest

from scalelaw.errors import MissingExtra
from scalelaw.extras import need


def test_a_package_that_is_there_is_given():
    import json

    assert need("json", extra="train", purpose="training") is json


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(MissingExtra, match=r"training needs the package nowhere, .* pip install 'scalelaw\[train\]'"):
        need("nowhere.inside", extra="train", purpose="training")


def test_what_a_package_itself_misses_is_not_laid_to_the_extra(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import not_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_to_be_found"):
        need("half_there", extra="train", purpose="training")


@pytest.mark.parametrize(
    "statement",
    [
        "import scalelaw",
        "import scalelaw.harness, scalelaw.cost; scalelaw.harness.Cell",
        "import scalelaw.harness.sweep",
        "import scalelaw.harness.corpus",
        "import scalelaw.explore",
        "import scalelaw.cli.app; scalelaw.cli.app.shell()",
    ],
)
def test_what_does_not_train_loads_neither_torch_nor_the_engines(statement):
    heavy = "{'torch', 'jax', 'ray', 'submitit', 'transformers', 'datasets', 'tokenizers'}"
    code = f"import sys; {statement}; found = {heavy} & set(sys.modules); assert not found, found"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_training_without_torch_names_the_extra():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import scalelaw.errors; from scalelaw import harness\n"
        "try:\n    harness.Model\nexcept scalelaw.errors.MissingExtra as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'scalelaw[train]'" in done.stdout, done.stderr
