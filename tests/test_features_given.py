"""Vectors that came with the data: used when nothing else is asked for, on both sides or not at all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.features import build_features
from psqe.graph import AlignmentTask, KnowledgeGraph, Vectors


def graph(name: str, vectors: dict[str, Vectors], images: tuple[Path | None, ...] = ()) -> KnowledgeGraph:
    entities = tuple(f"{name}{i}" for i in range(3))
    return KnowledgeGraph(name, entities, (), [], names=("sun", "moon", None), vectors=vectors, images=images)


def given(dim: int = 4, seed: int = 0) -> Vectors:
    values = np.random.default_rng(seed).standard_normal((3, dim)).astype(np.float32)
    return Vectors(values, np.array([True, True, False]))


def test_vectors_of_the_data_are_the_features() -> None:
    left, right = given(seed=1), given(seed=2)
    task = AlignmentTask("t", graph("l", {"image": left}), graph("r", {"image": right}))
    image = build_features(task, ["image"])["image"]
    np.testing.assert_array_equal(image.left.values[:2], left.values[:2])
    np.testing.assert_array_equal(image.right.values[:2], right.values[:2])
    assert image.left.present.tolist() == image.right.present.tolist() == [True, True, False]
    assert image.left.values.dtype == np.float32


def test_what_absent_rows_hold_is_masked_not_kept() -> None:
    values = given().values
    values[2] = np.nan
    vectors = Vectors(values, np.array([True, True, False]))
    task = AlignmentTask("t", graph("l", {"image": vectors}), graph("r", {"image": given()}))
    image = build_features(task, ["image"])["image"]
    assert not image.left.values[2].any() and not image.right.values[2].any()
    assert np.isfinite(values[:2]).all() and np.isnan(values[2]).all(), "the data stay as they are"


def test_a_chosen_encoder_comes_first(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    images = (tmp_path / "red.png", None, None)
    task = AlignmentTask("t", graph("l", {"image": given()}, images), graph("r", {}, images))
    chosen = build_features(task, ["image"], encoders={"image": "efficientnet-lite0"}, cache=False)["image"]
    assert chosen.dim == 1280 and chosen.left.present.tolist() == [True, False, False]


def test_one_side_alone_is_an_error_even_where_both_have_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    images = (tmp_path / "red.png", None, None)
    task = AlignmentTask("t", graph("l", {"image": given()}, images), graph("r", {}, images))
    with pytest.raises(DataError, match="'image' came for one side only, and graph 'r' has none; add them"):
        build_features(task, ["image"], cache=False)


def test_unlike_widths_are_an_error() -> None:
    task = AlignmentTask("t", graph("l", {"image": given(4)}), graph("r", {"image": given(5)}))
    with pytest.raises(DataError, match="4 dimensions on the left and 5 on the right"):
        build_features(task, ["image"])


def test_a_side_whose_vectors_are_all_missing_is_an_error() -> None:
    nobody = Vectors(given().values, np.zeros(3, dtype=bool))
    task = AlignmentTask("t", graph("l", {"image": given()}), graph("r", {"image": nobody}))
    with pytest.raises(DataError, match="no entity of graph 'r' has modality 'image'"):
        build_features(task, ["image"])


def test_rows_of_zeros_are_missing_and_counted() -> None:
    values = given().values
    values[1] = 0
    vectors = Vectors(values, np.array([True, True, False]))
    task = AlignmentTask("t", graph("l", {"image": vectors}), graph("r", {"image": given()}))
    with pytest.warns(PsqeWarning, match="graph 'l': 1 image vectors are all zero and count as missing"):
        image = build_features(task, ["image"])["image"]
    assert image.left.present.tolist() == [True, False, False]


def test_a_modality_of_ones_own_needs_vectors() -> None:
    task = AlignmentTask("t", graph("l", {"sound": given()}), graph("r", {"sound": given()}))
    assert build_features(task, ["sound"])["sound"].dim == 4
    bare = replace(task, left=replace(task.left, vectors={}), right=replace(task.right, vectors={}))
    with pytest.raises(ParameterError, match="unknown modality 'sound'"):
        build_features(bare, ["sound"])


def test_faults_of_vectors_are_told_before_anything_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object, **__: object) -> None:
        raise AssertionError("encoded")

    monkeypatch.setattr("psqe.features.build.encode_all", encode)
    task = AlignmentTask("t", graph("l", {"image": given()}), graph("r", {}))
    with pytest.raises(DataError, match="one side only"):
        build_features(task, ["name", "image"], cache=False)
