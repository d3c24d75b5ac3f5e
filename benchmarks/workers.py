"""Measure what the workers of a Dask cluster cost and save, on this machine.

``python benchmarks/workers.py`` searches the nearest entities of planted pairs of growing size, in both
directions, in one process and by clusters of two and of four workers with one thread each. It checks that all
find the same, and prints the seconds of each, how long it takes to send the vectors and to take the results
when nothing is searched, and from that how long a cluster of more cores would take: the seconds of one core,
divided by the number of cores, and the overhead.

``--suffix=-more-cores`` names the cases of another machine, so that they stand beside those of the first one.

``--align`` does the same with whole alignments (``psqe.align``), and prints which part of an alignment in one
process is the search that workers can do.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

THREADS = 2
"""Of the process that searches alone, and of the one that workers help."""

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, str(THREADS))

import numpy as np  # noqa: E402

import psqe  # noqa: E402
from psqe.datasets.synthetic import planted_pair  # noqa: E402
from psqe.features.fusion import fuse  # noqa: E402
from psqe.similarity import Dot, approximate, find_neighbours, neighbours, search, workers  # noqa: E402
from psqe.similarity.base import Similarity  # noqa: E402
from psqe.study.costs import ALONE, PLANTED_WIDTH, SENDING, entities_a_side, planted_options  # noqa: E402

N_LISTED = 32
"""Number of nearest entities that are searched."""

CORES = (4, 16, 64)
"""Numbers of cores for which the time is estimated."""


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["20k", "50k", "100k"], metavar="SIZE")
    parser.add_argument("--workers", nargs="+", type=int, default=[2, 4], metavar="N")
    parser.add_argument("--store", action="store_true", help="put the measurements into the results store")
    parser.add_argument("--align", action="store_true", help="measure whole alignments")
    parser.add_argument("--suffix", default="", help="with --store: what is added to the name of each case")
    given = parser.parse_args()
    for size in given.sizes:
        rows = (measure_alignments if given.align else measure_searches)(entities_a_side(size), given.workers)
        if given.store:
            store((f"aligned/{size}" if given.align else size) + given.suffix, rows)
    return 0


def planted(n: int) -> Any:
    """Make a planted pair with ``n`` entities a side."""
    return planted_pair(**planted_options(n))


def measure_searches(n: int, n_workers: list[int]) -> list[dict[str, Any]]:
    """Print what the search in both directions costs in one process and by workers; return the rows."""
    task, features = planted(n)
    pair = Dot(*fuse(features, task.left.candidates, task.right.candidates))
    kind = "approximate" if approximate.is_large(pair) else "exact"
    seconds, processor, here = timed(partial(find_neighbours, pair, k=N_LISTED))
    print(f"{n:,d} a side, {kind} search: one process {seconds:.1f} s ({processor:.1f} s of processors)")
    common = {
        "stage": "search", "n_left": n, "n_right": n, "width": PLANTED_WIDTH, "search": kind,
        "threads": THREADS,
    }  # fmt: skip
    rows = [{"variant": ALONE, "stage_seconds": seconds, "processor_seconds": processor}]
    sending = []
    for number in n_workers:
        pair = Dot(pair.left, pair.right)  # one that has not been searched
        with cluster(number) as address:
            connecting = time.perf_counter()
            with workers.search_on(address):
                connecting = time.perf_counter() - connecting
                there_seconds, own, there = timed(partial(find_neighbours, pair, k=N_LISTED))
                overhead, _, _ = timed(partial(send_and_take, pair))
        pairs = zip(vars(here).values(), vars(there).values(), strict=True)
        same = all(np.array_equal(a, b) for a, b in pairs)
        print(
            f"  {number} workers {there_seconds:.1f} s, {there_seconds / seconds:.2f} times as long; "
            f"{'the same' if same else 'ANOTHER'} result; connecting {connecting:.1f} s, "
            f"sending and taking alone {overhead:.2f} s, this process itself {own:.1f} s of processors"
        )
        estimates = ", ".join(f"{cores} cores {processor / cores + overhead:.1f} s" for cores in CORES)
        print(f"  estimated: {estimates}", flush=True)
        rows.append({"variant": f"{number} workers", "stage_seconds": there_seconds})
        sending.append(overhead)
        if not same:
            raise SystemExit("workers found something else")
    rows.append({"variant": SENDING, "stage_seconds": max(sending)})
    return [{**common, **row} for row in rows]


def measure_alignments(n: int, n_workers: list[int]) -> list[dict[str, Any]]:
    """Print what an alignment costs in one process and by workers, and what part of it is a search.

    Returns
    -------
    The same as rows of the results store.
    """
    task, features = planted(n)
    with searching_timed() as searching:
        seconds, processor, here = timed(partial(psqe.align, task, features=features))
    print(
        f"{n:,d} a side, aligned: one process {seconds:.1f} s ({processor:.1f} s of processors), "
        f"of which searching {searching[0]:.1f} s"
    )
    common = {"n_left": n, "n_right": n, "width": PLANTED_WIDTH, "threads": THREADS}
    rows = [
        {"variant": ALONE, "stage": "alignment", "stage_seconds": seconds, "processor_seconds": processor},
        {"variant": ALONE, "stage": "search", "stage_seconds": searching[0]},
    ]
    for number in n_workers:
        with cluster(number) as address:
            there_seconds, own, there = timed(partial(psqe.align, task, features=features, scheduler=address))
        print(
            f"  {number} workers {there_seconds:.1f} s, {there_seconds / seconds:.2f} times as long; "
            f"{'the same' if here.links.equals(there.links) else 'ANOTHER'} result; "
            f"this process itself {own:.1f} s of processors",
            flush=True,
        )
        rows.append({"variant": f"{number} workers", "stage": "alignment", "stage_seconds": there_seconds})
    return [{**common, **row} for row in rows]


def timed(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Call a function; return its seconds, those of the processors for this process, and its result."""
    start, processor = time.perf_counter(), time.process_time()
    result = function()
    return time.perf_counter() - start, time.process_time() - processor, result


def cluster(n_workers: int) -> Any:
    """Start workers with one thread each; a ``with`` statement gets the address of their scheduler."""
    from contextlib import contextmanager

    from distributed import LocalCluster

    @contextmanager
    def started() -> Iterator[str]:
        with LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as made:
            yield made.scheduler_address

    return started()


def send_and_take(similarity: Similarity) -> None:
    """Send a similarity and its transpose, and take results of the size of a search, without any search."""
    for side in (similarity, similarity.T):
        if approximate.is_large(side):
            ranges = workers.row_ranges(side, approximate.BLOCK_ROWS)
            list(workers.map_parts(nothing, side, ranges))
    if not approximate.is_large(similarity):
        step = similarity.block_rows * search.BLOCKS_SENT
        list(workers.map_parts(nothing_both_ways, similarity, workers.row_ranges(similarity, step)))


def nothing(similarity: Similarity, rows: slice) -> approximate.Listed:
    """Return what a search of rows returns, in size."""
    n = rows.stop - rows.start
    return approximate.Listed(
        np.zeros((n, N_LISTED), np.int64), np.zeros((n, N_LISTED), np.float32), np.zeros(n)
    )


def nothing_both_ways(similarity: Similarity, rows: slice) -> tuple[approximate.Listed, Any, Any]:
    """Return what a search of rows in both directions returns, in size."""
    n_right = similarity.shape[1]
    n_blocks = -(-(rows.stop - rows.start) // similarity.block_rows)
    return nothing(similarity, rows), nothing(similarity.T, slice(0, n_right)), np.zeros((n_blocks, n_right))


def store(size: str, rows: list[dict[str, Any]]) -> None:
    """Put the rows of a size into the results store."""
    from psqe.cost import peak_memory_mb
    from psqe.options import TaskOptions
    from psqe.provenance import revision
    from psqe.study.spec import RunSpec
    from psqe.study.store import RunResult, Store

    spec = RunSpec(subject="cost", task=TaskOptions(name=f"workers/{size}"))
    seconds = sum(row["stage_seconds"] for row in rows)
    Store().put([RunResult(spec, rows, seconds, peak_memory_mb(), source={"revision": revision()})])


class searching_timed:  # noqa: N801
    """Add up the seconds of what workers can do, where this process does it."""

    def __enter__(self) -> list[float]:
        """Let the searches be timed."""
        self.seconds = [0.0]
        self.before = [(module, name, getattr(module, name)) for module, name in (
            (approximate, "search_shard"), (neighbours, "map_parts"), (search, "map_parts"))]  # fmt: skip
        for module, name, function in self.before:
            setattr(module, name, partial(self._timed, function))
        return self.seconds

    def __exit__(self, *_: object) -> None:
        """Put everything back."""
        for module, name, function in self.before:
            setattr(module, name, function)

    def _timed(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        found = function(*arguments, **named)
        self.seconds[0] += time.perf_counter() - start
        return self._each(found) if isinstance(found, Iterator) else found

    def _each(self, found: Iterator[Any]) -> Iterator[Any]:
        while True:
            start = time.perf_counter()
            try:
                part = next(found)
            except StopIteration:
                return
            finally:
                self.seconds[0] += time.perf_counter() - start
            yield part


if __name__ == "__main__":
    # Workers must find this file's functions whatever the folder it is started in.
    os.chdir(Path(__file__).resolve().parents[1])
    raise SystemExit(main())
