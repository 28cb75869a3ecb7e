"""``agnet search``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agnet.cli.machines import on_ray
from agnet.cli.options import of_agnet, only_of
from agnet.cli.settings import read_settings
from agnet.cli.sources import benchmark_settings, image_settings
from agnet.errors import InvalidInput

if TYPE_CHECKING:
    from agnet.benchmarks import Benchmark
    from agnet.config import SearchConfig
    from agnet.loop import EvaluatorFactory
    from agnet.runs import Run

__all__ = ["search"]

PAPER_BATCH = 16


def search(
    benchmark: Annotated[
        str | None,
        typer.Option(
            help="Where the numbers come from; see 'agnet benchmarks'.  [default: nasbench201]"
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="cifar10, cifar100 or ImageNet16-120.  [default: cifar10]")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="A CSV of your own: a column 'arch' and a column a metric."),
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="The search space of --table, or of networks for --data.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Images to train networks on: digits, a folder of CIFAR's python version, a "
            "folder of image files in a folder a class, or an npz file."
        ),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images of --data.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="How to train on --data; see 'agnet train'. [default: smoke]")
    ] = None,
    training: Annotated[
        list[str] | None,
        typer.Option("--train", help="A setting of the recipe, as in epochs=3; repeatable."),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="A setting of the networks, as in channels=8; repeatable."),
    ] = None,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Trainings write curves for TensorBoard into the run."),
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option(help="A super-network, whose networks are searched with --data."),
    ] = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Answer with one recorded training run, not the mean.")
    ] = False,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="agnet, lamoo, popnas, importance, random, local_search, evolution, eda, trees, "
            "gp; with extras nat, nsga2, nsga3, moead, tpe, qnehvi, qehvi, qparego.  "
            "[default: agnet]"
        ),
    ] = None,
    surrogate: Annotated[
        str | None, typer.Option(help="Of agnet: gnn, gp, trees or none.  [default: gnn]")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Of agnet: default, or paper for its settings.  [default: default]"),
    ] = None,
    no_retraining: Annotated[
        bool, typer.Option("--no-retraining", help="agnet's generator stays as it was pretrained.")
    ] = False,
    no_surrogate: Annotated[
        bool, typer.Option("--no-surrogate", help="agnet picks among what it generates at random.")
    ] = False,
    no_generator: Annotated[
        bool, typer.Option("--no-generator", help="agnet's candidates are drawn uniformly.")
    ] = False,
    mode: Annotated[
        str | None,
        typer.Option(help="Of popnas: popnas, or pnas to compare it with.  [default: popnas]"),
    ] = None,
    fill_layers: Annotated[
        int | None,
        typer.Option(help="Of popnas: successive fronts fill thin ones up to so many cells."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the strategy, as in population=50; repeatable."),
    ] = None,
    maximize: Annotated[
        list[str] | None, typer.Option(help="A metric to maximise; repeatable.")
    ] = None,
    minimize: Annotated[
        list[str] | None, typer.Option(help="A metric to minimise; repeatable.")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help='A hard limit, as in "edgegpu_latency_ms<=5"; repeatable.'),
    ] = None,
    reference: Annotated[
        list[float] | None,
        typer.Option(
            help="Of hypervolume: a number an objective, maximised ones first; repeatable.  "
            "[default: the worst initial ones]"
        ),
    ] = None,
    queries: Annotated[
        int | None,
        typer.Option(
            help="Architectures to evaluate, initial ones included.  [default: 192, or all of a "
            "smaller space]"
        ),
    ] = None,
    init: Annotated[
        int | None,
        typer.Option(help="Random initial architectures.  [default: 16, or 0 for popnas]"),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="Architectures asked at a time.  [default: 2, or 16 with --preset paper]"
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the run.  [default: 0]")] = None,
    seeds: Annotated[
        str | None, typer.Option(help="A sweep, one run a seed: 0:30, or a list as in 0,3,7.")
    ] = None,
    warm_start: Annotated[
        Path | None,
        typer.Option(
            help="Of agnet: folder of an earlier run, of something cheaper such as training-free "
            "scores, to begin with."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    workers: Annotated[
        int, typer.Option(help="Processes: evaluations at a time, or runs at a time of a sweep.")
    ] = 0,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Evaluate on a Ray cluster: its HOST:PORT, auto for one that runs here, or local "
            "to start one on this machine; --workers is then how many at a time, if not as many "
            "as there is room for.",
        ),
    ] = None,
    ray_cpus: Annotated[
        float | None, typer.Option(help="CPUs that an evaluation reserves with --ray. [default: 1]")
    ] = None,
    ray_gpus: Annotated[
        float | None, typer.Option(help="GPUs that an evaluation reserves with --ray. [default: 0]")
    ] = None,
    asynchronous: Annotated[
        bool,
        typer.Option(
            "--asynchronous",
            help="Ask for the next architecture as soon as one has been evaluated, not for a "
            "batch: no worker waits, but the history depends on timing.",
        ),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file; other options override it.")
    ] = None,
    test: Annotated[
        bool,
        typer.Option("--test", help="At the end, read the test value of the selected one, once."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Search a benchmark for its best architecture.

    A run lies in a folder, survives being killed, and goes on with --resume.
    """
    base = _base(config)
    runs = strategy or (None if resume else base.strategy)
    given: dict[str, Any] = {
        "strategy": strategy,
        "options": {
            **of_agnet(runs, surrogate, preset, no_retraining, no_surrogate, no_generator),
            **only_of("popnas", runs, {"mode": mode, "fill_layers": fill_layers}),
            **read_settings(option),
        }
        or None,
        "objectives": [f"maximize {m}" for m in maximize or []]
        + [f"minimize {m}" for m in minimize or []]
        or None,
        "limits": limit or None,
        "reference": reference or None,
        "queries": queries,
        "init": init,
        "batch": PAPER_BATCH if batch is None and preset == "paper" else batch,
        "seed": seed,
        "warm_start": None if warm_start is None else str(warm_start.resolve()),
        "asynchronous": asynchronous or None,
    }
    given = {name: value for name, value in given.items() if value is not None}
    cluster = on_ray(ray, ray_cpus, ray_gpus, workers, seeds)
    images = image_settings(data, size, recipe, training, network, tensorboard, weights)
    source = benchmark_settings(benchmark, dataset, table, space, noise, images)
    if resume:
        _resume(given, source, config, seeds, out, workers, cluster, test, quiet)
        return
    from agnet.benchmarks import open_benchmark
    from agnet.runs import held_out_metrics

    settled = _settle(given, source, base)
    opened = open_benchmark(**settled.benchmark)
    settled = replace(settled, benchmark=dict(opened.settings))
    if queries is None and config is None:
        settled = replace(settled, queries=min(settled.queries, opened.space.size))
    if test:
        held_out_metrics(opened)
    if seeds is not None:
        if seed is not None:
            raise InvalidInput("got --seed and --seeds; use one of them")
        _sweep(settled, seeds, out, workers, False, test, quiet)
    else:
        _run(
            opened,
            settled,
            out or _free_folder(settled, f"seed{settled.seed}"),
            cluster or workers,
            test,
            quiet,
        )


def _base(config: Path | None) -> SearchConfig:
    """Reads the configuration file, if there is one, over the defaults."""
    from agnet.config import SearchConfig

    if config is None:
        return SearchConfig()
    try:
        return SearchConfig.from_file(config)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read the configuration {config}: {error}") from error


def _settle(given: dict[str, Any], source: dict[str, Any], base: SearchConfig) -> SearchConfig:
    """Merges the configuration and the options, which are the stronger."""
    from agnet.config import SearchConfig

    if source:
        same = source.get("name", base.benchmark.get("name")) == base.benchmark.get("name")
        given["benchmark"] = {**base.benchmark, **source} if same else source
    fields = {name: getattr(base, name) for name in SearchConfig.__dataclass_fields__}
    return SearchConfig.from_table({**fields, **given})


def _free_folder(config: SearchConfig, ending: str) -> Path:
    """Names a folder under ``runs`` that is not taken yet."""
    parts = [config.benchmark["name"], config.benchmark.get("dataset"), config.strategy, ending]
    base = "-".join(str(part) for part in parts if part)
    folder, n = Path("runs") / base, 1
    while folder.exists():
        n += 1
        folder = Path("runs") / f"{base}-{n}"
    return folder


def _run(
    benchmark: Benchmark,
    config: SearchConfig,
    out: Path,
    workers: int | EvaluatorFactory,
    test: bool,
    quiet: bool,
    resume: bool = False,
) -> None:
    from agnet.cli.output import say_interrupted, show_run
    from agnet.loop import search as run_search
    from agnet.progress import ProgressBar

    progress = None if quiet else ProgressBar()
    try:
        if resume:
            run = run_search(
                benchmark,
                out=out,
                resume=True,
                workers=workers,
                progress=progress,
                queries=config.queries,
            )
        else:
            run = run_search(benchmark, config, out=out, workers=workers, progress=progress)
    except KeyboardInterrupt:
        say_interrupted(out)
        raise
    if test and run.best is not None:
        run.test()
    show_run(run)


def _sweep(
    config: SearchConfig,
    seeds: str,
    out: Path | None,
    workers: int,
    resume: bool,
    test: bool,
    quiet: bool,
) -> None:
    from agnet.cli.output import say_interrupted, show_sweep
    from agnet.progress import ProgressBar
    from agnet.sweeps import parse_seeds, sweep

    folder = out or _free_folder(config, "sweep")
    progress = None if quiet else ProgressBar()
    try:
        runs: list[Run] = sweep(
            config,
            parse_seeds(seeds),
            folder,
            workers=workers or 1,
            resume=resume,
            test=test,
            progress=progress,
        )
    except KeyboardInterrupt:
        say_interrupted(folder, seeds)
        raise
    show_sweep(runs, folder)


def _resume(
    given: dict[str, Any],
    source: dict[str, Any],
    config: Path | None,
    seeds: str | None,
    out: Path | None,
    workers: int,
    cluster: EvaluatorFactory | None,
    test: bool,
    quiet: bool,
) -> None:
    from agnet.benchmarks import open_benchmark
    from agnet.preparation import with_more
    from agnet.runs import held_out_metrics, read_config
    from agnet.sweeps import parse_seeds

    if out is None:
        raise InvalidInput("--resume needs --out, the folder of the run")
    queries = given.pop("queries", None)
    if given or source or config is not None:
        raise InvalidInput(
            "a resumed run keeps its configuration: only --queries (more), --workers, --ray, "
            "--test and --quiet go with --resume, and --seeds for a sweep"
        )
    old = read_config(out if seeds is None else _first_there(out, parse_seeds(seeds)))
    settled = old if queries is None else with_more(old, queries)
    opened = open_benchmark(**old.benchmark)
    if test:
        held_out_metrics(opened)
    if seeds is not None:
        _sweep(settled, seeds, out, workers, True, test, quiet)
    else:
        _run(opened, settled, out, cluster or workers, test, quiet, resume=True)


def _first_there(out: Path, seeds: Sequence[int]) -> Path:
    """Returns the folder of the first seed that has a run: any has the sweep's configuration."""
    from agnet.storage import CONFIG
    from agnet.sweeps import seed_folder

    folders = [seed_folder(out, seed) for seed in seeds]
    return next((folder for folder in folders if (folder / CONFIG).exists()), folders[0])
