"""The contract suite of search spaces."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from html import escape
from types import SimpleNamespace
from typing import cast

import numpy as np

from agnet.errors import InvalidArchitecture, InvalidInput
from agnet.spaces import LISTABLE, Architecture, Architectures, SearchSpace

__all__ = ["SpaceContract"]


class SpaceContract(ABC):
    """Checks that any search space passes: subclass it as ``TestMySpace`` and define ``space``."""

    samples = 200

    @abstractmethod
    def space(self) -> SearchSpace:
        """The space under test."""

    def draw(self, seed: int = 0) -> Architectures:
        """Some random architectures."""
        return self.space().sample(self.samples, np.random.default_rng(seed))

    def test_spaces_are_equal_hashable_picklable_values(self) -> None:
        """A space made twice, or sent to another process, is the same space."""
        space = self.space()
        assert space == self.space()
        assert hash(space) == hash(self.space())
        assert pickle.loads(pickle.dumps(space)) == space  # noqa: S301  # our own bytes

    def test_sampling_is_seeded_valid_and_canonical(self) -> None:
        """The same generator state gives the same draw; every draw is a canonical architecture."""
        space, archs = self.space(), self.draw()
        assert len(archs) == self.samples
        assert archs == self.draw()
        assert archs != self.draw(seed=1)
        assert space.is_valid(archs.choices).all()
        assert np.array_equal(space.canonical(archs.choices), archs.choices)
        assert len(space.sample(0, np.random.default_rng(0))) == 0

    def test_architectures_are_immutable_hashable_values(self) -> None:
        """Equal choices make equal, equally hashed, immutable architectures."""
        arch = self.draw()[0]
        again = pickle.loads(pickle.dumps(arch))  # noqa: S301  # our own bytes
        assert arch == again
        assert hash(arch) == hash(again)
        try:
            arch._choices = ()
        except AttributeError:
            return
        raise AssertionError("an architecture could be changed")

    def test_text_round_trip(self) -> None:
        """Text that is read back gives an equal architecture and the same text again."""
        space = self.space()
        for arch in self.draw()[:50]:
            assert space.parse(str(arch)) == arch
            assert str(space.parse(f"  {arch}\n")) == str(arch)

    def test_malformed_text_is_refused(self) -> None:
        """Every proper prefix of a text, and other rubbish or no text, raises a typed error."""
        space = self.space()
        text = str(self.draw()[0])
        for wrong in ("", "x", "|||", text + "x", "\x00", text[: len(text) // 2], text[1:], None):
            try:
                space.parse(cast("str", wrong))
            except InvalidArchitecture:
                continue
            raise AssertionError(f"{wrong!r} was accepted")

    def test_choices_round_trip(self) -> None:
        """Choice vectors make the architectures that they came from."""
        space, archs = self.space(), self.draw()
        choices = space.to_choices(archs)
        assert choices.shape == (len(archs), len(space.choice_sizes))
        assert (choices >= 0).all()
        assert (choices < np.array(space.choice_sizes)).all()
        assert space.from_choices(choices) == archs
        for wrong in (choices[:, 1:], choices.astype(float), np.full_like(choices, -1)):
            try:
                space.from_choices(wrong)
            except InvalidArchitecture:
                continue
            raise AssertionError("wrong choices were accepted")

    def test_graph_round_trip(self) -> None:
        """Graphs are in topological order and vocabulary, and decode to where they came from."""
        space, archs = self.space(), self.draw()
        graphs = space.encode(archs)
        assert space.decode(graphs) == archs
        assert len(graphs) == len(archs)
        assert int(graphs.ops.min()) >= 0
        assert int(graphs.ops.max()) < len(space.node_types)
        assert not bool(graphs.adjacency.tril().any())
        lonely = ~graphs.mask
        assert not bool((graphs.adjacency & lonely[:, :, None]).any())
        assert not bool((graphs.adjacency & lonely[:, None, :]).any())
        assert not bool((graphs.ops[lonely]).any())

    def test_networkx_and_pyg_show_the_same_graph(self) -> None:
        """The two single-graph views agree in nodes, types and number of edges."""
        space, arch = self.space(), self.draw()[0]
        graph, data = space.to_networkx(arch), space.to_pyg(arch)
        types = [space.node_types[i] for i in data.x.tolist()]
        assert [graph.nodes[node]["op"] for node in graph] == types
        assert graph.number_of_edges() == data.edge_index.shape[1]

    def test_notebooks_show_drawings(self) -> None:
        """A space, a batch and an architecture show themselves, drawn, with texts escaped."""
        space, archs = self.space(), self.draw()[:2]
        assert escape(space.name, quote=False) in space._repr_html_()
        for shown in (archs._repr_html_(), archs[0]._repr_html_()):
            assert "<svg" in shown
            assert escape(str(archs[0]), quote=False) in shown

    def test_keys_are_equal_exactly_for_equals(self) -> None:
        """At the finest level a key stands for the value; coarser levels only join."""
        space, archs = self.space(), self.draw() + self.draw()[:20]
        finest = space.keys(archs)
        _, by_key = np.unique(finest, return_inverse=True)
        _, by_choice = np.unique(archs.choices, axis=0, return_inverse=True)
        assert len(np.unique(np.stack([by_key, by_choice]), axis=1).T) == by_key.max() + 1
        assert by_key.max() == by_choice.max()
        for coarse, fine in zip(space.key_levels[1:], space.key_levels, strict=False):
            keys = (space.keys(archs, fine), space.keys(archs, coarse))
            pairs = np.stack([np.unique(key, return_inverse=True)[1] for key in keys])
            assert len(np.unique(pairs, axis=1).T) == pairs[0].max() + 1
        try:
            space.keys(archs, "no such level")
        except InvalidInput:
            return
        raise AssertionError("an unknown level was accepted")

    def test_batched_equals_single(self) -> None:
        """A batch gives, row for row, what its members give alone."""
        space, archs = self.space(), self.draw()[:20]
        keys, graphs = space.keys(archs), space.encode(archs)
        for i, arch in enumerate(archs):
            assert space.keys([arch])[0] == keys[i]
            single = space.encode([arch])
            assert bool((single.ops[0] == graphs.ops[i]).all())
            assert bool((single.adjacency[0] == graphs.adjacency[i]).all())
        assert space.batch(list(archs)) == archs

    def test_neighbours_are_distinct_valid_others(self) -> None:
        """No neighbour is the architecture itself, occurs twice or is invalid."""
        space = self.space()
        for arch in self.draw()[:10]:
            near = space.neighbours(arch)
            assert len(near) > 0
            assert space.is_valid(near.choices).all()
            assert len(np.unique(space.keys(near))) == len(near)
            assert arch not in list(near)
            assert np.array_equal(space.canonical(near.choices), near.choices)

    def test_mutation_gives_a_neighbour(self) -> None:
        """A mutation is seeded, valid, and one elementary change away."""
        space, archs = self.space(), self.draw()[:20]
        mutants = space.mutate(archs, np.random.default_rng(3))
        assert mutants == space.mutate(archs, np.random.default_rng(3))
        for arch, mutant in zip(archs, mutants, strict=True):
            assert mutant in list(space.neighbours(arch))

    def test_crossover_is_valid_and_keeps_equal_parents(self) -> None:
        """Children are architectures; two equal parents have their own like for a child."""
        space, first, second = self.space(), self.draw(), self.draw(seed=1)
        children = space.crossover(first, second, np.random.default_rng(3))
        assert len(children) == len(first)
        assert space.is_valid(children.choices).all()
        assert np.array_equal(space.canonical(children.choices), children.choices)
        assert space.crossover(first, first, np.random.default_rng(3)) == first

    def test_enumeration_numbers_every_architecture_once(self) -> None:
        """A listed space has ``size`` distinct members, each at its index; a large one says so."""
        space = self.space()
        if space.size > LISTABLE:
            for refused in (space.enumerate, lambda: space.index(self.draw())):
                try:
                    refused()
                except InvalidInput:
                    continue
                raise AssertionError("a large space was listed")
            return
        everything = space.enumerate()
        assert len(everything) == space.size
        assert len(np.unique(space.keys(everything))) == space.size
        assert np.array_equal(space.index(everything), np.arange(space.size))
        archs = self.draw()
        assert everything[space.index(archs)] == archs

    def test_choices_are_made_node_after_node(self) -> None:
        """Each choice has its turn once, and belongs to a node that is not before the last one."""
        space = self.space()
        nodes = np.array(space.choice_nodes)
        assert sorted(space.choice_order) == list(range(len(space.choice_sizes)))
        assert nodes.shape == (len(space.choice_sizes),)
        assert (np.diff(nodes[list(space.choice_order)]) >= 0).all()
        assert 0 <= nodes.min() <= nodes.max() < space.encode(self.draw()[:1]).num_nodes

    def test_allowed_choices_make_architectures(self) -> None:
        """Walks along allowed options, however they are drawn, end valid; no step is a dead end."""
        space = getattr(self.space(), "whole", self.space())
        for bias in (-1.0, 0.0, 1.0):
            rng = np.random.default_rng(0)
            # What stands at later steps must not matter.
            choices = rng.integers(space.choice_sizes, size=(self.samples, len(space.choice_nodes)))
            for step, at in enumerate(space.choice_order):
                allowed = space.allowed(choices, step)
                assert allowed.shape == (self.samples, space.choice_sizes[at])
                assert allowed.any(axis=1).all()
                order = rng.random(allowed.shape) + bias * np.arange(allowed.shape[1])
                choices[:, at] = np.where(allowed, order, -np.inf).argmax(axis=1)
            assert space.is_valid(choices).all()

    def test_every_architecture_can_be_made_of_allowed_choices(self) -> None:
        """No choice of a canonical architecture is ruled out by those before it."""
        space, choices = self.space(), self.draw().choices
        for step, at in enumerate(space.choice_order):
            assert space.allowed(choices, step)[np.arange(len(choices)), choices[:, at]].all()

    def test_edit_distance_is_a_distance(self) -> None:
        """It is symmetric, 0 between equals only, and small after one change."""
        space, first, second = self.space(), self.draw(), self.draw(seed=1)
        assert not space.edit_distance(first, first).any()
        between = space.edit_distance(first, second)
        assert np.array_equal(between, space.edit_distance(second, first))
        assert np.array_equal(between == 0, space.keys(first) == space.keys(second))

    def test_architectures_of_another_space_are_refused(self) -> None:
        """Foreign values raise a typed error."""
        space = self.space()
        other = SimpleNamespace(name="other", format=lambda choices: "text")
        foreign = Architecture(cast(SearchSpace, other), (0,))
        for call in (space.keys, space.encode, space.to_choices):
            try:
                call([foreign])
            except InvalidInput:
                continue
            raise AssertionError("a foreign architecture was accepted")
