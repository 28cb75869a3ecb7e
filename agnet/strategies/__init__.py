"""Strategies: how to choose the next architectures, one file a strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Final

import numpy as np

from agnet.errors import InvalidInput
from agnet.strategies.agnet import AGNet
from agnet.strategies.base import Problem, Strategy
from agnet.strategies.bayesian import Bayesian, make_qehvi, make_qnehvi, make_qparego
from agnet.strategies.eda import EDA
from agnet.strategies.evolution import Evolution
from agnet.strategies.genetic import make_moead, make_nsga2, make_nsga3
from agnet.strategies.gp import make_gp
from agnet.strategies.importance import Importance
from agnet.strategies.lamoo import LaMOO
from agnet.strategies.local_search import LocalSearch
from agnet.strategies.model_based import ModelBased
from agnet.strategies.nat import NAT
from agnet.strategies.popnas import POPNAS
from agnet.strategies.random import RandomSearch
from agnet.strategies.tpe import TPE
from agnet.strategies.trees import make_trees

__all__ = [
    "EDA",
    "NAT",
    "POPNAS",
    "STRATEGIES",
    "TPE",
    "AGNet",
    "Bayesian",
    "Evolution",
    "Importance",
    "LaMOO",
    "LocalSearch",
    "ModelBased",
    "Problem",
    "RandomSearch",
    "Strategy",
    "make_gp",
    "make_moead",
    "make_nsga2",
    "make_nsga3",
    "make_qehvi",
    "make_qnehvi",
    "make_qparego",
    "make_strategy",
    "make_trees",
]

STRATEGIES: Final[dict[str, Callable[..., Strategy]]] = {
    "agnet": AGNet,
    "random": RandomSearch,
    "local_search": LocalSearch,
    "evolution": Evolution,
    "eda": EDA,
    "trees": make_trees,
    "gp": make_gp,
    "lamoo": LaMOO,
    "popnas": POPNAS,
    "importance": Importance,
    "nat": NAT,
    "tpe": TPE,
    "nsga2": make_nsga2,
    "nsga3": make_nsga3,
    "moead": make_moead,
    "qnehvi": make_qnehvi,
    "qehvi": make_qehvi,
    "qparego": make_qparego,
}


def make_strategy(
    name: str, problem: Problem, rng: np.random.Generator, settings: Mapping[str, Any]
) -> Strategy:
    """Makes a strategy by name.

    Args:
        name: One of ``STRATEGIES``.
        problem: What is searched.
        rng: The random stream.
        settings: Settings of that strategy that differ from its defaults.

    Raises:
        InvalidInput: If there is no such strategy, or it has no such setting or cannot use it.
    """
    if name not in STRATEGIES:
        raise InvalidInput(f"got the strategy {name!r}; expected one of {', '.join(STRATEGIES)}")
    known = {
        parameter.name: type(parameter.default)
        for parameter in signature(STRATEGIES[name]).parameters.values()
        if parameter.kind is Parameter.KEYWORD_ONLY
    }
    for setting, value in settings.items():
        if setting not in known:
            raise InvalidInput(
                f"got the setting {setting!r}; {name} takes {', '.join(known) or 'none'}"
            )
        kinds = (int, float) if known[setting] is float else (known[setting],)
        if type(value) not in kinds:
            raise InvalidInput(
                f"got {setting} = {value!r}; {name} expects {known[setting].__name__} there"
            )
    made = STRATEGIES[name](problem, rng, **settings)
    if problem.earlier is not None and not made.begins_with_earlier:
        raise InvalidInput(f"got an earlier run to begin with, of which {name} makes nothing")
    return made
