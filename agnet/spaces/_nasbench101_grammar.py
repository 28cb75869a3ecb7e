"""In which order the choices of a NAS-Bench-101 cell are made, and which remain open.

Slot after slot: first the operation, or that there is no further vertex, then the incoming edges.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from agnet.spaces._nasbench101_classes import MAX_EDGES, OUTPUT, Integers

__all__ = ["allowed", "ends", "steps"]


@cache
def ends(vertices: int) -> tuple[Integers, Integers]:
    """The source and the column of each edge, in the order of the choices."""
    last = vertices - 1
    pairs = [(u, v if v < last else OUTPUT) for v in range(1, vertices) for u in range(v)]
    sources, targets = np.array(pairs).T
    return sources, targets - 1


@cache
def steps(vertices: int) -> tuple[int, ...]:
    """Which choice is made at each step: the operation of a slot, then the edges into it."""
    edges = vertices * (vertices - 1) // 2
    order: list[int] = []
    for slot in range(1, vertices):
        if slot < vertices - 1:
            order.append(edges + slot - 1)
        order.extend(slot * (slot - 1) // 2 + source for source in range(slot))
    return tuple(order)


def allowed(choices: npt.NDArray[np.integer], step: int, vertices: int) -> npt.NDArray[np.bool_]:
    """Says which options lead to a cell with all vertices in use and at most nine edges.

    The vertices that feed nothing yet, ``loose``, need an edge each. A chain through whatever is
    still to come provides all that it needs itself, so this number alone must fit into the budget:
    a new operation takes one of the loose vertices as its source and becomes loose itself.

    Args:
        choices: ``(B, C)``; only those of earlier steps are looked at.
        step: Which choice is next.
        vertices: Of the space, 3 to 7.

    Returns:
        ``(B, 2)`` for an edge, ``(B, 4)`` for an operation.
    """
    order, edges = steps(vertices), vertices * (vertices - 1) // 2
    at = order[step]
    slot = at - edges + 1 if at >= edges else int(ends(vertices)[1][at]) + 1
    slot = min(slot, vertices - 1)  # the output's column is the last also of smaller cells
    known = slot * (slot - 1) // 2 if at >= edges else at
    set_so_far = choices[:, :known] > 0
    there = np.ones((len(choices), slot), dtype=np.bool_)
    there[:, 1:] = choices[:, edges : edges + slot - 1] > 0
    feeds = set_so_far @ _by_source(vertices)[:known, :slot]
    loose = there & ~feeds
    left = MAX_EDGES - set_so_far.sum(axis=1) - loose.sum(axis=1)
    if at >= edges:
        return _operation(left, there[:, -1])
    source = at - slot * (slot - 1) // 2
    mine = loose[:, source]
    if slot == vertices - 1:
        return np.stack([~mine, there[:, source] & (mine | (left > 0))], axis=1)
    exists = choices[:, edges + slot - 1] > 0
    fed = set_so_far[:, known - source :].any(axis=1)
    # The slot itself will need an edge to what comes later, hence one less to spend.
    can = exists & there[:, source] & (mine | (left > 1))
    must = exists & ~fed & (source == slot - 1)
    return np.stack([~must, can], axis=1)


def _operation(left: Integers, before: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """None is always open; an operation needs the slot before it and one more edge."""
    options = np.ones((len(left), 4), dtype=np.bool_)
    options[:, 1:] = (before & (left > 0))[:, None]
    return options


@cache
def _by_source(vertices: int) -> npt.NDArray[np.bool_]:
    """Which slot is the source of each edge: ``(E, V)``."""
    return np.asarray(ends(vertices)[0][:, None] == np.arange(vertices))
