"""Importers: an official download becomes one compact table."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from agnet.benchmarks.importers.hwnasbench import import_hwnasbench
from agnet.benchmarks.importers.nasbench101 import import_nasbench101
from agnet.benchmarks.importers.nasbench201 import import_nasbench201
from agnet.benchmarks.importers.natsbench import import_natsbench
from agnet.benchmarks.importers.ofa_mbv3 import import_ofa_mbv3

__all__ = ["IMPORTERS"]

IMPORTERS: Final[dict[str, Callable[[Path, Path], Path]]] = {
    "nasbench201": import_nasbench201,
    "natsbench": import_natsbench,
    "hwnasbench": import_hwnasbench,
    "nasbench101": import_nasbench101,
    "ofa_mbv3": import_ofa_mbv3,
}
