"""Tasks of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.extras import need
from scalelaw.harness.engines.threads import limit


class Ray:
    """One Ray task a call.

    The folder of a sweep must be the same folder on every node of the cluster: a shared file system at the same path.
    Where a node is lost, Ray calls again elsewhere, so a call must go on from what it finds on disk.

    Parameters
    ----------
    jobs : int
        Number of calls for which a cluster is made where there is none.
    address : str, optional
        Address of the head node's Ray, such as ``"10.0.0.1:6379"``. Without it, the cluster of ``RAY_ADDRESS`` or one
        that ``ray start`` started on this machine; if there is none, one is started here, and stopped at the end.
        A program that has called ``ray.init`` itself keeps what it has.
    cpus, gpus : float
        Of each call. torch gets as many threads as there are CPUs, and at least one.
    """

    def __init__(self, jobs: int = 1, *, address: str | None = None, cpus: float = 1, gpus: float = 0):
        self._ray = need("ray", extra="ray", purpose="the engine ray")
        if cpus <= 0 or gpus < 0:
            raise HarnessError(f"cpus is {cpus} and gpus {gpus}: a call needs some of a CPU, and no less than no GPU")
        self._threads = max(1, int(cpus))
        self._call = self._ray.remote(_begin_and_call).options(num_returns="streaming", num_cpus=cpus, num_gpus=gpus)
        self._calls: list[Call] = []
        self._connected = not self._ray.is_initialized()
        if self._connected:
            _connect(self._ray, address, cpus=jobs * cpus)

    @staticmethod
    def check_here() -> None:
        """Refuse to go on without the package; where there is no cluster, one is started."""
        need("ray", extra="ray", purpose="the engine ray")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call:
        """Submit a task that calls ``fn(*args, **kwargs)``."""
        self._calls.append(Call(self._ray, self._call.remote(self._threads, fn, args, kwargs)))
        return self._calls[-1]

    def __enter__(self) -> Ray:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for call in self._calls:
            if kind is None:
                call.exception()
            else:
                call.kill()
        if self._connected:
            self._ray.shutdown()


class Call:
    """The future of one task, which yields twice: that it has begun, and its result."""

    def __init__(self, ray: Any, yields: Any):
        self._ray = ray
        self._yields = yields
        self._outcome: tuple[Any, BaseException | None] | None = None

    def done(self) -> bool:
        """Whether the task has ended, well or not."""
        return self._ready(self._yields.completed(), timeout=0)

    def cancel(self) -> bool:
        """Take the task back if it has not begun, and say whether that was so."""
        if self._outcome is not None or self._ready(self._yields, timeout=0):
            return False
        self._ray.cancel(self._yields)
        return isinstance(self.exception(), CancelledError)

    def kill(self) -> None:
        """End the task whether it has begun or not."""
        if not self.done():
            self._ray.cancel(self._yields, force=True)

    def exception(self) -> BaseException | None:
        """Wait, then return what was raised, or None."""
        if self._outcome is None:
            self._ready(self._yields.completed(), timeout=None)
            self._outcome = self._fetch()
        return self._outcome[1]

    def result(self) -> Any:
        """Wait, then return the result or raise."""
        error = self.exception()
        if error is not None:
            raise error
        return self._outcome[0] if self._outcome else None

    def _ready(self, what: Any, *, timeout: float | None) -> bool:
        return bool(self._ray.wait([what], timeout=timeout)[0])

    def _fetch(self) -> tuple[Any, BaseException | None]:
        errors = self._ray.exceptions
        try:
            return self._ray.get(list(self._yields)[-1]), None
        except errors.TaskCancelledError:
            return None, CancelledError("the Ray task was cancelled")
        except errors.RayTaskError as error:
            return None, error.cause if isinstance(error.cause, Exception) else error
        except errors.RayError as error:
            said = " ".join(str(error).split()) or type(error).__name__
            return None, HarnessError(f"a Ray task died before its call ended: {said} What it wrote is kept, run again")


def _begin_and_call(
    threads: int, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[Any]:
    limit(threads)
    yield None
    yield fn(*args, **kwargs)


def _connect(ray: Any, address: str | None, *, cpus: float) -> None:
    quiet = {"log_to_driver": False, "logging_level": "WARNING"}
    try:
        ray.init(address or "auto", **quiet)
    except ConnectionError as error:
        if address is not None:
            raise HarnessError(f"there is no Ray cluster at {address}: start one with `ray start --head`") from error
        ray.init("local", num_cpus=cpus, include_dashboard=False, **quiet)
