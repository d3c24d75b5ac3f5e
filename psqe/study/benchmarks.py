"""The benchmarks: what is in them, what each modality alone can do, what miners and an aligner make of them.

``python -m psqe.study.benchmarks`` fills the results store and ``results/benchmarks.csv``, from which the
book's page is computed: the data are not part of the project.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from psqe.aligners import ALIGNERS
from psqe.datasets import load_task
from psqe.datasets.benchmarks import BENCHMARKS
from psqe.datasets.info import task_info
from psqe.datasets.leaks import leaks
from psqe.errors import PsqeError
from psqe.evaluation import evaluate, feature_scorer
from psqe.evaluation.regions import all_regions
from psqe.features import Features, build_features
from psqe.features.encoder import DEFAULT_ENCODERS
from psqe.files import atomic_path
from psqe.graph import AlignmentTask
from psqe.measure import measured
from psqe.provenance import provenance
from psqe.seeds import MINERS, SeedSet
from psqe.similarity import Matching
from psqe.study import old_store as store
from psqe.study.experiments import seed_rows
from psqe.study.project import Project

COMPARED = ("pivot", "mutual", "psqe")
"""Miners that are tried on every benchmark."""

N_SEEDS = 1000

MATCHINGS: tuple[Matching, ...] = ("cosine", "csls")
"""How a single view is matched."""


@dataclass(frozen=True)
class View:
    """Modalities with an encoder each: what a run looks at.

    Attributes
    ----------
    parts
        ``(modality, encoder)``.
    """

    parts: tuple[tuple[str, str], ...]

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities alone."""
        return tuple(modality for modality, _ in self.parts)

    @property
    def settings(self) -> str:
        """The encoders that are not the modality's default; ``-`` if none."""
        other = [f"{m}={encoder}" for m, encoder in sorted(self.parts) if encoder != DEFAULT_ENCODERS[m]]
        return " ".join(other) or "-"

    def features(self, task: AlignmentTask) -> Features:
        """The features of a task under this view."""
        return build_features(task, self.modalities, encoders=dict(self.parts))


def view(*parts: str) -> View:
    """A view from ``modality:encoder``.

    >>> view("name:bigram").settings
    'name=bigram'
    """
    pairs = [part.partition(":") for part in parts]
    return View(tuple((modality, encoder or DEFAULT_ENCODERS[modality]) for modality, _, encoder in pairs))


def _views(*parts: str) -> tuple[View, ...]:
    return tuple(view(part) for part in parts)


_DBP15K = _views(
    "name", "name:bigram", "translated_name", "translated_name:bigram", "attribute:bag", "relation:profile"
)
SINGLE: dict[str, tuple[View, ...]] = {
    "dbp15k/zh_en": _DBP15K,
    "dbp15k/ja_en": _DBP15K,
    "dbp15k/fr_en": _DBP15K,
    "srprs/en_fr": _views("name", "name:bigram", "attribute:bag", "relation", "relation:profile"),
    "srprs/dbp_yg": _views("name", "name:bigram", "attribute", "relation:use-m3", "relation:profile"),
    "openea/d_w": _views("relation:profile"),
    "fb15k/db15k": _views("number", "attribute", "relation:use-m3", "relation:profile"),
}
"""What is looked at alone: every modality that both sides have, with every encoder that can compare it."""

TOGETHER: dict[str, View] = {
    "dbp15k/zh_en": view("name"),
    "dbp15k/ja_en": view("name"),
    "dbp15k/fr_en": view("name"),
    "srprs/en_fr": view("name"),
    "srprs/dbp_yg": view("name"),
    "openea/d_w": view("relation:profile"),
    "fb15k/db15k": view("number", "attribute", "relation:use-m3"),
}
"""What miners and the aligner are given: names where both sides have them, else all that there is. Chosen by
what is there, before anything was measured."""


def single_rows(name: str, one: View, random_state: int) -> Iterator[dict[str, Any]]:
    """How far one view gets without seeds and training: rows for the store."""
    task = load_task(name, random_state=random_state)
    with measured() as cost:
        features = one.features(task)
        scorer = feature_scorer(task, features)
        reports = {matching: evaluate(task, scorer, matching=matching) for matching in MATCHINGS}
    for matching, report in reports.items():
        for direction, protocols in report["metrics"].items():
            for protocol, metrics in protocols.items():
                if protocol == "peer" and matching != "csls":
                    continue  # CSLS whatever the matching
                yield {
                    **_key(name, one, random_state), "miner": "none", "n_seeds": 0, "aligner": matching,
                    "direction": direction, "protocol": protocol, **metrics, "seconds": cost.seconds,
                    "peak_mb": cost.peak_mb,
                }  # fmt: skip


def mined_rows(name: str, miner: str, random_state: int, n_seeds: int = N_SEEDS) -> Iterator[dict[str, Any]]:
    """Seeds of one miner: rows for the store. Seconds and memory are those of the process, data included."""
    with measured() as cost:
        task, features, seeds = _mined(name, miner, random_state, n_seeds)
    for row in seed_rows(
        _seed_key(name, miner, random_state, n_seeds), seeds, task, all_regions(task, features), detail=False
    ):
        yield {**row, "seconds": cost.seconds, "peak_mb": cost.peak_mb} if row.get("region") is None else row


def aligned_rows(
    name: str, miner: str, random_state: int, n_seeds: int = N_SEEDS
) -> Iterator[dict[str, Any]]:
    """MCLEA, small preset, on the seeds of one miner: rows for the store."""
    with measured() as cost:
        task, features, seeds = _mined(name, miner, random_state, n_seeds)
        model = ALIGNERS["mclea"].preset("small", random_state=random_state).fit(task, features, seeds)
        report = evaluate(task, model.similarity, matching=model.matching)
    key = _seed_key(name, miner, random_state, n_seeds)
    settings = " ".join(part for part in ("preset=small", key["settings"]) if part != "-")
    for direction, protocols in report["metrics"].items():
        for protocol, metrics in protocols.items():
            yield {
                **key, "settings": settings, "aligner": "mclea", "direction": direction, "protocol": protocol,
                **metrics, "seconds": cost.seconds, "peak_mb": cost.peak_mb,
            }  # fmt: skip


def _mined(name: str, miner: str, random_state: int, n_seeds: int) -> tuple[AlignmentTask, Features, SeedSet]:
    task = load_task(name, random_state=random_state)
    features = TOGETHER[name].features(task)
    options = {"random_state": random_state} if miner == "psqe" else {}
    return task, features, MINERS[miner](n_seeds, **options).mine(task, features)  # type: ignore[call-arg]


def _key(name: str, one: View, random_state: int) -> dict[str, Any]:
    return {
        "task": name,
        "settings": one.settings,
        "modalities": one.modalities,
        "random_state": random_state,
    }


def _seed_key(name: str, miner: str, random_state: int, n_seeds: int) -> dict[str, Any]:
    variant = "corrected" if miner == "psqe" else "-"
    own = {"miner": miner, "variant": variant, "n_seeds": n_seeds}
    return {**_key(name, TOGETHER[name], random_state), **own}


# ---- facts about the data

FACTS = ("task", "side", "fact", "value", "revision", "date")


def facts(name: str) -> list[dict[str, Any]]:
    """What ``psqe data info`` tells and what leaks, one row a number; ``both`` for what is of the pair."""
    task = load_task(name)
    info = task_info(task)
    rows: list[dict[str, Any]] = []
    for side in ("left", "right"):
        told = {**info[side], "dangling_share": info["dangling_share"][side]}
        rows += [{"side": side, "fact": fact, "value": value} for fact, value in told.items()]
    shared = len(set(task.left.relations) & set(task.right.relations))
    both = {"links": info["links"], "shared_relations": shared, **leaks(task)}
    rows += [{"side": "both", "fact": fact, "value": value} for fact, value in both.items()]
    source = {key: value for key, value in provenance().items() if key in FACTS}
    return [{"task": name, **row, **source} for row in rows if isinstance(row["value"], int | float)]


def facts_path() -> Path:
    """``results/benchmarks.csv`` of the project."""
    return Project.find().results / "benchmarks.csv"


def read_facts(path: str | Path | None = None) -> pd.DataFrame:
    """The facts that are kept: columns :data:`FACTS`; empty when there are none."""
    path = facts_path() if path is None else Path(path)
    if not path.exists():
        return pd.DataFrame(columns=list(FACTS))
    return pd.read_csv(path, dtype={"value": "float64"})


def put_facts(rows: Iterable[Mapping[str, Any]], path: str | Path | None = None) -> None:
    """Write the facts of some tasks; older ones of these tasks go."""
    path = facts_path() if path is None else Path(path)
    new = pd.DataFrame(rows, columns=list(FACTS))
    old = read_facts(path)
    table = pd.concat([old[~old["task"].isin(set(new["task"]))], new]) if len(old) else new
    order = list(BENCHMARKS)
    table = table.sort_values("task", key=lambda column: column.map(order.index), kind="stable")
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.7g")


# ---- the command


PARTS: dict[str, Callable[..., Iterator[dict[str, Any]]]] = {
    "single": single_rows,
    "mined": mined_rows,
    "aligned": aligned_rows,
}


def _kept(part: str, *arguments: Any) -> None:
    """In a process of its own, so that its peak memory is that of one run."""
    if part == "facts":
        put_facts(facts(*arguments))
    else:
        store.append(list(PARTS[part](*arguments)))


def main(
    task: Annotated[list[str] | None, typer.Option(help="benchmarks; by default all")] = None,
    part: Annotated[list[str] | None, typer.Option(help="facts, single, mined, aligned; default all")] = None,
    state: Annotated[list[int] | None, typer.Option(help="random states; by default 0")] = None,
) -> None:
    """Measure the benchmarks and keep what was measured, one run at a time."""
    runs: list[tuple[Any, ...]] = []
    for name in task or BENCHMARKS:
        if part is None or "facts" in part:
            runs.append(("facts", name))
        for random_state in state or [0]:
            if part is None or "single" in part:
                runs += [("single", name, one, random_state) for one in SINGLE[name]]
            for kind in ("mined", "aligned"):
                if part is None or kind in part:
                    runs += [(kind, name, miner, random_state) for miner in COMPARED]
    failed = 0
    for run in runs:
        print(*run, file=sys.stderr, flush=True)
        process = get_context("spawn").Process(target=_kept, args=run)
        process.start()
        process.join()
        failed += process.exitcode != 0
    if failed:
        print(f"{failed} of {len(runs)} runs failed; see above", file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except PsqeError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
