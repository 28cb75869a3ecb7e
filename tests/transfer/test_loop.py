from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agnet.benchmarks import Inherited
from agnet.benchmarks.supernet import ElasticSharing, SuperNetwork, training
from agnet.benchmarks.training.state import TrainingState
from agnet.errors import CheckpointError, InvalidInput, StorageError
from agnet.objectives import Limit, Objective
from agnet.spaces.elastic import Options
from agnet.transfer import aim_of, loop, transfer
from agnet.transfer.adaptation import Adaptation
from tests.benchmarks.supernet.test_training import FEW, SGD, SMALL, network
from tests.benchmarks.training.images import bright
from tests.transfer.nets import POLICY, outcome, rounds, run

FROZEN = replace(POLICY, adaptation=0)
WANTED = [
    Objective("val_accuracy", "maximize"),
    Objective("params_m", "minimize"),
    Objective("flops_m", "minimize"),
]


def lines(out: Path) -> list[dict[str, Any]]:
    _, *rows = (out / "evaluations.jsonl").read_text().splitlines()
    return [json.loads(line) for line in rows]


def test_the_archive_is_as_large_as_it_was_and_holds_nothing_twice(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert len(found.archive) == len(set(found.archive.archs)) == 6
    assert [one.evaluated for one in found.rounds] == [12, 15, 18]
    rows = lines(tmp_path)
    assert [one.measured for one in found.rounds] == [12, 12 + 3 + 6, len(rows)]
    assert max(Counter((row["version"], row["arch"]) for row in rows).values()) == 1
    assert len({row["arch"] for row in rows}) == 18


def test_the_extremes_are_there_at_the_start(tmp_path: Path) -> None:
    found = run(tmp_path, replace(FROZEN, iterations=0))
    space, every = network().space, Options.every(SMALL)
    assert {every.smallest(space), every.largest(space)} <= set(found.archive.archs)


@pytest.mark.parametrize("objectives", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_with_frozen_weights_the_front_never_shrinks(
    objectives: int, seed: int, tmp_path: Path
) -> None:
    """Also where more is on the front than the archive holds."""
    policy = replace(FROZEN, archive=4, factor=3, iterations=4)
    found = run(tmp_path, policy, aim=aim_of(WANTED[:objectives]), seed=seed)
    assert (np.diff(rounds(found)) >= 0).all()
    assert found.rounds[-1].hypervolume == found.known.hypervolume
    assert {row["version"] for row in lines(tmp_path)} == {0}
    assert len(lines(tmp_path)) == len(found.known) == 12 + 4 * 3


def test_every_record_is_of_the_weights_of_the_moment(tmp_path: Path) -> None:
    found = run(tmp_path, replace(POLICY, rate=0.3))
    judge = Inherited(ElasticSharing(found.net), bright(), calibration=FEW.calibration)
    again = judge.query(found.archive.archs, found.archive.aim.columns)
    assert np.array_equal(again, found.archive.values)
    before = Inherited(ElasticSharing(network()), bright(), calibration=FEW.calibration)
    assert not np.array_equal(before.query(found.archive.archs, ["val_accuracy"]), again[:, :1])
    assert {row["version"] for row in lines(tmp_path)} == {0, 1, 2}


def test_an_archive_that_grows_keeps_all(tmp_path: Path) -> None:
    found = run(tmp_path, replace(POLICY, factor=1, grows=True, draw="genes", adapts="uniform"))
    assert len(found.archive) == 6 + 2 * 3


@pytest.mark.parametrize("objectives", [1, 3])
def test_other_numbers_of_objectives(objectives: int, tmp_path: Path) -> None:
    found = run(tmp_path, FROZEN, aim=aim_of(WANTED[:objectives]))
    assert len(found.archive.aim.reference) == objectives
    assert found.rounds[-1].hypervolume > 0
    assert len(found.front) >= 1


def test_what_breaks_a_limit_is_not_on_the_front(tmp_path: Path) -> None:
    found = run(tmp_path, FROZEN, aim=aim_of(limits=[Limit.parse("params_m<=0.001")]))
    at = found.archive.aim.columns.index("params_m")
    assert len(found.front)
    assert (found.front.values[:, at] <= 0.001).all()


@pytest.mark.parametrize("proposer", ["nat", "evolution"])
def test_whoever_proposes(proposer: str, tmp_path: Path) -> None:
    for needed in ("lightgbm", "pymoo") if proposer == "nat" else ():
        pytest.importorskip(needed)
    one = [Objective("val_accuracy", "maximize")]
    both = [*one, Objective("params_m", "minimize")]
    policy = replace(FROZEN, proposer=proposer, iterations=1)
    aim = aim_of(one if proposer == "evolution" else both)
    found = run(tmp_path, policy, aim=aim)
    assert found.rounds[-1].evaluated == 15
    assert (found.rounds[-1].correlation is not None) <= (proposer == "nat")


def test_a_space_that_is_nearly_known_ends_normally(tmp_path: Path) -> None:
    few = replace(SMALL, resolutions=(4,), depths=(1,), expansions=(1,), kernels=(3, 5))

    net = SuperNetwork(few, torch.Generator().manual_seed(0))
    assert net.space.size == 6
    found = run(tmp_path, replace(FROZEN, archive=5, factor=1, newcomers=4), net)
    assert found.rounds[-1].evaluated == 6


def test_the_test_images_are_never_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bright()
    hidden = type("Hidden", (), {"__getattr__": _refuse, "__len__": _refuse})()
    object.__setattr__(data, "test", hidden)
    monkeypatch.setattr(type(data), "digest", "0" * 64)
    found = transfer(network(), data, POLICY, out=tmp_path, recipe=SGD, teaching=FEW)
    assert len(found.rounds) == 3


def _refuse(*_: object) -> None:
    raise AssertionError("the test images were looked at")


@pytest.mark.parametrize("stop", ["evaluation", "adaptation", "saving", "forgetting"])
def test_killed_and_resumed_equals_unbroken(
    stop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outcome(run(tmp_path / "unbroken"))

    class Killed(BaseException):
        pass

    def dies_after(count: int, call: Any) -> Any:
        calls = iter(range(10_000))

        def wrapped(*args: Any, **more: Any) -> Any:
            if next(calls) == count:
                raise Killed
            return call(*args, **more)

        return wrapped

    where: dict[str, tuple[Any, str, list[int]]] = {
        "evaluation": (Inherited, "observe", [0, 5, 9, 8]),
        "adaptation": (Adaptation, "adapt", [0, 1]),
        "saving": (loop._Run, "save", [0, 1]),
        "forgetting": (Adaptation, "forget", [0, 1]),
    }
    owner, name, counts = where[stop]
    for count in counts:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, dies_after(count, getattr(owner, name)))
            with pytest.raises(Killed):
                run(tmp_path / "killed")
    assert outcome(run(tmp_path / "killed")) == expected


def test_an_adaptation_that_was_killed_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = replace(POLICY, adaptation=2)
    expected = outcome(run(tmp_path / "unbroken", policy))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "inherited_accuracy", die)  # after the first epoch of all
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "killed", policy)
    assert outcome(run(tmp_path / "killed", policy)) == expected
    assert not list((tmp_path / "killed").glob("adapting*"))


def test_a_finished_one_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = outcome(run(tmp_path))
    monkeypatch.setattr(Inherited, "observe", _refuse)
    assert outcome(run(tmp_path)) == expected


def test_another_super_network_is_refused(tmp_path: Path) -> None:
    """Also where nothing but evaluations is there yet, and where no weight tells them apart."""
    run(tmp_path, replace(FROZEN, iterations=0))
    other = SuperNetwork(SMALL, torch.Generator().manual_seed(7))
    dense = SuperNetwork(replace(SMALL, dense=True), torch.Generator())
    dense.load_state_dict(network().state_dict())
    for net, said in ((other, "weights"), (dense, "space")):
        for _ in range(2):
            with pytest.raises(CheckpointError, match=rf"other {said}\)"):
                run(tmp_path, replace(FROZEN, iterations=0), net)
            (tmp_path / "checkpoint.pt").unlink(missing_ok=True)


def test_other_metrics_are_refused(tmp_path: Path) -> None:
    run(tmp_path, replace(FROZEN, iterations=0))
    wanted = [WANTED[0], Objective("host_latency_ms", "minimize")]
    with pytest.raises(CheckpointError, match="other metrics"):
        run(tmp_path, replace(FROZEN, iterations=0), aim=aim_of(wanted))


def test_adapted_numbers_without_their_weights_are_refused(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "checkpoint.pt").unlink()
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt"):
        run(tmp_path)


def test_a_proposer_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="astrology"):
        run(tmp_path, replace(FROZEN, proposer="astrology"))
    assert not (tmp_path / "evaluations.jsonl").exists()


def test_the_rate_rises_and_falls_once_in_all_iterations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    usual = TrainingState.set_rate

    def noting(state: TrainingState, rate: float) -> None:
        rates.append(rate)
        usual(state, rate)

    monkeypatch.setattr(TrainingState, "set_rate", noting)
    run(tmp_path, replace(POLICY, iterations=3, adaptation=1, rate=0.1, warmup=2))
    at = np.arange(len(rates)) * 3 / len(rates)
    expected = 0.1 * np.minimum(at / 2, 1) * (1 + np.cos(np.pi * at / 3)) / 2
    np.testing.assert_allclose(rates, expected, atol=1e-12)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    run(tmp_path, replace(FROZEN, iterations=0))
    with pytest.raises(CheckpointError, match="other settings"):
        run(tmp_path, replace(FROZEN, iterations=1))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"objectives": []}, "no objectives"),
        ({"objectives": [Objective("test_accuracy", "maximize")]}, "got test_accuracy"),
        ({"objectives": [Objective("beauty", "maximize")]}, "got beauty"),
        ({"limits": [Limit.parse("beauty<=3")]}, "got beauty"),
        ({"reference": [1.0]}, "expected 2 finite numbers"),
    ],
)
def test_aims_that_cannot_be_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        aim_of(**more)


def test_unknown_proposers_and_other_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="strategy 'oracle'"):
        run(tmp_path, replace(POLICY, proposer="oracle"))
    other = SuperNetwork(replace(SMALL, classes=5), torch.Generator().manual_seed(0))
    with pytest.raises(InvalidInput, match="3 classes for a super-network of 1 and 5"):
        run(tmp_path, FROZEN, other)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot keep evaluations"):
        run(tmp_path / "file" / "folder")
