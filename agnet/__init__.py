"""agnet: neural architecture search with few evaluations.

Names are imported when they are first used, so that ``import agnet`` is instant. A submodule never
has the name of a public function: importing it would hide the function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agnet.benchmarks import Benchmark, open_benchmark
    from agnet.config import SearchConfig
    from agnet.errors import AgnetError
    from agnet.loop import search
    from agnet.objectives import Limit, Metric, Objective
    from agnet.ray_evaluation import RayEvaluator
    from agnet.runs import Run
    from agnet.spaces import Architecture, Architectures, SearchSpace, open_space
    from agnet.strategies import Strategy
    from agnet.sweeps import sweep

__version__ = "0.1.0"

__all__ = [
    "AgnetError",
    "Architecture",
    "Architectures",
    "Benchmark",
    "Limit",
    "Metric",
    "Objective",
    "RayEvaluator",
    "Run",
    "SearchConfig",
    "SearchSpace",
    "Strategy",
    "__version__",
    "open_benchmark",
    "open_space",
    "search",
    "sweep",
]

_HOMES = {
    "AgnetError": "errors",
    "Architecture": "spaces",
    "Architectures": "spaces",
    "Benchmark": "benchmarks",
    "Limit": "objectives",
    "Metric": "objectives",
    "Objective": "objectives",
    "RayEvaluator": "ray_evaluation",
    "Run": "runs",
    "SearchConfig": "config",
    "SearchSpace": "spaces",
    "Strategy": "strategies",
    "open_benchmark": "benchmarks",
    "open_space": "spaces",
    "search": "loop",
    "sweep": "sweeps",
}


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'agnet' has no attribute {name!r}")
    return getattr(import_module(f"agnet.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
