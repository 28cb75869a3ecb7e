"""Real training: data, how to train, and the loop."""

from agnet.benchmarks.training.batches import Batch, Batches, InMemory, Part
from agnet.benchmarks.training.data import ImageData, LabelledImages, hold_out
from agnet.benchmarks.training.datasets import from_dataset
from agnet.benchmarks.training.epochs import AfterEpoch, TrainingResult
from agnet.benchmarks.training.evaluation import accuracies, accuracy
from agnet.benchmarks.training.execution import Execution
from agnet.benchmarks.training.folders import image_folder
from agnet.benchmarks.training.loop import train
from agnet.benchmarks.training.memory import within_memory
from agnet.benchmarks.training.opening import open_images
from agnet.benchmarks.training.parallel import Group, joined
from agnet.benchmarks.training.recipe import PRESETS, Recipe, preset
from agnet.benchmarks.training.sources import (
    cifar10_images,
    cifar10_python,
    cifar100_python,
    digits,
    from_npz,
)
from agnet.benchmarks.training.tensorboard import TensorBoard

__all__ = [
    "PRESETS",
    "AfterEpoch",
    "Batch",
    "Batches",
    "Execution",
    "Group",
    "ImageData",
    "InMemory",
    "LabelledImages",
    "Part",
    "Recipe",
    "TensorBoard",
    "TrainingResult",
    "accuracies",
    "accuracy",
    "cifar10_images",
    "cifar10_python",
    "cifar100_python",
    "digits",
    "from_dataset",
    "from_npz",
    "hold_out",
    "image_folder",
    "joined",
    "open_images",
    "preset",
    "train",
    "within_memory",
]
