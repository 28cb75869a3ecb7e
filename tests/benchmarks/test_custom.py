from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agnet.benchmarks.custom import TableBenchmark
from agnet.errors import AgnetError, InvalidInput, StorageError, TableError
from agnet.objectives import Objective
from agnet.spaces import NASBench201, OFAMobileNetV3
from agnet.testing.benchmarks import BenchmarkContract

SPACE = NASBench201()
FIRST, SECOND, THIRD = (str(arch) for arch in SPACE.enumerate()[:3])
HEADER = "arch,val_accuracy,test_accuracy,gpu_latency_ms\n"
GOOD = f"{HEADER}{FIRST},91.5,90.5,12\n{SECOND},,80.5,7.5\n{THIRD},70,69,3\n"


def frame(rows: int = 3000) -> pd.DataFrame:
    archs = SPACE.enumerate()[:rows]
    values = np.random.default_rng(0).uniform(0, 1, (len(archs), 2))
    values[::7, 1] = np.nan
    columns = {"val_accuracy": values[:, 0], "loss": values[:, 1], "arch": map(str, archs)}
    table: pd.DataFrame = pd.DataFrame(columns).iloc[
        np.random.default_rng(1).permutation(len(archs))
    ]
    return table


class TestTable(BenchmarkContract):
    def benchmark(self) -> TableBenchmark:
        return TableBenchmark(frame(), SPACE)


def csv(folder: Path, text: str) -> TableBenchmark:
    (folder / "my.csv").write_text(text, encoding="utf-8")
    return TableBenchmark.from_csv(folder / "my.csv", SPACE)


def test_three_lines(tmp_path: Path) -> None:
    bench = csv(tmp_path, GOOD)
    assert [str(arch) for arch in bench.archs] == [FIRST, SECOND, THIRD]
    values = bench.query(bench.archs[::-1], ["gpu_latency_ms", "val_accuracy"])
    expected = np.array([[3, 70], [7.5, np.nan], [12, 91.5]])
    assert np.array_equal(values, expected, equal_nan=True)
    described = [(m.name, m.unit, m.direction, m.held_out) for m in bench.metrics]
    assert described == [
        ("val_accuracy", "%", "maximize", False),
        ("test_accuracy", "%", "maximize", True),
        ("gpu_latency_ms", "ms", "minimize", False),
    ]
    assert bench.default_objective == Objective("val_accuracy", "maximize")
    assert bench.source == str(tmp_path / "my.csv")
    assert json.loads(json.dumps(bench.settings)) == {
        "name": "table",
        "space": "nasbench201",
        "path": str(tmp_path / "my.csv"),
    }


def test_architecture_that_is_not_in_the_table_is_nan(tmp_path: Path) -> None:
    bench = csv(tmp_path, GOOD)
    values = bench.query(SPACE.enumerate(), ["test_accuracy", "gpu_latency_ms"])
    assert np.isnan(values[3:]).all()
    assert values[:3].tolist() == [[90.5, 12], [80.5, 7.5], [69, 3]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no CSV file with a header"),
        (HEADER, "has no rows"),
        (GOOD.replace("arch,", "cell,", 1), "no column 'arch' of architectures; it has 'cell', "),
        (GOOD.replace("val_", "val\t"), "expected distinct names"),
        (f"arch\n{FIRST}\n", "no column beside 'arch'"),
        (GOOD.replace("none", "nil", 1).replace("pool", "pull"), r"row 1 of .*'avg_pull_3x3' on"),
        (GOOD.replace(SECOND, "x"), "row 2 of .*1 blocks"),
        (GOOD.replace(SECOND, ""), "row 2 of .* has no architecture"),
        (GOOD + f"{SECOND},1,2,3\n", r"rows 2 and 4 of .* are one architecture, \|.*; keep"),
        (GOOD.replace("7.5", "fast"), "row 2 of .* has 'fast' in the column 'gpu_latency_ms'"),
        (GOOD.replace("7.5", "inf"), "row 2 of .* has 'inf'"),
        (GOOD.replace("7.5", "7.5,9"), "no CSV file.*line 3"),
        (GOOD.replace("\n", ",1\n").replace("ms,1", "ms"), "more fields than its header"),
    ],
)
def test_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TableError, match=said) as caught:
        csv(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert "my.csv" in str(caught.value)


def test_two_columns_of_one_name() -> None:
    table = pd.DataFrame([[FIRST, 1.0, 2.0]], columns=["arch", "loss", "loss"])
    with pytest.raises(TableError, match="a table in memory has .* expected distinct names"):
        TableBenchmark(table, SPACE)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(StorageError, match="cannot read"):
            TableBenchmark.from_csv(path, SPACE)
    (tmp_path / "latin.csv").write_bytes(b"arch,\xe9\xff\n")
    with pytest.raises(TableError, match="no CSV file"):
        TableBenchmark.from_csv(tmp_path / "latin.csv", SPACE)


@pytest.mark.parametrize(
    ("name", "direction", "unit"),
    [
        ("acc", "maximize", ""),
        ("top1-accuracy", "maximize", ""),
        ("flops_m", "minimize", "M"),
        ("Energy_mJ", "minimize", "mJ"),
        ("train_seconds", "minimize", "s"),
        ("test error", "minimize", ""),
    ],
)
def test_direction_and_unit_follow_from_the_name(name: str, direction: str, unit: str) -> None:
    (metric,) = TableBenchmark(pd.DataFrame({"arch": [FIRST], name: [0.5]}), SPACE).metrics
    assert (metric.direction, metric.unit) == (direction, unit)


@pytest.mark.parametrize("name", ["score", "accuracy_loss", "latencies"])
def test_direction_that_the_name_does_not_tell_is_asked_for(name: str) -> None:
    table = pd.DataFrame({"arch": [FIRST], name: [0.5]})
    with pytest.raises(InvalidInput, match=f"no direction for the metric '{name}'.*directions="):
        TableBenchmark(table, SPACE)
    bench = TableBenchmark(table, SPACE, directions={name: "minimize"})
    assert bench.default_objective == Objective(name, "minimize")
    assert bench.settings["directions"] == {name: "minimize"}
    with pytest.raises(InvalidInput, match="direction 'up'"):
        TableBenchmark(table, SPACE, directions={name: "up"})  # type: ignore[dict-item]
    with pytest.raises(InvalidInput, match="a direction for other"):
        TableBenchmark(table, SPACE, directions={"other": "minimize"})


def test_given_direction_wins_and_held_out_is_not_the_default() -> None:
    table = pd.DataFrame({"cell": [FIRST], "test_acc": [0.5], "loss": [0.1], "acc": [0.2]})
    bench = TableBenchmark(
        table, SPACE, architecture="cell", dataset="svhn", directions={"acc": "minimize"}
    )
    assert bench.default_objective == Objective("loss", "minimize")
    assert bench.dataset == bench.settings["dataset"] == "svhn"
    assert bench.settings["architecture"] == "cell"
    only_test = TableBenchmark(table[["cell", "test_acc"]], SPACE, architecture="cell")
    assert only_test.default_objective == Objective("test_acc", "maximize")


def test_keys_of_two_numbers() -> None:
    space = OFAMobileNetV3()
    archs = space.sample(200, np.random.default_rng(0))
    table = pd.DataFrame({"arch": [str(arch) for arch in archs], "accuracy": range(200)})
    bench = TableBenchmark(table, space)
    assert bench.query(bench.archs, ["accuracy"])[:, 0].tolist() == list(range(200))
    others = space.sample(5, np.random.default_rng(1))
    assert np.isnan(bench.query(others, ["accuracy"])).all()
    with pytest.raises(TableError, match="rows 6 and 201"):
        TableBenchmark(pd.concat([table, table.iloc[5:6]]), space)


def test_a_search_draws_from_the_table_only(tmp_path: Path) -> None:
    bench = csv(tmp_path, GOOD)
    assert bench.space.size == 3
    drawn = bench.space.sample(50, np.random.default_rng(0))
    assert np.isfinite(bench.query(drawn, ["gpu_latency_ms"])).all()
    whole = SPACE.enumerate()
    table = pd.DataFrame({"arch": [str(arch) for arch in whole], "accuracy": 1.0})
    assert TableBenchmark(table, SPACE).space == SPACE


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet='arch,|~0\n"1.e\x00', max_size=80))
def test_wild_files_are_read_or_refused(tmp_path: Path, text: str) -> None:
    try:
        csv(tmp_path, text)
    except AgnetError as error:
        assert "\n" not in str(error)
