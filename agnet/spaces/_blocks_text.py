"""The text form of block cells: ``[(-1,identity,-2,conv_3x3);(0,conv_3x3,-1,identity)]``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agnet.errors import InvalidArchitecture

__all__ = ["read_blocks", "write_blocks"]

BLOCK: Final = re.compile(r"\(\s*(-?\d+)\s*,\s*(\w+)\s*,\s*(-?\d+)\s*,\s*(\w+)\s*\)")


def read_blocks(
    text: str, lookbacks: int, operations: Sequence[str], limit: int
) -> list[list[int]]:
    """Reads a text as ``[input, operation, input, operation]`` of each block.

    Input ``L + j`` is block ``j``; of the others 0 is the last cell.

    Raises:
        InvalidArchitecture: If the text is malformed; the message says where.
    """
    inner = text.strip()
    if not (inner.startswith("[") and inner.endswith("]") and len(inner) > 1):
        raise InvalidArchitecture(
            f"got {text!r}; expected blocks in brackets, as in [(-1,identity,-2,conv_3x3)]"
        )
    inner = inner[1:-1].strip()
    parts = [part.strip() for part in inner.split(";")] if inner else []
    if len(parts) > limit:
        raise InvalidArchitecture(f"got {len(parts)} blocks in {text!r}; expected at most {limit}")
    return [_read_block(part, at, lookbacks, operations) for at, part in enumerate(parts)]


def _read_block(part: str, at: int, lookbacks: int, operations: Sequence[str]) -> list[int]:
    match = BLOCK.fullmatch(part)
    if match is None:
        raise InvalidArchitecture(
            f"got {part!r} for block {at}; expected (input,operation,input,operation)"
        )
    read = []
    for source, op in (match.group(1, 2), match.group(3, 4)):
        number = int(source)
        if not -lookbacks <= number < at:
            raise InvalidArchitecture(
                f"got the input {number} in block {at}; expected one of {-lookbacks} to {at - 1}: "
                "negative for cells before, else an earlier block"
            )
        if op not in operations:
            raise InvalidArchitecture(
                f"got the operation {op!r} in block {at}; expected one of {', '.join(operations)}"
            )
        read += [-number - 1 if number < 0 else lookbacks + number, operations.index(op)]
    return read


def write_blocks(blocks: Sequence[Sequence[int]], lookbacks: int, operations: Sequence[str]) -> str:
    """Writes what :func:`read_blocks` reads."""
    written = []
    for first, op1, second, op2 in blocks:
        sources = [-s - 1 if s < lookbacks else s - lookbacks for s in (first, second)]
        written.append(f"({sources[0]},{operations[op1]},{sources[1]},{operations[op2]})")
    return f"[{';'.join(written)}]"
