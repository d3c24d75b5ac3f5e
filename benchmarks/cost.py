"""Measure what mining costs: seconds and peak memory of each stage, against the number of entities.

``python benchmarks/cost.py`` runs every case in a fresh process, so that each has a peak of its own,
prints the table and puts it into the results store. A case that runs again replaces its rows.

Cases: ``fr_en/released`` and ``fr_en/corrected`` mine DBP15K fr_en with 300 epochs; ``fr_en/10k`` mines
about so many of its entities, both sides together, with default epochs; ``planted/1M`` runs the first
stage on a planted pair with so many entities *a side*; ``ratios/attention`` and ``ratios/survey`` time two
ways to do one thing. Any size may be named: ``fr_en/500``, ``planted/20k``. ``systems/emoji/en-fr`` and
``systems/dbp15k/fr_en`` time the systems of the plan ``best``, each in a process of its own; so may any pair
that the study can load.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Small imports only: the peak of a process begins with that of the one that starts it.
from psqe.errors import PsqeError
from psqe.provenance import revision
from psqe.study.costs import (
    CAP_BYTES,
    CASES,
    ENTITIES_OF_A_SEED,
    MINING,
    N_CLUSTERS,
    N_EPOCHS,
    N_SEEDS,
    REPEATS,
    WIDTHS,
    entities_a_side,
)

Row = dict[str, Any]


def main() -> int:
    """Run the cases named on the command line, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--case", nargs="+", default=[*CASES], metavar="NAME", help="all when omitted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, help="the store to write; results/store when omitted")
    parser.add_argument("--measure", metavar="NAME", help=argparse.SUPPRESS)  # what the fresh process is told
    parser.add_argument("--system", help=argparse.SUPPRESS)
    parser.add_argument("--seeds", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        return _measure(given.measure, given.system, given.seeds)
    for name in given.case:
        _kind(name, parser)
    if given.threads < 1:
        parser.error("--threads must be at least 1")

    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(given.threads)
    )
    measured_at = revision()  # once: a table written makes the checkout differ from it
    failed = []
    for name in given.case:
        environment = {**os.environ, **threads}
        try:
            rows = (_measured_systems if name.startswith("systems/") else _measured)(name, environment)
        except subprocess.CalledProcessError as error:
            failed.append(name)
            print(f"{name}: failed with code {error.returncode}; its rows stay as they were", file=sys.stderr)
            continue
        rows = [{**row, "threads": given.threads} for row in rows]
        try:
            print(f"\n{name}\n{_stored(name, rows, given.results, measured_at)}", flush=True)
        except PsqeError as error:
            print(error, file=sys.stderr)
            return 2
    return 1 if failed else 0


def _measured(name: str, environment: Mapping[str, str], *options: str) -> list[Row]:
    """Run a case in a process of its own and return its rows."""
    command = [sys.executable, __file__, "--measure", name, *options]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    rows: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def _measured_systems(name: str, environment: Mapping[str, str]) -> list[Row]:
    """Measure the mining of seeds and every system on them, each in processes of its own, the fastest run."""
    from psqe.study.tables.best import ROW_NAMES

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder) / "seeds.npy"
        for system in (MINING, *ROW_NAMES):
            runs = [
                _measured(name, environment, "--system", system, "--seeds", str(seeds))
                for _ in range(REPEATS.get(name, 1))
            ]
            rows += min(runs, key=lambda run: float(run[-1]["stage_seconds"]))
            print(f"{name}: {system}: {rows[-1]['stage_seconds']:.1f} seconds", file=sys.stderr, flush=True)
    return rows


def _stored(name: str, rows: list[Row], folder: Path | None, measured_at: str) -> str:
    """Put the rows of a case into the store; returns them as a text."""
    from psqe.options import TaskOptions
    from psqe.study.columns import KEYS, VALUES
    from psqe.study.spec import RunSpec
    from psqe.study.store import RunResult, Store

    spec = RunSpec(subject="cost", task=TaskOptions(name=name))
    totals = [row for row in rows if row["stage"] == "total"]
    total = totals[0] if len(totals) == 1 else {}
    cost = total.get("stage_seconds"), total.get("stage_peak_mb")
    store = Store(folder)
    store.put([RunResult(spec, rows, *cost, source={"revision": measured_at})])
    table = store.table("cost")
    columns = [*KEYS["cost"], *VALUES["cost"]]
    shown = table.loc[table["id"] == spec.id, columns].dropna(axis="columns", how="all")
    return str(shown.round(2).to_string(index=False, na_rep=""))


def _kind(name: str, parser: argparse.ArgumentParser) -> None:
    if name not in CASES and not re.fullmatch(r"(fr_en|planted)/[1-9]\d*[kM]?|systems/.+", name):
        parser.error(f"there is no case {name!r}; choose from {', '.join(CASES)}")


def _measure(name: str, system: str | None, seeds: Path | None) -> int:
    """Run one case and print its rows as JSON, on the last line."""
    group, _, what = name.partition("/")
    try:
        if group == "systems":
            assert system is not None and seeds is not None
            rows = one_system(what, system, seeds)
        elif group == "ratios":
            rows = attention() if what == "attention" else two_surveys()
        elif group == "planted":
            rows = planted(entities_a_side(what))
        elif what in ("released", "corrected"):
            rows = fr_en(None, what, N_EPOCHS)
        else:
            rows = fr_en(entities_a_side(what), "corrected", None)
    except PsqeError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(rows))
    return 0


def fr_en(size: int | None, variant: str, n_epochs: int | None) -> list[Row]:
    """All three stages on DBP15K fr_en, or on about ``size`` of its entities."""
    import numpy as np

    from psqe.datasets import load_task
    from psqe.datasets.synthetic import planted_vectors

    start = time.perf_counter()
    task = load_task("dbp15k/fr_en")
    rng = np.random.default_rng(0)
    n_all = task.left.n_entities + task.right.n_entities
    if size is not None and size < n_all:
        # The same share of the links and of those without counterpart; a chosen entity's edges to others go.
        links = task.links[rng.random(len(task.links)) < size / n_all]
        sides = []
        for column, graph in ((0, task.left), (1, task.right)):
            loose = np.setdiff1d(np.arange(graph.n_entities), task.links[:, column])
            loose = loose[rng.random(len(loose)) < size / n_all]
            sides.append(rng.permutation(np.concatenate([links[:, column], loose])))
        task = task.take(*sides)
    features = planted_vectors(task, WIDTHS)
    switches = {} if n_epochs is None else {"n_epochs": n_epochs}
    return _mined(task, features, start, variant=variant, switches=switches)


def one_system(pair: str, system: str, seeds_file: Path) -> list[Row]:
    """One system of the plan ``best`` on a pair: fitting, and the matching of all candidates by Sinkhorn.

    The variant :data:`psqe.study.costs.MINING` mines the seeds instead, and leaves them for the others. The
    seconds are those of the processor, added up over threads, so that other work on the machine hardly
    changes them.
    """
    from psqe.api import build_aligner, load_features, mine_seeds
    from psqe.cost import peak_memory_mb
    from psqe.datasets.pairs import load_pair
    from psqe.evaluation import feature_scorer
    from psqe.seeds import SeedSet
    from psqe.similarity import mutual_nearest
    from psqe.similarity.matching import matched
    from psqe.study.plans.best import RUNS, system_spec
    from psqe.study.tables.best import row_name

    specs = {row_name(name, seeds=seeds): system_spec(name, pair, 0, seeds=seeds) for name, seeds in RUNS}
    spec = specs["features" if system == MINING else system]
    start = time.perf_counter()
    task = load_pair(spec.task, random_state=0)
    features = load_features(task, spec.features)
    row = {"variant": system, "n_left": task.left.n_entities, "n_right": task.right.n_entities}
    data = {"stage": "data", "stage_seconds": time.perf_counter() - start, "stage_peak_mb": peak_memory_mb()}
    start = time.process_time()
    if system == MINING:
        mine_seeds(task, features=features, seeds=spec.miner, random_state=0).save_npy(seeds_file, task)
    else:
        seeds = SeedSet.empty() if spec.miner is None else SeedSet.load(seeds_file, task)
        scorer = feature_scorer(task, features)
        if spec.aligner is not None:
            scorer = build_aligner(spec.aligner, 0).fit(task, features, seeds).similarity
        mutual_nearest(matched(scorer(task.left.candidates, task.right.candidates), "sinkhorn"))
    seconds = time.process_time() - start
    total = {"stage": "total", "stage_seconds": seconds, "stage_peak_mb": peak_memory_mb()}
    return [{**row, **data}, {**row, **total}]


def planted(size: int) -> list[Row]:
    """The first stage on a planted pair with about ``size`` entities a side, under a cap on memory."""
    # What a process may hold for itself; libraries mapped from files, which are not in memory, do not count.
    resource.setrlimit(resource.RLIMIT_DATA, (int(CAP_BYTES), int(CAP_BYTES)))
    from psqe.datasets.synthetic import planted_pair

    start = time.perf_counter()
    dangling = 0.125
    n = max(4, round(size / (1 - dangling)))
    task, features = planted_pair(n, regions=5, dim=32, dangling=dangling, random_state=0)
    rows = _mined(task, features, start, stages=("cluster",))
    cap_mb = CAP_BYTES / 2**20
    peak_mb = max(row["stage_peak_mb"] or 0 for row in rows)
    if peak_mb > cap_mb:
        raise SystemExit(f"peak of {peak_mb:.0f} MiB is over the cap of {cap_mb:.0f}")
    return [{**row, "cap_mb": cap_mb} for row in rows]


def _mined(task: Any, features: Any, start: float, **parameters: Any) -> list[Row]:
    """Mine seeds and say what each stage cost; ``start`` is when the making of the data began."""
    made = time.perf_counter() - start
    from psqe.cost import peak_memory_mb
    from psqe.seeds import PSQEMiner, correct

    n_left, n_right = task.left.n_entities, task.right.n_entities
    data = {"stage": "data", "stage_seconds": made, "stage_peak_mb": peak_memory_mb()}
    # Graphs with few links cannot have that many seeds.
    n_seeds = min(N_SEEDS, max(1, (n_left + n_right) // ENTITIES_OF_A_SEED))
    miner = PSQEMiner(n_seeds, n_clusters=N_CLUSTERS, **parameters)
    seeds = miner.mine(task, features)
    stages = [
        {
            "stage": trace.stage,
            "stage_seconds": trace.seconds,
            "stage_peak_mb": trace.peak_mb,
            "seeds_found": len(trace.pairs),
            "precision": float(correct(trace.pairs, task).mean()),
        }
        for trace in seeds.trace
    ]
    total = {**stages[-1], "stage": "total", "stage_seconds": seeds.seconds, "stage_peak_mb": seeds.peak_mb}
    # Canonical order, setting up, confidence of the seeds.
    other = {
        "stage": "other",
        "stage_seconds": max(0.0, seeds.seconds - sum(row["stage_seconds"] for row in stages)),
        "stage_peak_mb": None,
    }
    common = {
        "variant": miner.variant,
        "n_left": n_left,
        "n_right": n_right,
        "width": sum(modality.dim for modality in features.values()),
        "n_seeds": miner.n_seeds,
        "n_clusters": miner.n_clusters,
        "n_epochs": miner.rules.n_epochs if "refine" in miner.stages else None,
        "search": "approximate" if "faiss" in sys.modules else "exact",
    }
    return [{**common, **row} for row in (data, *stages, other, total)]


def attention(n: int = 3000, width: int = 300, repeats: int = 7) -> list[Row]:
    """The backward pass of one attention layer: on edges, and with a dense ``n x n`` gradient between."""
    from unittest.mock import patch

    import numpy as np
    import torch

    from psqe.training import graph_attention
    from psqe.training.graph_attention import DiagonalGAT, Edges, weighted_sum

    class Dense(torch.autograd.Function):
        """The weighted sum whose gradient for the weights is a part of a dense matrix."""

        @staticmethod
        def forward(ctx: Any, weights: torch.Tensor, x: torch.Tensor, edges: Edges) -> torch.Tensor:
            ctx.save_for_backward(weights, x)
            ctx.edges = edges
            return weighted_sum(weights, x, edges)

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
            weights, x = ctx.saved_tensors
            edges = ctx.edges
            of_weights = (grad @ x.T)[edges.targets, edges.sources]
            with torch.enable_grad():
                again = x.detach().requires_grad_()
                (of_x,) = torch.autograd.grad(weighted_sum(weights, again, edges), again, grad)
            return of_weights, of_x, None

    rng = np.random.default_rng(0)
    drawn = rng.integers(n, size=(11 * n, 2))  # about as many a node as fr_en has
    pairs = np.unique(np.concatenate([drawn, drawn[:, ::-1], np.arange(n)[:, None].repeat(2, 1)]), axis=0)
    edges = Edges(pairs[:, 0], pairs[:, 1], n)
    torch.manual_seed(0)
    layer, x = DiagonalGAT(width, n_layers=1), torch.randn(n, width, requires_grad=True)
    seconds: dict[str, list[float]] = {"edges": [], "dense": []}
    found: dict[str, torch.Tensor] = {}
    for _ in range(repeats):
        for variant, function in (("edges", weighted_sum), ("dense", Dense.apply)):
            with patch.object(graph_attention, "weighted_sum", function):
                loss = layer(x, edges).square().sum()
            x.grad = None
            start = time.perf_counter()
            loss.backward()
            seconds[variant].append(time.perf_counter() - start)
            assert x.grad is not None
            found[variant] = x.grad
    assert torch.allclose(found["edges"], found["dense"], rtol=1e-3, atol=1e-3)
    common = {"stage": "backward", "n_left": n, "n_right": n, "width": width}
    return [{**common, "variant": name, "stage_seconds": float(np.median(s))} for name, s in seconds.items()]


def two_surveys(n: int = 5000, repeats: int = 3) -> list[Row]:
    """Nearest ones and totals of both directions: in one pass over the similarities, and in two."""
    import numpy as np

    from psqe.features.fusion import unit_rows
    from psqe.similarity import Dot, Similarity, best_in_rows, find_neighbours
    from psqe.similarity.neighbours import N_LISTED, TEMPERATURE, log_sum_exp

    def one_side(similarity: Similarity) -> tuple[Any, Any]:
        indices = np.empty((similarity.shape[0], N_LISTED), dtype=np.int64)
        total = np.empty(similarity.shape[0])
        for start, block in similarity.blocks():
            rows = slice(start, start + len(block))
            indices[rows], scores = best_in_rows(block, N_LISTED)
            total[rows] = log_sum_exp(block, scores[:, 0], TEMPERATURE)
        return indices, total

    width = sum(WIDTHS.values())
    rng = np.random.default_rng(0)
    left, right = (unit_rows(rng.standard_normal((n, width), dtype=np.float32)) for _ in range(2))
    similarity = Dot(left, right)
    seconds: dict[str, list[float]] = {"one pass": [], "two passes": []}
    for _ in range(repeats):
        start = time.perf_counter()
        both = find_neighbours(similarity)
        seconds["one pass"].append(time.perf_counter() - start)
        start = time.perf_counter()
        of_left, of_right = one_side(similarity), one_side(similarity.T)
        seconds["two passes"].append(time.perf_counter() - start)
        for own, total, (indices, totals) in (
            (both.left_indices, both.left_total, of_left), (both.right_indices, both.right_total, of_right)
        ):  # fmt: skip
            assert (own == indices).mean() > 0.999  # products may differ in the last bit, and with them ties
            assert np.allclose(total, totals, rtol=1e-4)
    common = {"stage": "survey", "n_left": n, "n_right": n, "width": width}
    return [{**common, "variant": name, "stage_seconds": float(np.median(s))} for name, s in seconds.items()]


if __name__ == "__main__":
    sys.exit(main())
