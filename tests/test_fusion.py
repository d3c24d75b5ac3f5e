"""Fusion: centred, normalised, masked; never filled in."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import tiny

from psqe.errors import DataError, ParameterError
from psqe.features.base import Features
from psqe.features.fusion import centred, fuse, modality_vectors, unit_rows


def two_modalities(seed: int, n: int = 7, share: float = 0.6) -> Features:
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, dim in (("image", 3), ("name", 5)):
        for side in ("left", "right"):
            arrays[f"{name}_{side}"] = rng.standard_normal((n, dim))
            present = rng.random(n) < share
            present[:2] = True
            arrays[f"{name}_{side}_present"] = present
    return Features.from_arrays(arrays)


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_unit_rows_keeps_zero():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])
    assert rows.dtype == np.float32


def test_centred_uses_present_rows_only():
    vectors = np.array([[1, 0], [3, 0], [100, 100]], dtype=np.float32)
    found = centred(vectors, np.array([True, True, False]))
    np.testing.assert_array_equal(found, [[-1, 0], [1, 0], [0, 0]])
    np.testing.assert_array_equal(centred(vectors, np.zeros(3, dtype=bool)), np.zeros((3, 2)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(0.1, 10), st.booleans())
def test_dot_product_is_the_weighted_mean_of_the_cosines(seed, image, name, centre):
    """The promise of the docstring, pair by pair, from the raw vectors."""
    features = two_modalities(seed)
    everyone = np.arange(7)
    weights = {"image": image, "name": name}
    left, right = fuse(features, everyone, everyone, weights=weights, centre=centre)
    for i in range(7):
        for j in range(7):
            total, of_left, of_right = 0.0, 0.0, 0.0
            for key, weight in weights.items():
                m = features[key]
                shift_left = m.left.values[m.left.present].mean(axis=0) if centre else 0
                shift_right = m.right.values[m.right.present].mean(axis=0) if centre else 0
                of_left += weight * m.left.present[i]
                of_right += weight * m.right.present[j]
                if m.left.present[i] and m.right.present[j]:
                    total += weight * cosine(m.left.values[i] - shift_left, m.right.values[j] - shift_right)
            wanted = total / np.sqrt(of_left * of_right) if of_left and of_right else 0.0
            assert left[i] @ right[j] == pytest.approx(wanted, abs=1e-5)


def test_rows_are_unit_or_zero():
    features = two_modalities(3, n=40, share=0.5)
    everyone = np.arange(40)
    for fused, masks in zip(
        fuse(features, everyone, everyone),
        (
            [m.left.present for m in features.values()],
            [m.right.present for m in features.values()],
        ),
        strict=True,
    ):
        norms = np.linalg.norm(fused, axis=1)
        np.testing.assert_allclose(norms, np.any(masks, axis=0).astype(float), atol=1e-5)


def test_a_shift_of_one_side_changes_nothing_when_centred():
    features = two_modalities(4)
    everyone = np.arange(7)
    m = features["image"]
    arrays = {
        "image_left": m.left.values, "image_left_present": m.left.present,
        "image_right": m.right.values + 5, "image_right_present": m.right.present,
    }  # fmt: skip
    shifted = Features.from_arrays(arrays)
    for a, b in zip(
        modality_vectors(features, "image", everyone, everyone),
        modality_vectors(shifted, "image", everyone, everyone),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_absent_rows_are_not_read():
    """What stands in the row of a missing entity is of no consequence."""
    features = two_modalities(5)
    m = features["image"]
    junk = m.left.values.copy()
    junk[~m.left.present] = 99
    arrays = {
        "image_left": junk, "image_left_present": m.left.present,
        "image_right": m.right.values, "image_right_present": m.right.present,
    }  # fmt: skip
    everyone = np.arange(7)
    one, two = features.select(["image"]), Features.from_arrays(arrays)
    for a, b in zip(fuse(one, everyone, everyone), fuse(two, everyone, everyone), strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_the_entities_asked_for_count():
    features = two_modalities(6)
    left, right = fuse(features, np.array([4, 0]), np.array([1, 5, 6]))
    again = fuse(features.take(np.array([4, 0]), np.array([1, 5, 6])), np.arange(2), np.arange(3))
    np.testing.assert_array_equal(left, again[0])
    np.testing.assert_array_equal(right, again[1])


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"sound": 1.0}, "sound"),
        ({"image": 0.0}, "positive"),
        ({"image": float("nan")}, "positive"),
        ({"image": float("inf")}, "finite"),
    ],
)
def test_wrong_weights(weights, words):
    with pytest.raises(ParameterError, match=words):
        fuse(two_modalities(0), np.arange(7), np.arange(7), weights=weights)


def test_nothing_to_compare_is_an_error_that_names_the_side():
    _, features = tiny(1, 3)
    twice = np.zeros(2, dtype=np.int64)
    with pytest.raises(DataError, match="no left entity has a vector in image"):
        fuse(features, twice, np.arange(3))
    left, _ = fuse(features, twice, np.arange(3), centre=False)
    assert np.linalg.norm(left[0]) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(fuse(features, twice[:1], np.arange(3))[0], left[:1]), "a single row is not centred"


@pytest.mark.parametrize("scale", [1e-37, 1e-20, 1e-16, 1e15, 1e19, 1e37])
def test_rows_of_any_size_are_scaled_to_unit_length(scale):
    """The squares of very large and very small components are no float32 numbers."""
    vectors = np.array([[3, -4], [0, 0], [0, 2]])
    wanted = [[0.6, -0.8], [0, 0], [0, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(unit_rows((vectors * scale).astype(np.float32)), wanted, rtol=1e-5)
        mixed = (vectors * np.array([[1], [1], [scale]])).astype(np.float32)
        np.testing.assert_allclose(unit_rows(mixed), wanted, rtol=1e-5)
