"""How a model is served: the machine, the requests, the data types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.cost import Hardware, latency, memory
from scalelaw.cost.hardware import hardware_of
from scalelaw.cost.models import model_of
from scalelaw.cost.serving import decode
from scalelaw.cost.setting import whole


@dataclass(frozen=True, kw_only=True)
class Service:
    """What memory and latency are asked of.

    Attributes
    ----------
    hardware : Hardware or str
        A machine or the name of one.
    batch : int
        Sequences at once.
    input_tokens, output_tokens : int or sequence of int
        Of each; several pairs are averaged over, as the paper does.
    weights, cache : str or number
        Data types, or bits a number.
    compute : str, optional
        Data type of products: fp16, or where the machine has no rate for it the first that it has one for.
    model : {"roofline", "released"}

    Examples
    --------
    >>> from scalelaw.cost import PAPER
    >>> service = Service(hardware="a100", input_tokens=(64, 128, 256, 512), output_tokens=(64, 128, 256, 512))
    >>> service.memory([PAPER["1.6B"]], [1]).shape
    (1,)
    """

    hardware: Hardware | str = "a100"
    batch: int = 1
    input_tokens: int | tuple[int, ...] = 512
    output_tokens: int | tuple[int, ...] = 512
    weights: Any = "fp16"
    cache: Any = "fp16"
    compute: str | None = None
    model: Any = "roofline"

    def __post_init__(self) -> None:
        hardware_of(self.hardware), model_of(self.model)
        for name in ("batch", "input_tokens", "output_tokens"):
            whole(name, getattr(self, name))

    @property
    def machine(self) -> Hardware:
        """The machine itself."""
        return hardware_of(self.hardware)

    def memory(self, shapes: Any, streams: Any) -> np.ndarray:
        """Bytes, for shapes and streams of shape (rows,)."""
        return self._mean(memory, shapes, streams)

    def latency(self, shapes: Any, streams: Any) -> np.ndarray:
        """Seconds a request, for shapes and streams of shape (rows,)."""
        return self._mean(latency, shapes, streams, hardware=self.machine)

    def per_token(self, shapes: Any, streams: Any) -> np.ndarray:
        """Seconds from one token to the next, for shapes and streams of shape (rows,)."""
        return self._mean(decode, shapes, streams, hardware=self.machine)

    def _mean(self, cost: Any, shapes: Any, streams: Any, **others: Any) -> np.ndarray:
        compute = self.compute or self.machine.computes_in("fp16")
        listed = np.empty((len(shapes), 1), dtype=object)
        listed[:, 0] = shapes
        values = cost(
            listed,
            np.asarray(streams)[:, None],
            batch=self.batch,
            input_tokens=np.atleast_1d(self.input_tokens),
            output_tokens=np.atleast_1d(self.output_tokens),
            weights=self.weights,
            cache=self.cache,
            compute=compute,
            model=self.model,
            **others,
        )
        return np.asarray(np.mean(values, axis=1))
