"""Side-by-side timings: scalelaw against the procedures and packages it is compared with.

Nothing here is a test. Each ``bench_*.py`` measures one row of the README's table and prints it as one line;
``python -m benchmarks`` runs them all and writes ``benchmarks/RESULTS.md``. Run from the root of the repository.

All times are CPU times of one thread: the machine may be shared, and a second thread would not be a better algorithm.
Thread counts are read when NumPy is first imported, so they are set here, before any module of this folder imports it.
"""

import os

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
