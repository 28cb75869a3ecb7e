"""Where the cells of a block network stand, what they read, and in which shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from agnet.benchmarks.networks.layers import Layer, operation_layers, pointwise
from agnet.checks import whole
from agnet.errors import InvalidInput
from agnet.spaces import Architecture, BlockCells

__all__ = ["BlockMacro", "CellLayout", "Source", "lay_out"]


@final
@dataclass(frozen=True)
class BlockMacro:
    """How cells are stacked: motifs of normal cells, with a reduction cell between two motifs.

    A reduction cell halves the resolution and doubles the filters.

    Attributes:
        motifs: How many; one more than the reduction cells.
        cells: Normal cells a motif.
        filters: Channels of the cells of the first motif.
    """

    motifs: int = 3
    cells: int = 2
    filters: int = 24

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            InvalidInput: If there would be no cell or no filter.
        """
        whole("motifs", self.motifs)
        whole("cells", self.cells, 0)
        whole("filters", self.filters)
        if self.depth < 1:
            raise InvalidInput(
                f"got {self.motifs} motif of {self.cells} cells; expected at least one cell in all"
            )

    @property
    def depth(self) -> int:
        """Cells in all, whether they are built or not."""
        return self.motifs * (self.cells + 1) - 1

    def level(self, at: int) -> int:
        """How often the resolution has been halved before cell ``at``; 0 for the image, -1."""
        return max(at, 0) // (self.cells + 1)

    def reduces(self, at: int) -> bool:
        """Whether cell ``at`` halves the resolution."""
        return at >= 0 and (at + 1) % (self.cells + 1) == 0


@final
@dataclass(frozen=True)
class Source:
    """A previous cell that a cell reads.

    Attributes:
        lookback: How many cells before it is.
        at: Its place; -1 for the image.
        layers: What it goes through first, where its resolution is not the one expected.
    """

    lookback: int
    at: int
    layers: tuple[Layer, ...]


@final
@dataclass(frozen=True)
class CellLayout:
    """A cell that is built.

    Attributes:
        at: Its place, from 0.
        level: How often the resolution has been halved in what it reads.
        stride: Of the operations that read a previous cell: 2 in a reduction cell.
        filters: Channels that it makes.
        sources: The previous cells that it reads, nearest first.
        blocks: Of each block the two halves: what is read (a look-back as a negative number, else
            an earlier block) and the layers of the operation.
        outputs: The blocks that no block reads.
        joined: What follows where those are several.
    """

    at: int
    level: int
    stride: int
    filters: int
    sources: tuple[Source, ...]
    blocks: tuple[tuple[tuple[int, tuple[Layer, ...]], ...], ...]
    outputs: tuple[int, ...]
    joined: tuple[Layer, ...]


def lay_out(arch: Architecture, macro: BlockMacro, in_channels: int) -> tuple[CellLayout, ...]:
    """Returns the cells of an architecture that are built, in their order; of the empty cell none.

    Cells that the output does not depend on are not built: with the nearest look-back ``d`` and no
    other, every ``d``-th cell is, counted from the output. With up to two look-backs this is the
    rule of POPNAS. What lies before the first cell is the image.

    Raises:
        InvalidInput: If the architecture is none of block cells.
    """
    blocks = _read(arch)
    if not blocks:
        return ()
    lookbacks = sorted({-read for block in blocks for read, _ in block if read < 0})
    needed, waiting = set[int](), [macro.depth - 1]
    while waiting:
        at = waiting.pop()
        if at >= 0 and at not in needed:
            needed.add(at)
            waiting += [at - lookback for lookback in lookbacks]
    return tuple(_cell(at, blocks, lookbacks, macro, in_channels) for at in sorted(needed))


def _cell(
    at: int,
    halves: list[list[tuple[int, str]]],
    lookbacks: list[int],
    macro: BlockMacro,
    in_channels: int,
) -> CellLayout:
    stride = 2 if macro.reduces(at) else 1
    level = macro.level(at)
    filters = macro.filters * 2 ** (level + macro.reduces(at))
    sources, channels = [], {}
    for lookback in lookbacks:
        before = max(at - lookback, -1)
        made = macro.level(before) + macro.reduces(before)
        inputs = in_channels if before < 0 else macro.filters * 2**made
        differs = made < level
        fixed = (pointwise(inputs, filters, 2 ** (level - made)),) if differs else ()
        sources.append(Source(lookback, before, fixed))
        channels[-lookback] = filters if differs else inputs
    blocks = tuple(
        tuple(
            (read, operation_layers(name, channels[read], filters, stride))
            if read < 0
            else (read, operation_layers(name, filters, filters))
            for read, name in block
        )
        for block in halves
    )
    used = {read for block in halves for read, _ in block}
    outputs = tuple(block for block in range(len(halves)) if block not in used)
    joined = (pointwise(len(outputs) * filters, filters),) if len(outputs) > 1 else ()
    return CellLayout(at, level, stride, filters, tuple(sources), blocks, outputs, joined)


def _read(arch: Architecture) -> list[list[tuple[int, str]]]:
    """Returns of each block its two halves: what is read, and the operation."""
    space = arch.space
    if not isinstance(space, BlockCells):
        raise InvalidInput(f"got an architecture of {space.name}; expected one of block cells")
    blocks: list[list[tuple[int, str]]] = []
    for start in range(0, len(arch.choices), 4):
        first, op1, second, op2 = arch.choices[start : start + 4]
        if first == 0:
            break
        reads = [
            -choice if choice <= space.lookbacks else choice - space.lookbacks - 1
            for choice in (first, second)
        ]
        names = [space.operations[op - 1] for op in (op1, op2)]
        blocks.append(list(zip(reads, names, strict=True)))
    return blocks
