"""Causal attention over a prefix and the text, for fp32 on a CPU: products of blocks, each as large as a cache.

    s_ij = q_i . k_j / sqrt(D) + mask_ij      p_i = softmax(s_i)      o_i = sum_j p_ij v_j
    dv_j = sum_i p_ij do_i      ds_ij = p_ij (do_i . v_j - sum_l p_il do_i . v_l)
    dq_i = sum_j ds_ij k_j / sqrt(D)      dk_j = sum_i ds_ij q_i / sqrt(D)

PyTorch's kernel for CPUs computes the scores again in the backward pass and, where there is a mask, as with a prefix,
those of both triangles. Here queries go in blocks of 32 that see no key after their last, and probabilities are kept.
That is for CPUs in fp32, uncompiled, and short texts; everywhere else it is PyTorch's.

Sizes: B batch, S tokens, T prefix slots, H heads, K kv heads, G = H/K heads that share one, D head size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from scalelaw.cost.memory import QUERIES

BLOCK = QUERIES  # fewer waste less on keys after them, more make larger products
SCORES = 2**18  # of one product, 1 MB: less is lost on starting operations, more on memory
LONGEST = 512  # keys: the probabilities kept, 2 H S^2 bytes a sequence and layer, must stay small beside the rest


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention of q (B, S, H, D) over k and v (B, T + S, K, D), (B, S, H, D).

    A query sees the T slots and the text up to its own place. ``mask`` (S, T + S) hides more of it where it is False,
    or is added to the scores: it must be False or -inf above the diagonal.
    """
    own = q.dtype == torch.float32 and keeps_probabilities(q.device, k.shape[1])
    if own and not torch.compiler.is_compiling() and not (mask is not None and mask.requires_grad):
        return in_blocks(q, k, v, mask)
    return everywhere(q, k, v, mask)


def keeps_probabilities(device: torch.device, keys: int) -> bool:
    """Whether training in fp32 keeps the probabilities of attention, which `cost.train_memory` then counts."""
    return device.type == "cpu" and keys <= LONGEST


def everywhere(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """The same by PyTorch's kernels, for any device and type."""
    tokens, keys = q.shape[1], k.shape[1]
    if mask is None and keys > tokens:
        mask = torch.ones(tokens, keys, dtype=torch.bool, device=q.device).tril(keys - tokens)
    if mask is not None and q.shape[2] != k.shape[2]:  # PyTorch's fused kernels take a mask or groups of heads
        k, v = (each.repeat_interleave(q.shape[2] // each.shape[2], dim=2) for each in (k, v))
    q, k, v = (each.transpose(1, 2) for each in (q, k, v))
    mixed = F.scaled_dot_product_attention(
        q,
        k,
        v,
        attn_mask=mask,
        is_causal=mask is None,  # for which there are faster kernels
        enable_gqa=q.shape[1] != k.shape[1],
    )
    return mixed.transpose(1, 2)


def in_blocks(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """The same on a CPU, block by block."""
    B, S, H, D = q.shape
    K = k.shape[2]
    grouped = q.unflatten(2, (K, -1)).transpose(1, 2).reshape(B * K, -1, D)  # the G queries of a token side by side
    k, v = (each.transpose(1, 2).reshape(B * K, -1, D) for each in (k, v))
    mixed: Tensor = InBlocks.apply(grouped * D**-0.5, k, v, mask, H // K)  # type: ignore[no-untyped-call]
    return mixed.view(B, K, S, H // K, D).transpose(1, 2).reshape(B, S, H, D)


class InBlocks(torch.autograd.Function):
    """q (B K, S G, D), scaled; k and v (B K, T + S, D)."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, heads: int) -> Tensor:
        mixed = torch.empty_like(q)
        kept = []
        ctx.heads, keeps = heads, any(ctx.needs_input_grad[:3])
        hidden = to_add(mask, like=q).repeat_interleave(heads, dim=0)
        keys = k.mT
        for some, rows, seen in blocks(q, k, heads):
            scores = torch.bmm(q[some, rows], keys[some, :, :seen])
            if mask is None:
                own = rows.stop - rows.start  # all is seen but the future among these very tokens
                scores[:, :, seen - own // heads :] += hidden[:own, : own // heads]
            else:
                scores += hidden[rows, :seen]
            probabilities = scores.softmax(-1)
            mixed[some, rows] = torch.bmm(probabilities, v[some, :seen])
            if keeps:
                kept.append(probabilities)
        ctx.save_for_backward(q, k, v, *kept)
        return mixed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        q, k, v, *kept = ctx.saved_tensors
        grad = grad.contiguous()
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        values = v.mT
        for (some, rows, seen), p in zip(blocks(q, k, ctx.heads), kept, strict=True):
            own = grad[some, rows]
            dp = torch.bmm(own, values[some, :, :seen])
            ds = torch._softmax_backward_data(dp, p, -1, p.dtype)
            # a product of its own, then added: batched products that add to a slice are done one by one
            dv[some, :seen] += torch.bmm(p.mT, own)
            dk[some, :seen] += torch.bmm(ds.mT, q[some, rows])
            dq[some, rows] = torch.bmm(ds, k[some, :seen])
        return dq, dk, dv, None, None


def blocks(q: Tensor, k: Tensor, heads: int) -> Iterator[tuple[slice, slice, int]]:
    """Which of the batch, which rows of q, and how many keys these see."""
    batch, rows, keys = q.shape[0], q.shape[1], k.shape[1]
    tokens = rows // heads
    size = max(SCORES // (min(BLOCK, tokens) * heads * keys), 1)
    for first in range(0, batch, size):
        for start in range(0, tokens, BLOCK):
            end = min(start + BLOCK, tokens)
            yield slice(first, first + size), slice(start * heads, end * heads), keys - tokens + end


def to_add(mask: Tensor | None, like: Tensor) -> Tensor:
    """A mask as numbers to add to the scores; without one, the future within a block."""
    if mask is None:
        return like.new_full((BLOCK, BLOCK), -torch.inf).triu(1)
    if mask.dtype == torch.bool:
        return like.new_zeros(mask.shape).masked_fill_(~mask, -torch.inf)
    return mask.to(like.dtype)
