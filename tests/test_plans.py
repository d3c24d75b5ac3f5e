"""Plans: every run once, one meaning with one spec, and the stored runs among them."""

import functools
import itertools

import pytest

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.datasets.benchmarks import BENCHMARKS
from psqe.errors import ParameterError
from psqe.features import encoder_choices
from psqe.options import MinerOptions
from psqe.seeds.psqe_rules import SWITCHES, VARIANTS
from psqe.study.plans import PLANS
from psqe.study.plans.ablation import as_many, flips, miners, released, sweeps
from psqe.study.plans.alignments import (
    EVENNESS,
    LEVELS,
    TRAININGS,
    crossed,
    crossed_dbp15k,
    drawn,
    sizes,
    untrained,
)
from psqe.study.plans.base import (
    ALIGNERS_COMPARED,
    DBP15K,
    EMOJI,
    KINDS_OF_SEEDS,
    kind_of,
    kinds_on,
    psqe_options,
    seeds_of,
    seeds_spec,
    study_features,
    study_size,
)
from psqe.study.plans.benchmarks import ALONE
from psqe.study.plans.links import MODELS, TASKS
from psqe.study.plans.pays import LONG_STATES, ROWS, is_long, pays, row_spec, rows_on
from psqe.study.run import residual_later
from psqe.study.store import RunResult, Store

TASK = EMOJI[0]


@functools.cache
def stored_specs():
    return Store().specs()


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_has_each_run_once_and_one_pair_after_the_other(name):
    plan = PLANS[name]
    specs = plan.specs(plan.tasks, plan.random_states)
    assert specs and len(set(specs)) == len(specs)
    tasks = {spec.task.name for spec in specs}
    # The plan as-many follows the stored runs of the released rules, which need not be on every task.
    assert tasks <= set(plan.tasks) if name == "as-many" else tasks == set(plan.tasks)
    pairs = [(spec.task.name, spec.random_state) for spec in specs]
    changes = sum(a != b for a, b in itertools.pairwise(pairs))
    assert changes == len(set(pairs)) - 1, "data are loaded once for all runs on them"
    assert plan.summary.endswith(".")


def test_one_meaning_has_one_spec():
    assert psqe_options(600) == MinerOptions(name="psqe", n_seeds=600)
    usual = {"switches": {"temperature": 0.1}, "stages": ("cluster", "refine", "expand"), "n_clusters": 5}
    assert psqe_options(600, **usual, weights={"image": 1}) == psqe_options(600)
    one, other = (
        seeds_spec("x", psqe_options(1, switches=dict(turned), weights={"image": weight}), 0)
        for turned, weight in (
            ([("mutual", False), ("fill", False)], 2), ([("fill", False), ("mutual", False)], 2.0)
        )
    )  # fmt: skip
    assert one.id == other.id
    both = psqe_options(1, variant="released", switches={"mutual": True}).parameters
    assert both == {"variant": "released", "switches": {"mutual": True}}
    assert psqe_options(1, stages=("cluster",), n_clusters=2).parameters == {
        "stages": ["cluster"],
        "n_clusters": 2,
    }


def test_every_switch_that_differs_is_turned_alone_both_ways():
    for variant in ("released", "corrected"):
        other = VARIANTS["released" if variant == "corrected" else "corrected"]
        made = flips(variant)
        assert all(len(turned) == 1 for turned in made)
        named = {name for turned in made for name in turned}
        differ = {
            n for n in SWITCHES if getattr(VARIANTS["released"], n) != getattr(VARIANTS["corrected"], n)
        }
        assert differ <= named
        assert all(value == getattr(other, n) for f in made for n, value in f.items() if n in differ)
    assert {"rounds": 2} in flips("corrected") and {"rounds": 2} not in flips("released")


def test_sweeps_change_one_thing_at_a_time():
    specs = sweeps(TASK, 0)
    assert len(specs) > 15 and specs.count(seeds_spec(TASK, psqe_options(600), 0)) == 1
    assert all(len(spec.miner.parameters) <= 1 for spec in specs)
    assert len({spec.miner.n_seeds for spec in specs}) == 4


def test_the_corrected_rules_are_asked_for_as_many_seeds_as_the_released_ones_found(tmp_path):
    store = Store(tmp_path / "store")
    assert as_many([TASK], [0], store) == []
    whole = {"part_kind": "all", "part": "all", "seeds_found": 88}
    store.put([RunResult(released(TASK, 0)[0], [whole])])
    assert as_many([TASK], [0], store) == [seeds_spec(TASK, psqe_options(88), 0)]
    assert as_many([TASK], [1], store) == []


def test_the_aligners_compared_are_registered():
    assert set(ALIGNERS_COMPARED) <= set(ALIGNERS)
    assert len(set(ALIGNERS_COMPARED)) == len(ALIGNERS_COMPARED)


def test_a_listed_aligner_that_is_not_registered_is_an_error(monkeypatch):
    monkeypatch.setattr("psqe.study.plans.alignments.ALIGNERS_COMPARED", ("eva", "gone"))
    with pytest.raises(ParameterError, match="no aligner 'gone'; choose from"):
        crossed("plain", [TASK], [3])


def test_every_aligner_compared_meets_every_kind_of_seeds():
    alignments = [spec for spec in crossed("plain", [TASK], [3]) if spec.subject == "alignment"]
    found = [(spec.miner and kind_of(spec.miner), spec.aligner.name) for spec in alignments]
    without = [(None, name) for name in ALIGNERS_COMPARED if not ALIGNERS[name].min_seeds]
    assert found == [*without, *itertools.product(KINDS_OF_SEEDS, ALIGNERS_COMPARED)]
    assert {spec.random_state for spec in alignments} == {3}
    assert {spec.miner.n_seeds for spec in alignments if spec.miner} == {study_size(TASK)}
    trained = [name for name in ALIGNERS_COMPARED if issubclass(ALIGNERS[name], TrainedAligner)]
    beside = [spec for spec in crossed("residual", [TASK], [3]) if spec.aligner]
    assert {spec.aligner.name for spec in beside} == set(trained), "the others have no training to vary"
    assert all(spec.aligner.parameters == TRAININGS["residual"] for spec in beside)


def test_dbp15k_has_fewer_kinds_of_seeds_for_the_slowest_aligner():
    found = {}
    for spec in crossed_dbp15k([DBP15K[0]], [0]):
        if spec.aligner is not None:
            found.setdefault(spec.aligner.name, []).append(spec.miner and kind_of(spec.miner))
    assert found == {
        "clamped": ["pivot", "mutual", "psqe", "true links"],
        "eva": ["pivot", "mutual", "psqe", "true links"],
        "mclea": ["pivot", "mutual", "psqe", "true links"],
        "meaformer": ["mutual", "psqe"],
        "propagation": [None, "pivot", "mutual", "psqe", "true links"],
    }


@pytest.mark.parametrize("task", [EMOJI[0], DBP15K[0]])
def test_a_task_with_one_modality_has_one_pivot(task):
    kinds = kinds_on(task)
    assert set(KINDS_OF_SEEDS) - set(kinds) == (set() if task in EMOJI else {"pivot, fused"})
    for specs in (crossed("plain", [task], [0]), miners(task, 0), untrained([task], [0])):
        assert {kind_of(spec.miner) for spec in specs if spec.miner} <= set(kinds)


@pytest.mark.parametrize("specs", [crossed("residual", [TASK], [0]), sizes([TASK], [0]), drawn([TASK], [0])])
def test_the_seeds_of_an_alignment_are_a_run_before_it(specs):
    place = {spec: n for n, spec in enumerate(specs)}
    for spec in specs:
        if spec.subject == "alignment" and spec.miner:
            assert place[seeds_of(spec)] < place[spec]
    assert residual_later(specs[-1])[0].miner == specs[-1].miner


@pytest.mark.parametrize("row", [row for row, aligner in ROWS.items() if aligner is not None])
def test_no_row_about_when_training_pays_repeats_a_default(row):
    """Otherwise one run would have two ids, and would be made twice."""
    aligner = ROWS[row]
    usual = ALIGNERS[aligner.name].preset(aligner.preset)
    for name, value in aligner.parameters.items():
        assert getattr(usual, name) != value, f"{name} is {value} without being written"


def test_rows_about_when_training_pays_are_runs_of_the_crossed_plans():
    found = {spec for way in TRAININGS for spec in crossed(way, [TASK], [3])}
    shared = {row for row in ROWS if row_spec(row, "psqe", TASK, 3) in found}
    small = {row for row in ROWS if ", small, " in row}
    plain = {"clamped", "whitening, within pairs", "adapter", "propagation, whitened"}
    assert shared == small | plain
    assert len(small) == 12 and not any(", small, " in row for row in rows_on("pivot, fused"))


def test_long_trainings_are_run_on_fewer_random_states():
    def rows(state):
        asked = set(pays([TASK], [state]))
        return {row for row in ROWS if row_spec(row, "psqe", TASK, state) in asked}

    assert rows(LONG_STATES[0]) == set(ROWS)
    assert rows(max(LONG_STATES) + 1) == {row for row in ROWS if not is_long(row)}
    assert sum(map(is_long, ROWS)) == 9


def test_drawn_seeds_have_every_level():
    specs = [spec for spec in drawn(["emoji/en-fr"], [0, 3]) if spec.subject == "seeds"]
    assert len(specs) == 2 * len(LEVELS) * len(EVENNESS)
    chosen = [spec.miner.parameters for spec in specs if spec.random_state == 3]
    assert [(p["precision"], p["evenness"]) for p in chosen] == list(itertools.product(LEVELS, EVENNESS))


def test_benchmarks_are_looked_at_by_encoders_that_exist():
    assert set(ALONE) == set(BENCHMARKS)
    for views in ALONE.values():
        assert len(set(views)) == len(views)
        for modality, encoder in views:
            assert encoder is None or encoder in encoder_choices()[modality]
    assert study_features("fb15k/db15k").encoders == {"relation": "use-m3"}
    assert study_features("dbp15k/zh_en").modalities == ("name",)


def test_links_take_the_tasks_where_some_have_no_counterpart():
    assert set(TASKS) == {*EMOJI, *DBP15K, "fb15k/db15k"}
    assert [*PLANS["links"].tasks, *PLANS["links-benchmarks"].tasks] == [*TASKS]
    specs = PLANS["links"].specs(TASKS, [0])
    assert [spec.aligner for spec in specs] == [*MODELS.values()] * len(TASKS)
    assert all((spec.miner is None) == (spec.aligner is None) for spec in specs)


@pytest.mark.parametrize("name", PLANS)
def test_every_run_that_a_plan_asks_for_is_stored(name):
    """The ids of stored runs are what the plans ask for, so that a page finds them."""
    plan = PLANS[name]
    assert {spec.id for spec in plan.specs(plan.tasks, plan.random_states)} <= set(stored_specs())


def test_every_stored_run_is_asked_for_by_a_plan():
    """A run that no plan asks for is left over from an older plan. Benchmarks store runs about cost."""
    asked = {spec.id for plan in PLANS.values() for spec in plan.specs(plan.tasks, plan.random_states)}
    stored = {run for run, spec in stored_specs().items() if spec.subject != "cost"}
    assert stored and stored <= asked
