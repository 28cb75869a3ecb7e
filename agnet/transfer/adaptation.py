"""Training the super-network as the networks that the archive is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

from agnet.benchmarks.networks.elastic import PlainNetwork
from agnet.benchmarks.supernet import (
    Phase,
    SuperNetwork,
    Teaching,
    cut_out,
    train_supernet,
)
from agnet.benchmarks.training import Execution, Group, ImageData, Recipe
from agnet.seeds import stream
from agnet.spaces.elastic import GeneDistribution, Options
from agnet.transfer.policy import Policy
from agnet.transfer.records import Records

__all__ = ["Adaptation"]

SEEDS: Final = 2**31
UNDER_WAY: Final = "adapting-{}.pt"


@final
class Adaptation:
    """Adapts a super-network; its largest network as it was at first teaches all along.

    Attributes:
        net: The super-network.
    """

    def __init__(
        self,
        net: SuperNetwork,
        data: ImageData,
        recipe: Recipe,
        teaching: Teaching,
        how: Execution,
        folder: Path,
    ) -> None:
        """Cuts the teacher out.

        Args:
            net: The super-network.
            data: What it is trained on.
            recipe: Batches, optimiser and changes of images.
            teaching: What networks learn from.
            how: Where to compute.
            folder: Where an adaptation lies while it is under way.
        """
        self.net, self._data, self._recipe = net, data, recipe
        self._teaching, self._how, self._folder = teaching, how, folder
        largest = Options.every(net.config).largest(net.space)
        self._teacher: PlainNetwork = cut_out(net, largest, net.config.exits)

    def adapt(self, policy: Policy, records: Records, iteration: int, seed: int) -> None:
        """Trains for the epochs of one iteration, counted from 1.

        Raises:
            TrainingDiverged: If the loss is no longer finite.
            CheckpointError: If an adaptation under way is damaged or of another transfer.
            StorageError: If it cannot be written.
        """
        rng = stream(seed, "transfer-adaptation", iteration)
        best = records.surviving(policy.best, rng).archs if policy.adapts == "archive" else []
        phase = Phase(
            f"adaptation {iteration}",
            policy.adaptation,
            policy.rate,
            Options.every(self.net.config),
            "sampled",
            policy.sampled,
            policy.warmup,
            teacher="kept",
            distribution=GeneDistribution.of(self.net.space, best),
            done=(iteration - 1) * policy.adaptation,
            of=policy.iterations * policy.adaptation,
        )
        train_supernet(
            self.net,
            self._data,
            self._recipe,
            [phase],
            teaching=self._teaching,
            teacher=self._teacher,
            seed=int(rng.integers(SEEDS)),
            execution=self._how,
            checkpoint=self._folder / UNDER_WAY.format(iteration),
            identity=f"{self._data.name} {self._data.digest[:16]} {iteration}",
        )

    def forget(self) -> None:
        """Removes what lay there while adaptations were under way: they are done."""
        for path in self._folder.glob(UNDER_WAY.format("*")) if Group.here().leads else ():
            path.unlink(missing_ok=True)

    def state_dict(self) -> dict[str, Any]:
        """Returns the weights of the super-network and of the teacher."""
        return {"net": self.net.state_dict(), "teacher": self._teacher.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores them.

        Raises:
            RuntimeError: If they are of another super-network.
        """
        self.net.load_state_dict(state["net"])
        self._teacher.load_state_dict(state["teacher"])
