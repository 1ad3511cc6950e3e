"""What `Hardware.measure` times, in a process of its own: ``python -m scalelaw.cost.probes THREADS SECONDS``."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scalelaw.cost.machine import physical_memory

ROWS = (1, 2, 4, 8, 16, 32, 64, 128)
MATRIX = (2048, 512)
"""Sizes of a matrix, 4 MB of fp32: those of a small model's MLP."""
WEIGHTS = 2**25
"""Numbers in all matrices together, 128 MB, which few caches hold."""
_LAYERS, _SEQUENCES, _HEADS, _GROUP, _SIZE, _TOKENS = 8, 8, 8, 4, 64, 128

Multiply = Callable[[Any, Any], object]


class Repeat(NamedTuple):
    """Seconds that a piece of work took, and those that all processors together spent on it."""

    seconds: float
    processor: float


def main() -> None:
    """Measure, and print the fields of a Hardware as JSON."""
    threads, seconds = int(sys.argv[1]), float(sys.argv[2])
    weights = min(WEIGHTS, int(physical_memory()) // 32)
    found: dict[str, Any]
    if importlib.util.find_spec("torch") is None:
        made, multiply = (lambda *size: np.ones(size, dtype=np.float32)), lambda x, matrix: x @ matrix.T
        found = {**by_products(made, multiply, weights, seconds, threads), "with": f"NumPy {np.__version__}"}
    else:
        found = with_torch(threads, weights, seconds)
    sys.stdout.write(json.dumps(found))


def with_torch(threads: int, weights: int, seconds: float) -> dict[str, Any]:
    """All fields, as PyTorch reaches them."""
    import torch

    torch.set_num_threads(threads)
    with torch.no_grad():
        found = by_products(torch.ones, torch.nn.functional.linear, weights, seconds, threads)
        reached = attention(seconds) / found["peak"]
        found |= {"attention_efficiency": min(1.0, reached), "overhead": layer_overhead(seconds)}
    return {**found, "with": f"PyTorch {torch.__version__}"}


def by_products(
    made: Callable[..., Any], multiply: Multiply, weights: int, seconds: float, threads: int
) -> dict[str, float]:
    """The rates, and ``disturbed``: by which share the best repeats took longer than on processors of one's own.

    That is threads * seconds / (processor seconds) - 1, the median of more rows than one; or by how much one row took
    longer than several, as where threads wait for one another.
    """
    best = [min(each) for each in products(made, multiply, weights, seconds)]
    shared = np.median([threads * each.seconds / each.processor - 1 for each in best[1:]])
    waited = best[0].seconds / min(each.seconds for each in best[1:]) - 1
    return rates(ROWS, [each.seconds for each in best], weights) | {"disturbed": float(max(shared, waited))}


def products(made: Callable[..., Any], multiply: Multiply, weights: int, seconds: float) -> list[list[Repeat]]:
    """Each repeat of multiplying each number of rows with all matrices, one after the other."""
    matrices = [made(*MATRIX) for _ in range(max(1, weights // (MATRIX[0] * MATRIX[1])))]
    found = []
    for rows in ROWS:
        x = made(rows, MATRIX[1])

        def work(x: Any = x) -> None:
            for matrix in matrices:
                multiply(x, matrix)

        found.append(repeats(work, seconds))
    return found


def rates(rows: Sequence[int], seconds: Sequence[float], weights: int) -> dict[str, float]:
    """Rate, bandwidth and rows beside a product's own, from the times of products; see `Hardware.measure`.

    The line a + b R has the least squared relative errors among those with a >= 0 and b > 0.

    >>> found = rates([1, 2, 4, 8], [1.0, 1.2, 1.4, 1.8], weights=100)
    >>> {name: round(value, 6) for name, value in found.items()}
    {'peak': 2000.0, 'bandwidth': 400.0, 'product_rows': 10.0}
    """
    R, t = np.asarray(rows, dtype=float), np.asarray(seconds, dtype=float)
    many = R > 1
    a, b = np.linalg.lstsq(np.stack([1 / t[many], R[many] / t[many]], axis=1), np.ones(many.sum()), rcond=None)[0]
    if a < 0 or b <= 0:  # the line through nothing
        share = R[many] / t[many]
        a, b = 0.0, float(share.sum() / (share**2).sum())
    return {
        "peak": 2.0 * weights / float(b),
        "bandwidth": 4.0 * weights / float(t[~many].mean()),
        "product_rows": float(a / b),
    }


def attention(seconds: float) -> float:
    """Operations a second of the attention of a prompt, heads sharing keys as in a model."""
    import torch

    q = torch.ones(_SEQUENCES, _HEADS, _TOKENS, _SIZE)
    keys = torch.ones(_SEQUENCES, _HEADS // _GROUP, _TOKENS, _SIZE)
    visible = torch.ones(_TOKENS, _TOKENS, dtype=torch.bool).tril()

    def work() -> object:
        return torch.nn.functional.scaled_dot_product_attention(q, keys, keys, attn_mask=visible, enable_gqa=True)

    pairs = _TOKENS * (_TOKENS + 1) / 2
    return 4.0 * _SEQUENCES * _HEADS * _SIZE * pairs / min(repeats(work, seconds)).seconds


def layer_overhead(seconds: float) -> float:
    """Seconds that a layer takes in a step of decoding where its products take none, the median of the steps."""
    import torch

    from scalelaw.cost.measured.decoding import Decoder, unmeaning
    from scalelaw.cost.shape import Shape

    model = unmeaning(Shape.scaled(width=32, layers=_LAYERS, vocabulary=64), 1)
    token = torch.zeros(1, 1, dtype=torch.long)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 32:
        step = Decoder(model, batch=1, length=16)
        for _ in range(16):
            begin = time.perf_counter()
            step(token)
            times.append(time.perf_counter() - begin)
    return float(np.median(times)) / _LAYERS


def repeats(work: Callable[[], object], seconds: float, *, least: int = 3) -> list[Repeat]:
    """The work, repeated for so long and at least so often, after one that does not count."""
    work()
    found: list[Repeat] = []
    while len(found) < least or sum(each.seconds for each in found) < seconds:
        begin, used = time.perf_counter(), time.process_time()
        work()
        found.append(Repeat(time.perf_counter() - begin, max(time.process_time() - used, 1e-9)))
    return found


if __name__ == "__main__":
    main()
