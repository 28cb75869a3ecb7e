from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agnet.errors import CheckpointError, InvalidInput
from agnet.generators import (
    GraphVAE,
    load_generator,
    load_pretrained,
    pretrain,
    recommended,
    save_generator,
)
from agnet.generators.pretraining import draw_held_out, held_out, training_set
from agnet.spaces import (
    DARTS,
    NASBench101,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
    open_space,
)

SPACES = [NASBench201(), NASBench101(), DARTS(), OFAMobileNetV3(), open_space("elastic-tiny")]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: str(space.name))
def test_one_in_seven_is_held_out_and_never_trained_on(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    archs = space.sample(20_000, rng)
    assert held_out(archs).mean() == pytest.approx(1 / 7, abs=0.01)
    assert not held_out(training_set(space, rng)[:5000]).any()
    left = draw_held_out(space, 1500, rng)
    assert len(left) == 1500
    assert held_out(left).all()
    assert len(np.unique(space.keys(left))) == 1500


def test_the_same_architectures_are_held_out_whoever_asks() -> None:
    archs = NASBench201().enumerate()
    assert np.flatnonzero(held_out(archs))[:5].tolist() == [3, 10, 14, 25, 30]
    assert held_out(archs[:1])[0] == held_out(archs)[0]


def test_mutants_that_are_held_out_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    from agnet.generators.encoder import GraphEncoder

    space, seen = NASBench201(), []
    forward = GraphEncoder.forward

    def watched(self: GraphEncoder, graphs: object) -> object:
        seen.append(graphs)
        return forward(self, graphs)  # type: ignore[arg-type]

    monkeypatch.setattr(GraphEncoder, "forward", watched)
    pretrain(space, 0, updates=3)
    assert len(seen) == 6
    for graphs in seen:
        assert not held_out(space.decode(graphs)).any()  # type: ignore[arg-type]


def test_the_same_seed_makes_the_same_generator() -> None:
    space = NASBench101(4)
    first, again, other = (pretrain(space, seed, updates=5) for seed in (0, 0, 1))
    archs = space.sample(10, np.random.default_rng(0))
    assert torch.equal(first.encode(archs), again.encode(archs))
    assert not torch.equal(first.encode(archs), other.encode(archs))


def test_progress_is_reported() -> None:
    told: list[tuple[int, int]] = []
    pretrain(NASBench201(), 0, updates=3, report=lambda at, of, loss: told.append((at, of)))
    assert told == [(at, 6) for at in range(1, 7)]


def test_a_file_holds_half_precision_and_reads_back(tmp_path: Path) -> None:
    space = NASBench201()
    generator = GraphVAE(space, np.random.default_rng(0))
    save_generator(generator, tmp_path / "new" / "g.pt")
    again = load_generator(space, tmp_path / "new" / "g.pt")
    archs = space.sample(20, np.random.default_rng(0))
    assert torch.allclose(generator.encode(archs), again.encode(archs), atol=0.02)
    weights = torch.load(tmp_path / "new" / "g.pt", weights_only=True)["weights"].values()
    assert {weight.dtype for weight in weights} == {torch.float16}


def test_bad_files_are_refused(tmp_path: Path) -> None:
    space = NASBench201()
    whole = tmp_path / "whole.pt"
    save_generator(GraphVAE(space, np.random.default_rng(0)), whole)
    content = whole.read_bytes()
    (tmp_path / "empty.pt").touch()
    (tmp_path / "text.pt").write_text("hello")
    (tmp_path / "short.pt").write_bytes(content[: len(content) // 2])
    torch.save([1, 2], tmp_path / "list.pt")
    state = torch.load(whole, weights_only=True)
    state["weights"]["decoder.trunk"][0, 0] = torch.nan
    torch.save(state, tmp_path / "nan.pt")
    for name in ("no", "empty", "text", "short", "list", "nan"):
        with pytest.raises(CheckpointError):
            load_generator(space, tmp_path / f"{name}.pt")
    with pytest.raises(CheckpointError, match="nasbench101-4v"):
        load_generator(NASBench101(4), whole)


def test_variants_share_a_generator_and_others_are_told_what_to_do() -> None:
    wide = OFAMobileNetV3(1.2)
    assert load_pretrained(wide).sample(3, np.random.default_rng(0)).space == wide
    members = Subset(NASBench201().enumerate()[:9000])
    drawn = load_pretrained(members).sample(50, np.random.default_rng(0))
    assert drawn.space == members
    assert recommended(members) == recommended(NASBench201())
    with pytest.raises(CheckpointError, match="agnet pretrain"):
        load_pretrained(NASBench101(4))


def test_seeds_and_updates_are_checked() -> None:
    with pytest.raises(InvalidInput, match="seed"):
        pretrain(NASBench201(), -1)
    with pytest.raises(InvalidInput, match="updates"):
        pretrain(NASBench201(), 0, updates=0)
