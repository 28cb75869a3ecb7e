"""A surrogate benchmark of the Once-for-All MobileNetV3 space: its numbers are predicted.

Cai, Gan, Wang, Zhang and Han, "Once-for-All: Train One Network and Specialize it for Efficient
Deployment", ICLR 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.base import Benchmark, find_metric
from agnet.benchmarks.store import data_folder, read_table
from agnet.objectives import Metric, Objective
from agnet.spaces import Architecture, Architectures
from agnet.spaces.ofa_mbv3 import EXPAND, KERNEL, SLOTS, OFAMobileNetV3, layer_codes

__all__ = ["ACCURACY", "LATENCY", "MEASURED", "OFAMobileNetV3Benchmark", "predictor_layers"]

# Kinds of imported tables, which are the beginnings of their file names as well.
ACCURACY: Final = "ofa_mbv3_accuracy"
LATENCY: Final = "ofa_mbv3_latency"
MEASURED: Final = "ofa_mbv3_measured"

NEED_ACCURACY: Final = (
    "it needs the weights of an OFA accuracy predictor of 4 resolutions, 20 kernels and 20 "
    "expansions (https://github.com/mit-han-lab/once-for-all), as .pth or .npz; "
    "then: agnet import ofa_mbv3 FILE"
)
NEED_LATENCY: Final = (
    "it needs a latency look-up of single layers, such as i7-8700K_lut.yaml "
    "(https://github.com/mikelzc1990/nsganetv2) or a CSV of op and mean_ms; "
    "then: agnet import ofa_mbv3 FILE"
)
ACCURACY_METRIC: Final = Metric(
    "val_accuracy", "%", "maximize", "predicted", description="ImageNet top-1 by a fitted MLP"
)

Column = Callable[[Architectures], npt.NDArray[np.float64]]


@final
@dataclass(frozen=True)
class OFAMobileNetV3Benchmark(Benchmark):
    """ImageNet accuracy and latency of OFA sub-networks, predicted; a surrogate benchmark.

    ``val_accuracy`` is what an MLP fitted to measured sub-networks predicts, without any noise, and
    ``<device>_latency_ms`` a sum of latencies of single layers: neither was measured on the
    architecture asked for, and what is best here is best according to these models. ``params_m``
    and ``flops_m`` are exact.

    Attributes:
        folder: Where imported tables are; :func:`agnet.benchmarks.store.data_folder` by default.
    """

    folder: Path | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder}

    @property
    def name(self) -> str:
        """``ofa_mbv3``."""
        return "ofa_mbv3"

    @property
    def dataset(self) -> str:
        """ImageNet."""
        return "ImageNet"

    @property
    def space(self) -> OFAMobileNetV3:
        """Sub-networks of the supernet of width 1.0."""
        return OFAMobileNetV3()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Accuracy and latencies as far as their tables were imported, then exact costs."""
        return self._joined.metrics

    @property
    def missing(self) -> Mapping[str, str]:
        """What needs a table that has not been imported."""
        return self._joined.missing

    @property
    def default_objective(self) -> Objective:
        """Predicted accuracy."""
        return Objective("val_accuracy", "maximize")

    @property
    def source(self) -> str:
        """The provenance of each table."""
        return self._joined.source

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name; where the tables are is not part of it."""
        return {"name": self.name}

    def query(
        self, archs: Sequence[Architecture], metrics: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Computes ``K`` metrics of ``B`` architectures; see :meth:`Benchmark.query`."""
        for name in metrics:
            find_metric(self, name)
        batch = self.space.batch(archs)
        values = np.empty((len(batch), len(metrics)))
        for k, name in enumerate(metrics):
            values[:, k] = self._joined.columns[name](batch)
        return values

    @cached_property
    def _joined(self) -> _Joined:
        """What can be computed with the tables at hand."""
        return _join(self.folder or data_folder(), self.space)


@dataclass(frozen=True)
class _Joined:
    """What there is, how each metric is computed, and what is lacking."""

    metrics: tuple[Metric, ...]
    columns: Mapping[str, Column]
    missing: Mapping[str, str]
    source: str


def _join(folder: Path, space: OFAMobileNetV3) -> _Joined:
    metrics: list[Metric] = []
    missing: dict[str, str] = {}
    columns: dict[str, Column] = {
        "params_m": lambda archs: space.params(archs) / 1e6,
        "flops_m": lambda archs: space.macs(archs) / 1e6,
    }
    sources = ["surrogate benchmark, numbers are predicted"]
    predictor = folder / f"{ACCURACY}.npz"
    if predictor.exists():
        arrays, provenance = read_table(predictor, ACCURACY)
        metrics.append(ACCURACY_METRIC)
        columns["val_accuracy"] = _Predictor(predictor_layers(arrays), float(arrays["base_acc"][0]))
        sources.append(provenance)
    else:
        missing["val_accuracy"] = NEED_ACCURACY
    for path in sorted(folder.glob(f"{LATENCY}_*.npz")):
        arrays, provenance = read_table(path, LATENCY)
        name, about = f"{arrays['device']}_latency_ms", f"sum of layers on {arrays['device']}"
        metrics.append(Metric(name, "ms", "minimize", "computed", description=about))
        columns[name] = _Latency(arrays["fixed_ms"], arrays["layers_ms"])
        sources.append(provenance)
    if len(columns) == 2 + ("val_accuracy" in columns):
        missing["i7_8700k_latency_ms"] = NEED_LATENCY
    metrics += [
        Metric("params_m", "M", "minimize", "computed", description="parameters"),
        Metric("flops_m", "M", "minimize", "computed", description="multiply-adds of one image"),
    ]
    return _Joined(
        tuple(metrics), MappingProxyType(columns), MappingProxyType(missing), "; ".join(sources)
    )


@dataclass(frozen=True)
class _Latency:
    """The latency of a network, summed over its layers.

    Attributes:
        fixed_ms: ``(4,)``, by resolution, all that every architecture has.
        layers_ms: ``(4, 20, 10)``, by resolution, slot and layer code; NaN where not measured.
    """

    fixed_ms: npt.NDArray[np.float64]
    layers_ms: npt.NDArray[np.float64]

    def __call__(self, archs: Architectures) -> npt.NDArray[np.float64]:
        resolution = archs.choices[:, 0].astype(np.int64)
        codes = layer_codes(archs.choices)
        layers = self.layers_ms[resolution[:, None], np.arange(SLOTS), codes]
        total: npt.NDArray[np.float64] = self.fixed_ms[resolution] + layers.sum(axis=1)
        return total


@dataclass(frozen=True)
class _Predictor:
    """The MLP of OFA: ReLU layers on one-hot choices, and a linear one.

    It is computed in double precision and rounded, so that an answer does not depend on the batch
    in which it was asked for.

    Attributes:
        layers: A weight ``(outputs, inputs)`` and a bias ``(outputs,)`` each.
        base: Added to the output, a fraction.
    """

    layers: Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
    base: float

    def __call__(self, archs: Architectures) -> npt.NDArray[np.float64]:
        hidden = _features(archs)
        for weight, bias in self.layers[:-1]:
            hidden = np.maximum(hidden @ weight.T + bias, 0.0)
        weight, bias = self.layers[-1]
        percent: npt.NDArray[np.float64] = 100.0 * (hidden @ weight.T + bias + self.base)[:, 0]
        rounded: npt.NDArray[np.float64] = percent.round(6)
        return rounded


def predictor_layers(
    arrays: Mapping[str, npt.NDArray[Any]],
) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Orders the weights of a predictor, named as in its official state dictionary."""
    names: list[str] = []
    while f"layers.{len(names)}.0.weight" in arrays:
        names.append(f"layers.{len(names)}.0")
    last = f"layers.{len(names)}"
    layers = [(arrays[f"{name}.weight"], arrays[f"{name}.bias"]) for name in names]
    layers.append((arrays[f"{last}.weight"], arrays.get(f"{last}.bias", np.zeros(1))))
    return [(weight.astype(np.float64), bias.astype(np.float64)) for weight, bias in layers]


def _features(archs: Architectures) -> npt.NDArray[np.float64]:
    """One-hot resolution, 20 kernels, 20 expansions; zeros for absent layers: ``(B, 124)``."""
    choices = archs.choices
    options = np.eye(4)[:, 1:]  # row 0, of an absent layer, is all zero
    parts = [
        np.eye(4)[choices[:, 0]],
        options[choices[:, KERNEL]].reshape(len(choices), 3 * SLOTS),
        options[choices[:, EXPAND]].reshape(len(choices), 3 * SLOTS),
    ]
    return np.concatenate(parts, axis=1)
