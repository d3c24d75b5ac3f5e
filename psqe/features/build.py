"""From a task to its features: one array per modality and side, everything encoded once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.features.base import Features, Modality
from psqe.features.cache import VectorCache, default_cache_dir
from psqe.features.encoder_registry import (
    PICTURES,
    ItemEncoder,
    TaskEncoder,
    encode_all,
    encoders_for,
    make_encoder,
)
from psqe.features.image import image_key
from psqe.features.languages import unread_texts
from psqe.features.relations import label_vectors
from psqe.features.text import texts_of
from psqe.files import content_hash
from psqe.graph import AlignmentTask, BoolArray, FloatArray, KnowledgeGraph, Sides, Vectors

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

    Vectors are the outputs of the encoders: neither centred nor, in general, of unit length; centring and
    scaling happen where vectors are compared (:mod:`psqe.features.fusion`). Entities without a picture, a
    text or a vector get a row of zeros and are marked absent; nothing is filled in.

    Parameters
    ----------
    task
        The two graphs. Gold links are not read.
    modalities
        Any of ``image``, what a picture shows; ``layout``, where in the picture it is; ``name``, the surface
        form; ``translated_name``, the machine-translated one, which is never mixed with the other;
        ``attribute``, the attribute values or, for an entity without values, the attribute labels;
        ``number``, the numbers and dates among the attribute values, whatever the attributes are called;
        ``relation``, the relations around an entity; any modality that an encoder of another distribution
        serves; and any that the data brought vectors of.
    encoders
        Name of the encoder by modality, see :func:`psqe.features.encoder_registry.encoder_choices`. A
        modality that is not named here uses the vectors that came with the data
        (``KnowledgeGraph.vectors``) where there are any, else its encoder of
        :data:`psqe.features.encoder_registry.DEFAULT_ENCODERS`.
    cache_dir
        Folder of the cache; by default a folder under ``PSQE_CACHE`` or the user's cache folder. Vectors
        are found again by the content of the picture or text, in whatever task it appears.
    cache
        Whether to use the cache. With ``False`` everything is encoded anew, and nothing is kept.
    progress
        ``True`` or ``False`` to show or hide progress bars; ``None`` shows them on a terminal only.

    Returns
    -------
    Features
        The modalities, in the order asked for.

    Raises
    ------
    ParameterError
        If a modality or an encoder is unknown, named twice, or given for a modality not asked for.
    DataError
        If a side has nothing in a modality, an image is missing or cannot be read, or vectors that came with
        the data exist for one side only or differ in width.
    CacheError
        If a cache file is broken or the cache folder cannot be written.

    Warns
    -----
    PsqeWarning
        If the two sides share no label that a bag counts, vectors that came with the data are all zero, or
        texts are in a language or a script that their encoder does not know; the last is said once for each
        graph and encoder (:mod:`psqe.features.languages`).
    """
    names = (modalities,) if isinstance(modalities, str) else tuple(modalities)
    if len(set(names)) != len(names):
        raise ParameterError(f"a modality is named twice: {', '.join(names)}")
    choices = encoders_of(task, names, encoders or {})
    made = {name: make_encoder(name, choice) for name, choice in choices.items() if choice is not None}
    for sentence in unread_texts(task, choices):
        warnings.warn(sentence, PsqeWarning, stacklevel=2)
    root = (default_cache_dir() if cache_dir is None else Path(cache_dir)) if cache else None
    built: dict[str, Modality] = {}
    # Fast encoders come before slow ones, so that their errors are raised first.
    for name in sorted(names, key=lambda name: isinstance(made.get(name), ItemEncoder)):
        encoder = made.get(name)
        if encoder is None:
            built[name] = _given(task, name)
        elif isinstance(encoder, TaskEncoder):
            built[name] = encoder.encode_task(task)
        elif isinstance(encoder, ItemEncoder):
            built[name] = _encode_items(task, encoder, root, progress)
        else:
            raise TypeError(f"encoder {choices[name]!r} is neither a TaskEncoder nor an ItemEncoder")
        _require_some(task, name, built[name].map(lambda vectors: vectors.present))
    return Features({name: built[name] for name in names}, task.sides.map(lambda graph: graph.entities))


def encoders_of(
    task: AlignmentTask, modalities: Sequence[str], encoders: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the name of the encoder of each modality; ``None`` means the vectors that came with the data.

    Parameters
    ----------
    task
        The two graphs.
    modalities
        Names of the modalities.
    encoders
        Encoders that were chosen, by modality.

    Raises
    ------
    ParameterError
        If an encoder is given for a modality that is not asked for, or a modality is unknown.
    """
    given = task.left.vectors.keys() | task.right.vectors.keys()
    for name in encoders:
        if name not in modalities:
            if name not in given:
                encoders_for(name)  # raises an error that lists the modalities where there is no such one
            raise ParameterError(
                f"an encoder is given for modality {name!r}, which is not asked for: entities are compared "
                f"by {', '.join(modalities)}",
                remedy="leave the encoder out or, if both sides have the modality, add it (--modalities "
                f"{','.join((*modalities, name))})",
            )
    chosen: dict[str, str | None] = {}
    for name in modalities:
        if name in given and name not in encoders:
            chosen[name] = None
        else:
            chosen[name] = encoders.get(name, encoders_for(name)[0])
    return chosen


def _given(task: AlignmentTask, name: str) -> Modality:
    """Return the vectors that came with the data; rows of zeros count as absent."""
    sides: list[Vectors] = []
    for graph in task.sides:
        if name not in graph.vectors:
            raise DataError(
                f"task {task.name!r}: vectors of modality {name!r} came for one side only, "
                f"and graph {graph.name!r} has none",
                remedy="add them, or choose an encoder that makes those of both sides",
            )
        vectors = graph.vectors[name]
        rows = vectors.values
        present = vectors.present & rows.any(axis=1)
        n_empty = int((vectors.present & ~present).sum())
        if n_empty:
            warnings.warn(
                f"graph {graph.name!r}: {n_empty} {name} vectors are all zero and count as missing",
                PsqeWarning,
                stacklevel=3,
            )
        values = np.where(present[:, None], rows, 0).astype(np.float32)
        sides.append(Vectors(values, present))
    left, right = (vectors.width for vectors in sides)
    if left != right:
        raise DataError(
            f"task {task.name!r}: vectors of modality {name!r} that came with the data have {left} "
            f"dimensions on the left and {right} on the right",
            remedy="give both sides vectors of one encoder",
        )
    return Modality(*sides)


def _encode_items(
    task: AlignmentTask, encoder: ItemEncoder, root: Path | None, progress: bool | None
) -> Modality:
    """Encode the pictures or texts of a modality. The texts of relations are summed up by entity."""
    name = encoder.modality
    items: dict[str, Any] = {}
    contents: Sides[Any] = task.sides.map(_images) if name in PICTURES else texts_of(task, name)
    keys = contents.map(lambda side: _collected(side, name, items))
    masks = keys.map(lambda side: np.array([key is not None for key in side], dtype=bool))
    _require_some(task, name, masks)
    cache = None if root is None else VectorCache(root, encoder.name, encoder.version)
    vectors = encode_all(encoder, items, cache, label=f"{name} ({encoder.name})", progress=progress)
    rows = keys.map(lambda side: _rows(side, vectors))
    if name == "relation":
        return Modality.from_arrays(*task.sides.map(label_vectors, rows))
    return Modality(*rows.map(Vectors, masks))


def _images(graph: KnowledgeGraph) -> Sequence[Path | None]:
    return graph.images


def _collected(contents: Sequence[Any], modality: str, items: dict[str, Any]) -> Keys:
    """Put the pictures or texts of a side into ``items`` by content hash; return the hash of each."""
    keys: Keys = []
    for item in contents:
        key = None if not item else image_key(item) if modality in PICTURES else content_hash(item)
        if key is not None:
            items.setdefault(key, item)
        keys.append(key)
    return keys


def _rows(keys: Keys, vectors: Mapping[str, FloatArray]) -> FloatArray:
    """Return one row per key, zero where there is no key."""
    dim = len(next(iter(vectors.values())))
    rows = np.zeros((len(keys), dim), dtype=np.float32)
    for row, key in enumerate(keys):
        if key is not None:
            rows[row] = vectors[key]
    return rows


def _require_some(task: AlignmentTask, modality: str, present: Sides[BoolArray]) -> None:
    """Raise :class:`DataError` unless each side has the modality at all."""
    empty = [graph.name for graph, mask in zip(task.sides, present, strict=True) if not mask.any()]
    if empty:
        raise DataError(
            f"task {task.name!r}: no entity of graph {' or '.join(map(repr, empty))} has modality "
            f"{modality!r}",
            remedy="leave this modality out",
        )
