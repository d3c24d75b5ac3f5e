"""What an alignment leaves for a later one: links, seeds, verdicts, and digests of the evidence.

All of it is in one file, ``psqe-run.json``, so that its parts cannot be from different runs.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from psqe.datasets.saved_run import FILE, LINKS_FILE, digest_of
from psqe.errors import DataError, ParameterError, PsqeError
from psqe.evaluation.truth import Cardinality
from psqe.files import write_text
from psqe.graph import SIDES, AlignmentTask, IntArray, Side, Sides
from psqe.growth.evidence import Difference, Digests, Evidence
from psqe.links.kept import KeptLinks, ListedPairs, place_of
from psqe.links.predict import Links
from psqe.links.verdicts import Verdicts, VerdictWord, verdicts_of
from psqe.seeds.seed_set import SeedSet

LARGEST_SCORE = float(np.finfo(np.float32).max)
"""The largest finite score that a set of seeds can have, and so the largest one that a run can have saved."""

REMEDY = "give the folder that psqe align --save or Alignment.save wrote"


class PreviousRun(BaseModel):
    """An alignment as a later one needs it; entities are named by their identifiers.

    Parameters
    ----------
    version
        Version of the form of the file.
    links
        Left entity, right entity, and confidence of each link, as it is and before verdicts changed it.
    seeds
        Left entity, right entity, score and stage of each seed, accepted pairs not among them.
    verdicts
        Left entity, right entity and verdict; the entity that a verdict does not name is ``None``.
    evidence
        For either side, the digests of each candidate (:data:`psqe.growth.evidence.KINDS`).
    made_with
        The modalities, the encoders and the aligner.
    files
        Digests of the files that were written beside this one, by name.
    listed
        The pairs of near entities that links were chosen from (:func:`pack_pairs`). An entity is numbered by
        its place in ``evidence``.

    Examples
    --------
    >>> run = PreviousRun(links=[("a", "x", 0.9, 0.9)], evidence={"left": {"a": ("1",) * 5}, "right": {}})
    >>> run.partner("left")
    {'a': 'x'}
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    links: list[tuple[str, str, float, float]] = Field(default_factory=list)
    seeds: list[tuple[str, str, float, str]] = Field(default_factory=list)
    verdicts: list[tuple[str | None, str | None, VerdictWord]] = Field(default_factory=list)
    evidence: dict[Side, dict[str, Digests]]
    made_with: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    listed: str = ""

    @staticmethod
    def check_cardinality(cardinality: Cardinality) -> None:
        """Refuse links of which an entity may be in several, because only one-to-one links can be continued.

        Parameters
        ----------
        cardinality
            How many links an entity may be in.

        Raises
        ------
        ParameterError
            If the cardinality is another one.

        Examples
        --------
        >>> PreviousRun.check_cardinality("one-to-one")
        """
        if cardinality != "one-to-one":
            raise ParameterError(
                "only one-to-one links can be continued by a later run, and the cardinality is "
                f"{cardinality}",
                remedy="leave the cardinality out, or neither save a run nor continue one; save_links() and "
                "report() write single files",
            )

    @classmethod
    def from_alignment(
        cls,
        task: AlignmentTask,
        links: Links,
        seeds: SeedSet,
        evidence: Evidence,
        made_with: Mapping[str, Any],
        files: Mapping[str, str] | None = None,
    ) -> PreviousRun:
        """Gather what a later run needs.

        Parameters
        ----------
        task
            The two graphs.
        links
            Their links.
        seeds
            The seeds without the accepted pairs.
        evidence
            Digests of the evidence.
        made_with
            The modalities, the encoders and the aligner, ready for JSON.
        files
            Digests of the files that are written beside it, by name; ``None`` for no file.

        Raises
        ------
        ParameterError
            If the links are not one-to-one.
        """
        cls.check_cardinality(links.chosen_by.cardinality)
        left, right = task.left.entities, task.right.entities
        said = links.verdicts
        before = links.confidence if links.estimated is None else links.estimated
        verdicts: list[tuple[str | None, str | None, VerdictWord]] = [
            *((left[i], right[j], "accept") for i, j in said.accepted.tolist()),
            *((left[i], right[j], "reject") for i, j in said.rejected.tolist()),
            *((left[i], None, "no_counterpart") for i in said.no_counterpart.left.tolist()),
            *((None, right[j], "no_counterpart") for j in said.no_counterpart.right.tolist()),
        ]
        return cls.model_construct(
            version=1,
            links=[
                (left[i], right[j], confidence, estimated)
                for (i, j), confidence, estimated in zip(
                    links.pairs.tolist(), links.confidence.tolist(), before.tolist(), strict=True
                )
            ],
            seeds=[
                (left[i], right[j], score, stage)
                for (i, j), score, stage in zip(
                    seeds.pairs.tolist(), seeds.scores.tolist(), seeds.stages, strict=True
                )
            ],
            verdicts=verdicts,
            evidence={side: evidence[side] for side in SIDES},
            made_with=json.loads(json.dumps(dict(made_with))),
            files=dict(files or {}),
            listed=pack_pairs(
                np.column_stack(
                    [
                        place_of(positions_of(task, side, evidence), links.listed[:, column].astype(np.int64))
                        for column, side in enumerate(SIDES)
                    ]
                )
            ),
        )

    def save(self, folder: Path) -> None:
        """Write the file into a folder.

        Raises
        ------
        PsqeError
            If it cannot be written.
        """
        write_text(folder / FILE, json.dumps(self.model_dump(), ensure_ascii=True) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> PreviousRun:
        """Read the file of a folder.

        Raises
        ------
        DataError
            If the folder has no such file, the file is damaged, or the table of links was changed.
        """
        path = Path(folder) / FILE
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DataError(
                f"the earlier run cannot be read ({error.strerror})", path=path, remedy=REMEDY
            ) from error
        except UnicodeDecodeError as error:
            raise DataError("the file of the earlier run is damaged", path=path, remedy=REMEDY) from error
        try:
            run = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise DataError(
                f"the file of the earlier run is damaged ({f'{where}: ' * bool(where)}{first['msg']:.120})",
                path=path,
                remedy=REMEDY,
            ) from error
        if missing := sorted({"links", "seeds", "verdicts", "listed"} - run.model_fields_set):
            raise DataError(
                f"the file of the earlier run is damaged: {missing[0]} is missing", path=path, remedy=REMEDY
            )
        table = path.with_name(LINKS_FILE)
        if digest_of(table) != run.files.get(LINKS_FILE, digest_of(table)):
            raise DataError(
                "the table of links was changed or removed after the run, and the change would be lost, or "
                "the run was stopped while its files were written",
                path=table,
                remedy="undo the change and give corrections as verdicts, or align anew",
            )
        numbers = [number for link in run.links for number in link[2:]]
        if set(run.evidence) != set(SIDES) or not all(0 <= number <= 1 for number in numbers):
            what = (
                "a confidence is not from 0 to 1" if set(run.evidence) == set(SIDES) else "a side is missing"
            )
            raise DataError(f"the file of the earlier run is damaged: {what}", path=path, remedy=REMEDY)
        for side, ends in zip(SIDES, (0, 1), strict=True):
            names = [link[ends] for link in run.links]
            if len(set(names)) != len(names) or not set(names) <= set(run.evidence[side]):
                raise DataError(
                    f"the file of the earlier run is damaged: a {side} entity is in two links, or unknown",
                    path=path,
                    remedy=REMEDY,
                )
        try:
            run._check_seeds_and_verdicts()
        except PsqeError as error:
            raise DataError(
                f"the file of the earlier run is damaged: {error.what}", path=path, remedy=REMEDY
            ) from error
        try:
            unpack_pairs(run.listed, *(len(run.evidence[side]) for side in SIDES))
        except ValueError as error:
            raise DataError(
                "the file of the earlier run is damaged: the pairs that it listed cannot be read",
                path=path,
                remedy=REMEDY,
            ) from error
        return run

    def _check_seeds_and_verdicts(self) -> None:
        """Report seeds or verdicts that contradict each other or have impossible values."""
        places = {side: {entity: i for i, entity in enumerate(self.evidence[side])} for side in SIDES}
        named: list[tuple[str | None, str | None]] = [(left, right) for left, right, *_ in self.seeds]
        for left, right, word in self.verdicts:
            if (left is None or right is None) != (word == "no_counterpart") or left is right is None:
                raise DataError(f"a verdict {word!r} has no entity, or one too many")
            named.append((left, right))
        for side, ends in zip(SIDES, zip(*named, strict=True), strict=True) if named else ():
            if unknown := [end for end in ends if end is not None and end not in places[side]]:
                raise DataError(f"a {side} entity of a seed or a verdict is unknown: {unknown[0][:60]!r}")
        for left, _, score, stage in self.seeds:
            if LARGEST_SCORE < abs(score) < math.inf or any(mark in stage for mark in "\t\n\r"):
                raise DataError(f"the seed of {left[:60]!r} has a score or a stage that no run has saved")
        SeedSet(
            np.array(
                [(places["left"][left], places["right"][right]) for left, right, *_ in self.seeds], np.int64
            ).reshape(-1, 2),
            np.array([score for _, _, score, _ in self.seeds], dtype=np.float32),
            tuple(stage for *_, stage in self.seeds),
        )
        verdicts_of(
            (
                -1 if left is None else places["left"][left],
                -1 if right is None else places["right"][right],
                word,
            )
            for left, right, word in self.verdicts
        )

    @property
    def digests(self) -> Evidence:
        """The digests of both sides."""
        left, right = (dict(self.evidence[side]) for side in SIDES)
        return Sides(left, right)

    def partner(self, side: Side) -> dict[str, str]:
        """Return the linked entity of the other side, by the identifier of each entity of a side."""
        if side == "left":
            return {left: right for left, right, *_ in self.links}
        return {right: left for left, right, *_ in self.links}

    def check_same_method(self, made_with: Mapping[str, Any]) -> None:
        """Refuse to continue a run that was made in another way, because its confidences mean another thing.

        Raises
        ------
        ParameterError
            If the modalities, the encoders or the aligner differ.
        """
        now = json.loads(json.dumps(dict(made_with)))
        before = self.made_with
        if now.get("modalities") != before.get("modalities"):
            then, these = (", ".join(each.get("modalities") or ["none"]) for each in (before, now))
            raise ParameterError(
                f"the earlier run compared the modalities {then}, and this one would compare {these}",
                remedy=f"give the modalities {then}, or leave out the earlier run",
            )
        for key in sorted({*now, *before}):
            if now.get(key) != before.get(key):
                raise ParameterError(
                    f"the earlier run was made with another choice of {key}: {_differing(before, now, key)}",
                    remedy="give the same options again, or leave out the earlier run",
                )

    def check_same_pair(self, task: AlignmentTask, difference: Difference) -> None:
        """Refuse to continue the run of another pair.

        Raises
        ------
        ParameterError
            If a side has no candidate in common with that of the earlier run.
        """
        for side in SIDES:
            if len(difference.new[side]) == len(task.sides[side].candidates):
                raise ParameterError(
                    f"no {side} entity of the earlier run is in {task.name}, which is another pair, has its "
                    "sides swapped or names all entities anew",
                    remedy="give a run of this pair, or leave out the earlier run",
                )

    def seeds_of(self, task: AlignmentTask, difference: Difference) -> SeedSet:
        """Return the seeds whose entities are still there, and of which only triples may have changed."""
        changed = {
            side: {e for e, kinds in difference.changed[side].items() if set(kinds) - {"triples"}}
            for side in SIDES
        }
        places = self._places(task)
        rows = [
            (places.left[left], places.right[right], score, stage)
            for left, right, score, stage in self.seeds
            if left in places.left
            and right in places.right
            and left not in changed["left"]
            and right not in changed["right"]
        ]
        return SeedSet(
            np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2),
            np.array([row[2] for row in rows], dtype=np.float32),
            tuple(row[3] for row in rows),
        )

    def verdicts_of(self, task: AlignmentTask) -> Verdicts:
        """Return the verdicts about entities that are still there."""
        places = self._places(task)
        return verdicts_of(
            (
                -1 if left is None else places.left[left],
                -1 if right is None else places.right[right],
                word,
            )
            for left, right, word in self.verdicts
            if (left is None or left in places.left) and (right is None or right in places.right)
        )

    def kept_links(self, task: AlignmentTask, difference: Difference, verdicts: Verdicts) -> KeptLinks:
        """Return the links that stay unless something takes one of their entities.

        Parameters
        ----------
        task
            The two graphs as they are now.
        difference
            What differs between the evidence then and now.
        verdicts
            The verdicts now. They decide about their entities.
        """
        places, touched = self._places(task), {side: difference.touched(side) for side in SIDES}
        rows = [
            (places.left[left], places.right[right], confidence, estimated)
            for left, right, confidence, estimated in self.links
            if left in places.left
            and right in places.right
            and left not in touched["left"]
            and right not in touched["right"]
        ]
        pairs: IntArray = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
        confidence, estimated = (np.array([row[i] for row in rows], dtype=np.float32) for i in (2, 3))
        open_ends = np.isin(pairs[:, 0], verdicts.ends.left) | np.isin(pairs[:, 1], verdicts.ends.right)
        free = ~(open_ends | verdicts.excludes(pairs))
        unlinked = (
            np.array(
                sorted(
                    places[side][entity]
                    for entity in self.evidence[side]
                    if entity in places[side] and entity not in touched[side] and entity not in linked
                ),
                dtype=np.int64,
            )
            for side, linked in ((side, self.partner(side)) for side in SIDES)
        )
        return KeptLinks(pairs[free], confidence[free], estimated[free], *unlinked)

    def listed_pairs(self, task: AlignmentTask, difference: Difference) -> ListedPairs:
        """Return the pairs of near entities that are still there, and the entities whose evidence changed."""
        places = self._places(task)
        now = [
            np.array([places[side].get(entity, -1) for entity in self.evidence[side]], dtype=np.int64)
            for side in SIDES
        ]
        pairs = unpack_pairs(self.listed, *map(len, now))
        pairs = np.column_stack([own[ends] for own, ends in zip(now, pairs.T, strict=True)])
        changed = (
            np.array([places[side][entity] for entity in sorted(difference.touched(side))], dtype=np.int64)
            for side in SIDES
        )
        return ListedPairs(pairs[(pairs >= 0).all(axis=1)], Sides(*changed))

    def _places(self, task: AlignmentTask) -> Sides[dict[str, int]]:
        return task.sides.map(lambda graph: {graph.entities[i]: i for i in graph.candidates.tolist()})


def positions_of(task: AlignmentTask, side: Side, evidence: Evidence) -> IntArray:
    """Return the entities of a side in the order in which the evidence names them."""
    place = {entity: i for i, entity in enumerate(task.sides[side].entities)}
    return np.array([place[entity] for entity in evidence[side]], dtype=np.int64)


def pack_pairs(pairs: IntArray) -> str:
    """Write pairs of numbers ``(n, 2)``, which are not negative, as a short text.

    Examples
    --------
    >>> unpack_pairs(pack_pairs(np.array([[0, 3], [1, 2]])), 2, 4).tolist()
    [[0, 3], [1, 2]]
    """
    ordered = pairs[np.lexsort(pairs.T[::-1])].astype("<i4")
    return base64.b64encode(zlib.compress(np.ascontiguousarray(ordered.T).tobytes(), 1)).decode("ascii")


def unpack_pairs(text: str, n_left: int, n_right: int) -> IntArray:
    """Read pairs of numbers ``(n, 2)`` that :func:`pack_pairs` has written; there are none in an empty text.

    Parameters
    ----------
    text
        The text.
    n_left, n_right
        The first numbers are below ``n_left`` and the second ones below ``n_right``.

    Raises
    ------
    ValueError
        If the text is damaged.
    """
    try:
        packed = zlib.decompress(base64.b64decode(text, validate=True)) if text else b""
    except zlib.error as error:
        raise ValueError("the text is damaged") from error
    pairs = np.frombuffer(packed, "<i4").reshape(2, -1).T.astype(np.int64)
    if (pairs < 0).any() or (pairs >= [n_left, n_right]).any():
        raise ValueError("a number is out of range")
    return pairs


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], key: str) -> str:
    """Say what differs in one part of two records."""
    old, new = before.get(key), now.get(key)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return f"{old} and not {new}"
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return ", ".join(f"{name} was {old.get(name)} and is {new.get(name)}" for name in names)
