"""A sweep gives the same rows wherever it runs: processes of this machine, jobs of Slurm, tasks of Ray."""

import pytest

from scalelaw.harness.sweep import grid, run
from scalelaw.runs import read

pytest.importorskip("torch", reason="the package torch is not installed: pip install 'scalelaw[train]'")
pytestmark = pytest.mark.slow

MEASURED = ["seconds"]  # columns that differ from run to run


@pytest.fixture(scope="module")
def cells():
    import made_up

    small = {"layers": 1, "batch": 4, "context": 32, "tokens": 2560, "prefix_tokens": 4}
    return grid(width=[16, 32], streams=[1, 2], corpus=made_up.corpus(), **small)


def rows(folder, cells, engine, **options):
    assert run(folder, cells, jobs=2, engine=engine, device="cpu", train="made_up:train", **options).complete
    return read(folder).drop(columns=MEASURED)


@pytest.fixture(scope="module")
def expected(tmp_path_factory, cells):
    return rows(tmp_path_factory.mktemp("local") / "tiny", cells, "local")


def test_rows_are_those_of_the_cells(expected, cells):
    assert expected["run"].tolist() == [cell.id for cell in cells]
    assert expected["P"].tolist() == [cell.streams.count for cell in cells]
    assert expected["loss"].nunique() == 4


def test_slurm(slurm_cluster, tmp_path, cells, expected):
    assert rows(tmp_path / "tiny", cells, "slurm", time=5).equals(expected)


# Ray leaves sockets for the garbage collector when it disconnects, and warns of its own changes to come.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:Tip. In future versions of Ray:FutureWarning")
def test_ray(ray_cluster, tmp_path, cells, expected):
    assert rows(tmp_path / "tiny", cells, "ray", address=ray_cluster.address).equals(expected)
