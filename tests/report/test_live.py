from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from agnet import Run
from agnet.errors import InvalidInput, StorageError
from agnet.report import serving
from agnet.storage import QueryRow, RunStorage, stamp
from tests.report.runs import resumed, searched


def read(address: object, path: str = "") -> str:
    with urllib.request.urlopen(f"{address}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def test_a_page_is_served_and_tells_what_is_new(tmp_path: Path) -> None:
    searched(tmp_path / "run", queries=6)
    with serving(lambda: {"run": [Run.open(tmp_path / "run")]}, "title", "127.0.0.1", 0) as address:
        assert str(address).startswith("http://127.0.0.1:")
        assert "state.json" in read(address)
        before = json.loads(read(address, "state.json"))
        assert "1 run, 6 queries" in before["sections"]["summary"]
        resumed(tmp_path / "run", 9)
        after = json.loads(read(address, "state.json"))
        assert "1 run, 9 queries" in after["sections"]["summary"]
        assert set(before["figures"]) == set(after["figures"])
        with pytest.raises(urllib.error.HTTPError, match="404"):
            read(address, "../../etc/passwd")
    with pytest.raises(urllib.error.URLError):
        read(address)


def test_a_page_is_made_anew_only_when_a_run_has_changed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    searched(folder, queries=6)
    reads = []

    def reading() -> dict[str, list[Run]]:
        reads.append(stamp(folder))
        return {"run": [Run.open(folder)]}

    with serving(reading, "title", "127.0.0.1", 0, lambda: stamp(folder)) as address:
        for path in ("", "state.json", "state.json", ""):
            assert "1 run, 6 queries" in read(address, path)
        assert len(reads) == 1
        resumed(folder, 9)
        for path in ("state.json", ""):
            assert "1 run, 9 queries" in read(address, path)
        assert len(reads) == 2


def test_while_a_search_writes_each_row_is_seen(tmp_path: Path) -> None:
    """Rows lie in the log of the database before they lie in its file."""
    storage = RunStorage(tmp_path, write=True, columns=("val_accuracy",))
    seen = []
    for query in range(1, 4):
        storage.record(QueryRow(query, 0, "a", (1.0,), True, 0.1, None))
        reader = RunStorage(tmp_path, write=False)
        before = stamp(tmp_path)
        assert len(reader.rows()) == query
        reader.close()
        assert stamp(tmp_path) == before  # to read is no change
        seen.append(before)
    storage.close()
    assert len(set(seen)) == 3
    assert stamp(tmp_path / "nowhere") == ()


def test_a_run_that_cannot_be_read_is_said() -> None:
    def gone() -> dict[str, list[Run]]:
        raise StorageError("the run was removed")

    with serving(gone, "title", "127.0.0.1", 0) as address:
        with pytest.raises(urllib.error.HTTPError, match="503"):
            read(address)


def test_a_port_that_is_taken_is_an_error() -> None:
    groups = {"run": [searched()]}
    with serving(lambda: groups, "title", "127.0.0.1", 0) as address:
        with pytest.raises(InvalidInput, match="use another --port"):
            with serving(lambda: groups, "title", "127.0.0.1", address.port):
                pass
    for port in (-1, 70_000):
        with pytest.raises(InvalidInput, match=f"port {port}"):
            with serving(lambda: groups, "title", "127.0.0.1", port):
                pass
