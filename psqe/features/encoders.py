"""The encoders by name, and how a collection of pictures or texts is encoded once and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.features.cache import VectorCache
from psqe.features.image import EfficientNetLite0
from psqe.features.text import UseM3
from psqe.graph import FloatArray

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)

BAG = "bag"
"""Which labels an entity has, see :mod:`psqe.features.bags`."""

BIGRAM = "bigram"
"""Which pairs of characters its name has, see :mod:`psqe.features.bigrams`."""

BINS = "bins"
"""Which numbers are among its attribute values, see :mod:`psqe.features.numbers`."""

PROFILE = "profile"
"""How the relations around it are used, see :mod:`psqe.features.profiles`."""

COUNTS = (BAG, BIGRAM, BINS, PROFILE)
"""No encoders of items but counts over both graphs: nothing is cached, and no weights are read."""

HUGGING_FACE = "hf:"
"""What the name of a Hugging Face model starts with."""

CHOICES: dict[str, tuple[str, ...]] = {
    "image": ("efficientnet-lite0", "hf:<model>"),
    "name": ("use-m3", BIGRAM, "hf:<model>"),
    "translated_name": ("use-m3", BIGRAM, "hf:<model>"),
    "attribute": ("use-m3", BAG, "hf:<model>"),
    "number": (BINS,),
    "relation": (BAG, PROFILE, "use-m3", "hf:<model>"),
}
"""The modalities and, for each, the encoders it can have; the first is the default."""


class Encoder(Protocol[Item_contra]):
    """Turns pictures (paths) or texts into vectors.

    Attributes
    ----------
    name, version
        What its vectors are kept under. The version changes whenever a vector would.
    batch_size
        How many items :meth:`encode` takes at most.
    """

    name: str
    version: str
    batch_size: int

    def encode(self, items: Sequence[Item_contra]) -> FloatArray:
        """Encode at most ``batch_size`` items: ``(n, d)`` float32. A row depends on its item only."""
        ...


def make_encoder(modality: str, name: str) -> Encoder[Any] | None:
    """The encoder called ``name`` for ``modality``, or ``None`` for one of :data:`COUNTS`. No weights yet.

    Raises
    ------
    ParameterError
        If there is no such modality, or the modality has no such encoder.
    """
    if modality not in CHOICES:
        raise ParameterError(f"unknown modality {modality!r}", remedy=f"choose from {', '.join(CHOICES)}")
    choices = CHOICES[modality]
    if "hf:<model>" in choices and name.startswith(HUGGING_FACE) and len(name) > len(HUGGING_FACE):
        from psqe.features.huggingface import HuggingFaceImage, HuggingFaceText

        model = name.removeprefix(HUGGING_FACE)
        return HuggingFaceImage(model) if modality == "image" else HuggingFaceText(model)
    if name not in choices:
        raise ParameterError(
            f"modality {modality!r} has no encoder {name!r}", remedy=f"choose from {', '.join(choices)}"
        )
    if name in COUNTS:
        return None
    return EfficientNetLite0() if name == "efficientnet-lite0" else UseM3()


def encode_all(
    encoder: Encoder[Item],
    items: Mapping[str, Item],
    cache: VectorCache | None,
    *,
    label: str,
    progress: bool | None = None,
) -> dict[str, FloatArray]:
    """Encode what the cache does not have, and keep it there.

    Items are taken in the order of their keys, so the result does not depend on the order of the
    entities. When encoding breaks off, what is finished is kept.

    Parameters
    ----------
    encoder
        Not touched, and its weights not loaded, if the cache has everything.
    items
        What to encode, by content hash.
    cache
        Where to look first and to write to; ``None`` for neither.
    label
        What to write before the progress bar.
    progress
        ``True`` or ``False`` to show or hide the bar; ``None`` shows it on a terminal only.

    Returns
    -------
    One vector ``(d,)`` for each key of ``items``.

    Raises
    ------
    CacheError
        If the cache is broken or cannot be written.
    DataError
        If an item cannot be read, or its vector is not finite.
    """
    found = cache.lookup(items) if cache else {}
    missing = sorted(items.keys() - found.keys())
    if not missing:
        return found
    if cache:
        cache.require_writable()  # before the work, not after it
    from tqdm import tqdm

    hidden = None if progress is None else not progress  # None: hidden unless on a terminal
    new: dict[str, FloatArray] = {}
    try:
        with tqdm(total=len(missing), desc=label, disable=hidden) as bar:
            for start in range(0, len(missing), encoder.batch_size):
                keys = missing[start : start + encoder.batch_size]
                vectors = encoder.encode([items[key] for key in keys])
                bad = ~np.isfinite(vectors).all(axis=1)
                if bad.any():
                    raise DataError(
                        f"encoder {encoder.name!r} gave a vector that is not finite for "
                        f"{items[keys[int(bad.argmax())]]!r}"
                    )
                new.update(zip(keys, vectors, strict=True))
                bar.update(len(keys))
    finally:
        if cache:
            cache.add(new)
    return found | new
