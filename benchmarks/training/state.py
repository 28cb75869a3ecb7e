"""A training under way: what it goes on from, in memory and on disk."""

from __future__ import annotations

from dataclasses import asdict
from os.path import commonprefix
from pathlib import Path
from typing import Final, final

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from agnet.benchmarks.training.recipe import Recipe
from agnet.errors import CheckpointError
from agnet.files import read_state, write_state

__all__ = ["TrainingState"]

KIND: Final = "agnet training"
SHOWN: Final = 40  # characters on each side of a difference


@final
class TrainingState:
    """Weights, their averages, the optimiser, the random stream, and what was noted so far."""

    def __init__(
        self, model: nn.Module, recipe: Recipe, generator: torch.Generator, identity: str
    ) -> None:
        """Starts before the first epoch.

        Args:
            model: What is trained.
            recipe: How.
            generator: The random stream of the training.
            identity: Says what else the outcome depends on; another one is not gone on with.
        """
        self.model, self.generator, self._recipe = model, generator, recipe
        self._identity = identity
        self.optimizer = _optimizer(model, recipe)
        self._average = _average(model, recipe.average) if recipe.average else None
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.seconds: list[float] = []

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.losses)

    @property
    def judged(self) -> nn.Module:
        """What is evaluated: the averaged weights, if there are any."""
        return self.model if self._average is None else self._average.module

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the next update."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def averaged(self) -> None:
        """Takes the weights of the moment into the average."""
        if self._average is not None:
            self._average.update_parameters(self.model)

    def finish(self) -> None:
        """Gives the network the weights that were evaluated."""
        if self._average is not None:
            self.model.load_state_dict(self._average.module.state_dict())

    def save(self, path: Path) -> None:
        """Writes everything, in place of what was there.

        Raises:
            StorageError: If it cannot be written; what was there is intact.
        """
        content = {
            "kind": KIND,
            "identity": self._identity,
            "recipe": asdict(self._recipe),
            "model": self.model.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "losses": self.losses,
            "accuracies": self.accuracies,
            "seconds": self.seconds,
        }
        write_state(path, content, "the training", "; what was written before is intact")

    def load(self, path: Path) -> None:
        """Goes on from what was written.

        Raises:
            CheckpointError: If it is damaged, or of another training.
        """
        content = read_state(path, "a training")
        if content.get("kind") != KIND:
            raise CheckpointError(f"{path} holds no training")
        if content.get("recipe") != asdict(self._recipe):
            raise CheckpointError(
                f"{path} was trained by another recipe; use that one, or choose another place"
            )
        if content.get("identity") != self._identity:
            own, there = _where_they_part(self._identity, str(content.get("identity")))
            raise CheckpointError(
                f"{path} is the training of something else: got {own}, and there it is {there}; "
                "choose another place"
            )
        try:
            for name in ("losses", "accuracies", "seconds"):
                setattr(self, name, list(content[name]))
            self.model.load_state_dict(content["model"])
            if self._average is not None:
                self._average.load_state_dict(content["average"])
            self.optimizer.load_state_dict(content["optimizer"])
            self.generator.set_state(content["generator"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"{path} is of another network: {str(error).splitlines()[0]}"
            ) from error


def _average(model: nn.Module, kept: float) -> AveragedModel:
    weigh = get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]  # torch gives it no types
    return AveragedModel(model, multi_avg_fn=weigh, use_buffers=True)


def _where_they_part(one: str, other: str) -> tuple[str, str]:
    """Of two long texts the part in which they begin to differ."""
    start = max(len(commonprefix([one, other])) - SHOWN, 0)
    dots = "... " if start else ""
    return dots + _shortened(one[start:]), dots + _shortened(other[start:])


def _shortened(text: str) -> str:
    return text if len(text) <= 2 * SHOWN else f"{text[: 2 * SHOWN]} ..."


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = list(model.parameters())
    decay = recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=recipe.rate,
            momentum=recipe.momentum,
            weight_decay=decay,
            nesterov=recipe.nesterov,
        )
    return torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=decay)
