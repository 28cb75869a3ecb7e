from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agnet.benchmarks.networks import load_network
from agnet.benchmarks.supernet import SuperNetwork, calibrate, extract
from agnet.benchmarks.training import ImageData, LabelledImages, Recipe, train
from agnet.errors import InvalidInput
from agnet.transfer import finish, finishing
from tests.benchmarks.supernet.nets import TINY, weights
from tests.benchmarks.supernet.test_training import network
from tests.benchmarks.training.images import bright

RECIPE = Recipe(epochs=4, batch=12, rate=0.01, period=0, flip=False, translation=0.0, auxiliary=1.0)
TEXT = "r6-x2:k3e1:k3e1"


def test_what_is_cut_out_learns_and_the_super_network_stays() -> None:
    net = network()
    before = weights(net)
    for together in (False, True):
        done = finish(
            net,
            net.space.parse(TEXT),
            bright(),
            RECIPE,
            together=together,
            test=True,
            calibration=24,
        )
        assert done.test_accuracy is not None
        assert done.test_accuracy > 60
        assert done.together == together
    assert all(torch.equal(value, before[name]) for name, value in weights(net).items())


def test_the_second_training_is_as_long_as_the_first_was_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It begins with a fresh cut, sees validation images too, and its rate ends at 0."""
    calls: list[tuple[dict[str, torch.Tensor], ImageData, Recipe, bool]] = []

    def noting(model: Any, data: Any, recipe: Recipe, *args: Any, **more: Any) -> Any:
        calls.append((weights(model), data, recipe, more["test"]))
        return train(model, data, recipe, *args, **more)

    monkeypatch.setattr(finishing, "train", noting)
    net = network()
    done = finish(net, net.space.parse(TEXT), bright(), RECIPE, test=True, calibration=24)
    (first, seen, _, early), (second, more, recipe, late) = calls
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (len(seen.train), len(more.train)) == (48, 48 + 24)
    best = max(done.val_accuracies)
    assert done.epochs == 1 + done.val_accuracies.index(best) == recipe.epochs
    assert recipe.share_of_rate(recipe.epochs) == pytest.approx(0.0)
    assert (early, late) == (False, True)


class Counted(LabelledImages):  # type: ignore[misc]  # final, but for this spy
    """Images that count how often they are taken."""

    taken = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "images":
            Counted.taken += 1
        return super().__getattribute__(name)


@pytest.mark.parametrize("test", [False, True])
def test_the_test_images_are_read_once_if_at_all(
    test: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, net = bright(), network()
    monkeypatch.setattr(ImageData, "digest", "0" * 64)
    spied = replace(data, test=Counted(data.test.images, data.test.labels))
    monkeypatch.setattr(ImageData, "__post_init__", lambda self: None)
    Counted.taken = 0
    finish(net, net.space.parse(TEXT), spied, RECIPE, test=test, calibration=24)
    assert Counted.taken == int(test)


def test_patience_ends_the_first_training() -> None:
    net = network()
    recipe = replace(RECIPE, epochs=30, patience=2)
    done = finish(net, net.space.parse(TEXT), bright(), recipe, calibration=24)
    assert len(done.val_accuracies) == done.epochs + 2 < 30


def test_exits_that_come_along_cost_what_they_cost() -> None:
    net = network()
    arch = net.space.parse(TEXT)
    short = replace(RECIPE, epochs=1)
    alone, together = (
        astuple(finish(net, arch, bright(), short, together=both, calibration=24).cost)
        for both in (False, True)
    )
    assert alone == (net.space.params([arch])[0], net.space.macs([arch])[0])
    images = bright().train.images
    exits = extract(net, arch, calibrate(net, arch, images, exits=(1, 2)), (1, 2))
    assert together[0] == sum(value.numel() for value in exits.parameters()) > alone[0]
    assert together[1] > alone[1]


@pytest.mark.parametrize("together", [False, True])
def test_killed_and_resumed_equals_unbroken_and_is_read_again(
    together: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(TINY, channels=1, classes=3)
    net = SuperNetwork(config, torch.Generator().manual_seed(0))
    arch = net.space.parse("r24-x2:k3e2:k3e2")
    recipe = replace(RECIPE, epochs=2)

    def done(folder: Path) -> dict[str, torch.Tensor]:
        made = finish(net, arch, bright(), recipe, together=together, calibration=24, folder=folder)
        return weights(made.network)

    expected = done(tmp_path / "unbroken")

    def dies(*args: Any, **more: Any) -> Any:
        if more["checkpoint"].name == "second.pt":
            raise KeyboardInterrupt
        return train(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "train", dies)
        with pytest.raises(KeyboardInterrupt):
            done(tmp_path / "killed")
    again = done(tmp_path / "killed")
    read = load_network(tmp_path / "killed" / "network.pt")
    assert str(read.arch) == str(arch)
    for found in (again, weights(read.network)):
        assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_what_could_not_be_read_again_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    net = network()
    with pytest.raises(InvalidInput, match="could not be read again"):
        finish(net, net.space.parse(TEXT), bright(), RECIPE, folder=tmp_path)
    with pytest.raises(InvalidInput, match="standardise"):
        finish(net, net.space.parse(TEXT), bright(), replace(RECIPE, standardise=True))
