"""Builds the wheel, installs it into an empty environment and uses it from another folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORT_ALL = """
import importlib, pkgutil, agnet
from agnet.errors import MissingExtra
def walk(package):
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if info.name == "agnet.__main__":
            continue
        try:
            module = importlib.import_module(info.name)
        except MissingExtra as error:
            print(f"{info.name} says: {error}")
            continue
        names.append(info.name)
        if info.ispkg:
            walk(module)
names = []
walk(agnet)
print(f"imported {len(names)} modules from {agnet.__path__[0]}")
"""
GENERATORS = [
    "darts",
    "elastic-tiny",
    "nasbench101",
    "nasbench101-5v",
    "nasbench201",
    "ofa_mbv3",
]


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command, showing what it prints."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    print(done.stdout[-2000:], done.stderr[-2000:], sep="", flush=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed with exit code {done.returncode}")
    return done.stdout


def main() -> None:
    """Runs the whole check."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("*.whl")
        check_content(wheel)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env/bin/python"
        constraints = ROOT / "constraints.txt"
        run(python, "-m", "pip", "install", "--quiet", "-c", constraints, wheel, cwd=folder)
        run(python, "-c", IMPORT_ALL, cwd=folder)
        run(folder / "env/bin/agnet", "--help", cwd=folder)
        run(
            folder / "env/bin/agnet",
            "search",
            "--queries",
            "32",
            "--out",
            folder / "run",
            "--quiet",
            cwd=folder,
        )


def check_content(wheel: Path) -> None:
    """Checks that one name, and no imported data, goes into site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        files = {item.filename: item.file_size for item in archive.infolist()}
    top = {file.split("/")[0] for file in files if ".dist-info/" not in file}
    if top != {"agnet"}:
        raise SystemExit(f"the wheel installs {sorted(top)}; expected agnet alone")
    tables = sorted(file for file in files if file.endswith((".npz", ".npy")))
    expected = [
        "agnet/benchmarks/data/nasbench201.npz",
        "agnet/benchmarks/data/tiny_blocks_l1.npz",
        "agnet/benchmarks/data/tiny_blocks_l2.npz",
        "agnet/spaces/nasbench201_order.npy",
    ]
    if tables != expected:
        raise SystemExit(f"the wheel holds the tables {tables}; expected {expected}")
    generators = sorted(Path(file).stem for file in files if file.endswith(".pt"))
    if generators != GENERATORS:
        raise SystemExit(f"the wheel holds the generators {generators}; expected {GENERATORS}")
    size = wheel.stat().st_size
    print(f"{wheel.name}: {len(files)} files, {size / 1e6:.2f} MB, table {files[tables[0]]} bytes")


if __name__ == "__main__":
    main()
