"""AG-Net: a generator and a surrogate, retrained round by round on the best found so far.

Lukasik, Jung and Keuper, "Learning Where To Look - Generative NAS is Surprisingly Efficient", ECCV
2022, made honest: codes mean something, the surrogate ranks the graphs that are evaluated, and
weights are used once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import CheckpointError, InvalidInput
from agnet.objectives import Outcomes
from agnet.spaces import Architecture, Architectures
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.candidates import LISTED, fill_up, mutants
from agnet.strategies.checkpoints import make_state, restoring
from agnet.strategies.eda import rank_weights
from agnet.strategies.guide import Guide
from agnet.strategies.judge import Judge, merged, summed
from agnet.strategies.latent_draws import LatentDraws
from agnet.strategies.presets import PRESETS
from agnet.strategies.pretrained import ready_generator
from agnet.surrogates import ExtraTrees, GaussianProcess, GraphEnsemble, Surrogate
from agnet.surrogates.acquisitions import upper_bound

__all__ = ["AGNet"]

SURROGATES: Final = ("gnn", "gp", "trees", "none")
KEPT: Final = 20  # candidates that a climb starts from


@final
class AGNet(Strategy):
    """Draws candidates from a latent space and evaluates those that a surrogate believes in.

    Each round the surrogate learns everything that was evaluated: a score of each objective, and
    every limit. After every few queries the generator is retrained on the archive with rank
    weights. Candidates are drawn from the prior, around the codes of the best, and up the
    surrogate's gradient. In a small space those of earlier rounds stay in a pool; in a large one
    the search climbs on from the most promising, to codes around theirs and to mutants. The batch
    is chosen by an upper confidence bound, or by expected hypervolume if there are several
    objectives, plus the log-probability that all limits are kept, one after the other, so that it
    is diverse. Only architectures that were never evaluated and break no limit that can be computed
    are candidates; where accuracy is all that matters, only one of those that compute the same
    function.

    With an earlier run of something cheaper, such as training-free scores, it needs no random
    architectures to begin with: the first ones are those of which that run tells most, and what is
    learnt of the others is how they differ from what it tells.
    """

    begins_with_earlier = True

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        preset: str = "default",
        surrogate: str = "gnn",
        generator: bool = True,
        retraining: bool = True,
        boldness: float = -1.0,
        joint: bool = False,
    ) -> None:
        """Starts with the generator that ships for the space and an unfitted surrogate.

        Args:
            problem: What is searched.
            rng: The random stream.
            preset: ``default``, or ``paper`` for what the paper says of sampling: 100 codes a round
                from U(-3, 3), ranked by the predicted mean (use rounds of 16).
            surrogate: ``gnn``, ``gp``, ``trees``, or ``none`` to evaluate candidates at random.
            generator: Whether candidates come from the latent space; otherwise they are uniform.
            retraining: Whether the generator learns from what was evaluated.
            boldness: How many standard deviations a bound lies above the mean; what the preset
                says if negative.
            joint: Whether several objectives are one, the sum of their ranks, instead of a front
                that is looked for; always so in the paper.

        Raises:
            InvalidInput: If a setting cannot be used.
        """
        if preset not in PRESETS:
            raise InvalidInput(f"got the preset {preset!r}; expected {' or '.join(PRESETS)}")
        if surrogate not in SURROGATES:
            raise InvalidInput(f"got surrogate {surrogate!r}; expected {', '.join(SURROGATES)}")
        if not np.isfinite(boldness):
            raise InvalidInput(f"got boldness {boldness}; expected a finite number")
        self._preset = PRESETS[preset]
        self._covered = problem.space.size <= LISTED  # by draws; in others the search climbs
        usual = self._preset.boldness if self._covered else self._preset.climbing
        turns = [upper_bound(bold) for bold in (usual if boldness < 0 else (boldness,))]
        self._archive, self._rng = Archive(problem), rng
        self._latent = LatentDraws(ready_generator(problem.space, rng), rng) if generator else None
        made, self._joint = _made(surrogate, problem, rng), joint or self._preset.joint
        self._guide = _guide(problem, made, rng)
        if self._guide is not None:
            self.initial = 0
        self._judge = None
        if made is not None:
            self._judge = Judge(problem, made, turns, joint=self._joint, guide=self._guide)
        self._retraining = retraining
        self._retrained = 0  # queries that were known when the generator was last retrained
        self._pool = problem.space.batch([])
        metrics = [o.metric for o in problem.objectives] + [m.metric for m in problem.limits]
        levels = problem.space.key_levels
        only_accuracy = all("accuracy" in metric for metric in metrics)
        self._level = levels[-1] if only_accuracy else levels[0]

    @property
    def surrogate(self) -> Surrogate | None:
        """What predicts, as it was fitted for the last proposals; None if nothing does."""
        return None if self._judge is None else self._judge.surrogate

    def ask(self, n: int) -> Architectures:
        """Proposes candidates that promise most; see :meth:`Strategy.ask`."""
        known = len(self._archive)
        if known and self._judge is not None:
            self._judge.learn(self._archive)
            if not self._covered:
                self._judge.turn(self._preset.parts, self._rng)
        due = known - self._retrained >= self._preset.retrain_every
        if due and self._latent is not None and self._retraining:
            weights = rank_weights(self._ranks(), self._preset.k)
            self._latent.generator.retrain(
                self._archive.archs, weights, updates=self._preset.updates
            )
        if due:
            self._retrained = known
        candidates = self._candidates(guide=due)
        proposed = candidates[self._choose(candidates, n)]
        return fill_up(proposed, n, self._archive, self._rng)

    def tell(self, archs: Sequence[Architecture], outcomes: Outcomes) -> None:
        """Notes what was evaluated."""
        self._archive.add(archs, outcomes)

    def state_dict(self) -> dict[str, Any]:
        """Returns everything: what was evaluated, both models, the pool and the random stream."""
        return make_state(
            "agnet",
            self._archive,
            self._rng,
            generator=None if self._latent is None else self._latent.generator.state_dict(),
            surrogate=None if self.surrogate is None else self.surrogate.state_dict(),
            pool=torch.from_numpy(self._pool.choices.copy()),
            retrained=self._retrained,
            guide="" if self._guide is None else self._guide.digest,
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Strategy.load_state_dict`."""
        with restoring("agnet", self._archive, self._rng, state):
            if self._latent is not None:
                self._latent.generator.load_state_dict(state["generator"])
            if self.surrogate is not None:
                self.surrogate.load_state_dict(state["surrogate"])
            self._pool = self._archive.problem.space.from_choices(state["pool"].numpy())
            self._retrained = int(state["retrained"])
            if state.get("guide", "") != ("" if self._guide is None else self._guide.digest):
                raise CheckpointError("the earlier run that this one began with is not as it was")

    def _candidates(self, *, guide: bool) -> Architectures:
        """What this round's batch is chosen from.

        In a small space, all that was ever drawn. In a large one, what the surrogate chooses among
        new draws, and after each climb among neighbours of what it chose, so that a batch can be
        many changes away from all that is known.
        """
        preset, latent, covered = self._preset, self._latent, self._covered
        known = len(self._archive)
        first = covered and not len(self._pool)
        pool = self._pool + self._drawn(preset.first if first else preset.draws)
        if known and latent is not None and preset.nearby:
            best = self._archive.archs[self._best(preset.parents)]
            pool = pool + latent.around(best, preset.nearby)
        pool = self._archive.allowed(pool, self._level)
        judge = self._judge if known and len(pool) else None
        if judge is not None and guide and latent is not None and preset.guided:
            some = pool[self._rng.permutation(len(pool))[: preset.seen]]
            guided = latent.guided(some, judge.promise(some), preset.guided)
            pool = self._archive.allowed(pool + guided, self._level)
        if covered and preset.pooled:
            self._pool = pool
        for _ in range(0 if covered or judge is None else preset.climbs):
            chosen = pool[self._choose(pool, KEPT)]
            pool = self._archive.allowed(chosen + self._nearby(chosen, preset.nearby), self._level)
        return pool

    def _ranks(self) -> npt.NDArray[np.int64]:
        """Ranks ``(B,)`` of what was evaluated, 0 the best, by all objectives."""
        outcomes = self._archive.outcomes
        return (summed(outcomes) if self._joint else merged(outcomes)).ranks()

    def _best(self, n: int) -> npt.NDArray[np.int64]:
        """The rows of the best that were evaluated, in order; equals of a front in any order."""
        ranks = self._ranks()
        if len(self._archive.problem.objectives) == 1:
            return np.argsort(ranks, kind="stable")[:n]
        return np.lexsort((self._rng.random(len(ranks)), ranks))[:n]

    def _drawn(self, n: int) -> Architectures:
        """Draws of the prior; uniform ones without a generator."""
        if self._latent is None:
            return self._archive.problem.space.sample(n, self._rng)
        return self._latent.prior(n, uniform=self._preset.uniform)

    def _nearby(self, archs: Architectures, n: int) -> Architectures:
        """Half of them around codes, half mutants; all mutants without a generator."""
        if self._latent is None:
            return mutants(archs, n, self._rng)
        return self._latent.around(archs, n // 2) + mutants(archs, n - n // 2, self._rng)

    def _choose(self, pool: Architectures, n: int) -> npt.NDArray[np.int64]:
        """The rows of the pool to evaluate."""
        if not len(self._archive) and self._guide is not None:
            return np.argsort(-self._guide(pool), kind="stable")[:n]
        if self._judge is None or not len(self._archive):
            return self._rng.permutation(len(pool))[:n]
        return self._judge.choose(pool, n)


def _guide(problem: Problem, surrogate: Surrogate | None, rng: np.random.Generator) -> Guide | None:
    if problem.earlier is None:
        return None
    if surrogate is None or len(problem.objectives) != 1:
        raise InvalidInput(
            f"got an earlier run to begin with, {len(problem.objectives)} objectives and "
            f"{'no' if surrogate is None else 'a'} surrogate; expected one objective, and a "
            "surrogate"
        )
    return Guide(problem.space, problem.earlier, rng)


def _made(name: str, problem: Problem, rng: np.random.Generator) -> Surrogate | None:
    space = problem.space
    if name == "gnn":
        return GraphEnsemble(space, rng)
    if name == "gp":
        return GaussianProcess(space)
    return ExtraTrees(space, rng) if name == "trees" else None
