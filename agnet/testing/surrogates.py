"""The contract suite of surrogates."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from agnet.errors import CheckpointError, InvalidInput
from agnet.spaces import Architectures, NASBench101, NASBench201, SearchSpace
from agnet.surrogates.base import Surrogate
from agnet.testing.states import through_a_file

__all__ = ["SurrogateContract"]


class SurrogateContract(ABC):
    """Checks that any surrogate passes: subclass it as ``TestMySurrogate``, define ``surrogate``.

    Attributes:
        correlation: The rank correlation that it has to reach on architectures it has not seen.
    """

    correlation = 0.3

    @abstractmethod
    def surrogate(self, space: SearchSpace, rng: np.random.Generator) -> Surrogate:
        """The surrogate under test, made anew."""

    def space(self) -> SearchSpace:
        """The space whose architectures it predicts."""
        return NASBench201()

    def other_space(self) -> SearchSpace:
        """Another one that a surrogate can be made for."""
        return NASBench101(4)

    def draw(self, n: int, seed: int = 0) -> Architectures:
        """Some random architectures."""
        return self.space().sample(n, np.random.default_rng(seed))

    def values(self, archs: Architectures) -> npt.NDArray[np.float64]:
        """Two values ``(B, 2)``: the share of options, in all choices and by turns in each."""
        share = archs.choices / (np.array(archs.space.choice_sizes) - 1.0).clip(1.0)
        return np.stack([share.sum(axis=1), share[:, ::2].sum(axis=1) + 5.0], axis=1)

    def fitted(self, seed: int = 0) -> Surrogate:
        """A surrogate that has learnt from sixty architectures."""
        surrogate, archs = self.fresh(seed), self.draw(60)
        surrogate.fit(archs, self.values(archs))
        return surrogate

    def fresh(self, seed: int = 0) -> Surrogate:
        """A surrogate that has learnt nothing."""
        return self.surrogate(self.space(), np.random.default_rng(seed))

    def test_predictions_have_shape_and_sense(self) -> None:
        """Means and deviations are ``(B, M)`` and finite, deviations not negative."""
        for n in (0, 1, 7):
            mean, std = self.fitted().predict(self.draw(n, seed=1))
            assert mean.shape == std.shape == (n, 2)
            assert np.isfinite(mean).all()
            assert np.isfinite(std).all()
            assert (std >= 0).all()

    def test_it_ranks_architectures_that_it_has_not_seen(self) -> None:
        """The rank correlation on fresh architectures is positive by a margin."""
        archs = self.draw(300, seed=1)
        mean, _ = self.fitted().predict(archs)
        for m, truth in enumerate(self.values(archs).T):
            places = [np.unique(column, return_inverse=True)[1] for column in (mean[:, m], truth)]
            assert np.corrcoef(places[0], places[1])[0, 1] > self.correlation

    def test_same_stream_same_predictions(self) -> None:
        """Everything random comes from the generator that was passed in."""
        archs = self.draw(20, seed=1)
        first, again = self.fitted().predict(archs), self.fitted().predict(archs)
        assert np.array_equal(first[0], again[0])
        assert np.array_equal(first[1], again[1])

    def test_batched_equals_single(self) -> None:
        """A batch gives, row for row and up to rounding, what its members give alone."""
        surrogate, archs = self.fitted(), self.draw(5, seed=1)
        mean, std = surrogate.predict(archs)
        for i, arch in enumerate(archs):
            alone_mean, alone_std = surrogate.predict([arch])
            assert np.allclose(mean[i], alone_mean[0], atol=1e-5)
            assert np.allclose(std[i], alone_std[0], atol=1e-4)

    def test_noise_is_in_the_unit_of_the_values(self) -> None:
        """Values ten times as large have ten times the noise, if it is known at all."""
        surrogate, archs = self.fitted(), self.draw(60)
        before = np.asarray(surrogate.noise)
        surrogate.fit(archs, 10 * self.values(archs))
        assert np.allclose(surrogate.noise, 10 * before)
        assert (before >= 0).all()

    def test_fitting_replaces_what_was_known(self) -> None:
        """Values shifted by a thousand give predictions shifted by a thousand."""
        surrogate, archs = self.fitted(), self.draw(60)
        surrogate.fit(archs, self.values(archs) + 1000)
        assert (surrogate.predict(archs)[0] > 900).all()

    def test_few_or_equal_values_are_learnt(self) -> None:
        """One architecture, or many with one value, are enough for a finite prediction."""
        for n in (1, 2, 10):
            surrogate = self.fresh()
            surrogate.fit(self.draw(n), np.full((n, 1), 3.0))
            mean, std = surrogate.predict(self.draw(4, seed=1))
            assert np.allclose(mean, 3.0, atol=0.5)
            assert np.isfinite(std).all()

    def test_states_make_equal_predictions(self) -> None:
        """A state that went through a file predicts exactly as the surrogate it was taken of."""
        surrogate, archs = self.fitted(), self.draw(20, seed=1)
        again = self.fresh(seed=9)
        again.load_state_dict(through_a_file(surrogate.state_dict()))
        assert np.array_equal(surrogate.predict(archs)[0], again.predict(archs)[0])
        assert np.array_equal(surrogate.predict(archs)[1], again.predict(archs)[1])

    def test_an_unfitted_state_is_a_state(self) -> None:
        """What had not been fitted has not been fitted once it is restored."""
        surrogate = self.fitted()
        surrogate.load_state_dict(self.fresh().state_dict())
        self._refuses(surrogate)
        self._refuses(self.fresh())

    def test_foreign_states_are_refused(self) -> None:
        """A state of another space, or one that lacks something, raises a typed error."""
        state = self.fitted().state_dict()
        other = self.surrogate(self.other_space(), np.random.default_rng(0))
        for surrogate, wrong in ((other, state), (self.fresh(), {"rubbish": 1})):
            try:
                surrogate.load_state_dict(wrong)
            except CheckpointError:
                continue
            raise AssertionError("a foreign state was accepted")

    def test_bad_values_are_refused(self) -> None:
        """No rows, wrong shapes, NaN and infinity raise a typed error, and nothing is forgotten."""
        surrogate, archs = self.fitted(), self.draw(3)
        before = surrogate.predict(archs)[0]
        good = np.ones((3, 2))
        for rows, values in (
            (self.draw(0), good[:0]),
            (archs, good[:2]),
            (archs, good[:, 0]),
            (archs, good[:, :0]),
            (archs, good * np.nan),
            (archs, good * np.inf),
        ):
            try:
                surrogate.fit(rows, values)
            except InvalidInput:
                continue
            raise AssertionError("bad values were accepted")
        assert np.array_equal(surrogate.predict(archs)[0], before)

    def _refuses(self, surrogate: Surrogate) -> None:
        try:
            surrogate.predict(self.draw(1))
        except InvalidInput:
            return
        raise AssertionError("an unfitted surrogate made a prediction")
