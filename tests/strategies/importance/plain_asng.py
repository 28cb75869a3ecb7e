"""One distribution without sharing, written from the publication with loops: the oracle."""

from __future__ import annotations

import math

import numpy as np

from agnet.strategies.importance.categorical import Array


class PlainASNG:
    """Akimoto et al., ICML 2019, with the floor of CatCMA."""

    def __init__(self, sizes: tuple[int, ...], delta: float, alpha: float = 1.5) -> None:
        self.theta = [[1 / size] * size for size in sizes]
        self.path = [[0.0] * size for size in sizes]
        self.first, self.alpha, self.gain, self.damping = delta, alpha, 0.0, 1.0
        self.free = sum(size - 1 for size in sizes)

    def step(self, choices: Array, values: Array) -> None:
        n, delta = len(values), self.first / self.damping
        order = sorted(range(n), key=lambda i: values[i])
        worth, tail = [0.0] * n, math.ceil(n / 4)
        for i in order[:tail]:
            worth[i] = 1.0
        for i in order[-tail:]:
            worth[i] = -1.0
        for i in range(n):  # equals share
            equal = [j for j in range(n) if values[j] == values[i]]
            if i == equal[0] and len(equal) > 1:
                mean = sum(worth[j] for j in equal) / len(equal)
                for j in equal:
                    worth[j] = mean
        gradient = [
            [
                sum(worth[i] * ((choices[i][d] == j) - p) for i in range(n)) / n
                for j, p in enumerate(row)
            ]
            for d, row in enumerate(self.theta)
        ]
        local = [
            [g / math.sqrt(p) for g, p in zip(grad, row, strict=True)]
            for grad, row in zip(gradient, self.theta, strict=True)
        ]
        length = math.sqrt(sum(x * x for row in local for x in row))
        if length < 1e-12:
            return
        beta = min(delta / math.sqrt(self.free), 1.0)
        for d, row in enumerate(self.theta):
            for j in range(len(row)):
                row[j] += delta * gradient[d][j] / length
                self.path[d][j] *= 1 - beta
                self.path[d][j] += math.sqrt(beta * (2 - beta)) * local[d][j] / length
            self._raise(row)
        self.gain = (1 - beta) ** 2 * self.gain + beta * (2 - beta)
        square = sum(x * x for row in self.path for x in row)
        self.damping *= math.exp(beta * (self.gain - square / self.alpha))

    def _raise(self, row: list[float]) -> None:
        least = (1 - 0.73 ** (1 / len(self.theta))) / (len(row) - 1)
        raised = [max(p, least) for p in row]
        excess, above = sum(raised) - 1, sum(p - least for p in raised)
        row[:] = [p - excess * (p - least) / above for p in raised]

    def padded(self) -> Array:
        widest = max(len(row) for row in self.theta)
        return np.array([row + [0.0] * (widest - len(row)) for row in self.theta])
