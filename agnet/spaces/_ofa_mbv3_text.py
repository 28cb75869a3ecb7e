"""Reads the texts of OFA MobileNetV3 architectures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from agnet.errors import InvalidArchitecture
from agnet.spaces._ofa_mbv3_cost import (
    CODES,
    DEPTHS,
    EXPANSIONS,
    KERNELS,
    LAYERS,
    RESOLUTIONS,
    STAGES,
)

__all__ = ["NAMES", "read_choices"]

SLOTS: Final = STAGES * LAYERS
NAMES: Final = ("", *[f"k{code[0]}e{code[1]}" for code in CODES if code])  # by layer code


def read_choices(text: str) -> list[int]:
    """Reads ``r224:k3e6,k5e4:...`` or a JSON object as canonical choices.

    Raises:
        InvalidArchitecture: If the text is malformed; the message says where.
    """
    if text.lstrip().startswith("{"):
        return _read_json(text)
    head, *stages = text.strip().split(":")
    if len(stages) != STAGES:
        raise InvalidArchitecture(
            f"got {len(stages)} stages joined by ':' in {text!r}; expected a resolution and "
            f"{STAGES} stages, as in r224:k3e6,k5e4:k7e3,k3e3:k3e3,k3e3:k3e3,k3e3:k3e3,k3e3"
        )
    resolution = _option(head, [f"r{r}" for r in RESOLUTIONS], "resolution", text)
    codes = [_stage(layers, stage, text) for stage, layers in enumerate(stages, start=1)]
    depths = [LAYERS - stage.count(0) - DEPTHS[0] for stage in codes]
    layers = [divmod(code - 1, len(KERNELS)) if code else (-1, -1) for code in sum(codes, [])]
    expands, kernels = zip(*layers, strict=True)
    return [resolution, *depths, *(k + 1 for k in kernels), *(e + 1 for e in expands)]


def _option(got: object, options: Sequence[Any], what: str, text: str) -> int:
    """The position of a value among the options."""
    if got not in options:
        known = ", ".join(map(str, options))
        raise InvalidArchitecture(f"got {got!r} as {what} in {text!r}; expected one of {known}")
    return options.index(got)


def _stage(layers: str, stage: int, text: str) -> list[int]:
    """Reads the layers of one stage as four codes."""
    names = layers.split(",")
    if len(names) not in DEPTHS:
        raise InvalidArchitecture(
            f"got {len(names)} layer(s) in stage {stage} of {text!r}; expected 2, 3 or 4"
        )
    codes = [
        1 + _option(name, NAMES[1:], f"layer {layer} of stage {stage}", text)
        for layer, name in enumerate(names, start=1)
    ]
    return codes + [0] * (LAYERS - len(codes))


def _read_json(text: str) -> list[int]:
    """Reads what the OFA tools print as choices."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArchitecture(f"got {text!r}, which is no JSON object: {error}") from error
    lengths = {"ks": SLOTS, "e": SLOTS, "d": STAGES}
    known = {*lengths, "r", "wid"}  # wid is null where the width is not searched
    if not {*lengths, "r"} <= set(given) <= known or given.get("wid") is not None:
        raise InvalidArchitecture(
            f"got the keys {', '.join(given)} in {text!r}; expected ks, e, d and r"
        )
    for key, length in lengths.items():
        if not isinstance(given[key], list) or len(given[key]) != length:
            raise InvalidArchitecture(f"expected a list of {length} numbers as {key} in {text!r}")
    r = given["r"][0] if isinstance(given["r"], list) and len(given["r"]) == 1 else given["r"]
    depths = [_option(d, DEPTHS, f"depth of stage {i}", text) for i, d in enumerate(given["d"], 1)]
    kernels, expands = [0] * SLOTS, [0] * SLOTS
    for slot in range(SLOTS):
        stage, layer = divmod(slot, LAYERS)
        if layer < DEPTHS[depths[stage]]:
            where = f"of layer {layer + 1} of stage {stage + 1}"
            kernels[slot] = 1 + _option(given["ks"][slot], KERNELS, f"kernel {where}", text)
            expands[slot] = 1 + _option(given["e"][slot], EXPANSIONS, f"expansion {where}", text)
    return [_option(r, RESOLUTIONS, "resolution", text), *depths, *kernels, *expands]
