"""The harness's model read token by token, with keys and values kept: what serving it does.

Sizes as in `scalelaw.harness.model`: B batch, S tokens, P streams, T prefix slots, H heads, K kv heads, D head size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from scalelaw.errors import HarnessError
from scalelaw.harness.model import Block, Model, rotary, rotate


class Decoder:
    """Generation with a cache of fixed length, T prefix slots and so many tokens, for every stream.

    Parameters
    ----------
    model : Model
    batch : int
        B.
    length : int
        Tokens read and generated in all.

    Raises
    ------
    HarnessError
        If the model's prefix has not faded in.
    """

    def __init__(self, model: Model, *, batch: int, length: int):
        if model.prefix is not None and float(model.prefix_gate) < 1:
            raise HarnessError("the prefix of this model has not faded in; serve it after training")
        self.model, self.batch = model, batch
        shape, P = model.shape, model.streams.count
        weight = model.embedding.weight
        self.slots = shape.prefix_slots(P)
        size = (P * batch, shape.kv_heads, self.slots + length, shape.head_size)
        self.keys = [weight.new_empty(size) for _ in range(shape.layers)]
        self.values = [weight.new_empty(size) for _ in range(shape.layers)]
        self.cosine, self.sine = rotary(length, shape.head_size, weight.device)
        self.read = 0
        for layer, prefix in enumerate(model.prefixes()):
            if prefix is not None:  # (P, K, T, D), a copy for each sequence
                for cache, own in zip((self.keys[layer], self.values[layer]), prefix, strict=True):
                    cache[:, :, : self.slots] = own.repeat_interleave(batch, dim=0)

    @torch.no_grad()
    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits (B, vocabulary) of what follows ``tokens`` (B, n), read after all before them."""
        P, model = self.model.streams.count, self.model
        x = model.embedding(tokens).repeat(P, 1, 1)
        for layer, block in enumerate(model.blocks):
            assert isinstance(block, Block)
            x = x + self._attend(block, layer, block.attention_norm(x))
            x = x + block.mlp(block.mlp_norm(x))
        self.read += tokens.shape[1]
        streams = model.norm(x[:, -1:]).unflatten(0, (P, -1))
        hidden = streams[0] if model.aggregator is None else model.aggregator(streams)
        return model.read(hidden)[:, -1]

    def _attend(self, block: Block, layer: int, x: Tensor) -> Tensor:
        attention = block.attention
        H, K, D = attention.heads, attention.kv_heads, attention.size
        rows, count, _ = x.shape
        q, k, v = attention.qkv(x).view(rows, count, H + 2 * K, D).split((H, K, K), dim=2)
        positions = slice(self.read, self.read + count)
        q, k = (rotate(each, self.cosine[positions], self.sine[positions]).to(v.dtype) for each in (q, k))
        begin = self.slots + self.read
        self.keys[layer][:, :, begin : begin + count] = k.transpose(1, 2)
        self.values[layer][:, :, begin : begin + count] = v.transpose(1, 2)
        keys, values = (cache[layer][:, :, : begin + count] for cache in (self.keys, self.values))
        if count == 1:  # the heads that share keys are as queries of one head, which see all
            mixed = F.scaled_dot_product_attention(q.view(rows, K, H // K, D), keys, values)
            return attention.out(mixed.reshape(rows, 1, H * D))
        visible = torch.ones(count, begin + count, dtype=torch.bool, device=x.device).tril(begin)
        mixed = F.scaled_dot_product_attention(q.transpose(1, 2), keys, values, attn_mask=visible, enable_gqa=H != K)
        return attention.out(mixed.transpose(1, 2).flatten(2))


def unmeaning(shape, streams, *, seed: int = 0, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Model:  # type: ignore[no-untyped-def]
    """A model of small random weights, made in place: cost does not depend on what weights mean."""
    from scalelaw.harness.cell import Streams

    with torch.device("meta"):
        model = Model(shape, Streams(count=streams))
    model.to_empty(device=device).to(dtype)
    generator = torch.Generator(device).manual_seed(seed)
    with torch.no_grad():
        for value in model.parameters():
            value.uniform_(-0.02, 0.02, generator=generator)
        model.prefix_gate.fill_(1.0)
    return model.eval()
