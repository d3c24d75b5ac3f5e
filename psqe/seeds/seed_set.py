"""Seed sets: the pairs that a miner found, with their scores, their confidence and what each stage did."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psqe.datasets.own_outputs import SEED_COLUMNS, check_tabs
from psqe.errors import DataError, PsqeWarning
from psqe.files import atomic_path, write_tsv
from psqe.graph import SIDES, AlignmentTask, BoolArray, FloatArray, IntArray, counted
from psqe.seeds.seed_files import read_npy, read_tsv
from psqe.whole_numbers import whole_numbers


def named_pairs(task: AlignmentTask, pairs: IntArray) -> pd.DataFrame:
    """Return pairs of entities as a frame.

    Parameters
    ----------
    task
        The two graphs.
    pairs
        Integer array ``(n, 2)``: left and right entity of each pair.

    Returns
    -------
    pandas.DataFrame
        Columns ``left`` and ``right`` (identifiers), ``left_name`` and ``right_name`` (``None`` where an
        entity has no name), one row for each pair.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> list(named_pairs(planted_pair(30)[0], np.array([[0, 1]])).columns)
    ['left', 'right', 'left_name', 'right_name']
    """
    columns: dict[str, list[str | None]] = {}
    for column, graph in enumerate(task.sides):
        columns[SIDES[column]] = [graph.entities[i] for i in pairs[:, column].tolist()]
    for column, graph in enumerate(task.sides):
        columns[f"{SIDES[column]}_name"] = [graph.names[i] for i in pairs[:, column].tolist()]
    return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class StageTrace:
    """What one stage of a miner did.

    Parameters
    ----------
    stage
        Name of the stage.
    added, dropped
        Pairs that the stage added, and pairs of earlier stages that it dropped, ``(n, 2)`` each.
    pairs
        The seeds after the stage, ``(n, 2)``.
    why_added, why_dropped
        The reason for each pair added and dropped.
    confidence
        Label-free estimate of the probability that each of ``pairs`` is correct ``(n,)``, see
        :func:`psqe.seeds.seed_confidence`.
    note
        A short description of the rule that chose the pairs.
    seconds
        Wall-clock seconds of the stage.
    peak_mb
        Largest resident memory of the process until the stage was done, in MiB.
    """

    stage: str
    added: IntArray
    dropped: IntArray
    pairs: IntArray
    why_added: tuple[str, ...] = ()
    why_dropped: tuple[str, ...] = ()
    confidence: FloatArray | None = None
    note: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0

    @classmethod
    def from_single_stage(cls, stage: str, pairs: IntArray, *, why: str, note: str) -> StageTrace:
        """Describe a stage that starts from nothing and adds all of ``pairs (n, 2)`` for one reason."""
        return cls(stage, pairs, pairs[:0], pairs, why_added=(why,) * len(pairs), note=note)


@dataclass(frozen=True, eq=False, repr=False)
class SeedSet:
    """Pairs of entities believed to be the same, one-to-one, best first.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity, as indices into the task's graphs.
    scores
        Score of each pair ``(n,)``; larger is better, comparable within one seed set only.
    stages
        Name of the stage that found each pair.
    confidence
        Label-free estimate of the probability that each pair is correct ``(n,)``, see
        :func:`psqe.seeds.seed_confidence`; ``None`` for seeds that no miner found.
    miner
        Name of the miner; ``given`` for seeds from a file.
    parameters
        Parameters of the miner, by name.
    trace
        What each stage did.
    n_wanted
        Number of seeds asked for; ``None`` when the miner has no such number.
    seconds, peak_mb
        Wall-clock seconds of mining, and the largest resident memory of the process until then, in MiB.

    Raises
    ------
    DataError
        If a pair is not two whole numbers, an entity is in two pairs, or the lengths of ``pairs``, ``scores``
        and ``stages`` differ.

    Examples
    --------
    >>> seeds = SeedSet(np.array([[0, 2], [1, 0]]), np.array([0.9, 0.8]), ("pivot", "pivot"))
    >>> len(seeds), seeds.head(1).pairs.tolist()
    (2, [[0, 2]])
    """

    pairs: IntArray
    scores: FloatArray
    stages: tuple[str, ...]
    confidence: FloatArray | None = None
    miner: str = "given"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trace: tuple[StageTrace, ...] = ()
    n_wanted: int | None = None
    seconds: float = 0.0
    peak_mb: float = 0.0

    def __post_init__(self) -> None:
        remedy = "give the indices of a left and of a right entity, from 0, in each row"
        pairs = whole_numbers(self.pairs, "pairs of the seeds", width=2, remedy=remedy)
        for column, side in enumerate(SIDES):
            if len(np.unique(pairs[:, column])) != len(pairs):
                raise DataError(f"a {side} entity is in two seeds", remedy="keep the better of them")
        if len(self.scores) != len(pairs) or len(self.stages) != len(pairs):
            raise DataError(
                f"{counted(len(pairs), 'pair')}, {counted(len(self.scores), 'score')} and "
                f"{counted(len(self.stages), 'stage')}",
                remedy="give one score and one stage for each pair",
            )
        object.__setattr__(self, "pairs", pairs)
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.pairs)

    @classmethod
    def empty(cls) -> SeedSet:
        """Make a set without seeds, for aligners that need none."""
        return cls(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32), (), miner="none")

    @classmethod
    def from_single_stage(
        cls, stage: str, pairs: IntArray, scores: FloatArray, *, why: str, note: str
    ) -> SeedSet:
        """Make the seeds of a miner that has one stage.

        Parameters
        ----------
        stage
            Name of the stage.
        pairs, scores
            The pairs ``(n, 2)``, best first, and their scores ``(n,)``.
        why
            The reason why each pair was added.
        note
            A short description of the rule that chose the pairs.
        """
        trace = StageTrace.from_single_stage(stage, pairs, why=why, note=note)
        return cls(pairs, scores, (stage,) * len(pairs), trace=(trace,))

    def __repr__(self) -> str:
        wanted = "" if self.n_wanted is None else f" of {self.n_wanted} wanted"
        estimate = ""
        if self.confidence is not None and len(self):
            estimate = f", estimated precision {self.confidence.mean():.3f}"
        return f"SeedSet({counted(len(self), 'seed')}{wanted} by {self.miner}{estimate})"

    def to_frame(self, task: AlignmentTask) -> pd.DataFrame:
        """Return the seeds as a frame, best first.

        Parameters
        ----------
        task
            The task that the seeds were mined from.

        Returns
        -------
        Columns ``left`` and ``right`` (identifiers), ``left_name`` and ``right_name`` (``None`` where an
        entity has no name), ``score``, ``confidence`` (missing for seeds that no miner found) and ``stage``.
        """
        numbers = pd.DataFrame({"score": self.scores, "confidence": self.confidence, "stage": self.stages})
        return named_pairs(task, self.pairs).join(numbers)

    def head(self, n: int) -> SeedSet:
        """Return the ``n`` best seeds."""
        confidence = None if self.confidence is None else self.confidence[:n]
        return replace(
            self,
            pairs=self.pairs[:n], scores=self.scores[:n], stages=self.stages[:n], confidence=confidence,
        )  # fmt: skip

    def where(self, kept: BoolArray) -> SeedSet:
        """Return the seeds that a mask ``(n,)`` keeps, in their order."""
        confidence = None if self.confidence is None else self.confidence[kept]
        stages = tuple(stage for stage, keep in zip(self.stages, kept.tolist(), strict=True) if keep)
        return replace(
            self, pairs=self.pairs[kept], scores=self.scores[kept], stages=stages, confidence=confidence
        )

    def save_tsv(self, path: str | Path, task: AlignmentTask) -> None:
        """Write the columns ``left, right, score, stage`` with a header, with the entities' identifiers.

        Raises
        ------
        ParameterError
            If the identifier of a candidate has a tab or a line break.
        PsqeError
            If the file cannot be written.
        """
        check_tabs(task, remedy="save the seeds in a file that ends in .npy")
        write_tsv(
            path,
            SEED_COLUMNS,
            (
                (task.left.entities[left], task.right.entities[right], f"{score:.9g}", stage)
                for (left, right), score, stage in zip(self.pairs, self.scores, self.stages, strict=True)
            ),
        )

    def save_npy(self, path: str | Path, task: AlignmentTask) -> None:
        """Write an int32 array ``(n, 2)`` of the data's own integer ids, the form of the public codes.

        Raises
        ------
        DataError
            If an id does not fit into 32 bits.
        """
        ids = np.column_stack([task.left.ids[self.pairs[:, 0]], task.right.ids[self.pairs[:, 1]]])
        if len(ids) and ids.max() > np.iinfo(np.int32).max:
            raise DataError(f"id {ids.max()} does not fit into 32 bits", remedy="save as .tsv")
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, ids.astype(np.int32))

    @classmethod
    def load(cls, path: str | Path, task: AlignmentTask) -> SeedSet:
        """Read what :meth:`save_tsv` or, for a name that ends in ``.npy``, :meth:`save_npy` wrote.

        A TSV file needs the columns ``left`` and ``right``; ``score`` and ``stage`` are optional.

        Raises
        ------
        DataError
            If the file is missing or malformed, or a line names an entity that is unknown or in another seed.

        Warns
        -----
        PsqeWarning
            If the file has no seed.
        """
        path = Path(path)
        if path.suffix == ".npy":
            pairs = read_npy(path, task)
            seeds = cls(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))
        else:
            seeds = cls(*read_tsv(path, task))
        if not len(seeds.pairs):
            warnings.warn(
                f"{path}: has no seed, so that nothing is learned from seeds; write one seed in each line, "
                "or choose --miner none",
                PsqeWarning,
                stacklevel=2,
            )
        return seeds
