"""Benchmarks: where a number comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, Final

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.benchmarks.custom import TableBenchmark
from agnet.benchmarks.function import FunctionBenchmark
from agnet.benchmarks.inherited import Inherited, open_inherited
from agnet.benchmarks.nasbench101 import NASBench101Benchmark
from agnet.benchmarks.nasbench201 import NASBench201Benchmark
from agnet.benchmarks.ofa_mbv3 import OFAMobileNetV3Benchmark
from agnet.benchmarks.real_training import RealTraining, open_real_training
from agnet.benchmarks.store import data_folder
from agnet.benchmarks.tiny_blocks import TinyBlocksBenchmark
from agnet.benchmarks.training_free import TrainingFree, open_training_free
from agnet.errors import InvalidInput
from agnet.objectives import Direction
from agnet.spaces import open_space

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "FunctionBenchmark",
    "Inherited",
    "NASBench101Benchmark",
    "NASBench201Benchmark",
    "OFAMobileNetV3Benchmark",
    "RealTraining",
    "TableBenchmark",
    "TinyBlocksBenchmark",
    "TrainingFree",
    "data_folder",
    "find_metric",
    "open_benchmark",
]

BENCHMARKS: Final[dict[str, Callable[..., Benchmark]]] = {
    "nasbench201": NASBench201Benchmark,
    "nasbench101": NASBench101Benchmark,
    "ofa_mbv3": OFAMobileNetV3Benchmark,
    "tiny_blocks": TinyBlocksBenchmark,
    "real_training": open_real_training,
    "training_free": open_training_free,
    "inherited": open_inherited,
}

PLAIN: Final = {"str": str, "int": int, "bool": bool, "Mapping[str, Any]": Mapping}
"""What settings with these annotations have to be; configuration files can say anything."""


def open_benchmark(name: str = "nasbench201", **settings: Any) -> Benchmark:
    """Opens a benchmark by name.

    Args:
        name: One of ``BENCHMARKS``, or ``table`` for a CSV of your own, at ``path`` over ``space``.
        **settings: Settings of that benchmark, such as ``dataset="cifar100"``.

    Raises:
        InvalidInput: If there is no such benchmark, or it has no such setting.
        MissingData: If it needs a file that has not been imported.
        TableError: If its file is damaged.
    """
    openers = {**BENCHMARKS, "table": _open_table}
    if not isinstance(name, str) or name not in openers:
        raise InvalidInput(f"got the benchmark {name!r}; expected one of {', '.join(BENCHMARKS)}")
    takes = signature(openers[name])
    try:
        takes.bind(**settings)
    except TypeError as error:
        raise InvalidInput(
            f"{name} cannot be opened so: {error}; it takes {', '.join(takes.parameters)}"
        ) from error
    for setting, value in settings.items():
        annotation = str(takes.parameters[setting].annotation)
        expected = PLAIN.get(annotation.removesuffix(" | None"))
        if value is None and annotation.endswith(" | None"):
            continue
        if expected is not None and (
            not isinstance(value, expected) or (expected is int and isinstance(value, bool))
        ):
            raise InvalidInput(
                f"got {setting} = {value!r}; {name} expects {expected.__name__} there"
            )
    return openers[name](**settings)


def _open_table(
    path: str,
    space: str,
    architecture: str = "arch",
    directions: Mapping[str, Direction] | None = None,
    dataset: str = "custom",
) -> TableBenchmark:
    return TableBenchmark.from_csv(
        path, open_space(space), architecture=architecture, directions=directions, dataset=dataset
    )
