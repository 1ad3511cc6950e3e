"""The README's Python block and shell lines run as they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    (block,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), scope)
    assert "parscale" in capsys.readouterr().out
    assert {each.name for each in tmp_path.iterdir()} == {"contours.pdf", "contours.png"}


@pytest.mark.skipif(os.name == "nt", reason="lines of a POSIX shell")
def test_the_shell_lines_run(tmp_path: Path) -> None:
    (block,) = blocks("sh")
    python = shlex.quote(sys.executable)
    script = f'set -eu\nscalelaw() {{ {python} -m scalelaw "$@"; }}\n{block}'
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"fit.json", "curves.pdf", "pile.csv"}


def test_every_file_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (Path(__file__).parents[1] / link).exists()] == []
    assert len(links) >= 4
