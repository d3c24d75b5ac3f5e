"""The layout of JAPE and DBP15K: what is read, what is refused, and the real pairs where they are at hand."""

import dataclasses
import os
import time
from pathlib import Path

import numpy as np
import pytest

from psqe.datasets import load_task, task_names
from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.info import task_info
from psqe.datasets.labels import readable_name
from psqe.datasets.layouts import read_in_order
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.seeds import SeedSet

LEFT, RIGHT = "http://zh.dbpedia.org/resource/", "http://dbpedia.org/resource/"
BORN, SIZE = "http://dbpedia.org/property/born", "http://dbpedia.org/property/size"
FILES = {
    "ent_ids_1": f"0\t{LEFT}甲\n3\t{LEFT}AC/DC\n2\t{LEFT}Why%3F_(乙)\n",
    "ent_ids_2": f"12\t{RIGHT}Ten\n10\t{RIGHT}Why%3F_(Ten)\n11\t{RIGHT}birthPlace\n14\t{RIGHT}Z\n",
    "triples_1": "0\t7\t3\n3\t5\t2\n0\t5\t3\n",
    "triples_2": "12\t7\t10\n11\t9\t14\n11\t9\t14\n",
    "ill_ent_ids": "2\t10\n0\t14\n",
    "training_attrs_1": f"{LEFT}甲\t{BORN}\t{SIZE}\n{LEFT}Why%3F_(乙)\t{SIZE}\n",
    "training_attrs_2": f"{RIGHT}Z\t{BORN}\n{RIGHT}Ten\t{BORN}\n",
}


def write(folder: Path, **changed: str | bytes | None) -> Path:
    """The tiny pair; ``None`` leaves a file out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **changed}.items():
        if text is not None:
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    return write(tmp_path / "zh_en")


def triple_names(graph: KnowledgeGraph) -> set[tuple[str, str, str]]:
    return {(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in graph.triples}


def content(task: AlignmentTask) -> tuple:
    """All but the ids."""
    graphs = [
        (g.name, g.entities, g.names, g.attributes, g.language, triple_names(g), g.candidates.tolist())
        for g in (task.left, task.right)
    ]
    return graphs, None if task.links is None else task.links.tolist()


# ---- what is read


def test_everything_is_read(folder):
    task = read_in_order(folder, name="t")
    left, right = task.left, task.right
    assert (task.name, left.name, right.name) == ("t", "zh_en-1", "zh_en-2")
    assert (left.language, right.language) == ("zh", "en")
    assert left.entities == (f"{LEFT}甲", f"{LEFT}AC/DC", f"{LEFT}Why%3F_(乙)")
    assert left.names == ("甲", "AC/DC", "Why? (乙)")
    assert right.names == ("Ten", "Why? (Ten)", "birthPlace", "Z")
    assert left.attributes == (((BORN, None), (SIZE, None)), (), ((SIZE, None),))
    assert triple_names(left) == {
        (f"{LEFT}甲", "relation 7", f"{LEFT}AC/DC"),
        (f"{LEFT}甲", "relation 5", f"{LEFT}AC/DC"),
        (f"{LEFT}AC/DC", "relation 5", f"{LEFT}Why%3F_(乙)"),
    }
    assert len(right.triples) == 2  # one was there twice
    assert set(left.relations) & set(right.relations) == {"relation 7"}
    for graph in (left, right):
        assert graph.candidates.tolist() == list(range(graph.n_entities))
        assert set(graph.images) == set(graph.groups) == {None}


def test_ids_and_links_round_trip(folder, tmp_path):
    task = read_in_order(folder, name="t")
    assert task.left.ids.tolist() == [0, 3, 2] and task.right.ids.tolist() == [12, 10, 11, 14]
    by_id = np.column_stack([task.left.ids[task.links[:, 0]], task.right.ids[task.links[:, 1]]])
    assert by_id.tolist() == [[2, 10], [0, 14]]
    seeds = SeedSet(task.links, np.ones(2, dtype=np.float32), ("by hand",) * 2, "by hand")
    seeds.save_npy(tmp_path / "s.npy", task)
    assert np.load(tmp_path / "s.npy").tolist() == by_id.tolist()
    assert SeedSet.load(tmp_path / "s.npy", task).pairs.tolist() == task.links.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_other_ids_are_the_same_graph(tmp_path, seed):
    new = np.random.default_rng(seed).permutation(1000)

    def renumber(text: str, columns: tuple[int, ...]) -> str:
        rows = [line.split("\t") for line in text.splitlines()]
        return "".join(
            "\t".join(str(new[int(c)]) if i in columns else c for i, c in enumerate(r)) + "\n" for r in rows
        )

    changed = {name: renumber(FILES[name], (0,)) for name in ("ent_ids_1", "ent_ids_2")}
    changed |= {name: renumber(FILES[name], (0, 2)) for name in ("triples_1", "triples_2")}
    changed["ill_ent_ids"] = renumber(FILES["ill_ent_ids"], (0, 1))
    here = read_in_order(write(tmp_path / "zh_en"), name="t")
    there = read_in_order(write(tmp_path / "other" / "zh_en", **changed), name="t")
    assert content(here) == content(there)
    np.testing.assert_array_equal(new[here.right.ids], there.right.ids)


def test_what_is_optional(tmp_path):
    task = read_in_order(
        write(tmp_path / "mine", ill_ent_ids=None, training_attrs_1=None, training_attrs_2=None), name="t"
    )
    assert task.links is None and task.left.language is None and task.left.name == "mine-1"
    assert set(task.left.attributes) == set(task.right.attributes) == {()}
    info = task_info(task)
    assert info["left"]["attr_if_linked"] is info["left"]["attr_if_unlinked"] is None


def test_line_ends_of_windows_and_a_last_line_without_any(tmp_path, folder):
    windows = {name: text.replace("\n", "\r\n").removesuffix("\r\n") for name, text in FILES.items()}
    there = read_in_order(write(tmp_path / "other" / "zh_en", **windows), name="t")
    assert content(read_in_order(folder, name="t")) == content(there)


def test_separators_that_are_no_line_ends(tmp_path):
    odd = FILES["ent_ids_1"].replace("甲", "a\u2028b\x85c\x0cd")
    task = read_in_order(write(tmp_path / "zh_en", ent_ids_1=odd, training_attrs_1=None), name="t")
    assert task.left.entities[0] == f"{LEFT}a\u2028b\x85c\x0cd"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (f"{RIGHT}Boeing_F/A-18E/F", "Boeing F/A-18E/F"),
        ("http://www.wikidata.org/entity/Q42", None),
        ("/m/02mjmr", None),
        ("http://dbpedia.org/resource/1984", "1984"),
        ("http://example.org/a#b_c", "b c"),
        ("http://example.org/a/", "a"),
        ("Bachir_Gemayel", "Bachir Gemayel"),
        ("_", None),
    ],
)
def test_readable_names(uri, name):
    assert readable_name(uri) == name


def test_the_leak_of_attributes_is_reported(folder):
    info = task_info(read_in_order(folder, name="t"))
    assert (info["left"]["attr_if_linked"], info["left"]["attr_if_unlinked"]) == (1.0, 0.0)
    assert (info["right"]["attr_if_linked"], info["right"]["attr_if_unlinked"]) == (0.5, 0.5)
    everybody = load_task("emoji/en-fr", dangling=0)
    assert task_info(everybody)["left"]["attr_if_unlinked"] is None  # there are none


# ---- what is refused


def line(name: str, n: int, text: str) -> dict[str, str]:
    """The file ``name`` with its line ``n`` (from 1) replaced."""
    lines = FILES[name].splitlines()
    lines[n - 1] = text
    return {name: "\n".join(lines) + "\n"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        *(
            ({name: None}, f"/{name}: cannot be read (No such file or directory); the folder needs {name},")
            for name in ("ent_ids_1", "ent_ids_2", "triples_1", "triples_2")
        ),
        *(
            ({name: ""}, f"/{name}: is empty; fetch the file again")
            for name in FILES
            if name != "ill_ent_ids"
        ),
        *(
            ({name: text.encode() + b"\xff\n"}, f"/{name}:{text.count(chr(10)) + 1}: is not UTF-8; save")
            for name, text in FILES.items()
        ),
        (
            line("ent_ids_1", 2, "3"),
            "/ent_ids_1:2: expected 2 columns, found 1; write the columns that are missing",
        ),
        (line("ent_ids_2", 1, "12\tx\ty"), "/ent_ids_2:1: expected 2 columns, found 3"),
        (line("ent_ids_2", 1, "12 x"), "/ent_ids_2:1: expected 2 columns, found 1"),
        (line("ent_ids_1", 3, ""), "/ent_ids_1:3: expected 2 columns, found 1"),
        (line("ent_ids_1", 3, "2\t"), "/ent_ids_1:3: column 2 is empty; fill it"),
        (line("ent_ids_1", 2, "x\tu"), "/ent_ids_1:2: 'x' is no id; write an integer of at least 0"),
        (line("ent_ids_1", 2, "-1\tu"), "/ent_ids_1:2: '-1' is no id"),
        (line("ent_ids_1", 2, "1.0\tu"), "/ent_ids_1:2: '1.0' is no id"),
        (line("ent_ids_1", 2, "٣\tu"), "/ent_ids_1:2: '٣' is no id"),
        (line("ent_ids_1", 2, "9" * 19 + "\tu"), f"/ent_ids_1:2: '{'9' * 19}' is no id"),
        (
            line("ent_ids_1", 3, "0\tu"),
            "/ent_ids_1:3: 0 is there twice, first in line 1; every entity has one",
        ),
        (
            line("ent_ids_2", 4, f"15\t{RIGHT}Ten"),
            f"/ent_ids_2:4: '{RIGHT}Ten' is there twice, first in line 1",
        ),
        (line("triples_1", 2, "3\t5"), "/triples_1:2: expected 3 columns, found 2"),
        (line("triples_1", 2, "3\tnext\t2"), "/triples_1:2: 'next' is no id"),
        (
            line("triples_1", 1, "9\t7\t3"),
            "/triples_1:1: 9 is no entity of ent_ids_1; add it there, or delete",
        ),
        (line("triples_2", 3, "11\t9\t0"), "/triples_2:3: 0 is no entity of ent_ids_2"),
        (line("ill_ent_ids", 2, "0"), "/ill_ent_ids:2: expected 2 columns, found 1"),
        (line("training_attrs_1", 1, "u"), "/training_attrs_1:1: expected 2 columns or more, found 1"),
        (line("training_attrs_1", 1, "u\ta\t"), "/training_attrs_1:1: column 3 is empty"),
        (
            line("training_attrs_2", 2, f"{RIGHT}Z\ta"),
            f"/training_attrs_2:2: '{RIGHT}Z' is there twice, first in line 1; write all attributes",
        ),
        (
            {"training_attrs_1": FILES["training_attrs_2"]},
            "/training_attrs_1: none of its 2 URIs is an entity of ent_ids_1; use the file that belongs",
        ),
    ],
)
def test_faults_name_file_line_and_remedy(tmp_path, changed, message):
    with pytest.raises(DataError) as caught:
        read_in_order(write(tmp_path / "zh_en", **changed), name="t")
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/zh_en/") and caught.value.remedy


def test_attributes_of_strangers_are_left_out_and_told(tmp_path):
    text = "u\ta\n" + FILES["training_attrs_1"] + "v\ta\n"
    told = r"left out a record \(one of 2 such records\): .*training_attrs_1:1: 'u' is no entity of ent_ids_1"
    with pytest.warns(PsqeWarning, match=told):
        task = read_in_order(write(tmp_path / "zh_en", training_attrs_1=text), name="t")
    assert [len(a) for a in task.left.attributes] == [2, 0, 1]


# ---- dbp15k as a source


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    write(tmp_path / "DBP15K" / "zh_en")
    monkeypatch.setenv("PSQE_DATA", str(tmp_path))
    return tmp_path


def test_where_data_are_looked_for(monkeypatch):
    monkeypatch.setenv("PSQE_DATA", "~/benchmarks")
    assert default_data_dir() == Path.home() / "benchmarks"
    monkeypatch.delenv("PSQE_DATA")
    assert default_data_dir().is_absolute() and "psqe" in default_data_dir().parts


def test_missing_data_name_the_folder(data):
    assert set(BENCHMARKS) < set(task_names())
    with pytest.raises(
        DataError, match=r"DBP15K/ja_en: the files of dbp15k/ja_en are missing; run psqe data fetch"
    ):
        load_task("dbp15k/ja_en")


def test_only_the_order_is_drawn(data):
    raw = read_in_order(data / "DBP15K" / "zh_en", name="t")
    rights, links = set(), set()
    for state in range(8):
        task = load_task("dbp15k/zh_en", random_state=state)
        assert task.name == "dbp15k/zh_en"
        assert task.parameters == {"random_state": state, "dangling": 0.0}
        for side in ("left", "right"):
            assert triple_names(task.sides[side]) == triple_names(raw.sides[side])
            assert dict(zip(task.sides[side].entities, task.sides[side].ids, strict=True)) == dict(
                zip(raw.sides[side].entities, raw.sides[side].ids, strict=True)
            )
        by_id = [(int(task.left.ids[a]), int(task.right.ids[b])) for a, b in task.links]
        assert sorted(by_id) == [(0, 14), (2, 10)]
        rights.add(task.right.entities)
        links.add(tuple(by_id))
        again = load_task("dbp15k/zh_en", random_state=state, dangling=0)
        assert again.right.entities == task.right.entities and again.parameters == task.parameters
    assert len(rights) > 4 and len(links) == 2


def test_a_pair_without_links_loads(data):
    (data / "DBP15K" / "zh_en" / "ill_ent_ids").unlink()
    assert load_task("dbp15k/zh_en").links is None


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("dbp15k/de_en", {}, "'dbp15k/de_en' is no task; choose from dbp15k/zh_en, dbp15k/ja_en"),
        ("dbp15k", {}, "'dbp15k' is no task"),
        ("dbp15k/zh_en/", {}, "'dbp15k/zh_en/' is no task"),
        ("dbp15k/zh_en", {"dangling": 0.125}, "dangling is 0.125, but .*; leave it out or give 0"),
        ("dbp15k/zh_en", {"dangling": float("nan")}, "dangling is nan"),
        ("dbp15k/zh_en", {"tones": True}, "dbp15k/zh_en has no skin tones; leave tones out"),
    ],
)  # fmt: skip
def test_what_dbp15k_refuses(data, name, changes, message):
    with pytest.raises(ParameterError, match=message):
        load_task(name, **changes)


# ---- the real pairs

needs_data = pytest.mark.skipif(
    not os.environ.get("PSQE_DATA"), reason="PSQE_DATA does not name a folder with DBP15K in it"
)


@needs_data
@pytest.mark.parametrize(
    ("pair", "entities", "relations", "triples", "attributed"),
    [
        ("zh_en", (19388, 19572), (1701, 1323), (70414, 95142), (14999, 15000)),
        ("ja_en", (19814, 19780), (1299, 1153), (77214, 93484), (14999, 14999)),
        ("fr_en", (19661, 19993), (903, 1208), (105998, 115722), (14997, 15000)),
    ],
)
def test_the_real_pairs(pair, entities, relations, triples, attributed):
    start = time.perf_counter()
    raw = read_in_order(default_data_dir() / "DBP15K" / pair, name=f"dbp15k/{pair}")
    assert time.perf_counter() - start < 20  # one to two seconds where nothing else runs
    graphs = (raw.left, raw.right)
    assert tuple(g.n_entities for g in graphs) == entities
    assert tuple(len(g.relations) for g in graphs) == relations
    assert tuple(len(g.triples) for g in graphs) == triples
    assert tuple(g.language for g in graphs) == tuple(pair.split("_"))
    assert all(None not in g.names for g in graphs)
    # What the docstring of read_jape says of relations: no id is on both sides.
    assert not set(raw.left.relations) & set(raw.right.relations)

    assert raw.links.shape == (15000, 2)
    # The ids tell the links, and so would the order of the files.
    ids = np.column_stack([g.ids[raw.links[:, i]] for i, g in enumerate(graphs)])
    assert (ids[ids[:, 0] < 10500] @ [-1, 1] == 10500).all()
    assert 10500 <= (ids @ [-1, 1] == 10500).sum() <= 10501

    info = task_info(raw)
    for side, n in zip(("left", "right"), attributed, strict=True):
        # 22.6 % (zh_en, left) to 25.0 % (fr_en, right)
        assert 0.225 < info["dangling_share"][side] < 0.2505
        assert info[side]["with_attributes"] == n
        assert info[side]["attr_if_linked"] > 0.999 and info[side]["attr_if_unlinked"] == 0

    task = load_task(f"dbp15k/{pair}")
    assert np.abs(np.corrcoef(task.links.T)[0, 1]) < 0.05
    shuffled = np.column_stack([task.left.ids[task.links[:, 0]], task.right.ids[task.links[:, 1]]])
    assert set(map(tuple, shuffled.tolist())) == set(map(tuple, ids.tolist()))
    blind = task.blind()
    assert not blind.parameters
    assert np.array_equal(blind.right.ids, np.arange(blind.right.n_entities))


@needs_data
def test_ids_of_real_data_decide_nothing(tmp_path):
    """Other ids on the right, same files otherwise: the same graph."""
    raw = read_in_order(default_data_dir() / "DBP15K" / "zh_en", name="t")
    right = raw.right
    new = np.random.default_rng(0).permutation(right.n_entities) + 50_000
    folder = tmp_path / "zh_en"
    source = default_data_dir() / "DBP15K" / "zh_en"
    write(folder, **{name: (source / name).read_bytes() for name in FILES})
    (folder / "ent_ids_2").write_text(
        "".join(f"{i}\t{uri}\n" for i, uri in zip(new, right.entities, strict=True)), encoding="utf-8"
    )
    relation_ids = np.array([int(label.split()[1]) for label in right.relations])
    h, r, t = right.triples.T
    np.savetxt(folder / "triples_2", np.column_stack([new[h], relation_ids[r], new[t]]), "%d", "\t")
    links = np.column_stack([raw.left.ids[raw.links[:, 0]], new[raw.links[:, 1]]])
    np.savetxt(folder / "ill_ent_ids", links, "%d", "\t")
    other = read_in_order(folder, name="t")
    assert other.right.ids.tolist() == new.tolist()
    ours = dataclasses.replace(other, right=dataclasses.replace(other.right, ids=right.ids))
    assert content(ours) == content(raw)
    np.testing.assert_array_equal(other.right.triples, right.triples)
