"""What was computed before, by the key of its architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

__all__ = ["RowMemory"]

LARGEST: Final = 50_000


@final
class RowMemory:
    """Keeps a row of numbers for each key, so that only new ones are computed.

    It forgets everything once it holds too much: rows follow from keys, so nothing is lost.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._keys: npt.NDArray[Any] = np.empty(0)
        self._rows: npt.NDArray[np.float32] | None = None

    def recall(
        self,
        keys: npt.NDArray[Any],
        compute: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
    ) -> npt.NDArray[np.float32]:
        """Returns the rows ``(B, D)`` of keys ``(B,)``.

        Args:
            keys: Sortable, equal where rows are.
            compute: Gives rows for those places ``(K,)`` in ``keys`` that are not known.
        """
        if not len(self._keys) or len(self._keys) > LARGEST:
            self._keys, self._rows = keys[:0], None
        distinct, first = np.unique(keys, return_index=True)
        new = first[~np.isin(distinct, self._keys)]
        if self._rows is None or len(new):
            rows = compute(new)
            known = np.concatenate([self._keys, keys[new]])
            order = np.argsort(known, kind="stable")
            self._keys = known[order]
            self._rows = (rows if self._rows is None else np.concatenate([self._rows, rows]))[order]
        return self._rows[np.searchsorted(self._keys, keys)]
