"""The loop around one of pymoo's algorithms: batches of any size, and nothing evaluated twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

import numpy as np
import torch

from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.genetic.engine import Engine, Points
from agnet.strategies.genetic.scale import Scale

__all__ = ["Genetic"]

ATTEMPTS: Final = 8  # of breeding; what is then still missing is random


@final
class Genetic(Strategy):
    """Breeds children of a population until as many new ones are found as were asked for.

    A generation is bred piece by piece, all of it from the same population, and judged when enough
    of its children have been evaluated. A child that was evaluated before belongs to it with the
    outcome that is on record, and costs nothing.
    """

    def __init__(
        self,
        name: str,
        problem: Problem,
        rng: np.random.Generator,
        make_engine: Callable[[], Engine],
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            name: Of the strategy, for its checkpoints.
            problem: What is searched.
            rng: The random stream.
            make_engine: Makes the algorithm anew; it draws from the same stream.
        """
        self._name, self._rng, self._make = name, rng, make_engine
        self._archive = Archive(problem)
        self._engine = make_engine()
        self._initial = 0  # how many made the first population; 0 until there is one
        self._brood: list[tuple[int, int]] = []  # rows and places of the children of a generation
        self._row: dict[bytes, int] = {}  # of everything evaluated, by its choices

    def ask(self, n: int) -> Architectures:
        """Proposes children of the population; see :meth:`Strategy.ask`."""
        told = len(self._archive)
        if not self._initial and self._archive.outcomes.finite.any():
            self._initial = told
            self._engine.start(self._points(range(told)))
        self._brood = [child for child in self._brood if child[0] < told]
        new: dict[bytes, int] = {}
        for _ in range(ATTEMPTS if self._initial else 0):
            if len(new) >= n:
                break
            if not new and len(self._brood) >= self._engine.generation:
                self._advance()
            self._breed(n - len(new), new)
        width = self._archive.archs.choices.shape[1]
        choices = np.frombuffer(b"".join(new), dtype=np.int16).reshape(-1, width)
        children = Architectures(self._archive.problem.space, choices)
        proposed = fill_up(children, n, self._archive, self._rng)
        for row, choice in enumerate(proposed.choices, told):
            place = new.get(choice.tobytes())
            self._brood.append((row, self._any_place() if place is None else place))
        return proposed

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated; what was not asked for joins the generation as well."""
        start = len(self._archive)
        self._archive.add(archs, outcomes)
        self._number(start)
        if self._initial:
            asked = {row for row, _ in self._brood}
            others = [row for row in range(start, len(self._archive)) if row not in asked]
            self._brood += [(row, self._any_place()) for row in others]

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated, the population and the present generation as rows of it."""
        rows = self._engine.rows() if self._initial else np.empty(0, dtype=np.int64)
        return make_state(
            self._name,
            self._archive,
            self._rng,
            initial=self._initial,
            population=torch.from_numpy(rows.copy()),
            brood=torch.tensor(self._brood, dtype=torch.int64).reshape(-1, 2),
            memory=self._engine.state_dict() if self._initial else {},
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring(self._name, self._archive, self._rng, state):
            self._row.clear()
            self._number(0)
            self._engine, self._initial = self._make(), int(state["initial"])
            self._brood = [(row, place) for row, place in state["brood"].tolist()]
            rows = state["population"].tolist()
            if not all(0 <= row < len(self._archive) for row in rows):
                raise ValueError("members of the population that were never evaluated")
            if self._initial:
                self._engine.load_state_dict(self._points(rows), state["memory"])

    def _breed(self, n: int, new: dict[bytes, int]) -> None:
        """Adds up to ``n`` children: to ``new``, or to the generation if they are on record."""
        choices, places = self._engine.breed(n)
        for child, place in zip(choices, places.tolist(), strict=True):
            row = self._row.get(child.tobytes())
            if row is None:
                new.setdefault(child.tobytes(), place)
            elif (row, place) not in self._brood:
                self._brood.append((row, place))

    def _advance(self) -> None:
        """Ends the generation."""
        rows = [row for row, _ in self._brood]
        places = np.array([place for _, place in self._brood], dtype=np.int64)
        self._engine.advance(self._points(rows), places)
        self._brood = []

    def _points(self, rows: Sequence[int]) -> Points:
        """Rows of the archive, as an algorithm sees them."""
        at = np.array(rows, dtype=np.int64)
        objectives, excess = self._archive.outcomes.objectives, self._archive.outcomes.excess
        scale = Scale.of(Outcomes(objectives[: self._initial], excess[: self._initial]))
        values, violation = scale.points(Outcomes(objectives[at], excess[at]))
        return Points(at, self._archive.archs.choices[at], values, violation)

    def _number(self, start: int) -> None:
        """Notes the rows of what is in the archive from ``start`` on."""
        for row, choices in enumerate(self._archive.archs.choices[start:], start):
            self._row.setdefault(choices.tobytes(), row)

    def _any_place(self) -> int:
        return int(self._rng.integers(self._engine.places))
