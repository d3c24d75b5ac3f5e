"""The benchmarks: what leaks, and whether the stored facts are those of the files, where they are at hand."""

import dataclasses
import os

import numpy as np
import pytest

from psqe.datasets import benchmarks as named
from psqe.datasets.leaks import leaks
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.options import TaskOptions
from psqe.study.plans import PLANS
from psqe.study.run import run
from psqe.study.spec import RunSpec
from psqe.study.store import Store


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


def kept_facts(name):
    """The stored facts of a benchmark, by side and name."""
    table = Store().table("facts")
    return table[table["task"] == name].set_index(["side", "fact"])["value"].to_dict()


def test_the_stored_facts_are_of_all_benchmarks():
    assert set(Store().table("facts")["task"]) == {*named.BENCHMARKS, *PLANS["characters-facts"].tasks}


@pytest.mark.skipif(
    not os.environ.get("PSQE_DATA"), reason="PSQE_DATA does not name a folder with benchmarks in it"
)
@pytest.mark.filterwarnings("ignore:left out a record")  # four double links of FB15K-DB15K
@pytest.mark.parametrize("name", named.BENCHMARKS)
def test_the_kept_facts_are_those_of_the_files(name):
    folder = named.default_data_dir() / named.BENCHMARKS[name].folder
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    kept = kept_facts(name)
    rows = run(RunSpec(subject="facts", task=TaskOptions(name=name))).rows
    found = {(row["side"], row["fact"]): row["value"] for row in rows}
    for fact in ("entities", "triples", "relations", "with_attributes"):
        for side in ("left", "right"):
            assert found[side, fact] == kept[side, fact]
    assert found["both", "constant_id_offset"] == pytest.approx(kept["both", "constant_id_offset"], rel=1e-6)
