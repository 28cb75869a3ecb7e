"""How long a network takes on this machine's CPU."""

from __future__ import annotations

import time
from copy import deepcopy
from statistics import median
from typing import Final

import torch
from threadpoolctl import threadpool_limits
from torch import nn

from agnet.errors import InvalidInput

__all__ = ["host_latency_ms"]

WARM_UP: Final = 5  # passes that do not count: memory is fetched, kernels are chosen


def host_latency_ms(
    network: nn.Module,
    image: tuple[int, int, int],
    *,
    batch: int = 1,
    threads: int = 1,
    repeats: int = 30,
) -> float:
    """Measures a forward pass in evaluation mode: the median, in milliseconds of wall time.

    Args:
        network: Maps images ``(B, C, H, W)``; it is left alone, on whatever device it is.
        image: Channels, height and width.
        batch: Images at a time.
        threads: How many to compute in.
        repeats: How often, after a few passes that do not count.

    Raises:
        InvalidInput: If one of the numbers is below 1.
    """
    if min(batch, threads, repeats) < 1:
        raise InvalidInput(
            f"got a batch of {batch}, {threads} threads and {repeats} repeats; expected at least 1"
        )
    made, images = deepcopy(network).cpu().eval(), torch.zeros(batch, *image)
    taken = []
    with torch.inference_mode(), threadpool_limits(threads):
        for _ in range(WARM_UP + repeats):
            began = time.perf_counter()
            made(images)
            taken.append(time.perf_counter() - began)
    return 1000.0 * median(taken[WARM_UP:])
