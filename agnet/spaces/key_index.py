"""Finding keys in a list of keys, whatever their type."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = ["KeyIndex"]


@final
class KeyIndex:
    """A list of ``S`` keys, as ``space.keys`` gives them, in which others are looked up at once."""

    def __init__(self, keys: npt.NDArray[Any]) -> None:
        """Sorts the keys; there must be at least one for a look-up."""
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def find(self, keys: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Returns the position ``(B,)`` of each key in the list, -1 where it is not there."""
        place = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where(self._sorted[place] == keys, self._order[place], -1)

    @property
    def repeated(self) -> tuple[int, int] | None:
        """The positions of two equal keys, the earlier first; None if all differ."""
        equal = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        if not len(equal):
            return None
        first, second = self._order[equal[0] : equal[0] + 2].tolist()
        return min(first, second), max(first, second)
