"""Kills real searches at random moments, resumes them, and compares them with unbroken ones.

    python experiments/kill_and_resume.py [--strategies agnet gp ...] [--kills 20] [--workers 0]

With ``--minimize flops_m`` the searches have two objectives, with ``--set sampler=cmaes`` a setting
of their strategy. Prints what differs (nothing), and
writes experiments/results/kill_and_resume.json, in which other searches stay as they are.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agnet import Run

RESULTS = Path(__file__).parent / "results" / "kill_and_resume.json"


def main() -> None:
    """Compares every strategy that was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strategies", nargs="+", default=["agnet"])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--minimize", help="a metric that is the second objective")
    parser.add_argument("--set", nargs="+", default=[], help="settings, each NAME=VALUE")
    given = vars(parser.parse_args())
    different = 0
    for strategy in given.pop("strategies"):
        found = compare_one(strategy, **given)
        different += found["rows_that_differ"]
        print(strategy, found, flush=True)
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        what = ", ".join(name for name in (strategy, given["minimize"], *given["set"]) if name)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results | {what: found}, sort_keys=True) + "\n")
    sys.exit(bool(different))


def compare_one(strategy: str, **given: Any) -> dict[str, Any]:
    """Runs one search unbroken and one in pieces, and says what was done and found."""
    kills, minimize, workers = given.pop("kills"), given["minimize"], given["workers"]
    settings = ["--strategy", strategy]
    for name in ("queries", "batch"):
        settings += [f"--{name}", str(given[name])]
    for setting in given.pop("set"):
        settings += ["--set", setting]
    if minimize:
        settings += ["--maximize", "val_accuracy", "--minimize", minimize]
    with tempfile.TemporaryDirectory() as name:
        whole, broken = Path(name) / "whole", Path(name) / "broken"
        start(whole, [*settings, "--workers", str(workers)]).wait()
        recorded = kill_often(broken, settings, kills, workers)
        start(broken, ["--resume", "--workers", str(workers)]).wait()
        different = compare(whole, broken)
    return given | {"recorded_at_kills": recorded, "rows_that_differ": different}


def start(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Starts ``agnet search`` in a process of its own."""
    command = [sys.executable, "-m", "agnet", "search", "--quiet", "--out", str(folder)]
    return subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL)


def kill_often(folder: Path, settings: list[str], kills: int, workers: int) -> list[int]:
    """Starts or resumes the search and kills it soon after it got further, again and again.

    Returns:
        How many queries were recorded at each kill.
    """
    chance = random.Random(0)
    recorded = [0]
    for _ in range(kills):
        fresh = not (folder / "config.toml").exists()
        arguments = settings if fresh else ["--resume"]
        process = start(folder, [*arguments, "--workers", str(workers)])
        while process.poll() is None and rows(folder) <= recorded[-1]:
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        process.wait()
        recorded.append(rows(folder))
    return recorded[1:]


def rows(folder: Path) -> int:
    """Returns how many queries are in the history."""
    history = folder / "history.csv"
    return max(history.read_text().count("\n") - 1, 0) if history.exists() else 0


def compare(first: Path, second: Path) -> int:
    """Returns how many rows differ in anything but the seconds they took."""
    tables = [Run.open(folder).history.drop(columns="seconds") for folder in (first, second)]
    if len(tables[0]) != len(tables[1]):
        return max(map(len, tables))
    same = (tables[0] == tables[1]) | (tables[0].isna() & tables[1].isna())
    return int((~same.all(axis=1)).sum())


if __name__ == "__main__":
    main()
