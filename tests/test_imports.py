"""Who may import whom, and what starting up may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "agnet"

BASE = {"checks", "errors", "seeds", "objectives", "files"}
ALLOWED = {
    "errors": set(),
    "checks": {"errors"},
    "seeds": {"errors"},
    "objectives": {"errors"},
    "config": {"checks", "errors", "objectives"},
    "extras": {"errors"},
    "markup": set(),
    "files": {"errors"},
    "pareto": {"errors"},
    "standing": {"objectives", "pareto"},
    "progress": {"standing"},
    "spaces": BASE | {"markup"},
    "generators": BASE | {"spaces"},
    "surrogates": BASE | {"extras", "spaces"},
    "benchmarks": BASE | {"extras", "spaces"},
    "strategies": BASE | {"extras", "pareto", "spaces", "generators", "surrogates", "benchmarks"},
    "one_shot": {"errors", "seeds", "spaces", "benchmarks", "strategies"},
    "integrations": BASE | {"extras", "spaces", "strategies"},
    "workers": set(),
    "evaluation": {"errors", "benchmarks", "spaces", "workers"},
    "stored": {"errors"},
    "storage": {"errors", "config", "files", "stored"},
    # A run asks the reports to be shown, when it is.
    "runs": BASE | {"pareto", "config", "storage", "benchmarks", "spaces", "report"},
    "preparation": BASE | {"config", "runs", "storage", "benchmarks", "spaces", "strategies"},
    "environment": set(),
    "ray_cluster": {"environment", "errors"},
    "ray_evaluation": {"errors", "extras", "benchmarks", "spaces", "evaluation"}
    | {"environment", "ray_cluster"},
    "transfer": BASE | {"pareto", "spaces", "benchmarks", "strategies"},
    "recording": None,
    "rounds": {"evaluation", "recording", "spaces"},
    "asynchronous": {"errors", "evaluation", "recording", "spaces"},
    "loop": None,
    "sweeps": None,
    "testing": None,
    "report": BASE
    | {"config", "extras", "markup", "pareto", "preparation", "runs", "storage", "sweeps"}
    | {"spaces", "generators", "surrogates", "benchmarks", "strategies"},
    "cli": None,
}
ABOVE_THE_LOOP = {"cli", "report", "testing"}


def modules() -> list[Path]:
    folders = [ROOT, ROOT / "generators", ROOT / "surrogates", ROOT / "benchmarks"]
    found = {path for folder in folders for path in folder.rglob("*.py")}
    return sorted(found - {ROOT / "__init__.py", ROOT / "__main__.py"})


def part(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {name.split(".")[1] for name in names if name.startswith("agnet.")}


def test_every_part_is_known() -> None:
    assert {part(path) for path in modules()} == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    mine = part(path)
    allowed = ALLOWED[mine]
    used = imported_parts(path) - {mine}
    if allowed is not None:
        assert used <= allowed
    elif mine not in ABOVE_THE_LOOP:
        assert not used & ABOVE_THE_LOOP


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("code", ["import agnet", "import agnet.cli"])
def test_starting_up_loads_nothing_heavy(code: str) -> None:
    heavy = {"torch", "numpy", "pandas", "scipy", "sklearn", "networkx", "matplotlib", "plotly"}
    assert not loaded_by(code) & heavy


def test_public_names_can_be_imported_and_stay_what_they_are() -> None:
    import agnet

    import_twice = [getattr(agnet, name) for name in agnet.__all__ for _ in range(2)]
    assert import_twice[::2] == import_twice[1::2]
    assert callable(agnet.search)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = agnet.nonsense
