"""The corpus ``code``: Python source that is on the machine already."""

from __future__ import annotations

import hashlib
import platform
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from scalelaw.harness.corpus.sources import Source

PACKAGES = ("sympy", "networkx", "mpmath", "torch")  # large, pure Python, and installed with torch
SMALLEST, LARGEST = 100, 400_000  # bytes of a file: less says nothing, more is generated
_LEFT_OUT = ("test", "tests", "testing", "idlelib", "turtledemo", "site-packages", "dist-packages", "__pycache__")
_LICENCES = {"sympy": "BSD-3-Clause", "networkx": "BSD-3-Clause", "mpmath": "BSD-3-Clause", "torch": "BSD-3-Clause"}
_CUT = 8_192


def source() -> Source:
    """Python's standard library and those of ``PACKAGES`` that are installed, all without their tests."""
    roots = {"python": Path(sysconfig.get_path("stdlib")), **_installed()}
    files = [(name, path) for name, root in roots.items() for path in _files(root)]
    seen = "\n".join(f"{name} {path.relative_to(roots[name]).as_posix()} {path.stat().st_size}" for name, path in files)
    missing = [name for name in PACKAGES if name not in roots]
    return Source(
        fingerprint=hashlib.sha256(seen.encode()).hexdigest(),
        licence="; ".join(
            ["PSF-2.0 (standard library)", *(f"{_LICENCES[name]} ({name})" for name in roots if name in _LICENCES)]
        ),
        described=tuple(f"{name} {_version(name)}" for name in roots),
        documents=lambda: _documents([path for _, path in files]),
        held_out_cut=_CUT,
        notes=(f"not installed, and therefore not in it: {', '.join(missing)}",) if missing else (),
    )


def _installed() -> dict[str, Path]:
    """Folders of the packages, found without importing them."""
    found = {}
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            found[name] = Path(spec.submodule_search_locations[0])
    return found


def _files(root: Path) -> list[Path]:
    return sorted(
        path
        for path in root.rglob("*.py")
        if not any(part in _LEFT_OUT for part in path.relative_to(root).parts)
        and SMALLEST <= path.stat().st_size <= LARGEST
    )


def _documents(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        yield path.read_bytes()


def _version(name: str) -> str:
    return platform.python_version() if name == "python" else metadata.version(name)
