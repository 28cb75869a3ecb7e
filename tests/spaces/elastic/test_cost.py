from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agnet.spaces import OFAMobileNetV3
from agnet.spaces.elastic import ElasticConfig, ElasticSpace, Stage, elastic_preset

OFA = replace(elastic_preset("imagenet"), early_exits=False, resolutions=(128, 160, 192, 224))


# The published networks, 1000 classes, 224 pixels, as torch counts them.
@pytest.mark.parametrize(
    ("width", "layer", "depth", "params", "macs"),
    [
        ("1", "k7e6", 4, 7_664_760, 566_170_656),
        ("1", "k7e3", 4, 4_554_328, 292_708_368),
        ("1", "k5e4", 3, 4_551_792, 250_746_944),
        ("1", "k3e6", 2, 4_672_808, 222_604_704),
        ("1", "k3e3", 2, 3_410_792, 121_278_672),
        ("1.2", "k7e6", 4, 10_701_632, 843_101_040),
        ("1.2", "k5e4", 3, 6_245_312, 385_659_168),
        ("1.2", "k3e3", 2, 4_602_456, 193_078_200),
    ],
)
def test_known_costs(width: str, layer: str, depth: int, params: int, macs: int) -> None:
    stages = ":".join([",".join([layer] * depth)] * 5)
    for config in (OFA, elastic_preset("imagenet")):
        space = ElasticSpace(config)
        early = "-x5" if config.early_exits else ""
        arch = space.parse(f"r224-w{width}{early}:{stages}")
        assert space.params([arch]).tolist() == [params]
        assert space.macs([arch]).tolist() == [macs]


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_costs_are_those_of_the_other_space(width: float) -> None:
    """Two accounts of the Once-for-All networks, by tables and by configuration."""
    plain = OFAMobileNetV3(width)
    archs = plain.sample(100, np.random.default_rng(0))
    space = ElasticSpace(OFA)
    texts = [str(arch).replace(":", f"-w{width:g}:", 1) for arch in archs]
    same = space.batch([space.parse(text) for text in texts])
    assert np.array_equal(space.params(same), plain.params(archs))
    assert np.array_equal(space.macs(same), plain.macs(archs))


def test_branches_by_hand() -> None:
    """One stage, two layers, 4x4 pixels; the first changes channels and halves the image."""
    config = ElasticConfig(
        "one", (Stage(16, 2),), (4,), (1, 2), (2,), (3,), stem=8, stem_stride=1, parallel=True
    )
    space = ElasticSpace(replace(config, fixed_block=False, head=(1, 1), classes=2))
    layers = ["conv", "light", "conv+light", "k3e2", "k3e2+conv+light"]
    archs = space.batch([space.parse(f"r4:{layer},conv") for layer in layers])
    stem, norm, head = 3 * 8 * 9, 2, 2 * 16 * 16 + 2 * 16 + 2 * 16 + 2
    elastic = (8 * 16 + 16 * 9 + 16 * 16) + norm * (16 + 16 + 16)
    conv = 8 * 16 + norm * 16
    first = np.array([conv, conv, 2 * conv, elastic, elastic + 2 * conv])
    second = 16 * 16 + norm * 16
    assert space.params(archs).tolist() == (stem + norm * 8 + first + second + head).tolist()
    elastic = 16 * 8 * 16 + 4 * (16 * 9 + 16 * 16)
    conv = 4 * 8 * 16
    first = np.array([conv, conv, 2 * conv, elastic, elastic + 2 * conv])
    ends = 16 * stem + 4 * 16 * 16 + 16 * 16 + 2 * 16
    assert space.macs(archs).tolist() == (ends + first + 4 * 16 * 16).tolist()
