"""An ensemble of recurrent networks that read cells block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import KFold

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architecture, BlockCells, SearchSpace
from agnet.surrogates.base import Surrogate
from agnet.surrogates.gaussian import standardised
from agnet.surrogates.sequence_net import SequenceNet
from agnet.surrogates.training_set import TrainingSet

__all__ = ["SequenceEnsemble"]

Array: TypeAlias = npt.NDArray[np.float64]

EPOCHS: Final = 30
BATCH: Final = 32  # with 8, and half the rate, it ranks as well in four times the time
RATE: Final = 8e-3
PENALTY: Final = 1e-5
PATIENCE: Final = 5  # epochs without a smaller training loss
CHUNK: Final = 16_384


@final
class SequenceEnsemble(Surrogate):
    """Networks of attention and a bidirectional LSTM over blocks, each trained on most examples.

    The members are :class:`agnet.surrogates.sequence_net.SequenceNet`; each leaves one of as many
    folds of the examples out (the predictor of POPNASv2). Every epoch shows each cell in another
    order of its blocks and of their halves, all of which are the same cell. There is one ensemble
    for each output; mean and deviation are those of the members.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        members: int = 5,
        epochs: int = EPOCHS,
    ) -> None:
        """Starts unfitted.

        Args:
            space: Where architectures come from: cells of blocks.
            rng: What weights, folds and orders are drawn with.
            members: The number of networks.
            epochs: Of the training of each, at most.

        Raises:
            InvalidInput: If the space is another one, or a number too small.
        """
        if not isinstance(space, BlockCells):
            raise InvalidInput(f"got the space {space.name}; a sequence of blocks is one of blocks")
        if members < 2 or epochs < 1:
            raise InvalidInput(f"got {members} members, {epochs} epochs; expected at least 2 and 1")
        self._space, self._rng, self._members, self._epochs = space, rng, members, epochs
        self._networks: list[list[SequenceNet]] = []

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        data = TrainingSet.checked(self._space, archs, values)
        scaled, self._shift, self._scale = standardised(data.values)
        count = len(data.archs)
        self._networks = []
        for column in scaled.T:
            kept: list[npt.NDArray[np.int64]] = [np.arange(count)] * self._members
            if count >= self._members:
                folds = KFold(self._members, shuffle=True, random_state=self._seed())
                kept = [rows for rows, _ in folds.split(column)]
            self._networks.append([self._trained(data.archs[at], column[at]) for at in kept])

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)`` means and deviations; see :meth:`Surrogate.predict`."""
        if not self._networks:
            raise InvalidInput("the ensemble has not been fitted; call fit first")
        tokens = torch.from_numpy(self._tokens(self._space.to_choices(archs)))
        found = np.empty((len(self._networks), self._members, len(tokens)))
        with torch.no_grad():
            for start in range(0, len(tokens), CHUNK):
                part = slice(start, start + CHUNK)
                for m, networks in enumerate(self._networks):
                    for at, network in enumerate(networks):
                        found[m, at, part] = network(tokens[part]).numpy()
        mean, std = found.mean(axis=1).T, found.std(axis=1).T
        return mean * self._scale + self._shift, std * self._scale

    def state_dict(self) -> dict[str, Any]:
        """Returns the random stream and, once fitted, weights and scales."""
        state: dict[str, Any] = {"space": self._space.name, "rng": self._rng.bit_generator.state}
        if self._networks:
            state["scale"] = torch.from_numpy(np.stack([self._shift, self._scale]))
            state["networks"] = [
                [{name: w.clone() for name, w in net.state_dict().items()} for net in networks]
                for networks in self._networks
            ]
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        if state.get("space") != self._space.name:
            raise CheckpointError(
                f"got a surrogate of the space {state.get('space')!r}; expected "
                f"{self._space.name!r}"
            )
        try:
            weights = state.get("networks", [])
            if any(len(networks) != self._members for networks in weights):
                raise CheckpointError(f"got a state of other than {self._members} networks")
            self._networks = [[self._network() for _ in networks] for networks in weights]
            for networks, values in zip(self._networks, weights, strict=True):
                for network, value in zip(networks, values, strict=True):
                    network.load_state_dict(value)
            if weights:
                self._shift, self._scale = state["scale"].numpy()
            self._rng.bit_generator.state = state["rng"]  # drawing networks moved it
        except (KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(f"the state of the ensemble is malformed: {reason}") from error

    def _seed(self) -> int:
        return int(self._rng.integers(2**31))

    def _network(self) -> SequenceNet:
        inputs = self._space.lookbacks + self._space.max_blocks
        generator = torch.Generator().manual_seed(self._seed())
        return SequenceNet(inputs, len(self._space.operations) + 1, generator)

    def _tokens(self, choices: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Inputs and operations ``(B, blocks, 4)``; without blocks that no cell has."""
        tokens = choices.astype(np.int64).reshape(len(choices), self._space.max_blocks, 4)
        longest = max(int((tokens[..., 0] > 0).sum(axis=1).max(initial=1)), 1)
        return tokens[:, :longest]

    def _trained(self, archs: Sequence[Architecture], values: Array) -> SequenceNet:
        """One network, with the weights of the epoch of the smallest training loss."""
        network = self._network()
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
        targets = torch.from_numpy(values.astype(np.float32))
        least, kept, since = np.inf, network.state_dict(), 0
        for _ in range(self._epochs):
            tokens = torch.from_numpy(self._tokens(self._space.reordered(archs, self._rng)))
            loss = self._epoch(network, optimizer, tokens, targets)
            if loss < least:
                least, since = loss, 0
                kept = {name: weight.clone() for name, weight in network.state_dict().items()}
            elif (since := since + 1) >= PATIENCE:
                break
        network.load_state_dict(kept)
        return network

    def _epoch(
        self,
        network: SequenceNet,
        optimizer: torch.optim.Optimizer,
        tokens: torch.Tensor,
        targets: torch.Tensor,
    ) -> float:
        """Trains on every example once; returns the mean loss."""
        total = 0.0
        order = torch.from_numpy(self._rng.permutation(len(tokens)))
        for rows in torch.split(order, BATCH):
            loss = (network(tokens[rows]) - targets[rows]).square().mean()
            optimizer.zero_grad()
            (loss + PENALTY * network.penalty()).backward()
            optimizer.step()
            total += loss.item() * len(rows)
        return total / len(tokens)
