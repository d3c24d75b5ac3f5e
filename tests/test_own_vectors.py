"""Vectors of one's own: rows find their entities by identifiers, by the order of the files, or not at all."""

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases import aligned
from cities import LINKS, written
from folders import JAPE, OPENEA, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psqe import FeatureFile
from psqe.api import load_features
from psqe.datasets import load_task
from psqe.datasets.layouts import read_folder
from psqe.errors import DataError, PsqeWarning
from psqe.features import Features
from psqe.features.rows import GivenVectors, Rows
from psqe.features.vector_tables import read_table
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Sides

L, R = (f"l{i}" for i in range(9)), (f"r{i}" for i in range(9))
LEFT, RIGHT = tuple(L), tuple(R)
VECTORS = {entity: [float(i + 1), float(i % 3), -1.0] for i, entity in enumerate((*LEFT, *RIGHT))}


@pytest.fixture
def task() -> AlignmentTask:
    """A pair without files, its entities in no order that anybody could guess."""
    left, right = KnowledgeGraph("left", LEFT, (), []), KnowledgeGraph("right", RIGHT, (), [])
    draw = np.random.default_rng(1).permutation
    return AlignmentTask("pair", left, right).take(draw(9), draw(9))


def rows_of(entities: tuple[str, ...]) -> np.ndarray:
    return np.array([VECTORS[entity] for entity in entities], dtype=np.float32)


def correct(features: Features, task: AlignmentTask, name: str) -> None:
    """Every entity must have its own vector."""
    for side in SIDES:
        entities = task.sides[side].entities
        np.testing.assert_array_equal(features[name][side].values, rows_of(entities))
        assert features[name][side].present.all()


def quietly(path: Path, task: AlignmentTask, right: Path | None = None) -> Features:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_features(task, FeatureFile(path=path, right=right))


# ---- the forms of files

Writer = Callable[[Path], tuple[Path, Path | None]]
FORMS: dict[str, tuple[str, Writer]] = {}


def form(modality: str) -> Callable[[Writer], Writer]:
    def keep(writer: Writer) -> Writer:
        FORMS[writer.__name__] = (modality, writer)
        return writer

    return keep


def frame(entities: tuple[str, ...], prefix: str = "image_") -> pd.DataFrame:
    table = pd.DataFrame(rows_of(entities), columns=[f"{prefix}{i}" for i in range(3)])
    return table.assign(entity=entities)


def both(prefix: str = "image_") -> pd.DataFrame:
    return pd.concat([frame(RIGHT, prefix).assign(side="right"), frame(LEFT, prefix).assign(side="left")])


@form("image")
def npz_with_keys(folder: Path) -> tuple[Path, None]:
    arrays = {"image_left": rows_of(LEFT[::-1]), "image_right": rows_of(RIGHT)}
    np.savez(folder / "f.npz", **arrays, left_entities=LEFT[::-1], right_ids=RIGHT)
    return folder / "f.npz", None


@form("image")
def npz_with_keys_by_modality(folder: Path) -> tuple[Path, None]:
    np.savez(
        folder / "f.npz", image_left=rows_of(LEFT[::-1]), image_right=rows_of(RIGHT),
        image_left_entities=np.array(LEFT[::-1]).astype("S"), left_entities=LEFT, right_entities=RIGHT,
        sound_left=rows_of(LEFT)[:, :2], sound_right=rows_of(RIGHT)[:, :2],
    )  # fmt: skip
    return folder / "f.npz", None


@form("image")
def npz_for_each_side(folder: Path) -> tuple[Path, Path]:
    np.savez_compressed(folder / "l.npz", image=rows_of(LEFT), entities=LEFT)
    np.savez(folder / "r.npz", ids=RIGHT[::-1], image=rows_of(RIGHT[::-1]).astype(">f8"))
    return folder / "l.npz", folder / "r.npz"


@form("image")
def csv_of_both_sides(folder: Path) -> tuple[Path, None]:
    both().to_csv(folder / "f.csv")  # with the useless index of pandas
    return folder / "f.csv", None


@form("vector")
def csv_without_sides(folder: Path) -> tuple[Path, None]:
    both("").drop(columns="side").rename(columns={"entity": "ID"}).to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", None


@form("vector")
def csv_of_a_frame_with_an_index(folder: Path) -> tuple[Path, None]:
    both("v").set_index("entity").rename_axis(None).drop(columns="side").to_csv(folder / "f.csv")
    frame = pd.read_csv(folder / "f.csv")
    assert frame.columns[0] == "Unnamed: 0"
    text = (folder / "f.csv").read_text().replace("v0", "0", 1).replace("v1", "1", 1).replace("v2", "2", 1)
    (folder / "f.csv").write_text(text)
    return folder / "f.csv", None


@form("v")
def table_of_r(folder: Path) -> tuple[Path, None]:
    table = both("v")[["v0", "v1", "v2"]].set_axis([*RIGHT, *LEFT])
    text = table.to_csv(sep="\t", quoting=2)
    assert text.startswith('""\t')
    (folder / "f.txt").write_text(text.removeprefix('""\t'))  # write.table names no column of row names
    return folder / "f.txt", None


@form("vector")
def csv_without_header(folder: Path) -> tuple[Path, Path]:
    for name, entities in (("l", LEFT), ("r", RIGHT)):
        frame(entities)[["entity", "image_0", "image_1", "image_2"]].to_csv(
            folder / f"{name}.csv", index=False, header=False
        )
    return folder / "l.csv", folder / "r.csv"


@form("image")
def tsv_and_semicolons(folder: Path) -> tuple[Path, Path]:
    frame(LEFT).to_csv(folder / "l.tsv", sep="\t", index=False, encoding="utf-8-sig")
    frame(RIGHT)[["image_2", "entity", "image_0", "image_1"]].to_csv(
        folder / "r.csv", sep=";", decimal=",", index=False, quoting=1
    )
    return folder / "l.tsv", folder / "r.csv"


@form("image")
def csv_of_lists(folder: Path) -> tuple[Path, None]:
    lists = [json.dumps(VECTORS[e]) for e in (*LEFT, *RIGHT)]
    pd.DataFrame({"uri": [*LEFT, *RIGHT], "image": lists}).to_csv(folder / "f.csv", index=False)
    return folder / "f.csv", None


@form("image")
def csv_of_printed_arrays(folder: Path) -> tuple[Path, None]:
    lists = [str(np.array(VECTORS[e])) for e in (*LEFT, *RIGHT)]
    pd.DataFrame({"entity": [*LEFT, *RIGHT], "image": lists}).to_csv(folder / "f.csv")
    return folder / "f.csv", None


@form("image")
def parquet_of_columns(folder: Path) -> tuple[Path, None]:
    both().to_parquet(folder / "f.parquet")
    return folder / "f.parquet", None


@form("image")
def parquet_of_lists(folder: Path) -> tuple[Path, Path]:
    for name, entities in (("l", LEFT), ("r", RIGHT)):
        lists = list(rows_of(entities).astype(np.float16 if name == "l" else np.float64).astype(np.float32))
        pd.DataFrame({"entity": entities, "image": lists}).to_parquet(folder / f"{name}.parquet")
    return folder / "l.parquet", folder / "r.parquet"


@form("vector")
def parquet_with_an_index(folder: Path) -> tuple[Path, None]:
    both("").drop(columns="side").set_index("entity").to_parquet(folder / "f.pq")
    return folder / "f.pq", None


@form("image")
def pickled_dictionary(folder: Path) -> tuple[Path, None]:
    path = folder / "p_GA_id_img_feature_dict.pkl"
    path.write_bytes(pickle.dumps({e: np.array(v) for e, v in VECTORS.items()}))
    return path, None


@pytest.mark.parametrize("name", FORMS)
def test_every_form_with_identifiers_gives_each_entity_its_vector(
    tmp_path: Path, task: AlignmentTask, name: str
) -> None:
    modality, writer = FORMS[name]
    path, right = writer(tmp_path)
    correct(quietly(path, task, right), task, modality)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(9)), st.permutations(range(9)), st.permutations(range(9)), st.booleans())
def test_any_order_of_rows_with_identifiers_gives_the_same_features(
    left: list[int], right: list[int], renumbered: list[int], named: bool
) -> None:
    pair = AlignmentTask("p", KnowledgeGraph("l", LEFT, (), []), KnowledgeGraph("r", RIGHT, (), []))
    pair = pair.take(np.array(renumbered), np.array(renumbered[::-1]))
    names = tuple(LEFT[i] for i in left), tuple(RIGHT[i] for i in right)
    arrays: dict[str, Any] = {"a_left": rows_of(names[0]), "a_right": rows_of(names[1])}
    keys = ("left_entities", "right_entities") if named else ("a_left_entities", "a_right_entities")
    features = Features.from_arrays({**arrays, **dict(zip(keys, names, strict=True))})
    correct(features.matched(pair), pair, "a")


# ---- saved features


def test_saved_features_of_one_random_state_fit_another(tmp_path: Path) -> None:
    folder = written(tmp_path / "pair")
    one, two = (read_folder(folder, random_state=state) for state in (1, 2))
    assert one.right.entities != two.right.entities
    features = load_features(one, ["number"])
    features.save(tmp_path / "f.npz")
    again = quietly(tmp_path / "f.npz", two)
    assert again.entities is not None and again.entities.right == two.right.entities
    index = one.right.index()
    wanted = features["number"].right.values[[index[entity] for entity in two.right.entities]]
    np.testing.assert_array_equal(again["number"].right.values, wanted)
    np.testing.assert_array_equal(load_features(two, features)["number"].right.values, wanted)
    with pytest.raises(DataError, match=r"are of other entities than those .* take features.matched\(task\)"):
        features.check(two)
    features.matched(two).check(two)


def test_miners_and_aligners_see_no_identifiers(task: AlignmentTask) -> None:
    arrays = {"a_left": rows_of(LEFT), "a_right": rows_of(RIGHT)}
    features = Features.from_arrays({**arrays, "left_entities": LEFT, "right_entities": RIGHT})
    taken = features.take(np.array([2, 0]), np.array([1])).entities
    assert taken is not None and [*taken] == [("l2", "l0"), ("r1",)]
    assert features.blind().entities is None and task.blind().left.file_order is None


# ---- without identifiers: the order of the files


def jape_features(folder: Path, **changed: Any) -> Path:
    ids = {side: [int(line.split(b"\t")[0]) for line in JAPE[f"ent_ids_{n}"].splitlines()]
           for n, side in enumerate(SIDES, 1)}  # fmt: skip
    arrays = {f"image_{side}": np.array([[i + 1.0, 1.0] for i in ids[side]]) for side in SIDES}
    np.savez(folder / "f.npz", **{**arrays, **changed})
    return folder / "f.npz"


def test_rows_in_the_order_of_ent_ids_survive_the_shuffle(tmp_path: Path) -> None:
    folder, path = write(tmp_path / "zh_en", JAPE), jape_features(tmp_path)
    for state in range(4):
        task = read_folder(folder, random_state=state)
        with pytest.warns(PsqeWarning, match="in the order of ent_ids_1 and ent_ids_2; to be sure, name"):
            features = load_features(task, FeatureFile(path=path))
        for graph, side in zip(task.sides, SIDES, strict=True):
            assert features["image"][side].values[:, 0].tolist() == [i + 1 for i in graph.ids.tolist()]
        with pytest.warns(PsqeWarning, match="order of ent_ids_1 and ent_ids_2"):
            same = load_features(task, Features.load(path))
        np.testing.assert_array_equal(same["image"].right.values, features["image"].right.values)
        with pytest.raises(DataError, match=r"in the order of the files .* Features.load\(path, task\)"):
            Features.load(path).check(task)


@pytest.mark.parametrize("kind", [int, np.int32, float, str])
def test_ids_of_the_files_are_identifiers(tmp_path: Path, kind: Any) -> None:
    task = read_folder(write(tmp_path / "zh_en", JAPE), random_state=3)
    ids = task.sides.map(lambda graph: sorted(graph.ids.tolist()))
    arrays = {f"image_{side}": np.array([[i + 1.0] for i in ids[side]]) for side in SIDES}
    keys = {f"{side}_ids": np.array(list(map(kind, ids[side]))) for side in SIDES}
    np.savez(tmp_path / "f.npz", **arrays, **keys)
    features = quietly(tmp_path / "f.npz", task)
    for graph, side in zip(task.sides, SIDES, strict=True):
        assert features["image"][side].values[:, 0].tolist() == [i + 1 for i in graph.ids.tolist()]


def test_a_row_of_no_entity_does_not_turn_the_identifiers_of_the_others_into_ids(tmp_path: Path) -> None:
    task = read_folder(write(tmp_path / "zh_en", JAPE), random_state=3)
    arrays: dict[str, Any] = {}
    for graph, side in zip(task.sides, SIDES, strict=True):
        names = [*graph.entities[::-1], *(["http://x.example/strange"] if side == "left" else [])]
        arrays |= {
            f"{side}_entities": np.array(names),
            f"image_{side}": np.arange(1.0, len(names) + 1)[:, None],
        }
    np.savez(tmp_path / "f.npz", **arrays)
    with pytest.warns(PsqeWarning, match="1 of the 4 rows of array 'image_left' names no entity"):
        features = load_features(task, FeatureFile(path=tmp_path / "f.npz"))
    for graph, side in zip(task.sides, SIDES, strict=True):
        wanted = list(range(graph.n_entities, 0, -1))
        assert features["image"][side].values[:, 0].tolist() == wanted


def test_names_tsv_is_the_order_of_a_folder(tmp_path: Path) -> None:
    folder = written(tmp_path / "pair")
    sides = {side: [link[column] for link in LINKS] for column, side in enumerate(SIDES)}
    for side in SIDES:
        np.save(tmp_path / f"{side}.npy", np.array([[float(entity[1:])] for entity in sides[side]]))
    task = read_folder(folder, random_state=5)
    files = FeatureFile(path=tmp_path / "left.npy", right=tmp_path / "right.npy")
    with pytest.warns(PsqeWarning, match="order of left/names.tsv and right/names.tsv"):
        features = load_features(task, files)["vector"]
    for graph, side in zip(task.sides, SIDES, strict=True):
        for entity, value, present in zip(
            graph.entities, features[side].values[:, 0], features[side].present, strict=True
        ):
            assert present == (entity in sides[side]) and (not present or value == float(entity[1:]))


def test_two_lists_of_a_side_in_different_orders_are_no_order(tmp_path: Path) -> None:
    folder = written(tmp_path / "pair")
    entities = [entity for entity, _ in LINKS]
    candidates, vectors = folder / "left" / "candidates.tsv", tmp_path / "f.npz"
    np.savez(vectors, v_left=np.eye(16), v_right=np.eye(16))
    for order in (entities, entities[::-1]):
        candidates.write_text("\n".join(order), encoding="utf-8")
        task = read_folder(folder)
        if order is entities:
            with pytest.warns(PsqeWarning, match="order of left/names.tsv and right/names.tsv"):
                load_features(task, FeatureFile(path=vectors))
        else:
            with pytest.raises(
                DataError, match=r"names\.tsv and left/candidates\.tsv list 16 entities in diff"
            ):
                load_features(task, FeatureFile(path=vectors))


def test_no_order_that_a_user_could_mean_is_an_error(tmp_path: Path, task: AlignmentTask) -> None:
    np.savez(tmp_path / "f.npz", image_left=rows_of(LEFT), image_right=rows_of(RIGHT))
    with pytest.raises(DataError, match="no file gives the 9 entities of 'left' an order; name the entity"):
        quietly(tmp_path / "f.npz", task)
    pair = read_folder(write(tmp_path / "EN_DE_15K", OPENEA))
    sizes = pair.sides.map(lambda graph: graph.n_entities)
    np.savez(tmp_path / "f.npz", image_left=np.ones((sizes.left, 2)), image_right=np.ones((sizes.right, 2)))
    with pytest.raises(DataError, match=r"left_entities and right_entities of an \.npz file"):
        quietly(tmp_path / "f.npz", pair)
    entities = {f"{side}_entities": pair.sides[side].entities for side in SIDES}  # the remedy
    arrays = {f"image_{side}": np.ones((sizes[side], 2)) for side in SIDES}
    np.savez(tmp_path / "f.npz", **arrays, **entities)
    quietly(tmp_path / "f.npz", pair)


# ---- what does not fit

HOLE, ENDLESS, HUGE = (np.array([[1, 1], [bad, 1], [1, 1]]) for bad in (np.nan, np.inf, 1e300))
ZERO = np.array([[1, 1], [0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"image_left": np.ones((4, 2))}, "has 4 rows without identifiers, but ent_ids_1 lists 3 entities"),
        ({"image_left": np.ones((2, 3)), "image_right": np.ones((4, 3))}, "give its transpose"),
        ({"image_left": np.ones(3)}, r"shape \(3,\) and type float64; .*reshape\(3, -1\)"),
        ({"image_left": np.ones((3, 1, 2))}, r"shape \(3, 1, 2\)"),
        ({"image_left": np.ones((3, 2)) > 0}, r"type bool; .*astype\('float32'\)"),
        ({"image_left": np.ones((3, 2)) * 1j}, "type complex128"),
        ({"image_left": np.full((3, 2), "1")}, "type <U1"),
        ({"image_left": np.ones((3, 2), dtype=object)}, "holds Python objects, which are not read"),
        ({"image_left": HOLE}, "1 row that is not finite, first row 1; mark"),
        ({"image_left": ENDLESS}, "1 row that is not finite, first row 1; mark"),
        ({"image_left": HUGE}, "1 row that holds numbers too large for 32 bits, first row 1"),
        ({"image_left": ZERO}, "1 row of zeros, first row 1; mark missing"),
        ({"image_left": np.ones((3, 0))}, "has no columns"),
        ({"image_left_present": np.array([0.5, 1, 1])}, "the mask of array 'image_left' must be boolean"),
        ({"left_entities": ["a", "b"]}, "has 3 rows and 2 identifiers"),
        ({"left_entities": ["a", "b", ""]}, "leave no identifier empty"),
        ({"left_entities": [1.5, 2, 3]}, "expected a text or an integer for each row"),
        ({"left_entities": [[1, 2], [3, 4]]}, "expected a text or an integer"),
        ({"left_entities": ["a", "b", "c"]}, "no row of array 'image_left' names an entity"),
        ({"left_ids": [12, 10, 11]}, "exchange left and right"),
        ({"left_ids": [0, 3, 3]}, r"rows 1 and 2 \(from 0\) of array 'image_left' are both of entity '3'"),
        ({"left_ids": [0, 3, 2], "left_entities": [0, 3, 2]}, "are left_entities and left_ids; keep one"),
        ({"middle": np.ones(2)}, "array 'middle' has an unknown name; name arrays"),
    ],
)
def test_arrays_that_fit_no_pair(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    task = read_folder(write(tmp_path / "zh_en", JAPE))
    path = jape_features(tmp_path, **changed)
    with pytest.raises(DataError, match=words) as caught:
        load_features(task, FeatureFile(path=path))
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_the_remedy_for_rows_without_a_vector_works(tmp_path: Path) -> None:
    task = read_folder(write(tmp_path / "zh_en", JAPE))
    path = jape_features(tmp_path, image_left=HOLE, image_left_present=np.array([1, 0, 1]))
    with pytest.warns(PsqeWarning, match="order of ent_ids_1 and ent_ids_2"):
        features = load_features(task, FeatureFile(path=path))
    assert features["image"].left.present.sum() == 2


@pytest.mark.filterwarnings("ignore:.*order of:psqe.errors.PsqeWarning")
@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "<i4", "|u1", "F"])
def test_numbers_of_every_kind_are_read(tmp_path: Path, kind: str) -> None:
    task = read_folder(write(tmp_path / "zh_en", JAPE))
    wanted = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
    array = np.asfortranarray(wanted) if kind == "F" else wanted.astype(kind)
    features = load_features(task, FeatureFile(path=jape_features(tmp_path, image_left=array)))
    np.testing.assert_array_equal(features["image"].left.values, wanted)


def test_rows_of_strangers_and_entities_without_rows_are_counted(tmp_path: Path, task: AlignmentTask) -> None:
    arrays = {"a_left": rows_of(LEFT), "a_right": rows_of(RIGHT)}
    path = tmp_path / "f.npz"
    np.savez(path, **arrays, left_entities=("L0", "l1.0", *LEFT[2:]), right_entities=RIGHT)
    with pytest.warns(PsqeWarning) as told:
        features = load_features(task, FeatureFile(path=path))
    lines = [str(one.message) for one in told]
    assert len(lines) == 2 and features["a"].left.present.sum() == 7
    assert any("2 of the 9 rows of array 'a_left' name no entity of the left graph" in line for line in lines)
    assert any("'L0'; identifiers are written as 'l" in line for line in lines)
    assert any("2 of 9 left candidates have no row in array 'a_left'" in line for line in lines)


def test_composed_characters_and_brackets_do_not_matter() -> None:
    left = KnowledgeGraph("l", ("http://x.org/Besan\u00e7on",), (), [])
    pair = AlignmentTask("p", left, KnowledgeGraph("r", ("\u00e9",), (), []))
    one = np.ones((1, 1), dtype=np.float32), np.array([True])
    rows = Sides(Rows(*one, ("<http://x.org/Besanc\u0327on>",), "a"), Rows(*one, ("e\u0301",), "b"))
    assert all(side.present.all() for side in GivenVectors(None, {"m": rows}).matched(pair)["m"])


# ---- tables that do not say what they are


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("entity,id,v0\nl0,1,2.5\nr0,2,2.5\n", "has a column 'id' that is not among"),
        ("id,uri,v0\nl0,1,2.5\n", "has several columns of identifiers: id, uri; call the one"),
        ("a,b,v0\nl0,x,2.5\nr0,y,2.5\n", "does not say which column has the identifiers"),
        ("entity,v0,v1,population\nl0,1,2,3\nr0,1,2,3\n", "has a column 'population' that is not among"),
        ("entity,v0,v1,label\nl0,1,2,x\nr0,1,2,y\n", "has a column 'label' that is not among"),
        ("entity\nl0\nr0\n", "has no column of numbers"),
        ("entity,v0\n", "has no rows"),
        ("", "cannot be read as a table|has no"),
        ("entity,v0,v0\nl0,1,2\n", "has two columns of one name"),
        ("entity,v0,v1\nl0,1,2,3,4\nr0,1,2\n", "has a line with more cells than its header"),
        ("entity,v0,v1\nl0,1,2\nr0,1\n", "not finite"),
        ("entity,v0,v1\nl0,1,x\nr0,1,2\n", "has a column 'v1' that is not among"),
        ("entity,v0,v1\nl0,1,\nr0,1,2\n", "not finite, first row 0; leave these rows out, or"),
        ("entity,side,v0\nl0,left,1\nr0,middle,2\n", "has 'middle' in the column side, row 1"),
        ("entity,side,v0\nl0,left,1\nl1,left,2\n", "has rows of the side left alone"),
        ('entity,v\nl0,"[1, 2]"\nr0,"[1]"\n', "has lists of 1 and 2 numbers in the column 'v'"),
        ('entity,v\nl0,"[1 2 ... 3]"\nr0,"[1 2 ... 3]"\n', "NumPy wrote only the beginning and the end"),
        ('entity,v\nl0,"[1, x]"\nr0,"[1, 2]"\n', r"'\[1, x\]' in the column 'v'; write a list of numbers"),
        ("entity,v0\n,1\nr0,2\n", "leave no identifier empty"),
        ("v0,v1\n1,2\n", "does not say of which entity and of which side each row is"),
    ],
)
def test_tables_that_do_not_say_what_they_hold(
    tmp_path: Path, task: AlignmentTask, text: str, words: str
) -> None:
    path = tmp_path / "f.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        load_features(task, FeatureFile(path=path))
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_an_entity_called_na_is_an_entity(tmp_path: Path) -> None:
    pair = AlignmentTask("p", KnowledgeGraph("l", ("NA", "DE"), (), []), KnowledgeGraph("r", ("x",), (), []))
    (tmp_path / "f.csv").write_text("entity,v0,v1\nNA,1,2\nDE,,\nx,1,2\n")
    with pytest.warns(PsqeWarning, match="1 of 3 rows has no vector of the modality 'v'.* example 'DE'"):
        features = load_features(pair, FeatureFile(path=tmp_path / "f.csv"))
    assert features["v"].left.present.tolist() == [True, False], "empty cells alone are no vector"


def test_an_identifier_of_both_sides_needs_the_side(tmp_path: Path) -> None:
    graph = KnowledgeGraph("g", ("x", "y"), (), [])
    pair = AlignmentTask("p", graph, graph)
    (tmp_path / "f.csv").write_text("entity,v0\nx,1\ny,2\n")
    with pytest.raises(DataError, match=r"'x' is an entity of both graphs, .*; add a column side"):
        load_features(pair, FeatureFile(path=tmp_path / "f.csv"))
    (tmp_path / "f.csv").write_text("entity,side,v0\nx,left,1\ny,left,2\nx,right,3\ny,right,4\n")
    assert quietly(tmp_path / "f.csv", pair)["v"].right.values.tolist() == [[3], [4]]


# ---- files that are broken, or claim too much


def header(shape: str, kind: str = "<f4", content: bytes = b"") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + content


@pytest.mark.parametrize(
    "array",
    [
        header("(1000000000000, 4)"),
        header("(3, 4)", content=bytes(20)),
        header("(-3, -4)", content=bytes(48)),
        header("(3, 4)", content=bytes(49)),
        header("(2, 2)", "|O", content=bytes(32)),
        header("3", content=bytes(12)),
        b"\x93NUMPY\x07\x00",
        b"",
        b"no array at all",
    ],
)
def test_arrays_that_claim_another_size_are_refused_before_they_are_read(
    tmp_path: Path, task: AlignmentTask, array: bytes
) -> None:
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("image_left.npy", array)
    one = tmp_path / "l.npy"
    one.write_bytes(array)
    for files in (FeatureFile(path=tmp_path / "f.npz"), FeatureFile(path=one, right=one)):
        with pytest.raises(DataError) as caught:
            load_features(task, files)
        assert str(caught.value).startswith(str(tmp_path)) and "\n" not in str(caught.value)


def test_a_bomb_is_refused_by_its_directory(tmp_path: Path, task: AlignmentTask) -> None:
    with (
        zipfile.ZipFile(tmp_path / "f.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("image_left.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(header("(9, 2000000)"))
        for _ in range(9):
            stream.write(bytes(8_000_000))
    with pytest.raises(DataError, match=r"expands from .* bytes to 72,000,\d+ for array 'image_left'"):
        load_features(task, FeatureFile(path=tmp_path / "f.npz"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.npz", "is missing"),
        ("f.xlsx", r"has the ending '\.xlsx', which is none of a feature file; give a file"),
        ("f.npy", "has one array, so it is of one side; give two files"),
        ("folder.npz", "it is no regular file"),
    ],
)
def test_files_of_other_kinds(tmp_path: Path, task: AlignmentTask, name: str, words: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    for other in ("f.xlsx", "f.npy"):
        (tmp_path / other).write_bytes(b"")
    with pytest.raises(DataError, match=words):
        load_features(task, FeatureFile(path=tmp_path / name))


def test_every_cut_of_a_file_is_one_line(tmp_path: Path, task: AlignmentTask) -> None:
    stream = io.BytesIO()
    np.savez(stream, a_left=rows_of(LEFT), a_right=rows_of(RIGHT), left_entities=LEFT, right_entities=RIGHT)
    both().to_parquet(tmp_path / "whole.parquet")
    for ending, whole in (("npz", stream.getvalue()), ("parquet", (tmp_path / "whole.parquet").read_bytes())):
        path = tmp_path / f"f.{ending}"
        for cut in range(0, len(whole), 97):
            path.write_bytes(whole[:cut])
            with pytest.raises(DataError) as caught:
                load_features(task, FeatureFile(path=path))
            assert "\n" not in str(caught.value)


def test_rows_in_the_order_of_the_files_of_dbp15k(tmp_path: Path) -> None:
    """What happened to us: vectors of DBP15K in the order of its files gave a zero-shot Hits@1 of 0."""
    root = Path(__file__).parents[2] / "shared" / "data"
    folder = root / "DBP15K" / "zh_en"
    if not folder.is_dir():
        pytest.skip("DBP15K is not on this machine")
    pair = load_task("dbp15k/zh_en", data_root=root, random_state=4)
    lists: dict[str, list[str]] = {}
    for n, side in enumerate(SIDES, 1):
        lines = (folder / f"ent_ids_{n}").read_text("utf-8").rstrip("\n").split("\n")
        lists[side] = [line.partition("\t")[0] for line in lines]
    draw = np.random.default_rng(0)
    vector = {entity: draw.standard_normal(16) for side in SIDES for entity in lists[side]}
    for line in (folder / "ill_ent_ids").read_text("utf-8").splitlines():
        left, right = line.split()
        vector[right] = vector[left] + 0.1 * draw.standard_normal(16)
    arrays = {f"a_{side}": np.array([vector[entity] for entity in lists[side]]) for side in SIDES}
    np.savez(tmp_path / "order.npz", **arrays)
    np.savez(tmp_path / "ids.npz", **arrays, left_ids=lists["left"], right_ids=lists["right"])
    with pytest.warns(PsqeWarning, match="order of ent_ids_1 and ent_ids_2"):
        ordered = load_features(pair, FeatureFile(path=tmp_path / "order.npz"))["a"]
    named = quietly(tmp_path / "ids.npz", pair)["a"]
    for side in SIDES:
        np.testing.assert_array_equal(ordered[side].values, named[side].values)
    assert pair.links is not None
    gold, others = pair.links[:500], ordered.right.values
    distances = (others**2).sum(axis=1) - 2 * ordered.left.values[gold[:, 0]] @ others.T
    assert (distances.argmin(axis=1) == gold[:, 1]).mean() > 0.9


def test_the_command_takes_a_table_for_each_side(tmp_path: Path) -> None:
    pair = written(tmp_path / "pair")
    files = []
    for column, side in enumerate(SIDES):
        draw = np.random.default_rng(0).standard_normal((len(LINKS), 5))
        table = pd.DataFrame(
            draw, columns=[f"mine_{i}" for i in range(5)], index=[link[column] for link in LINKS]
        )
        files.append(tmp_path / f"{side}.csv")
        table.sample(frac=1, random_state=column).to_csv(files[-1], index_label="id")
    options = [word for path in files for word in ("--features", str(path))]
    summary = aligned(pair, *options, "--miner", "mutual")
    assert summary["parameters"]["modalities"] == ["mine"]
    assert summary["link_quality"]["links"]["f1"] == 1.0


# ---- numbers that are written for people, vectors that say nothing


@pytest.mark.parametrize(
    "cells",
    [
        ("252,000.0", "1,000.5", "7.5"),
        ("7.5", "252,000.0", "1,000.5"),
        ("0,5", "1,25", "-3,0"),
        ("1.234,56", "0,5", "2"),
        ("1 234,5", "1 000", "12"),
        ("1\u202f234,5", "1\u00a0000", "12"),
        ("1'234.5", "1'000", "12"),
        ("12,345,678", "1", "2"),
        ("1,5e3", "2,5e3", "0"),
    ],
)
@pytest.mark.parametrize("separator", ["\t", ","])
def test_numbers_written_for_people_are_no_lists(
    tmp_path: Path, cells: tuple[str, ...], separator: str
) -> None:
    path = tmp_path / "f.csv"
    rows = [("entity", "image_0", "image_1"), *((e, c, "0.5") for e, c in zip(LEFT, cells, strict=False))]
    path.write_text("".join(separator.join(f'"{cell}"' for cell in row) + "\n" for row in rows), "utf-8")
    with pytest.raises(DataError, match="in the column 'image_0', which may be one number or a list"):
        read_table(path)
    plain = [(LEFT[0], "252000.5", "1"), (LEFT[1], "2", "3")]  # the remedy
    path.write_text("".join(separator.join(row) + "\n" for row in (rows[0], *plain)), "utf-8")
    assert read_table(path).vectors["image"].tolist() == [[252000.5, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize("cells", [("0.5", "1.5"), ("0,5", "1,5"), ("5", "6")])
def test_a_table_with_semicolons_has_points_or_commas_in_its_numbers(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"entity;v_0;v_1\nx;{cells[0]};1\ny;{cells[1]};2\n", "utf-8")
    wanted = [float(cell.replace(",", ".")) for cell in cells]
    assert read_table(path).vectors["v"][:, 0].tolist() == wanted


@pytest.mark.parametrize("cell", ["0.1 0.2", "0.1,0.2", "[1,0]", "1,0,2", "3;4", "1.5, 2"])
def test_lists_of_numbers_stay_lists(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "f.tsv"
    path.write_text(f"entity\timage\nx\t{cell}\ny\t{cell}\n", "utf-8")
    assert read_table(path).vectors["image"].shape[1] in (2, 3)


def test_a_null_vector_is_told(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pd.DataFrame({"entity": ["x", "y"], "image": [[1.0, 2.0], None]}).to_parquet(path)
    with pytest.warns(PsqeWarning, match="1 of 2 rows has no vector of the modality 'image' and counts as"):
        assert np.isnan(read_table(path).vectors["image"][1]).all()


def test_equal_vectors_are_told(task: AlignmentTask, tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    np.savez(
        path,
        image_left=np.ones((9, 3)), image_right=rows_of(RIGHT), left_entities=LEFT, right_entities=RIGHT,
    )  # fmt: skip
    with pytest.warns(PsqeWarning, match="all 9 vectors of array 'image_left' are equal"):
        Features.load(path, task)


def test_no_modality_is_called_all(tmp_path, task):
    """``all`` stands for all modalities, so that ``modality=all`` of the miner pivot has one meaning."""
    ones = np.ones((9, 2), dtype=np.float32)
    message = "a modality is called 'all', which stands for all modalities together; give it another name"
    with pytest.raises(DataError, match=message):
        Features.from_arrays({"all_left": ones, "all_right": ones})
    modality = Features.from_arrays({"some_left": ones, "some_right": ones})["some"]
    with pytest.raises(DataError, match=message):
        Features({"all": modality})
    with pytest.raises(DataError, match=message):
        KnowledgeGraph("left", LEFT, (), [], vectors={"all": modality.left})
    np.savez(tmp_path / "f.npz", all_left=ones, all_right=ones)
    table = pd.DataFrame({"entity": [*LEFT, *RIGHT], "side": ["left"] * 9 + ["right"] * 9, "all_0": 1.0})
    table.to_csv(tmp_path / "f.csv", index=False)
    for name in ("f.npz", "f.csv"):
        with pytest.raises(DataError, match=rf"{name}: {message}"):
            Features.load(tmp_path / name, task)
