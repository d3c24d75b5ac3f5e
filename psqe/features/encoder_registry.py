"""Encoders: their two kinds, their names, and the cached encoding of items.

An encoder makes the vectors of one modality. There are two kinds: a :class:`TaskEncoder` counts over both
graphs of a task together, as a bag of words does; an :class:`ItemEncoder` turns one picture or text after the
other into a vector, whatever task it belongs to, so that its vectors are kept in a cache.

To add an encoder, write one module with one subclass of either class into :mod:`psqe.features.encoders`, or
name such a class in the entry points ``psqe.encoders`` of another distribution.
"""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

import numpy as np

from psqe.errors import CacheError, DataError, ParameterError, PsqeWarning
from psqe.features.base import Modality
from psqe.features.cache import VectorCache
from psqe.graph import AlignmentTask, FloatArray
from psqe.registry import Registry

DEFAULT_ENCODERS = {
    "image": "efficientnet-lite0",
    "layout": "efficientnet-lite0-grid",
    "name": "use-m3",
    "translated_name": "use-m3",
    "attribute": "use-m3",
    "number": "bins",
    "relation": "bag",
}
"""The modalities of a knowledge graph, and the encoder that each has unless another is asked for."""

MODALITIES = {
    "image": "What the picture of an entity shows.",
    "layout": "Where in the picture of an entity things are.",
    "name": "The name of an entity, its surface form.",
    "translated_name": "The machine-translated name of an entity, which is never mixed with the other name.",
    "attribute": "The values of the attributes of an entity or, where it has none, their labels.",
    "number": "The numbers and dates among the values of the attributes, whatever the attributes are called.",
    "relation": "The relations around an entity.",
}
"""What each modality of :data:`DEFAULT_ENCODERS` compares entities by, in a sentence."""

PICTURES = ("image", "layout")
"""The modalities that encoders make of pictures: what they show, and where in the picture it is."""


class Encoder(ABC):
    """The base of both kinds of encoders, :class:`TaskEncoder` and :class:`ItemEncoder`.

    Parameters
    ----------
    modality
        Name of the modality to encode, one of :attr:`modalities`.
    argument
        What follows the colon in the encoder's name, as ``MODEL`` in ``hf:MODEL``; empty for an encoder
        whose name has no colon.

    Attributes
    ----------
    name
        Name of the encoder.
    modalities
        Names of the modalities that the encoder serves.
    argument_name
        Name of the argument, for messages; empty, the default, for an encoder without an argument.
    languages
        Codes of the languages (ISO 639-1, such as ``"en"``) that the encoder knows; texts in other languages
        cause a warning (:mod:`psqe.features.languages`). ``None``, the default, for an encoder that reads no
        words, or where the languages of its model are not known.

    Examples
    --------
    >>> make_encoder("relation", "bag").modalities
    ('relation', 'attribute')
    """

    name: str
    modalities: ClassVar[tuple[str, ...]]
    argument_name: ClassVar[str] = ""
    languages: ClassVar[AbstractSet[str] | None] = None

    def __init__(self, modality: str, argument: str = "") -> None:
        self.modality = modality
        self.argument = argument


class TaskEncoder(Encoder):
    """An encoder that makes the vectors of a modality from both graphs of a task together.

    Nothing is cached, since a vector depends on all entities of the task.

    Examples
    --------
    >>> class DegreeEncoder(TaskEncoder):
    ...     name = "degree"
    ...     modalities = ("relation",)
    ...
    ...     def encode_task(self, task):
    ...         degrees = task.sides.map(lambda graph: graph.degree()[:, None].astype(np.float32))
    ...         return Modality.from_arrays(*degrees)
    """

    @abstractmethod
    def encode_task(self, task: AlignmentTask) -> Modality:
        """Return the vectors of all entities of ``task``; entities without the modality are absent."""


class ItemEncoder(Encoder):
    """An encoder that turns pictures (paths) or texts (strings) into vectors, each one by itself.

    It reads the pictures of entities in the modalities of :data:`PICTURES`, and the texts of
    :data:`psqe.features.text.TEXTS` in the others; it cannot serve any other modality.

    Attributes
    ----------
    version
        Version of the encoder, which changes whenever a vector would: vectors are cached by it.
    batch_size
        Largest number of items that :meth:`encode` takes.

    Examples
    --------
    >>> class LengthEncoder(ItemEncoder):
    ...     name, version, batch_size = "length", "1", 1024
    ...     modalities = ("name",)
    ...
    ...     def encode(self, items):
    ...         return np.array([[len(text)] for text in items], dtype=np.float32)
    >>> LengthEncoder("name").encode(["Rome", "Naples"]).tolist()
    [[4.0], [6.0]]
    """

    version: str
    batch_size: int

    @abstractmethod
    def encode(self, items: Sequence[Any]) -> FloatArray:
        """Encode at most ``batch_size`` items: float32 ``(n, d)``. A row depends on its item only."""


SAVE_EVERY_S = 60.0
"""Seconds of encoding after which the vectors that are finished are added to the cache."""

ENCODERS: Registry[type[Encoder]] = Registry(
    "encoder",
    "psqe.features.encoders",
    "psqe.encoders",
    "psqe.features.encoder_registry:Encoder",
)
"""Every encoder by name: the modules of :mod:`psqe.features.encoders`, and entry points ``psqe.encoders``."""


def encoder_choices() -> dict[str, tuple[str, ...]]:
    """Return the names of the encoders of each modality, the default one first.

    Examples
    --------
    >>> encoder_choices()["image"]
    ('efficientnet-lite0', 'hf:<model>', 'pixels')
    """
    choices = {modality: [default] for modality, default in DEFAULT_ENCODERS.items()}
    for name, encoder in ENCODERS.usable().items():
        shown = f"{name}:<{encoder.argument_name}>" if encoder.argument_name else name
        for modality in encoder.modalities:
            if shown not in choices.setdefault(modality, []):
                choices[modality].append(shown)
    return {modality: tuple(names) for modality, names in choices.items()}


def encoders_for(modality: str) -> tuple[str, ...]:
    """Return the names of the encoders of one modality, the default one first.

    Raises
    ------
    ParameterError
        If there is no such modality.
    """
    choices = encoder_choices()
    if modality not in choices:
        raise ParameterError(f"unknown modality {modality!r}", remedy=f"choose from {', '.join(choices)}")
    return choices[modality]


def make_encoder(modality: str, name: str) -> Encoder:
    """Return an encoder for a modality. No weights are loaded yet.

    Parameters
    ----------
    modality
        Name of the modality.
    name
        Name of the encoder, with its argument after a colon if it has one.

    Raises
    ------
    ParameterError
        If there is no such modality, or the modality has no such encoder.
    """
    base, colon, argument = name.partition(":")
    encoder = ENCODERS.get(base)  # before the others are loaded, for the error of this one says more
    choices = encoders_for(modality)
    if (
        encoder is None
        or modality not in encoder.modalities
        or not (argument if encoder.argument_name else not colon)
    ):
        raise ParameterError(
            f"modality {modality!r} has no encoder {name!r}", remedy=f"choose from {', '.join(choices)}"
        )
    return encoder(modality, argument)


def encode_all(
    encoder: ItemEncoder,
    items: Mapping[str, Any],
    cache: VectorCache | None,
    *,
    label: str,
    progress: bool | None = None,
) -> dict[str, FloatArray]:
    """Encode the items that the cache does not have, and add them to the cache.

    Items are taken in the order of their keys, so the result does not depend on the order of the
    entities. When encoding breaks off, the vectors that are finished are kept. Because a process that is
    killed can keep nothing, they are added to the cache every :data:`SAVE_EVERY_S` seconds, too.

    Parameters
    ----------
    encoder
        The encoder. It is not called, and its weights are not loaded, if the cache has every item.
    items
        Pictures or texts by content hash.
    cache
        Cache to read from and to write to; ``None`` for no cache.
    label
        Text before the progress bar.
    progress
        ``True`` or ``False`` to show or hide the bar; ``None`` shows it on a terminal only.

    Returns
    -------
    dict
        One vector ``(d,)`` for each key of ``items``.

    Raises
    ------
    CacheError
        If the cache is broken, or its folder cannot be written before anything is encoded.
    DataError
        If an item cannot be read, or its vector is not finite.

    Warns
    -----
    PsqeWarning
        If the vectors that were encoded cannot be saved, because the disk is full for example.
    """
    known = cache.lookup(items) if cache else {}
    missing = sorted(items.keys() - known.keys())
    if not missing:
        return known
    if cache:
        cache.require_writable()  # before the work, not after it
    from tqdm import tqdm

    hidden = None if progress is None else not progress  # None: hidden unless on a terminal
    new: dict[str, FloatArray] = {}
    unsaved: dict[str, FloatArray] = {}
    saved, failed = time.monotonic(), False
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
                found = dict(zip(keys, vectors, strict=True))
                new |= found
                unsaved |= found
                bar.update(len(keys))
                if cache and time.monotonic() - saved >= SAVE_EVERY_S:
                    failed = not _saved(cache, unsaved, tell=not failed)
                    saved = time.monotonic()
    finally:
        if cache:
            _saved(cache, unsaved, tell=not failed)
    return known | new


def _saved(cache: VectorCache, vectors: dict[str, FloatArray], *, tell: bool) -> bool:
    """Move vectors into the cache; where that fails, they stay where they are, and the result is false.

    With ``tell``, a warning says why.
    """
    try:
        cache.add(vectors)
    except CacheError as error:  # the vectors are there; only a later run has to encode them again
        if tell:
            warnings.warn(str(error), PsqeWarning, stacklevel=3)
        return False
    vectors.clear()
    return True
