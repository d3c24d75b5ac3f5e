"""What the review page is made of: pairs and entities, why a pair scored, and which verdicts there are."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reviews import hand_made

import psqe
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.graph import KnowledgeGraph, Sides
from psqe.links import LinkRule, NoLinkReason, Verdicts, propose
from psqe.links.predict import Links
from psqe.links.report import review_data as module
from psqe.links.report import review_page
from psqe.links.report.evidence import N_LINKED_NEIGHBOURS
from psqe.links.report.review import in_script
from psqe.links.report.review_data import review_data
from psqe.links.report.sentences import BECAUSE
from psqe.links.verdict_files import read_verdicts, write_verdicts


@pytest.fixture(scope="module")
def alignment() -> psqe.Alignment:
    """An alignment in which some pairs are below the threshold, and some vectors are missing."""
    task, features = planted_pair(120, noise=0.9, missing=0.2, random_state=1)
    return psqe.align(task, features=features, links=LinkRule(threshold=0.6))


@pytest.fixture(scope="module")
def data(alignment: psqe.Alignment) -> dict:
    return review_data(alignment.task, alignment.features, alignment.predicted, seeds=alignment.seeds)


def shown_pairs(alignment: psqe.Alignment, data: dict) -> list[tuple[int, int]]:
    """The pairs of a page as entities."""
    left, right = (graph.candidates for graph in alignment.task.sides)
    places = zip(data["pairs"]["left"], data["pairs"]["right"], strict=True)
    return [(int(left[i]), int(right[j])) for i, j in places]


def test_every_pair_and_every_entity_without_a_link_is_there_once(
    alignment: psqe.Alignment, data: dict
) -> None:
    links = alignment.predicted
    assert len(links.doubtful) and len(links)
    chosen = [*map(tuple, links.pairs.tolist()), *map(tuple, links.doubtful.tolist())]
    assert sorted(shown_pairs(alignment, data)) == sorted(chosen)
    for side, graph in zip(("left", "right"), alignment.task.sides, strict=True):
        known = alignment.no_counterpart.query("side == @side")["entity"].tolist()
        assert [data["sides"][side]["ids"][place] for place, _ in data["alone"][side]] == known
        assert data["sides"][side]["ids"] == [graph.entities[i] for i in graph.candidates]


def test_the_pairs_whose_verdict_helps_most_come_first(alignment: psqe.Alignment, data: dict) -> None:
    proposed = propose(alignment.task, alignment.predicted, data["n_proposed"]).pairs
    assert data["n_proposed"] == 20
    assert shown_pairs(alignment, data)[:20] == list(map(tuple, proposed.tolist()))


def test_confidence_seeds_and_cosines_are_those_of_the_alignment(
    alignment: psqe.Alignment, data: dict
) -> None:
    links = alignment.predicted
    both = np.vstack([links.pairs, links.doubtful]).tolist()
    sure = np.concatenate([links.confidence, links.doubtful_confidence])
    known = dict(zip(map(tuple, both), sure, strict=True))
    seeds = set(map(tuple, alignment.seeds.pairs.tolist()))
    n_missing = 0
    for row, pair in enumerate(shown_pairs(alignment, data)):
        assert np.float32(data["pairs"]["confidence"][row]) == known[pair]
        assert (row in data["pairs"]["seed"]) == (pair in seeds)
        if row % 5:
            continue
        left, right = (graph.entities[i] for graph, i in zip(alignment.task.sides, pair, strict=True))
        explained = alignment.explain(left, right)
        if data["pairs"]["similarity"][row] is not None:
            assert data["pairs"]["similarity"][row] == pytest.approx(explained.similarity, abs=2e-3)
        for name, value in explained.by_modality.items():
            shown = data["pairs"]["cosines"][name][row]
            n_missing += value is None
            assert shown is None if value is None else shown == pytest.approx(value, abs=1e-3)
    assert n_missing


def neighbours(graph: KnowledgeGraph, entity: int) -> set[int]:
    """The entities that have a triple with one."""
    ends = graph.triples[:, [0, 2]].tolist()
    return {b for a, b in ends if a == entity} | {a for a, b in ends if b == entity}


def test_the_neighbours_that_are_linked_with_each_other_are_named(
    alignment: psqe.Alignment, data: dict
) -> None:
    partner = dict(alignment.predicted.pairs.tolist())
    left, right = alignment.task.sides
    numbers = set()
    for row, (i, j) in enumerate(shown_pairs(alignment, data)):
        near = neighbours(left, i) - {i}
        expected = {(x, partner[x]) for x in near if partner.get(x) in neighbours(right, j)} - {(i, j)}
        flat = data["pairs"]["around"][row]
        named = {
            (int(left.candidates[a]), int(right.candidates[b]))
            for a, b in zip(flat[::2], flat[1::2], strict=True)
        }
        assert data["pairs"]["n_around"][row] == len(expected)
        assert named <= expected and len(named) == min(N_LINKED_NEIGHBOURS, len(expected))
        numbers.add(len(expected))
    assert len(numbers) > 2


def test_the_two_nearest_of_each_candidate_are_its_other_candidates(
    alignment: psqe.Alignment, data: dict
) -> None:
    nearest = alignment.predicted.nearest.right
    left = alignment.task.left.candidates
    for found, entities in zip(data["sides"]["right"]["nearest"], nearest.entities.tolist(), strict=True):
        assert [int(left[place]) for place, _ in found] == [i for i in entities if i >= 0]


def test_verdicts_of_before_are_the_first_ones_and_a_rejected_pair_stays_in_the_list(tmp_path: Path) -> None:
    task, features = planted_pair(60, noise=0.3, random_state=0)
    first = psqe.align(task, features=features).predicted
    alone = Sides(first.pairs[5:6, 0], first.pairs[6:7, 1])
    said = Verdicts(first.pairs[:2], first.pairs[2:4], alone)
    found = psqe.align(task, features=features, verdicts=said)
    data = review_data(task, features, found.predicted, seeds=found.seeds)
    pairs = shown_pairs(found, data)
    rejected = [row for row, c in enumerate(data["pairs"]["confidence"]) if c is None]
    assert sorted(pairs[row] for row in rejected) == sorted(map(tuple, first.pairs[2:4].tolist()))
    assert not set(pairs[:20]) & set(map(tuple, first.pairs[:4].tolist()))
    at = {pair: list(place) for pair, place in zip(pairs, zip(data["pairs"]["left"], data["pairs"]["right"],
                                                              strict=True), strict=True)}  # fmt: skip
    assert [list(pair) for pair in data["verdicts"]["accept"]] == [at[tuple(p)] for p in said.accepted]
    for side, entities in zip(("left", "right"), alone, strict=True):
        places = [int(np.flatnonzero(task.sides[side].candidates == i)[0]) for i in entities]
        assert data["verdicts"][side] == places
        assert {p: data["texts"][reason] for p, reason in data["alone"][side]}[places[0]] == BECAUSE[
            NoLinkReason.VERDICT
        ]


def test_an_alignment_writes_the_page_and_refuses_what_is_no_path(
    alignment: psqe.Alignment, data: dict, tmp_path: Path
) -> None:
    alignment.review_page(tmp_path / "review.html")
    assert in_script(data) in (tmp_path / "review.html").read_text(encoding="utf-8")
    with pytest.raises(ParameterError, match="the file of the review page"):
        alignment.review_page(3)  # type: ignore[arg-type]


# ---- pictures


def test_a_picture_is_there_once_and_the_most_useful_pairs_have_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, features, links = hand_made(40, folder=tmp_path, n_pictures=40)
    everything = review_data(task, features, links)
    assert len(everything["pictures"]) == 80 and everything["n_left_out"] == 0
    shared = replace(task, right=replace(task.right, images=(task.left.images[0],) * 40))
    assert len(review_data(shared, features, links)["pictures"]) == 40
    monkeypatch.setattr(module, "MOST_PICTURES", 8)
    few = review_data(task, features, links)
    assert len(few["pictures"]) == 8 and few["n_left_out"] == 72
    for side in ("left", "right"):
        assert few["sides"][side]["pictures"][few["pairs"][side][0]] >= 0


def test_a_picture_that_cannot_be_read_is_left_out_with_a_warning(tmp_path: Path) -> None:
    task, features, links = hand_made(30, folder=tmp_path, n_pictures=3)
    first = task.left.images[0]
    assert first is not None
    first.write_bytes(b"no picture")
    with pytest.warns(PsqeWarning, match="the review page leaves out 1 image that cannot be read"):
        data = review_data(task, features, links)
    assert [place >= 0 for place in data["sides"]["left"]["pictures"][:4]] == [False, True, True, False]
    assert len(data["pictures"]) == 5


# ---- what cannot be written, and what must not break the page


@pytest.mark.parametrize("identifier", ["a\tb", "a\nb", " a", "a\u00a0", "a\ud800"])
def test_an_identifier_that_a_file_with_verdicts_cannot_hold_is_refused(identifier: str) -> None:
    task, features, links = hand_made(30)
    names = (*task.right.entities[:-1], identifier)
    with pytest.raises(ParameterError, match="cannot hold; rename these entities"):
        review_page(replace(task, right=replace(task.right, entities=names)), features, links)


def test_identifiers_with_marks_of_other_formats_come_back_from_a_file(tmp_path: Path) -> None:
    marks = ['"a"', "b;c", "d,e", "#f", "'g'", "nan", "<h>", "\u202ei", "j\\k", '"l']
    task, features, links = hand_made(30)
    task = replace(task, left=replace(task.left, entities=(*marks, *task.left.entities[len(marks) :])))
    review_page(task, features, links)
    said = Verdicts(links.pairs[:5], links.pairs[5:10])
    write_verdicts(said, tmp_path / "v.tsv", task)
    assert read_verdicts(tmp_path / "v.tsv", task).accepted.tolist() == said.accepted.tolist()


def test_json_in_a_page_cannot_end_its_element() -> None:
    text = in_script({"a": "</script><!-- \u2028\u2029 & \ud800 \0 \r"})
    assert not re.search("[<>&\u2028\u2029\ud800\0\r]", text)
    assert json.loads(text)["a"] == "</script><!-- \u2028\u2029 & \ud800 \0 \r"


def test_without_any_pair_there_is_still_a_page() -> None:
    task, features, links = hand_made(30, n_links=1)
    none: Links = replace(
        links,
        pairs=links.pairs[:0],
        scores=links.scores[:0],
        confidence=links.confidence[:0],
        rank_margin=links.rank_margin[:0],
        from_seed=links.from_seed[:0],
    )
    data = review_page(task, features, none).data
    assert data["n_proposed"] == 0 and len(data["alone"]["left"]) == len(data["alone"]["right"]) == 30


def test_links_of_another_task_are_refused() -> None:
    _, _, links = hand_made(30)
    task, features, _ = hand_made(40)
    with pytest.raises(ParameterError, match="other left candidates"):
        review_page(task, features, links)
