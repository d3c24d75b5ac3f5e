"""Tables behind the rules for data without labels: gains are paired, and two choices are ordered by draw."""

import pytest
from stored import OTHER_TASK, TASK, table

from psqe.options import AlignerOptions, FeatureOptions
from psqe.study import tables
from psqe.study.plans.base import EMOJI, task_options
from psqe.study.plans.labels import (
    CONCORD,
    GIVEN,
    LABELLED,
    MINED,
    N_LABELS,
    PROPAGATION,
    labels,
    labels_spec,
)
from psqe.study.spec import RunSpec
from psqe.study.store import RunResult, Store
from psqe.study.tables.advice import modality_text
from psqe.study.tables.best import best_runs

PAIR = [TASK, OTHER_TASK]
IMAGE, TWO = ("image",), ("image", "attribute")


def run(given, modalities, task, state, hits):
    rows = [
        {"matching": matching, "links": links, "n_queries": 10, "hits@1": hits - (links == "free") * 0.1}
        for matching in ("cosine", "sinkhorn")
        for links in ("all", "free")
    ]
    return RunResult(labels_spec(*given, modalities, task, state), rows, 1.0)


BARE, FIFTY, MANY = (CONCORD, None, 0), (CONCORD, LABELLED, 50), (PROPAGATION, MINED, 600)
RESULTS = [
    run(BARE, IMAGE, TASK, 0, 0.50), run(BARE, IMAGE, TASK, 1, 0.52),
    run(BARE, IMAGE, OTHER_TASK, 0, 0.40), run(BARE, IMAGE, OTHER_TASK, 1, 0.42),
    run(FIFTY, IMAGE, TASK, 0, 0.60), run(FIFTY, IMAGE, TASK, 1, 0.62),
    run(FIFTY, IMAGE, OTHER_TASK, 0, 0.46), run(FIFTY, IMAGE, OTHER_TASK, 1, 0.50),
    run(BARE, TWO, TASK, 0, 0.90),
    run(BARE, TWO, TASK, 1, 0.90),
    run(MANY, IMAGE, TASK, 0, 0.45),
]  # fmt: skip


@pytest.fixture(scope="module")
def stored():
    return table(RESULTS, "labels")


def links_run(aligner, modalities, n_correct, expected, *, task=TASK, state=0, judged=None):
    spec = RunSpec(
        subject="links", task=task_options(task), features=FeatureOptions(modalities=modalities),
        aligner=aligner and AlignerOptions(name=aligner, preset="small"), random_state=state,
    )  # fmt: skip
    row = {
        "matching": "sinkhorn", "rule": "mutual", "threshold": "none", "answer": "link", "n": 100,
        "n_correct": n_correct, "precision": n_correct / 100, "precision_judged": judged,
        "expected_correct": expected,
    }  # fmt: skip
    return RunResult(spec, [row, {**row, "rule": "one_to_one"}, {**row, "threshold": "auto"}])


@pytest.fixture(scope="module")
def chosen():
    runs = [
        links_run("concord", IMAGE, 50, 60.0), links_run("concord", TWO, 90, 85.0),
        links_run("concord", IMAGE, 55, 60.0, state=1), links_run("concord", TWO, 90, 55.0, state=1),
        links_run("propagation", TWO, 80, 90.0), links_run(None, TWO, 70, 65.0),
        links_run("propagation", ("name",), 60, 80.0, task="dbp15k/zh_en", judged=0.9),
    ]  # fmt: skip
    return tables.default_links(table(runs, "links"))


def test_runs_are_named_by_aligner_and_by_what_it_was_given(stored):
    runs = tables.label_runs(stored, PAIR)
    assert list(dict.fromkeys(runs["row"])) == [
        "Concord, no seeds", "Concord, 50 labels", "propagation, PSQE's seeds",
    ]  # fmt: skip
    assert set(runs["modalities"]) == {modality_text(IMAGE), "image + attribute"}
    assert set(tables.label_runs(stored, [OTHER_TASK])["task"]) == {OTHER_TASK}


def test_what_labels_add_is_paired_and_stands_beside_both_means(stored):
    runs = tables.label_runs(stored, PAIR)
    gains = tables.label_gains(runs, PAIR, links="free", matching="sinkhorn")
    (row,) = gains.to_dict("records")
    assert (row["modalities"], row["system"], row["labels"]) == ("image", "Concord", 50)
    assert row["without"] == "no seeds" and row["before"].startswith("36.0")
    assert row["gain"] == pytest.approx(8.5)  # the states: (10 + 6) / 2 and (10 + 8) / 2
    assert row["low"] < row["gain"] < row["high"]
    assert tables.label_gain_table(gains)["gain"].iloc[0].startswith("+8.5 [")


def test_the_links_are_those_of_the_default_rule(chosen):
    assert len(chosen) == 7 and set(chosen["rule"]) == {"mutual"} and set(chosen["threshold"]) == {"none"}
    assert "features: image + attribute" in set(chosen["input"])
    assert set(tables.data_names(chosen)) == {"emoji", "DBP15K"}


def test_the_expected_number_is_in_the_true_order_or_not(chosen):
    found = tables.decision_table(chosen).set_index(["decision", "same", "one", "other"])
    modalities = found.loc[("modalities", "concord", "image + attribute", "image")]
    assert modalities[["draws", "correct"]].tolist() == [2, 1] and modalities["true"] == pytest.approx(37.5)
    aligner = found.loc[("aligner", "emoji", "concord", "propagation")]
    assert aligner[["draws", "correct"]].tolist() == [1, 0] and aligner["expected"] == pytest.approx(-5.0)
    assert found.loc[("aligner", "emoji", "propagation", "features"), "correct"] == 1
    assert len(found) == 4, "a choice that nothing is compared with has no row"


def test_expected_and_true_shares_stand_beside_what_judged_links_would_tell(chosen):
    level = tables.level_table(chosen, n_judged=50).set_index(["data", "modalities", "model"])
    names = level.loc[("DBP15K", "name", "propagation")]
    assert names["correct"] == pytest.approx(90.0), "gold links are not complete, so judged links count"
    assert names["off"] == pytest.approx(-10.0) and 7 < names["judged"] < 10
    weak = level.loc[("emoji", "image", "concord")]
    assert weak["claimed"] == pytest.approx(60.0) and weak["off"] == pytest.approx(7.5)
    assert weak["judged"] > names["judged"]


def test_matchings_are_columns_and_rows_come_in_the_order_given(stored):
    runs = tables.label_runs(stored, [TASK])
    runs = runs[runs["modalities"] == "image"]
    shown = tables.matching_table(runs, ["propagation, PSQE's seeds", "missing", "Concord, no seeds"])
    assert shown["system"].tolist() == ["propagation, PSQE's seeds", "Concord, no seeds"]
    assert list(shown.columns) == ["system", "cosine", "sinkhorn"] and shown["cosine"].iloc[0] == "45.0"


def test_modalities_of_all_plans_stand_in_one_table():
    store = Store()
    stored = (store.table(name) for name in ("labels", "system", "alignment"))
    rows = list(dict.fromkeys(tables.modality_runs(*stored, EMOJI)["row"]))
    assert rows == [
        *(f"Concord: {each}" for each in (*map(modality_text, GIVEN), "image + layout + attribute")),
        *(f"propagation: {each}" for each in ("image", "image + attribute")),
        "propagation: image + layout + attribute",
    ]


def test_the_stored_runs_still_say_what_the_rules_say():
    """The sentences of the page are written for these signs, with intervals that exclude zero."""
    store = Store()
    runs = tables.label_runs(store.table("labels"), EMOJI)
    gains = tables.label_gains(runs, EMOJI, links="free", matching="sinkhorn")
    gains = gains[gains["labels"] == N_LABELS[0]].set_index(["modalities", "system"])
    image, two = gains.loc[("image", "Concord")], gains.loc[("image + attribute", "Concord")]
    assert image["low"] > 0 and image["gain"] > two["gain"]
    assert gains.loc[("image", "propagation"), "high"] < 0
    systems = best_runs(store.table("system"), EMOJI)
    seeds = tables.seed_gains(systems, ["propagation", "Concord"], EMOJI).set_index(["row", "matching"])
    assert (seeds.loc["propagation", "low"] > 0).all() and (seeds.loc["Concord", "gain"] < 1).all()
    links = tables.default_links(store.table("links"))
    decisions = tables.decision_table(links)
    together = decisions.groupby("decision")[["correct", "draws"]].sum()
    share = together["correct"] / together["draws"]
    assert share["modalities"] > 0.95 > share["aligner"]
    level = tables.level_table(links, n_judged=50)
    assert (level["off"].abs() < level["judged"]).mean() > 0.8


def test_sizes_of_one_draw_alone_are_left_out():
    sets = tables.seed_sets(Store().table("seeds").query("task in @EMOJI"))
    shown = tables.size_table(sets)
    assert shown["K"].tolist() == [150, 300, 600, 1000]
    assert (shown["correct seeds"].diff().dropna() > 0).all()


def test_the_plan_gives_every_row_of_one_input_to_every_draw():
    specs = labels([TASK], [0])
    assert len(specs) == sum(map(len, GIVEN.values())) == len(set(specs))
    assert {spec.subject for spec in specs} == {"labels"}
    bare = [spec.features.modalities for spec in specs if spec.miner is None]
    assert bare == list(GIVEN)
