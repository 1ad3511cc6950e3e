"""A real Slurm cluster of one node and a real Ray cluster of two, on this machine, for the tests of this folder."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PACKAGES = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge"}
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=1,sched_interval=1
KillWait=1
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def until(condition, what):
    """Wait for something that is under way."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def say(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


@pytest.fixture(scope="package", autouse=True)
def importable():
    """The modules of this folder, for the processes of clusters, too, which are started later."""
    here = str(Path(__file__).parent)
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(here)
        patched.setenv("PYTHONPATH", here)
        yield
    sys.modules.pop("made_up", None)


@pytest.fixture(scope="package")
def slurm_cluster(tmp_path_factory):
    """The folder of a running cluster, which ``sbatch`` finds; what was started is stopped, whatever happens."""
    pytest.importorskip("submitit", reason="the package submitit is not installed: pip install 'scalelaw[slurm]'")
    missing = [PACKAGES[program] for program in PACKAGES if shutil.which(program) is None]
    if missing:
        pytest.skip(f"Slurm is not installed: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("only root can start a Slurm cluster with users of its own")
    folder = tmp_path_factory.mktemp("cluster")
    with contextlib.ExitStack() as daemons, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLURM_CONF", str(configure(folder)))
        start_munge(folder, daemons)
        for command in (["slurmctld", "-D"], ["slurmd", "-D"]):
            daemons.enter_context(running(command, folder))
        until(lambda: say("sinfo", "--noheader", "--format=%T").strip() == "idle", f"the node, see {folder}/*.log")
        daemons.callback(empty_queue)
        yield folder


def configure(folder):
    for name in ("state", "spool"):
        (folder / name).mkdir()
    with contextlib.ExitStack() as sockets:  # both open at once, or both could be the same
        free = [sockets.enter_context(socket.socket()) for _ in range(2)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in free]
    host = socket.gethostname().partition(".")[0]
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, host=host, ports=ports, cpus=max(2, os.cpu_count())))
    return configuration


def start_munge(folder, daemons):
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    files = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={folder}/munge.{ending}" for option, ending in files.items()]
    daemons.enter_context(running(["munged", "--foreground", "--force", f"--key-file={key}", *options], folder))
    until((folder / "munge.socket").exists, "munge")


@contextlib.contextmanager
def running(command, folder):
    """A daemon that is stopped at the end, whatever happens."""
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def empty_queue():
    """Before the daemons are stopped, as a job would outlive them."""
    say("scancel", "--user=root")
    until(lambda: say("squeue", "--noheader") == "", "the last jobs to end")


@pytest.fixture(scope="package")
def ray_cluster():
    """Two nodes of one CPU each; what was started is stopped, whatever happens."""
    pytest.importorskip("ray", reason="the package ray is not installed: pip install 'scalelaw[ray]'")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as environment, contextlib.ExitStack() as end:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.delenv("RAY_ADDRESS", raising=False)
        made = Cluster()
        end.callback(made.shutdown)
        made.add_node(**node)
        made.add_node(**node)
        yield made


@pytest.fixture(name="until")
def _until():
    return until
