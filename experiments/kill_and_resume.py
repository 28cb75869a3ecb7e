"""Kills a real search at random moments, resumes it, and compares it with an unbroken one.

    python experiments/kill_and_resume.py [--kills 20] [--strategy gp] [--workers 0]

Prints what differs (nothing), and writes experiments/results/kill_and_resume.json.
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

from agnet import Run

RESULTS = Path(__file__).parent / "results" / "kill_and_resume.json"


def main() -> None:
    """Runs one search unbroken and one in pieces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--strategy", default="gp")
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        whole, broken = Path(name) / "whole", Path(name) / "broken"
        settings = ["--strategy", given.strategy, "--queries", str(given.queries)]
        settings += ["--batch", str(given.batch)]
        start(whole, [*settings, "--workers", str(given.workers)]).wait()
        recorded = kill_often(broken, settings, given.kills, given.workers)
        start(broken, ["--resume", "--workers", str(given.workers)]).wait()
        different = compare(whole, broken)
    print(f"killed {given.kills} times, at {recorded} recorded queries; {different} rows differ")
    result = {**vars(given), "recorded_at_kills": recorded, "rows_that_differ": different}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result) + "\n")
    sys.exit(bool(different))


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
