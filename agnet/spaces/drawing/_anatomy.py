"""What is drawn of an architecture: its parts and what links them, space by space."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, final

from agnet.spaces import (
    DARTS,
    Architecture,
    BlockCells,
    ChoiceSpace,
    ElasticSpace,
    NASBench201,
    OFAMobileNetV3,
    SearchSpace,
    Subset,
)

__all__ = ["Cell", "Part", "Rows", "anatomy", "words"]

Kind: TypeAlias = Literal["input", "output", "tensor", "operation"]

FAMILIES: Final = (
    ("separable", re.compile("sep")),
    ("dilated", re.compile("dil")),
    ("pooling", re.compile("pool")),
    ("skip", re.compile("skip|identity")),
    ("convolution", re.compile(r"conv|^k\d")),
)
SHORTER: Final = (
    (re.compile(r"^nor_conv"), "conv"),
    (re.compile(r"-bn-relu$"), ""),
    (re.compile(r"_connect$"), ""),
    (re.compile(r"^(sep|dil)_conv"), r"\1"),
    (re.compile(r"^(avg|max)_?pool_?"), r"\1 "),
    (re.compile(r"(?<=conv)(?=\d)"), " "),
    (re.compile(r"(?<=\d)x(?=\d)"), "\u00d7"),
    (re.compile(r"_"), " "),
)


@final
@dataclass(frozen=True)
class Part:
    """One thing that is drawn.

    Attributes:
        label: What is written in it.
        kind: What it is.
        family: The family of an operation, which has a colour; empty for other parts.
        live: Whether it lies on a way from an input to an output.
    """

    label: str
    kind: Kind
    family: str = ""
    live: bool = True


@final
@dataclass(frozen=True)
class Cell:
    """A graph: parts, inputs first, and links between them from smaller to larger numbers."""

    title: str
    parts: tuple[Part, ...]
    links: tuple[tuple[int, int], ...]


@final
@dataclass(frozen=True)
class Rows:
    """A chain, too long for a line: what comes first, then the layers of each stage."""

    head: Part
    stages: tuple[tuple[Part, ...], ...]


def words(name: str) -> str:
    """Returns the name of an operation as people write it: ``conv 3x3`` with a real cross."""
    for pattern, shorter in SHORTER:
        name = pattern.sub(shorter, name)
    return name.strip()


def anatomy(arch: Architecture) -> tuple[Cell, ...] | Rows:
    """Takes an architecture apart, of any space.

    Tensors are parts of their own where operations stand on edges; ``none`` is left out.
    """
    space: SearchSpace = arch.space
    space = space.whole if isinstance(space, Subset) else space
    if isinstance(space, OFAMobileNetV3 | ElasticSpace):
        return _rows(str(arch))
    if isinstance(space, NASBench201):
        return (_tensors(str(arch)),)
    if isinstance(space, DARTS):
        return _genotype(str(arch))
    if isinstance(space, BlockCells):
        return (_blocks(str(arch)),)
    if isinstance(space, ChoiceSpace):
        return (_choices(str(arch)),)
    return (_graph(arch),)


def _operation(name: str) -> Part:
    family = next((family for family, found in FAMILIES if found.search(name)), "other")
    return Part(words(name), "operation", family)


def _rows(text: str) -> Rows:
    head, *stages = text.split(":")
    layers = tuple(tuple(map(_operation, stage.split(","))) for stage in stages)
    return Rows(Part(head.replace("-", " "), "input"), layers)


def _tensors(text: str) -> Cell:
    """Four tensors of NAS-Bench-201; those that nothing makes or reads are left out."""
    blocks = [block.strip("|").split("|") for block in text.split("+")]
    nodes = [
        [edge.split("~") for edge in block if not edge.startswith("none~")] for block in blocks
    ]
    read = {int(source) for node in nodes for _, source in node}
    parts, links, place = [Part("in", "input")], [], {0: 0}
    for number, node in enumerate(nodes, start=1):
        for op, source in node:
            links.append((place[int(source)], len(parts)))
            parts.append(_operation(op))
        made = range(len(parts) - len(node), len(parts))
        if number == len(nodes) or node or number in read:
            place[number] = len(parts)
            links += [(operation, len(parts)) for operation in made]
            parts.append(Part(str(number), "tensor"))
    parts[-1] = Part("out", "output")
    return _cell("", parts, links)


def _genotype(text: str) -> tuple[Cell, ...]:
    """The two cells of DARTS; the output joins all nodes."""
    cells = []
    for title, field in (("normal cell", "normal"), ("reduction cell", "reduce")):
        listed = re.search(rf"\b{field}=\[(.*?)\]", text)
        edges = re.findall(r"'(\w+)', (\d+)", listed[1] if listed else "")
        reads = [(op, int(tensor) - 2) for op, tensor in edges]
        nodes = [reads[at : at + 2] for at in range(0, len(reads), 2)]
        cells.append(_sums(title, nodes, list(range(len(nodes)))))
    return tuple(cells)


def _blocks(text: str) -> Cell:
    """Blocks, of which the output joins what no other reads; the last cell if there are none."""
    blocks = [block for block in text.strip("[]").split(";") if block]
    found = [re.findall(r"(-?\d+),(\w+)", block) for block in blocks]
    nodes = [[(op, int(source)) for source, op in block] for block in found]
    read = {source for node in nodes for _, source in node}
    return _sums("", nodes, [at for at in range(len(nodes)) if at not in read] or [-1])


def _sums(title: str, nodes: list[list[tuple[str, int]]], joined: list[int]) -> Cell:
    """Nodes that add up operations on cells before, -1 the last, and on earlier nodes."""
    sources = {source for node in nodes for _, source in node} | set(joined)
    before = sorted(source for source in sources if source < 0)
    parts = [Part(f"cell \u2212{-source}", "input") for source in before]
    place, links = {source: at for at, source in enumerate(before)}, []
    for number, node in enumerate(nodes):
        for op, source in node:
            links.append((place[source], len(parts)))
            parts.append(_operation(op))
        links += [(len(parts) - len(node) + at, len(parts)) for at in range(len(node))]
        place[number] = len(parts)
        parts.append(Part(str(number), "tensor"))
    links += [(place[number], len(parts)) for number in joined]
    return _cell(title, [*parts, Part("out", "output")], links)


def _choices(text: str) -> Cell:
    """The options, beside each other."""
    middle = [_operation(field.replace("=", " ")) for field in text.split(",")]
    end = len(middle) + 1
    links = [link for at in range(1, end) for link in ((0, at), (at, end))]
    return _cell("", [Part("in", "input"), *middle, Part("out", "output")], links)


def _graph(arch: Architecture) -> Cell:
    """The graph view as it is: what reads nothing is an input, what nothing reads an output."""
    graph = arch.space.to_networkx(arch)
    order = sorted(graph.nodes)
    place = {node: at for at, node in enumerate(order)}
    parts = []
    for node in order:
        name = str(graph.nodes[node]["op"])
        ends: Kind | None = None
        if not graph.in_degree(node):
            ends = "input"
        elif not graph.out_degree(node):
            ends = "output"
        short = {"input": "in", "output": "out"}.get(name, words(name))
        parts.append(Part(short, ends) if ends else _operation(name))
    return _cell("", parts, [(place[u], place[v]) for u, v in graph.edges])


def _cell(title: str, parts: list[Part], links: list[tuple[int, int]]) -> Cell:
    """Marks what lies on no way from an input to an output."""
    fed = [part.kind == "input" for part in parts]
    used = [part.kind == "output" for part in parts]
    for source, target in sorted(links, key=lambda link: link[1]):
        fed[target] = fed[target] or fed[source]
    for source, target in sorted(links, reverse=True):
        used[source] = used[source] or used[target]
    lives = [a and b for a, b in zip(fed, used, strict=True)]
    marked = [replace(part, live=live) for part, live in zip(parts, lives, strict=True)]
    return Cell(title, tuple(marked), tuple(links))
