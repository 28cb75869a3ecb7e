"""Generators in files: those that ship, and one's own."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np

from agnet.errors import CheckpointError
from agnet.files import read_state, replace_file, state_bytes
from agnet.generators.graph_vae import GraphVAE
from agnet.seeds import stream
from agnet.spaces import OFAMobileNetV3, SearchSpace, Subset

__all__ = ["load_generator", "load_pretrained", "save_generator"]


def save_generator(generator: GraphVAE, path: Path) -> None:
    """Writes a generator to a file, with weights in half precision.

    Raises:
        CheckpointError: If the file cannot be written.
    """
    state = generator.state_dict()
    state["weights"] = {name: weight.half() for name, weight in state["weights"].items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, state_bytes(state))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error}") from error


def load_generator(
    space: SearchSpace, path: Path, rng: np.random.Generator | None = None
) -> GraphVAE:
    """Reads a generator from a file that ``agnet pretrain`` has written.

    Args:
        space: Of its architectures. A subset takes the generator of its whole space, and the
            width of an OFA supernet makes no difference: their choices are the same.
        path: The file.
        rng: What its later training draws from.

    Raises:
        CheckpointError: If there is no such file, or it holds no generator of the space.
    """
    state = read_state(path, "a generator")
    if state.get("space") == _parent(space):
        state["space"] = space.name
    generator = GraphVAE(space, stream(0, "generator") if rng is None else rng)
    generator.load_state_dict(state)
    return generator


def load_pretrained(space: SearchSpace, rng: np.random.Generator | None = None) -> GraphVAE:
    """Opens the generator that ships for a space, as :func:`load_generator` does.

    Raises:
        CheckpointError: If none ships for it.
    """
    files = resources.files("agnet.generators").joinpath("checkpoints")
    file = files.joinpath(f"{_parent(space)}.pt")
    if not file.is_file():
        raise CheckpointError(
            f"no generator ships for {space.name}; make one with 'agnet pretrain', or in Python "
            "with agnet.generators.pretrain(space, seed)"
        )
    with resources.as_file(file) as path:
        return load_generator(space, path, rng)


def _parent(space: SearchSpace) -> str:
    """The name of the space whose generator serves this one."""
    whole = space.whole if isinstance(space, Subset) else space
    return OFAMobileNetV3().name if isinstance(whole, OFAMobileNetV3) else whole.name
