"""The loop: propose, evaluate, let survive, adapt the weights, evaluate again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, final

import numpy as np
import torch

from agnet.benchmarks import Inherited
from agnet.benchmarks.supernet import (
    ElasticSharing,
    SuperNetwork,
    Teaching,
    check_images,
    weights_digest,
)
from agnet.benchmarks.training import Execution, Group, ImageData, Recipe
from agnet.errors import CheckpointError
from agnet.files import read_state, write_state
from agnet.seeds import stream
from agnet.spaces import Architectures
from agnet.spaces.elastic import Options
from agnet.strategies.nat import beginning
from agnet.transfer.adaptation import Adaptation
from agnet.transfer.aims import aim_of, completed
from agnet.transfer.growing import RECIPE
from agnet.transfer.journal import Journal
from agnet.transfer.policy import Policy
from agnet.transfer.proposals import Proposals, check_proposer
from agnet.transfer.records import Aim, Records

__all__ = ["AfterRound", "Round", "Transferred", "transfer"]

KIND: Final = "agnet transfer"
EVALUATIONS, CHECKPOINT = "evaluations.jsonl", "checkpoint.pt"


@final
@dataclass(frozen=True)
class Round:
    """What there was after so many proposals.

    Attributes:
        iteration: 0 after the first draws.
        evaluated: How many networks had been evaluated, each counted once.
        measured: How many evaluations that were, those again with newer weights included.
        hypervolume: Of all that was evaluated with the weights of the moment.
        front: How many of it nothing dominates.
        correlation: Kendall's, between what was predicted of the newcomers and what was found; None
            without a prediction.
    """

    iteration: int
    evaluated: int
    measured: int
    hypervolume: float
    front: int
    correlation: float | None


AfterRound: TypeAlias = Callable[[Round], None]


@final
@dataclass(frozen=True, eq=False)
class Transferred:
    """What a transfer gave.

    Attributes:
        net: The super-network, adapted.
        archive: The archive, evaluated with it.
        known: All that was evaluated with it: no more than the archive once weights have adapted.
        rounds: One after the first draws, and one for each iteration.
    """

    net: SuperNetwork
    archive: Records
    known: Records
    rounds: tuple[Round, ...]

    @property
    def front(self) -> Records:
        """What keeps all limits and is not dominated by anything that is known."""
        return self.known[self.known.front]


def transfer(
    net: SuperNetwork,
    data: ImageData,
    policy: Policy | None = None,
    aim: Aim | None = None,
    *,
    out: Path,
    recipe: Recipe = RECIPE,
    teaching: Teaching | None = None,
    seed: int = 0,
    execution: Execution | None = None,
    after_round: AfterRound | None = None,
) -> Transferred:
    """Searches the networks of a super-network, whose weights adapt to what is found.

    On CPU the outcome follows from the arguments, also where it was killed and begun again any
    number of times: what was evaluated is read from ``out``. Test images are not looked at. Where
    several processes have joined a group of torch.distributed each is to call this with the same
    arguments: they share trainings and evaluations.

    Args:
        net: The super-network, trained on the data; its weights are changed.
        data: The images.
        policy: How to search.
        aim: What is wanted, see :func:`aim_of`: accurate networks of few parameters, by default.
        out: The folder of what it goes on from.
        recipe: Batches, optimiser and changes of images of the adaptation.
        teaching: What networks learn from then: by default with ``desc`` for the weights of exits.
        seed: Of draws, proposals and batches.
        execution: Where to compute; by default in one thread.
        after_round: Is told each round as it is done.

    Raises:
        InvalidInput: If the images are not those of the super-network, or a setting cannot be used.
        CheckpointError: If the folder holds another transfer, or is damaged.
        StorageError: If it cannot be written.
        TrainingDiverged: If the loss of an adaptation is no longer finite.
        MissingExtra: If what the proposer needs is not installed.
    """
    taught, policy, aim = teaching or Teaching(exits="desc"), policy or Policy(), aim or aim_of()
    check_images(net.config, data)
    check_proposer(policy, aim, net.space)
    benchmark = Inherited(
        ElasticSharing(net), data, calibration=taught.calibration, execution=execution
    )
    known = {"seed": seed, "recipe": asdict(recipe), "aim": repr(aim)}
    known |= {"policy": asdict(policy), "teaching": asdict(taught)}
    judged = {
        "space": asdict(net.config),
        "weights": weights_digest(net)[:16],
        "data": data.digest[:16],
        "calibration": taught.calibration,
        "metrics": aim.columns,
    }
    how = Adaptation(net, data, recipe, taught, execution or Execution(), out)
    group = Group.here()
    with Journal(out / EVALUATIONS, judged, writes=group.leads) as journal:
        run = _Run(policy, benchmark, aim, how, journal, seed, f"{known} {judged}")
        checkpoint = out / CHECKPOINT
        if checkpoint.exists():
            run.load(checkpoint)
        elif journal.adapted:
            raise CheckpointError(
                f"{out} has evaluations of weights that had adapted, but {CHECKPOINT}, which has "
                "those weights, is gone; choose another folder"
            )
        for round_ in run.remaining():
            if group.leads:
                run.save(checkpoint)
            how.forget()
            group.wait()
            if after_round is not None:
                after_round(round_)
        return Transferred(net, run.archive, run.known, tuple(run.rounds))


@final
class _Run:
    """A transfer under way."""

    archive: Records

    def __init__(
        self,
        policy: Policy,
        benchmark: Inherited,
        aim: Aim,
        how: Adaptation,
        journal: Journal,
        seed: int,
        identity: str,
    ) -> None:
        self._policy, self._benchmark, self._aim, self._how = policy, benchmark, aim, how
        self._proposals = Proposals(policy, aim, benchmark)
        self._journal, self._seed, self._identity = journal, seed, identity
        self._space, self._version = how.net.space, 0
        self._seen = self._space.batch([])
        self.rounds: list[Round] = []

    @property
    def known(self) -> Records:
        """All that was evaluated with the weights of the moment."""
        if self._policy.adaptation and self._version:
            return self.archive
        return self._evaluated(self._seen)

    def remaining(self) -> Iterator[Round]:
        """Makes what is still to be made, and yields each round."""
        if not self.rounds:
            self._begin()
            yield self.rounds[-1]
        for iteration in range(len(self.rounds), self._policy.iterations + 1):
            self._iterate(iteration)
            yield self.rounds[-1]

    def save(self, path: Path) -> None:
        """Writes everything but the evaluations, in place of what was there.

        Raises:
            StorageError: If it cannot be written; what was there is intact.
        """
        content = {
            "kind": KIND,
            "identity": self._identity,
            "version": self._version,
            "archive": torch.from_numpy(self.archive.archs.choices.copy()),
            "values": torch.from_numpy(self.archive.values.copy()),
            "seen": torch.from_numpy(self._seen.choices.copy()),
            "rounds": [asdict(one) for one in self.rounds],
            "adaptation": self._how.state_dict(),
        }
        write_state(path, content, "the transfer", "; what was written before is intact")

    def load(self, path: Path) -> None:
        """Goes on from what was written.

        Raises:
            CheckpointError: If it is damaged, or of another transfer.
        """
        content = read_state(path, "a transfer")
        if content.get("kind") != KIND:
            raise CheckpointError(f"{path} holds no transfer")
        if content.get("identity") != self._identity:
            raise CheckpointError(
                f"{path} is a transfer with other settings; use those, or choose another folder"
            )
        try:
            self._restore(content)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"{path} is of another super-network: {reason}") from error

    def _restore(self, content: Mapping[str, Any]) -> None:
        self._how.load_state_dict(content["adaptation"])
        self._complete()
        self._version = int(content["version"])
        archs = self._space.from_choices(content["archive"].numpy())
        self.archive = Records(self._aim, archs, content["values"].numpy().copy())
        self._seen = self._space.from_choices(content["seen"].numpy())
        self.rounds = [Round(**one) for one in content["rounds"]]

    def _begin(self) -> None:
        """Draws the first and lets the best of them make the archive, the extremes with them."""
        policy, rng = self._policy, stream(self._seed, "transfer-beginning")
        drawn = beginning(self._space, policy.archive * policy.factor, rng, policy.draw)
        self._complete()
        found = self._evaluated(drawn)
        if policy.factor > 1:
            ends, others = found[np.arange(2)], found[np.arange(2, len(found))]
            found = ends + others.surviving(policy.archive - 2, rng)
        self.archive, self._seen = found, drawn
        self._note(len(drawn), None)

    def _iterate(self, iteration: int) -> None:
        policy = self._policy
        rng = stream(self._seed, "transfer-proposals", iteration)
        archs = self._proposals.made(self.known, self._seen, rng)
        newcomers = self._evaluated(archs)
        correlation = self._proposals.correlation(newcomers)
        everyone = self.archive + newcomers
        rng = stream(self._seed, "transfer-survival", iteration)
        kept = everyone if policy.grows else everyone.surviving(policy.archive, rng)
        self._seen, measured = self._seen + archs, len(archs)
        if policy.adaptation:
            self._how.adapt(policy, kept, iteration, self._seed)
            self._version += 1
            kept = self._evaluated(kept.archs)
            measured += len(kept)
        self.archive = kept
        self._note(measured, correlation)

    def _complete(self) -> None:
        """Settles what hypervolumes are measured to, by the largest network as it was at first."""
        largest = Options.every(self._how.net.config).largest(self._space)
        row = self._evaluated(self._space.batch([largest]))
        self._aim = completed(self._aim, row.values[0].tolist())

    def _evaluated(self, archs: Architectures) -> Records:
        """Evaluates networks with the weights of the moment, but for those that are on record."""
        columns, texts = self._aim.columns, [str(arch) for arch in archs]
        missing = [
            at for at, text in enumerate(texts) if self._journal.get(self._version, text) is None
        ]
        group = Group.here()
        for start in range(0, len(missing), group.size):
            some = missing[start : start + group.size]
            own = [self._benchmark.observe(archs[at], columns).values for at in group.dealt(some)]
            for at, found in zip(some, group.gathered(own), strict=True):
                self._journal.add(self._version, texts[at], found)
        rows = [self._journal.get(self._version, text) for text in texts]
        values = np.array(rows, dtype=np.float64).reshape(len(archs), len(columns))
        return Records(self._aim, archs, values)

    def _note(self, measured: int, correlation: float | None) -> None:
        before = self.rounds[-1].measured if self.rounds else 0
        known = self.known
        self.rounds.append(
            Round(
                len(self.rounds),
                len(self._seen),
                before + measured,
                known.hypervolume,
                len(known.front),
                correlation,
            )
        )
