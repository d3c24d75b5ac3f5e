"""Both graphs as one alignment task: dangling entities, shuffled order, gold links."""

from __future__ import annotations

import warnings

import numpy as np

from psqe.datasets.builder import shuffled_task
from psqe.datasets.dangling import draw_dangling
from psqe.datasets.emoji.left import left_graph
from psqe.datasets.emoji.right import right_graph
from psqe.datasets.emoji.tables import languages, read_artists
from psqe.datasets.emoji.unicode import read_emoji
from psqe.errors import ParameterError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph

PREFIX = "emoji"
DESCRIPTION = "Emoji: drawn by Twitter and described in one language; drawn by OpenMoji, described in another"
DANGLING = 0.125
"""Default share of the emoji that each side drops."""


def names() -> tuple[str, ...]:
    """Return the tasks with English on the left, French first. Any two languages make a task."""
    others = [code for code in languages() if code not in ("en", "fr")]
    return tuple(f"{PREFIX}/en-{code}" for code in ("fr", *others))


def load(name: str, *, random_state: int, dangling: float | None, tones: bool) -> AlignmentTask:
    """Build the task ``emoji/<left language>-<right language>``.

    Parameters
    ----------
    name
        Name such as ``emoji/en-fr``.
    random_state
        Not negative. It decides which emoji are dropped, and the order of the right entities and of
        the links.
    dangling
        Share of the emoji dropped from each side, in [0, 0.5); the two sides drop different emoji.
        ``None`` means :data:`DANGLING`.
    tones
        Whether variants with skin tones are entities too.

    Returns
    -------
    AlignmentTask
        The candidates are the emoji. Links are in random order. ``names`` are Unicode's short names,
        ``attributes`` the keywords of an emoji and the label of any other node that has a text.
        ``parameters["drawn_by"]`` records whether the optional table of artists was found
        (:func:`psqe.datasets.emoji.tables.read_artists`).

    Raises
    ------
    ParameterError
        If a language has no table or ``dangling`` is out of range.
    DataError
        If an installed package lacks its data.

    Warns
    -----
    PsqeWarning
        If emoji have no picture; they stay in the task without a picture.
    """
    left_language, right_language = languages_of(name)
    dangling = DANGLING if dangling is None else dangling
    emoji = tuple(e for e in read_emoji() if tones or not e.tones)
    rng = np.random.default_rng(random_state)
    both, only_left, only_right = draw_dangling(len(emoji), dangling, rng)
    left, right = left_graph(left_language, emoji), right_graph(right_language, emoji)
    for graph in (left, right):
        _warn_of_missing_images(graph)

    parameters = {
        "random_state": random_state,
        "dangling": dangling,
        "tones": tones,
        "drawn_by": read_artists() is not None,
    }
    return shuffled_task(
        f"{PREFIX}/{left_language}-{right_language}", left, right, np.column_stack([both, both]), rng,
        parameters=parameters, left_dropped=only_right, right_dropped=only_left, shuffles_left=False,
    )  # fmt: skip


def languages_of(name: str) -> tuple[str, str]:
    """Return the two languages in the name of a task; a code may contain a hyphen (``zh-Hant``).

    Parameters
    ----------
    name
        Name such as ``emoji/en-fr``.

    Raises
    ------
    ParameterError
        If it does not name two languages that have tables.

    Examples
    --------
    >>> languages_of("emoji/en-fr")
    ('en', 'fr')
    """
    known = languages()
    pair = name.partition("/")[2]
    cuts = [i for i, character in enumerate(pair) if character == "-"]
    for cut in cuts:
        if pair[:cut] in known and pair[cut + 1 :] in known:
            return pair[:cut], pair[cut + 1 :]
    unknown = [code for code in pair.split("-", 1) if code not in known]
    what = f"unknown language {unknown[0]!r} in {name!r}" if cuts else f"{name!r} does not name two languages"
    raise ParameterError(what, remedy=f"write {PREFIX}/<left>-<right> with languages from {', '.join(known)}")


def _warn_of_missing_images(graph: KnowledgeGraph) -> None:
    missing = [graph.entities[i] for i in graph.candidates if graph.images[i] is None]
    if missing:
        warnings.warn(
            f"graph {graph.name!r}: {len(missing)} emoji have no picture, the first is {missing[0]}",
            PsqeWarning,
            stacklevel=4,
        )
