from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnet.errors import InvalidArchitecture
from agnet.spaces import GraphBatch
from agnet.spaces.elastic import (
    CONV,
    ELASTIC,
    LIGHT,
    ElasticConfig,
    ElasticSpace,
    Layer,
    Plan,
    Stage,
    elastic_preset,
)
from agnet.testing import SpaceContract

TINY = elastic_preset("tiny")
IMAGENET = elastic_preset("imagenet")
NAT = ElasticSpace(replace(IMAGENET, early_exits=False, resolutions=tuple(range(192, 257, 4))))
TOY = ElasticConfig("toy", (Stage(8), Stage(8, 2)), (4, 8), (1, 2, 3), (2,), (3, 5), (1.0, 1.2))
PARALLEL = ElasticConfig(
    "few", (Stage(8), Stage(8)), (4,), (1, 2), (2, 3), (3, 5), early_exits=False, parallel=True
)


class TestTiny(SpaceContract):
    def space(self) -> ElasticSpace:
        return ElasticSpace(TINY)


class TestToy(SpaceContract):
    def space(self) -> ElasticSpace:
        return ElasticSpace(TOY)


class TestSingleExit(SpaceContract):
    samples = 60

    def space(self) -> ElasticSpace:
        return NAT


class TestParallel(SpaceContract):
    samples = 60

    def space(self) -> ElasticSpace:
        return ElasticSpace(replace(IMAGENET, parallel=True, dense=True))


class TestFewParallel(SpaceContract):
    def space(self) -> ElasticSpace:
        return ElasticSpace(PARALLEL)


def test_sizes_are_exact() -> None:
    assert ElasticSpace(TINY).size == 3 * (42 + 42**2 + 42**3)
    assert NAT.size == 17 * 2 * 7371**5
    assert NAT.choice_sizes == (17, 2, *[10] * 20)
    early = ElasticSpace(IMAGENET)
    assert early.choice_sizes == (33, 2, 5, *[10] * 20)
    assert early.size == 66 * sum(7371**last for last in range(1, 6))
    # 4 of 7 patterns have the elastic branch, and with it 4 settings.
    assert ElasticSpace(PARALLEL).size == (19 + 19**2) ** 2
    assert ElasticSpace(PARALLEL).choice_sizes == (29,) * 4


def test_names_say_what_differs() -> None:
    names = [ElasticSpace(config).name for config in (TINY, PARALLEL)]
    assert names == ["elastic-tiny", "elastic-few-single-parallel"]
    assert ElasticSpace(replace(TINY, dense=True)) != ElasticSpace(TINY)


def test_the_published_genome() -> None:
    """NAT-M1: what its genome and its configuration say."""
    stages = [[1, 1, 0, 0], [1, 4, 4, 0], [5, 5, 1, 0], [5, 2, 2, 0], [8, 8, 7, 7]]
    genome = [8, 0, *sum(stages, [])]
    arch = NAT.from_choices([genome])[0]
    plan = NAT.plan(arch)
    assert list(arch.choices) == genome
    assert (plan.resolution, plan.width, plan.exit) == (224, 0, 5)
    assert [len(stage) for stage in plan.stages] == [2, 3, 3, 3, 4]
    assert plan.stages[2] == (Layer(5, 4), Layer(5, 4), Layer(3, 3))
    assert str(arch) == (
        "r224-w1:k3e3,k3e3:k3e3,k3e4,k3e4:k5e4,k5e4,k3e3:k5e4,k5e3,k5e3:k5e6,k5e6,k3e6,k3e6"
    )


def test_gaps_close_and_nothing_follows_the_exit() -> None:
    space = ElasticSpace(IMAGENET)
    stage = [1, 4, 0, 9]
    genome = [0, 1, 1, *stage, *[2, 2, 0, 0], *[7] * 12]
    arch = space.from_choices([genome])[0]
    assert list(arch.choices) == [0, 1, 1, 1, 4, 9, 0, 2, 2, 0, 0, *[0] * 12]
    two = (Layer(3, 3), Layer(3, 4), Layer(7, 6)), (Layer(5, 3), Layer(5, 3))
    assert space.plan(arch) == Plan(128, 1, two)
    assert str(arch) == "r128-w1.2-x2:k3e3,k3e4,k7e6:k5e3,k5e3"


def test_codes_of_branches() -> None:
    space = ElasticSpace(replace(IMAGENET, parallel=True))
    assert space.choice_sizes[-1] == 64
    layers = {code: space.config.codes[code] for code in (1, 9, 10, 18, 19, 28, 63)}
    assert layers == {
        1: Layer(3, 3, ELASTIC),
        9: Layer(7, 6, ELASTIC),
        10: Layer(0, 0, CONV),
        18: Layer(0, 0, CONV),
        19: Layer(3, 3, ELASTIC | CONV),
        28: Layer(0, 0, LIGHT),
        63: Layer(7, 6, ELASTIC | CONV | LIGHT),
    }
    arch = space.from_choices([[0, 0, 0, 18, 63, *[0] * 18]])[0]
    assert arch.choices[3:7] == (10, 63, 0, 0)
    assert str(arch) == "r128-w1-x1:conv,k7e6+conv+light"


@pytest.mark.parametrize("config", [TOY, PARALLEL], ids=lambda config: str(config.name))
def test_equal_networks_have_equal_canonical_genomes(config: ElasticConfig) -> None:
    """All genomes of small spaces: two are one network if and only if their plans are equal."""
    space = ElasticSpace(config)
    grid = np.stack(np.meshgrid(*map(np.arange, space.choice_sizes), indexing="ij"), axis=-1)
    genomes = grid.reshape(-1, grid.shape[-1])[:: 1 if config is TOY else 101].astype(np.int16)
    genomes = genomes[space.is_valid(genomes)]
    canonical = space.canonical(genomes)
    distinct, first = np.unique(canonical, axis=0, return_index=True)
    plans = {space.plan(arch) for arch in space.from_choices(distinct)}
    assert len(plans) == len(distinct) == (space.size if config is TOY else len(plans))
    some = np.random.default_rng(0).permutation(len(genomes))[:200]
    for row in some:
        # The same layers, read straight off the genome.
        heads, codes = space.genes.split(genomes[row : row + 1])
        last = config.exits[heads[0, 2]]
        stages = [[config.codes[code] for code in stage if code] for stage in codes[0, :last]]
        plan = space.plan(space.from_choices(genomes[row : row + 1])[0])
        assert plan.stages == tuple(map(tuple, stages))
    assert len(first) < len(genomes)


def test_many_wild_genomes() -> None:
    space = ElasticSpace(IMAGENET)
    rng = np.random.default_rng(0)
    genomes = rng.integers(space.choice_sizes, size=(100_000, 23)).astype(np.int16)
    slots = np.arange(20) % 4 < 2
    genomes[:, 3:][:, slots] = rng.integers(1, 10, size=(100_000, 10))
    assert space.is_valid(genomes).all()
    once = space.canonical(genomes)
    assert np.array_equal(space.canonical(once), once)
    archs = space.from_choices(genomes)
    assert np.array_equal(space.to_choices(archs), once)
    assert space.decode(space.encode(archs[:2000])) == archs[:2000]
    assert all(space.parse(str(arch)) == arch for arch in archs[:100])


def test_a_missing_first_layer_counts_only_where_there_is_a_stage() -> None:
    space = ElasticSpace(TINY)
    genome = np.array(
        [[0, 1, 1, 0, 1, 0, 0, 0], [0, 2, 1, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0, 0]]
    )
    assert space.is_valid(genome).tolist() == [True, False, False]
    with pytest.raises(InvalidArchitecture, match="row 1"):
        space.from_choices(genome)


def test_neighbours_of_a_worked_case() -> None:
    space = ElasticSpace(TINY)
    near = {str(arch) for arch in space.neighbours(space.parse("r24-x2:k3e2,k5e4:k3e3"))}
    layers = [f"k{kernel}e{expansion}" for kernel in (3, 5) for expansion in (2, 3, 4)]
    expected = {f"r{side}-x2:k3e2,k5e4:k3e3" for side in (28, 32)}
    expected |= {"r24-x1:k3e2,k5e4", "r24-x2:k3e2:k3e3"}
    expected |= {f"r24-x3:k3e2,k5e4:k3e3:{layer}" for layer in layers}
    expected |= {f"r24-x2:k3e2,k5e4:k3e3,{layer}" for layer in layers}
    for old, others in (
        ("k3e2,", ("k5e2,", "k3e3,", "k3e4,")),
        ("k5e4:", ("k3e4:", "k5e2:", "k5e3:")),
        (":k3e3", (":k5e3", ":k3e2", ":k3e4")),
    ):
        expected |= {"r24-x2:k3e2,k5e4:k3e3".replace(old, new) for new in others}
    assert near == expected


@pytest.mark.parametrize("config", [TINY, PARALLEL, TOY], ids=lambda config: str(config.name))
def test_mutation_reaches_every_neighbour(config: ElasticConfig) -> None:
    space = ElasticSpace(config)
    for seed in range(2):
        arch = space.sample(1, np.random.default_rng(seed))[0]
        mutants = space.mutate(space.batch([arch] * 3000), np.random.default_rng(seed))
        near = {str(other) for other in space.neighbours(arch)}
        assert {str(mutant) for mutant in mutants} == near


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r30-x1:k3e2", "'r30' as resolution"),
        ("r32:k3e2", "expected resolution, exit, as in r32-x3"),
        ("r32-x4:k3e2", "'x4' as exit"),
        ("r32-x2:k3e2", "1 stages"),
        ("r32-x1:k3e2,k3e2,k3e2", "3 layer(s) in stage 1"),
        ("r32-x2:k3e2:k3e2,k7e2", "'k7e2' as layer 2 of stage 2"),
        ("r32-x1:k3e2+conv", "'k3e2+conv' as layer 1 of stage 1"),
        ("r32-x1:", "'' as layer 1 of stage 1"),
    ],
)
def test_error_says_where(text: str, said: str) -> None:
    with pytest.raises(InvalidArchitecture) as raised:
        ElasticSpace(TINY).parse(text)
    assert said in str(raised.value)


def test_damaged_graphs_are_refused() -> None:
    space = ElasticSpace(TINY)
    graphs = space.encode(space.batch([space.parse("r24-x2:k3e2:k5e3,k3e2")] * 2))
    for slot, op in ((0, 3), (0, -1), (7, 4), (1, 3), (1, 10), (3, 2), (2, 5)):
        ops = graphs.ops.clone()
        ops[1, slot] = op
        with pytest.raises(InvalidArchitecture, match="graph 1"):
            space.decode(GraphBatch(ops, graphs.adjacency, graphs.mask))
    for slot in (0, 1, 2, 3, 6, 7):
        mask = graphs.mask.clone()
        mask[1, slot] ^= True
        with pytest.raises(InvalidArchitecture, match="graph 1"):
            space.decode(GraphBatch(graphs.ops, graphs.adjacency, mask))


TEXT = "r24-x2:k3e2:k5e3,k3e2"


@given(st.integers(0, len(TEXT)), st.integers(0, 5), st.text(alphabet="rxke-:,2345", max_size=5))
def test_damaged_text_is_read_or_refused(at: int, cut: int, put: str) -> None:
    text = TEXT[:at] + put + TEXT[at + cut :]
    try:
        arch = ElasticSpace(TINY).parse(text)
    except InvalidArchitecture:
        return
    assert str(arch) == text
