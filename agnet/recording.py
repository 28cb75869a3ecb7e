"""What every way of searching needs: a strategy asked and told, and all of it written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, final

import numpy as np
from threadpoolctl import ThreadpoolController

from agnet import __version__
from agnet.config import SearchConfig
from agnet.errors import CheckpointError, StrategyError
from agnet.evaluation import Evaluation, Evaluator
from agnet.objectives import Outcomes, outcomes
from agnet.preparation import initial_architectures
from agnet.progress import Progress
from agnet.runs import recorded_arch
from agnet.spaces import Architecture, Architectures
from agnet.standing import StandingTracker
from agnet.storage import QueryRow, RunStorage
from agnet.strategies import Problem, Strategy

__all__ = ["Recorder"]

CHECKPOINT_FORMAT: Final = 1


@final
class Recorder:
    """One search under way, apart from the order in which things are done.

    Attributes:
        config: What the search does.
        problem: What is searched.
        rows: What is recorded, by number.
        told: Texts of all that the strategy was told.
    """

    def __init__(
        self,
        config: SearchConfig,
        problem: Problem,
        strategy: Strategy,
        storage: RunStorage,
        progress: Progress,
    ) -> None:
        """Takes what was recorded before; nothing of it is told yet.

        Raises:
            InvalidArchitecture: If something of it is none of the space.
        """
        self.config, self.problem, self._strategy = config, problem, strategy
        self._storage, self._progress = storage, progress
        self._tracker = StandingTracker(storage.columns, problem.objectives, problem.limits)
        self.rows = {row.query: row for row in storage.rows()}
        for row in self.rows.values():
            recorded_arch(problem.space, row, storage.folder)
        self.told: set[str] = set()
        # One thread: sums in another order would make another history on another machine.
        self._threads = ThreadpoolController()

    def begin(self) -> None:
        """Shows where the search stands."""
        self._storage.write_history()
        self._progress.update(self._tracker.standing)

    def end(self) -> None:
        """Puts the history for people in order: workers answer in any."""
        self._storage.write_history()

    def initial(self) -> Architectures:
        """Draws the initial architectures."""
        number = self.config.init or 0
        return initial_architectures(self.problem.space, number, self.config.seed)

    def round_size(self, round_: int, planned: int) -> int:
        """Returns how many a round asks for; see :meth:`RunStorage.round_size`."""
        return self._storage.round_size(round_, planned)

    def ask(self, n: int) -> Architectures:
        """Asks the strategy for up to ``n`` architectures.

        Raises:
            StrategyError: If it repeats itself or proposes more.
        """
        with self._threads.limit(limits=1):
            archs = self._strategy.ask(n)
        texts = set(map(str, archs))
        if len(archs) > n or len(texts) < len(archs) or texts & self.told:
            raise StrategyError(
                f"{self.config.strategy} was asked for {n} new architectures and proposed "
                f"{len(archs)}, {len(texts)} distinct, {len(texts & self.told)} evaluated before"
            )
        return archs

    def evaluate(self, archs: Architectures, first: int, round_: int, evaluator: Evaluator) -> None:
        """Evaluates what is not recorded yet of a round, and tells all of it together.

        Args:
            archs: The round.
            first: The number of its first query.
            round_: Its number.
            evaluator: What evaluates.

        Raises:
            CheckpointError: If something else is recorded under one of its numbers.
        """
        texts = [str(arch) for arch in archs]
        todo = []
        for i, text in enumerate(texts):
            if first + i in self.rows:
                self.count(self.row(first + i, text))
            else:
                todo.append(i)
        for at, evaluation in evaluator.evaluate([archs[i] for i in todo]):
            self.record(first + todo[at], round_, texts[todo[at]], evaluation)
        self.tell(archs, [self.row(first + i, text) for i, text in enumerate(texts)])

    def record(self, query: int, round_: int, text: str, evaluation: Evaluation) -> QueryRow:
        """Writes down what came of one architecture, and shows it."""
        feasible = bool(self._outcomes([evaluation.values]).feasible[0])
        seconds, failure = evaluation.seconds, evaluation.failure
        row = QueryRow(query, round_, text, evaluation.values, feasible, seconds, failure)
        self._storage.record(row, evaluation.curves)
        self.rows[query] = row
        self.count(row)
        return row

    def count(self, row: QueryRow) -> None:
        """Shows a row that is recorded."""
        self._progress.update(self._tracker.add(row.values))

    def tell(self, archs: Sequence[Architecture], rows: Sequence[QueryRow]) -> None:
        """Tells the strategy what is recorded of some architectures."""
        values = np.array([row.values for row in rows], dtype=np.float64)
        with self._threads.limit(limits=1):
            self._strategy.tell(archs, self._outcomes(values))
        self.told.update(row.arch for row in rows)

    def note(self, row: QueryRow) -> None:
        """Takes note that the strategy was told a row before it was restored."""
        self.told.add(row.arch)
        self._tracker.add(row.values)

    def row(self, query: int, text: str | None = None) -> QueryRow:
        """Returns a recorded row, which is to be of an architecture if its text is given.

        Raises:
            CheckpointError: If there is none, or it is of another architecture.
        """
        row = self.rows.get(query)
        if row is None:
            raise CheckpointError(
                f"the checkpoint is ahead of the run's rows: query {query} is not recorded. Delete "
                "the checkpoint to resume from the recorded rows alone"
            )
        if text not in (None, row.arch):
            raise CheckpointError(
                f"query {query} of the run is {row.arch}, but resuming proposes {text}: "
                "the run was made by another version or configuration"
            )
        return row

    def save(self, **more: Any) -> None:
        """Replaces the checkpoint; ``more`` is what says where the search stands."""
        state = self._strategy.state_dict()
        self._storage.save_checkpoint(
            {**self._identity(), "agnet": __version__, **more, "state": state}
        )

    @contextmanager
    def restoring(self) -> Iterator[Mapping[str, Any] | None]:
        """Restores the strategy from the last checkpoint, and yields it to restore the rest.

        It is None if there is none: then the search is replayed from the recorded rows.

        Raises:
            CheckpointError: If it is malformed or of another run.
        """
        found = self._storage.load_checkpoint()
        try:
            if found is not None:
                self._check_identity(found)
                with self._threads.limit(limits=1):
                    self._strategy.load_state_dict(found["state"])
            yield found
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"the checkpoint is malformed ({type(error).__name__}: {error}); delete it to "
                "resume from the recorded rows alone"
            ) from error

    def _identity(self) -> dict[str, Any]:
        """What a checkpoint and its run have in common."""
        return {
            "format": CHECKPOINT_FORMAT,
            "strategy": self.config.strategy,
            "space": self.problem.space.name,
            "seed": self.config.seed,
        }

    def _check_identity(self, found: Mapping[str, Any]) -> None:
        for name, value in self._identity().items():
            if found.get(name) != value:
                raise CheckpointError(
                    f"the checkpoint has {name} = {found.get(name)!r}, the run {value!r}: it "
                    "belongs to another run. Delete it to resume from the recorded rows alone"
                )

    def _outcomes(self, values: Any) -> Outcomes:
        rows = np.asarray(values, dtype=np.float64)
        return outcomes(rows, self._storage.columns, self.problem.objectives, self.problem.limits)
