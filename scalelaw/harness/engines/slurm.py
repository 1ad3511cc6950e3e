"""Jobs of a Slurm cluster, through submitit."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.extras import need
from scalelaw.harness.engines.slurm_queue import Call, Queue
from scalelaw.harness.engines.threads import variables

# what sbatch says where it finds no cluster
_NO_CLUSTER = ("resolve_ctls_from_dns_srv", "Could not establish a configuration source", "Unable to contact slurm")


class Slurm:
    """One Slurm job a call. Its scripts, logs and results are in the subfolder ``slurm``, which all nodes must see.

    A job that reaches its time limit, is preempted or loses its node goes back into the queue and is called again with
    the same arguments, so a call must go on from what it finds on disk.

    Parameters
    ----------
    folder : path
        The folder of the sweep, on a file system that the nodes share.
    partition, account : str, optional
        Left to Slurm's defaults where not given.
    time : int
        Time limit of a job in minutes. Short ones start sooner, and what they did not finish they go on with.
    cpus, gpus : int
        Of each job. torch gets as many threads as there are CPUs.
    memory : float, optional
        Memory of a job in GB.
    requeues : int
        How often a job may reach its time limit.
    **extra
        Other parameters of submitit's Slurm executor, such as ``qos``, ``constraint``, ``gres``, ``setup`` (a list of
        shell commands) or ``additional_parameters`` (a mapping of any options of ``sbatch``).
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        partition: str | None = None,
        time: int = 60,
        cpus: int = 1,
        gpus: int = 0,
        memory: float | None = None,
        account: str | None = None,
        requeues: int = 100,
        **extra: Any,
    ):
        self.check_here()
        submitit = need("submitit", extra="slurm", purpose="the engine slurm")
        own = {"partition": partition, "account": account} | extra
        own["setup"] = [*_setup(cpus), *own.get("setup", ())]
        own["additional_parameters"] = {"requeue": True} | own.get("additional_parameters", {})
        self._executor = submitit.AutoExecutor(Path(folder) / "slurm", "slurm", slurm_max_num_timeout=requeues)
        self._set(
            name="scalelaw", timeout_min=time, cpus_per_task=cpus, gpus_per_node=gpus or None, mem_gb=memory,
            **{f"slurm_{name}": value for name, value in own.items()},
        )  # fmt: skip
        self._queue = Queue()
        self._calls: list[Call] = []

    @staticmethod
    def check_here() -> None:
        """Refuse a machine that has no cluster, before anything is written for one.

        Raises
        ------
        HarnessError
            If Slurm's commands are missing, or find no cluster. What else they may say is left to the submission.
        MissingExtra
            If submitit is not installed.
        """
        need("submitit", extra="slurm", purpose="the engine slurm")
        if shutil.which("sbatch") is None or shutil.which("srun") is None:
            raise HarnessError(
                "there is no Slurm here (no sbatch and srun on the PATH): run this on a login node of the cluster, "
                "or choose the engine local or ray"
            )
        with contextlib.suppress(FileNotFoundError):
            answer = subprocess.run(["squeue", "--me", "--noheader"], check=False, capture_output=True, text=True)
            _refuse_no_cluster(answer.stderr)

    def _set(self, **parameters: Any) -> None:
        try:
            self._executor.update_parameters(**parameters)
        except NameError as error:
            first, _, valid = str(error).splitlines()[0].partition(" Valid arguments: ")
            name = first.split("'")[1]
            own = ["cpus", "gpus", "memory", "requeues"]
            raise HarnessError(
                f"the engine slurm has no option {name!r}: there are {', '.join(sorted([*own, *valid.split(', ')]))}"
            ) from error
        except AssertionError as error:
            raise HarnessError(f"the engine slurm cannot use an option: {error}") from error

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call:
        """Submit a job that calls ``fn(*args, **kwargs)``."""
        utils = need("submitit.core.utils", extra="slurm", purpose="the engine slurm")
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # submitit prints what it raises
                job = self._executor.submit(Resumable(), fn, args, kwargs)
        except (utils.FailedJobError, utils.FailedSubmissionError) as error:
            _refuse_no_cluster(str(error))
            said = "; ".join(line.removeprefix("sbatch: error: ") for line in str(error).splitlines())
            raise HarnessError(f"Slurm refused the job ({said}): change the options of the engine") from error
        self._calls.append(Call(job, self._queue))
        return self._calls[-1]

    def __enter__(self) -> Slurm:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        left = [call for call in self._calls if not call.done()]
        if kind is not None and left:
            subprocess.run(["scancel", *(call.job_id for call in left)], check=False, capture_output=True)
            return
        for call in left:
            call.exception()


class Resumable:
    """What a job calls. Having ``checkpoint`` makes submitit requeue it before its time is up."""

    def __call__(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Exception | None]:
        """The result, and what was raised: submitit by itself would hand back the error's text only."""
        try:
            return fn(*args, **kwargs), None
        except Exception as error:
            error.add_note(f"In a Slurm job:\n{traceback.format_exc()}")
            return None, error

    def checkpoint(self, *arguments: Any) -> Any:
        """The call to make when the job runs again: the same one, as it goes on from what is on disk."""
        helpers = need("submitit.helpers", extra="slurm", purpose="the engine slurm")
        return helpers.DelayedSubmission(self, *arguments)


def _refuse_no_cluster(said: str) -> None:
    """Say it if that is what a command of Slurm's has said."""
    if found := next((line for line in said.splitlines() if any(each in line for each in _NO_CLUSTER)), None):
        why = found.partition(": error: ")[2] or found.partition(": fatal: ")[2] or found
        raise HarnessError(f"no Slurm cluster answers here ({why}): run this on one of its nodes")


def _setup(cpus: int) -> list[str]:
    """Shell commands before a call."""
    exports = variables(cpus) | {"SRUN_CPUS_PER_TASK": str(cpus)}  # from Slurm 22.05 on srun does not ask sbatch
    return [f"export {name}={value}" for name, value in exports.items()]
