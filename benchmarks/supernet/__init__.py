"""Elastic super-networks: shared weights, what is cut out of them, and how they are trained."""

from agnet.benchmarks.supernet.calibration import calibrate
from agnet.benchmarks.supernet.extraction import extract
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.normalising import Moments
from agnet.benchmarks.supernet.plain import PlainNetwork

__all__ = ["Moments", "PlainNetwork", "SuperNetwork", "calibrate", "extract"]
