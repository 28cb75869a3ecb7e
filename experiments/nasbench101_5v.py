"""Search among the 2,532 NAS-Bench-101 cells of at most 5 vertices.

    python -m experiments.nasbench101_5v run      (resumable)
    python -m experiments.nasbench101_5v table    (prints the table from the committed results)

What is known of all of them is the accuracies of 4 epochs, which are therefore what is searched and
tested. 30 seeds, 16 initial cells in common, up to 96 queries in batches of 2 and 16. A run stops
once the cell of the best validation accuracy has been evaluated: nothing could change after that.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from agnet import SearchConfig, open_benchmark
from experiments.recorded import Row, complete, matching, parser, rows, spread, table, until
from experiments.watched import best_at, best_of, queries_to, rises, test_accuracy, watch

STRATEGIES = ("agnet", "gp", "trees", "evolution", "local_search", "random")
BATCHES = (2, 16)
QUERIES, INIT, MARKS, CELLS = 96, 16, (48, 96), 2532
VALIDATION, TEST = "val_accuracy_4ep", "test_accuracy_4ep"


def main() -> None:
    """Runs the experiment or prints its table."""
    given = parser(__doc__, ("run", "table"), "nasbench101_5v", 30).parse_args()
    if given.what == "run":
        jobs = [
            {"strategy": strategy, "batch": batch, "seed": seed}
            for strategy, batch, seed in product(STRATEGIES, BATCHES, range(given.seeds))
        ]
        complete(jobs, work, given.results, given.procs, given.only)
    print(found_table(given.results))


def work(job: Row) -> Row:
    """Runs one search."""
    benchmark = open_benchmark("nasbench101")
    if benchmark.space.size != CELLS:
        raise SystemExit(f"the imported tables are of {benchmark.space.size} cells, not {CELLS}")
    best = best_of(benchmark, VALIDATION)
    config = SearchConfig(
        benchmark={"name": "nasbench101"},
        strategy=job["strategy"],
        objectives=(f"maximize {VALIDATION}",),
        queries=QUERIES,
        init=INIT,
        batch=job["batch"],
        seed=job["seed"],
    )
    run, _ = watch(config, stop_at=best)
    return {
        "curve": rises(run.best_so_far()),
        "queries_to_best": queries_to(run, best),
        "test": {str(mark): test_accuracy(run, mark, TEST) for mark in MARKS},
    }


def found_table(results: Path) -> str:
    """What was found, one row a batch and strategy; worst seeds in brackets."""
    lines = []
    for batch, strategy in product(BATCHES, STRATEGIES):
        own = matching(rows(results, strategy), batch=batch)
        if own:
            values = [spread([best_at(row["curve"], mark) for row in own]) for mark in MARKS]
            tests = [spread([row["test"][str(mark)] for row in own]) for mark in MARKS]
            needed = until([row["queries_to_best"] for row in own], QUERIES)
            lines.append([batch, strategy, *values, *tests, *needed])
    head = ["batch", "strategy", "val @48", "val @96", "test @48", "test @96"]
    return table([*head, "found best", "queries to it: mean", "median", "worst"], lines)


if __name__ == "__main__":
    main()
