"""Fitting an aligner again without some of its candidates, to see what their counterparts are paired with."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from psqe.aligners import Aligner
from psqe.errors import PsqeWarning
from psqe.features.base import Features
from psqe.graph import AlignmentTask, IntArray, Sides
from psqe.seeds.seed_set import SeedSet
from psqe.similarity.shortlist import Shortlist


@dataclass(frozen=True, eq=False)
class Refit:
    """An aligner that can be fitted again with some of its candidates hidden.

    Parameters
    ----------
    task, features, seeds
        What the aligner was fitted on.
    model
        The fitted aligner.
    left, right
        The candidates, in canonical order.
    """

    task: AlignmentTask
    features: Features
    model: Aligner
    seeds: SeedSet
    left: IntArray
    right: IntArray

    @classmethod
    def where_needed(
        cls,
        task: AlignmentTask,
        features: Features,
        model: Aligner | None,
        seeds: SeedSet,
        candidates: Sides[IntArray],
    ) -> Refit | None:
        """Return the refit of an aligner that takes its own links for evidence, and ``None`` for others.

        Parameters
        ----------
        task, features, seeds
            What the aligner was fitted on.
        model
            The fitted aligner; ``None`` where the similarities are those of a function.
        candidates
            The candidates, in canonical order.
        """
        if model is None or not model.reinforces_links:
            return None
        return cls(task, features, model, seeds, *candidates)

    def __call__(self, hidden: Sides[IntArray]) -> tuple[Shortlist, Sides[IntArray]]:
        """Fit the aligner again, and list the pairs of the candidates that are not hidden.

        Parameters
        ----------
        hidden
            Positions of the hidden candidates of each side.

        Returns
        -------
        The shortlist of the other candidates, and their positions.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PsqeWarning)  # the first fit has told the same
            out = Sides(self.left[hidden.left], self.right[hidden.right])
            again = self.model.fit_without(self.task, self.features, self.seeds, out)
        kept = Sides(
            np.setdiff1d(np.arange(len(self.left)), hidden.left),
            np.setdiff1d(np.arange(len(self.right)), hidden.right),
        )
        similarity = again.similarity(self.left[kept.left], self.right[kept.right])
        return Shortlist.from_similarity(similarity), kept
