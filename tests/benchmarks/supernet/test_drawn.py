"""Training a super-network by networks that are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agnet.benchmarks.networks import NASBench201Skeleton
from agnet.benchmarks.supernet import (
    ElasticSharing,
    MixedCells,
    MixedSharing,
    SuperNetwork,
    WeightSharing,
    inherited_accuracy,
    train_drawn,
)
from agnet.benchmarks.supernet.drawn import networks_of_update
from agnet.benchmarks.training import Execution, Recipe, accuracy
from agnet.errors import CheckpointError, InvalidInput, TrainingDiverged
from agnet.seeds import stream
from agnet.spaces import NASBench101, NASBench201
from tests.benchmarks.supernet.nets import backward, weights
from tests.benchmarks.supernet.test_training import SMALL
from tests.benchmarks.training.images import bright

SPACE = NASBench201()
RECIPE = Recipe(epochs=3, batch=12, rate=0.02, period=0, flip=False, translation=0.0)
SGD = replace(RECIPE, optimizer="sgd", rate=0.05, weight_decay=0.01, clip=1.0)


def mixed(seed: int = 0) -> MixedSharing:
    generator = torch.Generator().manual_seed(seed)
    return MixedSharing(MixedCells(NASBench201Skeleton(3, 1), 3, 1, generator=generator))


def elastic(seed: int = 0) -> ElasticSharing:
    return ElasticSharing(SuperNetwork(SMALL, torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("made", [mixed, elastic])
def test_outcome_follows_from_weights_and_seed(made: Any) -> None:
    found, before = [], torch.get_rng_state()
    for seed in (0, 0, 1):
        sharing: WeightSharing = made()
        result = train_drawn(sharing, bright(), replace(SGD, epochs=1), seed=seed, calibration=24)
        found.append((result.losses, result.val_accuracies, weights(sharing.weights)))
    assert torch.equal(torch.get_rng_state(), before)
    first, again, other = found
    assert first[:2] == again[:2] and first[0] != other[0]
    assert all(torch.equal(first[2][name], again[2][name]) for name in first[2])


def test_what_can_be_learnt_is_learnt_by_most() -> None:
    sharing, archs = mixed(), SPACE.sample(12, np.random.default_rng(0))
    before = [inherited_accuracy(sharing, arch, bright(), images=48) for arch in archs]
    recipe = replace(SGD, epochs=16, weight_decay=0.0, clip=0.0)
    result = train_drawn(sharing, bright(), recipe, drawing="fair", calibration=48)
    after = [inherited_accuracy(sharing, arch, bright(), images=48) for arch in archs]
    assert np.mean(after) > 75 > 60 > np.mean(before)
    assert result.losses[-1] < 0.7 * result.losses[0]
    assert (len(result.losses), result.steps) == (16, 64)
    watched = SPACE.sample(2, stream(0, "watched"))
    found = [inherited_accuracy(sharing, arch, bright(), images=48) for arch in watched]
    assert result.val_accuracy == np.mean(found)


@pytest.mark.parametrize("drawing", ["uniform", "fair"])
def test_an_update_by_hand(drawing: Any) -> None:
    """The mean loss of the networks, on a batch of all images; what none has stays as it is."""
    sharing, twin, data = mixed(), mixed(), bright()
    recipe = replace(SGD, momentum=0.0, batch=48, epochs=1, clip=0.0, smoothing=0.1)
    result = train_drawn(sharing, data, recipe, drawing=drawing, drawn=3, seed=4, calibration=24)
    archs = networks_of_update(SPACE, drawing, 3, stream(4, "drawn-networks", 0))
    assert len(archs) == (3 if drawing == "uniform" else 5)
    images, labels = data.train.images, data.train.labels
    losses = [
        F.cross_entropy(twin.scores(images, arch), labels, label_smoothing=0.1) for arch in archs
    ]
    loss = torch.stack(losses).mean()
    backward(loss)
    assert result.losses[0] == pytest.approx(loss.item(), rel=1e-4)
    after, untouched = weights(sharing.weights), 0
    for name, weight in twin.weights.named_parameters():
        if weight.grad is None:
            assert torch.equal(after[name], weight)
            untouched += weight.requires_grad
        else:
            expected = weight - 0.05 * (weight.grad + 0.01 * weight)
            torch.testing.assert_close(after[name], expected.detach(), atol=1e-4, rtol=1e-4)
    assert untouched


def test_fair_networks_have_each_option_of_each_choice_once() -> None:
    rows = [networks_of_update(SPACE, "fair", 1, np.random.default_rng(at)) for at in range(3)]
    for row in rows:
        assert (np.sort(row.choices, axis=0) == np.arange(5)[:, None]).all()
    assert any((row.choices != rows[0].choices).any() for row in rows)


class Killed(Exception):
    pass


@pytest.mark.parametrize(("made", "drawing"), [(mixed, "fair"), (elastic, "uniform")])
def test_a_killed_training_ends_as_an_unbroken_one(made: Any, drawing: Any, tmp_path: Path) -> None:
    recipe, path = replace(SGD, translation=0.25), tmp_path / "net.pt"
    settings: dict[str, Any] = {"drawing": drawing, "drawn": 2, "calibration": 24}
    nets = [made(), made()]
    whole = train_drawn(nets[0], bright(), recipe, **settings)
    for at in (1, 2):

        def kill(epoch: int, *_: float, last: int = at) -> None:
            if epoch == last:
                raise Killed

        nets[1] = made(seed=9 * (at - 1))  # from the file on, whatever it begins with
        with pytest.raises(Killed):
            train_drawn(nets[1], bright(), recipe, checkpoint=path, after_epoch=kill, **settings)
    result = train_drawn(nets[1], bright(), recipe, checkpoint=path, **settings)
    assert (result.losses, result.val_accuracies) == (whole.losses, whole.val_accuracies)
    first, second = (weights(net.weights) for net in nets)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    path, short = tmp_path / "net.pt", replace(RECIPE, epochs=1)
    train_drawn(mixed(), bright(), short, checkpoint=path)
    for changes in ({"seed": 1}, {"identity": "else"}, {"drawing": "fair"}, {"drawn": 2}):
        given: dict[str, Any] = dict(changes)
        with pytest.raises(CheckpointError, match="something else"):
            train_drawn(mixed(), bright(), short, checkpoint=path, **given)


def test_accuracies_are_those_of_networks_cut_out() -> None:
    data = bright()
    for sharing in (mixed(), elastic()):
        arch = sharing.space.sample(1, np.random.default_rng(0))[0]
        network = sharing.network(arch, data.to_calibrate(30))
        found = inherited_accuracy(sharing, arch, data, images=30)
        assert found == accuracy(network, data.validation)
        assert found == inherited_accuracy(
            sharing, arch, data, images=30, execution=Execution(channels_last=True)
        )


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="uniform or fair"):
        train_drawn(mixed(), bright(), RECIPE, drawn=0)
    drawing: Any = "often"
    with pytest.raises(InvalidInput, match="'often'"):
        train_drawn(mixed(), bright(), RECIPE, drawing=drawing)
    for space in (NASBench101(), elastic().space):
        with pytest.raises(InvalidInput, match="use 'uniform'"):
            networks_of_update(space, "fair", 1, np.random.default_rng(0))
    with pytest.raises(InvalidInput, match="no such thing"):
        train_drawn(mixed(), bright(), replace(RECIPE, average=0.9))
    with pytest.raises(InvalidInput, match="compiled"):
        train_drawn(mixed(), bright(), RECIPE, execution=Execution(compiled=True))
    with pytest.raises(InvalidInput, match="batch"):
        train_drawn(mixed(), bright(), replace(RECIPE, batch=49))


def test_a_loss_that_is_no_number_is_an_error() -> None:
    sharing = mixed()
    with torch.no_grad():
        next(sharing.weights.parameters()).fill_(torch.nan)
    with pytest.raises(TrainingDiverged, match="update 1 of 4 in epoch 1"):
        train_drawn(sharing, bright(), RECIPE)
