"""Memory and latency as JavaScript: the cost models of `scalelaw.cost`, called once with nodes in place of numbers.

Everything stays free in the page: the shape's width, inner size and head size, P, batch, tokens, data types and the
machine's rates. Only which shapes there are is a table, for they are whole numbers: the page takes the one that is
nearest in N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, cast

import numpy as np

from scalelaw.cost import MACHINES, MODELS, PAPER, Hardware, Shape
from scalelaw.cost.family import FFN_STEP, WIDTH_STEP, of_width
from scalelaw.cost.models import CostModel
from scalelaw.cost.models.model import Terms
from scalelaw.cost.parameters import counted, parameters
from scalelaw.cost.setting import STORED, Setting
from scalelaw.cost.sizes import Sizes
from scalelaw.explore.javascript import quoted, to_javascript
from scalelaw.fit.graph import Graph

VARIED = ("width", "ffn", "head_size")
"""Fields of a shape in which those of the paper's family differ."""
NUMBERS = ("flow", *(field.name for field in fields(Hardware) if field.type == "float"))
"""What a machine is to a cost model, beside the rate of its products."""
WIDTHS, STEP = (160, 16416), 1.02
"""Widths from 20 million parameters to 180 billion, and about the largest ratio of neighbouring sizes."""


@dataclass(frozen=True)
class _Served(Setting):
    """A setting whose activations have a number of bytes in place of a data type."""

    bytes_of_activations: Any = None

    @property
    def activation_bytes(self) -> float:
        return self.bytes_of_activations


class _Machine:
    """The numbers that a cost model asks a machine for, each of them free."""

    def __init__(self, free: Callable[[str], Any]):
        self._free = free

    def rate(self, kind: str) -> Any:  # noqa: ARG002  the rate is that of the data type chosen in the page
        return self._free("rate")

    def __getattr__(self, name: str) -> Any:
        if name not in NUMBERS:
            raise AttributeError(name)
        return self._free(name)


@lru_cache(maxsize=1)
def costs_in_javascript() -> dict[str, str]:
    """For each cost model a JavaScript function of a setting.

    It reads ``width``, ``ffn``, ``head_size``, ``P``, ``batch``, ``input_tokens``, ``output_tokens``, ``weight_bytes``,
    ``cache_bytes``, ``activation_bytes`` and a machine's ``rate`` and `NUMBERS`, and gives ``N``, ``memory`` in bytes
    and ``prefill``, ``decode``, ``per_token`` and ``latency`` in seconds, as `scalelaw.cost.breakdown` does.

    >>> list(costs_in_javascript())
    ['released', 'roofline']
    """
    return {name: to_javascript(_costs(model)) for name, model in MODELS.items()}


def _costs(model: CostModel) -> dict[str, Any]:
    graph = Graph()

    def free(name: str) -> Any:
        return graph.column(name, positive=False)

    sizes = replace(Sizes.of(PAPER["1.6B"]), **{name: free(name) for name in VARIED})
    setting = _Served(
        sizes,
        streams=free("P"),
        batch=free("batch"),
        input_tokens=free("input_tokens"),
        output_tokens=free("output_tokens"),
        weight_bytes=free("weight_bytes"),
        cache_bytes=free("cache_bytes"),
        compute="fp16",
        bytes_of_activations=free("activation_bytes"),
    )
    machine = cast(Hardware, _Machine(free))
    # one token of output takes no decoding: the step that would follow stands for it, as in `scalelaw.cost.decode`
    least = np.where(model.steps(setting) < 1, setting.output_tokens + 1, setting.output_tokens)
    decoding = replace(setting, output_tokens=cast(Any, least))
    prefill, decode = _total(model.prefill(setting, machine)), _total(model.decode(setting, machine))
    return {
        "N": counted(sizes, setting.streams)["N"],
        "memory": _total(model.memory(setting)),
        "prefill": prefill,
        "decode": decode,
        "per_token": _total(model.decode(decoding, machine)) / model.steps(decoding),
        "latency": prefill + decode,
    }


def _total(terms: Terms) -> Any:
    return sum(terms.values())


def costs_contents(machines: Iterable[Hardware] = ()) -> dict[str, Any]:
    """What the formulas are used with, as plain values: machines, bytes of data types, and the shapes of the family."""
    common = {name: value for name, value in _family()[0].__dict__.items() if name not in VARIED}
    return {
        "machines": [_rates(each) for each in ({**MACHINES, **{each.name: each for each in machines}}).values()],
        "bits": dict(STORED),
        "shape": common,
        "varied": list(VARIED),
        "order": [field.name for field in fields(Shape)],
        "shapes": [[getattr(shape, name) for name in VARIED] for shape in _family()],
    }


def _rates(machine: Hardware) -> dict[str, Any]:
    known = MACHINES.get(machine.name) is machine
    compute = machine.computes_in("fp16")  # as `scalelaw.plan` takes it
    return {
        "name": machine.name,
        "compute": compute,
        "numbers": {"rate": machine.rate(compute), **{name: getattr(machine, name) for name in NUMBERS}},
        "source": machine.source,
        "python": quoted(machine.name) if known else f"sl.cost.Hardware.from_dict({machine.to_dict()!r})",
    }


@lru_cache(maxsize=1)
def _family() -> tuple[Shape, ...]:
    """Shapes of the paper's family: every width, and between two of them wider MLPs, N growing by about 2 % or less."""
    widths = [of_width(width) for width in range(*WIDTHS, WIDTH_STEP)]
    N = parameters(np.array(widths, dtype=object))["N"]
    found: list[Shape] = []
    for shape, begin, end in zip(widths, N[:-1], N[1:], strict=False):
        a_step = 3 * shape.layers * shape.width * FFN_STEP
        parts = int(np.ceil(np.log(end / begin) / np.log(STEP)))
        steps = np.unique(np.rint(np.linspace(0, end - begin, parts, endpoint=False) / a_step).astype(int))
        found += [replace(shape, ffn=shape.ffn + FFN_STEP * int(step)) for step in steps]
    return tuple(found)
