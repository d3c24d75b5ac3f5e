"""The page of the benchmarks: what leaks, what is kept, its tables; the real data where they are at hand."""

import dataclasses
import os

import numpy as np
import pandas as pd
import pytest

from psqe.datasets import benchmarks as named
from psqe.datasets.leaks import leaks
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError
from psqe.features.encoder import encoders_for
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.study import benchmarks, store
from psqe.study.benchmark_tables import fact_table, mined_table, single_table


def pair(left, right, links, ids) -> AlignmentTask:
    """Two graphs without triples, whose entities have these names; ids of the right side."""
    none = np.empty((0, 3), dtype=np.int64)
    sides = [
        KnowledgeGraph(
            side, tuple(f"{side}{i}" for i in range(len(own))), (), none, names=tuple(own), ids=known
        )
        for side, own, known in (("l", left, None), ("r", right, np.array(ids)))
    ]
    return AlignmentTask("t", *sides, links=np.array(links))


def test_leaks_count_equal_names_and_offsets():
    task = pair(
        ["Ångström", "Paris ", "same", "same", None],
        ["angstrom", "Lutetia", "same", "other", "paris"],
        [[0, 0], [1, 1], [2, 2], [3, 3]],
        ids=[10, 11, 12, 99, 50],
    )
    found = leaks(task)
    assert found["equal_names"] == 2 / 4  # the first and the third
    # "same" is there twice on the left; "paris" is found, but wrong.
    assert found["unique_equal_names"] == 1 / 4 and found["equal_names_precision"] == 1 / 2
    assert found["constant_id_offset"] == 3 / 4
    assert found["equal_translated_names"] is None
    with pytest.raises(DataError, match="no gold links"):
        leaks(dataclasses.replace(task, links=None))


def test_leaks_do_not_depend_on_the_order():
    task = planted_pair(80, random_state=0)[0]
    names = {side: [f"n{i % 30}" for i in range(task.sides[side].n_entities)] for side in ("left", "right")}
    task = dataclasses.replace(
        task, **{side: dataclasses.replace(task.sides[side], names=tuple(names[side])) for side in names}
    )
    order = np.random.default_rng(0).permutation(task.right.n_entities)
    other = task.take(np.arange(task.left.n_entities), order)
    assert leaks(other) == leaks(task)


def test_every_benchmark_has_views_that_exist():
    assert set(benchmarks.SINGLE) == set(benchmarks.TOGETHER) == set(named.BENCHMARKS)
    for views in (*benchmarks.SINGLE.values(), tuple(benchmarks.TOGETHER.values())):
        assert len(set(views)) == len(views) or views == tuple(benchmarks.TOGETHER.values())
        for one in views:
            assert all(encoder in encoders_for(modality) for modality, encoder in one.parts)
    assert benchmarks.view("name:bigram", "relation").settings == "name=bigram"


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """A planted pair in the place of a benchmark, all parts measured, in a store of its own."""
    task, features = planted_pair(120, random_state=0)
    task = dataclasses.replace(task, name="openea/d_w")
    monkeypatch.setattr(benchmarks, "load_task", lambda name, random_state=0: task)
    monkeypatch.setattr(benchmarks, "build_features", lambda *_, **__: features)
    path = tmp_path / "store"
    one = benchmarks.SINGLE["openea/d_w"][0]
    rows = list(benchmarks.single_rows("openea/d_w", one, 0))
    for miner in benchmarks.COMPARED:
        rows += benchmarks.mined_rows("openea/d_w", miner, 0, 20)
    rows += benchmarks.aligned_rows("openea/d_w", "psqe", 0, 20)
    store.append(rows, path)
    return task, store.read(path)


def test_what_is_measured_comes_back_in_the_tables(measured):
    _, table = measured
    single = single_table(table)
    assert single[["benchmark", "modality", "encoder"]].to_numpy().tolist() == [
        ["openea/d_w", "relation", "profile"]
    ]
    assert (
        single[["full, l2r", "full, r2l", "full, CSLS", "peer"]]
        .apply(lambda c: c.between(0, 1))
        .all(axis=None)
    )
    mined = mined_table(table, 20)
    assert mined["miner"].tolist() == list(benchmarks.COMPARED)
    assert (mined["seeds"] == 20).all() and mined["right"].between(0, 1).all()
    assert mined["Hits@1"].notna().tolist() == [False, False, True]
    assert (mined["GB"] > 0.01).all() and (mined["seconds"] > 0).all()
    assert mined_table(table, 21).empty


def test_facts_are_kept_task_by_task(measured, tmp_path):
    path = tmp_path / "facts.csv"
    assert benchmarks.read_facts(path).empty
    rows = benchmarks.facts("openea/d_w")
    benchmarks.put_facts(rows, path)
    benchmarks.put_facts([{**rows[0], "task": "dbp15k/zh_en"}], path)
    benchmarks.put_facts(rows, path)  # again: replaced, not doubled
    table = benchmarks.read_facts(path)
    assert table["task"].unique().tolist() == ["dbp15k/zh_en", "openea/d_w"]
    assert len(table) == len(rows) + 1
    task = measured[0]
    shown = fact_table(table, {"triples": "triples", "links": "links"}).set_index("benchmark")
    assert shown.loc["openea/d_w", "triples"] == f"{len(task.left.triples)} / {len(task.right.triples)}"
    assert (
        shown.loc["openea/d_w", "links"] == str(len(task.links)) and shown.loc["dbp15k/zh_en", "links"] == ""
    )


def test_the_kept_facts_are_of_all_benchmarks():
    table = benchmarks.read_facts()
    assert set(table["task"]) == set(named.BENCHMARKS)
    assert not table.duplicated(["task", "side", "fact"]).any() and isinstance(table, pd.DataFrame)


@pytest.mark.skipif(
    not os.environ.get("PSQE_DATA"), reason="PSQE_DATA does not name a folder with benchmarks in it"
)
@pytest.mark.filterwarnings("ignore:left out a record")  # four double links of FB15K-DB15K
@pytest.mark.parametrize("name", named.BENCHMARKS)
def test_the_kept_facts_are_those_of_the_files(name):
    folder = named.default_data_dir() / named.BENCHMARKS[name].folder
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    kept = benchmarks.read_facts()
    kept = kept[kept["task"] == name].set_index(["side", "fact"])["value"]
    found = {(row["side"], row["fact"]): row["value"] for row in benchmarks.facts(name)}
    for fact in ("entities", "triples", "relations", "with_attributes"):
        for side in ("left", "right"):
            assert found[side, fact] == kept[side, fact]
    assert found["both", "constant_id_offset"] == pytest.approx(kept["both", "constant_id_offset"], rel=1e-6)
