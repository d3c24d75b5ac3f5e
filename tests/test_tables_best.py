"""Tables about the best alignment without labels: means need all pairs, and leads are paired."""

import numpy as np
import pandas as pd
import pytest
from stored import OTHER_TASK, TASK, cost_run, directions, table

from psqe.aligners import ALIGNERS
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.study import tables
from psqe.study.plans.alignments import crossed_dbp15k, untrained
from psqe.study.plans.best import (
    FEATURES,
    NO_LAYOUT,
    ON_BENCHMARKS,
    PARTS,
    RUN_ELSEWHERE,
    RUNS,
    SEEDLESS,
    SYSTEMS,
    benchmark_spec,
    best,
    links,
    on_benchmarks,
    part_spec,
    parts,
    system_features,
    system_spec,
    trained,
)
from psqe.study.store import RunResult
from psqe.study.tables.best import OURS, ROW_NAMES, row_name


def run(system: str, task: str, state: int, hits: float, *, seeds: bool = True, **groups):
    return result(system_spec(system, task, state, seeds=seeds), hits, **groups)


def result(spec, hits, **groups):
    rows = [
        row
        for matching in ("cosine", "csls")
        for links in ("all", "free")
        for row in directions([hits - 0.1, hits + 0.1], matching=matching, links=links)
    ]
    rows += [
        {**rows[0], "direction": "both", "part_kind": "semantic", "part": part, "hits@1": share}
        for part, share in groups.items()
    ]
    return RunResult(spec, rows, 1.0)


RESULTS = [
    run("Concord", TASK, 0, 0.80, flags=0.9, people=0.6),
    run("Concord", TASK, 1, 0.82, flags=0.7, people=0.8),
    run("Concord", OTHER_TASK, 0, 0.70, flags=0.4, people=0.8),
    run("Concord", OTHER_TASK, 1, 0.72),
    run("propagation", TASK, 0, 0.70), run("propagation", TASK, 1, 0.71),
    run("propagation", OTHER_TASK, 0, 0.68), run("propagation", OTHER_TASK, 1, 0.71),
    run("propagation", TASK, 0, 0.55, seeds=False),
]  # fmt: skip


@pytest.fixture(scope="module")
def runs():
    return tables.best_runs(table(RESULTS, "system"), [TASK, OTHER_TASK])


def test_rows_are_in_the_order_of_the_plan_and_pairs_in_the_order_given(runs):
    assert list(dict.fromkeys(runs["row"])) == ["propagation", "Concord", "propagation, no seeds"]
    assert list(dict.fromkeys(runs["task"])) == [TASK, OTHER_TASK]
    assert set(runs["part"]) == {"all"}


def test_the_table_has_pairs_and_a_mean_where_all_pairs_were_run(runs):
    shown = tables.best_table(runs, links="all", matching="csls").set_index("system")
    assert list(shown.columns) == [TASK, OTHER_TASK, "mean", "states"]
    assert shown.loc["Concord", TASK].startswith("81.0") and shown.loc["Concord", "mean"].startswith("76.0")
    assert shown.loc["Concord", "states"] == 2
    alone = shown.loc["propagation, no seeds"]
    assert alone[TASK] == "55.0" and alone[OTHER_TASK] == alone["mean"] == "" and alone["states"] == 0


def test_leads_are_paired_and_averaged_over_pairs(runs):
    leads = tables.best_leads(runs, links="free", rows=["Concord", "propagation", "PARIS"])
    assert set(leads["row"]) == {"propagation"} and set(leads["matching"]) == {"cosine", "csls"}
    assert leads["gain"].tolist() == pytest.approx([6.0, 6.0])  # states: (10 + 2) / 2 and (11 + 1) / 2
    assert leads["runs"].tolist() == [2, 2]


def test_an_interval_of_a_lead_contains_it_and_states_without_all_pairs_do_not_count():
    more = [run("Concord", TASK, 2, 0.90), run("propagation", TASK, 2, 0.50)]  # the other pair lacks state 2
    changed = [*RESULTS[:3], run("Concord", OTHER_TASK, 1, 0.76), *RESULTS[4:], *more]
    lead = tables.best_leads(
        tables.best_runs(table(changed, "system"), [TASK, OTHER_TASK]),
        links="all",
        rows=["Concord", "propagation"],
    ).iloc[0]
    assert lead["gain"] == pytest.approx(7.0) and lead["runs"] == 2  # states: 6 and (11 + 5) / 2
    assert lead["low"] < lead["gain"] < lead["high"]
    assert lead["high"] - lead["gain"] == pytest.approx(lead["gain"] - lead["low"])


def test_the_worst_group_is_that_of_the_smallest_mean_over_states():
    groups = tables.best_runs(table(RESULTS, "system"), [TASK, OTHER_TASK], part_kind="semantic")
    worst = tables.worst_groups(groups, matching="cosine").set_index("task")
    assert worst.loc[TASK, "group"] == "people" and worst.loc[TASK, "hits@1"] == pytest.approx(0.7)
    assert worst.loc[OTHER_TASK, "group"] == "flags"


def test_entities_with_the_keywords_of_another_are_counted():
    values = [("keyword", "man"), ("keyword", "woman")]
    left = KnowledgeGraph(
        "l", ("a", "b", "c"), (), (), attributes=[values, values[::-1], values[:1]], groups=["g", "g", "h"]
    )
    right = KnowledgeGraph("r", ("x", "y", "z"), (), (), attributes=[values[:1], values, values[1:]])
    shown = tables.same_keywords(AlignmentTask("t", left, right, [(0, 0), (1, 1), (2, 2)])).set_index("group")
    assert shown.loc["g"].tolist() == [2, 100.0, 0.0] and shown.loc["h"].tolist() == [1, 0.0, 0.0]


def test_the_plan_has_every_system_with_seeds_and_some_without():
    specs = [*best([TASK], [0]), *trained([TASK], [0])]
    assert {spec.subject for spec in specs} == {"system"}
    assert len(specs) == len(RUNS) == len(SYSTEMS) + len(SEEDLESS) == len(set(specs))
    assert {spec.features.modalities for spec in specs} == {("image", "layout", "attribute")}
    assert OURS in SYSTEMS and row_name(OURS, seeds=False) in ROW_NAMES
    assert np.sum([spec.miner is None for spec in specs]) == len(SEEDLESS)


def test_what_is_left_out_of_our_system_is_compared_with_the_whole():
    results = [
        *RESULTS[:4],
        *(result(part_spec("no hops", task, 0), hits) for task, hits in ((TASK, 0.7), (OTHER_TASK, 0.6))),
        result(part_spec(NO_LAYOUT, TASK, 0), 0.5),
    ]
    runs = tables.part_runs(table(results, "system"), [TASK, OTHER_TASK])
    assert list(dict.fromkeys(runs["row"])) == [OURS, "no hops", NO_LAYOUT]
    gains = tables.row_gains(runs[runs["links"] == "free"], [TASK, OTHER_TASK], over=OURS)
    together = gains[(gains["task"] == "all") & (gains["matching"] == "csls")].set_index("row")
    assert together["gain"].to_dict() == {"no hops": pytest.approx(-10.0)}, "no layout lacks a pair"


def test_every_part_that_is_left_out_departs_from_the_whole():
    specs = parts([TASK], [0])
    whole = system_spec(OURS, TASK, 0)
    assert len(set(specs)) == len(PARTS) + 1 and whole not in specs
    usual = ALIGNERS[whole.aligner.name].preset(whole.aligner.preset)
    for name, changed in PARTS.items():
        for parameter, value in changed.items():
            assert getattr(usual, parameter) != value, f"{name} is what {OURS} does"
    assert specs[-1].features.modalities == ("image", "attribute")


def test_a_benchmark_is_compared_by_the_modalities_of_the_study():
    assert system_features(TASK) == system_spec("features", TASK, 0).features
    assert system_features("dbp15k/zh_en").modalities == ("name",)


def test_benchmarks_show_runs_of_other_plans_beside_those_of_our_system():
    name, other = "dbp15k/fr_en", "dbp15k/zh_en"
    shared = [
        result(benchmark_spec("features", name, 0, seeds=False), 0.5),
        result(benchmark_spec("propagation", other, 0, seeds=False), 0.6),
        result(benchmark_spec("propagation", name, 1, seeds=True), 0.9),
    ]
    ours = [result(benchmark_spec(OURS, name, 0, seeds=True), 0.8)]
    found = tables.benchmark_runs(table(shared, "alignment"), table(ours, "system"))
    shown = tables.best_table(found, links="all", matching="csls").set_index("system")
    assert shown[name].to_dict() == {"features": "50.0", "Concord": "80.0", "propagation, no seeds": ""}
    assert shown[other].to_dict() == {"features": "", "Concord": "", "propagation, no seeds": "60.0"}


def test_systems_on_a_benchmark_have_runs_of_their_own_only_where_no_other_plan_has_them():
    crossed = set(crossed_dbp15k(["dbp15k/zh_en"], [0])) | set(untrained(["dbp15k/zh_en"], [0]))
    for name, seeds in ON_BENCHMARKS["dbp15k/zh_en"]:
        spec = benchmark_spec(name, "dbp15k/zh_en", 0, seeds=seeds)
        assert (spec in crossed) == (name in RUN_ELSEWHERE["dbp15k/zh_en"]) == (spec.subject == "alignment")
    assert {spec.subject for spec in on_benchmarks(["srprs/en_fr"], [0])} == {"system"}


def test_the_links_of_systems_are_found_by_the_modalities_of_the_systems():
    specs = links([TASK], [0])
    assert [spec.aligner and spec.aligner.name for spec in specs] == [None, "propagation", "concord"]
    assert all(spec.features == FEATURES and spec.subject == "links" for spec in specs)
    assert [spec.miner is None for spec in specs] == [True, False, False]


def test_costs_are_listed_by_system_and_pair():
    case = "systems/emoji/en-fr"
    runs = [cost_run(case, seconds=3.0, peak_mb=1000.0, variant="Concord"), cost_run("fr_en/1k")]
    shown = tables.system_costs(table(runs, "cost"), [case, "systems/dbp15k/fr_en"])
    assert list(shown.columns) == ["system", "seconds, emoji/en-fr", "GB, emoji/en-fr"]
    assert shown.iloc[0].tolist() == ["Concord", 3.0, pytest.approx(1.048576)]


def test_rows_are_told_apart_by_whether_they_lose_on_every_pair():
    columns = ["row", "matching", "task", "gain"]
    points = {"a": (-1.0, -2.0), "b": (-1.0, 2.0), "c": (0.0, 2.0)}
    rows = [
        (row, "csls", task, gain) for row, own in points.items() for task, gain in zip("xy", own, strict=True)
    ]
    shown = tables.sign_table(pd.DataFrame([*rows, ("c", "csls", "all", -9.0)], columns=columns)).iloc[0]
    assert shown.tolist() == ["csls", "a", "b", "c"]
