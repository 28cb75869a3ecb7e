"""The contract suite of generators."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch

from agnet.errors import CheckpointError, InvalidInput
from agnet.generators.base import Generator
from agnet.spaces import Architectures, NASBench101, NASBench201, SearchSpace
from agnet.testing.states import through_a_file

__all__ = ["GeneratorContract"]

_LEARNT: dict[type, dict[str, Any]] = {}


class GeneratorContract(ABC):
    """Checks that any generator passes: subclass it as ``TestMyGenerator``, define ``generator``.

    Attributes:
        reconstructed: The share of architectures it has not seen that it has to decode from their
            codes.
    """

    reconstructed = 0.5

    @abstractmethod
    def generator(self, space: SearchSpace, rng: np.random.Generator) -> Generator:
        """The generator under test, made anew, so small that a fit takes seconds."""

    def space(self) -> SearchSpace:
        """The space whose architectures it makes."""
        return NASBench201()

    def draw(self, n: int, seed: int = 0) -> Architectures:
        """Some random architectures."""
        return self.space().sample(n, np.random.default_rng(seed))

    def fresh(self, seed: int = 0) -> Generator:
        """A generator that has learnt nothing."""
        return self.generator(self.space(), np.random.default_rng(seed))

    def fit(self) -> Generator:
        """A generator that learns from a thousand architectures, here and now."""
        generator = self.fresh()
        generator.fit(self.draw(1000))
        return generator

    def fitted(self) -> Generator:
        """A copy of one that has been fitted, once for all checks."""
        if type(self) not in _LEARNT:
            _LEARNT[type(self)] = self.fit().state_dict()
        generator = self.fresh()
        generator.load_state_dict(_LEARNT[type(self)])
        return generator

    def codes(self, generator: Generator, n: int, seed: int = 0) -> torch.Tensor:
        """Draws from the prior."""
        drawn = np.random.default_rng(seed).standard_normal((n, generator.latent_size))
        return torch.from_numpy(drawn.astype(np.float32))

    def test_every_draw_is_an_architecture(self) -> None:
        """Trained or not, from usual or absurd codes: what comes out is valid and canonical."""
        space, rng = self.space(), np.random.default_rng(0)
        for generator in (self.fresh(), self.fitted()):
            for n in (0, 1, 100):
                z = self.codes(generator, n)
                for archs in (
                    generator.sample(n, rng),
                    generator.decode(z, rng),
                    generator.decode(30 * z, rng, temperature=0.0),
                    generator.decode(z, rng, temperature=3.0),
                ):
                    assert archs.space == space
                    assert len(archs) == n
                    assert space.is_valid(archs.choices).all()
                    assert np.array_equal(space.canonical(archs.choices), archs.choices)

    def test_codes_have_one_row_an_architecture(self) -> None:
        """Codes are ``(B, Z)``, finite, and the same for a batch and for its members."""
        generator, archs = self.fitted(), self.draw(20, seed=1)
        codes = generator.encode(archs)
        assert codes.shape == (20, generator.latent_size)
        assert generator.encode(archs[:0]).shape == (0, generator.latent_size)
        assert bool(codes.isfinite().all())
        for i, arch in enumerate(archs):
            assert torch.allclose(generator.encode([arch])[0], codes[i], atol=1e-4)

    def test_codes_tell_architectures(self) -> None:
        """Architectures it has not seen come back from their codes, not from those of others."""
        generator, archs = self.fitted(), self.draw(300, seed=1)
        codes, rng = generator.encode(archs), np.random.default_rng(0)
        again = generator.decode(codes, rng, temperature=0.0)
        swapped = generator.decode(codes.roll(1, 0), rng, temperature=0.0)
        assert (again.choices == archs.choices).all(axis=1).mean() >= self.reconstructed
        assert (swapped.choices == archs.choices).all(axis=1).mean() < self.reconstructed / 4

    def test_same_stream_same_draws(self) -> None:
        """Fits and draws depend on the generators passed in, and on nothing else."""
        before = _global_states()
        drawn = self.fit().sample(50, np.random.default_rng(1))
        first, again = self.fitted(), self.fitted()
        assert drawn == first.sample(50, np.random.default_rng(1))
        assert drawn != first.sample(50, np.random.default_rng(2))
        for generator in (first, again):
            generator.retrain(self.draw(30), np.arange(30.0))
        drawn = first.sample(50, np.random.default_rng(1))
        assert drawn == again.sample(50, np.random.default_rng(1))
        assert _global_states() == before

    def test_likeliest_choices_need_no_luck(self) -> None:
        """At temperature 0 the stream does not matter."""
        generator = self.fitted()
        codes = self.codes(generator, 30)
        first, second = (
            generator.decode(codes, np.random.default_rng(seed), temperature=0.0) for seed in (0, 1)
        )
        assert first == second

    def test_states_make_equal_generators(self) -> None:
        """A state that went through a file encodes and draws as the generator it was taken of."""
        generator, again = self.fitted(), self.fresh(seed=9)
        generator.retrain(self.draw(30), np.arange(30.0))
        again.load_state_dict(through_a_file(generator.state_dict()))
        archs = self.draw(20, seed=1)
        assert torch.equal(generator.encode(archs), again.encode(archs))
        first, second = (one.sample(50, np.random.default_rng(1)) for one in (generator, again))
        assert first == second

    def test_states_are_snapshots(self) -> None:
        """What is learnt after a state was taken does not change the state."""
        generator = self.fitted()
        state, drawn = generator.state_dict(), generator.sample(50, np.random.default_rng(1))
        generator.retrain(self.draw(30), np.arange(30.0))
        generator.load_state_dict(state)
        assert generator.sample(50, np.random.default_rng(1)) == drawn

    def test_foreign_states_are_refused(self) -> None:
        """A state of another space, or one that lacks something, changes nothing."""
        generator = self.fitted()
        drawn = generator.sample(50, np.random.default_rng(1))
        state = generator.state_dict()
        other = self.generator(NASBench101(4), np.random.default_rng(0))
        lacking = [{k: v for k, v in state.items() if k != name} for name in state]
        for wrong in (other.state_dict(), {}, {"rubbish": 1}, *lacking):
            try:
                generator.load_state_dict(wrong)
            except CheckpointError:
                continue
            raise AssertionError(f"a state with {sorted(wrong)} was accepted")
        assert generator.sample(50, np.random.default_rng(1)) == drawn

    def test_retraining_moves_draws_towards_weight(self) -> None:
        """Draws of the prior come nearer to what has weight, and codes keep their meaning."""
        generator, archs = self.fitted(), self.draw(400, seed=1)
        share = archs.choices / (np.array(archs.space.choice_sizes) - 1.0).clip(1.0)
        worth = share.sum(axis=1)
        heavy = worth >= np.quantile(worth, 0.9)
        before = self._worth(generator)
        for _ in range(3):
            generator.retrain(archs, np.where(heavy, 2.0, 0.0))
        gained = (self._worth(generator) - before) / (worth[heavy].mean() - before)
        assert gained > 0.2
        fresh = self.draw(300, seed=2)
        again = generator.decode(generator.encode(fresh), np.random.default_rng(0), temperature=0.0)
        kept = (again.choices == fresh.choices).all(axis=1).mean()
        assert kept >= 0.8 * self.reconstructed

    def test_bad_input_is_refused(self) -> None:
        """Wrong weights, codes, temperatures and nothing at all raise a typed error."""
        generator, archs, rng = self.fresh(), self.draw(3), np.random.default_rng(0)
        codes = self.codes(generator, 3)
        for call in (
            lambda: generator.fit(archs[:0]),
            lambda: generator.retrain(archs[:0], np.ones(0)),
            lambda: generator.retrain(archs, np.ones(2)),
            lambda: generator.retrain(archs, np.zeros(3)),
            lambda: generator.retrain(archs, np.array([1.0, -1.0, 1.0])),
            lambda: generator.retrain(archs, np.array([1.0, np.nan, 1.0])),
            lambda: generator.decode(codes[:, 1:], rng),
            lambda: generator.decode(codes[0], rng),
            lambda: generator.decode(codes * torch.nan, rng),
            lambda: generator.decode(codes, rng, temperature=-1.0),
            lambda: generator.encode(NASBench101(4).sample(2, rng)),
        ):
            try:
                call()
            except InvalidInput:
                continue
            raise AssertionError("bad input was accepted")

    def _worth(self, generator: Generator) -> float:
        """How high the options are, on average, that draws of the prior take."""
        archs = generator.sample(1000, np.random.default_rng(5))
        share = archs.choices / (np.array(archs.space.choice_sizes) - 1.0).clip(1.0)
        return float(share.sum(axis=1).mean())


def _global_states() -> tuple[bytes, bytes]:
    """Where the global generators stand, which nothing in the package may use."""
    return torch.get_rng_state().numpy().tobytes(), pickle.dumps(np.random.get_state())  # noqa: NPY002
