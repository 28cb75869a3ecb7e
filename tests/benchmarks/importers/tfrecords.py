"""Writes TFRecord files and protocol-buffer messages, bit by bit where the package is fast."""

from __future__ import annotations

import struct
from collections.abc import Iterable


def slow_crc32c(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def checksum(data: bytes) -> bytes:
    crc = slow_crc32c(data)
    rotated = (crc >> 15) | (crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


def tfrecords(records: Iterable[bytes]) -> bytes:
    framed = []
    for data in records:
        length = struct.pack("<Q", len(data))
        framed += [length, checksum(length), data, checksum(data)]
    return b"".join(framed)


def varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | float | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3) + varint(value)
