"""A machine without a cluster is refused before anything is written for one."""

import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness import engines

pytest.importorskip("submitit", reason="the package submitit is not installed")


def program(folder, name, says="", code=0):
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_without_its_commands(path):
    with pytest.raises(HarnessError, match="there is no Slurm here"):
        engines.check("slurm").check_here()


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("squeue: fatal: Could not establish a configuration source", "Could not establish a configuration source"),
        (
            "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
            "slurm_load_jobs error: Unable",
        ),
    ],
)
def test_where_no_cluster_answers(path, tmp_path, says, why):
    for name in ("sbatch", "srun"):
        program(path, name)
    program(path, "squeue", says, 1)
    with pytest.raises(HarnessError, match=rf"no Slurm cluster answers here \({why}.*\): run this on one of its nodes"):
        engines.get("slurm", tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_what_else_a_command_says_is_left_to_the_submission(path):
    for name in ("sbatch", "srun"):
        program(path, name)
    program(path, "squeue", "squeue: error: Invalid user", 1)
    engines.check("slurm").check_here()
    (path / "squeue").unlink()
    engines.check("slurm").check_here()
