"""Genes: one integer each for resolution, width and exit, and one code a layer.

Lu et al., "Neural Architecture Transfer", TPAMI 2021; Sarti, Lomurno and Matteucci, "Neural
Architecture Transfer 2", arXiv 2307.00960 (the exit, and patterns of branches).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np
import numpy.typing as npt

from agnet.spaces.architectures import Choices
from agnet.spaces.elastic.config import ElasticConfig, Layer

__all__ = ["EXIT", "RESOLUTION", "WIDTH", "Codes", "Genes", "Heads"]

RESOLUTION: Final = 0
WIDTH: Final = 1
EXIT: Final = 2

Heads = npt.NDArray[np.int64]
"""``(B, 3)``, positions of resolution, width and exit among the options."""
Codes = npt.NDArray[np.int64]
"""``(B, S, L)``, a code for each of the ``L`` layers of ``S`` stages; 0 where there is none."""


@final
@dataclass(frozen=True)
class Genes:
    """Reads and writes choice vectors ``(B, C)``; what has one option only has no gene.

    Attributes:
        config: What can be chosen.
    """

    config: ElasticConfig

    @cached_property
    def options(self) -> tuple[int, int, int]:
        """How many resolutions, widths and exits there are."""
        config = self.config
        return len(config.resolutions), len(config.widths), len(config.exits)

    @cached_property
    def heads(self) -> tuple[int, ...]:
        """Which of resolution, width and exit have a gene, in the order of the genes."""
        return tuple(at for at, options in enumerate(self.options) if options > 1)

    @cached_property
    def slots(self) -> int:
        """How many layers there can be."""
        return len(self.config.stages) * self.config.layers

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The options of each gene."""
        layers = [len(self.config.codes)] * self.slots
        return (*[self.options[at] for at in self.heads], *layers)

    @cached_property
    def folded(self) -> npt.NDArray[np.int64]:
        """For each code the first that means the same."""
        codes = self.config.codes
        return np.array([codes.index(meaning) for meaning in codes], dtype=np.int64)

    @cached_property
    def distinct(self) -> npt.NDArray[np.int64]:
        """The codes of layers, each meaning once."""
        return np.unique(self.folded)[1:]

    def split(self, choices: npt.NDArray[np.integer]) -> tuple[Heads, Codes]:
        """Returns the parts of choice vectors; they need be neither canonical nor valid."""
        heads = np.zeros((len(choices), 3), dtype=np.int64)
        heads[:, self.heads] = choices[:, : len(self.heads)]
        shape = (len(choices), len(self.config.stages), self.config.layers)
        return heads, choices[:, len(self.heads) :].reshape(shape).astype(np.int64)

    def join(self, heads: Heads, codes: Codes) -> Choices:
        """Puts parts together, in canonical form.

        A code becomes the first that means the same, the layers of a stage the first of it in their
        order, and what follows the exit is not there.
        """
        clean = self.folded[codes]
        gaps = np.argsort(clean == 0, axis=2, kind="stable")
        clean = np.take_along_axis(clean, gaps, axis=2) * self.reached(heads)[..., None]
        picked = heads[:, self.heads]
        return np.concatenate([picked, clean.reshape(-1, self.slots)], axis=1).astype(np.int16)

    def reached(self, heads: Heads) -> npt.NDArray[np.bool_]:
        """Says which stages there are, ``(B, S)``."""
        last = np.array(self.config.exits)[heads[:, EXIT]]
        return np.asarray(np.arange(len(self.config.stages)) < last[:, None])

    def described(self, choices: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Returns what canonical choice vectors say, a column for each option, ``(B, F)``.

        Resolution, width and exit as positions; the depth of each stage; the expansion, kernel and,
        with several, the branches of each layer, 0 where there is none. Codes of layers hide which
        of the options two layers have in common.
        """
        heads, codes = self.split(choices)
        parts = [heads, self.depths(codes)]
        parts += [numbers[codes].reshape(len(codes), -1) for numbers in self._meanings]
        return np.concatenate(parts, axis=1)

    @cached_property
    def _meanings(self) -> list[npt.NDArray[np.int64]]:
        """The expansion, the kernel and the branches of each code."""
        meanings = [code or Layer(0, 0, 0) for code in self.config.codes]
        rows = [[one.expansion, one.kernel, one.branches] for one in meanings]
        columns = np.array(rows, dtype=np.int64).T
        return list(columns if self.config.parallel else columns[:2])

    def depths(self, codes: Codes) -> npt.NDArray[np.int64]:
        """Returns how many layers each stage has, ``(B, S)``."""
        found: npt.NDArray[np.int64] = (codes > 0).sum(axis=2)
        return found
