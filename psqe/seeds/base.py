"""Pseudo-seeds and the contract of everything that mines them."""

from __future__ import annotations

import csv
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.files import atomic_path, write_tsv
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray, KnowledgeGraph
from psqe.measure import measured
from psqe.parameters import Parametrised
from psqe.seeds.confidence import pair_confidence_in_order


@dataclass(frozen=True, eq=False)
class StageTrace:
    """What one stage of a miner did.

    Attributes
    ----------
    stage
        Name of the stage.
    added, dropped
        Pairs it added and pairs of earlier stages it dropped, ``(n, 2)`` each.
    pairs
        The seeds after the stage, ``(n, 2)``.
    why_added, why_dropped
        The reason for each pair added and dropped, strings.
    confidence
        Label-free estimate of the probability that each of ``pairs`` is right ``(n,)``, see
        :func:`psqe.seeds.confidence.pair_confidence`.
    note
        What decided, in a few words.
    seconds
        Wall-clock seconds.
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


@dataclass(frozen=True, eq=False)
class SeedSet:
    """Pairs believed to be the same entity, one-to-one, best first.

    Attributes
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity, as indices into the task's graphs.
    scores
        Confidence of each pair ``(n,)``, comparable within one seed set only.
    stages
        Name of the stage that found each pair, ``n`` strings.
    confidence
        Label-free estimate of the probability that each pair is right ``(n,)``, see
        :func:`psqe.seeds.confidence.pair_confidence`; ``None`` for seeds that no miner of ours found.
    miner
        Name of the miner.
    parameters
        Its parameters.
    trace
        What each stage did.
    n_wanted
        Seeds asked for; ``None`` when the miner has no such number.
    seconds, peak_mb
        Cost of mining.
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
        pairs = np.asarray(self.pairs, dtype=np.int64).reshape(-1, 2)
        for column, side in ((0, "left"), (1, "right")):
            if len(np.unique(pairs[:, column])) != len(pairs):
                raise DataError(f"a {side} entity is in two seeds")
        if len(self.scores) != len(pairs) or len(self.stages) != len(pairs):
            raise DataError(f"{len(pairs)} pairs, {len(self.scores)} scores and {len(self.stages)} stages")
        object.__setattr__(self, "pairs", pairs)
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.pairs)

    @classmethod
    def empty(cls) -> SeedSet:
        """No seeds, for aligners that can do without."""
        return cls(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32), (), miner="none")

    def head(self, n: int) -> SeedSet:
        """The ``n`` best seeds."""
        confidence = None if self.confidence is None else self.confidence[:n]
        return replace(
            self,
            pairs=self.pairs[:n], scores=self.scores[:n], stages=self.stages[:n], confidence=confidence,
        )  # fmt: skip

    def save_tsv(self, path: str | Path, task: AlignmentTask) -> None:
        """Write ``left, right, score, stage`` with a header; entities by their own identifiers."""
        write_tsv(
            path,
            ("left", "right", "score", "stage"),
            (
                (task.left.entities[left], task.right.entities[right], f"{score:.9g}", stage)
                for (left, right), score, stage in zip(self.pairs, self.scores, self.stages, strict=True)
            ),
        )

    def save_npy(self, path: str | Path, task: AlignmentTask) -> None:
        """Write the peers' form: an int32 array ``(n, 2)`` of the data's own integer ids."""
        ids = np.column_stack([task.left.ids[self.pairs[:, 0]], task.right.ids[self.pairs[:, 1]]])
        if len(ids) and ids.max() > np.iinfo(np.int32).max:
            raise DataError(f"id {ids.max()} does not fit the peers' 32-bit form", remedy="save as .tsv")
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, ids.astype(np.int32))

    @classmethod
    def load(cls, path: str | Path, task: AlignmentTask) -> SeedSet:
        """Read what :meth:`save_tsv` or, for a name that ends in ``.npy``, :meth:`save_npy` wrote.

        A TSV needs the columns ``left`` and ``right``; ``score`` and ``stage`` are optional.

        Raises
        ------
        DataError
            If the file is missing or malformed, or a line names an unknown entity or one used before.
        """
        path = Path(path)
        if path.suffix == ".npy":
            return cls._load_npy(path, task)
        index_left, index_right = task.left.index(), task.right.index()
        pairs: list[tuple[int, int]] = []
        scores: list[float] = []
        stages: list[str] = []
        seen: tuple[set[str], set[str]] = (set(), set())
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
                if not {"left", "right"} <= set(rows.fieldnames or ()):
                    raise DataError(
                        "no header with the columns left and right", path=path, line=1,
                        remedy="write left<TAB>right<TAB>score<TAB>stage",
                    )  # fmt: skip
                for row in rows:
                    line = rows.line_num
                    ends = row["left"], row["right"]
                    if None in row or None in row.values():
                        raise DataError(
                            f"expected {len(rows.fieldnames or ())} columns", path=path, line=line,
                            remedy="write as many as the header has, with a tab between them",
                        )  # fmt: skip
                    for end, index, used, side in zip(
                        ends, (index_left, index_right), seen, ("left", "right"), strict=True
                    ):
                        if end not in index:
                            raise DataError(
                                f"{end!r} is no {side} entity of {task.name}", path=path, line=line,
                                remedy="name entities as the data does",
                            )  # fmt: skip
                        if end in used:
                            raise DataError(f"{end!r} is in two seeds", path=path, line=line)
                        used.add(end)
                    try:
                        score = float(row.get("score") or 0.0)
                    except ValueError:
                        score = math.nan
                    if not math.isfinite(score):
                        raise DataError(
                            f"{row['score']!r} is no finite number",
                            path=path,
                            line=line,
                            remedy="mend the score",
                        )
                    pairs.append((index_left[ends[0]], index_right[ends[1]]))
                    scores.append(score)
                    stages.append(row.get("stage") or "given")
        except OSError as error:
            raise DataError(f"seeds cannot be read ({error.strerror})", path=path) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"seeds cannot be read ({error})", path=path, remedy="give UTF-8 text") from error
        return cls(
            np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(scores, dtype=np.float32), tuple(stages)
        )

    @classmethod
    def _load_npy(cls, path: Path, task: AlignmentTask) -> SeedSet:
        try:
            with path.open("rb") as stream:
                ids = np.lib.format.read_array(stream, allow_pickle=False)
        except OSError as error:
            raise DataError(f"seeds cannot be read ({error.strerror})", path=path) from error
        except Exception as error:  # a broken header raises several kinds
            raise DataError(
                f"seeds cannot be read ({error})", path=path, remedy="save them with numpy.save"
            ) from error
        if ids.ndim != 2 or ids.shape[1] != 2 or ids.dtype.kind not in "iu":
            raise DataError(f"expected integers (n, 2), found {ids.dtype} {ids.shape}", path=path)
        columns = []
        for column, graph in ((0, task.left), (1, task.right)):
            index = {int(i): position for position, i in enumerate(graph.ids)}
            unknown = [int(i) for i in ids[:, column] if int(i) not in index]
            if unknown:
                raise DataError(f"id {unknown[0]} is no entity of graph {graph.name!r}", path=path)
            values, counts = np.unique(ids[:, column], return_counts=True)
            if (counts > 1).any():
                raise DataError(
                    f"id {values[counts > 1][0]} of graph {graph.name!r} is in two seeds", path=path
                )
            columns.append([index[int(i)] for i in ids[:, column]])
        pairs = np.array(columns, dtype=np.int64).T.reshape(-1, 2)
        return cls(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


@dataclass
class Mined:
    """What a miner's own part returns, in the order and with the indices of the task it was given."""

    pairs: IntArray
    scores: FloatArray
    stages: Sequence[str]
    trace: Sequence[StageTrace] = ()


class Miner(Parametrised, ABC):
    """A rule that finds pseudo-seeds. Parameters go to the constructor, data to :meth:`mine`.

    A subclass stores its parameters under their own names and implements :meth:`_mine`. It is given a
    task without gold links, human-made groups and identifiers, in canonical order, so that it can neither
    look at labels nor depend on ids.
    """

    name: ClassVar[str]
    n_seeds: int | None = None

    def mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        """Mine seeds.

        Parameters
        ----------
        task
            The pair of graphs; its links are not looked at.
        features
            Vectors for all entities of ``task``.

        Returns
        -------
        One-to-one pairs of candidates, best first (a rule that only adds to a list keeps its order):
        ``n_seeds`` of them unless the miner says otherwise, each with its label-free confidence. Warns
        with :class:`PsqeWarning` when there are fewer.

        Raises
        ------
        DataError
            If the features do not fit the task, or a graph has no candidates.
        ParameterError
            If a parameter is impossible for this task.
        """
        features.check(task)
        for graph in (task.left, task.right):
            if not len(graph.candidates):
                raise DataError(f"graph {graph.name!r} has no candidates to align")
        with measured() as cost:
            left, right = canonical_order(task, features)
            ordered = task.take(left, right).blind()
            mined = self._mine(ordered, features.take(left, right))
            lists = [mined.pairs, *(t.pairs for t in mined.trace)]
            candidates = ordered.left.candidates, ordered.right.candidates
            together = np.concatenate(lists)
            ends = [np.searchsorted(own, together[:, i]) for i, own in enumerate(candidates)]
            sure = pair_confidence_in_order(
                np.column_stack(ends), features, left[candidates[0]], right[candidates[1]],
                device=getattr(self, "device", "cpu"),
            )  # fmt: skip
            of_seeds, *of_stages = np.split(sure, np.cumsum([len(pairs) for pairs in lists])[:-1])

        def back(pairs: IntArray) -> IntArray:
            return np.column_stack([left[pairs[:, 0]], right[pairs[:, 1]]])

        seeds = SeedSet(
            pairs=back(mined.pairs),
            scores=mined.scores,
            stages=tuple(mined.stages),
            confidence=of_seeds,
            miner=self.name,
            parameters=self.parameters,
            trace=tuple(
                replace(t, added=back(t.added), dropped=back(t.dropped), pairs=back(t.pairs), confidence=c)
                for t, c in zip(mined.trace, of_stages, strict=True)
            ),
            n_wanted=self.n_seeds,
            seconds=cost.seconds,
            peak_mb=cost.peak_mb,
        )
        if self.n_seeds is not None and len(seeds) < self.n_seeds:
            warnings.warn(
                f"miner {self.name}: {self.n_seeds} seeds asked for, {len(seeds)} found",
                PsqeWarning,
                stacklevel=2,
            )
        return seeds

    @abstractmethod
    def _mine(self, task: AlignmentTask, features: Features) -> Mined:
        """Find pairs of entities of ``task``; see the class."""


def minable(task: AlignmentTask, features: Features) -> tuple[IntArray, IntArray]:
    """Candidates that have at least one modality: entity indices ``(m_left,)`` and ``(m_right,)``.

    Raises
    ------
    DataError
        If a side has none.
    """

    def one(graph: KnowledgeGraph, masks: list[BoolArray]) -> IntArray:
        found: IntArray = graph.candidates[np.any(masks, axis=0)[graph.candidates]]
        if not len(found):
            raise DataError(
                f"no candidate of graph {graph.name!r} has any of the modalities {', '.join(features)}",
                remedy="add a modality",
            )
        return found

    return (
        one(task.left, [m.left.present for m in features.values()]),
        one(task.right, [m.right.present for m in features.values()]),
    )


def positive(name: str, value: float) -> None:
    """Raise :class:`ParameterError` unless ``value`` is positive."""
    if not value > 0:
        raise ParameterError(f"{name} is {value}; it must be positive")
