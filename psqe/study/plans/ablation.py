"""Plans about seeds alone: what each rule, stage and parameter of a miner does to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from psqe.seeds.miners.psqe import STAGES
from psqe.seeds.psqe_rules import VARIANTS
from psqe.study.plans.base import (
    DBP15K,
    EMOJI,
    Plan,
    miners_on,
    of_kind,
    psqe_options,
    seeds_spec,
    study_size,
)
from psqe.study.spec import RunSpec
from psqe.study.store import Store

N_CLUSTERS = (1, 2, 5, 10, 20)
TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
IMAGE_WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
SIZES = (150, 300, 600, 1000)
RELEASED_STATES = (0, 1)
"""The random states of the released rules, which take minutes where the corrected rules take seconds."""


def study_sizes(task: str) -> tuple[int, ...]:
    """The numbers of seeds at which miners are compared on a task."""
    return (1000, 3000, 6000) if task in DBP15K else SIZES[1:]


def miners(task: str, random_state: int, sizes: Sequence[int] = ()) -> list[RunSpec]:
    """Every compared miner with its defaults, at every size; the sizes of the study when omitted."""
    return [
        seeds_spec(task, of_kind(miner, n), random_state)
        for n in sizes or study_sizes(task)
        for miner in miners_on(task)
    ]


def released(task: str, random_state: int, sizes: Sequence[int] = ()) -> list[RunSpec]:
    """The released variant at every size; the sizes of the study when omitted."""
    return [
        seeds_spec(task, psqe_options(n, variant="released"), random_state)
        for n in sizes or study_sizes(task)
    ]


def as_many(tasks: Sequence[str], random_states: Sequence[int], store: Store | None = None) -> list[RunSpec]:
    """The corrected variant for as many seeds as the released one found, for all of its runs in a store."""
    table = (store or Store()).table("seeds")
    found = table[table["part_kind"] == "all"].set_index("id")["seeds_found"].to_dict()
    specs = [
        seeds_spec(task, psqe_options(found[spec.id]), state)
        for state in random_states
        for task in tasks
        for spec in released(task, state)
        if found.get(spec.id)
    ]
    return list(dict.fromkeys(specs))


def flips(variant: str) -> list[dict[str, object]]:
    """Each switch alone, turned from a variant to the value that it has in the other one.

    From ``corrected`` there is also a second round, which neither variant has.
    """
    other = next(name for name in VARIANTS if name != variant)
    before, after = asdict(VARIANTS[variant]), asdict(VARIANTS[other])
    turned: list[dict[str, object]] = [{name: after[name]} for name in before if before[name] != after[name]]
    return [*turned, {"rounds": 2}] if variant == "corrected" else turned


def flip_specs(task: str, random_state: int, variant: str, n_seeds: int = 600) -> list[RunSpec]:
    """A variant as it is, and with each switch turned alone."""
    options = [psqe_options(n_seeds, variant=variant, switches=turned) for turned in [{}, *flips(variant)]]
    return [seeds_spec(task, miner, random_state) for miner in options]


def sweeps(task: str, random_state: int, n_seeds: int = 600) -> list[RunSpec]:
    """Stages, clusters, number of seeds, temperature of the loss and weight of images, one at a time.

    Of the stages, there are the first ones alone, and all but one.
    """
    names = tuple(STAGES)
    stages = [names[:n] for n in range(1, len(names) + 1)]
    stages += [tuple(name for name in names if name != left_out) for left_out in names[:-1]]
    options = [
        *(psqe_options(n_seeds, stages=chosen) for chosen in stages),
        *(psqe_options(n_seeds, n_clusters=n) for n in N_CLUSTERS),
        *(psqe_options(n) for n in SIZES),
        *(psqe_options(n_seeds, switches={"temperature": value}) for value in TEMPERATURES),
        *(psqe_options(n_seeds, weights={"image": weight}) for weight in IMAGE_WEIGHTS),
    ]
    return list(dict.fromkeys(seeds_spec(task, miner, random_state) for miner in options))


def _each(
    specs: Callable[[str, int], list[RunSpec]],
) -> Callable[[Sequence[str], Sequence[int]], list[RunSpec]]:
    """The specs of every task and random state, one pair of graphs after the other."""
    return lambda tasks, states: [spec for state in states for task in tasks for spec in specs(task, state)]


PLANS = {
    "miners": Plan("Every miner at every number of seeds.", _each(miners)),
    "miners-dbp15k": Plan("Every miner at every number of seeds of DBP15K.", _each(miners), DBP15K, (0,)),
    "switches": Plan(
        "The corrected rules with each switch turned alone.",
        _each(lambda task, state: flip_specs(task, state, "corrected")),
    ),
    "sweeps": Plan("Stages and parameters of the miner psqe, one at a time.", _each(sweeps)),
    "released": Plan(
        "The released rules at every number of seeds.", _each(released), random_states=RELEASED_STATES
    ),
    "released-dbp15k": Plan(
        "The released rules at the study's number of seeds of DBP15K.",
        _each(lambda task, state: released(task, state, [study_size(task)])), DBP15K, (0,),
    ),
    "as-many": Plan(
        "The corrected rules for as many seeds as the released ones found; run released before.",
        as_many, (*EMOJI, *DBP15K),
    ),
    "released-switches": Plan(
        "The released rules with each switch turned alone.",
        _each(lambda task, state: flip_specs(task, state, "released")), EMOJI[:1], (0,),
    ),
}  # fmt: skip
