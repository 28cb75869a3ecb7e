"""What a network is worth with the weights that it shares."""

from __future__ import annotations

from agnet.benchmarks.supernet.sharing import WeightSharing
from agnet.benchmarks.training import Execution, ImageData, accuracy
from agnet.spaces import Architecture

__all__ = ["inherited_accuracy"]


def inherited_accuracy(
    sharing: WeightSharing,
    arch: Architecture,
    data: ImageData,
    *,
    images: int = 1000,
    execution: Execution | None = None,
) -> float:
    """Returns the percentage of validation images that one network classifies correctly.

    Args:
        sharing: The super-network, in which nothing changes.
        arch: Which network.
        data: Some of its training images calibrate the norms.
        images: How many do.
        execution: Where to compute.

    Raises:
        InvalidInput: If the architecture is of another space.
    """
    how = execution or Execution()
    network = how.placed(sharing.network(arch, data.to_calibrate(images)))
    return accuracy(network, data.validation, how)
