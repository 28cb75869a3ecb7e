"""Evolutionary algorithms for several objectives, as pymoo has them.

Blank and Deb, "pymoo: Multi-Objective Optimization in Python", IEEE Access 2020.
"""

from __future__ import annotations

from agnet.strategies.genetic.baselines import make_moead, make_nsga2, make_nsga3

__all__ = ["make_moead", "make_nsga2", "make_nsga3"]
