"""What the alignment of two graphs found, and why a pair of entities is linked or not."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psqe.aligners import Aligner
from psqe.datasets.own_outputs import VERDICT_COLUMNS
from psqe.datasets.pairs import Pair, check_outputs
from psqe.datasets.saved_run import SAVED, check_replaceable, digest_of
from psqe.datasets.spelling import Spellings
from psqe.defaults import FeatureChoice
from psqe.errors import DataError, ParameterError
from psqe.evaluation import evaluate
from psqe.evaluation.protocols import METRICS_OF
from psqe.evaluation.queries import DIRECTIONS
from psqe.evaluation.regions import Regions, all_regions
from psqe.evaluation.truth import verdict
from psqe.features import Features
from psqe.features.available import has_data
from psqe.features.fusion import modality_vectors
from psqe.files import atomic_files, write_json, write_tsv
from psqe.graph import SIDES, AlignmentTask, FloatArray, KnowledgeGraph, Side, counted
from psqe.growth.evidence import Evidence, evidence_of, given_modalities, made_with
from psqe.growth.previous import PreviousRun
from psqe.links.formats import format_of, save_links
from psqe.links.predict import Links
from psqe.links.proposals import N_PROPOSED, propose
from psqe.links.quality import link_summary
from psqe.links.report import link_report, review_page
from psqe.links.unlinked import reasons_without_link
from psqe.links.verdict_files import VerdictChoice, check_no_verdicts, check_verdict_identifiers
from psqe.links.verdicts import STAGE, Verdicts
from psqe.parameters import check_form
from psqe.provenance import versions
from psqe.seeds import SeedSet, audit
from psqe.seeds.seed_set import named_pairs
from psqe.similarity import Matching

FEW = 50
"""Number of candidates of a side below which confidences are said to be unreliable: a temperature and a
number of true links are estimated from the candidates, and few of them determine neither."""


@dataclass(frozen=True)
class ExplainedEntity:
    """One entity of an explained pair, seen from the model.

    Parameters
    ----------
    entity
        Identifier of the entity.
    name
        Name of the entity, or ``None``.
    rank
        Rank of the pair's other entity among the candidates, from 1, by similarity to this entity.
    runner_up
        Identifier of the most similar candidate outside the pair; ``None`` when there is none.
    runner_up_similarity
        Similarity of the runner-up to this entity, or ``None``.
    linked_with
        Identifier of the entity that this entity is linked with, or ``None``. Of several, it is the pair's
        other entity if this is one of them, and otherwise that of the most confident link.
    reason
        Why this entity has no link, in a few words; ``None`` when it has one.

    Examples
    --------
    >>> print(ExplainedEntity("p1", "France", 1, "p2", 0.31, "q1", None))
    p1 (France): rank 1, runner-up p2 with 0.310, linked with q1
    """

    entity: str
    name: str | None
    rank: int
    runner_up: str | None
    runner_up_similarity: float | None
    linked_with: str | None
    reason: str | None

    def __str__(self) -> str:
        name = f" ({self.name})" if self.name else ""
        link = f"no link: {self.reason}" if self.linked_with is None else f"linked with {self.linked_with}"
        runner_up = "no runner-up"
        if self.runner_up is not None:
            runner_up = f"runner-up {self.runner_up} with {self.runner_up_similarity:.3f}"
        return f"{self.entity}{name}: rank {self.rank}, {runner_up}, {link}"


@dataclass(frozen=True)
class Explanation:
    """Why two entities are linked, or why they are not.

    Parameters
    ----------
    left, right
        The two entities. The rank of ``left`` is that of the right entity in the list of the left one.
    similarity
        Similarity of the two under the model.
    by_modality
        Cosine of the input vectors of the two by modality, each side's mean subtracted; ``None`` where one of
        them has no vector of the modality.
    confidence
        Estimated probability that the pair is correct; ``None`` if the rule did not choose the pair.
    threshold
        Smallest confidence of a link.
    linked
        Whether the pair is a link.
    why_none
        For each modality without a cosine, why: ``missing`` where one of the two has nothing of it,
        ``none near`` where both have numbers, but those of one are near none of the other side, and
        ``not comparable`` where both have something else, of which the encoder of the modality reads nothing.
    said
        What a person said about the pair or about one of the two; empty by default.

    Examples
    --------
    >>> import psqe
    >>> cities = {"names": [("a", "Rome"), ("b", "Paris"), ("c", "Prague")]}
    >>> villes = {"names": [("1", "Rome"), ("2", "Paris"), ("3", "Prague")]}
    >>> psqe.align((cities, villes), seeds="none").explain("a", "1").linked
    True
    """

    left: ExplainedEntity
    right: ExplainedEntity
    similarity: float
    by_modality: Mapping[str, float | None]
    confidence: float | None
    threshold: float
    linked: bool
    why_none: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    def __str__(self) -> str:
        if self.said:
            verdict = f"{'linked' if self.linked else 'not linked'}: {self.said}"
        elif self.linked:
            verdict = f"linked, confidence {self.confidence:.3f}"
        elif self.confidence is not None:
            verdict = f"not linked: confidence {self.confidence:.3f} is below {self.threshold:.3f}"
        else:
            verdict = "not linked: the rule did not choose the pair"
        parts = (
            f"{name} {self.why_none.get(name, 'missing') if value is None else f'{value:.3f}'}"
            for name, value in self.by_modality.items()
        )
        return (
            f"{self.left.entity} - {self.right.entity}: {verdict}\n"
            f"  similarity {self.similarity:.3f}; by modality: {', '.join(parts)}\n"
            f"  {self.left}\n  {self.right}"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """Links between two graphs, with everything that led to them; made by :func:`psqe.align`.

    Attributes that need gold links are ``None`` where none are known. They are computed when first read.

    Parameters
    ----------
    task
        The two graphs.
    features
        The vectors that were compared.
    seeds
        The seeds that the aligner was given.
    aligner
        The fitted aligner.
    predicted
        The links as arrays of entity indices.
    choices
        One line that says what was chosen by default and why; empty if nothing was.
    parameters
        How the alignment was made, ready for JSON.
    seconds
        Wall-clock seconds of mining, fitting and linking.
    peak_mb
        Largest resident memory of the process until the links were found, in MiB.
    changes
        Which links differ from those of an earlier alignment, and why (:mod:`psqe.growth.changes`); ``None``
        where none was given.

    Examples
    --------
    >>> import psqe
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(60)
    >>> alignment = psqe.align(task, features=features)
    >>> list(alignment.links.columns)
    ['left', 'right', 'score', 'confidence', 'rank_margin']
    >>> len(alignment.links) == len(alignment.predicted)
    True
    """

    task: AlignmentTask
    features: Features
    seeds: SeedSet
    aligner: Aligner
    predicted: Links
    choices: str
    parameters: Mapping[str, Any]
    seconds: float
    peak_mb: float
    changes: pd.DataFrame | None
    _evidence: Evidence | None
    _again: Callable[[Alignment, Pair | None, FeatureChoice, VerdictChoice], Alignment]

    @cached_property
    def links(self) -> pd.DataFrame:
        """The links as a frame, most confident first.

        Columns ``left`` and ``right`` (identifiers), ``score`` (similarity), ``confidence`` (estimated
        probability that the link is correct), ``rank_margin`` (the score minus the largest similarity of
        either entity to another candidate), and ``left_name`` and ``right_name`` where names are known.
        """
        links = self.predicted
        identifiers: dict[str, list[str]] = {}
        names: dict[str, list[str | None]] = {}
        for column, side in enumerate(SIDES):
            graph = self.task.sides[side]
            entities = links.pairs[:, column].tolist()
            identifiers[side] = [graph.entities[i] for i in entities]
            if any(graph.names):
                names[f"{side}_name"] = [graph.names[i] for i in entities]
        numbers = {"score": links.scores, "confidence": links.confidence, "rank_margin": links.rank_margin}
        return pd.DataFrame({**identifiers, **numbers, **names})

    @cached_property
    def no_counterpart(self) -> pd.DataFrame:
        """The candidates in no link: columns ``side``, ``entity`` (identifier), ``name`` and ``reason``."""
        rows = [
            (side, self.task.sides[side].entities[i], self.task.sides[side].names[i], str(reason))
            for side in SIDES
            for i, reason in self._reasons[side].items()
        ]
        return pd.DataFrame(rows, columns=["side", "entity", "name", "reason"])

    @cached_property
    def _reasons(self) -> dict[Side, Mapping[int, str]]:
        return {side: reasons_without_link(self.task, self.features, self.predicted, side) for side in SIDES}

    @cached_property
    def _regions(self) -> Mapping[str, Regions]:
        return all_regions(self.task, self.features)

    @cached_property
    def audit(self) -> dict[str, Any]:
        """The audit of the seeds that were mined or given, see :func:`psqe.seeds.audit.audit`."""
        return audit(self._mined, self.task, self._regions)

    @cached_property
    def _mined(self) -> SeedSet:
        """The seeds that are not accepted pairs."""
        return self.seeds.where(np.array([stage != STAGE for stage in self.seeds.stages], dtype=bool))

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """Hits@k and MRR over all gold links, by direction and protocol.

        A model that was trained on seeds finds these first whether it has learned anything else or not. Read
        :attr:`metrics_free` beside these numbers. See :func:`psqe.evaluation.evaluate`.
        """
        metrics: dict[str, Any] | None = self.evaluation()["metrics"]
        return metrics

    @cached_property
    def metrics_free(self) -> dict[str, Any] | None:
        """The same numbers over the gold links with no entity in a seed: what the seeds did not tell."""
        metrics: dict[str, Any] | None = self.evaluation()["metrics_free"]
        return metrics

    @cached_property
    def metrics_seeds(self) -> dict[str, Any] | None:
        """The same numbers over the gold links that are seeds."""
        metrics: dict[str, Any] | None = self.evaluation()["metrics_seeds"]
        return metrics

    @cached_property
    def quality(self) -> dict[str, Any] | None:
        """Precision, recall and F1 of the links and of "no counterpart", see :mod:`psqe.links.quality`."""
        quality: dict[str, Any] | None = self._link_summary["link_quality"]
        return quality

    @cached_property
    def _link_summary(self) -> dict[str, Any]:
        return link_summary(self.predicted, self.task, seeds=self.seeds)

    def evaluation(
        self, matching: Matching | None = None, *, compared: Sequence[SeedSet] | None = None
    ) -> dict[str, Any]:
        """Evaluate the aligner's similarities against all gold links, seed links and free links.

        Parameters
        ----------
        matching
            What candidates are ranked by: ``cosine``, ``csls`` or ``sinkhorn``. The default ``None`` stands
            for the aligner's own.
        compared
            The seeds of other alignments that this one is compared with. ``metrics_free_of_all`` is then
            about the gold links with no entity in any of them, nor in the seeds of this alignment. These are
            the same links for each of the alignments. By default there are no others.

        Returns
        -------
        The report of :func:`psqe.evaluation.evaluate` with the seeds of the alignment; each entry is ``None``
        where gold links are not known.
        """
        if compared is not None:
            remedy = "give a list of them, such as [alignment.seeds]"
            check_form("compared", compared, list | tuple, remedy)
            for seeds in compared:
                check_form("a seed set among compared", seeds, SeedSet, remedy)
        if self.task.links is None:
            return dict.fromkeys(("matching", *METRICS_OF, "n_queries", "ties", "regions"))
        matching = matching or self.aligner.matching
        if compared is None and matching in self._evaluations:
            return self._evaluations[matching]
        union = None if compared is None else [seeds.pairs for seeds in (self.seeds, *compared)]
        found = evaluate(
            self.task,
            self.aligner.similarity,
            matching=matching,
            regions=self._regions,
            seeds=self.seeds.pairs,
            compared=None if union is None else np.concatenate(union),
        )
        if compared is None:
            self._evaluations[matching] = found
        return found

    @cached_property
    def _evaluations(self) -> dict[Matching, dict[str, Any]]:
        """What was evaluated already, by matching: similarities of all candidates take long."""
        return {}

    def summary(self, matching: Matching | None = None) -> dict[str, Any]:
        """Return all numbers about the alignment: the content of ``report.json``.

        Parameters
        ----------
        matching
            See :meth:`evaluation`.
        """
        return {
            **self.evaluation(matching),
            **self._link_summary,
            "seconds": self.seconds,
            "peak_mb": self.peak_mb,
            "choices": self.choices,
            **self._made,
        }

    @property
    def _made(self) -> dict[str, Any]:
        return {"parameters": dict(self.parameters), "versions": versions()}

    def explain(self, left: str, right: str) -> Explanation:
        """Explain why two candidates are linked, or why they are not.

        Parameters
        ----------
        left, right
            Identifiers of a left and of a right candidate: texts, or the integers that they are written with.

        Returns
        -------
        The explanation, which ``print`` shows as text.

        Raises
        ------
        DataError
            If there is no such candidate.
        """
        graphs = self.task.sides
        i = _candidate(graphs.left, left, other=graphs.right)
        j = _candidate(graphs.right, right, other=graphs.left)
        of_left = self.aligner.similarity(np.array([i]), graphs.right.candidates).rows(0, 1)[0]
        column = self.aligner.similarity(graphs.left.candidates, np.array([j]))
        of_right = column.rows(0, len(graphs.left.candidates))[:, 0]
        links = self.predicted
        pairs = np.vstack([links.pairs, links.doubtful])
        confidences = np.concatenate([links.confidence, links.doubtful_confidence])
        chosen = np.flatnonzero((pairs == (i, j)).all(axis=1))
        by_modality = {name: self._cosine(name, i, j) for name in self.features}
        return Explanation(
            left=self._explained("left", i, j, of_left),
            right=self._explained("right", j, i, of_right),
            similarity=float(of_left[np.searchsorted(graphs.right.candidates, j)]),
            by_modality=by_modality,
            confidence=float(confidences[chosen[0]]) if len(chosen) else None,
            threshold=links.threshold,
            linked=bool(len(chosen) and chosen[0] < len(links)),
            why_none={
                name: self._why_none(name, i, j) for name, value in by_modality.items() if value is None
            },
            said=self._said(i, j, linked=bool(len(chosen) and chosen[0] < len(links))),
        )

    def _said(self, left: int, right: int, *, linked: bool) -> str:
        """Return what verdicts say about two candidates; empty if they say nothing."""
        verdicts, pair = self.predicted.verdicts, [left, right]
        if pair in verdicts.accepted.tolist():
            return "accepted by a verdict"
        if pair in verdicts.rejected.tolist():
            return "rejected by a verdict"
        if linked:  # A further link of an entity that was accepted with another one.
            return ""
        for column, (side, entity) in enumerate(zip(SIDES, pair, strict=True)):
            name = self.task.sides[side].entities[entity]
            if entity in verdicts.accepted[:, column]:
                return f"{name} was accepted with another entity"
            if entity in verdicts.no_counterpart[side]:
                return f"{name} has no counterpart by a verdict"
        return ""

    def _explained(self, side: Side, entity: int, other: int, scores: FloatArray) -> ExplainedEntity:
        """Describe one entity of a pair, given its similarities to all candidates of the other side."""
        other_side: Side = "right" if side == "left" else "left"
        graph, opposite = self.task.sides[side], self.task.sides[other_side]
        at = int(np.searchsorted(opposite.candidates, other))
        others = np.delete(scores, at)
        best = int(np.delete(opposite.candidates, at)[others.argmax()]) if len(others) else None
        column = SIDES.index(side)
        linked = self.predicted.pairs[self.predicted.pairs[:, column] == entity, 1 - column]
        return ExplainedEntity(
            entity=graph.entities[entity],
            name=graph.names[entity],
            rank=1 + int((others > scores[at]).sum()),
            runner_up=None if best is None else opposite.entities[best],
            runner_up_similarity=None if best is None else float(others.max()),
            linked_with=opposite.entities[other if other in linked else int(linked[0])]
            if len(linked)
            else None,
            reason=str(self._reasons[side][entity]) if entity in self._reasons[side] else None,
        )

    def _cosine(self, modality: str, left: int, right: int) -> float | None:
        """Return the cosine of two candidates in one modality, or ``None`` if one of them lacks it."""
        vectors = self.features[modality]
        if not (vectors.left.present[left] and vectors.right.present[right]):
            return None
        candidates = self.task.left.candidates, self.task.right.candidates
        # The mean that is subtracted is that of all candidates of a side, as in the fused features.
        unit = modality_vectors(self.features, modality, *candidates)
        rows = (np.searchsorted(own, entity) for own, entity in zip(candidates, (left, right), strict=True))
        first, second = (side[row] for side, row in zip(unit, rows, strict=True))
        return float(first @ second)

    def _why_none(self, modality: str, left: int, right: int) -> str:
        """Return in words why two candidates have no cosine in a modality."""
        encoded = self.parameters.get("encoders", {}).get(modality) is not None
        both = zip(self.task.sides, (left, right), strict=True)
        if not encoded or not all(has_data(graph, entity, modality) for graph, entity in both):
            return "missing"
        return "none near" if modality == "number" else "not comparable"

    def review(self, n: int = N_PROPOSED) -> pd.DataFrame:
        """Propose the pairs that a person should look at first, see :func:`psqe.links.propose`.

        Parameters
        ----------
        n
            The largest number of pairs; 20 by default.

        Returns
        -------
        pandas.DataFrame
            Columns ``left`` and ``right`` (identifiers), ``left_name`` and ``right_name`` (``None`` where an
            entity has no name), ``confidence``, ``linked`` (whether the pair is a link; the others are below
            the threshold) and ``worth``, the gain of F1 that is expected of a verdict, up to a common
            factor (:mod:`psqe.links.proposals`), in descending order.

        Raises
        ------
        ParameterError
            If ``n`` is no positive integer.

        Examples
        --------
        >>> import psqe
        >>> from psqe.datasets.synthetic import planted_pair
        >>> task, features = planted_pair(60)
        >>> list(psqe.align(task, features=features).review(3).columns)
        ['left', 'right', 'left_name', 'right_name', 'confidence', 'linked', 'worth']
        """
        found = propose(self.task, self.predicted, n)
        return named_pairs(self.task, found.pairs).assign(
            confidence=found.confidence, linked=found.linked, worth=found.worth
        )

    def save_review(self, path: str | Path, n: int = N_PROPOSED) -> None:
        """Write what :meth:`review` proposes as a table with tabs and an empty column for verdicts.

        Parameters
        ----------
        path
            The file to write. With ``accept`` or ``reject`` in the column ``verdict`` of some rows, it is a
            file that :func:`psqe.links.read_verdicts` reads.
        n
            The largest number of pairs; 20 by default.

        Raises
        ------
        ParameterError
            If ``n`` is no positive integer, the file cannot hold an identifier, such as one with a tab, or is
            one of the pair itself or has verdicts.
        PsqeError
            If the file cannot be written.
        """
        check_form("the file", path, str | Path, "give a path")
        check_outputs((Path(path),), self.task.name)
        check_no_verdicts(Path(path))
        check_verdict_identifiers(self.task, remedy="rename these entities")
        rows = (
            (row.left, row.right, "", f"{row.confidence:.6g}", "yes" if row.linked else "no", *_names(row))
            for row in self.review(n).itertuples()
        )
        write_tsv(path, (*VERDICT_COLUMNS, "confidence", "linked", "left_name", "right_name"), rows)

    def update(
        self, pair: Pair | None = None, *, features: FeatureChoice = None, verdicts: VerdictChoice = None
    ) -> Alignment:
        """Align again after the graphs changed, a person gave verdicts, or both.

        With ``pair``, this alignment is the earlier one that :func:`psqe.align` takes as ``previous``: links
        about which nothing changed stay, and :attr:`changes` of the result lists what differs and why.
        Without ``pair``, the graphs are those of this alignment, and all their links are chosen again with
        the verdicts. In both cases the modalities, encoders, aligner, rule and random state are the same as
        in this alignment, and its verdicts hold.

        Parameters
        ----------
        pair
            The two graphs as they are now, with the identifiers that their entities had, in any form that
            :func:`psqe.align` takes. By default they did not change.
        features
            The vectors of all entities of ``pair``. Needed only if those of this alignment were given, ready
            or as a file; by default, the entities are encoded as they were in this alignment.
        verdicts
            Verdicts, or the file or the files with them. Their entities are those of ``pair``, where it is
            given. Where ``pair`` is given, they replace contrary ones of this alignment.

        Returns
        -------
        Alignment
            A new alignment.

        Raises
        ------
        DataError
            If the data are missing or broken; or the verdicts do not fit the graphs, contradict each other
            or, without ``pair``, those of this alignment.
        ParameterError
            If an argument is given in another form, neither a pair nor verdicts are given, the vectors of
            this alignment were given and those of the pair are not, or its modalities are others.
        PsqeError
            As :func:`psqe.align` does.

        Examples
        --------
        A city is added on both sides. A person then says that two others are not the same.

        >>> import psqe
        >>> cities = [("a", "Rome"), ("b", "Paris"), ("c", "Prague"), ("d", "Vienna")]
        >>> villes = [("1", "Rome"), ("2", "Paris"), ("3", "Prague"), ("4", "Vienne")]
        >>> first = psqe.align(({"names": cities}, {"names": villes}), features=["name"])
        >>> now = {"names": [*cities, ("e", "Lisbon")]}, {"names": [*villes, ("5", "Lisbonne")]}
        >>> grown = first.update(now)
        >>> grown.changes[["change", "left", "right", "why"]].values.tolist()
        [['link added', 'e', '5', 'e: new; 5: new']]
        >>> from psqe.links import Verdicts
        >>> wrong = Verdicts(accepted=np.empty((0, 2)), rejected=grown.predicted.pairs[:1])
        >>> after = grown.update(verdicts=wrong)
        >>> tuple(wrong.rejected[0]) in set(map(tuple, after.predicted.pairs))
        False
        """
        if isinstance(pair, Verdicts):
            raise ParameterError("verdicts are given as the pair", remedy="write update(verdicts=...)")
        if pair is None and verdicts is None:
            raise ParameterError(
                "neither a pair nor verdicts are given, so that nothing would change",
                remedy="give the two graphs as they are now, or verdicts=...",
            )
        if pair is None and features is not None:
            raise ParameterError(
                "features are given without a pair", remedy="give the two graphs that they are about, too"
            )
        return self._again(self, pair, features, verdicts)

    def report(self, path: str | Path, matching: Matching | None = None) -> None:
        """Write a page about the links that opens without a network.

        Parameters
        ----------
        path
            File to write (``.html``).
        matching
            See :meth:`evaluation`.
        """
        check_form("the file of the report", path, str | Path, "give a path")
        link_report(
            self.task,
            self.features,
            self.predicted,
            seeds=self.seeds,
            evaluation=self.evaluation(matching),
            provenance=self._made,
        ).save(path)

    def review_page(self, path: str | Path) -> None:
        """Write a page on which a person judges the links, and which needs no network and no server.

        The page lists all pairs, those first whose verdicts are expected to raise F1 most, and all entities
        without a link. It shows
        why each pair has its similarity, and the best other candidates. The verdicts are downloaded as
        ``verdicts.tsv``, which :func:`psqe.align` takes as ``verdicts``. The verdicts that the alignment
        was given are the first ones on the page.

        Parameters
        ----------
        path
            File to write (``.html``).

        Raises
        ------
        ParameterError
            If the path is something else, or ``verdicts.tsv`` cannot hold an identifier, such as one with a
            tab.
        PsqeError
            If the file cannot be written.

        Warns
        -----
        PsqeWarning
            If pictures cannot be read. They are left out.

        Examples
        --------
        >>> import psqe
        >>> from tempfile import TemporaryDirectory
        >>> from psqe.datasets.synthetic import planted_pair
        >>> task, features = planted_pair(60)
        >>> with TemporaryDirectory() as folder:
        ...     psqe.align(task, features=features).review_page(f"{folder}/review.html")
        ...     print(Path(folder, "review.html").read_text(encoding="utf-8")[:15])
        <!DOCTYPE html>
        """
        check_form("the file of the review page", path, str | Path, "give a path")
        review_page(self.task, self.features, self.predicted, seeds=self.seeds).save(path)

    def save(self, folder: str | Path) -> None:
        """Write ``links.tsv``, ``seeds.tsv`` and ``report.json``, in the forms that the README describes.

        A fourth file, ``psqe-run.json``, lets a later alignment continue (``previous`` of
        :func:`psqe.align`). With an earlier alignment, ``changes.tsv`` lists what differs from it; without
        one, that of an earlier run is removed from the folder. The files are written all or not at all.

        Parameters
        ----------
        folder
            Folder to write to; it is made if it is missing.

        Raises
        ------
        ParameterError
            If one of them is a file of the pair itself, such as the gold links of a folder; or if an entity
            may be in several links, because only one-to-one links can be continued; or if the folder has a
            file of one of these names that no run has written, or that was changed after a run was saved
            there. Nothing is written then.
        PsqeError
            If the folder cannot be written.
        """
        check_form("the folder", folder, str | Path, "give a path")
        PreviousRun.check_cardinality(self.predicted.chosen_by.cardinality)
        links, seeds, report, changes, run = (Path(folder) / name for name in SAVED)
        check_outputs((), self.task.name, saved=(links, seeds, report, run, changes))
        check_replaceable(Path(folder))
        with atomic_files(folder, last=run.name) as place:
            save_links(self.predicted, place / links.name, self.task)
            self.seeds.save_tsv(place / seeds.name, self.task)
            write_json(place / report.name, self.summary())
            if self.changes is not None:
                self._write_changes(place / changes.name)
            self.as_previous({path.name: digest_of(path) for path in place.iterdir()}).save(place)
        if self.changes is None:  # one of another run would be taken for a part of this one
            changes.unlink(missing_ok=True)

    def as_previous(self, files: Mapping[str, str] | None = None) -> PreviousRun:
        """Return what a later alignment needs of this one (``previous`` of :func:`psqe.align`).

        Parameters
        ----------
        files
            Digests of the files that are written beside it, by name; ``None``, the default, for no file.

        Raises
        ------
        ParameterError
            If an entity may be in several links.
        """
        evidence = self._evidence
        if evidence is None:
            evidence = evidence_of(self.task, self.features, given_modalities(self.parameters))
        return PreviousRun.from_alignment(
            self.task,
            self.predicted,
            self._mined,
            evidence,
            made_with(self.parameters),
            files,
        )

    def save_changes(self, path: str | Path) -> None:
        """Write :attr:`changes` as a table with tabs.

        Parameters
        ----------
        path
            The file to write.

        Raises
        ------
        ParameterError
            If there was no earlier alignment, or the file is one of the pair itself.
        PsqeError
            If the file cannot be written.
        """
        check_form("the file", path, str | Path, "give a path")
        if self.changes is None:
            raise ParameterError(
                "there are no changes without an earlier alignment", remedy="give align(previous=...)"
            )
        check_outputs((Path(path),), self.task.name)
        format_of(Path("changes.tsv")).check(self.task)
        self._write_changes(Path(path))

    def _write_changes(self, path: Path) -> None:
        """Write :attr:`changes`, which must be known."""
        assert self.changes is not None
        rows = (
            ["" if pd.isna(cell) else f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row]
            for row in self.changes.itertuples(index=False)
        )
        write_tsv(path, tuple(self.changes.columns), rows)

    def save_links(self, path: str | Path) -> None:
        """Write the links in the format that the ending of the file name says.

        Parameters
        ----------
        path
            The file to write: ``.tsv``, ``.csv``, ``.ttl`` and ``.nt`` (``owl:sameAs``), ``.sssom.tsv``, or
            ``.rdf`` and ``.xml`` (the alignment format of OAEI); see :mod:`psqe.links.formats`.

        Raises
        ------
        ParameterError
            If no format has the ending, the format cannot hold the identifiers of the entities, or the file
            is one of the pair itself or would be read with it.
        PsqeError
            If the file cannot be written.

        Examples
        --------
        >>> import psqe
        >>> from tempfile import TemporaryDirectory
        >>> from psqe.datasets.synthetic import planted_pair
        >>> task, features = planted_pair(60)
        >>> with TemporaryDirectory() as folder:
        ...     psqe.align(task, features=features).save_links(f"{folder}/found.csv")
        ...     print(Path(folder, "found.csv").read_text().splitlines()[0])
        left,right,score,confidence,rank_margin
        """
        check_form("the file", path, str | Path, "give a path")
        check_outputs((Path(path),), self.task.name)
        save_links(self.predicted, path, self.task)

    def headline(self) -> str:
        """Say in one line of a few sentences how many links and seeds there are, and how good the links are.

        Where gold links judge all links, it tells the F1. Where they judge only some, it tells how many of
        these are correct, and two F1: that of the judged links, and that of all links, which counts links
        that are not judged as wrong. The F1 of the links outside the seeds stands in brackets. On fewer than
        :data:`FEW` candidates of a side it says that the expected number of correct links may be too high.
        """
        summary = self._link_summary
        alone = summary["no_counterpart"]
        line = (
            f"{counted(len(self.predicted), 'link')} from {counted(len(self._mined), 'seed')}"
            f"{self._accepted()}, "
            f"{summary['expected_correct']:.0f} expected to be correct{self._learned()}{self._hint()}, "
            f"no link for {alone['left']:,} left and {alone['right']:,} right entities."
        )
        if self.quality is None:
            return line
        links = self.quality["links"]
        if links["n_judged"] == links["n"]:
            return f"{line} F1 {links['f1']:.3f}{self._outside('f1')}{self._recall(links)}."
        if not links["n_judged"]:
            return f"{line} No link can be judged by the gold links."
        judged = verdict(links["n_correct"], links["n_judged"], links["n"])
        return (
            f"{line} {judged[0].upper()}{judged[1:]}. "
            f"F1 of the judged links {links['f1_judged']:.3f}{self._outside('f1_judged')}; "
            f"F1 of all links, if gold links are complete, {links['f1']:.3f}{self._outside('f1')}"
            f"{self._recall(links)}."
        )

    def _recall(self, links: Mapping[str, Any]) -> str:
        """Return the recall where not all gold links can be found, and why it is no share of all of them."""
        if links["n_findable"] == links["n_gold"]:
            return ""
        return (
            f"; recall is {links['n_correct']:,} of {links['n_findable']:,}, because "
            f"{self.predicted.chosen_by.cardinality} links can contain at most {links['n_findable']:,} of "
            f"the {links['n_gold']:,} gold links"
        )

    def _accepted(self) -> str:
        """Return how many pairs were accepted; empty without any."""
        n = len(self.predicted.verdicts.accepted)
        return f" and {counted(n, 'accepted pair')}" if n else ""

    def _learned(self) -> str:
        """Return, in brackets, the interval of the expected number that verdicts give; empty without any."""
        interval = self.predicted.expected_interval
        if interval is None:
            return ""
        low, high = interval
        return f" ({low:.0f} to {high:.0f}, by {counted(len(self.predicted.verdicts), 'verdict')})"

    def _hint(self) -> str:
        """Return, in brackets, that the confidence is learned from few candidates; empty where it is not."""
        few = min(len(graph.candidates) for graph in self.task.sides) < FEW and not (
            self.predicted.accepted.all()
        )
        return f" (perhaps too many: a side has fewer than {FEW} candidates to estimate it from)" * few

    def _outside(self, share: str) -> str:
        """Return a share of the links outside the seeds, in brackets; empty without seeds or such links."""
        free = None if self.quality is None else self.quality["links_free"]
        if not len(self.seeds) or free is None or free[share] is None:
            return ""
        return f" ({free[share]:.3f} outside the seeds)"

    def ranking(self, matching: Matching | None = None) -> str:
        """Say how often the true counterpart is ranked first; empty where gold links are not known.

        Parameters
        ----------
        matching
            See :meth:`evaluation`.
        """
        found = self.evaluation(matching)
        if found["metrics"] is None:
            return ""
        everything = _both_ways(found["metrics"])
        text = f"Hits@1 (share of entities whose true counterpart is ranked first): {everything}"
        if not len(self.seeds):
            return text
        free = _both_ways(found["metrics_free"])
        if not free:
            return f"{text}; every true link has an entity in a seed"
        return f"{text}; among true links with no entity in a seed, {free}"

    def __repr__(self) -> str:
        return f"Alignment({self.task.name!r}: {self.headline()})"

    def _repr_html_(self) -> str:
        lines = [f"<b>{html.escape(self.task.name)}</b>: {html.escape(self.headline())}"]
        if self.choices:
            lines.append(f"Chosen by default: {html.escape(self.choices)}.")
        return f"<p>{'<br>'.join(lines)}</p>{self.links.head(10).to_html(index=False, float_format='%.3f')}"


def _names(row: Any) -> tuple[str, str]:
    """Return the names of both entities of a row as texts without tabs and line breaks."""
    left, right = (" ".join((name or "").split()) for name in (row.left_name, row.right_name))
    return left, right


def _both_ways(metrics: Mapping[str, Any]) -> str:
    """Write Hits@1 of both directions; empty where no query of a direction was evaluated."""
    values = [metrics[direction]["full"]["hits@1"] for direction in DIRECTIONS]
    ways = zip(values, ("left to right", "right to left"), strict=True)
    return ", ".join(f"{value:.3f} {way}" for value, way in ways if value is not None)


def _candidate(graph: KnowledgeGraph, identifier: object, *, other: KnowledgeGraph) -> int:
    """Return the index of a candidate.

    Raises
    ------
    DataError
        If the graph has no such entity, or it is no candidate.
    """
    entities = graph.index()
    if isinstance(identifier, Integral):  # as pandas reads the identifiers of a file with links
        identifier = str(identifier)
    if not isinstance(identifier, str):
        raise DataError(
            f"{identifier!r:.80} is no identifier", remedy=f"give a text, such as {graph.entities[0]!r}"
        )
    if identifier not in entities:
        example = graph.entities[graph.candidates[0]]
        raise DataError(
            f"{identifier!r} is no entity of graph {graph.name!r}"
            + Spellings(graph.entities).hint(identifier),
            remedy=f"it is one of graph {other.name!r}, so give the left identifier first"
            if identifier in other.index()
            else f"give an identifier of the data, such as {example!r}",
        )
    index = entities[identifier]
    if index not in graph.candidates:
        raise DataError(
            f"{identifier!r} is no candidate of graph {graph.name!r}",
            remedy="name an entity that may get a link",
        )
    return index
