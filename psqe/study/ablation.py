"""Seeds alone, without an aligner: what each rule, stage and parameter of a miner does to them.

Run as a module it fills the results store: ``python -m psqe.study.ablation --help``.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import pandas as pd
import typer
from tqdm import tqdm

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.errors import ParameterError, PsqeError, PsqeWarning
from psqe.seeds import MutualMiner, PivotMiner, PSQEMiner, SeedSet
from psqe.seeds.miners.psqe import STAGES
from psqe.seeds.rules import VARIANTS
from psqe.study import old_store as store
from psqe.study.experiments import DANGLING, loaded, seed_rows

EMOJI = tuple(f"emoji/en-{language}" for language in ("fr", "de", "ja", "zh"))
"""The emoji pairs of the study."""

DBP15K = tuple(name for name in BENCHMARKS if name.startswith("dbp15k/"))
"""The pairs whose files a reader has to bring."""

OF_MINER = ("switch:", "stages=", "n_clusters=", "weights=", "precision=", "evenness=")
"""How the parts of ``settings`` begin that tell of a miner's parameters."""

N_CLUSTERS = (1, 2, 5, 10, 20)
TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
IMAGE_WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
SIZES = (150, 300, 600, 1000)

Switches = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class SeedRun:
    """Seeds to mine and to judge. One random state decides all that is drawn.

    Attributes
    ----------
    task
        The pair of graphs; see :func:`study_task` for its modalities and dangling entities.
    miner
        ``pivot``, ``mutual`` or ``psqe``.
    n_seeds
        Seeds wanted.
    random_state
        See above.
    variant, switches, stages, n_clusters, weights
        Of :class:`~psqe.seeds.miners.psqe.PSQEMiner`; mappings as pairs.
    equal
        Whether to mine the variant ``corrected`` for as many seeds as this run found, too.
    detail
        Whether to tell about single regions and tenths of confidence.
    """

    task: str
    miner: str
    n_seeds: int
    random_state: int
    variant: str = "-"
    switches: Switches = ()
    stages: tuple[str, ...] = tuple(STAGES)
    n_clusters: int = 5
    weights: tuple[tuple[str, float], ...] = ()
    equal: bool = False
    detail: bool = False

    @property
    def settings(self) -> str:
        """Departures from the variant and the default, in one form for one meaning; ``-`` for none."""
        rules = asdict(VARIANTS[self.variant]) if self.variant in VARIANTS else {}
        parts = [f"switch:{name}={v}" for name, v in sorted(self.switches) if rules.get(name) != v]
        if self.stages != tuple(STAGES):
            parts.append(f"stages={'+'.join(self.stages)}")
        if self.n_clusters != 5:
            parts.append(f"n_clusters={self.n_clusters}")
        weights = [f"{name}:{weight:g}" for name, weight in sorted(self.weights) if weight != 1]
        if weights:
            parts.append(f"weights={'+'.join(weights)}")
        return " ".join(parts) or "-"

    @property
    def key(self) -> dict[str, Any]:
        """The columns that tell this run in the results store."""
        return {
            "task": self.task,
            "settings": self.settings,
            "modalities": "+".join(sorted(study_task(self.task)[0])),
            "miner": self.miner,
            "variant": self.variant,
            "n_seeds": self.n_seeds,
            "random_state": self.random_state,
        }


def study_task(task: str) -> tuple[tuple[str, ...], float | None]:
    """Modalities and dangling share of a task in the study; DBP15K has names and no images."""
    return (("name",), None) if task in DBP15K else (("image", "attribute"), DANGLING)


def psqe_run(task: str, n_seeds: int, random_state: int, **values: Any) -> SeedRun:
    """A run of PSQE, corrected unless ``variant`` says otherwise."""
    return SeedRun(task, "psqe", n_seeds, random_state, **{"variant": "corrected", **values})


def study_sizes(task: str) -> tuple[int, ...]:
    """Numbers of seeds at which miners are compared."""
    return (1000, 3000, 6000) if task in DBP15K else SIZES[1:]


def plain_runs(task: str, random_state: int, sizes: Sequence[int] = ()) -> list[SeedRun]:
    """The comparison without the released variant: pivot, mutual and corrected, at every size."""
    return [
        run
        for n in sizes or study_sizes(task)
        for run in (
            SeedRun(task, "pivot", n, random_state, detail=True),
            SeedRun(task, "mutual", n, random_state, detail=True),
            psqe_run(task, n, random_state, detail=True),
        )
    ]


def released_runs(task: str, random_state: int, sizes: Sequence[int] = ()) -> list[SeedRun]:
    """The released variant at every size, each with the corrected one for as many seeds as it found."""
    return [
        psqe_run(task, n, random_state, variant="released", equal=True, detail=True)
        for n in sizes or study_sizes(task)
    ]


def flips(variant: str) -> list[Switches]:
    """Each switch alone, from a variant to the value it has in the other one.

    From ``corrected`` also a second round, which neither variant has.
    """
    other = next(name for name in VARIANTS if name != variant)
    mine, theirs = asdict(VARIANTS[variant]), asdict(VARIANTS[other])
    found: list[Switches] = [((name, theirs[name]),) for name in mine if mine[name] != theirs[name]]
    return [*found, (("rounds", 2),)] if variant == "corrected" else found


def flip_runs(task: str, random_state: int, variant: str, n_seeds: int = 600) -> list[SeedRun]:
    """Each switch alone."""
    base = psqe_run(task, n_seeds, random_state, variant=variant)
    return [base, *(replace(base, switches=switches) for switches in flips(variant))]


def sweep_runs(task: str, random_state: int, n_seeds: int = 600) -> list[SeedRun]:
    """Stages, clusters, number of seeds, temperature of the loss and weight of images, one at a time.

    Of the stages: the first ones, and all but one.
    """
    base = psqe_run(task, n_seeds, random_state)
    names = tuple(STAGES)
    stages = [names[:n] for n in range(1, len(names) + 1)]
    stages += [tuple(name for name in names if name != left_out) for left_out in names[:-1]]
    return [
        *(replace(base, stages=some) for some in stages),
        *(replace(base, n_clusters=n) for n in N_CLUSTERS),
        *(replace(base, n_seeds=n) for n in SIZES),
        *(replace(base, switches=(("temperature", t),)) for t in TEMPERATURES),
        *(replace(base, weights=(("image", weight),)) for weight in IMAGE_WEIGHTS),
    ]


PARTS: dict[str, Callable[[str, int], list[SeedRun]]] = {
    "plain": plain_runs,
    "corrected": lambda task, state: flip_runs(task, state, "corrected"),
    "sweeps": sweep_runs,
    "released": released_runs,
    "flips": lambda task, state: flip_runs(task, state, "released"),
}
"""What the study runs, part by part, from the cheap to the dear."""


def study_runs(parts: Iterable[str], tasks: Sequence[str], random_states: Sequence[int]) -> list[SeedRun]:
    """The runs of some parts, pair by pair, each once. Of DBP15K only ``plain`` and ``released``.

    Raises
    ------
    ParameterError
        If there is no such part.
    """
    parts = list(parts)
    for part in parts:
        if part not in PARTS:
            raise ParameterError(f"there is no part {part!r}", remedy=f"choose from {', '.join(PARTS)}")
    found: dict[tuple[Any, ...], SeedRun] = {}
    for state in random_states:
        for task in tasks:
            for part in parts:
                if task in DBP15K and part not in ("plain", "released"):
                    continue
                for run in PARTS[part](task, state):
                    same = found.setdefault(tuple(run.key.values()), run)
                    found[tuple(run.key.values())] = replace(
                        same, detail=same.detail or run.detail, equal=same.equal or run.equal
                    )
    return list(found.values())


def mined(run: SeedRun, *, device: str = "cpu") -> SeedSet:
    """The seeds of a run."""
    modalities, dangling = study_task(run.task)
    task, features, _ = loaded(run.task, dangling, modalities, run.random_state)
    miner: PSQEMiner | MutualMiner | PivotMiner
    if run.miner == "psqe":
        miner = PSQEMiner(
            run.n_seeds, variant=run.variant, switches=dict(run.switches), stages=run.stages,
            n_clusters=run.n_clusters, weights=dict(run.weights) or None, random_state=run.random_state,
            device=device,
        )  # fmt: skip
    elif run.miner == "mutual":
        miner = MutualMiner(run.n_seeds)
    elif run.miner == "pivot":
        miner = PivotMiner(run.n_seeds)
    else:
        raise ParameterError(f"there is no miner {run.miner!r} here", remedy="pivot, mutual or psqe")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)  # fewer seeds than wanted: the rows say how many
        return miner.mine(task, features)


def run_seeds(run: SeedRun, *, device: str = "cpu") -> list[dict[str, Any]]:
    """Mine the seeds of one run and return its rows for :func:`psqe.study.store.append`."""
    modalities, dangling = study_task(run.task)
    task, _, regions = loaded(run.task, dangling, modalities, run.random_state)
    return list(seed_rows(run.key, mined(run, device=device), task, regions, detail=run.detail))


def stored_seeds(table: pd.DataFrame) -> dict[tuple[Any, ...], int]:
    """The runs that a store has, by the values of their key, and how many seeds each found."""
    whole = table[(table["aligner"] == "-") & (table["region"] == "all") & table["estimated"].notna()]
    names = list(SeedRun("-", "-", 0, 0).key)
    return {
        tuple(row): int(n)
        for row, n in zip(whole[names].itertuples(index=False), whole["seeds_found"], strict=True)
    }


def run_seed_runs(
    runs: Sequence[SeedRun], *, keep: bool = False, again: bool = False, device: str = "cpu"
) -> list[dict[str, Any]]:
    """Run one after the other and return all rows made.

    With ``keep`` they go to the results store at least every minute and at the end, also when
    interrupted, and runs that it has are left out, unless they are to be made ``again``.
    """
    have = stored_seeds(store.read()) if keep and not again else {}
    made: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    last = time.monotonic()
    try:
        for run in tqdm(runs, "seeds", disable=None):
            for one in _with_equal(run, have):
                rows = run_seeds(one, device=device)
                have[tuple(one.key.values())] = rows[0]["seeds_found"]
                waiting += rows
            if keep and time.monotonic() - last > 60:
                made, waiting, last = made + waiting, _kept(waiting), time.monotonic()
    finally:
        if keep:
            _kept(waiting)
    return made + waiting


def _kept(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put rows into the store; an empty list, for those that come next."""
    if rows:
        store.append(rows)
    return []


def _with_equal(run: SeedRun, have: dict[tuple[Any, ...], int]) -> Iterator[SeedRun]:
    """The runs to make of one: itself and, where asked for, as many corrected seeds; not what is there."""
    key = tuple(run.key.values())
    if key not in have:
        yield run
    if run.equal and have[key]:
        same = psqe_run(run.task, have[key], run.random_state)
        if tuple(same.key.values()) not in have:
            yield same


def main(
    part: Annotated[list[str], typer.Option(help="plain, corrected, sweeps, released or flips")],
    task: Annotated[list[str] | None, typer.Option(help="pairs; by default the four of emoji")] = None,
    state: Annotated[list[int] | None, typer.Option(help="random states; by default 0 to 4")] = None,
    again: Annotated[bool, typer.Option(help="also what the store has")] = False,
    dry: Annotated[bool, typer.Option(help="only list what would be run")] = False,
) -> None:
    """Fill the results store with runs of seeds; what it has is left out, so that a run can be resumed."""
    try:
        runs = study_runs(part, task or EMOJI, range(5) if state is None else state)
        have = {} if again else stored_seeds(store.read())
        if dry:
            for run in runs:
                key = tuple(run.key.values())
                print(*key, "stored" if key in have else "to run", sep="\t")
            return
        print(f"{len(runs)} runs", file=sys.stderr)
        run_seed_runs(runs, keep=True, again=again)
    except PsqeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
