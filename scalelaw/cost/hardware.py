"""What a machine can do: operations and bytes a second, and bytes held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from scalelaw.cost.setting import BITS
from scalelaw.errors import ScalelawError

_KINDS = (
    *(("name", str, "a text"), ("source", str, "a text")),
    ("peak", Mapping, 'a rate by data type, as in {"fp16": 20e12}'),
    ("derived", Mapping, 'a text by field, as in {"memory": "what most have"}'),
    ("noisy", bool, "true or false"),
)


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """A machine that runs one model, by the rates a roofline needs.

    Attributes
    ----------
    name : str
    peak : mapping of str to float
        Floating-point (or integer) operations a second of dense matrix products, by data type: ``fp32``, ``fp16``,
        ``int8``, ... A multiply and an add are two.
    bandwidth : float
        Bytes a second from memory.
    memory : float
        Bytes.
    compute_efficiency, memory_efficiency : float
        Shares of ``peak`` and ``bandwidth`` that are reached, in (0, 1]. The paper's analysis takes 0.7 and 0.9; they
        are assumptions, except where a machine was measured.
    overhead : float
        Seconds that every layer takes in every pass whatever its size, such as starting its kernels.
    product_rows : float
        Rows that a product with a matrix costs beside its own where it has more than one: reading and packing the
        matrix is work too, and a processor does not hide it behind the products. 0 where it is hidden, as on GPUs.
    attention_efficiency : float
        Share of the rate of products that scores and mixing of attention reach, in (0, 1].
    source : str
        Where the figures are from.
    derived : mapping of str to str
        Fields that the vendor does not state, and how their values came about.
    noisy : bool
        Whether the machine was busy while it was measured, so that its rates are not to be relied on.

    Raises
    ------
    ScalelawError
        If a rate, the memory or an efficiency cannot be, or a data type is unknown.

    Examples
    --------
    >>> mine = Hardware(name="mine", peak={"fp16": 20e12}, bandwidth=200e9, memory=16e9)
    >>> mine.rate("fp16"), mine.flow
    (14000000000000.0, 180000000000.0)
    """

    name: str
    peak: Mapping[str, float]
    bandwidth: float
    memory: float
    compute_efficiency: float = 0.7
    memory_efficiency: float = 0.9
    overhead: float = 0.0
    product_rows: float = 0.0
    attention_efficiency: float = 1.0
    source: str = ""
    derived: Mapping[str, str] = field(default_factory=dict)
    noisy: bool = False

    def __post_init__(self) -> None:
        for name, kind, words in _KINDS:
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise ScalelawError(f"{name} of a machine is {value!r}; it must be {words}")
        for name, value in {**{f"peak[{kind!r}]": rate for kind, rate in self.peak.items()}, **self._rates()}.items():
            if not _number(value) or value <= 0:
                raise ScalelawError(f"{name} of {self.name} is {value!r}; it must be a number above 0")
        if unknown := [kind for kind in self.peak if kind not in BITS]:
            raise ScalelawError(f"{self.name} has a rate for {unknown[0]!r}; data types are {', '.join(BITS)}")
        if not self.peak:
            raise ScalelawError(f"{self.name} has no peak rate; give one by data type, as in peak={{'fp16': 20e12}}")
        for name in ("compute_efficiency", "memory_efficiency", "attention_efficiency"):
            value = getattr(self, name)
            if not _number(value) or not 0 < value <= 1:
                raise ScalelawError(f"{name} of {self.name} is {value!r}; it must lie above 0 and at most at 1")
        for name, what in (("overhead", "seconds"), ("product_rows", "rows")):
            value = getattr(self, name)
            if not _number(value) or value < 0:
                raise ScalelawError(f"{name} of {self.name} is {value!r}; it is a number of {what} from 0")

    def rate(self, kind: str) -> float:
        """Operations a second that matrix products of a data type reach.

        Raises
        ------
        ScalelawError
            If the machine has no rate for it.
        """
        if kind not in self.peak:
            raise ScalelawError(f"{self.name} has no rate for {kind}; it computes in {', '.join(self.peak)}")
        return self.peak[kind] * self.compute_efficiency

    def computes_in(self, kind: str) -> str:
        """The data type that products of ``kind`` are computed in: itself, or without a rate for it the first of all.

        >>> Hardware(name="mine", peak={"fp32": 1e12}, bandwidth=1e11, memory=8e9).computes_in("fp16")
        'fp32'
        """
        return kind if kind in self.peak else next(iter(self.peak))

    @property
    def flow(self) -> float:
        """Bytes a second that are reached."""
        return self.bandwidth * self.memory_efficiency

    @classmethod
    def named(cls, name: str) -> Hardware:
        """A machine of the table, :data:`scalelaw.cost.MACHINES`.

        Raises
        ------
        ScalelawError
            If there is none of that name; those known are listed.

        >>> Hardware.named("a100").bandwidth
        2039000000000.0
        """
        from scalelaw.cost.machines import MACHINES

        key = name.strip().lower().replace("_", "-").replace(" ", "-")
        if key not in MACHINES:
            raise ScalelawError(
                f"no hardware is called {name!r}; there are {', '.join(MACHINES)}, and any other is described with "
                f"Hardware(name=..., peak={{'fp16': ...}}, bandwidth=..., memory=...) or in a JSON file of these fields"
            )
        return MACHINES[key]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Hardware:
        """The machine of a mapping of its fields, such as a JSON file holds.

        Raises
        ------
        ScalelawError
            If a field is unknown or missing.
        """
        known = [each.name for each in fields(cls)]
        needed = [name for name in ("name", "peak", "bandwidth", "memory") if name not in values]
        unknown = sorted(set(values) - set(known))
        if unknown or needed:
            what = f"has no field {unknown[0]!r}" if unknown else f"needs the field {needed[0]!r}"
            raise ScalelawError(f"a machine {what}; its fields are {', '.join(known)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return values | {"peak": dict(self.peak), "derived": dict(self.derived)}

    @classmethod
    def measure(cls, *, threads: int | None = None, seconds: float = 0.5) -> Hardware:
        """This machine, as PyTorch finds it, or NumPy where PyTorch is not installed; ``source`` says which.

        A fresh process times in fp32, each the best of some repeats, as what disturbs a measurement only makes it
        slower:

        - products of 1 to 128 rows with many matrices of 4 MB, together 128 MB, as in a model:
          with t(R) the seconds of R rows, W weights and w = 4 bytes each,

              peak          = 2 W / b,  product_rows = a / b     from t(R) = a + b R, fitted to R >= 2
              bandwidth     = w W / t(1)

        - with PyTorch, attention of a prompt: attention_efficiency = operations / (peak t)
        - with PyTorch, a step of a model of eight layers so small that its products take no time:
          overhead = t / 8

        Efficiencies are 1, since the rates are those reached. What a layer of NumPy would take besides is not known,
        so its overhead is 0.

        On a machine that does something else too, even the best repeat may be slow. It is marked ``noisy`` where that
        took a fifth longer than the processors worked on it, or one row a fifth longer than several.

        Parameters
        ----------
        threads : int, optional
            Threads of the linear algebra; by default all processors that this process may use.
        seconds : float
            Time for each of the measurements, at least.

        Raises
        ------
        ScalelawError
            If the threads are no whole number from 1, or the process fails.
        """
        from scalelaw.cost.machine import measure

        return measure(threads=threads, seconds=seconds)

    def _rates(self) -> dict[str, float]:
        return {"bandwidth": self.bandwidth, "memory": self.memory}


def hardware_of(given: Hardware | str) -> Hardware:
    """The machine given, or that of the name given.

    Raises
    ------
    ScalelawError
        If the name is unknown.
    """
    if isinstance(given, Hardware):
        return given
    if isinstance(given, str):
        return Hardware.named(given)
    raise ScalelawError(f"hardware is a Hardware or the name of one, not {type(given).__name__}")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value and value != float("inf")
