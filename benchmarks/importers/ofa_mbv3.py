"""Imports what is known of Once-for-All MobileNetV3: a predictor, a look-up, measured networks."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnet.benchmarks.importers._arrays import read_arrays
from agnet.benchmarks.importers._pth import read_pth
from agnet.benchmarks.ofa_mbv3 import ACCURACY, LATENCY, MEASURED
from agnet.benchmarks.store import write_table
from agnet.errors import InvalidArchitecture, StorageError, TableError
from agnet.spaces._ofa_mbv3_cost import (
    CODES,
    DEPTHS,
    EXPANSIONS,
    KERNELS,
    RESOLUTIONS,
    Slot,
    side,
    skeleton,
)
from agnet.spaces.ofa_mbv3 import SLOTS, OFAMobileNetV3

__all__ = ["import_ofa_mbv3"]

FEATURES: Final = len(RESOLUTIONS) + SLOTS * (len(KERNELS) + len(EXPANSIONS))
MEASURED_ROWS: Final = ("ofa_ks", "ofa_e", "ofa_d", "ofa_r", "ofa_top1")
PROVENANCE: Final = (
    "{} of Once-for-All MobileNetV3 (H. Cai et al., ICLR 2020, MIT), imported from {}"
)
LOOK_UP: Final = "latency of single layers (MSuNAS, Z. Lu et al., Apache-2.0), imported from {}"


def import_ofa_mbv3(source: Path, folder: Path) -> Path:
    """Turns one file into a compact table; which one, is seen by its kind and content.

    Args:
        source: One of: the state dictionary (``.pth``, ``.pt``) of an OFA ``AccuracyPredictor``
            for the resolutions 128, 160, 192 and 224, or an ``.npz`` of the same arrays; an
            ``.npz`` of measured sub-networks, ``ofa_ks (B, 20)``, ``ofa_e (B, 20)``, ``ofa_d (B,
            5)``, ``ofa_r (B,)`` and ``ofa_top1 (B,)`` (a fraction); a latency look-up, a ``.csv``
            with the columns ``op`` and ``mean_ms`` or the ``.yaml`` of MSuNAS, whose file name
            names the device.
        folder: Where to write the table.

    Returns:
        The path of the table.

    Raises:
        TableError: If the file is truncated or of another layout.
        StorageError: If it cannot be read, or the table cannot be written.
    """
    kind = source.suffix.lower()
    if kind in (".csv", ".yaml", ".yml"):
        return _import_latency(source, folder)
    if kind in (".pth", ".pt"):
        return _import_predictor(_state_dict(source), source.name, folder)
    if kind != ".npz":
        raise TableError(
            f"got {source}; expected an accuracy predictor (.pth, .pt, .npz), measured networks "
            "(.npz) or a latency look-up (.csv, .yaml)"
        )
    arrays = read_arrays(source, ())
    if "base_acc" in arrays:
        return _import_predictor(arrays, source.name, folder)
    if set(MEASURED_ROWS) <= set(arrays):
        return _import_measured(arrays, source.name, folder)
    raise TableError(
        f"{source} has {', '.join(arrays)}; expected the weights of a predictor (base_acc, "
        f"layers.0.0.weight, ...) or measured networks ({', '.join(MEASURED_ROWS)})"
    )


def _state_dict(source: Path) -> dict[str, npt.NDArray[Any]]:
    content = read_pth(source)
    try:
        weights = content.get("state_dict", content)
        return {str(name): tensor.detach().float().numpy() for name, tensor in weights.items()}
    except (AttributeError, RuntimeError, TypeError) as error:
        raise TableError(f"{source} is no state dictionary of tensors ({error!r})") from error


def _import_predictor(arrays: Mapping[str, npt.NDArray[Any]], name: str, folder: Path) -> Path:
    hidden = sum(key.endswith(".0.weight") for key in arrays)
    width = FEATURES
    shapes: dict[str, tuple[int, ...]] = {"base_acc": (1,)}
    for i in range(hidden):
        bias = arrays.get(f"layers.{i}.0.bias", np.empty(0))
        shapes |= {f"layers.{i}.0.weight": (bias.size, width), f"layers.{i}.0.bias": (bias.size,)}
        width = bias.size
    shapes[f"layers.{hidden}.weight"] = (1, width)
    found = {key: array.shape for key, array in arrays.items()}
    if found != shapes:
        raise TableError(
            f"{name} has the arrays {found}; expected base_acc (1,), layers.0.0.weight (H, "
            f"{FEATURES}), layers.0.0.bias (H,), ..., and the weight (1, H) of a last layer; "
            f"the {FEATURES} inputs are {len(RESOLUTIONS)} resolutions, 20 x 3 kernels and "
            "20 x 3 expansions"
        )
    if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays.values()):
        raise TableError(f"{name} holds weights that are no finite numbers")
    provenance = PROVENANCE.format("accuracy predictor", name)
    return write_table(folder / f"{ACCURACY}.npz", ACCURACY, arrays, provenance)


def _import_measured(arrays: Mapping[str, npt.NDArray[Any]], name: str, folder: Path) -> Path:
    kernels, expands, depths, resolutions, top1 = (arrays[key] for key in MEASURED_ROWS)
    rows = len(top1)
    shapes = [array.shape for array in (kernels, expands, depths, resolutions, top1)]
    if shapes != [(rows, SLOTS), (rows, SLOTS), (rows, len(depths.T)), (rows,), (rows,)]:
        raise TableError(
            f"{name} has arrays of the shapes {shapes}; expected (B, 20), (B, 20), ..."
        )
    choices = np.concatenate(
        [
            _positions(resolutions[:, None], RESOLUTIONS),
            _positions(depths, DEPTHS),
            _positions(kernels, KERNELS) + 1,
            _positions(expands, EXPANSIONS) + 1,
        ],
        axis=1,
    )
    try:
        archs = OFAMobileNetV3().from_choices(choices)
    except InvalidArchitecture as error:
        raise TableError(f"{name} holds a network of another space: {error}") from error
    table: dict[str, npt.NDArray[Any]] = {
        "choices": archs.choices,
        "top1": 100.0 * top1.astype(np.float64),
    }
    provenance = PROVENANCE.format("measured accuracies", name)
    return write_table(folder / f"{MEASURED}.npz", MEASURED, table, provenance)


def _positions(values: npt.NDArray[Any], options: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Where each value is among the options; -1 if nowhere."""
    equal = values[..., None] == np.array(options)
    return np.where(equal.any(axis=-1), equal.argmax(axis=-1), -1)


def _import_latency(source: Path, folder: Path) -> Path:
    """Sums what all networks share, and arranges the rest by resolution, slot and layer code.

    The sum is over the first convolution, the fixed block, the elastic blocks that exist, the 1x1
    convolutions before and after pooling, and the classifier of 1000 classes, at width 1.0. An
    operation that is not in the look-up makes the sum NaN.
    """
    known = _operations(source)
    net = skeleton(1.0)
    fixed = [sum(known.get(op, math.nan) for op in _shared(r)) for r in RESOLUTIONS]
    layers = [
        [
            [known.get(_block(slot, *code, r), math.nan) if code else 0.0 for code in CODES]
            for slot in net.slots
        ]
        for r in RESOLUTIONS
    ]
    fixed_ms, layers_ms = np.array(fixed), np.array(layers)
    if np.isnan(fixed_ms).all() or np.isnan(layers_ms[..., 1:]).all():
        raise TableError(
            f"{source} has no latency of an OFA MobileNetV3 network; expected operations such as "
            f"{_shared(224)[0]} and {_block(net.slots[0], 3, 3, 224)}"
        )
    device = _device(source)
    table: dict[str, npt.NDArray[Any]] = {
        "fixed_ms": fixed_ms,
        "layers_ms": layers_ms,
        "device": np.array(device),
    }
    return write_table(
        folder / f"{LATENCY}_{device}.npz", LATENCY, table, LOOK_UP.format(source.name)
    )


def _device(source: Path) -> str:
    """The device that a file name names: ``ofa_lut_i7-8700K.csv`` gives ``i7_8700k``."""
    words = re.findall("[a-z0-9]+", source.stem.lower())
    device = "_".join(word for word in words if word not in ("ofa", "mbv3", "lut", "latency"))
    if not device:
        raise TableError(f"got {source.name}; name the file after the device, as in i7-8700K.csv")
    return device if device[0].isalpha() else f"device_{device}"


def _shared(resolution: int) -> list[str]:
    """The operations that every network of a resolution has."""
    net = skeleton(1.0)
    half, last = side(resolution, 1), side(resolution, 5)
    return [
        f"first_conv-input:{_shape(resolution, 3)}-output:{_shape(half, net.stem)}",
        _block(Slot(net.stem, net.stem, 1, 0, 1), 3, 1, resolution),
        f"final_expand_layer-input:{_shape(last, net.slots[-1].outputs)}"
        f"-output:{_shape(last, net.expanded)}",
        f"feature_mix_layer-input:{_shape(1, net.expanded)}-output:{_shape(1, net.features)}",
        f"classifier-input:{net.features}-output:1000",
    ]


def _block(slot: Slot, kernel: int, expand: int, resolution: int) -> str:
    before = side(resolution, slot.halvings)
    after = side(resolution, slot.halvings + slot.stride - 1)
    return (
        f"MBConv-input:{_shape(before, slot.inputs)}-output:{_shape(after, slot.outputs)}"
        f"-expand:{expand}-kernel:{kernel}-stride:{slot.stride}-idskip:{slot.shortcut}"
        f"-se:{slot.squeeze}"
    )


def _shape(side: int, channels: int) -> str:
    return f"{side}x{side}x{channels}"


def _operations(source: Path) -> dict[str, float]:
    """Reads the mean latency in ms of each operation."""
    known: dict[str, float] = {}
    try:
        with source.open(encoding="utf-8", newline="") as file:
            rows = _csv_rows(file) if source.suffix.lower() == ".csv" else _yaml_rows(file)
            for line, op, text in rows:
                value = float(text)
                if op in known or not 0 < value < math.inf:
                    raise TableError(
                        f"line {line} of {source} gives {op!r} the latency {text}; expected one "
                        "positive number for each operation"
                    )
                known[op] = value
    except OSError as error:
        raise StorageError(f"cannot read {source}: {error}") from error
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise TableError(f"{source} is no look-up of op and mean_ms ({error!r})") from error
    return known


def _csv_rows(file: Any) -> Iterator[tuple[int, str, str]]:
    reader = csv.DictReader(file)
    for row in reader:
        yield reader.line_num, row["op"], row["mean_ms"]


def _yaml_rows(file: Any) -> Iterator[tuple[int, str, str]]:
    """Reads the only form that such files have: an operation, then its mean indented."""
    op = ""
    for line, text in enumerate(file, start=1):
        key, _, value = text.rstrip().rpartition(":")
        if text[:1].strip() and not value:
            op = key
        elif key.strip() == "mean":
            yield line, op, value
