"""Makes the pictures of reports in results/report: searches, writes pages, and looks at them.

``python -m experiments.report_pictures`` needs chromium and its driver, as ``make test-browser``
does, and takes two minutes.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from agnet import Run, open_benchmark, search
from agnet.report import report_page
from tests.browser.driver import Browser, browser

OUT: Final = Path(__file__).parent / "results" / "report"
STRATEGIES: Final = ("random", "evolution", "local_search", "eda", "gp")
SEEDS: Final = 30
COLOURS: Final = 128  # of a picture: it is stored in the repository
THREE: Final = ("maximize val_accuracy", "minimize flops_m", "minimize gpu_latency_ms")


def sweeps() -> dict[str, list[Run]]:
    """Thirty seeds of five strategies, one objective."""
    benchmark = open_benchmark("nasbench201")
    return {
        name: [search(benchmark, strategy=name, queries=48, seed=seed) for seed in range(SEEDS)]
        for name in STRATEGIES
    }


def three(folder: Path) -> dict[str, list[Run]]:
    """One run with three objectives and a limit; its generator is read from its folder."""
    benchmark = open_benchmark("nasbench201")
    run = search(
        benchmark,
        objectives=THREE,
        limits=("params_m<=1",),
        queries=96,
        batch=8,
        out=folder,
    )
    return {"agnet": [run]}


def take(window: Browser, page: Path, name: str, width: int, height: int, *, top: str) -> None:
    """Opens a page, scrolls to what ``top`` selects, and stores what is seen."""
    window.phone(width, height)
    window.open(page.as_uri())
    drawn = "return [...document.querySelectorAll('.plot')].every(p => p.querySelector('svg'))"
    while not window.run(drawn):
        time.sleep(0.1)
    window.run("document.querySelector(arguments[0]).scrollIntoView()", top)
    if "map" in top:
        point = "arguments[0] + ' .points path:last-of-type'"
        x, y = window.run(
            f"const box = document.querySelector({point}).getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]",
            top,
        )
        window.point(round(x), round(y))
    time.sleep(1)
    whole = io.BytesIO()
    path = OUT / f"{name}.png"
    window.picture(path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(COLOURS).save(whole, "PNG", optimize=True)
    path.write_bytes(whole.getvalue())


def main() -> None:
    """Makes all pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as window:
        pages = {}
        made: Mapping[str, Mapping[str, Sequence[Run]]] = {
            "sweeps": sweeps(),
            "three": three(Path(folder) / "run"),
        }
        for name, groups in made.items():
            pages[name] = Path(folder) / f"{name}.html"
            pages[name].write_text(report_page(groups), encoding="utf-8")
        take(window, pages["sweeps"], "desktop", 1280, 1180, top="h1")
        window.prefer("dark")
        take(window, pages["three"], "dark", 1280, 900, top="#fronts")
        take(window, pages["three"], "phone", 390, 844, top="#chart-map-0")


if __name__ == "__main__":
    main()
