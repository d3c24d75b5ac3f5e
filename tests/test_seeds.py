"""The seed set: what it holds, its files, and every fault a file can have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pairs import graph, tiny

from psqe.errors import DataError, ParameterError, PsqeError, PsqeWarning
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask
from psqe.seeds import MutualMiner, PivotMiner, RandomMiner, SeedSet, true_links
from psqe.seeds.base import minable


@pytest.fixture(scope="module")
def task() -> AlignmentTask:
    pair = tiny(6, 5, links=True)[0]
    ids = np.array([7, 3, 1000, 12, 5, 8])
    return replace(pair, left=replace(pair.left, ids=ids), right=replace(pair.right, ids=ids[:5] + 10_500))


def some_seeds() -> SeedSet:
    scores = np.array([0.1 + 0.2, -2.5e-7, 1e30], dtype=np.float32)
    return SeedSet(np.array([[5, 0], [0, 4], [2, 2]]), scores, ("cluster", "refine", "expand"))


def test_tsv_round_trip_is_exact(task, tmp_path):
    seeds = some_seeds()
    path = tmp_path / "new folder" / "seeds.tsv"
    seeds.save_tsv(path, task)
    assert path.read_text().splitlines()[:2] == [
        "left\tright\tscore\tstage",
        "l:5\tr:0\t0.300000012\tcluster",
    ]
    again = SeedSet.load(path, task)
    np.testing.assert_array_equal(again.pairs, seeds.pairs)
    assert again.scores.tobytes() == seeds.scores.tobytes()
    assert again.stages == seeds.stages


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1),
        min_size=1, max_size=6, unique=True,
    )
)  # fmt: skip
def test_any_identifier_survives(tmp_path, names):
    n = len(names)
    side = replace(graph("g", n), entities=tuple(names))
    task = AlignmentTask("t", side, side)
    order = np.arange(n)
    seeds = SeedSet(np.column_stack([order, order[::-1]]), np.zeros(n, dtype=np.float32), ("given",) * n)
    seeds.save_tsv(tmp_path / "s.tsv", task)
    np.testing.assert_array_equal(SeedSet.load(tmp_path / "s.tsv", task).pairs, seeds.pairs)


def test_npy_holds_the_datas_own_ids(task, tmp_path):
    seeds = some_seeds()
    seeds.save_npy(tmp_path / "s.npy", task)
    stored = np.load(tmp_path / "s.npy")
    assert stored.dtype == np.int32
    assert stored.tolist() == [[8, 10_507], [7, 10_505], [1000, 11_500]]
    np.testing.assert_array_equal(SeedSet.load(tmp_path / "s.npy", task).pairs, seeds.pairs)


def test_empty_sets_round_trip(task, tmp_path):
    none = SeedSet(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32), ())
    none.save_tsv(tmp_path / "s.tsv", task)
    none.save_npy(tmp_path / "s.npy", task)
    for name in ("s.tsv", "s.npy"):
        with pytest.warns(PsqeWarning, match="has no seed"):
            again = SeedSet.load(tmp_path / name, task)
        assert len(again) == 0 and again.pairs.shape == (0, 2)


def test_score_and_stage_are_optional_and_order_of_columns_is_free(task, tmp_path):
    path = tmp_path / "s.tsv"
    path.write_bytes(b"right\tcomment\tleft\r\nr:3\tseen\tl:1\r\n")
    seeds = SeedSet.load(path, task)
    assert seeds.pairs.tolist() == [[1, 3]] and seeds.stages == ("given",) and seeds.scores.tolist() == [0]


HEAD = "left\tright\tscore\tstage\n"
GOOD = "l:0\tr:0\t1\tgiven\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no header"),
        ("l:0\tr:9\n", 1, "no header"),
        ("left,right\n", 1, "no header"),
        (HEAD + GOOD + "l:9\tr:1\t1\tgiven\n", 3, "'l:9' is no left entity of tiny"),
        (HEAD + GOOD + "l:1\tl:2\t1\tgiven\n", 3, "'l:2' is no right entity of tiny"),
        (HEAD + GOOD + "l:0\tr:1\t1\tgiven\n", 3, "'l:0' is in two seeds; keep the better of them"),
        (HEAD + GOOD + "l:1\tr:0\t1\tgiven\n", 3, "'r:0' is in two seeds"),
        (HEAD + "l:0\tr:0\tmuch\tgiven\n", 2, "'much' is no finite number"),
        (HEAD + "l:0\tr:0\tnan\tgiven\n", 2, "'nan' is no finite number"),
        (HEAD + "l:0\tr:0\tinf\tgiven\n", 2, "'inf' is no finite number"),
        (HEAD + GOOD + "l:1\n", 3, "expected 4 columns"),
        (HEAD + GOOD + "l:1\tr:1\t1\tgiven\tmore\n", 3, "expected 4 columns"),
        (HEAD + "\n" + GOOD + "\n\tr:1\t1\tgiven\n", 5, "'' is no left entity"),
    ],
)
def test_every_fault_of_a_tsv_names_file_and_line(task, tmp_path, text, line, words):
    path = tmp_path / "seeds.tsv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        SeedSet.load(path, task)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mark_at_the_beginning_of_a_tsv_is_no_text(task, tmp_path):
    (tmp_path / "seeds.tsv").write_text("left\tright\nl:0\tr:0\n", encoding="utf-8-sig")
    assert len(SeedSet.load(tmp_path / "seeds.tsv", task)) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"left\tright\n\xff\xfe\tr:0\n",
        b"left\tright\nl:0\rx\tr:0\n",
        b"left\tright\n" + b"a" * 200_000 + b"\tr:0\n",
    ],
    ids=["not UTF-8", "lone return", "endless field"],
)
def test_files_that_are_no_text_tables(task, tmp_path, data):
    path = tmp_path / "seeds.tsv"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        SeedSet.load(path, task)
    assert str(caught.value).startswith(str(path))


def save_npz(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez(stream, a=np.eye(2))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: p.write_bytes(b""), "cannot be read"),
        (lambda p: p.write_bytes(b"\x93NUMPY\x01\x00"), "cannot be read"),
        (lambda p: p.write_text("left\tright\n"), "cannot be read"),
        (save_npz, "cannot be read"),
        (lambda p: np.save(p, np.array([{1}, {2}], dtype=object)), "cannot be read"),
        (lambda p: np.save(p, np.zeros((2, 3), dtype=int)), r"\(n, 2\), found int64 \(2, 3\)"),
        (lambda p: np.save(p, np.zeros((2, 2))), "float64"),
        (lambda p: np.save(p, np.array([[7, 10_507], [4, 10_503]])), "id 4 is no entity of graph 'l'"),
        (lambda p: np.save(p, np.array([[7, 7]])), "id 7 is no entity of graph 'r'"),
        (lambda p: np.save(p, np.array([[7, 10_507], [3, 10_507]])), "id 10507 of graph 'r' is in two seeds"),
        (lambda p: None, "No such file"),
    ],
)
def test_every_fault_of_an_npy(task, tmp_path, write, words):
    path = tmp_path / "seeds.npy"
    write(path)
    with pytest.raises(DataError, match=words) as caught:
        SeedSet.load(path, task)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_tsv_and_a_folder(task, tmp_path):
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            SeedSet.load(path, task)


def test_writing_where_one_cannot(task, tmp_path):
    (tmp_path / "file").write_text("")
    places = ((tmp_path / "file" / "seeds.tsv", "cannot be written"), (tmp_path, "is a folder; choose"))
    for path, words in places:
        for save in (some_seeds().save_tsv, some_seeds().save_npy):
            with pytest.raises(PsqeError, match=words):
                save(path, task)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_keeps_the_old_file(task, tmp_path):
    path = tmp_path / "seeds.tsv"
    path.write_text("old")
    broken = SeedSet(np.array([[99, 0]]), np.zeros(1, dtype=np.float32), ("given",))
    with pytest.raises(IndexError):
        broken.save_tsv(path, task)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_seed_set_is_one_to_one_and_of_one_length():
    for pairs, words in (([[0, 1], [0, 2]], "left entity"), ([[0, 1], [2, 1]], "right entity")):
        with pytest.raises(DataError, match=words):
            SeedSet(np.array(pairs), np.zeros(2, dtype=np.float32), ("a", "b"))
    with pytest.raises(DataError, match="2 scores"):
        SeedSet(np.array([[0, 1]]), np.zeros(2, dtype=np.float32), ("a",))
    with pytest.raises(DataError, match="0 stages"):
        SeedSet(np.array([[0, 1]]), np.zeros(1, dtype=np.float32), ())


def test_seeds_are_shown_by_identifier_and_in_one_line(task):
    seeds = some_seeds()
    frame = seeds.to_frame(task)
    assert list(frame) == ["left", "right", "left_name", "right_name", "score", "confidence", "stage"]
    assert frame["left"].tolist() == [task.left.entities[i] for i in seeds.pairs[:, 0]]
    assert frame["right"].tolist() == [task.right.entities[i] for i in seeds.pairs[:, 1]]
    assert frame["score"].tolist() == seeds.scores.tolist()
    assert repr(seeds).startswith(f"SeedSet({len(seeds)} seeds") and "\n" not in repr(seeds)


def test_head_takes_the_best():
    head = some_seeds().head(2)
    assert head.pairs.tolist() == [[5, 0], [0, 4]] and len(head.scores) == 2
    assert head.stages == ("cluster", "refine")
    assert len(some_seeds().head(10)) == 3


def test_true_links(task):
    seeds = true_links(task, 3, random_state=1)
    assert len(seeds) == 3 and {tuple(p) for p in seeds.pairs} <= {tuple(p) for p in task.links}
    np.testing.assert_array_equal(true_links(task, 3, random_state=1).pairs, seeds.pairs)
    assert len({true_links(task, 2, random_state=i).pairs.tobytes() for i in range(8)}) > 1
    with pytest.raises(ParameterError, match="has 5"):
        true_links(task, 6)
    with pytest.raises(DataError, match="no gold links"):
        true_links(task.without_links(), 1)


def test_pivot_is_the_greedy_walk_over_all_cells(planted):
    """By its definition, without any of the package's matching."""
    task, features = planted
    m = features["attribute"]
    rows = np.flatnonzero(m.left.present)
    columns = np.flatnonzero(m.right.present)
    left, right = m.left.values[rows], m.right.values[columns]
    left, right = left - left.mean(axis=0), right - right.mean(axis=0)
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    s = left @ right.T
    wanted: list[tuple[int, int]] = []
    for cell in np.argsort(-s.ravel())[:3000]:
        i, j = rows[cell // s.shape[1]], columns[cell % s.shape[1]]
        if len(wanted) < 30 and i not in {a for a, _ in wanted} and j not in {b for _, b in wanted}:
            wanted.append((i, j))
    seeds = PivotMiner(30, modality="attribute").mine(task, features)
    assert [tuple(pair) for pair in seeds.pairs] == wanted


def test_the_walk_of_the_pivot_is_a_hundred_times_as_long_as_the_seeds_are_many():
    """A hub is in the thirty largest similarities, so that a short walk would find one seed alone."""
    right = np.column_stack([np.ones(30), np.linspace(0, 0.01, 30)])
    features = Features.from_arrays({"image_left": [[1.0, 0.0], [0.6, 0.8]], "image_right": right})
    assert len(PivotMiner(2, centre=False).mine(tiny(2, 30)[0], features)) == 2


def test_the_pivot_on_all_modalities_walks_over_the_fused_vectors(planted):
    task, features = planted
    left, right = minable(task, features)
    left_vectors, right_vectors = fuse(features, left, right)
    table = left_vectors @ right_vectors.T
    wanted: list[tuple[int, int]] = []
    for cell in np.argsort(-table.ravel(), kind="stable"):
        i, j = left[cell // len(right)], right[cell % len(right)]
        if len(wanted) < 30 and i not in {a for a, _ in wanted} and j not in {b for _, b in wanted}:
            wanted.append((i, j))
    seeds = PivotMiner(30, modality="all").mine(task, features)
    assert set(map(tuple, seeds.pairs.tolist())) == set(wanted)
    assert set(wanted) != set(map(tuple, PivotMiner(30).mine(task, features).pairs.tolist()))
    assert seeds.trace[0].note == "greedy on image + attribute cosine"


def test_mutual_takes_all_mutual_pairs_when_no_number_is_given(planted):
    task, features = planted
    every = MutualMiner().mine(task, features)
    assert every.n_wanted is None and len(every) > 40
    np.testing.assert_array_equal(MutualMiner(20).mine(task, features).pairs, every.pairs[:20])


def test_mutual_leaves_ties_out():
    """Left 0 and 1 are alike, so right 0 has no nearest; the third pair is clear."""
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    task = AlignmentTask("t", graph("l", 3), graph("r", 2))
    features = Features.from_arrays({"image_left": rows, "image_right": rows[1:]})
    assert MutualMiner().mine(task, features).pairs.tolist() == [[2, 1]]


def test_weights_shift_what_is_mined(planted):
    task, features = planted
    alone = MutualMiner().mine(task, features.select(["image"]))
    heavy = MutualMiner(weights={"image": 1.0, "attribute": 1e-9}).mine(task, features)
    both = MutualMiner().mine(task, features)
    present = (
        features["image"].left.present[heavy.pairs[:, 0]] & features["image"].right.present[heavy.pairs[:, 1]]
    )
    pairs = {tuple(p) for p in alone.pairs}
    assert {tuple(p) for p in heavy.pairs[present]} <= pairs
    assert {tuple(p) for p in both.pairs} != {tuple(p) for p in heavy.pairs}


def test_a_miner_is_given_a_blind_task(planted):
    """No links, no groups, and neither identifiers nor ids of the data: all of them can be gold links."""
    seen = []

    class Spy(RandomMiner):
        def _mine(self, task, features):
            seen.append(task)
            return super()._mine(task, features)

    Spy(3).mine(*planted)
    (task,) = seen
    assert task.links is None
    for side in (task.left, task.right):
        assert not any(side.groups) and side.entities == tuple(map(str, range(side.n_entities)))
        assert side.ids.tolist() == list(range(side.n_entities))
