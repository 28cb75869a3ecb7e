"""The text of elastic networks: ``r32-x2:k3e4,k5e2:k3e3``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnet.errors import InvalidArchitecture
from agnet.spaces.elastic.config import CONV, ELASTIC, LIGHT, ElasticConfig, Layer

__all__ = ["layer_name", "read_text", "write_text"]


def layer_name(layer: Layer) -> str:
    """Names a layer by its branches: ``k3e6``, ``k3e6+conv+light``, ``conv``."""
    elastic = [f"k{layer.kernel}e{layer.expansion}"] if layer.branches & ELASTIC else []
    conv = ["conv"] if layer.branches & CONV else []
    return "+".join([*elastic, *conv, *(["light"] if layer.branches & LIGHT else [])])


def _heads(config: ElasticConfig) -> list[tuple[str, list[str]]]:
    """What the first part of a text says, and how each option is written."""
    made = [("resolution", [f"r{side}" for side in config.resolutions])]
    if len(config.widths) > 1:
        made.append(("width", [f"w{width:g}" for width in config.widths]))
    if len(config.exits) > 1:
        made.append(("exit", [f"x{last}" for last in config.exits]))
    return made


def write_text(config: ElasticConfig, heads: Sequence[int], codes: Sequence[Sequence[int]]) -> str:
    """Writes positions ``(3,)`` and codes ``(S, L)`` in canonical form."""
    given = [heads[0]]
    given += heads[1:2] if len(config.widths) > 1 else []
    given += heads[2:] if len(config.exits) > 1 else []
    first = "-".join(words[at] for at, (_, words) in zip(given, _heads(config), strict=True))
    stages = [[layer for code in stage if (layer := config.codes[code])] for stage in codes]
    return ":".join([first, *(",".join(map(layer_name, stage)) for stage in stages if stage)])


def read_text(config: ElasticConfig, text: str) -> tuple[list[int], list[list[int]]]:
    """Reads positions of resolution, width and exit, and the codes ``(S, L)``.

    Raises:
        InvalidArchitecture: If the text is malformed; the message says where.
    """
    first, *stages = text.strip().split(":")
    heads, words = _heads(config), first.split("-")
    if len(words) != len(heads):
        raise InvalidArchitecture(
            f"got {first!r} at the beginning of {text!r}; expected "
            f"{', '.join(what for what, _ in heads)}, as in "
            f"{'-'.join(options[-1] for _, options in heads)}"
        )
    found = {
        what: _option(word, options, what, text)
        for word, (what, options) in zip(words, heads, strict=True)
    }
    last = config.exits[found.get("exit", 0)]
    if len(stages) != last:
        raise InvalidArchitecture(
            f"got {len(stages)} stages joined by ':' in {text!r}; expected {last}"
        )
    codes = [_stage(config, stage, at, text) for at, stage in enumerate(stages, start=1)]
    codes += [[0] * config.layers] * (len(config.stages) - last)
    return [found["resolution"], found.get("width", 0), found.get("exit", 0)], codes


def _stage(config: ElasticConfig, stage: str, at: int, text: str) -> list[int]:
    names = stage.split(",")
    if len(names) not in config.depths:
        raise InvalidArchitecture(
            f"got {len(names)} layer(s) in stage {at} of {text!r}; expected "
            f"{config.depths[0]} to {config.layers}"
        )
    known = ["" if layer is None else layer_name(layer) for layer in config.codes]
    codes = [
        1 + _option(name, known[1:], f"layer {layer} of stage {at}", text)
        for layer, name in enumerate(names, start=1)
    ]
    return codes + [0] * (config.layers - len(codes))


def _option(got: str, options: Sequence[Any], what: str, text: str) -> int:
    if got not in options:
        known = ", ".join(dict.fromkeys(options))
        raise InvalidArchitecture(f"got {got!r} as {what} in {text!r}; expected one of {known}")
    return options.index(got)
