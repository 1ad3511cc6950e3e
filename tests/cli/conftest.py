"""The shell run in this process, and tables for it to read."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.cli import main

TRUTH = {"E": 1.3, "A": 2e8, "alpha": 0.2, "k": 0.35}


@dataclass(frozen=True)
class Outcome:
    """How a run of the shell ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    def run(*arguments: object, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(each) for each in arguments])
        printed = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Outcome(stopped.value.code, printed.out, printed.err)

    return run


def table_text(names: tuple[str, str, str] = ("N", "P", "loss"), *, noise: float = 1e-3) -> str:
    """A CSV of 24 runs that follow the parscale law with known parameters."""
    sizes, streams = (grid.ravel() for grid in np.meshgrid([5e8, 7e8, 1.1e9, 1.6e9, 2.8e9, 4.4e9], [1, 2, 4, 8]))
    scatter = np.exp(noise * np.random.default_rng(3).standard_normal(len(sizes)))
    loss = laws.parscale.predict({"N": sizes, "P": streams}, TRUTH) * scatter
    rows = zip(sizes.astype(int), streams.astype(int), loss, strict=True)
    return ",".join(names) + "\n" + "".join(f"{n},{p},{value:.6f}\n" for n, p, value in rows)


@pytest.fixture
def runs_csv(tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    path.write_text(table_text())
    return path


@pytest.fixture
def odd_csv(tmp_path: Path) -> Path:
    """The same runs under column names that no alias covers."""
    path = tmp_path / "odd.csv"
    path.write_text(table_text(("model size!", "ways", "final_ce")))
    return path
