from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from agnet.benchmarks.networks import ElasticSkeleton
from agnet.benchmarks.training import Execution, train
from agnet.errors import InvalidInput
from agnet.spaces.elastic import ElasticSpace, Options, elastic_variants
from tests.benchmarks.training.images import bright
from tests.benchmarks.training.test_loop import PLAIN, Watched, network, outcome


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"threads": 0}, "0 threads"),
        ({"precision": "float8"}, "float8"),
        ({"device": "abacus"}, "abacus"),
        ({"device": "meta"}, "nothing is computed"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Execution(**settings)


def test_multiplications_are_made_in_the_precision() -> None:
    model, linear = Watched(), torch.nn.Linear(4, 2)
    how, inputs = Execution(precision="bfloat16"), torch.rand(3, 4)
    made = how.run(linear, inputs)
    assert made.dtype == torch.float32
    rounded = inputs.bfloat16() @ linear.weight.mT.bfloat16() + linear.bias.bfloat16()
    assert torch.allclose(made, rounded.float(), atol=1e-2)
    assert not torch.equal(made, Execution().run(linear, inputs))
    result = train(model, bright(), PLAIN, torch.Generator().manual_seed(0), execution=how)
    assert model.linear.weight.dtype == torch.float32
    assert result.losses[-1] < result.losses[0]


def test_the_layout_changes_nothing_but_rounding() -> None:
    layers = (nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2))
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(24, 3))
    found = [
        train(deepcopy(model), bright(), PLAIN, torch.Generator().manual_seed(0), execution=how)
        for how in (Execution(), Execution(channels_last=True))
    ]
    assert found[0].losses == pytest.approx(found[1].losses, rel=1e-3)
    laid_out = Execution(channels_last=True).run(nn.Identity(), torch.zeros(2, 3, 4, 5))
    assert laid_out.stride() == (60, 1, 15, 3)
    assert outcome(found[0])[2] == outcome(found[1])[2]


def test_a_layout_that_damages_memory_is_refused() -> None:
    few, enough = torch.nn.Conv2d(8, 4, 1, stride=2), torch.nn.Conv2d(16, 4, 1, stride=2)
    how = Execution(channels_last=True)
    with pytest.raises(InvalidInput, match="reads 8 channels, fewer than 16"):
        how.placed(nn.Sequential(nn.Conv2d(3, 8, 1), few))
    how.placed(nn.Sequential(nn.Conv2d(3, 16, 3, stride=2), enough))
    Execution().placed(nn.Sequential(few))


@pytest.mark.parametrize("name", elastic_variants())
def test_elastic_networks_can_be_computed_in_the_layout(name: str) -> None:
    space = ElasticSpace(elastic_variants()[name])
    every = Options.every(space.config)
    for arch in (every.smallest(space), every.largest(space)):
        network = ElasticSkeleton().build(arch, (3, 32, 32), 10, torch.Generator())
        Execution(channels_last=True).placed(network)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_network_learns_the_same(tmp_path: Path) -> None:
    recipe = replace(PLAIN, epochs=2)
    models = [network(), network()]
    found = [
        train(
            model,
            bright(),
            recipe,
            torch.Generator().manual_seed(0),
            execution=how,
            checkpoint=tmp_path / f"{how.compiled}.pt",
        )
        for model, how in zip(models, (Execution(), Execution(compiled=True)), strict=True)
    ]
    assert found[0].losses == pytest.approx(found[1].losses, rel=1e-4)
    assert list(models[0].state_dict()) == list(models[1].state_dict())
    again = train(  # what was compiled can be gone on with where it is not
        network(), bright(), recipe, torch.Generator(), checkpoint=tmp_path / "True.pt"
    )
    assert again.losses == found[1].losses
