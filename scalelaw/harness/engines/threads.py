"""How many threads the mathematics of a process may use: one by default, as jobs side by side fill the cores."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def variables(threads: int) -> dict[str, str]:
    """Environment variables that OpenMP, MKL, OpenBLAS and, as NPROC, JAX read once, when they are first used."""
    return dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"), str(threads))


def limit(threads: int) -> None:
    """Limit this process, whether it has loaded torch already or will do so later."""
    os.environ.update(variables(threads))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


@contextmanager
def inherited(threads: int) -> Iterator[None]:
    """Limit the processes that are started inside the block; the variables are put back at its end."""
    before = {name: os.environ.get(name) for name in variables(threads)}
    os.environ.update(variables(threads))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
