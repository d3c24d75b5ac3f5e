"""From a task to its features: one array per modality and side, everything encoded once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.features.base import Features, Modality
from psqe.features.cache import VectorCache, default_cache_dir
from psqe.features.encoders import BIGRAM, BINS, CHOICES, PROFILE, Encoder, encode_all, make_encoder
from psqe.features.image import image_key
from psqe.features.text import attribute_texts, name_texts, readable, translation_texts
from psqe.files import content_hash
from psqe.graph import AlignmentTask, BoolArray, FloatArray, KnowledgeGraph, Vectors

TEXTS: dict[str, Callable[[KnowledgeGraph], list[str]]] = {
    "name": name_texts,
    "translated_name": translation_texts,
    "attribute": attribute_texts,
}
"""What a text encoder and bigrams read for each modality."""

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
    to where they are compared (:mod:`psqe.features.fusion`). Entities without a picture, a text
    or a vector get a row of zeros and are marked absent; nothing is filled in.

    Parameters
    ----------
    task
        The two graphs. Gold links are not read.
    modalities
        Any of ``image``; ``name``, the surface form; ``translated_name``, the machine-translated one, never
        mixed with the other; ``attribute``, the attribute values or, for who has none, the attribute labels;
        ``number``, the numbers and dates among the attribute values, whatever the attributes are called;
        ``relation``, the relations around an entity; and any modality that the data brought vectors of.
    encoders
        Which encoder to use for a modality, see :data:`psqe.features.encoders.CHOICES`. When omitted, vectors
        that came with the data (``KnowledgeGraph.vectors``) where there are any, else ``efficientnet-lite0``
        for images, ``use-m3`` for names and attributes, ``bins`` for numbers, ``bag`` for relations.
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
        If a side has nothing in a modality, an image is missing or cannot be read, or vectors that came with
        the data are there for one side only or are of unlike width.
    CacheError
        If a cache file is broken or the cache folder cannot be written.

    Warns
    -----
    PsqeWarning
        If the two sides share no label of a bag, or vectors that came with the data are all zero.
    """
    names = (modalities,) if isinstance(modalities, str) else tuple(modalities)
    if len(set(names)) != len(names):
        raise ParameterError(f"a modality is named twice: {', '.join(names)}")
    choices = encoders_of(task, names, encoders or {})
    made = {name: make_encoder(name, choice) for name, choice in choices.items() if choice is not None}
    root = (default_cache_dir() if cache_dir is None else Path(cache_dir)) if cache else None
    found: dict[str, Modality] = {}
    for name, choice in choices.items():  # what takes seconds before what takes minutes
        if made.get(name) is None:
            found[name] = _given(task, name) if choice is None else _count(task, name, choice)
            _require_some(task, name, found[name].left.present, found[name].right.present)
    for name, encoder in made.items():
        if encoder is not None:
            encode = _encode_relations if name == "relation" else _encode
            found[name] = encode(task, name, encoder, root, progress)
    return Features({name: found[name] for name in names})


def encoders_of(
    task: AlignmentTask, names: Sequence[str], encoders: Mapping[str, str]
) -> dict[str, str | None]:
    """The encoder of each modality by name, ``None`` for vectors that came with the data.

    Raises
    ------
    ParameterError
        If an encoder is given for a modality that is not asked for.
    """
    for name in encoders:
        if name not in names:
            raise ParameterError(
                f"an encoder is given for modality {name!r}, which is not asked for",
                remedy=f"the modalities asked for are {', '.join(names)}",
            )
    came = task.left.vectors.keys() | task.right.vectors.keys()
    default = {name: CHOICES[name][0] if name in CHOICES else "" for name in names}
    return {name: encoders.get(name, None if name in came else default[name]) for name in names}


def _given(task: AlignmentTask, name: str) -> Modality:
    """The vectors that came with the data, without rows of zeros."""
    sides: list[Vectors] = []
    for graph in task.sides:
        if name not in graph.vectors:
            raise DataError(
                f"task {task.name!r}: vectors of modality {name!r} came with one side only, "
                f"and graph {graph.name!r} has none",
                remedy="add them, or choose an encoder that makes those of both sides",
            )
        vectors = graph.vectors[name]
        present = vectors.present & vectors.values.any(axis=1)
        n_empty = int((vectors.present & ~present).sum())
        if n_empty:
            warnings.warn(
                f"graph {graph.name!r}: {n_empty} {name} vectors are all zero and count as missing",
                PsqeWarning,
                stacklevel=3,
            )
        values = np.where(present[:, None], vectors.values, 0).astype(np.float32)
        sides.append(Vectors(values, present))
    left, right = (own.values.shape[1] for own in sides)
    if left != right:
        raise DataError(
            f"task {task.name!r}: vectors of modality {name!r} that came with the data have {left} "
            f"dimensions on the left and {right} on the right",
            remedy="give both sides vectors of one encoder",
        )
    return Modality(*sides)


def _count(task: AlignmentTask, name: str, choice: str) -> Modality:
    """A count over both graphs, see :data:`psqe.features.encoders.COUNTS`."""
    if choice == BIGRAM:
        from psqe.features.bigrams import bigram_modality

        return bigram_modality(task, name, (TEXTS[name](task.left), TEXTS[name](task.right)))
    if choice == BINS:
        from psqe.features.numbers import number_modality

        return number_modality(task)
    if choice == PROFILE:
        from psqe.features.profiles import profile_modality

        return profile_modality(task)
    from psqe.features.bags import bag_modality

    return bag_modality(task, name)


def _encode(
    task: AlignmentTask, name: str, encoder: Encoder[Any], root: Path | None, progress: bool | None
) -> Modality:
    items: dict[str, Any] = {}
    sides = [_collect(graph, name, items) for graph in (task.left, task.right)]
    masks = [np.array([key is not None for key in keys], dtype=bool) for keys in sides]
    _require_some(task, name, *masks)
    vectors = _vectors(encoder, items, name, root, progress)
    return Modality(*(Vectors(_rows(keys, vectors), mask) for keys, mask in zip(sides, masks, strict=True)))


def _vectors(
    encoder: Encoder[Any], items: Mapping[str, Any], name: str, root: Path | None, progress: bool | None
) -> dict[str, FloatArray]:
    """The vector of each item, from the cache where it has it."""
    cache = None if root is None else VectorCache(root, encoder.name, encoder.version)
    return encode_all(encoder, items, cache, label=f"{name} ({encoder.name})", progress=progress)


def _collect(graph: KnowledgeGraph, name: str, items: dict[str, Any]) -> Keys:
    """Put the pictures or texts of a graph into ``items`` by content hash; return each entity's hash."""
    keys: Keys = []
    if name == "image":
        for path in graph.images:
            keys.append(None if path is None else image_key(path))
            if path is not None:
                items.setdefault(str(keys[-1]), path)
        return keys
    return _text_keys(TEXTS[name](graph), items)


def _text_keys(texts: Iterable[str], items: dict[str, Any]) -> Keys:
    """Put texts into ``items`` by content hash; return each one's hash, ``None`` for an empty one."""
    keys: Keys = []
    for text in texts:
        keys.append(content_hash(text) if text else None)
        if text:
            items.setdefault(str(keys[-1]), text)
    return keys


def _encode_relations(
    task: AlignmentTask, name: str, encoder: Encoder[Any], root: Path | None, progress: bool | None
) -> Modality:
    """Relations by the words of their labels, see :mod:`psqe.features.relations`."""
    from psqe.features.relations import label_vectors

    items: dict[str, Any] = {}
    masks = [graph.degree() > 0 for graph in (task.left, task.right)]
    _require_some(task, name, *masks)
    keys = [_text_keys(map(readable, graph.relations), items) for graph in (task.left, task.right)]
    vectors = _vectors(encoder, items, name, root, progress)
    sides = [
        label_vectors(graph, _rows(own, vectors))
        for graph, own in zip((task.left, task.right), keys, strict=True)
    ]
    return Modality.from_arrays(sides[0], sides[1])


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
