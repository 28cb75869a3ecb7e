from __future__ import annotations

import pytest

from agnet.errors import InvalidInput
from agnet.seeds import stream


def test_streams_are_reproducible_and_independent() -> None:
    draws = {
        (seed, purpose, index): stream(seed, purpose, index).random()
        for seed in (0, 1)
        for purpose in ("initial", "strategy")
        for index in (0, 1)
    }
    assert len(set(draws.values())) == 8
    assert stream(1, "initial", 1).random() == draws[1, "initial", 1]


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1)])
def test_negative_numbers_are_refused(seed: int, index: int) -> None:
    with pytest.raises(InvalidInput, match="at least 0"):
        stream(seed, "initial", index)
