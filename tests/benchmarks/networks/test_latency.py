from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from agnet.benchmarks.networks import host_latency_ms
from agnet.errors import InvalidInput


class Counting(nn.Module):
    """Remembers how it was called, in a place that copies share."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[tuple[int, ...], int, bool]] = _Shared()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls.append((tuple(images.shape), torch.get_num_threads(), self.training))
        return images


class _Shared(list[tuple[tuple[int, ...], int, bool]]):
    def __deepcopy__(self, memo: object) -> _Shared:
        return self


def test_the_median_after_warming_up(monkeypatch: pytest.MonkeyPatch) -> None:
    durations = [90.0, 80.0, 70.0, 60.0, 50.0, 3.0, 1.0, 2.0]

    def ticks() -> Iterator[float]:
        for start, took in enumerate(durations):
            yield 100.0 * start
            yield 100.0 * start + took

    clock = ticks()
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    network, before = Counting().train(), torch.get_num_threads()
    assert host_latency_ms(network, (3, 4, 5), batch=2, threads=1, repeats=3) == 2000.0
    assert network.calls == [((2, 3, 4, 5), 1, False)] * 8
    assert network.training
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("setting", ["batch", "threads", "repeats"])
def test_numbers_below_one_are_refused(setting: str) -> None:
    with pytest.raises(InvalidInput, match="at least 1"):
        host_latency_ms(nn.Identity(), (1, 2, 2), **{setting: 0})
