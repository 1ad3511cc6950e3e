"""The README's Python block and shell lines run as they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import scalelaw as sl

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    block = blocks("python")[0]
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), scope)
    assert "parscale" in capsys.readouterr().out
    assert {each.name for each in tmp_path.iterdir()} == {"contours.pdf", "contours.png"}


def run_in_shell(block: str, folder: Path, **environment: str) -> None:
    script = f'set -eu\nscalelaw() {{ {shlex.quote(sys.executable)} -m scalelaw "$@"; }}\n{block}'
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="lines of a POSIX shell")
def test_the_shell_lines_run(tmp_path: Path) -> None:
    run_in_shell(blocks("sh")[0], tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {"fit.json", "curves.pdf", "pile.csv"}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="lines of a POSIX shell")
@pytest.mark.parametrize("number", [2, 3])
def test_the_shell_lines_on_fits_and_costs_run(tmp_path: Path, number: int) -> None:
    run_in_shell(blocks("sh")[number], tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="lines of a POSIX shell")
def test_the_lines_that_train_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """With a hundredth of the tokens, on fewer cells and a few texts of our own; a law of so few runs is not fitted."""
    block = blocks("sh")[1]
    for shown, run in (("16,24,32", "16"), ("1,2,4", "1,2"), ("4M", "20k --corpus text:texts"), ("--seeds 2", "")):
        assert shown in block
        block = block.replace(shown, run)
    (tmp_path / "texts").mkdir()
    for i in range(40):
        (tmp_path / "texts" / f"{i}.txt").write_text("".join(f"{i * k} and {k}\n" for k in range(200)))
    kept = [line for line in block.splitlines() if "scalelaw fit" not in line]
    assert len(kept) == len(block.splitlines()) - 1
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))
    run_in_shell("\n".join(kept), tmp_path)
    trained = sl.read(tmp_path / "runs" / "tiny").set_index("P")
    assert list(trained.index) == [1, 2]
    run_the_python_on_what_was_trained(trained.loc[2, "run"], tmp_path, monkeypatch)
    kept, guided = map(float, re.findall(r"loss=([\d.]+)", capsys.readouterr().out))
    assert kept == pytest.approx(trained.loc[2, "loss"], abs=1e-2)  # both streams of two
    assert guided != kept


def run_the_python_on_what_was_trained(run: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, block = blocks("python")
    assert "cells/ID" in block
    monkeypatch.chdir(folder)
    exec(compile(block.replace("cells/ID", f"cells/{run}"), "README.md", "exec"), {"__name__": "readme"})


def test_every_file_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (Path(__file__).parents[1] / link).exists()] == []
    assert len(links) >= 4
