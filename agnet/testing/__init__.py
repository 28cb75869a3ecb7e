"""Contract suites: subclass one in a test file, say what to test, and pytest runs every check.

They need no more than the package itself, so that a user's own space, benchmark, surrogate,
generator or strategy can be held to the same contract as those that ship.
"""

from agnet.testing.benchmarks import BenchmarkContract
from agnet.testing.generators import GeneratorContract
from agnet.testing.spaces import SpaceContract
from agnet.testing.strategies import StrategyContract
from agnet.testing.surrogates import SurrogateContract

__all__ = [
    "BenchmarkContract",
    "GeneratorContract",
    "SpaceContract",
    "StrategyContract",
    "SurrogateContract",
]
