"""Some rows of many, so that a page of a long run stays small."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Rows", "some"]

Rows = npt.NDArray[np.int64]

GOLDEN: Final = (5**0.5 - 1) / 2


def some(rows: Rows, most: int) -> Rows:
    """Returns at most ``most`` rows, evenly taken, in order.

    Multiples of the golden ratio, without their whole parts, fill the unit interval evenly: those
    rows are taken for which they are smallest. So a few of some rows are also among many of others.
    """
    if len(rows) <= most:
        return rows
    return np.sort(rows[np.argsort(rows * GOLDEN % 1.0, kind="stable")[:most]])
