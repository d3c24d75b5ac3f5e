"""Runs: the rows that a spec makes, what runs share, and what a spec cannot ask for."""

import dataclasses
import os
from typing import get_args

import numpy as np
import pytest
import torch
from planted_runs import in_place

from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeError
from psqe.evaluation import embedding_scorer, evaluate, feature_scorer
from psqe.evaluation.regions import all_regions
from psqe.links import LinkRule, predict_links
from psqe.links.quality import link_quality
from psqe.links.rules import Rule
from psqe.options import AlignerOptions, FeatureOptions, Matching, MinerOptions, TaskOptions
from psqe.provenance import machine
from psqe.seeds import MutualMiner, PSQEMiner, SeedSet, audit, correct, judged
from psqe.study import run as module
from psqe.study.columns import KEYS
from psqe.study.measures import THRESHOLDS, chosen_confidence, chosen_pairs, cut, fact_rows
from psqe.study.plans.alignments import TRAININGS, drawn, sizes, untrained
from psqe.study.plans.base import (
    EMOJI,
    KINDS_OF_SEEDS,
    alignment_spec,
    kind_of,
    of_kind,
    psqe_options,
    seeds_spec,
)
from psqe.study.plans.links import MODELS
from psqe.study.plans.supervised import supervised
from psqe.study.run import residual_later, run, run_all
from psqe.study.spec import RunSpec
from psqe.study.store import Store, results_table

TASK = "emoji/en-fr"
PAIRS = {state: planted_pair(40, 3, 8, random_state=state) for state in (0, 1)}


@pytest.fixture
def pairs(monkeypatch):
    yield from in_place(PAIRS, monkeypatch)


def mutual(aligner, training="plain", state=0, n_seeds=12):
    return alignment_spec(
        TASK, MinerOptions(name="mutual", n_seeds=n_seeds), aligner, state, TRAININGS[training]
    )


def small_untrained():
    """The plan of the features alone, with as many seeds as a small pair has."""
    return [
        spec.replace(miner=spec.miner and spec.miner.model_copy(update={"n_seeds": 12}))
        for spec in untrained([TASK], [0])
    ]


def full(result, matching="cosine", links="all"):
    """Rows of the whole alignment under protocol full on some links, by direction."""
    return {
        row["direction"]: row
        for row in result.rows
        if (row["protocol"], row["matching"], row["links"], row["part"]) == ("full", matching, links, "all")
    }


def test_rows_about_seeds_say_what_the_audit_says(pairs):
    result = run(seeds_spec(TASK, psqe_options(20), 1))
    table = results_table([result], "seeds").set_index(["part_kind", "part"])
    assert len(table) == len(result.rows)
    task, features = pairs[1]
    seeds = PSQEMiner(20, random_state=1).mine(task, features)
    report = audit(seeds, task, all_regions(task, features))
    whole = table.loc["all", "all"]
    assert (whole["precision"], whole["recall"]) == pytest.approx((report["precision"], report["recall"]))
    assert whole["precision_judged"] == pytest.approx(report["precision_judged"])
    assert whole["seeds_judged"] == judged(seeds.pairs, task).sum()
    assert whole["estimated"] == pytest.approx(report["estimated_precision"])
    assert table.loc[("semantic", "all"), "least_covered"] == pytest.approx(
        min(report["coverage"]["semantic"].values())
    )
    for kind, by_region in report["coverage"].items():
        assert table.loc[(kind, "all"), "balance"] == pytest.approx(report["balance"][kind])
        for name, share in by_region.items():
            assert table.loc[(kind, name), "coverage"] == pytest.approx(share)
    assert table.loc[("stage", "expand"), "precision"] == pytest.approx(report["stages"][2]["precision"])
    assert table.loc[("stage", "cluster"), "seeds_found"] == report["stages"][0]["n_seeds"]
    tenths = table.loc["confidence"]
    assert tenths["seeds_found"].sum() == 20
    right = (tenths["precision"] * tenths["seeds_found"]).sum()
    assert right == pytest.approx(correct(seeds.pairs, task).sum())
    low = tenths.index.astype(float)
    assert ((tenths["estimated"] >= low - 1e-6) & (tenths["estimated"] <= low + 0.1 + 1e-6)).all()
    assert np.isfinite([result.seconds, result.peak_mb]).all()


def test_every_matching_and_every_group_of_links_is_measured(monkeypatch):
    pair = planted_pair(60, noise=1.0, random_state=0)
    for _ in in_place({0: pair}, monkeypatch):
        result = run(mutual("propagation", n_seeds=20))
    seeds = MutualMiner(20).mine(*pair)
    model = ALIGNERS["propagation"].preset("small").fit(*pair, seeds)
    for matching in get_args(Matching):
        wanted = evaluate(pair[0], model.similarity, matching=matching, seeds=seeds.pairs)
        for links, entry in (("all", "metrics"), ("free", "metrics_free"), ("seeds", "metrics_seeds")):
            rows = full(result, matching, links)
            assert {d: row["mrr"] for d, row in rows.items()} == {
                d: wanted[entry][d]["full"]["mrr"] for d in ("l2r", "r2l")
            }
            assert all(row["n_queries"] == wanted["n_queries"][d]["full"][links] for d, row in rows.items())
    mrr = [full(result, matching)["l2r"]["mrr"] for matching in get_args(Matching)]
    assert len(set(mrr)) > 1, "the matchings differ here"


@pytest.mark.parametrize("task", ["dbp15k/zh_en", "emoji/en-fr"])
def test_seeds_are_compared_with_every_kind_that_differs(monkeypatch, task):
    asked = []
    monkeypatch.setattr(module, "_seeds", lambda spec, device: asked.append(kind_of(spec.miner)))
    module.compared_seeds(alignment_spec(task, of_kind("psqe", 12), "propagation", 0))
    assert asked == [kind for kind in KINDS_OF_SEEDS if kind != "pivot, fused" or task in EMOJI]


def test_systems_have_groups_under_sinkhorn_too_and_no_links_free_of_other_seeds(pairs):
    plain = mutual("propagation")
    matchings, links = (
        {
            subject: {row[column] for row in run(plain.replace(subject=subject)).rows if chosen(row)}
            for subject in ("alignment", "system")
        }
        for column, chosen in (
            ("matching", lambda row: row["part_kind"] == "semantic"),
            ("links", lambda row: row["part_kind"] == "all"),
        )
    )
    assert matchings == {"alignment": {"cosine"}, "system": {"cosine", "sinkhorn"}}
    assert links["alignment"] - links["system"] == {"free_of_all"}


def test_links_that_are_free_of_all_seeds_are_the_same_for_every_kind(pairs):
    links = pairs[0][0].links
    kinds = [of_kind(kind, 12) for kind in KINDS_OF_SEEDS]
    results = run_all([alignment_spec(TASK, miner, "propagation", 0) for miner in kinds])
    ends = np.concatenate([module.load_seeds(result.spec).pairs for result in results])
    asked = int((~np.isin(links[:, 0], ends[:, 0]) & ~np.isin(links[:, 1], ends[:, 1])).sum())
    for result in results:
        assert full(result, links="free_of_all")["l2r"]["n_queries"] == asked
        assert full(result, links="free")["l2r"]["n_queries"] > asked


def test_features_alone_are_ranked_by_every_matching_and_only_csls_bears_the_peers_protocol(pairs):
    task, features = pairs[0]
    for result in run_all(small_untrained()):
        for matching in get_args(Matching):
            wanted = evaluate(task, feature_scorer(task, features), matching=matching)["metrics"]
            assert {d: row["hits@1"] for d, row in full(result, matching).items()} == {
                d: wanted[d]["full"]["hits@1"] for d in ("l2r", "r2l")
            }
        assert {row["matching"] for row in result.rows if row["protocol"] == "peer"} == {"csls"}
        assert ("free" in {row["links"] for row in result.rows}) == (result.spec.miner is not None)


def test_features_beside_are_added_to_one_training(pairs):
    task, features = pairs[0]
    plain, residual = mutual("mclea"), mutual("mclea", "residual")
    trained, weight = residual_later(residual)
    assert trained == plain and weight == TRAININGS["residual"]["residual"]
    model = ALIGNERS["mclea"].preset("small", random_state=0, residual=weight)
    model.fit(task, features, MutualMiner(12).mine(task, features))
    wanted = evaluate(task, embedding_scorer(task, *model.embeddings()))["metrics"]
    found = full(run(residual))
    assert {d: row["hits@1"] for d, row in found.items()} == {
        d: pytest.approx(wanted[d]["full"]["hits@1"]) for d in ("l2r", "r2l")
    }
    for other in ({"patience": 3}, {"iterative_start": 50}):
        spec = alignment_spec(TASK, MinerOptions(name="mutual", n_seeds=9), "mclea", 0, other)
        assert residual_later(spec) == (spec, 0.0), "there the residual has a part in the training"


def test_a_model_is_trained_once_for_runs_that_train_alike(pairs, monkeypatch):
    fitted = []
    fit = ALIGNERS["mclea"].fit

    def counted(self, *arguments, **options):
        fitted.append(self.parameters["residual"])
        return fit(self, *arguments, **options)

    monkeypatch.setattr(ALIGNERS["mclea"], "fit", counted)
    run_all([mutual("mclea"), mutual("mclea", "residual"), mutual("eva"), mutual("mclea", state=1)])
    assert fitted == [0, 0]


def test_an_aligner_without_seeds(pairs):
    task, features = pairs[0]
    found = full(run(alignment_spec(TASK, None, "propagation", 0)))
    model = ALIGNERS["propagation"].preset("small", random_state=0).fit(task, features, SeedSet.empty())
    wanted = evaluate(task, model.similarity)["metrics"]
    assert {d: row["hits@1"] for d, row in found.items()} == {
        d: wanted[d]["full"]["hits@1"] for d in ("l2r", "r2l")
    }


def test_drawn_seeds_have_what_was_asked_for(pairs):
    results = run_all([spec for spec in drawn([TASK], [0, 1], n_seeds=20) if spec.subject == "seeds"])
    table = results_table(results, "seeds")
    table = table.assign(
        precision_wanted=[spec.miner.parameters["precision"] for spec in table["spec"]],
        evenness=[spec.miner.parameters["evenness"] for spec in table["spec"]],
    )
    whole = table[table["part_kind"] == "all"]
    assert whole["precision"].tolist() == pytest.approx(whole["precision_wanted"].tolist(), abs=0.051)
    semantic = table[(table["part_kind"] == "semantic") & (table["part"] == "all")]
    balance = semantic.groupby("evenness")["balance"].mean()
    assert balance[1.0] >= balance[0.0]


def test_supervised_runs_learn_from_what_is_not_asked(pairs, monkeypatch):
    task, _ = pairs[0]
    trained_on = []
    fit = ALIGNERS["eva"].fit
    monkeypatch.setattr(
        ALIGNERS["eva"], "fit", lambda self, t, f, seeds: trained_on.append(seeds) or fit(self, t, f, seeds)
    )
    spec = next(spec for spec in supervised(["dbp15k/fr_en"], [0]) if spec.aligner.name == "eva")
    result = run(spec)
    n = len(trained_on[0])
    assert n == len(task.links) - round(0.7 * len(task.links))
    asked = task.links[n:]
    assert not set(map(tuple, trained_on[0].pairs.tolist())) & set(map(tuple, asked.tolist()))
    wanted = evaluate(task, module._model(residual_later(spec)[0], None).similarity)["metrics"]["l2r"]["peer"]
    (peer,) = (
        row
        for row in result.rows
        if (row["protocol"], row["direction"], row["links"]) == ("peer", "l2r", "all")
    )
    assert peer["hits@1"] == pytest.approx(wanted["hits@1"])


@pytest.mark.parametrize(
    ("miner", "message"),
    [
        (MinerOptions(name="pivots", n_seeds=9), "no kind of seeds 'pivots'; choose from .*psqe.*true links"),
        (MinerOptions(name="true link", n_seeds=9), "no kind of seeds 'true link'"),
        (MinerOptions(name="", n_seeds=9), "no kind of seeds ''"),
        (MinerOptions(name="mutual", n_seeds=9, parameters={"colour": "red"}), "no parameter 'colour'"),
        (MinerOptions(name="psqe", n_seeds=9, parameters={"n_clusters": "5"}), "n_clusters"),
        (
            MinerOptions(name="drawn", n_seeds=9, parameters={"precisions": 1.0}),
            "choose from n_seeds, precision",
        ),
        (MinerOptions(name="true links", n_seeds=9, parameters={"n_seeds": 8}), "n_seeds is not among"),
        (MinerOptions(name="drawn", n_seeds=9, parameters={"random_state": 1}), "random_state is not among"),
        (MinerOptions(name="true links", parameters={"n_seeds": 8}), "n_seeds is not among"),
        (MinerOptions(name="true links"), "lacks 'n_seeds'"),
        (MinerOptions(name="true links", n_seeds=-9), "n_seeds is -9"),
        (MinerOptions(name="supervised", n_seeds=9), "no parameter 'n_seeds'"),
        (MinerOptions(name="supervised", parameters={"share": "1"}), "share is '1'"),
    ],
)
def test_seeds_that_do_not_exist_are_refused(pairs, miner, message):
    """Once, any unknown word gave the seeds of the pivot."""
    with pytest.raises(ParameterError, match=message):
        run(seeds_spec(TASK, miner, 0))


def test_aligners_tasks_and_subjects_that_do_not_exist_are_refused(pairs):
    with pytest.raises(ParameterError, match="no aligner 'mcle'"):
        run(mutual("mcle"))
    options = AlignerOptions(name="eva", preset="tiny")
    spec = RunSpec.model_validate({**dict(mutual("eva")), "aligner": options})
    with pytest.raises(ParameterError, match="no preset 'tiny'"):
        run(spec)
    for aligner, value, message in (
        ("propagation", 2.0, "no parameter 'residual'"), ("eva", "2", "residual is '2'"),
        ("eva", None, "residual"), ("eva", -1.0, "residual"), ("eva", [], "residual"),
    ):  # fmt: skip
        with pytest.raises(ParameterError, match=message):
            run(alignment_spec(TASK, None, aligner, 0, {"residual": value}))
    with pytest.raises(ParameterError, match="no parameter 'n_epoch'"):
        run(alignment_spec(TASK, None, "propagation", 0, {"n_epoch": 1}))
    with pytest.raises(ParameterError, match=r"benchmarks/cost\.py"):
        run(RunSpec(subject="cost", task=TaskOptions(name="fr_en/1k")))
    with pytest.raises((ParameterError, DataError), match="nowhere"):
        run(RunSpec(subject="facts", task=TaskOptions(name="nowhere/at_all")))


def test_what_is_expected_asks_for_free_links_only_where_there_are_seeds(dangling):
    spec = mutual("clamped").replace(subject="expected")
    rows = {(row["matching"], row["links"]): row["expected_hits@1"] for row in run(spec).rows}
    assert set(rows) == {(matching, links) for matching in get_args(Matching) for links in ("all", "free")}
    assert all(0 < hits < 1 for hits in rows.values())
    alone = spec.replace(miner=None, aligner=None)
    assert {row["links"] for row in run(alone).rows} == {"all"}


def test_a_prediction_stands_beside_what_the_aligner_does_on_free_links(pairs):
    spec = mutual("whitening").replace(subject="prediction")
    rows = {row["matching"]: row for row in run(spec).rows}
    measured = run(mutual("whitening"))
    assert list(rows) == ["cosine", "csls", "sinkhorn"]
    for matching, row in rows.items():
        free = full(measured, matching, "free")["l2r"]
        assert row["n_queries"] == free["n_queries"]
        assert row["hits@1"] == pytest.approx(free["hits@1"])
        for name in ("features_hits@1", "predicted_hits@1", "unlabelled_hits@1"):
            assert 0 <= row[name] <= 1
        assert row["shift_deviation"] >= 0


def test_facts_are_numbers_about_either_side_or_the_pair(pairs):
    task, _ = pairs[0]
    facts = {(row["side"], row["fact"]): row["value"] for row in fact_rows(task)}
    assert facts["left", "triples"] == len(task.left.triples)
    assert facts["both", "links"] == len(task.links)
    assert ("both", "equal_translated_names") not in facts, "what is not known is left out"
    assert all(isinstance(value, float) for value in facts.values())


def test_an_interrupted_call_keeps_what_is_finished_and_goes_on_there(pairs, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    specs = sizes([TASK], [0], n_seeds=[12], parameters={"n_epochs": 2})[:4]
    real, calls = run, []

    def breaks(spec, device):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(spec)
        return real(spec, device)

    monkeypatch.setattr(module, "run", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_all(specs, store)
    assert set(store.specs().values()) == set(specs[:2])
    assert store.lacking(specs) == specs[2:]
    monkeypatch.setattr(module, "run", real)
    run_all(store.lacking(specs), store)
    assert store.lacking(specs) == []


# ---- where and how a run computes


def test_a_device_that_is_not_there_is_refused_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(module, "load_data", lambda spec: pytest.fail("data were loaded"))
    for device in ("cuda:99", "tpu"):
        with pytest.raises(ParameterError, match=f"device.* '{device}'.*; "):
            run(mutual("eva"), device)


def test_the_device_reaches_what_computes_on_one_and_nothing_else(pairs, monkeypatch):
    built, build, mined, mine = [], module.build_aligner, [], module.mine_seeds
    monkeypatch.setattr(
        module, "build_aligner", lambda options, state: built.append(options) or build(options, state)
    )
    monkeypatch.setattr(
        module, "mine_seeds", lambda task, **given: mined.append(given["seeds"]) or mine(task, **given)
    )
    psqe = of_kind("psqe", 12)
    for aligner in ("eva", "propagation"):
        run(alignment_spec(TASK, psqe, aligner, 0), "cpu")
    where = {options.name: options.parameters.get("device") for options in (*built, *mined)}
    assert where == {"eva": "cpu", "propagation": None, "psqe": "cpu", "mutual": None, "pivot": None}


def test_a_device_in_a_spec_counts_before_that_of_the_call(pairs, monkeypatch):
    built, build = [], module.build_aligner
    monkeypatch.setattr(
        module, "build_aligner", lambda options, state: built.append(options) or build(options, state)
    )
    spec = mutual("eva")
    own = AlignerOptions(name="eva", preset="small", parameters={"device": "cpu:0"})
    run(spec.replace(aligner=own), "cpu")
    assert [options.parameters["device"] for options in built] == ["cpu:0"]


def test_a_result_names_the_gpu_beside_the_machine(monkeypatch):
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"Some GPU {device}")
    machine.cache_clear()
    assert machine("cuda:1") == f"{machine()}, Some GPU cuda:1"
    assert machine("cpu") == machine()
    machine.cache_clear()


def test_the_device_is_no_part_of_the_spec(pairs):
    spec = mutual("eva")
    result = run(spec, "cpu")
    assert result.spec == spec and result.source == {"machine": machine()}
    assert result.rows == run(spec).rows


def test_a_run_uses_one_thread_and_leaves_the_number_as_it_was(pairs, monkeypatch):
    used, real = [], module.seed_rows
    monkeypatch.setattr(
        module,
        "seed_rows",
        lambda *given: used.append((torch.get_num_threads(), os.environ["OMP_NUM_THREADS"])) or real(*given),
    )
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        run(seeds_spec(TASK, of_kind("mutual", 12), 0))
        assert torch.get_num_threads() == 2 and os.environ["OMP_NUM_THREADS"] == "2"
    finally:
        torch.set_num_threads(threads)
    assert used == [(1, "1")]


# ---- links


@pytest.fixture
def dangling(monkeypatch):
    pair = planted_pair(60, 3, 8, noise=0.6, dangling=0.15, random_state=0)
    for _ in in_place({0: pair}, monkeypatch):
        yield pair


def links_spec(model, n_seeds=12):
    return RunSpec(
        subject="links", task=TaskOptions(name=TASK), features=FeatureOptions(modalities=("image",)),
        aligner=MODELS[model], miner=MinerOptions(name="psqe", n_seeds=n_seeds) if MODELS[model] else None,
    )  # fmt: skip


def test_every_rule_and_threshold_by_plain_recomputation(dangling):
    task, features = dangling
    rows = run(links_spec("features")).rows
    assert len(rows) == len(get_args(Matching)) * len(get_args(Rule)) * len(THRESHOLDS) * 3
    assert len({tuple(row[name] for name in KEYS["links"]) for row in rows}) == len(rows)
    for row in rows:
        threshold = {"none": 0.0, "auto": None, "by labels": row["min_confidence"]}[row["threshold"]]
        rule = LinkRule(row["matching"], row["rule"], threshold)
        links = predict_links(task, features, feature_scorer(task, features), rule=rule)
        quality = link_quality(links.pairs, task)
        side = row["answer"].partition(", ")[2]
        wanted = quality["no_counterpart"][side] if side else quality["links"]
        for name in ("n", "precision", "recall", "f1"):
            assert row[name] == wanted[name]
        assert row["n_correct"] == wanted["n_correct"]
        assert row["n_wanted"] == wanted["n_dangling" if side else "n_gold"]
        assert row["expected_correct"] == pytest.approx(links.confidence.sum(), rel=1e-5)
        assert row["min_confidence"] == pytest.approx(links.threshold)


def test_models_are_trained_on_the_same_seeds_and_labels_lose_nothing(dangling):
    results = run_all([links_spec(model) for model in MODELS])
    assert module._seeds.cache_info().misses == 1, "the seeds are mined once for all models"
    table = results_table(results, "links")
    link = table[table["answer"] == "link"]
    f1 = link.groupby(["id", "threshold"])["f1"].mean().unstack()
    assert len(f1) == len(MODELS) and (f1["by labels"] >= f1[["auto", "none"]].max(axis=1)).all()


def test_the_best_threshold_is_that_of_an_exhaustive_search(dangling):
    task, features = dangling
    rule = LinkRule(threshold=None)
    links = predict_links(task, features, feature_scorer(task, features), rule=rule)
    pairs, confidence = chosen_pairs(links), chosen_confidence(links)
    assert (np.diff(confidence) <= 0).all()
    f1 = {t: link_quality(pairs[confidence >= t], task)["links"]["f1"] for t in confidence.tolist()}
    n, smallest = cut(links, task, "by labels")
    assert f1[smallest] == pytest.approx(max(f1.values())) and n == (confidence >= smallest).sum()
    with pytest.raises(PsqeError, match="no gold links"):
        cut(links, dataclasses.replace(task, links=None), "by labels")
    with pytest.raises(ParameterError, match="no threshold 'best'"):
        cut(links, task, "best")


def test_hits_outside_labels_are_those_of_the_links_that_no_label_touches(dangling, monkeypatch):
    monkeypatch.setattr(module, "N_LABELS", (5, 9))
    task, _ = dangling
    spec = RunSpec(
        subject="labels", task=TaskOptions(name=TASK), features=FeatureOptions(modalities=("image",)),
        aligner=AlignerOptions(name="propagation", preset="small"), miner=of_kind("true links", 5),
    )  # fmt: skip
    rows = run(spec).rows
    assert len(rows) == 2 * len(get_args(Matching))
    known = np.concatenate([seeds.pairs for seeds in module.drawn_labels(spec)])
    assert len(known) == 14
    outside = ~np.array([np.isin(*ends).tolist() for ends in zip(task.links.T, known.T, strict=True)]).any(
        axis=0
    )
    free = {row["matching"]: row for row in rows if row["links"] == "free"}
    assert free["csls"]["n_queries"] == 2 * outside.sum()
    assert all(("seeds_found" in row) == (row["links"] == "all") for row in rows)
    whole = next(row for row in rows if row["links"] == "all")
    assert whole["seeds_found"] == 5 and whole["precision"] == 1.0
    similarity = module.load_similarities(spec)
    report = evaluate(task, similarity.scorer, matching="cosine", seeds=known, protocols=("full",))
    ways = [report["metrics_free"][way]["full"]["hits@1"] for way in ("l2r", "r2l")]
    assert free["cosine"]["hits@1"] == pytest.approx(np.mean(ways))
