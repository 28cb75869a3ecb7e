from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agnet.errors import InvalidInput
from agnet.spaces.elastic import ELASTIC_PRESETS, Stage, elastic_preset


def test_presets_are_what_they_are_called() -> None:
    assert [elastic_preset(name).name for name in ELASTIC_PRESETS] == list(ELASTIC_PRESETS)
    with pytest.raises(InvalidInput, match="expected one of tiny, cifar, imagenet"):
        elastic_preset("huge")


def test_channels_are_multiples_of_eight() -> None:
    config = elastic_preset("imagenet")
    for width, outputs, expanded in (
        (1.0, [24, 40, 80, 112, 160], 960),
        (1.2, [32, 48, 96, 136, 192], 1152),
    ):
        stages = config.slots(width)
        assert [stage[0].outputs for stage in stages] == outputs
        assert [stage[1].inputs for stage in stages] == outputs
        assert [stage[0].inputs for stage in stages] == [config.stem_channels(width), *outputs[:-1]]
        assert [stage[0].halvings for stage in stages] == [1, 2, 3, 4, 4]
        assert config.head_channels(4, width)[1] == expanded


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stages": ()}, "no stages"),
        ({"depths": (2, 4)}, "follow one another"),
        ({"kernels": (3, 4)}, "odd"),
        ({"kernels": (5, 3)}, "rising order"),
        ({"kernels": ()}, "kernels"),
        ({"resolutions": (0, 8)}, "resolutions"),
        ({"widths": (1.0, 1.0)}, "widths"),
        ({"stem_stride": 3}, "stride 3"),
        ({"classes": 0}, "at least 1"),
        ({"head": (0, 8)}, "at least 1"),
    ],
)
def test_what_is_impossible_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        replace(elastic_preset("tiny"), **changes)


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"stride": 4}, {"activation": "gelu"}])
def test_stages_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="expected channels"):
        replace(Stage(8), **wrong)
