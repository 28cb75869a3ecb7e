"""Super-networks: shared weights, what is cut out of them, and how they are trained."""

from agnet.benchmarks.networks.elastic import PlainNetwork
from agnet.benchmarks.supernet.calibration import calibrate
from agnet.benchmarks.supernet.drawn import Drawing, train_drawn
from agnet.benchmarks.supernet.extraction import cut_out, extract
from agnet.benchmarks.supernet.inheritance import inherited_accuracy
from agnet.benchmarks.supernet.mixed import MixedCells, MixedSharing
from agnet.benchmarks.supernet.network import SuperNetwork
from agnet.benchmarks.supernet.normalising import Moments
from agnet.benchmarks.supernet.official import load_official
from agnet.benchmarks.supernet.phases import Phase, progressive, sandwich
from agnet.benchmarks.supernet.saving import load_supernet, save_supernet, weights_digest
from agnet.benchmarks.supernet.sharing import ElasticSharing, WeightSharing
from agnet.benchmarks.supernet.sorting import sort_channels
from agnet.benchmarks.supernet.teaching import Teaching
from agnet.benchmarks.supernet.training import check_images, train_supernet

__all__ = [
    "Drawing",
    "ElasticSharing",
    "MixedCells",
    "MixedSharing",
    "Moments",
    "Phase",
    "PlainNetwork",
    "SuperNetwork",
    "Teaching",
    "WeightSharing",
    "calibrate",
    "check_images",
    "cut_out",
    "extract",
    "inherited_accuracy",
    "load_official",
    "load_supernet",
    "progressive",
    "sandwich",
    "save_supernet",
    "sort_channels",
    "train_drawn",
    "train_supernet",
    "weights_digest",
]
