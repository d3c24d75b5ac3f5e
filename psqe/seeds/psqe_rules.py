"""The rules of PSQE as switches: what the released code does, what we do, and two named sets of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any, Literal, get_type_hints

import pandas as pd
from pydantic import Field

from psqe.errors import ParameterError
from psqe.parameters import Dimension, PositiveFloat, PositiveInt, checked


def _rule(default: Any, *, point: str, released: str, ours: str) -> Any:
    """Make a field that records the released rule, ours, and the number of the point where they differ.

    Points 1 to 10 are questionable rules. Point 11 collects details without an argument for either side.
    """
    return field(default=default, metadata={"point": point, "released": released, "ours": ours})


BOUNDED: Mapping[str, Any] = {
    "temperature": PositiveFloat,
    "rounds": PositiveInt,
    "n_epochs": PositiveInt,
    "dim": Dimension,
    "n_components": Dimension | None,
    "n_starts": PositiveInt,
    "learned_weight": Annotated[float, Field(ge=0, le=1)],
    "evenness": Annotated[float, Field(ge=0, allow_inf_nan=False)],
}
"""The types of the switches that have bounds."""


@dataclass(frozen=True)
class Rules:
    """A switch for every place where the released procedure is questionable. Defaults are our repairs.

    :data:`VARIANTS` names three sets: ``released`` (Hong et al. 2026, the public code, to the letter),
    ``corrected``, and ``even``, which is ``corrected`` with the rule ``evenness``. :func:`rules_table`
    describes every switch.

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

    match_modalities: Literal["text", "all"] = _rule(
        "all",
        point="1",
        released="Pictures shape clusters and the structure embedding only; pairs are matched on texts.",
        ours="Every modality takes part in every comparison.",
    )
    weighting: Literal["image", "equal"] = _rule(
        "equal",
        point="1",
        released="Weights .8 for pictures and .1 for each other modality.",
        ours="The same weight for all.",
    )
    normalise: bool = _rule(
        True,
        point="2",
        released="Raw dot products, so that long vectors win; embeddings of any length in the loss.",
        ours="Features centred per side and scaled to length one; unit embeddings.",
    )
    reciprocal_filter: bool = _rule(
        False,
        point="3",
        released="Drops a seed unless its similarity is the largest of its row, among the seeds only.",
        ours="No such filter: pairs compete with all candidates, in both directions.",
    )
    rounds: int = _rule(
        1,
        point="4",
        released="All pairs are compared after every epoch and all but the last result thrown away.",
        ours="Compared once, after training. More rounds train again on the seeds of the last round.",
    )
    order: Literal["file", "confidence"] = _rule(
        "confidence",
        point="5",
        released="Blocks of 2000 seeds and the schedule of stage 3 follow the list; one step each epoch.",
        ours="Batches are shuffled, one step each; stage 3 weights a seed by its confidence.",
    )
    missing: Literal["noise", "mask"] = _rule(
        "mask",
        point="6",
        released="Missing vectors are drawn from a normal distribution; stage 3 needs pictures.",
        ours="Missing vectors are masked; every stage works with the modalities that are there.",
    )
    replace: bool = _rule(
        True,
        point="7",
        released="Later stages add pairs of entities not used so far. A wrong seed blocks both its entities.",
        ours="Later stages choose afresh, so that a better pair replaces a worse one.",
    )
    dangling: bool = _rule(
        True,
        point="8",
        released="Pairs are ranked by similarity, whatever else their entities resemble.",
        ours="Pairs are ranked by share: an entity without counterpart resembles many equally.",
    )
    mutual: bool = _rule(
        True,
        point="9",
        released="Greedy over the 100 * n_seeds largest cells, whose ties come in no stated order.",
        ours="Pairs nearest in both directions first; exact ties count as one-sided.",
    )
    fill: bool = _rule(
        True,
        point="9",
        released="Quotas are rounded down, and what a cluster cannot fill is lost, so seeds are missing.",
        ours="Quotas add up to n_seeds, and what a cluster cannot fill goes to the best pairs left.",
    )
    temperature: float = _rule(
        0.1,
        point="2",
        released="1, with embeddings of any length.",
        ours="0.1, with unit embeddings.",
    )
    n_epochs: int = _rule(20, point="4", released="300 epochs.", ours="20 epochs.")
    dim: int = _rule(64, point="4", released="Embeddings of width 300.", ours="Width 64.")
    n_components: int | None = _rule(
        256,
        point="10",
        released="The encoder reads features as they are, 2048 wide.",
        ours="The encoder reads their 256 principal components.",
    )
    learned_weight: float = _rule(
        0.3,
        point="4",
        released="After training, pairs are matched by learned embeddings alone.",
        ours="The weighted mean of both similarities; the switch is the weight of the learned one.",
    )
    n_starts: int = _rule(
        4,
        point="11",
        released="K-means starts once, which is scikit-learn's default since its version 1.4.",
        ours="K-means starts four times, and the best clusters count.",
    )
    row_order: Literal["file", "content"] = _rule(
        "content",
        point="11",
        released="K-means draws its starts from rows in the order of the files.",
        ours="It draws them from rows in an order that depends on the content of the entities only.",
    )
    negated_attention: bool = _rule(
        False,
        point="11",
        released="Graph attention is a softmax of the negative of LeakyReLU.",
        ours="It is a softmax of LeakyReLU, as published (Velickovic et al. 2018).",
    )
    attention_start: Literal["xavier", "uniform"] = _rule(
        "xavier",
        point="11",
        released="First attention weights are uniform up to 1 / sqrt(2 dim).",
        ours="They are uniform up to the bound of Glorot and Bengio (2010).",
    )
    evenness: float = _rule(
        0.0,
        point="9",
        released="Quotas of the clusters of stage 1, and no other.",
        ours="The same; above 0, what evenness by degree, density and meaning is worth in every choice.",
    )

    def __post_init__(self) -> None:
        for name, kind in {**get_type_hints(Rules), **BOUNDED}.items():
            value = getattr(self, name)
            checked(value, kind, f"switch {name} cannot be {value!r}")

    @classmethod
    def from_variant(cls, variant: str, switches: Mapping[str, Any] | None = None) -> Rules:
        """Make the rules of a variant, with some switches set otherwise.

        Parameters
        ----------
        variant
            A key of :data:`VARIANTS`.
        switches
            Values of switches that differ from the variant's, by name.

        Raises
        ------
        ParameterError
            If the variant, a switch or a value is unknown.
        """
        if variant not in VARIANTS:
            raise ParameterError(
                f"there is no variant {variant!r}", remedy=f"choose from {', '.join(VARIANTS)}"
            )
        rules = VARIANTS[variant]
        known = asdict(rules)
        for name in switches or {}:
            if name not in known:
                raise ParameterError(f"there is no switch {name!r}", remedy=f"choose from {', '.join(known)}")
        return replace(rules, **(switches or {}))


VARIANTS: dict[str, Rules] = {
    "released": Rules(
        match_modalities="text",
        weighting="image",
        normalise=False,
        reciprocal_filter=True,
        rounds=1,
        order="file",
        missing="noise",
        replace=False,
        dangling=False,
        mutual=False,
        fill=False,
        temperature=1.0,
        n_epochs=300,
        dim=300,
        n_components=None,
        learned_weight=1.0,
        n_starts=1,
        row_order="file",
        negated_attention=True,
        attention_start="uniform",
    ),
    "corrected": Rules(),
    "even": Rules(evenness=2.0),
}
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
    """Return a table of all switches with their values in both variants and what they mean."""
    return pd.DataFrame(
        [
            {
                "switch": f.name,
                "point": f.metadata["point"],
                "released": getattr(VARIANTS["released"], f.name),
                "what the release does": f.metadata["released"],
                "corrected": getattr(VARIANTS["corrected"], f.name),
                "what we do": f.metadata["ours"],
            }
            for f in fields(Rules)
        ]
    )
