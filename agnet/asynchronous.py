"""Searching without waiting: each architecture is told, and the next asked for, on its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import final

from agnet.errors import CheckpointError
from agnet.evaluation import Evaluator
from agnet.recording import Recorder
from agnet.spaces import Architecture

__all__ = ["Asynchronous"]


@final
class Asynchronous:
    """A search that keeps all workers busy, so that its history depends on timing.

    The initial architectures are told together. From then on the strategy is asked for one more
    whenever a worker is free. What is pending is in the checkpoint before it is evaluated: a run
    that was killed evaluates it again, under the same number, or tells it if it is recorded.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Starts at the beginning, or where the last checkpoint was written.

        Raises:
            CheckpointError: If the checkpoint cannot be used.
        """
        self._recorder = recorder
        parse = recorder.problem.space.parse
        with recorder.restoring() as found:
            self._begun = found is not None
            if found is None:
                known = {query: row.arch for query, row in recorder.rows.items()}
                pending = {query: text for query, text in known.items() if query > self._initial}
                told = 0
            else:
                pending = {int(query): str(text) for query, text in found["pending"]}
                told = int(found["queries"])
            self._pending = {query: parse(text) for query, text in pending.items()}
        self._note(told)
        taken = (recorder.rows, self._pending)
        self._numbers = (n for n in count(1) if not any(n in numbers for numbers in taken))

    @property
    def _initial(self) -> int:
        return self._recorder.config.init or 0

    def _note(self, told: int) -> None:
        """Finds out which rows were told: as many as the checkpoint says, the pending ones not."""
        rows = self._recorder.rows
        before = [query for query in rows if query not in self._pending] if self._begun else []
        if len(before) != told:
            raise CheckpointError(
                f"the checkpoint was written after {told} queries, of which {len(before)} are "
                "recorded. Delete it to resume from the recorded rows alone"
            )
        for query in before:
            self._recorder.note(rows[query])

    def run(self, evaluator: Evaluator) -> None:
        """Evaluates what is still to be evaluated."""
        recorder = self._recorder
        recorder.begin()
        if not self._begun and self._initial:
            recorder.evaluate(recorder.initial(), 1, 0, evaluator)
        for query in sorted(self._pending.keys() & recorder.rows.keys()):
            recorder.count(recorder.row(query, str(self._pending[query])))
            self._tell(query)
        while self._keep_busy(evaluator):
            pass
        self._save()
        recorder.end()

    def _keep_busy(self, evaluator: Evaluator) -> bool:
        """Evaluates until the strategy has nothing new; says whether there was anything."""
        handed: list[int] = []
        for at, evaluation in evaluator.evaluate(self._jobs(handed)):
            query = handed[at]
            round_ = query - max(self._initial, 1)  # as in rounds of one
            self._recorder.record(query, round_, str(self._pending[query]), evaluation)
            self._tell(query)
        return bool(handed)

    def _jobs(self, handed: list[int]) -> Iterator[Architecture]:
        """Yields what was pending when the run was killed, then something new for each free worker.

        Args:
            handed: Grows by the number of each.
        """
        for query, arch in list(self._pending.items()):
            handed.append(query)
            yield arch
        recorder = self._recorder
        while len(recorder.rows) + len(self._pending) < recorder.config.queries:
            new = self._ask()
            if new is None:
                return
            query = next(self._numbers)
            self._pending[query] = new
            self._save()
            handed.append(query)
            yield new

    def _ask(self) -> Architecture | None:
        """Something that is not pending: of one more than are, one at least is not."""
        pending = set(map(str, self._pending.values()))
        archs = self._recorder.ask(len(pending) + 1)
        return next((arch for arch in archs if str(arch) not in pending), None)

    def _tell(self, query: int) -> None:
        arch = self._pending.pop(query)
        self._recorder.tell(
            self._recorder.problem.space.batch([arch]), [self._recorder.rows[query]]
        )

    def _save(self) -> None:
        pending = [[query, str(arch)] for query, arch in self._pending.items()]
        self._recorder.save(queries=len(self._recorder.told), pending=pending)
