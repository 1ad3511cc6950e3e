"""Virtual environments of the packages that are compared, each with its own versions of everything."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

NEWER_PYTHONS = ("python3.12", "python3.13", "python3.14")


class NotInstalledError(RuntimeError):
    """A package that could not be installed here; the message says why."""


def chinchilla(folder: Path) -> Path:
    """Interpreter of an environment with ``chinchilla`` 0.2.0."""
    return make(folder / "chinchilla", sys.executable, [["chinchilla==0.2.0"]])


def simple_scaling_laws(folder: Path) -> Path:
    """Interpreter of an environment with ``simple-scaling-laws`` 0.2.0.

    The package asks for Python 3.12. Where none is found it is installed into this interpreter's version against its
    wish, with its dependencies by name; it runs on 3.11.
    """
    for name in NEWER_PYTHONS:
        found = shutil.which(name)
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return make(folder / "simple-scaling-laws", found, [["simple-scaling-laws==0.2.0"]])
    against_its_wish = ["--ignore-requires-python", "--no-deps", "simple-scaling-laws==0.2.0"]
    dependencies = ["numpy", "scipy", "polars", "pyyaml"]
    return make(folder / "simple-scaling-laws", sys.executable, [against_its_wish, dependencies])


def transformers(folder: Path) -> Path:
    """Interpreter of an environment with the latest ``transformers``, and all else, torch too, from this one's."""
    interpreter = make(folder / "transformers", sys.executable, [["transformers"]])
    packages = run([str(interpreter), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    here = sysconfig.get_path("purelib")
    (Path(packages) / "this_environment.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    return interpreter


def make(folder: Path, python: str, installs: list[list[str]]) -> Path:
    """Make an environment, or use the one that is there; one pip call for each list of arguments.

    Raises
    ------
    NotInstalledError
        If the environment or one of the installs fails.
    """
    interpreter = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = folder / "installed"
    if done.exists():
        return interpreter
    run([python, "-m", "venv", str(folder)])
    for arguments in installs:
        run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])
    done.touch()
    return interpreter


def run(command: list[str]) -> str:
    """What a command prints; if it fails, what it complained about is raised."""
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        complaints = [line for line in process.stderr.splitlines() if line.startswith("ERROR")] or [
            process.stderr.strip()
        ]
        raise NotInstalledError(f"{' '.join(command[1:])}: {complaints[0]}")
    return process.stdout
