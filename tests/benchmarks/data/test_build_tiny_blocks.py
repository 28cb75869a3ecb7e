from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agnet.benchmarks.data import build_tiny_blocks
from agnet.benchmarks.data.build_tiny_blocks import PROVENANCE, build, measure, trainer
from agnet.benchmarks.networks import BlockSkeleton
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.store import read_table
from agnet.benchmarks.tiny_blocks import KIND, OPERATIONS, SPACES, TinyBlocksBenchmark
from agnet.benchmarks.training import Recipe
from agnet.errors import StorageError, TableError
from agnet.spaces import BlockCells
from tests.benchmarks.training.images import bright

SHIPPED = Path(build_tiny_blocks.__file__).parent
TINY = BlockCells(1, 1, OPERATIONS)  # 4 cells
CELLS = TINY.enumerate()
RECIPE = Recipe(epochs=1, batch=24, period=0)
BENCHMARK = RealTraining(TINY, bright(), RECIPE, BlockSkeleton(1, 1, 2))


def accuracies(rows: list[dict[str, object]]) -> list[object]:
    return [(row["arch"], row["val_accuracy"], row["test_accuracy"]) for row in rows]


@pytest.mark.parametrize("space", SPACES)
def test_what_ships_is_complete_and_in_order(space: str) -> None:
    file = SHIPPED / f"tiny_blocks_{space}.npz"
    arrays, provenance = read_table(file, KIND)
    assert provenance == PROVENANCE
    assert np.array_equal(arrays["choices"], SPACES[space].enumerate().choices)
    assert arrays["totals"].tolist() == [448, 450]
    assert file.stat().st_size < 20_000


@pytest.mark.parametrize(
    ("space", "text"),
    [
        ("l1", "[]"),
        ("l1", "[(-1,conv_3x3,-1,conv_3x3);(-1,conv_3x3,-1,conv_3x3)]"),
        ("l2", "[(-2,max_pool_2x2,-2,max_pool_2x2);(0,max_pool_2x2,0,max_pool_2x2)]"),
    ],
)
def test_training_again_gives_what_ships(space: str, text: str) -> None:
    """Exactly so where it was made; sums in another order make a few points of difference."""
    cell = SPACES[space].parse(text)
    (shipped,) = TinyBlocksBenchmark(space).query([cell], ["val_accuracy", "test_accuracy"])
    result = trainer(space).train(cell, test=True)
    assert [result.val_accuracy, result.test_accuracy] == pytest.approx(shipped.tolist(), abs=6)


def test_building_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    whole, file = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    expected = measure(BENCHMARK, CELLS, whole)
    assert [row["arch"] for row in expected] == [str(cell) for cell in CELLS]
    lines = whole.read_text().splitlines(keepends=True)
    assert [json.loads(line) for line in lines] == expected
    file.write_text("".join(lines[:2]) + lines[2][:30])
    found = measure(BENCHMARK, CELLS, file)
    assert found[:2] == expected[:2]
    assert accuracies(found) == accuracies(expected)
    assert file.read_text().splitlines(keepends=True)[:2] == lines[:2]
    before = file.read_bytes()
    assert measure(BENCHMARK, CELLS, file) == found
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nonsense\n", "line 1 .* no result"),
        ("[]\n", "no result"),
        ('{"arch": "[x]"}\n', "another"),
    ],
)
def test_results_of_something_else_are_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text(content)
    with pytest.raises(TableError, match=said):
        measure(BENCHMARK, CELLS, file)
    assert file.read_text() == content


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"):
        measure(BENCHMARK, CELLS, tmp_path / "nowhere" / "results.jsonl")


def test_tables_hold_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_tiny_blocks, "SPACES", {"l1": TINY})
    monkeypatch.setattr(build_tiny_blocks, "RECIPE", RECIPE)
    monkeypatch.setattr(build_tiny_blocks, "digits", bright)
    build(tmp_path, tmp_path)
    arrays, _ = read_table(tmp_path / "tiny_blocks_l1.npz", KIND)
    lines = (tmp_path / "tiny_blocks_l1.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for part, total in (("val", 24), ("test", 12)):
        percent = 100 * arrays[f"{part}_correct"] / total
        assert percent.tolist() == pytest.approx([row[f"{part}_accuracy"] for row in rows])
    assert arrays["train_seconds"] == pytest.approx([row["train_seconds"] for row in rows])
    # The classifier alone: of one channel, 3 weights and 3 biases.
    assert (arrays["params"][0], arrays["macs"][0]) == (6, 3)
