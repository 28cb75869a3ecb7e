from __future__ import annotations

import pytest
import torch

from agnet.benchmarks.training import within_memory
from agnet.errors import OutOfMemory


def test_what_torch_says_becomes_one_error() -> None:
    with (
        pytest.raises(OutOfMemory, match="not suffice for an exabyte: take less .*allocate memory"),
        within_memory("an exabyte", "take less"),
    ):
        torch.empty(2**58)


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")])
def test_other_kinds_do_too(error: Exception) -> None:
    with pytest.raises(OutOfMemory), within_memory("it", "take less"):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), within_memory("it", "take less"):
        raise RuntimeError("the shapes do not fit")
