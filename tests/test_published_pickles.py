"""Pickles as EVA, MCLEA and their relatives publish them: where they are found, what is told of others."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from cases import aligned, case
from folders import FOLDER, JAPE, OPENEA, write

from psqe.datasets import load_task
from psqe.datasets.faults import Faults
from psqe.datasets.layouts import check_folder, read_folder
from psqe.datasets.pickles import read_vectors
from psqe.datasets.published_pickles import pair_names
from psqe.errors import DataError, PsqeWarning
from psqe.graph import AlignmentTask
from psqe.vector_pickles import load_restricted

IDS = [*(int(line.split(b"\t")[0]) for side in (1, 2) for line in JAPE[f"ent_ids_{side}"].splitlines())]
VECTORS = {i: np.full(4, i + 1, dtype=np.float32) for i in IDS}


def put(path: Path, vectors: object = VECTORS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(vectors))
    return path


def quiet(folder: Path) -> AlignmentTask:
    """Read a pair, which must give no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_folder(folder)


@pytest.mark.parametrize(
    ("pair", "pickled"),
    [
        ("zh_en", "zh_en/zh_en_GA_id_img_feature_dict.pkl"),
        ("DBP15K/zh_en", "DBP15K/pkls/zh_en_GA_id_img_feature_dict.pkl"),
        ("data/DBP15K/zh_en", "data/pkls/zh_en_GA_id_img_feature_dict.pkl"),
        ("data/DBP15K/zh_en", "data/zh_en_GA_id_img_feature_dict.pkl"),
        ("data/DBP15K/zh_en", "data/EAKpkls/zh_en_GA_id_img_feature_dict.pkl"),
        ("mmkb-datasets/FB15K_DB15K", "mmkb-datasets/FB15K_DB15K/FB15K_DB15K_id_img_feature_dict.pkl"),
        ("mmkg/FBDB15K/norm", "mmkg/pkls/FBDB15K_id_img_feature_dict.pkl"),
        ("data/mmkg/FBYG15K/norm", "data/pkls/FBYG15K_id_img_feature_dict.pkl"),
        ("mmkg/FBDB15K/norm", "mmkg/FBDB15K/FBDB15K_id_img_feature_dict.pkl"),
        ("mmkg/FBDB15K/norm", "mmkg/FBDB15K/norm/FBDB15K_id_img_feature_dict.pkl"),
        ("mmkg/OpenEA/OEA_EN_FR_15K_V1", "mmkg/OpenEA/pkl/OEA_EN_FR_15K_V1_id_img_feature_dict.pkl"),
        ("data/DBP15K/zh_en/mtranse/0_3", "data/pkls/zh_en_GA_id_img_feature_dict.pkl"),
        ("DWY/dbpedia_wikidata_15k/norm", "pkls/dbpedia_wikidata_15k_norm_GA_id_img_feature_dict.pkl"),
        ("data/DWY/D_W_15K_V2", "data/pkls/dbpedia_wikidata_15k_dense_GA_id_img_feature_dict.pkl"),
        ("data/icews_wiki", "data/icews_wiki/ICEWS_WIKI_id_img_feature_dict.pkl"),
        ("data/zh-en", "data/pkls/zh_en_GA_id_img_feature_dict.pkl"),
    ],
)
def test_published_places_and_names_are_found(tmp_path: Path, pair: str, pickled: str) -> None:
    folder = write(tmp_path / "top" / pair, {**JAPE, "dbp_zh_en.json": None})
    put(tmp_path / "top" / pickled)
    for other in ("pkls/fr_en_GA_id_img_feature_dict.pkl", "FB15K_YAGO15K_id_img_feature_dict.pkl"):
        put((tmp_path / "top" / pickled).parent.parent / other)  # as they are published together
    task = quiet(folder)
    for graph in task.sides:
        found = graph.vectors["image"]
        assert found.present.all()
        assert found.values[:, 0].tolist() == [i + 1 for i in graph.ids.tolist()]
    assert not check_folder(folder).notes


def test_the_case_of_a_stranger(tmp_path: Path) -> None:
    pair = case("13-pickles/b-mmkg", tmp_path) / "DBP15K" / "zh_en"
    task = quiet(pair)
    assert [graph.vectors["image"].present.sum() for graph in task.sides] == [36, 36]
    summary = aligned(pair, "--modalities", "image", "--n-seeds", "10")
    assert summary["link_quality"]["links"]["f1"] > 0.95


def test_two_files_of_one_pair_are_an_error_that_names_both(tmp_path: Path) -> None:
    folder = write(tmp_path / "data" / "zh_en", JAPE)
    one = put(folder / "zh_en_GA_id_img_feature_dict.pkl")
    two = put(tmp_path / "data" / "pkls" / "zh_en_id_img_feature_dict.pkl")
    assert quiet(folder).left.vectors, "two files with the same content are one"
    put(two, {key: -value for key, value in VECTORS.items()})
    with pytest.raises(DataError) as caught:
        read_folder(folder)
    assert str(one) in str(caught.value) and str(two) in str(caught.value)
    two.unlink()  # the remedy
    assert quiet(folder).left.vectors


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("zh_en_GA_id_img_feature_dict_infobox_only.pkl", "vectors of images under another name"),
        ("zh_en_GA_id_img_feature_dict_0.95.pkl", "vectors of images under another name"),
        ("zh_en_id_txt_feature_dict.pkl", r"another kind than images \(txt\)"),
        ("zh_en_id_ent_feature_dict.pkl", r"another kind than images \(ent\)"),
        ("zh_en_GA_id_img_feature_dict.pkl.gz", "vectors of images under another name"),
        ("clip.pkl", "its name is not one under which"),
        ("../pkls/ja_en_GA_id_img_feature_dict.pkl", "belongs to ja_en"),
        ("../../pkls/FBDB15K_id_img_feature_dict.pkl", "belongs to FBDB15K"),
    ],
)
def test_a_file_in_reach_that_is_not_read_is_told(tmp_path: Path, name: str, why: str) -> None:
    folder = write(tmp_path / "data" / "DBP15K" / "zh_en", JAPE)
    path = put(folder / name)
    with pytest.warns(PsqeWarning, match=f"is not read, because .*{why}"):
        task = read_folder(folder)
    assert not task.left.vectors
    faults = check_folder(folder)
    assert len(faults.notes) == 1 and not faults
    # The remedy, followed literally, has the file read.
    wanted = faults.notes[0].remedy.removeprefix("call it ").partition(" if ")[0]
    path.rename(folder / wanted)
    assert quiet(folder).left.vectors["image"].present.all()


def test_the_only_file_in_a_renamed_folder_is_read_and_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", JAPE)
    put(folder / "zh_en_GA_id_img_feature_dict.pkl")
    with pytest.warns(
        PsqeWarning, match="is read as the vectors of the images, though it is not called after"
    ):
        assert read_folder(folder).left.vectors
    put(folder / "fr_en_GA_id_img_feature_dict.pkl")
    with pytest.warns(PsqeWarning, match=r"belongs to another pair \(2 pickles"):
        assert not read_folder(folder).left.vectors


@pytest.mark.parametrize("files", [OPENEA, FOLDER])
def test_layouts_without_ids_say_that_they_read_no_pickles(tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = write(tmp_path / "data" / "D_W_15K_V1", files)
    put(tmp_path / "pkls" / "dbpedia_wikidata_15k_norm_GA_id_img_feature_dict.pkl")
    with pytest.warns(
        PsqeWarning, match="is not read, because the files of this layout give entities no integer"
    ):
        load_task(folder)


def test_names_of_a_pair() -> None:
    assert pair_names(Path("/norm")) == ["norm"]
    assert pair_names(Path("/a/zh_en/mapping/0_3"))[-2:] == ["zh_en", "zh_en_0_3"]


# ---- pickles that would cost all time or memory


def nested(width: int, depth: int) -> object:
    value: object = [1.0] * width
    for _ in range(depth):
        value = [value] * width
    return value


def mutual() -> object:
    one: list[object] = []
    one.append([one])
    return one


@pytest.mark.parametrize(
    "make",
    [
        mutual,
        lambda: {0: mutual()},
        lambda: {0: nested(10, 12)},
        lambda: {0: nested(1, 200)},
        lambda: {i: nested(100, 4) for i in range(3)},
    ],
)
def test_lists_within_lists_are_refused_soon(make: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"nested too deeply|stand for more numbers"):
        load_restricted(pickle.dumps(make()))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({7: 1j}, "it wants builtins.complex, which no array needs; save it again as"),
        ({7: "1.5"}, "is no dictionary"),
        ({7: 1.5}, "is no dictionary"),
        ({7.5: [1.0]}, "is no dictionary"),
        ({True: [1.0]}, "is no dictionary"),
        ({7: [1.0], "7": [2.0]}, "has two vectors of one id"),
        ({7: [1e300], 8: [1.0]}, r"the vector of id 7 is not finite \(1 of 2 vectors"),
        ({"http://x.org/a": [1.0]}, "none of its ids is an entity, the first is 'http"),
    ],
)
def test_dictionaries_that_say_nothing_certain(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_vectors(put(tmp_path / "v.pkl", content), ({7: 0, 8: 1}, {9: 0}), Faults())


def test_text_keys_of_digits_are_ids(tmp_path: Path) -> None:
    both = read_vectors(put(tmp_path / "v.pkl", {"7": [1.0], "9": [2]}), ({7: 0, 8: 1}, {9: 0}), Faults())
    assert (
        both is not None and both[0].present.tolist() == [True, False] and both[1].values.tolist() == [[2.0]]
    )
