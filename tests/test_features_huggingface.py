"""Hugging Face encoders, on tiny models with random weights made here; nothing is downloaded."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from psqe.errors import DataError, ParameterError
from psqe.features import build_features
from psqe.features.encoder_registry import make_encoder
from psqe.graph import AlignmentTask, KnowledgeGraph

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "sun", "moon", "star", "red")
PREPARATION = {"size": {"height": 16, "width": 16}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


def save_bert(folder: Path) -> Path:
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=len(WORDS), max_position_embeddings=16, **SIZES)
    transformers.BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    return folder


def save_vit(folder: Path, preparation: dict[str, Any] | None = None) -> Path:
    torch.manual_seed(0)
    config = transformers.ViTConfig(image_size=16, patch_size=8, **SIZES)
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation or PREPARATION))
    return folder


def save_clip(folder: Path) -> Path:
    torch.manual_seed(0)
    config = transformers.CLIPConfig(
        text_config={"vocab_size": len(WORDS), "max_position_embeddings": 16, "eos_token_id": 3, **SIZES},
        vision_config={"image_size": 16, "patch_size": 8, **SIZES},
        projection_dim=6,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    crop = {**PREPARATION, "size": {"shortest_edge": 20}, "crop_size": {"height": 16, "width": 16}}
    (folder / "preprocessor_config.json").write_text(json.dumps(crop))
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{colour}.png" for colour in ("red", "blue", "white")]
    for path in paths:
        Image.new("RGB", (20, 20), path.stem).save(path)
    return paths


def test_text_is_the_mean_over_its_own_tokens(tmp_path: Path) -> None:
    encoder = make_encoder("name", f"hf:{save_bert(tmp_path)}")
    together = encoder.encode(["sun", "red moon star red moon"])
    assert together.shape == (2, 8) and together.dtype == np.float32
    np.testing.assert_allclose(together[0], encoder.encode(["sun"])[0], atol=1e-6)  # padding has no say
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    model = transformers.BertModel.from_pretrained(tmp_path).eval()
    ids = torch.tensor([[WORDS.index(word) for word in ("[CLS]", "sun", "[SEP]")]])
    with torch.inference_mode():
        expected = model(ids).last_hidden_state.mean(1)[0].numpy()
    np.testing.assert_allclose(together[0], expected / np.linalg.norm(expected), atol=1e-6)


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    encoder = make_encoder("name", f"hf:{save_bert(tmp_path)}")
    np.testing.assert_allclose(encoder.encode(["sun " * 100]), encoder.encode(["sun " * 14]), atol=1e-6)


def test_first_token_where_the_model_says_so(tmp_path: Path) -> None:
    save_bert(tmp_path)
    mean = make_encoder("name", f"hf:{tmp_path}")
    by_mean = mean.encode(["sun"])
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    first = make_encoder("name", f"hf:{tmp_path}")
    assert mean.version != first.version
    assert np.abs(by_mean - first.encode(["sun"])).max() > 1e-3


def test_images_and_two_towers(tmp_path: Path, pictures: list[Path]) -> None:
    vit = make_encoder("image", f"hf:{save_vit(tmp_path / 'vit')}")
    clip = save_clip(tmp_path / "clip")
    image, text = make_encoder("image", f"hf:{clip}"), make_encoder("name", f"hf:{clip}")
    assert vit.encode(pictures).shape == (3, 8)
    assert image.encode(pictures).shape == (3, 6), "a two-tower model's own projection"
    assert text.encode(["sun", "moon"]).shape == (2, 6)
    model = transformers.CLIPModel.from_pretrained(clip).eval()
    with torch.inference_mode():
        white = model.vision_model(pixel_values=torch.ones(1, 3, 16, 16)).pooler_output
        expected = model.visual_projection(white)[0].numpy()
    np.testing.assert_allclose(image.encode(pictures)[2], expected, atol=1e-5)


def test_features_are_cached_under_the_content_of_the_model(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "model")
    graphs = [KnowledgeGraph(n, (n,), (), [], names=(text,)) for n, text in (("l", "sun"), ("r", "moon"))]
    task = AlignmentTask("t", *graphs)
    for _ in range(2):
        build_features(task, ["name"], encoders={"name": f"hf:{folder}"}, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 1
    weights = transformers.BertModel.from_pretrained(folder)
    weights.embeddings.word_embeddings.weight.data += 1
    weights.save_pretrained(folder)
    build_features(task, ["name"], encoders={"name": f"hf:{folder}"}, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 2


def test_a_model_downloaded_before_works_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    save_bert(tmp_path / "models--tiny--bert" / "snapshots" / commit)
    refs = tmp_path / "models--tiny--bert" / "refs"
    refs.mkdir()
    (refs / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    encoder = make_encoder("name", "hf:tiny/bert")
    assert encoder.version.startswith(commit)
    assert encoder.encode(["sun"]).shape == (1, 8)
    with pytest.raises(
        ParameterError, match="model 'tiny/other' is no folder and cannot be had from the hub"
    ):
        make_encoder("name", "hf:tiny/other")


def test_missing_weights_are_not_drawn_at_random(tmp_path: Path) -> None:
    save_bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 2}))
    encoder = make_encoder("name", f"hf:{tmp_path}")
    with pytest.raises(DataError, match="lacks weights"):
        encoder.encode(["sun"])


@pytest.mark.parametrize("preparation", [{"size": 16}, {**PREPARATION, "size": None}])
def test_a_model_that_does_not_say_how_to_prepare_pictures(
    tmp_path: Path, pictures: list[Path], preparation: dict[str, Any]
) -> None:
    encoder = make_encoder("image", f"hf:{save_vit(tmp_path / 'vit', preparation)}")
    with pytest.raises(DataError, match="how to prepare pictures"):
        encoder.encode(pictures)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("empty")
    encoder = make_encoder("name", f"hf:{tmp_path}")
    with pytest.raises(DataError, match="cannot be loaded"):
        encoder.encode(["sun"])


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"psqe\[hf\]"):
        make_encoder("name", "hf:any/model")
