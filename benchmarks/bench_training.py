"""Training throughput of one thread: against the machine's rate of matrix products, and against transformers' Qwen2.

Width 128, 4 layers, 256 bytes of vocabulary, P = 1, batches of 16 x 256 tokens, fp32. Operations are those of
:func:`scalelaw.cost.train_flops`. Qwen2 runs in an environment of its own with this one's torch, in turns with ours, in
one process: same shape, fused AdamW and clipping; its attention is PyTorch's scaled-dot-product kernel.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import nullcontext
from pathlib import Path

from benchmarks import environments
from benchmarks.report import Row, progress
from benchmarks.timing import Timing, child_cpu_seconds, cpu_seconds

SHARE, QWEN2_TARGET = 0.45, 1.5
QWEN2 = "training step at width 128, 4 layers, P = 1, against transformers' Qwen2"


def measure(*, rounds: int = 10, keep: str | None = None) -> list[Row]:
    """A row against the machine, and one against transformers."""
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as folder:
        return [against_the_machine(rounds), against_qwen2(Path(folder), rounds)]


def against_the_machine(rounds: int) -> Row:
    """The time that a step's operations would take at the rate of matrix products, over the time it takes."""
    from benchmarks.steps import Step, matmul_rate, one_thread

    progress(f"training step against the rate of matrix products: {rounds} rounds")
    one_thread()
    step = Step()
    step()
    rates, seconds = [], []
    for _ in range(rounds):
        rates.append(matmul_rate())
        seconds.append(cpu_seconds(step, repeat=2))
    timing = Timing(tuple(step.flops / rate for rate in rates), tuple(seconds))
    tokens = step.recipe.tokens_a_step / timing.ours_seconds
    note = (
        f"Baseline: the {step.flops / 1e9:.3g} GFLOP of a step (6 N D, causal attention and head) at the rate of "
        f"512 x 512 fp32 products, {step.flops / timing.baseline_seconds / 1e9:.3g} GFLOP/s. {tokens:,.0f} tokens/s."
    )
    what = "training step at width 128, 4 layers, P = 1, share of the rate of matrix products"
    return Row.timed(what, f"{SHARE:g}x", timing.ratio >= SHARE, timing, note=note)


def against_qwen2(folder: Path, rounds: int) -> Row:
    """Both models in turns in one process."""
    target = f"{QWEN2_TARGET:g}x"
    try:
        python = environments.transformers(folder)
    except environments.NotInstalledError as problem:
        return Row(QWEN2, target, None, note=f"not installed: {problem}")
    progress(f"training step against transformers' Qwen2: {rounds} rounds")
    _, printed = child_cpu_seconds([str(python), "-m", "benchmarks.workers.qwen2_worker", str(rounds)])
    answer = json.loads(printed.splitlines()[-1])
    timing = Timing(tuple(answer["baseline"]), tuple(answer["ours"]))
    note = (
        f"transformers {answer['transformers']}, torch {answer['torch']} and the same allocator settings for both, no "
        f"torch.compile. Products with weights, at the rate of the row above, take {answer['products'] * 1e3:.3g} ms."
    )
    return Row.timed(QWEN2, target, timing.ratio >= QWEN2_TARGET, timing, note=note)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keep", help="folder for the environment, used again if it is there; else a temporary one")
    options = parser.parse_args()
    for row in measure(rounds=options.rounds, keep=options.keep):
        print(row.line())


if __name__ == "__main__":
    main()
