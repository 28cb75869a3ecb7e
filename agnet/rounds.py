"""Searching in rounds: all of a batch is evaluated and told before the next is asked for."""

from __future__ import annotations

from typing import final

from agnet.evaluation import Evaluator
from agnet.recording import Recorder
from agnet.spaces import Architectures

__all__ = ["Rounds"]


@final
class Rounds:
    """A search whose history does not depend on the number of workers."""

    def __init__(self, recorder: Recorder) -> None:
        """Starts before the first round, or after the last one of which there is a checkpoint.

        Raises:
            CheckpointError: If the checkpoint cannot be used.
        """
        self._recorder = recorder
        self._done = self._round = 0
        with recorder.restoring() as found:
            if found is not None:
                self._done, self._round = int(found["queries"]), int(found["round"])
        for query in range(1, self._done + 1):
            recorder.note(recorder.row(query))

    def run(self, evaluator: Evaluator) -> None:
        """Runs the rounds that are still to be run."""
        recorder = self._recorder
        recorder.begin()
        while self._done < recorder.config.queries:
            archs = self._ask(recorder.config.queries - self._done)
            if not len(archs):
                break  # the space is exhausted, or the strategy has ended
            recorder.evaluate(archs, self._done + 1, self._round, evaluator)
            self._done += len(archs)
            self._round += 1
            recorder.save(queries=self._done, round=self._round)
        recorder.end()

    def _ask(self, left: int) -> Architectures:
        config = self._recorder.config
        if self._round == 0 and config.init:
            return self._recorder.initial()
        planned = self._recorder.round_size(self._round, min(config.batch, left))
        return self._recorder.ask(planned)
