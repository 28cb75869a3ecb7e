"""Networks: what an architecture is as a module, and what it costs."""

from agnet.benchmarks.networks.block_cells import BlockNetwork
from agnet.benchmarks.networks.block_cost import block_cost
from agnet.benchmarks.networks.block_layout import BlockMacro
from agnet.benchmarks.networks.cost import COSTS, NetworkCost, network_cost
from agnet.benchmarks.networks.exporting import (
    export_onnx,
    export_state_dict,
    export_torchscript,
)
from agnet.benchmarks.networks.latency import host_latency_ms
from agnet.benchmarks.networks.saved import (
    SavedNetwork,
    check_keepable,
    load_network,
    save_network,
)
from agnet.benchmarks.networks.skeleton import Skeleton
from agnet.benchmarks.networks.skeletons import (
    BlockSkeleton,
    DARTSSkeleton,
    ElasticSkeleton,
    MobileNetSkeleton,
    NASBench101Skeleton,
    NASBench201Skeleton,
    read_skeleton,
    skeleton_of,
)
from agnet.benchmarks.networks.standardised import standardised

__all__ = [
    "COSTS",
    "BlockMacro",
    "BlockNetwork",
    "BlockSkeleton",
    "DARTSSkeleton",
    "ElasticSkeleton",
    "MobileNetSkeleton",
    "NASBench101Skeleton",
    "NASBench201Skeleton",
    "NetworkCost",
    "SavedNetwork",
    "Skeleton",
    "block_cost",
    "check_keepable",
    "export_onnx",
    "export_state_dict",
    "export_torchscript",
    "host_latency_ms",
    "load_network",
    "network_cost",
    "read_skeleton",
    "save_network",
    "skeleton_of",
    "standardised",
]
