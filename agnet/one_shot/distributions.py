"""The distributions of a one-shot search, kept as a module so that checkpoints have them too."""

from __future__ import annotations

from dataclasses import fields
from typing import Final, final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from agnet.spaces import SearchSpace
from agnet.strategies.importance.asng import State, start
from agnet.strategies.importance.categorical import Array, Integers, Variables, entropies, modes
from agnet.strategies.importance.reports import Mode, modes_of
from agnet.strategies.importance.shared_step import Learnt

__all__ = ["Distributions"]

NOTED: Final = 3  # numbers of each distribution after an epoch: effective share, step and entropy


@final
class Distributions(nn.Module):
    """``G`` super-networks with ``k`` distributions each, and what has become of them.

    Attributes:
        theta, path, gain, damping: See :class:`agnet.strategies.importance.asng.State`; all begin
            with the dimensions ``(G, k)``.
        effective: ``(G, k)``, the effective share of the samples last learnt from; NaN before.
        prices: ``(G, k)``; NaN until they are known.
        costs: ``(2,)``, the least cost and how far costs range.
        units: What was computed so far, in forward passes of one network on one batch.
        numbers: ``(E, G, k, 3)``, what was noted after each epoch.
        choices: ``(E, G, k, D)``, the likeliest choices then.
    """

    theta: torch.Tensor
    path: torch.Tensor
    gain: torch.Tensor
    damping: torch.Tensor
    effective: torch.Tensor
    prices: torch.Tensor
    costs: torch.Tensor
    units: torch.Tensor
    numbers: torch.Tensor
    choices: torch.Tensor

    def __init__(self, space: SearchSpace, nets: int, each: int, epochs: int) -> None:
        """Begins with uniform ones."""
        super().__init__()
        self._space = space
        self._variables = variables = Variables(tuple(space.choice_sizes))
        first = start(variables, each, (nets,))
        for part in fields(State):
            self.register_buffer(part.name, torch.from_numpy(getattr(first, part.name).copy()))
        unknown = torch.full((nets, each), torch.nan, dtype=torch.float64)
        self.register_buffer("effective", unknown.clone())
        self.register_buffer("prices", unknown.clone())
        self.register_buffer("costs", torch.full((2,), torch.nan, dtype=torch.float64))
        self.register_buffer("units", torch.zeros((), dtype=torch.int64))
        shape = (epochs, nets, each)
        numbers = torch.full((*shape, NOTED), torch.nan, dtype=torch.float64)
        self.register_buffer("numbers", numbers)
        choices = torch.zeros((*shape, len(variables.sizes)), dtype=torch.int64)
        self.register_buffer("choices", choices)

    @property
    def state(self) -> State:
        """What steps are made from."""
        return State(*(getattr(self, part.name).numpy().copy() for part in fields(State)))

    @property
    def moved(self) -> npt.NDArray[np.bool_]:
        """Which distributions ``(G, k)`` are no longer uniform."""
        theta = self.theta.numpy()
        return np.asarray((theta != self._variables.uniform).any(axis=(-2, -1)))

    @property
    def likeliest(self) -> Integers:
        """The likeliest choices ``(G, k, D)``; of equals the first."""
        return modes(self.theta.numpy())

    def move(self, learnt: Learnt) -> None:
        """Takes what they have come to."""
        for part in fields(State):
            getattr(self, part.name).copy_(torch.from_numpy(getattr(learnt.state, part.name)))
        self.effective.copy_(torch.from_numpy(learnt.effective))

    def priced(self, prices: Array, low: float, span: float) -> None:
        """Takes the prices ``(G, k)`` and the range of the cost."""
        self.prices.copy_(torch.from_numpy(prices))
        self.costs.copy_(torch.tensor([low, span], dtype=torch.float64))

    def complexity(self, costs: Array) -> Array:
        """Scales costs to 0 to 1; where their range is of samples, they can leave it a little."""
        low, span = self.costs.tolist()
        return np.asarray((costs - low) / span)

    def note(self, epoch: int, delta: float) -> None:
        """Notes where they are after an epoch, steps having begun with the length ``delta``."""
        state = self.state
        columns = (self.effective.numpy(), delta / state.damping, entropies(state.theta))
        for at, column in enumerate(columns):
            self.numbers[epoch, ..., at] = torch.from_numpy(column)
        self.choices[epoch] = torch.from_numpy(self.likeliest)

    def modes(self, epoch: int) -> tuple[Mode, ...]:
        """Where they were after an epoch, the lowest price first."""
        prices = self.prices.flatten().numpy()
        numbers = self.numbers[epoch].flatten(0, 1).numpy()
        return modes_of(self._space, self.choices[epoch].flatten(0, 1).numpy(), prices, *numbers.T)
