from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agnet.benchmarks.networks import (
    BlockSkeleton,
    DARTSSkeleton,
    SavedNetwork,
    Skeleton,
    check_keepable,
    load_network,
    save_network,
    standardised,
)
from agnet.errors import CheckpointError, InvalidInput, StorageError
from agnet.files import replace_file, state_bytes
from agnet.seeds import stream
from agnet.spaces import DARTS, BlockCells, OFAMobileNetV3, SearchSpace

IMAGE = (1, 8, 8)


def saved(space: SearchSpace, skeleton: Skeleton, standardises: bool = False) -> SavedNetwork:
    arch = space.sample(1, stream(0, "arch"))[0]
    network = skeleton.build(arch, IMAGE, 3, torch.Generator().manual_seed(0))
    if standardises:
        network = standardised(network, torch.tensor([0.4]), torch.tensor([0.2]))
    network(torch.rand(4, *IMAGE))  # statistics of normalisations, which must be kept too
    return SavedNetwork(network.eval(), arch, skeleton, IMAGE, 3, standardises)


@pytest.mark.parametrize("standardises", [False, True])
@pytest.mark.parametrize(
    ("space", "skeleton"),
    [(BlockCells(), BlockSkeleton(2, 1, 4)), (DARTS(), DARTSSkeleton(2, 3))],
    ids=["blocks", "darts"],
)
def test_a_network_is_read_as_it_was_written(
    space: SearchSpace, skeleton: Skeleton, standardises: bool, tmp_path: Path
) -> None:
    made, path = saved(space, skeleton, standardises), tmp_path / "deep" / "network.pt"
    save_network(made, path)
    found = load_network(path)
    images = torch.rand(2, *IMAGE)
    assert torch.equal(found.network(images), made.network(images))
    assert not found.network.training
    assert (found.arch, found.skeleton) == (made.arch, made.skeleton)
    assert (found.image, found.num_classes, found.standardises) == (IMAGE, 3, standardises)


def test_what_could_not_be_read_again_is_refused_at_once() -> None:
    for space in (BlockCells(2, 2, ("identity", "conv_5x5")), OFAMobileNetV3(1.2)):
        with pytest.raises(InvalidInput, match="could not be read again"):
            check_keepable(space.sample(9, stream(0, "arch"))[8])
    check_keepable(DARTS().sample(1, stream(0, "arch"))[0])


def test_what_holds_no_network_is_refused(tmp_path: Path) -> None:
    made, path = saved(BlockCells(), BlockSkeleton(2, 1, 4)), tmp_path / "network.pt"
    save_network(made, path)
    whole = torch.load(path, weights_only=True)
    for changed, said in (
        ({"kind": "other"}, "holds no network"),
        ({"space": "mars"}, "'mars'"),
        ({"arch": "[]"}, "cannot be built"),
        ({"skeleton": {"filters": 5}}, "cannot be built"),
        ({"skeleton": {"width": 5}}, "'width'"),
        ({"skeleton": {"filters": "x"}}, "expected int"),
    ):
        replace_file(path, state_bytes(whole | changed))
        with pytest.raises(CheckpointError, match=said):
            load_network(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        save_network(made, tmp_path / "file" / "network.pt")
