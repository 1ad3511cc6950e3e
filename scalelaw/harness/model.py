"""A Qwen2-like decoder with P parallel streams, in PyTorch; read it from top to bottom.

- P streams see the same tokens; each has learned keys and values of its own, the prefix, in every layer and kv head
- prefix keys are not rotated; the positions of the text begin at 0; streams do not meet before the end
- after the final norm an aggregator weighs the streams, token by token; one output head reads the weighted sum
- RMSNorm, rotary positions, grouped-query attention, gated SiLU MLP, tied embedding, biases on q, k and v
- P = 1 is the plain model: no prefix, no aggregator

How its weights begin is in ``initialising``, how it goes on with a text in ``generating``, how streams are dropped and
merged in ``other_streams``.

Source: arXiv 2505.10475. Sizes in comments: B batch, S tokens, W width, P streams, T prefix slots, H heads, K kv heads,
D head size; a batch of streams is stream-major, (P B, S, W).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError
from scalelaw.harness import counting, generating, other_streams
from scalelaw.harness.attention import attend
from scalelaw.harness.cell import Streams
from scalelaw.harness.initialising import initialise
from scalelaw.harness.other_streams import backbone as backbone

EPSILON = 1e-6  # of RMSNorm
ROPE_BASE = 10_000.0
REPARAMETERISED_SEED, REPARAMETERISED_WIDTH = 128, 512  # sizes of the MLP that makes prefixes, which is merged later


def rotary(tokens: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of rotary positions, each (S, 1, D/2): angle t base^(-2 i/D) for pair i at position t."""
    frequency = ROPE_BASE ** -(torch.arange(0, size, 2, device=device, dtype=torch.float32) / size)
    angle = torch.outer(torch.arange(tokens, device=device, dtype=torch.float32), frequency)
    return angle.cos()[:, None], angle.sin()[:, None]


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn the pairs (i, i + D/2) of x (B, S, H, D) by their angles."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


class Norm(nn.Module):
    """RMSNorm: x / sqrt(mean(x^2) + epsilon) * weight."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, EPSILON)


class Attention(nn.Module):
    """Grouped-query attention over the causal past and, with streams, over each stream's prefix."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.heads, self.kv_heads, self.size = shape.heads, shape.kv_heads, shape.head_size
        self.qkv = nn.Linear(shape.width, (self.heads + 2 * self.kv_heads) * self.size, bias=shape.bias)
        self.out = nn.Linear(self.heads * self.size, shape.width, bias=False)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], prefix: tuple[Tensor, Tensor] | None, mask: Tensor | None
    ) -> Tensor:
        batch, tokens, _ = x.shape
        qkv = self.qkv(x).view(batch, tokens, -1, self.size)  # (P B, S, H + 2 K, D)
        qk, v = qkv.split((self.heads + self.kv_heads, self.kv_heads), dim=2)
        q, k = rotate(qk, *rope).to(v.dtype).split((self.heads, self.kv_heads), dim=2)
        if prefix is not None:  # un-rotated, one set a stream: (P, K, T, D)
            copies = batch // prefix[0].shape[0]
            k, v = (
                torch.cat((own.to(text.dtype).transpose(1, 2).repeat_interleave(copies, dim=0), text), dim=1)
                for own, text in zip(prefix, (k, v), strict=True)
            )
        return self.out(attend(q, k, v, mask).flatten(2))


class MLP(nn.Module):
    """Gated: down(silu(gate(x)) * up(x))."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.gate_up = nn.Linear(shape.width, 2 * shape.ffn, bias=False)
        self.down = nn.Linear(shape.ffn, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        # two products, as the halves of one would be copied together again in the backward pass
        gate, up = (F.linear(x, half) for half in self.gate_up.weight.chunk(2))
        return self.down(F.silu(gate) * up)


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.attention_norm, self.attention = Norm(shape.width), Attention(shape)
        self.mlp_norm, self.mlp = Norm(shape.width), MLP(shape)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], prefix: tuple[Tensor, Tensor] | None, mask: Tensor | None
    ) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rope, prefix, mask)
        return x + self.mlp(self.mlp_norm(x))


class Prefix(nn.Module):
    """Keys and values of every layer and stream as parameters: each (L, P, K, T, D)."""

    def __init__(self, shape: Shape, streams: int):
        super().__init__()
        size = (shape.layers, streams, shape.kv_heads, shape.prefix_slots(streams), shape.head_size)
        self.k, self.v = nn.Parameter(torch.empty(size)), nn.Parameter(torch.empty(size))

    def forward(self) -> tuple[Tensor, Tensor]:
        return self.k, self.v


class ReparameterisedPrefix(nn.Module):
    """Keys and values made by a two-layer tanh MLP from a learned table, merged into a :class:`Prefix` in the end."""

    def __init__(self, shape: Shape, streams: int):
        super().__init__()
        self.size = (streams, shape.prefix_slots(streams), shape.layers, 2, shape.kv_heads, shape.head_size)
        self.table = nn.Parameter(torch.empty(streams, shape.prefix_slots(streams), REPARAMETERISED_SEED))
        self.inner = nn.Linear(REPARAMETERISED_SEED, REPARAMETERISED_WIDTH)
        self.outer = nn.Linear(REPARAMETERISED_WIDTH, math.prod(self.size[2:]))

    def forward(self) -> tuple[Tensor, Tensor]:
        made = self.outer(torch.tanh(self.inner(self.table))).view(self.size)
        k, v = made.permute(3, 2, 0, 4, 1, 5)  # (2, L, P, K, T, D)
        return k, v


class Aggregator(nn.Module):
    """Weights of the streams for every token: w = (1 - epsilon) softmax(f(h_1, ..., h_P)) + epsilon/P.

    f is a two-layer SiLU MLP or one linear layer over the concatenated streams, or nothing: equal weights.
    """

    def __init__(self, shape: Shape, streams: int, smoothing: float):
        super().__init__()
        self.streams, self.smoothing = streams, smoothing
        if shape.aggregation == "mlp":
            self.inner = nn.Linear(streams * shape.width, shape.width)
            self.outer = nn.Linear(shape.width, streams)
        elif shape.aggregation == "linear":
            self.outer = nn.Linear(streams * shape.width, streams)

    def weights(self, h: Tensor) -> Tensor:
        """Weights (B, S, P) of the streams h (P, B, S, W)."""
        if not hasattr(self, "outer"):
            return h.new_full((*h.shape[1:3], self.streams), 1 / self.streams)
        x = h.permute(1, 2, 0, 3).flatten(2)  # the features of a stream stay together
        x = F.silu(self.inner(x)) if hasattr(self, "inner") else x
        w = self.outer(x).float().softmax(dim=-1)
        return w * (1 - self.smoothing) + self.smoothing / self.streams

    def forward(self, h: Tensor) -> Tensor:
        """The weighted sum (B, S, W) of the streams h (P, B, S, W)."""
        w = self.weights(h)[..., None]
        mixed = w[..., 0, :] * h[0]
        for p in range(1, self.streams):  # term by term: all products at once would be P hidden states more
            mixed = torch.addcmul(mixed, w[..., p, :], h[p].to(mixed.dtype))
        return mixed.to(h.dtype)


class Model(nn.Module):
    """The decoder.

    Parameters
    ----------
    shape : Shape
    streams : Streams
        How many streams, and how they begin.
    seed : int
        Of the first weights. Those of the backbone depend on nothing else, and stream p begins alike whatever P.
    """

    generate = generating.generate
    count_parameters = counting.count_parameters
    merged = other_streams.merged
    keep_streams = other_streams.keep_streams
    with_streams = other_streams.with_streams

    blocks: nn.ModuleList
    prefix: Prefix | ReparameterisedPrefix | None
    aggregator: Aggregator | None
    prefix_gate: Tensor

    def __init__(self, shape: Shape, streams: Streams | None = None, *, seed: int = 0):
        super().__init__()
        if unlike := shape.unlike_qwen2():
            raise HarnessError(f"the harness has Qwen2-like decoders, and {unlike[0]} of this shape is none")
        self.shape, self.streams = shape, streams or Streams()
        P = self.streams.count
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width)
        reparameterised = self.streams.prefix == "reparameterised"
        kind = ReparameterisedPrefix if reparameterised else Prefix
        self.prefix = kind(shape, P) if shape.prefix_slots(P) else None
        self.aggregator = Aggregator(shape, P, self.streams.smoothing) if P > 1 else None
        self.head = None if shape.tied else nn.Linear(shape.width, shape.vocabulary, bias=False)
        # how much of the prefix is seen: 1, or rising from 0 where a model begins as the function of one stream
        self.register_buffer("prefix_gate", torch.tensor(0.0 if self.streams.near_identity else 1.0))
        if self.embedding.weight.device.type != "meta":
            initialise(self, seed)

    def forward(self, tokens: Tensor, *, guidance: float | None = None, seen: int = 1) -> Tensor:
        """Logits (B, S, vocabulary) of the token after each of ``tokens`` (B, S).

        ``guidance`` g adds a second pass in which each position sees only the last ``seen`` tokens, and returns
        log p_seen + g (log p - log p_seen): classifier-free guidance, which parallel streams take their idea from
        (arXiv 2306.17806); g = 1 is the model itself.

        Raises
        ------
        HarnessError
            If ``seen`` is below 1, as a position sees its own token at least, or ``guidance`` is no finite number.
        """
        if guidance is not None and not math.isfinite(guidance):
            raise HarnessError(f"guidance is {guidance}; it must be a finite number, 1 for the model itself")
        if seen < 1:
            raise HarnessError(f"seen is {seen}; a position sees its own token at least, so choose 1 or more")
        logits = self.read(self.hidden(tokens))
        if guidance is None:
            return logits
        return generating.guided(logits, self.read(self.hidden(tokens, seen=seen)), guidance)

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats of ``targets`` (B, S), the tokens that follow ``tokens`` (B, S)."""
        return F.cross_entropy(self(tokens).flatten(0, 1).float(), targets.flatten())

    def hidden(self, tokens: Tensor, *, seen: int | None = None) -> Tensor:
        """Aggregated hidden states (B, S, W), after the final norm."""
        streams = self.each_stream(tokens, seen=seen)
        return streams[0] if self.aggregator is None else self.aggregator(streams)

    def each_stream(self, tokens: Tensor, *, seen: int | None = None) -> Tensor:
        """Hidden states of every stream, (P, B, S, W), after the final norm."""
        P = self.streams.count
        x = self.embedding(tokens).repeat(P, 1, 1)
        rope = rotary(tokens.shape[1], self.shape.head_size, tokens.device)
        mask = self.mask(tokens.shape[1], seen, tokens.device)
        prefixes = self.prefixes()
        for block, prefix in zip(self.blocks, prefixes, strict=True):
            x = block(x, rope, prefix, mask)
        return self.norm(x).unflatten(0, (P, -1))

    def read(self, hidden: Tensor) -> Tensor:
        """Logits from hidden states."""
        return F.linear(hidden, self.embedding.weight if self.head is None else self.head.weight)

    def prefixes(self) -> Sequence[tuple[Tensor, Tensor] | None]:
        """Keys and values of the prefix, each (P, K, T, D), layer by layer."""
        if self.prefix is None:
            return [None] * self.shape.layers
        k, v = self.prefix()
        return list(zip(k.unbind(), v.unbind(), strict=True))

    def mask(self, tokens: int, seen: int | None, device: torch.device) -> Tensor | None:
        """What each position sees, (S, T + S), where that is not all of the prefix and of the causal past."""
        fading = self.fading
        if seen is None and not fading:
            return None
        slots = self.shape.prefix_slots(self.streams.count)
        visible = torch.ones(tokens, tokens, dtype=torch.bool, device=device).tril()
        if seen is not None:
            visible = visible.triu(1 - seen)
        if not fading:
            return F.pad(visible, (slots, 0), value=True)
        # a slot's weight in attention is multiplied by the gate, its score therefore raised by log(gate)
        text = torch.zeros(visible.shape, device=device).masked_fill(~visible, -torch.inf)
        return torch.cat((self.prefix_gate.log().expand(tokens, slots), text), dim=1)

    @property
    def fading(self) -> bool:
        """Whether the gate must be asked how much of the prefix is seen, as it is not known to be all."""
        if not self.streams.near_identity:
            return False
        # a compiled model asks it for good: it would have to be compiled anew once the gate is open
        return torch.compiler.is_compiling() or self.prefix_gate.item() < 1

    @torch.no_grad()
    def fade(self, gate: float) -> None:
        """Let ``gate`` of the prefix be seen, from 0, none, to 1, all of it."""
        self.prefix_gate.fill_(min(max(gate, 0.0), 1.0))
