"""Reads TFRecord files and protocol-buffer messages without TensorFlow.

A file is a sequence of records: the length (8 bytes), its checksum (4), the data, their checksum
(4), all little-endian. A checksum is the CRC-32C, rotated right by 15 bits, plus a constant.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from agnet.errors import StorageError, TableError

__all__ = ["crc32c", "masked", "message_fields", "read_records"]

POLYNOMIAL: Final = 0x82F63B78
MASK: Final = 0xA282EAD8
BATCH_BYTES: Final = 1 << 22
DOUBLE, SINGLE = struct.Struct("<d"), struct.Struct("<f")
ADVICE: Final = "download the official file again"

Words = npt.NDArray[np.uint32]


def read_records(path: Path) -> Iterator[list[bytes]]:
    """Yields the records of a file in batches of a few megabytes, all checksums verified.

    Raises:
        TableError: If the file is truncated, damaged or no TFRecord file.
        StorageError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _batches(file, path)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error}") from error


def _batches(file: BinaryIO, path: Path) -> Iterator[list[bytes]]:
    count, longest = 0, 0
    records: list[bytes] = []
    checks: list[bytes] = []
    while header := file.read(12):
        if len(header) < 12:
            raise TableError(f"{path} is truncated in record {count}; {ADVICE}")
        length = _length(header)
        if length is None:
            raise TableError(
                f"record {count} of {path} has a wrong length checksum: the file is damaged, or is "
                f"no TFRecord file; {ADVICE}"
            )
        data = file.read(length + 4)
        if len(data) < length + 4:
            raise TableError(f"{path} is truncated in record {count}; {ADVICE}")
        records.append(data[:-4])
        checks.append(data[-4:])
        count += 1
        longest = max(longest, length)
        if len(records) * longest >= BATCH_BYTES:
            yield _verified(records, checks, count, path)
            records, checks, longest = [], [], 0
    if records:
        yield _verified(records, checks, count, path)


@lru_cache(maxsize=4096)  # few lengths occur, each of them often
def _length(header: bytes) -> int | None:
    """Reads a length; None where its checksum is wrong."""
    length, check = struct.unpack("<QI", header)
    return int(length) if int(masked(crc32c([header[:8]]))[0]) == check else None


def _verified(records: list[bytes], checks: list[bytes], count: int, path: Path) -> list[bytes]:
    wrong = masked(crc32c(records)) != np.frombuffer(b"".join(checks), dtype="<u4")
    if wrong.any():
        at = count - len(records) + int(wrong.argmax())
        raise TableError(f"record {at} of {path} is damaged (wrong checksum); {ADVICE}")
    return records


def crc32c(blocks: Sequence[bytes]) -> Words:
    """Returns the CRC-32C of each block ``(B,)``, four bytes of all blocks at a time.

    Started from zero, the register is not changed by leading zeros, so blocks of different lengths
    are aligned at their ends. What the true start adds depends on the length alone.
    """
    width = -(-max(map(len, blocks), default=0) // 4) * 4
    aligned = b"".join(block.rjust(width, b"\0") for block in blocks)
    words = np.frombuffer(aligned, dtype="<u4").reshape(len(blocks), width // 4).T
    low, high = _tables()
    register = np.zeros(len(blocks), dtype=np.uint32)
    for word in np.ascontiguousarray(words):
        register ^= word
        register = low[register & 0xFFFF] ^ high[register >> 16]
    return register ^ np.array([_of_zeros(len(block)) for block in blocks], dtype=np.uint32)


def masked(checksums: Words) -> Words:
    """Returns CRC-32Cs ``(B,)`` as TFRecord files hold them."""
    rotated = (checksums >> 15) | (checksums << 17)
    stored: Words = rotated + np.uint32(MASK)
    return stored


@cache
def _tables() -> tuple[Words, Words]:
    """The register 32 bits later, by its low and by its high half."""
    halves = np.arange(1 << 16, dtype=np.uint32)
    registers = np.stack([halves, halves << 16])
    for _ in range(32):
        registers = (registers >> 1) ^ ((registers & 1) * np.uint32(POLYNOMIAL))
    return registers[0], registers[1]


@lru_cache(maxsize=4096)
def _of_zeros(length: int) -> int:
    """The CRC-32C of ``length`` zero bytes."""
    register = 0xFFFFFFFF
    for _ in range(8 * length):
        register = (register >> 1) ^ (POLYNOMIAL * (register & 1))
    return register ^ 0xFFFFFFFF


def message_fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Yields number and value of each field of a protocol-buffer message, in order.

    Varints are integers, 64 and 32 bits are read as floating-point numbers, all else is bytes.

    Raises:
        ValueError: If the message is malformed.
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} before byte {at}")
        start, at = at, at + size
        if at > end:
            raise ValueError(f"the field at byte {start} is truncated")
        if kind == 2:
            yield tag >> 3, message[start:at]
        else:
            yield tag >> 3, (DOUBLE if kind == 1 else SINGLE).unpack_from(message, start)[0]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Reads an integer of seven bits a byte; returns it and where the next field starts."""
    if at < len(message) and message[at] < 128:  # nearly always
        return message[at], at + 1
    value = 0
    for shift, byte in zip(range(0, 70, 7), message[at : at + 10], strict=False):
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError(f"a number before byte {at} is truncated")
