"""The rules of PSQE as switches: what the released code does, what we do, and two named sets of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
from pydantic import Field

from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat, PositiveInt
from psqe.switches import Switches, switch

Share = Annotated[float, Field(ge=0, le=1)]
"""The type of a share of a whole, at least 0 and at most 1."""


@dataclass(frozen=True)
class Rules(Switches):
    """The switches of PSQE: one for every place where the released procedure is questionable.

    The defaults are our repairs. :data:`VARIANTS` names three sets: ``released``, which does what the public
    code of Hong et al. (2026) does; ``corrected``; and ``even``, which is ``corrected`` with the rule
    ``evenness``. :func:`rules_table` describes every switch.

    Raises
    ------
    ParameterError
        If a switch has an impossible value.

    Examples
    --------
    >>> Rules().mutual, Rules.from_variant("released").mutual
    (True, False)
    >>> Rules.from_variant("corrected", {"n_epochs": 5}).n_epochs
    5
    """

    match_modalities: Literal["text", "all"] = switch(
        "all",
        released="text",
        point="1",
        theirs="Pictures shape clusters and the structure embedding only; pairs are matched on texts.",
        does="Every modality takes part in every comparison.",
    )
    weighting: Literal["image", "equal"] = switch(
        "equal",
        released="image",
        point="1",
        theirs="Pictures have the weight 0.8, and every other modality 0.1.",
        does="All modalities have the same weight.",
    )
    normalise: bool = switch(
        True,
        released=False,
        point="2",
        theirs="Similarities are dot products of the vectors as they are, so that long vectors win, and "
        "the embeddings in the loss may have any length.",
        does="The mean of each side is subtracted from its features, and features and embeddings have length "
        "one.",
    )
    reciprocal_filter: bool = switch(
        False,
        released=True,
        point="3",
        theirs="A seed is dropped unless its similarity is the largest that its left entity has with "
        "the right entities of all seeds.",
        does="Seeds are not filtered; pairs compete with the pairs of all candidates, in both directions.",
    )
    rounds: PositiveInt = switch(
        1,
        released=1,
        point="4",
        theirs="All pairs are compared after every epoch, and all results but the last one are thrown away.",
        does="All pairs are compared once, after the training. With more rounds, the training is repeated on "
        "the seeds of the round before.",
    )
    order: Literal["file", "confidence"] = switch(
        "confidence",
        released="file",
        point="5",
        theirs="Blocks of 2000 seeds and the schedule of stage 3 follow the order of the list; an epoch "
        "has one step.",
        does="Batches are shuffled, and each makes a step; stage 3 weights a seed by its confidence.",
    )
    missing: Literal["noise", "mask"] = switch(
        "mask",
        released="noise",
        point="6",
        theirs="Missing vectors are drawn from a normal distribution; stage 3 needs pictures.",
        does="Missing vectors are masked; every stage works with the modalities that are there.",
    )
    replace: bool = switch(
        True,
        released=False,
        point="7",
        theirs="Later stages add pairs of entities not used so far. A wrong seed blocks both its entities.",
        does="Later stages choose afresh, so that a better pair replaces a worse one.",
    )
    dangling: bool = switch(
        True,
        released=False,
        point="8",
        theirs="Pairs are ranked by similarity, whatever else their entities resemble.",
        does="Pairs are ranked by their share in the softmax over all candidates, which is small for an "
        "entity without a counterpart, because it resembles many equally.",
    )
    mutual: bool = switch(
        True,
        released=False,
        point="9",
        theirs="Pairs are taken greedily from the 100 * n_seeds largest similarities, whose ties come in no "
        "stated order.",
        does="Pairs of entities that are each other's nearest are taken first; exact ties count as "
        "one-sided.",
    )
    fill: bool = switch(
        True,
        released=False,
        point="9",
        theirs="Quotas are rounded down, and what a cluster cannot fill is lost, so seeds are missing.",
        does="Quotas add up to n_seeds, and what a cluster cannot fill goes to the best pairs left.",
    )
    temperature: PositiveFloat = switch(
        0.1,
        released=1.0,
        point="2",
        theirs="The temperature of the loss is 1, with embeddings of any length.",
        does="It is 0.1, with embeddings of length one.",
    )
    n_epochs: PositiveInt = switch(
        20,
        released=300,
        point="4",
        theirs="The encoder is trained for 300 epochs.",
        does="It is trained for 20 epochs.",
    )
    dim: Dimension = switch(
        64,
        released=300,
        point="4",
        theirs="Embeddings have 300 dimensions.",
        does="They have 64 dimensions.",
    )
    n_components: Dimension | None = switch(
        256,
        released=None,
        point="10",
        theirs="The encoder reads features as they are, with 2048 dimensions.",
        does="The encoder reads their 256 principal components.",
    )
    learned_weight: Share = switch(
        0.3,
        released=1.0,
        point="4",
        theirs="After training, pairs are matched by learned embeddings alone.",
        does="They are matched by the weighted mean of the similarities of features and of embeddings; the "
        "switch is the weight of the latter.",
    )
    n_starts: PositiveInt = switch(
        4,
        released=1,
        point="11",
        theirs="K-means starts once, which is scikit-learn's default since its version 1.4.",
        does="K-means starts four times, and the best clusters count.",
    )
    row_order: Literal["file", "content"] = switch(
        "content",
        released="file",
        point="11",
        theirs="K-means draws its starts from rows in the order of the files.",
        does="It draws them from rows in an order that depends on the content of the entities only.",
    )
    negated_attention: bool = switch(
        False,
        released=True,
        point="11",
        theirs="Graph attention is a softmax of the negative of LeakyReLU.",
        does="It is a softmax of LeakyReLU, as published (Velickovic et al. 2018).",
    )
    attention_start: Literal["xavier", "uniform"] = switch(
        "xavier",
        released="uniform",
        point="11",
        theirs="First attention weights are uniform up to 1 / sqrt(2 dim).",
        does="They are uniform up to the bound of Glorot and Bengio (2010).",
    )
    evenness: NonNegativeFloat = switch(
        0.0,
        released=0.0,
        point="9",
        theirs="The clusters of stage 1 have quotas, and nothing else makes seeds even.",
        does="At 0 it is the same. A value above 0 is what evenness by degree, density and meaning is worth "
        "in every choice.",
    )

    OTHER: ClassVar[Mapping[str, Mapping[str, Any]]] = {"even": {"evenness": 2.0}}


VARIANTS: dict[str, Rules] = {name: Rules.from_variant(name) for name in Rules.variants()}
"""The named sets of rules.

The weight of ``even`` and its number of clusters (:data:`psqe.seeds.stages.base.EVEN_CLUSTERS`) were chosen
on emoji/en-de, with 300, 600 and 1,000 seeds and without labels. The weights 0.5, 1, 2, 4 and 10 with 8, 16,
24 and 32 clusters were compared with mutual nearest pairs. Of those with at least the estimated precision of
these pairs, in the mean, and at least their balance by degree, by density and by K-means clusters other than
those used, ``even`` has the most balanced seeds by these clusters.
"""

SWITCHES = tuple(f.name for f in fields(Rules))
"""Names of all switches."""


def rules_table() -> pd.DataFrame:
    """Return a table of all switches with their values in both variants and what they mean.

    Points 1 to 10 are questionable rules. Point 11 collects details without an argument for either side.
    """
    return Rules.table()
