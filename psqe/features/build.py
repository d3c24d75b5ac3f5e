"""From a task to its features: one array per modality and side, everything encoded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.features.base import Features, Modality
from psqe.features.cache import VectorCache, default_cache_dir
from psqe.features.encoders import CHOICES, Encoder, encode_all, make_encoder
from psqe.features.image import image_key
from psqe.features.text import attribute_texts, name_texts, relation_texts
from psqe.files import content_hash
from psqe.kg import AlignmentTask, BoolArray, FloatArray, KnowledgeGraph

TEXTS: dict[str, Callable[[KnowledgeGraph], list[str]]] = {
    "name": name_texts,
    "attribute": attribute_texts,
    "relation": relation_texts,
}
"""What a text encoder reads for each modality."""

Keys = list[str | None]


def build_features(
    task: AlignmentTask,
    modalities: Sequence[str] = ("image", "attribute"),
    *,
    encoders: Mapping[str, str] | None = None,
    cache_dir: str | Path | None = None,
    cache: bool = True,
    progress: bool | None = None,
) -> Features:
    """Encode the entities of a task.

    Vectors are the encoders' own outputs: neither centred nor, in general, of unit length; that is left
    to where they are compared (:mod:`psqe.features.fusion`). Entities without a picture or a text get a
    row of zeros and are marked absent; nothing is filled in.

    Parameters
    ----------
    task
        The two graphs. Gold links are not read.
    modalities
        Any of ``image``; ``name``, the surface form; ``attribute``, the attribute values or, for who has
        none, the attribute labels; ``relation``, the relations around an entity.
    encoders
        Which encoder to use for a modality, see :data:`psqe.features.encoders.CHOICES`. By default
        ``efficientnet-lite0`` for images, ``use-m3`` for names and attributes, ``bag`` for relations.
    cache_dir
        Where vectors are kept; by default under ``PSQE_CACHE`` or the user's cache folder. They are
        found again by the content of the picture or text, in whatever task it appears.
    cache
        ``False`` to encode everything anew and keep nothing.
    progress
        ``True`` or ``False`` to show or hide progress bars; ``None`` shows them on a terminal only.

    Raises
    ------
    ParameterError
        If a modality or an encoder is unknown, named twice, or given for a modality not asked for.
    DataError
        If a side has nothing in a modality, or an image is missing or cannot be read.
    CacheError
        If a cache file is broken or the cache folder cannot be written.
    """
    names = (modalities,) if isinstance(modalities, str) else tuple(modalities)
    if len(set(names)) != len(names):
        raise ParameterError(f"a modality is named twice: {', '.join(names)}")
    chosen = _chosen_encoders(names, encoders or {})
    root = (default_cache_dir() if cache_dir is None else Path(cache_dir)) if cache else None
    return Features({name: _build(task, name, chosen[name], root, progress) for name in names})


def _chosen_encoders(names: Sequence[str], encoders: Mapping[str, str]) -> dict[str, Encoder[Any] | None]:
    """One encoder per modality, ``None`` for a bag; all choices checked before any work is done."""
    for name in encoders:
        if name not in names:
            raise ParameterError(
                f"an encoder is given for modality {name!r}, which is not asked for",
                remedy=f"the modalities asked for are {', '.join(names)}",
            )
    chosen = {}
    for name in names:
        default = CHOICES[name][0] if name in CHOICES else ""
        chosen[name] = make_encoder(name, encoders.get(name, default))
    return chosen


def _build(
    task: AlignmentTask, name: str, encoder: Encoder[Any] | None, root: Path | None, progress: bool | None
) -> Modality:
    if encoder is None:
        from psqe.features.bags import bag_modality

        modality = bag_modality(task, name)
        _require_some(task, name, modality.left_present, modality.right_present)
        return modality
    items: dict[str, Any] = {}
    sides = [_collect(graph, name, items) for graph in (task.left, task.right)]
    masks = [np.array([key is not None for key in keys], dtype=bool) for keys in sides]
    _require_some(task, name, *masks)
    cache = None if root is None else VectorCache(root, encoder.name, encoder.version)
    vectors = encode_all(encoder, items, cache, label=f"{name} ({encoder.name})", progress=progress)
    return Modality(_rows(sides[0], vectors), _rows(sides[1], vectors), masks[0], masks[1])


def _collect(graph: KnowledgeGraph, name: str, items: dict[str, Any]) -> Keys:
    """Put the pictures or texts of a graph into ``items`` by content hash; return each entity's hash."""
    keys: Keys = []
    if name == "image":
        for path in graph.images:
            keys.append(None if path is None else image_key(path))
            if path is not None:
                items.setdefault(str(keys[-1]), path)
        return keys
    for text in TEXTS[name](graph):
        keys.append(content_hash(text) if text else None)
        if text:
            items.setdefault(str(keys[-1]), text)
    return keys


def _rows(keys: Keys, vectors: Mapping[str, FloatArray]) -> FloatArray:
    """One row per entity, zero where it has no key."""
    dim = len(next(iter(vectors.values())))
    rows = np.zeros((len(keys), dim), dtype=np.float32)
    for row, key in enumerate(keys):
        if key is not None:
            rows[row] = vectors[key]
    return rows


def _require_some(task: AlignmentTask, name: str, left: BoolArray, right: BoolArray) -> None:
    """Raise unless each side has the modality at all."""
    empty = [graph.name for graph, mask in ((task.left, left), (task.right, right)) if not mask.any()]
    if empty:
        raise DataError(
            f"task {task.name!r}: no entity of graph {' or '.join(map(repr, empty))} has modality {name!r}",
            remedy="leave this modality out",
        )
