"""What the one-shot experiment computes, where it can be known otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agnet.errors import MissingData
from experiments.one_shot import picked, picks, plan
from experiments.one_shot_setup import file_of, smaller
from experiments.one_shot_tables import SPACE as CELLS
from experiments.one_shot_tables import connected
from experiments.residual_mlp import taught


def test_cells_without_a_way_through_are_not_connected() -> None:
    texts = (
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
        "|none~0|+|skip_connect~0|none~1|+|none~0|none~1|avg_pool_3x3~2|",
    )
    assert connected()[CELLS.index([CELLS.parse(text) for text in texts])].tolist() == [False, True]


@pytest.mark.parametrize(("side", "expected"), [(16, 16), (17, 8), (20, 10), (32, 16), (5, 5)])
def test_no_side_is_above_the_one_wanted(side: int, expected: int, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        f"{part}_{what}": values
        for part in ("train", "validation", "test")
        for what, values in (
            ("images", np.zeros((2, 1, side, side), np.uint8)),
            ("labels", np.arange(2)),
        )
    }
    np.savez(tmp_path / "some.npz", **arrays)
    found = smaller(str(tmp_path / "some.npz"), None)
    assert found.image_shape == (1, expected, expected)


def test_a_trial_is_another_job_and_has_checkpoints_of_its_own() -> None:
    whole, trial = ([*plan(2, share), *picks(2, share)] for share in (1.0, 0.1))
    own = [job for job in trial if job["part"] != "prices"]
    assert own and not any(job in whole for job in own)
    assert file_of(Path(), "fair", 0, 1.0) != file_of(Path(), "fair", 0, 0.1)


def test_picks_train_no_super_network_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="run --only ranks before"):
        picked(taught(), 0, 1.0, tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())
