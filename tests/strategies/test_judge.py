from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import log_ndtr

from agnet.objectives import Limit, Objective, Outcomes
from agnet.spaces import Architecture, NASBench201, Subset
from agnet.strategies.archive import Archive
from agnet.strategies.base import Problem
from agnet.strategies.feasibility import margins
from agnet.strategies.hypervolume_gain import LEAST, directions, expected_gains, worths
from agnet.strategies.judge import Judge, merged, summed
from agnet.surrogates import GaussianProcess, GraphEnsemble
from agnet.surrogates.acquisitions import upper_bound

NAN = float("nan")
SPACE = Subset(NASBench201().enumerate()[::60])
BOTH = (Objective("val_accuracy", "maximize"), Objective("cost", "minimize"))
Array = npt.NDArray[np.float64]


def cost(archs: Sequence[Architecture]) -> Array:
    return np.asarray(SPACE.to_choices(archs).sum(axis=1), dtype=np.float64)


def archive(known: bool, limits: tuple[Limit, ...] = (), n: int = 40) -> Archive:
    """Accuracy is what the first choices say, and dear."""
    problem = Problem(SPACE, BOTH, limits, {"cost": cost} if known else {})
    archs = SPACE.sample(n, np.random.default_rng(0))
    accuracy = archs.choices[:, :3].sum(axis=1) * 1.0
    excess = (
        np.stack([limit.excess(accuracy) for limit in limits], 1) if limits else np.empty((n, 0))
    )
    told = Archive(problem)
    told.add(archs, Outcomes(np.stack([-accuracy, cost(archs)], axis=1), excess))
    return told


def learnt(told: Archive, *, joint: bool = False) -> Judge:
    judge = Judge(told.problem, GaussianProcess(SPACE), [upper_bound(2.0)], joint=joint)
    judge.learn(told)
    return judge


def test_known_objectives_are_computed() -> None:
    told = archive(known=True)
    judge = learnt(told)
    everything = SPACE.enumerate()
    mean, std, feasible = judge._believed(everything)
    values = cost(everything)
    assert (std[:, 1] == 0).all() and (std[:, 0] > 0).any()
    assert (feasible == 0).all()
    expected = -(values - cost(told.archs).mean()) / cost(told.archs).std()
    assert mean[:, 1] == pytest.approx(expected)
    assert judge.surrogate.predict(everything)[0].shape[1] == 1  # nothing else is learnt
    predicted = learnt(archive(known=False))
    assert (predicted._believed(everything)[1][:, 1] > 0).any()
    assert predicted.surrogate.predict(everything)[0].shape[1] == 2


def test_promise_is_the_logarithm_of_the_gain() -> None:
    told = archive(known=True)
    judge, everything = learnt(told), SPACE.enumerate()
    mean, std, _ = judge._believed(everything)
    spread, reference = directions(2), judge._reference()
    best = worths(judge._scores, reference, spread).max(axis=0)
    gains = expected_gains(mean, std, best, reference, spread)
    assert judge.promise(everything) == pytest.approx(np.log(gains + LEAST))
    first = judge.choose(everything, 1)
    assert first.tolist() == [gains.argmax()]


def test_what_is_worse_in_one_objective_than_all_that_is_known_can_add_something() -> None:
    """Half the range of the scores lies between the worst of them and the reference."""
    judge = learnt(archive(known=True))
    worst, best = judge._scores.min(axis=0), judge._scores.max(axis=0)
    assert judge._reference() == pytest.approx(worst - (best - worst) / 2)


def test_what_breaks_limits_is_on_no_front_and_promises_little() -> None:
    """Only accuracies up to 4 are allowed here."""
    told = archive(known=True, limits=(Limit("val_accuracy", "<=", 4.0),))
    surrogate = GraphEnsemble(SPACE, np.random.default_rng(0))
    judge, everything = (
        Judge(told.problem, surrogate, [upper_bound(2.0)], joint=False),
        SPACE.enumerate(),
    )
    judge.learn(told)
    assert judge._feasible.tolist() == (-told.outcomes.objectives[:, 0] <= 4).tolist()
    chosen = everything[judge.choose(everything, 20)]
    allowed = [(archs.choices[:, :3].sum(axis=1) <= 4).mean() for archs in (everything, chosen)]
    assert allowed[1] > allowed[0] + 0.2


def test_joint_objectives_are_the_mean_of_their_bounds() -> None:
    judge, everything = learnt(archive(known=True), joint=True), SPACE.enumerate()
    mean, std = judge.surrogate.predict(everything)
    assert judge.promise(everything) == pytest.approx((mean + 2 * std).mean(axis=1))
    assert (
        judge.choose(everything, 3).tolist()
        == np.argsort(-judge.promise(everything), kind="stable")[:3].tolist()
    )


def test_everything_may_have_failed() -> None:
    told = archive(known=True, n=6)
    failed = Archive(told.problem)
    failed.add(told.archs, Outcomes(np.full((6, 2), NAN), np.empty((6, 0))))
    judge = learnt(failed)
    assert np.isfinite(judge.promise(SPACE.enumerate())).all()
    assert len(judge.choose(SPACE.enumerate(), 4)) == 4


def test_summed_ranks_by_hand() -> None:
    objectives = np.array([[1.0, 9.0], [2.0, 5.0], [3.0, 7.0], [NAN, 1.0], [0.0, NAN]])
    excess = np.array([[0.0], [0.0], [1.0], [0.0], [0.0]])
    single = summed(Outcomes(objectives, excess))
    # Ranks: 1, 2, 3, last, 0 and 3, 1, 2, 0, last.
    assert single.objectives[:3, 0].tolist() == [4.0, 3.0, 5.0]
    assert single.failed.tolist() == [False, False, False, True, True]
    assert single.ranks().tolist() == [1, 0, 2, 3, 3]
    one = Outcomes(objectives[:, :1], excess)
    assert summed(one) is one


def test_merged_by_hand() -> None:
    """Dominance is counted among the feasible; others come later, as with one objective."""
    objectives = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [3.0, 3.0], [0.0, 0.0], [NAN, 1.0]])
    excess = np.array([[0.0], [0.0], [0.0], [0.0], [2.0], [0.0]])
    found = merged(Outcomes(objectives, excess))
    assert found.objectives[:4, 0].tolist() == [0.0, 0.0, 2.0, 3.0]
    assert found.ranks().tolist() == [0, 0, 2, 3, 4, 5]
    one = Outcomes(objectives[:, :1], excess)
    assert merged(one) is one


def test_limits_bound_what_is_measured() -> None:
    """With its noise, and some doubt; the surrogate predicts the value alone."""
    limit = Limit("val_accuracy", "<=", 4.0)
    told = archive(known=True, limits=(limit,))
    judge, everything = learnt(told), SPACE.enumerate()
    _, _, found = judge._believed(everything)
    mean, std = judge.surrogate.predict(everything)
    noise = np.asarray(judge.surrogate.noise)[1]
    targets, bounds = margins(told.outcomes.excess, (limit,))
    spread = np.sqrt(std[:, 1] ** 2 + noise**2 + (0.05 * targets.std()) ** 2)
    assert found == pytest.approx(log_ndtr((bounds[0] - mean[:, 1]) / spread))


def test_a_failure_is_a_broken_limit_and_nothing_else() -> None:
    """What two convolutions make fail is avoided; accuracies and costs are learnt of others.

    Failed ones are the best that could have been: learnt as the worst, they would have drawn all
    that is near them down.
    """
    limit = Limit("cost", "<=", 9.0)
    problem = Problem(SPACE, BOTH[:1], (limit,))
    archs = SPACE.sample(60, np.random.default_rng(0))
    fails = (archs.choices == 3).sum(axis=1) >= 2
    accuracy = np.where(fails, NAN, archs.choices[:, 1:].sum(axis=1))
    excess = limit.excess(np.where(fails, NAN, cost(archs)))
    told, without = Archive(problem), Archive(problem)
    told.add(archs, Outcomes(-accuracy[:, None], excess[:, None]))
    without.add(archs[~fails], Outcomes(-accuracy[~fails, None], excess[~fails, None]))
    assert told.outcomes.failed.any()
    judge, other = learnt(told), learnt(without)
    rows = SPACE.enumerate()
    failing = (rows.choices == 3).sum(axis=1) >= 2
    mean, _, feasible = judge._believed(rows)
    only, _, limited = other._believed(rows)
    against = feasible - limited  # what the failures add to the limit
    assert np.median(against[failing]) < -1.0 < -0.5 < np.median(against[~failing])
    assert (mean[failing] > 0.0).any()
    assert np.corrcoef(mean[~failing, 0], only[~failing, 0])[0, 1] > 0.9


def test_where_everything_failed_candidates_can_still_be_chosen() -> None:
    problem = Problem(SPACE, BOTH[:1], (Limit("cost", "<=", 9.0),))
    told = Archive(problem)
    told.add(
        SPACE.sample(8, np.random.default_rng(0)),
        Outcomes(np.full((8, 1), NAN), np.full((8, 1), NAN)),
    )
    judge, rows = learnt(told), SPACE.enumerate()
    assert np.isfinite(judge.promise(rows)).all()
    assert len(set(judge.choose(rows, 5).tolist())) == 5


def test_several_objectives_take_turns_between_all_of_the_front_and_a_part() -> None:
    judge, rng = learnt(archive(known=False)), np.random.default_rng(0)
    sizes = []
    for _ in range(40):
        judge.turn(0.5, rng)
        sizes.append(len(judge._aim.spread))
    assert 10 < sizes.count(len(directions(2))) < 30


def test_a_single_aim_draws_nothing() -> None:
    """So that the histories of searches for one objective do not depend on turns."""
    judge, rng = learnt(archive(known=False), joint=True), np.random.default_rng(0)
    judge.turn(1.0, rng)
    assert len(judge._aim.spread) == len(directions(2))
    assert rng.random() == np.random.default_rng(0).random()
