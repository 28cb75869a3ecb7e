"""The contract suite of benchmarks."""

from __future__ import annotations

import json
import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.base import Benchmark
from agnet.errors import InvalidInput, MissingData
from agnet.spaces import Architecture, Architectures, SearchSpace

__all__ = ["BenchmarkContract"]


class BenchmarkContract(ABC):
    """Checks that any benchmark passes: subclass it as ``TestMyBenchmark``, define ``benchmark``.

    Attributes:
        samples: How many architectures a check asks for; few where an evaluation is slow.
        noisy: Metrics that differ when they are measured again, such as seconds of real training.
    """

    samples = 50
    noisy: frozenset[str] = frozenset()

    @abstractmethod
    def benchmark(self) -> Benchmark:
        """The benchmark under test, made anew with equal settings at each call."""

    def draw(self, seed: int = 0) -> Architectures:
        """Some random architectures of its space."""
        return self.benchmark().space.sample(self.samples, np.random.default_rng(seed))

    def names(self) -> list[str]:
        """The names of its metrics."""
        return [metric.name for metric in self.benchmark().metrics]

    def agree(
        self, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], names: Sequence[str]
    ) -> bool:
        """Whether two answers are the same; of noisy metrics, whether the same are missing."""
        steady = [name not in self.noisy for name in names]
        if first.shape != second.shape or not np.array_equal(np.isnan(first), np.isnan(second)):
            return False
        return np.array_equal(first[:, steady], second[:, steady], equal_nan=True)

    def test_metrics_are_described(self) -> None:
        """Names are unique, directions are known, and what is there is not missing."""
        benchmark, names = self.benchmark(), self.names()
        assert names
        assert len(set(names)) == len(names)
        assert not set(names) & set(benchmark.missing)
        for metric in benchmark.metrics:
            assert metric.name.strip()
            assert metric.name.isprintable()
            assert isinstance(metric.unit, str)
            assert metric.direction in ("maximize", "minimize")
            assert metric.source in ("measured", "predicted", "computed")
            assert metric.held_out or not metric.name.startswith("test_")

    def test_default_objective_is_one_of_the_metrics(self) -> None:
        """What is optimised by default exists, in its own direction, and is not held out."""
        benchmark = self.benchmark()
        objective = benchmark.default_objective
        (metric,) = [one for one in benchmark.metrics if one.name == objective.metric]
        assert objective.direction == metric.direction
        assert not metric.held_out

    def test_it_says_what_it_is(self) -> None:
        """Name, data set and source are one line each; settings are plain values."""
        benchmark = self.benchmark()
        for text in (benchmark.name, benchmark.dataset, benchmark.source):
            assert text.strip()
            assert "\n" not in text
        settings = dict(benchmark.settings)
        assert settings["name"] == benchmark.name
        assert json.loads(json.dumps(settings)) == settings
        assert settings == dict(self.benchmark().settings)

    def test_query_gives_a_row_an_architecture_and_a_column_a_metric(self) -> None:
        """The answer is ``(B, K)`` in the order of the question; a missing value is NaN."""
        benchmark, archs, names = self.benchmark(), self.draw(), self.names()
        values = benchmark.query(archs, names)
        assert values.shape == (len(archs), len(names))
        assert values.dtype == np.float64
        assert not np.isinf(values).any()
        assert self.agree(benchmark.query(archs, names[::-1])[:, ::-1], values, names)
        for k, name in enumerate(names):
            assert self.agree(benchmark.query(archs, [name]), values[:, [k]], [name])
        assert benchmark.query(archs, []).shape == (len(archs), 0)

    def test_answers_are_the_caller_s_own(self) -> None:
        """Overwriting an answer changes no later one."""
        benchmark, archs, names = self.benchmark(), self.draw(), self.names()
        values = benchmark.query(archs, names)
        kept = values.copy()
        values[:] = -1.0
        assert self.agree(benchmark.query(archs, names), kept, names)

    def test_no_architecture_gives_no_row(self) -> None:
        """An empty question is answered."""
        benchmark, names = self.benchmark(), self.names()
        assert benchmark.query([], names).shape == (0, len(names))
        assert benchmark.query(self.draw()[:0], names).shape == (0, len(names))

    def test_it_is_deterministic(self) -> None:
        """The same question has the same answer, from the same benchmark and from an equal one."""
        archs, names, benchmark = self.draw(), self.names(), self.benchmark()
        values = benchmark.query(archs, names)
        for again in (benchmark, self.benchmark()):
            assert self.agree(again.query(archs, names), values, names)

    def test_batched_equals_single(self) -> None:
        """A batch, in any order, gives row for row what its members give alone."""
        benchmark, archs, names = self.benchmark(), self.draw(), self.names()
        values = benchmark.query(archs, names)
        backwards = benchmark.query(archs[::-1], names)
        assert self.agree(backwards[::-1], values, names)
        for i, arch in enumerate(archs[:5]):
            assert self.agree(benchmark.query([arch], names), values[[i]], names)

    def test_unknown_metric_is_refused(self) -> None:
        """The message lists the metrics that there are."""
        try:
            self.benchmark().query(self.draw()[:1], ["no_such_metric"])
        except InvalidInput as error:
            assert "no_such_metric" in str(error)
            assert self.names()[0] in str(error)
            return
        raise AssertionError("an unknown metric was accepted")

    def test_missing_metric_says_how_to_get_it(self) -> None:
        """A metric whose table is not there raises in one line with the import command."""
        benchmark = self.benchmark()
        for name, advice in benchmark.missing.items():
            assert "agnet import" in advice
            try:
                benchmark.query(self.draw()[:1], [name])
            except MissingData as error:
                assert name in str(error)
                assert advice in str(error)
                assert "\n" not in str(error)
                continue
            raise AssertionError(f"{name} is missing, but was answered")

    def test_architectures_of_another_space_are_refused(self) -> None:
        """Foreign values raise a typed error."""
        other = SimpleNamespace(name="other", format=lambda choices: "text")
        foreign = Architecture(cast(SearchSpace, other), (0,))
        try:
            self.benchmark().query([foreign], self.names())
        except InvalidInput:
            return
        raise AssertionError("a foreign architecture was accepted")

    def test_pickled_benchmark_gives_the_same_answers(self) -> None:
        """It can be sent to another process, used or unused."""
        archs, names, benchmark = self.draw(), self.names(), self.benchmark()
        unused = pickle.dumps(self.benchmark())
        values = benchmark.query(archs, names)
        for sent in (unused, pickle.dumps(benchmark)):
            again = pickle.loads(sent)  # noqa: S301  # our own bytes
            assert dict(again.settings) == dict(benchmark.settings)
            assert self.agree(again.query(archs, names), values, names)
