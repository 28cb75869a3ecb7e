"""The iterations of a one-shot search: weights learn from some networks, distributions from others.

After Noda, Saito and Shirakawa, "Efficient Search of Multiple Neural Architectures with Different
Complexities via Importance Sampling", ICANN 2022: their code is not public, the estimator is worked
out anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from statistics import fmean
from typing import Final, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from agnet.benchmarks.supernet import WeightSharing, inherited_accuracy
from agnet.benchmarks.supernet.drawn import learn_from
from agnet.benchmarks.training import Batch, Execution, ImageData, InMemory, Recipe
from agnet.benchmarks.training.epochs import check_finite
from agnet.benchmarks.training.state import TrainingState
from agnet.one_shot.distributions import Distributions
from agnet.one_shot.settings import COSTS, OneShot
from agnet.seeds import stream
from agnet.spaces import Architecture, Architectures
from agnet.strategies.candidates import LISTED
from agnet.strategies.importance.asng import Pace
from agnet.strategies.importance.categorical import Array, Integers, Variables, draw, origins
from agnet.strategies.importance.decoding import decoded
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.prices import SAMPLE, middle, price_grid
from agnet.strategies.importance.shared_step import Rules, learn
from agnet.strategies.importance.weights import Weighting

__all__ = ["Alternation"]

TRAINING: Final = 3  # forward passes that a training pass costs
MEASURED: Final = 64  # networks that the usual exchange rate is measured on


@final
class Alternation:
    """What does not change from one iteration to another.

    Attributes:
        model: All that is trained or moved.
    """

    def __init__(
        self,
        nets: Sequence[WeightSharing],
        data: ImageData,
        recipe: Recipe,
        settings: OneShot,
        how: Execution,
        seed: int,
    ) -> None:
        """Takes what is searched, on what, and how; see :func:`agnet.one_shot.one_shot`."""
        self._nets, self._data, self._recipe = nets, data, recipe
        self._settings, self._how, self._seed = settings, how, seed
        self._space, self._batches = nets[0].space, InMemory(data)
        self._steps = self._batches.steps(recipe)
        iterations = self._steps * recipe.epochs
        self._first = min(round(settings.wait * iterations), iterations - 1)
        self._each = settings.count // len(nets)
        variables = Variables(tuple(self._space.choice_sizes))
        self._rules = Rules(
            variables,
            floors(variables, "catcma", 0.0),
            Weighting(settings.weights, settings.truncation),
            pace=Pace(settings.delta),
        )
        self.distributions = Distributions(self._space, len(nets), self._each, recipe.epochs)
        weights = nn.ModuleList(how.placed(net.weights) for net in nets)
        self.model = nn.ModuleDict({"nets": weights, "distributions": self.distributions})

    def of_epoch(self, state: TrainingState) -> Iterator[tuple[float, float]]:
        """Makes the iterations of an epoch, and yields the loss and the CPU seconds of each."""
        epoch, steps, recipe = state.epoch, self._steps, self._recipe
        given = self._batches.training(epoch, recipe, state.generator)
        for step in range(steps):
            before, at = time.process_time(), epoch * steps + step
            state.set_rate(recipe.rate * recipe.share_of_rate(epoch + step / steps))
            loss = self._train(state, next(given), stream(self._seed, "one-shot-weights", at))
            check_finite(loss, f"update {step + 1} of {steps} in epoch {epoch + 1}", recipe.rate)
            if at >= self._first:
                batch, rng = self._validation(at), stream(self._seed, "one-shot-samples", at)
                if at == self._first:
                    self._set_prices(batch, rng)
                self._move(batch, rng)
            yield loss, time.process_time() - before
        self.distributions.note(epoch, self._settings.delta)

    def judge(self) -> float:
        """The mean validation accuracy of the modes, with the weights that they share.

        Only of distributions that have moved: a uniform one has no mode. NaN if there is none. What
        several of a super-network have come to is evaluated once.
        """
        moved, likeliest = self.distributions.moved, self.distributions.likeliest
        found: list[float] = []
        for net, rows, own in zip(self._nets, likeliest, moved, strict=True):
            archs, _ = decoded(self._space, rows[own])
            known = {arch: self._accuracy(net, arch) for arch in dict.fromkeys(archs)}
            found += [known[arch] for arch in archs]
        return fmean(found) if found else float("nan")

    def _accuracy(self, net: WeightSharing, arch: Architecture) -> float:
        images = self._settings.calibration
        return inherited_accuracy(net, arch, self._data, images=images, execution=self._how)

    def _train(self, state: TrainingState, batch: Batch, rng: np.random.Generator) -> float:
        """Makes one update of all weights, by networks of the mixture of their distributions."""
        shape = (len(self._nets), self._settings.trained)
        choices = draw(self.distributions.state.theta, rng.integers(self._each, size=shape), rng)
        state.optimizer.zero_grad()
        losses = []
        for net, rows in zip(self._nets, choices, strict=True):
            archs, good = decoded(self._space, rows)
            archs = archs + self._space.sample(int((~good).sum()), rng)
            losses.append(learn_from(net, archs, *batch, self._recipe, self._how))
        state.optimizer.step()
        self.distributions.units += TRAINING * choices.shape[0] * choices.shape[1]
        return fmean(losses)

    def _move(self, batch: Batch, rng: np.random.Generator) -> None:
        """Lets all distributions learn from the samples of those that have the same weights."""
        before = self.distributions.state
        origin = origins(self._each, self._settings.own, rng, "stratified", (len(self._nets),))
        choices = draw(before.theta, origin, rng)
        values = [self._values(at, rows, batch) for at, rows in enumerate(choices)]
        self.distributions.move(learn(before, choices, origin, np.stack(values), self._rules))

    def _values(self, at: int, choices: Integers, batch: Batch) -> Array:
        """What samples ``(n, D)`` are worth to each distribution of a super-network, ``(k, n)``."""
        archs, good = decoded(self._space, choices)
        losses, complexity = np.full(len(choices), np.inf), np.zeros(len(choices))
        losses[good] = self._losses(self._nets[at], archs, batch)
        complexity[good] = self.distributions.complexity(self._costs(archs))
        return losses + self.distributions.prices[at].numpy()[:, None] * complexity

    @torch.no_grad()
    def _losses(self, net: WeightSharing, archs: Sequence[Architecture], batch: Batch) -> Array:
        """The losses of networks on one batch; those that are no numbers come last."""
        images, labels = batch
        there, found = labels.to(self._how.device), []
        for arch in archs:
            scores = self._how.run(partial(net.scores, arch=arch), images)
            found.append(float(F.cross_entropy(scores, there)))
        self.distributions.units += len(found)
        return np.nan_to_num(np.array(found, dtype=np.float64), nan=np.inf, posinf=np.inf)

    def _costs(self, archs: Architectures) -> Array:
        column = COSTS.index(self._settings.cost)
        counted = self._nets[0].costs(archs, self._data.image_shape)
        return np.asarray(counted[:, column], dtype=np.float64)

    def _validation(self, at: int) -> Batch:
        """The images of an iteration, the same for all networks: that some are hard cancels."""
        given, rng = self._data.validation, stream(self._seed, "one-shot-validation", at)
        rows = torch.from_numpy(rng.permutation(len(given))[: self._recipe.batch])
        return given.images[rows], given.labels[rows]

    def _set_prices(self, batch: Batch, rng: np.random.Generator) -> None:
        """Measures the range of the cost and, if no prices are given, the usual exchange rate.

        The latter is how far the loss of the middle half of some random networks ranges, by how far
        their cost does.
        """
        space, prices = self._space, np.array(self._settings.prices)
        listed = space.size <= LISTED
        costs = self._costs(space.enumerate() if listed else space.sample(SAMPLE, rng))
        low, span = float(costs.min()), float(np.ptp(costs)) or 1.0
        if not len(prices):
            archs = space.sample(MEASURED, rng)
            losses = self._losses(self._nets[0], archs, batch)
            usual = middle((self._costs(archs) - low) / span) or 1.0
            prices = price_grid((middle(losses) or 1.0) / usual, self._settings.count)
        self.distributions.priced(prices.reshape(len(self._nets), self._each), low, span)
