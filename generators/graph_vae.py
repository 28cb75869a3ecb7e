"""A graph VAE: a latent space of architectures in which every point is a valid one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch

from agnet.errors import CheckpointError, InvalidInput
from agnet.generators.base import Generator
from agnet.generators.decoder import ChoiceDecoder
from agnet.generators.encoder import GraphEncoder
from agnet.generators.settings import GraphVAESettings, recommended
from agnet.generators.slots import Slots
from agnet.generators.training import Report, Trainer
from agnet.spaces import Architecture, Architectures, SearchSpace, Subset

__all__ = ["GraphVAE"]

CHUNK: Final = 4096  # codes or graphs at a time, so that what is worked on stays in the cache
ATTEMPTS: Final = 8


@final
class GraphVAE(Generator):
    """Encodes graphs by message passing, decodes codes choice by choice under the space's rules.

    Every choice is conditioned on the code and on the choices drawn before it, and only options
    that can still lead to an architecture have a chance, so that every draw is valid. For a
    :class:`~agnet.spaces.Subset` the rules are those of the whole space: what is then no member is
    drawn again a few times and at last replaced by a random member.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        settings: GraphVAESettings | None = None,
    ) -> None:
        """Makes an untrained generator.

        Args:
            space: Of the architectures.
            rng: What initial weights and all draws of training come from.
            settings: By default those that are recommended for the space.
        """
        self._space, self._rng = space, rng
        self._settings = recommended(space) if settings is None else settings
        self._slots = Slots(space)
        self._encoder, self._decoder = self._built(self._settings, int(rng.integers(2**63)))

    @property
    def space(self) -> SearchSpace:
        """The space of the architectures."""
        return self._space

    @property
    def settings(self) -> GraphVAESettings:
        """Sizes and schedules."""
        return self._settings

    @property
    def latent_size(self) -> int:
        """``Z``."""
        return self._settings.latent

    def fit(
        self,
        archs: Sequence[Architecture],
        excluded: Callable[[Architectures], npt.NDArray[np.bool_]] | None = None,
        report: Report | None = None,
    ) -> None:
        """Pretrains on ``B`` unlabelled architectures.

        Args:
            archs: What is learnt; mutants of them are looked at as well, to learn distances.
            excluded: Says which architectures ``(B,)`` must not be looked at even so.
            report: Is told how far it is.

        Raises:
            InvalidInput: If there are no architectures, or one is of another space.
        """
        self._trainer().fit(self._some(archs), excluded, report)

    def retrain(
        self,
        archs: Sequence[Architecture],
        weights: npt.NDArray[np.float64],
        *,
        updates: int | None = None,
    ) -> None:
        """Shifts draws from the prior towards ``B`` architectures of high weight.

        Makes ``updates`` updates (by default ``settings.retrain_updates``), whatever ``B`` is. The
        weights ``(B,)`` are used once: architectures are drawn in proportion. A share of each batch
        is drawn uniformly from the space, so that nothing is forgotten.

        Raises:
            InvalidInput: If there are no architectures, or weights are not finite, negative, or
                all zero.
        """
        batch = self._some(archs)
        array = np.array(weights, dtype=np.float64)
        fits = array.shape == (len(batch),) and np.isfinite(array).all() and (array >= 0).all()
        if not fits or not array.sum() > 0:
            raise InvalidInput(
                f"got weights of shape {array.shape} for {len(batch)} architectures; expected one "
                "finite number each, none negative and not all zero"
            )
        chances = array / array.max()
        self._trainer().retrain(
            batch,
            chances / chances.sum(),
            self._settings.retrain_updates if updates is None else updates,
        )

    @torch.no_grad()
    def encode(self, archs: Sequence[Architecture]) -> torch.Tensor:
        """Returns the means of the codes, ``(B, Z)`` float32."""
        return self.posterior(archs)[0]

    @torch.no_grad()
    def posterior(self, archs: Sequence[Architecture]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns means and standard deviations of the codes, each ``(B, Z)`` float32."""
        batch = self._space.batch(archs)
        parts = [
            self._encoder(self._space.encode(batch[start : start + CHUNK]))
            for start in range(0, max(len(batch), 1), CHUNK)
        ]
        mean, spread = (torch.cat(part) for part in zip(*parts, strict=True))
        return mean, (0.5 * spread).exp()

    def decode(
        self, z: torch.Tensor, rng: np.random.Generator, *, temperature: float = 1.0
    ) -> Architectures:
        """Draws one architecture for each code ``(B, Z)``.

        Args:
            z: The codes.
            rng: What draws are made with.
            temperature: Below 1 for likelier choices, 0 for the likeliest one in each slot.

        Raises:
            InvalidInput: If the shape of the codes is wrong, one is not finite, or the temperature
                is negative.
        """
        codes = torch.as_tensor(z, dtype=torch.float32).detach()
        if codes.ndim != 2 or codes.shape[1] != self.latent_size or not codes.isfinite().all():
            raise InvalidInput(
                f"got codes of shape {tuple(codes.shape)}; expected finite ones of shape "
                f"(B, {self.latent_size})"
            )
        if not temperature >= 0:
            raise InvalidInput(f"got the temperature {temperature!r}; expected at least 0")
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        choices = self._generated(codes, noise, temperature)
        if isinstance(self._space, Subset):
            self._return_to_subset(choices, codes, noise, rng, temperature)
        return Architectures(self._space, self._space.canonical(choices))

    def sample(
        self, n: int, rng: np.random.Generator, *, temperature: float = 1.0
    ) -> Architectures:
        """Draws ``n`` architectures of codes that are drawn from the prior, a standard normal."""
        codes = rng.standard_normal((n, self.latent_size), dtype=np.float32)
        return self.decode(torch.from_numpy(codes), rng, temperature=temperature)

    @torch.no_grad()
    def log_likelihood(self, archs: Sequence[Architecture], z: torch.Tensor) -> torch.Tensor:
        """Returns the log-probability ``(B,)`` that a code ``(B, Z)`` is decoded to its partner."""
        batch = self._space.batch(archs)
        logs: torch.Tensor = self._decoder(
            z.float(), self._slots.values(batch), self._slots.allowed(batch)
        )
        return logs.sum(1)

    def state_dict(self) -> dict[str, Any]:
        """Returns space, settings and weights."""
        weights = {**_weights("encoder", self._encoder), **_weights("decoder", self._decoder)}
        return {
            "kind": "graph_vae",
            "space": self._space.name,
            "settings": asdict(self._settings),
            "weights": weights,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores a state, settings included; weights may be stored in half precision.

        Raises:
            CheckpointError: If it is malformed or of another space; nothing is changed then.
        """
        if state.get("kind") != "graph_vae" or state.get("space") != self._space.name:
            raise CheckpointError(
                f"got a state of {state.get('kind')!r} for the space {state.get('space')!r}; "
                f"expected 'graph_vae' for {self._space.name!r}"
            )
        try:
            settings = GraphVAESettings(**state["settings"])
            parts = self._built(settings, seed=0)
            for name, part in zip(("encoder.", "decoder."), parts, strict=True):
                part.load_state_dict(
                    {
                        key.removeprefix(name): value.float()
                        for key, value in state["weights"].items()
                        if key.startswith(name)
                    }
                )
                if not all(bool(weight.isfinite().all()) for weight in part.parameters()):
                    raise ValueError("a weight is not finite")
        except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(f"the generator's state is malformed: {reason}") from error
        self._settings = settings
        self._encoder, self._decoder = parts

    def _built(self, settings: GraphVAESettings, seed: int) -> tuple[GraphEncoder, ChoiceDecoder]:
        """Makes networks with initial weights."""
        space, draws = self._space, torch.Generator().manual_seed(seed)
        nodes = space.encode(space.sample(1, np.random.default_rng(0))).num_nodes
        encoder = GraphEncoder(
            *(nodes, len(space.node_types), settings.latent, settings.hidden, settings.layers),
            *(settings.readout, draws),
        )
        return encoder, ChoiceDecoder(
            self._slots, settings.latent, settings.slot, settings.trunk, draws
        )

    def _trainer(self) -> Trainer:
        return Trainer(self._encoder, self._decoder, self._settings, self._rng)

    def _some(self, archs: Sequence[Architecture]) -> Architectures:
        batch = self._space.batch(archs)
        if not len(batch):
            raise InvalidInput("got no architectures; a generator learns from at least one")
        return batch

    def _generated(
        self, codes: torch.Tensor, noise: torch.Generator, temperature: float
    ) -> npt.NDArray[np.int16]:
        parts = [
            self._decoder.generate(codes[start : start + CHUNK], noise, temperature)
            for start in range(0, max(len(codes), 1), CHUNK)
        ]
        return np.concatenate(parts)

    def _return_to_subset(
        self,
        choices: npt.NDArray[np.int16],
        codes: torch.Tensor,
        noise: torch.Generator,
        rng: np.random.Generator,
        temperature: float,
    ) -> None:
        """Redraws, in place, what is no member of the subset."""
        for _ in range(ATTEMPTS):
            outside = np.flatnonzero(~self._space.is_valid(choices))
            if not len(outside):
                return
            choices[outside] = self._generated(codes[outside], noise, temperature)
        outside = np.flatnonzero(~self._space.is_valid(choices))
        choices[outside] = self._space.sample(len(outside), rng).choices


def _weights(name: str, part: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {f"{name}.{key}": value.detach().clone() for key, value in part.state_dict().items()}
