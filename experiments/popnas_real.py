"""POPNASv2 by real training on small images: the whole of it, on a desktop, in minutes.

    python -m experiments.popnas_real run --data FOLDER     (the "python version" of CIFAR-10)
    python -m experiments.popnas_real table                 (prints the tables from what is there)
    python -m experiments.popnas_real figure                (draws predictions, fronts and time)

CIFAR-10 at 16x16 pixels, 2,000 images to train and 500 to choose by, 2 epochs; cells of up to 3
blocks of 3 operations, 3 cells a network of 8 filters; at most 8 cells a step and 2 to explore; and
PNAS with as many. Seconds are of CPU, of the median update. Five cells of one block are trained
three times more, to see how far their seconds agree. At this size accuracies are mostly noise: it
is the mechanism that is shown.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import avg_pool2d

from agnet.benchmarks.networks import BlockSkeleton
from agnet.benchmarks.real_training import RealTraining
from agnet.benchmarks.training import ImageData, LabelledImages, Recipe, cifar10_python, hold_out
from agnet.pareto import non_dominated
from agnet.seeds import stream
from agnet.spaces import BlockCells
from experiments.growing import errors, grow
from experiments.recorded import Row, parser, table

SPACE: Final = BlockCells(3, 2, ("identity", "sep_conv_3x3", "conv_3x3"))
SKELETON: Final = BlockSkeleton(motifs=2, cells=1, filters=8)
RECIPE: Final = Recipe(epochs=2, batch=64, rate=0.01, period=0)
GOALS: Final = ("maximize val_accuracy", "minimize train_seconds")
ARMS: Final[dict[str, dict[str, Any]]] = {
    "popnas": {"kept": 8, "explored": 2, "cells": SKELETON.macro.depth},
    "pnas": {"mode": "pnas", "kept": 8, "cells": SKELETON.macro.depth},
}
TRAINED, CHOSEN_BY = 2_000, 500
TIMED, TIMES = 5, 3
COLORS: Final = ("#56B4E9", "#E69F00", "#D55E00")


def main() -> None:
    """Runs both searches, or prints what they found."""
    made = parser(__doc__, ("run", "table", "figure"), "popnas_real", 1)
    made.add_argument("--data", type=Path, help="the folder of data_batch_1 and so on")
    given = made.parse_args()
    if given.what == "figure":
        print(figure(given.results))
        return
    if given.what == "run":
        if given.data is None:
            made.error("run needs --data, the folder of CIFAR-10's python version")
        benchmark = RealTraining(SPACE, small(given.data, TRAINED, CHOSEN_BY), RECIPE, SKELETON)
        given.results.mkdir(parents=True, exist_ok=True)
        for arm, options in ARMS.items():
            path = given.results / f"{arm}.json"
            if not path.exists():
                path.write_text(json.dumps(run(benchmark, options), indent=1) + "\n")
                print(f"{arm} is done", flush=True)
        path = given.results / "repeats.json"
        if not path.exists():
            path.write_text(json.dumps(repeats(benchmark)) + "\n")
    print(found_table(given.results), step_table(given.results), sep="\n\n")
    print(repeat_table(given.results))


def small(folder: Path, trained: int, chosen_by: int) -> ImageData:
    """CIFAR-10 with half of the pixels a side, and few of the images, as many of each class."""
    full = cifar10_python(folder)
    rng = stream(0, "subset")

    def some(images: LabelledImages, count: int) -> LabelledImages:
        _, kept = hold_out(images, count / len(images), rng)
        return LabelledImages(avg_pool2d(kept.images, 2), kept.labels)

    train, validation = some(full.train, trained), some(full.validation, chosen_by)
    return ImageData("cifar10-16px", train, validation, some(full.test, chosen_by), 10)


def run(benchmark: RealTraining, options: dict[str, Any]) -> Row:
    """One search; what was predicted and what came of every cell."""
    torch.set_num_threads(1)
    began = time.perf_counter()
    values, plan = grow(benchmark, GOALS, 0, options)
    wall = time.perf_counter() - began
    cells = [
        {
            "arch": str(arch),
            "step": int(step),
            "explored": bool(explored),
            "predicted": [None if np.isnan(x) else round(float(x), 4) for x in predicted],
            "measured": [round(float(x), 4) for x in value],
        }
        for arch, step, explored, predicted, value in zip(
            plan.archs, plan.step, plan.explored, plan.predicted, values, strict=True
        )
    ]
    return {"minutes": round(wall / 60, 2), "steps": errors(plan, values), "cells": cells}


def repeats(benchmark: RealTraining) -> Row:
    """The seconds of some cells of one block, each trained several times."""
    first = SPACE.grown(SPACE.batch([SPACE.parse("[]")]))
    cells = first[:: len(first) // TIMED][:TIMED]
    seconds = [benchmark.query(cells, ["train_seconds"])[:, 0].tolist() for _ in range(TIMES)]
    return {"cells": list(map(str, cells)), "seconds": np.round(seconds, 4).T.tolist()}


def found_table(results: Path) -> str:
    """How many networks were trained, for how long, and what they are worth."""
    there = {arm: found for arm in ARMS if (found := _read(results / f"{arm}.json"))}
    measured = {
        arm: np.array([cell["measured"] for cell in found["cells"]]) for arm, found in there.items()
    }
    lines = []
    for arm, values in measured.items():
        total = values[:, 1].sum()
        speed = f"{measured['pnas'][:, 1].sum() / total:.2f}" if "pnas" in measured else "-"
        front = int(non_dominated(values * [-1.0, 1.0]).sum())
        spent = [len(values), f"{total:.0f}", there[arm]["minutes"]]
        lines.append([arm, *spent, f"{values[:, 0].max():.1f}", front, speed])
    head = ["arm", "networks", "training seconds", "minutes in all", "best accuracy (%)"]
    return table([*head, "on the front", "speed-up against PNAS"], lines)


def step_table(results: Path) -> str:
    """How good predictions were at each step."""
    lines = []
    for arm in ARMS:
        for at, step in enumerate((_read(results / f"{arm}.json") or {"steps": []})["steps"], 2):
            line: list[object] = [arm, at, step["cells"], step["explored"]]
            for name in ("accuracy", "seconds"):
                one = step.get(name, {"rho": "-", "mape": "-", "bias": "-"})
                line += [one["rho"], one["mape"], one["bias"]]
            lines.append(line)
    head = ["arm", "blocks", "cells", "explored", "accuracy: rank correlation", "error (%)"]
    return table([*head, "bias (%)", "seconds: rank correlation", "error (%)", "bias (%)"], lines)


def repeat_table(results: Path) -> str:
    """How far the seconds of a cell differ from time to time."""
    found = _read(results / "repeats.json") or {"cells": [], "seconds": []}
    lines = []
    for arch, seconds in zip(found["cells"], found["seconds"], strict=True):
        share = 100 * np.std(seconds, ddof=1) / np.mean(seconds)
        lines.append([arch, f"{np.mean(seconds):.2f}", f"{share:.1f}"])
    return table(["cell", "training seconds", "deviation (%)"], lines)


def figure(results: Path) -> Path:
    """Draws what was predicted and measured, and the time of both searches; returns where it lies.

    An arrow leads from the prediction of a cell to what was measured; the line joins the front.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    drawing, axes = pyplot.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    for panel, (arm, marker) in zip(axes, zip(ARMS, "os", strict=True), strict=False):
        cells = json.loads((results / f"{arm}.json").read_text())["cells"]
        _draw_cells(panel, cells, marker)
        panel.set(title=arm, xlabel="training seconds", ylabel="validation accuracy (%)")
        spent = np.cumsum([cell["measured"][1] for cell in cells])
        axes[2].plot(np.arange(1, len(spent) + 1), spent, label=arm, marker=marker, markersize=3)
    axes[0].legend(fontsize="small")
    axes[2].set(title="time of the searches", xlabel="networks", ylabel="training seconds in all")
    axes[2].legend(fontsize="small")
    path = results / "fronts.png"
    drawing.savefig(path, dpi=110)
    pyplot.close(drawing)
    return path


def _draw_cells(panel: Any, cells: list[Row], marker: str) -> None:
    measured = np.array([cell["measured"] for cell in cells])
    steps = np.array([cell["step"] for cell in cells])
    for step, color in enumerate(COLORS):
        accuracy, seconds = measured[steps == step].T
        blocks = f"{step + 1} block{'s' if step else ''}"
        panel.plot(seconds, accuracy, marker, color=color, label=blocks, markersize=5)
    _draw_front(panel, measured, "-", "front, measured")
    known = [cell for cell in cells if None not in cell["predicted"]]
    if not known:  # the other arm predicts no seconds
        return
    _draw_front(panel, np.array([cell["predicted"] for cell in known]), ":", "front, predicted")
    for cell in known:
        tip, tail = cell["measured"][::-1], cell["predicted"][::-1]
        panel.annotate("", tip, tail, arrowprops={"arrowstyle": "->", "alpha": 0.4, "lw": 0.8})


def _draw_front(panel: Any, points: npt.NDArray[np.float64], style: str, label: str) -> None:
    front = points[non_dominated(points * [-1.0, 1.0])]
    front = front[front[:, 1].argsort()]
    panel.step(front[:, 1], front[:, 0], style, where="post", color="black", lw=1, label=label)


def _read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


if __name__ == "__main__":
    main()
