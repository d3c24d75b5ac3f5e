"""The contract of every registered encoder, those of other distributions included."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_features_traps import graph

from psqe.errors import ParameterError
from psqe.features.encoder_registry import (
    DEFAULT_ENCODERS,
    ENCODERS,
    PICTURES,
    Encoder,
    ItemEncoder,
    TaskEncoder,
    encoders_for,
    make_encoder,
)
from psqe.features.text import TEXTS
from psqe.graph import AlignmentTask

SERVED = [
    (modality, name)
    for name, encoder in ENCODERS.items()
    if not encoder.argument_name  # test_features_huggingface.py has the models that hf needs
    for modality in encoder.modalities
]
WORDS = ("a red apple", "12.5", "", "Ünïcode 甲", "a mountain railway")


def items_of(modality: str, folder: Path) -> list[object]:
    if modality not in PICTURES:
        return list(WORDS)
    for shade in range(5):
        Image.new("RGB", (24, 24), (50 * shade, 200 - 40 * shade, 90)).save(folder / f"{shade}.png")
    return sorted(folder.glob("*.png"))


def test_our_encoders_are_registered() -> None:
    assert {
        "bag",
        "bigram",
        "bins",
        "counts",
        "profile",
        "efficientnet-lite0",
        "efficientnet-lite0-grid",
        "pixels",
        "use-m3",
        "hf",
    } <= ENCODERS.keys()
    for modality, default in DEFAULT_ENCODERS.items():
        assert encoders_for(modality)[0] == default and modality in ENCODERS[default].modalities


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_says_what_it_is(name: str) -> None:
    encoder = ENCODERS[name]
    assert issubclass(encoder, TaskEncoder) != issubclass(encoder, ItemEncoder)
    assert encoder.modalities and encoder.__doc__
    assert issubclass(encoder, TaskEncoder) or {*PICTURES, *TEXTS} >= {*encoder.modalities}
    assert encoder.argument_name or encoder.name == name
    for modality in encoder.modalities:
        assert any(choice.partition(":")[0] == name for choice in encoders_for(modality))


@pytest.mark.parametrize(("modality", "name"), SERVED)
def test_vectors_keep_the_contract(modality: str, name: str, tmp_path: Path) -> None:
    encoder = make_encoder(modality, name)
    assert encoder.modality == modality
    if isinstance(encoder, ItemEncoder):
        items = items_of(modality, tmp_path)
        assert isinstance(encoder.version, str) and encoder.version and encoder.batch_size >= len(items)
        vectors = encoder.encode(items)
        assert vectors.shape[0] == len(items) and vectors.dtype == np.float32 and np.isfinite(vectors).all()
        # A row depends on its item only: neither on the others nor on their order.
        np.testing.assert_allclose(encoder.encode(items[::-1])[::-1], vectors, atol=1e-5)
        np.testing.assert_allclose(make_encoder(modality, name).encode(items[1:2])[0], vectors[1], atol=1e-5)
        return
    rng = np.random.default_rng(2)
    task = AlignmentTask("t", graph("l", rng), graph("r", rng))
    found = encoder.encode_task(task)
    for side, knowledge in zip(found, task.sides, strict=True):
        assert side.values.shape == (knowledge.n_entities, found.dim) and side.values.dtype == np.float32
        assert side.present.any() and not side.values[~side.present].any()
    again = make_encoder(modality, name).encode_task(task.blind())
    for side in ("left", "right"):
        np.testing.assert_array_equal(again[side].values, found[side].values)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("modality", DEFAULT_ENCODERS)
def test_an_encoder_serves_its_modalities_and_no_other(modality: str, name: str) -> None:
    encoder: type[Encoder] = ENCODERS[name]
    if modality not in encoder.modalities:
        with pytest.raises(ParameterError, match=f"modality '{modality}' has no encoder '{name}"):
            make_encoder(modality, f"{name}:x" if encoder.argument_name else name)


@pytest.mark.parametrize("name", ["", "no-such", "use-m3:", "use-m3:x", "hf", "hf:", "Use-M3"])
def test_an_unknown_encoder_is_an_error(name: str) -> None:
    with pytest.raises(ParameterError, match=r"has no encoder .*; choose from use-m3, "):
        make_encoder("name", name)


def test_an_unknown_modality_is_an_error() -> None:
    with pytest.raises(ParameterError, match="unknown modality 'smell'; choose from image, layout, name, "):
        make_encoder("smell", "bag")
