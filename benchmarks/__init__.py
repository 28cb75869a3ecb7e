"""Benchmarks: where a number comes from."""

from agnet.benchmarks.base import Benchmark, find_metric

__all__ = ["Benchmark", "find_metric"]
