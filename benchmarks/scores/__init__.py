"""Training-free scores: what a network that has learnt nothing tells of how well it will learn."""

from agnet.benchmarks.scores.batch import Batch
from agnet.benchmarks.scores.gradients import grad_norm, snip, synflow
from agnet.benchmarks.scores.kernel import ntk_condition
from agnet.benchmarks.scores.separation import jacov, linear_regions, naswot
from agnet.benchmarks.scores.table import SCORES, Score
from agnet.benchmarks.scores.zen import HasFeatures, zen

__all__ = [
    "SCORES",
    "Batch",
    "HasFeatures",
    "Score",
    "grad_norm",
    "jacov",
    "linear_regions",
    "naswot",
    "ntk_condition",
    "snip",
    "synflow",
    "zen",
]
