"""The sentences of a report that contain numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from psqe.datasets.licences import picture_credit
from psqe.graph import SIDES, counted
from psqe.links.further import LEAST
from psqe.links.report.facts import BORDER, CERTAIN, LinkFacts
from psqe.links.unlinked import NoLinkReason

BECAUSE = {
    NoLinkReason.VERDICT: "a person said that the entity has no counterpart",
    NoLinkReason.NOTHING_KNOWN: "the entity has none of the modalities that were used",
    NoLinkReason.LOW_CONFIDENCE: "the best pair of the entity has too low a confidence",
    NoLinkReason.TIE: "several entities are identical in everything that is known",
    NoLinkReason.PREFERRED_ANOTHER: "the nearest entity on the other side is nearer to another entity",
    NoLinkReason.NO_FURTHER: "the nearest entity on the other side is nearer to another entity, and a "
    "further link would have too low a confidence",
}

CHOICE = {
    "mutual": "The rule chose the pairs whose entities are each other's best by",
    "one_to_one": "The rule chose the one-to-one pairs with the largest sum of",
}

ASKED = {"one-to-many": "right entities", "many-to-many": "entities"}
"""Which entities in no link could get a further one, by the name of the cardinality."""

SCORE = {
    "cosine": "similarity",
    "csls": "similarity minus the mean similarity to the ten nearest entities (CSLS)",
    "sinkhorn": "share of a transport plan",
}


RANKED_BY = {
    "cosine": "by similarity",
    "csls": "by similarity minus the mean similarity to the ten nearest entities (CSLS)",
    "sinkhorn": "by their share of a transport plan (Sinkhorn)",
}
"""How candidates were ranked, by the name of the matching."""


SAME = 0.005
"""Confidences that differ by less look the same in a report, which shows two digits of them."""


def takeaways(facts: LinkFacts) -> dict[str, str]:
    """The four main statements: ``links``, ``confidence``, ``unlinked`` and ``truth``."""
    return {
        "links": _links(facts),
        "confidence": _confidence(facts),
        "unlinked": _unlinked(facts),
        "truth": _truth(facts),
    }


def all_alike(facts: LinkFacts) -> bool:
    """Tell whether there are several links and all of them have the same confidence."""
    confidence = facts.links.confidence
    return len(confidence) > 1 and float(np.ptp(confidence)) < SAME


def _links(facts: LinkFacts) -> str:
    left, right = (graph["name"] for graph in facts.graphs)
    expected = float(facts.links.confidence.sum(dtype=np.float64))
    n = len(facts.links)
    if not n:
        return f"No link was predicted between {left} and {right}."
    if n == 1:
        return (
            f"The report describes 1 link between {left} and {right}, which is correct with an estimated "
            f"probability of {expected:.1%}."
        )
    return (
        f"The report describes {_count(n)} between {left} and {right}, of which about {expected:,.0f} "
        f"({expected / n:.1%}) are expected to be correct."
    )


def _confidence(facts: LinkFacts) -> str:
    confidence = facts.links.confidence
    if not len(confidence):
        return "Without links there is no confidence to report."
    if len(confidence) == 1:
        likely = "wrong than correct" if confidence[0] < BORDER else "correct than wrong"
        return (
            f"The confidence of the link is {confidence[0]:.2f}: by this estimate it is more likely {likely}."
        )
    if all_alike(facts):
        return f"{_alike(facts)}, so the confidence does not show which of them are correct."
    certain, doubtful = confidence[confidence >= CERTAIN], confidence[confidence < BORDER]
    return (
        f"The confidence is {CERTAIN} or more for {_count(len(certain))}{_expected(certain)}. "
        f"It is below {BORDER} for {_count(len(doubtful))}{_expected(doubtful)}."
    )


def _expected(confidence: NDArray[np.floating]) -> str:
    """Say what some confidences estimate about their links; empty without links."""
    if not len(confidence):
        return ""
    mean = confidence.mean(dtype=np.float64)
    if len(confidence) == 1:
        return f", which is correct with an estimated probability of {mean:.1%}"
    return f", of which {mean:.1%} are expected to be correct"


def _alike(facts: LinkFacts) -> str:
    confidence = facts.links.confidence.mean(dtype=np.float64)
    return f"All {len(facts.links):,} links have the same confidence, {confidence:.2f}"


def _count(n: int) -> str:
    return f"{n:,} link{'' if n == 1 else 's'}" if n else "no link"


def _unlinked(facts: LinkFacts) -> str:
    reasons = Counter(facts.unlinked.left) + Counter(facts.unlinked.right)
    if not reasons:
        left, right = (graph["candidates"] for graph in facts.graphs)
        return f"All {left:,} left entities and all {right:,} right entities have a link."
    parts = []
    for side in SIDES:
        n, total = sum(facts.unlinked[side].values()), facts.graphs[side]["candidates"]
        parts.append(f"{n:,} of {total:,} {side} entities ({n / max(1, total):.1%})")
    text = (
        f"{parts[0]} and {parts[1]} have no link; the prediction for them is that they have no counterpart."
    )
    reason, count = max(reasons.items(), key=lambda item: item[1])
    said = f"The most frequent reason, in {count / reasons.total():.1%} of the cases, is"
    if count == reasons.total():
        said = "The reason is" if count == 1 else "For all of them, the reason is"
    return f"{text} {said} that {BECAUSE[reason]}."


def _truth(facts: LinkFacts) -> str:
    if facts.correct is None or facts.judged is None:
        return "No true links are known here: nothing in this report was checked against labels."
    text = "True links are known here and are used for checking only"
    if not len(facts.links):
        return f"{text}."
    if len(facts.links) == 1 and facts.judged.all():
        return f"{text}: the predicted link {'is' if facts.correct.all() else 'is not'} among them."
    if facts.judged.all():
        share = f"{facts.correct.mean():.1%}"
        return f"{text}: {share} of the predicted links are among them{_outside(facts)}."
    n_judged, n = int(facts.judged.sum()), len(facts.judged)
    if not n_judged:
        return f"{text}, but none of the predicted links has an entity that is in a true link."
    n_other = n - n_judged
    others = "other link" if n_other == 1 else f"other {n_other:,}"
    these = "it is" if n_other == 1 else "these are"
    return (
        f"{text}: of the {_count(n_judged)} with an entity that is in a true link, {facts.correct.sum():,} "
        f"({facts.correct[facts.judged].mean():.1%}) {'is' if facts.correct.sum() == 1 else 'are'} correct"
        f"{_outside(facts)}. The true links cannot judge the {others}. If the true links are "
        f"complete, {these} wrong, and {facts.correct.mean():.1%} of all {n:,} links are correct."
    )


def _outside(facts: LinkFacts) -> str:
    """Say how many judged links outside the seeds are correct; empty if none are or all links are."""
    free = facts.quality and facts.quality["links_free"]
    if not free or not free["n_judged"] or free["n"] == len(facts.links):
        return ""
    share = f"{free['precision_judged']:.1%}"
    return f", and {free['n_correct']:,} of the {free['n_judged']:,} outside the seeds ({share})"


def reliance(facts: LinkFacts) -> str:
    """Say how the confidences can be read."""
    if facts.links.calibrated:
        return (
            "A confidence is an estimate of the probability that a link is correct. Links with a confidence "
            "near 1 can be relied on. Links with a confidence below 0.5 are doubtful: by the estimate, more "
            "of them are wrong than correct. The estimate can be off, so look at them before you use them."
        )
    return (
        "The confidences could not be calibrated on these data and are usually too high then, so they order "
        "the links and are not probabilities."
    )


def border(facts: LinkFacts) -> str:
    """Say which links are shown for their doubtful confidence, or why none are."""
    n, shown = len(facts.links), facts.border
    if not n:
        return "No link was predicted, so there is none to look at."
    if all_alike(facts):
        return (
            f"{_alike(facts)}, so none is more doubtful than another, and the confidence does not say which "
            "of them to look at."
        )
    if n == 1:
        return "This is the only link."
    if all(abs(card.confidence - BORDER) > CERTAIN - BORDER for card in shown):
        return (
            f"No link has a confidence between {1 - CERTAIN:.1f} and {CERTAIN:.1f}. The links shown are "
            f"those nearest to {BORDER}."
        )
    return (
        f"These are the links whose confidence is nearest to {BORDER}, where looking at a link is most "
        "useful."
    )


def certain(facts: LinkFacts) -> str:
    """Say which links are shown for their high confidence, and what to make of them."""
    n, shown = len(facts.links), len(facts.certain)
    n_certain = int((facts.links.confidence >= CERTAIN).sum())
    if not n:
        return "No link was predicted, so there is none to look at."
    if n == 1:
        return "This is the only link."
    if n_certain >= shown:
        drawn = "all" if n_certain == shown else "drawn at random from"
        return (
            f"These links are {drawn} those with a confidence of at least {CERTAIN}, and nearly all of them "
            "should be correct. If you find two wrong links among twenty, the confidence is too high for "
            "your data, and so are the numbers above."
        )
    expected = sum(card.confidence for card in facts.certain) / shown
    reached = f"A confidence of at least {CERTAIN} is reached by {_count(n_certain)}"
    chosen = "those with the highest confidence"
    if all_alike(facts):
        reached, chosen = _alike(facts), "those that are furthest ahead of their runner-up"
    if shown == n:
        chosen = "all there are"
    return f"{reached}. The links shown are {chosen}, and {expected:.1%} of them are expected to be correct."


def nothing_predicted(facts: LinkFacts) -> str:
    """Say that there is no link, and whether the threshold is the reason; empty where there are links."""
    if len(facts.links):
        return ""
    n = len(facts.links.doubtful)
    if not n:
        return "No link was predicted: the rule chose no pair."
    below = f"{n:,} pairs, and the confidence of all of them is"
    if n == 1:
        below = "1 pair, and its confidence is"
    return f"No link was predicted: the rule chose {below} below the threshold."


def modalities(facts: LinkFacts) -> str:
    """Say how many candidates have none of the modalities."""
    left, right = facts.without_modality
    if not left and not right:
        return "Every candidate has at least one of the modalities that were used."
    return (
        f"{left:,} left and {right:,} right candidates have none of the modalities that were used; only "
        "their triples describe them."
    )


def seeds(facts: LinkFacts) -> str:
    """Say where the confidence of links that were seeds comes from; empty without such links."""
    n, n_links = int(facts.links.from_seed.sum()), len(facts.links)
    if not n:
        return ""
    are = "link is a pair that the model was given as a seed"
    if n_links > 1:
        are = f"links {'is a pair' if n == 1 else 'are pairs'} that the model was given as seeds"
    told = f"{n:,} of {n_links:,} {are}."
    if not facts.links.seeds_kept:
        return f"{told} They competed with all other pairs, and have their confidence in the same way."
    return (
        f"{told} Their confidence is computed from the features and the graphs alone, because the model was "
        "trained to return them."
    )


def rule(facts: LinkFacts) -> str:
    """Say how the links were chosen."""
    chosen_by, threshold = facts.links.chosen_by, facts.links.threshold
    linked = f"A chosen pair became a link if its confidence is at least {threshold:.2f}."
    if not threshold:
        linked = "Every chosen pair became a link, whatever its confidence."
    if chosen_by.cardinality in ASKED:
        linked += (
            f" After that, {ASKED[chosen_by.cardinality]} in no link could be linked also with entities that "
            f"have a link, where the confidence is at least {max(threshold, LEAST):.2f}. This added "
            f"{counted(facts.links.n_further, 'link') if facts.links.n_further else 'no link'}."
        )
    return f"{CHOICE[chosen_by.rule]} {SCORE[chosen_by.matching]}. {linked}"


def missed(facts: LinkFacts) -> str:
    """Say how many entities without a link are in a gold link; empty where gold links are not known."""
    if facts.quality is None:
        return ""
    left, right = (facts.quality["no_counterpart"][side] for side in SIDES)
    if not left["n"] + right["n"]:
        return ""
    return (
        f"According to the true links, {left['n'] - left['n_correct']:,} of the {left['n']:,} left entities "
        f"without a link have a counterpart, and {right['n'] - right['n_correct']:,} of the "
        f"{right['n']:,} right ones."
    )


def unjudged(facts: LinkFacts) -> str:
    """Say what the precision of judged links leaves out; empty where gold links judge all links."""
    if facts.judged is None or facts.judged.all():
        return ""
    n = int((~facts.judged).sum())
    return (
        f"The number of links with no entity in a true link is {n:,}. The true links do not judge these, and "
        "the precision of the judged links, which are the others, leaves them out. If the true links are "
        "incomplete, such a link may be correct. If the true links are complete, all of them are wrong, and "
        "the precision of the judged links is too high: read the precision that counts the others as wrong."
    )


def ranking(facts: LinkFacts) -> str:
    """Explain the table of the ranking; empty where the ranking was not evaluated."""
    if facts.evaluation is None or facts.evaluation["metrics"] is None:
        return ""
    text = (
        "For each entity with a true link, the candidates of the other side were ranked "
        f"{RANKED_BY[facts.evaluation['matching']]}. Hits@1 is the share of entities whose counterpart comes "
        "first, and MRR is the mean of one divided by the rank of the counterpart."
    )
    counts = facts.evaluation["n_queries"]["l2r"]["full"]
    if not counts["seeds"] and not counts["wrong"]:
        return text
    return (
        f"{text} A model that was trained on seeds ranks the counterparts in its seeds first, whether it has "
        "learned anything else or not. The row of true links with no entity in a seed shows how well a model "
        "finds what it was not given."
    )


def calibration(facts: LinkFacts) -> str:
    """Compare the mean confidence with the share of correct links; empty where gold links judge no link."""
    if facts.correct is None or facts.judged is None or not facts.judged.any():
        return ""
    return (
        f"Over all of these links the mean confidence is {facts.links.confidence[facts.judged].mean():.1%}, "
        f"and {facts.correct[facts.judged].mean():.1%} of them are correct."
    )


def credits(facts: LinkFacts) -> str:
    """Name the authors of the pictures; empty where they are not known."""
    return picture_credit(facts.task_name)
