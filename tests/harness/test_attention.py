"""Attention in blocks, against PyTorch's."""

import pytest
import torch
import torch.nn.functional as F

from scalelaw.harness import attention
from scalelaw.harness.attention import BLOCK, attend, everywhere, in_blocks

HEADS = [(1, 1), (4, 1), (4, 2), (3, 3)]
SLOTS = [0, 1, 48]
LENGTHS = [1, 7, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 5]


def operands(tokens, slots=0, heads=4, kv_heads=2, size=8, batch=3, dtype=torch.float32):
    generator = torch.Generator().manual_seed(tokens + 100 * slots)
    sizes = [(batch, tokens, heads, size), *[(batch, slots + tokens, kv_heads, size)] * 2]
    return [torch.randn(each, generator=generator, dtype=dtype).mul(1.5).requires_grad_() for each in sizes]


def masks(kind, tokens, slots):
    """The masks that the model makes."""
    past = torch.ones(tokens, tokens, dtype=torch.bool).tril()
    if kind == "plain":
        return None
    if kind.startswith("seen"):
        return F.pad(past.triu(1 - int(kind.split()[1])), (slots, 0), value=True)
    text = torch.zeros(tokens, tokens).masked_fill(~past, -torch.inf)
    return F.pad(text, (slots, 0), value=float(torch.tensor(float(kind.split()[1])).log()))


def with_gradients(function, given, mask):
    out = function(*given, mask)
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(0))
    return [out, *torch.autograd.grad((out * weights).sum(), given)]


def agree(given, mask=None):
    ours, theirs = (with_gradients(function, given, mask) for function in (in_blocks, everywhere))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("tokens", LENGTHS)
@pytest.mark.parametrize("slots", SLOTS)
@pytest.mark.parametrize(("heads", "kv_heads"), HEADS)
def test_outputs_and_gradients_are_pytorchs(tokens, slots, heads, kv_heads):
    agree(operands(tokens, slots, heads, kv_heads))


@pytest.mark.parametrize("slots", SLOTS)
@pytest.mark.parametrize("kind", ["seen 1", "seen 20", "gate 0", "gate 0.3", "gate 1"])
def test_under_every_mask_too(kind, slots):
    agree(operands(70, slots), masks(kind, 70, slots))


@pytest.mark.parametrize("kind", ["plain", "seen 2", "gate 0.3"])
def test_gradients_are_the_formulas(kind, monkeypatch):
    monkeypatch.setattr(attention, "BLOCK", 3)
    given = operands(7, 2, size=2, batch=2, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *those: in_blocks(*those, masks(kind, 7, 2)), given)


@pytest.mark.parametrize("scores", [1, 5000, 2**18])
def test_the_pieces_of_a_batch_change_nothing(scores, monkeypatch):
    monkeypatch.setattr(attention, "SCORES", scores)
    agree(operands(40, 3, batch=5))


def test_scores_that_would_overflow_do_not():
    given = [each.detach().mul(30).requires_grad_() for each in operands(40, 3)]
    out = in_blocks(*given)
    assert out.isfinite().all()
    torch.testing.assert_close(out, everywhere(*given), atol=0.02, rtol=0)  # of scores in the thousands


def test_the_same_bits_each_time():
    given = operands(100, 5)
    first, again = (with_gradients(in_blocks, given, None) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_only_some_operands_may_need_gradients():
    q, k, v = operands(40, 3)
    k.requires_grad_(False)
    dq, dv = torch.autograd.grad(in_blocks(q, k, v).sum(), (q, v))
    k.requires_grad_(True)
    theirs = torch.autograd.grad(everywhere(q, k, v).sum(), (q, v))
    torch.testing.assert_close((dq, dv), theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "tokens", "own"), [(torch.float32, 20, True), (torch.bfloat16, 20, False), (torch.float32, 513, False)]
)
def test_blocks_are_for_short_texts_in_fp32(dtype, tokens, own, monkeypatch):
    called = []
    monkeypatch.setattr(attention, "in_blocks", lambda *given: called.append(given) or in_blocks(*given))
    attend(*operands(tokens, dtype=dtype, batch=1))
    assert bool(called) == own


def test_nothing_is_kept_where_no_gradient_is_asked_for():
    with torch.no_grad():
        out = in_blocks(*operands(40))
    assert out.grad_fn is None
