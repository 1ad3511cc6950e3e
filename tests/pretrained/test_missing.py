"""What needs transformers is imported late, and its absence is one sentence."""

import importlib
import subprocess
import sys

import pytest

from scalelaw import pretrained
from scalelaw.errors import MissingExtra


def test_neither_the_package_nor_the_shell_loads_transformers():
    loaded = "[m for m in ('torch', 'transformers') if m in sys.modules]"
    code = f"import sys, scalelaw.cli.app; scalelaw.cli.app.shell(); print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("package", ["torch", "transformers", "safetensors"])
def test_a_missing_package_is_named_with_its_extra(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"needs the package {package}, .* pip install 'scalelaw\[pretrained\]'"):
        importlib.reload(pretrained)
