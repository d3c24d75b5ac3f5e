"""Measure what an alignment costs against the number of entities, and what the approximate search misses.

``python benchmarks/scaling.py`` aligns planted pairs of growing size (``psqe.align``: seeds by PSQE,
propagation, links), each in a process of its own, so that each has a peak of its own. It prints seconds, peak
memory and quality of every size, and how each grew from the size before. ``--store`` puts the measurements
into the results store, from which the book's page about costs takes them. The size ``han/words`` is the pair
of Han words, of which the vectors are made and the results are written, too; with an empty cache
(``PSQE_CACHE``) the time has the encoding of all texts.

``--search`` compares the two searches instead: on vectors of a planted pair, on vectors in many narrow
clusters and on vectors without clusters, or with ``--words`` on the texts of ``han/words``, it searches the
nearest entities of a sample exactly and approximately, and prints how many of them are found (``recall@1``,
``recall@10``) and how long all entities would take.

``--exact-up-to`` sets the number of entities up to which all pairs are compared, so that both searches can be
measured at one size.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Small imports only: the peak of a process begins with that of the one that starts it.
from psqe.study.costs import ALIGNMENT_STAGES, ALIGNMENTS, REAL_ALIGNMENTS, entities_a_side, planted_options

if TYPE_CHECKING:
    from psqe.features import Features
    from psqe.graph import AlignmentTask

Row = dict[str, Any]


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--sizes", nargs="+", default=[*ALIGNMENTS], metavar="SIZE", help="such as 10k, 1M or han/words"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--exact-up-to", type=int, metavar="N", help="compare all pairs up to N entities")
    parser.add_argument("--search", action="store_true", help="compare the two searches, at the first size")
    parser.add_argument("--words", action="store_true", help="with --search: on the texts of han/words")
    parser.add_argument("--store", action="store_true", help="put the measurements into the results store")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.exact_up_to is not None:
        from psqe.similarity import approximate

        approximate.EXACT = given.exact_up_to
    if given.search:
        compare_searches(entities_a_side(given.sizes[0]), words=given.words)
        return 0
    if given.measure:
        print(json.dumps(aligned(given.sizes[0])))
        return 0
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(given.threads)
    )
    before: Row | None = None
    print(" entities    seconds  processor  peak GB  search       seeds correct  Hits@1  links correct")
    for size in given.sizes:
        command = [sys.executable, __file__, "--measure", "--sizes", size]
        if given.exact_up_to is not None:
            command += ["--exact-up-to", str(given.exact_up_to)]
        done = subprocess.run(
            command, env={**os.environ, **threads}, stdout=subprocess.PIPE, text=True, check=True
        )
        rows = [{**row, "threads": given.threads} for row in json.loads(done.stdout.splitlines()[-1])]
        by_stage = {row["stage"]: row for row in rows}
        total = by_stage["total"]
        print(
            f"{total['n_left']:9,d} {total['stage_seconds']:10.0f} {total['processor_seconds']:10.0f}"
            f" {total['stage_peak_mb'] * 2**20 / 1e9:8.2f}  {total['search']:<12}"
            f" {by_stage['seeds']['precision']:12.4f} {total['hits@1']:8.4f} {total['precision']:12.4f}",
            flush=True,
        )
        stages = [stage for stage in ("features", *ALIGNMENT_STAGES, "report") if stage in by_stage]
        parts = (f"{stage} {by_stage[stage]['stage_seconds']:.0f}" for stage in stages)
        print(f"{'':9} seconds by stage: {', '.join(parts)}")
        if before is not None and size not in REAL_ALIGNMENTS:
            grown = {
                what: total[column] / before[column]
                for what, column in (("entities", "n_left"), ("seconds", "stage_seconds"),
                                     ("memory", "stage_peak_mb"))
            }  # fmt: skip
            print(f"{'':9} {', '.join(f'{ratio:.1f} times the {what}' for what, ratio in grown.items())}")
        before = total
        if given.store:
            store(size, rows)
    return 0


def aligned(size: str) -> list[Row]:
    """Align a pair and say what each part cost and found.

    Parameters
    ----------
    size
        Number of entities a side of a planted pair, or one of :data:`psqe.study.costs.REAL_ALIGNMENTS`, whose
        vectors are made and whose results are written, too.
    """
    import numpy as np

    import psqe
    from psqe.api import load_features
    from psqe.datasets import load_task
    from psqe.datasets.synthetic import planted_pair
    from psqe.evaluation.truth import among
    from psqe.links import link_summary
    from psqe.seeds import correct
    from psqe.similarity.approximate import too_many_pairs

    real = size in REAL_ALIGNMENTS
    start, processor = time.perf_counter(), time.process_time()
    if real:
        task = load_task(size)
        features = load_features(task)
    else:
        task, features = planted_pair(**planted_options(entities_a_side(size)))
    rows: list[Row] = [timed("features" if real else "data", time.perf_counter() - start)]
    if not real:
        start, processor = time.perf_counter(), time.process_time()
    before = time.perf_counter()
    # The known links are withheld, because evaluating with them takes long and is no part of an alignment.
    found = psqe.align(task.without_links(), features=features)
    seconds = time.perf_counter() - before
    assert task.links is not None
    linked = np.unique(task.links[:, 0])
    nearest = found.predicted.nearest.left.entities[np.searchsorted(task.left.candidates, linked), 0]
    seeds, aligner_seconds = found.seeds, found.aligner.seconds_
    rows += [
        {**timed(stage.stage, stage.seconds, stage.peak_mb),
         "seeds_found": len(stage.pairs), "precision": float(correct(stage.pairs, task).mean())}
        for stage in seeds.trace
    ]  # fmt: skip
    rows += [
        {**timed("seeds", seeds.seconds, seeds.peak_mb),
         "seeds_found": len(seeds), "precision": float(correct(seeds.pairs, task).mean())},
        timed("aligner", aligner_seconds, found.aligner.peak_mb_),
        timed("links", max(0.0, seconds - seeds.seconds - aligner_seconds)),
    ]  # fmt: skip
    if real:
        before = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found.save(Path(folder) / "out")
            found.report(Path(folder) / "report.html")
        rows.append(timed("report", time.perf_counter() - before))
    total = {
        **timed("total", time.perf_counter() - start),
        "processor_seconds": time.process_time() - processor,
    }
    quality = link_summary(found.predicted, task, seeds=found.seeds)["link_quality"]
    rows.append({
        **total,
        "precision": quality["links"]["precision"],
        "hits@1": float(among(np.column_stack([linked, nearest]), task.links).mean()),
    })  # fmt: skip
    sides = task.sides.map(lambda graph: len(graph.candidates))
    common = {
        "variant": "align", "n_left": sides.left, "n_right": sides.right,
        "width": max(modality.dim for modality in features.values()),
        "search": "approximate" if too_many_pairs(*sides) else "exact",
    }  # fmt: skip
    return [{**common, **row} for row in rows]


def timed(stage: str, seconds: float, peak_mb: float | None = None) -> Row:
    """Make the row of a stage; its peak is that of the process until now where none is given."""
    from psqe.cost import peak_memory_mb

    return {
        "stage": stage, "stage_seconds": seconds, "stage_peak_mb": peak_mb or peak_memory_mb(),
    }  # fmt: skip


def compare_searches(n: int, *, words: bool = False) -> None:
    """Print what the approximate search finds of the nearest entities, and what both searches cost.

    Parameters
    ----------
    n
        Number of entities a side of the planted pairs.
    words
        Whether to search the texts of the pair ``han/words`` instead.
    """
    from psqe.datasets import load_task
    from psqe.datasets.synthetic import planted_pair
    from psqe.features import build_features

    print(" vectors                   n  recall@1  recall@10  seconds exact  seconds approximate  ratio")
    if words:
        task = load_task("han/words")
        compare_on("words of han/words", task, build_features(task, modalities=["attribute"]))
        return
    kinds: dict[str, Row] = {
        "planted": {},
        "narrow clusters": {"regions": max(4, planted_options(n)["n"] // 50), "spread": 0.3},
        "without clusters": {"regions": 1},
    }
    for what, options in kinds.items():
        compare_on(what, *planted_pair(**planted_options(n, **options)))


def compare_on(what: str, task: AlignmentTask, features: Features, *, n_sampled: int = 3000) -> None:
    """Print what the approximate search finds of the nearest entities of a pair, and what both searches cost.

    Parameters
    ----------
    what
        What the vectors are, for the print.
    task, features
        The pair; entities without any vector are not searched for.
    n_sampled
        Number of left entities whose nearest are searched exactly, too.
    """
    import numpy as np

    from psqe.features.fusion import fuse
    from psqe.similarity import Dot, approximate, top_k

    similarity = Dot(*fuse(features, task.left.candidates, task.right.candidates))
    known = np.flatnonzero(np.abs(similarity.left).sum(axis=1) > 0)
    sample = np.sort(np.random.default_rng(0).choice(known, min(n_sampled, len(known)), replace=False))
    start = time.perf_counter()
    approximate.EXACT = 10**9
    wanted, _ = top_k(similarity.take(sample, None), 10)
    exact_seconds = (time.perf_counter() - start) * similarity.shape[0] / len(sample)
    start = time.perf_counter()
    found = approximate.search(similarity, 10).indices[sample]
    seconds = time.perf_counter() - start
    recalls = [
        np.mean([len({*a[:k]} & {*b[:k]}) / k for a, b in zip(wanted, found, strict=True)]) for k in (1, 10)
    ]
    print(
        f" {what:<20} {similarity.shape[1]:>7,d} {recalls[0]:9.4f} {recalls[1]:10.4f} {exact_seconds:14.1f}"
        f" {seconds:20.1f} {exact_seconds / seconds:6.1f}",
        flush=True,
    )


def store(size: str, rows: list[Row]) -> None:
    """Put the rows of a size into the results store."""
    from psqe.options import TaskOptions
    from psqe.provenance import revision
    from psqe.study.spec import RunSpec
    from psqe.study.store import RunResult, Store

    total = rows[-1]
    spec = RunSpec(subject="cost", task=TaskOptions(name=f"align/{size}"))
    cost = total["stage_seconds"], total["stage_peak_mb"]
    Store().put([RunResult(spec, rows, *cost, source={"revision": revision()})])


if __name__ == "__main__":
    # A process that is measured must find this file's neighbours whatever the folder it is started in.
    os.chdir(Path(__file__).resolve().parents[1])
    raise SystemExit(main())
