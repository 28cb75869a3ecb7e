"""Pretraining on a whole space, with architectures held out that tell what was learnt."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from agnet.generators.graph_vae import GraphVAE
from agnet.generators.settings import recommended
from agnet.generators.training import Report
from agnet.seeds import stream
from agnet.spaces import LISTABLE, Architectures, SearchSpace

__all__ = ["draw_held_out", "held_out", "pretrain", "training_set"]

DRAWN: Final = 400_000
"""Architectures that are drawn of a space that is too large to be listed."""

HELD_OUT_SHARE: Final = 7
"""One architecture in so many is held out."""

MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def held_out(archs: Architectures) -> npt.NDArray[np.bool_]:
    """Says which of ``B`` architectures pretraining leaves out, by a hash of their choices."""
    value = np.zeros(len(archs), dtype=np.uint64)
    for column in archs.choices.T.astype(np.uint64):
        value = (value ^ column) * MIX
        value ^= value >> np.uint64(29)
    return np.asarray(value % np.uint64(HELD_OUT_SHARE) == 0)


def training_set(space: SearchSpace, rng: np.random.Generator) -> Architectures:
    """Returns the architectures of a space, or 400,000 of them, without those held out."""
    archs = space.enumerate() if space.size <= LISTABLE else space.sample(DRAWN, rng)
    return archs[~held_out(archs)]


def draw_held_out(space: SearchSpace, n: int, rng: np.random.Generator) -> Architectures:
    """Draws ``n`` architectures that pretraining has left out, with repeats if there are fewer."""
    if space.size <= LISTABLE:
        archs = space.enumerate()
        archs = archs[held_out(archs)]
        return archs[rng.permutation(np.resize(rng.permutation(len(archs)), n))]
    archs = space.sample(3 * HELD_OUT_SHARE * n + 100, rng)
    return archs[held_out(archs)][:n]


def pretrain(
    space: SearchSpace, seed: int, updates: int | None = None, report: Report | None = None
) -> GraphVAE:
    """Trains a generator on a space; the same seed gives the same one.

    Args:
        space: The space.
        seed: At least 0.
        updates: Instead of the recommended number; settling then takes no longer than that.
        report: Is told how far it is.

    Raises:
        InvalidInput: If the seed or the updates are out of range.
    """
    settings = recommended(space)
    if updates is not None:
        settings = replace(
            settings, updates=updates, settling=min(settings.settling, max(updates, 1))
        )
    rng = stream(seed, "pretraining")
    generator = GraphVAE(space, rng, settings)
    generator.fit(training_set(space, rng), held_out, report)
    return generator
