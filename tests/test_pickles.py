"""Vectors in pickles: arrays are read, and nothing that a pickle could do is done."""

import contextlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.datasets.faults import Faults
from psqe.datasets.pickles import read_vectors
from psqe.errors import DataError, PsqeWarning
from psqe.vector_pickles import load_restricted

SIDES = ({7: 0, 8: 1}, {3: 0, 5: 1, 9: 2})
VECTORS = {
    7: np.arange(3, dtype=np.float32),
    5: np.ones(3, dtype=np.float64),
    9: np.zeros(3, dtype=np.float32),
}


class Evil:
    """What is called when this is loaded."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_protocol(tmp_path, protocol):
    left, right = read_vectors(write(tmp_path / "v.pkl", VECTORS, protocol), SIDES, Faults())
    assert left.present.tolist() == [True, False] and left.values[0].tolist() == [0, 1, 2]
    # A vector of zeros says nothing: absent, not a vector.
    assert right.present.tolist() == [False, True, False] and right.values[1].tolist() == [1, 1, 1]
    assert left.values.dtype == np.float32


def test_lists_and_numpy_integers_are_taken(tmp_path):
    content = {np.int64(7): [1.0, 2.0], np.int32(3): np.array([[3.0, 4.0]])}
    left, right = read_vectors(write(tmp_path / "v.pkl", content), SIDES, Faults())
    assert left.values[0].tolist() == [1, 2] and right.values[0].tolist() == [3, 4]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "make",
    [
        lambda mark: Evil(os.system, f"touch {mark}"),
        lambda mark: Evil(eval, f"open({str(mark)!r}, 'w')"),
        lambda mark: Evil(exec, f"open({str(mark)!r}, 'w')"),
        lambda mark: Evil(getattr, "text", "upper"),
        lambda mark: Evil(open, str(mark), "w"),
        lambda mark: Evil(np.save, str(mark), [1]),
        lambda mark: Evil(__import__, "os"),
    ],
)
def test_what_would_run_is_refused(tmp_path, make, protocol):
    mark = tmp_path / "was here"
    content = pickle.dumps({7: make(mark)}, protocol=protocol)
    path = tmp_path / "v.pkl"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_vectors(path, SIDES, Faults())
    assert "v.pkl: is refused: it wants" in str(caught.value) and "\n" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["v.pkl"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "is no dictionary from ids to vectors"),
        ({"a": [1.0]}, "none of its ids is an entity, the first is 'a'"),
        ({7: "text"}, "is no dictionary from ids to vectors"),
        ({7: [1.0], 3: [1.0, 2.0]}, r"has vectors of length \[1, 2\]"),
        ({}, "has vectors of length none"),
        ({7: [1.0], "7": [2.0]}, "has two vectors of one id; keep one vector for each id"),
        ({"7": [1.0], "07": [2.0]}, "has two vectors of one id"),
        ({7: [float("nan"), 1.0]}, "the vector of id 7 is not finite"),
        ({1: [1.0]}, "none of its ids is an entity"),
    ],
)
def test_what_is_no_set_of_vectors_is_told(tmp_path, content, message):
    path = write(tmp_path / "v.pkl", content)
    with pytest.raises(DataError, match=message):
        read_vectors(path, SIDES, Faults())
    gathered = Faults(gather=True)
    assert read_vectors(path, SIDES, gathered) is None and gathered.count == 1


def test_vectors_of_nobody_are_left_out_and_told(tmp_path):
    faults = Faults()
    left, _ = read_vectors(write(tmp_path / "v.pkl", {**VECTORS, 100: np.ones(3)}), SIDES, faults)
    assert left.present.sum() == 1
    with pytest.warns(PsqeWarning, match="has a vector of id 100, which no entity has"):
        faults.close()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_pickle_is_refused_or_read_but_never_a_traceback(data):
    whole = bytearray(pickle.dumps(VECTORS, protocol=data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with contextlib.suppress(pickle.UnpicklingError):
        load_restricted(bytes(whole[:cut]))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_array_in_the_order_of_fortran_keeps_its_rows(protocol):
    array = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    loaded = load_restricted(pickle.dumps({7: array}, protocol=protocol))
    assert loaded[7].tolist() == array.tolist()
