"""Training steps of streams on a pre-trained model, in a process of its own; prints JSON.

Usage, from the root of the repository: python -m benchmarks.workers.pretrained_worker WHAT STREAMS STEPS

WHAT is ``streams`` (the base frozen) or ``all``. ``seconds`` are CPU seconds of each step after the first; ``before``
is the resident memory before there was a model, ``peak`` the most that was ever resident, their difference thus holds
weights, gradients, AdamW's moments and activations.
"""

import json
import sys

import torch

from benchmarks.steps import one_thread
from benchmarks.timing import cpu_seconds
from benchmarks.workers.memory_worker import resident
from scalelaw.cost.measured.huggingface import random_model, small
from scalelaw.pretrained import trainable

SMOLLM2 = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49_152,
    "max_position_embeddings": 8192,
    "rope_theta": 100_000.0,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "use_cache": True,
}
"""The sizes of SmolLM2-135M; its weights do not matter for time and memory."""
BATCH, CONTEXT = 2, 128


class Step:
    """A step of AdamW on random tokens."""

    def __init__(self, config: dict, what: str, streams: int):  # type: ignore[type-arg]
        self.model = random_model(config, streams).train()
        self.adamw = torch.optim.AdamW(list(trainable(self.model, what)), lr=1e-4)
        self.tokens = torch.randint(0, config["vocab_size"], (BATCH, CONTEXT))

    def __call__(self) -> None:
        self.model(input_ids=self.tokens, labels=self.tokens, use_cache=False).loss.backward()
        self.adamw.step()
        self.adamw.zero_grad()


def main() -> None:
    """Measure one way to train."""
    what, streams, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    one_thread()
    Step(small(SMOLLM2), what, streams)()  # code and kernels that the first step loads
    before = resident("VmRSS")
    step = Step(SMOLLM2, what, streams)
    step()
    seconds = [cpu_seconds(step, repeat=1) for _ in range(steps)]
    json.dump({"seconds": seconds, "before": before, "peak": resident("VmHWM")}, sys.stdout)


if __name__ == "__main__":
    main()
