"""``python -m benchmarks``: every benchmark, one table."""

from benchmarks.run import main

main()
