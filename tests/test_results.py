"""Experiments make the rows that the pages read, and the views of the store compute what they say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError
from psqe.evaluation import evaluate
from psqe.evaluation.intervals import mean_interval
from psqe.evaluation.regions import all_regions
from psqe.seeds import MutualMiner, audit
from psqe.study import experiments, store
from psqe.study.experiments import Experiment, comparison, run_experiments, untrained
from psqe.study.results import (
    alignment_results,
    changes,
    compared,
    over_states,
    paired_gain,
    parts_of,
    region_results,
    seed_results,
    seed_sets,
    swept,
    verdicts,
)


def planted_in_place(patch: pytest.MonkeyPatch):
    """Planted pairs in place of the emoji, one a random state."""
    pairs = {state: planted_pair(random_state=state) for state in (0, 1)}

    def loaded(task, dangling, modalities, random_state):
        return (*pairs[random_state], all_regions(*pairs[random_state]))

    patch.setattr(experiments, "loaded", loaded)
    patch.setattr(experiments, "_mined", experiments._mined.__wrapped__)
    return pairs


@pytest.fixture(scope="module")
def rows():
    """Two random states of a small comparison."""
    with pytest.MonkeyPatch.context() as patch:
        pairs = planted_in_place(patch)
        chosen = comparison("planted", n_seeds=[20, 30], random_states=[0, 1], n_epochs=2)
        made = run_experiments(untrained("planted", random_states=[0, 1]) + chosen)
    return pairs, made


def test_rows_fit_the_store_and_agree_with_the_audit(rows):
    pairs, made = rows
    table = store.table_of(made)
    assert len(table) == len(made), "two rows share a key"
    seeds = seed_results(table, miner="mutual", n_seeds=20, random_state=1)
    task, features = pairs[1]
    report = audit(MutualMiner(20).mine(task, features), task, all_regions(task, features))
    assert seeds["precision"].tolist() == [report["precision"]]
    coverage = region_results(table, "coverage", protocol="-", n_seeds=20)
    assert coverage["mutual"][1]["degree"] == pytest.approx(report["coverage"]["degree"])


def test_alignments_are_means_of_both_directions(rows):
    table = store.table_of(rows[1])
    settings = "preset=small n_epochs=2"
    found = alignment_results(table, protocol="full", settings=settings)
    assert len(found) == 2 * 2 * 4
    one = table[
        (table["protocol"] == "full") & (table["region"] == "all") & (table["miner"] == "psqe")
        & (table["n_seeds"] == 30) & (table["random_state"] == 0)
    ]  # fmt: skip
    assert sorted(one["direction"]) == ["l2r", "r2l"]
    picked = found.query("miner == 'psqe' and n_seeds == 30 and random_state == 0")
    assert picked["hits@1"].tolist() == pytest.approx([one["hits@1"].mean()])
    bare = table[table["miner"] == "none"]
    assert set(alignment_results(bare, protocol="full")["aligner"]) == {"cosine", "csls", "sinkhorn"}
    # Protocol peer is always CSLS: a row must not say that it was something else.
    assert set(alignment_results(bare, protocol="peer")["aligner"]) == {"csls"}


def test_an_aligner_is_matched_as_it_says(monkeypatch):
    pair = planted_pair(60, noise=1.0, random_state=0)
    monkeypatch.setattr(experiments, "loaded", lambda *_: (*pair, all_regions(*pair)))
    monkeypatch.setattr(experiments, "_mined", experiments._mined.__wrapped__)
    found = run_experiments([Experiment("planted", "mutual", 20, 0, aligner="propagation")])
    model = ALIGNERS["propagation"].preset("small").fit(*pair, MutualMiner(20).mine(*pair))
    mrr = {row["direction"]: row["mrr"] for row in found if row.get("protocol") == "full" and "mrr" in row}
    wanted, other = (
        evaluate(pair[0], model.similarity, matching=m)["metrics"] for m in ("sinkhorn", "cosine")
    )
    assert mrr == {direction: wanted[direction]["full"]["mrr"] for direction in ("l2r", "r2l")}
    assert all(mrr[direction] != other[direction]["full"]["mrr"] for direction in mrr)


def test_settings_are_never_mixed(rows):
    made = rows[1]
    other = [
        {**row, "settings": row["settings"].replace("n_epochs=2", "n_epochs=9")}
        for row in made
        if "n_epochs" in row.get("settings", "")
    ]
    with pytest.raises(DataError, match="mix settings"):
        alignment_results(store.table_of(made + other), protocol="full")


def test_aligners_are_never_mixed(rows):
    made = rows[1]
    other = [{**row, "aligner": "eva"} for row in made if row.get("aligner") == "mclea"]
    table = store.table_of(made + other)
    with pytest.raises(DataError, match="mix aligner: eva, mclea"):
        alignment_results(table, protocol="full")
    assert set(alignment_results(table, protocol="full", aligner="eva", miner="psqe")["aligner"]) == {"eva"}
    both = alignment_results(table, protocol="full", aligner=("eva", "mclea"))
    assert set(both["aligner"]) == {"eva", "mclea"}


def test_nothing_found_is_said():
    with pytest.raises(DataError, match=r"no seeds with .*task=nowhere"):
        seed_results(store.table_of([]), task="nowhere")


def test_departures_from_the_default_do_not_mix_with_it():
    row = {"task": "t", "modalities": "image", "miner": "psqe", "variant": "corrected", "n_seeds": 9,
           "random_state": 0, "precision": 0.9}  # fmt: skip
    released = {**row, "variant": "released", "precision": 0.1}
    parts = [{**row, "region": r, "coverage": 0.5} for r in ("degree: low", "stage: refine")]
    table = store.table_of(
        [row, released, {**row, "settings": "switch:fill=False", "precision": 0.5}, *parts]
    )
    assert seed_results(table)["precision"].tolist() == [0.9]
    assert seed_results(table, variant="released")["precision"].tolist() == [0.1]
    assert seed_results(table, settings="switch:fill=False")["precision"].tolist() == [0.5]
    assert region_results(table, "coverage", protocol="-") == {"psqe": [{"degree": {"low": 0.5}}]}


def test_a_gain_is_paired_by_random_state():
    table = pd.DataFrame(
        {
            "miner": ["psqe", "pivot"] * 3,
            "n_seeds": 10,
            "random_state": [0, 0, 1, 1, 2, 2],
            "hits@1": [0.9, 0.5, 0.6, 0.1, 0.7, 0.4],
        }
    )
    gain = paired_gain(table, "hits@1", "psqe", "pivot").iloc[0]
    assert (gain["gain"], gain["low"], gain["high"]) == pytest.approx(mean_interval([0.4, 0.5, 0.3]))
    assert gain["runs"] == 3


def test_settings_say_what_departs_from_the_default():
    default = Experiment("emoji/en-fr", "psqe", 10, 0)
    assert default.settings == "preset=small"
    other = dataclasses.replace(default, n_epochs=7, dangling=0.2)
    assert other.settings == "preset=small n_epochs=7 dangling=0.2"
    assert Experiment("emoji/en-fr", "none", 0, 0, aligner="csls").settings == "-"


def test_an_interrupted_run_keeps_what_is_finished(monkeypatch, tmp_path):
    planted_in_place(monkeypatch)
    path = tmp_path / "store"
    monkeypatch.setattr(experiments, "append", lambda new: store.append(new, path))
    chosen = comparison("planted", n_seeds=[20], random_states=[0], n_epochs=2)
    calls = iter(range(9))
    real = experiments.run_experiment

    def breaks(experiment):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(experiment)

    monkeypatch.setattr(experiments, "run_experiment", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_experiments(chosen, keep=True)
    assert set(store.read(path)["miner"]) == {"pivot", "mutual"}
    assert np.isfinite(store.read(path)["seconds"].to_numpy(dtype=float)).all()


def seeds_row(**values):
    row = {"task": "t", "modalities": "image", "miner": "psqe", "variant": "corrected", "n_seeds": 600,
           "random_state": 0, "seeds_found": 600, "precision": 0.9, "estimated": 0.8}  # fmt: skip
    return {**row, **values}


def test_changes_are_taken_on_the_same_draw_and_kept_in_order():
    rows = [
        seeds_row(),
        seeds_row(random_state=1, precision=0.8),
        seeds_row(settings="switch:mutual=False", precision=0.85),
        seeds_row(settings="switch:mutual=False", random_state=1, precision=0.8),
        seeds_row(settings="switch:mutual=False", random_state=2, precision=0.1),  # no base on this draw
        seeds_row(settings="switch:fill=False", precision=0.95, seeds_found=300),
        seeds_row(settings="n_clusters=2", precision=0.7),
        seeds_row(region="semantic", least_covered=0.1),
    ]
    table = store.table_of(rows)
    wanted = ["switch:mutual=False", "switch:fill=False"]
    found = changes(table, "corrected", wanted, ["precision", "right"])
    assert list(dict.fromkeys(found["change"])) == ["mutual = False", "fill = False"]
    assert found["precision"].tolist() == pytest.approx([-5, 0, 5])
    assert found["right"].tolist()[-1] == pytest.approx(100 * (0.95 / 2 - 0.9))
    with pytest.raises(DataError, match="no departure from released"):
        changes(table, "released", wanted, ["precision"])
    tried = swept(table)
    assert tried[tried["parameter"] == "clusters"].sort_values("setting")["setting"].tolist() == [2, 5, 5]
    assert set(tried["parameter"]) == {"clusters", "temperature", "image weight", "seeds K"}
    assert seed_sets(table)["least_covered"].dropna().tolist() == [0.1]


def test_the_released_variant_is_compared_at_its_own_number():
    rows = [
        seeds_row(),
        seeds_row(variant="released", seeds_found=88, precision=0.7),
        seeds_row(n_seeds=88, seeds_found=88, precision=1.0),
        seeds_row(miner="pivot", variant="-", precision=0.5),
    ]
    found = compared(store.table_of(rows))
    assert found["label"].tolist() == ["pivot", "psqe, released", "psqe, as many", "psqe"]
    assert found["precision"].tolist() == [0.5, 0.7, 1.0, 0.9]
    assert set(found["asked"]) == {600}


def test_verdicts_name_what_the_corrected_variant_is_behind_in():
    def table(precision, least):
        known = {"precision_judged": 0.5, "seeds_judged": 10}
        runs = [
            {"variant": "released", "seeds_found": 88, "precision": precision},
            {"n_seeds": 88, "seeds_found": 88, "precision": 0.8},
            {"precision": 0.7},
        ]
        covered = [
            seeds_row(**{**run, "precision": None}, region="semantic", least_covered=value)
            for run, value in zip(runs, (least, 0.0, 0.2), strict=True)
        ]
        return store.table_of([*(seeds_row(**run, **known) for run in runs), *covered])

    better = verdicts(table(0.5, 0.1))
    assert better["behind"].tolist() == ["-"] and better["found by released"].tolist() == [88]
    assert verdicts(table(0.9, 0.3))["behind"].tolist() == ["precision, least covered"]
    assert verdicts(table(0.9, 0.1))["behind"].tolist() == ["precision"]
    assert verdicts(store.table_of([seeds_row()])).empty


def test_intervals_are_over_random_states():
    table = pd.DataFrame({"random_state": [0, 0, 1], "x": [0.2, 0.4, 0.7]})
    assert over_states(table, "x") == pytest.approx(mean_interval([0.3, 0.7]))


def test_parts_of_seeds_have_their_own_names():
    rows = [
        seeds_row(),
        seeds_row(region="stage: refine"),
        seeds_row(region="confidence: 0.9", variant="released"),
    ]
    table = store.table_of(rows)
    assert parts_of(table, "stage")["region"].tolist() == ["refine"]
    assert parts_of(table, "confidence")["label"].tolist() == ["psqe, released"]
