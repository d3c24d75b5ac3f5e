"""A remedy for a leak of benchmarks: entities that have attributes are those that have a counterpart.

In DBP15K only linked entities carry attributes. A model that reads attributes there learns which entities are
dangling, which the data of a user would not reveal. :func:`psqe.datasets.info.attribute_shares` measures this
leak; :func:`hide_presence` closes it.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from psqe.datasets.content_order import in_content_order
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Side


def hide_presence(task: AlignmentTask, random_state: int = 0) -> AlignmentTask:
    """Give every candidate without attributes those of a random candidate of its side.

    Afterwards every candidate has attributes, so that having them reveals nothing. The draws of the two sides
    are independent, gold links are not read, and a draw does not depend on the order of the entities or their
    ids. The attributes are made up (hot-deck imputation). Results must say so, and
    ``parameters["hide_presence"]`` does. Some of these entities can still be recognised by having exactly the
    attributes of another one.

    Parameters
    ----------
    task
        A task of which both sides have attributes.
    random_state
        Not negative. It decides whose attributes each entity receives.

    Returns
    -------
    AlignmentTask
        The task with other attributes and ``parameters``, and otherwise unchanged.

    Raises
    ------
    ParameterError
        If ``random_state`` is negative.
    DataError
        If no candidate of a side has attributes.

    Warns
    -----
    PsqeWarning
        If any entities were given attributes; the message says how many on each side.
    """
    if random_state < 0:
        raise ParameterError(f"random_state is {random_state}", remedy="give an integer of at least 0")
    left, n_left = _filled(task.left, "left", random_state)
    right, n_right = _filled(task.right, "right", random_state)
    if n_left or n_right:
        warnings.warn(
            f"task {task.name!r}: {n_left} left and {n_right} right entities without attributes were given "
            "those of a random other entity of their side, to hide which have any",
            PsqeWarning,
            stacklevel=2,
        )
    parameters = {**task.parameters, "hide_presence": True}
    return replace(task, left=left, right=right, parameters=parameters)


def _filled(graph: KnowledgeGraph, side: Side, random_state: int) -> tuple[KnowledgeGraph, int]:
    """Return the graph with attributes for every candidate, and the number of those that were given some."""
    candidates = graph.candidates.tolist()
    donors = sorted((graph.attributes[i] for i in candidates if graph.attributes[i]), key=repr)
    takers = [i for i in candidates if not graph.attributes[i]]
    if not donors:
        raise DataError(
            f"no candidate of graph {graph.name!r} has attributes, so there is nothing to hide",
            remedy="leave hide_presence out",
        )
    draws = np.random.default_rng([random_state, SIDES.index(side)])
    attributes = list(graph.attributes)
    for taker, donor in zip(
        in_content_order(graph, takers), draws.integers(len(donors), size=len(takers)), strict=True
    ):
        attributes[taker] = donors[donor]
    return replace(graph, attributes=tuple(attributes)), len(takers)
