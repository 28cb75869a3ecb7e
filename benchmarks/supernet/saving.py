"""Super-networks on disk, with all that is needed to build them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import torch

from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.errors import AgnetError, CheckpointError
from agnet.files import read_state, write_state
from agnet.spaces.elastic import ElasticConfig, Stage

__all__ = ["load_supernet", "save_supernet", "weights_digest"]

KIND: Final = "agnet super-network"


def save_supernet(net: SuperNetwork, path: Path) -> None:
    """Writes a super-network, in place of what was there.

    Raises:
        StorageError: If it cannot be written; what was there is intact.
    """
    weights = {name: value.cpu() for name, value in net.state_dict().items()}
    content = {"kind": KIND, "config": asdict(net.config), "weights": weights}
    write_state(path, content, "the super-network")


def load_supernet(path: Path) -> SuperNetwork:
    """Reads a super-network, on the CPU.

    Raises:
        CheckpointError: If there is no such file, it is damaged, or it holds no super-network.
    """
    content = read_state(path, "a super-network")
    if content.get("kind") != KIND:
        raise CheckpointError(f"{path} holds no super-network that agnet trained")
    try:
        net = SuperNetwork(_config(content["config"]), torch.Generator())
        net.load_state_dict(content["weights"])
    except (AgnetError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} cannot be built: {error}") from error
    return net


def weights_digest(net: SuperNetwork) -> str:
    """Tells super-networks of one configuration apart: of all weights, in their order."""
    found = hashlib.sha256()
    for value in net.state_dict().values():
        found.update(value.cpu().numpy().tobytes())
    return found.hexdigest()


def _config(table: Mapping[str, Any]) -> ElasticConfig:
    """Reads what ``asdict`` made of a configuration; a file may hold lists in place of tuples."""
    made: dict[str, Any] = {}
    for one in fields(ElasticConfig):
        value = table[one.name]
        made[one.name] = tuple(value) if isinstance(value, (list, tuple)) else value
    made["stages"] = tuple(Stage(**stage) for stage in made["stages"])
    return ElasticConfig(**made)
