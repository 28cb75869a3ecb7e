"""Networks for other programs: ONNX, TorchScript, bare weights."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from agnet.errors import EvaluationError, StorageError
from agnet.extras import needs
from agnet.files import replace_file, state_bytes

__all__ = ["export_onnx", "export_state_dict", "export_torchscript"]


def export_onnx(network: nn.Module, image: tuple[int, int, int], path: Path) -> None:
    """Writes a network as ONNX, of any number of images: ``images`` to ``scores``.

    Args:
        network: In evaluation mode, on the CPU.
        image: Channels, height and width of its images.
        path: The file.

    Raises:
        MissingExtra: If ONNX is not installed.
        StorageError: If the file cannot be written.
    """
    with needs("onnx", "exporting to ONNX"):
        import onnxscript  # noqa: F401
    # Two images: of one, torch takes the number for fixed.
    with _quietly():
        program = torch.onnx.export(
            network,
            (torch.zeros(2, *image),),
            input_names=["images"],
            output_names=["scores"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise EvaluationError("torch exported nothing of the network")
    _write(path, program.model_proto.SerializeToString())


def export_torchscript(network: nn.Module, image: tuple[int, int, int], path: Path) -> None:
    """Writes a network as TorchScript, which runs without Python.

    Args:
        network: In evaluation mode, on the CPU.
        image: Channels, height and width of its images.
        path: The file.

    Raises:
        StorageError: If the file cannot be written.
    """
    buffer = io.BytesIO()
    with _quietly():
        traced = torch.jit.trace(network, torch.zeros(2, *image))  # type: ignore[no-untyped-call]
        torch.jit.save(traced, buffer)
    _write(path, buffer.getvalue())


def export_state_dict(network: nn.Module, path: Path) -> None:
    """Writes the weights alone, as ``torch.load`` reads them.

    Raises:
        StorageError: If the file cannot be written.
    """
    _write(path, state_bytes(network.state_dict()))


def _write(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Silences what torch says of its own parts: deprecations, and that torchvision is missing."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            # Sides of images become constants.
            warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
            yield
    finally:
        logger.setLevel(before)
