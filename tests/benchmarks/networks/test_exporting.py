from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from agnet.benchmarks.networks import (
    BlockSkeleton,
    DARTSSkeleton,
    Skeleton,
    export_onnx,
    export_state_dict,
    export_torchscript,
    standardised,
)
from agnet.errors import MissingExtra, StorageError
from agnet.seeds import stream
from agnet.spaces import DARTS, BlockCells, SearchSpace

IMAGE = (3, 9, 8)


def network(space: SearchSpace, skeleton: Skeleton) -> nn.Module:
    arch = space.sample(1, stream(0, "arch"))[0]
    made = skeleton.build(arch, IMAGE, 5, torch.Generator().manual_seed(0))
    return standardised(made, torch.full((3,), 0.4), torch.full((3,), 0.2)).eval()


CASES = [(BlockCells(), BlockSkeleton(2, 1, 4)), (DARTS(), DARTSSkeleton(2, 3))]
CASE_NAMES = ["blocks", "darts"]


def images(count: int = 5) -> torch.Tensor:
    return torch.rand(count, *IMAGE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("space", "skeleton"), CASES, ids=CASE_NAMES)
def test_onnx_runtime_says_what_torch_says(
    space: SearchSpace, skeleton: Skeleton, tmp_path: Path
) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    made, path = network(space, skeleton), tmp_path / "network.onnx"
    export_onnx(made, IMAGE, path)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for count in (1, 5):
        (found,) = session.run(["scores"], {"images": images(count).numpy()})
        expected = made(images(count)).detach().numpy()
        assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("space", "skeleton"), CASES, ids=CASE_NAMES)
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_torchscript_says_what_torch_says(
    space: SearchSpace, skeleton: Skeleton, tmp_path: Path
) -> None:
    made, path = network(space, skeleton), tmp_path / "network.ts"
    export_torchscript(made, IMAGE, path)
    loaded = torch.jit.load(path)  # type: ignore[no-untyped-call]
    assert torch.allclose(loaded(images()), made(images()), rtol=1e-4, atol=1e-4)


def test_weights_alone(tmp_path: Path) -> None:
    made, path = network(*CASES[0]), tmp_path / "weights.pt"
    export_state_dict(made, path)
    found = torch.load(path, weights_only=True)
    assert list(found) == list(made.state_dict())
    assert all(map(torch.equal, found.values(), made.state_dict().values()))


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"):
        export_state_dict(network(*CASES[0]), tmp_path / "nowhere" / "weights.pt")


def test_without_the_extra_one_line_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "onnxscript":
            raise ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript")
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"agnet\[onnx\]"):
        export_onnx(network(*CASES[0]), IMAGE, tmp_path / "network.onnx")
