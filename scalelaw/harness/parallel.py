"""Where the processes of one cell differ: alone, replicated over several (DDP), or sharded over them (FSDP2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from scalelaw.errors import HarnessError
from scalelaw.harness import torchrun
from scalelaw.harness.model import Model

Loss = Callable[[Tensor, Tensor], Tensor]
T = TypeVar("T")
R = TypeVar("R")


class Alone:
    """One process has the whole cell."""

    rank, processes = 0, 1

    @property
    def writes(self) -> bool:
        """Whether this process writes the cell's files."""
        return self.rank == 0

    def place(self, model: Model) -> Model:
        """The model as this process is to hold it, before there is an optimiser."""
        return model

    def loss(self, model: Model) -> Loss:
        """The loss of this process's rows, whose gradient is that of the mean over all rows."""
        return model.loss

    def rows(self, batch: Tensor) -> Tensor:
        """The rows of a batch that this process takes."""
        return batch

    def mean(self, value: Tensor) -> float:
        """Mean over the processes."""
        return value.item()

    def agreed(self, wish: bool) -> bool:
        """Whether any process wishes it: all must do the same."""
        return wish

    def share(self, items: Sequence[T], work: Callable[[T], R]) -> list[R]:
        """The results of all items, each worked on by one process."""
        return [work(item) for item in items]

    def whole(self, state: Any) -> Any:
        """A state dict with the tensors whole, on every process."""
        return state

    def parts(self, tensors: dict[str, Tensor], model: Model) -> dict[str, Tensor]:  # noqa: ARG002
        """The whole tensors of a checkpoint, by kind and name, as this process is to hold them."""
        return tensors


class Replicated(Alone):
    """Each process has the model and takes a share of the rows; gradients are averaged."""

    def __init__(self, rank: int, processes: int, device: torch.device):
        self.rank, self.processes, self.device = rank, processes, device

    def loss(self, model: Model) -> Loss:
        return nn.parallel.DistributedDataParallel(_Loss(model))

    def rows(self, batch: Tensor) -> Tensor:
        return batch[self.rank :: self.processes]

    def mean(self, value: Tensor) -> float:
        total = value.detach().clone()
        torch.distributed.all_reduce(total)
        return total.item() / self.processes

    def agreed(self, wish: bool) -> bool:
        wishes = torch.tensor(float(wish), device=self.device)
        torch.distributed.all_reduce(wishes)
        return wishes.item() > 0

    def share(self, items: Sequence[T], work: Callable[[T], R]) -> list[R]:
        # each process works equally often, as with a sharded model all must take part in each pass
        rounds = math.ceil(len(items) / self.processes)
        mine = [work(items[min(i * self.processes + self.rank, len(items) - 1)]) for i in range(rounds)]
        all_of: list[Any] = [None] * self.processes
        torch.distributed.all_gather_object(all_of, mine)
        return [all_of[i % self.processes][i // self.processes] for i in range(len(items))]


class Sharded(Replicated):
    """Weights, gradients and optimiser state are spread over the processes, and gathered block by block."""

    def place(self, model: Model) -> Model:
        from torch.distributed.fsdp import fully_shard

        for block in model.blocks:
            fully_shard(block)
        fully_shard(model)
        return model

    def loss(self, model: Model) -> Loss:
        return model.loss

    def whole(self, state: Any) -> Any:
        from torch.distributed.tensor import DTensor

        if isinstance(state, dict):
            return {name: self.whole(value) for name, value in state.items()}
        return state.full_tensor().cpu() if isinstance(state, DTensor) else state

    def parts(self, tensors: dict[str, Tensor], model: Model) -> dict[str, Tensor]:
        held = model.state_dict()
        return {name: _like(value, held[name.partition("/")[2]]) for name, value in tensors.items()}


@contextmanager
def processes(device: torch.device, *, shard: bool = False) -> Iterator[Alone]:
    """The processes that ``torchrun`` started, or this one alone.

    Raises
    ------
    HarnessError
        If the model is to be sharded over one process.
    """
    count = torchrun.processes()
    if count == 1:
        if shard:
            raise HarnessError("a model is sharded over several processes; start them with torchrun --nproc-per-node")
        yield Alone()
        return
    on_cuda = device.type == "cuda"
    if on_cuda:
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if on_cuda else "gloo", device_id=device if on_cuda else None)
    try:
        yield (Sharded if shard else Replicated)(torch.distributed.get_rank(), count, device)
    finally:
        torch.distributed.destroy_process_group()


class _Loss(nn.Module):
    """The loss as a forward pass, which is what is replicated."""

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        return self.model.loss(inputs, targets)


def _like(value: Tensor, held: Tensor) -> Tensor:
    """A whole tensor, spread as the one that is held."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(held, DTensor) or value.shape != held.shape:
        return value
    return distribute_tensor(value.to(held.device), held.device_mesh, held.placements)
