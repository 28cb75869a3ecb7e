"""LaMOO: learns a partition of the space, and draws where its hypervolume promises most.

Zhao, Wang and Guo, "Multi-Objective Neural Architecture Search by Learning Search Space
Partitions", JMLR 2024.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.objectives import Outcomes
from agnet.pareto import dominance_numbers
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import fill_up
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.judge import Judge
from agnet.strategies.lamoo.cmaes import MEMORY, check_cma, evolved
from agnet.strategies.lamoo.gathering import gather
from agnet.strategies.lamoo.inputs import Encoding, integer, latent, onehot
from agnet.strategies.lamoo.models import make_model, shown
from agnet.strategies.lamoo.partition import Partition, Splitting, grow, undivided
from agnet.strategies.lamoo.points import Points, comparable
from agnet.strategies.lamoo.region import Inputs, Region
from agnet.strategies.lamoo.reports import (
    NodeReport,
    Round,
    load_rounds,
    load_tree,
    report,
    save_rounds,
    save_tree,
)
from agnet.strategies.lamoo.samplers import PARENTS, choose_parents, codes, offspring, uniform
from agnet.strategies.lamoo.settings import (
    MODELS,
    PROCESSES,
    check_numbers,
    check_options,
)
from agnet.strategies.latent_draws import LatentDraws
from agnet.strategies.pretrained import ready_generator

__all__ = ["LaMOO"]

DRAWS: Final = 512  # that say how much of the space a region is


@final
class LaMOO(Strategy):
    """Proposes architectures of the region whose samples have the highest bound of hypervolume.

    Each round a tree is grown over everything that was evaluated: a node's samples are labelled by
    how many of them dominate each, and a support-vector classifier learns the boundary between the
    better half and the rest. A leaf is chosen by the hypervolume of its samples and how few they
    are; the sampler's candidates are filtered by the boundaries above it. A region that has too few
    new architectures is relaxed from its deepest split up, at last to the whole space.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        sampler: str = "random",
        encoding: str = "onehot",
        select: str = "leaf",
        kernel: str = "rbf",
        cp: float = -1.0,
        min_split: int = 16,
        children: str = "label",
        partition: bool = True,
    ) -> None:
        """Starts with nothing evaluated.

        Args:
            problem: What is searched, for any number of objectives.
            rng: The random stream.
            sampler: ``random``; ``evolution`` for offspring of what is dominated least; ``latent``
                for draws around its codes and from the prior of a generator; ``cmaes`` for draws of
                an evolution strategy that has learnt from it; ``surrogate`` for what AG-Net's graph
                ensemble chooses among many such draws of a generator; ``qnehvi``, ``qehvi`` or
                ``qparego`` for what Gaussian processes choose among random candidates.
            encoding: What boundaries are drawn in: ``onehot``, ``integer`` or ``latent``.
            select: ``leaf`` for the best of all leaves, ``path`` for the better child from the root
                down.
            kernel: Of the classifiers: ``rbf``, ``poly`` (of degree 4) or ``linear``.
            cp: Weight of exploration; a tenth of the current hypervolume if negative.
            min_split: How many samples a node needs to be split.
            children: Whether samples go to the child of their ``label``, which can lie on the other
                side of the boundary, or of their ``prediction``.
            partition: Whether regions are learnt; else the sampler is left alone with the whole
                space, to compare it with.

        Raises:
            InvalidInput: If a setting cannot be used.
            MissingExtra: If the package of the sampler is not installed.
        """
        check_options(
            sampler=sampler, encoding=encoding, select=select, kernel=kernel, children=children
        )
        check_numbers(cp, min_split)
        self._archive, self._rng = Archive(problem), rng
        self._sampler, self._select, self._cp = sampler, select, float(cp)
        self._splitting = Splitting(kernel, min_split, children == "label") if partition else None
        if sampler == "cmaes":
            check_cma()
        self._model = make_model(sampler, problem, rng) if sampler in MODELS else None
        self._latent: LatentDraws | None = None
        if "latent" in (sampler, encoding) or sampler == "surrogate":
            self._latent = LatentDraws(ready_generator(problem.space, rng), rng)
        self._encode = _encoding(encoding, problem, self._latent)
        self._rounds: tuple[Round, ...] = ()
        self._tree: tuple[NodeReport, ...] = ()
        self._inside = np.empty(0, dtype=np.bool_)

    def ask(self, n: int) -> Architectures:
        """Proposes candidates of the most promising region; see :meth:`Strategy.ask`."""
        points = comparable(self._archive.outcomes)
        inputs = self._encode(self._archive.archs) if len(points) else np.empty((0, 0))
        partition = self._divide(inputs, points)
        bounds = partition.bounds(self._cp)
        choose = partition.best_leaf if self._select == "leaf" else partition.best_path
        chosen = choose(bounds, self._rng)
        region = partition.region(chosen)
        self._inside = region.contains(inputs)
        blocks = self._blocks(self._inside, points)
        proposed = fill_up(self._choose(blocks, region, n), n, self._archive, self._rng)
        levels = region.levels(self._encode(proposed))
        inside = int((levels == region.depth).sum())
        relaxed = int(((levels > 0) & (levels < region.depth)).sum())
        self._rounds += (
            Round(len(points), len(partition.nodes), region.depth, len(proposed), inside, relaxed),
        )
        self._tree = report(partition, bounds, chosen, partition.shares(self._everywhere()))
        return proposed

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def tree(self) -> tuple[NodeReport, ...]:
        """The tree of the last proposals; none before the first.

        Parents come before children, the root first.
        """
        return self._tree

    def known(self) -> tuple[Architectures, Architectures]:
        """What the last proposals were learnt from: what lies in their region, and what does not.

        Those are none before the first proposals.
        """
        told = self._archive.archs[: len(self._inside)]
        return told[self._inside], told[~self._inside]

    def rounds(self) -> tuple[Round, ...]:
        """What regions were chosen, and how many proposals lie inside, from the start on."""
        return self._rounds

    def state_dict(self) -> dict[str, Any]:
        """Returns what was evaluated, the rounds and last tree, models, and the random stream."""
        model = self._model
        return make_state(
            "lamoo",
            self._archive,
            self._rng,
            generator=None if self._latent is None else self._latent.generator.state_dict(),
            surrogate=model.surrogate.state_dict() if isinstance(model, Judge) else None,
            rounds=save_rounds(self._rounds),
            tree=save_tree(self._tree),
            inside=torch.from_numpy(self._inside),
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("lamoo", self._archive, self._rng, state):
            if self._latent is not None:
                self._latent.generator.load_state_dict(state["generator"])
            if isinstance(self._model, Judge):
                self._model.surrogate.load_state_dict(state["surrogate"])
            self._rounds = load_rounds(state["rounds"])
            # States of earlier versions have no tree, or do not say what lies in its region.
            self._tree = load_tree(state["tree"]) if "tree" in state else ()
            self._inside = np.asarray(state.get("inside", ()), dtype=np.bool_)

    def _everywhere(self) -> Inputs:
        """Inputs of the whole space, always the same, from a stream of their own."""
        space = self._archive.problem.space
        return self._encode(space.sample(DRAWS, np.random.default_rng(0)))

    def _divide(self, inputs: Inputs, points: Points) -> Partition:
        """The tree over everything that was evaluated, or its root alone."""
        if self._splitting is None:
            return undivided(points)
        return grow(inputs, points, self._rng, self._splitting)

    def _choose(self, blocks: Iterator[Architectures], region: Region, n: int) -> Architectures:
        """The first candidates of a region, or those that the model chooses among many."""
        if self._model is None or not len(self._archive):
            return gather(blocks, region, self._encode, n, self._archive)
        number = shown(self._model)
        pool = gather(blocks, region, self._encode, number, self._archive, least=n)
        self._model.learn(self._archive)
        return pool[self._model.choose(pool, n)]

    def _blocks(self, inside: npt.NDArray[np.bool_], points: Points) -> Iterator[Architectures]:
        """The candidates of the sampler, and uniform ones where those are too few."""
        anything = uniform(self._archive, self._rng)
        if self._sampler in ("random", *PROCESSES) or not len(points):
            return anything
        number = MEMORY if self._sampler == "cmaes" else PARENTS
        rows = choose_parents(points, inside, self._rng, number)
        parents = self._archive.archs[rows]
        if self._sampler == "cmaes":
            numbers = dominance_numbers(points)[rows]
            return chain(evolved(parents, numbers, self._rng), anything)
        if self._latent is not None and self._sampler in ("latent", "surrogate"):
            return chain(codes(self._latent, parents, self._rng), anything)
        return chain(offspring(parents, self._rng), anything)


def _encoding(name: str, problem: Problem, draws: LatentDraws | None) -> Encoding:
    if name == "latent" and draws is not None:
        return latent(draws.generator)
    return integer(problem.space) if name == "integer" else onehot(problem.space)
