"""Where an architecture lies for a kernel: what distances between architectures are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.spaces import Architecture, Architectures, SearchSpace
from agnet.surrogates.features import features_of
from agnet.surrogates.graph_net import GraphNet
from agnet.surrogates.live_graphs import live_graphs
from agnet.surrogates.memory import RowMemory

__all__ = ["GraphEmbedding", "as_written"]

Array: TypeAlias = npt.NDArray[np.float32]

REFERENCE: Final = 2_000  # architectures that settle the scale of a network's readouts
EXPLAINED: Final = 0.99  # of the variance of the readouts is kept
TABLED: Final = 20_000  # spaces up to this size are embedded once and for all
CHUNK: Final = 4_096

# What a standardised column of each group of the summary is worth: counts, edges at the ends, the
# most and the fewest along a path; the presence of a path; all readouts of the network together.
SUMMARY_WEIGHTS: Final = np.array([2.25, 1.5, 1.2, 0.9], dtype=np.float32)
PATH_WEIGHT: Final = np.float32(0.6)
NETWORK_WEIGHT: Final = 0.75


@final
class GraphEmbedding:
    """Path-aware pooling of the live graph, and the readouts of a message-passing network.

    Coordinates are standardised on a fixed sample of the space. Paths are listed in a vocabulary
    that grows: that of the whole space if it is small, otherwise of what was learnt from.
    """

    def __init__(self, space: SearchSpace, network: GraphNet) -> None:
        """Settles the scale on a sample of the space.

        Args:
            space: Where architectures come from.
            network: Reads the live graphs.
        """
        self._space, self._network = space, network
        self._features = features_of(space)
        self._dead = torch.from_numpy(self._features.dead)
        self._silent = torch.from_numpy(self._features.silent)
        self._weights = SUMMARY_WEIGHTS[self._features.groups]
        read = self._read(space.sample(REFERENCE, np.random.default_rng(0)))
        self._mean = read.mean(axis=0)
        self._directions = _principal(read - self._mean)
        self._memory = RowMemory()
        self._vocabulary = np.empty(0, dtype=np.int64)
        self._table: tuple[Array, Array] | None = None

    def learn_paths(self, archs: Sequence[Architecture]) -> None:
        """Gives every path of ``B`` architectures a coordinate, and forgets all others.

        Readouts are forgotten too: their last bits depend on what they were computed together with,
        and a search that is resumed must find the same ones as an unbroken one.
        """
        self._memory = RowMemory()
        if self._space.size > TABLED:
            self._vocabulary = self._features.describe(archs).vocabulary()

    def __call__(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Returns coordinates ``(B, F)`` and squared norms ``(B,)``.

        Paths that have no coordinate count in the norm alone: they are as far from everything.
        """
        batch = self._space.batch(archs)
        if self._space.size > TABLED:
            return self._embed(batch)
        if self._table is None:
            everything = self._space.enumerate()
            self._vocabulary = self._features.describe(everything).vocabulary()
            self._table = self._embed(everything)
        rows = self._space.index(batch)
        return self._table[0][rows], self._table[1][rows]

    def _embed(self, archs: Architectures) -> tuple[Array, Array]:
        described = self._features.describe(archs)
        paths = PATH_WEIGHT * described.indicators(self._vocabulary).astype(np.float32)
        summary = described.summary.astype(np.float32) * self._weights
        keys = self._space.keys(archs)
        read = self._memory.recall(keys, lambda rows: self._projected(archs[rows]))
        rest = np.concatenate([summary, read], axis=1)
        norm = PATH_WEIGHT**2 * (described.codes >= 0).sum(axis=1) + (rest**2).sum(axis=1)
        return np.concatenate([paths, rest], axis=1), norm.astype(np.float32)

    def _projected(self, archs: Architectures) -> Array:
        return np.asarray((self._read(archs) - self._mean) @ self._directions)

    @torch.no_grad()
    def _read(self, archs: Architectures) -> Array:
        parts = [
            self._network(
                live_graphs(
                    self._space.encode(archs[start : start + CHUNK]), self._dead, self._silent
                )
            ).numpy()
            for start in range(0, max(len(archs), 1), CHUNK)
        ]
        return np.concatenate(parts)


def _principal(centred: Array) -> Array:
    """Directions ``(D, K)`` that keep nearly all of what standardised columns ``(B, D)`` tell.

    Projections on them have together the variance ``NETWORK_WEIGHT^2``.
    """
    scale = centred.std(axis=0)
    scale[scale < 1e-6] = np.inf  # constant columns tell nothing
    scaled = (centred / scale).astype(np.float64)
    values, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    share = np.cumsum(values[::-1]) / values.sum()
    kept = int(np.searchsorted(share, EXPLAINED)) + 1
    weight = NETWORK_WEIGHT / np.sqrt(values.sum()) / scale
    return np.asarray(weight[:, None] * directions[:, ::-1][:, :kept], dtype=np.float32)


def as_written(space: SearchSpace, archs: Sequence[Architecture]) -> tuple[Array, Array]:
    """Returns one coordinate an option of each choice, ``(B, F)``, and squared norms ``(B,)``.

    For costs, which also what is dead or redundant adds to.
    """
    choices = space.to_choices(archs).astype(np.int64)
    sizes = space.choice_sizes
    coordinates = np.zeros((len(choices), sum(sizes)), dtype=np.float32)
    at = choices + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    np.put_along_axis(coordinates, at, 1.0, axis=1)
    return coordinates, np.full(len(choices), len(sizes), dtype=np.float32)
