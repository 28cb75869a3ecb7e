from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agnet.benchmarks.supernet import load_official
from agnet.errors import CheckpointError, InvalidInput
from tests.benchmarks.supernet.nets import PARALLEL, RICH, made, weights


def layout(modern: bool, classes: int = 4) -> dict[str, torch.Tensor]:
    """A file of the official layout for the wider of the small super-networks, number by number."""
    made_: dict[str, torch.Tensor] = {}
    count = iter(range(10_000))
    twice, block = (".conv", "conv") if modern else ("", "mobile_inverted_conv")
    norm = ".bn.bn" if modern else ".bn"

    def put(name: str, *shape: int) -> None:
        made_[name] = torch.full(shape, 0.001 * next(count))

    def conv(prefix: str, outputs: int, inputs: int, kernel: int, own: str, bn: str) -> None:
        put(f"{prefix}.conv{own}.weight", outputs, inputs, kernel, kernel)
        for name in ("weight", "bias", "running_mean", "running_var"):
            put(f"{prefix}{bn}.{name}", outputs)
        made_[f"{prefix}{bn}.num_batches_tracked"] = torch.tensor(7)

    conv("first_conv", 16, 3, 3, "", ".bn")
    conv(f"blocks.0.{block}.depth_conv", 16, 1, 3, "", ".bn")
    conv(f"blocks.0.{block}.point_linear", 16, 16, 1, "", ".bn")
    inputs = 16
    for at in range(10):
        outputs = 16 if at < 5 else 32
        middle, prefix = 6 * inputs, f"blocks.{1 + at}.{block}"
        conv(f"{prefix}.inverted_bottleneck", middle, inputs, 1, twice, norm)
        conv(f"{prefix}.depth_conv", middle, 1, 7, twice, norm)
        put(f"{prefix}.depth_conv.conv.7to5_matrix", 25, 25)
        put(f"{prefix}.depth_conv.conv.5to3_matrix", 9, 9)
        if at < 5:
            put(f"{prefix}.depth_conv.se.fc.reduce.weight", 24, middle, 1, 1)
            put(f"{prefix}.depth_conv.se.fc.reduce.bias", 24)
            put(f"{prefix}.depth_conv.se.fc.expand.weight", middle, 24, 1, 1)
            put(f"{prefix}.depth_conv.se.fc.expand.bias", middle)
        conv(f"{prefix}.point_linear", outputs, middle, 1, twice, norm)
        inputs = outputs
    conv("final_expand_layer", 32, 32, 1, "", ".bn")
    put("feature_mix_layer.conv.weight", 64, 32, 1, 1)
    put("classifier.linear.weight", classes, 64)
    put("classifier.linear.bias", classes)
    return made_


def written(folder: Path, content: object) -> Path:
    path = folder / "ofa"
    torch.save(content, path)
    return path


@pytest.mark.parametrize("modern", [True, False])
def test_every_weight_finds_its_place(modern: bool, tmp_path: Path) -> None:
    net, before, file = made(RICH), weights(made(RICH)), layout(modern)
    path = written(tmp_path, {"state_dict": file} if modern else file)
    left = load_official(net, path, width=2.0)
    after = weights(net)
    assert left and all(name.startswith("largest.exits.1.") for name in left)
    for name, value in after.items():
        _, at, rest = name.split(".", 2)
        assert torch.equal(value, before[name]) == (at == "0" or rest in left), name
    block = "conv" if modern else "mobile_inverted_conv"
    own = "conv.conv" if modern else "conv"
    elastic = "weights.1.largest.stages.1.levels.2.branches.elastic._layers"
    for ours, theirs in (
        (f"{elastic}.0.0.weight", f"blocks.8.{block}.inverted_bottleneck.{own}.weight"),
        (f"{elastic}.1.0.weight", f"blocks.8.{block}.depth_conv.{own}.weight"),
        (f"{elastic}.3.0.weight", f"blocks.8.{block}.point_linear.{own}.weight"),
        ("weights.1.maps.1-2.5to3", f"blocks.8.{block}.depth_conv.conv.5to3_matrix"),
        ("weights.1.largest.stem.3._narrow.1.bias", f"blocks.0.{block}.point_linear.bn.bias"),
        ("weights.1.largest.exits.2.classifier.bias", "classifier.linear.bias"),
    ):
        assert torch.equal(after[ours], file[theirs]), ours
    statistics = ("running", "tracked")
    read = [value for name, value in file.items() if not any(one in name for one in statistics)]
    changed = [value for name, value in after.items() if not torch.equal(value, before[name])]
    assert len(read) == len(changed)


def test_a_classifier_of_other_classes_can_be_left_out(tmp_path: Path) -> None:
    net, before = made(RICH), weights(made(RICH))
    path = written(tmp_path, {"state_dict": layout(True, classes=1000)})
    with pytest.raises(CheckpointError, match="use classifier=False"):
        load_official(net, path, width=2.0)
    assert all(torch.equal(before[name], value) for name, value in weights(net).items())
    left = load_official(net, path, width=2.0, classifier=False)
    assert "largest.exits.2.classifier.weight" in left


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    net, file = made(RICH), layout(True)
    less = {name: value for name, value in file.items() if "feature_mix" not in name}
    for content, said in (
        ({"state_dict": less}, "lacks feature_mix_layer.conv.weight"),
        ({"state_dict": {**file, "extra.weight": torch.zeros(1)}}, "has extra.weight"),
        ({"state_dict": {**file, "first_conv.conv.weight": torch.zeros(1)}}, "of shape"),
        ({"state_dict": [1, 2]}, "holds no weights"),
        ({"state_dict": {7: torch.zeros(1)}}, "holds no weights"),
        ([1, 2], "holds a list"),
    ):
        with pytest.raises(CheckpointError, match=said):
            load_official(net, written(tmp_path, content), width=2.0)
    with pytest.raises(CheckpointError, match="another width"):
        load_official(net, written(tmp_path, file), width=1.0)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_official(net, tmp_path / "nowhere", width=2.0)
    with pytest.raises(InvalidInput, match="width 1.5"):
        load_official(net, written(tmp_path, file), width=1.5)
    with pytest.raises(InvalidInput, match="without parallel"):
        load_official(made(PARALLEL), written(tmp_path, file), width=1.0)
