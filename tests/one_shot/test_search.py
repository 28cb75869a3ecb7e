from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agnet.benchmarks.supernet import WeightSharing
from agnet.benchmarks.training import Execution, Recipe
from agnet.errors import CheckpointError, InvalidInput, TrainingDiverged
from agnet.one_shot import OneShot, OneShotResult, one_shot
from agnet.seeds import stream
from agnet.strategies.importance.asng import Pace, start
from agnet.strategies.importance.categorical import Variables, draw, modes, origins
from agnet.strategies.importance.floors import floors
from agnet.strategies.importance.shared_step import Rules, learn
from agnet.strategies.importance.weights import Weighting
from tests.benchmarks.supernet.nets import weights
from tests.benchmarks.training.images import bright
from tests.one_shot.nets import Known, elastic, mixed

RECIPE = Recipe(
    epochs=4,
    batch=12,
    optimizer="sgd",
    rate=0.05,
    weight_decay=1e-3,
    period=0,
    clip=5.0,
    flip=False,
    translation=0.0,
)
TRAINED = replace(RECIPE, epochs=3, batch=16)
SLOW = replace(RECIPE, rate=0.0)  # weights that stay as they are
TWO = OneShot(prices=(0.1, 0.4), calibration=12)
THREE = OneShot(prices=(0.0, 0.3, 30.0), calibration=24)


def told(result: OneShotResult) -> Any:
    """All but seconds; NaN as text, to be compared."""
    return repr((result.log, result.units, result.training.losses, result.training.val_accuracies))


@pytest.mark.parametrize("weighting", ["balance", "own"])
def test_higher_prices_come_to_cheaper_networks(weighting: Any) -> None:
    """At no price the surest, at some those that cost a ninth, at a high one what costs nothing."""
    settings = replace(THREE, weights=weighting, delta=0.5)
    result = one_shot([Known()], bright(), replace(SLOW, epochs=40), settings)
    found = [mode.arch for mode in result.modes]
    counts = [[str(arch).count(f"conv_{k}x{k}") for k in (3, 1)] for arch in found]
    assert counts[0][0] >= 4 and counts[1][1] >= 4 and counts[2] == [0, 0]
    assert [mode.coefficient for mode in result.modes] == [0.0, 0.3, 30.0]
    assert all(mode.entropy < 3 for mode in result.modes)


def test_an_iteration_by_hand() -> None:
    """The losses of the samples on one validation batch, priced, move the distributions."""
    net, data = Known(), bright()
    recipe = replace(SLOW, epochs=1, batch=24)  # two iterations, of which the second moves
    settings = replace(THREE, wait=0.5, cost="macs")
    result = one_shot([net], data, recipe, settings, seed=5)
    variables = Variables((5,) * 6)
    state = start(variables, 3, (1,))
    rng = stream(5, "one-shot-samples", 1)
    origin = origins(3, 2, rng, "stratified", (1,))
    choices = draw(state.theta, origin, rng)
    rows = stream(5, "one-shot-validation", 1).permutation(24)
    images, labels = data.validation.images[rows], data.validation.labels[rows]
    asked = list(net.asked)
    assert len(asked) == 6
    for (arch, seen), row in zip(asked, choices[0], strict=True):
        assert arch.choices == tuple(row) and torch.equal(seen, images)
    with torch.no_grad():
        losses = [float(F.cross_entropy(net.scores(images, arch), labels)) for arch, _ in asked]
    cost = Known.COST[choices[0]].sum(axis=1) / 54
    values = np.array(losses) + np.array([0.0, 0.3, 30.0])[:, None] * cost
    rules = Rules(variables, floors(variables, "catcma", 0.0), Weighting(), pace=Pace(0.25))
    learnt = learn(state, choices, origin, values[None], rules)
    (after,) = result.log
    expected = Known().space.from_choices(modes(learnt.state.theta)[0].astype(np.int16))
    assert [mode.arch for mode in after] == list(expected)
    np.testing.assert_allclose([mode.effective for mode in after], learnt.effective[0])
    np.testing.assert_allclose([mode.delta for mode in after], 0.25 / learnt.state.damping[0])
    assert len(net.learnt) == 4
    # 12 for two updates of two networks, 6 samples.
    assert result.units == 18


@pytest.mark.parametrize(("given", "measured"), [((0.0, 1.0), 0), ((), 64)])
def test_units_are_the_passes_that_were_made(given: tuple[float, ...], measured: int) -> None:
    nets = Known()
    settings = OneShot(given, distributions=4, trained=3, own=2, calibration=24)
    result = one_shot([nets], bright(), SLOW, settings)
    iterations, first = 16, 5
    drawn = 2 * settings.count * (iterations - first)
    assert len(nets.learnt) == 3 * iterations
    assert len(nets.asked) == drawn + measured
    assert result.units == 3 * len(nets.learnt) + len(nets.asked)
    waiting, *rest = result.log
    assert all(np.isnan(mode.effective) for mode in waiting)
    assert all(0.25 <= mode.effective <= 1 for epoch in rest for mode in epoch)


def test_without_truncation_is_as_with_one_that_no_weight_reaches() -> None:
    found = [
        one_shot([Known()], bright(), SLOW, replace(THREE, truncation=most))
        for most in (3.0, np.inf)
    ]
    assert told(found[0]) == told(found[1])


def test_modes_are_judged_once_each_and_not_before_they_are_any() -> None:
    net, recipe = Known(), replace(SLOW, epochs=2)
    settings = replace(THREE, wait=0.5)
    result = one_shot([net], bright(), recipe, settings)
    first, second = result.training.val_accuracies
    assert np.isnan(first) and second > 0
    last = [mode.arch for mode in result.modes]
    assert len(net.judged) == len(set(last)) and set(net.judged) == set(last)


def test_a_mode_of_several_distributions_counts_for_each() -> None:
    """All of them come to what costs nothing; it is judged once an epoch, not three times."""
    net, prices = Known(), (1e6, 2e6, 3e6)
    settings = replace(THREE, prices=prices, wait=0.0, delta=0.5)
    result = one_shot([net], bright(), replace(SLOW, epochs=30), settings)
    kinds = [len({mode.arch for mode in epoch}) for epoch in result.log]
    assert len(net.judged) == sum(kinds)


def test_prices_are_a_grid_around_the_exchange_rate_of_random_networks() -> None:
    net, data = Known(), bright()
    result = one_shot([net], data, SLOW, OneShot(wait=0.0, calibration=24))
    archs, images = zip(*list(net.asked)[:64], strict=True)
    rows = stream(0, "one-shot-validation", 0).permutation(24)[:12]
    with torch.no_grad():
        losses = [
            float(F.cross_entropy(net.scores(images[0], arch), data.validation.labels[rows]))
            for arch in archs
        ]
    costs = net.costs(archs, (1, 4, 4))[:, 0] / 54
    rate = np.subtract(*np.percentile(losses, [75, 25]))
    rate /= np.subtract(*np.percentile(costs, [75, 25]))
    expected = [0, *rate * np.geomspace(1 / 16, 3, 4)]
    np.testing.assert_allclose([mode.coefficient for mode in result.modes], expected)


def test_separate_searches_know_nothing_of_one_another() -> None:
    """What the second costs changes nothing in the first, of which samples do not mix either."""
    found = []
    for last in (0.11, 100.0):
        nets = [mixed(0), mixed(1)]
        settings = OneShot((0.1, last), calibration=24)
        result = one_shot(nets, bright(), TRAINED, settings)
        assert result.units == 2 * (3 * 2 * 9 + 2 * 6)
        found.append((result, [weights(net.weights) for net in nets]))
    (one, first), (other, second) = found
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])
    assert [mode for mode in one.modes if mode.coefficient == 0.1][0] == other.modes[0]
    assert one.modes[1].entropy != other.modes[1].entropy
    assert all(mode.effective == 1 for mode in one.modes)


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    ("made", "count", "settings"),
    [(mixed, 1, OneShot(calibration=24)), (elastic, 1, THREE), (mixed, 2, TWO)],
)
def test_a_killed_search_ends_as_an_unbroken_one(
    made: Any, count: int, settings: OneShot, tmp_path: Path
) -> None:
    data, path, before = bright(), tmp_path / "search.pt", torch.get_rng_state()
    nets, recipe = [[made(seed) for seed in range(count)] for _ in range(2)], TRAINED
    whole = one_shot(nets[0], data, recipe, settings)
    assert whole.modes[0].arch is not None and len(whole.log) == recipe.epochs
    for at in (1, 2):

        def kill(epoch: int, *_: float, last: int = at) -> None:
            if epoch == last:
                raise Killed

        # From the file on, whatever it begins with.
        nets[1] = [made(seed + 9 * (at > 1)) for seed in range(count)]
        with pytest.raises(Killed):
            one_shot(nets[1], data, recipe, settings, checkpoint=path, after_epoch=kill)
    result = one_shot(nets[1], data, recipe, settings, checkpoint=path)
    assert told(result) == told(whole)
    for one, other in zip(*nets, strict=True):
        first, second = weights(one.weights), weights(other.weights)
        assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_search_is_not_gone_on_with(tmp_path: Path) -> None:
    path, short = tmp_path / "search.pt", replace(RECIPE, epochs=1)
    one_shot([mixed()], bright(), short, THREE, checkpoint=path)
    for changes in ({"seed": 1}, {"identity": "else"}):
        given: dict[str, Any] = dict(changes)
        with pytest.raises(CheckpointError, match="something else"):
            one_shot([mixed()], bright(), short, THREE, checkpoint=path, **given)
    with pytest.raises(CheckpointError, match="something else"):
        one_shot([mixed()], bright(), short, replace(THREE, own=3), checkpoint=path)


def test_what_does_not_fit_is_refused() -> None:
    for count in (0, 2):
        with pytest.raises(InvalidInput, match="3 distributions"):
            one_shot([mixed(seed) for seed in range(count)], bright(), RECIPE, THREE)
    one = mixed()
    wrong: list[list[WeightSharing]] = [[one, one, mixed()], [mixed(), mixed(1), elastic()]]
    for nets in wrong:
        with pytest.raises(InvalidInput, match="one space"):
            one_shot(nets, bright(), RECIPE, THREE)
    with pytest.raises(InvalidInput, match="24 validation images"):
        one_shot([mixed()], bright(), replace(RECIPE, batch=30), THREE)
    with pytest.raises(InvalidInput, match="no such thing"):
        one_shot([mixed()], bright(), replace(RECIPE, standardise=True), THREE)
    with pytest.raises(InvalidInput, match="patience"):
        one_shot([mixed()], bright(), replace(RECIPE, patience=1), THREE)
    with pytest.raises(InvalidInput, match="compiled"):
        one_shot([mixed()], bright(), RECIPE, THREE, execution=Execution(compiled=True))


def test_a_loss_that_is_no_number_is_an_error() -> None:
    net = mixed()
    with torch.no_grad():
        next(net.weights.parameters()).fill_(torch.nan)
    with pytest.raises(TrainingDiverged, match="update 1 of 4 in epoch 1"):
        one_shot([net], bright(), RECIPE, THREE)
