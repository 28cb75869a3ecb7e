from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import nats_bench
import numpy as np
import pytest

from agnet.benchmarks.importers._accuracies import KIND
from agnet.benchmarks.importers.natsbench import import_natsbench
from agnet.benchmarks.nasbench201 import DATASETS
from agnet.benchmarks.store import read_table
from agnet.errors import StorageError, TableError
from tests.benchmarks.importers.official import SEEDS, TEXTS, Malicious, results

CELLS = [0, 3, 6111, 15_624]
SIMPLE = "NATS-tss-v1_0-3ffb9-simple"
FULL = "NATS-tss-v1_0-3ffb9.pickle"


def schedules(index: int) -> dict[str, Any]:
    return {"12": results(nats_bench, index, 3, (777,)), "200": results(nats_bench, index, 5)}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three forms in which the archive is published."""
    root = tmp_path_factory.mktemp("nats")
    folder = root / SIMPLE
    folder.mkdir()
    infos = {index: schedules(index) for index in CELLS}
    meta = {"meta_archs": TEXTS, "evaluated_indexes": set(CELLS)}
    nats_bench.pickle_save(meta, folder / "meta.pickle")
    for index, info in infos.items():
        nats_bench.pickle_save(info, folder / f"{index:06d}.pickle")
    nats_bench.pickle_save({**meta, "arch2infos": infos}, root / FULL)
    with tarfile.open(root / f"{SIMPLE}.tar", "w") as archive:
        archive.add(folder, SIMPLE)
    return {
        "folder": folder,
        "tar": root / f"{SIMPLE}.tar",
        "file": root / f"{FULL}.pbz2",
    }


@pytest.mark.parametrize("form", ["folder", "tar", "file"])
def test_import_equals_asking_the_official_package(
    archives: dict[str, Path], form: str, tmp_path: Path
) -> None:
    table, provenance = read_table(import_natsbench(archives[form], tmp_path), KIND)
    opened = "file" if form == "file" else "folder"
    api = nats_bench.create(str(archives[opened]), "tss", opened == "folder", verbose=False)
    assert archives[form].name in provenance
    assert table["seeds"].tolist() == list(SEEDS)
    assert np.flatnonzero(np.isfinite(table["test_200"][:, 0])).tolist() == CELLS
    for at, dataset in enumerate(DATASETS):
        setting = "cifar10-valid" if dataset == "cifar10" else dataset
        for cell in CELLS:
            for place, seed in enumerate(SEEDS):
                info = api.get_more_info(cell, setting, hp="200", is_random=seed)
                assert np.isclose(table["val_200_runs"][cell, at, place], info["valid-accuracy"])
            full = api.get_more_info(cell, setting, hp="200", is_random=False)
            test = api.get_more_info(cell, dataset, hp="200", is_random=False)
            short = api.get_more_info(cell, setting, hp="12", is_random=False)
            short_test = api.get_more_info(cell, dataset, hp="12", is_random=False)
            cost = api.get_cost_info(cell, setting, hp="200")
            assert np.isclose(table["train_seconds"][cell, at], full["train-all-time"])
            assert np.isclose(table["test_200"][cell, at], test["test-accuracy"])
            assert np.isclose(table["val_12"][cell, at], short["valid-accuracy"])
            assert np.isclose(table["test_12"][cell, at], short_test["test-accuracy"])
            assert np.isclose(table["latency_s"][cell, at], cost["latency"])
            assert np.isclose(table["params_m"][cell, at], cost["params"])
            assert np.isclose(table["flops_m"][cell, at], cost["flops"])


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty"])
def test_damaged_cell_is_refused(archives: dict[str, Path], damage: str, tmp_path: Path) -> None:
    folder = tmp_path / SIMPLE
    folder.mkdir()
    for path in archives["folder"].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    cell = folder / "000003.pickle.pbz2"
    whole = cell.read_bytes()
    cell.write_bytes({"truncated": whole[:-100], "foreign": b"no bz2" * 99, "empty": b""}[damage])
    with pytest.raises(TableError, match=r"000003\.pickle\.pbz2 of .* is truncated"):
        import_natsbench(folder, tmp_path)
    assert not (tmp_path / "nasbench201.npz").exists()


@pytest.mark.parametrize("form", ["tar", "file"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_truncated_archive_is_refused(
    archives: dict[str, Path], form: str, share: float, tmp_path: Path
) -> None:
    whole = archives[form].read_bytes()
    short = tmp_path / archives[form].name
    short.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(TableError, match=short.name):
        import_natsbench(short, tmp_path)


def test_tar_cut_between_two_files_is_refused(archives: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(archives["tar"]) as archive:
        last = archive.getmembers()[-1]
    (tmp_path / "cut.tar").write_bytes(archives["tar"].read_bytes()[: last.offset])
    with pytest.raises(TableError, match="its end is missing"):
        import_natsbench(tmp_path / "cut.tar", tmp_path)


@pytest.mark.parametrize("place", ["meta", "000000"])
def test_code_in_an_archive_is_refused_and_does_not_run(tmp_path: Path, place: str) -> None:
    trap = tmp_path / "it ran"
    nats_bench.pickle_save({"meta_archs": TEXTS}, tmp_path / "meta.pickle")
    nats_bench.pickle_save(Malicious(str(trap)), tmp_path / f"{place}.pickle")
    with pytest.raises(TableError, match=r"posix\.mkdir is not allowed"):
        import_natsbench(tmp_path, tmp_path / "tables")
    assert not trap.exists()


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"lacks meta\.pickle\.pbz2"):
        import_natsbench(tmp_path, tmp_path)
    nats_bench.pickle_save({"meta_archs": TEXTS}, tmp_path / "meta.pickle")
    with pytest.raises(TableError, match="holds no result"):
        import_natsbench(tmp_path, tmp_path)
    nats_bench.pickle_save({"90": {}}, tmp_path / "000000.pickle")
    with pytest.raises(TableError, match="of another layout"):
        import_natsbench(tmp_path, tmp_path)
    nats_bench.pickle_save({"meta_archs": ["8:8:8:8:8"]}, tmp_path / "size.pickle")
    with pytest.raises(TableError, match="no NAS-Bench-201 cell"):
        import_natsbench(tmp_path / "size.pickle.pbz2", tmp_path)
    with pytest.raises(StorageError, match="cannot read"):
        import_natsbench(tmp_path / "none.tar", tmp_path)
