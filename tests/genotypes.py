"""Published genotypes of DARTS, which tests of the space and of its networks share."""

from __future__ import annotations

from agnet.spaces import Architecture
from experiments.imagenet.published import genotype

# op@source, normal and reduction cell.
PUBLISHED = {
    "DARTS first order": (
        "sep3@1 sep3@0 skip@0 sep3@1 skip@0 sep3@1 sep3@0 skip@2",
        "max@0 max@1 skip@2 max@0 max@0 skip@2 skip@2 avg@0",
    ),
    "DARTS second order": (
        "sep3@0 sep3@1 sep3@0 sep3@1 sep3@1 skip@0 skip@0 dil3@2",
        "max@0 max@1 skip@2 max@1 max@0 skip@2 skip@2 max@1",
    ),
    "P-DARTS": (
        "skip@0 dil3@1 skip@0 sep3@1 sep3@1 sep3@3 sep3@0 dil5@4",
        "avg@0 sep5@1 sep3@0 dil5@2 max@0 dil3@1 dil3@1 dil5@3",
    ),
    "PC-DARTS CIFAR-10": (
        "sep3@1 skip@0 sep3@0 dil3@1 sep5@0 sep3@1 avg@0 dil3@1",
        "sep5@1 max@0 sep5@1 sep5@2 sep3@0 sep3@3 sep3@1 sep3@2",
    ),
    "PC-DARTS ImageNet": (
        "skip@1 sep3@0 sep3@0 skip@1 sep3@1 sep3@3 sep3@1 dil5@4",
        "sep3@0 skip@1 dil5@2 max@1 sep3@2 sep3@1 sep5@0 sep3@3",
    ),
    "AG-Net ImageNet proxies": (
        "skip@0 sep3@1 sep3@0 sep3@1 sep3@2 sep3@3 sep3@1 sep3@3",
        "avg@0 sep3@1 sep3@0 dil5@2 dil5@0 sep3@1 sep3@1 max@3",
    ),
    "AG-Net CIFAR-10 proxies": (
        "dil3@0 sep3@1 sep3@0 sep5@1 sep5@2 sep3@3 sep3@3 sep5@4",
        "dil3@0 avg@1 avg@0 dil5@2 dil5@2 dil3@3 dil3@1 sep3@4",
    ),
    "AG-Net NAS-Bench-301": (
        "sep5@0 skip@1 skip@0 sep3@1 sep3@1 sep5@3 sep5@0 sep5@2",
        "max@0 avg@1 avg@0 sep5@1 sep5@0 sep5@1 sep5@0 sep5@1",
    ),
    "GDAS": (
        "skip@0 skip@1 skip@0 sep5@2 sep3@3 skip@0 sep5@4 sep3@3",
        "sep5@0 sep3@1 sep5@2 sep5@1 dil5@2 sep3@1 sep5@0 sep5@1",
    ),
    "SNAS": (
        "sep3@0 sep3@1 skip@0 dil3@1 skip@1 skip@0 skip@0 sep3@1",
        "max@0 max@1 max@1 skip@2 skip@2 max@1 max@0 dil5@2",
    ),
    "PVLL-NAS": (
        "sep5@0 dil3@1 sep3@1 sep5@0 avg@3 dil5@1 sep3@1 max@0",
        "sep5@1 max@0 max@1 dil3@2 dil5@2 sep5@0 dil3@1 skip@2",
    ),
    "PVLL-NAS, graph estimator": (
        "dil5@1 dil3@0 skip@1 sep3@2 avg@2 sep5@3 dil5@2 avg@0",
        "sep3@1 avg@0 max@1 avg@0 sep3@0 max@3 dil5@4 sep3@1",
    ),
    "PVLL-NAS, 4.6 M": (
        "skip@0 dil3@1 sep3@2 sep3@0 sep3@1 max@3 sep3@3 max@1",
        "max@0 sep5@1 skip@1 max@2 max@0 sep5@2 dil5@3 avg@0",
    ),
    "PVLL-NAS, 5.3 M": (
        "avg@0 sep3@1 sep3@1 sep5@2 skip@0 sep3@1 sep5@3 dil3@1",
        "dil5@1 max@0 sep3@0 skip@1 dil3@1 sep5@0 dil5@1 dil5@3",
    ),
}


def published(name: str) -> Architecture:
    return genotype(*PUBLISHED[name])
