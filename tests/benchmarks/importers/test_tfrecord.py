from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.benchmarks.importers import tfrecord
from agnet.benchmarks.importers.tfrecord import crc32c, masked, message_fields, read_records
from agnet.errors import StorageError, TableError
from tests.benchmarks.importers.tfrecords import checksum, field, slow_crc32c, tfrecords


@pytest.mark.parametrize(
    ("block", "known"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_known_checksums(block: bytes, known: int) -> None:
    assert crc32c([block]).tolist() == [known]
    assert slow_crc32c(block) == known


@given(st.lists(st.binary(max_size=70), max_size=8))
def test_checksums_of_a_batch_equal_slow_ones(blocks: list[bytes]) -> None:
    assert crc32c(blocks).tolist() == [slow_crc32c(block) for block in blocks]
    assert masked(crc32c(blocks)).astype("<u4").tobytes() == b"".join(map(checksum, blocks))


def records(count: int) -> list[bytes]:
    rng = np.random.default_rng(0)
    return [rng.bytes(size) for size in rng.integers(0, 300, size=count)]


def test_records_come_back_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, written = tmp_path / "file.tfrecord", records(50)
    path.write_bytes(tfrecords(written))
    monkeypatch.setattr(tfrecord, "BATCH_BYTES", 2_000)
    batches = list(read_records(path))
    assert len(batches) > 3
    assert [record for batch in batches for record in batch] == written


def test_empty_file_has_no_record(tmp_path: Path) -> None:
    path = tmp_path / "file.tfrecord"
    path.write_bytes(b"")
    assert list(read_records(path)) == []


def test_every_truncation_is_found(tmp_path: Path) -> None:
    path, whole = tmp_path / "file.tfrecord", tfrecords([b"first", b"second"])
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        if size == len(tfrecords([b"first"])):
            assert list(read_records(path)) == [[b"first"]]  # the end of a record is an end
            continue
        with pytest.raises(TableError, match=r"truncated in record [01]; download"):
            list(read_records(path))


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path, whole = tmp_path / "file.tfrecord", tfrecords([b"first", b"second"])
    for at in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << (at % 8)
        path.write_bytes(damaged)
        with pytest.raises(TableError, match="record [01] of .*damaged"):
            list(read_records(path))


def test_a_missing_file_is_no_table_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        list(read_records(tmp_path / "nothing.tfrecord"))


def test_message_fields() -> None:
    message = field(1, b"inner") + field(2, 2**31) + field(3, 0.1) + b"\x25\x00\x00\x80\x3f"
    assert list(message_fields(message)) == [(1, b"inner"), (2, 2**31), (3, 0.1), (4, 1.0)]
    assert list(message_fields(b"")) == []


@given(st.binary(max_size=40))
def test_wild_messages_are_read_or_refused(message: bytes) -> None:
    try:
        fields = list(message_fields(message))
    except ValueError:
        return
    assert sum(len(value) for _, value in fields if isinstance(value, bytes)) <= len(message)


@pytest.mark.parametrize("message", [b"\x0a\x05abc", b"\x09abc", b"\x0b", b"\x80", b"\xff" * 20])
def test_malformed_messages_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="byte"):
        list(message_fields(message))
