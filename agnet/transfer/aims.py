"""What a transfer measures, and what its hypervolumes are measured to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Final

from agnet.benchmarks import Inherited, find_metric
from agnet.errors import InvalidInput
from agnet.objectives import Limit, Objective
from agnet.transfer.records import Aim

__all__ = ["aim_of", "completed"]

SHOWN: Final = ("val_accuracy", "params_m", "flops_m")
FARTHER: Final = 1.1  # than the largest network, which should count, and whose latency varies


def aim_of(
    benchmark: Inherited,
    objectives: Sequence[Objective],
    limits: Sequence[Limit],
    reference: Sequence[float],
) -> Aim:
    """Checks what is wanted.

    Raises:
        InvalidInput: If there are no objectives, one is held out or unknown, or the reference has
            another number of them.
    """
    if not objectives:
        raise InvalidInput("got no objectives; expected at least one, such as val_accuracy")
    named = [*(one.metric for one in objectives), *(one.metric for one in limits)]
    for name in named:
        if find_metric(benchmark, name).held_out:
            raise InvalidInput(f"got {name} to search by; it is held out until the end")
    given = tuple(float(one) for one in reference)
    if given and (len(given) != len(objectives) or not all(map(isfinite, given))):
        raise InvalidInput(
            f"got the reference {list(given)}; expected {len(objectives)} finite numbers, one for "
            "each objective"
        )
    columns = tuple(dict.fromkeys([*named, *SHOWN]))
    return Aim(tuple(objectives), tuple(limits), columns, given)


def completed(aim: Aim, largest: Sequence[float]) -> Aim:
    """Returns the same with a reference.

    Args:
        aim: What is wanted.
        largest: ``(K,)``, what was measured of the largest network: nothing costs more.
    """
    if aim.reference:
        return aim
    worst = [
        0.0 if one.direction == "maximize" else FARTHER * largest[aim.columns.index(one.metric)]
        for one in aim.objectives
    ]
    return replace(aim, reference=tuple(worst))
