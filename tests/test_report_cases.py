"""A report reads well where there is no link, or one, or where nothing tells the links apart."""

from dataclasses import replace

import numpy as np
import pytest
from reports import card, facts
from test_report import Tags

from psqe.links import NoLinkReason
from psqe.links.report import LinkReport, sentences


def shown(name: str, confidence, **changes) -> str:
    """The words of a section about links with these confidences, without gold links."""
    n = len(confidence)
    cards = (card(),) * min(n, 20)
    told = {"correct": None, "judged": None, "border": cards, "certain": cards, **changes}
    return Tags(LinkReport(facts(confidence, [False] * n, **told)).section(name)).text


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, None),
        ({NoLinkReason.TIE: 1}, "The reason is that"),
        ({NoLinkReason.TIE: 3}, "For all of them, the reason is that"),
        ({NoLinkReason.TIE: 3, NoLinkReason.NOTHING_KNOWN: 1},
         "The most frequent reason, in 75.0% of the cases, is that"),
    ],
)  # fmt: skip
def test_the_reason_for_none_one_all_and_some(counts, words):
    found = facts(unlinked=replace(facts().unlinked, left=counts, right={}))
    said = sentences.takeaways(found)["unlinked"]
    if words is None:
        assert said == "All 200 left entities and all 10 right entities have a link."
        assert "Every entity has a link." in LinkReport(found).section("unlinked")
    else:
        assert said.endswith(f"{words} several entities are identical in everything that is known.")


@pytest.mark.parametrize("confidence", [1.0, 0.5])
def test_links_of_one_confidence_are_not_told_apart(confidence):
    alike = [confidence] * 25
    said = shown("border", alike)
    assert f"All 25 links have the same confidence, {confidence:.2f}, so none is more doubtful" in said
    assert "nearest to" not in said and "runner-up" not in said
    said = shown("predicted", alike)
    assert "no part of them is expected to be more precise" in said and "The dots" not in said
    told = sentences.takeaways(facts(alike, [False] * 25, correct=None, judged=None))["confidence"]
    assert told.endswith("so the confidence does not show which of them are correct.")
    words = "drawn at random from those" if confidence == 1 else "furthest ahead of their runner-up"
    assert words in shown("certain", alike)


def test_links_that_are_all_sure_or_all_doubtful():
    assert "nearest to 0.5, where looking" in shown("border", [0.6, 0.3])
    sure = (card(confidence=0.99),)
    assert "No link has a confidence between 0.1 and 0.9" in shown("border", [0.99, 0.95], border=sure)
    said = shown("certain", [0.9, 0.3])
    assert "reached by 1 link. The links shown are all there are" in said and "nearly all" not in said
    assert "those with the highest confidence" in shown("certain", np.linspace(0.8, 0.2, 25))


@pytest.mark.parametrize("n_chosen", [0, 1, 3])
def test_no_link(n_chosen):
    pairs = np.column_stack([np.arange(n_chosen)] * 2)
    links = replace(
        facts([], []).links, doubtful=pairs, doubtful_confidence=np.full(n_chosen, 0.2, np.float32)
    )
    said = shown("predicted", [], links=links)
    assert "No link was predicted: the rule chose" in said and "relied on" not in said
    assert ("below the threshold" in said) == (n_chosen > 0)
    for name in ("border", "certain"):
        assert "No link was predicted, so there is none to look at." in shown(name, [])
    assert "No link was predicted, so the links cover no region." in shown("regions", [])


def test_one_link():
    assert "Precision of the most confident" not in LinkReport(
        facts([0.9], [True], correct=None, judged=None)
    ).section("predicted")
    assert "This is the only link." in shown("border", [0.97])
    assert "nearly all of them" not in shown("certain", [0.97])
    judged = {"correct": np.array([True]), "judged": np.array([True])}
    told = sentences.takeaways(facts([0.97], [False], **judged))["truth"]
    assert told.endswith("the predicted link is among them.")
    assert sentences.seeds(facts([0.97], [True])).startswith("1 of 1 link is a pair")
