"""Memory and latency of serving a decoder with P streams, over arrays at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.cost.hardware import Hardware, hardware_of
from scalelaw.cost.models import CostModel, model_of
from scalelaw.cost.models.model import Terms
from scalelaw.cost.parameters import counted
from scalelaw.cost.setting import Setting, setting

if TYPE_CHECKING:
    import pandas as pd


def memory(shape: Any, streams: Any = 1, *, model: CostModel | str = "roofline", **served: Any) -> Any:
    """Bytes that serving takes: weights, cache with prefixes, aggregator and the activations of the prompt's pass.

    Parameters
    ----------
    shape, streams, **served
        As for :func:`latency`, without hardware.
    model : {"roofline", "released"} or CostModel

    Returns
    -------
    float, or array where an argument is one
        The sum of the terms of `scalelaw.cost.models.Roofline` or `Released`, whose docstrings hold the formulas.

    Examples
    --------
    >>> from scalelaw.cost import PAPER
    >>> memory(PAPER["1.6B"], [1, 8], input_tokens=512, output_tokens=512, model="released") / 2**30
    array([3.5329..., 3.7761...])
    """
    where = setting(shape, streams, **served)
    return _result(_total(model_of(model).memory(where), where))


def prefill(
    shape: Any, streams: Any = 1, *, hardware: Hardware | str, model: CostModel | str = "roofline", **served: Any
) -> Any:
    """Seconds that the prompt takes, up to the first token; arguments as for :func:`latency`."""
    where = setting(shape, streams, **served)
    return _result(_total(model_of(model).prefill(where, hardware_of(hardware)), where))


def decode(
    shape: Any, streams: Any = 1, *, hardware: Hardware | str, model: CostModel | str = "roofline", **served: Any
) -> Any:
    """Seconds that a further token takes, the mean over the output; arguments as for :func:`latency`.

    Where the output is one token, which takes no decoding, it is the step that would follow.
    """
    chosen = model_of(model)
    one_step = np.maximum(np.asarray(served.get("output_tokens", 1)), 1)
    where = setting(shape, streams, **served)
    if (chosen.steps(where) < 1).any():
        served |= {"output_tokens": np.where(chosen.steps(where) < 1, one_step + 1, one_step)}
        where = setting(shape, streams, **served)
    return _result(_total(chosen.decode(where, hardware_of(hardware)), where) / chosen.steps(where))


def latency(
    shape: Any,
    streams: Any = 1,
    *,
    hardware: Hardware | str,
    model: CostModel | str = "roofline",
    **served: Any,
) -> Any:
    """Seconds from the prompt to the last token: :func:`prefill` and all steps of :func:`decode`.

    Parameters
    ----------
    shape : Shape, or sequence or array of Shape
    streams : int or array of int
        P.
    hardware : Hardware or str
        A machine, or the name of one of `scalelaw.cost.MACHINES`.
    model : {"roofline", "released"} or CostModel
        `scalelaw.cost.models.Roofline` counts what the paper's own arithmetic, `scalelaw.cost.models.Released`, leaves
        out; their docstrings hold the formulas and `scalelaw.cost.DIFFERENCES` says what differs.
    batch : int or array of int
        B, sequences at once; 1 by default.
    input_tokens, output_tokens : int or array of int
        S and O, tokens of the prompt and tokens generated; every sequence has as many.
    weights, cache : str or number, or array of them
        Data type of all weights (embedding, head, prefixes and aggregator too) and of the keys and values, such as
        ``"fp16"`` (the default), ``"int8"``, ``"int4"``, or the bits of a number. ``"q8_0"``, ``"q4_0"``, ``"nf4"``,
        ``"nvfp4"`` and ``"mxfp4"`` count the scales of their blocks; of any other format give the bits, scales
        included, and the mean where some tensors are kept in more.
    compute : str
        Data type that products are computed in and activations kept in; ``"fp16"`` by default. Weights of fewer bits
        are widened on their way.

    Returns
    -------
    float, or array where an argument is one
        All arguments broadcast against each other.

    Raises
    ------
    ScalelawError
        If a number is not a whole one of at least 1, a name is unknown, or the arrays do not fit together.

    Examples
    --------
    >>> from scalelaw.cost import PAPER
    >>> eight = {"batch": 8, "input_tokens": 512, "output_tokens": 512}
    >>> latency(PAPER["1.6B"], [1, 8], hardware="a100", model="released", **eight).round(3)
    array([1.216, 2.66 ])
    """
    where, chosen, machine = setting(shape, streams, **served), model_of(model), hardware_of(hardware)
    return _result(_total(chosen.prefill(where, machine), where) + _total(chosen.decode(where, machine), where))


def breakdown(
    shape: Any,
    streams: Any = 1,
    *,
    hardware: Hardware | str,
    model: CostModel | str = "roofline",
    **served: Any,
) -> pd.DataFrame:
    """Every term apart, a row for each setting; arguments as for :func:`latency`.

    Returns
    -------
    DataFrame
        ``model``, ``hardware``, ``N`` (non-embedding parameters, streams' included), ``P``, ``batch``,
        ``input_tokens``, ``output_tokens``; ``memory`` in bytes and its terms, ``prefill`` and ``decode`` in seconds
        (of all steps together) and theirs, as ``memory_cache``, ``prefill_head`` and so on; ``per_token``, the seconds
        of a step; ``latency``, prefill and decode.

    Examples
    --------
    >>> from scalelaw.cost import PAPER
    >>> frame = breakdown(PAPER["1.6B"], [1, 8], hardware="jetson-orin", input_tokens=128, output_tokens=128)
    >>> (frame["memory_cache"] / 2**20).round(1).tolist()
    [6.8, 64.1]
    """
    import pandas as pd

    where, chosen, machine = setting(shape, streams, **served), model_of(model), hardware_of(hardware)
    columns: dict[str, Any] = {
        "N": counted(where.sizes, where.streams)["N"],
        "P": where.streams,
        "batch": where.batch,
        "input_tokens": where.input_tokens,
        "output_tokens": where.output_tokens,
    }
    parts = {
        "memory": chosen.memory(where),
        "prefill": chosen.prefill(where, machine),
        "decode": chosen.decode(where, machine),
    }
    for part, terms in parts.items():
        columns[part] = _total(terms, where)
        columns |= {f"{part}_{name}": value for name, value in terms.items()}
    columns["per_token"] = decode(shape, streams, hardware=machine, model=chosen, **served)
    columns["latency"] = columns["prefill"] + columns["decode"]
    rows = {name: np.broadcast_to(value, where.dimensions).ravel() for name, value in columns.items()}
    return pd.DataFrame({"model": chosen.name, "hardware": machine.name, **rows})


def _total(terms: Terms, where: Setting) -> Any:
    total = np.zeros(where.dimensions)
    for value in terms.values():
        total += value
    return total


def _result(values: Any) -> Any:
    return float(values) if np.ndim(values) == 0 else values
