"""Runs inside an environment that has transformers: a step of its Qwen2 and one of this package's in turns, JSON.

Usage, from the root of the repository: python -m benchmarks.workers.qwen2_worker ROUNDS
"""

import json
import sys

import torch
import torch.nn.functional as F
import transformers

from benchmarks.steps import SHAPE, Step, matmul_rate, one_thread
from benchmarks.timing import interleave


class Qwen2Step(Step):
    """The same step of transformers' model: same shape, batch, clipping and optimiser."""

    def build(self) -> torch.nn.Module:
        shape = self.shape
        settings = transformers.Qwen2Config(
            vocab_size=shape.vocabulary,
            hidden_size=shape.width,
            intermediate_size=shape.ffn,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            tie_word_embeddings=shape.tied,
            use_cache=False,
            attn_implementation="sdpa",
            dtype="float32",
        )
        return transformers.Qwen2ForCausalLM(settings).train()

    def loss(self) -> torch.Tensor:
        return F.cross_entropy(self.model(input_ids=self.inputs).logits.flatten(0, 1), self.targets.flatten())


def main() -> None:
    """Time both, after a step of each that is not timed."""
    one_thread()
    ours, theirs = Step(shape=SHAPE), Qwen2Step(shape=SHAPE)
    sizes = [sum(each.numel() for each in step.model.parameters()) for step in (ours, theirs)]
    if sizes[0] != sizes[1]:
        raise SystemExit(f"the models differ: {sizes[0]} and {sizes[1]} parameters")
    theirs()
    timing = interleave(theirs, ours, rounds=int(sys.argv[1]), repeat=2)
    seconds = {"baseline": timing.baseline, "ours": timing.ours}
    versions = {"transformers": transformers.__version__, "torch": torch.__version__}
    json.dump(seconds | versions | {"products": ours.product_flops / matmul_rate()}, sys.stdout)


if __name__ == "__main__":
    main()
