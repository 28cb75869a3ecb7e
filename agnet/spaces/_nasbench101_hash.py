"""The graph hash by which NAS-Bench-101 names its cells."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["graph_hash"]


def graph_hash(matrix: npt.NDArray[np.integer], labels: Sequence[int]) -> str:
    """Hashes a labelled graph so that isomorphic graphs have equal hashes.

    Every vertex starts from its out-degree, in-degree and label. In as many rounds as there are
    vertices it takes in the sorted hashes of its sources and of its targets; the sorted result
    names the graph (Ying et al., "NAS-Bench-101", ICML 2019).

    Args:
        matrix: ``(V, V)``, 1 at ``[u, v]`` for an edge from ``u`` to ``v``.
        labels: ``V`` numbers: -1 for the input, 0 to 2 for operations, -2 for the output.

    Returns:
        32 hexadecimal digits.
    """
    targets = [[v for v, edge in enumerate(row) if edge] for row in matrix.tolist()]
    sources = [[u for u, edge in enumerate(column) if edge] for column in matrix.T.tolist()]
    hashes = [
        _md5(str((len(targets[v]), len(sources[v]), label))) for v, label in enumerate(labels)
    ]
    for _ in range(len(hashes)):
        hashes = [
            _md5(
                "".join(sorted(hashes[u] for u in sources[v]))
                + "|"
                + "".join(sorted(hashes[w] for w in targets[v]))
                + "|"
                + own
            )
            for v, own in enumerate(hashes)
        ]
    return _md5(str(sorted(hashes)))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
