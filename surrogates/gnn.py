"""An ensemble of graph neural networks with Bayesian heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architecture, Architectures, SearchSpace
from agnet.surrogates.acquisitions import Acquisitions
from agnet.surrogates.base import Surrogate
from agnet.surrogates.embeddings import GraphEmbedding, as_written
from agnet.surrogates.gaussian import (
    LENGTHS,
    Belief,
    Head,
    choose_batch,
    fit_heads,
    log_normal,
    posterior,
    squared_distances,
    standardised,
    variance,
)
from agnet.surrogates.graph_net import GraphNet
from agnet.surrogates.training_set import TrainingSet

__all__ = ["GraphEnsemble"]

Array: TypeAlias = npt.NDArray[np.float64]
Single: TypeAlias = npt.NDArray[np.float32]

CHUNK: Final = 4_096
NEAR: Final = 2  # a refit looks so many length scales up and down from the last one
FEW: Final = 48  # with at most so many examples it looks at all
# Few and noisy values are explained best by noise, or by no two examples having to do with each
# other; a search that believes this learns nothing. On the cells of at most 5 vertices of
# NAS-Bench-101, where it had happened, 16 of 30 searches find the best with this, and 12 without.
PRIOR: Final = log_normal(1.5, 0.7)
# The weight of a choice as it is written, beside the embedding. Of four devices' latencies in
# NAS-Bench-201 the two together explain 87 to 98 %, the choices alone 82 to 97 %.
WRITTEN: Final = np.float32(2.0)


@dataclass(frozen=True)
class _View:
    """One kernel on the examples: coordinates, squared norms, and a head for each output."""

    coordinates: Single
    norm: Single
    heads: list[Head]

    def squared(self, coordinates: Single, norm: Single) -> npt.NDArray[np.floating[Any]]:
        """Squared distances ``(n, B)`` of ``B`` others from the examples.

        In single precision, which is enough for candidates and several times as fast; what is
        solved for the examples is in double.
        """
        return squared_distances(self.coordinates, self.norm, coordinates, norm)


@final
class GraphEnsemble(Surrogate):
    """Message-passing networks on live graphs, each with Gaussian-process heads; their mixture.

    A member embeds the live graph (dead parts pruned, skip connections as edges) by counting its
    operations, by path-aware pooling (which sequences of operations lie on paths, and the longest
    and shortest of them), and by the readouts of a network that is drawn for it. Its heads, one an
    output, are Gaussian processes with a Matern 5/2 kernel on the embedding, whose length scale,
    noise and amplitude have the highest marginal likelihood, under a prior that the scale is about
    the distance of two examples; a refit starts from the last one. Mean and deviation are those of
    the mixture of all members, so that the deviation includes how much they disagree.

    The weights of the networks stay as they were drawn. Training them by the marginal likelihood
    was measured: with a few hundred examples it ranks unseen cells no better after 25 updates and
    worse after 75, while the heads learn all there is.

    The first output is what is searched for. Another one, for which the choices as they are written
    explain more beside the live graph (a latency, to which dead operations add), is predicted from
    both; again the marginal likelihood decides.

    So that the cost of a fit does not grow without end, no more than ``at_most`` examples are
    learnt: the better half of that number by the first output, and others evenly from the rest.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        members: int = 2,
        width: int = 64,
        layers: int = 1,
        at_most: int = 320,
    ) -> None:
        """Draws the networks.

        Args:
            space: Where architectures come from.
            rng: What weights are drawn with.
            members: The number of networks.
            width: Of a node's state.
            layers: Of message passing.
            at_most: How many examples are learnt.

        Raises:
            InvalidInput: If a number is not positive.
        """
        for name, value in (("members", members), ("width", width), ("at_most", at_most)):
            if value < 1:
                raise InvalidInput(f"got {name} {value}; expected at least 1")
        self._space, self._at_most = space, at_most
        networks = [GraphNet(len(space.node_types), width, layers, rng) for _ in range(members)]
        self._networks = networks
        self._embeddings = [GraphEmbedding(space, network) for network in networks]
        self._data: TrainingSet | None = None
        self._steps: list[list[int]] = []

    def fit(self, archs: Sequence[Architecture], values: Array) -> None:
        """Learns ``(B, M)`` values; see :meth:`Surrogate.fit`."""
        self._learn(TrainingSet.checked(self._space, archs, values), self._steps)

    def predict(self, archs: Sequence[Architecture]) -> tuple[Array, Array]:
        """Predicts ``(B, M)`` means and deviations; see :meth:`Surrogate.predict`."""
        self._check_fitted()
        batch = self._space.batch(archs)
        mean = np.empty((len(batch), len(self._scale)))
        std = np.empty_like(mean)
        for start in range(0, len(batch), CHUNK):
            part = slice(start, start + CHUNK)
            mean[part], std[part] = self._mixture(batch[part])
        return mean * self._scale + self._shift, std * self._scale

    @property
    def noise(self) -> Array:
        """The deviations ``(M,)`` of the noise; see :attr:`Surrogate.noise`.

        Raises:
            InvalidInput: If it has not been fitted.
        """
        self._check_fitted()
        heads = [[self._views[at].heads[m] for at in own] for m, own in enumerate(self._chosen)]
        variances = [np.mean([head.noise * head.amplitude for head in own]) for own in heads]
        return np.asarray(np.sqrt(variances) * self._scale)

    def choose(
        self,
        archs: Sequence[Architecture],
        n: int,
        acquire: Acquisitions,
        offset: Array | None = None,
    ) -> npt.NDArray[np.int64]:
        """Chooses a batch of high and diverse promise for the first output.

        See :func:`agnet.surrogates.gaussian.choose_batch`; outputs are of unit variance there, and
        the best known mean is that of the examples.

        Returns:
            Up to ``n`` rows of ``archs``, the first choice first.

        Raises:
            InvalidInput: If it has not been fitted.
        """
        self._check_fitted()
        batch = self._space.batch(archs)
        beliefs, best = [], []
        for at in self._chosen[0]:
            view, rows = self._views[at], self._embedded(at, batch)
            head = view.heads[0]
            beliefs.append(Belief(head, view.squared(*rows), *rows))
            best.append(head.known)
        return choose_batch(beliefs, n, acquire, float(np.mean(best, axis=0).max()), offset)

    def state_dict(self) -> dict[str, Any]:
        """Returns the weights, the examples and where the last fit began to look."""
        weights = [
            {name: weight.clone() for name, weight in network.state_dict().items()}
            for network in self._networks
        ]
        learnt = {} if self._data is None else self._data.state_dict()
        return {"networks": weights, "examples": learnt, "steps": self._tried if learnt else []}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state; see :meth:`Surrogate.load_state_dict`."""
        try:
            weights, examples, steps = state["networks"], state["examples"], state["steps"]
            if len(weights) != len(self._networks):
                raise CheckpointError(
                    f"got the state of {len(weights)} networks; expected {len(self._networks)}"
                )
            for network, values in zip(self._networks, weights, strict=True):
                network.load_state_dict(values)
        except (KeyError, TypeError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(f"the state of the ensemble is malformed: {reason}") from error
        self._embeddings = [GraphEmbedding(self._space, network) for network in self._networks]
        self._data, self._steps = None, []
        if examples:
            self._learn(TrainingSet.from_state(self._space, examples), steps)

    def _check_fitted(self) -> None:
        if self._data is None:
            raise InvalidInput("the ensemble has not been fitted; call fit first")

    def _learn(self, data: TrainingSet, last: list[list[int]]) -> None:
        """Fits all heads, looking near the steps of the last fit."""
        rows = _kept(data.values[:, 0], self._at_most)
        archs, values = data.archs[rows], data.values[rows]
        scaled, self._shift, self._scale = standardised(values)
        for embedding in self._embeddings:
            embedding.learn_paths(archs)
        self._views = []
        for at in range(len(self._embeddings) + (values.shape[1] > 1)):
            coordinates, norm = self._embedded(at, archs)
            exact = coordinates.astype(np.float64), norm.astype(np.float64)
            squared = squared_distances(*exact, *exact)
            np.fill_diagonal(squared, 0.0)
            near = _near(last[at]) if len(last) > at and len(archs) > FEW else None
            self._views.append(_View(coordinates, norm, fit_heads(squared, scaled, near, PRIOR)))
        self._chosen = [self._best_views(m) for m in range(values.shape[1])]
        self._data, self._tried = data, last
        self._steps = [[head.step for head in view.heads] for view in self._views]

    def _best_views(self, m: int) -> list[int]:
        """The views that predict an output: all networks, or one and the choices as written."""
        networks = list(range(len(self._networks)))
        if m == 0:
            return networks
        *likelihoods, written = [view.heads[m].likelihood for view in self._views]
        return networks if np.mean(likelihoods) >= written else [len(networks)]

    def _embedded(self, at: int, archs: Architectures) -> tuple[Single, Single]:
        if at < len(self._embeddings):
            return self._embeddings[at](archs)
        live, written = self._embeddings[0](archs), as_written(self._space, archs)
        both = np.concatenate([live[0], WRITTEN * written[0]], axis=1)
        return both, live[1] + WRITTEN**2 * written[1]

    def _mixture(self, archs: Architectures) -> tuple[Array, Array]:
        """Means and deviations ``(B, M)`` in units of the outputs' deviations."""
        squared = {
            at: self._views[at].squared(*self._embedded(at, archs))
            for at in sorted({at for chosen in self._chosen for at in chosen})
        }
        mean = np.empty((len(archs), len(self._chosen)))
        std = np.empty_like(mean)
        for m, chosen in enumerate(self._chosen):
            means, variances = [], []
            for at in chosen:
                head = self._views[at].heads[m]
                own, whitened = posterior(head, squared[at])
                means.append(own)
                variances.append(head.amplitude * variance(whitened))
            mean[:, m] = np.mean(means, axis=0)
            std[:, m] = np.sqrt(np.mean(variances, axis=0) + np.var(means, axis=0))
        return mean, std


def _kept(value: Array, at_most: int) -> npt.NDArray[np.int64]:
    """The rows to learn, in order: the better half of ``at_most``, and the rest evenly by rank."""
    if len(value) <= at_most:
        return np.arange(len(value))
    order = np.argsort(-value, kind="stable")
    better = at_most // 2
    rest = np.linspace(better, len(value) - 1, at_most - better).round().astype(np.int64)
    return np.sort(order[np.concatenate([np.arange(better), rest])])


def _near(steps: Sequence[int]) -> npt.NDArray[np.int64]:
    """The steps around those of all outputs."""
    around = np.arange(min(steps) - NEAR, max(steps) + NEAR + 1)
    return around[(around >= 0) & (around < len(LENGTHS))]
