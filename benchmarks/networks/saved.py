"""Trained networks on disk, with all that is needed to build them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from torch import nn

from agnet.benchmarks.networks.skeleton import Skeleton
from agnet.benchmarks.networks.skeletons import read_skeleton
from agnet.benchmarks.networks.standardised import standardised
from agnet.errors import AgnetError, CheckpointError, InvalidInput
from agnet.files import read_state, write_state
from agnet.spaces import Architecture, open_space

__all__ = ["SavedNetwork", "check_keepable", "load_network", "save_network"]

KIND = "agnet network"


@final
@dataclass(frozen=True, eq=False)
class SavedNetwork:
    """A network, and what it is of.

    Attributes:
        network: Maps images ``(B, C, H, W)``, from 0 to 1, to a number a class.
        arch: Its architecture.
        skeleton: How that became a network.
        image: Channels, height and width of what it was trained on.
        num_classes: Its outputs.
        standardises: Whether it begins with a standardisation.
    """

    network: nn.Module
    arch: Architecture
    skeleton: Skeleton
    image: tuple[int, int, int]
    num_classes: int
    standardises: bool


def check_keepable(arch: Architecture) -> None:
    """Checks that a network of an architecture can be read again, before it is trained.

    Raises:
        InvalidInput: If its space is not one that is opened by its name.
    """
    try:
        open_space(arch.space.name).parse(str(arch))
    except InvalidInput as error:
        raise InvalidInput(
            f"a network of {arch.space.name} could not be read again ({error}); train it without a "
            "folder, and keep its weights yourself"
        ) from error


def save_network(saved: SavedNetwork, path: Path) -> None:
    """Writes a network, in place of what was there.

    Raises:
        StorageError: If it cannot be written; what was there is intact.
    """
    content = {
        "kind": KIND,
        "space": saved.arch.space.name,
        "arch": str(saved.arch),
        "skeleton": saved.skeleton.settings,
        "image": list(saved.image),
        "num_classes": saved.num_classes,
        "standardises": saved.standardises,
        "weights": saved.network.state_dict(),
    }
    write_state(path, content, "the network")


def load_network(path: Path) -> SavedNetwork:
    """Reads a network, in evaluation mode, on the CPU.

    Raises:
        CheckpointError: If there is no such file, it is damaged, or it holds no network.
    """
    content = read_state(path, "a network")
    if content.get("kind") != KIND:
        raise CheckpointError(f"{path} holds no network that agnet trained")
    try:
        return _built(content)
    except (AgnetError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} cannot be built: {error}") from error


def _built(content: dict[str, Any]) -> SavedNetwork:
    arch = open_space(content["space"]).parse(content["arch"])
    skeleton = read_skeleton(arch.space, content["skeleton"])
    channels, height, width = content["image"]
    classes = content["num_classes"]
    network = skeleton.build(arch, (channels, height, width), classes, torch.Generator())
    if content["standardises"]:
        network = standardised(network, torch.zeros(channels), torch.ones(channels))
    network.load_state_dict(content["weights"])
    return SavedNetwork(
        network.eval(), arch, skeleton, (channels, height, width), classes, content["standardises"]
    )
