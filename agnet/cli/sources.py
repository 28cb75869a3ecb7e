"""What the options of a search say of where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from agnet.cli.settings import read_recipe, read_settings
from agnet.errors import InvalidInput

__all__ = ["benchmark_settings", "image_settings"]

IMAGES: Final = ("real_training", "training_free", "inherited")  # on images of one's own


def image_settings(
    data: str | None,
    size: int | None,
    recipe: str | None,
    training: Sequence[str] | None,
    network: Sequence[str] | None,
    tensorboard: bool,
    weights: Path | None,
) -> dict[str, Any]:
    """Gathers what the options say of images, and of networks that learn them or have learnt."""
    how = None
    if recipe is not None or training:
        how = {"preset": recipe or "smoke", **read_recipe(training, "--train")}
    said = {
        "data": data,
        "size": size,
        "recipe": how,
        "network": read_settings(network) or None,
        "tensorboard": tensorboard or None,
        "weights": None if weights is None else str(weights.resolve()),
    }
    return {name: value for name, value in said.items() if value is not None}


def benchmark_settings(
    benchmark: str | None,
    dataset: str | None,
    table: Path | None,
    space: str | None,
    noise: bool,
    images: Mapping[str, Any],
) -> dict[str, Any]:
    """Gathers what the options say of the benchmark.

    Args:
        benchmark: Its name.
        dataset: Its data set.
        table: A CSV in its place.
        space: The search space of the CSV, or of networks that are trained.
        noise: Whether it is to answer with single runs.
        images: What :func:`image_settings` returned.

    Raises:
        InvalidInput: If they do not go together.
    """
    if images:
        usual = "inherited" if "weights" in images else "real_training"
        name = benchmark or (usual if "data" in images or "weights" in images else None)
        if name is None:
            raise InvalidInput(
                f"got {_typed(images)} without --data; networks are trained on images, as in "
                "--data digits"
            )
        others = {"--table": table, "--dataset": dataset, "--noise": noise or None}
        clashing = [option for option, value in others.items() if value is not None]
        if name not in IMAGES:
            clashing.append(f"--benchmark {name}")
        if clashing:
            raise InvalidInput(
                f"got {_typed(images)} and {', '.join(clashing)}; networks on images go without "
                "--table, --dataset and --noise, and with no --benchmark but "
                f"{', '.join(IMAGES)}"
            )
        return {"name": name, **({} if space is None else {"space": space}), **images}
    if table is not None:
        if benchmark is not None or dataset is not None or noise:
            raise InvalidInput("--table stands alone: no --benchmark, --dataset or --noise with it")
        if space is None:
            raise InvalidInput("--table needs --space, the search space of its architectures")
        return {"name": "table", "path": str(table.resolve()), "space": space}
    if space is not None:
        raise InvalidInput("--space is for --table and --data; a benchmark has one of its own")
    settings = {"name": benchmark, "dataset": dataset, "noise": noise or None}
    return {name: value for name, value in settings.items() if value is not None}


def _typed(images: Mapping[str, Any]) -> str:
    """The options that :func:`image_settings` was given, as they were typed."""
    options = [f"--{name}" for name in images if name != "recipe"]
    how = images.get("recipe", {})
    if how and (len(how) == 1 or how["preset"] != "smoke"):
        options.append("--recipe")
    return ", ".join([*options, "--train"] if len(how) > 1 else options)
