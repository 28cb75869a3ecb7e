"""Real training: data, how to train, and the loop."""

from agnet.benchmarks.training.data import ImageData, LabelledImages, hold_out
from agnet.benchmarks.training.loop import TrainingResult, accuracy, train
from agnet.benchmarks.training.recipe import PRESETS, Recipe
from agnet.benchmarks.training.sources import cifar10_python, digits, from_npz

__all__ = [
    "PRESETS",
    "ImageData",
    "LabelledImages",
    "Recipe",
    "TrainingResult",
    "accuracy",
    "cifar10_python",
    "digits",
    "from_npz",
    "hold_out",
    "train",
]
