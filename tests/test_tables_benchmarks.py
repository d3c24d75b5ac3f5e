"""Tables about benchmarks and costs come from the runs of their plans."""

from __future__ import annotations

import os

import pytest
from stored import cost_run, directions, table

from psqe.options import TaskOptions
from psqe.study import costs, figures, tables
from psqe.study.plans import benchmarks as plans
from psqe.study.plans.base import miners_on, of_kind
from psqe.study.spec import RunSpec
from psqe.study.store import RunResult
from psqe.study.tables import costs as cost_tables

TASK = "openea/d_w"


def test_modalities_alone_come_back_in_their_table():
    runs = []
    for spec in plans.alone([TASK], [0]):
        csls = directions([0.2, 0.6], matching="csls")
        runs.append(RunResult(spec, [*directions([0.1, 0.3]), *csls, *directions([0.8, 0.6], "peer")]))
    (found,) = tables.single_table(table(runs, "alignment")).to_dict("records")
    assert found == {
        "benchmark": TASK, "modality": "relation", "encoder": "profile", "full, l2r": 0.1, "full, r2l": 0.3,
        "full, CSLS": pytest.approx(0.4), "peer": pytest.approx(0.7),
    }  # fmt: skip


def test_miners_and_the_aligner_come_back_in_their_table():
    whole = {"part_kind": "all", "part": "all", "seeds_found": 20, "precision": 0.5, "precision_judged": 0.6}
    mined = [RunResult(spec, [whole], 2.0, 1000.0) for spec in plans.mined([TASK], [0])]
    aligned = [
        RunResult(spec, directions([0.2, 0.4])) for spec in plans.aligned([TASK], [0])
        if spec.miner == of_kind("psqe", spec.miner.n_seeds)
    ]  # fmt: skip
    found = tables.mined_table(table(mined, "seeds"), table(aligned, "alignment"))
    assert found["miner"].tolist() == list(miners_on(TASK))
    assert (found["seeds"] == 20).all() and (found["judged"] == 0.6).all()
    assert found["miner"][found["Hits@1"].notna()].tolist() == ["psqe"]
    assert found["Hits@1"].max() == pytest.approx(0.3)
    assert (
        found["GB"].tolist() == pytest.approx([1.048576] * len(miners_on(TASK)))
        and (found["seconds"] == 2).all()
    )
    assert tables.mined_table(table([], "seeds"), table(aligned, "alignment")).empty


def test_facts_are_told_for_either_side_or_for_the_pair():
    rows = [
        {"side": "left", "fact": "triples", "value": 1200}, {"side": "right", "fact": "triples", "value": 7},
        {"side": "both", "fact": "links", "value": 90}, {"side": "both", "fact": "equal_names", "value": 1.0},
    ]  # fmt: skip
    runs = [
        RunResult(RunSpec(subject="facts", task=TaskOptions(name=name)), own)
        for name, own in ((TASK, rows), ("dbp15k/zh_en", rows[:1]))
    ]
    shown = tables.fact_table(
        table(runs, "facts"), {"triples": "triples", "links": "links", "equal_names": "equal"}
    )
    assert shown.to_numpy().tolist() == [
        ["dbp15k/zh_en", "1,200", "", ""], [TASK, "1,200 / 7", "90", "1.00"]
    ]  # fmt: skip


def test_costs_say_what_is_not_measured():
    empty = table([], "cost")
    assert cost_tables.not_measured(empty) == list(costs.CASES)
    assert cost_tables.verdict(empty, "fr_en/released") == cost_tables.NOT_MEASURED
    assert cost_tables.limits_table(empty)["time"].tolist() == ["13 hours", *[cost_tables.NOT_MEASURED] * 2]
    stages = cost_tables.stage_table(empty, ["fr_en/released"])
    assert stages["stage"].tolist() == [cost_tables.NOT_MEASURED]
    assert cost_tables.source_table(empty)["cases"].tolist() == [cost_tables.NOT_MEASURED]
    assert cost_tables.ratio(empty, "ratios/survey", "two passes", "one pass") is None
    assert cost_tables.scaling(empty).empty
    assert set(cost_tables.worker_table(empty).iloc[0, 1:]) == {cost_tables.NOT_MEASURED}
    assert cost_tables.search_share(empty) == {}


def test_costs_are_compared_with_their_limits():
    # 2,900 MiB are more than 3 GB of 10^9 bytes, 2,800 are less.
    rows = table([cost_run("fr_en/released", 601, 2900), cost_run("fr_en/corrected", 90, 2800)], "cost")
    assert cost_tables.verdict(rows, "fr_en/released") == "over its limit of time and of memory"
    assert cost_tables.verdict(rows, "fr_en/corrected") == "within both limits"
    limits = cost_tables.limits_table(rows)
    assert limits["time"].tolist() == ["13 hours", "10.0 minutes", "90 seconds"]
    assert limits["peak memory"].tolist() == ["13.6 GB", "3.04 GB", "2.94 GB"]
    assert cost_tables.stage_table(rows, ["fr_en/corrected"])["peak, GB"].tolist()[-2:] == ["", "2.94"]
    assert cost_tables.duration(7200) == "2.0 hours"
    spec = RunSpec(subject="cost", task=TaskOptions(name="r/x"))
    both = [
        {"variant": v, "stage": "total", "n_left": 1, "n_right": 1, "stage_seconds": s}
        for v, s in (("a", 6), ("b", 2))
    ]
    assert cost_tables.ratio(table([RunResult(spec, both)], "cost"), "r/x", "a", "b") == 3


def test_costs_of_workers_are_set_beside_those_of_one_process():
    common = {"n_left": 20_000, "n_right": 20_000, "search": "exact", "stage": "search"}
    measured = {"one process": 30, "2 workers": 40, "sending": 0.5}
    searched = [
        {**common, "variant": variant, "stage_seconds": seconds, "processor_seconds": 12.0}
        for variant, seconds in measured.items()
    ]
    aligned = [
        {"variant": "one process", "stage": stage, "n_left": 20_000, "stage_seconds": seconds}
        for stage, seconds in (("alignment", 80), ("search", 20))
    ]
    runs = [
        RunResult(RunSpec(subject="cost", task=TaskOptions(name=name)), rows)
        for name, rows in (("workers/20k", searched), ("workers/aligned/20k", aligned))
    ]
    costs_of_workers = table(runs, "cost")
    by_size = cost_tables.worker_table(costs_of_workers, cores=(4,)).set_index("part")
    shown = by_size[f"20,000 per side, {os.cpu_count()} cores"]
    assert shown["one process"] == "30 s"
    assert shown["2 workers"] == "40 s"
    assert shown["sending"] == "0.5 s"
    assert shown["4 cores, estimated"] == "4 s"  # 12 / 4 + 0.5, rounded to even
    times = cost_tables.worker_times(costs_of_workers, "20k")
    assert times.loc["2 workers"].tolist() == pytest.approx([40 / 30, 40 / (12 / 2 + 0.5)])
    assert cost_tables.worker_times(costs_of_workers, "50k").empty
    assert cost_tables.search_share(costs_of_workers) == {"20k": 0.25}


def test_sweeps_are_set_beside_runs_that_are_made_one_by_one():
    common = {"stage": "sweep", "n_runs": 24, "n_compared": 1234}
    spec = RunSpec(subject="cost", task=TaskOptions(name="sweep/predictions"))
    rows = [
        {**common, "variant": costs.ONE_BY_ONE, "stage_seconds": 400.0, "threads": 1},
        {**common, "variant": costs.ON_SLURM, "stage_seconds": 300.0, "threads": 2},
    ]
    measured = table([RunResult(spec, rows), cost_run("planted/10k")], "cost")
    shown = cost_tables.sweep_table(measured).set_index("way")
    assert shown.loc[costs.ONE_BY_ONE].tolist() == ["24", "1", "1,234"]
    assert shown.loc[costs.HERE].tolist() == ["not measured", "", ""]
    assert shown.loc[costs.ON_SLURM, "at the same time"] == "2"
    assert cost_tables.swept(measured, costs.HERE) is None
    assert cost_tables.swept(measured, costs.ON_SLURM)["n_compared"] == 1234


def test_the_figure_draws_every_stage_of_both_data_and_the_border():
    planted = cost_run("planted/1M", n=1_000_000)
    runs = [
        cost_run("fr_en/1k", n=500), cost_run("fr_en/2k", 2.0, n=1000), cost_run("fr_en/released"),
        RunResult(planted.spec, planted.rows[:2]),
    ]  # fmt: skip
    shown = cost_tables.scaling(table(runs, "cost"))
    assert set(shown["data"]) == {"fr_en", "planted"}
    assert shown.loc[shown["stage"] == "cluster", "entities"].tolist() == [1000, 2000, 2_000_000]
    seconds, peak = figures.scaling(shown, border=1_000_000).axes
    drawn = [tuple(line.get_xdata()) for line in seconds.get_lines()]
    assert drawn.count((1000, 2000)) == 4
    assert (2_000_000,) in drawn
    assert (1_000_000, 1_000_000) in drawn
    assert [t.get_text() for t in peak.texts] == ["exact ", " approx."]
    nothing = figures.scaling(shown[:0])
    assert [t.get_text() for axes in nothing.axes for t in axes.texts] == [cost_tables.NOT_MEASURED] * 2
