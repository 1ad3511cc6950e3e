"""A real Ray cluster of two nodes: results, errors, tasks that die, are called again or are taken back."""

from concurrent.futures import CancelledError

import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness import engines

# Ray leaves sockets and log files for the garbage collector when it disconnects, and warns of its own changes to come.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Tip. In future versions of Ray:FutureWarning"),
]


@pytest.fixture
def ray(ray_cluster, tmp_path):
    with engines.get("ray", tmp_path, 2, address=ray_cluster.address) as engine:
        yield engine


# Functions inside functions: they travel by value, as a task cannot import the tests.


def test_two_calls_run_at_once_on_two_nodes_with_one_thread(ray, tmp_path):
    def meet(folder, mine, *, other):
        import os
        import time

        import ray

        (folder / mine).touch()
        while not (folder / other).exists():
            time.sleep(0.05)
        return ray.get_runtime_context().get_node_id(), os.environ["OMP_NUM_THREADS"]

    calls = [ray.submit(meet, tmp_path, "a", other="b"), ray.submit(meet, tmp_path, "b", other="a")]
    nodes, threads = zip(*(call.result() for call in calls), strict=True)
    assert len(set(nodes)) == 2
    assert threads == ("1", "1")
    assert calls[0].done()
    assert calls[0].exception() is None
    assert calls[0].cancel() is False


def test_an_error_comes_back_as_what_it_was(ray):
    def work():
        raise HarnessError("the corpus is too short")

    with pytest.raises(HarnessError) as error:
        ray.submit(work).result()
    assert str(error.value) == "the corpus is too short"


def test_a_call_whose_process_is_killed_is_made_again(ray, tmp_path):
    def work(folder):
        import os

        checkpoint = folder / "checkpoint"
        if checkpoint.exists():
            return checkpoint.read_text()
        checkpoint.write_text("step 5")
        return os._exit(9)

    assert ray.submit(work, tmp_path).result() == "step 5"


def test_a_call_that_kills_its_process_every_time_says_so(ray):
    def work():
        import os

        os._exit(9)

    with pytest.raises(HarnessError, match="a Ray task died before its call ended"):
        ray.submit(work).result()


def test_a_call_whose_node_is_lost_goes_on_elsewhere(ray_cluster, ray, tmp_path, until):
    def work(folder, name):
        import time

        import ray

        here, checkpoint = ray.get_runtime_context().get_node_id(), folder / name
        if checkpoint.exists():
            return checkpoint.read_text(), here
        (folder / f"{name}.new").write_text(here)
        (folder / f"{name}.new").rename(checkpoint)
        while not (folder / f"stop {name}").exists():
            time.sleep(0.05)
        return here, here

    lost = ray_cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    calls = {name: ray.submit(work, tmp_path, name) for name in "abc"}
    until(lambda: all((tmp_path / name).exists() for name in calls), "three calls on three nodes")
    (there,) = (name for name in calls if (tmp_path / name).read_text() == lost.node_id)
    ray_cluster.remove_node(lost, allow_graceful=False)
    for name in calls.keys() - {there}:
        (tmp_path / f"stop {name}").touch()
    begun, ended = calls[there].result()
    assert begun == lost.node_id
    assert ended != lost.node_id


def test_a_waiting_call_can_be_taken_back_and_a_running_one_cannot(ray, tmp_path, until):
    def work(folder, name):
        import time

        (folder / name).touch()
        while not (folder / "stop").exists():
            time.sleep(0.05)
        return "in peace"

    runs = [ray.submit(work, tmp_path, name) for name in "ab"]
    until(lambda: (tmp_path / "a").exists() and (tmp_path / "b").exists(), "both calls")
    waits = ray.submit(work, tmp_path, "c")
    assert [call.cancel() for call in (*runs, waits)] == [False, False, True]
    assert isinstance(waits.exception(), CancelledError)
    assert not runs[0].done()
    (tmp_path / "stop").touch()
    assert [call.result() for call in runs] == ["in peace", "in peace"]
    assert not (tmp_path / "c").exists()


def test_leaving_by_an_error_ends_the_calls(ray_cluster, tmp_path, until):
    def work(folder):
        import time

        (folder / "begun").touch()
        time.sleep(600)

    def interrupted():
        with engines.get("ray", tmp_path, address=ray_cluster.address) as engine:
            engine.submit(work, tmp_path)
            until((tmp_path / "begun").exists, "the call")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with engines.get("ray", tmp_path, 2, address=ray_cluster.address) as engine:  # both CPUs are free again
        assert [engine.submit(abs, -1).result() for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("options", [{"cpus": 0}, {"gpus": -1}])
def test_impossible_amounts_are_refused(tmp_path, options):
    pytest.importorskip("ray")
    with pytest.raises(HarnessError, match="needs some of a CPU, and no less than no GPU"):
        engines.get("ray", tmp_path, **options)
