from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agnet.benchmarks.supernet import (
    ElasticSharing,
    Phase,
    SuperNetwork,
    Teaching,
    calibrate,
    cut_out,
    extract,
    inherited_accuracy,
    progressive,
    sandwich,
    train_supernet,
)
from agnet.benchmarks.supernet.decay import used_weights
from agnet.benchmarks.supernet.pooling import norms_of
from agnet.benchmarks.training import Execution, ImageData, LabelledImages, Recipe, accuracy
from agnet.errors import CheckpointError, InvalidInput, TrainingDiverged
from agnet.seeds import stream
from agnet.spaces.elastic import ElasticConfig, Options, Stage, elastic_preset
from tests.benchmarks.supernet.nets import backward, made, weights
from tests.benchmarks.training.images import bright

SMALL = ElasticConfig(
    "small",
    (Stage(8), Stage(8, 2)),
    (4, 6),
    (1, 2),
    (1, 2),
    (3, 5),
    stem=8,
    stem_stride=1,
    fixed_block=False,
    head=(1, 1),
    classes=3,
    channels=1,
)
RECIPE = Recipe(epochs=3, batch=12, rate=0.01, period=0, flip=False, translation=0.0)
SGD = replace(RECIPE, optimizer="sgd", weight_decay=0.1, clip=1.0)
FEW = Teaching(calibration=24)


def network(seed: int = 0) -> SuperNetwork:
    return SuperNetwork(SMALL, torch.Generator().manual_seed(seed))


def schedule(rule: str) -> tuple[Phase, ...]:
    return () if rule == "sandwich" else progressive(SMALL, 0.01, speed=0.5)


@pytest.mark.parametrize("rule", ["sandwich", "progressive"])
def test_outcome_follows_from_weights_and_seed(rule: str) -> None:
    found = []
    before = torch.get_rng_state()
    for start, seed in ((0, 0), (0, 0), (0, 1)):
        net = network(start)
        phases = schedule(rule)[:2]
        recipe = replace(SGD, epochs=1)
        result = train_supernet(net, bright(), recipe, phases, teaching=FEW, seed=seed)
        found.append((result.losses, result.val_accuracies, weights(net)))
        assert not list(net.buffers())
    assert torch.equal(torch.get_rng_state(), before)
    first, again, other = found
    assert first[:2] == again[:2] and first[0] != other[0]
    assert all(torch.equal(first[2][name], again[2][name]) for name in first[2])


def test_what_can_be_learnt_is_learnt_by_all() -> None:
    """Far from the first of them, small networks too, which saw no label."""
    net = network()
    before = worths(net)
    recipe = replace(RECIPE, epochs=12, rate=0.02)
    result = train_supernet(net, bright(), recipe, teaching=FEW)
    after = worths(net)
    assert result.val_accuracies[-1] == after[0] > 95
    assert np.mean(after) > 85 > np.mean(before)
    assert result.losses[-1] < 0.6 * result.losses[0]
    assert (len(result.losses), result.steps) == (12, 48)
    maps = [value for name, value in weights(net).items() if "maps" in name]
    assert any(not torch.allclose(one, torch.eye(9)) for one in maps)


def some(net: SuperNetwork) -> list[Any]:
    every = Options.every(SMALL)
    drawn = net.space.sample(6, np.random.default_rng(0))
    return [every.largest(net.space), every.smallest(net.space), *drawn]


def worths(net: SuperNetwork) -> list[float]:
    sharing = ElasticSharing(net)
    return [inherited_accuracy(sharing, arch, bright(), images=48) for arch in some(net)]


def test_accuracies_are_those_of_networks_cut_out() -> None:
    net, data = made(SMALL), bright()
    for arch in some(net):
        network_ = extract(net, arch, calibrate(net, arch, data.to_calibrate(30)))
        expected = accuracy(network_, data.validation)
        assert inherited_accuracy(ElasticSharing(net), arch, data, images=30) == expected


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_small_network_leaves_the_rest_alone(optimizer: Any) -> None:
    """Weight decay and momentum included: what it does not use is the same, bit for bit."""
    net = made(SMALL)
    before, smallest = weights(net), Options.every(SMALL).smallest(net.space)
    only = Options((4,), (1.0,), (1,), (1,), (1,), (3,), (1,))
    phase = Phase("one", 1, 0.1, only, "sampled", 1)
    recipe = replace(RECIPE, optimizer=optimizer, weight_decay=0.3, batch=48)
    train_supernet(net, bright(), recipe, [phase], teaching=FEW)
    plan = net.space.plan(smallest)
    used = {id(weight): part for weight, part in used_weights(net, plan, False)}
    names = dict(net.named_parameters())
    for name, old in before.items():
        new = names[name].detach()
        inside = torch.zeros_like(old, dtype=torch.bool)
        if id(names[name]) in used:
            inside[used[id(names[name])]] = True
            assert not torch.equal(old[inside], new[inside]), name
        if old.ndim > 1 and "maps" not in name:
            assert torch.equal(old[~inside], new[~inside]), name
        if "stages.1" in name or "exits.2" in name or "levels.1" in name:
            assert torch.equal(old, new), name
    elastic = "weights.0.largest.stages.0.levels.0.branches.elastic._layers.0.1.weight"
    moved = before[elastic] != names[elastic]
    assert moved[:8].any() and not moved[8:].any()


def test_an_update_of_a_sandwich_by_hand() -> None:
    """The largest learns from labels at both exits, the others from what it says; the mean."""
    net, data = made(SMALL), bright()
    twin = made(SMALL)
    recipe = replace(SGD, momentum=0.0, batch=48, epochs=1, clip=0.0, smoothing=0.1)
    result = train_supernet(net, data, recipe, teaching=replace(FEW, exits="mix"), seed=4)
    (phase,) = sandwich(SMALL, recipe)
    largest, *others = phase.networks(twin.space, stream(4, "supernet-networks", 0))
    images, labels = data.train.images, data.train.labels
    early, late = twin.exits(images, largest)
    losses = [
        2 / 3 * F.cross_entropy(early, labels, label_smoothing=0.1)
        + 1 / 3 * F.cross_entropy(late, labels, label_smoothing=0.1)
    ]
    soft = (early / 3 + 2 * late / 3).detach().softmax(dim=1)
    losses += [F.cross_entropy(twin(images, arch), soft) for arch in others]
    loss = torch.stack(losses).mean()
    backward(loss)
    assert result.losses[0] == pytest.approx(loss.item(), rel=1e-4)
    with torch.no_grad():
        for name, weight in twin.named_parameters():
            decay = 0.1 * weight if weight.ndim > 1 and "maps" not in name else 0.0
            weight.sub_(0.01 * ((0.0 if weight.grad is None else weight.grad) + decay))
    expected = weights(twin)
    for name, value in weights(net).items():
        assert torch.allclose(value, expected[name], atol=1e-4), name


class Killed(Exception):
    pass


@pytest.mark.parametrize(("rule", "optimizer"), [("sandwich", "adamw"), ("progressive", "sgd")])
def test_a_killed_training_ends_as_an_unbroken_one(
    rule: str, optimizer: Any, tmp_path: Path
) -> None:
    recipe, path = replace(SGD, optimizer=optimizer, translation=0.25), tmp_path / "net.pt"
    phases, nets = schedule(rule), [network(), network()]
    whole = train_supernet(nets[0], bright(), recipe, phases, teaching=FEW)
    for at in range(1, len(whole.losses) + 1, 2):

        def kill(epoch: int, *_: float, last: int = at) -> None:
            if epoch == last:
                raise Killed

        nets[1] = network(seed=9)  # whatever it begins with, it goes on from the file
        if at == 1:
            nets[1] = network()
        with pytest.raises(Killed):
            train_supernet(
                nets[1], bright(), recipe, phases, teaching=FEW, checkpoint=path, after_epoch=kill
            )
    result = train_supernet(nets[1], bright(), recipe, phases, teaching=FEW, checkpoint=path)
    assert result.losses == whole.losses
    assert result.val_accuracies == whole.val_accuracies
    first, second = map(weights, nets)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    path, short = tmp_path / "net.pt", replace(RECIPE, epochs=1)
    train_supernet(network(), bright(), short, teaching=FEW, checkpoint=path)
    for changes in ({"seed": 1}, {"identity": "else"}, {"teaching": Teaching()}):
        given: dict[str, Any] = {"teaching": FEW, **changes}
        with pytest.raises(CheckpointError, match="something else"):
            train_supernet(network(), bright(), short, checkpoint=path, **given)
    with pytest.raises(CheckpointError, match="another recipe"):
        train_supernet(network(), bright(), replace(short, rate=0.1), teaching=FEW, checkpoint=path)


def test_a_teacher_is_the_largest_network_when_its_phase_began() -> None:
    """A first phase of labels; then networks of one kind learn what the frozen largest says."""
    net, data = network(), bright()
    every = Options.every(SMALL)
    full = Phase("full", 1, 0.01, every, "largest", 1)
    later = Phase("later", 1, 0.0, every, "sampled", 1, teacher="new")
    recipe = replace(SGD, batch=48, weight_decay=0.0, clip=0.0)
    result = train_supernet(net, data, recipe, [full, later], teaching=FEW, seed=2)
    largest = every.largest(net.space)
    with torch.no_grad():
        early, late = net.exits(data.train.images, largest)
        soft = (early / 3 + 2 * late / 3).softmax(dim=1)
        (arch,) = later.networks(net.space, stream(2, "supernet-networks", 1))
        scores, labels = net(data.train.images, arch), data.train.labels
        expected = F.cross_entropy(scores, labels) + F.cross_entropy(scores, soft)
    assert result.losses[1] == pytest.approx(float(expected), rel=1e-4)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1 channels and 3 classes"):
        train_supernet(made(elastic_preset("tiny")), bright(), RECIPE)
    for changes in ({"average": 0.9}, {"standardise": True}, {"drop_path": 0.1}):
        with pytest.raises(InvalidInput, match="no such thing"):
            train_supernet(network(), bright(), replace(RECIPE, **changes))
    with pytest.raises(InvalidInput, match="patience"):
        train_supernet(network(), bright(), replace(RECIPE, patience=2))
    with pytest.raises(InvalidInput, match="compiled"):
        train_supernet(network(), bright(), RECIPE, execution=Execution(compiled=True))


def test_a_loss_that_is_no_number_is_an_error() -> None:
    net = network()
    with torch.no_grad():
        next(net.parameters()).fill_(torch.nan)
    with pytest.raises(TrainingDiverged, match="phase sandwich"):
        train_supernet(net, bright(), RECIPE, teaching=FEW)


def test_images_in_memory_pixel_after_pixel_give_the_same() -> None:
    results = [
        train_supernet(
            network(), bright(), SGD, teaching=FEW, execution=Execution(channels_last=last)
        ).losses
        for last in (False, True)
    ]
    assert results[0] == pytest.approx(results[1], rel=1e-3)


@pytest.mark.slow
def test_the_published_size_makes_an_update() -> None:
    """Two images of 128 pixels through both widths, in well under a minute."""
    config = replace(elastic_preset("imagenet"), resolutions=(96, 128))
    net = SuperNetwork(config, torch.Generator().manual_seed(0))
    images = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    part = LabelledImages(images, torch.tensor([3, 999]))
    data = ImageData("two", part, part, part, 1000)
    result = train_supernet(
        net, data, replace(SGD, epochs=1, batch=2), teaching=Teaching(calibration=2)
    )
    assert np.isfinite(result.losses).all()
    assert result.steps == 1


def test_a_phase_goes_on_with_the_cosine_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, float]] = []
    usual = Recipe.share_of_rate

    def noting(recipe: Recipe, epoch: float) -> float:
        asked.append((recipe.epochs, epoch))
        return usual(recipe, epoch)

    monkeypatch.setattr(Recipe, "share_of_rate", noting)
    phase = Phase("x", 1, 0.01, Options.every(SMALL), "sampled", done=2, of=5)
    train_supernet(network(), bright(), RECIPE, [phase], teaching=FEW)
    assert asked == [(5, 2.0), (5, 2.25), (5, 2.5), (5, 2.75)]


def test_a_teacher_that_is_given_is_learnt_from() -> None:
    phase = Phase("x", 1, 0.01, Options.every(SMALL), "sampled", teacher="kept")
    largest = Options.every(SMALL).largest(network().space)
    found = []
    for seed in (0, 1):
        teacher = cut_out(network(seed), largest, (1, 2))
        result = train_supernet(network(), bright(), RECIPE, [phase], teaching=FEW, teacher=teacher)
        assert all(norm.track_running_stats for norm in norms_of(teacher))  # it stays as it was
        found.append(result.losses)
    assert found[0] != found[1]


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_what_decays_is_what_gradients_reach(kernel: int) -> None:
    """Through the maps, a small kernel is made of more than its centre."""
    config = replace(SMALL, kernels=(3, 5, 7))
    net = made(config)
    for name, value in net.named_parameters():
        if "maps" in name:
            torch.nn.init.normal_(value, generator=torch.Generator().manual_seed(0))
    only = replace(Options.every(config), kernels=(kernel,))
    arch = only.smallest(net.space)
    loss = F.cross_entropy(net(bright().train.images, arch), bright().train.labels)
    loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    for weight, part in used_weights(net, net.space.plan(arch), False):
        reached = torch.zeros_like(weight, dtype=torch.bool)
        reached[part] = True
        assert weight.grad is not None
        assert not weight.grad[~reached].any()
        if weight.shape[-1] == 7:
            assert weight.grad[reached].ne(0).float().mean() > 0.5
