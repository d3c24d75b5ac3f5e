"""Indices of entities: whole floats count, and everything that would be cut or scrambled is refused."""

import numpy as np
import pandas as pd
import pytest
from pairs import tiny

from psqe.errors import DataError
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.seeds import SeedSet
from psqe.whole_numbers import whole_numbers

GOOD = [
    np.array([[0, 1], [2, 3]], dtype=np.int32),
    np.array([[0, 1], [2, 3]], dtype=np.uint64),
    np.array([[0, 1], [2, 3]], dtype=np.float32),
    [[0, 1.0], (np.int8(2), np.float32(3))],
    (np.array([0, 1]), [2, 3]),
    {0: 1, 2: 3}.items(),
    pd.DataFrame({"left": [0, 2], "right": [1, 3]}, dtype="Int64"),
]
BAD = [
    ([[0, 1], [2, 2.5]], r"row 1 \(from 0\) of the links is \[2, 2.5\] and not 2 whole numbers; give pairs"),
    ([[0, 1], [2, float("nan")]], r"row 1 .* \[2, nan\]"),
    ([[0, float("inf")]], r"row 0 .* \[0, inf\]"),
    (np.array([[0.0, 1e300]]), r"row 0 .* \[0.0, 1e\+300\]"),
    (np.array([[0, 2**63]], dtype=np.uint64), "row 0 .*9223372036854775808"),
    ([[0, 2**70]], "row 0 .* 1180591620717411303424"),
    ([[0, 1], [None, 1]], r"row 1 .* \[None, 1\]"),
    ([[0, 1], ["0", 1]], r"row 1 .* \['0', 1\]"),
    ([[1, True]], r"row 0 .* \[1, True\]"),
    (pd.DataFrame({"left": [0, None], "right": [1, 3]}), r"row 1 .* \[nan, 3.0\]"),
    ([[0, 1], [2]], r"row 1 .* \[2\]"),
    ([[0, 1], 2], "row 1 .* 2 and not"),
    ([0, 1], "row 0 .* is 0 and not 2 whole numbers"),
    (np.arange(4), r"have the shape \(4,\) instead of \(n, 2\)"),
    ([[0, 1, 2, 3], [4, 5, 6, 7]], r"have the shape \(2, 4\) instead of \(n, 2\)"),
    ("01", "the links cannot be '01'"),
    (np.int64(3), r"the links cannot be np.int64\(3\)"),
    (np.array(3), r"the links cannot be array\(3\)"),
    ({0: 1}, "the links cannot be {0: 1}"),
]


@pytest.mark.parametrize("values", GOOD, ids=range(len(GOOD)))
def test_whole_numbers_in_every_form(values):
    found = whole_numbers(values, "links", width=2, remedy="give pairs")
    assert found.dtype == np.int64 and found.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("values", "message"), BAD, ids=range(len(BAD)))
def test_nothing_is_cut_and_nothing_scrambled(values, message):
    with pytest.raises(DataError, match=message):
        whole_numbers(values, "links", width=2, remedy="give pairs")


def test_without_columns():
    assert whole_numbers([], "links", width=2, remedy="").shape == (0, 2)
    assert whole_numbers(np.empty((0, 2)), "links", width=2, remedy="").shape == (0, 2)
    assert whole_numbers(range(3), "queries", width=None, remedy="").tolist() == [0, 1, 2]
    with pytest.raises(DataError, match=r"row 1 \(from 0\) of the queries is 0.5 and not a whole number"):
        whole_numbers([0, 0.5], "queries", width=None, remedy="")


def test_a_task_a_graph_and_seeds_refuse_what_they_would_cut():
    task, _ = tiny(3, 3)
    with pytest.raises(DataError, match=r"row 0 \(from 0\) of the links of task 't' is \[0.7, 1.2\]"):
        AlignmentTask("t", task.left, task.right, links=[[0.7, 1.2]])
    lists = AlignmentTask("t", task.left, task.right, links=[[0.0, 1.0], (2, 2)])
    assert lists.links.tolist() == [[0, 1], [2, 2]]
    for name, value in (("triples", [(0, 0.5, 1)]), ("candidates", [0.5]), ("ids", [0, 1.5])):
        columns = {"triples": [(0, 0, 1)], name: value}
        with pytest.raises(DataError, match=rf"row . \(from 0\) of the {name} of graph 'g' is"):
            KnowledgeGraph("g", ("a", "b"), ("r",), **columns)
    with pytest.raises(DataError, match=r"row 0 \(from 0\) of the pairs of the seeds is \[0.7, 1.2\]"):
        SeedSet([[0.7, 1.2]], [1.0], ("given",))
    ids = np.array([5, 6])
    assert KnowledgeGraph("g", ("a", "b"), (), [], ids=ids).ids.tolist() == [5, 6] and ids.flags.writeable
