"""What verdicts say about links that were chosen without them: the labels for a recalibration."""

from __future__ import annotations

import numpy as np

from psqe.evaluation.truth import among
from psqe.graph import BoolArray, Sides
from psqe.links.predict import Links
from psqe.links.recalibration import Recalibration
from psqe.links.verdicts import Verdicts

FEWEST = 10
"""Number of judged pairs from which on confidences are recalibrated."""

FEWEST_OF_A_KIND = 2
"""Number of correct, and of wrong ones, that have to be among them."""


def judged_by(verdicts: Verdicts, links: Links) -> tuple[BoolArray, BoolArray]:
    """Tell which pairs of an alignment verdicts judge, and which of these are correct.

    Parameters
    ----------
    verdicts
        What a person said.
    links
        The links of an alignment that did not know the verdicts.

    Returns
    -------
    judged, correct
        For each link and then for each doubtful pair ``(n + m,)``: whether it is judged, and whether it is
        correct. A pair is wrong if it was rejected, if one of its entities was said to have no counterpart,
        and if an entity of it that can be in one link only was accepted with another one.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> judged, correct = judged_by(Verdicts(links.pairs[:2], links.pairs[2:5]), links)
    >>> int(judged.sum()), int(correct.sum())
    (5, 2)
    """
    pairs = np.vstack([links.pairs, links.doubtful])
    correct = among(pairs, verdicts.accepted)
    settled = verdicts.ends
    if links.chosen_by.cardinality == "one-to-many":
        settled = Sides(verdicts.no_counterpart.left, settled.right)
    elif links.chosen_by.cardinality == "many-to-many":
        settled = verdicts.no_counterpart
    either = np.isin(pairs[:, 0], settled.left) | np.isin(pairs[:, 1], settled.right)
    return correct | either | among(pairs, verdicts.rejected), correct


def recalibration_of(verdicts: Verdicts, links: Links) -> Recalibration | None:
    """Fit a recalibration to the pairs that verdicts judge, if they are enough.

    People often note mistakes only. Such verdicts say which pairs are wrong, and not how many are. So there
    have to be :data:`FEWEST` judged pairs, and :data:`FEWEST_OF_A_KIND` correct and as many wrong ones.

    Parameters
    ----------
    verdicts, links
        As for :func:`judged_by`.

    Returns
    -------
    Recalibration or None
        The function of confidences; ``None`` if too few pairs are judged.
    """
    judged, correct = judged_by(verdicts, links)
    n_correct, n = int(correct[judged].sum()), int(judged.sum())
    if n < FEWEST or min(n_correct, n - n_correct) < FEWEST_OF_A_KIND:
        return None
    confidence = np.concatenate([links.confidence, links.doubtful_confidence]).astype(np.float64)
    return Recalibration.fit(confidence[judged], correct[judged])
