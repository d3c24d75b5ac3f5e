"""Any Hugging Face model for pictures or texts, by name or folder; it needs the extra ``hf``."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.features.encoder_registry import ItemEncoder
from psqe.features.image import RENDERING, picture_array
from psqe.files import content_hash
from psqe.graph import FloatArray

POOLING = 1
"""Version of the code around the models; raise it when a vector would change."""


class HuggingFace(ItemEncoder):
    """A Hugging Face model for pictures or texts, pinned to its content: the encoder ``hf:MODEL``.

    Of a two-tower model such as CLIP, the projection of the tower for pictures or for texts is used. Of any
    other model, the last hidden state is averaged: over space or tokens for pictures, over tokens for texts.
    Where the sentence-transformers file of a text model says so, its first token is taken instead; layers
    after that pooling are not applied. Vectors of texts have unit length.

    Parameters
    ----------
    modality
        Name of the modality: ``"image"`` for pictures, any other for texts.
    argument
        A folder, or the name of a model on the hub, with ``@revision`` at its end for another revision
        than the main one. The hub is asked for the revision; without a network, what has been
        downloaded before is used.

    Raises
    ------
    ParameterError
        If transformers is not installed, or the model cannot be found.

    Examples
    --------
    >>> HuggingFace.argument_name, "image" in HuggingFace.modalities
    ('model', True)
    """

    modalities = ("image", "name", "translated_name", "attribute", "relation")
    argument_name = "model"

    def __init__(self, modality: str, argument: str = "") -> None:
        super().__init__(modality, argument)
        self.name = f"hf:{argument}"
        if importlib.util.find_spec("transformers") is None:
            raise ParameterError(
                f"encoder {self.name!r} needs the package transformers", remedy="pip install 'psqe[hf]'"
            )
        self._source, self._revision, content = _located(argument)
        self.version = f"{content}-{POOLING}"
        self.batch_size = 64
        if modality == "image":
            self.version += f"-r{RENDERING}"
            self.batch_size = 8
        self._model: Any = None

    def encode(self, items: Sequence[Any]) -> FloatArray:
        """Encode at most 8 pictures or 64 texts: ``(n, d)``. Texts too long for the model are cut.

        Raises
        ------
        DataError
            If a picture, the model or its tokenizer cannot be read, or the model does not say how to
            prepare pictures.
        """
        return self._pictures(items) if self.modality == "image" else self._texts(items)

    def _pictures(self, paths: Sequence[Path]) -> FloatArray:
        import torch

        if self._model is None:
            self._preparation = self._read_preparation()
            self._model = self._load()
        size, mean, std = self._preparation
        pixels = np.zeros((self.batch_size, 3, size, size), dtype=np.float32)
        for row, path in enumerate(paths):
            pixels[row] = picture_array(path, size, mean, std).transpose(2, 0, 1)
        with torch.inference_mode():
            inputs = torch.from_numpy(pixels)
            if hasattr(self._model, "get_image_features"):
                output = self._model.get_image_features(pixel_values=inputs)
                vectors = getattr(output, "pooler_output", output)
            else:
                states = self._model(pixel_values=inputs).last_hidden_state
                vectors = states.mean((2, 3)) if states.ndim == 4 else states.mean(1)
        result: FloatArray = vectors.float().numpy()[: len(paths)]
        return result

    def _texts(self, texts: Sequence[str]) -> FloatArray:
        import torch

        if self._model is None:
            self._tokenizer = self._load_tokenizer()
            self._first_token = bool(self._config("1_Pooling/config.json").get("pooling_mode_cls_token"))
            self._model = self._load()
        inputs = self._tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            if hasattr(self._model, "get_text_features"):
                output = self._model.get_text_features(**inputs)
                vectors = getattr(output, "pooler_output", output)
            else:
                states = self._model(**inputs).last_hidden_state
                weights = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
                vectors = states[:, 0] if self._first_token else (states * weights).sum(1) / weights.sum(1)
            result: FloatArray = torch.nn.functional.normalize(vectors.float(), dim=1).numpy()
        return result

    def _config(self, file: str) -> dict[str, Any]:
        """Read a JSON file of the model; the result is empty if the model has no such file."""
        import huggingface_hub
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        path = Path(self._source, file)
        if self._revision is not None:
            try:
                path = Path(huggingface_hub.hf_hub_download(self._source, file, revision=self._revision))
            except (EntryNotFoundError, LocalEntryNotFoundError):
                return {}
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def _load(self) -> Any:
        """Load the model, ready for inference.

        Raises
        ------
        DataError
            If its weights cannot be read, or are not complete; transformers would draw the rest at random.
        """
        from transformers import AutoModel

        try:
            model, report = AutoModel.from_pretrained(
                self._source, revision=self._revision or "main", output_loading_info=True
            )
        except Exception as error:
            raise DataError(
                f"model {self._source!r} cannot be loaded ({type(error).__name__}: {error})",
                remedy="check the model with transformers.AutoModel.from_pretrained",
            ) from error
        # The pooling head is often missing; it is not used here.
        missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
        if missing:
            raise DataError(
                f"model {self._source!r} lacks weights ({len(missing)}, the first is {missing[0]})",
                remedy="use a checkpoint of the whole model",
            )
        return model.eval()

    def _read_preparation(self) -> tuple[int, list[float], list[float]]:
        """Return size, mean and deviation of the pictures that the model was trained on."""
        config = self._config("preprocessor_config.json")
        size = config.get("crop_size") or config.get("size") or 0
        if isinstance(size, dict):
            size = size.get("height") or size.get("shortest_edge") or 0
        mean, std = config.get("image_mean"), config.get("image_std")
        if not (size and mean and std):
            raise DataError(
                f"model {self._source!r} does not say how to prepare pictures",
                remedy="it needs a preprocessor_config.json with size, image_mean and image_std",
            )
        return int(size), list(mean), list(std)

    def _load_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(self._source, revision=self._revision or "main")
        except Exception as error:
            raise DataError(
                f"the tokenizer of model {self._source!r} cannot be loaded ({type(error).__name__}: {error})",
                remedy="check the model with transformers.AutoTokenizer.from_pretrained",
            ) from error


def _located(model: str) -> tuple[str, str | None, str]:
    """Find a model: its folder or name, its revision on the hub, and what identifies its content.

    Raises
    ------
    ParameterError
        If the model cannot be found.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        parts = [part for file in files for part in (str(file.relative_to(folder)), _digest(file))]
        return str(folder), None, content_hash(*parts)
    import huggingface_hub

    source, _, wanted = model.partition("@")
    try:
        config = huggingface_hub.hf_hub_download(source, "config.json", revision=wanted or None)
    except Exception as error:  # offline, not found, not allowed, not a name
        raise ParameterError(
            f"model {model!r} is no folder and cannot be had from the hub ({type(error).__name__})",
            remedy="check its name and the network, or give the folder of a saved model",
        ) from error
    # The folder of a downloaded file is named after the commit it belongs to.
    revision = Path(config).parent.name
    return source, revision, revision


def _digest(path: Path) -> str:
    """Return the content hash of a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()
