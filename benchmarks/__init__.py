"""Benchmarks: where a number comes from."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, Final

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.benchmarks.custom import TableBenchmark
from agnet.benchmarks.nasbench101 import NASBench101Benchmark
from agnet.benchmarks.nasbench201 import NASBench201Benchmark
from agnet.benchmarks.ofa_mbv3 import OFAMobileNetV3Benchmark
from agnet.benchmarks.store import data_folder
from agnet.errors import InvalidInput
from agnet.spaces import open_space

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "NASBench101Benchmark",
    "NASBench201Benchmark",
    "OFAMobileNetV3Benchmark",
    "TableBenchmark",
    "data_folder",
    "find_metric",
    "open_benchmark",
]

BENCHMARKS: Final[dict[str, Callable[..., Benchmark]]] = {
    "nasbench201": NASBench201Benchmark,
    "nasbench101": NASBench101Benchmark,
    "ofa_mbv3": OFAMobileNetV3Benchmark,
}


def open_benchmark(name: str = "nasbench201", **settings: Any) -> Benchmark:
    """Opens a benchmark by name.

    Args:
        name: One of ``BENCHMARKS``, or ``table`` for a CSV of your own (with ``path`` and ``space``).
        **settings: Settings of that benchmark, such as ``dataset="cifar100"``.

    Raises:
        InvalidInput: If there is no such benchmark, or it has no such setting.
        MissingData: If it needs a file that has not been imported.
        TableError: If its file is damaged.
    """
    if name == "table":
        return _open_table(**settings)
    if name not in BENCHMARKS:
        raise InvalidInput(f"got the benchmark {name!r}; expected one of {', '.join(BENCHMARKS)}")
    known = signature(BENCHMARKS[name]).parameters
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise InvalidInput(
            f"got the setting {unknown[0]!r}; {name} takes {', '.join(known) or 'none'}"
        )
    return BENCHMARKS[name](**settings)


def _open_table(path: str | Path, space: str) -> TableBenchmark:
    return TableBenchmark.from_csv(Path(path), open_space(space))
