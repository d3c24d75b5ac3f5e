"""Links of entities that may have several counterparts."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import psqe
from psqe.cli.main import main
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.evaluation import feature_scorer
from psqe.evaluation.truth import Cardinality, among, most_at_once
from psqe.features import Features
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides
from psqe.groups import align_all
from psqe.growth import compare
from psqe.links import LinkRule, Links, Verdicts, link_quality, propose
from psqe.links.formats.oaei import Oaei, arity
from psqe.links.formats.sssom import Sssom
from psqe.links.judged import judged_by
from psqe.links.predict import WeighedPairs, weigh_pairs
from psqe.links.report.evidence import linked_neighbours
from psqe.links.unlinked import runner_up

MANY = LinkRule(cardinality="one-to-many")
BOTH = LinkRule(cardinality="many-to-many")
STATES = range(3)


def duplicated(
    random_state: int, *, n: int = 100, share: float = 0.3, noise: float = 0.3, left_too: bool = False
) -> tuple[AlignmentTask, Features]:
    """A planted pair in which a share of the entities has two or three right counterparts.

    Some entities are on one side only. With ``left_too``, a share of them has several left counterparts, too.
    """
    rng = np.random.default_rng(random_state)
    hidden = rng.standard_normal((n, 16))
    left_only, right_only, both = np.split(rng.permutation(n), [n // 8, n // 4])

    def copied() -> np.ndarray:
        some = rng.permutation(both)[: round(share * len(both))]
        return np.repeat(some, rng.integers(1, 3, len(some)))

    nobody = np.empty(0, dtype=np.int64)
    members = (
        rng.permutation(np.concatenate([both, left_only, copied() if left_too else nobody])),
        rng.permutation(np.concatenate([both, right_only, copied()])),
    )
    graphs, arrays = [], {}
    for side, own in zip(("left", "right"), members, strict=True):
        triples = np.column_stack([np.arange(len(own) - 1), np.zeros(len(own) - 1), np.arange(1, len(own))])
        entities = tuple(f"http://e.org/{side}/{i}" for i in range(len(own)))
        graphs.append(KnowledgeGraph(side, entities, ("r",), triples.astype(np.int64)))
        arrays[f"image_{side}"] = (hidden[own] + noise * rng.standard_normal((len(own), 16))).astype("f4")
        arrays[f"image_{side}_present"] = np.ones(len(own), dtype=bool)
        arrays[f"{side}_entities"] = np.array(entities)
    links = np.argwhere(members[0][:, None] == members[1][None])
    return AlignmentTask("duplicated", *graphs, links), Features.from_arrays(arrays)


@lru_cache
def weighed(
    random_state: int, *, n: int = 100, left_too: bool = False
) -> tuple[AlignmentTask, Features, WeighedPairs]:
    task, features = duplicated(random_state, n=n, left_too=left_too)
    return task, features, weigh_pairs(task, features, feature_scorer(task, features))


def as_set(pairs: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, pairs.tolist()))


def most(ends: np.ndarray) -> int:
    return int(np.unique(ends, return_counts=True)[1].max())


def test_one_to_one_is_the_default_and_its_links_stay() -> None:
    assert LinkRule() == LinkRule(cardinality="one-to-one")
    _, _, pairs = weighed(0)
    one, many, both = (pairs.choose(rule) for rule in (LinkRule(), MANY, BOTH))
    assert one.n_further == 0
    assert many.n_further == len(many) - len(one)
    assert most(one.pairs[:, 0]) == most(one.pairs[:, 1]) == 1
    assert most(many.pairs[:, 0]) > 1 == most(many.pairs[:, 1])
    for links in (many, both):
        kept = among(links.pairs, one.pairs)
        np.testing.assert_array_equal(links.pairs[kept], one.pairs)
        np.testing.assert_array_equal(links.confidence[kept], one.confidence)
        assert (links.confidence[~kept] >= 0.5).all()


def test_an_entity_is_at_most_once_on_a_restricted_side_and_no_pair_is_twice() -> None:
    for state in STATES:
        for rule in (MANY, BOTH, LinkRule(threshold=0.7, cardinality="one-to-many")):
            links = weighed(state, left_too=True)[2].choose(rule)
            assert rule.cardinality == "many-to-many" or most(links.pairs[:, 1]) == 1
            assert len(as_set(links.pairs)) == len(links)
            assert (links.confidence >= links.threshold).all()
            assert not among(links.doubtful, links.pairs).any()
            assert (np.diff(links.confidence) <= 0).all()


def test_further_links_find_duplicates_without_more_mistakes_and_their_confidence_says_so() -> None:
    expected, right, n, recall = 0.0, np.zeros(3), np.zeros(3), []
    for state in STATES:
        task, _, pairs = weighed(state)
        one, many = pairs.choose(), pairs.choose(MANY)
        further = many.pairs[~among(many.pairs, one.pairs)]
        hits = [among(found, task.links).sum() for found in (one.pairs, many.pairs, further)]
        right, n = right + hits, n + np.array([len(one), len(many), len(further)])
        recall.append([hits[0] / len(task.links), hits[1] / len(task.links)])
        expected += many.confidence.sum() - one.confidence.sum()
        assert many.expected_links > one.expected_links
    precision = right / n
    assert all(of_many > of_one + 0.1 for of_one, of_many in recall)
    assert precision[1] > precision[0] - 0.03 and precision[2] > 0.8
    assert 0.75 < expected / right[2] < 1.15


def test_many_to_many_finds_duplicates_on_both_sides() -> None:
    task, _, pairs = weighed(1, left_too=True)
    counts = [
        among(pairs.choose(LinkRule(cardinality=cardinality)).pairs, task.links).sum()
        for cardinality in ("one-to-one", "one-to-many", "many-to-many")
    ]
    assert counts[0] < counts[1] < counts[2]


def test_few_further_links_on_one_to_one_data() -> None:
    n_links = n_further = 0
    for state in range(5):
        task, features = planted_pair(120, noise=0.5, random_state=state)
        pairs = weigh_pairs(task, features, feature_scorer(task, features))
        n_links += len(pairs.choose())
        n_further += len(pairs.choose(BOTH)) - len(pairs.choose())
    assert n_further < 0.03 * n_links


def test_exchanged_sides_give_the_exchanged_links() -> None:
    for state in STATES:
        task, features, pairs = weighed(state, left_too=True)
        turned = AlignmentTask(task.name, task.right, task.left, task.links[:, ::-1])
        arrays = {
            f"image_{side}{what}": getattr(features["image"][other], field)
            for side, other in (("left", "right"), ("right", "left"))
            for what, field in (("", "values"), ("_present", "present"))
        }
        other_way = Features.from_arrays(arrays)
        links = weigh_pairs(turned, other_way, feature_scorer(turned, other_way)).choose(BOTH)
        assert as_set(links.pairs[:, ::-1]) == as_set(pairs.choose(BOTH).pairs)


def test_links_do_not_depend_on_the_order_of_entities() -> None:
    task, features, pairs = weighed(0)
    rng = np.random.default_rng(5)
    orders = [rng.permutation(graph.n_entities) for graph in task.sides]
    shuffled, moved = task.take(*orders), features.take(*orders)
    links = weigh_pairs(shuffled, moved, feature_scorer(shuffled, moved)).choose(MANY)
    back = np.column_stack([order[ends] for order, ends in zip(orders, links.pairs.T, strict=True)])
    assert as_set(back) == as_set(pairs.choose(MANY).pairs)


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_verdicts_are_kept(data: st.DataObject) -> None:
    task, features, pairs = weighed(0, n=60)
    before = pairs.choose(MANY).pairs
    marks = data.draw(st.lists(st.sampled_from("arn-"), max_size=40))
    accepted: list[list[int]] = []
    rejected, alone = [], []
    for pair, mark in zip(before.tolist(), marks, strict=False):
        if mark == "a" and pair[0] not in [left for left, _ in accepted]:
            accepted.append(pair)
        elif mark == "r":
            rejected.append(pair)
        elif mark == "n":
            alone.append(pair[1])
    said = Verdicts(
        np.array(accepted).reshape(-1, 2),
        np.array(rejected).reshape(-1, 2),
        Sides(np.empty(0, dtype=np.int64), np.array(alone, dtype=np.int64)),
    )
    links = weigh_pairs(task, features, feature_scorer(task, features), verdicts=said).choose(MANY)
    assert as_set(said.accepted) <= as_set(links.pairs)
    assert not as_set(said.rejected) & as_set(links.pairs)
    assert not np.isin(links.pairs[:, 1], alone).any()
    assert most(links.pairs[:, 1]) == 1


def test_an_accepted_entity_may_have_further_links_that_are_not_judged() -> None:
    task, features, pairs = weighed(0)
    before = pairs.choose(MANY)
    left, counts = np.unique(before.pairs[:, 0], return_counts=True)
    first, second = before.pairs[before.pairs[:, 0] == left[counts > 1][0]][:2]
    said = Verdicts(first[None], np.empty((0, 2)))
    judged, correct = judged_by(said, before)
    assert int(judged.sum()) == int(correct.sum()) == 1
    links = weigh_pairs(task, features, feature_scorer(task, features), verdicts=said).choose(MANY)
    # The second right entity competes without the accepted left one, and is not left to another one for this.
    assert {tuple(first), tuple(second)} <= as_set(links.pairs)
    assert not among(propose(task, links, 20).pairs, said.accepted).any()


def test_other_links_of_an_entity_are_no_rivals() -> None:
    task, features, pairs = weighed(0)
    one, links = pairs.choose(), pairs.choose(MANY)
    scores = feature_scorer(task, features)(task.left.candidates, task.right.candidates).rows(
        0, task.left.n_entities
    )
    linked = np.zeros(scores.shape, dtype=bool)
    linked[tuple(links.pairs.T)] = True
    rest = np.where(linked, -np.inf, scores)
    for at, (left, right) in enumerate(links.pairs.tolist()):
        rival = max(rest[left].max(), rest[:, right].max())
        assert links.rank_margin[at] == pytest.approx(scores[left, right] - rival, abs=1e-5)
        found = runner_up(task, links, at)
        assert found is None or not linked[left, right if found.side == "left" else found.entity] or (
            found.side == "left" and not linked[found.entity, right]
        )  # fmt: skip
    assert len(one) < len(links)


def test_quality_counts_what_links_of_a_cardinality_can_contain() -> None:
    gold = np.array([[0, 0], [0, 1], [1, 1], [2, 2]])
    graphs = [KnowledgeGraph(side, tuple(f"{side}{i}" for i in range(4)), (), []) for side in "lr"]
    task = AlignmentTask("t", *graphs, gold)
    kinds: tuple[Cardinality, ...] = ("one-to-one", "one-to-many", "many-to-many")
    assert [most_at_once(gold, kind) for kind in kinds] == [3, 3, 4]
    found = link_quality([(0, 0), (0, 1), (2, 2), (3, 3)], task, cardinality="one-to-many")["links"]
    assert (found["n_correct"], found["n_findable"], found["precision"], found["recall"]) == (3, 3, 0.75, 1)
    assert link_quality(gold, task, cardinality="many-to-many")["links"]["f1"] == 1
    alone = link_quality([(0, 0)], task, cardinality="one-to-many")["no_counterpart"]
    assert alone["right"]["n_taken"] == 0
    refused = (gold, "one-to-many"), (gold[:2], "one-to-one"), (gold[[0, 0]], "many-to-many")
    for pairs, kind in refused:
        with pytest.raises(DataError):
            link_quality(pairs, task, cardinality=kind)
    with pytest.raises(ParameterError, match="there is no cardinality 'any'"):
        link_quality(gold, task, cardinality="any")  # type: ignore[arg-type]


def test_formats_tell_the_cardinality() -> None:
    task, _, pairs = weighed(0)
    links = pairs.choose(MANY)
    rows = [line.split("\t") for line in Sssom().text(links, task).splitlines() if line[0] != "#"]
    assert rows[0][-1] == "mapping_cardinality"
    counts = np.bincount(links.pairs[:, 0])
    assert [row[-1] for row in rows[1:]] == ["1:n" if counts[i] > 1 else "1:1" for i in links.pairs[:, 0]]
    assert "<type>?*</type>" in Oaei().text(links, task)
    assert "mapping_cardinality" not in Sssom().text(pairs.choose(), task)
    assert "<type>??</type>" in Oaei().text(pairs.choose(), task)


@pytest.mark.parametrize(
    ("pairs", "n_left", "n_right", "signs"),
    [
        ([[0, 0], [1, 1]], 2, 2, "11"),
        ([[0, 0], [1, 1]], 3, 2, "?1"),
        ([[0, 0], [1, 1]], 2, 3, "1?"),
        ([[0, 0], [0, 1]], 1, 2, "1+"),
        ([[0, 0], [0, 1]], 2, 3, "?*"),
        ([[0, 0], [1, 0]], 2, 1, "+1"),
        ([[0, 0], [1, 0]], 3, 2, "*?"),
        ([[0, 0], [0, 1], [1, 1]], 2, 2, "++"),
        ([[0, 0], [0, 1], [1, 1]], 3, 3, "**"),
        (np.empty((0, 2), dtype=np.int64), 1, 1, "??"),
    ],
)
def test_the_signs_of_the_alignment_format_say_injective_and_total(
    pairs: list[list[int]], n_left: int, n_right: int, signs: str
) -> None:
    graphs = [
        KnowledgeGraph(side, tuple(f"{side}{i}" for i in range(n)), (), [])
        for side, n in (("l", n_left), ("r", n_right))
    ]
    links = replace(weighed(0)[2].choose(BOTH), pairs=np.array(pairs))
    assert arity(links, AlignmentTask("t", *graphs)) == signs


def test_links_of_several_are_no_earlier_run_and_continue_none(tmp_path: Path) -> None:
    task, features = duplicated(0, n=40)
    several = psqe.align(task, features=features, seeds="none", links=BOTH)
    told = "only one-to-one links can be continued by a later run, and the cardinality is"
    with pytest.raises(ParameterError, match=f"{told} many-to-many"):
        several.save(tmp_path / "run")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ParameterError, match=f"{told} many-to-many"):
        psqe.align(task, features=features, previous=several)
    with pytest.raises(ParameterError, match=f"{told} many-to-many"):
        several.update(task, features=features)
    with pytest.raises(ParameterError, match="a group has at most one entity of each source"):
        align_all(task.sides, links=MANY)
    with pytest.raises(ParameterError, match=f"{told} one-to-many"):
        psqe.align("no such pair", previous=tmp_path / "nowhere", links=MANY)
    one = psqe.align(task, features=features, seeds="none")
    run = one.as_previous()
    difference = compare(run.digests, run.digests)
    kept = run.kept_links(task, difference, Verdicts.none())
    pairs = weigh_pairs(task, features, feature_scorer(task, features), kept=kept)
    with pytest.raises(ParameterError, match="links of an earlier run stay, which are one-to-one"):
        pairs.choose(MANY)


@pytest.mark.parametrize("option", ["--save", "--previous"])
def test_the_command_refuses_a_folder_of_a_run_beside_another_cardinality(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pair").mkdir()  # It is refused before the pair is read, in which there is nothing.
    assert main(["align", "pair", option, "run", "--cardinality", "one-to-many"]) == 2
    told = capsys.readouterr().err
    assert f"--cardinality one-to-many and {option} exclude each other" in told
    assert "leave out one of them" in told
    assert [path.name for path in tmp_path.iterdir()] == ["pair"]


def test_neighbours_of_repeated_entities_are_named_once_for_each_link() -> None:
    left = KnowledgeGraph("l", ("a", "b"), ("r",), np.array([[0, 0, 1]]))
    right = KnowledgeGraph("r", ("a", "b", "B"), ("r",), np.array([[0, 0, 1], [0, 0, 2]]))
    links = np.array([[0, 0], [1, 1], [1, 2]])
    found = linked_neighbours(AlignmentTask("t", left, right), links, links)
    assert found.counts.tolist() == [2, 1, 1]
    assert found.pairs.tolist() == [[1, 1], [1, 2], [0, 0], [0, 0]]


def test_an_alignment_with_several_links_of_an_entity_is_told_and_explained(tmp_path: Path) -> None:
    task, features = duplicated(0, n=60)
    alignment = psqe.align(task, features=features, seeds="none", links=MANY)
    told = f"one-to-many: {alignment.predicted.n_further} further links with a confidence of at least"
    assert told in alignment.choices
    links: Links = alignment.predicted
    left = int(links.pairs[np.bincount(links.pairs[:, 0])[links.pairs[:, 0]] > 1][0, 0])
    for right in links.pairs[links.pairs[:, 0] == left, 1].tolist():
        told = alignment.explain(task.left.entities[left], task.right.entities[right])
        assert told.linked and told.left.linked_with == task.right.entities[right]
    assert len(alignment.no_counterpart) + len(np.unique(links.pairs[:, 0])) + len(
        np.unique(links.pairs[:, 1])
    ) == sum(len(graph.candidates) for graph in task.sides)
    assert alignment.summary()["parameters"]["links"]["cardinality"] == "one-to-many"
    alignment.report(tmp_path / "report.html")
    alignment.review_page(tmp_path / "review.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "right entities in no link could be linked" in page
    assert f"This added {alignment.predicted.n_further} links" in " ".join(page.split())
    reasons = alignment.no_counterpart.groupby("side")["reason"].agg(set)
    assert "no further link" in reasons["right"] and "no further link" not in reasons["left"]
    turned = alignment.update(verdicts=Verdicts(links.pairs[:1], np.empty((0, 2))))
    assert turned.predicted.chosen_by == MANY


def test_seeds_without_competition_may_have_further_links() -> None:
    task, features = duplicated(0)
    alone = np.unique(task.links[:, 0], return_index=True)[1]
    given = psqe.SeedSet(task.links[alone[:30]], np.ones(30, dtype=np.float32), ("given",) * 30)
    pairs = weigh_pairs(task, features, feature_scorer(task, features), seeds=given)
    one, many = pairs.choose(), pairs.choose(MANY)
    further = many.pairs[~among(many.pairs, one.pairs)]
    assert one.seeds_kept and np.isin(further[:, 0], given.pairs[:, 0]).any()
    assert among(further, task.links).mean() > 0.7


def test_too_few_links_to_compare_with_are_told() -> None:
    task, features = duplicated(0, n=16)
    pairs = weigh_pairs(task, features, feature_scorer(task, features))
    with pytest.warns(PsqeWarning, match="fewer than 20 links beside seeds"):
        links = pairs.choose(MANY)
    assert as_set(links.pairs) == as_set(pairs.choose().pairs)


def test_the_command_takes_a_cardinality_and_refuses_an_unknown_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "links.tsv"
    given = ["align", "examples/countries", "--miner", "none", "--modalities", "name", "--out", str(out)]
    given.append("--cardinality")
    assert main([*given, "any"]) == 2
    told = capsys.readouterr().err
    assert "there is no cardinality 'any'; choose from one-to-one, one-to-many, many-to-many" in told
    with pytest.raises(ParameterError, match="cardinality"):
        LinkRule(cardinality=1)  # type: ignore[arg-type]
    assert main([*given, "one-to-many"]) == 0
    assert "one-to-many: no further link with a confidence of at least" in capsys.readouterr().out
