"""Elementary changes of elastic networks, and mixtures of two."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from agnet.spaces.architectures import Choices
from agnet.spaces.elastic.config import ElasticConfig
from agnet.spaces.elastic.genes import EXIT, Codes, Genes, Heads

__all__ = ["crossed", "mutated", "neighbouring"]


@cache
def _adjacent(config: ElasticConfig) -> npt.NDArray[np.bool_]:
    """Says which codes ``(K, K)`` differ in one of kernel, expansion and branches.

    Where the elastic branch comes or goes, its kernel and expansion are no difference of their own.
    """
    genes, codes = Genes(config), config.codes
    found = np.zeros((len(codes), len(codes)), dtype=np.bool_)
    for one in genes.distinct:
        for two in genes.distinct:
            left, right = codes[one], codes[two]
            if left is not None and right is not None:
                both = bool(left.kernel and right.kernel)
                differ = [left.branches != right.branches]
                differ += [left.kernel != right.kernel] if both else []
                differ += [left.expansion != right.expansion] if both else []
                found[one, two] = sum(differ) == 1
    return found


def neighbouring(genes: Genes, choices: Choices) -> Choices:
    """Returns all that are one change away from one network ``(1, C)``.

    Another resolution or width; one layer with another kernel, expansion or branches; a layer more
    or less at the end of a stage; a stage more or less, a new one of the least depth, all of its
    layers alike.
    """
    heads, codes = genes.split(choices)
    near: list[tuple[Heads, Codes]] = []
    for at in genes.heads:
        for value in range(genes.options[at]):
            if value != heads[0, at] and (at != EXIT or value == heads[0, at] - 1):
                head = heads.copy()
                head[0, at] = value
                near.append((head, codes))
    layers = np.argwhere(codes[0] > 0).tolist()
    for stage, layer in layers:
        for code in np.flatnonzero(_adjacent(genes.config)[codes[0, stage, layer]]).tolist():
            near.append((heads, _with(codes, stage, layer, code)))
    depths = genes.depths(codes)[0]
    for stage in np.flatnonzero(depths).tolist():
        depth = int(depths[stage])
        if depth > genes.config.depths[0]:
            near.append((heads, _with(codes, stage, depth - 1, 0)))
        if depth < genes.config.layers:
            for code in genes.distinct.tolist():
                near.append((heads, _with(codes, stage, depth, code)))
    if heads[0, EXIT] < genes.options[EXIT] - 1:
        head = heads.copy()
        head[0, EXIT] += 1
        stage, first = int(heads[0, EXIT]) + 1, slice(genes.config.depths[0])
        for code in genes.distinct.tolist():
            near.append((head, _with(codes, stage, first, code)))
    return genes.join(*(np.concatenate(parts) for parts in zip(*near, strict=True)))


def _with(codes: Codes, stage: int, layer: int | slice, code: int) -> Codes:
    changed: Codes = codes.copy()
    changed[0, stage, layer] = code
    return changed


def mutated(genes: Genes, choices: Choices, rng: np.random.Generator) -> Choices:
    """Makes one change to each of the networks ``(B, C)``.

    What changes is drawn uniformly from the genes before the layers, the depths of the stages that
    there are, and their layers; then how.
    """
    heads, codes = genes.split(choices)
    config, rows = genes.config, np.arange(len(heads))
    depths, adjacent = genes.depths(codes), _adjacent(config)
    changeable = np.concatenate(
        [
            np.tile(np.array(genes.options) > 1, (len(heads), 1)),
            (depths > 0) & (len(config.depths) > 1),
            np.asarray(adjacent.any(axis=1))[codes].reshape(len(heads), -1),
        ],
        axis=1,
    )
    at = np.where(changeable, rng.random(changeable.shape), -1.0).argmax(axis=1)
    for head, options in enumerate(genes.options):
        chosen, value = at == head, heads[:, head]
        turned = (value + rng.integers(1, max(options, 2), len(rows))) % options
        stepped = value + _step(value, options - 1, rng)
        heads[:, head] = np.where(chosen, stepped if head == EXIT else turned, value)
    new = rng.choice(genes.distinct, size=len(rows))
    for stage in range(codes.shape[1]):
        depth = depths[:, stage]
        # A stage that was not there is filled; it counts only if the exit has moved behind it.
        codes[depth == 0, stage, : config.depths[0]] = new[depth == 0, None]
        chosen = at == 3 + stage
        grows = _step(depth - config.depths[0], len(config.depths) - 1, rng) > 0
        more, less = rows[chosen & grows], rows[chosen & ~grows]
        codes[more, stage, depth[more]] = new[more]
        codes[less, stage, depth[less] - 1] = 0
    slot = at - 3 - codes.shape[1]
    flat = codes.reshape(len(rows), -1)
    old = flat[rows, np.maximum(slot, 0)]
    other = np.where(adjacent[old], rng.random((len(rows), len(adjacent))), -1.0).argmax(axis=1)
    flat[rows, np.maximum(slot, 0)] = np.where(slot >= 0, other, old)
    return genes.join(heads, flat.reshape(codes.shape))


def _step(
    value: npt.NDArray[np.int64], last: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """One up or down, ``(B,)``, from the ends inwards, from between either way."""
    either = 2 * rng.integers(2, size=len(value)) - 1
    return np.where(value <= 0, 1, np.where(value >= last, -1, either))


def crossed(genes: Genes, first: Choices, second: Choices, rng: np.random.Generator) -> Choices:
    """Takes each of resolution, width, exit, depths and layers from either parent.

    What one parent lacks is that of the other.
    """
    (left, left_codes), (right, right_codes) = genes.split(first), genes.split(second)
    heads = np.where(rng.random(left.shape) < 0.5, left, right)
    pick = rng.random(left_codes.shape) < 0.5
    codes = np.where(pick, left_codes, right_codes)
    codes = np.where(codes > 0, codes, np.where(pick, right_codes, left_codes))
    depths = [genes.depths(left_codes), genes.depths(right_codes)]
    pick = (rng.random(depths[0].shape) < 0.5) & (depths[0] > 0) | (depths[1] == 0)
    depth = np.where(pick, *depths)
    return genes.join(heads, codes * (np.arange(codes.shape[2]) < depth[..., None]))
