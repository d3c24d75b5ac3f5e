"""The quality of links and of "no counterpart" agrees with sets and with values by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import graph

from psqe.errors import DataError
from psqe.evaluation import feature_scorer
from psqe.evaluation.intervals import proportion_interval
from psqe.graph import AlignmentTask
from psqe.links.predict import predict_links
from psqe.links.quality import link_quality, link_summary
from psqe.links.rules import LinkRule
from psqe.seeds import MutualMiner


def matching_of(n_left: int, n_right: int) -> st.SearchStrategy[np.ndarray]:
    """One-to-one pairs, possibly none."""
    return st.tuples(
        st.permutations(range(n_left)), st.permutations(range(n_right)), st.integers(0, min(n_left, n_right))
    ).map(
        lambda x: np.array(list(zip(x[0], x[1], strict=False))[: x[2]], dtype=np.int64).reshape(-1, 2)
    )  # fmt: skip


def most_at_once(gold: set[tuple[int, int]]) -> int:
    """The size of the largest set of links without a common entity, by trying all of them."""
    if not gold:
        return 0
    first = min(gold)
    rest = gold - {first}
    apart = {link for link in rest if link[0] != first[0] and link[1] != first[1]}
    return max(most_at_once(rest), 1 + most_at_once(apart))


GOLD = st.one_of(
    matching_of(6, 8),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=12).map(
        lambda pairs: np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    ),
).filter(len)
"""Gold links: one-to-one, or several for an entity."""


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@settings(max_examples=100, deadline=None)
@given(GOLD, matching_of(6, 8), st.sets(st.integers(0, 5)), st.sets(st.integers(0, 7)))
def test_by_sets(gold, found, left_more, right_more):
    """Candidates are the entities of gold links and of links, and some others."""
    candidates = [
        sorted({*gold[:, k].tolist(), *found[:, k].tolist(), *more})
        for k, more in enumerate((left_more, right_more))
    ]
    sides = [
        graph(name, n, candidates=np.array(own, dtype=np.int64))
        for name, n, own in (("l", 6, candidates[0]), ("r", 8, candidates[1]))
    ]
    quality = link_quality(found, AlignmentTask("t", *sides, gold))
    true, made = set(map(tuple, gold.tolist())), set(map(tuple, found.tolist()))
    right = len(true & made)
    links = quality["links"]
    assert (links["n"], links["n_correct"], links["n_gold"]) == (len(made), right, len(true))
    assert links["n_findable"] == most_at_once(true)
    assert links["precision"] == share(right, len(made)) and links["recall"] == right / links["n_findable"]
    p, r = links["precision"], links["recall"]
    if p and r:
        assert links["f1"] == pytest.approx(2 * p * r / (p + r))
    else:
        assert links["f1"] == 0
    known = [pair for pair in made if pair[0] in gold[:, 0] or pair[1] in gold[:, 1]]
    assert links["n_judged"] == len(known) and links["precision_judged"] == share(right, len(known))
    assert links["f1_judged"] == 2 * right / (len(known) + links["n_findable"])
    interval = list(proportion_interval(right, len(known))) if known else None
    assert links["precision_judged_interval"] == interval
    for k, side in enumerate(("left", "right")):
        dangling = set(candidates[k]) - {pair[k] for pair in true}
        answered = set(candidates[k]) - {pair[k] for pair in made}
        one, hits = quality["no_counterpart"][side], len(dangling & answered)
        assert (one["n"], one["n_correct"], one["n_dangling"]) == (len(answered), hits, len(dangling))
        found_ends = {pair[1 - k] for pair in true & made}
        taken = {end for end in answered - dangling if {p[1 - k] for p in true if p[k] == end} <= found_ends}
        assert one["n_taken"] == len(taken) and (len(true) > links["n_findable"] or not taken)
        told = len(answered) - len(taken)
        assert one["precision"] == share(hits, told) and one["recall"] == share(hits, len(dangling))
        assert one["f1"] == share(2 * hits, told + len(dangling))
        for name, n in (("precision", told), ("recall", len(dangling))):
            assert one[f"{name}_interval"] == (list(proportion_interval(hits, n)) if n else None)
    json.dumps(quality, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(GOLD, matching_of(6, 8), matching_of(6, 8))
def test_links_outside_the_seeds_by_sets(gold, found, seeds):
    """They are compared with the gold links outside the seeds, and judged by all gold links."""
    task = AlignmentTask("t", graph("l", 6), graph("r", 8), gold)
    quality = link_quality(found, task, seeds=seeds)
    without = link_quality(found, task)
    assert without.pop("links_free") is None
    free = quality.pop("links_free")
    assert quality == without

    def outside(pairs: np.ndarray) -> set[tuple[int, int]]:
        taken = [set(ends) for ends in seeds.T.tolist()]
        return {(a, b) for a, b in pairs.tolist() if a not in taken[0] and b not in taken[1]}

    true, made = outside(gold), outside(found)
    right = len(true & made)
    judged = [pair for pair in made if pair[0] in gold[:, 0] or pair[1] in gold[:, 1]]
    assert (free["n"], free["n_correct"], free["n_judged"]) == (len(made), right, len(judged))
    assert (free["n_gold"], free["n_findable"]) == (len(true), most_at_once(true))
    assert free["precision"] == share(right, len(made)) and free["recall"] == share(right, most_at_once(true))
    assert free["precision_judged"] == share(right, len(judged))
    assert free["f1"] == share(2 * right, len(made) + most_at_once(true))
    assert free["f1_judged"] == share(2 * right, len(judged) + most_at_once(true))
    if not len(seeds):
        assert free == quality["links"]


def test_all_correct_all_wrong_and_none(planted):
    task, _ = planted
    best = link_quality(task.links, task)
    assert best["links"]["f1"] == 1 and best["no_counterpart"]["left"]["f1"] == 1
    worst = link_quality(np.column_stack([task.links[:, 0], np.roll(task.links[:, 1], 1)]), task)
    assert worst["links"]["f1"] == 0 and worst["no_counterpart"]["right"]["f1"] == 1
    nothing = link_quality(np.empty((0, 2), dtype=np.int64), task)
    assert nothing["links"]["precision"] is None and nothing["links"]["recall"] == 0
    assert nothing["no_counterpart"]["left"]["recall"] == 1
    assert nothing["no_counterpart"]["left"]["precision"] < 0.5


def test_the_summary_has_the_numbers_of_the_links(planted):
    task, features = planted
    links = predict_links(task, features, feature_scorer(task, features), rule=LinkRule(threshold=0.4))
    summary = link_summary(links, task)
    assert summary["n_links"] == len(links) and summary["threshold"] == 0.4
    assert summary["expected_correct"] == pytest.approx(links.confidence.sum())
    assert summary["expected_links"] == links.expected_links
    assert summary["no_counterpart"]["left"] == len(task.left.candidates) - len(links) > 0
    assert summary["link_quality"] == link_quality(links.pairs, task)
    assert link_summary(links, replace(task, links=None))["link_quality"] is None
    seeds = MutualMiner(20).mine(task, features)
    told = link_summary(links, task, seeds=seeds)
    assert told["link_quality"] == link_quality(links.pairs, task, seeds=seeds.pairs)
    assert told["link_quality"]["links_free"]["n"] < len(links)


def test_without_gold_links_or_with_an_entity_twice(planted):
    task, _ = planted
    with pytest.raises(DataError, match="no gold links to compare links with"):
        link_quality(task.links, replace(task, links=None))
    twice = np.array([[0, 0], [0, 1]])
    with pytest.raises(DataError, match="a left entity is in two links"):
        link_quality(twice, task)
    with pytest.raises(DataError, match="a right entity is in two links"):
        link_quality(twice[:, ::-1], task)
