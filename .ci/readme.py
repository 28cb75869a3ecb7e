"""Runs the shell commands and Python examples of the README and the tutorial, as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXTS = ("README.md", "experiments/your_images.md")


def main() -> None:
    """Runs every ``console`` and ``python`` block."""
    for name in TEXTS:
        run(name)


def run(name: str) -> None:
    """Runs those of one text, in a folder of its own."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```(console|python)\n(.*?)```", text, flags=re.DOTALL)
    if not blocks:
        raise SystemExit(f"{name} has no commands")
    environment = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"}
    environment.pop("AGNET_DATA", None)  # a reader has imported nothing
    with tempfile.TemporaryDirectory() as folder:
        for kind, block in blocks:
            for command in commands(kind, block):
                print(f"-- {' '.join(command)[:100]}", flush=True)
                subprocess.run(command, cwd=folder, env=environment, check=True)


def commands(kind: str, block: str) -> list[list[str]]:
    """Returns what a block runs; ``make`` and installation were run before."""
    if kind == "python":
        return [["python", "-c", block]]
    lines = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return [["bash", "-c", line] for line in lines if not line.startswith(("make", "pip", "git"))]


if __name__ == "__main__":
    main()
