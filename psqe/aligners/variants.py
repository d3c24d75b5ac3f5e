"""What the public codes of trained aligners have in common and where ours departs from them, as switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from psqe.features.base import Features
from psqe.seeds.noise_fill import filled_with_noise
from psqe.switches import Switches, switch
from psqe.training.callback import Callback
from psqe.training.loop import Training

BAGS = ("relation", "attribute")
"""The modalities whose counts the public codes give to the network as they are; missing vectors are zero."""

NAMES = ("name",)
"""The modalities whose missing vectors the public codes draw from a uniform distribution."""

N_WEIGHTS = 6
"""Number of learned loss weights in the public codes: structure, relation, attribute, image, name, bigram."""


@dataclass(frozen=True)
class TrainedRules(Switches):
    """The switches that all trained aligners share. Defaults are our repairs.

    The public codes of EVA (Liu et al. 2021), MCLEA (Lin et al. 2022) and MEAformer (Chen et al. 2023) build
    on one another, so that they prepare their inputs alike.

    Examples
    --------
    >>> TrainedRules().missing, TrainedRules.from_variant("released").missing
    ('mask', 'noise')
    """

    centre: bool = switch(
        True,
        released=False,
        theirs="The mean of a side is not subtracted from its vectors.",
        does="The mean of each side is subtracted from its vectors.",
    )
    scaled: Literal["all", "vectors"] = switch(
        "all",
        released="vectors",
        theirs="Vectors of pictures and names have length one; relations and attributes are as they are.",
        does="The vectors of every modality have length one.",
    )
    missing: Literal["mask", "noise"] = switch(
        "mask",
        released="noise",
        theirs="A missing vector is noise: normal with the mean and the standard deviation of those of both "
        "sides, uniform for names; missing relations and attributes are zeros, which are mapped to a bias.",
        does="An entity without a modality is masked in losses and embeddings.",
    )
    even_batches: bool = switch(
        True,
        released=False,
        theirs="Every batch but the last one of an epoch is full.",
        does="The batches of an epoch are equally large, so that none has too few negatives.",
    )
    restart: Literal["never", "once", "every epoch"] = switch(
        "never",
        released="every epoch",
        theirs="Once iterative learning begins, every epoch has a new optimiser with a fifth of the rate.",
        does="The optimiser keeps its running means and its rate.",
    )
    proposals: Literal["replacing", "blocks", "half blocks"] = switch(
        "replacing",
        released="blocks",
        theirs="Pairs of any entities in no seed are proposed. The ones that are proposed at every round of "
        "a block of rounds become seeds at its end, and no seed is ever replaced.",
        does="Pairs of candidates are proposed, also against seeds; the more similar pair stays.",
    )


@dataclass(frozen=True)
class AttentionRules(TrainedRules):
    """The switches that MCLEA and MEAformer share, whose graph networks and learned loss weights are alike.

    Examples
    --------
    >>> AttentionRules().idle_weights, AttentionRules.from_variant("released").idle_weights
    (False, True)
    """

    negated_attention: bool = switch(
        False,
        released=True,
        theirs="Graph attention is a softmax of the negative of LeakyReLU.",
        does="It is a softmax of LeakyReLU, as published (Velickovic et al. 2018).",
    )
    idle_weights: bool = switch(
        False,
        released=True,
        theirs="There are six learned weights of losses. Those of modalities that the features lack fall "
        "without a limit.",
        does="There is one weight for each loss.",
    )

    def n_idle(self, n_losses: int) -> int:
        """Return how many weights belong to no loss, where ``n_losses`` weights belong to one."""
        return max(0, N_WEIGHTS - n_losses) if self.idle_weights else 0


class OptimiserRestart(Callback):
    """A callback that makes a new optimiser with a fifth of the learning rate, as the public codes do.

    The public codes of EVA and MCLEA do so before every epoch after the first ``start`` ones, because of the
    condition ``epoch == epoch >= il_start``, which always holds then. That of MEAformer does so once, and
    stretches its schedule over three times the epochs that are left.

    Parameters
    ----------
    rule
        The value of the switch ``restart``.
    start
        Number of epochs before iterative learning begins; ``None`` for no iterative learning, and then the
        optimiser stays.

    Examples
    --------
    >>> OptimiserRestart("once", None).epoch_ends(None)
    """

    def __init__(self, rule: Literal["never", "once", "every epoch"], start: int | None) -> None:
        self._rule, self._start = rule, start

    def epoch_ends(self, training: Training) -> None:
        """Make the new optimiser if it is time to."""
        if self._start is None or self._rule == "never":
            return
        first, left = max(self._start, 1), max(training.config.n_epochs - training.epoch, 1)
        if self._rule == "once" and training.epoch == first:
            training.restart(factor=0.2, n_epochs=3 * left)
        if self._rule == "every epoch" and training.epoch >= first:
            training.restart(factor=0.2, n_epochs=left)

    def state(self) -> dict[str, Any]:
        """Return the rule, so that a resumed training does not take this for a callback that only observes.

        What a restart has changed is in the state of the training itself.
        """
        return {"rule": self._rule}


def completed(features: Features, rules: TrainedRules, *, random_state: int) -> Features:
    """Return the features as the switch ``missing`` has them: as they are, or without missing vectors.

    Parameters
    ----------
    features
        The features of a task in canonical order.
    rules
        The switches.
    random_state
        Random seed of the noise.

    Warns
    -----
    PsqeWarning
        If missing vectors are filled with noise.
    """
    if rules.missing == "mask":
        return features
    return filled_with_noise(
        features, random_state=random_state, from_both_sides=True, zeros=BAGS, uniform=NAMES
    )
