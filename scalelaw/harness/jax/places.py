"""The devices that train a cell: one, or several that share each batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from scalelaw.errors import HarnessError

_BATCH = "batch"


@dataclass(frozen=True)
class Place:
    """Some devices, over which sequences are spread; weights are on each of them."""

    mesh: Mesh

    @property
    def first(self) -> jax.Device:
        return self.mesh.devices.flat[0]

    @property
    def everywhere(self) -> NamedSharding:
        """Whole on each device."""
        return self._along()

    def spread(self, array: Any, axis: int) -> Any:
        """An array with an axis shared out over the devices, or whole on each where they do not divide it."""
        if array.shape[axis] % self.mesh.size:
            return jax.device_put(array, self.everywhere)
        return jax.device_put(array, self._along(*[None] * axis, _BATCH))

    def _along(self, *axes: str | None) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(*axes))  # type: ignore[no-untyped-call]

    def copy(self, tree: Any) -> Any:
        """Arrays, whole on each device."""
        return jax.device_put(tree, self.everywhere)


def choose(device: str = "auto", count: int = 1) -> Place:
    """The first devices of that platform; ``auto`` is JAX's first choice of platforms.

    Raises
    ------
    HarnessError
        If JAX has no such device on this machine, or not as many.
    """
    try:
        found = jax.devices(None if device == "auto" else device)
    except RuntimeError as error:
        raise HarnessError(
            f"JAX has no device {device!r} here; choose auto, or {jax.default_backend()}, the platform it has found"
        ) from error
    if count < 1:
        raise HarnessError(f"devices is {count}; a batch needs at least one")
    if count > len(found):
        there = f"{len(found)} {found[0].platform} device{'s' if len(found) > 1 else ''}"
        raise HarnessError(f"JAX finds {there} here, but devices is {count}; ask for {len(found)} at most")
    return Place(Mesh(np.asarray(found[:count]), (_BATCH,)))
