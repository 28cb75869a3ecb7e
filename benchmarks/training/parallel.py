"""Training in several processes that ``torchrun`` starts: each takes a part of each batch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, final

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from agnet.errors import InvalidInput

__all__ = ["Group", "joined"]

T = TypeVar("T")


@final
@dataclass(frozen=True)
class Group:
    """The processes that train together.

    Attributes:
        rank: The number of this one, from 0.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> Group:
        """Returns the group that this process has joined, or itself alone."""
        if dist.is_available() and dist.is_initialized():
            return cls(dist.get_rank(), dist.get_world_size())
        return cls()

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    def part(self, batch: int) -> slice:
        """Returns which of the images of a batch are this process's.

        Raises:
            InvalidInput: If they cannot be shared evenly.
        """
        if batch % self.size:
            raise InvalidInput(
                f"got a batch of {batch} for {self.size} processes; expected a multiple of them"
            )
        share = batch // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def wrapped(self, model: nn.Module) -> nn.Module:
        """Lets gradients be averaged over the processes."""
        return model if self.size == 1 else DistributedDataParallel(model)

    def mean(self, value: torch.Tensor) -> float:
        """Averages a number over the processes."""
        total = value.detach().clone()
        if self.size > 1:
            dist.all_reduce(total)
        return float(total) / self.size

    def average_gradients(self, model: nn.Module) -> None:
        """Averages gradients over the processes, in one piece; each has them of the same weights.

        For networks that :meth:`wrapped` does not do for, those of which not all weights are used.
        """
        if self.size == 1:
            return
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def total(self, counts: torch.Tensor) -> torch.Tensor:
        """Sums whole numbers over the processes."""
        found = counts.clone()
        if self.size > 1:
            dist.all_reduce(found)
        return found

    def dealt(self, every: Sequence[int]) -> Sequence[int]:
        """Returns this process's share of what is dealt out in turn."""
        return every[self.rank :: self.size]

    def gathered(self, own: Sequence[T]) -> list[T]:
        """Returns what all processes have, in the order in which :meth:`dealt` gave it out."""
        if self.size == 1:
            return list(own)
        parts: list[Sequence[T] | None] = [None] * self.size
        dist.all_gather_object(parts, own)
        longest = max(len(part or ()) for part in parts)
        return [part[at] for at in range(longest) for part in parts if part and at < len(part)]

    def align(self, model: nn.Module) -> None:
        """Gives all processes the first one's statistics: each has normalised over its own part."""
        if self.size > 1:
            for value in model.buffers():
                dist.broadcast(value, 0)

    def wait(self) -> None:
        """Waits until all processes are here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def joined(device: str) -> Iterator[tuple[Group, str]]:
    """Joins the processes that ``torchrun`` has started, for as long as it lasts.

    Args:
        device: Of all of them; ``cuda`` gives each its own.

    Yields:
        The group, of this process alone where there are no others, and the device to use.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Group(), device
        return
    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device
    dist.init_process_group("nccl" if own.startswith("cuda") else "gloo")
    try:
        yield Group.here(), own
    finally:
        dist.destroy_process_group()
