"""Runs of seeds: one key for one meaning, rows that fit the store, resumed where they stopped."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation.regions import all_regions
from psqe.seeds import PSQEMiner, audit, correct, judged
from psqe.seeds.rules import SWITCHES, VARIANTS
from psqe.study import ablation, store
from psqe.study.ablation import (
    EMOJI,
    SeedRun,
    flips,
    psqe_run,
    released_runs,
    run_seed_runs,
    run_seeds,
    stored_seeds,
    study_runs,
    sweep_runs,
)

PAIRS = {state: planted_pair(random_state=state) for state in (0, 1)}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Planted pairs in place of the emoji, and a store of one's own."""

    def loaded(task, dangling, modalities, random_state):
        return (*PAIRS[random_state], all_regions(*PAIRS[random_state]))

    path = tmp_path / "store"
    real_read, real_append = store.read, store.append
    monkeypatch.setattr(ablation, "loaded", loaded)
    monkeypatch.setattr(store, "read", lambda where=path: real_read(where))
    monkeypatch.setattr(store, "append", lambda rows: real_append(rows, path))
    return path


def test_rows_say_what_the_audit_says(small):
    run = psqe_run("planted", 20, 1, detail=True)
    rows = run_seeds(run)
    table = store.table_of(rows).set_index("region")
    assert len(table) == len(rows), "two rows share a key"
    task, features = PAIRS[1]
    seeds = PSQEMiner(20, random_state=1).mine(task, features)
    report = audit(seeds, task, all_regions(task, features))
    whole = table.loc["all"]
    assert (whole["precision"], whole["recall"]) == pytest.approx((report["precision"], report["recall"]))
    assert whole["precision_judged"] == pytest.approx(report["precision_judged"])
    assert whole["seeds_judged"] == judged(seeds.pairs, task).sum()
    assert whole["estimated"] == pytest.approx(report["estimated_precision"])
    assert table.loc["semantic", "least_covered"] == pytest.approx(
        min(report["coverage"]["semantic"].values())
    )
    assert table.loc["stage: expand", "precision"] == pytest.approx(report["stages"][2]["precision"])
    assert table.loc["stage: cluster", "seeds_found"] == report["stages"][0]["n_seeds"]
    tenths = table[table.index.str.startswith("confidence: ")]
    assert tenths["seeds_found"].sum() == 20
    right = (tenths["precision"] * tenths["seeds_found"]).sum()
    assert right == pytest.approx(correct(seeds.pairs, task).sum())
    low = tenths.index.str.removeprefix("confidence: ").astype(float)
    assert ((tenths["estimated"] >= low - 1e-6) & (tenths["estimated"] <= low + 0.1 + 1e-6)).all()
    few = run_seeds(dataclasses.replace(run, detail=False))
    assert {row.get("region", "all") for row in few} == {
        "all", "degree", "density", "semantic", "stage: cluster", "stage: refine", "stage: expand",
    }  # fmt: skip


def test_one_meaning_has_one_key():
    base = psqe_run("emoji/en-fr", 600, 0)
    assert base.settings == "-"
    assert psqe_run("emoji/en-fr", 600, 0, switches=(("temperature", 0.1),)).key == base.key
    one = psqe_run("x", 1, 0, switches=(("mutual", False), ("fill", False)), weights=(("image", 2),))
    other = psqe_run("x", 1, 0, switches=(("fill", False), ("mutual", False)), weights=(("image", 2.0),))
    assert one.key == other.key
    assert one.settings == "switch:fill=False switch:mutual=False weights=image:2"
    assert psqe_run("x", 1, 0, stages=("cluster",), n_clusters=2).settings == "stages=cluster n_clusters=2"
    released = psqe_run("x", 1, 0, variant="released", switches=(("mutual", True),))
    assert (released.variant, released.settings) == ("released", "switch:mutual=True")


def test_every_switch_that_differs_is_flipped_alone_both_ways():
    for variant in VARIANTS:
        other = VARIANTS["released" if variant == "corrected" else "corrected"]
        made = [dict(f) for f in flips(variant)]
        assert all(len(f) == 1 for f in made)
        named = {name for f in made for name in f}
        differ = {
            n for n in SWITCHES if getattr(VARIANTS["released"], n) != getattr(VARIANTS["corrected"], n)
        }
        assert differ <= named
        assert all(value == getattr(other, n) for f in made for n, value in f.items() if n in differ)


def test_the_study_makes_each_run_once_and_pair_by_pair():
    runs = study_runs(["plain", "corrected", "sweeps"], EMOJI, [0, 1])
    keys = [tuple(run.key.values()) for run in runs]
    assert len(set(keys)) == len(keys)
    pairs = [(run.task, run.random_state) for run in runs]
    assert sum(a != b for a, b in itertools.pairwise(pairs)) == len(set(pairs)) - 1
    default = [r for r in runs if r.key["settings"] == "-" and r.variant == "corrected" and r.n_seeds == 600]
    assert all(run.detail for run in default)
    both = study_runs(["flips", "released"], ["emoji/en-fr"], [0])
    assert [r.equal for r in both if r.settings == "-" and r.n_seeds == 600] == [True]
    assert {r.variant for r in study_runs(["corrected", "sweeps", "released"], ["dbp15k/zh_en"], [0])} == {
        "released"
    }
    assert len(sweep_runs("emoji/en-fr", 0)) > 15
    with pytest.raises(ParameterError, match="no part 'all'"):
        study_runs(["all"], EMOJI, [0])


def test_runs_that_the_store_has_are_left_out(small):
    runs = [SeedRun("planted", "mutual", 10, 0), psqe_run("planted", 20, 0)]
    assert len(run_seed_runs(runs, keep=True)) > 4
    assert run_seed_runs(runs, keep=True) == []
    assert len(run_seed_runs(runs[:1], keep=True, again=True)) > 0
    assert set(stored_seeds(store.read()).values()) == {10, 20}


def test_the_released_variant_comes_with_as_many_corrected_seeds(small):
    run_seed_runs(released_runs("planted", 0, sizes=[30]), keep=True)
    whole = store.read().query("region == 'all'").set_index("variant")
    assert whole.loc["corrected", "n_seeds"] == whole.loc["released", "seeds_found"]
    assert run_seed_runs(released_runs("planted", 0, sizes=[30]), keep=True) == []


def test_an_interrupted_run_keeps_what_is_finished(small, monkeypatch):
    real = ablation.run_seeds

    def breaks(run, **values):
        if run.n_seeds == 11:
            raise KeyboardInterrupt
        return real(run, **values)

    monkeypatch.setattr(ablation, "run_seeds", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_seed_runs([SeedRun("planted", "mutual", n, 0) for n in (10, 11, 12)], keep=True)
    table = store.read()
    assert set(table["n_seeds"]) == {10}
    assert np.isfinite(table["estimated"].dropna().to_numpy(dtype=float)).all()
