"""Streams on a model of SmolLM2-135M's sizes: training with the base frozen, decoding, reading a prompt, memory.

One thread, fp32, random weights, which time and memory do not hang on. Steps are CPU time, decoding and prompts the
clock's, each way in a process of its own and the ways in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from benchmarks.report import Row, progress
from benchmarks.timing import Timing, child_cpu_seconds

STREAMS = 4
STEP_TIME, STEP_MEMORY = 0.75, 0.6  # of the full step, at most
DECODING, PREFILL, MEMORY = 0.6, 1.1, 0.05
PROMPT, OUTPUT = 256, 32


def measure(*, rounds: int = 3) -> list[Row]:
    """Two rows of training and three of generation, whose clock wavers more and gets three times the rounds."""
    return [*training_rows(rounds), *generation_rows(3 * rounds)]


def training_rows(rounds: int) -> list[Row]:
    """Streams alone against everything, both with P streams."""
    found: dict[str, list[dict[str, Any]]] = {"all": [], "streams": []}
    for turn in range(rounds):
        for what, parts in found.items():
            progress(f"training step of {what}, P = {STREAMS}, round {turn + 1} of {rounds}")
            worker = [sys.executable, "-m", "benchmarks.workers.pretrained_worker", what, str(STREAMS), "2"]
            parts.append(json.loads(child_cpu_seconds(worker)[1]))
    timing = Timing(*(tuple(min(each["seconds"]) for each in found[what]) for what in ("all", "streams")))
    taken = {what: statistics.median(each["peak"] - each["before"] for each in found[what]) for what in found}
    share = taken["streams"] / taken["all"]
    return [
        Row.timed(
            f"training step of {STREAMS} streams, base frozen, against a step of everything",
            f"at most {STEP_TIME:g} of it, a ratio of {1 / STEP_TIME:.2f}x",
            timing.ratio >= 1 / STEP_TIME,
            timing,
            note="2 sequences of 128 tokens, 48 slots, AdamW, no gradient checkpointing.",
        ),
        Row(
            f"memory of a training step of {STREAMS} streams, base frozen, against a step of everything",
            f"at most {STEP_MEMORY:g} of it, a ratio of {1 / STEP_MEMORY:.2f}x",
            share <= STEP_MEMORY,
            ratio=1 / share,
            note="Highest resident memory above the process before there was a model, weights counted: "
            f"{taken['streams'] / 1e9:.2f} GB, of everything {taken['all'] / 1e9:.2f} GB.",
        ),
    ]


def generation_rows(rounds: int) -> list[Row]:
    """Decoding, reading the prompt, and memory: P streams against the base alone."""
    from benchmarks.workers.pretrained_worker import SMOLLM2
    from scalelaw.cost import Hardware, Shape
    from scalelaw.cost.measured import measure_costs

    machine = Hardware.measure(threads=1)
    sizes = {"batch": 1, "input_tokens": PROMPT, "output_tokens": OUTPUT, "repeats": 3, "threads": 1}
    frames = []
    for turn in range(rounds):
        progress(f"decoding P = 1 and {STREAMS}, round {turn + 1} of {rounds}")
        shape = Shape.from_config(SMOLLM2)
        frames.append(measure_costs(shape, streams=(1, STREAMS), config=SMOLLM2, hardware=machine, **sizes))
    one, many = ([frame.set_index("P").loc[P] for frame in frames] for P in (1, STREAMS))
    tokens = Timing(*(tuple(float(row["per_token"]) for row in rows) for rows in (one, many)))
    prompt = Timing(tuple(STREAMS * float(row["prefill"]) for row in one), tuple(float(row["prefill"]) for row in many))
    more, predicted = (
        statistics.median(float(high[name] - low[name]) for low, high in zip(one, many, strict=True))
        for name in ("memory", "predicted_memory")
    )
    served = f"batch 1, prompt of {PROMPT} tokens"
    return [
        Row.timed(
            f"decoding with {STREAMS} streams, {served}, against the base alone",
            f"at least {DECODING:g} of its tokens a second",
            tokens.ratio >= DECODING,
            tokens,
            note="The clock's seconds a token.",
        ),
        Row.timed(
            f"reading the prompt with {STREAMS} streams, {served}, against {STREAMS} times the base",
            f"at most {PREFILL:g} P times, a ratio of {1 / PREFILL:.2f}x",
            prompt.ratio >= 1 / PREFILL,
            prompt,
            note="The clock's seconds.",
        ),
        Row(
            f"memory that {STREAMS} streams add, {served}, against what cost predicts",
            f"within {MEMORY:.0%}",
            abs(more / predicted - 1) <= MEMORY,
            ratio=more / predicted,
            note=f"Measured {more / 1e6:.1f} MB, predicted {predicted / 1e6:.1f} MB; peaks of whole processes.",
        ),
    ]


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    for row in measure(rounds=parser.parse_args().rounds):
        print(row.line())


if __name__ == "__main__":
    main()
