"""From similarities to links with a score, a confidence and a margin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from psqe.evaluation import Scorer
from psqe.files import write_text
from psqe.kg import AlignmentTask, FloatArray, IntArray
from psqe.survey import survey


@dataclass(frozen=True, eq=False)
class Links:
    """Predicted links, most confident first.

    Attributes
    ----------
    pairs
        Left and right entity ``(n, 2)``, each entity at most once.
    scores
        Similarity of each pair ``(n,)``.
    confidence
        In ``[0, 1]``: geometric mean of the softmax shares the pair has among all candidates of its left
        and of its right entity. It orders links; it is not calibrated to a precision.
    rank_margin
        How far the score is ahead of the second best of either entity ``(n,)``.
    """

    pairs: IntArray
    scores: FloatArray
    confidence: FloatArray
    rank_margin: FloatArray

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


def predict_links(task: AlignmentTask, scorer: Scorer, *, temperature: float = 0.05) -> Links:
    """Link the candidates that are each other's nearest; tied ones are left out.

    Parameters
    ----------
    task
        The task; its gold links are not looked at.
    scorer
        Similarities, for example ``aligner.similarity``.
    temperature
        Of the softmax behind ``confidence``.
    """
    left, right = task.left.candidates, task.right.candidates
    similarity = scorer(left, right)
    surveyed = survey(similarity, k=2, temperature=temperature)
    found = surveyed.nearest()
    rows, columns = found.mutual()
    # A tie could only be broken by the order of the entities, which must decide nothing.
    clear = found.margin(rows, columns) > 0
    rows, columns = rows[clear], columns[clear]
    scores = found.score_left[rows]
    totals = surveyed.left_total[rows] + surveyed.right_total[columns]
    confidence = np.exp(scores.astype(np.float64) / temperature - totals / 2).clip(0, 1).astype(np.float32)
    order = np.argsort(-confidence, kind="stable")
    return Links(
        np.column_stack([left[rows], right[columns]])[order],
        scores[order],
        confidence[order],
        found.margin(rows, columns)[order],
    )
