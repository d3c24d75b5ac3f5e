"""What can be chosen for an export."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psqe.errors import ParameterError
from psqe.graph import AlignmentTask, IntArray


class Seeds(Protocol):
    """Seeds that an export writes with a task; :class:`psqe.seeds.SeedSet` has these members."""

    @property
    def pairs(self) -> IntArray:
        """The seeds ``(n, 2)``: left and right entity, as indices into the task's graphs."""
        ...

    def save_tsv(self, path: Path, task: AlignmentTask) -> None:
        """Write the seeds as a table of identifiers."""
        ...

    def save_npy(self, path: Path, task: AlignmentTask) -> None:
        """Write the seeds as an array of the integer ids of the task."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A task on its way into a layout.

    Parameters
    ----------
    task
        The task as it can be read from the layout: without entities that the layout cannot hold.
    named
        All entities of the task that was given, in its order, with their identifiers and ids as the layout
        writes them. Seeds are indices into these.

    Examples
    --------
    >>> from psqe.graph import KnowledgeGraph
    >>> graph = KnowledgeGraph("g", ("rome",), (), [])
    >>> task = AlignmentTask("t", graph, graph)
    >>> Prepared(task, task).named.left.entities
    ('rome',)
    """

    task: AlignmentTask
    named: AlignmentTask


@dataclass(frozen=True)
class ExportOptions:
    """Seeds to write with a task, and what can be chosen for an export.

    Parameters
    ----------
    seeds
        Seeds of the task, which are written in the form that the users of the layout read; ``None``, the
        default, for none.
    random_state
        Not negative. It decides which gold links are in which split; 0 by default.
    pair
        For the layout ``eva`` only: the name of the pair, such as ``fr_en``. The folder then becomes the
        folder ``data`` that the code of EVA, MCLEA and MEAformer reads: the pair is in ``DBP15K/<pair>``, and
        the vectors of images are in ``pkls``. With ``None``, the default, the folder holds the pair itself.
    attribute_values
        For the layout ``eva`` only: whether ``training_attrs`` lists attributes with their values,
        ``population=544851``, instead of attributes alone, which is the default.

    Examples
    --------
    >>> ExportOptions(pair="fr_en").check("eva", {"pair", "attribute_values"})
    """

    seeds: Seeds | None = None
    random_state: int = 0
    pair: str | None = None
    attribute_values: bool = False

    def check(self, layout: str, known: Set[str]) -> None:
        """Check the options for a layout that knows the options ``known``, besides those of all layouts.

        Raises
        ------
        ParameterError
            If the layout does not have an option that is given, or a value is impossible.
        """
        for name, value in (("pair", self.pair), ("attribute_values", self.attribute_values)):
            if value and name not in known:
                raise ParameterError(
                    f"the layout {layout} has no option {name.replace('_', '-')}",
                    remedy="leave it out, or write the layout eva",
                )
        if self.random_state < 0:
            raise ParameterError(
                f"random_state is {self.random_state}", remedy="give an integer of at least 0"
            )
        if self.pair is not None and not re.fullmatch(r"\w[\w.-]{0,99}", self.pair):
            raise ParameterError(
                f"the pair {self.pair!r} is no name of a folder",
                remedy="write letters, digits, _, - and . only, as in fr_en",
            )
