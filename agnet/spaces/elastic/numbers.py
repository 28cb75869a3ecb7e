"""Numbers of stages: every setting of a stage has one, which makes draws, keys and lists simple."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.spaces.elastic.genes import EXIT, RESOLUTION, WIDTH, Codes, Genes, Heads
from agnet.spaces.product import mixed_radix

__all__ = ["Numbers"]

BITS: Final = 62  # of an integer of a key


@final
@dataclass(frozen=True)
class Numbers:
    """Counts the settings of stages: those of the least depth first.

    Attributes:
        genes: How genes are read.
    """

    genes: Genes

    @cached_property
    def options(self) -> int:
        """How many different layers there are."""
        return len(self.genes.distinct)

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """The first number of each depth, and how many numbers there are."""
        counts = [self.options**depth for depth in self.genes.config.depths]
        return np.cumsum([0, *counts])

    @property
    def settings(self) -> int:
        """How many different stages there are."""
        return int(self.first[-1])

    @cached_property
    def by_exit(self) -> tuple[int, ...]:
        """How many networks of one resolution and width end at each exit."""
        return tuple(self.settings**last for last in self.genes.config.exits)

    @property
    def size(self) -> int:
        """How many networks there are."""
        resolutions, widths, _ = self.genes.options
        return resolutions * widths * sum(self.by_exit)

    def codes(self, numbers: npt.NDArray[np.integer]) -> Codes:
        """Returns the layers of numbered stages ``(B, S)``."""
        depth = np.searchsorted(self.first, numbers, side="right") - 1
        layer = np.arange(self.genes.config.layers)
        digits = (numbers - self.first[depth])[..., None] // self.options**layer % self.options
        there = layer < (depth + self.genes.config.depths[0])[..., None]
        codes: Codes = self.genes.distinct[digits] * there
        return codes

    def numbers(self, codes: Codes) -> npt.NDArray[np.int64]:
        """Returns the number of each stage ``(B, S)`` of canonical codes; -1 of none."""
        depth = self.genes.depths(codes)
        digits = np.searchsorted(self.genes.distinct, codes) * (codes > 0)
        within = (digits * self.options ** np.arange(codes.shape[2])).sum(axis=2)
        least = self.genes.config.depths[0]
        return np.where(depth, self.first[np.maximum(depth - least, 0)] + within, -1)

    def keys(self, heads: Heads, codes: Codes) -> npt.NDArray[Any]:
        """Returns a key for each network ``(B,)``: as many integers as it takes."""
        radix = [prod(self.genes.options[:2]), *[self.settings + 1] * codes.shape[1]]
        first = heads[:, RESOLUTION] * self.genes.options[WIDTH] + heads[:, WIDTH]
        digits = np.concatenate([first[:, None], self.numbers(codes) + 1], axis=1)
        packed, start = [], 0
        while start < len(radix):
            stop = start + 1
            while stop < len(radix) and prod(radix[start : stop + 1]) < 1 << BITS:
                stop += 1
            packed.append(mixed_radix(digits[:, start:stop], radix[start:stop]))
            start = stop
        if len(packed) == 1:
            return packed[0]
        made = np.empty(len(heads), dtype=[(f"part{at}", np.int64) for at in range(len(packed))])
        for at, part in enumerate(packed):
            made[f"part{at}"] = part
        return made

    def rank(self, heads: Heads, codes: Codes) -> npt.NDArray[np.int64]:
        """Returns the row ``(B,)`` of each network in :meth:`all`."""
        group = heads[:, RESOLUTION] * self.genes.options[WIDTH] + heads[:, WIDTH]
        numbers = np.maximum(self.numbers(codes), 0)
        last = np.array(self.genes.config.exits)[heads[:, EXIT]]
        places = last[:, None] - 1 - np.arange(codes.shape[1])
        within = (numbers * self.settings ** np.maximum(places, 0) * (places >= 0)).sum(axis=1)
        before = np.cumsum([0, *self.by_exit])
        found: npt.NDArray[np.int64] = group * before[-1] + before[heads[:, EXIT]] + within
        return found

    def all(self) -> tuple[Heads, Codes]:
        """Returns all networks, which must be few."""
        resolutions, widths, _ = self.genes.options
        stages = len(self.genes.config.stages)
        heads, codes = [], []
        for resolution in range(resolutions):
            for width in range(widths):
                for exit_, last in enumerate(self.genes.config.exits):
                    row = np.arange(self.by_exit[exit_])[:, None]
                    places = self.settings ** np.maximum(last - 1 - np.arange(stages), 0)
                    made = self.codes(row // places % self.settings)
                    made[:, last:] = 0
                    heads.append(np.tile([resolution, width, exit_], (len(row), 1)))
                    codes.append(made)
        return np.concatenate(heads), np.concatenate(codes)
