from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agnet.benchmarks.networks import DARTSSkeleton
from agnet.errors import InvalidInput
from agnet.pareto import non_dominated
from agnet.runs import Run
from agnet.spaces import DARTS
from experiments.imagenet import scores, search
from experiments.imagenet.sample import sample
from experiments.imagenet.scores import Scores
from tests.imagenet.pictures import write_pictures

SMALL = ["--queries", "8", "--init", "4", "--batch", "2", "--repeats", "1", "--strategy", "random"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "PIECES_INPUTS", 50)
    monkeypatch.setattr(scores, "KERNEL_IMAGES", 3)
    monkeypatch.setattr(scores, "KERNEL", DARTSSkeleton(2, 1))
    monkeypatch.setattr(scores, "PIECES", DARTSSkeleton(1, 1))
    monkeypatch.setattr(search, "SCORED", 6)
    monkeypatch.setattr(search, "SCORED_SIDE", 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"), train=4, val=1)


def searched(folder: Path, out: Path, *more: str) -> dict[str, object]:
    search.main(["--data", str(folder), "--out", str(out), *SMALL, *more])
    found: dict[str, object] = json.loads((out / search.FOUND).read_text())
    return found


def test_rank_sums_by_hand() -> None:
    """Ranks 1 3 3 2 and 2 1 2 4, equals equally."""
    objectives = np.array([[0.1, -5.0], [0.4, -9.0], [0.4, -5.0], [0.2, -1.0]])
    assert search.rank_sums(objectives).tolist() == [3, 4, 5, 6]


def test_a_search_keeps_its_limit_and_tells_its_winner(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = searched(folder, tmp_path / "run", "--macs", "480")
    winner, front = found["winner"], found["front"]
    assert isinstance(winner, dict)
    assert isinstance(front, list)
    assert winner in front
    macs = Run.open(tmp_path / "run", Scores(sample(folder, 6, 4), repeats=1)).values[:, 2]
    assert (found["queries"], found["feasible"]) == (8, int((macs <= 480).sum()))
    assert (macs[4:] <= 480).all()  # but for the first ones, which are random
    assert all(row["flops_m"] <= 480 for row in front)
    points = [[row[scores.CONDITION], -row[scores.REGIONS]] for row in front]
    assert non_dominated(np.array(points)).all()
    DARTS().parse(winner["arch"])
    printed = capsys.readouterr().out
    assert f"| {winner['query']} * |" in printed
    assert printed.rstrip().endswith(winner["arch"])
    assert found["limits"] == ["flops_m<=480"]


def test_killed_and_resumed_equals_unbroken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ["--quiet"]
    whole = searched(folder, tmp_path / "whole", *more)
    original, asked = Scores.query, list[object]()

    def dying(self: Scores, archs: list[object], metrics: list[str]) -> object:
        if len(metrics) > 1:
            asked.append(archs)
            if len(asked) == 6:
                raise KeyboardInterrupt
        return original(self, archs, metrics)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Scores, "query", dying)
        searched(folder, tmp_path / "broken", *more)
    before = json.loads((tmp_path / "broken" / search.SECONDS).read_text())
    found = searched(folder, tmp_path / "broken", *more)
    del whole["cpu_hours"], found["cpu_hours"]
    assert found == whole
    assert json.loads((tmp_path / "broken" / search.SECONDS).read_text()) > before > 0
    with pytest.raises(InvalidInput, match=r"got seed 1 for the run.*begun with 0"):
        searched(folder, tmp_path / "whole", *more, "--seed", "1")
    with pytest.raises(InvalidInput, match="the run to resume was made on"):
        searched(folder, tmp_path / "whole", *more, "--channels", "32")
    assert len(searched(folder, tmp_path / "whole", *more, "--queries", "9")["front"]) >= 1  # type: ignore[arg-type]


def test_a_latency_is_a_limit_too(folder: Path, tmp_path: Path) -> None:
    tiny = ["--channels", "2", "--layers", "1", "--size", "8", "--macs", "inf", "--quiet"]
    found = searched(folder, tmp_path / "run", *tiny, "--latency", "10000", "--queries", "4")
    assert found["limits"] == ["host_latency_ms<=10000"]
    assert isinstance(found["winner"], dict)
    assert 0 < found["winner"]["host_latency_ms"] < 10000


def test_limits_that_nothing_keeps(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="none of 4 genotypes keeps the limits"):
        searched(folder, tmp_path / "run", "--macs", "1", "--queries", "4", "--quiet")
