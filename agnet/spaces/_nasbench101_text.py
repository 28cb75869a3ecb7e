"""The text form of a NAS-Bench-101 vertex."""

from __future__ import annotations

import re
from typing import Final

from agnet.errors import InvalidArchitecture

__all__ = ["OPERATIONS", "read_vertex"]

OPERATIONS: Final = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
EXAMPLE: Final = "conv3x3-bn-relu~0+maxpool3x3~0,1+output~1,2"
SOURCES: Final = re.compile("([0-9](,[0-9])*)?")


def read_vertex(vertex: str, at: int, last: int, text: str) -> tuple[int, list[int]]:
    """Reads one ``op~sources``.

    Raises:
        InvalidArchitecture: If it is malformed; the message says where.
    """
    op, tilde, given = vertex.partition("~")
    where = f"vertex {at} of {text!r}"
    if not tilde or not SOURCES.fullmatch(given):
        raise InvalidArchitecture(f"got {vertex!r} as {where}; expected op~sources as in {EXAMPLE}")
    wanted = ("output",) if at == last else OPERATIONS
    if op not in wanted:
        raise InvalidArchitecture(f"got {op!r} as {where}; expected {' or '.join(wanted)}")
    sources = [int(source) for source in given.split(",") if source]
    if len(set(sources)) < len(sources) or any(source >= at for source in sources):
        raise InvalidArchitecture(
            f"got the sources {given!r} of {where}; expected distinct numbers below {at}"
        )
    return (0 if at == last else OPERATIONS.index(op) + 1), sources
