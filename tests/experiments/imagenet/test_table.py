from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agnet.benchmarks.training import preset
from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import DARTS
from experiments.imagenet import table, train
from experiments.imagenet.published import PUBLISHED

ARCH, OTHER = map(str, DARTS().sample(2, np.random.default_rng(0)))


def folders(tmp_path: Path) -> list[str]:
    found = {"winner": {"arch": ARCH}, "cpu_hours": 0.25, "queries": 96}
    run = tmp_path / "run"
    run.mkdir()
    (run / "found.json").write_text(json.dumps(found))
    names = [str(run)]
    for name, arch in (("won", ARCH), ("another", OTHER)):
        trained = {
            "arch": arch,
            "counts": [10000, 1000],
            "num_classes": 20,
            "image": [3, 64, 64],
            "recipe": {"epochs": 8},
            "top1": 60.04,
            "top5": 90.0,
            "params_m": 1.234,
            "flops_m": 23.45,
        }
        (tmp_path / name).mkdir()
        (tmp_path / name / "trained.json").write_text(json.dumps(trained))
        names.append(str(tmp_path / name))
    return names


def test_what_was_measured_stands_beside_what_was_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.main(folders(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    what = "10,000 of 20 classes, 64 px, 8 epochs | 40.0 | 10.0 | 1.23 | 23.4"
    assert lines[2] == f"| won | {what} | 0.25 CPU hours, 96 queries | measured |"
    assert lines[3] == f"| another | {what} | - | measured |"
    assert len(lines) == 4 + len(PUBLISHED)
    # Published are 4.7 M parameters, and 574 M multiply-adds with normalisations and poolings.
    assert lines[4].startswith("| DARTS, second order | ImageNet, 224 px | 26.7 | 8.7 | 4.72 | 529")
    assert lines[6].endswith("| 26.2 | 8.3 | - | - | 0.05 GPU days | published |")


def test_folders_of_something_else_are_refused(tmp_path: Path) -> None:
    run, *_ = folders(tmp_path)
    with pytest.raises(InvalidInput, match=r"trained.json cannot be read"):
        table.main([run, str(tmp_path)])


def test_published_genotypes_are_genotypes() -> None:
    assert sum(row.arch is not None for row in PUBLISHED) == 5
    assert len({row.method for row in PUBLISHED}) == len(PUBLISHED)


def test_a_genotype_is_a_text_or_the_winner_of_a_search(tmp_path: Path) -> None:
    run, *_ = folders(tmp_path)
    assert str(train.genotype(ARCH)) == str(train.genotype(run)) == ARCH
    with pytest.raises(InvalidInput, match="or the folder of a search that is done"):
        train.genotype(str(tmp_path))
    with pytest.raises(InvalidArchitecture):
        train.genotype("Genotype(normal=1)")


def test_the_rate_is_scaled_with_the_batch() -> None:
    assert train.recipe_of(128, {}) == preset("darts-imagenet")
    large = train.recipe_of(1024, {"epochs": 90})
    assert (large.batch, large.rate, large.warmup, large.epochs) == (1024, 0.8, 5, 90)
    small = train.recipe_of(32, {"average": 0.9})
    assert (small.rate, small.warmup, small.average) == (0.025, 0, 0.9)
    assert train.recipe_of(1024, {"rate": 0.5}).rate == 0.5
    with pytest.raises(InvalidInput, match="epoch"):
        train.recipe_of(128, {"epoch": 3})
