"""What a cell costs, from a few numbers that describe it."""

from __future__ import annotations

from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from agnet.errors import InvalidInput

__all__ = ["COST_MODELS", "CostRegression"]

Array = npt.NDArray[np.float64]

COST_MODELS: Final = ("boosting", "svr")
FOLDS: Final = 5
STRENGTHS: Final = (1.0, 10.0, 100.0)  # of the fit, chosen by cross-validation
TUBE: Final = 0.02  # errors that do not count, in deviations of the costs
FEW: Final = 20  # with fewer examples there is nothing to choose by
LEAST: Final = 30  # with fewer examples trees tell next to nothing apart


@final
class CostRegression:
    """Predicts costs from features: gradient boosting, or support vectors of the second degree.

    Cells grow, and predictions are of larger ones than any that is known. Trees cannot go beyond
    what they have seen, and fall short; a polynomial of the second degree, which products of the
    number of stacked cells and of the cost of operations are, errs less and ranks as well. But what
    trees predict has few distinct values, so that a front of it has fewer members, a third as many,
    that are worth as much together: in a search by growth they cost less. Of few examples
    trees tell little apart and rank worse, so that fewer than 30 are learnt by the polynomial in
    either case; it errs far from the examples, and is for ranking only.
    """

    def __init__(self, model: str = "boosting") -> None:
        """Takes the kind of model.

        Raises:
            InvalidInput: If there is no such kind.
        """
        if model not in COST_MODELS:
            raise InvalidInput(f"got the cost model {model!r}; expected {' or '.join(COST_MODELS)}")
        self._kind = model
        self._model: Any = None

    def fit(self, features: Array, values: Array) -> None:
        """Learns costs ``(B,)`` of features ``(B, F)``.

        Raises:
            InvalidInput: If the shapes do not fit, a number is not finite, or there are no rows.
        """
        if features.ndim != 2 or values.shape != (len(features),) or not len(values):
            raise InvalidInput(
                f"got features {features.shape} and values {values.shape}; expected (B, F) and "
                "(B,), of at least one row"
            )
        if not (np.isfinite(features).all() and np.isfinite(values).all()):
            raise InvalidInput("got features or costs that are not finite; leave such rows out")
        trees = self._kind == "boosting" and len(values) >= LEAST
        self._model = _boosted() if trees else _polynomial(len(values))
        self._model.fit(features, values)

    def predict(self, features: Array) -> Array:
        """Predicts costs ``(B,)`` of features ``(B, F)``.

        Raises:
            InvalidInput: If it has not been fitted.
        """
        if self._model is None:
            raise InvalidInput("the cost model has not been fitted; call fit first")
        if not len(features):
            return np.empty(0)
        return np.asarray(self._model.predict(features), dtype=np.float64)


def _polynomial(examples: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    machine = SVR(kernel="poly", degree=2, coef0=1.0, C=STRENGTHS[0], epsilon=TUBE)
    scaled = make_pipeline(StandardScaler(), machine)
    model = TransformedTargetRegressor(scaled, transformer=StandardScaler())
    if examples < FEW:
        return model
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    grid = {"regressor__svr__C": STRENGTHS}
    return GridSearchCV(model, grid, scoring="neg_mean_absolute_error", cv=folds)


def _boosted() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=400, max_leaf_nodes=8, min_samples_leaf=5, random_state=0
    )
