"""From similarities to links with a score, a confidence and a margin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from psqe.calibration import model_temperature
from psqe.canonical import canonical_order
from psqe.evaluation import Scorer
from psqe.features.base import Features
from psqe.files import write_text
from psqe.kg import AlignmentTask, BoolArray, FloatArray, IntArray
from psqe.matching import Similarity
from psqe.seeds.base import SeedSet
from psqe.seeds.quality import confidence
from psqe.survey import Survey, survey


@dataclass(frozen=True, eq=False)
class Links:
    """Predicted links, most confident first, and of equal ones those with the larger margin.

    Attributes
    ----------
    pairs
        Left and right entity ``(n, 2)``, each entity at most once.
    scores
        Similarity of each pair ``(n,)``.
    confidence
        Estimated probability that a pair is right ``(n,)``, see :mod:`psqe.calibration`. Its sum is the
        expected number of right links.
    rank_margin
        How far the score is ahead of the second best of either entity ``(n,)``.
    from_seed
        Which links are pairs that the model was trained on ``(n,)``.
    listed
        The nearest of every candidate, by positions among the candidates of either side, with totals at
        the temperature of the confidence.
    """

    pairs: IntArray
    scores: FloatArray
    confidence: FloatArray
    rank_margin: FloatArray
    from_seed: BoolArray
    listed: Survey

    def __len__(self) -> int:
        return len(self.pairs)

    def save_tsv(self, path: str | Path, task: AlignmentTask) -> None:
        """Write ``left, right, score, confidence, rank_margin`` with a header; entities by identifier."""
        lines = ["left\tright\tscore\tconfidence\trank_margin"]
        columns = zip(self.pairs, self.scores, self.confidence, self.rank_margin, strict=True)
        for (left, right), *numbers in columns:
            ends = task.left.entities[left], task.right.entities[right]
            lines.append("\t".join([*ends, *(f"{x:.6g}" for x in numbers)]))
        write_text(path, "\n".join(lines) + "\n")


def predict_links(
    task: AlignmentTask, features: Features, scorer: Scorer, *, seeds: SeedSet | None = None
) -> Links:
    """Link the candidates that are each other's nearest; tied ones are left out.

    Parameters
    ----------
    task
        The task; its gold links are not looked at.
    features
        What is known of the entities without any training.
    scorer
        Similarities, for example ``aligner.similarity``.
    seeds
        What the similarities were trained on; ``None`` for similarities without training.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    left, right = task.left.candidates, task.right.candidates
    similarity = scorer(left, right)
    found = survey(similarity, k=2).nearest()
    rows, columns = found.mutual()
    # A tie could only be broken by the order of the entities, which must decide nothing.
    clear = found.margin(rows, columns) > 0
    rows, columns = rows[clear], columns[clear]
    pairs, scores = np.column_stack([left[rows], right[columns]]), found.score_left[rows]

    taken = np.empty((0, 2), dtype=np.int64) if seeds is None else seeds.pairs
    partner = np.full(task.left.n_entities, -1, dtype=np.int64)
    partner[taken[:, 0]] = taken[:, 1]
    from_seed: BoolArray = partner[pairs[:, 0]] == pairs[:, 1]
    listed = survey(similarity, temperature=_temperature(task, features, similarity, taken))
    totals = listed.left_total[rows] + listed.right_total[columns]
    sure = np.exp(scores.astype(np.float64) / listed.temperature - totals / 2).clip(0, 1).astype(np.float32)
    sure[from_seed] = confidence(pairs[from_seed], task, features)

    margin = found.margin(rows, columns)
    # Many confidences are one up to rounding: of those, the links that are further ahead come first.
    order = np.lexsort((-margin, -sure))
    return Links(pairs[order], scores[order], sure[order], margin[order], from_seed[order], listed)


def _temperature(task: AlignmentTask, features: Features, similarity: Similarity, taken: IntArray) -> float:
    """:func:`model_temperature` from the candidates that are in none of the pairs ``taken (n, 2)``."""
    free = []
    for order, graph, ends in zip(
        canonical_order(task, features), (task.left, task.right), taken.T, strict=True
    ):
        own = order[np.isin(order, graph.candidates) & ~np.isin(order, ends)]
        free.append(np.searchsorted(graph.candidates, own))
    return model_temperature(similarity.take(*free))
