"""Checks of what the functions of links are given, so that a mistake is told before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psqe.aligners import Aligner
from psqe.errors import ParameterError
from psqe.evaluation import Scorer
from psqe.evaluation.arguments import check_scorer, check_task, pairs_of_task
from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.parameters import check_form
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Similarity


def check_inputs(task: AlignmentTask, features: Features) -> None:
    """Refuse what is no task, and what are no features of it.

    Raises
    ------
    ParameterError
        If one of them is something else.
    DataError
        If the features do not fit the task.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> check_inputs(*planted_pair(30))
    """
    check_task(task)
    check_form(
        "the features", features, Features, "give Features, such as psqe.api.load_features(task) returns"
    )
    features.check(task)


def checked_seeds(task: AlignmentTask, seeds: SeedSet | None) -> SeedSet:
    """Return seeds of a task, an empty set for ``None``; refuse everything else.

    Raises
    ------
    ParameterError
        If they are no seed set, or name an entity that the task does not have.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> len(checked_seeds(planted_pair(30)[0], None))
    0
    """
    remedy = (
        "give a SeedSet, such as SeedSet(pairs, scores, stages) with one score and one stage for each pair, "
        "or None for no seeds"
    )
    check_form("the seeds", seeds, SeedSet | None, remedy)
    if seeds is None:
        return SeedSet.empty()
    pairs_of_task(task, "seeds", seeds.pairs)
    return seeds


def checked_scorer(task: AlignmentTask, scorer: Scorer | Aligner) -> tuple[Scorer, Aligner | None]:
    """Return the function of similarities, and the aligner if one was given itself.

    Parameters
    ----------
    task
        The two graphs.
    scorer
        A fitted aligner, its method ``similarity``, or another function of left and right entities.

    Raises
    ------
    ParameterError
        If it is something else, or an aligner that is not fitted on this task.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> checked_scorer(planted_pair(30)[0], feature_scorer(*planted_pair(30)))[1] is None
    True
    """
    remedy = "give a fitted aligner, or a function of left and right entities that returns their similarities"
    given: object = scorer
    if isinstance(given, type) and issubclass(given, Aligner):
        raise ParameterError(
            f"the scorer cannot be {given.__name__}, which is the class of an aligner",
            remedy=f"make an aligner of it and fit it: {given.__name__}.preset('small').fit(...)",
        )
    owner = scorer if isinstance(scorer, Aligner) else getattr(scorer, "__self__", None)
    if isinstance(owner, Aligner):
        owner.require_fitted(task)
    if isinstance(scorer, Aligner):
        return scorer.similarity, scorer
    check_scorer(scorer, remedy=remedy)
    return scorer, None


@contextmanager
def finite_similarities(model: Aligner | None) -> Iterator[None]:
    """Tell that the similarities of a function are not finite as a mistake of who gave the function.

    Parameters
    ----------
    model
        The aligner that the similarities are of, whose own error is kept; ``None`` for a function.

    Raises
    ------
    ParameterError
        If a similarity of a function is found not to be finite.

    Examples
    --------
    >>> with finite_similarities(None):
    ...     pass
    """
    try:
        yield
    except FloatingPointError as error:
        if model is not None:
            raise
        raise ParameterError(
            f"the scorer returns what is no finite number ({error})",
            remedy="return a finite similarity for every pair of entities",
        ) from error


def check_similarity(similarity: object) -> None:
    """Refuse what is no matrix of similarities.

    Raises
    ------
    ParameterError
        If it is something else, such as an array.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot
    >>> check_similarity(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)))
    """
    check_form(
        "the similarity", similarity, Similarity,
        "give a Similarity, such as the result of aligner.similarity or psqe.similarity.Dot(left, right)",
    )  # fmt: skip
