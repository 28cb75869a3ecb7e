from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from agnet.benchmarks.importers.ofa_mbv3 import import_ofa_mbv3
from agnet.benchmarks.ofa_mbv3 import OFAMobileNetV3Benchmark
from agnet.benchmarks.store import data_folder, read_table
from agnet.errors import MissingData, TableError
from agnet.objectives import Objective
from agnet.spaces import Architecture
from agnet.spaces.ofa_mbv3 import OFAMobileNetV3
from agnet.testing.benchmarks import BenchmarkContract

SPACE = OFAMobileNetV3()
NAMES = ["val_accuracy", "desk_1_latency_ms", "params_m", "flops_m"]
STAGES = ((16, 24, 2, 0), (24, 40, 2, 1), (40, 80, 2, 0), (80, 112, 1, 1), (112, 160, 2, 1))


def predictor(hidden: int = 8) -> nn.Sequential:
    """The layout of OFA's accuracy predictor, on 124 inputs."""
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Linear(width, hidden), nn.ReLU()) for width in (124, hidden, hidden)]
    return nn.Sequential(*layers, nn.Linear(hidden, 1, bias=False))


def weights(net: nn.Sequential) -> dict[str, torch.Tensor]:
    state = {f"layers.{name}": tensor for name, tensor in net.state_dict().items()}
    return {"base_acc": torch.tensor([0.7]), **state}


def operations(arch: Architecture) -> list[str]:
    """The oracle: what an architecture is made of, layer by layer, as a look-up names it."""
    head, *stages = str(arch).split(":")
    r = int(head[1:])
    size = (r + 1) // 2
    ops = [f"first_conv-input:{r}x{r}x3-output:{size}x{size}x16"]
    ops += [block(size, size, 16, 16, 3, 1, 1, 0)]
    for (inputs, outputs, stride, squeeze), stage in zip(STAGES, stages, strict=True):
        for i, layer in enumerate(stage.split(",")):
            step = stride if i == 0 else 1
            after = (size + 1) // 2 if step == 2 else size
            before = inputs if i == 0 else outputs
            ops.append(
                block(size, after, before, outputs, int(layer[1]), int(layer[3]), step, squeeze)
            )
            size = after
    ops += [f"final_expand_layer-input:{size}x{size}x160-output:{size}x{size}x960"]
    ops += ["feature_mix_layer-input:1x1x960-output:1x1x1280"]
    return [*ops, "classifier-input:1280-output:1000"]


def block(
    size: int, after: int, inputs: int, outputs: int, k: int, e: int, stride: int, squeeze: int
) -> str:
    skip = int(stride == 1 and inputs == outputs)
    shapes = f"input:{size}x{size}x{inputs}-output:{after}x{after}x{outputs}"
    return f"MBConv-{shapes}-expand:{e}-kernel:{k}-stride:{stride}-idskip:{skip}-se:{squeeze}"


def look_up() -> dict[str, float]:
    """A latency for every operation that there is."""
    ops: dict[str, None] = {}
    for r, k, e in product((128, 160, 192, 224), (3, 5, 7), (3, 4, 6)):
        stage = ",".join([f"k{k}e{e}"] * 4)
        ops |= dict.fromkeys(operations(SPACE.parse(f"r{r}:{':'.join([stage] * 5)}")))
    rng = np.random.default_rng(0)
    return dict(zip(ops, rng.uniform(0.1, 1, len(ops)).round(6).tolist(), strict=True))


def write_look_up(path: Path, known: dict[str, float]) -> Path:
    lines = [f"{op},{value},0.0" for op, value in known.items()]
    path.write_text("\n".join(["op,mean_ms,var", *lines]))
    return path


def imported(folder: Path) -> Path:
    torch.save(weights(predictor()), folder / "predictor.pth")
    import_ofa_mbv3(folder / "predictor.pth", folder)
    import_ofa_mbv3(write_look_up(folder / "ofa_lut_Desk-1.csv", look_up()), folder)
    return folder


class TestOFAMobileNetV3Benchmark(BenchmarkContract):
    @pytest.fixture(autouse=True)
    def _tables(self, tmp_path: Path) -> None:
        self.folder = imported(tmp_path)

    def benchmark(self) -> OFAMobileNetV3Benchmark:
        return OFAMobileNetV3Benchmark(self.folder)


class TestWithoutLatency(BenchmarkContract):
    @pytest.fixture(autouse=True)
    def _tables(self, tmp_path: Path) -> None:
        self.folder = imported(tmp_path)
        (tmp_path / "ofa_mbv3_latency_desk_1.npz").unlink()

    def benchmark(self) -> OFAMobileNetV3Benchmark:
        return OFAMobileNetV3Benchmark(self.folder)


def test_it_says_that_it_is_a_surrogate(tmp_path: Path) -> None:
    benchmark = OFAMobileNetV3Benchmark(imported(tmp_path))
    assert [metric.name for metric in benchmark.metrics] == NAMES
    sources = [metric.source for metric in benchmark.metrics]
    assert sources == ["predicted", "computed", "computed", "computed"]
    assert benchmark.source.startswith("surrogate benchmark")
    assert benchmark.default_objective == Objective("val_accuracy", "maximize")
    assert not any(metric.held_out for metric in benchmark.metrics)
    assert str(tmp_path) not in benchmark.source


def test_without_tables_costs_are_there_and_the_rest_is_explained(tmp_path: Path) -> None:
    benchmark = OFAMobileNetV3Benchmark(tmp_path)
    assert [metric.name for metric in benchmark.metrics] == NAMES[2:]
    archs = SPACE.sample(5, np.random.default_rng(0))
    costs = benchmark.query(archs, NAMES[2:])
    assert (costs * 1e6 == np.stack([SPACE.params(archs), SPACE.macs(archs)], axis=1)).all()
    assert set(benchmark.missing) == {"val_accuracy", "i7_8700k_latency_ms"}
    for name in benchmark.missing:
        with pytest.raises(MissingData, match="agnet import ofa_mbv3 FILE"):
            benchmark.query(archs, [name])


def test_accuracy_equals_the_network_s_own(tmp_path: Path) -> None:
    archs = SPACE.sample(30, np.random.default_rng(0))
    rows = []
    for arch in archs:
        head, *stages = str(arch).split(":")
        row = torch.zeros(124)
        row[(int(head[1:]) - 128) // 32] = 1
        for stage, layers in enumerate(stages):
            for i, layer in enumerate(layers.split(",")):
                slot = 4 * stage + i
                row[4 + 3 * slot + (3, 5, 7).index(int(layer[1]))] = 1
                row[64 + 3 * slot + (3, 4, 6).index(int(layer[3]))] = 1
        rows.append(row)
    with torch.inference_mode():
        expected = 100 * (predictor()(torch.stack(rows))[:, 0] + 0.7)
    values = OFAMobileNetV3Benchmark(imported(tmp_path)).query(archs, ["val_accuracy"])
    assert values[:, 0] == pytest.approx(expected.numpy(), abs=1e-4)
    assert np.ptp(values) > 1


def test_latency_is_the_sum_of_the_layers(tmp_path: Path) -> None:
    known = look_up()
    archs = SPACE.sample(50, np.random.default_rng(0)) + SPACE.from_choices(
        [[r, 0, 1, 2, 0, 1, *[1 + r % 3] * 40] for r in range(4)]
    )
    values = OFAMobileNetV3Benchmark(imported(tmp_path)).query(archs, ["desk_1_latency_ms"])
    expected = [sum(known[op] for op in operations(arch)) for arch in archs]
    assert values[:, 0] == pytest.approx(np.array(expected), rel=1e-12)


def test_a_layer_that_was_not_measured_makes_the_sum_nan(tmp_path: Path) -> None:
    known = look_up()
    lost = block(28, 28, 40, 40, 5, 4, 1, 1)
    del known[lost]
    import_ofa_mbv3(write_look_up(tmp_path / "slow.csv", known), tmp_path)
    archs = SPACE.sample(200, np.random.default_rng(0))
    values = OFAMobileNetV3Benchmark(tmp_path).query(archs, ["slow_latency_ms"])[:, 0]
    affected = [lost in operations(arch) for arch in archs]
    assert 0 < sum(affected) < len(archs)
    assert np.isnan(values).tolist() == affected


def test_every_device_has_its_metric(tmp_path: Path) -> None:
    folder = imported(tmp_path)
    import_ofa_mbv3(write_look_up(tmp_path / "2080Ti lut.csv", look_up()), folder)
    names = [metric.name for metric in OFAMobileNetV3Benchmark(folder).metrics]
    assert names[1:3] == ["desk_1_latency_ms", "device_2080ti_latency_ms"]


def test_a_damaged_table_is_an_error_not_a_missing_metric(tmp_path: Path) -> None:
    path = imported(tmp_path) / "ofa_mbv3_accuracy.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TableError, match="agnet import"):
        _ = OFAMobileNetV3Benchmark(tmp_path).metrics


@pytest.mark.needs_data
def test_predictor_agrees_with_measured_networks() -> None:
    table, _ = read_table(data_folder() / "ofa_mbv3_measured.npz", "ofa_mbv3_measured")
    archs, measured = SPACE.from_choices(table["choices"]), table["top1"]
    predicted = OFAMobileNetV3Benchmark().query(archs, ["val_accuracy"])[:, 0]
    assert len(archs) == 2610
    assert np.corrcoef(predicted, measured)[0, 1] >= 0.99
    assert np.abs(predicted - measured).mean() == pytest.approx(0.255, abs=0.005)


@pytest.mark.needs_data
def test_every_network_has_a_latency_on_the_desktop_cpu() -> None:
    archs = SPACE.sample(2000, np.random.default_rng(0))
    names = ["i7_8700k_latency_ms", "flops_m"]
    latency, flops = OFAMobileNetV3Benchmark().query(archs, names).T
    assert not np.isnan(latency).any()
    assert latency.min() > 4
    assert latency.max() < 40
    assert np.corrcoef(latency, flops)[0, 1] > 0.9
