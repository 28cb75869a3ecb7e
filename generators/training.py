"""How a graph VAE learns: one masked pass an update, no loop over graphs or choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import linear_sum_assignment

from agnet.generators.decoder import ChoiceDecoder
from agnet.generators.encoder import GraphEncoder
from agnet.generators.optimizer import Adam, rise_and_fall
from agnet.generators.settings import GraphVAESettings
from agnet.generators.slots import Slots
from agnet.spaces import Architectures

__all__ = ["Pairs", "Report", "Trainer", "divergence"]

Report: TypeAlias = Callable[[int, int, float], None]
"""Is told the update, how many there are, and the loss."""

WALKED = 20_000  # pairs that are made for one fit
LONGEST = 5.0  # gradients are cut to this length
WARM = 0.3  # the part of a fit in which the weight of the divergence grows


@final
@dataclass(frozen=True)
class Pairs:
    """``P`` architectures, others that random walks of changes led to, and their distances."""

    first: Architectures
    second: Architectures
    distance: torch.Tensor

    @classmethod
    def walked(cls, archs: Architectures, rng: np.random.Generator) -> Pairs:
        """Walks one to ``C / 2`` changes away from random members of ``archs``."""
        space = archs.space
        first = archs[rng.integers(len(archs), size=min(WALKED, 4 * len(archs)))]
        longest = max(len(space.choice_sizes) // 2, 2)
        steps = rng.integers(1, longest + 1, size=len(first))
        walkers = first.choices.copy()
        for step in range(longest):
            going = np.flatnonzero(steps > step)
            moved = space.mutate(Architectures(space, walkers[going]), rng)
            walkers[going] = moved.choices
        return cls.of(first, Architectures(space, walkers))

    @classmethod
    def of(cls, first: Architectures, second: Architectures) -> Pairs:
        """Measures how far given pairs are apart."""
        distance = first.space.edit_distance(first, second)
        return cls(first, second, torch.from_numpy(distance).float())

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, rows: npt.NDArray[Any]) -> Pairs:
        return Pairs(self.first[rows], self.second[rows], self.distance[torch.from_numpy(rows)])


@final
class Trainer:
    """Makes updates of an encoder and a decoder."""

    def __init__(
        self,
        encoder: GraphEncoder,
        decoder: ChoiceDecoder,
        settings: GraphVAESettings,
        rng: np.random.Generator,
    ) -> None:
        """Takes what is to be trained; every draw comes from ``rng``."""
        self._encoder, self._decoder, self._settings = encoder, decoder, settings
        self._slots: Slots = decoder.slots
        self._parameters = [*encoder.parameters(), *decoder.parameters()]
        self._rng = rng
        self._noise = torch.Generator().manual_seed(int(rng.integers(2**63)))

    def fit(
        self,
        archs: Architectures,
        excluded: Callable[[Architectures], npt.NDArray[np.bool_]] | None,
        report: Report | None,
    ) -> None:
        """Learns ``archs``, each equally often, with a rate that rises and falls; then settles."""
        settings, rng = self._settings, self._rng
        pairs = Pairs.walked(archs, rng)
        if excluded is not None:
            pairs = pairs[np.flatnonzero(~excluded(pairs.second))]
        optimizer = Adam(self._parameters)
        total = settings.updates + settings.settling
        share = settings.batch // 4 if len(pairs) else 0
        for update in range(settings.updates):
            drawn = archs[rng.integers(len(archs), size=settings.batch - share)]
            near = pairs[rng.integers(max(len(pairs), 1), size=share)]
            beta = settings.beta * min(1.0, (update + 1) / (WARM * settings.updates))
            loss = self._loss(drawn, near, beta)
            _improve(optimizer, loss, rise_and_fall(update, settings.updates, settings.rate))
            if report is not None:
                report(update + 1, total, float(loss.detach()))
        optimizer = Adam(self._parameters)
        for update in range(settings.settling):
            loss = self._shifting_loss(archs[rng.integers(len(archs), size=settings.batch)])
            _improve(optimizer, loss, settings.retrain_rate * (1 - update / settings.settling))
            if report is not None:
                report(settings.updates + update + 1, total, float(loss.detach()))

    def retrain(self, archs: Architectures, chances: npt.NDArray[np.float64], updates: int) -> None:
        """Learns draws of ``archs`` by their ``chances (B,)``, mixed with draws of the space."""
        settings, rng = self._settings, self._rng
        optimizer = Adam(self._parameters)
        replayed = round(settings.replay * settings.retrain_batch)
        for _ in range(updates):
            size = settings.retrain_batch - replayed
            drawn = archs[rng.choice(len(archs), size=size, p=chances)]
            batch = drawn + archs.space.sample(replayed, rng)
            _improve(optimizer, self._shifting_loss(batch), settings.retrain_rate)

    def _loss(self, drawn: Architectures, near: Pairs, beta: float) -> torch.Tensor:
        """Reconstruction, divergence from the prior, and distances between codes.

        Distances are compared within ``near`` and between neighbours in the batch, which are
        strangers to each other.
        """
        archs = drawn + near.first
        count, others = len(archs), len(near)
        mean, spread = self._encoder(archs.space.encode(archs + near.second))
        loss = self._reconstruction(archs, mean[:count], spread[:count], beta)
        if not self._settings.metric:
            return loss
        shuffled = torch.roll(mean[:count], 1, 0)
        strangers = Pairs.of(archs, archs[np.roll(np.arange(count), 1)])
        latent = torch.cat(
            [
                (mean[:count] - shuffled).square().sum(1),
                (mean[count - others : count] - mean[count:]).square().sum(1),
            ]
        )
        wanted = torch.cat([strangers.distance, near.distance])
        return loss + self._settings.metric * (
            2 - _correlation(latent, wanted) - _correlation(latent[:count], strangers.distance)
        )

    def _shifting_loss(self, archs: Architectures) -> torch.Tensor:
        """The loss that moves draws of the prior, while codes keep their meaning.

        Draws from the prior are matched with the batch so that the sum of distances is least, and
        the decoder learns to make each architecture of its draw also. So what was common becomes
        rare and the other way round, while near codes keep similar architectures.
        """
        settings = self._settings
        mean, spread = self._encoder(archs.space.encode(archs))
        codes = self._drawn(mean, spread)
        draws = torch.randn(mean.shape, generator=self._noise)
        _, matched = linear_sum_assignment(torch.cdist(mean.detach(), draws).numpy())
        codes = torch.cat([codes, draws[torch.from_numpy(matched)]])
        own, moved = self._log_likelihood(archs, codes).chunk(2)
        apart = settings.beta * divergence(mean, spread)
        return (apart - own - settings.transport * moved).mean()

    def _reconstruction(
        self, archs: Architectures, mean: torch.Tensor, spread: torch.Tensor, beta: float
    ) -> torch.Tensor:
        known = self._log_likelihood(archs, self._drawn(mean, spread))
        return (beta * divergence(mean, spread) - known).mean()

    def _drawn(self, mean: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
        """Draws one code of each distribution."""
        noise = torch.randn(mean.shape, generator=self._noise)
        return mean + noise * (0.5 * spread).exp()

    def _log_likelihood(self, archs: Architectures, codes: torch.Tensor) -> torch.Tensor:
        """The log-probabilities of ``B`` architectures given ``B`` codes, or several times as many.

        Codes ``B`` to ``2 B`` belong to the same architectures again, and so on.
        """
        values, allowed = self._slots.values(archs), self._slots.allowed(archs)
        times = len(codes) // max(len(archs), 1)
        logs: torch.Tensor = self._decoder(
            codes, values.repeat(times, 1), allowed.repeat(times, 1, 1)
        )
        return logs.sum(1)


def _improve(optimizer: Adam, loss: torch.Tensor, rate: float) -> None:
    optimizer.clear()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step(rate, longest=LONGEST)


def divergence(mean: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """The divergence ``(B,)`` of normal distributions from the prior."""
    return 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1)


def _correlation(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Pearson's correlation of two vectors; 0 where one of them is constant."""
    left, right = first - first.mean(), second - second.mean()
    scale = (left.norm() * right.norm()).clamp_min(1e-9)
    correlation: torch.Tensor = torch.dot(left, right) / scale
    return correlation
